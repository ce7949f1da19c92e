"""ZATCA Exemption Reason: a VATEX-SA code with its wording; a fixture made from core.codes.EXEMPTIONS."""

from __future__ import annotations

from frappe.model.document import Document


class ZATCAExemptionReason(Document):
	"""Part of the law, so the same on every site."""
