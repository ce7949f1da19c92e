"""What would become of drafts if they were submitted now: everything that is asked before signing, and nothing of it remains.

Takes drafts; gives for each what stands against it. Rehearses as the company's settings say, in transactions that are taken back.
Never signs, never sends, never writes. Source: DESIGN.md, promises 2 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe

from bayancore_erp.zatca.adapter import late, rehearsal
from bayancore_erp.zatca.adapter.content import digest_of
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.mapper import device_for, preload, skip_reason
from bayancore_erp.zatca.adapter.preflight import look, no_device
from bayancore_erp.zatca.adapter.signed import fix_posting_time


@dataclass(frozen=True, slots=True)
class Prospect:
	"""One draft and what stands against it."""

	doctype: str
	name: str
	problems: tuple[Problem, ...]

	@property
	def ok(self) -> bool:
		"""Whether it would be issued and booked; warnings do not hinder it."""
		return not any(problem.is_error for problem in self.problems)


def drafts(names: tuple[str, ...] = (), company: str | None = None) -> Iterator[tuple[str, str]]:
	"""Every draft of a company that issues through ZATCA, or those of `names`."""
	companies = [company] if company else frappe.get_all("ZATCA Settings", {"enabled": 1}, pluck="name")
	filters: dict[str, Any] = {"docstatus": 0, "company": ("in", companies)}
	if names:
		filters["name"] = ("in", names)
	for doctype in INVOICE_DOCTYPES:
		for name in frappe.get_all(doctype, filters, pluck="name", order_by="creation"):
			yield doctype, name


def rehearse(doctype: str, name: str) -> Prospect:
	"""Look at one draft, then let ERPNext rehearse its posting. Rolls back the caller's transaction."""
	doc = frappe.get_doc(doctype, name)
	facts = preload(doc)
	if skip_reason(doc, facts):
		return Prospect(doctype, name, ())
	issued_at = late.issue_moment(doc)
	fix_posting_time(doc, issued_at)
	found = look(doc, issued_at, facts=facts)
	problems = list(found.problems)
	if not device_for(doc, facts):
		problems.insert(0, no_device(doc))
	if found.mapping and found.totals and not found.errors:
		said = rehearsal.Said(issued_at, found.totals, digest_of(doc, found.mapping.invoice), facts)
		problems += rehearsal.ask(doc, said)
	return Prospect(doctype, name, tuple(problems))
