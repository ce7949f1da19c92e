"""What is learnt from an invoice's way: whether the help worked, which explanation deserves trust, what is new at ZATCA.

Takes verdicts as they are recorded; gives AI Error Resolution rows (one a problem, open until its invoice is accepted or the
problem is gone at the next try), ranks of explanations, and alerts. The AI Error Resolution Rate is `resolution_rate`.
Never changes what a submission says, and never what a code means: only the catalogue's data does that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import get_datetime, now_datetime, time_diff_in_seconds

from bayancore_erp.ai_errors.adapter.explaining import EXPLANATION
from bayancore_erp.ai_errors.core.catalogue import find
from bayancore_erp.ai_errors.core.redact import BLOT, Problem, fingerprint, redact

RESOLUTION, WORDING = "AI Error Resolution", "AI Error Wording"
HELP, NO_HELP = "Helped", "Did Not Help"
PROMOTED = 100
"""What a reviewer's word weighs against readers' votes."""
# A warning spreads where it stands on so many invoices, and on so much larger a share of them than before.
SPREAD_LEAST, SPREAD_SHARE, SPREAD_TIMES = 10, 0.2, 5
SPREAD_WINDOW, SPREAD_BEFORE, SPREAD_QUIET = timedelta(days=1), timedelta(days=14), timedelta(days=7)


# --- did the help work ------------------------------------------------------------------------------------------------
def raised(invoice: Any, submission: str, messages: Iterable[Any], asked_of: str, todo: str) -> list[str]:
	"""An invoice was not accepted: its problems are open; those of an earlier try that are gone are resolved. Gives new names."""
	errors = {key(row): row for row in messages if row.severity == "Error"}
	opened = {key(row): row for row in open_rows(invoice.doctype, invoice.name)}
	for problem, row in opened.items():
		if problem not in errors:
			resolve(row, submission)
	made = []
	for (code, field), message in errors.items():
		known = opened.get((code, field))
		if known:
			frappe.db.set_value(
				RESOLUTION,
				known.name,
				{
					"times": int(known.times or 1) + 1,
					"submission": submission,
					"helpful": "",
					**({"todo": todo} if todo else {}),
				},
			)
			continue
		made.append(add(invoice, submission, code, field, message, asked_of, todo))
	return made


def key(row: Any) -> tuple[str, str]:
	"""What makes two messages the same problem of an invoice: the code and the field, not the code alone."""
	return (row.code or "")[:140], (row.field or "")[:140]


def add(invoice: Any, submission: str, code: str, field: str, message: Any, asked_of: str, todo: str) -> str:
	"""One problem of an invoice, open."""
	doc = frappe.get_doc(
		{
			"doctype": RESOLUTION,
			"company": invoice.company,
			"invoice_doctype": invoice.doctype,
			"invoice_name": invoice.name,
			"code": code,
			"field": field,
			"source": message.source,
			"state": "Open",
			"raised_at": now_datetime(),
			"times": 1,
			"explained_by": "Dictionary" if find(code) or message.source != "ZATCA" else "Nobody",
			"submission": submission,
			"asked_of": asked_of,
			"todo": todo,
		}
	)
	doc.flags.ignore_permissions = True
	doc.flags.ignore_links = True
	return str(doc.insert().name)


def accepted(doctype: str, name: str, submission: str) -> int:
	"""The invoice was accepted: whatever was open on it is resolved. Gives how many."""
	rows = open_rows(doctype, name)
	for row in rows:
		resolve(row, submission)
	return len(rows)


def open_rows(doctype: str, name: str) -> list[Any]:
	"""The open problems of an invoice."""
	return frappe.get_all(
		RESOLUTION,
		filters={"invoice_doctype": doctype, "invoice_name": name, "state": "Open"},
		fields=["name", "code", "field", "raised_at", "times", "explanation", "helpful"],
	)


def resolve(row: Any, submission: str) -> None:
	"""The fix worked; its explanation gains by it, unless its reader has said that it was no help."""
	now = now_datetime()
	frappe.db.set_value(
		RESOLUTION,
		row.name,
		{
			"state": "Resolved",
			"resolved_at": now,
			"seconds_to_fix": max(0, round(time_diff_in_seconds(now, row.raised_at))),
			"resolved_by": submission,
		},
	)
	if row.explanation and row.helpful != NO_HELP:
		count(row.explanation, "fixed")


def resolution_rate(company: str, from_: Any, to: Any) -> dict[str, Any]:
	"""The AI Error Resolution Rate of the problems raised between two days, both included; problems of drafts that were deleted
	are left out, for nobody could resolve them any more.

	Gives `raised`, `resolved`, `open`, `rate` (0 to 1; None where nothing was raised), the median `seconds_to_fix`, `by_code`.
	"""
	until = get_datetime(f"{str(to)[:10]} 23:59:59.999999")
	rows = frappe.get_all(
		RESOLUTION,
		filters={
			**({"company": company} if company else {}),
			"raised_at": ("between", [get_datetime(f"{str(from_)[:10]} 00:00:00"), until]),
		},
		fields=["code", "state", "seconds_to_fix", "invoice_doctype", "invoice_name"],
	)
	there = {doctype: still_there(doctype, rows) for doctype in {row.invoice_doctype for row in rows}}
	rows = [row for row in rows if row.state == "Resolved" or row.invoice_name in there[row.invoice_doctype]]
	times = sorted(row.seconds_to_fix for row in rows if row.state == "Resolved")
	return {
		**_share(rows),
		"seconds_to_fix": times[len(times) // 2] if times else None,
		"by_code": {
			code: _share([row for row in rows if row.code == code])
			for code in sorted({row.code for row in rows})
		},
	}


def _share(rows: list[Any]) -> dict[str, Any]:
	resolved = sum(row.state == "Resolved" for row in rows)
	return {
		"raised": len(rows),
		"resolved": resolved,
		"open": len(rows) - resolved,
		"rate": resolved / len(rows) if rows else None,
	}


def still_there(doctype: str, rows: list[Any]) -> set[str]:
	"""Of the invoices with open problems, those that were not deleted."""
	names = {row.invoice_name for row in rows if row.invoice_doctype == doctype and row.state == "Open"}
	return (
		set(frappe.get_all(doctype, filters={"name": ("in", sorted(names))}, pluck="name"))
		if names
		else set()
	)


# --- which explanation deserves trust ---------------------------------------------------------------------------------
def count(explanation: str, what: str, by: int = 1) -> None:
	"""One more (or less) of helped, not_helped or fixed; the rank follows."""
	table = frappe.qb.DocType(EXPLANATION)
	frappe.qb.update(table).set(table[what], table[what] + by).where(table.name == explanation).run()
	row = frappe.db.get_value(
		EXPLANATION, explanation, ["helped", "not_helped", "fixed", "promoted"], as_dict=True
	)
	if row:
		frappe.db.set_value(EXPLANATION, explanation, "rank", rank(row), update_modified=False)


def rank(row: Any) -> int:
	"""A fix that was accepted counts more than a reader's word; a reader it did not help counts most."""
	return (
		int(row.helped or 0)
		+ 2 * int(row.fixed or 0)
		- 3 * int(row.not_helped or 0)
		+ (PROMOTED if row.promoted else 0)
	)


