"""What may happen to an invoice, decided from what the database says about it.

Takes a document in the middle of Frappe's save; lets it pass, defers its submit to clearance, or refuses. Decides from rows,
never from flags that could leak to another document. Never waits for the network.
Source: DESIGN.md, promises 2 and 3; FRAPPE.md sections 2 and 4.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from bayancore_erp.zatca.adapter import journal, late, outage, signed
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, SYSTEM_FIELDS, InvoiceField, Kind, State
from bayancore_erp.zatca.adapter.mapper import drop_facts, keep_facts, kind_of, skip_reason
from bayancore_erp.zatca.adapter.posting import workflow_field
from bayancore_erp.zatca.adapter.records import ImmutableRecord
from bayancore_erp.zatca.adapter.rehearsal import is_rehearsal
from bayancore_erp.zatca.adapter.signed import Signed
from bayancore_erp.zatca.adapter.signing import documents_of

# Of which a draft keeps the text.
ADDRESSES = ("customer_address", "shipping_address_name", "dispatch_address_name", "company_address")
# Written while a draft is validated, so not put back.
COMPUTED = (InvoiceField.DIFFERENCE, InvoiceField.KIND)
FROZEN = (State.CLEARING.value, State.CLEARED_NOT_POSTED.value, State.CLEARANCE_PENDING.value)
JOB = "bayancore_erp.zatca.jobs.advance"
QUEUE = "default"
WATCHDOG_QUEUE = "long"
SHOWN_CHANGES = 5
# Seconds: several calls of a gateway that lets each of them hang.
JOB_TIMEOUT = 1200


class BeingCleared(frappe.ValidationError):
	"""The invoice is on its way to ZATCA: its content stands until the verdict."""


class NothingToHandOver(frappe.ValidationError):
	"""A business at the till while ZATCA does not answer: a POS Invoice waits, and cannot be released."""


def forget_copied(doc: Any) -> None:
	"""A new document carries nothing of what the system wrote on another one: copying and amending bring it along."""
	for field in SYSTEM_FIELDS:
		doc.set(field, None)


def keep_own_fields(doc: Any) -> None:
	"""Put back what the database says of our own fields: neither a form nor an API call writes them."""
	before = doc.get_doc_before_save()
	for field in SYSTEM_FIELDS:
		if field not in COMPUTED:
			doc.set(field, before.get(field) if before else None)


def before_validate(doc: Any) -> None:
	"""Freeze while it is on its way; let an approved one be posted; defer every other submit of a standard invoice."""
	keep_own_fields(doc)
	if is_rehearsal(doc):
		return
	before = doc.get_doc_before_save()
	state = (before.get(InvoiceField.STATE) if before else "") or ""
	if doc._action == "save":
		refuse_frozen(doc, state, before)
		late.check(doc)
	elif doc._action == "submit":
		on_submission(doc, state, before)


def refuse_frozen(doc: Any, state: str, before: Any) -> None:
	"""Raise BeingCleared for a change of what ZATCA may already have."""
	held = (
		state == State.ON_HOLD.value
		and before.get(InvoiceField.DOCUMENT)
		and journal.live(doc.doctype, doc.name)
	)
	if state in FROZEN or held:
		frappe.throw(
			_("{0} is {1}: it cannot be changed until ZATCA's verdict is known and it is posted.").format(
				doc.name, _(state, context="ZATCA Submission")
			),
			BeingCleared,
			title=_("On Its Way to ZATCA"),
		)


def on_submission(doc: Any, state: str, before: Any) -> None:
	"""What becomes of a submit. What was approved is posted whatever the buyer or the settings have become since."""
	if state in signed.POSTABLE:
		approved = require_approved(doc)
		require_unchanged(doc, approved)
		signed.hold(doc, approved)
		return
	if must_be_cleared(doc, state, before):
		defer(doc, before)


def must_be_cleared(doc: Any, state: str, before: Any) -> bool:
	"""Whether it is a standard one that is not on its way yet. Raises BeingCleared for one that is."""
	if skip_reason(doc):
		return False
	late.require_outage(doc)
	refuse_frozen(doc, state, before)
	standard = kind_of(doc) is Kind.STANDARD
	if standard:
		refuse_at_the_till(doc)
	return standard


def refuse_at_the_till(doc: Any) -> None:
	"""Raise NothingToHandOver for a POS Invoice in outage mode: the goods would leave without a paper.

	One that was signed already waits like any other: its number is taken.
	"""
	if (
		doc.doctype == "POS Invoice"
		and outage.is_active(doc.company)
		and not documents_of(doc.doctype, doc.name)
	):
		frappe.throw(
			_(
				"{0} is in outage mode, so a sale to a business cannot be cleared at the till. Make a Sales Invoice with Include Payment (POS) instead: a ZATCA Manager releases it."
			).format(doc.company),
			NothingToHandOver,
			title=_("Outage Mode"),
		)


def queue_draft(doc: Any) -> str:
	"""Ask for the clearance of a draft as it is stored, without saving it once more. Gives its submission, empty where that cannot be.

	Not where a Workflow has a say, nor where what it was made of was corrected since. The rehearsal lets ERPNext validate it.
	"""
	if workflow_field(doc.doctype) or not is_current(doc):
		return ""
	keep_facts(doc)
	wanted = must_be_cleared(doc, doc.get(InvoiceField.STATE) or "", doc)
	drop_facts(doc)
	if not wanted:
		return ""
	submission = journal.open_submission(doc, State.QUEUED, kind=Kind.STANDARD.value)
	journal.show(
		doc.doctype,
		doc.name,
		**{
			InvoiceField.STATE: State.QUEUED,
			InvoiceField.SUBMISSION: submission.name,
			InvoiceField.KIND: Kind.STANDARD.value,
		},
	)
	return str(submission.name)


def is_current(doc: Any) -> bool:
	"""Whether what the draft has copied from its customer, the addresses and the items cannot have changed since it was saved."""
	copied = {"Customer": [doc.customer], "Item": [row.item_code for row in doc.items if row.item_code]}
	copied["Address"] = [doc.get(field) for field in ADDRESSES if doc.get(field)]
	saved = get_datetime(doc.modified)
	for doctype, names in copied.items():
		changed = (
			frappe.get_all(doctype, filters={"name": ("in", list(set(names)))}, pluck="modified")
			if names
			else []
		)
		if len(changed) < len(set(names)) or any(moment > saved for moment in changed):
			return False
	return True


def is_approved(doc: Any) -> bool:
	"""Whether this submit is to post what ZATCA has accepted already; said by the database, not by the caller."""
	before = doc.get_doc_before_save() if doc.get("_action") == "submit" else None
	return bool(before) and before.get(InvoiceField.STATE) in signed.POSTABLE


def require_approved(doc: Any) -> Signed:
	"""What this document is held to, or what the database says was accepted. Raises BeingCleared where nothing was."""
	approved = signed.held(doc) or signed.approved(doc.doctype, doc.name)
	if not approved:
		frappe.throw(_("{0} has not been cleared.").format(doc.name), BeingCleared)
	return approved


def require_unchanged(doc: Any, approved: Signed) -> None:
	"""Raise where the document no longer says what was signed."""
	refuse_changed(doc, signed.changes(doc, approved.said))


def refuse_changed(doc: Any, changes: list[str]) -> None:
	"""Raise where there are any: the invoice's content is what was signed."""
	if not changes:
		return
	frappe.throw(
		_(
			"{0} no longer says what was signed for ZATCA: {1}. Undo the change; corrections are made by a credit or debit note."
		).format(doc.name, ", ".join(changes[:SHOWN_CHANGES])),
		ImmutableRecord,
		title=_("Lawful Record"),
	)


