"""Mail that reached nobody: an exception that somebody owns until it is solved.

Takes what happened to a mail; gives a Mail Exception, assigned to the person the company named or to whoever made the invoice.
One open exception for each invoice and kind, one for a company without an outgoing account. Closes it when the mail goes out.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.desk.form import assign_to
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter.fields import Trouble
from bayancore_erp.archive.adapter.preferences import preferences
from bayancore_erp.zatca.adapter.events import announce

EXCEPTION = "Mail Exception"


def raise_exception(
	kind: Trouble, sentence: str, invoice: Any, document: str, *, address: str = "", invoice_mail: str = ""
) -> str:
	"""Open one and give it to its owner; gives its name. Nothing happens where it is open already."""
	about = invoice.company if kind is Trouble.NO_ACCOUNT else f"{invoice.doctype}:{invoice.name}"
	key = f"{kind.value}:{about}"[:140]
	open_one = frappe.db.get_value(EXCEPTION, {"exception_key": key})
	if open_one:
		frappe.db.set_value(EXCEPTION, open_one, "sentence", sentence)
		return str(open_one)
	row = frappe.get_doc(
		{
			"doctype": EXCEPTION,
			"state": "Open",
			"kind": kind.value,
			"sentence": sentence,
			"customer": invoice.customer,
			"document": document,
			"invoice_doctype": invoice.doctype,
			"invoice_name": invoice.name,
			"company": invoice.company,
			"address": address,
			"invoice_mail": invoice_mail,
			"exception_key": key,
		}
	)
	row.flags.by_the_writer = True
	row.flags.ignore_permissions = True
	row.flags.ignore_links = True
	row.insert()
	hand_to(owner_of(invoice), row)
	announce(
		"undelivered", invoice.doctype, invoice.name, invoice.company, document=document, kind=kind.value
	)
	return str(row.name)


def owner_of(invoice: Any) -> str:
	"""The person the company named, else whoever made the invoice, else an administrator."""
	for user in (preferences(invoice.company).exceptions_owner, invoice.owner):
		if user and user != "Guest" and frappe.db.get_value("User", user, "enabled"):
			return str(user)
	return "Administrator"


def hand_to(user: str, row: Any) -> None:
	"""A ToDo that leads to the exception."""
	assign_to.add(
		{
			"doctype": EXCEPTION,
			"name": row.name,
			"assign_to": [user],
			"description": f"{row.invoice_name}: {row.sentence}",
			"notify": 0,
		},
		ignore_permissions=True,
	)


def solve(invoice: Any, kinds: tuple[Trouble, ...] = tuple(Trouble)) -> int:
	"""The mail has gone out: close what is open for this invoice, and the company's missing account with it."""
	names = frappe.get_all(
		EXCEPTION,
		filters={
			"state": "Open",
			"invoice_doctype": invoice.doctype,
			"invoice_name": invoice.name,
			"kind": ("in", [kind.value for kind in kinds]),
		},
		pluck="name",
	)
	names += frappe.get_all(
		EXCEPTION,
		filters={"state": "Open", "company": invoice.company, "kind": Trouble.NO_ACCOUNT.value, "name": ("not in", names or [""])},
		pluck="name",
	)  # fmt: skip
	for name in names:
		close(name)
	return len(names)


def close(name: str) -> None:
	"""Solved, by whoever is at work."""
	frappe.db.set_value(
		EXCEPTION,
		name,
		{
			"state": "Solved",
			"solved_at": now_datetime(),
			"solved_by": frappe.session.user,
			"exception_key": None,
		},
	)
	assign_to.close_all_assignments(EXCEPTION, name, ignore_permissions=True)


def sentence_of(kind: Trouble, invoice: Any, detail: str = "") -> str:
	"""What happened, and what to do."""
	customer = invoice.get("customer_name") or invoice.customer
	if kind is Trouble.NO_ADDRESS:
		return _("No e-mail address is known for {0}. Add a recipient in Customer, then send again.").format(
			customer
		)
	if kind is Trouble.INVALID_ADDRESS:
		return _("“{0}” is not an e-mail address. Correct it in Customer, then send again.").format(detail)
	if kind is Trouble.NO_ACCOUNT:
		return _(
			"No outgoing e-mail account is set up, so no invoice is mailed. Set one up in Email Account."
		)
	return _("The mail to {0} was not delivered. Ask {1} for the right address, then send again.").format(
		detail, customer
	)
