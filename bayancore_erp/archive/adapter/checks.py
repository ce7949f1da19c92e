"""A whole period of the archive, read again: every object there, every digest recomputed, nothing missing, nothing foreign.

Takes an Archive Check; gives its result. Whole months are read, as the archive is laid out by month; lists of any length pass
through in pages. Also names accepted documents of the period that were never archived. What a lawfully destroyed document leaves
behind may be there or not. Never changes an object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_last_day, getdate, now_datetime

from bayancore_erp.archive.adapter.clearing import may_be_gone
from bayancore_erp.archive.adapter.lawful import ACCEPTED
from bayancore_erp.archive.adapter.places import place_of, store_of, vat_numbers
from bayancore_erp.archive.core.store import audit
from bayancore_erp.zatca.core.errors import ZatcaError

CHECK = "Archive Check"
PAGE = 1000
LISTED = 500
"""So many problems are kept with the check; all are counted."""


def run(name: str) -> None:
	"""Do one check and keep its result. Commits."""
	check = frappe.get_doc(CHECK, name)
	write(name, state="Running", started_at=now_datetime(), checked=0, problems=0, faults="[]", last_error="")
	counted = {"checked": 0, "problems": 0}
	listed: list[dict[str, str]] = []
	try:
		for fault in faults_of(check.company, getdate(check.from_date), getdate(check.to_date), counted):
			counted["problems"] += 1
			if len(listed) < LISTED:
				listed.append(fault)
	except (ZatcaError, OSError) as error:
		why = error.diagnostics() if isinstance(error, ZatcaError) else str(error)
		frappe.db.rollback()
		write(name, state="Not Finished", last_error=why, finished_at=now_datetime(), **counted)
		return
	write(
		name,
		state="Damaged" if counted["problems"] else "Whole",
		faults=json.dumps(listed, ensure_ascii=False),
		finished_at=now_datetime(),
		**counted,
	)


def write(name: str, **values: Any) -> None:
	"""Keep what is known so far."""
	frappe.db.set_value(CHECK, name, values)
	frappe.db.commit()
	frappe.publish_realtime("doc_update", {"doctype": CHECK, "name": name}, doctype=CHECK, docname=name)


def faults_of(company: str, start: date, end: date, counted: dict[str, int]) -> Iterator[dict[str, str]]:
	"""Every difference between what the rows say and what the archive holds, in each place that was used."""
	for vat_number, month in product(vat_numbers(company), months(start, end)):
		prefix = f"{vat_number}/{month}/"
		for place in places_used(company, prefix):
			expected = counting(expected_names(place, prefix), counted)
			for fault in audit(store_of(company, place), expected, prefix):
				document, whose = about(fault.name, place)
				if fault.kind != "missing" or not may_be_gone(document, whose["what"]):
					yield {"kind": fault.kind, "object": fault.name, "place": place, **whose}
	for row in never_archived(company, start, end):
		yield {"kind": "not archived", "object": "", "place": "", "invoice": row.invoice_name, "what": ""}


def months(start: date, end: date) -> Iterator[str]:
	"""`2026/01`, `2026/02`, …"""
	day = start.replace(day=1)
	while day <= end:
		yield f"{day:%Y/%m}"
		day = getdate(frappe.utils.add_days(get_last_day(day), 1))


def places_used(company: str, prefix: str) -> list[str]:
	"""Where objects of that month were put, and where the company's documents go now."""
	used = frappe.db.sql_list(
		"select distinct place from `tabArchive Object` where object_name like %s and company = %s",
		(f"{prefix}%", company),
	)
	return list(dict.fromkeys([*used, place_of(company)]))


def expected_names(place: str, prefix: str) -> Iterator[str]:
	"""What the rows say is there, of every company that shares the place and the VAT number; in the order of the bytes."""
	last = ""
	while names := frappe.db.sql_list(
		"""select object_name from `tabArchive Object`
		where place = %s and object_name like %s and binary object_name > %s order by binary object_name limit %s""",
		(place, f"{prefix}%", last, PAGE),
	):
		yield from names
		last = names[-1]


def counting(names: Iterator[str], counted: dict[str, int]) -> Iterator[str]:
	"""The same, counted."""
	for name in names:
		counted["checked"] += 1
		yield name


def about(object_name: str, place: str) -> tuple[str, dict[str, str]]:
	"""Which document and which invoice an object belongs to."""
	row = (
		frappe.db.get_value(
			"Archive Object",
			{"object_name": object_name, "place": place},
			["document", "invoice_name", "what"],
			as_dict=True,
		)
		or frappe._dict()
	)
	return row.document or "", {"invoice": row.invoice_name or "", "what": row.what or ""}


def never_archived(company: str, start: date, end: date) -> list[Any]:
	"""Accepted documents of the period whose XML no place has."""
	return frappe.db.sql(
		"""select d.name, d.invoice_name from `tabZATCA Document` d
		where d.company = %(company)s and d.issued_at >= %(start)s and d.issued_at < %(end)s + interval 1 day
			and exists (select 1 from `tabZATCA Attempt` a where a.document = d.name and a.outcome in %(accepted)s)
			and not exists (select 1 from `tabArchive Object` o where o.document = d.name and o.what = 'Invoice XML')
		order by d.issued_at""",
		{"company": company, "start": start, "end": end, "accepted": ACCEPTED},
		as_dict=True,
	)


WORDS = {
	"missing": "It was archived and is gone.",
	"changed": "Its content is no longer what was archived.",
	"foreign": "Nobody archived it here.",
	"not archived": "ZATCA has it, and it is not in the archive yet.",
}


def sentence_of(kind: str) -> str:
	"""A problem in words."""
	return _(WORDS.get(kind, kind))
