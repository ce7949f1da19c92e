"""Which companies a user is confined to.

Takes a user and the DocType that is asked about; gives the companies that User Permissions leave, or None where there is no
such limit. Never widens a role's rights.
"""

from __future__ import annotations

from frappe.core.doctype.user_permission.user_permission import get_user_permissions
from frappe.permissions import get_allowed_docs_for_doctype


def companies_of(user: str, doctype: str) -> list[str] | None:
	"""The companies whose `doctype` a user may see by User Permissions; None where there is no such limit.

	As Frappe reads them: one that is “applicable for” another DocType neither grants nor confines here.
	"""
	return get_allowed_docs_for_doctype(get_user_permissions(user).get("Company", []), doctype) or None
