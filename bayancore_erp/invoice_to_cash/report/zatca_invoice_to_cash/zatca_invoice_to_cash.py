"""ZATCA Invoice to Cash: how well invoices get from order to cleared, by day, week or month.

Takes filters; gives Frappe's columns, rows, chart and summary. The figures are `adapter.metrics`; nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from frappe import _
from frappe.utils import add_months, formatdate, getdate, today

from bayancore_erp.invoice_to_cash.adapter.metrics import Figures, at_most, by_period, figures
from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen

PERIODS: dict[str, Callable[[date], date]] = {
	"Day": lambda day: day,
	"Week": lambda day: day - timedelta(days=(day.weekday() + 1) % 7),
	"Month": lambda day: day.replace(day=1),
}
"""The first day of the period a day is in; a week begins on Sunday."""

# What the workflow is accepted by: the figure, whether more is better, and the bound.
GOALS = {
	"first_time_rate": (True, 65),
	"rejection_rate": (False, 5),
	"seconds_to_clearance": (False, 2),
	"cycle_minutes": (False, 10),
	"resolution_rate": (True, 90),
}


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	wanted = dict(filters or {})
	last = getdate(wanted.get("to_date") or today())
	first = getdate(wanted.get("from_date") or add_months(last, -1))
	companies = companies_seen(wanted.get("company"))
	start = PERIODS.get(wanted.get("period") or "Week", PERIODS["Week"])
	periods = by_period(companies, first, last, lambda day: start(day).isoformat())
	rows = [row_of(getdate(period), found) for period, found in periods.items()]
	return columns(), rows, None, chart(rows), summary(figures(companies, first, last))


def row_of(period: date, found: Figures) -> dict[str, Any]:
	"""One period."""
	return {
		"period": period,
		"submitted": found.submitted,
		"clean": found.clean,
		"first_time_rate": found.first_time_rate,
		"sent": found.sent,
		"rejected": found.rejected,
		"rejection_rate": found.rejection_rate,
		"stopped": found.stopped,
		"seconds_to_clearance": found.seconds_to_clearance,
		"seconds_95": at_most(found.seconds, 95),
		"cycle_minutes": found.cycle_minutes,
		"resolution_rate": found.resolution_rate,
	}


def columns() -> list[dict[str, Any]]:
	"""Their labels are whole words: the reader is a manager."""
	return [
		{"fieldname": "period", "label": _("Period From"), "fieldtype": "Date", "width": 110},
		{"fieldname": "submitted", "label": _("Invoices Submitted"), "fieldtype": "Int", "width": 140},
		{"fieldname": "clean", "label": _("Cleared Without Rework"), "fieldtype": "Int", "width": 165},
		{"fieldname": "first_time_rate", "label": _("First-Time Clearance Rate"), "fieldtype": "Percent", "width": 170},
		{"fieldname": "sent", "label": _("Judged by ZATCA"), "fieldtype": "Int", "width": 130},
		{"fieldname": "rejected", "label": _("Rejected by ZATCA"), "fieldtype": "Int", "width": 140},
		{"fieldname": "rejection_rate", "label": _("Rejection Rate"), "fieldtype": "Percent", "width": 120},
		{"fieldname": "stopped", "label": _("Stopped Before Sending"), "fieldtype": "Int", "width": 165},
		{"fieldname": "seconds_to_clearance", "label": _("Seconds to Clearance (Median)"), "fieldtype": "Float", "precision": 2, "width": 200},
		{"fieldname": "seconds_95", "label": _("Seconds to Clearance (95 %)"), "fieldtype": "Float", "precision": 2, "width": 190},
		{"fieldname": "cycle_minutes", "label": _("Minutes from Order to Cleared (Median)"), "fieldtype": "Float", "precision": 1, "width": 240},
		{"fieldname": "resolution_rate", "label": _("Errors Resolved After Help"), "fieldtype": "Percent", "width": 180},
	]  # fmt: skip


def chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	"""Cleared at once against rejected, over time."""
	if not rows:
		return None
	return {
		"data": {
			"labels": [formatdate(row["period"]) for row in rows],
			"datasets": [
				{
					"name": _("First-Time Clearance Rate"),
					"values": [row["first_time_rate"] or 0 for row in rows],
				},
				{"name": _("Rejection Rate"), "values": [row["rejection_rate"] or 0 for row in rows]},
			],
		},
		"type": "line",
		"colors": ["green", "red"],
	}


def summary(found: Figures) -> list[dict[str, Any]]:
	"""The five figures of the whole span, green where the goal is met."""
	labels = {
		"first_time_rate": (_("First-Time Clearance Rate"), "Percent"),
		"rejection_rate": (_("Rejection Rate"), "Percent"),
		"seconds_to_clearance": (_("Seconds to Clearance (Median)"), "Float"),
		"cycle_minutes": (_("Minutes from Order to Cleared (Median)"), "Float"),
		"resolution_rate": (_("Errors Resolved After Help"), "Percent"),
	}
	return [
		{
			"label": label,
			"datatype": datatype,
			"value": getattr(found, name),
			"indicator": colour(name, found),
		}
		for name, (label, datatype) in labels.items()
		if getattr(found, name) is not None
	]


def colour(name: str, found: Figures) -> str:
	"""Of a figure, by its goal."""
	more_is_better, bound = GOALS[name]
	value = getattr(found, name)
	return "Green" if (value > bound if more_is_better else value < bound) else "Red"