def defer(doc: Any, before: Any) -> None:
	"""The submit becomes a saved draft in state Queued; clearance starts once the caller's transaction is committed."""
	doc._action = "save"
	doc.docstatus = 0
	for child in doc.get_all_children():
		child.docstatus = 0
	field = workflow_field(doc.doctype)
	target, previous = None, None
	if field:
		target, previous = doc.get(field), before.get(field) if before else None
		if target != previous:
			doc.set(field, previous)
	submission = journal.live(doc.doctype, doc.name) if before else None
	if not submission:
		submission = journal.open_submission(
			doc, State.QUEUED, kind=Kind.STANDARD.value, workflow_state=previous, workflow_target=target
		).name
	doc.set(InvoiceField.STATE, State.QUEUED.value)
	doc.set(InvoiceField.SUBMISSION, submission)
	doc.set(InvoiceField.KIND, Kind.STANDARD.value)
	if not doc.flags.get("zatca_inline"):
		enqueue(str(submission))
	frappe.msgprint(
		_("{0} is being cleared with ZATCA. It is posted once it is cleared.").format(doc.name), alert=True
	)


def enqueue(submission: str, *, queue: str = QUEUE, after_commit: bool = True) -> None:
	"""A worker takes it as soon as this transaction is committed; the watchdog would find it anyway.

	Never deduplicated: a killed worker's job would swallow the next one for minutes. The lease decides.
	"""
	frappe.enqueue(
		JOB, queue=queue, timeout=JOB_TIMEOUT, enqueue_after_commit=after_commit, submission=submission
	)


