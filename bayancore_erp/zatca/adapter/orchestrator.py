"""The one road from a submission to its end: claim, look, rehearse, sign and store, send, record, post.

Takes a submission's name; moves it as far as it goes, a commit after each step, and may be called again at any time by any
process: what is stored decides where it goes on. No transaction is open while the network is awaited, nothing is rebuilt
after it may have left. Never runs inside a document's events. Source: DESIGN.md, promises 1-6; FRAPPE.md section 2.
"""

from __future__ import annotations

import random
import time
import uuid as uuids
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, TypeVar

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from bayancore_erp.zatca.adapter import breaker, clone, journal, late, managers, outage, posting, rehearsal
from bayancore_erp.zatca.adapter.chain import DeviceNotReady
from bayancore_erp.zatca.adapter.content import digest_of
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind, State
from bayancore_erp.zatca.adapter.gateway import call
from bayancore_erp.zatca.adapter.journal import Lease, LeaseLost, Problem
from bayancore_erp.zatca.adapter.language import in_both
from bayancore_erp.zatca.adapter.mapper import Facts, device_for, preload, skip_reason
from bayancore_erp.zatca.adapter.preflight import Look, from_error, look, no_device
from bayancore_erp.zatca.adapter.signed import fix_posting_time
from bayancore_erp.zatca.adapter.signing import shown, sign
from bayancore_erp.zatca.adapter.vault import identity_of
from bayancore_erp.zatca.core import xml as parser
from bayancore_erp.zatca.core.client import Reply, decide
from bayancore_erp.zatca.core.client.retry import DOCUMENTS
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.outcome import Endpoint, NextAction, Outcome
from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS
from bayancore_erp.zatca.core.outcome.vocabulary import Kind as Answered
from bayancore_erp.zatca.core.pipeline import NotLawful

RETRIED = rehearsal.RETRIED
TRIES = 4
# A worker waits this long in place rather than leave it to the watchdog's next round.
SHORT_WAIT = 5.0
SHORT_WAITS = 4
# Signed, sent for clearance, sent for reporting where ZATCA says so, posted.
STEPS = 4
LATER = timedelta(minutes=5)
# Seconds over which those who wait for the same gateway come back.
APART = 30
NAMED_AGAIN = timedelta(minutes=3)
# What asking for the clearance has written on the draft, without touching its `modified`.
SHOWN = (InvoiceField.STATE, InvoiceField.SUBMISSION, InvoiceField.KIND)
_QR = "//*[local-name()='AdditionalDocumentReference'][*[local-name()='ID']='QR']//*[local-name()='EmbeddedDocumentBinaryObject']"
T = TypeVar("T")


def advance(submission: str, *, patience: float | None = None, draft: Any = None) -> str:
	"""Move a submission on until it ends or has to wait. Gives its state.

	`patience`: seconds a person waits for. `draft`: the invoice as just read, to be signed from if it is still the stored one.

	Commits the caller's transaction: never call it from a document's event.
	"""
	began = time.monotonic()
	failure: tuple[str, str] | None = None
	lease = step(lambda: take(submission))
	if lease is None:
		return state_of(submission)
	try:
		for _round in range(STEPS + SHORT_WAITS):
			left = None if patience is None else patience - (time.monotonic() - began)
			if not go_on(lease, left, draft):
				break
			draft = None  # read once, and changed by what was done with it
		else:
			hand_over(lease)
	except LeaseLost:
		frappe.db.rollback()
	except Exception as error:
		failure = (frappe.get_traceback(), rehearsal.words_of(error))
	# outside of the handler: were this to fail as well, what is raised must not drag the first failure's variables along
	if failure:
		frappe.db.rollback()
		leave(lease, *failure)
	return state_of(submission)


def go_on(lease: Lease, patience: float | None, draft: Any = None) -> bool:
	"""The next step by what is stored. Gives whether another one may follow at once."""
	row = frappe.db.get_value(
		journal.SUBMISSION,
		lease.submission,
		[
			"invoice_doctype",
			"invoice_name",
			"company",
			"state",
			"document",
			"kind",
			"endpoint",
			"requested_by",
			"workflow_target",
			"released_at",
		],
		as_dict=True,
	)
	if row.state == State.CLEARED_NOT_POSTED.value or is_to_be_let_out(row):
		post(lease, row)
		return False
	if not row.document:
		return sign_and_store(lease, row, draft)
	return send(lease, row, patience)


