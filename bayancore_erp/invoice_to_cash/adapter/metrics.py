"""How well invoices get from order to cleared: the five figures the workflow is measured by.

Takes a span of days and companies; gives `Figures`, for the whole or by period. Reads submissions, invoices, orders and what became
of explained errors; a handful of queries whatever the number of invoices. Never writes.
Source: WORKFLOW.md ("Measured by"). An invoice counts in the period in which it was first submitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import frappe
from frappe.query_builder.functions import Min
from frappe.utils import getdate

from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind, State

ACCEPTED = (State.CLEARED.value, State.CLEARED_NOT_POSTED.value, State.REPORTED.value)
RESOLUTION = "AI Error Resolution"


@dataclass(slots=True)
class Figures:
	"""What was counted in one period; the rates are None where there is nothing to divide by."""

	submitted: int = 0
	"""Invoices that have a verdict."""
	clean: int = 0
	"""Of these, accepted at once, without any rework."""
	sent: int = 0
	"""Documents that reached ZATCA and were judged."""
	rejected: int = 0
	"""Of these, refused by ZATCA."""
	stopped: int = 0
	"""Submissions that our own rules stopped before anything was sent."""
	seconds: list[float] = field(default_factory=list)
	"""From the click to ZATCA's clearance, of standard invoices that needed no second try."""
	minutes: list[float] = field(default_factory=list)
	"""From the order, or the draft where there is none, to ZATCA's acceptance."""
	errors: int = 0
	"""Problems that were explained to somebody."""
	resolved: int = 0
	"""Of these, gone afterwards."""

	@property
	def first_time_rate(self) -> float | None:
		"""FWCR, in per cent: cleared without rework / submitted."""
		return percent(self.clean, self.submitted)

	@property
	def rejection_rate(self) -> float | None:
		"""In per cent of what ZATCA judged."""
		return percent(self.rejected, self.sent)

	@property
	def resolution_rate(self) -> float | None:
		"""In per cent of the explained problems."""
		return percent(self.resolved, self.errors)

	@property
	def seconds_to_clearance(self) -> float | None:
		"""The median: half of the invoices were quicker."""
		return at_most(self.seconds, 50)

	@property
	def cycle_minutes(self) -> float | None:
		"""The median."""
		return at_most(self.minutes, 50)


def figures(companies: Sequence[str] | None, first: date, last: date) -> Figures:
	"""The figures of a span of days, both included. `companies` None: all."""
	return by_period(companies, first, last, lambda _day: "").get("", Figures())


def by_period(
	companies: Sequence[str] | None, first: date, last: date, period: Callable[[date], str]
) -> dict[str, Figures]:
	"""The figures by what `period` makes of a day, in order of time."""
	found: dict[str, Figures] = {}
	invoices = submissions_of(companies, first, last)
	facts = invoice_facts(invoices)
	for key, rows in invoices.items():
		day = period(getdate(rows[0].requested_at))
		count(found.setdefault(day, Figures()), rows, facts.get(key))
	for row in explained(companies, first, last):
		one = found.setdefault(period(getdate(row.raised_at)), Figures())
		one.errors += 1
		one.resolved += row.state == "Resolved"
	return dict(sorted(found.items()))


def count(into: Figures, rows: list[Any], facts: Any) -> None:
	"""Add one invoice with all its submissions, the first one first."""
	judged = [row for row in rows if row.state in (*ACCEPTED, State.REJECTED.value)]
	if not judged:
		return
	into.submitted += 1
	into.clean += rows[0].state in ACCEPTED
	for row in judged:
		refused = row.state == State.REJECTED.value
		into.sent += bool(row.document)
		into.rejected += refused and bool(row.document)
		into.stopped += refused and not row.document
	accepted = next((row for row in rows if row.state in ACCEPTED), None)
	if not accepted or not facts or not facts.cleared_at:
		return
	if accepted is rows[0] and accepted.kind == Kind.STANDARD.value:
		into.seconds.append((facts.cleared_at - accepted.requested_at).total_seconds())
	into.minutes.append((facts.cleared_at - facts.began).total_seconds() / 60)


def submissions_of(
	companies: Sequence[str] | None, first: date, last: date
) -> dict[tuple[str, str], list[Any]]:
	"""Submissions by invoice, in order of time: of the invoices first submitted in the span, also those made later."""
	filters: dict[str, Any] = {"requested_at": (">=", first), "state": ("!=", State.SKIPPED.value)}
	if companies is not None:
		filters["company"] = ("in", list(companies))
	found: dict[tuple[str, str], list[Any]] = {}
	for row in frappe.get_all(
		"ZATCA Submission",
		filters=filters,
		fields=["invoice_doctype", "invoice_name", "state", "kind", "document", "requested_at", "previous"],
		order_by="requested_at, creation",
	):
		key = (row.invoice_doctype, row.invoice_name)
		if key in found or (not row.previous and getdate(row.requested_at) <= last):
			found.setdefault(key, []).append(row)
	return found


def invoice_facts(invoices: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
	"""When each invoice's road began and when ZATCA accepted it."""
	facts: dict[tuple[str, str], Any] = {}
	for doctype in ("Sales Invoice", "POS Invoice"):
		names = [name for kind, name in invoices if kind == doctype]
		if not names:
			continue
		began = order_times(names) if doctype == "Sales Invoice" else {}
		for row in frappe.get_all(
			doctype,
			filters={"name": ("in", names)},
			fields=["name", "creation", f"{InvoiceField.CLEARED_AT} as cleared_at"],
		):
			row.began = min(row.creation, began.get(row.name, row.creation))
			facts[doctype, row.name] = row
	return facts


def order_times(names: list[str]) -> dict[str, datetime]:
	"""When the earliest order behind each invoice was made."""
	item, order = frappe.qb.DocType("Sales Invoice Item"), frappe.qb.DocType("Sales Order")
	rows = (
		frappe.qb.from_(item)
		.join(order)
		.on(order.name == item.sales_order)
		.where(item.parent.isin(names))
		.groupby(item.parent)
		.select(item.parent, Min(order.creation).as_("began"))
	).run(as_dict=True)
	return {row.parent: row.began for row in rows}


def explained(companies: Sequence[str] | None, first: date, last: date) -> list[Any]:
	"""Problems that were explained, and whether they are gone; without those of drafts that were deleted, which nobody can solve."""
	if not frappe.db.exists("DocType", RESOLUTION):
		return []
	filters: list[Any] = [["raised_at", ">=", first], ["raised_at", "<", last + timedelta(days=1)]]
	if companies is not None:
		filters.append(["company", "in", list(companies)])
	rows: list[Any] = frappe.get_all(
		RESOLUTION, filters=filters, fields=["state", "raised_at", "invoice_doctype", "invoice_name"]
	)
	waiting = [row for row in rows if row.state != "Resolved"]
	there = {
		(doctype, name)
		for doctype in {row.invoice_doctype for row in waiting}
		for name in frappe.get_all(
			doctype,
			filters={"name": ("in", {row.invoice_name for row in waiting if row.invoice_doctype == doctype})},
			pluck="name",
		)
	}
	return [
		row for row in rows if row.state == "Resolved" or (row.invoice_doctype, row.invoice_name) in there
	]


def percent(part: int, whole: int) -> float | None:
	"""With one decimal."""
	return round(100 * part / whole, 1) if whole else None


def at_most(values: list[float], share: int) -> float | None:
	"""What `share` per cent of the values do not exceed, with two decimals."""
	if not values:
		return None
	ordered = sorted(values)
	return round(ordered[max(0, -(-len(ordered) * share // 100) - 1)], 2)
