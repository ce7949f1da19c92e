"""Outage mode of a company: entered, ended, and what is kept as evidence of it.

Takes the attempts on record and a manager's word; gives whether the mode is on, a ZATCA Outage that is written at its start
and once more at its end, and reminders of the notices the law asks for. Releases nothing itself (see release.py).
Sources: TAX.md section 2 (outage, failure notices); Detailed Guideline p. 45-52.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, get_datetime, getdate, now_datetime

from bayancore_erp.zatca.adapter import breaker, journal, managers
from bayancore_erp.zatca.adapter.fields import Kind, State
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.adapter.mapper.scope import RANK
from bayancore_erp.zatca.core.errors import ConfigurationError

OUTAGE: Final = "ZATCA Outage"
BREAKER: Final = "Circuit Breaker"
AFTER_MINUTES: Final = 5

CAUSES: Final = ("Not Known Yet", "ZATCA Unreachable", "Our Connection Down", "Cannot Generate Invoices")


def is_active(company: str) -> bool:
	"""Whether invoices of `company` may be released uncleared now."""
	return bool(frappe.db.get_value("ZATCA Settings", company, "outage_active"))


def current(company: str) -> str | None:
	"""The running outage's record."""
	return frappe.db.get_value(OUTAGE, {"company": company, "ended_at": ("is", "not set")})


def covering(company: str, moment: datetime) -> str | None:
	"""A recorded outage during which `moment` lies."""
	rows = frappe.get_all(
		OUTAGE,
		filters={"company": company, "started_at": ("<=", moment)},
		fields=["name", "ended_at"],
		order_by="started_at desc",
	)
	return next((row.name for row in rows if not row.ended_at or row.ended_at >= moment), None)


# --- what the attempts say --------------------------------------------------------------------------------------------
def failing_since(company: str) -> datetime | None:
	"""Since when a line of one of the devices that issue for the company has had no answer; None where all of them work.

	A trial device that was left behind issues nothing once another one is in production.
	"""
	devices = frappe.get_all(
		"ZATCA Device", filters={"company": company, "status": "Active"}, fields=["name", "environment"]
	)
	furthest = max((RANK[device.environment] for device in devices), default=0)
	found = []
	for device in devices:
		if RANK[device.environment] < furthest:
			continue
		with suppress(ConfigurationError):  # a device without an address has no line that could be down
			found += [line.since for line in breaker.of_device(device.name) if line.is_down and line.since]
	return min(found, default=None)


def answered(row: Any) -> bool:
	"""Whether the gateway was there: it said anything but "unavailable"."""
	return 0 < cint(row.http_status) < 500


def watch() -> None:
	"""Enter where the gateway has been away long enough, leave once it answers again. Run every minute."""
	for settings in frappe.get_all(
		"ZATCA Settings", filters={"enabled": 1}, fields=["company", "outage_active", "outage_after_minutes"]
	):
		since = failing_since(settings.company)
		if settings.outage_active:
			if answered_since(settings.company):
				leave(settings.company)
		elif since and now_datetime() - since >= timedelta(
			minutes=cint(settings.outage_after_minutes) or AFTER_MINUTES
		):
			enter(
				settings.company,
				_("ZATCA's gateway has not answered since {0}.").format(since.strftime("%H:%M")),
				started_at=since,
				by=BREAKER,
			)
		frappe.db.commit()


def answered_since(company: str) -> bool:
	"""Whether the gateway has answered after the outage was declared, and each of its endpoints when it was called last.

	Reporting may go on while clearance is away: that ends nothing.
	"""
	name = current(company)
	declared = frappe.db.get_value(OUTAGE, name, "creation") if name else now_datetime()
	recent = add_to_date(declared, days=-1)
	last = [
		row
		for endpoint in breaker.ENDPOINTS
		for row in frappe.get_all(
			"ZATCA Attempt",
			filters={
				"company": company,
				"row_kind": "Answer",
				"endpoint": endpoint.value,
				"creation": (">", recent),
			},
			fields=["http_status", "creation"],
			order_by="creation desc",
			limit=1,
		)
	]
	return all(map(answered, last)) and any(row.creation > declared for row in last)


# --- entering and leaving ---------------------------------------------------------------------------------------------
def enter(
	company: str,
	reason: str,
	*,
	cause: str = CAUSES[0],
	started_at: Any = None,
	ended_at: Any = None,
	by: str | None = None,
) -> Any:
	"""Declare an outage; one that is over already (`ended_at`) is recorded only, for invoices written by hand in it."""
	by = by or frappe.session.user
	start, end = get_datetime(started_at or now_datetime()), get_datetime(ended_at) if ended_at else None
	check(company, reason, cause, start, end)
	frappe.db.get_value("ZATCA Settings", company, "name", for_update=True)
	if not end and current(company):
		frappe.throw(_("{0} is in outage mode already.").format(company))
	outage = write(
		frappe.get_doc(
			{
				"doctype": OUTAGE,
				"company": company,
				"started_at": start,
				"cause": cause,
				"reason": reason,
				"entered_by": by,
			}
		)
	)
	if end:
		return close(outage, end, by)
	mark(company, outage_active=1, outage_since=start, outage_by=by, outage_reason=reason)
	remind_at_start(outage)
	return outage


