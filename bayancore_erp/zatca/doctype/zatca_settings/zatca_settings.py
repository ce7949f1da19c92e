"""ZATCA Settings: how one company issues its tax invoices; the document is named like the company."""

from __future__ import annotations

import re

import frappe
from frappe import _
from frappe.model.document import Document

from bayancore_erp.zatca.adapter import notified
from bayancore_erp.zatca.adapter.records import ImmutableRecord

VAT_NUMBER = re.compile(r"3\d{13}3")
SYSTEM_OWNED = ("outage_active", "outage_since", "outage_by", "outage_reason", "notified_told_on")


class ZATCASettings(Document):
	"""One for each Saudi company."""

	def validate(self) -> None:
		self.check_company()
		self.keep_outage()
		self.check_accounts()
		if self.enabled:
			self.check_vat_number()

	def onload(self) -> None:
		self.set_onload("late", notified.warning(self.company))

	def check_company(self) -> None:
		"""Only companies in the Kingdom issue through ZATCA."""
		country = frappe.get_cached_value("Company", self.company, "country")
		if country != "Saudi Arabia":
			frappe.throw(_("{0} is not in Saudi Arabia.").format(self.company))

	def check_vat_number(self) -> None:
		"""Without a VAT number there is no seller. 15 digits, the first and the last a 3 (BR-KSA-40)."""
		number = (frappe.get_cached_value("Company", self.company, "tax_id") or "").strip()
		if not VAT_NUMBER.fullmatch(number):
			frappe.throw(
				_(
					"The VAT number of {0} must have 15 digits and start and end with 3. Correct it in Company."
				).format(self.company),
				title=_("VAT Number"),
			)

	def check_accounts(self) -> None:
		"""Accounts and device belong to this company."""
		for field in ("output_vat_account", "input_vat_account", "prepayment_account"):
			account = self.get(field)
			if account and frappe.get_cached_value("Account", account, "company") != self.company:
				frappe.throw(_("{0} is an account of another company.").format(account))
		if self.default_device:
			if frappe.get_cached_value("ZATCA Device", self.default_device, "company") != self.company:
				frappe.throw(_("{0} is a device of another company.").format(self.default_device))

	def keep_outage(self) -> None:
		"""Outage mode is entered and left by its own action, never by saving a form."""
		if self.flags.outage_change:
			return
		before = self.get_doc_before_save()
		for field in SYSTEM_OWNED:
			self.set(field, before.get(field) if before else None)

	def on_trash(self) -> None:
		if frappe.db.exists("ZATCA Document", {"company": self.company}):
			frappe.throw(
				_("{0} has issued tax invoices: its settings stay.").format(self.company), ImmutableRecord
			)
