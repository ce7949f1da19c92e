"""The invoice that would follow from a quotation, an order, a delivery or a customer, as the mapper reads an invoice.

Takes a document; gives a `Following`: a view in which ERPNext's own figures and rows stand under the invoice's names, so that
the very rules of an invoice judge it. Nothing is copied, nothing written; a view costs microseconds.
Also the way back: which field of the document in front of the reader stands behind a field of that invoice.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import frappe
from frappe.contacts.doctype.address.address import get_default_address
from frappe.utils import cint, getdate

from bayancore_erp.zatca.adapter.fields import InvoiceField, InvoiceItemField, TaxRowField, Treatment
from bayancore_erp.zatca.adapter.mapper import RIYADH, Place

INVOICE = "Sales Invoice"

# Field of the invoice -> the field that stands for it on another document; "" is the document itself.
RENAMED: dict[str, dict[str, str]] = {
	"Quotation": {
		"customer": "party_name",
		"posting_date": "transaction_date",
		"posting_time": "transaction_date",
	},
	"Sales Order": {"posting_date": "transaction_date", "posting_time": "transaction_date"},
	"Delivery Note": {},
	"Customer": {"customer_address": "customer_primary_address", "customer": "customer_name"},
}


class Following:
	"""An invoice that does not exist. `source` answers for everything that `own` does not."""

	doctype = INVOICE

	def __init__(self, source: Any, moment: datetime, **own: Any) -> None:
		self.source = source
		self.moment = moment
		self.own = {"docstatus": 0, "posting_date": str(moment.date()), "is_return": 0, **own}

	def get(self, key: str, default: Any = None) -> Any:
		"""As Frappe's documents answer."""
		if key in self.own:
			return self.own[key]
		return self.source.get(key, default)

	def __getattr__(self, key: str) -> Any:
		if key.startswith("__"):
			raise AttributeError(key)
		return self.get(key)

	def precision(self, fieldname: str, parentfield: str | None = None) -> int:
		"""The source's."""
		return int(self.source.precision(fieldname, parentfield))

	def is_rounded_total_disabled(self) -> bool:
		"""The source's; a customer has no totals at all."""
		ask = getattr(self.source, "is_rounded_total_disabled", None)
		return bool(ask()) if ask else True


class Row(dict[str, Any]):
	"""A row of a document that does not exist."""

	def __getattr__(self, key: str) -> Any:
		if key.startswith("__"):
			raise AttributeError(key)
		return self.get(key)

	def precision(self, fieldname: str) -> int:
		"""Halalas."""
		return 2


def now() -> datetime:
	"""This moment, in Riyadh."""
	return datetime.now(RIYADH).replace(microsecond=0)


def from_order(doc: Any) -> Following:
	"""Of a Quotation, Sales Order or Delivery Note.

	What is agreed for a later day is judged as invoiced on that day: before it nothing is supplied.
	"""
	moment = now()
	supplied = doc.get(InvoiceField.SUPPLY_DATE)
	if supplied and getdate(supplied) > moment.date():
		moment = datetime.combine(getdate(supplied), time(12), RIYADH)
	own: dict[str, Any] = {
		"items": [row for row in doc.get("items") or [] if not cint(row.get("is_alternative"))]
	}
	if doc.doctype == "Quotation":
		own["customer"] = doc.get("party_name") if doc.get("quotation_to") == "Customer" else None
	return Following(doc, moment, **own)


def from_customer(doc: Any, company: str, vat_account: str) -> Following:
	"""Of a customer: one taxed line, in which nothing can be wrong but the buyer. The till's customer for everybody stays that."""
	till = frappe.db.get_value("POS Profile", {"customer": doc.name, "disabled": 0})
	return Following(
		frappe._dict(doctype="Customer", name=doc.name),
		now(),
		name=doc.name,
		company=company,
		customer=doc.name,
		customer_name=doc.customer_name,
		customer_address=doc.get("customer_primary_address") or get_default_address("Customer", doc.name),
		pos_profile=till,
		currency="SAR",
		conversion_rate=1,
		net_total=10000.0,
		base_net_total=10000.0,
		items=[
			Row(
				doctype="Sales Invoice Item", idx=1, item_name="خدمة", qty=1, rate=10000.0, amount=10000.0,
				net_amount=10000.0, item_tax_rate="{}", **{InvoiceItemField.VAT_CATEGORY: "Standard Rated"},
			)
		],
		taxes=[
			Row(
				idx=1, charge_type="On Net Total", account_head=vat_account, rate=15.0,
				tax_amount_after_discount_amount=1500.0, **{TaxRowField.TREATMENT: Treatment.VAT.value},
			)
		],
	)  # fmt: skip


def here(doc: Any, place: Place) -> Place:
	"""The place in terms of `doc`: its own fields by their own names, its rows by the document they stand in."""
	if place.table:
		fieldname = place.fieldname if has_field(row_doctype(doc, place.table), place.fieldname) else ""
		return Place(doc.doctype, doc.name, fieldname, place.row, place.table)
	if place.doctype not in (INVOICE, doc.doctype):
		return place
	fieldname = RENAMED.get(doc.doctype, {}).get(place.fieldname, place.fieldname)
	return Place(doc.doctype, doc.name, fieldname if has_field(doc.doctype, fieldname) else "")


def row_doctype(doc: Any, table: str) -> str:
	"""The doctype of the rows of a table."""
	return str(frappe.get_meta(doc.doctype).get_options(table) or "")


def has_field(doctype: str, fieldname: str) -> bool:
	"""Whether the form has such a field."""
	return bool(doctype and fieldname and frappe.get_meta(doctype).has_field(fieldname))
