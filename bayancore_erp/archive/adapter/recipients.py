"""Who gets an invoice by mail.

Takes an invoice; gives addresses, or says which one is no address. In this order, the first that names anybody: the customer's
own table of recipients; the contacts marked for billing; the contact of the invoice; the customer's address.
Source: issue E, item 3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe.utils import validate_email_address

from bayancore_erp.archive.adapter.fields import CustomerField


@dataclass(frozen=True, slots=True)
class Recipients:
	"""Addresses in lower case, each once. `invalid` are what stands there and is no address."""

	to: tuple[str, ...] = ()
	copies: tuple[str, ...] = ()
	invalid: tuple[str, ...] = ()
	everybody: tuple[str, ...] = field(init=False)

	def __post_init__(self) -> None:
		object.__setattr__(self, "everybody", (*self.to, *self.copies))

	def among(self, addresses: Collection[str]) -> Recipients:
		"""Only those who are among `addresses`."""
		to, copies = (tuple(one for one in people if one in addresses) for people in (self.to, self.copies))
		return Recipients(to, copies, self.invalid)


def wants_none(customer: str) -> bool:
	"""Whether the customer has asked for no invoices by mail."""
	return bool(frappe.db.get_value("Customer", customer, CustomerField.NO_MAIL))


def recipients_of(invoice: Any) -> Recipients:
	"""The people for an invoice; empty where nobody is known."""
	for rows in (of_customer, of_billing, of_invoice, of_master):
		found = sort_out(rows(invoice))
		if found.to or found.invalid:
			return found
	return Recipients()


def sort_out(rows: list[tuple[str, bool]]) -> Recipients:
	"""Valid and invalid apart, nobody twice; where all are copies they are recipients."""
	to: dict[str, None] = {}
	copies: dict[str, None] = {}
	invalid: dict[str, None] = {}
	for text, copy in rows:
		for part in text.replace(";", ",").split(","):
			address = part.strip()
			if not address:
				continue
			valid = validate_email_address(address)
			if not valid:
				invalid[address] = None
			elif copy:
				copies[valid.lower()] = None
			else:
				to[valid.lower()] = None
	if not to:
		to, copies = copies, {}
	return Recipients(tuple(to), tuple(one for one in copies if one not in to), tuple(invalid))


def of_customer(invoice: Any) -> list[tuple[str, bool]]:
	"""The customer's own table."""
	rows = frappe.get_all(
		"Invoice Recipient",
		filters={
			"parent": invoice.customer,
			"parenttype": "Customer",
			"parentfield": CustomerField.RECIPIENTS,
		},
		fields=["contact", "email", "copy_kind"],
		order_by="idx",
	)
	return [(row.email or primary(row.contact), row.copy_kind == "Copy") for row in rows]


def of_billing(invoice: Any) -> list[tuple[str, bool]]:
	"""Contacts of the customer that are marked for billing."""
	contact, link = frappe.qb.DocType("Contact"), frappe.qb.DocType("Dynamic Link")
	rows = (
		frappe.qb.from_(contact)
		.inner_join(link)
		.on(link.parent == contact.name)
		.select(contact.email_id)
		.where(link.parenttype == "Contact")
		.where(link.link_doctype == "Customer")
		.where(link.link_name == invoice.customer)
		.where(contact.is_billing_contact == 1)
		.orderby(contact.creation)
	).run()
	return [(row[0] or "", False) for row in rows]


def of_invoice(invoice: Any) -> list[tuple[str, bool]]:
	"""The contact on the invoice, as it was then or as the contact is now."""
	return [(invoice.get("contact_email") or primary(invoice.get("contact_person")), False)]


def of_master(invoice: Any) -> list[tuple[str, bool]]:
	"""The customer's own address, or its primary contact's."""
	row = frappe.db.get_value(
		"Customer", invoice.customer, ["email_id", "customer_primary_contact"], as_dict=True
	)
	return [(row.email_id or primary(row.customer_primary_contact), False)] if row else []


def primary(contact: str | None) -> str:
	"""A contact's address."""
	return str(frappe.db.get_value("Contact", contact, "email_id") or "") if contact else ""
