"""What holds for every figure: its currency, its decimals, and that it is not below nothing.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-CL-03, BR-KSA-CL-02, BR-KSA-F-04, BR-DEC-01 … -28, BR-KSA-DEC-01 … -06.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Situation, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import CURRENCIES
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	breakdown,
	code_of,
	document,
	document_charges,
	document_discounts,
	is_charge,
	line_breakdown,
	line_charges,
	lines,
	long_fractions,
	negatives,
	price_allowances,
	tax_totals,
	totals,
	with_allowances,
)
from bayancore_erp.zatca.core.rules.xpath import (
	below_zero,
	decimals,
	in_list,
	matches,
	only_text,
	spaceless,
)

# --- currency -------------------------------------------------------------------------------------------------------
_LISTED = frozenset(
	(
		"Amount BaseAmount PriceAmount TaxAmount TaxableAmount LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount "
		"AllowanceTotalAmount ChargeTotalAmount PrepaidAmount PayableRoundingAmount PayableAmount"
	).split()
)
_ANYWHERE = _LISTED - {"TaxAmount", "TaxableAmount"}


@EN.error("BR-CL-03", document)
def amount_in_unknown_currency(invoice: Node, facts: Facts) -> Verdict:
	wrong = {code for code in facts.document.currencies if code and not in_list(code, CURRENCIES)}
	if not wrong:
		return False
	return [
		Where(node, f"{leaf}/@currencyID")
		for node, leaf, stated in facts.document.amounts()
		if leaf.rpartition("/")[2] in _LISTED and stated in wrong
	]


@KSA.error("BR-KSA-CL-02", document)
def amount_in_another_currency(invoice: Node, facts: Facts) -> Verdict:
	currency = spaceless(invoice.leaf.get("DocumentCurrencyCode"))
	if facts.document.currencies == {currency} and currency.isalnum():
		return False
	out = []
	for node, leaf, stated in facts.document.amounts(but=currency if currency.isalnum() else ""):
		if leaf.rpartition("/")[2] in _ANYWHERE or _is_vat_of_a_category_or_line(node, leaf):
			if not (matches(currency, stated, node) and stated):
				out.append(Where(node, f"{leaf}/@currencyID", currency))
	return out


def _is_vat_of_a_category_or_line(node: Node, leaf: str) -> bool:
	"""All VAT amounts but the document's own totals, one of which is in riyals by law."""
	if node.name == "TaxSubtotal":
		return leaf in ("TaxAmount", "TaxableAmount")
	return (
		node.name == "TaxTotal" and node.parent == "InvoiceLine" and leaf in ("TaxAmount", "RoundingAmount")
	)


@KSA.error("BR-KSA-CL-01", document)
def currency_attribute_outside_the_list(invoice: Node, facts: Facts) -> Verdict:
	wrong = {code for code in facts.document.currencies if not in_list(code, CURRENCIES)}
	if not wrong:
		return False
	return [
		Where(node, f"{leaf}/@currencyID")
		for node, leaf, stated in facts.document.amounts()
		if (leaf == "PayableRoundingAmount" or (node.name == "TaxSubtotal" and node not in facts.subtotals))
		and stated in wrong
	]


# --- not negative ---------------------------------------------------------------------------------------------------


def _negative(leaf: str) -> Broken:
	def broken(node: Node, facts: Facts) -> Verdict:
		text = node.leaf.get(leaf)
		return text is not None and "-" in text and below_zero(Decimal(text))

	return broken


def _line_totals(facts: Facts) -> Nodes:
	return facts.line_taxes


def _in_scope(facts: Facts) -> Nodes:
	return [node for node in facts.subtotals if code_of(node.kids["TaxCategory"][0]) != "O"]


def _all_allowances(facts: Facts) -> Nodes:
	return [*facts.allowances, *facts.line_allowances, *price_allowances(facts)]


def _exchange_rates(facts: Facts) -> Nodes:
	return facts.root.kids.get("TaxExchangeRate", ())


_POSITIVE: tuple[tuple[Situation, str], ...] = (
	(_in_scope, "TaxableAmount"),
	(breakdown, "TaxAmount"),
	(_all_allowances, "Amount BaseAmount"),
	(
		totals,
		"LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount AllowanceTotalAmount ChargeTotalAmount PrepaidAmount",
	),
	(tax_totals, "TaxAmount"),
	(lines, "InvoicedQuantity Price/PriceAmount"),
	(_line_totals, "TaxAmount"),
	(line_breakdown, "TaxableAmount TaxAmount"),
	(_exchange_rates, "CalculationRate"),
)
for _situation, _leaves in _POSITIVE:
	for _leaf in _leaves.split():
		KSA.error("BR-KSA-F-04", negatives(_situation), _leaf)(_negative(_leaf))


