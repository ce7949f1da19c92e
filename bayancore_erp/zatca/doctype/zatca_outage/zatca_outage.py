"""ZATCA Outage: when a company could not reach ZATCA, why, and what was released meanwhile. Written at its start and its end."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.zatca.adapter.records import ImmutableRecord


class ZATCAOutage(Document):
	"""Written by the adapter only; once it has an end, by nobody."""

	def validate(self) -> None:
		before = self.get_doc_before_save()
		if not self.flags.by_the_writer or (before and before.ended_at):
			frappe.throw(
				_("An outage is recorded by its own action and kept as evidence."),
				ImmutableRecord,
				title=_("Lawful Record"),
			)

	def on_trash(self) -> None:
		frappe.throw(_("An outage is kept as evidence."), ImmutableRecord, title=_("Lawful Record"))

	def before_rename(self, *args: object, **kwargs: object) -> None:
		frappe.throw(_("An outage is kept as evidence."), ImmutableRecord, title=_("Lawful Record"))
