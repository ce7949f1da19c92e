"""What the archive does when something happens to an invoice: it asks a worker, once the step is committed. Nothing else.

Takes an event of `zatca/adapter/events.py`; enqueues. What is lost with the queue is found again by the watchdog, which looks
at the submissions themselves. Never queries, never waits: it runs in the way of a submission.
"""

from __future__ import annotations

import shutil
from typing import Any

import frappe

from bayancore_erp.archive.adapter.places import training_folder
from bayancore_erp.archive.adapter.trail import Action, record
from bayancore_erp.zatca.adapter.fields import Kind

JOB = "bayancore_erp.archive.jobs.follow"


def on_event(event: str, facts: Any) -> None:
	"""posted, issued, accepted, released, rejected: all have a signed document to work on."""
	document = facts.get("document")
	# A standard one that is accepted is posted in the next moment, which is told as well.
	if document and not (event == "accepted" and facts.get("kind") == Kind.STANDARD.value):
		frappe.enqueue(JOB, queue="default", enqueue_after_commit=True, document=document, happening=event)


def on_training_removed(company: str, rows: int) -> None:
	"""A training company is gone: its trail says so, and what was archived while practising goes with it."""
	record(Action.TRAINING_REMOVED, "Company", company, company, facts={"rows": rows})
	folder = frappe.get_site_path(training_folder(company))
	frappe.db.after_commit.add(lambda: shutil.rmtree(folder, ignore_errors=True))
