"""Every night each chain is verified and the result is kept with its device, so that a green light is one that was earned.

Takes the devices that signed something; recomputes what was signed since the last verified place, and once a week, or after a
finding, the whole life. Keeps when, up to where and what was found; tells the managers of a new finding. Repairs nothing.
Source: DESIGN.md, promise 5; issue 4, point 5.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, get_datetime, now_datetime

from bayancore_erp.zatca.adapter import chain, managers
from bayancore_erp.zatca.core.chain import ChainPosition

FULL_EVERY = timedelta(days=7)
# Long chains are verified in full one after the other, some each night; the rest have their new documents verified.
BUDGET_SECONDS = 600
FIELDS = (
	"name", "device_name", "company", "verified_at", "verified_full_at", "verified_icv", "verified_hash", "verified_finding",
)  # fmt: skip


def nightly() -> int:
	"""Verify every chain, those first whose last full verification is oldest. Commits after each; gives how many are not whole."""
	began, broken = time.monotonic(), 0
	rows = frappe.get_all(
		"ZATCA Device", filters={"icv": (">", 0)}, fields=list(FIELDS), order_by="verified_full_at, name"
	)
	for row in rows:
		in_time = time.monotonic() - began < BUDGET_SECONDS
		broken += not verify(row, in_full=wants_full(row) and (in_time or not row.verified_at))
	return broken


def wants_full(row: Any) -> bool:
	"""Whether the whole chain is due: never done, a week ago, or something was found."""
	return bool(
		not row.verified_full_at
		or row.verified_finding
		or now_datetime() - get_datetime(row.verified_full_at) >= FULL_EVERY
	)


def verify(row: Any, *, in_full: bool) -> bool:
	"""Verify one chain and keep the result. Commits; gives whether it is whole."""
	# a snapshot of its own: what is signed meanwhile is in the rows and the head, or in neither
	frappe.db.commit()
	start = None if in_full else ChainPosition(cint(row.verified_icv) + 1, row.verified_hash)
	life = chain.verify(row.name, start)
	finding = "\n".join(f"{each.icv}: {each.what}" for each in life.breaks[:5])
	values: dict[str, Any] = {"verified_at": now_datetime(), "verified_finding": finding}
	if life.ok:
		values |= {"verified_icv": life.end.icv - 1, "verified_hash": life.end.pih}
	if in_full:
		values["verified_full_at"] = values["verified_at"]
	# written as the chain's head is: without a save, which would drop the device from the cache
	frappe.db.set_value("ZATCA Device", row.name, values, update_modified=False)
	if finding and finding != (row.verified_finding or ""):

		def words() -> tuple[str, str]:
			return (
				_("The chain of {0} is not whole").format(row.device_name),
				_(
					"The nightly verification of device {0} ({1}) found {2} places that are not as they were signed. The first: {3}"
				).format(row.device_name, row.company, len(life.breaks), finding.split("\n", 1)[0]),
			)

		managers.tell("ZATCA Device", row.name, row.company, row.device_name, words)
	frappe.db.commit()
	return life.ok
