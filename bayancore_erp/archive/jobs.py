"""What workers and the scheduler run for the archive. Every job may run twice or die anywhere: the tasks' leases decide."""

from __future__ import annotations

from datetime import timedelta

import frappe
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter import checks, clearing, delivery_status, heads, outbox, tasks, work

WORK_ON = "bayancore_erp.archive.jobs.work_on"
RECENT = timedelta(hours=2)


def follow(document: str, happening: str) -> None:
	"""Something happened to a signed document: open the work it asks for, and do it.

	`happening`: an event of zatca/adapter/events.py. `frappe.enqueue` keeps the name `event` for itself.
	"""
	outbox.follow(document, happening)
	frappe.db.commit()
	work.work_on(document)


def work_on(document: str) -> None:
	"""What is open and due for a document."""
	work.work_on(document)


def watchdog() -> int:
	"""Every minute: work that waits, documents nobody followed, mails that bounced. Gives how many documents were enqueued."""
	outbox.catch_up(now_datetime() - RECENT)
	found = tasks.due()
	for document in found:
		frappe.enqueue(WORK_ON, queue="default", document=document)
	# Last: whatever is wrong with a mail that is gone holds back no work that waits.
	delivery_status.look_at_queue()
	frappe.db.commit()
	return len(found)


def nightly() -> None:
	"""Once a day: every document ever signed is looked at, the chains' heads are noted, unfinished uploads given up, and what
	the archive still holds of destroyed documents is asked for again."""
	outbox.catch_up(None)
	frappe.db.commit()
	heads.mark_latest()
	outbox.tidy_places()
	clearing.clear()


def verify(check: str) -> None:
	"""Read a period of the archive and compare every digest."""
	checks.run(check)


def retry_company(company: str) -> int:
	"""The settings were changed: everything of the company that stands still is tried at once. Gives how many."""
	names = frappe.get_all(
		tasks.TASK,
		filters={"company": company, "work": "Archive", "state": ("in", (*tasks.OPEN, "Failed"))},
		pluck="name",
	)
	count = tasks.retry(names)
	frappe.db.commit()
	return count
