"""The note that corrects an issued invoice, prefilled: original, kind, rates, supply date, reason, and only what is left.

Takes an issued invoice and why it is corrected; gives an unsaved credit or debit note for a person to look at. Never saves,
never submits, never makes up a reason. Notes that ERPNext makes by itself (from a delivery note) get the reason the company
chose for them. Sources: VAT Implementing Regulations art. 40(1), 54; Detailed Guideline p. 62-63; TAX.md section 2 (notes).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from erpnext.controllers.sales_and_purchase_return import make_return_doc
from frappe import _
from frappe.utils import cint, getdate, nowdate

from bayancore_erp.zatca.adapter import remaining
from bayancore_erp.zatca.adapter.deduction import deduct_advances, deducting_rows
from bayancore_erp.zatca.adapter.fields import (
	NOTE_REASON_OF,
	InvoiceField,
	Kind,
	SalesInvoiceField,
	State,
	TaxRowField,
	Treatment,
)
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.mapping import amount_of
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.core.money import round2
from bayancore_erp.zatca.core.rules.law.notes import month_end_plus_15

CREDIT, DEBIT = "Credit Note", "Debit Note"
# Only a return brings goods back; the rest changes what is owed for them.
WITHOUT_GOODS = ("Change of Value", "Change of Details")


class NothingToCorrect(frappe.ValidationError):
	"""The invoice was not issued, or nothing is left of it."""


def make_note(
	doctype: str,
	name: str,
	kind: str = CREDIT,
	reason: str = "",
	event_date: str | date | None = None,
	remark: str = "",
) -> dict[str, Any]:
	"""The unsaved note, and a sentence where it comes late: {"note": document, "late": sentence or ""}.

	Raises NothingToCorrect. The caller has checked permission.
	"""
	original = frappe.get_doc(doctype, name)
	refuse_uncorrectable(original, kind, reason)
	note = credit_note(original, reason) if kind == CREDIT else debit_note(original)
	event = getdate(event_date) if event_date else getdate(nowdate())
	note.update(
		{
			InvoiceField.REASON_CODE: reason,
			InvoiceField.REASON: remark,
			InvoiceField.EVENT_DATE: event,
			"set_posting_time": 0,
			"posting_date": nowdate(),
			# what is raised is owed like any invoice, what is credited is not
			"due_date": nowdate() if kind == DEBIT else None,
		}
	)
	return {"note": note, "late": lateness(event, getdate(nowdate()))}


def refuse_uncorrectable(original: Any, kind: str, reason: str) -> None:
	"""Raise NothingToCorrect for what no note can be made for."""
	if kind not in (CREDIT, DEBIT) or reason not in NOTE_REASON_OF:
		frappe.throw(_("Choose what the note is for: one of the law's five reasons."), NothingToCorrect)
	if original.docstatus != 1 or original.get("is_return") or cint(original.get("is_debit_note")):
		frappe.throw(_("Only an issued invoice is corrected by a note."), NothingToCorrect)
	if cint(original.get("is_consolidated")):
		frappe.throw(
			_("{0} only adds up POS invoices: correct the POS invoice itself.").format(original.name),
			NothingToCorrect,
		)
	if kind == DEBIT and not original.meta.has_field("is_debit_note"):
		frappe.throw(_("A sale at the till is raised by a new sale, not by a debit note."), NothingToCorrect)


def lateness(event: date, today: date) -> str:
	"""What to tell about a note issued later than 15 days after the month of its event; empty where it is in time."""
	last = month_end_plus_15(event)
	if today <= last:
		return ""
	return _(
		"This note should have been issued by {0}, the 15th of the month after what it is for. It is owed all the same: issue it now and keep the reason for the delay."
	).format(frappe.utils.format_date(last))


def credit_note(original: Any, reason: str) -> Any:
	"""ERPNext's own return, cut down to what is left."""
	left = remaining.rows_of(original.doctype, original.name)
	note = make_return_doc(original.doctype, original.name)
	link = remaining.row_field(original.doctype)
	for row in note.items:
		# ERPNext knows nothing of what a note made from a returned delivery took
		row.qty = -float(min(-exact(row.qty), left[row.get(link)].quantity_left))
	rows = [row for row in note.items if row.qty and left[row.get(link)].left > NIL]
	if not rows:
		frappe.throw(
			_("Nothing is left of {0}: it is credited in full.").format(original.name), NothingToCorrect
		)
	untouched = not any(row.notes for row in left.values())
	note.set("items", rows)
	for index, row in enumerate(rows, start=1):
		row.idx = index
	if not untouched:
		credit_charges_left(note, original)
		if original.get("discount_amount") and not original.get("additional_discount_percentage"):
			as_percentage(note, original)
	# what is credited is all of it: neither the advances the original deducted nor the payments that settled it are the note's
	deduct_advances(note)
	if note.meta.has_field("advances"):
		note.set("advances", [])
	if reason in WITHOUT_GOODS:
		note.update_stock = 0
	note.run_method("calculate_taxes_and_totals")
	if cint(note.get("is_pos")):
		give_back(note)
	elif note.meta.has_field("update_outstanding_for_self"):
		# it takes down what is owed on its original; of one that is paid the customer keeps a credit
		owed = money(original.outstanding_amount)
		note.update_outstanding_for_self = int(owed < -money(note.rounded_total or note.grand_total))
	return note


