"""Archive Settings: how a company's documents look, where they are kept and how they are mailed."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter import places
from bayancore_erp.archive.adapter.preferences import image_bytes
from bayancore_erp.archive.core.pdf import Brand
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES
from bayancore_erp.zatca.adapter.sealing import KeepsSecrets
from bayancore_erp.zatca.core.errors import ZatcaError

STORAGE = (
	"backend", "folder", "region", "namespace", "bucket", "prefix", "kms_key_id", "auth_mode", "tenancy",
	"user_ocid", "fingerprint",
)  # fmt: skip


class ArchiveSettings(KeepsSecrets):
	"""One for each company, named like it. Without one the defaults hold."""

	def validate(self) -> None:
		self.check_brand()
		self.check_print_format()
		self.prefix = (self.prefix or "").strip().strip("/")
		self.prefix = f"{self.prefix}/" if self.prefix else ""
		if self.backend == places.OCI:
			self.check_bucket()
		elif self.folder and not self.folder.startswith("/"):
			frappe.throw(_("The archive's folder is an absolute path, such as /srv/archive."))

	def check_brand(self) -> None:
		"""Whatever is chosen here can be drawn."""
		remarks: list[str] = []
		letter_head = self.letter_head and frappe.db.get_value("Letter Head", self.letter_head, "image")
		if self.letter_head and not letter_head:
			remarks.append(_("The letter head {0} has no image.").format(self.letter_head))
		image_bytes(self.logo, _("Logo"), remarks)
		image_bytes(letter_head, _("Letter Head"), remarks)
		if remarks:
			frappe.throw(remarks, as_list=True, title=_("Brand", context="Archive Settings"))
		try:
			Brand(accent=self.accent or Brand.accent)
		except ZatcaError as error:
			frappe.throw(error.diagnostics())

	def check_print_format(self) -> None:
		"""A format for invoices, of the kind that Frappe prints itself."""
		if not self.print_format:
			return
		doc_type, beta = frappe.db.get_value(
			"Print Format", self.print_format, ["doc_type", "print_format_builder_beta"]
		)
		if doc_type not in INVOICE_DOCTYPES:
			frappe.throw(_("{0} is not a print format for invoices.").format(self.print_format))
		if beta:
			frappe.throw(
				_("{0} was made with the new builder, which cannot be used here.").format(self.print_format)
			)

	def check_bucket(self) -> None:
		"""The core accepts the place and the way to sign in; nobody is asked yet."""
		key = ""
		if self.private_key and set(self.private_key) != {"*"}:
			# The desk's password field takes the line breaks out of a PEM text.
			key = self.private_key = places.pem(self.private_key)
			self.flags.new_key = True
		try:
			places.oci_settings(
				self, self.region or "", self.namespace or "", self.bucket or "", self.prefix, key
			)
		except ZatcaError as error:
			frappe.throw(error.diagnostics())

	def on_update(self) -> None:
		"""Work that failed for the old settings is tried with the new ones."""
		if self.changed_storage():
			frappe.enqueue(
				"bayancore_erp.archive.jobs.retry_company",
				queue="default",
				enqueue_after_commit=True,
				company=self.company,
			)

	def changed_storage(self) -> bool:
		"""Whether the archive stands elsewhere or is reached otherwise."""
		before: Any = self.get_doc_before_save()
		if self.flags.new_key:
			return True
		return bool(before) and any((before.get(field) or "") != (self.get(field) or "") for field in STORAGE)
