"""Who may see which company's evidence.

Insert-only rows name their company in a Data field, which Frappe's User Permissions do not follow; this does it for them.
Takes a user; gives the condition for lists and the answer for one row. Never widens what the roles allow.
"""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter.companies import companies_of


def query_conditions(user: str | None = None, doctype: str | None = None) -> str:
	"""The part of a list's WHERE clause that keeps other companies' rows out."""
	companies = companies_of(user or frappe.session.user, doctype) if doctype else None
	if companies is None:
		return ""
	return f"`tab{doctype}`.`company` in ({', '.join(frappe.db.escape(name) for name in companies)})"


def has_permission(doc: Any, ptype: str | None = None, user: str | None = None) -> bool:
	"""Whether the row's company is among the user's."""
	companies = companies_of(user or frappe.session.user, doc.doctype)
	company = doc.get("company")
	return companies is None or not company or company in companies