def give_back(note: Any) -> None:
	"""No more money than is credited, by the ways it came in; ERPNext would give back the whole sale's."""
	due = money(note.rounded_total or note.grand_total)
	rate = exact(note.get("conversion_rate") or 1)
	for row in note.payments:
		part = max(money(row.amount), due)
		due -= part
		row.amount, row.base_amount = float(part), float(round2(part * rate))
	note.paid_amount = sum(row.amount for row in note.payments)
	note.base_paid_amount = sum(row.base_amount for row in note.payments)


def as_percentage(note: Any, original: Any) -> None:
	"""A discount of a fixed amount follows what is left: as the share it was of the whole."""
	discount = exact(original.discount_amount)
	base = (
		exact(original.total)
		if original.apply_discount_on == "Net Total"
		else exact(original.grand_total) + discount - amount_of(deducting_rows(original))
	)
	if base:
		note.additional_discount_percentage = float(discount / base * 100)


def credit_charges_left(note: Any, original: Any) -> None:
	"""Freight and the like: less what earlier notes took of them. ERPNext would credit them once more in full."""
	notes = {row.name: row.share for row in remaining.notes_on(original.doctype, [original.name])}
	taken: dict[str, Decimal] = {}
	for row in frappe.get_all(
		"Sales Taxes and Charges",
		filters={"parent": ("in", list(notes)), "parenttype": original.doctype, "charge_type": "Actual"},
		fields=["parent", "account_head", "description", "tax_amount"],
		limit_page_length=0,
	):
		key = f"{row.account_head}|{row.description}"
		taken[key] = taken.get(key, NIL) + round2(exact(row.tax_amount) * notes[row.parent])
	for row in note.get("taxes") or []:
		if row.charge_type == "Actual":
			key = f"{row.account_head}|{row.description}"
			row.tax_amount = float(money(row.tax_amount) - taken.pop(key, NIL))


def debit_note(original: Any) -> Any:
	"""A new invoice with the original's lines at no price yet: a person states by how much each is raised."""
	note = frappe.copy_doc(original)
	for field in note.meta.fields:
		if field.no_copy and field.fieldtype != "Table" and field.fieldname != "naming_series":
			note.set(field.fieldname, None)
	# a form takes in only rows that belong to nobody yet
	for row in note.get_all_children():
		row.parent = None
	note.update(
		{
			"is_debit_note": 1,
			"return_against": original.name,
			"is_pos": 0,
			"pos_profile": "",
			"update_stock": 0,
			"ignore_pricing_rule": 1,
			"ignore_default_payment_terms_template": 1,
			"payment_terms_template": "",
			"apply_discount_on": "Grand Total",
			"additional_discount_percentage": 0,
			"discount_amount": 0,
			"conversion_rate": original.conversion_rate,
		}
	)
	for table in (
		"payments",
		"advances",
		"payment_schedule",
		"packed_items",
		"timesheets",
		"sales_team",
		SalesInvoiceField.PREPAYMENTS,
	):
		if note.meta.has_field(table):
			note.set(table, [])
	# charges and what stays outside the invoice were settled by the original
	note.set(
		"taxes",
		[
			row
			for row in note.taxes
			if row.charge_type != "Actual" and row.get(TaxRowField.TREATMENT) in LEVIED
		],
	)
	for index, row in enumerate(note.taxes, start=1):
		row.idx = index
		if row.charge_type == "On Previous Row Total" and not any(
			str(other.idx) == str(row.row_id) for other in note.taxes[: index - 1]
		):
			row.update({"charge_type": "On Net Total", "row_id": None})
	for row, source in zip(note.items, original.items, strict=True):
		row.update(
			{
				remaining.row_field(original.doctype): source.name,
				"rate": 0,
				"price_list_rate": 0,
				"discount_percentage": 0,
				"discount_amount": 0,
				"margin_type": "",
				"margin_rate_or_amount": 0,
				"rate_with_margin": 0,
				"so_detail": None,
				"dn_detail": None,
				"sales_order": None,
				"delivery_note": None,
				"serial_and_batch_bundle": None,
				"serial_no": None,
				"batch_no": None,
			}
		)
	note.run_method("calculate_taxes_and_totals")
	return note