def is_to_be_let_out(row: Any) -> bool:
	"""Released in an outage that lasts, and not booked yet. Once the gateway is back, clearing comes first."""
	return bool(
		row.state == State.CLEARANCE_PENDING.value
		and frappe.db.get_value(row.invoice_doctype, row.invoice_name, "docstatus") == 0
		and outage.is_active(row.company)
	)


def state_of(submission: str) -> str:
	"""Where it stands, freshly read."""
	frappe.db.rollback()
	return str(frappe.db.get_value(journal.SUBMISSION, submission, "state") or "")


def step(work: Callable[[], T]) -> T:
	"""Run one step in a transaction of its own and commit; deadlocks and lock timeouts are tried again."""
	for attempt in range(TRIES):
		frappe.db.rollback()
		try:
			result = work()
			frappe.db.commit()
			return result
		except RETRIED:
			frappe.db.rollback()
			if attempt == TRIES - 1:
				raise
			time.sleep(random.uniform(0.02, 0.1) * 2**attempt)
	raise AssertionError("not reached")


def leave(lease: Lease, trace: str, words: str) -> None:
	"""Something nobody foresaw: keep the submission for the watchdog, and say what it was, without any variable's value."""
	frappe.log_error(title=f"ZATCA: {lease.submission}", message=trace)
	frappe.db.commit()
	try:
		step(
			lambda: journal.release(
				lease,
				last_error=words[:500],
				next_try_at=now_datetime() + timedelta(minutes=1),
			)
		)
	except LeaseLost:
		frappe.db.rollback()


# --- claim ------------------------------------------------------------------------------------------------------------
def take(submission: str) -> Lease | None:
	"""Claim the submission; from here on its draft is frozen."""
	row = frappe.db.get_value(
		journal.SUBMISSION, submission, ["invoice_doctype", "invoice_name", "document"], as_dict=True
	)
	if not row:
		return None
	# Invoice, device, submission: the order in which every path of ours takes its locks.
	lock_invoice(row.invoice_doctype, row.invoice_name)
	first = {} if row.document else {"state": State.CLEARING, "step": "Claimed"}
	lease = journal.claim(submission, **first)
	if lease and first:
		journal.show(
			row.invoice_doctype,
			row.invoice_name,
			**{InvoiceField.STATE: State.CLEARING, InvoiceField.SUBMISSION: submission},
		)
	return lease


def lock_invoice(doctype: str, name: str) -> Any:
	"""Lock the invoice's row, of which the guard asks the state."""
	rows = frappe.db.sql(
		f"select docstatus, zatca_state, zatca_document from `tab{doctype}` where name = %s for update",
		name,
		as_dict=True,
	)
	return rows[0] if rows else None


# --- look, rehearse, sign ---------------------------------------------------------------------------------------------
def sign_and_store(lease: Lease, row: Any, draft: Any = None) -> bool:
	"""Everything up to the stored bytes. Gives whether they are there."""
	doctype, name = row.invoice_doctype, row.invoice_name
	with acting_as(row.requested_by):
		frappe.db.rollback()
		doc = stored(doctype, name, draft)
		if doc is None or doc.docstatus != 0:
			# The caller's transaction that asked for it was rolled back, or the draft was deleted or booked without us.
			step(
				lambda: journal.release(lease, state=State.SKIPPED, live_key=None, finished_at=now_datetime())
			)
			return False
		issued_at = late.issue_moment(doc)
		snapshot = doc.as_json()
		fix_posting_time(doc, issued_at)
		approved = approve(lease, row, doc, issued_at)
	if not approved:
		return False
	invoice, device = approved
	journal.tell(doctype, name, State.CLEARING, "Rehearsed")
	clone.ask_archive(device)
	try:
		step(lambda: store(lease, doc, invoice, device, issued_at, snapshot))
	except NotLawful as error:
		refuse(lease, row, journal.from_findings(error.findings))
		return False
	except DeviceNotReady as error:
		wait_for_device(lease, row, error.message)
		return False
	except ZatcaError as error:
		refuse(lease, row, [from_error(error)])
		return False
	journal.tell(doctype, name, State.CLEARING, "Signed")
	return True


