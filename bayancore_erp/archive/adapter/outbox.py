"""From what happened to a document to the work it asks for; and the documents whose event was lost.

Takes a signed document and an event; opens tasks. The submissions are the outbox: one that ended without its tasks, whatever
became of the queue, is found here and followed. Mail goes out only for what ended in the last days: a site that takes the
app into use, or comes back from a restore, writes to nobody about last year.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import frappe
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter.fields import Occasion
from bayancore_erp.archive.adapter.lawful import ACCEPTED, answers_of
from bayancore_erp.archive.adapter.mailing import earlier_recipients
from bayancore_erp.archive.adapter.places import OCI, store_of
from bayancore_erp.archive.adapter.preferences import SETTINGS
from bayancore_erp.archive.adapter.tasks import Work, open_task
from bayancore_erp.archive.core.oci_store import OciObjectStorage
from bayancore_erp.zatca.adapter.fields import Kind, State
from bayancore_erp.zatca.core.errors import ZatcaError

MAILED_WITHIN = timedelta(days=3)
PAGE = 500


def follow(document: str, event: str, *, mail: bool = True) -> None:
	"""Open what `event` asks for. Opening twice changes nothing."""
	row = frappe.db.get_value(
		"ZATCA Document",
		document,
		["name", "invoice_doctype", "invoice_name", "company", "kind", "supersedes", "environment"],
		as_dict=True,
	)
	if not row:
		return
	if event == "released":
		open_task(row, Work.MAIL, Occasion.NOT_YET_CLEARED.value)
	elif event == "rejected":
		open_task(row, Work.ARCHIVE)
	elif row.kind == Kind.SIMPLIFIED.value:
		follow_simplified(row, event, mail)
	elif is_booked(row) and answers_of(row.name, ACCEPTED):
		open_task(row, Work.DOCUMENT)
		open_task(row, Work.ARCHIVE)
		if mail:
			open_task(row, Work.MAIL, Occasion.FINAL.value)


def follow_simplified(row: Any, event: str, mail: bool) -> None:
	"""Handed over and mailed once it is issued; archived as reported."""
	open_task(row, Work.DOCUMENT)
	if mail and not frappe.db.exists("Archive Task", {"document": row.name, "work": Work.MAIL.value}):
		open_task(row, Work.MAIL, occasion_of(row).value)
	if event == "accepted":
		open_task(row, Work.ARCHIVE)


def occasion_of(row: Any) -> Occasion:
	"""A document that takes the place of one somebody was given is a replacement."""
	invoice = frappe.get_doc(row.invoice_doctype, row.invoice_name)
	return (
		Occasion.REPLACEMENT if row.supersedes and earlier_recipients(invoice, row.name) else Occasion.FINAL
	)


def is_booked(row: Any) -> bool:
	"""Whether the invoice stands in the ledger."""
	return frappe.db.get_value(row.invoice_doctype, row.invoice_name, "docstatus") == 1


def catch_up(since: datetime | None) -> int:
	"""Follow every submission that ended (since then) and whose document has no archive task, and what was released of late and
	never mailed; gives how many."""
	recent = now_datetime() - MAILED_WITHIN
	count, last = follow_released(recent), ""
	while rows := frappe.db.sql(
		"""select s.name, s.document, s.state, s.finished_at from `tabZATCA Submission` s
		left join `tabArchive Task` t on t.task_key = concat(s.document, ':Archive:')
		where s.state in %(states)s and s.document is not null and s.document != '' and t.name is null
			and s.name > %(last)s and (%(since)s is null or s.finished_at >= %(since)s)
		order by s.name limit %(page)s""",
		{
			"states": (State.CLEARED.value, State.REPORTED.value, State.REJECTED.value),
			"last": last,
			"since": since,
			"page": PAGE,
		},
		as_dict=True,
	):
		for row in rows:
			event = "rejected" if row.state == State.REJECTED.value else "accepted"
			follow(row.document, event, mail=bool(row.finished_at and row.finished_at >= recent))
		frappe.db.commit()
		count += len(rows)
		last = rows[-1].name
	return count


def follow_released(since: datetime) -> int:
	"""Follow every invoice that was booked uncleared since then and of which no marked copy was asked for; gives how many.

	One that is issued again under its release is not told of anew.
	"""
	documents = frappe.db.sql_list(
		"""select s.document from `tabZATCA Submission` s
		inner join `tabSales Invoice` i on i.name = s.invoice_name and i.docstatus = 1
		where s.state = %(pending)s and s.released_at >= %(since)s and s.invoice_doctype = 'Sales Invoice'
			and not exists (select 1 from `tabArchive Task` t where t.invoice_name = s.invoice_name
				and t.invoice_doctype = s.invoice_doctype and t.occasion = %(occasion)s)""",
		{
			"pending": State.CLEARANCE_PENDING.value,
			"since": since,
			"occasion": Occasion.NOT_YET_CLEARED.value,
		},
	)
	for document in documents:
		follow(document, "released")
	frappe.db.commit()
	return len(documents)


def tidy_places() -> None:
	"""Give up uploads in parts that a crash left unfinished a day ago: they cost money and are no objects."""
	for company in frappe.get_all(SETTINGS, filters={"backend": OCI}, pluck="name"):
		try:
			store = store_of(company)
			if isinstance(store, OciObjectStorage):
				store.abandon_unfinished(datetime.now(timezone.utc) - timedelta(days=1))
		except ZatcaError as error:
			frappe.log_error(title=f"Archive: {company}", message=error.diagnostics())
			frappe.db.commit()
