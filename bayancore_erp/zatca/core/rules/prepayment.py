"""Deducted advances: the prepaid amount and the lines that state where it comes from (KSA-26 … KSA-34).

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-KSA-73 … -80, -82, BR-KSA-DEC-06.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bayancore_erp.zatca.core.rules.engine import KSA, Broken, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	code_of,
	document,
	line_breakdown,
	of_vat,
	with_line_breakdown,
)
from bayancore_erp.zatca.core.rules.xpath import (
	CENT,
	HALF,
	HUNDRED,
	ZERO,
	decimals,
	floor,
	is_plain_zero,
	is_zero,
	number,
	round_cents,
	shown,
	spaceless,
)

_ADVANCE = "DocumentReference"
_ADVANCE_TYPE = "386"


def _prepaid(facts: Facts) -> Decimal | None:
	return number(facts.totals, "PrepaidAmount")


def _lines_of_prepaid(facts: Facts) -> Nodes:
	prepaid = _prepaid(facts)
	return facts.lines if prepaid is not None and prepaid > ZERO else ()


def _breakdown_of_prepaid(facts: Facts) -> Nodes:
	return line_breakdown(facts) if _lines_of_prepaid(facts) else ()


@KSA.warning("BR-KSA-80", document, "LegalMonetaryTotal/PrepaidAmount")
def prepaid_off(invoice: Node, facts: Facts) -> Verdict:
	prepaid = _prepaid(facts) or ZERO
	subtotals = line_breakdown(facts)
	if not subtotals:
		return shown(prepaid) != shown(ZERO) and "0.00"
	bases = [Decimal(node.leaf["TaxableAmount"]) for node in subtotals if "TaxableAmount" in node.leaf]
	base, vat = sum(bases, ZERO), sum((Decimal(node.leaf["TaxAmount"]) for node in subtotals), ZERO)
	expected = shown(base + vat)
	if not prepaid or shown(prepaid) != expected:
		return expected
	return base > ZERO and vat > ZERO and any(_is_other_type(node) for node in _advances(facts))


def _advances(facts: Facts) -> list[Node]:
	return [node for line in facts.lines for node in line.kids.get(_ADVANCE, ())]


def _is_other_type(advance: Node) -> bool:
	return advance.leaf.get("DocumentTypeCode", _ADVANCE_TYPE) != _ADVANCE_TYPE


@KSA.error("BR-KSA-74", _lines_of_prepaid)
def advance_of_other_type(line: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "DocumentTypeCode", _ADVANCE_TYPE)
		for node in line.kids.get(_ADVANCE, ())
		if _is_other_type(node) and spaceless(node.leaf["DocumentTypeCode"]) != _ADVANCE_TYPE
	]


@KSA.error("BR-KSA-82", _lines_of_prepaid)
def advance_line_with_amounts(line: Node, facts: Facts) -> Verdict:
	advances = [node for node in line.kids.get(_ADVANCE, ()) if not _is_other_type(node)]
	if not advances:
		return False
	taxes = line.kids.get("TaxTotal", ())
	kept = (
		_any_zero([line], "LineExtensionAmount", is_plain_zero)
		and _any_zero(taxes, "TaxAmount", is_plain_zero)
		and _any_zero(taxes, "RoundingAmount", is_zero)
		and _any_zero([line], "Price/PriceAmount", is_plain_zero)
		and (
			"AllowanceCharge" not in line.kids
			or _any_zero(line.kids["AllowanceCharge"], "Amount", is_plain_zero)
		)
	)
	return not kept and "0.00"


def _any_zero(nodes: Nodes, leaf: str, zero: Callable[[Decimal], bool]) -> bool:
	return any(leaf in node.leaf and zero(Decimal(node.leaf[leaf])) for node in nodes)


@KSA.warning("BR-KSA-73", _lines_of_prepaid, _ADVANCE)
def advance_not_told(line: Node, facts: Facts) -> Verdict:
	if not _advances(facts):
		return True
	needed = ("ID", "IssueDate", "IssueTime", "DocumentTypeCode")
	return [
		Where(node, next(leaf for leaf in needed if leaf not in node.leaf))
		for node in line.kids.get(_ADVANCE, ())
		if not all(leaf in node.leaf for leaf in needed)
	]


@KSA.warning("BR-KSA-75", _lines_of_prepaid, "TaxTotal")
def advance_without_its_vat(line: Node, facts: Facts) -> Verdict:
	if _ADVANCE not in line.kids:
		return False
	subtotals = line.all("TaxTotal", "TaxSubtotal")
	categories = line.all("TaxTotal", "TaxSubtotal", "TaxCategory")
	return not (
		any("TaxAmount" in node.leaf for node in subtotals)
		and any("TaxableAmount" in node.leaf for node in subtotals)
		and any("Percent" in node.leaf for node in categories)
		and any("ID" in node.leaf for node in categories)
	)


@KSA.warning("BR-KSA-79", with_line_breakdown(line_breakdown), "TaxAmount")
def advance_vat_off(subtotal: Node, facts: Facts) -> Verdict:
	category = subtotal.kids["TaxCategory"][0]
	code = code_of(category)
	base, rate = number(subtotal, "TaxableAmount"), number(category, "Percent")
	stated = shown(Decimal(subtotal.leaf["TaxAmount"]))
	if code != "S" and (code in ("E", "Z") or rate is None):
		if base is None or rate is None:
			return True
		return not stated == shown(ZERO) == shown(round_cents(base * rate / HUNDRED)) and "0.00"
	if base is None or rate is None or not of_vat(category):
		return True
	# As the sheet rounds: a hundredth of a halala is added before, and a halala either way is let pass.
	expected = floor(base * rate + CENT + HALF) / HUNDRED
	return stated not in (shown(expected), shown(expected - CENT), shown(expected + CENT)) and shown(expected)


@KSA.warning("BR-KSA-DEC-06", with_line_breakdown(_breakdown_of_prepaid), "TaxableAmount")
def advance_decimals(subtotal: Node, facts: Facts) -> Verdict:
	return decimals(subtotal.leaf.get("TaxableAmount")) > 2 or decimals(subtotal.leaf.get("TaxAmount")) > 2


def _rated(letter: str) -> Broken:
	def broken(subtotal: Node, facts: Facts) -> Verdict:
		category = subtotal.kids["TaxCategory"][0]
		if code_of(category) != letter or not of_vat(category):
			return False
		rate = number(category, "Percent")
		return (rate is None or bool(rate)) and "0"

	return broken


for _code, _letter in (("BR-KSA-76", "Z"), ("BR-KSA-77", "E"), ("BR-KSA-78", "O")):
	KSA.warning(_code, with_line_breakdown(_breakdown_of_prepaid), "TaxCategory/Percent")(_rated(_letter))
