"""What an invoice says, as one digest: whether the document in front of us is still the one that was signed.

Takes a document and the moment it was issued at; gives a SHA-256 over everything the books and the XML share: buyer, lines,
amounts, dates, references. Leaves out what lives in other records (names and addresses of the parties): correcting a
customer's address must not keep a cleared invoice from being posted. Source: FRAPPE.md section 2 (guard) and 8.10.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from bayancore_erp.zatca.adapter.mapper import map_document
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.invoice import Invoice, Party
from bayancore_erp.zatca.core.ubl import build_xml

_NOBODY = "00000000-0000-0000-0000-000000000000"


def digest_of(doc: Any, invoice: Invoice) -> str:
	"""The digest of `doc` mapped as `invoice`."""
	buyer = Party(name=str(doc.get("customer") or "")) if invoice.buyer else None
	neutral = replace(
		invoice,
		uuid=_NOBODY,
		seller=Party(name=str(doc.company), vat_number=invoice.seller.vat_number),
		buyer=buyer,
	)
	content = build_xml(neutral, calculate(neutral), START)
	parties = f"{doc.doctype}\n{doc.name}\n{doc.company}\n{doc.get('customer')}\n".encode()
	return hashlib.sha256(parties + content).hexdigest()


def digest_now(doc: Any, issued_at: datetime) -> str:
	"""The digest of the document as it stands. Raises InvalidInput where it can no longer be said at all."""
	return digest_of(doc, map_document(doc, issued_at=issued_at, uuid=_NOBODY).invoice)
