"""ZATCA Enrolment: how far a device is on its way to a certificate, and every key and certificate it ever had.

Takes what the adapter's enrolment store writes; gives the state to the wizard and the vault. Never holds a secret (those
are encrypted, with the device) and is never written by a form or an API call.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.zatca.adapter.records import ImmutableRecord


class ZATCAEnrolment(Document):
	"""One for each device, of the same name."""

	def validate(self) -> None:
		if not self.flags.by_the_writer:
			frappe.throw(_("An enrolment is written by the system only."), ImmutableRecord)

	def on_trash(self) -> None:
		if frappe.db.exists("ZATCA Device", self.device) and not self.flags.with_its_device:
			frappe.throw(_("An enrolment is kept with its device."), ImmutableRecord)

	def before_rename(self, *args: Any, **kwargs: Any) -> None:
		frappe.throw(_("A device keeps its name."), ImmutableRecord)
