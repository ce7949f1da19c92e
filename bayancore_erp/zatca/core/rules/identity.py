"""The document itself: number, kind, transaction type, currencies, exchange rate, references.

Takes facts; gives nothing: the rules register themselves. Source: rules BR-02 … BR-05, BR-53, BR-CL-01 … -05,
BR-KSA-03, -05 … -07, -31, -68, -87 … -92, -97, BR-KSA-EN16931-01, -02, -08, -09, BR-KSA-F-06-C1 … -C5, -C40.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import CURRENCIES, DOCUMENT_TYPES, KSA_DOCUMENT_TYPES
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	billing_references,
	document,
	references,
	typed_simplified,
	unusual_lengths,
	with_currency,
	with_exchange_rate,
	with_tax_currency,
	with_type,
)
from bayancore_erp.zatca.core.rules.xpath import (
	above_zero,
	filled,
	in_list,
	is_word_start,
	matches,
	only,
	only_text,
	round_cents,
	spaceless,
	texts,
)


@EN.warning("BR-02", document, "ID")
def no_number(invoice: Node, facts: Facts) -> Verdict:
	return not invoice.leaf["ID"]


@EN.warning("BR-KSA-F-06-C1", unusual_lengths(document), "ID")
def long_number(invoice: Node, facts: Facts) -> Verdict:
	return len(invoice.leaf["ID"]) > 127


@EN.warning("BR-KSA-F-06-C2", unusual_lengths(document), "Note")
def long_note(invoice: Node, facts: Facts) -> Verdict:
	return any(len(note) > 1000 for note in invoice.many.get("Note", ()))


@EN.error("BR-04", document, "InvoiceTypeCode")
def no_type(invoice: Node, facts: Facts) -> Verdict:
	return not facts.type_code


@EN.error("BR-05", document, "DocumentCurrencyCode")
def no_currency(invoice: Node, facts: Facts) -> Verdict:
	return not invoice.leaf.get("DocumentCurrencyCode")


@EN.warning("BR-52", references, "ID")
def reference_without_a_name(reference: Node, facts: Facts) -> Verdict:
	return not reference.leaf["ID"]


@EN.error("BR-55", billing_references, "InvoiceDocumentReference/ID")
def original_without_its_number(reference: Node, facts: Facts) -> Verdict:
	return not reference.leaf.get("InvoiceDocumentReference/ID")


@EN.warning("BR-53", with_tax_currency, "TaxTotal")
def vat_not_in_the_tax_currency(invoice: Node, facts: Facts) -> Verdict:
	currency = invoice.leaf["TaxCurrencyCode"]
	plain = [total for total in facts.tax_totals if "TaxSubtotal" not in total.kids]
	return any(total.attribute("TaxAmount", "currencyID") != currency for total in plain) and (
		currency or True
	)


@EN.error("BR-CL-01", with_type, "InvoiceTypeCode")
def unknown_type(invoice: Node, facts: Facts) -> Verdict:
	return not in_list(facts.type_code, DOCUMENT_TYPES)


@EN.error("BR-CL-04", with_currency, "DocumentCurrencyCode")
def unknown_currency(invoice: Node, facts: Facts) -> Verdict:
	return not in_list(invoice.leaf["DocumentCurrencyCode"], CURRENCIES)


@EN.error("BR-CL-05", with_tax_currency, "TaxCurrencyCode")
def unknown_tax_currency(invoice: Node, facts: Facts) -> Verdict:
	return not in_list(invoice.leaf["TaxCurrencyCode"], CURRENCIES)


def _longer_than(limit: int, *path: str) -> Broken:
	def broken(invoice: Node, facts: Facts) -> Verdict:
		return len(only_text(invoice.all(*path[:-1]), path[-1]) or "") > limit

	return broken


KSA.warning("BR-KSA-F-06-C3", document, "OrderReference/ID")(_longer_than(127, "OrderReference", "ID"))
KSA.warning("BR-KSA-F-06-C5", document, "ContractDocumentReference/ID")(
	_longer_than(127, "ContractDocumentReference", "ID")
)


@KSA.error("BR-KSA-03", document, "UUID")
def no_uuid(invoice: Node, facts: Facts) -> Verdict:
	return not is_word_start(invoice.leaf.get("UUID", ""))


@KSA.error("BR-KSA-05", with_type, "InvoiceTypeCode")
def type_not_used_in_the_kingdom(invoice: Node, facts: Facts) -> Verdict:
	# An empty code is let pass here: two spaces stand at the end of the sheet's list.
	return (
		bool(spaceless(facts.type_code))
		and not in_list(facts.type_code, KSA_DOCUMENT_TYPES)
		and "388, 381, 383, 386"
	)


@KSA.error("BR-KSA-06", with_type, "InvoiceTypeCode/@name")
def unreadable_transaction(invoice: Node, facts: Facts) -> Verdict:
	name = facts.transaction
	right = 7 <= len(name) <= 9 and name[:2] in ("01", "02") and not name[2:].strip("01")
	return not right and "NNPNESB"


@KSA.warning("BR-KSA-F-06-C40", with_type, "InvoiceTypeCode/@name")
def transaction_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	return not 7 <= len(facts.transaction) <= 9


@KSA.error("BR-KSA-07", with_type, "InvoiceTypeCode/@name")
def self_billed_export(invoice: Node, facts: Facts) -> Verdict:
	return facts.transaction[4:5] == "1" and facts.transaction[6:7] == "1"


@KSA.error("BR-KSA-31", typed_simplified, "InvoiceTypeCode/@name")
def simplified_with_forbidden_flags(invoice: Node, facts: Facts) -> Verdict:
	flags = facts.transaction[2:6]
	return len(flags) < 4 or bool(flags.strip("01")) or facts.transaction[6:7] != "0"


@KSA.error("BR-KSA-92", document, "ContractDocumentReference/ID")
def government_without_contract(invoice: Node, facts: Facts) -> Verdict:
	name = facts.transaction
	if len(name) != 9 or name[:2] not in ("01", "02") or name[8] != "1":
		return False
	return not filled(only_text(invoice.kids.get("ContractDocumentReference", ()), "ID"))


@KSA.error("BR-KSA-68", document, "TaxCurrencyCode")
def no_tax_currency(invoice: Node, facts: Facts) -> Verdict:
	return not invoice.leaf.get("TaxCurrencyCode") and "SAR"


@KSA.error("BR-KSA-CL-01", with_currency, "DocumentCurrencyCode")
def currency_outside_the_list(invoice: Node, facts: Facts) -> Verdict:
	return not in_list(invoice.leaf["DocumentCurrencyCode"], CURRENCIES)


@KSA.error("BR-KSA-EN16931-01", document, "ProfileID")
def wrong_profile(invoice: Node, facts: Facts) -> Verdict:
	return spaceless(invoice.leaf.get("ProfileID")) != "reporting:1.0" and "reporting:1.0"


@KSA.error("BR-KSA-EN16931-02", with_tax_currency, "TaxCurrencyCode")
def tax_currency_not_riyal(invoice: Node, facts: Facts) -> Verdict:
	return spaceless(invoice.leaf["TaxCurrencyCode"].upper()) != "SAR" and "SAR"


@KSA.warning("BR-KSA-EN16931-08", document, "TaxTotal")
def not_one_breakdown(invoice: Node, facts: Facts) -> Verdict:
	return sum(1 for total in facts.tax_totals if "TaxSubtotal" in total.kids) != 1


@KSA.warning("BR-KSA-EN16931-09", with_tax_currency, "TaxTotal")
def not_one_vat_total_in_riyal(invoice: Node, facts: Facts) -> Verdict:
	return sum(1 for total in facts.tax_totals if "TaxSubtotal" not in total.kids) != 1


@KSA.warning("BR-KSA-97", with_currency, "TaxTotal")
def foreign_vat_equal_to_riyal_vat(invoice: Node, facts: Facts) -> Verdict:
	if invoice.leaf["DocumentCurrencyCode"] in ("", "SAR"):
		return False
	broken_down = [total for total in facts.tax_totals if "TaxSubtotal" in total.kids]
	plain = [total for total in facts.tax_totals if "TaxSubtotal" not in total.kids]
	vat = [Decimal(text) for text in texts(broken_down, "TaxAmount")]
	riyal = [Decimal(text) for text in texts(plain, "TaxAmount")]
	if not (any(map(above_zero, vat)) and any(map(above_zero, riyal))):
		return False
	one, other = only(vat, broken_down, "TaxAmount"), only(riyal, plain, "TaxAmount")
	return one is not None and other is not None and round_cents(one) == round_cents(other)


@KSA.warning("BR-KSA-87", with_exchange_rate)
def incomplete_exchange_rate(rate: Node, facts: Facts) -> Verdict:
	return not all(
		rate.leaf.get(part) for part in ("SourceCurrencyCode", "TargetCurrencyCode", "CalculationRate")
	)


@KSA.error("BR-KSA-88", with_exchange_rate, "SourceCurrencyCode")
def exchange_from_another_currency(rate: Node, facts: Facts) -> Verdict:
	source = rate.leaf["SourceCurrencyCode"]
	currency = spaceless(facts.root.leaf.get("DocumentCurrencyCode"))
	return bool(source) and not matches(currency, source, rate) and (currency or True)


@KSA.error("BR-KSA-89", with_exchange_rate, "TargetCurrencyCode")
def exchange_into_another_currency(rate: Node, facts: Facts) -> Verdict:
	target = rate.leaf["TargetCurrencyCode"]
	currency = spaceless(facts.root.leaf.get("TaxCurrencyCode"))
	return bool(target) and not matches(currency, target, rate) and (currency or True)


@KSA.error("BR-KSA-90", with_exchange_rate, "CalculationRate")
def exchange_rate_too_long(rate: Node, facts: Facts) -> Verdict:
	return len(spaceless(rate.leaf.get("CalculationRate"))) >= 15
