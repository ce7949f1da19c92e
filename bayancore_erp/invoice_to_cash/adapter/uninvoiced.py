"""What was supplied or paid and is not invoiced yet, with the last day on which its invoice may be issued.

Takes companies; gives rows: delivered goods not billed, advances without their prepayment invoice, drafts of what was supplied.
Never writes. Sources: Detailed Guideline p. 49, 60 (the 15th of the next month); TAX.md section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe.utils import cint, flt, getdate, nowdate

from bayancore_erp.zatca.adapter import prepayment
from bayancore_erp.zatca.adapter.fields import InvoiceField, PaymentEntryField, ReceiptKind, SalesInvoiceField
from bayancore_erp.zatca.core.money import total
from bayancore_erp.zatca.core.rules.law.notes import month_end_plus_15

DELIVERED, PAID, DRAFT = "Delivered", "Paid in Advance", "Draft Not Issued"


def rows(companies: list[str] | None) -> list[dict[str, Any]]:
	"""Everything that waits for its invoice, the most pressing first."""
	where: dict[str, Any] = {} if companies is None else {"company": ("in", companies or [""])}
	found = [*delivered(where), *advances(where), *drafts(where)]
	return sorted(found, key=lambda row: (row["last_day"], row["name"]))


def row(what: str, doctype: str, doc: Any, on: Any, amount: float, last_day: date) -> dict[str, Any]:
	"""One line of the list."""
	return {
		"what": what,
		"doctype": doctype,
		"name": doc.name,
		"customer": doc.get("customer_name") or doc.get("party_name") or "",
		"company": doc.company,
		"on": getdate(on),
		"amount": amount,
		"last_day": last_day,
		"days_left": (last_day - getdate(nowdate())).days,
	}


def delivered(where: dict[str, Any]) -> Iterable[dict[str, Any]]:
	"""Goods that left, did not come back and are not billed."""
	notes = frappe.get_all(
		"Delivery Note",
		filters={
			**where, "docstatus": 1, "is_return": 0, "per_billed": ("<", 100), "per_returned": ("<", 100),
			"status": ("not in", ["Closed", "Completed"]),
		},
		fields=["name", "company", "customer_name", "posting_date", "base_grand_total"],
		limit_page_length=0,
	)  # fmt: skip
	unbilled = shares_unbilled([doc.name for doc in notes])
	for doc in notes:
		left = flt(flt(doc.base_grand_total) * unbilled.get(doc.name, 0), 2)
		if left > 0:
			last_day = month_end_plus_15(getdate(doc.posting_date))
			yield row(DELIVERED, "Delivery Note", doc, doc.posting_date, left, last_day)


def shares_unbilled(names: list[str]) -> dict[str, float]:
	"""What is still to be billed of deliveries, as a share of each.

	What came back counts as far as no credit note took it off the bill already.
	"""
	rows = frappe.db.sql(
		"""select item.parent, item.amount,
			greatest(item.amount - item.billed_amt + ifnull(
				(select sum(back.amount - back.billed_amt) from `tabDelivery Note Item` back
					where back.dn_detail = item.name and back.docstatus = 1), 0), 0) as unbilled
		from `tabDelivery Note Item` item where item.parent in %s""",
		[names or [""]],
		as_dict=True,
	)
	whole: dict[str, float] = {}
	left: dict[str, float] = {}
	for item in rows:
		whole[item.parent] = whole.get(item.parent, 0) + item.amount
		left[item.parent] = left.get(item.parent, 0) + item.unbilled
	return {name: left[name] / amount for name, amount in whole.items() if amount}


def advances(where: dict[str, Any]) -> Iterable[dict[str, Any]]:
	"""Money that came before the supply: its prepayment invoice is due on the same day."""
	for doc, received in payments(where):
		amount = float(received) * flt(doc.source_exchange_rate or 1)
		yield row(PAID, "Payment Entry", doc, doc.posting_date, amount, getdate(doc.posting_date))


def payments(where: dict[str, Any]) -> Iterable[tuple[Any, Decimal]]:
	"""The payments whose prepayment invoice is due, each with its amount in the currency of the receivable."""
	for name in frappe.get_all(
		"Payment Entry",
		filters={
			**where,
			"docstatus": 1,
			"payment_type": "Receive",
			"party_type": "Customer",
			PaymentEntryField.RECEIPT_KIND: ("in", ["", None, ReceiptKind.ADVANCE.value]),
			PaymentEntryField.PREPAYMENT_INVOICE: ("is", "not set"),
		},
		or_filters={
			PaymentEntryField.RECEIPT_KIND: ReceiptKind.ADVANCE.value,
			"name": ("in", on_orders() or [""]),
		},
		pluck="name",
		limit_page_length=0,
	):
		doc = frappe.get_doc("Payment Entry", name)
		due = prepayment.due(doc)
		if due:
			yield doc, total(part.amount for part in due)


def on_orders() -> list[str]:
	"""Payments that were received on sales orders."""
	return frappe.get_all(
		"Payment Entry Reference",
		filters={"reference_doctype": "Sales Order", "docstatus": 1, "allocated_amount": (">", 0)},
		pluck="parent",
		distinct=True,
		limit_page_length=0,
	)


def drafts(where: dict[str, Any]) -> Iterable[dict[str, Any]]:
	"""Invoices that stand as drafts though what they bill was supplied."""
	for doc in frappe.get_all(
		"Sales Invoice",
		filters={**where, "docstatus": 0, "is_opening": ("!=", "Yes")},
		fields=[
			"name", "company", "customer_name", "posting_date", "base_grand_total", "is_return", "is_debit_note",
			InvoiceField.SUPPLY_DATE, InvoiceField.SUPPLY_END_DATE, InvoiceField.EVENT_DATE, SalesInvoiceField.IS_PREPAYMENT,
		],
		limit_page_length=0,
	):  # fmt: skip
		note = cint(doc.is_return) or cint(doc.is_debit_note)
		on = getdate(
			(
				doc[InvoiceField.EVENT_DATE]
				if note
				else doc[InvoiceField.SUPPLY_END_DATE] or doc[InvoiceField.SUPPLY_DATE]
			)
			or doc.posting_date
		)
		last = on if doc[SalesInvoiceField.IS_PREPAYMENT] else month_end_plus_15(on)
		yield row(DRAFT, "Sales Invoice", doc, on, abs(flt(doc.base_grand_total)), last)
