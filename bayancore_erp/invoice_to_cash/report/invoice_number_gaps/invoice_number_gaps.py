"""Invoice Number Gaps: every number that no invoice has, and what explains it.

Takes filters; gives Frappe's columns, rows, message and summary. The rows are `adapter.gaps`.
"""

from __future__ import annotations

from typing import Any

from frappe import _
from frappe.utils import cint

from bayancore_erp.invoice_to_cash.adapter.gaps import SIGNED, UNKNOWN, gaps
from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	wanted = dict(filters or {})
	rows = gaps(companies_seen(wanted.get("company")), cancelled=bool(cint(wanted.get("cancelled"))))
	open_ones = sum(row["explanation"] in (UNKNOWN, SIGNED) for row in rows)
	for row in rows:
		row["colour"] = "red" if row["explanation"] in (UNKNOWN, SIGNED) else "gray"
		row["explanation"] = _(row["explanation"])
	message = None if rows else _("No invoice number is missing.")
	return columns(), rows, message, None, summary(len(rows), open_ones)


def summary(count: int, open_ones: int) -> list[dict[str, Any]]:
	"""How many, and how many of them nobody can explain."""
	return [
		{"label": _("Numbers Missing"), "value": count, "datatype": "Int"},
		{
			"label": _("Not Explained"),
			"value": open_ones,
			"datatype": "Int",
			"indicator": "Red" if open_ones else "Green",
		},
	]


def columns() -> list[dict[str, Any]]:
	"""The number, and why it is not there."""
	return [
		{"fieldname": "invoice_doctype", "label": _("Document Type"), "fieldtype": "Data", "width": 130},
		{"fieldname": "invoice_name", "label": _("Number"), "fieldtype": "Data", "width": 190},
		{"fieldname": "explanation", "label": _("Explanation"), "fieldtype": "Data", "width": 160},
		{"fieldname": "sentence", "label": _("What It Means"), "fieldtype": "Data", "width": 460},
		{"fieldname": "by", "label": _("By"), "fieldtype": "Data", "width": 180},
		{"fieldname": "at", "label": _("On"), "fieldtype": "Datetime", "width": 170},
	]
