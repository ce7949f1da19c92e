"""Compare every row of evidence with the event that was written when it was: changed, deleted and inserted ones are named.

Takes nothing but the database; gives findings. Every insert-only DocType of the app is looked at. Reads in pages, changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter import trail_evidence
from bayancore_erp.archive.adapter.trail import EVENT, Action, is_authentic
from bayancore_erp.archive.adapter.trail_evidence import ASKED, BORN, SUBMISSION, evidence
from bayancore_erp.archive.adapter.verify_finding import Counts, Finding
from bayancore_erp.zatca.adapter.records import ImmutableRecord, unpack, unpack_body

PAGE = 500


def check(counts: Counts) -> Iterator[Finding]:
	"""Every row of evidence and every submission's unchanging part."""
	for doctype in evidence():
		yield from compare(doctype, BORN, counts)
		yield from gone(doctype, BORN)
	yield from compare(SUBMISSION, ASKED, counts)
	yield from gone(SUBMISSION, ASKED)


def compare(doctype: str, actions: tuple[str, ...], counts: Counts) -> Iterator[Finding]:
	"""Rows whose event says something else, and rows of which no event tells."""
	last = ""
	while True:
		rows = frappe.db.sql(
			f"select * from `tab{doctype}` where name > %s order by name limit {PAGE}", last, as_dict=True
		)
		if not rows:
			return
		last = rows[-1].name
		counts.add(doctype, len(rows))
		yield from judge(doctype, rows, actions)


def check_one(doctype: str, name: str) -> Iterator[Finding]:
	"""One row of evidence."""
	rows = frappe.db.sql(f"select * from `tab{doctype}` where name = %s", name, as_dict=True)
	yield from judge(doctype, rows, BORN)


def judge(doctype: str, rows: list[Any], actions: tuple[str, ...]) -> Iterator[Finding]:
	"""A page of rows against their events."""
	told = events_of(doctype, [row.name for row in rows], actions) if rows else {}
	for row in rows:
		company = row.get("company") or ""
		if row.name not in told:
			yield Finding(
				doctype, row.name, company, _("It was inserted past the system: no event tells of it.")
			)
		elif trail_evidence.digest_of(doctype, row) not in told[row.name]:
			yield Finding(doctype, row.name, company, _("It was changed after it was written."))
		else:
			yield from unreadable(doctype, row)


def events_of(doctype: str, names: list[str], actions: tuple[str, ...]) -> dict[str, set[str]]:
	"""Name -> the digests its authentic events state."""
	found: dict[str, set[str]] = {}
	rows = frappe.db.sql(
		f"""select * from `tab{EVENT}`
		where subject_doctype = %(doctype)s and subject_name in %(names)s and action in %(actions)s""",
		{"doctype": doctype, "names": names, "actions": actions},
		as_dict=True,
	)
	for row in rows:
		if row.digest and is_authentic(row):
			found.setdefault(row.subject_name, set()).add(row.digest)
	return found


def gone(doctype: str, actions: tuple[str, ...]) -> Iterator[Finding]:
	"""Rows an event tells of that are no longer there, save what was destroyed by the rules of retention."""
	last = ""
	while True:
		rows = frappe.db.sql(
			f"""select e.* from `tab{EVENT}` e left join `tab{doctype}` r on r.name = e.subject_name
			where e.subject_doctype = %(doctype)s and e.action in %(actions)s and r.name is null and e.name > %(last)s
			order by e.name limit {PAGE}""",
			{"doctype": doctype, "actions": actions, "last": last},
			as_dict=True,
		)
		names = [row.subject_name for row in rows]
		destroyed = events_of(doctype, names, (Action.DESTROYED.value,)) if names else {}
		for row in rows:
			if row.digest not in destroyed.get(row.subject_name, ()) and is_authentic(row):
				yield Finding(doctype, row.subject_name, row.company or "", _("It was deleted."))
		if len(rows) < PAGE:
			return
		last = rows[-1].name


def unreadable(doctype: str, row: Any) -> Iterator[Finding]:
	"""Stored bytes that no longer fit their own digest: written wrongly, since the row itself is as it was."""
	try:
		if row.get("content_encoding"):
			unpack(row.content, row.content_encoding, row.content_sha256)
		elif row.get("body_encoding"):
			unpack_body(row.body, row.body_encoding, row.body_sha256)
	except ImmutableRecord as error:
		yield Finding(doctype, row.name, row.get("company") or "", str(error))
