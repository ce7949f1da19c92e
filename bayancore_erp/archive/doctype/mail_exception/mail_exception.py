"""Mail Exception: an invoice that reached nobody, until somebody has solved it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.zatca.adapter.records import ImmutableRecord


class MailException(Document):
	"""Opened and closed by the archive; people work on it through its buttons and its assignment."""

	def validate(self) -> None:
		if not self.flags.by_the_writer:
			frappe.throw(_("A mail exception is written by the system only."), ImmutableRecord)


def on_doctype_update() -> None:
	"""What delivery status and the list ask."""
	frappe.db.add_index("Mail Exception", ["state", "company"], "open_ones")
	frappe.db.add_index("Mail Exception", ["invoice_mail"], "of_the_mail")
