"""What the invoice's form asks for: clear now, where does it stand, go on.

Takes an invoice; gives a verdict as plain values. The caller has checked permission. Never waits longer than the company's
setting: a worker goes on then. Source: DESIGN.md, promises 3 and 6.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.contacts.doctype.address.address import get_default_address, render_address
from frappe.utils import cint

from bayancore_erp.zatca.adapter import guard, inline, journal, orchestrator
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField, Kind, SalesInvoiceField, State
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.managers import ROLE
from bayancore_erp.zatca.adapter.mapper import kind_of, locate, preload, skip_reason
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS

WAIT = 5

SENTENCES = {
	State.QUEUED: "It waits for its turn and is cleared in a moment.",
	State.CLEARING: "It is being cleared with ZATCA. Nothing needs to be done.",
	State.CLEARED_NOT_POSTED: "ZATCA has approved it, but it could not be posted yet. Nothing is sent again.",
	State.CLEARANCE_PENDING: "It was released uncleared during an outage and is booked. It is cleared as soon as ZATCA answers again.",
	State.CLEARED: "ZATCA has cleared it and it is posted.",
	State.TO_REPORT: "It is issued and will be reported to ZATCA within 24 hours.",
	State.REPORTED: "It has been reported to ZATCA.",
	State.REJECTED: "It was not accepted. Correct what is listed below and submit it again.",
	State.ON_HOLD: "It waits unchanged; nothing is wrong with the invoice.",
	State.SKIPPED: "It needs no ZATCA document.",
}


def invoice_doctype(doctype: str) -> str:
	"""The same name. Raises for a doctype that carries no tax invoice."""
	if doctype not in INVOICE_DOCTYPES:
		frappe.throw(_("{0} carries no tax invoice.").format(doctype))
	return doctype


def submit_for_clearance(doc: Any) -> dict[str, Any]:
	"""Ask for the submit, as every path does, and go on with it here as long as a person waits."""
	doctype, name = doc.doctype, doc.name
	with inline.place() as admitted:
		queued = ""
		if doc.docstatus == 0 and not journal.live(doctype, name):
			rejected = doc.get(InvoiceField.STATE) == State.REJECTED.value
			queued = guard.queue_draft(doc) if admitted and not rejected else ""
			if not queued:
				# No job where this very request goes on: a worker could be faster and leave the person without the answer.
				doc.flags.zatca_inline = admitted
				if rejected:
					refresh_copied(doc)
				doc.submit()
				frappe.clear_messages()
		frappe.db.commit()
		submission = queued or journal.live(doctype, name)
		if queued or (
			submission
			and admitted
			and frappe.db.get_value(journal.SUBMISSION, submission, "kind") == Kind.STANDARD.value
		):
			move(submission, doc.company, doc if queued else None)
	return verdict(doctype, name)


# What a draft copies from an address -> the text it shows of it.
DISPLAYS = {
	"customer_address": "address_display",
	"shipping_address_name": "shipping_address",
	"company_address": "company_address_display",
}


def refresh_copied(doc: Any) -> None:
	"""What a draft has copied from its customer, company and addresses, as these are now: a correction there counts here."""
	customer = frappe.db.get_value(
		"Customer", doc.customer, ["customer_name", "tax_id", "customer_primary_address"], as_dict=True
	)
	if customer:
		doc.customer_name = customer.customer_name
		doc.tax_id = customer.tax_id
		if not doc.get("customer_address"):
			doc.customer_address = customer.customer_primary_address or get_default_address(
				"Customer", doc.customer
			)
	if doc.meta.has_field("company_tax_id"):
		doc.company_tax_id = frappe.db.get_value("Company", doc.company, "tax_id")
	for address, display in DISPLAYS.items():
		if doc.get(address) and frappe.db.exists("Address", doc.get(address)):
			doc.set(display, render_address(doc.get(address), check_permissions=False))


def move(submission: str, company: str, draft: Any = None) -> None:
	"""As far as it goes while somebody waits; the rest is a worker's. `draft`: the invoice as just read, if it was."""
	patience = cint(settings_of(company).get("web_wait_seconds")) or WAIT
	orchestrator.advance(submission, patience=patience, draft=draft)
	if frappe.db.get_value(journal.SUBMISSION, submission, "live_key"):
		guard.enqueue(submission, after_commit=False)


