"""What the desk may ask of error help. Permission first, then one call of the adapter."""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.ai_errors.adapter import explaining, helping, learning
from bayancore_erp.ai_errors.core.catalogue import find
from bayancore_erp.zatca.adapter.desk import invoice_doctype


@frappe.whitelist(methods=["POST"])
def help_for(doctype: str, name: str) -> dict[str, Any]:
	"""Each problem of an invoice with its field and its sentence. Permission: read."""
	frappe.get_doc(invoice_doctype(doctype), name).check_permission("read")
	return helping.help_for(doctype, name)


@frappe.whitelist(methods=["POST"])
def vote(doctype: str, name: str, code: str, helped: bool) -> None:
	"""Whether the help for one problem helped. Permission: write."""
	frappe.get_doc(invoice_doctype(doctype), name).check_permission("write")
	helping.vote(doctype, name, code, helped)


@frappe.whitelist()
def resolution_rate(from_date: str, to_date: str, company: str = "") -> dict[str, Any]:
	"""The AI Error Resolution Rate. Permission: report on AI Error Resolution, read on the company."""
	frappe.has_permission(learning.RESOLUTION, "report", throw=True)
	if company:
		frappe.has_permission("Company", "read", company, throw=True)
	return learning.resolution_rate(company, from_date, to_date)


@frappe.whitelist(methods=["POST"])
def preview(code: str, message: str) -> dict[str, Any]:
	"""What would be sent about such a message, word for word, and whether the dictionary knows its code; nothing is sent. Permission: read on the settings."""
	frappe.has_permission(explaining.SETTINGS, "read", throw=True)
	question = explaining.preview(code, message)
	return {
		"known": find(code) is not None,
		"instructions": question.instructions,
		"input": question.input,
		"version": question.version,
	}


@frappe.whitelist(methods=["POST"])
def preview_submission(submission: str = "") -> dict[str, Any]:
	"""What would be sent about the answer to one invoice, the latest rejected one by default; nothing is sent.

	Permission: read on the settings and on the invoice.
	"""
	frappe.has_permission(explaining.SETTINGS, "read", throw=True)
	name = submission or explaining.latest_rejected()
	if not name:
		return {"submission": "", "invoice": "", "questions": []}
	row = frappe.get_doc("ZATCA Submission", name)
	row.check_permission("read")
	frappe.get_doc(row.invoice_doctype, row.invoice_name).check_permission("read")
	return {
		"submission": row.name,
		"invoice": row.invoice_name,
		"questions": [
			{
				"code": message.code,
				"message": message.at or "",
				"known": find(message.code) is not None,
				"instructions": question.instructions,
				"input": question.input,
				"version": question.version,
			}
			for message, question in explaining.preview_of(row)
		],
	}


@frappe.whitelist(methods=["POST"])
def spent() -> dict[str, int]:
	"""Questions and tokens of this month. Permission: read on the settings."""
	frappe.has_permission(explaining.SETTINGS, "read", throw=True)
	return explaining.spent_this_month()
