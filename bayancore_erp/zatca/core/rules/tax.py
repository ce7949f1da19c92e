"""VAT: categories, rates, exemption reasons, and the breakdown against the lines.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-45, -47, -48, BR-CO-14, -17, -18, BR-S-*, BR-Z-*, BR-E-*, BR-O-*, BR-CL-18, BR-KSA-11 … -13, -18, -23, -24, -69, -83, -84,
-93 … -96, BR-KSA-CL-04, -07, BR-KSA-F-06-C16, -C39.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Situation, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import (
	EXEMPTION_CODES,
	KSA_VAT_CATEGORIES,
	LINE_EXEMPTION_CODES,
	VAT_CATEGORIES,
)
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	beside_standard,
	breakdown,
	code_of,
	document,
	document_charges,
	document_discounts,
	is_charge,
	line_breakdown,
	line_categories,
	of_vat,
	tax_totals,
	with_allowances,
	with_line_breakdown,
)
from bayancore_erp.zatca.core.rules.xpath import (
	CENT,
	HUNDRED,
	ZERO,
	SheetFailure,
	above_zero,
	below_zero,
	filled,
	floor,
	in_list,
	is_zero,
	number,
	only_text,
	round_cents,
	spaceless,
)

_CATEGORY = "TaxCategory"
_LARGEST_DOUBLE = Decimal("1.7976931348623157e308")


# --- which categories a document uses -----------------------------------------------------------------------------------


def _document_categories(facts: Facts) -> list[Node]:
	return [subtotal.kids[_CATEGORY][0] for subtotal in facts.subtotals]


def _allowance_categories(facts: Facts) -> list[Node]:
	return [node for allowance in facts.allowances for node in allowance.kids.get(_CATEGORY, ())]


def _line_breakdown_categories(facts: Facts) -> list[Node]:
	return [subtotal.kids[_CATEGORY][0] for subtotal in line_breakdown(facts)]


@EN.error("BR-CL-18", beside_standard(document))
def unknown_category(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "ID")
		for node in facts.categories
		if "ID" in node.leaf and not in_list(node.leaf["ID"], VAT_CATEGORIES)
	]


@KSA.error("BR-KSA-18", beside_standard(document))
def category_not_used_in_the_kingdom(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "ID", "S, Z, E, O")
		for node in facts.categories
		if "ID" in node.leaf and node.leaf["ID"] not in KSA_VAT_CATEGORIES
	]


def _used(facts: Facts, category: str) -> bool:
	"""Whether any allowance, charge or line anywhere has that category."""
	branches = facts.document.branches
	return any(
		code_of(node) == category and of_vat(node) for node in branches.get("ClassifiedTaxCategory", ())
	) or any(
		node.parent == "AllowanceCharge" and code_of(node) == category and of_vat(node)
		for node in branches.get(_CATEGORY, ())
	)


def _missing_in_breakdown(category: str) -> Broken:
	def broken(invoice: Node, facts: Facts) -> Verdict:
		if any(code_of(node) == category and of_vat(node) for node in _document_categories(facts)):
			return False
		return _used(facts, category) and category

	return broken


EN.warning("BR-S-01", document, "TaxTotal")(_missing_in_breakdown("S"))
for _code, _letter in (("BR-E-01", "E"), ("BR-O-01", "O"), ("BR-Z-01", "Z")):
	EN.warning(_code, beside_standard(document), "TaxTotal")(_missing_in_breakdown(_letter))


# --- the breakdown ----------------------------------------------------------------------------------------------------


@EN.error("BR-CO-18", document, "TaxTotal")
def no_breakdown(invoice: Node, facts: Facts) -> Verdict:
	return not facts.subtotals


@EN.error("BR-CO-14", tax_totals, "TaxAmount")
def total_is_not_the_sum_of_the_breakdown(total: Node, facts: Facts) -> Verdict:
	subtotals = total.kids.get("TaxSubtotal")
	if not subtotals:
		return False
	summed = round_cents(sum((Decimal(node.leaf["TaxAmount"]) for node in subtotals), ZERO))
	return Decimal(total.leaf["TaxAmount"]) != summed and str(summed)


@EN.error("BR-45", breakdown, "TaxableAmount")
def no_taxable_amount(subtotal: Node, facts: Facts) -> Verdict:
	return "TaxableAmount" not in subtotal.leaf


@EN.error("BR-47", breakdown, f"{_CATEGORY}/ID")
def no_category(subtotal: Node, facts: Facts) -> Verdict:
	category = subtotal.kids[_CATEGORY][0]
	return not ("ID" in category.leaf and of_vat(category))


@EN.error("BR-48", breakdown, f"{_CATEGORY}/Percent")
def no_rate(subtotal: Node, facts: Facts) -> Verdict:
	category = subtotal.kids[_CATEGORY][0]
	return not (of_vat(category) and ("Percent" in category.leaf or code_of(category) == "O"))


def _vat_off(subtotal: Node, facts: Facts) -> Verdict:
	"""The amount differs from base times rate by more than a halala a line."""
	category = subtotal.kids[_CATEGORY][0]
	base, rate = number(subtotal, "TaxableAmount"), number(category, "Percent")
	if base is None or rate is None or not of_vat(category):
		return True
	if abs(base * rate) > _LARGEST_DOUBLE:
		# Beyond it the sheet has no number any more, and fails on the word it prints instead.
		raise SheetFailure(subtotal, "TaxableAmount")
	expected = (base * rate / HUNDRED).quantize(CENT, ROUND_HALF_EVEN)
	slack = CENT * len(facts.document.branches["InvoiceLine"])
	return abs(Decimal(subtotal.leaf["TaxAmount"]) - expected) > slack and str(expected)


EN.warning("BR-CO-17", breakdown, "TaxAmount")(_vat_off)


@EN.warning("BR-S-09", breakdown, "TaxAmount")
def standard_vat_off(subtotal: Node, facts: Facts) -> Verdict:
	return _is(subtotal, "S") and _vat_off(subtotal, facts)


def _is(subtotal: Node, category: str) -> bool:
	node = subtotal.kids[_CATEGORY][0]
	return code_of(node) == category and of_vat(node)


def _not_zero(category: str) -> Broken:
	def broken(subtotal: Node, facts: Facts) -> Verdict:
		return bool(Decimal(subtotal.leaf["TaxAmount"])) and _is(subtotal, category) and "0.00"

	return broken


for _code, _letter in (("BR-E-09", "E"), ("BR-O-09", "O"), ("BR-Z-09", "Z")):
	EN.error(_code, beside_standard(breakdown), "TaxAmount")(_not_zero(_letter))


def _base_off(category: str) -> Broken:
	def broken(subtotal: Node, facts: Facts) -> Verdict:
		if not _is(subtotal, category):
			return False
		expected = _base(facts, category)
		if not (_stated_outside(facts, category)):
			return True
		stated = number(subtotal, "TaxableAmount")
		if category == "S":
			# Two standard rates share one sum.
			siblings = [
				node for node in _siblings(subtotal, facts) if code_of(node.kids[_CATEGORY][0]) == "S"
			]
			stated = sum((number(node, "TaxableAmount") or ZERO for node in siblings), ZERO)
		return stated != expected and str(expected)

	return broken


def _siblings(subtotal: Node, facts: Facts) -> list[Node]:
	for total in facts.tax_totals:
		nodes = total.kids.get("TaxSubtotal", [])
		if any(node is subtotal for node in nodes):
			return nodes
	return [subtotal]


def _stated_outside(facts: Facts, category: str) -> bool:
	"""Whether a document allowance or a line has the category."""
	return any(code_of(node) == category and of_vat(node) for node in _allowance_categories(facts)) or any(
		code_of(node) == category and of_vat(node) for node in line_categories(facts)
	)


def _base(facts: Facts, category: str) -> Decimal:
	if facts.sums is None:
		facts.sums = _bases(facts)
	return facts.sums.get(category, ZERO)


def _bases(facts: Facts) -> dict[str, Decimal]:
	"""Per category: lines, plus document charges, less document allowances."""
	sums: dict[str, Decimal] = {}
	for line in facts.lines:
		net = Decimal(line.leaf["LineExtensionAmount"])
		for code in {code_of(node) for node in line.kids.get("Item/ClassifiedTaxCategory", ())}:
			sums[code] = sums.get(code, ZERO) + net
	for allowance in facts.allowances:
		amount = Decimal(allowance.leaf["Amount"])
		signed = amount if is_charge(allowance) else -amount
		for code in {code_of(node) for node in allowance.kids.get(_CATEGORY, ())}:
			sums[code] = sums.get(code, ZERO) + signed
	return sums


EN.warning("BR-S-08", breakdown, "TaxableAmount")(_base_off("S"))
for _code, _letter in (("BR-E-08", "E"), ("BR-O-08", "O"), ("BR-Z-08", "Z")):
	EN.warning(_code, beside_standard(breakdown), "TaxableAmount")(_base_off(_letter))


@EN.warning("BR-S-10", breakdown, f"{_CATEGORY}/TaxExemptionReason")
def standard_rated_with_exemption(subtotal: Node, facts: Facts) -> Verdict:
	leaf = subtotal.kids[_CATEGORY][0].leaf
	if not ("TaxExemptionReason" in leaf or "TaxExemptionReasonCode" in leaf) or not _is(subtotal, "S"):
		return False
	return any(node.leaf.get("ID") == "S" for node in _document_categories(facts))


_USUAL_RATES = frozenset({"15", "15.0", "15.00", "5", "5.0", "5.00"})
"""As they are nearly always written."""


# --- rates ----------------------------------------------------------------------------------------------------------


def _categories_of(allowances: Situation) -> Situation:
	def categories(facts: Facts) -> Nodes:
		return [node for allowance in allowances(facts) for node in allowance.kids.get(_CATEGORY, ())]

	return categories


def _anywhere(charge: bool) -> Situation:
	"""Categories of allowances (or charges) on any level: document, line and price."""

	def categories(facts: Facts) -> Nodes:
		found = facts.document.branches.get("AllowanceCharge", ())
		return [
			node for owner in found if is_charge(owner) is charge for node in owner.kids.get(_CATEGORY, ())
		]

	return categories


_discount_categories = _anywhere(charge=False)
_charge_categories = _anywhere(charge=True)


def _rate_above_zero(node: Node, facts: Facts) -> Verdict:
	if node.leaf.get("Percent") in _USUAL_RATES or code_of(node) != "S" or not of_vat(node):
		return False
	rate = number(node, "Percent")
	return rate is None or not above_zero(rate)


EN.warning("BR-S-05", line_categories, "Percent")(_rate_above_zero)
EN.error("BR-S-06", with_allowances(_discount_categories), "Percent")(_rate_above_zero)
EN.warning("BR-S-07", with_allowances(_charge_categories), "Percent")(_rate_above_zero)


def _rate_not_zero(category: str) -> Broken:
	def broken(node: Node, facts: Facts) -> Verdict:
		if node.leaf.get("ID") == "S" or code_of(node) != category or not of_vat(node):
			return False
		rate = number(node, "Percent")
		return (rate is None or bool(rate)) and "0"

	return broken


EN.error("BR-E-05", beside_standard(line_categories), "Percent")(_rate_not_zero("E"))
EN.error("BR-Z-05", beside_standard(line_categories), "Percent")(_rate_not_zero("Z"))
EN.error("BR-E-06", beside_standard(_discount_categories), "Percent")(_rate_not_zero("E"))
EN.error("BR-Z-06", beside_standard(_discount_categories), "Percent")(_rate_not_zero("Z"))


def _charge_without_zero_rate(category: str) -> Broken:
	"""As the sheet has it: any allowance or charge at zero per cent satisfies it."""

	def broken(invoice: Node, facts: Facts) -> Verdict:
		charged = [node for owner in document_charges(facts) for node in owner.kids.get(_CATEGORY, ())]
		if not any(code_of(node) == category and of_vat(node) for node in charged):
			return False
		rates = [number(node, "Percent") for node in _allowance_categories(facts)]
		return not any(rate is not None and is_zero(rate) for rate in rates) and "0"

	return broken


EN.error("BR-E-07", beside_standard(document), "AllowanceCharge")(_charge_without_zero_rate("E"))
EN.error("BR-Z-07", beside_standard(document), "AllowanceCharge")(_charge_without_zero_rate("Z"))


def _rated_out_of_scope(node: Node, facts: Facts) -> Verdict:
	if node.leaf.get("ID") == "S":
		return False
	rate = number(node, "Percent")
	return rate is not None and code_of(node) == "O" and (above_zero(rate) or below_zero(rate)) and "0"


KSA.error("BR-KSA-11", beside_standard(line_categories), "Percent")(_rated_out_of_scope)
KSA.warning("BR-KSA-12", beside_standard(_categories_of(document_discounts)), "Percent")(_rated_out_of_scope)
KSA.warning("BR-KSA-13", beside_standard(_categories_of(document_charges)), "Percent")(_rated_out_of_scope)


# --- what the sheet checks only in a document that has anything at the standard rate ------------------------------------


def _standard_anywhere(facts: Facts) -> bool:
	branches = facts.document.branches
	return any(
		code_of(node) == "S" and of_vat(node)
		for node in branches.get(_CATEGORY, ())
		if node.parent in ("AllowanceCharge", "TaxSubtotal")
	) or any(code_of(node) == "S" and of_vat(node) for node in line_categories(facts))


def _with_standard_rate(facts: Facts) -> Nodes:
	return (facts.root,) if _standard_anywhere(facts) else ()


@KSA.error("BR-KSA-84", _with_standard_rate)
def standard_rate_not_in_force(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "Percent", "15")
		for node in facts.categories
		if node.leaf.get("Percent", "15") not in _USUAL_RATES
		and not _is_in_force(Decimal(node.leaf["Percent"]))
		and code_of(node) == "S"
		and of_vat(node)
	]


def _is_in_force(rate: Decimal) -> bool:
	return floor(rate) == 15 or rate == 5


def _line_exemptions(facts: Facts) -> Nodes:
	if not _standard_anywhere(facts):
		return ()
	return [
		node
		for node in _line_breakdown_categories(facts)
		if code_of(node) in ("Z", "E", "O") and of_vat(node)
	]


def _no_exemption_code(category: str) -> Broken:
	def broken(node: Node, facts: Facts) -> Verdict:
		return code_of(node) == category and not filled(node.leaf.get("TaxExemptionReasonCode"))

	return broken


for _code, _letter in (("BR-KSA-93", "Z"), ("BR-KSA-94", "E"), ("BR-KSA-95", "O")):
	KSA.warning(_code, with_line_breakdown(_line_exemptions), "TaxExemptionReasonCode")(
		_no_exemption_code(_letter)
	)


def _code_without_reason(node: Node, facts: Facts) -> Verdict:
	return "TaxExemptionReasonCode" in node.leaf and not filled(only_text((node,), "TaxExemptionReason"))


def _code_outside(codes: dict[str, frozenset[str]]) -> Broken:
	def broken(node: Node, facts: Facts) -> Verdict:
		code = spaceless(node.leaf.get("TaxExemptionReasonCode"))
		return bool(code) and code not in codes[code_of(node)]

	return broken


def _reason_of_wrong_length(node: Node, facts: Facts) -> Verdict:
	reason = only_text((node,), "TaxExemptionReason")
	return reason is not None and not 1 <= len(reason) <= 1000


KSA.warning("BR-KSA-96", with_line_breakdown(_line_exemptions), "TaxExemptionReason")(_code_without_reason)
KSA.warning("BR-KSA-CL-07", with_line_breakdown(_line_exemptions), "TaxExemptionReasonCode")(
	_code_outside(LINE_EXEMPTION_CODES)
)
KSA.warning("BR-KSA-F-06-C39", with_line_breakdown(_line_exemptions), "TaxExemptionReason")(
	_reason_of_wrong_length
)


# --- exemptions in the breakdown -----------------------------------------------------------------------------------------


def _exemptions(facts: Facts) -> Nodes:
	return [node for node in _document_categories(facts) if code_of(node) in ("Z", "E", "O")]


def _ordinary_exemptions(facts: Facts) -> Nodes:
	"""Without health care and education, whose own rule shadows this one in the sheet."""
	personal = ("VATEX-SA-EDU", "VATEX-SA-HEA")
	return [node for node in _exemptions(facts) if node.leaf.get("TaxExemptionReasonCode") not in personal]


KSA.warning("BR-KSA-F-06-C16", beside_standard(_ordinary_exemptions), "TaxExemptionReason")(
	_reason_of_wrong_length
)
KSA.warning("BR-KSA-83", beside_standard(_exemptions), "TaxExemptionReason")(_code_without_reason)
KSA.warning("BR-KSA-CL-04", beside_standard(_exemptions), "TaxExemptionReasonCode")(
	_code_outside(EXEMPTION_CODES)
)
for _code, _letter in (("BR-KSA-24", "O"), ("BR-KSA-23", "E"), ("BR-KSA-69", "Z")):
	KSA.warning(_code, beside_standard(_exemptions), "TaxExemptionReasonCode")(_no_exemption_code(_letter))
