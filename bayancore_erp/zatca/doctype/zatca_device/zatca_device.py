"""ZATCA Device: one unit (EGS) that signs invoices: its identity in one environment and the head of its chain.

Takes what people enter about it; gives identity and chain to the adapter. A form or an API call never changes its
secrets, its chain head or its environment: those have writers of their own. Source: Guideline on the counter, which no
function may reset, and on CSIDs, which belong to one environment.
"""

from __future__ import annotations

import uuid
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter import notified, sealing, training, vault
from bayancore_erp.zatca.adapter.records import ImmutableRecord
from bayancore_erp.zatca.adapter.sealing import HISTORY, SECRETS
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.secret import opaque

MAKER = "1-Bayancore|2-ERPNext|3-"
CHAIN_HEAD = ("icv", "pih", "last_document", "last_signed_at")
VERIFIED = ("verified_at", "verified_full_at", "verified_icv", "verified_hash", "verified_finding")
STANDING = (
	"status",
	"on_hold",
	"held_at",
	"hold_reason",
	"certificate_serial",
	"certificate_issuer",
	"permissions_code",
	"valid_from",
	"valid_until",
	"compliance_request_id",
	"production_request_id",
	"csr",
	"compliance_certificate",
	"production_certificate",
	"bound_to",
	"confirmed_by",
	"confirmed_at",
	"alerted_days",
)
IDENTITY = ("common_name", "serial_number", "vat_number")


class ZATCADevice(sealing.KeepsSecrets):
	"""A device. `write_standing` and `store_secrets` are for onboarding and the client; the chain's lock moves the head."""

	def validate(self) -> None:
		self.check_company()
		training.refuse_other_environments(self)
		self.keep_system_owned()
		self.check_address()
		if not (self.signs_standard or self.signs_simplified):
			frappe.throw(_("Choose at least one kind of invoice the device issues."))

	def onload(self) -> None:
		if self.environment != "Production":
			self.set_onload("late", notified.warning(self.company))

	def check_address(self) -> None:
		"""Only a simulator has one of its own, and only what the gateway's client would call."""
		if self.gateway_url and self.environment != "Simulator":
			frappe.throw(_("Only a simulator has an address of its own; ZATCA's are known."))
		# a device whose address was let through before can still be retired
		if self.gateway_url and self.has_value_changed("gateway_url"):
			try:
				vault.gateway_of(self)
			except ConfigurationError:
				frappe.throw(
					_(
						"A simulator's address starts with https:// (http:// only on this very server) and has no user, password, query or fragment."
					)
				)

	def check_company(self) -> None:
		"""Only companies in the Kingdom have devices."""
		if frappe.get_cached_value("Company", self.company, "country") != "Saudi Arabia":
			frappe.throw(_("{0} is not in Saudi Arabia.").format(self.company))

	def keep_system_owned(self) -> None:
		"""Put back what a form may show but not change. A stale form would otherwise rewind the chain."""
		if self.is_new():
			self.update({field: None for field in (*SECRETS, *CHAIN_HEAD, *VERIFIED)})
			self.icv = self.verified_icv = 0
			if not self.flags.by_the_writer:
				self.update({field: None for field in STANDING})
			self.status = self.status or "New"
			# told apart by ZATCA for good, whatever the site or the device is called
			self.serial_number = self.serial_number or f"{MAKER}{uuid.uuid4()}"
			return
		fields = [*SECRETS, *CHAIN_HEAD, *VERIFIED, "company", "environment"]
		if not self.flags.by_the_writer:
			fields += STANDING
		# a locking read: it sees what other transactions committed since this one began
		stored = frappe.db.get_value(
			self.doctype, self.name, [*fields, *IDENTITY, "status"], as_dict=True, for_update=True
		)
		if self.company != stored.company:
			# Frappe has asked whether the user may write to a device of the company the caller named
			frappe.throw(_("A device stays with its company."), ImmutableRecord)
		self.update({field: stored[field] for field in fields})
		if (self.private_key or stored.status != "New") and not self.flags.by_the_writer:
			self.update({field: stored[field] for field in IDENTITY})

	def write_standing(self, **values: Any) -> None:
		"""Change status, hold, certificate facts, binding or identity: for the system, not for a person's form."""
		self.flags.by_the_writer = True
		self.flags.ignore_permissions = True
		self.update(values)
		self.save()
		self.flags.by_the_writer = False

	@opaque
	def store_secrets(self, **secrets: str) -> None:
		"""Encrypt `private_key`, `compliance_secret` or `production_secret`. Raises KeyError for another name."""
		for name, value in secrets.items():
			if name not in SECRETS:
				raise KeyError(name)
			sealing.seal(self.name, name, value)
			# a fixed length, so that the column does not tell that of the secret
			frappe.db.set_value(self.doctype, self.name, name, "*" * 12, update_modified=False)
			self.set(name, "*" * 12)

	@opaque
	def add_secrets(self, secrets: dict[str, str]) -> None:
		"""Encrypt keys and secrets under names of their own. Never replaces one. Raises KeyError for another name."""
		kept = {name for device, name in sealing.everything() if device == self.name}
		for name, value in secrets.items():
			if not HISTORY.fullmatch(name):
				raise KeyError(name)
			if name not in kept:
				sealing.seal(self.name, name, value)

	def on_trash(self) -> None:
		if frappe.utils.cint(self.icv) or frappe.db.exists("ZATCA Document", {"device": self.name}):
			frappe.throw(
				_("{0} has signed invoices: it can be retired, not deleted.").format(self.name),
				ImmutableRecord,
			)
		if frappe.db.exists("ZATCA Enrolment", self.name):
			enrolment = frappe.get_doc("ZATCA Enrolment", self.name)
			enrolment.flags.with_its_device = True
			enrolment.delete(ignore_permissions=True)

	def before_rename(self, *args: object, **kwargs: object) -> None:
		frappe.throw(_("A device keeps its name."), ImmutableRecord)


def on_doctype_update() -> None:
	"""What routing asks for."""
	frappe.db.add_index("ZATCA Device", ["company", "environment", "status"], "routing")
