#!/usr/bin/env python3
"""Proof `setup-desk`: in a real browser, the life of a company's devices after its first day, in English and Arabic.

On a private bench with its own web server, worker and simulator, which stands in for ZATCA's simulation gateway: several devices
connected at once by pasting their one-time passwords, one of them wrong and resumed; the page closed and opened half-way; the table of
many devices; a renewal by its button, with an invoice under way before it and one issued during it; a device on hold after
401 and the action that frees it; a revoked one connected anew; what is told before a certificate ends; a training company made,
used and removed; the doctor; the workspace. Every look is kept as a picture. Last line is the figure; exit 1 where a step fails,
2 where there is no browser or no bench.

	python tests/proofs/setup_desk.py [--pictures FOLDER] [--bench FOLDER] [--language en|ar] [--scene NAME]

This Python needs playwright and a Chromium (CHROMIUM, else /usr/bin/chromium); see tests/site/private_bench.py for the bench.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rejection_desk import CHROMIUM, FLAGS, LANGUAGES, PATIENCE, ROOT, SITE, Desk, Stage, language, say

sys.path[:0] = [str(ROOT / part) for part in ("tests", "tests/site", "")]

HERE = Path(__file__).resolve()
# A process of the bench for which ZATCA's own address is the simulator's.
DIVERTED = """
import os, sys
from bayancore_erp.zatca.adapter import vault
vault.OFFICIAL_ROOT = os.environ["FATOORA"]
sys.argv = ["bench", *sys.argv[1:]]
from frappe.utils.bench_helper import main
main()
"""


# --- on the bench -------------------------------------------------------------------------------------------------------
def stage(folder: Path) -> int:
	"""Inside the private bench: the company, the simulator, and one command a line on standard input."""
	import world
	from fatoora import onboard, simulator
	from private_bench import PrivateBench

	from bayancore_erp.zatca.adapter import vault

	bench = PrivateBench.found(folder)
	with world.connected(bench) as frappe, simulator() as fatoora:
		vault.OFFICIAL_ROOT = fatoora.url
		frappe.device = onboard(frappe, fatoora)
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "web_wait_seconds", 60)
		frappe.db.commit()
		say({"ready": fatoora.url})
		for line in sys.stdin:
			order = json.loads(line)
			frappe.db.rollback()
			frappe.local.cache.clear()  # each order is a request of its own
			say({"done": ACTS[order.pop("act")](frappe, fatoora, **order)})
			frappe.db.commit()
	return 0


def otps(frappe: Any, fatoora: Any, count: int) -> list[str]:
	"""What the simulation portal hands out."""
	return [str(fatoora.call("POST", "otp", environment="simulation")["otp"]) for _each in range(count)]


def fault(frappe: Any, fatoora: Any, text: str) -> str:
	"""A bad day of the gateway; empty calls it off."""
	fatoora.fault(text) if text else fatoora.calm()
	return text


def named(frappe: Any, name: str) -> Any:
	"""The youngest device of that name."""
	found = frappe.get_all(
		"ZATCA Device", filters={"device_name": name}, pluck="name", order_by="creation desc"
	)
	return frappe.get_doc("ZATCA Device", found[0])


def device(frappe: Any, fatoora: Any, name: str, **changes: Any) -> dict[str, Any]:
	"""A device's facts; `changes` are written past everything, `days` is when its certificate ends."""
	doc = named(frappe, name)
	if "days" in changes:
		changes["valid_until"] = frappe.utils.add_to_date(
			frappe.utils.now_datetime(), days=changes.pop("days")
		)
	if changes:
		frappe.db.set_value("ZATCA Device", doc.name, changes)
		frappe.clear_document_cache("ZATCA Device", doc.name)
		frappe.db.commit()
		doc = named(frappe, name)
	return {
		key: str(doc.get(key) or "") for key in ("name", "status", "on_hold", "certificate_serial", "icv")
	}