def store(lease: Lease, doc: Any, invoice: Any, device: str, issued_at: datetime, snapshot: str) -> None:
	"""Sign at the device's next place and store the bytes, with everything that names them."""
	supersedes = lock_invoice(doc.doctype, doc.name).zatca_document or ""
	document = sign(doc, invoice, device, issued_at, supersedes=supersedes, snapshot=snapshot)
	journal.write(
		lease,
		step="Signed",
		document=document.name,
		device=device,
		kind=document.kind,
		content_digest=document.content_digest,
		endpoint=Endpoint.CLEARANCE.value,
	)
	journal.show(
		doc.doctype,
		doc.name,
		posting_date=doc.posting_date,
		posting_time=doc.posting_time,
		set_posting_time=1,
		**shown(document),
	)


def stored(doctype: str, name: str, draft: Any) -> Any:
	"""The invoice as the database has it; `draft` where that is what was read before it was asked for. None where it is gone."""
	row = frappe.db.get_value(doctype, name, ["modified", "docstatus", *SHOWN], as_dict=True)
	if not row:
		return None
	if not draft or get_datetime(draft.modified) != row.modified:
		return frappe.get_doc(doctype, name)
	draft.update(row)
	return draft


def approve(lease: Lease, row: Any, doc: Any, issued_at: datetime) -> tuple[Invoice, str] | None:
	"""What is to be signed and by which device, once our rules and ERPNext's rehearsal have nothing against it.

	None where they have: the submission is refused then, in both languages, for a worker does not know who will read it.
	"""
	facts, uuid = preload(doc), str(uuids.uuid4())
	device = device_for(doc, facts)
	found = look(doc, issued_at, uuid, facts=facts)

	def objections() -> list[Problem]:
		return objections_to(doc, look(doc, issued_at, uuid, facts=facts), device, facts)

	problems = objections_to(doc, found, device, facts)
	if not device or not found.mapping or not found.totals or any(problem.is_error for problem in problems):
		refuse(lease, row, in_both(problems, objections))
		return None
	invoice = found.mapping.invoice
	said = rehearsal.Said(issued_at, found.totals, digest_of(doc, invoice), facts)

	def rehearsed() -> list[Problem]:
		return retried(lambda: rehearsal.ask(doc, said))

	errors = rehearsed()
	if errors:
		refuse(lease, row, [*in_both(errors, rehearsed), *in_both(problems, objections)])
		return None
	return invoice, device


def objections_to(doc: Any, found: Look, device: str | None, facts: Facts) -> list[Problem]:
	"""Everything against signing that is known before ERPNext is asked."""
	problems = list(found.problems)
	if not device:
		problems.insert(0, no_device(doc))
	if found.mapping and (found.mapping.invoice.is_simplified or skip_reason(doc, facts)):
		problems.insert(0, no_longer_cleared(doc))
	return problems


def no_longer_cleared(doc: Any) -> Problem:
	"""Between its submit and now the buyer became a consumer, or the company left the scope."""
	return Problem(
		"KIND-CHANGED",
		_(
			"{0} is no longer an invoice that ZATCA clears. Submit it again: it is then issued as what it is."
		).format(doc.name),
	)


def retried(work: Callable[[], T]) -> T:
	"""A rehearsal again after a deadlock."""
	for attempt in range(TRIES):
		try:
			return work()
		except RETRIED:
			frappe.db.rollback()
			if attempt == TRIES - 1:
				raise
			time.sleep(random.uniform(0.05, 0.2) * 2**attempt)
	raise AssertionError("not reached")


