"""What the doctor's page asks of the server."""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter import doctor

ROLES = ("System Manager", "ZATCA Manager", "ZATCA Auditor")


@frappe.whitelist(methods=["POST"])
def examine() -> dict[str, Any]:
	"""Every check, now. Permission: a manager's or the auditor's role."""
	frappe.only_for(ROLES)
	findings = doctor.examine()
	return {"light": doctor.worst(findings).value, "findings": doctor.as_values(findings)}
