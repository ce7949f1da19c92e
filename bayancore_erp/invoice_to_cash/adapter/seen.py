"""Which companies' figures a reader sees: those of the User Permissions, narrowed by what was asked for.

Takes a company or none; gives names, or None for all. Never widens.
"""

from __future__ import annotations

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.companies import companies_of


def companies_seen(company: str | None) -> list[str] | None:
	"""The companies to count. Raises frappe.PermissionError for one the reader may not see."""
	allowed = companies_of(frappe.session.user, "Sales Invoice")
	if not company:
		return allowed
	if allowed is not None and company not in allowed:
		frappe.throw(_("You have no permission for the company {0}.").format(company), frappe.PermissionError)
	return [company]