# --- send and record --------------------------------------------------------------------------------------------------
def send(lease: Lease, row: Any, patience: float | None) -> bool:
	"""One call with the stored bytes, and what follows from its answer. Gives whether to go on at once."""
	document = frappe.get_doc("ZATCA Document", row.document)
	device = frappe.db.get_value("ZATCA Device", document.device, ["on_hold", "hold_reason"], as_dict=True)
	if device.on_hold:
		wait_for_device(lease, row, device.hold_reason)
		return False
	clone.ask_archive(document.device)
	elsewhere = clone.refusal(document.device)
	if elsewhere:
		wait_for_device(lease, row, elsewhere)
		return False
	if patience is not None and patience < 1:
		hand_over(lease)
		return False
	gateway = identity_of(document.device).gateway
	endpoint = Endpoint(row.endpoint) if row.endpoint else Endpoint.CLEARANCE
	if not breaker.admits(gateway, endpoint, trial=patience is None):
		wait_for_gateway(lease, row, breaker.state(gateway, endpoint))
		return False
	reply = call(lease, document, endpoint, patience=patience)
	return step(lambda: understand(lease, row, document, reply, patience))


def understand(lease: Lease, row: Any, document: Any, reply: Reply, patience: float | None) -> bool:
	"""Write down what an answer means."""
	outcome = reply.outcome
	status = {"last_http_status": outcome.status or 0, "last_error": "", "step": "Answered"}
	if outcome.action is NextAction.SEND_TO_REPORTING:
		journal.write(lease, **{**status, "endpoint": Endpoint.REPORTING.value})
		return True
	if outcome.action is NextAction.DONE:
		return accepted(lease, row, document, outcome, status)
	if outcome.action is NextAction.CORRECT_AND_RENUMBER:
		rejected(lease, row, document, outcome, status)
		return False
	if outcome.action is NextAction.HOLD_DEVICE:
		hold_device(document.device, outcome)
		journal.set_messages(lease.submission, journal.from_outcome(outcome))
		wait(lease, row, pending(row, State.ON_HOLD), LATER, outcome.sentence.en, status)
		return False
	return again(lease, row, outcome, status, patience)


def accepted(lease: Lease, row: Any, document: Any, outcome: Outcome, status: dict[str, Any]) -> bool:
	"""ZATCA has it. A simplified one is done; a standard one is posted next."""
	warnings = journal.set_messages(lease.submission, journal.from_outcome(outcome))
	journal.tell_of(
		"accepted", lease, document, kind=row.kind, warnings=warnings, released=bool(row.released_at)
	)
	fields = {InvoiceField.CLEARED_AT: now_datetime()}
	if row.kind == Kind.SIMPLIFIED.value:
		end(lease, row, State.REPORTED, {**status, "warnings": warnings}, fields)
		return False
	if outcome.cleared_xml:
		fields[InvoiceField.QR] = qr_of(outcome.cleared_xml) or document.qr
	if row.released_at and frappe.db.get_value(row.invoice_doctype, row.invoice_name, "docstatus") == 1:
		cleared_at_last(lease, row, document, {**status, "warnings": warnings}, fields)
		return False
	journal.write(lease, **{**status, "state": State.CLEARED_NOT_POSTED, "warnings": warnings})
	journal.show(
		row.invoice_doctype, row.invoice_name, **{InvoiceField.STATE: State.CLEARED_NOT_POSTED, **fields}
	)
	return True


def cleared_at_last(
	lease: Lease, row: Any, document: Any, status: dict[str, Any], fields: dict[str, Any]
) -> None:
	"""One that was released and booked in an outage: nothing is left to post, its lawful copy goes out now."""
	reported = row.endpoint == Endpoint.REPORTING.value
	end(lease, row, State.REPORTED if reported else State.CLEARED, {**status, "step": "Posted"}, fields)
	journal.tell_of("posted", lease, document, released=True)


def qr_of(cleared: bytes) -> str:
	"""The QR of the cleared copy, which ZATCA stamps anew."""
	found = parser.parse(cleared).xpath(_QR)
	return (found[0].text or "").strip() if found else ""


