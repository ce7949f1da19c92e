#!/usr/bin/env python3
"""Proof `rejection-desk`: in a real browser, from a rejection to the field, the fix and the clearance, in English and Arabic.

On a private bench with its own web server and simulator: a draft is submitted, the panel names the field, "Go to Field" opens
the customer with the field marked, it is corrected there, the way back leads to the invoice, which now says that everything is
corrected, and Resubmit clears it. The same on the invoice's own row, and at the gateway's worst. Every look is kept as a picture.
Last line is the figure; exit 1 where a step fails, 2 where there is no browser or no bench.

	python tests/proofs/rejection_desk.py [--pictures FOLDER] [--bench FOLDER]

This Python needs playwright and a Chromium (CHROMIUM, else /usr/bin/chromium); see tests/site/private_bench.py for the bench.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "tests/site", "")]

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
	"--disable-background-networking", "--disable-component-update"]  # fmt: skip
SITE = "saudi.local"
RIGHT, WRONG = "399999999900003", "39999999990003"
LANGUAGES = ("en", "ar")
PATIENCE = 240_000
"""Milliseconds; the machine may be busy with other work."""


# --- on the bench -------------------------------------------------------------------------------------------------------
def stage(folder: Path) -> int:
	"""Inside the private bench: the company, a simulator, and one command a line on standard input."""
	import world
	from fatoora import onboard, simulator
	from private_bench import PrivateBench

	bench = PrivateBench.found(folder)
	with world.connected(bench) as frappe, simulator() as fatoora:
		onboard(frappe, fatoora)
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "web_wait_seconds", 60)
		frappe.db.commit()
		say({"ready": True})
		for line in sys.stdin:
			order = json.loads(line)
			frappe.db.rollback()
			say({"done": ACTS[order.pop("act")](frappe, fatoora, **order)})
			frappe.db.commit()
	return 0


def say(what: dict[str, Any]) -> None:
	"""One line to the browser's side."""
	print("STAGE " + json.dumps(what), flush=True)


def draft(frappe: Any, fatoora: Any, customer: str = "", lines: int = 2, submit: bool = False) -> str:
	"""A committed draft; a simplified one can be submitted at once."""
	import world

	names = (("استشارات | Consulting", 2, 400), ("تدريب | Training", 3, 250), ("دعم فني | Support", 1, 120.5))
	items = [world.line(*names[number % 3]) for number in range(lines)]
	doc = world.invoice(frappe, customer or world.VAT_BUYER, items)
	frappe.db.commit()
	if submit:
		doc.submit()
	return str(doc.name)


def vat_number(frappe: Any, fatoora: Any, value: str) -> str:
	"""What the customer's record says."""
	import world

	frappe.db.set_value("Customer", world.VAT_BUYER, "tax_id", value)
	frappe.clear_document_cache("Customer", world.VAT_BUYER)
	return value


def language(frappe: Any, fatoora: Any, lang: str) -> str:
	"""The administrator's language."""
	frappe.db.set_value("User", "Administrator", "language", lang)
	frappe.db.commit()
	frappe.cache.delete_keys("")
	return lang


def fault(frappe: Any, fatoora: Any, text: str) -> str:
	"""A bad day of the gateway; empty calls it off."""
	fatoora.fault(text) if text else fatoora.calm()
	return text


