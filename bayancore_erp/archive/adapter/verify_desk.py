"""The verifier as the desk uses it: run by a worker, its last report kept for whoever asks.

Takes nothing; gives the last report, with only what the user may see. The report is a convenience and no evidence: it lies in
the cache, and the trail tells that it was made.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter.reach import companies
from bayancore_erp.archive.adapter.verify import verify

KEY = "zatca_last_verify_report"
RUNNING = "zatca_verify_running"
JOB = "bayancore_erp.archive.audit_jobs.verify"
LONGEST = 3600


def start() -> None:
	"""Ask a worker; one round at a time."""
	if not frappe.cache.get_value(RUNNING):
		frappe.cache.set_value(RUNNING, 1, expires_in_sec=LONGEST)
		frappe.enqueue(JOB, queue="long", timeout=LONGEST, user=frappe.session.user)


def run(user: str) -> None:
	"""The worker's part: verify, keep the report, tell the one who asked."""
	try:
		report = verify()
		frappe.cache.set_value(KEY, {**report.as_dict(), "at": str(now_datetime())})
	finally:
		frappe.cache.delete_value(RUNNING)
	frappe.publish_realtime("zatca_verified", {"ok": report.ok}, user=user)


def last_report() -> dict[str, Any] | None:
	"""The last report, or that one is on its way."""
	if frappe.cache.get_value(RUNNING):
		return {"running": True}
	found = frappe.cache.get_value(KEY)
	allowed = companies()
	if found and allowed is not None:
		mine = {company: count for company, count in found["by_company"].items() if company in allowed}
		found = {
			**found,
			"ok": not mine,
			"problems": sum(mine.values()),
			"by_company": mine,
			"findings": [each for each in found["findings"] if each["company"] in mine],
			"remarks": [],
		}
	return dict(found) if found else None
