"""The last step of a submit: a simplified document is signed, an approved standard one is finished, a skip leaves its reason.

Takes a document whose ledger entries stand in this transaction; gives its rows in the same transaction. The device is the last
lock taken. Also issues a rejected simplified document anew. Source: DESIGN.md, promises 2 and 4; FRAPPE.md sections 3, 8.1.
"""

from __future__ import annotations

import uuid as uuids
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from bayancore_erp.zatca.adapter import books, guard, journal, late, offline, signed
from bayancore_erp.zatca.adapter.chain import DeviceNotReady
from bayancore_erp.zatca.adapter.clock import on_site
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind, State
from bayancore_erp.zatca.adapter.mapper import Skip, device_for, kind_of, skip_reason
from bayancore_erp.zatca.adapter.mapper.scope import COUNTRY
from bayancore_erp.zatca.adapter.posting import CODES
from bayancore_erp.zatca.adapter.preflight import from_error, look, no_device
from bayancore_erp.zatca.adapter.records import append_row
from bayancore_erp.zatca.adapter.rehearsal import is_rehearsal
from bayancore_erp.zatca.adapter.signing import documents_of, shown, sign
from bayancore_erp.zatca.adapter.withheld import NotIssued, refuse
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.outcome import Endpoint
from bayancore_erp.zatca.core.pipeline import RIYADH, NotLawful

REPORTING_TIME = timedelta(hours=24)


def on_submit(doc: Any) -> None:
	"""End the submit of any invoice."""
	if is_rehearsal(doc):
		return
	# Asked first: whoever the buyer has become since, and whatever the settings say now, this one was signed.
	if doc.get(InvoiceField.STATE) in signed.POSTABLE:
		finish(doc)
		return
	skip = skip_reason(doc)
	if skip:
		leave_reason(doc, skip)
	elif kind_of(doc) is Kind.SIMPLIFIED:
		issue(doc)
	else:
		finish(doc)


def leave_reason(doc: Any, skip: Skip) -> None:
	"""Why there is no ZATCA document. A company that has nothing to do with ZATCA is left alone."""
	if frappe.get_cached_value("Company", doc.company, "country") != COUNTRY:
		return
	if frappe.db.get_value("ZATCA Skip", {"invoice_doctype": doc.doctype, "invoice_name": doc.name}):
		return
	append_row(
		"ZATCA Skip",
		{
			"invoice_doctype": doc.doctype,
			"invoice_name": doc.name,
			"company": doc.company,
			"reason_code": skip.code.value,
			"reason": skip.reason,
			"posting_date": doc.posting_date,
			"skipped_by": frappe.session.user,
		},
	)
	doc.db_set(InvoiceField.STATE, State.SKIPPED.value, update_modified=False)
	announce("skipped", doc.doctype, doc.name, doc.company, reason_code=skip.code.value)


def finish(doc: Any) -> None:
	"""A standard one: only what is cleared, reported after a 303, or released in an outage, and unchanged, is posted."""
	approved = guard.require_approved(doc)
	guard.require_unchanged(doc, approved)
	if approved.released:
		finish_released(doc, approved)
		return
	row = frappe.db.get_value(
		journal.SUBMISSION, approved.submission, ["endpoint", "last_error"], as_dict=True
	)
	state = State.REPORTED if row.endpoint == Endpoint.REPORTING.value else State.CLEARED
	if row.last_error:
		journal.drop_messages(approved.submission, CODES)
	journal.put(
		approved.submission,
		{
			"state": state,
			"step": "Posted",
			"live_key": None,
			"finished_at": now_datetime(),
			"next_try_at": None,
			"lease_owner": None,
			"lease_until": None,
			"last_error": "",
			"posted_digest": books.digest_of(doc),
		},
	)
	doc.db_set(InvoiceField.STATE, state.value, update_modified=False)
	announce(
		"posted",
		doc.doctype,
		doc.name,
		doc.company,
		submission=approved.submission,
		document=approved.document,
	)


