"""ZATCA Prepayment: an advance deducted from an invoice, in one VAT category."""

from __future__ import annotations

from frappe.model.document import Document


class ZATCAPrepayment(Document):
	"""A row of a Sales Invoice."""