def rejected(frappe: Any, fatoora: Any) -> str:
	"""ZATCA itself rejects: a row's quantity was turned round after our own rules had looked, and it says something unheard."""
	from bayancore_erp.zatca.adapter import journal, signing
	from bayancore_erp.zatca.api import submit_for_clearance
	from bayancore_erp.zatca.core import pipeline

	name = draft(frappe, fatoora, lines=3)
	prepare, build, outcome = pipeline.prepare, pipeline.build_xml, journal.from_outcome
	unheard = journal.Problem(
		"BR-KSA-997", "The buyer's district (KSA-4) is not in the list of districts", at="The buyer's district (KSA-4) is not in the list of districts",
		source="ZATCA", category="KSA",
	)  # fmt: skip

	def unrefused(*args: Any, **kwargs: Any) -> Any:
		pipeline.build_xml = lambda *given: build(*given).replace(
			b">3</cbc:InvoicedQuantity>", b">-3</cbc:InvoicedQuantity>"
		)
		try:
			return prepare(*args, **kwargs, refuse=False)
		finally:
			pipeline.build_xml = build

	signing.prepare = unrefused
	journal.from_outcome = lambda verdict: [*outcome(verdict), unheard]
	try:
		submit_for_clearance("Sales Invoice", name)
	finally:
		signing.prepare, journal.from_outcome = prepare, outcome
	return name


def state(frappe: Any, fatoora: Any, name: str) -> list[Any]:
	"""What the database says: state, docstatus, signed documents."""
	row = frappe.db.get_value("Sales Invoice", name, ["zatca_state", "docstatus"])
	return [*row, frappe.db.count("ZATCA Document", {"invoice_name": name})]


def release(frappe: Any, fatoora: Any) -> str:
	"""The device off hold."""
	from bayancore_erp.zatca.adapter.desk import release_device

	for name in frappe.get_all("ZATCA Device", pluck="name"):
		release_device(name)
	return "released"


ACTS = {
	"draft": draft,
	"vat_number": vat_number,
	"language": language,
	"fault": fault,
	"rejected": rejected,
	"state": state,
	"release": release,
}


class Stage:
	"""The browser's side of `stage`."""

	def __init__(self, process: subprocess.Popen[str]) -> None:
		self.process = process
		self.ready = self.heard()["ready"]

	def heard(self) -> Any:
		assert self.process.stdout
		for line in self.process.stdout:
			if line.startswith("STAGE "):
				return json.loads(line[6:])
		raise SystemExit("the stage has fallen")

	def __call__(self, act: str, **order: Any) -> Any:
		assert self.process.stdin
		self.process.stdin.write(json.dumps({"act": act, **order}) + "\n")
		self.process.stdin.flush()
		return self.heard()["done"]


