"""Submitted Invoices Without ZATCA Document: must be empty. With the switch: every invoice that needs none, and why.

Takes filters; gives Frappe's columns, rows, message and summary. The rows are `adapter.unsent`.
"""

from __future__ import annotations

from typing import Any

from frappe import _
from frappe.utils import add_months, cint, getdate, today

from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen
from bayancore_erp.invoice_to_cash.adapter.unsent import skipped, without_document


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	wanted = dict(filters or {})
	last = getdate(wanted.get("to_date") or today())
	first = getdate(wanted.get("from_date") or add_months(last, -12))
	companies = companies_seen(wanted.get("company"))
	if cint(wanted.get("skipped")):
		rows = skipped(companies, first, last)
		for row in rows:
			row["reason_code"] = _(row["reason_code"])
		return columns(reasons=True), rows
	rows = without_document(companies, first, last)
	found = {
		"label": _("Invoices Without a Document"),
		"value": len(rows),
		"datatype": "Int",
		"indicator": "Red" if rows else "Green",
	}
	return columns(reasons=False), rows, message(rows), None, [found]


def message(rows: list[dict[str, Any]]) -> str | None:
	"""What an empty list means, for an empty list is what one wants to see."""
	if rows:
		return _(
			"These invoices are in the books and ZATCA does not know them. Ask your ZATCA manager before anything else is submitted."
		)
	return _("Every submitted invoice has its ZATCA document, or a reason why it needs none.")


def columns(*, reasons: bool) -> list[dict[str, Any]]:
	"""The reason where there is one, the amount where there should be a document."""
	found: list[dict[str, Any]] = [
		{"fieldname": "posting_date", "label": _("Posting Date"), "fieldtype": "Date", "width": 110},
		{"fieldname": "invoice_doctype", "label": _("Document Type"), "fieldtype": "Data", "width": 120},
		{"fieldname": "invoice_name", "label": _("Invoice"), "fieldtype": "Dynamic Link", "options": "invoice_doctype", "width": 180},
	]  # fmt: skip
	if reasons:
		found += [
			{"fieldname": "reason_code", "label": _("Why"), "fieldtype": "Data", "width": 160},
			{"fieldname": "reason", "label": _("Reason"), "fieldtype": "Data", "width": 380},
		]
	else:
		found += [
			{"fieldname": "customer_name", "label": _("Customer"), "fieldtype": "Data", "width": 220},
			{"fieldname": "amount", "label": _("Amount"), "fieldtype": "Currency", "options": "Company:company:default_currency", "width": 130},
		]  # fmt: skip
	return [
		*found,
		{
			"fieldname": "company",
			"label": _("Company"),
			"fieldtype": "Data",
			"width": 180,
		},
		{"fieldname": "modified_by", "label": _("By"), "fieldtype": "Data", "width": 160},
	]
