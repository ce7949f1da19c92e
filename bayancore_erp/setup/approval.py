"""Approval before an invoice goes to ZATCA: a Frappe Workflow as an example, made on request and not active by itself.

Takes a doctype that carries tax invoices; gives the name of a Workflow that its users may change or copy. A submission that
waits for its verdict keeps the state it had; the invoice reaches the approved state when it is posted, as its approver.
Never touches a Workflow that exists. Source: FRAPPE.md section 2 (workflow trap).
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES

FIELD = "workflow_state"
DRAFT, PENDING, APPROVED = "Invoice Draft", "Pending Approval", "Approved and Posted"
PREPARES, APPROVES = "Accounts User", "Accounts Manager"
STATES = ((DRAFT, 0, PREPARES, ""), (PENDING, 0, APPROVES, "Warning"), (APPROVED, 1, APPROVES, "Success"))
TRANSITIONS = (
	(DRAFT, "Ask for Approval", PENDING, PREPARES),
	(PENDING, "Approve", APPROVED, APPROVES),
	(PENDING, "Send Back", DRAFT, APPROVES),
)


def make_example(doctype: str = "Sales Invoice", *, active: bool = False) -> str:
	"""The example for one doctype; made where it is not there. Gives its name."""
	if doctype not in INVOICE_DOCTYPES:
		frappe.throw(_("{0} carries no tax invoice.").format(doctype))
	name = f"ZATCA Approval, {doctype}"
	if not frappe.db.exists("Workflow", name):
		make_words()
		workflow(doctype, name).insert(ignore_permissions=True)
	if active:
		found = frappe.get_doc("Workflow", name)
		found.is_active = 1
		found.save(ignore_permissions=True)
	return name


def make_words() -> None:
	"""The states and actions the example names."""
	for state, _docstatus, _role, style in STATES:
		if not frappe.db.exists("Workflow State", state):
			frappe.get_doc(
				{"doctype": "Workflow State", "workflow_state_name": state, "style": style}
			).insert(ignore_permissions=True)
	for _from, action, _to, _role in TRANSITIONS:
		if not frappe.db.exists("Workflow Action Master", action):
			frappe.get_doc({"doctype": "Workflow Action Master", "workflow_action_name": action}).insert(
				ignore_permissions=True
			)


def workflow(doctype: str, name: str) -> Any:
	"""The document, not inserted yet."""
	return frappe.get_doc(
		{
			"doctype": "Workflow",
			"workflow_name": name,
			"document_type": doctype,
			"is_active": 0,
			"workflow_state_field": FIELD,
			"send_email_alert": 1,
			"states": [
				{"state": state, "doc_status": docstatus, "allow_edit": role}
				for state, docstatus, role, _style in STATES
			],
			"transitions": [
				{
					"state": state,
					"action": action,
					"next_state": target,
					"allowed": role,
					"allow_self_approval": int(action != "Approve"),
				}
				for state, action, target, role in TRANSITIONS
			],
		}
	)