def issue(frappe: Any, fatoora: Any, signer: str) -> dict[str, str]:
	"""A standard invoice of the device `signer`, submitted; its name and what became of it."""
	import world

	from bayancore_erp.zatca import api

	chosen = named(frappe, signer).name
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "default_device", chosen)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	draft = world.invoice(frappe, world.VAT_BUYER, [world.line("استشارات | Consulting", 2, 400)])
	frappe.db.commit()
	api.submit_for_clearance("Sales Invoice", draft.name)
	return invoice(frappe, fatoora, draft.name)


def invoice(frappe: Any, fatoora: Any, name: str) -> dict[str, str]:
	"""What the database says of an invoice."""
	row = frappe.db.get_value("Sales Invoice", name, ["zatca_state", "docstatus"], as_dict=True)
	serial = frappe.db.get_value("ZATCA Document", {"invoice_name": name}, "certificate_serial")
	return {
		"name": name,
		"state": row.zatca_state,
		"docstatus": str(row.docstatus),
		"serial": str(serial or ""),
	}


def due(frappe: Any, fatoora: Any) -> int:
	"""What waits for its next try need not wait for this proof."""
	frappe.db.sql("update `tabZATCA Submission` set next_try_at = null where live_key is not null")
	frappe.db.commit()
	from bayancore_erp.zatca import jobs

	return jobs.watch_submissions()


def revoke(frappe: Any, fatoora: Any, name: str) -> None:
	"""In the portal."""
	fatoora.call("POST", "devices/revoke", request_id=int(named(frappe, name).production_request_id))


def tell(frappe: Any, fatoora: Any) -> int:
	"""What the scheduler does every day."""
	from bayancore_erp.zatca.adapter import expiry

	return expiry.tell()


def person(frappe: Any, fatoora: Any, lang: str) -> str:
	"""The admin who reads what is told: a manager with a desk of their own, in their language."""
	email = f"manager.{lang}@bayan.example"
	if not frappe.db.exists("User", email):
		user = frappe.get_doc(
			{"doctype": "User", "email": email, "first_name": "منى" if lang == "ar" else "Mona", "send_welcome_email": 0,
			"language": lang, "new_password": "Riyadh-2026-mona"}
		).insert()  # fmt: skip
		user.add_roles("System Manager", "ZATCA Manager", "Accounts Manager", "Accounts User")
	for other in frappe.get_all("User", filters={"email": ("like", "manager.%@bayan.example")}, pluck="name"):
		frappe.db.set_value("User", other, "enabled", int(other == email))
	return email


def count(frappe: Any, fatoora: Any, doctype: str, **filters: Any) -> int:
	"""How many there are."""
	return int(frappe.db.count(doctype, filters))


def training(frappe: Any, fatoora: Any, customer: str) -> dict[str, str]:
	"""The training draft of that customer."""
	company = frappe.db.get_value("Company", {"zatca_training_of": ("is", "set")})
	settings = frappe.get_doc("ZATCA Settings", company)
	settings.web_wait_seconds = 60
	settings.save()
	name = frappe.db.get_value("Sales Invoice", {"company": company, "customer": ("like", f"%{customer}%")})
	return invoice(frappe, fatoora, name)


def crowd(frappe: Any, fatoora: Any, names: list[str]) -> int:
	"""Devices as a company with branches has them, in every state a table can show; they sign nothing."""
	import world

	standings = (
		{"status": "Active", "icv": 18_402}, {"status": "Active", "icv": 977, "days": 28},
		{"status": "Active", "icv": 1_204, "days": -3}, {"status": "Retired", "icv": 64_021},
		{"status": "Active", "icv": 12, "on_hold": 1}, {"status": "Compliance", "icv": 0},
	)  # fmt: skip
	reason = next(one.sentence.en for kind, one in _meanings().items() if kind.value == "unauthorised")
	for place, name in enumerate(names):
		made = world.make(
			frappe, "ZATCA Device", device_name=name, company=world.COMPANY, environment="Simulation",
		)  # fmt: skip
		values = dict(standings[place % len(standings)])
		device(
			frappe,
			fatoora,
			name,
			days=values.pop("days", 1500),
			**values,
			hold_reason=reason if "on_hold" in values else "",
		)
		if values["status"] == "Compliance":
			frappe.db.set_value("ZATCA Device", made.name, "valid_until", None)
	return len(names)