# --- what is new at ZATCA ---------------------------------------------------------------------------------------------
def notice(messages: Iterable[Any], strings: frozenset[str]) -> list[tuple[str, str, str]]:
	"""Remember how ZATCA words its messages. Gives what a manager should know: (kind, code, wording).

	A code that the dictionary has not is news, and so is a new wording of a code whose wording is remembered: ZATCA has changed
	something. The first wording of a known code is only remembered. Compared is the fingerprint, or every customer's name would
	make a wording of its own; kept and shown is what holds nothing of the document.
	"""
	news = []
	for row in messages:
		if row.source != "ZATCA":
			continue
		problem = Problem(row.code, row.at or "", row.category or "")
		said, compared = redact(problem, strings), fingerprint(problem).message
		known = find(row.code) is not None
		heard = frappe.db.exists(WORDING, {"code": row.code[:140], "alert": ("!=", "Spreading")})
		if compared in ("", BLOT) and (known or heard):
			continue  # nothing to compare; a code never heard of is news whatever it says
		digest = hashlib.sha256(f"{row.code}\n{compared}".encode()).hexdigest()
		if frappe.db.exists(WORDING, {"digest": digest}) or (
			heard and frappe.db.exists(WORDING, {"code": row.code[:140], "wording": said.message})
		):
			continue
		alert = "" if known and not heard else "New Wording" if known or heard else "New Code"
		doc = frappe.get_doc(
			{
				"doctype": WORDING,
				"code": row.code[:140],
				"known": int(known),
				"wording": said.message,
				"digest": digest,
				"first_seen": now_datetime(),
				"alert": alert,
				"alerted_at": now_datetime() if alert else None,
			}
		)
		doc.flags.ignore_permissions = True
		doc.insert()
		if alert:
			news.append((alert, row.code, said.message))
	return news


