"""What the archive does when something happens to an invoice: it asks a worker, once the step is committed. Nothing else.

Takes an event of `zatca/adapter/events.py`; enqueues. What is lost with the queue is found again by the watchdog, which looks
at the submissions themselves. Never queries, never waits: it runs in the way of a submission.
"""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter.fields import Kind

JOB = "bayancore_erp.archive.jobs.follow"


def on_event(event: str, facts: Any) -> None:
	"""posted, issued, accepted, released, rejected: all have a signed document to work on."""
	document = facts.get("document")
	# A standard one that is accepted is posted in the next moment, which is told as well.
	if document and not (event == "accepted" and facts.get("kind") == Kind.STANDARD.value):
		frappe.enqueue(JOB, queue="default", enqueue_after_commit=True, document=document, happening=event)
