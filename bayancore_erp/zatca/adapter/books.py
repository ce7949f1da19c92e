"""What the books say of a posted invoice, as one digest: amounts, dates, lines, as they stood when it was posted.

Takes a document or its raw rows; gives a SHA-256. Leaves out names that renaming a customer, item or account lawfully
changes, and whatever does not belong to the invoice itself. Never reads anything: a posting pays for no query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from frappe.utils import flt, getdate

HEAD: Final = {
	"company": "text",
	"posting_date": "date",
	"currency": "text",
	"conversion_rate": "number",
	"is_return": "number",
	"return_against": "text",
	"is_opening": "text",
	"customer_name": "text",
	"tax_id": "text",
	"po_no": "text",
	"net_total": "number",
	"base_net_total": "number",
	"total_taxes_and_charges": "number",
	"base_total_taxes_and_charges": "number",
	"discount_amount": "number",
	"grand_total": "number",
	"base_grand_total": "number",
	"rounding_adjustment": "number",
}
ITEM: Final = {
	"idx": "number",
	"item_name": "text",
	"qty": "number",
	"rate": "number",
	"amount": "number",
	"net_amount": "number",
	"base_net_amount": "number",
}
TAX: Final = {
	"idx": "number",
	"rate": "number",
	"tax_amount_after_discount_amount": "number",
	"base_tax_amount_after_discount_amount": "number",
	"total": "number",
}


def digest_of(doc: Any) -> str:
	"""Of a document with its tables, as it is about to be posted or as it was read."""
	return digest_of_rows(doc, doc.get("items") or [], doc.get("taxes") or [])


def digest_of_rows(head: Any, items: Iterable[Any], taxes: Iterable[Any]) -> str:
	"""Of the raw rows."""
	said = [
		told(head, HEAD),
		sorted(told(row, ITEM) for row in items),
		sorted(told(row, TAX) for row in taxes),
	]
	return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def told(row: Any, fields: dict[str, str]) -> list[str]:
	"""The values of one row, written so that memory and database agree."""
	return [plain(row.get(field), kind) for field, kind in fields.items()]


def plain(value: Any, kind: str) -> str:
	"""One value as text."""
	if kind == "number":
		return f"{flt(value):.4f}".replace("-0.0000", "0.0000")
	if kind == "date":
		return str(getdate(value)) if value else ""
	text = str(value or "").strip()
	return "" if text == "No" else text
