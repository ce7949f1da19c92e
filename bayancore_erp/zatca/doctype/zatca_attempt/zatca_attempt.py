"""ZATCA Attempt: what was sent to the gateway, and in a second row what it answered, raw."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly, unpack_body


class ZATCAAttempt(InsertOnly):
	"""Add one by `append_row("ZATCA Attempt", {..., **pack_body(raw)})`, with headers that hold no secret."""

	@property
	def raw(self) -> bytes:
		"""The bytes on the wire. Raises ImmutableRecord where the row was tampered with."""
		return unpack_body(self.body, self.body_encoding, self.body_sha256)


def on_doctype_update() -> None:
	"""The way from an invoice to its attempts."""
	frappe.db.add_index("ZATCA Attempt", ["invoice_name", "invoice_doctype"], "of_the_invoice")