# --- decimals -------------------------------------------------------------------------------------------------------


def _more_than_two_decimals(leaf: str) -> Broken:
	def broken(node: Node, facts: Facts) -> Verdict:
		text = node.leaf.get(leaf)
		return text is not None and decimals(text) > 2

	return broken


def _vat_in_document_currency(facts: Facts) -> Nodes:
	return _vat_in(facts, "DocumentCurrencyCode")


def _vat_in_tax_currency(facts: Facts) -> Nodes:
	return _vat_in(facts, "TaxCurrencyCode")


def _vat_in(facts: Facts, code: str) -> Nodes:
	currency = facts.root.leaf.get(code)
	return [total for total in facts.tax_totals if total.attribute("TaxAmount", "currencyID") == currency]


_TWO_DECIMALS: tuple[tuple[str, Situation, str], ...] = (
	("BR-DEC-01", document_discounts, "Amount"),
	("BR-DEC-02", document_discounts, "BaseAmount"),
	("BR-DEC-05", document_charges, "Amount"),
	("BR-DEC-06", document_charges, "BaseAmount"),
	("BR-DEC-09", totals, "LineExtensionAmount"),
	("BR-DEC-10", totals, "AllowanceTotalAmount"),
	("BR-DEC-11", totals, "ChargeTotalAmount"),
	("BR-DEC-12", totals, "TaxExclusiveAmount"),
	("BR-DEC-13", _vat_in_document_currency, "TaxAmount"),
	("BR-DEC-14", totals, "TaxInclusiveAmount"),
	("BR-DEC-15", _vat_in_tax_currency, "TaxAmount"),
	("BR-DEC-16", totals, "PrepaidAmount"),
	("BR-DEC-17", totals, "PayableRoundingAmount"),
	("BR-DEC-18", totals, "PayableAmount"),
	("BR-DEC-19", breakdown, "TaxableAmount"),
	("BR-DEC-20", breakdown, "TaxAmount"),
	("BR-DEC-23", lines, "LineExtensionAmount"),
	("BR-DEC-27", line_charges, "Amount"),
	("BR-DEC-28", line_charges, "BaseAmount"),
)
for _code, _situation, _leaf in _TWO_DECIMALS:
	EN.warning(_code, long_fractions(_situation), _leaf)(_more_than_two_decimals(_leaf))


@KSA.warning("BR-KSA-DEC-03", lines, "TaxTotal/TaxAmount")
def line_vat_decimals(line: Node, facts: Facts) -> Verdict:
	return _long_of_line(line, "TaxAmount", facts)


@KSA.warning("BR-KSA-DEC-04", lines, "TaxTotal/RoundingAmount")
def line_total_decimals(line: Node, facts: Facts) -> Verdict:
	return _long_of_line(line, "RoundingAmount", facts)


def _long_of_line(line: Node, leaf: str, facts: Facts) -> bool:
	taxes = line.kids.get("TaxTotal", ())
	# Two tax totals in one line stop the sheet here, whatever their decimals.
	return (len(taxes) > 1 or facts.document.long_fractions) and decimals(only_text(taxes, leaf)) > 2


@KSA.error("BR-KSA-DEC-01", with_allowances(document))
def discount_percentage_out_of_range(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "MultiplierFactorNumeric", "0–100")
		for node in facts.document.branches.get("AllowanceCharge", ())
		if "MultiplierFactorNumeric" in node.leaf
		and node.parent != "Price"
		and not is_charge(node)
		and _no_percentage(node.leaf["MultiplierFactorNumeric"])
	]


@KSA.error("BR-KSA-DEC-02", document)
def rate_out_of_range(invoice: Node, facts: Facts) -> Verdict:
	branches = facts.document.branches
	return [
		Where(node, "Percent", "0–100")
		for name in ("TaxCategory", "ClassifiedTaxCategory")
		for node in branches.get(name, ())
		if "Percent" in node.leaf and node.parent in _RATED and _no_percentage(node.leaf["Percent"])
	]


_RATED = frozenset({"AllowanceCharge", "TaxSubtotal", "Item"})
_PLAIN_RATES = frozenset({"0", "0.00", "5", "5.00", "15", "15.0", "15.00"})


def _no_percentage(text: str) -> bool:
	if text in _PLAIN_RATES:
		return False
	return not 0 <= Decimal(text) <= 100 or decimals(text) > 2
