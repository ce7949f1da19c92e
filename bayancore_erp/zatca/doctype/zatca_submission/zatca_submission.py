"""ZATCA Submission: where one attempt to get an invoice approved stands; small, mutable, recomputable from the evidence.

`live_key` is "DocType:name" while the attempt lives and empty afterwards: its unique index is the claim on the invoice.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.zatca.adapter.records import ImmutableRecord


class ZATCASubmission(Document):
	"""Written by the adapter only; no role has a right to change it."""

	def validate(self) -> None:
		if not self.flags.by_the_writer:
			frappe.throw(_("The state of a submission is written by the system only."), ImmutableRecord)

	def on_trash(self) -> None:
		frappe.throw(_("A submission is kept with its invoice."), ImmutableRecord)

	def before_rename(self, *args: object, **kwargs: object) -> None:
		frappe.throw(_("A submission cannot be renamed."), ImmutableRecord)


def on_doctype_update() -> None:
	"""What the watchdog and the invoice's form ask for."""
	frappe.db.add_index("ZATCA Submission", ["invoice_name", "invoice_doctype"], "of_the_invoice")
	frappe.db.add_index("ZATCA Submission", ["state", "next_try_at"], "due")
