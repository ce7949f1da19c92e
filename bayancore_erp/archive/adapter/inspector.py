"""An invoice in seconds, for whoever inspects: by its number, UUID, hash, or the text of a scanned QR.

Takes what was typed or scanned; gives the signed documents it may mean, and for one of them everything on record: rows,
attempts, papers, mails, trail. Shows only companies within the user's reach. Changes nothing.
Source: TAX.md section 3, number 16 (ZATCA's visit).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import frappe
from frappe.utils import flt

from bayancore_erp.archive.adapter.reach import companies
from bayancore_erp.archive.adapter.trail import EVENT
from bayancore_erp.archive.core import verify_pack

DOCUMENT = "ZATCA Document"
READERS = ("ZATCA Auditor", "ZATCA Manager", "Accounts Manager", "System Manager")
MOST = 50
FIELDS = [
	"name", "invoice_doctype", "invoice_name", "company", "device", "icv", "environment", "kind", "type_code",
	"issued_at", "currency", "total_with_vat", "vat_total", "invoice_hash", "pih", "supersedes", "certificate_serial",
]  # fmt: skip


def find(text: str) -> list[dict[str, Any]]:
	"""The documents a text may mean, the latest first; with what the QR says where it is one."""
	text = "".join((text or "").split()) if looks_like_qr(text) else (text or "").strip()
	if not text:
		return []
	said = tags(text)
	rows = by_qr(said) if said else by_words(text)
	return [{**row, "by_qr": bool(said)} for row in rows]


def looks_like_qr(text: str) -> bool:
	"""A QR's text is long base64; a scanner may break it into lines."""
	return tags("".join((text or "").split())) is not None


def tags(text: str) -> dict[int, bytes] | None:
	"""The fields of a ZATCA QR; None for any other text."""
	found = verify_pack.qr_tags(text) if len(text) > 40 else None
	return found if found and {1, 2, 3, 4, 5} <= set(found) else None


def by_qr(said: Mapping[int, bytes]) -> list[Any]:
	"""By the hash a QR of Phase 2 carries, else by seller, moment and total. A forged QR finds nothing, or something else."""
	if said.get(6):
		return rows_where({"invoice_hash": said[6].decode("ascii", "replace")})
	moment = said[3].decode("ascii", "replace").rstrip("Z").replace("T", " ")
	found = rows_where({"vat_number": said[2].decode("ascii", "replace"), "issued_at": moment})
	total = flt(said[4].decode("ascii", "replace"), 2)
	return [row for row in found if flt(row.total_with_vat, 2) == total]


def by_words(text: str) -> list[Any]:
	"""By number, UUID, hash or counter; then by the beginning of a number."""
	for field in ("invoice_name", "name", "invoice_hash"):
		rows = rows_where({field: text})
		if rows:
			return rows
	return rows_where({"invoice_name": ("like", f"{text.replace('%', '')}%")})


def rows_where(filters: dict[str, Any]) -> list[Any]:
	"""Documents within the user's companies."""
	allowed = companies()
	if allowed is not None:
		filters = {**filters, "company": ("in", allowed)}
	return frappe.get_all(DOCUMENT, filters=filters, fields=FIELDS, order_by="issued_at desc", limit=MOST)


def standing(document: str) -> dict[str, Any]:
	"""Everything on record about one document."""
	row = frappe.get_doc(DOCUMENT, document)
	attempts = frappe.get_all(
		"ZATCA Attempt",
		filters={"document": document},
		fields=[
			"name",
			"row_kind",
			"number",
			"endpoint",
			"http_status",
			"outcome",
			"started_at",
			"duration_ms",
		],
		order_by="creation",
	)
	return {
		"document": {field: row.get(field) for field in FIELDS},
		"holds": [_finding(each) for each in holds(row)],
		"invoice": frappe.db.get_value(
			row.invoice_doctype,
			row.invoice_name,
			["name", "docstatus", "zatca_state as state", "zatca_document as latest"],
			as_dict=True,
		),
		"attempts": attempts,
		"archived": frappe.get_all(
			"Archive Object",
			filters={"document": document},
			fields=["name", "what", "file_name", "size", "sha256", "stored_at"],
			order_by="creation",
		),
		"mails": frappe.get_all(
			"Invoice Mail",
			filters={"invoice_doctype": row.invoice_doctype, "invoice_name": row.invoice_name},
			fields=["name", "occasion", "creation"],
			order_by="creation",
		),
		"trail": trail_of(row, [each.name for each in attempts]),
	}


def holds(row: Any) -> list[Any]:
	"""What is wrong with this one document by itself: its bytes, hash, stamp, QR and its row against the trail."""
	from bayancore_erp.archive.adapter import verify_rows

	return list(verify_rows.check_one(DOCUMENT, row.name))


def _finding(found: Any) -> dict[str, Any]:
	return dict(found.as_dict())


def trail_of(row: Any, attempts: list[str]) -> list[dict[str, Any]]:
	"""The trail of an invoice, its document, its submissions and attempts, with the place of each event in the chain."""
	submissions = frappe.get_all(
		"ZATCA Submission",
		filters={"invoice_doctype": row.invoice_doctype, "invoice_name": row.invoice_name},
		pluck="name",
	)
	found = frappe.db.sql(
		f"""select e.name, e.at, e.action, e.actor, e.subject_doctype, e.subject_name, e.facts, s.number
		from `tab{EVENT}` e left join `tabAudit Seal` s on s.event = e.name
		where (e.subject_name = %(invoice)s and e.subject_doctype = %(doctype)s)
			or (e.subject_name in %(names)s and e.subject_doctype in ('{DOCUMENT}', 'ZATCA Attempt', 'ZATCA Submission',
				'Archive Paper', 'Archive Object', 'Invoice Mail'))
		order by e.name limit 500""",
		{
			"invoice": row.invoice_name,
			"doctype": row.invoice_doctype,
			"names": [row.name, *attempts, *submissions],
		},
		as_dict=True,
	)
	for event in found:
		event.facts = json.loads(event.facts) if event.facts else {}
	return found