def check(company: str, reason: str, cause: str, start: datetime, end: datetime | None) -> None:
	"""Raise where what a person entered makes no outage."""
	if not (reason or "").strip():
		frappe.throw(_("Say why: the reason is kept as evidence."))
	if cause not in CAUSES:
		frappe.throw(_("{0} is no cause of an outage.").format(cause))
	if not frappe.db.exists("ZATCA Settings", company):
		frappe.throw(_("ZATCA is not enabled for {0}.").format(company))
	now = now_datetime()
	if start > now or (end and (end > now or end < start)):
		frappe.throw(_("An outage begins before it ends, and neither lies in the future."))


def leave(company: str, by: str = BREAKER) -> Any:
	"""End the outage; everything that waits becomes due at once."""
	name = current(company)
	mark(company, outage_active=0, outage_since=None, outage_by=None, outage_reason=None)
	for submission in waiting(company):
		journal.put(submission, {"next_try_at": now_datetime()})
		frappe.enqueue(
			"bayancore_erp.zatca.jobs.advance",
			queue="default",
			enqueue_after_commit=True,
			submission=submission,
		)
	return close(frappe.get_doc(OUTAGE, name), now_datetime(), by) if name else None


def waiting(company: str) -> list[str]:
	"""Live submissions of the company, the released ones first."""
	rows = frappe.get_all(
		journal.SUBMISSION,
		filters={"company": company, "live_key": ("is", "set"), "lease_until": ("is", "not set")},
		fields=["name", "state"],
		order_by="requested_at",
	)
	return [row.name for row in sorted(rows, key=lambda row: row.state != State.CLEARANCE_PENDING.value)]


def mark(company: str, **values: Any) -> None:
	"""The mode itself, on the company's settings."""
	settings = frappe.get_doc("ZATCA Settings", company)
	settings.flags.outage_change = True
	settings.flags.ignore_permissions = True
	settings.flags.ignore_mandatory = True
	settings.update(values)
	settings.save()


def close(outage: Any, end: datetime, by: str) -> Any:
	"""The second and last writing of the record: its end and what happened in it."""
	found = evidence(outage.company, outage.started_at, end)
	outage.update(
		{
			"ended_at": end,
			"ended_by": by,
			"attempts": len(found["attempts"]),
			"released": len(found["released"]),
			"evidence": json.dumps(found, ensure_ascii=False, indent=1, default=str),
		}
	)
	remind_at_end(outage)
	return write(outage)


def write(outage: Any) -> Any:
	"""Save the record as the system, its only writer."""
	outage.flags.by_the_writer = True
	outage.flags.ignore_permissions = True
	return outage.save()


def evidence(company: str, start: Any, end: Any) -> dict[str, Any]:
	"""Every attempt between two moments, and every invoice released in them."""
	attempts = frappe.get_all(
		"ZATCA Attempt",
		filters={"company": company, "row_kind": "Answer", "creation": ("between", [start, end])},
		fields=["name", "invoice_name", "started_at", "endpoint", "http_status", "outcome", "error"],
		order_by="started_at",
	)
	released = frappe.get_all(
		"Sales Invoice",
		filters={"company": company, "zatca_released_at": ("between", [start, end])},
		fields=["name", "zatca_released_at", "zatca_released_by", "zatca_uuid", "contact_email"],
		order_by="zatca_released_at",
	)
	return {"attempts": attempts, "released": released}


# --- notices ----------------------------------------------------------------------------------------------------------
def remind_at_start(outage: Any) -> None:
	"""What has to be told to ZATCA, and by when, as tasks of the managers."""
	if outage.cause == "Cannot Generate Invoices":
		remind(
			outage, lambda: _("Tell ZATCA at once that {0} cannot generate invoices.").format(outage.company)
		)
	elif outage.cause == "Our Connection Down":
		deadline = first_deadline(outage.company)
		if deadline:
			remind(
				outage,
				lambda: _(
					"{0} cannot reach ZATCA: tell ZATCA before {1} unless simplified invoices are reported by then."
				).format(outage.company, deadline.strftime("%Y-%m-%d %H:%M")),
				getdate(deadline),
			)
		remind(
			outage,
			lambda: _(
				"{0} cannot reach ZATCA: tell ZATCA unless every standard invoice is cleared by the 15th of next month."
			).format(outage.company),
			getdate(add_to_date(outage.started_at, months=1)).replace(day=15),
		)
	elif outage.cause == CAUSES[0]:
		remind(
			outage,
			lambda: _(
				"{0} is in outage mode. Find out what is down: if it is our own system or line, ZATCA has to be told."
			).format(outage.company),
		)


def remind_at_end(outage: Any) -> None:
	"""The second notice."""
	if outage.cause == "Cannot Generate Invoices":
		remind(outage, lambda: _("Tell ZATCA that {0} generates invoices again.").format(outage.company))


def first_deadline(company: str) -> datetime | None:
	"""When the first simplified invoice on its way is late."""
	rows = frappe.get_all(
		journal.SUBMISSION,
		filters={"company": company, "kind": Kind.SIMPLIFIED.value, "live_key": ("is", "set")},
		fields=["deadline"],
		order_by="deadline",
		limit=1,
	)
	return get_datetime(rows[0].deadline) if rows and rows[0].deadline else None


def remind(outage: Any, say: Callable[[], str], by: Any = None) -> None:
	"""A task for each manager, on the outage's record."""
	managers.remind(OUTAGE, outage.name, outage.company, say, by)


def sees(company: str) -> dict[str, Any]:
	"""What the desk shows of it."""
	settings = settings_of(company)
	active = is_active(company)
	return {
		"active": active,
		"since": str(settings.get("outage_since") or "") if active else "",
		"reason": settings.get("outage_reason") if active else "",
		"outage": current(company) if active else None,
	}