LEVIED = (None, "", Treatment.VAT.value)


# --- on the way to a saved note ---------------------------------------------------------------------------------------
def complete(doc: Any) -> None:
	"""Before validation of a note: what its original says, and a reason where nobody was there to choose one."""
	if not (doc.get("is_return") or doc.get("is_debit_note")) or doc.docstatus != 0:
		return
	if doc.is_new() and made_by_the_system(doc) and not doc.get(InvoiceField.REASON_CODE):
		reason = settings_of(doc.company).get("default_reason_code")
		if reason:
			doc.set(InvoiceField.REASON_CODE, reason)
			frappe.msgprint(
				_(
					"The credit note {0} carries the reason “{1}”, which the company chose for notes made by the system. It is posted once ZATCA has it; until then it is a draft, whatever ERPNext says about it."
				).format(doc.name or "", _(reason)),
				title=_("Credit Note"),
			)
	if doc.get("is_debit_note") and doc.get("return_against"):
		drop_unraised(doc)


def made_by_the_system(doc: Any) -> bool:
	"""From a returned delivery, in one go: ERPNext names no original then, and asks nobody for a reason."""
	return bool(doc.get("is_return")) and any(row.get("dn_detail") for row in doc.get("items") or [])


def drop_unraised(doc: Any) -> None:
	"""A debit note starts with every line of its original; those whose price was not raised are none of it."""
	kept = [row for row in doc.items if exact(row.rate) or exact(row.price_list_rate)]
	if kept and len(kept) < len(doc.items):
		doc.set("items", kept)
		for index, row in enumerate(kept, start=1):
			row.idx = index


# --- what the desk offers ---------------------------------------------------------------------------------------------
NO_OFFERS: dict[str, Any] = {"notes": [], "left": "", "rejected": False}


def offers(doc: Any) -> dict[str, Any]:
	"""Which notes the form of an issued invoice offers, with what is left of it."""
	correctable = (
		doc.docstatus == 1
		and not doc.get("is_return")
		and not cint(doc.get("is_debit_note"))
		and not cint(doc.get("is_consolidated"))
	)
	if not correctable or doc.get(InvoiceField.STATE) in ("", None, State.SKIPPED.value):
		return NO_OFFERS
	if (
		doc.get(InvoiceField.KIND) == Kind.STANDARD.value
		and not State(doc.get(InvoiceField.STATE)).is_approved
	):
		return NO_OFFERS  # released in an outage: ZATCA knows no such invoice yet, or has rejected it
	whole = remaining.totals_with_vat(
		[frappe._dict(name=doc.name, zatca_uuid=doc.get(InvoiceField.UUID), grand_total=doc.grand_total)]
	)[doc.name]
	left = whole - remaining.credited(doc.doctype, [doc.name]).get(doc.name, NIL)
	notes = [CREDIT] if left > NIL else []
	if doc.meta.has_field("is_debit_note"):
		notes.append(DEBIT)
	return {
		"notes": notes,
		"left": str(left),
		"rejected": doc.get(InvoiceField.STATE) == State.REJECTED.value
		and doc.get(InvoiceField.KIND) == Kind.SIMPLIFIED.value,
	}
