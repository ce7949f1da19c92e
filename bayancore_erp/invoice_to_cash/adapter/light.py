"""The traffic light in lists: what readiness said when a document was last saved, looked at, or its customer changed.

Takes a document; stores light and count in two fields of it. Never changes `modified`, never keeps a document from being saved:
a light that cannot be worked out is off, and the reason is in the error log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe

from bayancore_erp.invoice_to_cash.adapter.fields import LIT_DOCTYPES, PROBLEMS, READINESS
from bayancore_erp.invoice_to_cash.adapter.readiness import OFF, Readiness, assess

# What changes with one customer is worked out behind the scenes, and never without end.
MOST = 200


def on_validate(doc: Any) -> None:
	"""Into the document that is being saved: no further query."""
	if is_bulk():
		return
	found = judge(doc)
	doc.set(READINESS, found.light.value)
	doc.set(PROBLEMS, found.problems)


def store(doc: Any, found: Readiness) -> None:
	"""Into the row, where it says something else."""
	if doc.doctype not in LIT_DOCTYPES:
		return
	values = {READINESS: found.light.value, PROBLEMS: found.problems}
	if any((doc.get(field) or type(value)()) != value for field, value in values.items()):
		frappe.db.set_value(doc.doctype, doc.name, values, update_modified=False)
		doc.update(values)


def judge(doc: Any) -> Readiness:
	"""What readiness says; off where it fails, for saving comes first."""
	try:
		return assess(doc)
	except Exception:
		frappe.log_error(title=f"Readiness of {doc.doctype} {doc.name}")
		return OFF


def is_bulk() -> bool:
	"""Imports and migrations: nobody looks at these lists meanwhile, and a save has to stay as quick as it was."""
	flags = frappe.flags
	return bool(flags.in_import or flags.in_migrate or flags.in_install or flags.in_patch)


# --- after a change of what documents only refer to -------------------------------------------------------------------
def customer_changed(customer: Any) -> None:
	"""Its own light now; those of its open documents by a worker, once this is committed."""
	store(customer, judge(customer))
	if not customer.flags.in_insert and any(open_documents(customer.name)):
		frappe.enqueue(
			"bayancore_erp.invoice_to_cash.jobs.light_up",
			queue="long",
			enqueue_after_commit=True,
			customer=customer.name,
		)


def address_changed(customer: str) -> None:
	"""The same for whoever lives there."""
	if frappe.db.exists("Customer", customer):
		customer_changed(frappe.get_doc("Customer", customer))


def light_up(customer: str) -> int:
	"""Work out every open document of a customer, and the customer; gives how many."""
	count = 0
	for doctype, name in [("Customer", customer), *open_documents(customer)][:MOST]:
		if frappe.db.exists(doctype, name):
			doc = frappe.get_doc(doctype, name)
			store(doc, judge(doc))
			count += 1
	return count


def open_documents(customer: str) -> Iterator[tuple[str, str]]:
	"""Drafts of invoices, and whatever an invoice may still follow from."""
	for doctype, filters in (
		("Sales Invoice", {"customer": customer, "docstatus": 0}),
		("Sales Order", {"customer": customer, "docstatus": ("<", 2), "per_billed": ("<", 100), "status": ("!=", "Closed")}),
		("Delivery Note", {"customer": customer, "docstatus": ("<", 2), "per_billed": ("<", 100), "is_return": 0}),
		("Quotation", {"quotation_to": "Customer", "party_name": customer, "docstatus": ("<", 2), "status": ("in", ("Draft", "Open", "Replied"))}),
	):  # fmt: skip
		for name in frappe.get_all(
			doctype, filters=filters, pluck="name", order_by="creation desc", limit=MOST
		):
			yield doctype, name
