"""Legal Hold: a reason to keep documents whatever their age; it ends only by being released, with a reason."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter.reach import require_company
from bayancore_erp.archive.adapter.trail import Action, record
from bayancore_erp.zatca.adapter.records import ImmutableRecord


class LegalHold(Document):
	"""Made once; `release` is the only change."""

	def before_insert(self) -> None:
		require_company(self.company)
		self.update({"released_on": None, "released_by": None, "release_reason": None})

	def validate(self) -> None:
		if not self.is_new() and not self.flags.releasing:
			frappe.throw(_("A legal hold cannot be changed, only released."), ImmutableRecord)
		if self.scope == "Period" and getdate(self.to_date) < getdate(self.from_date):
			frappe.throw(_("The period ends before it begins."))
		if self.scope == "Documents":
			self.check_documents()

	def check_documents(self) -> None:
		"""Each is a signed document of the company."""
		for row in self.documents:
			found = frappe.db.get_value(
				"ZATCA Document", row.document, ["company", "invoice_name"], as_dict=True
			)
			if not found or found.company != self.company:
				frappe.throw(_("{0} is no signed document of {1}.").format(row.document, self.company))
			row.invoice_name = found.invoice_name

	def after_insert(self) -> None:
		facts = {
			"scope": self.scope,
			"documents": len(self.documents),
			"from": self.from_date,
			"to": self.to_date,
		}
		record(Action.HELD, self.doctype, str(self.name), self.company, facts=facts)

	@frappe.whitelist()
	def release(self, reason: str) -> None:
		"""End it. Permission: write."""
		self.check_permission("write")
		require_company(self.company)
		if self.released_on:
			frappe.throw(_("It is released already."))
		if not (reason or "").strip():
			frappe.throw(_("Say why it is released."))
		self.released_on, self.released_by = now_datetime().date(), frappe.session.user
		self.release_reason = reason.strip()
		self.flags.releasing = True
		self.save()
		record(Action.HOLD_ENDED, self.doctype, str(self.name), self.company)

	def on_trash(self) -> None:
		frappe.throw(_("A legal hold cannot be deleted, only released."), ImmutableRecord)
