"""AI Error Wording: how ZATCA words its messages, values replaced, so that a change is noticed. Written by learning.py only."""

from __future__ import annotations

from frappe.model.document import Document


class AIErrorWording(Document):
	"""One wording of one code."""
