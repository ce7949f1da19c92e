"""Invoice Mail: which copy of an invoice was mailed to whom, with the digests of what was attached; insert-only."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class InvoiceMail(InsertOnly):
	"""Added by `adapter/mailing.py` in the transaction that queues the mail."""


def on_doctype_update() -> None:
	"""The way from an invoice to its mails; and the last days' ones, which the watchdog asks for every minute."""
	frappe.db.add_index("Invoice Mail", ["creation"], "of_the_days")
	frappe.db.add_index("Invoice Mail", ["invoice_name", "invoice_doctype"], "of_the_invoice")
