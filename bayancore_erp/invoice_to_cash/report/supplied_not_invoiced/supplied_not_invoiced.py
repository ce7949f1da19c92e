"""Supplied Not Invoiced: deliveries, advances and drafts whose invoice is still owed, with the last day for it.

Takes filters; gives Frappe's columns, rows, message and summary. The rows are `adapter.uninvoiced`.
"""

from __future__ import annotations

from typing import Any

from frappe import _

from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen
from bayancore_erp.invoice_to_cash.adapter.uninvoiced import rows

SOON = 5


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	found = rows(companies_seen((filters or {}).get("company")))
	late = sum(row["days_left"] < 0 for row in found)
	for row in found:
		row["what"] = _(row["what"])
		row["colour"] = "red" if row["days_left"] < 0 else "orange" if row["days_left"] <= SOON else "gray"
	summary = [
		{"label": _("Invoices Owed"), "value": len(found), "datatype": "Int"},
		{"label": _("Late"), "value": late, "datatype": "Int", "indicator": "Red" if late else "Green"},
	]
	return columns(), found, None if found else _("Everything supplied is invoiced."), None, summary


def columns() -> list[dict[str, Any]]:
	"""What, since when, and until when."""
	return [
		{"fieldname": "what", "label": _("What"), "fieldtype": "Data", "width": 150},
		{"fieldname": "name", "label": _("Document"), "fieldtype": "Dynamic Link", "options": "doctype", "width": 190},
		{"fieldname": "customer", "label": _("Customer"), "fieldtype": "Data", "width": 220},
		{"fieldname": "on", "label": _("Supplied or Paid On"), "fieldtype": "Date", "width": 150},
		{"fieldname": "last_day", "label": _("Invoice By"), "fieldtype": "Date", "width": 110},
		{"fieldname": "days_left", "label": _("Days Left"), "fieldtype": "Int", "width": 100},
		{"fieldname": "amount", "label": _("Amount"), "fieldtype": "Currency", "options": "Company:company:default_currency", "width": 130},
		{"fieldname": "company", "label": _("Company"), "fieldtype": "Data", "width": 180},
	]  # fmt: skip
