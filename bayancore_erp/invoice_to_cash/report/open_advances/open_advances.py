"""Open Advances: what customers paid before the supply and is neither deducted nor refunded yet.

Takes filters; gives Frappe's columns, rows, message and summary. The rows are `adapter.open_advances`.
"""

from __future__ import annotations

from typing import Any

from frappe import _
from frappe.utils import cint

from bayancore_erp.invoice_to_cash.adapter.open_advances import MISSING, OPEN, UNCLEAR, rows
from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen

COLOURS = {OPEN: "blue", MISSING: "red", UNCLEAR: "orange"}


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	wanted = dict(filters or {})
	found = rows(
		companies_seen(wanted.get("company")), wanted.get("customer"), used=bool(cint(wanted.get("used")))
	)
	missing = sum(row["status"] == MISSING for row in found)
	summary = [
		{
			"label": _("Open Advances"),
			"value": sum(row["status"] == OPEN for row in found),
			"datatype": "Int",
		},
		{
			"label": _("Prepayment Invoices Missing"),
			"value": missing,
			"datatype": "Int",
			"indicator": "Red" if missing else "Green",
		},
	]
	for row in found:
		row["colour"] = COLOURS.get(row["status"], "gray")
		row["status"] = _(row["status"], context="Open Advances")
	return columns(), found, None if found else _("No advance is open."), None, summary


def columns() -> list[dict[str, Any]]:
	"""From the money to what is left of it."""
	amounts = (
		("received", _("Received", context="Open Advances")),
		("deducted", _("Deducted")),
		("credited", _("Refunded")),
		("left", _("Left", context="Open Advances")),
		("left_vat", _("of Which VAT")),
	)
	return [
		{"fieldname": "status", "label": _("Status"), "fieldtype": "Data", "width": 190},
		{"fieldname": "posting_date", "label": _("Received On"), "fieldtype": "Date", "width": 110},
		{"fieldname": "name", "label": _("Document"), "fieldtype": "Dynamic Link", "options": "doctype", "width": 180},
		{"fieldname": "customer", "label": _("Customer"), "fieldtype": "Data", "width": 210},
		{"fieldname": "orders", "label": _("Sales Order"), "fieldtype": "Data", "width": 150},
		*({"fieldname": name, "label": label, "fieldtype": "Currency", "options": "currency", "width": 120} for name, label in amounts),
		{"fieldname": "days", "label": _("Days"), "fieldtype": "Int", "width": 70},
		{"fieldname": "payment_entry", "label": _("Payment Entry"), "fieldtype": "Data", "width": 170},
	]  # fmt: skip
