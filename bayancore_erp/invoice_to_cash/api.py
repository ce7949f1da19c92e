"""What the forms of the sales road ask for. Permission first, then one call of the adapter."""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.invoice_to_cash.adapter import desk


@frappe.whitelist(methods=["POST"])
def readiness(doctype: str, name: str) -> dict[str, Any]:
	"""Whether a tax invoice from this saved document would be accepted, and everything in its way. Permission: read."""
	doc = frappe.get_doc(desk.judged_doctype(doctype), name)
	doc.check_permission("read")
	return desk.readiness(doc)


@frappe.whitelist(methods=["POST"])
def readiness_unsaved(doc: dict[str, Any] | str) -> dict[str, Any]:
	"""The same of a document as it stands in a form that was never saved; nothing is stored.

	Permission: create; nothing is said where the party, the company or an address that it names may not be read.
	"""
	values = frappe.parse_json(doc)
	frappe.has_permission(desk.judged_doctype(str(values.get("doctype"))), "create", throw=True)
	return desk.readiness_unsaved(values)


@frappe.whitelist(methods=["POST"])
def fix(doctype: str, name: str, fix: str, choice: str = "") -> dict[str, Any]:
	"""Apply one of the fixes `readiness` offers; gives readiness afterwards. Permission: write on what is changed."""
	doc = frappe.get_doc(desk.judged_doctype(doctype), name)
	doc.check_permission("read")
	return desk.fix(doc, fix, choice)
