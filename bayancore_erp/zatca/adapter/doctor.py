"""Is everything that invoices depend on in order? Each check is one function; each answer says what to do.

Takes nothing but the site; gives findings: green, amber (works, but not as it should) or red (invoices stand still, or the law
is at risk). Other rooms add their checks under `zatca_doctor` in hooks.py. Never changes anything, never shows a secret, and
a check that fails itself is a red finding, not an end of the round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import frappe
import requests
from frappe import _
from frappe.utils import add_to_date, cint, format_datetime, get_datetime, now_datetime

from bayancore_erp.zatca.adapter import chain, journal, notified, sealing, vault
from bayancore_erp.zatca.adapter.fields import State
from bayancore_erp.zatca.adapter.mapper.scope import COUNTRY
from bayancore_erp.zatca.core.client.endpoints import OFFICIAL_ROOT
from bayancore_erp.zatca.core.errors import ZatcaError

PRODUCTION = "Production"
SKEW_AMBER, SKEW_RED = timedelta(seconds=30), timedelta(minutes=5)
SLOW = timedelta(seconds=2)
WATCHDOG = "zatca.jobs.watch_submissions"
WATCHDOG_SILENT = timedelta(minutes=5)
STUCK = timedelta(minutes=15)
REPORT_SOON = timedelta(hours=4)
VERIFIED_LATELY = timedelta(days=2)
EXPIRY_AMBER, EXPIRY_RED = timedelta(days=60), timedelta(days=7)
QUEUES = ("default", "short", "long")
QUEUE_LONG = 200


class Light(str, Enum):
	"""How it stands."""

	GREEN = "green"
	AMBER = "amber"
	RED = "red"


@dataclass(frozen=True, slots=True)
class Finding:
	"""What one check found. `route`: where in the desk it is mended, as `frappe.set_route` takes it.

	`company`: whose affair it is, for nobody confined to others; empty where it is the whole site's.
	"""

	area: str
	light: Light
	sentence: str
	todo: str = ""
	route: tuple[str, ...] = ()
	company: str = ""


def examine() -> list[Finding]:
	"""Every check, in the order in which an invoice meets what they look at."""
	found: list[Finding] = []
	for path in frappe.get_hooks("zatca_doctor"):
		check: Callable[[], Iterable[Finding]] = frappe.get_attr(path)
		try:
			found += list(check())
		except Exception as error:
			frappe.log_error(title=f"ZATCA doctor: {path}")
			found.append(
				Finding(
					_("Doctor"),
					Light.RED,
					_("The check {0} failed itself: {1}.").format(
						path.rsplit(".", 1)[1], type(error).__name__
					),
					_("The Error Log says where; send it to your support."),
					("List", "Error Log"),
				)
			)
	return found


def worst(findings: Iterable[Finding]) -> Light:
	"""The light of the whole."""
	lights = {finding.light for finding in findings}
	return next((light for light in (Light.RED, Light.AMBER) if light in lights), Light.GREEN)


def as_values(findings: Iterable[Finding]) -> list[dict[str, Any]]:
	"""For JSON."""
	return [{**asdict(finding), "light": finding.light.value} for finding in findings]


# --- the line to ZATCA ------------------------------------------------------------------------------------------------
def active_devices() -> list[Any]:
	"""What signs today."""
	return frappe.get_all(
		"ZATCA Device",
		filters={"status": "Active"},
		fields=["name", "device_name", "company", "environment", "gateway_url", "on_hold", "hold_reason", "valid_until", "vat_number",
			"icv", "creation", "verified_at", "verified_full_at", "verified_icv", "verified_finding"],
		order_by="name",
	)  # fmt: skip


def titled(device: Any) -> str:
	"""The name its people gave it, with the one it has here."""
	return f"{device.device_name} ({device.name})"


def gateways() -> Iterator[Finding]:
	"""Reachable, over TLS, soon enough; and does its clock agree with ours? Also of devices still on their way.

	Before the first device it is ZATCA's own that a company in the Kingdom will need. Where nothing is issued yet, nothing
	stands still either: what would be red is amber.
	"""
	addresses: dict[str, tuple[str, bool]] = {}
	rows = frappe.get_all(
		"ZATCA Device", filters={"status": ("!=", "Retired")}, fields=["name", "environment", "status"]
	)
	for row in sorted(rows, key=lambda row: row.status != "Active"):
		device = frappe.get_cached_doc("ZATCA Device", row.name)
		if device.environment == "Simulator" and not device.gateway_url:
			continue  # it is asked for when it is connected
		addresses.setdefault(vault.gateway_of(device).root, (row.environment, row.status == "Active"))
	if not rows and frappe.db.exists("Company", {"country": COUNTRY}):
		addresses[OFFICIAL_ROOT] = (PRODUCTION, False)
	for address, (environment, is_used) in sorted(addresses.items()):
		for finding in gateway(address, environment):
			serious = is_used or finding.light is not Light.RED
			yield finding if serious else replace(finding, light=Light.AMBER)


def gateway(address: str, environment: str) -> Iterator[Finding]:
	"""One gateway. Any HTTP answer counts: without credentials it can only say no."""
	area = _("Gateway ({0})").format(_(environment, context="ZATCA Device"))
	began = time.monotonic()
	try:
		answer = requests.get(address, timeout=(5, 10), allow_redirects=False)
	except requests.exceptions.SSLError:
		yield Finding(
			area,
			Light.RED,
			_("The connection to {0} is not trusted: its TLS certificate cannot be verified.").format(
				address
			),
			_("Update this server's CA certificates, or ask who intercepts its traffic."),
		)
		return
	except requests.exceptions.RequestException as error:
		yield Finding(
			area,
			Light.RED,
			_("{0} cannot be reached ({1}).").format(address, type(error).__name__),
			_("Check this server's network, DNS, proxy and firewall towards ZATCA."),
		)
		return
	took = timedelta(seconds=time.monotonic() - began)
	yield Finding(
		area,
		Light.GREEN if took < SLOW else Light.AMBER,
		_("{0} answers within {1} ms.").format(address, round(took.total_seconds() * 1000)),
		"" if took < SLOW else _("Ask your network's administrator why it is slow."),
	)
	yield from clock(answer.headers.get("Date"))


def clock(stated: str | None) -> Iterator[Finding]:
	"""Our clock against the gateway's: a wrong one makes invoices of the future, which are rejected."""
	if not stated:
		return
	skew = abs(datetime.now(timezone.utc) - parsedate_to_datetime(stated))
	light = Light.RED if skew > SKEW_RED else Light.AMBER if skew > SKEW_AMBER else Light.GREEN
	yield Finding(
		_("Clock"),
		light,
		_("This server's clock differs from the gateway's by {0} seconds.").format(
			round(skew.total_seconds())
		),
		"" if light is Light.GREEN else _("Switch on time synchronisation (NTP) on this server."),
	)


