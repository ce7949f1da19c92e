"""The one writer of submissions: claims, states, evidence and what the invoice's form shows of them.

Takes an invoice or a lease on its submission; gives rows. Every change after a claim carries the lease's fencing token: who
lost the lease (a process that was thought dead) can no longer write. Attempts are insert-only. Never commits: the
orchestrator does, after each step. Source: DESIGN.md, promises 2, 3 and 6; FRAPPE.md sections 2 and 7.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import frappe
from frappe.utils import now_datetime

from bayancore_erp.zatca.adapter.clock import in_riyadh
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import InvoiceField, State
from bayancore_erp.zatca.adapter.records import append_row, live_key, pack_body
from bayancore_erp.zatca.core.client import Exchange, Reply
from bayancore_erp.zatca.core.outcome import Outcome
from bayancore_erp.zatca.core.rules import Finding, Severity, sentences

LEASE = timedelta(seconds=240)
"""Longer than any one step takes; a crashed holder blocks its invoice no longer than this."""
SUBMISSION = "ZATCA Submission"
INVOICE_STATE = (InvoiceField.STATE, InvoiceField.SUBMISSION)


class LeaseLost(Exception):
	"""Another process has taken this submission over: stop and write nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
	"""The right to move one submission on."""

	submission: str
	owner: str
	token: int


@dataclass(frozen=True, slots=True)
class Problem:
	"""One message of a verdict."""

	code: str
	text: str
	text_ar: str = ""
	severity: str = "Error"
	field: str = ""
	at: str = ""
	source: str = "Our Check"
	category: str = ""

	@property
	def is_error(self) -> bool:
		"""Whether it forbids signing."""
		return self.severity == "Error"


# --- opening and claiming ---------------------------------------------------------------------------------------------
def live(doctype: str, name: str) -> str | None:
	"""The submission that lives for this invoice, as this transaction sees it."""
	return frappe.db.get_value(SUBMISSION, {"live_key": live_key(doctype, name)})


def open_submission(doc: Any, state: State, **values: Any) -> Any:
	"""Insert a live submission for an invoice. Raises frappe.UniqueValidationError where one lives already."""
	row = frappe.get_doc(
		{
			"doctype": SUBMISSION,
			"invoice_doctype": doc.doctype,
			"invoice_name": doc.name,
			"company": doc.company,
			"live_key": live_key(doc.doctype, doc.name),
			"state": state.value,
			"requested_by": frappe.session.user,
			"requested_at": now_datetime(),
			"previous": doc.get(InvoiceField.SUBMISSION),
			**values,
		}
	)
	row.flags.by_the_writer = True
	row.flags.ignore_permissions = True
	row.flags.ignore_links = True
	row.flags.ignore_validate = True
	return row.insert()


def claim(submission: str, **values: Any) -> Lease | None:
	"""Take the lease where it is free; None where another holds it or the submission is finished. Locks the row.

	`values` are written with it.
	"""
	rows = frappe.db.sql(
		"select live_key, lease_owner, lease_until, fencing_token from `tabZATCA Submission` where name = %s for update",
		submission,
		as_dict=True,
	)
	if not rows or not rows[0].live_key:
		return None
	row, now = rows[0], now_datetime()
	if row.lease_until and row.lease_until > now:
		return None
	lease = Lease(submission, f"{socket.gethostname()}:{os.getpid()}", int(row.fencing_token or 0) + 1)
	put(
		submission,
		{"lease_owner": lease.owner, "lease_until": now + LEASE, "fencing_token": lease.token, **values},
	)
	return lease


def hold(lease: Lease) -> Any:
	"""Lock the submission's row and make sure the lease is still ours; gives the row. Raises LeaseLost."""
	rows = frappe.db.sql(
		"select * from `tabZATCA Submission` where name = %s for update", lease.submission, as_dict=True
	)
	if not rows or int(rows[0].fencing_token or 0) != lease.token:
		raise LeaseLost(lease.submission)
	return rows[0]


def write(lease: Lease, **values: Any) -> None:
	"""Change a submission under its lease, which is prolonged. Raises LeaseLost."""
	hold(lease)
	put(lease.submission, {"lease_until": now_datetime() + LEASE, **values})


def release(lease: Lease, **values: Any) -> None:
	"""Change a submission and give the lease back. Raises LeaseLost."""
	hold(lease)
	put(lease.submission, {"lease_owner": None, "lease_until": None, **values})


def put(submission: str, values: dict[str, Any]) -> None:
	"""The raw write."""
	plain = {key: value.value if isinstance(value, State) else value for key, value in values.items()}
	frappe.db.set_value(SUBMISSION, submission, plain)


# --- what the invoice shows -------------------------------------------------------------------------------------------
def show(doctype: str, name: str, **values: Any) -> None:
	"""Write our own fields of an invoice; its `modified` stays, so that an open form is not stale."""
	plain = {key: value.value if isinstance(value, State) else value for key, value in values.items()}
	frappe.db.set_value(doctype, name, plain, update_modified=False)


def tell(doctype: str, name: str, state: State, step: str = "") -> None:
	"""Tell whoever looks at the invoice how far it is; at once, for the step is committed."""
	frappe.publish_realtime(
		"zatca_progress",
		{"doctype": doctype, "name": name, "state": state.value, "step": step},
		doctype=doctype,
		docname=name,
	)


