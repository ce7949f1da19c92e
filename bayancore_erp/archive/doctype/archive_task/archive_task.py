"""Archive Task: one piece of work on a signed document, and where it stands; written by the archive's queue only."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.archive.adapter import words
from bayancore_erp.zatca.adapter.records import ImmutableRecord


class ArchiveTask(Document):
	"""No role changes one by hand; failed work is started again by its button."""

	def onload(self) -> None:
		"""What stopped it, in the words of whoever opens it."""
		self.set_onload("words", words.said(self.last_error or ""))

	def validate(self) -> None:
		if not self.flags.by_the_writer:
			frappe.throw(_("The archive's queue is written by the system only."), ImmutableRecord)

	def on_trash(self) -> None:
		frappe.throw(_("The archive's queue is written by the system only."), ImmutableRecord)


def on_doctype_update() -> None:
	"""What the watchdog asks every minute."""
	frappe.db.add_index("Archive Task", ["state", "next_try_at"], "due")
	frappe.db.add_index("ZATCA Submission", ["finished_at"], "ended")
