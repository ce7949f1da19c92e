"""What the doctor's page asks of the server."""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter import doctor
from bayancore_erp.zatca.adapter.companies import companies_of

ROLES = ("System Manager", "ZATCA Manager", "ZATCA Auditor")


@frappe.whitelist(methods=["POST"])
def examine() -> dict[str, Any]:
	"""Every check, now. Permission: a manager's or the auditor's role; only of the user's companies, and the site's own."""
	frappe.only_for(ROLES)
	allowed = companies_of(frappe.session.user, "ZATCA Settings")
	findings = [
		found
		for found in doctor.examine()
		if not found.company or allowed is None or found.company in allowed
	]
	return {"light": doctor.worst(findings).value, "findings": doctor.as_values(findings)}