def _meanings() -> Any:
	from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS

	return MEANINGS


def uncrowd(frappe: Any, fatoora: Any, names: list[str]) -> int:
	"""They were never there."""
	for name in names:
		found = named(frappe, name).name
		frappe.db.delete("ZATCA Device", {"name": found})
		frappe.db.delete("Notification Log", {"document_name": found})
	return len(names)


ACTS: dict[str, Callable[..., Any]] = {
	each.__name__: each
	for each in (
		otps, fault, device, issue, invoice, due, revoke, tell, person, count, training, crowd, uncrowd, language,
	)
}  # fmt: skip


# --- in the browser -----------------------------------------------------------------------------------------------------
class Setup(Desk):
	"""A window on the set-up page."""

	def enter(self, user: str) -> None:
		self.page.context.clear_cookies()
		self.page.request.post(
			f"{self.url}/api/method/login", form={"usr": user, "pwd": "Riyadh-2026-mona"}, timeout=PATIENCE
		)

	def go(self, route: str, ready: str) -> None:
		self.page.goto(f"{self.url}/app/{route}", wait_until="domcontentloaded", timeout=PATIENCE)
		self.page.locator(ready).first.wait_for(timeout=PATIENCE)
		self.settle()

	def see(self, target: str) -> Any:
		found = self.page.locator(target).first
		found.wait_for(timeout=PATIENCE)
		return found

	def picture(self, name: str, full: bool = True) -> None:
		self.page.screenshot(path=str(self.pictures / f"{name}-{self.lang}.png"), full_page=full)

	def paste(self, target: str, text: str) -> None:
		"""As Ctrl+V does."""
		self.page.locator(target).first.focus()
		self.page.evaluate(
			"""([target, text]) => { const data = new DataTransfer(); data.setData('text', text);
			document.querySelector(target).dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }""",
			[target, text],
		)

	def phase(self, device: str, phase: str) -> Any:
		return self.see(f'.zs-device[data-device="{device}"][data-phase="{phase}"]')

	def looks_right(self, what: str, root: str) -> None:
		"""Direction, nothing raw, nothing that runs out of the window, no English sentence in Arabic."""
		said = self.page.locator(root).first.inner_text()
		raw = [sign for sign in ("{0}", "undefined", "None", "[object", "Traceback", "NaN") if sign in said]
		self.check(f"{what}: nothing raw {raw}", not raw)
		wide = self.page.evaluate(
			"document.documentElement.scrollWidth - document.documentElement.clientWidth"
		)
		self.check(f"{what}: fits the window ({wide})", wide <= 1)
		wanted = "rtl" if self.lang == "ar" else "ltr"
		found = self.page.evaluate("sel => getComputedStyle(document.querySelector(sel)).direction", root)
		self.check(f"{what}: reads {wanted}", found == wanted)


