"""The traffic light in lists: what readiness said when a document was last saved, looked at, or what it refers to changed.

Takes a document; stores light and count in two fields of it. Never changes `modified`, never keeps a document from being saved:
a light that cannot be worked out is off, and the reason is in the error log. What a change of a master touches is worked out
by workers, newest first and never without end; a document beyond that bound is lit again when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import frappe
from frappe.core.doctype.version.version import get_diff

from bayancore_erp.invoice_to_cash.adapter.fields import PROBLEMS, READINESS
from bayancore_erp.invoice_to_cash.adapter.readiness import OFF, Readiness, assess
from bayancore_erp.zatca.adapter.fields import BranchField, CompanyField, InvoiceField, ItemField, UomField

# How many documents one change of a customer, and of anything else, lights up again.
MOST = 200
MOST_OF_A_MASTER = 500

# What an invoice may still follow from, and drafts of invoices.
OPEN: Mapping[str, Mapping[str, Any]] = {
	"Sales Invoice": {"docstatus": 0},
	"POS Invoice": {"docstatus": 0},
	"Sales Order": {"docstatus": ("<", 2), "per_billed": ("<", 100), "status": ("!=", "Closed")},
	"Delivery Note": {"docstatus": ("<", 2), "per_billed": ("<", 100), "is_return": 0},
	"Quotation": {"docstatus": ("<", 2), "status": ("in", ("Draft", "Open", "Replied"))},
}


@dataclass(frozen=True, slots=True)
class Master:
	"""A record that documents refer to."""

	decides: tuple[str, ...] = ()
	"""The fields of it that readiness reads; empty for any."""
	field: str = ""
	"""The field of a document that names it. Neither this nor `row`: it decides for the whole company."""
	row: str = ""
	"""The field of a document's items that names it."""


def names(fields: type) -> tuple[str, ...]:
	"""The fields that a class of constants spells."""
	return tuple(value for name, value in vars(fields).items() if name.isupper())


MASTERS: Mapping[str, Master] = {
	"ZATCA Settings": Master(),
	"Company": Master(("tax_id", "country", *names(CompanyField))),
	"Branch": Master(names(BranchField), field=InvoiceField.BRANCH),
	"Sales Taxes and Charges Template": Master(field="taxes_and_charges"),
	"Item Tax Template": Master(row="item_tax_template"),
	"Item": Master((ItemField.NAME_AR,), row="item_code"),
	"UOM": Master(names(UomField), row="uom"),
}


def on_validate(doc: Any) -> None:
	"""Into the document that is being saved: no further query."""
	if is_bulk():
		return
	doc.update(shown(judge(doc)))
	doc.flags.readiness_judged = True


def store(doc: Any, found: Readiness) -> None:
	"""Into the row, where it says something else."""
	if not is_stored(doc, found):
		frappe.db.set_value(doc.doctype, doc.name, shown(found), update_modified=False)
		doc.update(shown(found))


def is_stored(doc: Any, found: Readiness) -> bool:
	"""Whether the document says the same already."""
	return all((doc.get(field) or type(value)()) == value for field, value in shown(found).items())


def shown(found: Readiness) -> dict[str, Any]:
	"""The fields that the list shows."""
	return {READINESS: found.light.value, PROBLEMS: found.problems}


def judge(doc: Any) -> Readiness:
	"""What readiness says; off where it fails, for saving comes first."""
	return attempt(doc) or OFF


def attempt(doc: Any, *, with_fixes: bool = False) -> Readiness | None:
	"""What readiness says, or None where it fails: that is logged, and whoever saves or opens the document hears nothing of it."""
	messages = list(frappe.local.message_log)
	try:
		return assess(doc, with_fixes=with_fixes)
	except Exception:
		# by way of the cache: a form is opened by a request that stores nothing
		frappe.log_error(title=f"Readiness of {doc.doctype} {doc.name}", defer_insert=True)
		return None
	finally:
		frappe.local.message_log = messages


def is_bulk() -> bool:
	"""Imports and migrations: nobody looks at these lists meanwhile, and a save has to stay as quick as it was."""
	flags = frappe.flags
	return bool(flags.in_import or flags.in_migrate or flags.in_install or flags.in_patch)