def retry(doctype: str, name: str) -> dict[str, Any]:
	"""Now rather than at the next round."""
	submission = journal.live(doctype, name)
	if submission:
		with inline.place() as admitted:
			if admitted:
				move(submission, str(frappe.db.get_value(doctype, name, "company")))
			else:
				guard.enqueue(submission)
	return verdict(doctype, name)


def release_device(device: str) -> int:
	"""Off hold; its invoices are due at once."""
	frappe.get_doc("ZATCA Device", device).write_standing(on_hold=0, held_at=None, hold_reason="")
	return guard.wake(str(frappe.db.get_value("ZATCA Device", device, "company")))


def sentence_of(doc: Any, state: State) -> str:
	"""What the state means for this invoice; a rejected one that is booked already has another way out."""
	if state is State.REJECTED and doc.docstatus == 1 and doc.get(SalesInvoiceField.RELEASED_AT):
		if ROLE in frappe.get_roles():
			return _(
				"It was released uncleared and ZATCA rejected it. Issue it again, or reverse it and correct it."
			)
		return _(
			"It was released uncleared and ZATCA rejected it. A ZATCA Manager issues it again, or reverses and corrects it."
		)
	return _(SENTENCES[state]) if state in SENTENCES else ""


def clears_first(doc: Any) -> bool:
	"""Whether a submit of this draft goes to ZATCA before anything is posted."""
	try:
		facts = preload(doc)
		return skip_reason(doc, facts) is None and kind_of(doc, facts) is Kind.STANDARD
	except (ZatcaError, ValueError):
		return False  # what cannot be said yet is told by readiness, not by the name of a button


def verdict(doctype: str, name: str) -> dict[str, Any]:
	"""State, sentence and messages of the latest submission, each with the form field it is about."""
	doc = frappe.db.get_value(doctype, name, "*", as_dict=True)
	state = State(doc.get(InvoiceField.STATE) or "")
	answer: dict[str, Any] = {
		"doctype": doctype,
		"name": name,
		"docstatus": int(doc.docstatus),
		"state": state.value,
		"state_label": _(state.value, context="ZATCA Submission") if state.value else "",
		"sentence": sentence_of(doc, state),
		"kind": doc.get(InvoiceField.KIND) or "",
		"clears_first": doc.docstatus == 0 and clears_first(frappe.get_doc(doctype, name)),
		"deadline": str(doc.get(InvoiceField.DEADLINE) or ""),
		"cleared_at": str(doc.get(InvoiceField.CLEARED_AT) or ""),
		"icv": doc.get(InvoiceField.ICV) or 0,
		"environment": doc.get(InvoiceField.ENVIRONMENT) or "",
		"messages": [],
	}
	if not doc.get(InvoiceField.SUBMISSION):
		return answer
	try:
		row = frappe.get_doc(journal.SUBMISSION, doc.get(InvoiceField.SUBMISSION))
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		return answer
	answer.update(
		step=row.step or "",
		attempts=row.attempts,
		last_error=in_their_language(row.last_error or ""),
		next_try_at=str(row.next_try_at or ""),
		is_live=bool(row.live_key),
	)
	arabic = is_arabic()
	if row.messages:
		doc = frappe.get_doc(doctype, name)
	for message in row.messages:
		place = locate(doc, message.field) if message.field else None
		answer["messages"].append(
			{
				"severity": message.severity,
				"code": message.code,
				"text": (message.text_ar if arabic and message.text_ar else message.text) or "",
				"original": message.at if message.source == "ZATCA" else "",
				"source": message.source,
				"place": place._asdict() if place else None,
			}
		)
	return answer


def in_their_language(sentence: str) -> str:
	"""What a submission waits for, for who reads it: the meanings of answers are written down in English."""
	if not is_arabic():
		return sentence
	return next((one.sentence.ar for one in MEANINGS.values() if one.sentence.en == sentence), sentence)