# --- devices ----------------------------------------------------------------------------------------------------------
def devices() -> Iterator[Finding]:
	"""On hold, expiring, of another company, without its secrets."""
	for device in active_devices():
		area, route = _("Device {0}").format(titled(device)), ("Form", "ZATCA Device", device.name)
		if device.on_hold:
			yield Finding(
				area, Light.RED,
				_("It is on hold: {0}").format(_(device.hold_reason or "")),
				_("Open it and press Try Again once the cause is mended; its invoices wait unchanged."),
				route, device.company,
			)  # fmt: skip
		try:
			vault.identity_of(device.name)
		except ZatcaError as error:
			yield Finding(area, Light.RED, error.message, error.hint, route, device.company)
			continue
		yield validity(device, area, route)
		vat = (frappe.get_cached_value("Company", device.company, "tax_id") or "").strip()
		if device.vat_number and vat and device.vat_number != vat:
			yield Finding(
				area, Light.RED,
				_("Its certificate is for VAT number {0}, its company has {1}.").format(device.vat_number, vat),
				_("Onboard a device with the company's VAT number, or correct the company."),
				route, device.company,
			)  # fmt: skip


def validity(device: Any, area: str, route: tuple[str, ...]) -> Finding:
	"""How long its certificate lasts."""
	left = get_datetime(device.valid_until) - now_datetime() if device.valid_until else None
	until = frappe.format(device.valid_until, {"fieldtype": "Date"}) if device.valid_until else ""
	said = _("Its certificate is valid until {0}.").format(until)
	if left is None or left > EXPIRY_AMBER:
		return Finding(area, Light.GREEN, said, "", route, device.company)
	route = ("zatca-setup", device.company)
	if left <= timedelta(0):
		said = _("Its certificate expired on {0}.").format(until)
		todo = _("Renew it in ZATCA Setup: its invoices wait until then.")
		return Finding(area, Light.RED, said, todo, route, device.company)
	light = Light.RED if left <= EXPIRY_RED else Light.AMBER
	todo = _("Renew it in ZATCA Setup; it goes on signing meanwhile.")
	return Finding(area, light, said, todo, route, device.company)


