"""What the desk and other systems may call. Permission first, then one call of the adapter."""

from __future__ import annotations

import base64
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter import (
	advances,
	chain,
	clone,
	corrections,
	desk,
	issuing,
	offline,
	outage,
	prepayment,
	release,
)
from bayancore_erp.zatca.adapter.managers import ROLE


@frappe.whitelist(methods=["POST"])
def submit_for_clearance(doctype: str, name: str) -> dict[str, Any]:
	"""Clear a draft and post it; waits a few seconds at most. Permission: submit. Gives `verdict`."""
	doc = frappe.get_doc(desk.invoice_doctype(doctype), name)
	doc.check_permission("submit")
	return desk.submit_for_clearance(doc)


@frappe.whitelist(methods=["POST"])
def verdict(doctype: str, name: str) -> dict[str, Any]:
	"""Where an invoice stands: state, sentence, messages with their fields. Permission: read."""
	frappe.get_doc(desk.invoice_doctype(doctype), name).check_permission("read")
	return desk.verdict(doctype, name)


@frappe.whitelist(methods=["POST"])
def retry(doctype: str, name: str) -> dict[str, Any]:
	"""Go on now with one that waits: the same bytes again, or its posting. Permission: submit."""
	frappe.get_doc(desk.invoice_doctype(doctype), name).check_permission("submit")
	return desk.retry(doctype, name)


@frappe.whitelist(methods=["POST"])
def reissue(doctype: str, name: str) -> dict[str, Any]:
	"""Issue a rejected simplified invoice again. Permission: submit."""
	frappe.get_doc(desk.invoice_doctype(doctype), name).check_permission("submit")
	issuing.reissue(doctype, name)
	return desk.verdict(doctype, name)


@frappe.whitelist(methods=["POST"])
def note_offers(doctype: str, name: str) -> dict[str, Any]:
	"""Which notes an issued invoice can get, and what is left of it. Permission: read."""
	doc = frappe.get_doc(desk.invoice_doctype(doctype), name)
	doc.check_permission("read")
	return corrections.offers(doc) if frappe.has_permission(doctype, "create") else corrections.NO_OFFERS


@frappe.whitelist(methods=["POST"])
def make_note(
	doctype: str, name: str, kind: str, reason: str, event_date: str = "", remark: str = ""
) -> dict[str, Any]:
	"""An unsaved credit or debit note for an issued invoice. Permission: read it, create another."""
	frappe.get_doc(desk.invoice_doctype(doctype), name).check_permission("read")
	frappe.has_permission(doctype, "create", throw=True)
	return corrections.make_note(doctype, name, kind, reason, event_date, remark)


@frappe.whitelist(methods=["POST"])
def import_signed(device: str, xml: str, invoice: str | dict[str, Any]) -> dict[str, Any]:
	"""Take in a sale that an offline till signed itself: `xml` in base64, `invoice` as a document. Permission: create and submit it."""
	sale = dict(frappe.parse_json(invoice))
	for action in ("create", "submit"):
		frappe.has_permission(desk.invoice_doctype(str(sale.get("doctype"))), action, throw=True)
	doc = offline.take_in(device, base64.b64decode(xml, validate=True), sale)
	return desk.verdict(doc.doctype, doc.name)


@frappe.whitelist(methods=["POST"])
def prepayment_due(payment: str) -> list[dict[str, Any]]:
	"""The advances in a payment that still want their prepayment invoice. Permission: read."""
	doc = frappe.get_doc("Payment Entry", payment)
	doc.check_permission("read")
	return [{"order": part.order, "amount": float(part.amount)} for part in prepayment.due(doc)]


@frappe.whitelist(methods=["POST"])
def make_prepayment_invoice(payment: str) -> str:
	"""Draft the prepayment invoice for an advance; gives its name. Permission: read the payment, create invoices."""
	doc = frappe.get_doc("Payment Entry", payment, for_update=True)
	doc.check_permission("read")
	frappe.has_permission("Sales Invoice", "create", throw=True)
	return str(prepayment.make(doc).name)


