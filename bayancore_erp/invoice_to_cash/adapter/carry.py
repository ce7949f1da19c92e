"""What was settled on a quotation or an order goes with it to the next document.

Takes a document that ERPNext has just mapped from another; gives it what it lacks. ERPNext's mapper carries fields of the same
name by itself, save those that a copy must not have: a supply date belongs to one supply, yet an order's is its invoice's.
What the person or the mapper has set stays. Source: mapper.py of Frappe 15 (`no_copy` of either side keeps a field back).
"""

from __future__ import annotations

from typing import Any

from frappe.utils import cint

from bayancore_erp.invoice_to_cash.adapter.fields import CARRIED, ORDER_DOCTYPES
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField

AUTOMATIC = "Automatic"


def carry(doc: Any, source: Any) -> None:
	"""Fill `doc`, made from `source`. A return is another supply's and follows its own original instead."""
	if source.doctype not in ORDER_DOCTYPES or cint(doc.get("is_return")):
		return
	for field in CARRIED:
		value = source.get(field)
		if value and doc.get(field) in (None, "", 0, AUTOMATIC):
			doc.set(field, value)
	if source.doctype == "Delivery Note" and doc.doctype in INVOICE_DOCTYPES:
		delivered(doc, source)


def delivered(doc: Any, source: Any) -> None:
	"""Goods are supplied when they are delivered, the invoice's date notwithstanding (KSA-5).

	Several deliveries on one invoice: the earliest, from which the time limit for the invoice runs.
	"""
	stated, day = doc.get(InvoiceField.SUPPLY_DATE), source.get("posting_date")
	if day and not source.get(InvoiceField.SUPPLY_DATE) and (not stated or str(day) < str(stated)):
		doc.set(InvoiceField.SUPPLY_DATE, day)