def several(desk: Setup, act: Stage) -> None:
	"""Three devices, three passwords in one paste, one of them wrong; closed half-way; resumed."""
	names = {"en": ["Riyadh", "Jeddah", "Dammam"], "ar": ["الرياض", "جدة", "الدمام"]}[desk.lang]
	desk.go("zatca-setup?step=devices", ".zs-card")
	desk.page.locator('.zs-card[data-environment="Simulation"]').click()
	add = desk.page.locator(".zatca-setup .grid-add-row:visible")
	for _each in names[1:]:
		add.click()
		desk.page.wait_for_timeout(300)
	for place, name in enumerate(names, 1):
		row = desk.page.locator(f'.zatca-setup .grid-row[data-idx="{place}"]')
		cell = row.locator('[data-fieldname="device_name"]')
		if not cell.locator("input:visible").count():
			cell.first.click()
		cell.locator("input:visible").first.fill(name)
	desk.settle()
	desk.picture("several-1-devices")
	desk.looks_right("new devices", ".zatca-setup")
	desk.page.locator(".zs-actions .btn-primary").click()
	desk.see(".zs-device")
	desk.settle()
	boxes = desk.page.locator(".zs-otp").count()
	desk.check(f"one box for each device ({boxes})", boxes == 3)
	desk.check("Connect waits for a password", desk.page.locator(".zs-actions .btn-primary").is_disabled())
	good = act("otps", count=3)
	desk.paste(".zs-otp", f"000000\n{good[1]} {good[2]}")
	values = desk.page.evaluate("[...document.querySelectorAll('.zs-otp')].map((each) => each.value)")
	desk.check(f"one paste filled three boxes {values}", values == ["000000", good[1], good[2]])
	desk.picture("several-2-passwords")
	desk.looks_right("passwords", ".zatca-setup")
	act("fault", text="delay=3:compliance-check:6")
	desk.page.locator(".zs-actions .btn-primary").click()
	first, second, _third = (act("device", name=name)["name"] for name in names)
	desk.phase(first, "stopped")
	desk.see(f'.zs-device[data-device="{second}"] .zs-bar')
	desk.settle()
	desk.picture("several-3-one-wrong")
	desk.looks_right("one wrong", ".zatca-setup")
	said = desk.text(f'.zs-device[data-device="{first}"] .zs-problem')
	desk.check(f"the wrong one says so in one sentence: {said[:80]!r}", 20 < len(said) < 200)
	# the browser is closed in the middle and opened again
	desk.page.goto("about:blank")
	desk.page.wait_for_timeout(3000)
	desk.go("zatca-setup", ".zs-device")
	desk.picture("several-4-opened-again")
	act("fault", text="")
	desk.see(f'.zs-device[data-device="{first}"] .zs-otp').fill(good[0])
	desk.page.locator(".zs-actions .btn-primary:not([disabled])").click()
	desk.see('.zs-step.zs-current[data-step="start"]')
	desk.see(".zs-table")
	desk.see(".zatca-setup .zs-tried .zs-ok")
	desk.settle()
	desk.picture("several-5-connected")
	desk.looks_right("connected", ".zatca-setup")
	desk.check(
		"all three are active", [act("device", name=name)["status"] for name in names] == ["Active"] * 3
	)
	desk.check("each has one identity", act("count", doctype="ZATCA Enrolment", step="Done") >= 3)


def table(desk: Setup, act: Stage) -> None:
	"""A company with a dozen devices."""
	names = {
		"en": [f"{place} {number}" for place in ("Olaya Branch", "Airport Kiosk") for number in range(1, 7)],
		"ar": [f"{place} {number}" for place in ("فرع العليا", "كشك المطار") for number in range(1, 7)],
	}[desk.lang]
	act("crowd", names=names)
	desk.go("zatca-setup?step=start", ".zs-table")
	desk.picture("table")
	desk.looks_right("table", ".zatca-setup")
	rows = desk.page.locator(".zs-table tbody tr").count()
	desk.check(f"every device has its row ({rows})", rows >= 12)
	desk.check("Renew where it ends soon", desk.page.locator("[data-renew]").count() >= 2)
	desk.check(
		"held ones can be freed",
		desk.page.locator("[data-release]").count() == desk.page.locator("[data-anew]").count() == 2,
	)
	desk.page.set_viewport_size({"width": 390, "height": 844})
	desk.settle()
	desk.picture("table-phone")
	desk.looks_right("table on a telephone", ".zatca-setup")
	desk.page.set_viewport_size(WINDOW)
	desk.go("zatca-device", ".list-row, .result")
	desk.picture("list", full=False)
	act("uncrowd", names=names)


