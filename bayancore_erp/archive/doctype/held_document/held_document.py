"""Held Document: a row of a Legal Hold."""

from __future__ import annotations

from frappe.model.document import Document


class HeldDocument(Document):
	"""A signed document that must be kept whatever its age."""
