"""The number cards of the Manager's page: each one of the workflow's five figures, of the last thirty days.

Whitelisted for the desk; the report's permission decides who may see them.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import add_days, getdate, today

from bayancore_erp.invoice_to_cash.adapter.metrics import Figures, figures
from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen

REPORT = "ZATCA Invoice to Cash"
DAYS = 30


def card(name: str, fieldtype: str) -> dict[str, Any]:
	"""One figure as Frappe's number card wants it; permission: the report."""
	frappe.has_permission("ZATCA Submission", "report", throw=True)
	found: Figures = figures(companies_seen(None), getdate(add_days(today(), -DAYS)), getdate(today()))
	return {
		"value": getattr(found, name) or 0,
		"fieldtype": fieldtype,
		"precision": 1,
		"route": ["query-report", REPORT],
	}


@frappe.whitelist()
def first_time_clearance_rate() -> dict[str, Any]:
	"""FWCR. Permission: report on submissions."""
	return card("first_time_rate", "Percent")


@frappe.whitelist()
def rejection_rate() -> dict[str, Any]:
	"""Rejected by ZATCA. Permission: report on submissions."""
	return card("rejection_rate", "Percent")


@frappe.whitelist()
def seconds_to_clearance() -> dict[str, Any]:
	"""The median. Permission: report on submissions."""
	return card("seconds_to_clearance", "Float")


@frappe.whitelist()
def cycle_minutes() -> dict[str, Any]:
	"""The median. Permission: report on submissions."""
	return card("cycle_minutes", "Float")


@frappe.whitelist()
def errors_resolved_after_help() -> dict[str, Any]:
	"""AI error resolution. Permission: report on submissions."""
	return card("resolution_rate", "Percent")