def environments() -> Iterator[Finding]:
	"""A company past its notified date whose devices are not in production issues nothing lawful."""
	for late in notified.late():
		yield Finding(
			_("Company {0}").format(late.company),
			Light.RED,
			late.sentence,
			late.todo,
			("List", "ZATCA Device"),
			late.company,
		)


def signers() -> Iterator[Finding]:
	"""A company whose invoices go through ZATCA and that has nothing to sign them with."""
	used = frappe.get_all(
		"ZATCA Device",
		filters={"status": "Active"},
		fields=["company", "signs_standard", "signs_simplified", "signs_offline"],
	)
	for company in frappe.get_all("ZATCA Settings", filters={"enabled": 1}, pluck="name"):
		area, route = _("Company {0}").format(company), ("zatca-setup", company)
		own = [device for device in used if device.company == company]
		if not own:
			yield Finding(
				area, Light.RED,
				_("Its invoices go through ZATCA, and no device is connected that could sign them."),
				_("Connect a device in ZATCA Setup."), route, company,
			)  # fmt: skip
			continue
		# who sells to one kind of buyer only needs no more
		if not any(device.signs_standard and not device.signs_offline for device in own):
			yield Finding(
				area, Light.AMBER, _("No connected device signs its standard invoices."),
				_("Connect one in ZATCA Setup if the company sells to businesses."), route, company,
			)  # fmt: skip
		if not any(device.signs_simplified for device in own):
			yield Finding(
				area, Light.AMBER, _("No connected device signs its simplified invoices."),
				_("Connect one in ZATCA Setup if the company sells to consumers."), route, company,
			)  # fmt: skip


def chains() -> Iterator[Finding]:
	"""Counter without gap, head where the last document is, and what the last nightly recomputation found."""
	for device in active_devices():
		area, route = _("Chain of {0}").format(titled(device)), ("Form", "ZATCA Device", device.name)
		verify = _("Run `bench zatca verify-chain`, which names the place, and call your support.")
		broken = chain.outline(device.name) or device.verified_finding
		if broken:
			yield Finding(area, Light.RED, broken, verify, route, device.company)
			continue
		whole = _("The counter has no gap and its head is the last document.")
		if not device.verified_at:
			said = _("Its documents are recomputed at night; that has not happened yet.")
			late = bool(cint(device.icv)) and now_datetime() - get_datetime(device.creation) > VERIFIED_LATELY
		else:
			said = _("Recomputed on {0} up to counter {1} without a finding, as a whole on {2}.").format(
				format_datetime(device.verified_at, "short"),
				cint(device.verified_icv),
				format_datetime(device.verified_full_at, "short")
				if device.verified_full_at
				else _("no day yet"),
			)
			late = now_datetime() - get_datetime(device.verified_at) > VERIFIED_LATELY
		yield Finding(
			area,
			Light.AMBER if late else Light.GREEN,
			f"{whole} {said}",
			_("The nightly verification does not run: see the scheduler and the worker of the long queue.")
			if late
			else "",
			route,
			device.company,
		)


# --- what works in the background -------------------------------------------------------------------------------------
def scheduler() -> Iterator[Finding]:
	"""Switched on, and did it run our watchdog lately?"""
	from frappe.utils.scheduler import is_scheduler_inactive

	area, last = _("Scheduler"), frappe.db.get_value(
		"Scheduled Job Type", {"method": ("like", f"%{WATCHDOG}")}, "last_execution"
	)  # fmt: skip
	if is_scheduler_inactive(verbose=False):
		yield Finding(
			area,
			Light.RED,
			_("The scheduler is switched off: nothing that waits is taken up again."),
			_("Run `bench --site SITE enable-scheduler`, and see that no maintenance mode is set."),
		)
	elif not last or now_datetime() - get_datetime(last) > WATCHDOG_SILENT:
		yield Finding(
			area,
			Light.RED,
			_("The watchdog has not run for more than {0} minutes.").format(
				cint(WATCHDOG_SILENT.seconds / 60)
			),
			_("Start the scheduler process (`bench schedule`), or let your process manager do so."),
		)
	else:
		yield Finding(area, Light.GREEN, _("The scheduler runs, the watchdog too."))


