"""What error help does when something happens to an invoice (`zatca_events` in hooks.py).

Takes an event inside the transaction of its step; writes what is to stand or fall with it and enqueues the rest. A fault of
ours is logged and costs nobody the verdict: what was written here is taken back to a savepoint, the step goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import frappe

from bayancore_erp.ai_errors.adapter import explaining, learning, telling
from bayancore_erp.ai_errors.core.catalogue import find

JOB = "bayancore_erp.ai_errors.jobs.explain"
RETRIED = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
Listener = Callable[[str, Any], None]


def harmless(work: Listener) -> Listener:
	"""Never the reason why a verdict is not recorded. Deadlocks go through: they have ended the step's transaction anyway."""

	@wraps(work)
	def listener(event: str, facts: Any) -> None:
		frappe.db.savepoint("ai_errors")
		try:
			work(event, facts)
		except RETRIED:
			raise
		except Exception:
			frappe.db.rollback(save_point="ai_errors")
			frappe.log_error(title=f"AI Errors: {event} {facts.name}")

	return listener


@harmless
def on_rejection(event: str, facts: Any) -> None:
	"""refused, rejected: tell people, remember the problems, have the unknown ones explained."""
	submission = frappe.get_doc("ZATCA Submission", facts.submission)
	invoice = frappe.get_doc(facts.doctype, facts.name)
	user, todo = telling.of_rejection(invoice, submission.requested_by, submission.messages)
	learning.raised(invoice, submission.name, submission.messages, user, todo)
	look_for_news(submission, event)


@harmless
def on_withheld(event: str, facts: Any) -> None:
	"""withheld: whoever submitted it has read why at once; only the problems are remembered, until ZATCA accepts it."""
	invoice = frappe.get_doc(facts.doctype, facts.name)
	messages = [frappe._dict(problem) for problem in facts.problems]
	learning.raised(invoice, "", messages, facts.asked_by, "")


@harmless
def on_acceptance(event: str, facts: Any) -> None:
	"""accepted: what was open is resolved and its assignment closed; remarks may be news."""
	if learning.open_rows(facts.doctype, facts.name):
		telling.done(facts.doctype, facts.name)
		learning.accepted(facts.doctype, facts.name, facts.submission)
	if facts.warnings:
		look_for_news(frappe.get_doc("ZATCA Submission", facts.submission), event)


def look_for_news(submission: Any, event: str) -> None:
	"""A worker compares the wordings and asks about what nobody knows: neither belongs into the step."""
	if event == "refused" or not any(row.source == "ZATCA" for row in submission.messages):
		return
	frappe.enqueue(JOB, queue="short", timeout=120, enqueue_after_commit=True, submission=submission.name)


def unknown(submission: Any) -> list[Any]:
	"""The messages of a submission that the dictionary does not know."""
	return [row for row in submission.messages if row.source == "ZATCA" and find(row.code) is None]


def explain(submission: str) -> int:
	"""The worker's part: news to the managers, explanations for what is unknown. Gives how many explanations are shown."""
	row = frappe.get_doc("ZATCA Submission", submission)
	document = frappe.get_doc("ZATCA Document", row.document) if row.document else None
	invoice = frappe.get_doc(row.invoice_doctype, row.invoice_name)
	strings = explaining.strings_around(invoice, document.xml if document else None)
	news = learning.notice(row.messages, strings)
	if news:
		telling.of_news(news)
	frappe.db.commit()
	explained = 0
	for message in unknown(row):
		problem = explaining.problem_of(row, message, document)
		explaining.ask(problem, strings)
		frappe.db.commit()
		# what the reader is shown is what their word, and the fix that follows, is about
		shown = explaining.best(problem, strings)
		if not shown:
			continue
		explained += 1
		frappe.db.set_value(
			learning.RESOLUTION,
			{"submission": submission, "code": message.code[:140], "state": "Open"},
			{"explained_by": "Language Model", "explanation": shown.name},
		)
		frappe.db.commit()
	frappe.publish_realtime(
		"zatca_explained",
		{"doctype": row.invoice_doctype, "name": row.invoice_name},
		doctype=row.invoice_doctype,
		docname=row.invoice_name,
	)
	return explained