def wake(company: str) -> int:
	"""What of this company waits for a device that could not work is due at once; gives how many."""
	held = {"company": company, "state": State.ON_HOLD.value, "live_key": ("is", "set")}
	names = frappe.get_all(journal.SUBMISSION, filters=held, pluck="name")
	for name in names:
		journal.put(name, {"next_try_at": now_datetime()})
		enqueue(name)
	return len(names)


# --- what may never happen to a sent one ------------------------------------------------------------------------------
def refuse_end(doc: Any, what: str) -> None:
	"""Cancel, delete, rename: never for a number that was signed, for ZATCA may have it."""
	if not documents_of(doc.doctype, doc.name):
		if what != _("cancelled") and journal.live(doc.doctype, doc.name):
			frappe.throw(_("{0} is on its way to ZATCA.").format(doc.name), BeingCleared)
		return
	if what == _("cancelled") and was_released_and_rejected(doc):
		return
	frappe.throw(
		_("{0} was signed for ZATCA and cannot be {1}. Issue a credit note instead.").format(doc.name, what),
		ImmutableRecord,
		title=_("Lawful Record"),
	)


def was_released_and_rejected(doc: Any) -> bool:
	"""Whether it was booked uncleared in an outage and ZATCA has no invoice of it: its booking may be taken back, its rows stay."""
	# as stored: on a cancel nothing puts back what a caller wrote into the document
	submission = frappe.db.get_value(doc.doctype, doc.name, InvoiceField.SUBMISSION)
	row = frappe.db.get_value(
		journal.SUBMISSION, submission or "", ["state", "released_at", "kind"], as_dict=True
	)
	return bool(
		row
		and row.released_at
		and row.state == State.REJECTED.value
		and row.kind == Kind.STANDARD.value
		and not journal.live(doc.doctype, doc.name)
	)


def check_after_submit(doc: Any) -> None:
	"""A field that ERPNext lets people change after submission must not be one the tax invoice carries."""
	if not doc.get(InvoiceField.DOCUMENT):
		return
	before = doc.get_doc_before_save()
	if before and (before.get("is_opening") or "No") != (doc.get("is_opening") or "No"):
		frappe.throw(_("An issued invoice cannot become an opening entry."), ImmutableRecord)
	if before:
		refuse_changed(doc, signed.changes(doc, before))


def refuse_row(row: Any) -> None:
	"""Raise for a row that is saved or deleted without its invoice, where that is on its way or issued.

	Frappe asks for no more than a right on the document the row names now, so the one it is taken from counts as well.
	"""
	homes = {
		(each.get("parenttype"), each.get("parent")) for each in (row, row.get_doc_before_save()) if each
	}
	for doctype, name in homes:
		if doctype not in INVOICE_DOCTYPES or not name or not frappe.db.exists(doctype, name):
			continue
		doc = frappe.get_doc(doctype, name, for_update=True)
		refuse_frozen(doc, doc.get(InvoiceField.STATE) or "", doc)
		if doc.docstatus and doc.get(InvoiceField.DOCUMENT):
			frappe.throw(
				_("{0} was signed for ZATCA: its rows cannot be changed.").format(doc.name),
				ImmutableRecord,
				title=_("Lawful Record"),
			)