def workers() -> Iterator[Finding]:
	"""Alive, enough of them, and their queues short."""
	from frappe.utils.background_jobs import get_queue, get_workers

	area = _("Workers")
	listening: dict[str, int] = dict.fromkeys(QUEUES, 0)
	for worker in get_workers():
		for queue in worker.queue_names():
			listening[queue.rsplit(":", 1)[-1]] = listening.get(queue.rsplit(":", 1)[-1], 0) + 1
	deserted = [queue for queue in QUEUES if not listening[queue]]
	if deserted:
		yield Finding(
			area,
			Light.RED,
			_("No worker listens to these queues: {0}. {1} jobs wait in them.").format(
				", ".join(deserted), sum(get_queue(queue).count for queue in deserted)
			),
			_("Start workers (`bench worker`), or let your process manager do so."),
		)
	for queue in QUEUES:
		waiting = get_queue(queue).count
		if listening[queue] and waiting > QUEUE_LONG:
			yield Finding(
				area,
				Light.AMBER,
				_("{0} jobs wait in the queue {1}.").format(waiting, queue),
				_("Add workers: one is busy with one invoice at a time."),
			)
	if not deserted:
		enough = listening["default"] > 1
		yield Finding(
			area,
			Light.GREEN if enough else Light.AMBER,
			_("Workers for the queue that clears and reports: {0}.").format(listening["default"]),
			"" if enough else _("Have at least two, so that a long job does not hold up the invoices."),
		)


