"""What an invoice says, as one digest: whether posting it would leave it what it was when it was signed.

Takes a document and its mapping; gives a SHA-256 over everything the books and the XML share: buyer, lines, amounts, dates,
references. Leaves out names and addresses of the parties, which live in other records. Asked while those stand still, in the
rehearsal; what may change between clearance and posting is the affair of `signed`. Source: FRAPPE.md section 2.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

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