def rejected(lease: Lease, row: Any, document: Any, outcome: Outcome, status: dict[str, Any]) -> None:
	"""ZATCA says no: a standard one becomes an editable draft again, a simplified one waits for its re-issue."""
	journal.set_messages(lease.submission, journal.from_outcome(outcome))
	journal.tell_of("rejected", lease, document, kind=row.kind, released=bool(row.released_at))
	fields: dict[str, Any] = {}
	if row.released_at:
		managers.remind(
			row.invoice_doctype,
			row.invoice_name,
			row.company,
			lambda: _(
				"ZATCA rejected {0}, which was released uncleared: issue it again or reverse it."
			).format(row.invoice_name),
		)
	elif row.kind == Kind.STANDARD.value:
		fields = unfix_posting_time(document)
	end(lease, row, State.REJECTED, {**status, "last_error": outcome.sentence.en}, fields)


def unfix_posting_time(document: Any) -> dict[str, Any]:
	"""Give the draft back the choice of date that signing fixed."""
	before = frappe.parse_json(document.snapshot or "{}")
	return {} if before.get("set_posting_time") else {"set_posting_time": 0}


def hold_device(name: str, outcome: Outcome) -> None:
	"""Its credentials are refused: everything of this device waits, unchanged."""
	device = frappe.get_doc("ZATCA Device", name)
	device.write_standing(on_hold=1, held_at=now_datetime(), hold_reason=outcome.sentence.en)


def again(lease: Lease, row: Any, outcome: Outcome, status: dict[str, Any], patience: float | None) -> bool:
	"""The same bytes later, as the retry policy says; a worker waits in place where it is short."""
	attempts = int(frappe.db.get_value(journal.SUBMISSION, lease.submission, "attempts") or 1)
	unexplained = refused_in_a_row(lease) if outcome.kind is Answered.UNEXPLAINED_REFUSAL else None
	pause = decide(outcome, attempts, journal.utc_now(), random.Random(), unexplained=unexplained).wait
	if pause is None:
		journal.set_messages(lease.submission, journal.from_outcome(outcome))
		wait(lease, row, pending(row, State.ON_HOLD), LATER, outcome.sentence.en, status)
		return False
	if patience is None and pause <= SHORT_WAIT:
		journal.write(lease, **{**status, "last_error": outcome.sentence.en})
		frappe.db.commit()
		time.sleep(pause)
		return True
	wait(lease, row, underway(row), timedelta(seconds=pause), outcome.sentence.en, status)
	return False


def refused_in_a_row(lease: Lease) -> int:
	"""How many of its latest answers, one after the other, refused it without a reason."""
	answers = frappe.get_all(
		"ZATCA Attempt",
		filters={"submission": lease.submission, "row_kind": "Answer"},
		pluck="outcome",
		order_by="number desc",
		limit=DOCUMENTS.max_unexplained,
	)
	return len(list(takewhile(Answered.UNEXPLAINED_REFUSAL.value.__eq__, answers)))


def pending(row: Any, state: State) -> State:
	"""What a released invoice waits as, whatever it waits for."""
	return State.CLEARANCE_PENDING if row.released_at else state


# --- ends and pauses --------------------------------------------------------------------------------------------------
def refuse(lease: Lease, row: Any, problems: list[Problem]) -> None:
	"""Our own check says no, before anything was signed: an editable draft with its messages."""

	def work() -> None:
		journal.set_messages(lease.submission, problems)
		announce(
			"refused", row.invoice_doctype, row.invoice_name, row.company or "", submission=lease.submission
		)
		end(lease, row, State.REJECTED, {"last_error": problems[0].text if problems else ""}, {})

	step(work)
	journal.tell(row.invoice_doctype, row.invoice_name, State.REJECTED)


def end(lease: Lease, row: Any, state: State, values: dict[str, Any], fields: dict[str, Any]) -> None:
	"""The submission is over; the invoice is free for another one."""
	journal.release(
		lease,
		**{**values, "state": state, "live_key": None, "finished_at": now_datetime(), "next_try_at": None},
	)
	journal.show(row.invoice_doctype, row.invoice_name, **{InvoiceField.STATE: state, **fields})
	frappe.db.after_commit.add(lambda: journal.tell(row.invoice_doctype, row.invoice_name, state))


