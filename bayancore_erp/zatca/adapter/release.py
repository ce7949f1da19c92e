"""An uncleared standard invoice let out by a manager during an outage, and what becomes of one that ZATCA rejects later.

Takes an invoice and the manager's word; gives it posted in state Clearance Pending with its signed bytes frozen, its paper
marked. What is sent afterwards are those bytes. Never builds them anew while no verdict is known.
Sources: TAX.md section 2; Detailed Guideline p. 45-49.
"""

from __future__ import annotations

from typing import Any

import frappe
from erpnext.accounts.utils import cancel_exchange_gain_loss_journal, unlink_ref_doc_from_payment_entries
from frappe import _
from frappe.utils import now_datetime

from bayancore_erp.zatca.adapter import books, guard, issuing, journal, orchestrator, outage, rehearsal
from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind, SalesInvoiceField, State
from bayancore_erp.zatca.adapter.signing import documents_of, shown
from bayancore_erp.zatca.core.outcome import Endpoint
from bayancore_erp.zatca.core.pipeline import RIYADH

INVOICE = "Sales Invoice"
_ROW = (
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
)


class NotReleased(frappe.ValidationError):
	"""The invoice cannot be released as it stands."""


def release(name: str) -> None:
	"""Sign it if need be, then post it uncleared. Commits after each step. Raises NotReleased.

	Where our own check refuses it, or the gateway answers after all, its state says so and nothing is released.
	"""
	doc = frappe.get_doc(INVOICE, name)
	if not outage.is_active(doc.company):
		frappe.throw(_("Uncleared invoices are released in outage mode only."), NotReleased)
	if doc.docstatus != 0:
		frappe.throw(_("{0} is submitted already.").format(name), NotReleased)
	if not journal.live(INVOICE, name):
		doc.flags.zatca_inline = True  # this request takes it, and no worker before it
		doc.submit()
		frappe.clear_messages()
		frappe.db.commit()
	submission = journal.live(INVOICE, name)
	if not submission or frappe.db.get_value(journal.SUBMISSION, submission, "kind") != Kind.STANDARD.value:
		frappe.throw(_("Only a standard invoice waits for clearance."), NotReleased)
	if not advance(str(submission)):
		frappe.throw(_("{0} is being sent at this moment. Try again shortly.").format(name), NotReleased)


def advance(submission: str) -> bool:
	"""Under its lease: signed, marked as released, posted. Gives whether the lease was to be had.

	Raises NotReleased for what nobody foresaw: it is kept for the watchdog, its words for whoever asked.
	"""
	lease = orchestrator.step(lambda: orchestrator.take(submission))
	if lease is None:
		return False
	failure: tuple[str, str] | None = None
	try:
		row = read(submission)
		if row.state == State.CLEARED_NOT_POSTED.value:
			orchestrator.post(lease, row)
		elif row.document or orchestrator.sign_and_store(lease, row):
			orchestrator.step(lambda: let_out(lease, row))
			orchestrator.post(lease, read(submission))
	except journal.LeaseLost:
		frappe.db.rollback()
		return False
	except Exception as error:
		failure = (frappe.get_traceback(), rehearsal.words_of(error))
	# outside of the handler, as in orchestrator.advance
	if failure:
		frappe.db.rollback()
		orchestrator.leave(lease, *failure)
		frappe.throw(failure[1], NotReleased)
	return True


def read(submission: str) -> Any:
	"""The submission's row as it is now."""
	return frappe.db.get_value(journal.SUBMISSION, submission, _ROW, as_dict=True)


def let_out(lease: journal.Lease, row: Any) -> None:
	"""Note who released it and when: from here on the guard lets it be posted, unchanged."""
	now, user = now_datetime(), frappe.session.user
	journal.write(lease, state=State.CLEARANCE_PENDING, released_at=now, released_by=user)
	journal.show(
		row.invoice_doctype,
		row.invoice_name,
		**{
			InvoiceField.STATE: State.CLEARANCE_PENDING,
			SalesInvoiceField.RELEASED_AT: now,
			SalesInvoiceField.RELEASED_BY: user,
		},
	)


# --- rejected after all -----------------------------------------------------------------------------------------------
def reissue(name: str) -> None:
	"""Sign a released and then rejected invoice again, once what it reads from master data is right: same number, date and time."""
	doc = frappe.get_doc(INVOICE, name, for_update=True)
	require_rejected(doc)
	last = documents_of(INVOICE, name)[-1]
	document = issuing.sign_now(doc, last.issued_at.replace(tzinfo=RIYADH), supersedes=last.name)
	submission = journal.open_submission(
		doc,
		State.CLEARANCE_PENDING,
		step="Signed",
		kind=Kind.STANDARD.value,
		device=document.device,
		document=document.name,
		endpoint=Endpoint.CLEARANCE.value,
		content_digest=document.content_digest,
		posted_digest=books.digest_of(doc),
		released_at=doc.get(SalesInvoiceField.RELEASED_AT),
		released_by=doc.get(SalesInvoiceField.RELEASED_BY),
	)
	fields = {
		InvoiceField.STATE: State.CLEARANCE_PENDING.value,
		InvoiceField.SUBMISSION: submission.name,
		**shown(document),
	}
	doc.db_set(fields, update_modified=False)
	guard.enqueue(submission.name)


def reverse(name: str, reason: str) -> str:
	"""Take a released and then rejected invoice out of the books and give a draft to correct. Both are kept.

	ZATCA knows no such invoice, so there is nothing a credit note could refer to. What was paid on it stays with the customer.
	"""
	if not (reason or "").strip():
		frappe.throw(_("Say why: the reason is kept as evidence."))
	doc = frappe.get_doc(INVOICE, name)
	require_rejected(doc)
	# ERPNext's own order; it leaves both out where a site has switched unlinking off, and then refuses to cancel
	cancel_exchange_gain_loss_journal(doc)
	unlink_ref_doc_from_payment_entries(doc)
	doc.cancel()
	doc.add_comment("Comment", reason)
	corrected = frappe.copy_doc(doc)
	corrected.amended_from = name
	corrected.docstatus = 0
	corrected.insert()
	return str(corrected.name)


def require_rejected(doc: Any) -> None:
	"""Raise where it is not one that was released, booked and then rejected."""
	if doc.docstatus != 1 or not guard.was_released_and_rejected(doc):
		frappe.throw(
			_("{0} was not released in an outage and rejected afterwards.").format(doc.name), NotReleased
		)
