"""Credit and debit notes, and payment: the reason, the original, the means.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-KSA-16, -17, -56, BR-CL-16, BR-KSA-F-06-C13 … -C15, -C22.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import KSA_PAYMENT_MEANS, PAYMENT_MEANS
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	billing_references,
	note_document,
	payment_means,
	typed_either,
)
from bayancore_erp.zatca.core.rules.xpath import in_list, only_text

_REASON = "PaymentMeans/InstructionNote"
_ORIGINAL = "InvoiceDocumentReference"


@KSA.error("BR-KSA-17", note_document, _REASON)
def note_without_reason(invoice: Node, facts: Facts) -> Verdict:
	means = payment_means(facts)
	if not means:
		return True
	return [Where(node, "InstructionNote") for node in means if "InstructionNote" not in node.leaf]


@KSA.warning("BR-KSA-F-06-C13", note_document, _REASON)
def reason_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "InstructionNote")
		for node in payment_means(facts)
		for reason in node.many.get("InstructionNote", ())
		if not 1 <= len(reason) <= 1000
	]


@KSA.warning("BR-KSA-56", note_document, "BillingReference")
def note_without_original(invoice: Node, facts: Facts) -> Verdict:
	references = billing_references(facts)
	if not references:
		return True
	return [Where(node, f"{_ORIGINAL}/ID") for node in references if not node.leaf.get(f"{_ORIGINAL}/ID")]


@KSA.error("BR-KSA-F-06-C22", note_document, "BillingReference")
def original_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, f"{_ORIGINAL}/ID")
		for node in billing_references(facts)
		if not 1 <= len(node.leaf.get(f"{_ORIGINAL}/ID", "-")) <= 5000
	]


@EN.warning("BR-CL-16", payment_means, "PaymentMeansCode")
def unknown_means(means: Node, facts: Facts) -> Verdict:
	return not in_list(means.leaf["PaymentMeansCode"], PAYMENT_MEANS)


@KSA.warning("BR-KSA-16", typed_either, "PaymentMeans/PaymentMeansCode")
def means_not_used_in_the_kingdom(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, "PaymentMeansCode")
		for node in payment_means(facts)
		if not in_list(node.leaf["PaymentMeansCode"], KSA_PAYMENT_MEANS)
	]


def _account_text(leaf: str, most: int, least: int) -> Broken:
	def broken(invoice: Node, facts: Facts) -> Verdict:
		text = only_text(payment_means(facts), leaf)
		return text is not None and not least <= len(text) <= most

	return broken


_ACCOUNT = "PaymentMeans/PayeeFinancialAccount"
KSA.warning("BR-KSA-F-06-C14", typed_either, f"{_ACCOUNT}/PaymentNote")(
	_account_text("PayeeFinancialAccount/PaymentNote", 1000, 1)
)
KSA.warning("BR-KSA-F-06-C15", typed_either, f"{_ACCOUNT}/ID")(
	_account_text("PayeeFinancialAccount/ID", 127, 0)
)
