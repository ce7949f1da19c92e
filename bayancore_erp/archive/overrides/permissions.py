"""Frappe's calls that change who may do what with raw SQL, of which no document tells: done as Frappe does, and told in the trail.

Takes the calls of the Role Permission Manager and of User Permissions; gives what Frappe gives. The event stands in the transaction
of the change. Who may call them is Frappe's to say. Source: DESIGN.md, promise 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.core.doctype.user_permission import user_permission
from frappe.core.page.permission_manager import permission_manager

from bayancore_erp.archive.adapter import trail_rows
from bayancore_erp.archive.adapter.trail import Action, record

PERMISSION = "User Permission"


# --- Role Permission Manager ------------------------------------------------------------------------------------------
@frappe.whitelist()
def update(
	doctype: str,
	role: str,
	permlevel: str | int,
	ptype: str,
	value: str | int | None = None,
	if_owner: str | int = 0,
) -> str | None:
	"""A right given to a role or taken from it."""
	answer: str | None = permission_manager.update(doctype, role, permlevel, ptype, value, if_owner)
	rights_changed(
		doctype,
		role=role,
		permlevel=permlevel,
		if_owner=if_owner,
		right=ptype,
		value=frappe.utils.cint(value),
	)
	return answer


@frappe.whitelist()
def remove(doctype: str, role: str, permlevel: str | int, if_owner: str | int = 0) -> None:
	"""A rule taken away."""
	permission_manager.remove(doctype, role, permlevel, if_owner)
	rights_changed(doctype, role=role, permlevel=permlevel, if_owner=if_owner, removed="all rights")


@frappe.whitelist()
def reset(doctype: str) -> None:
	"""Every rule of the site's own taken away: the app's rules hold again."""
	permission_manager.reset(doctype)
	rights_changed(doctype, removed="all rules of the site's own")


def rights_changed(doctype: str, **facts: Any) -> None:
	"""Who may do what with a DocType."""
	record(Action.CHANGED, "DocType", doctype, facts={"fields": "permissions", **facts})


# --- User Permissions -------------------------------------------------------------------------------------------------
@frappe.whitelist()
def clear_user_permissions(user: str, for_doctype: str) -> int:
	"""A user no longer confined to some records."""
	with deleted_told(user=user, allow=for_doctype):
		return int(user_permission.clear_user_permissions(user, for_doctype))


@frappe.whitelist()
def add_user_permissions(data: str | dict[str, Any]) -> int:
	"""A user confined to a record; what it replaces is deleted."""
	frappe.only_for("System Manager")  # as Frappe asks, before anything is read of what was sent
	asked = frappe._dict(frappe.parse_json(data))
	with deleted_told(user=asked.user, allow=asked.doctype, for_value=asked.docname):
		return int(user_permission.add_user_permissions(data))


@contextmanager
def deleted_told(**filters: Any) -> Iterator[None]:
	"""The same event for each row that goes as where Frappe deletes a document."""
	rows = [
		frappe.get_doc(PERMISSION, name) for name in frappe.get_all(PERMISSION, filters=filters, pluck="name")
	]
	yield
	for row in rows:
		if not frappe.db.exists(PERMISSION, row.name):
			digest = trail_rows.digest_of(trail_rows.content(row))
			record(Action.DELETED, PERMISSION, row.name, digest=digest, facts={"user": row.user})
