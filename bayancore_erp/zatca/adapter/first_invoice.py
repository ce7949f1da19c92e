"""The first invoice of a company that has just connected: its customer, the customer's address, an item and a draft.

Takes what a person typed in one small form; gives a draft Sales Invoice, everything made with that person's own rights and
nothing submitted. Finds what is there already. Source: issue 4 (from a bare site to the first cleared invoice).
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import flt, get_time

from bayancore_erp.zatca.adapter.fields import AddressField, BuyerKind, CustomerField
from bayancore_erp.zatca.adapter.party import compact

NEEDED = (
	"customer_name",
	"vat_number",
	"street",
	"building_number",
	"district",
	"city",
	"postal_code",
	"item_name",
)


def make(company: str, values: dict[str, Any]) -> str:
	"""A draft to one VAT-registered customer. Raises frappe.ValidationError where something was left empty."""
	typed = {field: str(values.get(field) or "").strip() for field in NEEDED}
	if not all(typed.values()) or flt(values.get("rate")) <= 0:
		frappe.throw(_("Fill in every field, and a price above zero."))
	customer = customer_of(typed)
	invoice = frappe.new_doc("Sales Invoice")
	invoice.update(
		{"company": company, "customer": customer, "customer_address": address_of(customer, typed)}
	)
	invoice.append(
		"items", {"item_code": item_of(typed["item_name"]), "qty": 1, "rate": flt(values.get("rate"))}
	)
	template = frappe.db.get_value(
		"Sales Taxes and Charges Template", {"company": company, "is_default": 1, "disabled": 0}
	)
	if template:
		from erpnext.controllers.accounts_controller import get_taxes_and_charges

		invoice.taxes_and_charges = template
		invoice.set("taxes", get_taxes_and_charges("Sales Taxes and Charges Template", template))
	invoice.insert()
	# Frappe's time field knows no parts of a minute when a form is opened, and takes the difference for a change of the user's
	minute = get_time(invoice.posting_time).replace(second=0, microsecond=0)
	invoice.db_set("posting_time", str(minute), update_modified=False)
	return str(invoice.name)


def customer_of(typed: dict[str, str]) -> str:
	"""The customer of that name."""
	found = frappe.db.get_value("Customer", {"customer_name": typed["customer_name"]})
	if found:
		return str(found)
	customer = frappe.new_doc("Customer")
	customer.update(
		{
			"customer_name": typed["customer_name"],
			"customer_type": "Company",
			"tax_id": compact(typed["vat_number"]),
			CustomerField.BUYER_KIND: BuyerKind.VAT_REGISTERED.value,
		}
	)
	return str(customer.insert().name)


def address_of(customer: str, typed: dict[str, str]) -> str:
	"""The customer's National Address."""
	known = frappe.db.get_value("Customer", customer, "customer_primary_address")
	if known:
		return str(known)
	address = frappe.new_doc("Address")
	address.update(
		{
			"address_title": typed["customer_name"],
			"address_type": "Billing",
			"address_line1": typed["street"],
			AddressField.BUILDING_NUMBER: compact(typed["building_number"]),
			AddressField.DISTRICT: typed["district"],
			"city": typed["city"],
			"pincode": compact(typed["postal_code"]),
			"country": "Saudi Arabia",
			"is_primary_address": 1,
		}
	)
	address.append("links", {"link_doctype": "Customer", "link_name": customer})
	address.insert()
	frappe.db.set_value("Customer", customer, "customer_primary_address", address.name)
	return str(address.name)


def item_of(name: str) -> str:
	"""The item of that name; a new one is a service, so that no stock is asked for."""
	found = frappe.db.get_value("Item", {"item_name": name})
	if found:
		return str(found)
	item = frappe.new_doc("Item")
	group = frappe.db.get_value("Item Group", {"is_group": 0, "name": ("in", (_("Services"), "Services"))})
	item.update(
		{
			"item_code": name,
			"item_name": name,
			"item_group": group or frappe.db.get_value("Item Group", {"is_group": 0}),
			"stock_uom": "Nos" if frappe.db.exists("UOM", "Nos") else frappe.db.get_value("UOM", {}),
			"is_stock_item": 0,
		}
	)
	return str(item.insert().name)
