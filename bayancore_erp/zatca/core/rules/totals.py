"""The document totals against the lines, the allowances and one another.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-13, BR-14, BR-CO-10 … -13, -15, -16. BR-CO-11, -12 and -15 reject, exactly and without tolerance.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.rules.engine import EN, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	document,
	document_charges,
	document_discounts,
	totals,
)
from bayancore_erp.zatca.core.rules.xpath import ZERO, number, round_cents


def _summed(nodes: Nodes, leaf: str) -> Decimal:
	return sum((Decimal(node.leaf[leaf]) for node in nodes), ZERO)


@EN.warning("BR-13", totals, "TaxExclusiveAmount")
def no_tax_exclusive(total: Node, facts: Facts) -> Verdict:
	return "TaxExclusiveAmount" not in total.leaf


@EN.error("BR-14", totals, "TaxInclusiveAmount")
def no_tax_inclusive(total: Node, facts: Facts) -> Verdict:
	return "TaxInclusiveAmount" not in total.leaf


@EN.warning("BR-CO-10", totals, "LineExtensionAmount")
def not_the_sum_of_the_lines(total: Node, facts: Facts) -> Verdict:
	expected = round_cents(_summed(facts.lines, "LineExtensionAmount"))
	return number(total, "LineExtensionAmount") != expected and str(expected)


@EN.error("BR-CO-11", totals, "AllowanceTotalAmount")
def not_the_sum_of_the_discounts(total: Node, facts: Facts) -> Verdict:
	return _not_the_sum(number(total, "AllowanceTotalAmount"), document_discounts(facts))


@EN.error("BR-CO-12", totals, "ChargeTotalAmount")
def not_the_sum_of_the_charges(total: Node, facts: Facts) -> Verdict:
	return _not_the_sum(number(total, "ChargeTotalAmount"), document_charges(facts))


def _not_the_sum(stated: Decimal | None, parts: Nodes) -> Verdict:
	if stated is None and not parts:
		return False
	expected = round_cents(_summed(parts, "Amount"))
	return stated != expected and str(expected)


@EN.warning("BR-CO-13", totals, "TaxExclusiveAmount")
def tax_exclusive_off(total: Node, facts: Facts) -> Verdict:
	charges, discounts = number(total, "ChargeTotalAmount"), number(total, "AllowanceTotalAmount")
	if charges is None and discounts is None:
		expected = number(total, "LineExtensionAmount")
	else:
		net = _summed(facts.lines, "LineExtensionAmount")
		expected = round_cents(net + (charges or ZERO) - (discounts or ZERO))
	stated = number(total, "TaxExclusiveAmount")
	if stated is None or expected is None:
		return True
	return stated != expected and str(expected)


@EN.error("BR-CO-15", document, "LegalMonetaryTotal/TaxInclusiveAmount")
def tax_inclusive_off(invoice: Node, facts: Facts) -> Verdict:
	currency = invoice.leaf.get("DocumentCurrencyCode")
	if currency is None:
		return False
	exclusive, inclusive = (
		number(facts.totals, "TaxExclusiveAmount"),
		number(facts.totals, "TaxInclusiveAmount"),
	)
	if exclusive is None or inclusive is None:
		return True
	expected = round_cents(exclusive + _summed(facts.subtotals, "TaxAmount"))
	if inclusive != expected:
		return str(expected)
	return not any(total.attribute("TaxAmount", "currencyID") == currency for total in facts.tax_totals)


@EN.warning("BR-CO-16", totals, "PayableAmount")
def payable_off(total: Node, facts: Facts) -> Verdict:
	inclusive, prepaid = number(total, "TaxInclusiveAmount"), number(total, "PrepaidAmount")
	rounding, payable = number(total, "PayableRoundingAmount"), Decimal(total.leaf["PayableAmount"])
	if inclusive is None:
		return True
	due = inclusive if prepaid is None else round_cents(inclusive - prepaid)
	paid = payable if rounding is None else round_cents(payable - rounding)
	return paid != due and str(due + (rounding or ZERO))
