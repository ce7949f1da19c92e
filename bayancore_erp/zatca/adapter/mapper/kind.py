"""Standard or simplified, and which flags the document carries.

Takes a document with its facts; gives the kind and `TypeFlags`. Decided by who the buyer is, never by whether a VAT number
happens to be filled. Sources: VAT Implementing Regulations art. 53(1), (7); Detailed Guideline p. 8, 17, 19; TAX.md section 3.1.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from frappe import _

from bayancore_erp.zatca.adapter.fields import BuyerKind, InvoiceField, Kind, SalesInvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import exact, money, sign_of
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.mapper.taxation import read_taxes
from bayancore_erp.zatca.adapter.party import buyer_kind
from bayancore_erp.zatca.core.codes import DocumentType, TypeFlags
from bayancore_erp.zatca.core.money import total
from bayancore_erp.zatca.core.rules.law.kind import SIMPLIFIED_LIMIT

BUSINESS = frozenset({BuyerKind.VAT_REGISTERED, BuyerKind.LEGAL_PERSON, BuyerKind.GOVERNMENT})
EXPORT_CODES = frozenset({"VATEX-SA-32", "VATEX-SA-33"})


def document_type(doc: Any) -> DocumentType:
	"""BT-3."""
	if doc.get("is_return"):
		return DocumentType.CREDIT_NOTE
	if doc.get("is_debit_note"):
		return DocumentType.DEBIT_NOTE
	if doc.get(SalesInvoiceField.IS_PREPAYMENT):
		return DocumentType.PREPAYMENT
	return DocumentType.INVOICE


def decide(doc: Any, facts: Facts) -> Kind:
	"""The kind of the document. A note follows its original, whatever the buyer has become since."""
	if document_type(doc).is_note:
		original = kind_of_original(doc, facts)
		if original:
			return original
	choice = doc.get(InvoiceField.KIND_CHOICE)
	if choice in (Kind.STANDARD.value, Kind.SIMPLIFIED.value):
		return Kind(choice)
	buyer = buyer_kind(doc, facts)
	if buyer is BuyerKind.PRIVATE_PERSON:
		return Kind.SIMPLIFIED
	small = facts.settings.get("small_business_simplified") and buyer is not BuyerKind.FOREIGN
	if small and buyer is not BuyerKind.GOVERNMENT and value_in_riyals(doc, facts) < SIMPLIFIED_LIMIT:
		return Kind.SIMPLIFIED
	return Kind.STANDARD


def kind_of_original(doc: Any, facts: Facts) -> Kind | None:
	"""What the original was issued as: recorded on it, chosen or implied there, stated for one outside this system."""
	for original in facts.originals.values():
		recorded = original.get(InvoiceField.KIND) or original.get(InvoiceField.KIND_CHOICE)
		if recorded in (Kind.STANDARD.value, Kind.SIMPLIFIED.value):
			return Kind(recorded)
		if original.get(InvoiceField.BUYER_KIND) == BuyerKind.PRIVATE_PERSON.value:
			return Kind.SIMPLIFIED
	stated = doc.get(InvoiceField.ORIGINAL_KIND)
	return Kind(stated) if stated else None


def value_in_riyals(doc: Any, facts: Facts) -> Decimal:
	"""The value without VAT, charges on the document included (BT-109), in SAR."""
	base = "base_" if facts.in_riyals else ""
	charges = (
		money(row.get(f"{base}tax_amount_after_discount_amount")) for row in read_taxes(doc, facts).charges
	)
	value = sign_of(doc) * total((money(doc.get(f"{base}net_total")), *charges))
	return value if facts.in_riyals else value * exact(doc.get(InvoiceField.SAR_RATE) or 1)


def check_choice(doc: Any, facts: Facts, kind: Kind, refusals: Refusals) -> None:
	"""Refuse a simplified invoice that somebody chose for a business at SAR 1,000 and above (Guideline p. 17 (b)).

	The core's own rule cannot see it: the buyer is left out of the document.
	"""
	if kind is Kind.STANDARD or doc.get(InvoiceField.KIND_CHOICE) != Kind.SIMPLIFIED.value:
		return
	if document_type(doc).is_note or doc.get(InvoiceField.SUMMARY) or doc.get(InvoiceField.EXPORT):
		return
	if buyer_kind(doc, facts) in BUSINESS and value_in_riyals(doc, facts) >= SIMPLIFIED_LIMIT:
		refusals.add(
			"ERP-SIMPLIFIED-LIMIT",
			"flags",
			_("{0} is a business: from SAR 1,000 it gets a tax invoice, not a simplified one.").format(
				doc.get("customer_name") or doc.get("customer")
			),
			_("Set the choice of invoice kind back to Automatic."),
		)


def flags_of(doc: Any, facts: Facts, kind: Kind, codes: set[str], refusals: Refusals) -> TypeFlags:
	"""KSA-2. `codes` are the exemption codes of the lines. A self-billed document is refused: it is the buyer's."""
	if doc.get(InvoiceField.SELF_BILLED):
		refusals.add(
			"ERP-SELF-BILLED",
			"flags.self_billed",
			_(
				"A self-billed invoice is the buyer's document, made from a purchase; a seller cannot issue it."
			),
			_("Clear Self-billed."),
		)
	buyer = buyer_kind(doc, facts)
	export = bool(doc.get(InvoiceField.EXPORT)) or (buyer is BuyerKind.FOREIGN and bool(codes & EXPORT_CODES))
	return TypeFlags(
		simplified=kind is Kind.SIMPLIFIED,
		third_party=bool(doc.get(InvoiceField.THIRD_PARTY)),
		nominal=bool(doc.get(InvoiceField.NOMINAL)),
		export=export,
		summary=bool(doc.get(InvoiceField.SUMMARY)),
		continuous=bool(doc.get(InvoiceField.CONTINUOUS)),
		government=buyer is BuyerKind.GOVERNMENT and kind is Kind.STANDARD,
	)
