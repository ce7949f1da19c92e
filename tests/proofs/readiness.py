#!/usr/bin/env python3
"""Proof `readiness`: what the traffic light costs whoever opens, saves or fills in a form (issue D, "must show").

On a private bench, for a quotation, an order, a delivery and an invoice of ten rows each, and a customer, in turns in one process:
what a form opens with, with the panel's answer in it and without, and a save with the light against one without. In a
browser: how long drawing the panel holds the form up, and whether anything is asked for when it opens or while somebody types.
At most 30 ms more on opening a form, at most a tenth more on saving one, and no request of the panel's own. On a machine with more
work than cores milliseconds say nothing: there the panel may take at most 0.6 of what opening the form takes without it, and the
figure says so. Last line is the figure; exit 1 where it falls short.

	python tests/proofs/readiness.py [--rounds 40] [--bench FOLDER of a private bench that runs]

Needs a bench (see tests/site/private_bench.py); for the browser's part this Python needs playwright, and CHROMIUM the path
of a browser (default /usr/bin/chromium). Without them that part is left out, and the figure says so.
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
from statistics import median
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
sys.path += [str(ROOT / part) for part in ("tests", "tests/site", "")]

OPENING_MOST_MS = 30.0
OPENING_MOST_SHARE = 0.6
SAVING_MOST = 1.10
DOCTYPES = ("Quotation", "Sales Order", "Delivery Note", "Sales Invoice")
PATIENCE_MS = 300_000
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


# --- on the bench -----------------------------------------------------------------------------------------------------
def measure(rounds: int) -> int:
	"""Inside the private bench: print one JSON line."""
	import world
	from private_bench import PrivateBench

	with world.connected(PrivateBench.found(Path(os.environ["PRIVATE_BENCH"]))) as frappe:
		from frappe.desk.form.load import getdoc

		from bayancore_erp.invoice_to_cash.adapter import desk, light
		from bayancore_erp.invoice_to_cash.api import readiness

		world.in_use(frappe)
		documents = [a_document(frappe, doctype) for doctype in DOCTYPES]
		documents.append(frappe.get_doc("Customer", world.VAT_BUYER))
		frappe.db.commit()
		found: dict[str, Any] = {"opening": {}, "saving": {}, "names": {}}
		for doc in documents:
			answer = readiness(doc.doctype, doc.name)
			assert not answer["errors"], answer
			frappe.db.commit()

			def open_form(doc: Any = doc) -> Any:
				frappe.local.response = frappe._dict(docs=[])
				getdoc(doc.doctype, doc.name)
				return frappe.response.docs[0].get("__onload").get("readiness")

			def open_dark(doc: Any = doc) -> None:
				with without(desk, "bring"):
					assert not open_form(doc)

			assert open_form() == answer, "the form opens with what the panel would have asked for"
			found["opening"][doc.doctype] = in_turns(rounds, open_form, open_dark)
			found["names"][doc.doctype] = doc.name
		invoice = next(doc for doc in documents if doc.doctype == "Sales Invoice")

		def save() -> None:
			frappe.get_doc(invoice.doctype, invoice.name).save()
			frappe.db.rollback()

		def save_dark() -> None:
			with without(light, "on_validate"):
				save()

		found["saving"] = in_turns(max(rounds // 4, 8), save, save_dark)
		print(json.dumps(found))
	return 0


@contextmanager
def without(module: Any, name: str) -> Iterator[None]:
	"""A function of ours does nothing meanwhile."""
	real = getattr(module, name)
	setattr(module, name, lambda doc: None)
	try:
		yield
	finally:
		setattr(module, name, real)


def a_document(frappe: Any, doctype: str) -> Any:
	"""Ten rows, nothing wrong."""
	import world

	rows = [world.line(f"خدمة {number} | Service {number}", 1 + number, 100) for number in range(10)]
	if doctype != "Sales Invoice":
		for row in rows:
			row.pop("income_account")
	if doctype == "Sales Invoice":
		return world.invoice(frappe, world.VAT_BUYER, rows)
	party = (
		{"quotation_to": "Customer", "party_name": world.VAT_BUYER}
		if doctype == "Quotation"
		else {"customer": world.VAT_BUYER}
	)
	more = {"delivery_date": "2027-12-20"} if doctype == "Sales Order" else {}
	return world.make(
		frappe, doctype, company=world.COMPANY, currency="SAR", selling_price_list="Standard Selling", items=rows,
		taxes_and_charges=world.EXCLUSIVE, taxes=world.vat_rows(), ignore_pricing_rule=1, **party, **more,
	)  # fmt: skip


def in_turns(rounds: int, *works: Callable[[], Any]) -> list[float]:
	"""Median milliseconds of each, taken in turns so that a busy machine is busy for all."""
	times: list[list[float]] = [[] for _ in works]
	for number in range(rounds + 2):
		for spent, work in zip(times, works, strict=True):
			began = time.perf_counter()
			work()
			if number >= 2:
				spent.append((time.perf_counter() - began) * 1000)
	return [median(spent) for spent in times]


# --- in a browser -----------------------------------------------------------------------------------------------------
# Times whatever draws the panel anew when a form that stands already is refreshed.
WATCH = """(doctype) => {
window.__drawn = [];
const handlers = frappe.ui.form.handlers[doctype].refresh;
handlers.forEach((real, place) => {
	handlers[place] = function (frm, ...rest) {
		const panel = () => $(frm.wrapper).find(".zatca-readiness")[0];
		const before = panel(), began = performance.now();
		const answer = real.call(this, frm, ...rest);
		const took = performance.now() - began;
		if (panel() !== before) window.__drawn.push(took);
		return answer;
	};
});
}"""
# Opens a form with the document as it is stored now.
OPEN = "([doctype, name]) => { frappe.model.remove_from_locals(doctype, name); frappe.set_route('Form', doctype, name); }"
SHOWN = ".page-container:visible .zatca-readiness"


def in_browser(url: str, names: dict[str, str]) -> dict[str, Any] | None:
	"""Milliseconds of drawing, by form, and how often the panel asked; None where there is no browser."""
	try:
		from playwright.sync_api import sync_playwright
	except ImportError:
		return None
	if not Path(CHROMIUM).exists():
		return None
	with sync_playwright() as player:
		browser = player.chromium.launch(
			executable_path=CHROMIUM,
			args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
		)
		context = browser.new_context(viewport={"width": 1400, "height": 1000})
		context.request.post(f"{url}/api/method/login", form={"usr": "Administrator", "pwd": "admin"})
		context.set_default_timeout(PATIENCE_MS)
		page = context.new_page()
		asked: list[str] = []
		page.on("request", lambda request: "invoice_to_cash" in request.url and asked.append(request.url))
		page.goto(f"{url}/app/todo", wait_until="domcontentloaded")
		page.wait_for_function("window.frappe && frappe.xcall && frappe.boot", timeout=PATIENCE_MS)
		drawn = {}
		for doctype, name in names.items():
			for times in range(4):
				page.evaluate(OPEN, [doctype, name])
				page.wait_for_selector(SHOWN, timeout=PATIENCE_MS)
				page.wait_for_timeout(500)
				if not times:  # the form's scripts have come with it
					page.evaluate(WATCH, doctype)
				page.evaluate("() => { frappe.set_route('List', 'ToDo'); }")
				page.wait_for_timeout(500)
			drawn[doctype] = median(page.evaluate("window.__drawn"))
		page.evaluate(OPEN, ["Sales Invoice", names["Sales Invoice"]])
		page.wait_for_selector(SHOWN, timeout=PATIENCE_MS)
		page.wait_for_timeout(1500)  # its last refresh leads back to the first tab
		opening = len(asked)
		page.evaluate("""() => {
			const field = cur_frm.fields_dict.po_no;
			if (field.tab) field.tab.set_active();
			if (field.section) field.section.collapse(false);
		}""")
		page.wait_for_timeout(500)
		field = page.locator(".page-container:visible [data-fieldname='po_no'] input").first
		field.click()
		page.keyboard.type("PO 2026/11 for the northern site, part two", delay=20)
		page.wait_for_timeout(1500)
		browser.close()
	return {"drawn": drawn, "opening": opening, "typing": len(asked) - opening}


@contextmanager
def served(bench: Any, site: str) -> Iterator[str]:
	"""The private site over HTTP."""
	command = [str(bench.python), "-m", "frappe.utils.bench_helper", "frappe", "--site", site, "serve", "--port", str(bench.web_port), "--noreload"]  # fmt: skip
	with (bench.folder / "proof-serve.log").open("ab") as log:
		server = subprocess.Popen(command, cwd=bench.sites, env=bench.env, stdout=log, stderr=log)
	try:
		url = f"http://127.0.0.1:{bench.web_port}"
		wait_for(url, site)
		yield url
	finally:
		server.terminate()
		server.wait(timeout=30)


def wait_for(url: str, site: str) -> None:
	"""Until it answers."""
	from urllib.error import URLError
	from urllib.request import Request, urlopen

	for _ in range(240):
		try:
			with urlopen(Request(f"{url}/api/method/ping", headers={"Host": site}), timeout=30):
				return
		except URLError:
			time.sleep(0.5)
	raise SystemExit("the web server did not start")


# --- the whole --------------------------------------------------------------------------------------------------------
def main() -> int:
	"""Measure on a bench, then in a browser; print and judge."""
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--rounds", type=int, default=40)
	parser.add_argument("--bench", help="folder of a private bench that runs; one of its own by default")
	parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
	options = parser.parse_args()
	if options.inside:
		return measure(options.rounds)
	from private_bench import BENCH, PrivateBench

	if not (BENCH / "env" / "bin" / "python").is_file():
		print(f"no bench at {BENCH}: set BENCH to where one stands", file=sys.stderr)
		return 2
	if options.bench:
		return report(PrivateBench.found(Path(options.bench)), options)
	with tempfile.TemporaryDirectory(prefix="readiness-") as scratch:
		bench = PrivateBench(Path(scratch))
		try:
			bench.start()
			bench.remember_ports()
			bench.add_site("saudi.local", "saudi")
			return report(bench, options)
		finally:
			bench.stop()


def report(bench: Any, options: argparse.Namespace) -> int:
	"""Run both parts and say how they came out."""
	import world

	environment = {**bench.env, "PYTHONPATH": os.pathsep.join([bench.env["PYTHONPATH"], str(ROOT / "tests/site")])}  # fmt: skip
	answer = subprocess.run(
		[str(bench.python), str(HERE), "--inside", "--rounds", str(options.rounds)],
		cwd=bench.sites, env=environment, stdout=subprocess.PIPE, text=True, check=False,
	)  # fmt: skip
	if answer.returncode:
		return answer.returncode
	found = json.loads(answer.stdout.splitlines()[-1])
	print(f"  the server's part: {json.dumps(found['opening'])}, saving {found['saving']}", flush=True)
	with served(bench, world.SITE) as url:
		seen = in_browser(url, found["names"])
	busy = os.getloadavg()[0] > (os.cpu_count() or 1)
	fine, parts = True, []
	for doctype, (lit, dark) in found["opening"].items():
		more, drawing = lit - dark, seen["drawn"][doctype] if seen else 0.0
		fine &= more <= dark * OPENING_MOST_SHARE if busy else more + drawing <= OPENING_MOST_MS
		parts.append(
			f"{doctype} {more:.1f}" + (f" + {drawing:.1f}" if seen else "") + f" ({more / dark:.2f})"
		)
		print(
			f"  {doctype}: the server takes {lit:.1f} ms for what the form opens with, {dark:.1f} ms without the panel's answer"
			+ (f"; drawing it takes {drawing:.1f} ms" if seen else "")
		)
	lit, dark = found["saving"]
	fine &= lit <= dark * SAVING_MOST
	print(f"  saving an invoice of ten rows: {lit:.1f} ms with the light, {dark:.1f} ms without")
	browser = "no browser here"
	if seen:
		fine &= seen["opening"] == seen["typing"] == 0
		browser = f"{seen['opening']} requests of its own when a form opens, {seen['typing']} while typing"
	print(
		f"readiness: server + drawing in ms (share of opening): {', '.join(parts)}"
		+ ("; busy machine, so only the shares count;" if busy else f"; at most {OPENING_MOST_MS:.0f} ms;")
		+ f" saving {lit / dark:.2f} times ({lit - dark:+.1f} ms); {browser}"
	)
	return 0 if fine else 1


if __name__ == "__main__":
	sys.exit(main())
