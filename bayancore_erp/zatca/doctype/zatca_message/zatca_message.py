"""ZATCA Message: one finding of a verdict, with its code and the field it is about."""

from __future__ import annotations

from frappe.model.document import Document


class ZATCAMessage(Document):
	"""A row of a submission."""
