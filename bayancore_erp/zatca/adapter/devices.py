"""The devices of a company: making several at once, what each stands for, how each stands.

Takes a company; gives its devices with state, expiry, chain head, queue and last verdict. Never touches a chain or a secret.
Source: issue 4, points 1 and 4.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, date_diff, nowdate

from bayancore_erp.zatca.adapter import enrolment_store as store
from bayancore_erp.zatca.adapter.fields import BranchField, PosProfileField, State
from bayancore_erp.zatca.adapter.journal import SUBMISSION
from bayancore_erp.zatca.adapter.mapper.scope import PLACES
from bayancore_erp.zatca.core.errors import ConfigurationError

MOST = 200


def add(company: str, environment: str, rows: list[dict[str, Any]], gateway_url: str = "") -> list[str]:
	"""One device for each row, with the caller's own right to create them. Gives their names. Raises ConfigurationError."""
	if not rows or len(rows) > MOST:
		raise ConfigurationError(_("Enter between 1 and {0} devices.").format(MOST), code="ROWS")
	names = [str(row.get("device_name") or "").strip() for row in rows]
	twice = sorted({name for name in names if names.count(name) > 1})
	if twice:
		raise ConfigurationError(
			_("Two devices are called {0}. Give each a name of its own.").format(twice[0]), code="ROWS"
		)
	made = []
	for row, name in zip(rows, names, strict=True):
		doc = frappe.new_doc("ZATCA Device")
		doc.update(
			{
				"device_name": name,
				"company": company,
				"environment": environment,
				"gateway_url": gateway_url if environment == "Simulator" else "",
				"signs_standard": cint(row.get("signs_standard", 1)),
				"signs_simplified": cint(row.get("signs_simplified", 1)),
				**{place: row.get(place) or None for place in PLACES},
			}
		)
		doc.insert()
		made.append(str(doc.name))
	return made


def retire(name: str) -> None:
	"""Take a device out of use for good; its documents and certificates stay.

	What had chosen it is signed for like everything else from now on. Raises ConfigurationError while documents of it wait,
	and while it is being connected.
	"""
	waiting = queue_lengths([name]).get(name, 0)
	if waiting:
		raise ConfigurationError(
			_("{0} invoices of device {1} still wait for ZATCA. Let them go out first.").format(
				waiting, name
			),
			code="DEVICE-BUSY",
		)
	with store.alone(name):
		asked = store.row_of(name)
		if asked and asked.requested_at:
			raise ConfigurationError(
				_("Device {0} is being connected with ZATCA. Wait until that is done or has stopped.").format(
					name
				),
				code="DEVICE-BUSY",
			)
		device = frappe.get_doc("ZATCA Device", name)
		device.write_standing(status="Retired")
		for settings in frappe.get_all("ZATCA Settings", filters={"default_device": name}, pluck="name"):
			doc = frappe.get_doc("ZATCA Settings", settings)
			doc.default_device = None
			doc.save(ignore_permissions=True)
		for doctype, field in (("Branch", BranchField.DEVICE), ("POS Profile", PosProfileField.DEVICE)):
			frappe.db.set_value(doctype, {field: name}, field, None)


def standing(company: str) -> list[dict[str, Any]]:
	"""Every device of a company as its table shows it, in two queries beside the devices' own."""
	devices = frappe.get_list(
		"ZATCA Device",
		filters={"company": company},
		fields=[
			"name", "device_name", "branch", "pos_profile", "cost_center", "environment", "status", "on_hold",
			"hold_reason", "valid_until", "icv", "last_signed_at", "gateway_url",
		],
		order_by="creation",
		limit_page_length=0,
	)  # fmt: skip
	names = [device.name for device in devices]
	waiting = queue_lengths(names)
	verdicts = last_verdicts(names)
	for device in devices:
		device.update(
			queue=waiting.get(device.name, 0),
			last_verdict=verdicts.get(device.name, ""),
			days_left=date_diff(device.valid_until, nowdate()) if device.valid_until else None,
		)
	return devices


def queue_lengths(names: list[str]) -> dict[str, int]:
	"""How many documents of each device still wait for their verdict."""
	if not names:
		return {}
	rows = frappe.get_all(
		SUBMISSION,
		filters={"device": ("in", names), "live_key": ("is", "set")},
		fields=["device", "count(name) as waiting"],
		group_by="device",
	)
	return {row.device: int(row.waiting) for row in rows}


def last_verdicts(names: list[str]) -> dict[str, str]:
	"""The latest state that ZATCA's answer gave an invoice of each device, in the reader's language."""
	found = {}
	for name in names:
		state = frappe.db.get_value(
			SUBMISSION,
			{
				"device": name,
				"state": (
					"in",
					[state.value for state in State if state.is_final and state is not State.SKIPPED],
				),
			},
			"state",
			order_by="finished_at desc",
		)
		if state:
			found[name] = _(state, context="ZATCA Submission")
	return found
