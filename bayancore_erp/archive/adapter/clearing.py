"""Takes destroyed documents out of the archive, as far as each place lets them go.

Takes ZATCA Documents that were destroyed after their term, or none for all of them; gives those of which something stays, each
with why and until when. The row of what is gone goes too, its digest into the trail; the row of what stays keeps saying where it
is. Runs after the destruction is committed and again every night, so a crash or a rule that ends later leaves nothing behind.
Source: VAT Implementing Regulations art. 66; docs/audit.md, Retention.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from bayancore_erp.archive.adapter.keeping import OBJECT
from bayancore_erp.archive.adapter.places import store_of
from bayancore_erp.archive.adapter.trail_evidence import record_removal
from bayancore_erp.zatca.core.errors import ZatcaError

GONE = "Destroyed Document"
HEADS = ("Chain Head", "Trail Head")
"""Say how far a chain had come, and nothing of the document that was the last one then: they stay."""


def clear(documents: list[str] | None = None) -> dict[str, str]:
	"""Document -> why something of it stays. Commits after each object."""
	refusing: dict[str, Any] = {}
	"""Place -> its health, or None where it does not answer: the oldest come first, and no younger one would go."""
	stays: dict[str, str] = {}
	for row in left_over(documents):
		if row.place not in refusing:
			try:
				store = store_of(row.company, row.place)
				if store.destroy(row.object_name, row.version or ""):
					gone(row)
					continue
				refusing[row.place] = store.health()
			except (ZatcaError, OSError):
				refusing[row.place] = None
		stays[row.document] = why(row, refusing[row.place])
	return stays


def left_over(documents: list[str] | None) -> list[Any]:
	"""What the archive still holds of destroyed documents, the oldest first."""
	return frappe.db.sql(
		f"""select o.name, o.document, o.invoice_doctype, o.invoice_name, o.company, o.place, o.object_name, o.version,
			o.stored_at
		from `tab{GONE}` g join `tab{OBJECT}` o on o.document = g.document
		where o.what not in %(heads)s {"and g.document in %(documents)s" if documents is not None else ""}
		order by o.stored_at, o.name""",
		{"heads": HEADS, "documents": documents or [""]},
		as_dict=True,
	)


def may_be_gone(document: str, what: str) -> bool:
	"""Whether an object is one of a destroyed document, which nobody misses and nobody is given."""
	return what not in HEADS and bool(frappe.db.exists(GONE, {"document": document or ""}))


def gone(row: Any) -> None:
	"""Take the row of an object that is no longer there, and let the trail say so."""
	facts = {"invoice": f"{row.invoice_doctype} {row.invoice_name}", "place": row.place}
	record_removal(OBJECT, [row.name], row.company, facts)
	frappe.db.delete(OBJECT, {"name": row.name})
	frappe.db.commit()


def why(row: Any, health: Any) -> str:
	"""Why an object stays, and until when where that is known."""
	if health is None or not health.reachable:
		return _("The archive does not answer; it is tried again every night.")
	if any(rule.days is None for rule in health.retention):
		return _("It stays in the archive for as long as the bucket has its retention rule without end.")
	if health.retention:
		until = get_datetime(row.stored_at) + timedelta(days=max(rule.days or 0 for rule in health.retention))
		if until > now_datetime():
			return _("It stays in the archive through {0}: the bucket's retention rule protects it.").format(
				frappe.format(until.date(), "Date")
			)
	return _("It stays in the archive until somebody who may delete there removes it.")
