"""Gaps in invoice numbers, each with what explains it: a deleted draft, or nothing, which somebody has to look into.

Takes companies; gives one row for each number that is missing between the first and the last of its series. Never writes.
Sources: Detailed Guideline p. 25, 34-35 (prohibited functions); TAX.md section 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES

_NUMBER = re.compile(r"^(.*?)(\d+)$")
DELETED, CANCELLED, SIGNED, UNKNOWN = "Deleted Draft", "Cancelled", "Signed, Then Lost", "Not Explained"
MOST = 2000
"""So many gaps are listed; a series whose counter was set forward by millions is one finding, not millions."""


@dataclass(frozen=True, slots=True)
class Known:
	"""What explains one number."""

	explanation: str
	by: str = ""
	at: Any = None


def gaps(companies: list[str] | None, *, cancelled: bool = False) -> list[dict[str, Any]]:
	"""Every gap of the series these companies use, ordered; with `cancelled`, cancelled numbers too."""
	rows: list[dict[str, Any]] = []
	for doctype in INVOICE_DOCTYPES:
		for prefix, numbers in series(doctype, companies).items():
			rows += of_series(doctype, prefix, numbers)
	if cancelled:
		rows += cancelled_numbers(companies)
	return sorted(rows, key=lambda row: (row["invoice_doctype"], row["invoice_name"]))


def series(doctype: str, companies: list[str] | None) -> dict[str, dict[int, str]]:
	"""Numbers in use by prefix, over the whole site: companies may share a series. Only prefixes of these companies."""
	found: dict[str, dict[int, str]] = {}
	wanted: set[str] = set()
	for name, company in frappe.get_all(
		doctype, fields=["name", "company"], as_list=True, limit_page_length=0, order_by="name"
	):
		parts = _NUMBER.match(name)
		if not parts:
			continue
		found.setdefault(parts[1], {})[int(parts[2])] = name
		if companies is None or company in companies:
			wanted.add(parts[1])
	return {prefix: numbers for prefix, numbers in found.items() if prefix in wanted and not amended(prefix)}


def amended(prefix: str) -> bool:
	"""ACC-SINV-2026-00007-1: the number after the dash counts amendments of one document."""
	before = prefix.removesuffix("-")
	return before != prefix and any(frappe.db.exists(doctype, before) for doctype in INVOICE_DOCTYPES)


def of_series(doctype: str, prefix: str, numbers: dict[int, str]) -> Iterable[dict[str, Any]]:
	"""The gaps of one series, up to the counter: what was given out and deleted last is a gap as well."""
	highest = max(numbers)
	counter = int(frappe.db.get_value("Series", prefix, "current", order_by="name") or 0) if prefix else 0
	width = len(_NUMBER.match(numbers[highest])[2])  # type: ignore[index]
	last = max(highest, counter)
	# one number typed by hand may lie billions ahead: nobody counts up to it
	absent = (number for number in range(min(numbers), last + 1) if number not in numbers)
	missing = [f"{prefix}{number:0{width}d}" for number in islice(absent, MOST)]
	known = explanations(doctype, missing)
	for name in missing:
		why = known.get(name, Known(UNKNOWN))
		yield {
			"invoice_doctype": doctype,
			"invoice_name": name,
			"series": prefix,
			"explanation": why.explanation,
			"sentence": _(SENTENCES[why.explanation]),
			"by": why.by,
			"at": why.at,
		}


SENTENCES = {
	DELETED: "The draft with this number was deleted before it was issued.",
	CANCELLED: "Cancelled. It was never signed for ZATCA.",
	SIGNED: "A document with this number was signed for ZATCA, and its invoice is gone. Restore it.",
	UNKNOWN: "Nothing on this site explains it: look for a changed counter or a row removed in the database.",
}


def explanations(doctype: str, names: list[str]) -> dict[str, Known]:
	"""What this site knows of numbers that no invoice has."""
	if not names:
		return {}
	found = {
		row.deleted_name: Known(DELETED, row.owner, row.creation)
		for row in frappe.get_all(
			"Deleted Document",
			filters={"deleted_doctype": doctype, "deleted_name": ("in", names)},
			fields=["deleted_name", "owner", "creation"],
			order_by="creation",
			limit_page_length=0,
		)
	}
	for row in frappe.get_all(
		"ZATCA Document",
		filters={"invoice_doctype": doctype, "invoice_name": ("in", names)},
		fields=["invoice_name", "owner", "creation"],
		limit_page_length=0,
	):
		found[row.invoice_name] = Known(SIGNED, row.owner, row.creation)
	return found


def cancelled_numbers(companies: list[str] | None) -> Iterable[dict[str, Any]]:
	"""Invoices that were cancelled, for whoever reads the numbers one by one."""
	filters: dict[str, Any] = {"docstatus": 2}
	if companies is not None:
		filters["company"] = ("in", companies or [""])
	for doctype in INVOICE_DOCTYPES:
		for row in frappe.get_all(
			doctype, filters=filters, fields=["name", "modified", "modified_by"], limit_page_length=0
		):
			yield {
				"invoice_doctype": doctype,
				"invoice_name": row.name,
				"series": "",
				"explanation": CANCELLED,
				"sentence": _(SENTENCES[CANCELLED]),
				"by": row.modified_by,
				"at": row.modified,
			}
