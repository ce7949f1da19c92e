"""From a bare site to the first cleared invoice, as a new user would go: in a browser, counted and timed.

Takes a bench at ~/frappe-bench with Frappe and ERPNext, Chromium and playwright; gives, in a folder, a picture of every step
in English and of the pages in Arabic, and how many clicks and seconds it took; with `--language ar` the whole way is gone by a
reader of Arabic, who chooses the language on the wizard's first slide. The gateway is the simulator that the set-up page starts itself.
All the browser's traffic is kept meanwhile, and none of the device's secrets may stand in it. Everything runs on a private bench (tests/site/private_bench.py).

	python tests/proofs/first_invoice.py [--out FOLDER] [--language en|ar] [--bench FOLDER of a running private bench]

The last line is the figure. Exit status 1 where it took more than 25 clicks or 10 minutes, did not end in a cleared
invoice, or a secret was in the traffic; 0 with the word "skipped" where bench or browser are missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "site")]

import private_bench  # noqa: E402

SITE = "pristine.local"
MOST_CLICKS, MOST_SECONDS = 25, 600
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
QUIET = (
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT = 120_000
BENCH_COMMAND = ("-m", "frappe.utils.bench_helper", "frappe")
COMPANY = {
	"name_ar": "شركة بيان للتجارة",
	"vat_number": "310122393500003",
	"registration_number": "7003457821",
	"building_number": "2929",
	"street": "طريق الملك فهد",
	"district": "العليا",
	"city": "الرياض",
	"postal_code": "12214",
}


class Person:
	"""A new user at the browser: every pointer click is counted, every step named, timed and pictured."""

	def __init__(self, page: Any, out: Path, language: str = "en") -> None:
		self.page, self.out, self.language = page, out, language
		self.clicks = 0
		self.steps: list[dict[str, Any]] = []
		self.began = time.monotonic()

	def click(self, target: Any) -> None:
		found = self.page.locator(target).first if isinstance(target, str) else target
		found.click(timeout=WAIT)
		self.clicks += 1

	def type(self, field: str, text: str) -> None:
		"""Into the field the Tab key reached: no click."""
		self.page.locator(field).first.fill(text)

	def see(self, target: str, **how: Any) -> Any:
		found = self.page.locator(target).first
		found.wait_for(timeout=WAIT, **how)
		return found

	def word(self, text: str) -> str:
		"""As the desk says it in this person's language."""
		return str(self.page.evaluate("(text) => __(text)", text))

	def step(self, name: str) -> None:
		picture = f"{len(self.steps) + 1:02d}-{name.lower().replace(' ', '-').replace(',', '')}.png"
		self.page.wait_for_timeout(400)
		self.page.screenshot(path=str(self.out / picture))
		self.steps.append(
			{
				"step": name,
				"clicks": self.clicks,
				"seconds": round(time.monotonic() - self.began),
				"picture": picture,
			}
		)
		print(f"  {self.steps[-1]['seconds']:>4} s  {self.clicks:>2} clicks  {name}", flush=True)


# --- the way ----------------------------------------------------------------------------------------------------------
def walk(person: Person, url: str) -> str:
	"""Every step from the login to the cleared invoice. Gives its name."""
	page = person.page
	page.goto(f"{url}/login")
	person.see("#login_email")
	person.type("#login_email", "Administrator")
	person.type("#login_password", "admin")
	person.click(".btn-login:visible")
	person.see(".slides-wrapper, .setup-wizard-slide")
	first_run(person)
	set_up(person)
	return first_invoice(person)


def first_run(person: Person) -> None:
	"""ERPNext's own wizard."""
	page = person.page
	if person.language == "ar":
		language = person.see('[data-fieldname="language"] input')
		language.fill("العربية")
		page.wait_for_timeout(700)
		with page.expect_response(lambda answer: "load_messages" in answer.url, timeout=WAIT):
			page.keyboard.press("Enter")
			page.keyboard.press("Tab")
		# the slides are made again, in what Frappe has of that language
		page.wait_for_timeout(3000)
	country = person.see('[data-fieldname="country"] input')
	country.fill("Saudi Arabia")
	page.wait_for_timeout(700)
	page.keyboard.press("Enter")
	page.keyboard.press("Tab")
	page.wait_for_timeout(700)
	person.step("First run, country")
	person.click(".next-btn:visible")
	person.see('[data-fieldname="full_name"] input')
	person.type('[data-fieldname="full_name"] input', "Mona Al Harbi")
	person.type('[data-fieldname="email"] input', "mona@bayan.example")
	person.type('[data-fieldname="password"] input', "Riyadh-2026-mona")
	person.step("First run, account")
	person.click(".next-btn:visible")
	person.see('[data-fieldname="company_name"] input')
	page.wait_for_timeout(1500)
	person.type('[data-fieldname="company_name"] input', "Bayan Trading Co")
	page.keyboard.press("Tab")
	page.wait_for_timeout(500)
	person.type('[data-fieldname="company_abbr"] input', "BTC")
	person.type('[data-fieldname="zatca_name_ar"] input', COMPANY["name_ar"])
	person.type('[data-fieldname="zatca_vat_number"] input', COMPANY["vat_number"])
	person.type('[data-fieldname="zatca_registration_number"] input', COMPANY["registration_number"])
	person.step("First run, company with its VAT identity")
	person.click(".complete-btn:visible")
	page.wait_for_url(lambda address: "setup-wizard" not in address, timeout=400_000, wait_until="commit")
	person.see(".zatca-setup .zs-panel")
	assert page.evaluate("document.documentElement.dir") == ("rtl" if person.language == "ar" else "ltr")


