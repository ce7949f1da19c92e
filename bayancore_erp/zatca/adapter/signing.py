"""From a document to its stored, signed bytes: position, stamp, row and head in the caller's transaction.

Takes a document, what it says and the device; gives the row of the ZATCA Document. The device's row is locked here and
stays locked until the caller commits. Never commits, never sends. Source: DESIGN.md, promises 1, 4 and 5.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import frappe

from bayancore_erp.zatca.adapter import advances, chain, journal, remaining
from bayancore_erp.zatca.adapter.clock import in_riyadh
from bayancore_erp.zatca.adapter.content import digest_of
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind
from bayancore_erp.zatca.adapter.vault import identity_of
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.codes import DocumentType
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.money import amount_text
from bayancore_erp.zatca.core.pipeline import prepare


def sign(
	doc: Any, invoice: Invoice, device: str, issued_at: datetime, *, supersedes: str = "", snapshot: str = ""
) -> Any:
	"""Sign and store `invoice` at the device's next place.

	Raises NotLawful, DeviceNotReady, ConfigurationError, and MoreThanLeft where another document was quicker.
	"""
	identity = identity_of(device)
	digest = digest_of(doc, invoice)
	if invoice.type_code is DocumentType.CREDIT_NOTE:
		remaining.require(doc, calculate(invoice).tax_inclusive)
	if invoice.prepayments:
		advances.require(doc)
	position = chain.lock(device)
	prepared = prepare(invoice, position, identity.key, identity.certificate, now=journal.utc_now())
	kind = Kind.SIMPLIFIED if invoice.is_simplified else Kind.STANDARD
	row = chain.append(
		device,
		prepared,
		invoice_doctype=doc.doctype,
		invoice_name=doc.name,
		company=doc.company,
		environment=frappe.get_cached_value("ZATCA Device", device, "environment"),
		vat_number=invoice.seller.vat_number,
		kind=kind.value,
		type_code=invoice.type_code.value,
		type_flags=invoice.flags.code,
		issued_at=in_riyadh(issued_at),
		currency=invoice.currency,
		total_with_vat=amount_text(prepared.totals.tax_inclusive),
		vat_total=amount_text(prepared.totals.vat_sar),
		supersedes=supersedes,
		certificate_serial=str(identity.certificate.serial),
		content_digest=digest,
		snapshot=snapshot,
	)
	announce("signed", doc.doctype, doc.name, doc.company, document=row.name)
	return row


def shown(document: Any) -> dict[str, Any]:
	"""The invoice's own fields that follow from its signed document."""
	return {
		InvoiceField.KIND: document.kind,
		InvoiceField.ISSUED_AT: document.issued_at,
		InvoiceField.DEVICE: document.device,
		InvoiceField.UUID: document.uuid,
		InvoiceField.ICV: document.icv,
		InvoiceField.ENVIRONMENT: document.environment,
		InvoiceField.HASH: document.invoice_hash,
		InvoiceField.DOCUMENT: document.name,
		InvoiceField.QR: document.qr,
	}


def documents_of(doctype: str, name: str) -> list[Any]:
	"""Every signed document of an invoice, the latest last."""
	return frappe.get_all(
		"ZATCA Document",
		filters={"invoice_doctype": doctype, "invoice_name": name},
		fields=["name", "device", "icv", "issued_at", "content_digest", "kind"],
		order_by="creation, icv",
	)