# --- evidence ---------------------------------------------------------------------------------------------------------
def add_request(lease: Lease, document: Any, endpoint: str, payload_sha256: str, size: int) -> Any:
	"""Note that these bytes are about to leave: committed before they do."""
	row = hold(lease)
	number = int(row.attempts or 0) + 1
	request = append_row(
		"ZATCA Attempt",
		{
			**of(lease, row, document),
			"row_kind": "Request",
			"number": number,
			"endpoint": endpoint,
			"started_at": now_datetime(),
			"body_sha256": payload_sha256,
			"body_size": size,
		},
	)
	put(
		lease.submission,
		{"attempts": number, "step": "Sent", "endpoint": endpoint, "lease_until": now_datetime() + LEASE},
	)
	tell_of("sent", lease, document, endpoint=endpoint, number=number, payload_sha256=payload_sha256)
	return request


def add_answer(lease: Lease, document: Any, request: Any, reply: Reply) -> None:
	"""Keep what came back, raw, whatever it means. Kept even where the lease was lost: it is evidence."""
	exchange, outcome = reply.exchange, reply.outcome
	append_row(
		"ZATCA Attempt",
		{
			**of(lease, None, document),
			"row_kind": "Answer",
			"request": request.name,
			"number": request.number,
			"endpoint": exchange.endpoint.value,
			"method": exchange.method,
			"url": exchange.url,
			"http_status": exchange.status or 0,
			"outcome": outcome.kind.value,
			"started_at": in_riyadh(exchange.started_at),
			"duration_ms": exchange.elapsed_ms,
			"headers": headers_of(exchange),
			"error": exchange.error,
			**(pack_body(exchange.answer) if exchange.answer is not None else {}),
		},
	)
	tell_of(
		"answered",
		lease,
		document,
		endpoint=exchange.endpoint.value,
		number=request.number,
		http_status=exchange.status or 0,
		outcome=outcome.kind.value,
	)


def tell_of(event: str, lease: Lease, document: Any, **facts: Any) -> None:
	"""Announce what happened to a signed document."""
	announce(
		event,
		document.invoice_doctype,
		document.invoice_name,
		document.company,
		submission=lease.submission,
		document=document.name,
		**facts,
	)


def of(lease: Lease, row: Any, document: Any) -> dict[str, Any]:
	"""What every attempt row names."""
	return {
		"document": document.name,
		"submission": lease.submission,
		"invoice_doctype": document.invoice_doctype,
		"invoice_name": document.invoice_name,
		"company": document.company,
		"device": document.device,
		"environment": document.environment,
		"fencing_token": lease.token,
	}


def headers_of(exchange: Exchange) -> str:
	"""Both sides' headers, without secrets, as JSON."""
	return json.dumps(
		{"request": list(exchange.request_headers), "answer": list(exchange.answer_headers)},
		ensure_ascii=False,
	)


def utc_now() -> datetime:
	"""The time with its zone."""
	return datetime.now(timezone.utc)


# --- messages ---------------------------------------------------------------------------------------------------------
def set_messages(submission: str, problems: Iterable[Problem]) -> int:
	"""Replace the messages of a submission. Gives how many are warnings."""
	rows = list(problems)
	frappe.db.delete("ZATCA Message", {"parent": submission, "parenttype": SUBMISSION})
	for index, problem in enumerate(rows, start=1):
		write_message(submission, index, problem)
	return sum(problem.severity == "Warning" for problem in rows)


def add_message(submission: str, problem: Problem) -> None:
	"""Beside what is there: the latest message of its code, once."""
	drop_messages(submission, [problem.code[:140]])
	count = frappe.db.count("ZATCA Message", {"parent": submission, "parenttype": SUBMISSION})
	write_message(submission, count + 1, problem)


def drop_messages(submission: str, codes: Sequence[str]) -> None:
	"""What no longer holds."""
	frappe.db.delete("ZATCA Message", {"parent": submission, "parenttype": SUBMISSION, "code": ("in", codes)})


def write_message(submission: str, index: int, problem: Problem) -> None:
	"""One row."""
	frappe.get_doc(
		{
			"doctype": "ZATCA Message",
			"parent": submission,
			"parenttype": SUBMISSION,
			"parentfield": "messages",
			"idx": index,
			"severity": problem.severity,
			"code": problem.code[:140],
			"text": problem.text,
			"text_ar": problem.text_ar,
			"field": problem.field[:140],
			"at": problem.at,
			"source": problem.source,
			"category": problem.category[:140],
		}
	).db_insert()


def from_findings(findings: Sequence[Finding]) -> list[Problem]:
	"""Our own rules' findings as messages."""
	return [
		Problem(
			finding.code,
			finding.en,
			finding.ar,
			"Error" if finding.severity is Severity.ERROR else "Warning",
			finding.field,
			finding.at,
		)
		for finding in findings
	]


def from_outcome(outcome: Outcome) -> list[Problem]:
	"""ZATCA's messages, each with our own sentence where the code is known; its own words stay beside it."""
	kinds = {"ERROR": "Error", "WARNING": "Warning"}
	found = [
		Problem(
			message.code,
			sentences.sentence(message.code, "en") if sentences.known(message.code) else message.text,
			sentences.sentence(message.code, "ar") if sentences.known(message.code) else "",
			kinds.get(message.type, "Information"),
			at=message.text,
			source="ZATCA",
			category=message.category,
		)
		for message in outcome.messages
		if message.type != "INFO"
	]
	if not found and not outcome.document_counts_as_sent:
		found.append(Problem(outcome.kind.value, outcome.sentence.en, outcome.sentence.ar, source="ZATCA"))
	return found