def waiting() -> Iterator[Finding]:
	"""Invoices nobody moves on, and simplified ones whose 24 hours are running out."""
	area, now = _("Invoices on their way"), now_datetime()
	live = [["live_key", "is", "set"]]
	stuck = frappe.db.count(
		journal.SUBMISSION,
		[*live, ["modified", "<", now - STUCK], ["state", "not in", (State.ON_HOLD.value, State.CLEARED_NOT_POSTED.value)]],
	)  # fmt: skip
	late = frappe.db.count(
		journal.SUBMISSION, [*live, ["deadline", "<", add_to_date(now, hours=REPORT_SOON.seconds // 3600)]]
	)
	unposted = frappe.db.count(journal.SUBMISSION, [*live, ["state", "=", State.CLEARED_NOT_POSTED.value]])
	held = held_by_nothing(now - STUCK)
	route = ("List", journal.SUBMISSION)
	if late:
		yield Finding(
			area, Light.RED,
			_("{0} simplified invoices have less than four hours left to be reported, or none.").format(late),
			_("See why they wait: the gateway, a device on hold, or the workers."), route,
		)  # fmt: skip
	if unposted:
		yield Finding(
			area, Light.RED, _("{0} invoices are cleared but not posted.").format(unposted),
			_("Open each: it names the one thing to do, most often a closed posting period."), route,
		)  # fmt: skip
	if stuck:
		yield Finding(
			area, Light.AMBER, _("{0} invoices have not moved for a quarter of an hour.").format(stuck),
			_("The watchdog takes them up by itself; if it does not, look at scheduler and workers."), route,
		)  # fmt: skip
	if held:
		yield Finding(
			area, Light.RED, _("{0} invoices are on hold though no device of theirs is.").format(held),
			_("Open one: it says what it waits for, most often a device that is not in use."), route,
		)  # fmt: skip
	if not (late or unposted or stuck or held):
		yield Finding(area, Light.GREEN, _("Nothing is stuck."))


def held_by_nothing(since: datetime) -> int:
	"""How many have been on hold since before `since` without a device on hold that explains it.

	One that is not signed yet belongs to no device: any of its company's may be what it waits for.
	"""
	return int(
		frappe.db.sql(
			"""select count(*) from `tabZATCA Submission` submission
			where live_key is not null and state = %(state)s and requested_at < %(since)s and not exists (
				select name from `tabZATCA Device` device
				where on_hold = 1 and status = 'Active' and device.company = submission.company
				and (device.name = submission.device or coalesce(submission.device, '') = '')
			)""",
			{"state": State.ON_HOLD.value, "since": since},
		)[0][0]
	)


# --- what things stand on ---------------------------------------------------------------------------------------------
def database() -> Iterator[Finding]:
	"""A signed document must survive a power failure, for ZATCA may have it."""
	rows = frappe.db.sql("show variables like 'innodb_flush_log_at_trx_commit'")
	value = str(rows[0][1]) if rows else ""
	serious = any(device.environment == PRODUCTION for device in active_devices())
	if value == "1":
		yield Finding(_("Database"), Light.GREEN, _("Every commit is on disk before an invoice is sent."))
	else:
		yield Finding(
			_("Database"),
			Light.RED if serious else Light.AMBER,
			_("A power failure can lose the last second's commits (innodb_flush_log_at_trx_commit = {0}).").format(value),
			_("Set innodb_flush_log_at_trx_commit = 1 in MariaDB's configuration and restart it."),
		)  # fmt: skip


def encryption() -> Iterator[Finding]:
	"""What the devices' keys are encrypted with."""
	area = _("Key vault")
	if not frappe.conf.get("encryption_key"):
		yield Finding(
			area,
			Light.AMBER,
			_("The site has no encryption key yet; the first secret stored makes one."),
			_("Back it up with the site: without it every device has to be onboarded anew."),
		)
		return
	state = sealing.state()
	if state.problem:
		yield Finding(area, Light.RED, state.problem, state.hint)
	elif state.stale:
		yield Finding(
			area,
			Light.AMBER,
			_("{0} secrets are not yet under the newest wrapping key.").format(state.stale),
			_("Run `bench --site SITE zatca rewrap`, then take the old key away."),
		)
	elif state.configured:
		yield Finding(area, Light.GREEN, _("Secrets are under a wrapping key that is not in the database."))
	else:
		yield Finding(
			area,
			Light.GREEN,
			_("Secrets are encrypted with the site's key. A wrapping key of your own is possible."),
		)


def settings() -> Iterator[Finding]:
	"""ERPNext's own settings that cost halalas or speed."""
	if not frappe.db.exists("Company", {"country": COUNTRY}):
		return
	found = list(costly_settings(_("ERPNext settings")))
	yield from found
	if not found:
		yield Finding(
			_("ERPNext settings"),
			Light.GREEN,
			_("Rounding, totals, sales figures and time zone are as invoices need them."),
		)


def costly_settings(area: str) -> Iterator[Finding]:
	"""Each setting that is not as it should be."""
	if frappe.db.get_single_value("System Settings", "rounding_method") != "Commercial Rounding":
		yield Finding(
			area, Light.AMBER,
			_("Rounding is not Commercial Rounding: some invoices differ from the law by a halala and are settled."),
			_("Choose Commercial Rounding in System Settings, after looking at the preview in ZATCA Settings."),
			("Form", "System Settings"),
		)  # fmt: skip
	if not cint(frappe.db.get_single_value("Global Defaults", "disable_rounded_total")):
		yield Finding(
			area, Light.AMBER,
			_("Totals are rounded to whole riyals in the ledger."),
			_("Tick Disable Rounded Total in Global Defaults."),
			("Form", "Global Defaults"),
		)  # fmt: skip
	if frappe.db.get_single_value("Selling Settings", "sales_update_frequency") == "Each Transaction":
		yield Finding(
			area, Light.AMBER,
			_("Every invoice updates its company's sales figures, so that two can hardly be submitted at once."),
			_("Choose Daily or Monthly as Sales Update Frequency in Selling Settings."),
			("Form", "Selling Settings"),
		)  # fmt: skip
	zone = frappe.db.get_single_value("System Settings", "time_zone")
	if zone != "Asia/Riyadh":
		yield Finding(
			area, Light.AMBER,
			_("The site's time zone is {0}; invoices are dated in Riyadh's.").format(zone),
			_("Choose Asia/Riyadh in System Settings, so that posting and issue dates agree at night."),
			("Form", "System Settings"),
		)  # fmt: skip
