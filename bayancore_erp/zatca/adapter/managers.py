"""Who answers for a company's e-invoicing: told by bell and mail, reminded by a task, each in their own language.

Takes the record it is about and what gives the words; what is given is asked for in each reader's language. A site that cannot
mail has its bells all the same. Who calls decides how often: nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import frappe
from frappe.utils import get_url_to_form, getdate

from bayancore_erp.zatca.adapter.companies import companies_of
from bayancore_erp.zatca.adapter.language import of_user, speaking

ROLE: Final = "ZATCA Manager"


def managers_of(company: str) -> list[str]:
	"""The enabled users who manage this company's e-invoicing; the system's managers where there is none."""
	for role in (ROLE, "System Manager"):
		found = [
			user
			for user in holders(role)
			if (allowed := companies_of(user, "ZATCA Settings")) is None or company in allowed
		]
		if found:
			return found
	return ["Administrator"]


def holders(role: str) -> list[str]:
	"""The enabled people with a role."""
	users = frappe.get_all(
		"Has Role", filters={"role": role, "parenttype": "User"}, pluck="parent", distinct=True
	)
	names = [name for name in users if name not in ("Guest", "Administrator")]
	return sorted(frappe.get_all("User", filters={"name": ("in", names), "enabled": 1}, pluck="name"))


def remind(doctype: str, name: str, company: str, say: Callable[[], str], by: Any = None) -> None:
	"""One task for each manager, due today or on `by`, and a bell; closing the task is the record that it was done."""
	for user in managers_of(company):
		with speaking(of_user(user)):
			sentence = say()
		frappe.get_doc(
			{
				"doctype": "ToDo",
				"allocated_to": user,
				"description": sentence,
				"priority": "High",
				"date": by or getdate(),
				"reference_type": doctype,
				"reference_name": name,
			}
		).insert(ignore_permissions=True)
		ring(user, doctype, name, sentence)


def alert(doctype: str, name: str, company: str, say: Callable[[], str]) -> None:
	"""A sentence in each manager's bell."""
	for user in managers_of(company):
		with speaking(of_user(user)):
			ring(user, doctype, name, say())


def tell(doctype: str, name: str, company: str, title: str, words: Callable[[], tuple[str, str]]) -> None:
	"""One bell and one mail for each manager. `words` gives subject and text; `title` is what people call the record."""
	for user in managers_of(company):
		with speaking(of_user(user)):
			subject, text = words()
			ring(user, doctype, name, subject, text)
			address = frappe.db.get_value("User", user, "email")
			if address and user != "Administrator":
				mail(address, subject, text, doctype, name, title)


def ring(user: str, doctype: str, name: str, subject: str, text: str = "") -> None:
	"""One row in a person's bell."""
	frappe.get_doc(
		{
			"doctype": "Notification Log",
			"type": "Alert",
			"for_user": user,
			"from_user": user,
			"subject": subject,
			"email_content": text,
			"document_type": doctype,
			"document_name": name,
		}
	).insert(ignore_permissions=True)


def mail(address: str, subject: str, text: str, doctype: str, name: str, title: str) -> None:
	"""Queue one mail. A site that has no way to send any has its bells all the same, and a line in its log."""
	escape = frappe.utils.escape_html
	link = f'<a href="{get_url_to_form(doctype, name)}">{escape(title)}</a>'
	try:
		frappe.sendmail(
			recipients=[address],
			subject=subject,
			message=f"<p>{escape(text)}</p><p>{link}</p>",
			reference_doctype=doctype,
			reference_name=name,
		)
	except Exception:
		frappe.log_error(title=f"ZATCA: {name}", message=frappe.get_traceback())
