"""Archive Check: a period of the archive read again, every digest recomputed, with what was found."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

RESULT = ("state", "checked", "problems", "started_at", "finished_at", "faults", "last_error")


class ArchiveCheck(Document):
	"""Asked by a person, answered by a worker; it cannot be changed afterwards."""

	def before_insert(self) -> None:
		self.update({field: None for field in RESULT})
		self.state = "Queued"

	def validate(self) -> None:
		if not self.is_new():
			frappe.throw(_("A check that was asked for cannot be changed. Make a new one."))
		if getdate(self.to_date) < getdate(self.from_date):
			frappe.throw(_("The period ends before it begins."))

	def after_insert(self) -> None:
		frappe.enqueue(
			"bayancore_erp.archive.jobs.verify",
			queue="long",
			timeout=6 * 3600,
			enqueue_after_commit=True,
			check=self.name,
		)