# --- in the browser -----------------------------------------------------------------------------------------------------
class Desk:
	"""One browser window on the desk."""

	def __init__(self, page: Any, url: str, pictures: Path, lang: str) -> None:
		self.page, self.url, self.pictures, self.lang = page, url, pictures, lang
		self.steps: list[tuple[str, bool]] = []

	def login(self) -> None:
		self.page.request.post(
			f"{self.url}/api/method/login", form={"usr": "Administrator", "pwd": "admin"}, timeout=PATIENCE
		)

	def open(self, name: str) -> None:
		self.page.goto(
			f"{self.url}/app/sales-invoice/{name}", wait_until="domcontentloaded", timeout=PATIENCE
		)
		self.page.wait_for_selector(
			'[data-page-route="Sales Invoice"] .title-text, .page-head .title-text', timeout=PATIENCE
		)
		self.page.wait_for_function(
			f"window.cur_frm && cur_frm.docname === {json.dumps(name)} && !cur_frm.is_new()", timeout=PATIENCE
		)
		self.settle()

	def save(self) -> None:
		"""A bench built with a time picker that knows no seconds calls every draft changed as it opens; Frappe's own picker does not."""
		self.page.wait_for_timeout(1000)
		if self.page.evaluate("cur_frm.is_dirty()"):
			self.page.evaluate("cur_frm.save()")
			self.page.wait_for_function("!cur_frm.is_dirty()", timeout=PATIENCE)
			self.settle()

	def settle(self) -> None:
		"""Requests done, animations over."""
		self.page.wait_for_function(
			"!window.frappe || !frappe.request || !frappe.request.ajax_count", timeout=PATIENCE
		)
		self.page.wait_for_timeout(700)

	def picture(self, name: str) -> None:
		self.page.screenshot(path=str(self.pictures / f"{name}-{self.lang}.png"))

	def wait(self, state: str, seconds: int = PATIENCE // 1000) -> None:
		self.page.wait_for_selector(f'.zatca-verdict[data-state="{state}"]:visible', timeout=seconds * 1000)
		self.settle()

	def check(self, what: str, holds: Any) -> None:
		self.steps.append((what, bool(holds)))
		if not holds:
			self.picture(f"FAILED-{len(self.steps)}")
			print(f"FAILED ({self.lang}): {what}", flush=True)

	def text(self, selector: str) -> str:
		found = self.page.locator(selector)
		return str(found.first.inner_text()) if found.count() else ""

	def submit(self) -> None:
		self.page.locator(".page-head:visible .primary-action").first.click()
		self.page.locator(".modal.show .btn-modal-primary, .modal.show .btn-primary").first.click()


def corrected(desk: Desk, act: Stage, words: dict[str, str]) -> None:
	"""Reject, panel, field in another document, fix, back, resubmit, cleared."""
	act("vat_number", value=WRONG)
	name = act("draft")
	desk.open(name)
	desk.save()
	desk.picture("draft")
	desk.check(
		"the button says what it does", words["submit"] in desk.text(".page-head:visible .primary-action")
	)
	desk.submit()
	desk.wait("Rejected")
	desk.page.wait_for_selector(".zatca-problem:visible")
	desk.settle()
	desk.picture("rejected")
	desk.check("no ledger, still a draft", act("state", name=name)[:2] == ["Rejected", 0])
	desk.check("the panel names the customer's field", "Horizon" in desk.text(".zatca-problem-place"))
	desk.check(
		"nothing raw",
		not any(sign in desk.text(".zatca-verdict") for sign in ("{", "Traceback", "None", "undefined")),
	)
	direction = desk.page.evaluate("getComputedStyle(document.querySelector('.zatca-verdict')).direction")
	desk.check("it reads in the right direction", direction == ("rtl" if desk.lang == "ar" else "ltr"))
	edge = desk.page.evaluate(
		"(() => { const s = getComputedStyle(document.querySelector('.zatca-verdict')); return [s.borderLeftWidth, s.borderRightWidth]; })()"
	)
	desk.check(
		"its edge is where the line begins", edge == (["1px", "4px"] if desk.lang == "ar" else ["4px", "1px"])
	)

	desk.page.locator(".zatca-problem-place [data-go]").first.click()
	desk.page.wait_for_function("window.cur_frm && cur_frm.doctype === 'Customer'", timeout=PATIENCE)
	desk.page.wait_for_selector('.zatca-marked[data-fieldname="tax_id"], .zatca-marked', timeout=PATIENCE)
	marked = desk.page.evaluate("document.querySelector('.zatca-marked').getAttribute('data-fieldname')")
	desk.picture("field")
	desk.check("the field is open and marked", marked == "tax_id")
	focused = desk.page.evaluate(
		"document.activeElement && document.activeElement.getAttribute('data-fieldname')"
	)
	desk.check("the cursor stands in it", focused == "tax_id")
	desk.check("what to do stands above it", bool(desk.text(".zatca-back-text:visible")))
	desk.page.locator('.frappe-control[data-fieldname="tax_id"]:visible input').fill(RIGHT)
	desk.page.locator('.frappe-control[data-fieldname="tax_id"]:visible input').blur()
	desk.page.wait_for_function("cur_frm.is_dirty()", timeout=PATIENCE)
	desk.page.evaluate("cur_frm.save()")
	desk.page.wait_for_function("!cur_frm.is_dirty()", timeout=PATIENCE)
	desk.settle()
	desk.page.locator(".zatca-back button:visible").click()
	desk.page.wait_for_function("window.cur_frm && cur_frm.doctype === 'Sales Invoice'", timeout=PATIENCE)
	desk.page.wait_for_selector(".zatca-problem.fixed:visible", timeout=PATIENCE)
	desk.settle()
	desk.picture("corrected")
	desk.check("the panel says that it is corrected", bool(desk.text(".zatca-ready:visible")))
	desk.page.locator("[data-resubmit]:visible").click()
	desk.wait("Cleared")
	desk.page.wait_for_selector(".zatca-history:visible", timeout=PATIENCE)
	desk.page.locator(".zatca-history summary").click()
	desk.settle()
	desk.picture("cleared")
	desk.check("cleared and posted, signed once", act("state", name=name) == ["Cleared", 1, 1])
	desk.check("what was tried before is kept", desk.page.locator(".zatca-history li").count() >= 1)
	desk.check(
		"no Cancel",
		not desk.page.locator(
			'.page-head:visible .btn-secondary:visible:has-text("{}")'.format(words["cancel"])
		).count(),
	)


def by_zatca(desk: Desk, act: Stage) -> None:
	"""ZATCA's own rejection: the row in this form, its words behind a fold, a code nobody knows."""
	name = act("rejected")
	desk.open(name)
	desk.wait("Rejected")
	desk.page.wait_for_selector(".zatca-problem:visible")
	desk.check("original words are folded away", not desk.page.locator(".zatca-words:visible").count())
	desk.page.locator(".zatca-details summary").first.click()
	desk.settle()
	desk.picture("rejected-by-zatca")
	desk.check("and there when asked for", "BR-KSA" in desk.text(".zatca-words code:visible"))
	rows = desk.page.locator(".zatca-problem-place:has-text('2')")
	rows.first.locator("[data-go]").click()
	desk.page.wait_for_selector(".form-in-grid:visible .zatca-marked", timeout=PATIENCE)
	marked = desk.page.evaluate(
		"document.querySelector('.form-in-grid .zatca-marked').getAttribute('data-fieldname')"
	)
	row = desk.page.evaluate("Number(document.querySelector('.grid-row-open').getAttribute('data-idx'))")
	desk.settle()
	desk.picture("row")
	desk.check("the second row is open at its quantity", (marked, row) == ("qty", 2))


def on_its_way(desk: Desk, act: Stage) -> None:
	"""Progress while the gateway takes its time; a device on hold; a simplified one with its countdown."""
	act("vat_number", value=RIGHT)
	name = act("draft", lines=3)
	desk.open(name)
	desk.save()
	act("fault", text="delay=6:clearance:1")
	desk.submit()
	desk.page.wait_for_selector(".zatca-steps li.now:visible", timeout=PATIENCE)
	desk.page.wait_for_function(
		"document.querySelectorAll('.zatca-steps li.done').length >= 2", timeout=PATIENCE
	)
	desk.picture("clearing")
	desk.check("its steps are shown while it is cleared", True)
	desk.wait("Cleared")
	act("fault", text="")
	act("fault", text="401:clearance:1")
	held = act("draft")
	desk.open(held)
	desk.save()
	desk.submit()
	desk.wait("On Hold")
	desk.picture("on-hold")
	desk.check(
		"on hold says why, and that nothing is wrong with it", len(desk.text(".zatca-verdict-why")) > 10
	)
	act("release")
	act("fault", text="drop:reporting:always")
	simple = act("draft", customer="سارة محمد | Sara Mohammed", submit=True)
	desk.open(simple)
	desk.wait("To Report")
	desk.picture("to-report")
	desk.check("the countdown runs", any(letter.isdigit() for letter in desk.text(".zatca-verdict-side")))
	act("fault", text="")


WORDS = {
	"en": {"submit": "Submit for Clearance", "cancel": "Cancel"},
	"ar": {"submit": "تقديم للاعتماد", "cancel": "إلغاء"},
}


def play(url: str, act: Stage, pictures: Path, languages: tuple[str, ...]) -> list[tuple[str, bool]]:
	"""The whole of it, in each language."""
	from playwright.sync_api import sync_playwright

	steps: list[tuple[str, bool]] = []
	with sync_playwright() as driver:
		browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
		for lang in languages:
			act("language", lang=lang)
			page = browser.new_context(viewport={"width": 1300, "height": 950}).new_page()
			page.set_default_timeout(PATIENCE)
			desk = Desk(page, url, pictures, lang)
			errors: list[str] = []
			page.on("pageerror", lambda error, seen=errors: seen.append(str(error)))
			desk.login()
			for scene in (lambda d, a: corrected(d, a, WORDS[d.lang]), by_zatca, on_its_way):
				try:
					scene(desk, act)
				except Exception as error:
					desk.check(f"{type(error).__name__}: {str(error)[:400]}", False)
			own = [error for error in errors if "socket" not in error.lower()]
			desk.check(f"no script error {own[:2] or ''}", not own)
			steps += desk.steps
			page.context.close()
		act("language", lang="en")
		browser.close()
	return steps


@contextmanager
def serving(bench: Any) -> Iterator[str]:
	"""The site's web server."""
	command = [
		str(bench.python),
		"-m",
		"frappe.utils.bench_helper",
		"frappe",
		"--site",
		SITE,
		"serve",
		"--port",
		str(bench.web_port),
		"--noreload",
	]
	with (bench.folder / "web.log").open("ab") as log:
		process = subprocess.Popen(
			command, cwd=bench.sites, env=bench.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
		)
	url = f"http://127.0.0.1:{bench.web_port}"
	try:
		for _ in range(120):
			try:
				urllib.request.urlopen(f"{url}/api/method/ping", timeout=5).read()
				break
			except OSError:
				time.sleep(1)
		yield url
	finally:
		process.terminate()
		process.wait(timeout=20)


def main() -> int:
	"""Build a bench or take the one given, play, count."""
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--pictures", type=Path, default=Path(tempfile.gettempdir()) / "rejection-desk")
	options.add_argument("--bench", type=Path, help="a private bench that runs already")
	options.add_argument("--language", choices=LANGUAGES, help="only one")
	options.add_argument("--stage", type=Path, help=argparse.SUPPRESS)
	given = options.parse_args()
	if given.stage:
		return stage(given.stage)
	from private_bench import BENCH, PrivateBench

	try:
		import playwright  # noqa: F401
	except ImportError:
		print("rejection-desk: playwright is not installed")
		return 2
	if not Path(CHROMIUM).exists() or not (BENCH / "env" / "bin" / "python").is_file():
		print(f"rejection-desk: no browser at {CHROMIUM} or no bench at {BENCH}")
		return 2
	given.pictures.mkdir(parents=True, exist_ok=True)
	folder = given.bench or Path(tempfile.mkdtemp(prefix="bayancore-"))
	bench = PrivateBench.found(folder) if given.bench else PrivateBench(folder)
	if not given.bench:
		bench.start()
		bench.add_site(SITE, "saudi")
		ports = {
			"db": bench.db_port,
			"cache": bench.cache_port,
			"queue": bench.queue_port,
			"web": bench.web_port,
		}
		(folder / "bench.json").write_text(json.dumps(ports))
	process = subprocess.Popen(
		[str(bench.python), str(HERE), "--stage", str(folder)],
		cwd=bench.sites, env=bench.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
	)  # fmt: skip
	try:
		act = Stage(process)
		with serving(bench) as url:
			steps = play(url, act, given.pictures, (given.language,) if given.language else LANGUAGES)
	finally:
		if process.stdin:
			process.stdin.close()
		process.wait(timeout=60)
		if not given.bench:
			bench.stop()
	passed = sum(holds for _, holds in steps)
	print(
		f"rejection-desk: {passed} of {len(steps)} checks in {len(LANGUAGES)} languages hold; pictures in {given.pictures}"
	)
	return 0 if steps and passed == len(steps) else 1


if __name__ == "__main__":
	sys.exit(main())