def wait(lease: Lease, row: Any, state: State, pause: timedelta, why: str, status: dict[str, Any]) -> None:
	"""Leave it for the watchdog."""
	journal.release(
		lease, **{**status, "state": state, "last_error": why, "next_try_at": now_datetime() + pause}
	)
	journal.show(row.invoice_doctype, row.invoice_name, **{InvoiceField.STATE: state})
	frappe.db.after_commit.add(lambda: journal.tell(row.invoice_doctype, row.invoice_name, state))


def wait_for_device(lease: Lease, row: Any, why: str | None) -> None:
	"""Nothing is wrong with the invoice."""
	step(lambda: wait(lease, row, pending(row, State.ON_HOLD), LATER, why or "", {}))


def wait_for_gateway(lease: Lease, row: Any, line: breaker.Line) -> None:
	"""It has not answered anybody for a while: no call until the next trial, at which one worker finds out for all."""
	trial = line.next_trial_at or now_datetime()
	pause = max(trial - now_datetime(), timedelta(0)) + timedelta(seconds=random.uniform(1, APART))
	why = MEANINGS[Answered.UNAVAILABLE].sentence.en
	step(lambda: wait(lease, row, underway(row), pause, why, {}))


def underway(row: Any) -> State:
	"""Where a submission stands while its verdict is awaited."""
	return pending(row, State.TO_REPORT if row.kind == Kind.SIMPLIFIED.value else State.CLEARING)


def hand_over(lease: Lease) -> None:
	"""The person has waited long enough: a worker goes on."""
	step(lambda: journal.release(lease, next_try_at=now_datetime()))


# --- post -------------------------------------------------------------------------------------------------------------
def post(lease: Lease, row: Any) -> None:
	"""Submit the approved invoice as its requester. A failure is shown and tried again, never cleared twice."""
	messages = list(frappe.local.message_log)
	try:
		with acting_as(row.requested_by):
			step(lambda: posting.post(row.invoice_doctype, row.invoice_name, row.workflow_target))
	except LeaseLost:
		raise
	except Exception as error:
		frappe.db.rollback()
		if row.state == State.CLEARED_NOT_POSTED.value:
			problem = posting.explain(row.invoice_doctype, row.invoice_name, error)
		else:
			problem = Problem("ERP-POSTING", rehearsal.words_of(error), source="Our Check")

		def work() -> None:
			journal.add_message(lease.submission, problem)
			wait(lease, row, State(row.state), LATER, problem.text, {})

		step(work)
	finally:
		# what ERPNext remarks was remarked when the draft was saved; the verdict tells the rest
		frappe.local.message_log = messages


@contextmanager
def acting_as(user: str | None) -> Iterator[None]:
	"""A worker acts as the person who asked; a web request already is somebody and stays so."""
	before = frappe.session.user
	if not user or user == before or getattr(frappe.local, "request", None):
		yield
		return
	frappe.set_user(user)
	try:
		yield
	finally:
		frappe.set_user(before)


# What nobody works on and whose time has come.
_DUE = """live_key is not null and live_key != ''
	and (lease_until is null or lease_until < %(now)s)
	and (next_try_at is null or next_try_at <= %(now)s)"""


def due(limit: int = 200) -> list[str]:
	"""Live submissions that nobody works on and whose time has come."""
	rows = frappe.db.sql(
		f"select name from `tabZATCA Submission` where {_DUE} order by requested_at limit %(limit)s",
		{"now": now_datetime(), "limit": limit},
	)
	return [row[0] for row in rows]


def overdue(limit: int = 200) -> list[str]:
	"""`due`, each of them given time to be taken before it is named again: a swamped queue is not filled further."""

	def work() -> list[str]:
		names = due(limit)
		if names:
			now = now_datetime()
			frappe.db.sql(
				f"update `tabZATCA Submission` set next_try_at = %(then)s where {_DUE} and name in %(names)s",
				{"now": now, "then": now + NAMED_AGAIN, "names": names},
			)
		return names

	return step(work)