def finish_released(doc: Any, approved: signed.Signed) -> None:
	"""Booked uncleared: its submission lives on until ZATCA's verdict."""
	journal.put(
		approved.submission,
		{
			"next_try_at": now_datetime(),
			"lease_owner": None,
			"lease_until": None,
			"last_error": "",
			"posted_digest": books.digest_of(doc),
		},
	)
	doc.db_set(InvoiceField.STATE, State.CLEARANCE_PENDING.value, update_modified=False)
	announce(
		"released",
		doc.doctype,
		doc.name,
		doc.company,
		submission=approved.submission,
		document=approved.document,
	)


def issue(doc: Any) -> None:
	"""A simplified one: signed now, its QR printable at once, on its way to ZATCA within 24 hours."""
	brought = offline.held(doc)
	if brought:
		# signed and handed over by the till before it came here
		report_later(doc, offline.store(doc, brought), brought.issued_at)
		return
	# the 24 hours run from the issue; for one written by hand during an outage, from now
	now = datetime.now(RIYADH).replace(microsecond=0)
	document = sign_now(doc, late.issue_moment(doc))
	report_later(doc, document, now)


def sign_now(doc: Any, issued_at: datetime, supersedes: str = "") -> Any:
	"""Judge, then sign as the last lock of the transaction. Raises NotIssued with every problem."""
	found = look(doc, issued_at, str(uuids.uuid4()))
	device = device_for(doc)
	errors = found.errors
	if not device:
		errors.insert(0, no_device(doc))
	if errors or not found.mapping or not device:
		refuse(doc, errors, found.mapping)
	try:
		return sign(doc, found.mapping.invoice, str(device), issued_at, supersedes=supersedes)
	except NotLawful as error:
		refuse(doc, journal.from_findings(error.findings), found.mapping)
	except DeviceNotReady as error:
		frappe.throw(error.diagnostics(), NotIssued, title=_("Not Signed"))
	except ZatcaError as error:
		refuse(doc, [from_error(error)], found.mapping)


def report_later(doc: Any, document: Any, issued_at: datetime, supersedes: str = "") -> None:
	"""Open the submission, show it on the invoice, and have a worker report it after the commit."""
	deadline = on_site(issued_at) + REPORTING_TIME
	submission = journal.open_submission(
		doc,
		State.TO_REPORT,
		step="Signed",
		kind=Kind.SIMPLIFIED.value,
		device=document.device,
		document=document.name,
		endpoint=Endpoint.REPORTING.value,
		content_digest=document.content_digest,
		posted_digest=books.digest_of(doc),
		deadline=deadline,
	)
	fields = {
		InvoiceField.STATE: State.TO_REPORT.value,
		InvoiceField.SUBMISSION: submission.name,
		InvoiceField.DEADLINE: deadline,
		**shown(document),
	}
	doc.db_set(fields, update_modified=False)
	announce(
		"issued",
		doc.doctype,
		doc.name,
		doc.company,
		submission=submission.name,
		document=document.name,
		supersedes=supersedes,
	)
	guard.enqueue(submission.name)


def reissue(doctype: str, name: str) -> str:
	"""A rejected simplified document, already handed over: same number, date and time; new UUID, place and QR.

	Gives the new submission. Raises NotIssued where it is not such a one, or what it says is still unlawful.
	"""
	doc = frappe.get_doc(doctype, name, for_update=True)
	rejected = (
		doc.get(InvoiceField.STATE) == State.REJECTED.value
		and doc.get(InvoiceField.KIND) == Kind.SIMPLIFIED.value
	)
	if doc.docstatus != 1 or not rejected:
		frappe.throw(_("Only a rejected simplified invoice is issued again."), NotIssued)
	last = documents_of(doctype, name)[-1]
	issued_at = last.issued_at.replace(tzinfo=RIYADH)
	document = sign_now(doc, issued_at, supersedes=last.name)
	# the buyer holds a copy whose QR no longer stands: whoever delivers hears what this one replaces
	report_later(doc, document, datetime.now(RIYADH), supersedes=last.name)
	return str(doc.get(InvoiceField.SUBMISSION))
