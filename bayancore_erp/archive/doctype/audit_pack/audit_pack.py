"""Audit Pack: a period's documents with their proofs, as one zip for an auditor; asked by a person, made by a worker."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from bayancore_erp.archive.adapter import packs
from bayancore_erp.archive.adapter.reach import require_company

RESULT = ("progress", "documents", "size", "problems", "seal", "findings", "last_error", "finished_at")


class AuditPack(Document):
	"""It cannot be changed afterwards; a new one is made instead."""

	def before_insert(self) -> None:
		require_company(self.company)
		self.update({field: None for field in RESULT})
		self.state = "Queued"
		self.requested_by = frappe.session.user

	def validate(self) -> None:
		if not self.is_new():
			frappe.throw(_("A pack cannot be changed. Make a new one."))
		if getdate(self.to_date) < getdate(self.from_date):
			frappe.throw(_("The period ends before it begins."))

	def after_insert(self) -> None:
		frappe.enqueue(
			"bayancore_erp.archive.audit_jobs.make_pack",
			queue="long",
			timeout=6 * 3600,
			enqueue_after_commit=True,
			pack=self.name,
		)

	def on_trash(self) -> None:
		packs.remove_file(str(self.name))
