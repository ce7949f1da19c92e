"""Discounts and charges, on the document, on lines and within prices: reasons, percentages, category.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-32, BR-37, BR-KSA-19 … -22, BR-KSA-CL-06, BR-KSA-EN16931-03 … -07, BR-KSA-F-06-C33 … -C36.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import CHARGE_REASONS
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	document_charges,
	document_discounts,
	is_charge,
	line_charges,
	line_discounts,
	of_vat,
	price_allowances,
	with_allowances,
)
from bayancore_erp.zatca.core.rules.xpath import HALF, HUNDRED, filled, floor, number, only_text, shown


def _all(facts: Facts) -> Nodes:
	return facts.document.branches.get("AllowanceCharge", ())


def _charges_anywhere(facts: Facts) -> Nodes:
	return [node for node in _all(facts) if node.parent != "Price" and is_charge(node)]


def _document_and_lines(facts: Facts) -> Nodes:
	return [*facts.allowances, *facts.line_allowances]


@EN.error("BR-32", with_allowances(document_discounts), "TaxCategory/ID")
def discount_without_category(discount: Node, facts: Facts) -> Verdict:
	return not any(node.leaf.get("ID") and of_vat(node) for node in discount.kids.get("TaxCategory", ()))


@EN.warning("BR-37", with_allowances(document_charges), "TaxCategory/ID")
def charge_without_category(charge: Node, facts: Facts) -> Verdict:
	return not any("ID" in node.leaf for node in charge.kids.get("TaxCategory", ()))


@KSA.warning("BR-KSA-CL-06", with_allowances(_charges_anywhere), "AllowanceChargeReasonCode")
def unknown_charge_reason(charge: Node, facts: Facts) -> Verdict:
	return charge.leaf.get("AllowanceChargeReasonCode", "") not in CHARGE_REASONS


def _no_reason_code(charge: Node, facts: Facts) -> Verdict:
	return not filled(charge.leaf.get("AllowanceChargeReasonCode"))


def _no_reason(charge: Node, facts: Facts) -> Verdict:
	return not filled(only_text((charge,), "AllowanceChargeReason"))


def _reason_of_wrong_length(node: Node, facts: Facts) -> Verdict:
	reason = only_text((node,), "AllowanceChargeReason")
	return reason is not None and not 1 <= len(reason) <= 1000


KSA.warning("BR-KSA-19", with_allowances(document_charges), "AllowanceChargeReasonCode")(_no_reason_code)
KSA.warning("BR-KSA-20", with_allowances(line_charges), "AllowanceChargeReasonCode")(_no_reason_code)
KSA.warning("BR-KSA-21", with_allowances(document_charges), "AllowanceChargeReason")(_no_reason)
KSA.warning("BR-KSA-22", with_allowances(line_charges), "AllowanceChargeReason")(_no_reason)
KSA.warning("BR-KSA-F-06-C33", with_allowances(document_charges), "AllowanceChargeReason")(
	_reason_of_wrong_length
)
KSA.warning("BR-KSA-F-06-C34", with_allowances(line_charges), "AllowanceChargeReason")(
	_reason_of_wrong_length
)
KSA.warning("BR-KSA-F-06-C35", with_allowances(document_discounts), "AllowanceChargeReason")(
	_reason_of_wrong_length
)
KSA.warning("BR-KSA-F-06-C36", with_allowances(line_discounts), "AllowanceChargeReason")(
	_reason_of_wrong_length
)


@KSA.warning("BR-KSA-EN16931-03", with_allowances(_document_and_lines), "Amount")
def not_its_percentage(node: Node, facts: Facts) -> Verdict:
	base, percentage = number(node, "BaseAmount"), number(node, "MultiplierFactorNumeric")
	if base is None:
		return False
	if percentage is None:
		return True
	expected = shown(floor(base * percentage + HALF) / HUNDRED)
	return shown(Decimal(node.leaf["Amount"])) != expected and expected


@KSA.warning("BR-KSA-EN16931-04", with_allowances(_all), "BaseAmount")
def percentage_of_nothing(node: Node, facts: Facts) -> Verdict:
	return "MultiplierFactorNumeric" in node.leaf and "BaseAmount" not in node.leaf


@KSA.warning("BR-KSA-EN16931-05", with_allowances(_document_and_lines), "MultiplierFactorNumeric")
def base_without_percentage(node: Node, facts: Facts) -> Verdict:
	return "BaseAmount" in node.leaf and "MultiplierFactorNumeric" not in node.leaf


@KSA.error("BR-KSA-EN16931-06", with_allowances(price_allowances), "ChargeIndicator")
def charge_within_a_price(node: Node, facts: Facts) -> Verdict:
	return is_charge(node) and "false"
