"""Which rows are evidence; how they stay as written when Frappe renames a user, how rows older than the trail join it, and how rows go.

Takes nothing but the database; gives the DocTypes, and puts back what Frappe changed. Every insert-only DocType of the app is
evidence, also those of rooms that come later: they are found by their class. Source: DESIGN.md, promise 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import frappe
from frappe.model.base_document import get_controller

from bayancore_erp.archive.adapter import trail_rows
from bayancore_erp.archive.adapter.trail import EVENT, Action, record
from bayancore_erp.archive.core.verify_pack import EVIDENCE
from bayancore_erp.zatca.adapter.records import InsertOnly

MODULES = ("ZATCA", "AI Errors", "Archive", "Invoice to Cash")
UNTOLD = frozenset({"ZATCA Submission", "ZATCA Enrolment", "Archive Task", "Audit Event", "Audit Seal"})
"""Of our own: states of work, told by the rows of evidence that change them; and the trail itself."""
BORN = tuple(sorted(EVIDENCE))
"""What is said of a row when it is written, or when it joined the trail."""
SUBMISSION = "ZATCA Submission"
ASKED = (Action.REQUESTED.value, Action.REQUEST_ADOPTED.value)
"""What is said of a submission's unchanging part."""
REQUESTED = ("invoice_doctype", "invoice_name", "company", "kind", "requested_by", "requested_at", "previous")
"""What stays the same in a submission for good."""
PAGE = 500
_WRITER = "coalesce(json_value(nullif(e.facts, ''), '$.writer'), e.actor)"
"""Who wrote the row an event tells of: the event's actor, or who is named in it where it was adopted."""


def evidence() -> list[str]:
	"""Every insert-only DocType, the trail's own left out."""
	names = frappe.get_all(
		"DocType", filters={"module": ("in", MODULES), "istable": 0, "issingle": 0}, pluck="name"
	)
	return sorted(
		name for name in names if name not in UNTOLD and issubclass(get_controller(name), InsertOnly)
	)


def requested_digest(row: Any) -> str:
	"""Of the part of a submission that never changes."""
	meta = frappe.get_meta(SUBMISSION)
	found = {f: trail_rows.normal(row.get(f), trail_rows.type_of(meta, f)) for f in REQUESTED}
	return trail_rows.digest_of({field: text for field, text in found.items() if text})


def digest_of(doctype: str, row: Any) -> str:
	"""What the trail states of a row of evidence, or of a submission."""
	if doctype == SUBMISSION:
		return requested_digest(row)
	return trail_rows.row_digest(row, frappe.get_meta(doctype))


def record_removal(doctype: str, names: list[str], company: str, facts: dict[str, Any] | None = None) -> None:
	"""Before rows of evidence or submissions are lawfully taken away: an event for each, with its digest. Others pass."""
	if doctype != SUBMISSION and doctype not in evidence():
		return
	for row in frappe.db.sql(f"select * from `tab{doctype}` where name in %s", (names,), as_dict=True):
		record(Action.DESTROYED, doctype, row.name, company, digest=digest_of(doctype, row), facts=facts)


# --- a user's new name ------------------------------------------------------------------------------------------------
def keep_writers(old: str, new: str) -> None:
	"""Frappe writes a renamed user's new name into every row of the database: in ours, put back who it was then."""
	for column in ("owner", "modified_by"):
		frappe.db.sql(
			f"update `tab{EVENT}` set `{column}` = actor where `{column}` = %s and actor = %s", (new, old)
		)
		for doctype in evidence():
			frappe.db.sql(
				f"""update `tab{doctype}` r join `tab{EVENT}` e on e.subject_name = r.name and e.subject_doctype = %(doctype)s
				set r.`{column}` = %(old)s
				where r.`{column}` = %(new)s and {_WRITER} = %(old)s and e.action in %(born)s""",
				{"doctype": doctype, "new": new, "old": old, "born": BORN},
			)


# --- rows older than the trail ----------------------------------------------------------------------------------------
def adopt() -> int:
	"""Take what was written before the trail began into it; gives how many rows. Only a patch does this, once.

	Rows that are younger than the first event and have none themselves came past the system: they are left for the verifier.
	"""
	began = frappe.db.sql(f"select min(creation) from `tab{EVENT}`")[0][0]
	count = 0
	for doctype in [*evidence(), SUBMISSION]:
		action = Action.REQUEST_ADOPTED if doctype == SUBMISSION else Action.ADOPTED
		for row in untold(doctype, began):
			record(
				action,
				doctype,
				row.name,
				row.get("company") or "",
				digest=digest_of(doctype, row),
				facts={
					"invoice": " ".join(filter(None, (row.get("invoice_doctype"), row.get("invoice_name")))),
					"written": row.creation,
					"writer": row.owner,
					# Our own check's refusals left no other row.
					"state": row.get("state") if doctype == SUBMISSION else "",
				},
			)
			count += 1
	return count


def untold(doctype: str, began: datetime | None) -> Iterator[Any]:
	"""Rows written before `began` of which no event tells."""
	last = ""
	while True:
		rows = frappe.db.sql(
			f"""select r.* from `tab{doctype}` r where r.name > %(last)s and (%(began)s is null or r.creation < %(began)s)
				and not exists (select 1 from `tab{EVENT}` e where e.subject_name = r.name
					and e.subject_doctype = %(doctype)s and e.action in %(told)s)
			order by r.name limit {PAGE}""",
			{"last": last, "began": began, "doctype": doctype, "told": (*BORN, *ASKED)},
			as_dict=True,
		)
		yield from rows
		if len(rows) < PAGE:
			return
		last = rows[-1].name


def put_back_writers() -> int:
	"""Rows whose writer was renamed before `keep_writers` was there: put back, where that is what the trail states. Gives how many."""
	count = 0
	for doctype in evidence():
		for row in frappe.db.sql(
			f"""select r.*, e.actor as told_by, e.digest as told from `tab{doctype}` r
			join `tab{EVENT}` e on e.subject_name = r.name and e.subject_doctype = %s and e.action in %s
			where r.owner != e.actor or r.modified_by != e.actor""",
			(doctype, BORN),
			as_dict=True,
		):
			writer, told = row.pop("told_by"), row.pop("told")
			if digest_of(doctype, {**row, "owner": writer, "modified_by": writer}) == told:
				frappe.db.sql(
					f"update `tab{doctype}` set owner = %s, modified_by = %s where name = %s",
					(writer, writer, row.name),
				)
				count += 1
	return count


def repeat_in_own_columns() -> None:
	"""Frappe's own columns of an event say what `at` and `actor` say; events of older versions named another moment there."""
	frappe.db.sql(
		f"""update `tab{EVENT}` set creation = at, modified = at, owner = actor, modified_by = actor
		where creation != at or modified != at or owner != actor or modified_by != actor"""
	)
