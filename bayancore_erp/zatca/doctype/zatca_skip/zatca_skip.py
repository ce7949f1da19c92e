"""ZATCA Skip: why a submitted invoice has no ZATCA document, so that none is missing without a reason."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class ZATCASkip(InsertOnly):
	"""Add one by `append_row("ZATCA Skip", {...})`."""


def on_doctype_update() -> None:
	"""One reason for each invoice."""
	frappe.db.add_unique(
		"ZATCA Skip", ["invoice_name", "invoice_doctype"], constraint_name="one_reason_an_invoice"
	)