# --- after a change of what documents only refer to -------------------------------------------------------------------
def customer_changed(customer: Any) -> None:
	"""Its own light now; those of its open documents by a worker, once this is committed."""
	store(customer, judge(customer))
	customer.flags.readiness_judged = True
	if not customer.flags.in_insert and any(of_customer(customer.name)):
		frappe.enqueue(
			"bayancore_erp.invoice_to_cash.jobs.light_up",
			queue="long",
			enqueue_after_commit=True,
			customer=customer.name,
		)


def address_changed(address: Any) -> None:
	"""The same for whoever lives there; for a seller's address all that its companies sell."""
	linked = {(link.link_doctype, link.link_name) for link in address.get("links") or []}
	for name in sorted(name for doctype, name in linked if doctype == "Customer"):
		if frappe.db.exists("Customer", name):
			customer_changed(frappe.get_doc("Customer", name))
	companies = {name for doctype, name in linked if doctype == "Company"}
	companies.update(frappe.get_all("ZATCA Settings", filters={"address": address.name}, pluck="name"))
	if companies and differs(address, Master()):
		for company in sorted(companies):
			light_up_later("Company", company)


def master_changed(master: Any) -> None:
	"""Where something changed that readiness reads: by a worker, once this is committed."""
	if differs(master, MASTERS[master.doctype]):
		light_up_later(master.doctype, master.name)


def differs(doc: Any, master: Master) -> bool:
	"""Whether this save changes what decides. Nothing refers to a new record yet, save to a company's settings."""
	before = doc.get_doc_before_save()
	if before is None:
		return bool(doc.doctype == "ZATCA Settings")
	if master.decides:
		return any(doc.get(field) != before.get(field) for field in master.decides)
	return bool(get_diff(before, doc))


def light_up_later(doctype: str, name: str) -> None:
	"""One job a change: a second change while the first is worked on is worked on again."""
	frappe.enqueue(
		"bayancore_erp.invoice_to_cash.jobs.light_up_after",
		queue="long",
		enqueue_after_commit=True,
		doctype=doctype,
		name=name,
	)


# One document a step; the caller commits after each, so that no row is held for long.
def light_up(customer: str) -> Iterator[bool]:
	"""Work out a customer, and every open document of theirs."""
	return map(light_one, islice([("Customer", customer), *of_customer(customer)], MOST))


def light_up_after(doctype: str, name: str) -> Iterator[bool]:
	"""Work out what refers to a master."""
	return map(light_one, islice(referring(doctype, name), MOST_OF_A_MASTER))


def light_one(reference: tuple[str, str]) -> bool:
	"""Whether the document is still there to be lit."""
	if not frappe.db.exists(*reference):
		return False
	doc = frappe.get_doc(*reference)
	store(doc, judge(doc))
	return True


def of_customer(customer: str) -> Iterator[tuple[str, str]]:
	"""The open documents of a customer."""
	for doctype in OPEN:
		party = {"party_name": customer, "quotation_to": "Customer"} if doctype == "Quotation" else {"customer": customer}  # fmt: skip
		yield from open_documents(doctype, party, MOST)


def referring(doctype: str, name: str) -> Iterator[tuple[str, str]]:
	"""Open documents that name a master; for what decides for a whole company all of its own, and the customers."""
	master = MASTERS[doctype]
	for sold_with in OPEN:
		if master.row:
			yield from open_documents(sold_with, {}, MOST_OF_A_MASTER, items={master.row: name})
		elif frappe.get_meta(sold_with).has_field(master.field or "company"):
			yield from open_documents(sold_with, {master.field or "company": name}, MOST_OF_A_MASTER)
	if not (master.row or master.field):
		for customer in frappe.get_all(
			"Customer",
			filters={"disabled": 0},
			pluck="name",
			order_by="modified desc",
			limit=MOST_OF_A_MASTER,
		):
			yield "Customer", customer


def open_documents(
	doctype: str, wanted: Mapping[str, Any], most: int, items: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, str]]:
	"""Of one doctype, the newest first."""
	filters = [[doctype, field, *condition(value)] for field, value in {**OPEN[doctype], **wanted}.items()]
	filters += [[f"{doctype} Item", field, *condition(value)] for field, value in (items or {}).items()]
	for name in frappe.get_all(
		doctype,
		filters=filters,
		pluck="name",
		group_by=f"`tab{doctype}`.name",
		order_by=f"`tab{doctype}`.creation desc",
		limit=most,
	):
		yield doctype, name


def condition(value: Any) -> tuple[str, Any]:
	"""Operator and value."""
	return value if isinstance(value, tuple) else ("=", value)
