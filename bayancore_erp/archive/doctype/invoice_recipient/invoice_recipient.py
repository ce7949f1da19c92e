"""Invoice Recipient: a row of a customer's table of people who get its invoices."""

from __future__ import annotations

from frappe.model.document import Document


class InvoiceRecipient(Document):
	"""A contact or a bare address."""
