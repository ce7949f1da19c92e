"""Certificates that end: who is told, when, and how often.

Takes the devices in use; tells their company's ZATCA Managers by bell and by mail 60, 30 and 7 days before and when it has
happened, each once for a certificate. Changes nothing else. Source: issue 4, point 3; ZATCA.md section 5 (validity).
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import date_diff, format_date, getdate, nowdate

from bayancore_erp.zatca.adapter import managers

EXPIRED = -1
STAGES = (60, 30, 7, EXPIRED)
# `alerted_days` holds this much more than the stage, so that an empty field means that nobody was told.
AFTER_NONE = 2


def stage_of(days_left: int) -> int | None:
	"""The narrowest stage that has come: 60, 30, 7 days before, or -1 for afterwards; None while it is early."""
	due = [stage for stage in STAGES if days_left <= stage]
	return min(due) if due else None


def tell() -> int:
	"""Every device that has reached a stage nobody was told of. Commits after each; gives how many."""
	told = 0
	devices = frappe.get_all(
		"ZATCA Device",
		filters={"status": "Active", "valid_until": ("is", "set")},
		fields=["name", "device_name", "company", "environment", "valid_until", "alerted_days", "owner"],
	)
	for device in devices:
		days = date_diff(getdate(device.valid_until), nowdate())
		stage = stage_of(days)
		if stage is None or 0 < (device.alerted_days or 0) <= stage + AFTER_NONE:
			continue
		# written first: to be told once is better than twice
		frappe.db.set_value(
			"ZATCA Device", device.name, "alerted_days", stage + AFTER_NONE, update_modified=False
		)

		def said(device: Any = device, days: int = days) -> tuple[str, str]:
			return words(device, days)

		managers.tell("ZATCA Device", device.name, device.company, device.device_name, said)
		frappe.db.commit()
		told += 1
	return told


def words(device: Any, days: int) -> tuple[str, str]:
	"""Subject and text."""
	date = format_date(device.valid_until)
	if days < 0:
		return (
			_("The certificate of {0} has expired").format(device.device_name),
			_(
				"The certificate of device {0} ({1}) expired on {2}. Its invoices wait until it is renewed."
			).format(device.device_name, device.company, date),
		)
	return (
		_("The certificate of {0} ends in {1} days").format(device.device_name, days),
		_(
			"The certificate of device {0} ({1}) ends on {2}. Renew it now from ZATCA Setup: it goes on signing meanwhile."
		).format(device.device_name, device.company, date),
	)
