"""The law's own rules: what ZATCA's sheets accept and the law does not.

Takes an invoice, its totals and what the books know beyond it; gives findings of layer LAW, all at once, each with the
field in the model. Never repairs, and never repeats what an *error* of the sheets already says.
An ERROR makes the document unlawful as it stands; a WARNING is shown, because it is owed all the same or may be right.
Sources: each rule's docstring; TAX.md sections 2-4.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.calculator.figures import Totals
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.rules.finding import Finding, Layer, Severity
from bayancore_erp.zatca.core.rules.law import kind, language, notes, statement, supply
from bayancore_erp.zatca.core.rules.law.case import Case, Known, Law, Original

__all__ = ["LAWS", "Known", "Law", "Original", "check_law"]

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

LAWS: tuple[Law, ...] = (
	Law("LAW-ARABIC-SELLER", _ERROR, language.seller_name),
	Law("LAW-ARABIC-BUYER", _ERROR, language.buyer_name),
	Law("LAW-ARABIC-FOREIGN-BUYER", _WARNING, language.foreign_buyer_name),
	Law("LAW-ARABIC-ITEM", _ERROR, language.item_names),
	Law("LAW-ARABIC-NOTE-REASON", _ERROR, language.note_reason),
	Law("LAW-ARABIC-DISCOUNT", _ERROR, language.allowance_reasons),
	Law("LAW-ARABIC-EXEMPTION", _ERROR, language.exemption_reasons),
	Law("LAW-ARABIC-REMARK", _ERROR, language.notes),
	Law("LAW-BUYER-MISSING", _ERROR, kind.standard_without_buyer),
	Law("LAW-BUYER-CONSUMER", _WARNING, kind.standard_for_consumer),
	Law("LAW-SIMPLIFIED-LIMIT", _ERROR, kind.simplified_for_business),
	Law("LAW-SIMPLIFIED-VAT-NUMBER", _WARNING, kind.simplified_with_vat_number),
	Law("LAW-EXPORT-VAT-NUMBER", _ERROR, kind.export_with_vat_number),
	Law("LAW-EXPORT-COUNTRY", _WARNING, kind.export_inside_kingdom),
	Law("LAW-EXPORT-UNMARKED", _WARNING, kind.export_unmarked),
	Law("LAW-SELF-BILLED", _ERROR, kind.self_billed),
	Law("LAW-SAME-TAXPAYER", _ERROR, kind.same_taxpayer),
	Law("LAW-ONLY-OUT-OF-SCOPE", _WARNING, kind.only_out_of_scope),
	Law("LAW-NOTE-REASON", _ERROR, notes.reason),
	Law("LAW-NOTE-REFERENCE", _ERROR, notes.reference),
	Law("LAW-NOTE-OWN-REFERENCE", _ERROR, notes.own_reference),
	Law("LAW-NOTE-KIND", _ERROR, notes.kind),
	Law("LAW-NOTE-CURRENCY", _ERROR, notes.currency),
	Law("LAW-NOTE-RATE", _ERROR, notes.exchange_rate),
	Law("LAW-NOTE-DATE", _ERROR, notes.before_original),
	Law("LAW-NOTE-DEADLINE", _WARNING, notes.deadline),
	Law("LAW-NOTE-TOTAL", _ERROR, notes.more_than_original),
	Law("LAW-ISSUE-DEADLINE", _WARNING, supply.issue_deadline),
	Law("LAW-SUPPLY-FUTURE", _WARNING, supply.supplied_in_future),
	Law("LAW-RATE-ENDED", _ERROR, supply.five_percent_since_july_2020),
	Law("LAW-ADVANCE-PLACE", _ERROR, supply.advance_deducted_elsewhere),
	Law("LAW-ADVANCE-ISSUED", _ERROR, supply.advance_not_issued),
	Law("LAW-ADVANCE-DATE", _ERROR, supply.advance_later_than_invoice),
	Law("LAW-NOMINAL-VALUE", _ERROR, supply.nominal_without_value),
	Law("LAW-FREE-ALL", _WARNING, supply.everything_free),
	Law("LAW-FREE-LINE", _WARNING, supply.free_line_without_price),
	Law("LAW-EXEMPTION-MISSING", _ERROR, statement.exemption_missing),
	Law("LAW-EXEMPTION-MISFIT", _ERROR, statement.exemption_misfit),
	Law("LAW-OUT-OF-SCOPE-DISCOUNT", _ERROR, statement.discount_beside_out_of_scope),
	Law("LAW-CURRENCY-RATE", _ERROR, statement.currency_without_rate),
	Law("LAW-CURRENCY-VAT", _ERROR, statement.vat_in_riyals),
	Law("LAW-QR-NAME", _ERROR, statement.seller_name_in_qr),
	Law("LAW-NUMBER", _ERROR, statement.number_characters),
)


def check_law(invoice: Invoice, totals: Totals | None = None, known: Known | None = None) -> list[Finding]:
	"""Every breach of the law's own rules, in the order of `LAWS`.

	`totals` may be missing where the amounts cannot be computed yet: the rules that need them then keep silent, as do
	those that need a fact `known` does not hold. Source: TAX.md sections 2-4; each rule names its own.
	"""
	case = Case(invoice, totals, known or Known())
	return [
		Finding(law.code, law.severity, Layer.LAW, "", breach.field, breach.values)
		for law in LAWS
		for breach in law.check(case)
	]