def renewal(desk: Setup, act: Stage) -> None:
	"""The whole of it by its button, through 428 and its checks; the old certificate signs meanwhile."""
	name = {"en": "Riyadh", "ar": "الرياض"}[desk.lang]
	before = act("device", name=name, days=20)
	act("fault", text="503:clearance:always")
	under_way = act("issue", signer=name)
	act("fault", text="")
	desk.go("zatca-setup?step=start", "[data-renew]")
	desk.page.locator(f'[data-renew="{before["name"]}"]').click()
	desk.see('.modal.show [data-fieldname="otp"] input').fill(act("otps", count=1)[0])
	desk.page.wait_for_timeout(600)
	desk.picture("renewal-1-password", full=False)
	act("fault", text="delay=4:compliance-check:6")
	desk.page.locator(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary").first.click()
	desk.phase(before["name"], "running")
	desk.see(f'.zs-device[data-device="{before["name"]}"] .zs-ok')
	desk.page.wait_for_timeout(1500)
	desk.picture("renewal-2-under-way")
	desk.looks_right("renewal", ".zatca-setup")
	during = act("issue", signer=name)
	desk.check(
		f"one issued during it is cleared under the old certificate {during}",
		(during["state"], during["serial"]) == ("Cleared", before["certificate_serial"]),
	)
	still = desk.page.locator(f'.zs-device[data-device="{before["name"]}"][data-phase="running"]').count()
	desk.check("and the renewal was still running then", still == 1)
	desk.see('.zs-step.zs-current[data-step="start"]')
	act("fault", text="")
	desk.see(".zatca-setup .zs-tried .zs-ok")
	desk.settle()
	desk.picture("renewal-3-done")
	after = act("device", name=name)
	desk.check(
		"a new certificate, the same device, on in its chain",
		after["certificate_serial"] != before["certificate_serial"]
		and after["icv"] == str(int(before["icv"] or 0) + 2),
	)
	act("due")
	desk.check(
		"the one under way went out as it was signed",
		until(act, under_way["name"], "Cleared")["serial"] == before["certificate_serial"],
	)
	later = act("issue", signer=name)
	desk.check(
		"the next one carries the new certificate",
		(later["state"], later["serial"]) == ("Cleared", after["certificate_serial"]),
	)


def until(act: Stage, name: str, state: str, seconds: int = 120) -> dict[str, str]:
	"""An invoice once it is in that state, or as it is after so long."""
	end = time.monotonic() + seconds
	while (found := act("invoice", name=name))["state"] != state and time.monotonic() < end:
		time.sleep(2)
	return dict(found)


def hold(desk: Setup, act: Stage) -> None:
	"""401: the device is held, its invoice waits; one action frees both."""
	name = {"en": "Jeddah", "ar": "جدة"}[desk.lang]
	act("fault", text="401:clearance:1")
	waiting = act("issue", signer=name)
	act("fault", text="")
	held = act("device", name=name)
	desk.check(
		f"the device is held, the invoice waits {waiting['state']}",
		(held["on_hold"], waiting["state"]) == ("1", "On Hold"),
	)
	desk.go(f"zatca-device/{held['name']}", ".form-layout:visible")
	desk.see(
		".form-dashboard:visible .form-message, .form-message:visible, .headline-alert:visible, .indicator-pill.orange:visible"
	)
	desk.picture("hold-1-device", full=False)
	desk.go("zatca-setup?step=start", f'[data-release="{held["name"]}"]')
	desk.picture("hold-2-table")
	desk.looks_right("on hold", ".zatca-setup")
	desk.page.locator(f'[data-release="{held["name"]}"]').click()
	desk.see(".alert-message, .desk-alert")
	desk.picture("hold-3-freed", full=False)
	desk.check("the invoice went out by itself", until(act, waiting["name"], "Cleared")["docstatus"] == "1")
	desk.check("the device is free", act("device", name=name)["on_hold"] in ("", "0"))


def revoked(desk: Setup, act: Stage) -> None:
	"""Revoked in the portal: trying again does not help, connecting anew does."""
	name = {"en": "Dammam", "ar": "الدمام"}[desk.lang]
	before = act("device", name=name)
	act("revoke", name=name)
	waiting = act("issue", signer=name)
	desk.check("it is held", (act("device", name=name)["on_hold"], waiting["state"]) == ("1", "On Hold"))
	desk.go("zatca-setup?step=start", f'[data-anew="{before["name"]}"]')
	desk.page.locator(f'[data-anew="{before["name"]}"]').click()
	desk.see('.modal.show [data-fieldname="otp"] input').fill(act("otps", count=1)[0])
	desk.page.wait_for_timeout(600)
	desk.picture("revoked-1-password", full=False)
	act("fault", text="delay=2:compliance-check:6")
	desk.page.locator(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary").first.click()
	desk.phase(before["name"], "running")
	desk.page.wait_for_timeout(4000)
	desk.picture("revoked-2-under-way")
	desk.looks_right("connect anew", ".zatca-setup")
	desk.see('.zs-step.zs-current[data-step="start"]')
	act("fault", text="")
	after = act("device", name=name)
	desk.check(
		"a new certificate, off hold",
		after["certificate_serial"] != before["certificate_serial"] and after["on_hold"] in ("", "0"),
	)
	later = act("issue", signer=name)
	desk.check(
		f"its numbering goes on {later['state']}",
		later["state"] == "Cleared" and act("device", name=name)["icv"] == str(int(before["icv"] or 0) + 2),
	)
	end = time.monotonic() + 180
	while (what := act("invoice", name=waiting["name"])["state"]) not in (
		"Cleared",
		"Rejected",
	) and time.monotonic() < end:
		time.sleep(2)
	desk.check(f"what waited has its verdict: {what}", what in ("Cleared", "Rejected"))


def alerts(desk: Setup, act: Stage) -> None:
	"""Told by bell, in the device's form and in the workspace."""
	name = {"en": "Riyadh", "ar": "الرياض"}[desk.lang]
	found = act("device", name=name, days=6, alerted_days=0)
	desk.check("somebody is told", act("tell") >= 1)
	desk.go("zatca-e-invoicing", ".number-widget-box")
	desk.page.wait_for_timeout(2500)
	desk.picture("workspace")
	desk.looks_right("workspace", ".layout-main")
	desk.page.locator(
		".dropdown-notifications .notifications-icon:visible, .notifications-icon:visible"
	).first.click()
	desk.see(
		".notifications-list:visible .recent-item, .notification-list-body:visible .recent-item, .recent-item.notification-item:visible"
	)
	desk.settle()
	desk.picture("alerts-1-bell", full=False)
	desk.go(f"zatca-device/{found['name']}", ".form-layout:visible")
	desk.picture("alerts-2-device", full=False)
	said = (
		desk.text(".form-dashboard-wrapper:visible")
		+ desk.text(".form-dashboard:visible")
		+ desk.text(".form-message:visible")
	)
	desk.check(f"the form says how many days {said[:60]!r}", "6" in said or "5" in said)
	act("device", name=name, days=1500)


def doctor(desk: Setup, act: Stage) -> None:
	"""The page with all its checks."""
	desk.go("zatca-doctor", ".zd-list")
	desk.picture("doctor")
	desk.looks_right("doctor", ".zatca-doctor")
	rows = desk.page.locator(".zd-list li").count()
	desk.check(f"every check has its line ({rows})", rows >= 14)
	if desk.lang == "ar":
		latin = desk.page.evaluate(
			"""[...document.querySelectorAll('.zatca-doctor .zd-list li')].map((li) => li.innerText).filter((text) => !/[\\u0600-\\u06ff]/.test(text))"""
		)
		desk.check(f"every line is Arabic {latin[:2]}", not latin)


def practice(desk: Setup, act: Stage) -> None:
	"""A training company from its menu item to its removal."""
	start, remove = {
		"en": ("Start Training", "Remove Training Company"),
		"ar": ("بدء التدريب", "إزالة شركة التدريب"),
	}[desk.lang]
	desk.go("zatca-setup?step=start", ".zs-table")
	companies = act("count", doctype="Company")
	menu = ".page-head:visible .menu-btn-group button"
	desk.page.locator(menu).first.click()
	desk.settle()
	desk.picture("training-0-menu", full=False)
	desk.page.locator(f'.page-head:visible .menu-btn-group .dropdown-item:has-text("{start}")').first.click()
	desk.see(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary")
	desk.page.wait_for_timeout(600)
	desk.picture("training-1-asked", full=False)
	desk.page.locator(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary").first.click()
	desk.page.wait_for_url("**/app/sales-invoice**", timeout=PATIENCE)
	desk.see(".list-row:visible")
	desk.settle()
	desk.picture("training-2-drafts", full=False)
	draft = act("training", customer="Horizon")
	desk.open(draft["name"])
	desk.save()
	desk.submit()
	desk.wait("Cleared")
	desk.picture("training-3-cleared", full=False)
	incomplete = act("training", customer="No Building")
	desk.open(incomplete["name"])
	desk.save()
	desk.submit()
	desk.wait("Rejected")
	desk.picture("training-4-rejected", full=False)
	desk.go(
		f"print/Sales Invoice/{draft['name']}",
		".print-preview-wrapper:visible, .print-format-container:visible",
	)
	desk.page.wait_for_timeout(4000)
	desk.check("its paper is shown, marked", any("TEST PAPER" in each.content() for each in desk.page.frames))
	desk.picture("training-5-paper", full=False)
	desk.go("zatca-setup?step=start", ".zs-table")
	desk.page.locator(menu).first.click()
	desk.page.locator(f'.page-head:visible .menu-btn-group .dropdown-item:has-text("{remove}")').first.click()
	desk.see('.modal.show [data-fieldname="company"]')
	desk.page.wait_for_timeout(600)
	desk.picture("training-6-remove", full=False)
	desk.page.locator(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary").first.click()
	desk.page.wait_for_timeout(1200)
	desk.picture("training-7-sure", full=False)
	desk.page.locator(".modal.show .btn-modal-primary, .modal.show .modal-footer .btn-primary").last.click()
	end = time.monotonic() + 180
	while act("count", doctype="Company") != companies and time.monotonic() < end:
		time.sleep(2)
	desk.check("it is gone without a trace", act("count", doctype="Company") == companies)
	desk.settle()
	desk.picture("training-8-gone", full=False)


SCENES = (several, table, renewal, hold, revoked, alerts, practice, doctor)
WINDOW = {"width": 1300, "height": 900}


def play(
	url: str, act: Stage, pictures: Path, languages: tuple[str, ...], scenes: tuple[Any, ...]
) -> list[tuple[str, bool]]:
	"""The whole of it, in each language."""
	from playwright.sync_api import sync_playwright

	steps: list[tuple[str, bool]] = []
	with sync_playwright() as driver:
		browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
		for lang in languages:
			user = act("person", lang=lang)
			page = browser.new_context(viewport=WINDOW).new_page()
			page.set_default_timeout(PATIENCE)
			desk = Setup(page, url, pictures, lang)
			errors: list[str] = []
			page.on("pageerror", lambda error, seen=errors: seen.append(str(error)))
			desk.enter(user)
			for scene in scenes:
				began, before = time.monotonic(), len(desk.steps)
				try:
					scene(desk, act)
				except Exception as error:
					desk.check(f"{scene.__name__}: {type(error).__name__}: {str(error)[:500]}", False)
					act("fault", text="")
				held = sum(holds for _, holds in desk.steps[before:])
				print(
					f"  {lang} {scene.__name__}: {held} of {len(desk.steps) - before} in {time.monotonic() - began:.0f} s",
					flush=True,
				)
			own = [error for error in errors if "socket" not in error.lower()]
			desk.check(f"no script error {own[:2] or ''}", not own)
			steps += desk.steps
			page.context.close()
		browser.close()
	return steps


@contextmanager
def running(bench: Any, fatoora: str) -> Iterator[str]:
	"""The site's web server and a worker, to which ZATCA is the simulator."""
	url = f"http://127.0.0.1:{bench.web_port}"
	env = {**bench.env, "FATOORA": fatoora}
	started = []
	for name, words in (
		("web", ("--site", SITE, "serve", "--port", str(bench.web_port), "--noreload")),
		("worker", ("worker", "--queue", "short,default,long")),
	):
		with (bench.folder / f"{name}.log").open("ab") as log:
			started.append(
				subprocess.Popen(
					[str(bench.python), "-c", DIVERTED, "frappe", *words],
					cwd=bench.sites, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
				)
			)  # fmt: skip
	try:
		for _ in range(240):
			try:
				urllib.request.urlopen(f"{url}/api/method/ping", timeout=5).read()
				break
			except OSError:
				time.sleep(1)
		yield url
	finally:
		for process in started:
			process.terminate()
		for process in started:
			try:
				process.wait(timeout=30)
			except subprocess.TimeoutExpired:
				process.kill()


def main() -> int:
	"""Build a bench or take the one given, play, count."""
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--pictures", type=Path, default=Path(tempfile.gettempdir()) / "setup-desk")
	options.add_argument("--bench", type=Path, help="a private bench that runs already")
	options.add_argument("--language", choices=LANGUAGES, help="only one")
	options.add_argument(
		"--scene", choices=[each.__name__ for each in SCENES], action="append", help="only these"
	)
	options.add_argument("--stage", type=Path, help=argparse.SUPPRESS)
	given = options.parse_args()
	if given.stage:
		return stage(given.stage)
	from private_bench import BENCH, PrivateBench

	try:
		import playwright  # noqa: F401
	except ImportError:
		print("setup-desk: playwright is not installed")
		return 2
	if not Path(CHROMIUM).exists() or not (BENCH / "env" / "bin" / "python").is_file():
		print(f"setup-desk: no browser at {CHROMIUM} or no bench at {BENCH}")
		return 2
	given.pictures.mkdir(parents=True, exist_ok=True)
	folder = given.bench or Path(tempfile.mkdtemp(prefix="bayancore-"))
	bench = PrivateBench.found(folder) if given.bench else PrivateBench(folder)
	languages = (given.language,) if given.language else LANGUAGES
	scenes = tuple(each for each in SCENES if not given.scene or each.__name__ in given.scene)
	process = None
	try:
		if not given.bench:
			bench.start()
			bench.add_site(SITE, "saudi", empty=True)
			bench.remember_ports()
		process = subprocess.Popen(
			[str(bench.python), str(HERE), "--stage", str(folder)],
			cwd=bench.sites, env=bench.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
		)  # fmt: skip
		act = Stage(process)
		with running(bench, act.ready) as url:
			steps = play(url, act, given.pictures, languages, scenes)
	finally:
		if process and process.stdin:
			process.stdin.close()
			process.wait(timeout=600)
		if not given.bench:
			bench.stop()
			shutil.rmtree(folder, ignore_errors=True)
	passed = sum(holds for _, holds in steps)
	print(
		f"setup-desk: {passed} of {len(steps)} checks in {len(languages)} languages hold; pictures in {given.pictures}"
	)
	return 0 if steps and passed == len(steps) else 1


if __name__ == "__main__":
	sys.exit(main())
