"""Archive Paper: the one PDF/A-3 of a signed document, by its digest; there is never a second, different one."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class ArchivePaper(InsertOnly):
	"""Added by `adapter/papers.py`, named like its ZATCA Document."""


def on_doctype_update() -> None:
	"""The way from an invoice to its papers."""
	frappe.db.add_index("Archive Paper", ["invoice_name", "invoice_doctype"], "of_the_invoice")
