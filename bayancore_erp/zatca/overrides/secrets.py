"""No API answers with a device's key or secret, not even to a System Manager."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.client import get_password as frappe_get_password


@frappe.whitelist()
def get_password(doctype: str, name: str, fieldname: str) -> str | None:
	"""frappe.client.get_password, for everything but devices."""
	if doctype == "ZATCA Device":
		frappe.throw(_("A device's secrets never leave the server."), frappe.PermissionError)
	return frappe_get_password(doctype, name, fieldname)
