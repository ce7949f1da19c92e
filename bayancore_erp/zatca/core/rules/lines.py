"""The invoice lines: what was sold, how much of it, at what price, with what VAT.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-21, -22, -25, -26, -54, BR-CO-04, BR-KSA-51 … -53, BR-KSA-EN16931-07, -11, -12, BR-KSA-F-C-01, BR-KSA-F-06-C17 … -C21, -C30, -C31.
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Only, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	is_charge,
	lines,
	of_vat,
	typed_either,
	unusual_lengths,
	with_allowances,
)
from bayancore_erp.zatca.core.rules.xpath import (
	CENT,
	ZERO,
	SheetFailure,
	decimals,
	divide,
	number,
	round_cents,
	shown,
)

_digits = re.compile(r"\d+").fullmatch
_MILLI = Decimal("0.001")
_NUDGE = Decimal("0.0000000000001")
_PRICE_DISCOUNT = "Price/AllowanceCharge"


@EN.warning("BR-21", lines, "ID")
def no_number(line: Node, facts: Facts) -> Verdict:
	return not line.leaf["ID"]


@EN.error("BR-KSA-F-06-C17", lines, "ID")
def number_of_wrong_length(line: Node, facts: Facts) -> Verdict:
	return not 1 <= len(line.leaf["ID"]) <= 6


@EN.error("BR-22", lines, "InvoicedQuantity")
def no_quantity(line: Node, facts: Facts) -> Verdict:
	return line.leaf.get("InvoicedQuantity", "0") == "0"


@EN.warning("BR-25", lines, "Item/Name")
def no_name(line: Node, facts: Facts) -> Verdict:
	return not line.leaf.get("Item/Name")


@EN.warning("BR-KSA-F-06-C19", lines, "Item/Name")
def name_of_wrong_length(line: Node, facts: Facts) -> Verdict:
	name = line.leaf.get("Item/Name")
	return name is not None and not 3 <= len(name) <= 1000


@EN.warning("BR-KSA-F-C-01", lines, "Item/Name")
def name_is_a_number(line: Node, facts: Facts) -> Verdict:
	return _digits(line.leaf.get("Item/Name", "")) is not None


@EN.error("BR-26", lines, "Price")
def no_price(line: Node, facts: Facts) -> Verdict:
	return "Price" not in line.leaf


@EN.error("BR-CO-04", lines, "Item/ClassifiedTaxCategory")
def no_vat_category(line: Node, facts: Facts) -> Verdict:
	for node in line.kids.get("Item/ClassifiedTaxCategory", ()):
		if "ID" in node.leaf and of_vat(node):
			return False
	return True


_LONG_ATTRIBUTES = Only("has_long_attributes", lines)


@EN.warning("BR-KSA-F-06-C18", _LONG_ATTRIBUTES, "InvoicedQuantity/@unitCode")
def long_unit(line: Node, facts: Facts) -> Verdict:
	return len(line.attribute("InvoicedQuantity", "unitCode") or "") > 127


def _long_identification(kind: str) -> Broken:
	def broken(line: Node, facts: Facts) -> Verdict:
		return len(line.leaf.get(f"Item/{kind}/ID", "")) > 127

	return broken


for _code, _kind in (
	("BR-KSA-F-06-C30", "BuyersItemIdentification"),
	("BR-KSA-F-06-C31", "SellersItemIdentification"),
	("BR-KSA-F-06-C20", "StandardItemIdentification"),
):
	EN.warning(_code, unusual_lengths(lines), f"Item/{_kind}/ID")(_long_identification(_kind))


def _item_properties(facts: Facts) -> Nodes:
	return facts.document.branches.get("AdditionalItemProperty", ())


@EN.error("BR-54", _item_properties, "Value")
def property_without_value(node: Node, facts: Facts) -> Verdict:
	return not ("Name" in node.leaf and "Value" in node.leaf)


@KSA.warning("BR-KSA-F-06-C21", _LONG_ATTRIBUTES, "Price/BaseQuantity/@unitCode")
def long_price_unit(line: Node, facts: Facts) -> Verdict:
	return len(line.attribute("Price/BaseQuantity", "unitCode") or "") > 127


# --- arithmetic -------------------------------------------------------------------------------------------------------


@KSA.warning("BR-KSA-EN16931-11", lines, "LineExtensionAmount")
def net_off(line: Node, facts: Facts) -> Verdict:
	price, base = number(line, "Price/PriceAmount"), number(line, "Price/BaseQuantity")
	if price is None:
		return True
	if base is not None:
		if not base:
			raise SheetFailure(line, "Price/BaseQuantity")
		price = divide(price, base) if base != 1 else price
	quantity = number(line, "InvoicedQuantity")
	if quantity is None:
		return True
	text = line.leaf["LineExtensionAmount"]
	stated = Decimal(text)
	if quantity * price == stated and decimals(text) <= 2 and "AllowanceCharge" not in line.kids:
		return False  # the usual case; what follows would come to the same
	# The sheet cuts to three decimals, adds a breath against binary halves, and only then rounds.
	net = (quantity * price).quantize(_MILLI, ROUND_FLOOR) + _NUDGE
	for node in line.kids.get("AllowanceCharge", ()):
		amount = Decimal(node.leaf["Amount"])
		net += amount if is_charge(node) else -amount
	expected = round_cents(net)
	return abs(stated - expected) not in (ZERO, CENT) and str(expected)


def _price_discount_bases(facts: Facts) -> Nodes:
	return [
		line
		for line in facts.lines
		if any("BaseAmount" in node.leaf for node in line.kids.get(_PRICE_DISCOUNT, ()))
	]


@KSA.error("BR-KSA-EN16931-07", with_allowances(_price_discount_bases), "Price/PriceAmount")
def net_price_off(line: Node, facts: Facts) -> Verdict:
	net = Decimal(line.leaf["Price/PriceAmount"])
	for node in line.kids[_PRICE_DISCOUNT]:
		if "BaseAmount" in node.leaf:
			expected = Decimal(node.leaf["BaseAmount"]) - Decimal(node.leaf["Amount"])
			if net != expected:
				return str(expected)
	return False


@KSA.error("BR-KSA-EN16931-12", lines, "Price/BaseQuantity")
def price_for_nothing(line: Node, facts: Facts) -> Verdict:
	base = number(line, "Price/BaseQuantity")
	return base is not None and base <= 0


@KSA.warning("BR-KSA-51", lines, "TaxTotal/RoundingAmount")
def line_total_off(line: Node, facts: Facts) -> Verdict:
	for tax in line.kids.get("TaxTotal", ()):
		stated = number(tax, "RoundingAmount")
		total = Decimal(tax.leaf["TaxAmount"]) + Decimal(line.leaf["LineExtensionAmount"])
		if stated == total and decimals(tax.leaf["RoundingAmount"]) <= 2 and not facts.document.negatives:
			continue  # the usual case; what follows would come to the same
		expected = shown(round_cents(total))
		if shown(stated) != expected:
			return expected
	return False


def _lines_without(leaf: str) -> Broken:
	"""In a standard document: lines that do not state a figure of their tax total."""

	def broken(invoice: Node, facts: Facts) -> Verdict:
		if not facts.standard:
			return False
		stating = 0
		for tax in facts.line_taxes:
			stating += leaf in tax.leaf
		if stating == len(facts.lines) == len(facts.line_taxes):
			return False
		return [
			Where(line, f"TaxTotal/{leaf}")
			for line in facts.document.branches["InvoiceLine"]
			if not any(leaf in tax.leaf for tax in line.kids.get("TaxTotal", ()))
		]

	return broken


KSA.error("BR-KSA-52", typed_either)(_lines_without("TaxAmount"))
KSA.error("BR-KSA-53", typed_either)(_lines_without("RoundingAmount"))
