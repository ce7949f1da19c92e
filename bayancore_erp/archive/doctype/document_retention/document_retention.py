"""Document Retention: what one document is about, where the law or the company keeps it longer than others."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.archive.adapter.reach import require_company
from bayancore_erp.zatca.adapter.records import ImmutableRecord


class DocumentRetention(Document):
	"""Named by its ZATCA Document. Terms can be made longer, never shorter than the law's."""

	def validate(self) -> None:
		found = frappe.db.get_value(
			"ZATCA Document", self.document, ["company", "invoice_name"], as_dict=True
		)
		if not found:
			frappe.throw(_("{0} is no signed document.").format(self.document))
		require_company(found.company)
		self.update(found)

	def on_trash(self) -> None:
		frappe.throw(_("Change it instead: what a document is about stays on record."), ImmutableRecord)
