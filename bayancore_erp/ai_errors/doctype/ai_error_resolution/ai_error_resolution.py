"""AI Error Resolution: one problem of an invoice, open until the invoice is accepted or the problem is gone at the next try.

Written by ai_errors/adapter/learning.py only; no role has a right to change it.
"""

from __future__ import annotations

import frappe
from frappe.model.document import Document


class AIErrorResolution(Document):
	"""One problem."""


def on_doctype_update() -> None:
	"""The way from an invoice to its open problems."""
	frappe.db.add_index("AI Error Resolution", ["invoice_name", "invoice_doctype", "state"], "of_the_invoice")
