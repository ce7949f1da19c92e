"""Who answers for a company's e-invoicing, told and reminded.

Takes a sentence and the record it is about; gives each manager a task, or a notification, in the manager's language. Never mails by itself: Frappe does,
as each user has chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import frappe
from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification
from frappe.utils import getdate

from bayancore_erp.zatca.adapter.companies import companies_of
from bayancore_erp.zatca.adapter.language import of_user, speaking

ROLE: Final = "ZATCA Manager"


def managers_of(company: str) -> list[str]:
	"""The enabled users who manage this company's e-invoicing; the system's managers where there is none."""
	for role in (ROLE, "System Manager"):
		holders = frappe.get_all(
			"Has Role", filters={"role": role, "parenttype": "User"}, pluck="parent", distinct=True
		)
		users = frappe.get_all(
			"User",
			filters={
				"name": ("in", [name for name in holders if name not in ("Guest", "Administrator")]),
				"enabled": 1,
			},
			pluck="name",
		)
		found = [user for user in users if (allowed := companies_of(user)) is None or company in allowed]
		if found:
			return found
	return ["Administrator"]


def remind(doctype: str, name: str, company: str, say: Callable[[], str], by: Any = None) -> None:
	"""One task for each manager, due today or on `by`; closing it is the record that it was done.

	`say` gives the sentence, asked for in each reader's language.
	"""
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
	alert(doctype, name, company, say)


def alert(doctype: str, name: str, company: str, say: Callable[[], str]) -> None:
	"""A notification in each manager's bell."""
	for user in managers_of(company):
		with speaking(of_user(user)):
			sentence = say()
		enqueue_create_notification(
			[user],
			{
				"type": "Alert",
				"document_type": doctype,
				"document_name": name,
				"subject": sentence,
				"from_user": "Administrator",
			},
		)
