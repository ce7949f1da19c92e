"""ZATCA Document: one signed tax invoice, credit or debit note, byte for byte, with its place in the device's chain."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly, unpack


class ZATCADocument(InsertOnly):
	"""Add one by `append_row("ZATCA Document", {..., **pack(xml)})`; it is named by its UUID."""

	@property
	def xml(self) -> bytes:
		"""The signed document. Raises ImmutableRecord where the row was tampered with."""
		return unpack(self.content, self.content_encoding, self.content_sha256)


def on_doctype_update() -> None:
	"""One document for each place in a device's chain, whatever the lock missed; and the way from an invoice to it."""
	frappe.db.add_unique("ZATCA Document", ["device", "icv"], constraint_name="one_place_in_the_chain")
	frappe.db.add_index("ZATCA Document", ["invoice_name", "invoice_doctype"], "of_the_invoice")
	# A QR that was scanned, and a period that is packed.
	frappe.db.add_index("ZATCA Document", ["invoice_hash"], "by_hash")
	frappe.db.add_index("ZATCA Document", ["company", "issued_at"], "of_the_period")
