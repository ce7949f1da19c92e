"""Which companies a user is confined to.

Takes a user; gives the companies that User Permissions leave, or None where there is no such limit. Never widens a role's rights.
"""

from __future__ import annotations

from frappe.core.doctype.user_permission.user_permission import get_user_permissions


def companies_of(user: str) -> list[str] | None:
	"""The companies a user is confined to by User Permissions; None where there is no such limit."""
	if user == "Administrator":
		return None
	allowed = get_user_permissions(user).get("Company")
	return [entry["doc"] for entry in allowed] if allowed else None