def set_up(person: Person) -> None:
	"""The set-up page, with the simulator that it starts."""
	page = person.page
	field = '.zatca-setup [data-fieldname="{}"] input'
	person.see(field.format("building_number"))
	person.step("Company details, what is missing")
	for name in ("building_number", "street", "district", "city", "postal_code"):
		person.type(field.format(name), COMPANY[name])
	page.wait_for_timeout(1500)
	person.step("Company details, complete")
	person.click(".zatca-setup .zs-actions .btn-primary")
	person.see('.zatca-setup .zs-card[data-environment="Simulator"]')
	person.step("Devices and environment")
	person.click(".zatca-setup .zs-actions .btn-primary")
	person.see(".zatca-setup .zs-device")
	person.step("Connect")
	person.click(".zatca-setup .zs-actions .btn-primary:not([disabled])")
	page.wait_for_function(
		"document.querySelectorAll('.zatca-setup .zs-device .zs-ok').length > 0 || document.querySelector('.zs-table')",
		timeout=WAIT,
	)
	person.step("Connecting, live")
	person.see('.zatca-setup [data-step="start"].zs-current')
	person.see('.zatca-setup .zs-list:has-text("✓")')
	person.step("Connected, self-test")
	person.click(".zatca-setup .zs-actions .btn-primary")
	person.see(".zatca-setup .zs-good")
	person.step("Issuing")


def first_invoice(person: Person) -> str:
	"""A draft from the small form, submitted with the form's own button."""
	page = person.page
	person.click(".zatca-setup .zs-actions .btn-primary")
	person.see('.modal:visible [data-fieldname="customer_name"] input')
	page.wait_for_timeout(700)
	person.step("First invoice, the small form")
	person.click(".modal:visible .modal-footer .btn-primary")
	page.wait_for_url("**/app/sales-invoice/**", timeout=WAIT)
	person.see(".page-head .primary-action:visible")
	page.wait_for_timeout(2500)
	person.step("The draft")
	if page.evaluate("Boolean(cur_frm.doc.__unsaved)"):
		# Frappe's time field drops the seconds of a draft that is opened for the first time
		person.click(f'.page-head .primary-action:has-text("{person.word("Save")}"):visible')
	submit = f'.page-head .primary-action:has-text("{person.word("Submit")}"):visible'
	person.see(submit)
	person.click(submit)
	confirm = person.see(".modal:visible .modal-footer .btn-primary, .modal:visible .btn-modal-primary")
	person.click(confirm)
	page.wait_for_function(
		"cur_frm && cur_frm.doc.zatca_state === 'Cleared' && cur_frm.doc.docstatus === 1", timeout=WAIT
	)
	page.wait_for_timeout(1500)
	person.step("Cleared and posted")
	return str(page.evaluate("cur_frm.doc.name"))


def in_arabic(page: Any, url: str, invoice: str, out: Path) -> None:
	"""The same pages for a reader of Arabic, on a laptop and on a telephone."""
	page.evaluate(
		"frappe.xcall('frappe.client.set_value', {doctype: 'User', name: frappe.session.user, fieldname: 'language', value: 'ar'})"
	)
	page.wait_for_timeout(1000)
	for name, address, ready in (
		("company", "/app/zatca-setup?step=company", '[data-fieldname="vat_number"] input'),
		("devices", "/app/zatca-setup?step=devices", ".zs-card"),
		("start", "/app/zatca-setup?step=start", ".zs-table"),
		("invoice", f"/app/sales-invoice/{invoice}", ".form-layout:visible"),
	):
		for size, width, height in (("laptop", 1280, 860), ("phone", 390, 844)):
			page.set_viewport_size({"width": width, "height": height})
			page.goto(url + address)
			page.locator(ready).first.wait_for(timeout=WAIT)
			page.wait_for_timeout(2500)
			page.screenshot(path=str(out / f"ar-{name}-{size}.png"))
			assert page.evaluate("document.documentElement.dir") == "rtl"


# --- the ground -------------------------------------------------------------------------------------------------------
def executable() -> str | None:
	"""A Chromium of this machine."""
	return next(
		(path for path in (os.environ.get("CHROMIUM"), *BROWSERS) if path and Path(path).exists()), None
	)


