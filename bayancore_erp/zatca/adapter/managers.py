"""Who answers for ZATCA in this site, told and reminded.

Takes a sentence and the record it is about; gives each manager a task, or a notification. Never mails by itself: Frappe does,
as each user has chosen.
"""

from __future__ import annotations

from typing import Any, Final

import frappe
from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification
from frappe.utils import getdate
from frappe.utils.user import get_users_with_role

ROLE: Final = "ZATCA Manager"


def managers() -> list[str]:
	"""Everybody with the role; where nobody has it, the administrator."""
	return [user for user in get_users_with_role(ROLE) if user != "Guest"] or ["Administrator"]


def remind(doctype: str, name: str, sentence: str, by: Any = None) -> None:
	"""One task for each manager, due today or on `by`; closing it is the record that it was done."""
	for user in managers():
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
	alert(doctype, name, sentence)


def alert(doctype: str, name: str, sentence: str) -> None:
	"""A notification in each manager's bell."""
	enqueue_create_notification(
		managers(),
		{
			"type": "Alert",
			"document_type": doctype,
			"document_name": name,
			"subject": sentence,
			"from_user": "Administrator",
		},
	)