@frappe.whitelist(methods=["POST"])
def open_advances(doc: str) -> list[dict[str, Any]]:
	"""Rows of the prepayments table for a draft as its form holds it. Permission: create such an invoice."""
	draft = frappe.get_doc(frappe.parse_json(doc))
	frappe.has_permission("Sales Invoice", "create", doc=draft, throw=True)
	return advances.proposals(draft, of_its_orders=False)


@frappe.whitelist(methods=["POST"])
def release_device(device: str) -> int:
	"""Take a device off hold; gives how many invoices go on. Permission: write on the device."""
	frappe.get_doc("ZATCA Device", device).check_permission("write")
	return desk.release_device(device)


@frappe.whitelist(methods=["POST"])
def verify_chain(device: str) -> dict[str, Any]:
	"""Recompute a device's whole chain. Permission: read on the device."""
	frappe.get_doc("ZATCA Device", device).check_permission("read")
	life = chain.verify(device)
	breaks = [{"icv": each.icv, "document": each.document, "what": each.what} for each in life.breaks]
	return {
		"ok": life.ok,
		"documents": life.documents,
		"breaks": breaks,
		"sentence": _("The chain is whole.") if life.ok else _("The chain is broken."),
	}


@frappe.whitelist()
def site_standing(device: str) -> str:
	"""Why this site may not use the device, empty where it may. Permission: read on the device."""
	frappe.get_doc("ZATCA Device", device).check_permission("read")
	return clone.refusal(device) or ""


@frappe.whitelist(methods=["POST"])
def confirm_site(device: str, icv: int | None = None, pih: str | None = None) -> None:
	"""Confirm that this site took over a production device. Permission: ZATCA Manager with write on the device."""
	frappe.only_for(ROLE)
	frappe.get_doc("ZATCA Device", device).check_permission("write")
	clone.confirm(device, icv, pih)


# --- outage mode: a ZATCA Manager's ------------------------------------------------------------------------------------
@frappe.whitelist()
def outage_state(company: str) -> dict[str, Any]:
	"""Whether outage mode is on, since when and why. Permission: read on the company's ZATCA Settings."""
	frappe.has_permission("ZATCA Settings", "read", company, throw=True)
	return outage.sees(company)


@frappe.whitelist(methods=["POST"])
def enter_outage(
	company: str, reason: str, cause: str, started_at: str | None = None, ended_at: str | None = None
) -> str:
	"""Declare an outage, or record one that is over. Permission: ZATCA Manager with write on the settings. Gives its record."""
	frappe.only_for(ROLE)
	frappe.has_permission("ZATCA Settings", "write", company, throw=True)
	return str(outage.enter(company, reason, cause=cause, started_at=started_at, ended_at=ended_at).name)


@frappe.whitelist(methods=["POST"])
def leave_outage(company: str) -> str | None:
	"""End outage mode; everything that waits is sent. Permission: ZATCA Manager with write on the settings."""
	frappe.only_for(ROLE)
	frappe.has_permission("ZATCA Settings", "write", company, throw=True)
	ended = outage.leave(company, frappe.session.user)
	return str(ended.name) if ended else None


@frappe.whitelist(methods=["POST"])
def release_uncleared(name: str) -> dict[str, Any]:
	"""Let an uncleared standard invoice out during an outage. Permission: ZATCA Manager who may submit it."""
	frappe.only_for(ROLE)
	frappe.get_doc("Sales Invoice", name).check_permission("submit")
	release.release(name)
	return desk.verdict("Sales Invoice", name)


@frappe.whitelist(methods=["POST"])
def reissue_released(name: str) -> dict[str, Any]:
	"""Issue a released and then rejected invoice again. Permission: ZATCA Manager who may submit it."""
	frappe.only_for(ROLE)
	frappe.get_doc("Sales Invoice", name).check_permission("submit")
	release.reissue(name)
	return desk.verdict("Sales Invoice", name)


@frappe.whitelist(methods=["POST"])
def reverse_released(name: str, reason: str) -> str:
	"""Take a released and then rejected invoice out of the books; gives the draft to correct. Permission: ZATCA Manager who may cancel it."""
	frappe.only_for(ROLE)
	frappe.get_doc("Sales Invoice", name).check_permission("cancel")
	return release.reverse(name, reason)