@contextmanager
def ground(folder: str | None) -> Iterator[private_bench.PrivateBench]:
	"""A private bench with the bare site, the app installed; or one that runs already."""
	if folder:
		bench = private_bench.PrivateBench(Path(folder))
		ports = json.loads((bench.folder / "bench.json").read_text())
		bench.db_port, bench.cache_port, bench.queue_port, bench.web_port = (
			ports[name] for name in ("db", "cache", "queue", "web")
		)
		yield bench
		return
	with tempfile.TemporaryDirectory(prefix="first-invoice-") as place:
		bench = private_bench.PrivateBench(Path(place))
		try:
			bench.start()
			bench.add_site(SITE, "pristine")
			bench.command(SITE, "install-app", "bayancore_erp")
			yield bench
		finally:
			stop_simulator(bench)
			bench.stop()


def stop_simulator(bench: private_bench.PrivateBench) -> None:
	"""The one the page started."""
	bench.command(SITE, "execute", "bayancore_erp.zatca.adapter.local_simulator.stop", check=False)


def up(url: str, wait: Callable[[float], None] = time.sleep) -> None:
	"""Until the web server answers."""
	import requests

	for _try in range(240):
		try:
			if requests.get(f"{url}/api/method/ping", timeout=5).ok:
				return
		except requests.RequestException:
			pass
		wait(0.5)
	raise SystemExit("the web server did not start")


SECRETS = """
import json, frappe
from bayancore_erp.zatca.adapter import sealing
frappe.init(site=%r, sites_path=".")
frappe.connect()
print(json.dumps({f"{device} {name}": str(sealing.unseal(device, name)) for device, name in sealing.everything()}))
"""


def secrets_of(bench: private_bench.PrivateBench) -> dict[str, list[str]]:
	"""Every secret of the devices, as pieces that would show up whole: a secret by itself, a key by its lines."""
	line = [str(bench.python), "-c", SECRETS % SITE]
	answer = subprocess.run(line, cwd=bench.sites, env=bench.env, capture_output=True, text=True, check=True)
	kept: dict[str, str] = json.loads(answer.stdout.splitlines()[-1])
	found = {name: pieces_of(text) for name, text in kept.items()}
	assert any("PRIVATE KEY" in text for text in kept.values()) and all(found.values()), list(kept)
	return found


def pieces_of(text: str) -> list[str]:
	"""Lines that are no heading, and what stands in them as JSON."""
	lines = [line.strip() for line in text.replace("\\n", "\n").splitlines()]
	return [line for line in lines if len(line) >= 20 and "-----" not in line]


def main() -> int:
	"""Walk the way and say how long it was."""
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--out", default="first-invoice-output")
	parser.add_argument("--language", choices=("en", "ar"), default="en")
	parser.add_argument("--bench")
	given = parser.parse_args()
	try:
		from playwright.sync_api import sync_playwright
	except ImportError:
		print("skipped: playwright is not installed")
		return 0
	browser_path = executable()
	if browser_path is None or not (private_bench.BENCH / "env" / "bin" / "python").is_file():
		print("skipped: no bench at ~/frappe-bench, or no Chromium on this machine")
		return 0
	out = Path(given.out)
	out.mkdir(parents=True, exist_ok=True)
	with ground(given.bench) as bench:
		url = f"http://127.0.0.1:{bench.web_port}"
		serve = ("--site", SITE, "serve", "--port", str(bench.web_port), "--noreload")
		with (
			bench.running(*BENCH_COMMAND, *serve, log="web"),
			bench.running(*BENCH_COMMAND, "worker", "--queue", "short,default,long", log="worker"),
		):
			up(url)
			with sync_playwright() as playwright:
				browser = playwright.chromium.launch(executable_path=browser_path, args=list(QUIET))
				traffic = bench.folder / "traffic.har"
				context = browser.new_context(
					record_har_path=traffic,
					viewport={"width": 1280, "height": 860},
					locale="ar-SA" if given.language == "ar" else "en-GB",
				)
				context.set_default_timeout(WAIT)
				context.set_default_navigation_timeout(WAIT)
				page = context.new_page()
				said: list[str] = []
				page.on("pageerror", lambda error: said.append(str(error)))
				person = Person(page, out, given.language)
				try:
					invoice = walk(person, url)
					seconds = time.monotonic() - person.began
					if given.language == "en":
						in_arabic(page, url, invoice, out)
				except Exception:
					page.screenshot(path=str(out / "failed.png"))
					print("\n".join(said))
					raise
				context.close()
				browser.close()
				answers = traffic.read_text()
		told = [
			name for name, pieces in secrets_of(bench).items() if any(piece in answers for piece in pieces)
		]
	(out / "steps.json").write_text(json.dumps(person.steps, indent=1))
	good = person.clicks <= MOST_CLICKS and seconds <= MOST_SECONDS and not told
	print(
		f"first cleared invoice from a bare site: {person.clicks} clicks, {seconds:.0f} s, {len(person.steps)} steps;"
		f" secrets in {len(answers) / 1e6:.0f} MB of the browser's traffic: {', '.join(told) or 'none'}"
	)
	return 0 if good else 1


if __name__ == "__main__":
	raise SystemExit(main())
