"""Whether the lawful records of this site were exported and the export verified: the condition for leaving.

Takes the insert-only rows; gives one digest over all of them. An export that was verified against it is remembered; any
row added later makes the digest another and the remembered export incomplete. Never exports anything itself.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import frappe
from frappe import _

REMEMBERED = "zatca_verified_export"
PAGE = 5000
# Each DocType with the column that stands for its content.
RECORDS = (
	("ZATCA Document", "content_sha256"),
	("ZATCA Attempt", "body_sha256"),
	("ZATCA Skip", "reason_code"),
)


def records_digest() -> tuple[int, str]:
	"""How many rows there are, and a SHA-256 over their names and contents in the order of their names."""
	digest, count = hashlib.sha256(), 0
	for doctype, column in RECORDS:
		last = ""
		while rows := frappe.get_all(
			doctype, filters={"name": (">", last)}, fields=["name", column], order_by="name asc", limit=PAGE
		):
			for row in rows:
				digest.update(f"{doctype}\t{row.name}\t{row[column] or ''}\n".encode())
			count += len(rows)
			last = rows[-1].name
	return count, digest.hexdigest()


def confirm_export(count: int, digest: str, place: str) -> None:
	"""Remember that an export at `place` was verified to hold exactly these rows. Raises where rows differ by now."""
	if (count, digest) != records_digest():
		frappe.throw(_("The export does not hold what the site holds now. Export again."))
	value = {"count": count, "digest": digest, "place": place, "at": str(frappe.utils.now_datetime())}
	frappe.db.set_default(REMEMBERED, json.dumps(value))


def verified_export() -> dict[str, Any] | None:
	"""The remembered export, if it still holds everything."""
	value = json.loads(frappe.db.get_default(REMEMBERED) or "null")
	if value and (value["count"], value["digest"]) == records_digest():
		return dict(value)
	return None
