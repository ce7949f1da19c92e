"""Whether a user may see a company's evidence: the question every whitelisted method of the audit room asks first."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.core.doctype.user_permission.user_permission import get_user_permissions

READERS = ("ZATCA Auditor", "ZATCA Manager", "System Manager")


def require_company(company: str) -> None:
	"""Raise PermissionError for a company outside the user's, by User Permissions."""
	allowed = companies()
	if allowed is not None and company not in allowed:
		frappe.throw(_("{0} is not among your companies.").format(company), frappe.PermissionError)


def companies() -> list[str] | None:
	"""The companies User Permissions confine the user to; None where there is no such limit."""
	user = frappe.session.user
	entries = get_user_permissions(user).get("Company") if user != "Administrator" else None
	return [entry["doc"] for entry in entries] if entries else None


def require_reader() -> None:
	"""Raise PermissionError for whoever has none of the roles that read evidence."""
	frappe.only_for(READERS)


def require_all() -> None:
	"""Raise PermissionError for whoever is confined to some companies: what concerns the whole site is not theirs."""
	if companies() is not None:
		frappe.throw(
			_("This concerns all companies of the site, and you see only some."), frappe.PermissionError
		)