def spreading(now: datetime | None = None) -> list[tuple[str, int, float]]:
	"""Warnings that suddenly stand on many invoices: (code, invoices, share of the day's), each told once a week."""
	now = now or now_datetime()
	day = shares(now - SPREAD_WINDOW, now)
	before = shares(now - SPREAD_BEFORE, now - SPREAD_WINDOW)
	found = []
	for code, (invoices, share) in day.items():
		earlier = before.get(code, (0, 0.0))[1]
		if invoices >= SPREAD_LEAST and share >= SPREAD_SHARE and share >= SPREAD_TIMES * earlier:
			if not told_lately(code, now):
				found.append((code, invoices, share))
	return found


def shares(since: datetime, until: datetime) -> dict[str, tuple[int, float]]:
	"""By code of warning: on how many invoices ZATCA accepted in that time it stands, and their share."""
	submission, message = frappe.qb.DocType("ZATCA Submission"), frappe.qb.DocType("ZATCA Message")
	from frappe.query_builder.functions import Count

	accepted_then = (
		(submission.finished_at > since)
		& (submission.finished_at <= until)
		& submission.state.isin(["Cleared", "Reported"])
	)
	total = frappe.qb.from_(submission).select(Count("*")).where(accepted_then).run()[0][0]
	rows = (
		frappe.qb.from_(message)
		.join(submission)
		.on(message.parent == submission.name)
		.select(message.code, Count(submission.name).distinct())
		.where(accepted_then & (message.severity == "Warning") & (message.source == "ZATCA"))
		.groupby(message.code)
		.run()
	)
	return {code: (int(number), number / total) for code, number in rows} if total else {}


def told_lately(code: str, now: datetime) -> bool:
	"""Whether the spreading of a code was told within a week; if not, it is noted as told."""
	digest = hashlib.sha256(f"spreading\n{code}".encode()).hexdigest()
	row = frappe.db.get_value(WORDING, {"digest": digest}, ["name", "alerted_at"], as_dict=True)
	if row and row.alerted_at and row.alerted_at > now - SPREAD_QUIET:
		return True
	if row:
		frappe.db.set_value(WORDING, row.name, "alerted_at", now)
		return False
	doc = frappe.get_doc(
		{
			"doctype": WORDING,
			"code": code[:140],
			"known": int(find(code) is not None),
			"digest": digest,
			"first_seen": now,
			"alert": "Spreading",
			"alerted_at": now,
		}
	)
	doc.flags.ignore_permissions = True
	doc.insert()
	return False
