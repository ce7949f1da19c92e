"""Who is told of a rejection, and of what is new: the bell, and an assignment that ends when the invoice is accepted.

Takes an invoice with the person who asked for its submission; gives Notification Log and ToDo rows, worded in the reader's own
language. One assignment an invoice, whatever the number of tries. Never mails by itself: the reader's own settings decide that.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html

from bayancore_erp.zatca.adapter.language import is_arabic, of_user
from bayancore_erp.zatca.adapter.managers import ROLE, holders, ring

NOBODY = ("", "Guest")
# The scheduler, imports and scripts work under this name: what it is given, nobody may ever read.
MACHINE = "Administrator"


def people(invoice: Any, requested_by: str) -> list[str]:
	"""Who owns it, then who asked for its submission: people before the administrator, enabled users only."""
	wanted = dict.fromkeys(user for user in (invoice.owner, requested_by) if user and user not in NOBODY)
	enabled = set(
		frappe.get_all("User", filters={"name": ("in", list(wanted) or [""]), "enabled": 1}, pluck="name")
	)
	there = [user for user in wanted if user in enabled]
	return [user for user in there if user != MACHINE] or there


def of_rejection(invoice: Any, requested_by: str, messages: list[Any]) -> tuple[str, str]:
	"""Ring, and assign to the first of them. Gives user and name of the assignment, empty where there is nobody."""
	users = people(invoice, requested_by)
	for user in users:
		ring(
			user,
			invoice.doctype,
			invoice.name,
			_("{0} was not accepted by ZATCA. Open it to see what to correct.", lang=of_user(user)).format(
				invoice.name
			),
		)
	return (users[0], assign(users[0], invoice, messages)) if users else ("", "")


def assign(user: str, invoice: Any, messages: list[Any]) -> str:
	"""The one open assignment of this invoice; gives its name."""
	lang = of_user(user)
	rows = [row for row in messages if row.severity == "Error"][:5]
	said = [row.text_ar if is_arabic(lang) and row.text_ar else row.text for row in rows]
	words = "".join(f"<li>{escape_html(text or '')}</li>" for text in said)
	head = _("Correct {0} and submit it again:", lang=lang).format(escape_html(invoice.name))
	description = f"<p>{head}</p><ul>{words}</ul>"
	existing = open_assignment(invoice.doctype, invoice.name)
	if existing:
		frappe.db.set_value("ToDo", existing, "description", description)
		return existing
	todo = frappe.get_doc(
		{
			"doctype": "ToDo",
			"allocated_to": user,
			"assigned_by": user,
			"reference_type": invoice.doctype,
			"reference_name": invoice.name,
			"description": description,
			"priority": "High",
			"status": "Open",
		}
	)
	todo.flags.ignore_permissions = True
	return str(todo.insert().name)


def open_assignment(doctype: str, name: str) -> str:
	"""The assignment of this invoice that is still open, as the record of its problems names it."""
	for todo in frappe.get_all(
		"AI Error Resolution",
		filters={"invoice_doctype": doctype, "invoice_name": name, "todo": ("is", "set")},
		pluck="todo",
		distinct=True,
	):
		if frappe.db.get_value("ToDo", todo, "status") == "Open":
			return str(todo)
	return ""


def done(doctype: str, name: str) -> None:
	"""The invoice was accepted after a rejection: its assignment is closed and its bell is read."""
	todo = open_assignment(doctype, name)
	if todo:
		doc = frappe.get_doc("ToDo", todo)
		doc.status = "Closed"
		doc.flags.ignore_permissions = True
		doc.save()
	# Read first, then changed by name: a search under lock would hold up every other acceptance.
	for log in frappe.get_all(
		"Notification Log",
		filters={"document_type": doctype, "document_name": name, "type": "Alert", "read": 0},
		pluck="name",
	):
		frappe.db.set_value("Notification Log", log, "read", 1, update_modified=False)


def of_news(news: list[tuple[str, str, str]]) -> None:
	"""ZATCA says something it has not said before: every ZATCA Manager hears of it."""
	for user in holders(ROLE) or [MACHINE]:
		lang = of_user(user)
		for kind, code, wording in news:
			sentence = (
				_("ZATCA sent a code that the dictionary does not know: {0}.", lang=lang)
				if kind == "New Code"
				else _("ZATCA words {0} differently than before. It may have changed the rule.", lang=lang)
			)
			ring(user, "AI Error Wording", wording_of(code, wording), sentence.format(code))


def wording_of(code: str, wording: str) -> str:
	"""The row that remembers a wording."""
	return str(
		frappe.db.get_value(
			"AI Error Wording", {"code": code[:140], "wording": wording}, order_by="creation desc"
		)
		or ""
	)


def of_spread(code: str, invoices: int, share: float) -> None:
	"""A warning stands on many invoices all at once: the bell leads to the note of it."""
	note = str(frappe.db.get_value("AI Error Wording", {"code": code[:140], "alert": "Spreading"}) or "")
	for user in holders(ROLE) or [MACHINE]:
		sentence = _(
			"The warning {0} stands on {1} of the invoices accepted since yesterday ({2} %), far more than before.",
			lang=of_user(user),
		)
		ring(user, "AI Error Wording", note, sentence.format(code, invoices, round(share * 100)))
