#!/usr/bin/env python3
"""Proof `faults`: whatever dies, and whenever, no invoice is lost, cleared twice or left without a verdict (issue B).

On a private bench with a web process, two RQ workers, MariaDB and Redis of its own: invoices are submitted by HTTP, by queue and
as a till does, and at every step boundary the process that is at work gets SIGKILL: the web process, a worker's work-horse by
its process id (some with their worker), a till; again while others finish its work. Answers are dropped after acceptance,
MariaDB and Redis are killed and started again in the middle. Leases of the dead are let expire at once, the real watchdog
finds what they left, real workers finish it. A round is a fault that struck. At the end the simulator's records, the chain, the
ledger and the submissions are asked. Last line is the figure; exit 1 where it falls short. Needs a bench.

	python tests/proofs/faults.py [--rounds 500] [--seed 1] [--seconds 0]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import own_bench
from own_bench import SITE, Child, call
from private_bench import free_port

ROUNDS = 500
BATCH = 24
LANES = 4
# Which of them dies in the middle of a batch, in turn: every one of them comes up.
SERVICES = ("queue", "mariadb", "cache", "", "mariadb", "queue", "")
PASSES = 3
PATIENCE = 90.0
# What a process was about to do when it was killed, in the order of an invoice's life.
WEB = ("asked", "claimed", "rehearsed", "signed, not committed", "stored", "about to send", "accepted, not recorded",
	"recorded", "understood, not committed", "about to post", "posted, not committed", "posted")  # fmt: skip
WORKER = ("taken", *WEB[1:])
# Between two transactions: one that stood still inside one would be waited for, not killed.
HELD = ("claimed", "stored", "about to send", "accepted, not recorded", "recorded", "about to post")
TILL = ("issued, not committed", "issued")
REPORT = (
	"taken",
	"stored",
	"about to send",
	"accepted, not recorded",
	"recorded",
	"understood, not committed",
)

at_work = {"name": ""}


# --- points of death, in every process that is forked from this one ---------------------------------------------------
def reach(point: str, name: str = "") -> None:
	"""Die here, if that is the plan for the invoice at work."""
	at_work["name"] = name or at_work["name"]
	plan = plans() / at_work["name"]
	try:
		planned = plan.read_text()
	except (FileNotFoundError, IsADirectoryError):
		return
	if planned.removeprefix("held ") != point:
		return
	with (plans().parent / "struck").open("a") as log:
		log.write(f"{point}\n")
	if planned.startswith("held "):
		(plans().parent / "held").write_text(str(os.getpid()))
		plan.unlink()
		time.sleep(PATIENCE)
	plan.unlink(missing_ok=True)
	os.kill(os.getpid(), signal.SIGKILL)


def plans() -> Path:
	"""One small file for each invoice that has a death before it."""
	return Path(os.environ["PRIVATE_BENCH"]) / "plans"


def arm() -> None:
	"""Put the points into the code. Names are looked up when called, so that a fork carries them along."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import desk, gateway, issuing, journal, orchestrator

	def before(module: Any, function: str, point: str, name: Any = lambda *arguments, **options: "") -> None:
		real = getattr(module, function)

		def wrapped(*arguments: Any, **options: Any) -> Any:
			reach(point, name(*arguments, **options))
			return real(*arguments, **options)

		setattr(module, function, wrapped)

	def after(module: Any, function: str, point: str, name: Any = lambda *arguments, **options: "") -> None:
		real = getattr(module, function)

		def wrapped(*arguments: Any, **options: Any) -> Any:
			answer = real(*arguments, **options)
			reach(point, name(*arguments, **options))
			return answer

		setattr(module, function, wrapped)

	def of_row(lease: Any, row: Any, *rest: Any) -> str:
		return str(row.invoice_name)

	def of_submission(submission: str) -> str:
		import frappe

		return str(frappe.db.get_value("ZATCA Submission", submission, "invoice_name") or "")

	before(desk, "move", "asked", lambda submission, *rest: of_submission(submission))
	before(jobs, "advance", "taken", of_submission)
	before(orchestrator, "sign_and_store", "claimed", of_row)
	before(orchestrator, "store", "rehearsed")
	after(orchestrator, "store", "signed, not committed")
	before(orchestrator, "send", "stored", of_row)
	before(gateway, "line", "about to send")
	before(journal, "add_answer", "accepted, not recorded")
	before(orchestrator, "understand", "recorded")
	after(orchestrator, "understand", "understood, not committed")
	before(orchestrator, "post", "about to post", of_row)
	after(issuing, "finish", "posted, not committed", lambda doc: str(doc.name))
	after(orchestrator, "post", "posted", of_row)
	after(issuing, "issue", "issued, not committed", lambda doc: str(doc.name))


# --- the processes that are killed ------------------------------------------------------------------------------------
class Process:
	"""One that serves until it dies, and is started again then."""

	def __init__(self, work: Any) -> None:
		self._work = work
		self.pid = 0
		self.deaths = -1
		self.revive()

	def revive(self) -> None:
		"""Make sure it lives."""
		if self.pid and os.waitpid(self.pid, os.WNOHANG) == (0, 0):
			return
		self.deaths += 1
		sys.stdout.flush()
		self.pid = os.fork()
		if not self.pid:
			silence()
			try:
				self._work()
			finally:
				os._exit(1)

	def kill(self) -> None:
		"""By its process id."""
		os.kill(self.pid, signal.SIGKILL)

	def end(self) -> None:
		"""For good."""
		if self.pid and os.waitpid(self.pid, os.WNOHANG) == (0, 0):
			self.kill()
			os.waitpid(self.pid, 0)
		self.pid = 0


def silence() -> None:
	"""Their logs go to a file."""
	log = os.open(plans().parent / "processes.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
	os.dup2(log, 1)
	os.dup2(log, 2)


def serve(port: int) -> None:
	"""The web process, one request at a time as gunicorn's sync workers."""
	from frappe.app import application
	from werkzeug.serving import run_simple

	run_simple("127.0.0.1", port, application, threaded=False)


def work_off() -> None:
	"""An RQ worker; each job runs in a work-horse forked from it."""
	from frappe.utils.background_jobs import start_worker

	start_worker(queue="default,long,short", quiet=True)


# --- the world --------------------------------------------------------------------------------------------------------
class Arena:
	"""The bench with everything on it, and what has struck so far."""

	def __init__(self, bench: Any, fatoora: Any, token: str, chance: Random) -> None:
		self.bench, self.fatoora, self.chance = bench, fatoora, chance
		self.batches = 0
		self.pids = json.loads((bench.folder / "pids.json").read_text())
		self.headers = {"Authorization": f"token {token}", "X-Frappe-Site-Name": SITE}
		ports = [bench.web_port, free_port()]
		self.webs = {port: Process(lambda port=port: serve(port)) for port in ports}
		self.workers = [Process(work_off) for _each in range(LANES)]
		self.names: list[str] = []
		self.others: Counter[str] = Counter()
		self.wrong: list[str] = []

	def struck(self) -> Counter[str]:
		"""Every fault so far, by kind."""
		log = plans().parent / "struck"
		kills = Counter(log.read_text().splitlines()) if log.exists() else Counter()
		return Counter({f"killed: {point}": count for point, count in kills.items()}) + self.others

	# --- faults of the machinery ----------------------------------------------------------------------------------
	def plan(self, name: str, point: str) -> None:
		"""Have whoever works on the invoice next die at that point."""
		(plans() / name).write_text(point)

	def kill_mariadb(self) -> None:
		"""In the middle of whatever is going on, and start it again on what it had written."""
		os.kill(self.pids["mariadb"], signal.SIGKILL)
		self.others["MariaDB killed"] += 1
		gone(self.pids["mariadb"])
		self.pids["mariadb"] = self.bench.spawn_mariadb().pid
		until(lambda: self.ask("select 1"), 120)

	def kill_redis(self, name: str) -> None:
		"""Its jobs or its cache are lost with it."""
		os.kill(self.pids[name], signal.SIGKILL)
		self.others[f"Redis {name} killed"] += 1
		gone(self.pids[name])
		self.pids[name] = self.bench.spawn_redis(name).pid
		time.sleep(0.3)
		self.revive()

	def revive(self) -> None:
		"""Whoever died is started again, as a supervisor does."""
		for process in self.processes():
			process.revive()

	def processes(self) -> list[Process]:
		"""All that serve."""
		return [*self.webs.values(), *self.workers]

	def kill_held(self) -> None:
		"""A work-horse that stands still at its point, and its worker: both by process id, from outside."""
		mark = plans().parent / "held"
		if not until(lambda: int(mark.read_text()), 60):
			return
		horse = int(mark.read_text())
		mark.unlink()
		for worker in self.workers:
			if parent_of(horse) == worker.pid:
				worker.kill()
				self.others["worker killed with its horse"] += 1
		with suppress(ProcessLookupError):
			os.kill(horse, signal.SIGKILL)
		gone(horse)

	# --- asking ---------------------------------------------------------------------------------------------------
	def ask(self, query: str, *values: Any) -> list[Any]:
		"""Plain SQL beside frappe: nothing of this process is shared with the ones that are killed."""
		import pymysql

		config = json.loads((self.bench.sites / SITE / "site_config.json").read_text())
		line = pymysql.connect(
			host="127.0.0.1", port=self.bench.db_port, user=config["db_user"], password=config["db_password"],
			database=config["db_name"], autocommit=True,
		)  # fmt: skip
		try:
			with line.cursor() as cursor:
				cursor.execute(query, values or None)
				return list(cursor.fetchall())
		finally:
			line.close()

	def live(self) -> list[str]:
		"""Invoices whose verdict or posting is still to come."""
		return [
			row[0]
			for row in self.ask(
				"select invoice_name from `tabZATCA Submission` where live_key is not null and live_key != ''"
			)
		]

	# --- what happens ---------------------------------------------------------------------------------------------
	def cycle(self, points: Any) -> None:
		"""A batch of invoices: submitted under fire, finished under fire, finished."""
		self.revive()
		(plans().parent / "held").unlink(
			missing_ok=True
		)  # of a horse that stood still too late for the last batch
		how = "Full" if self.chance.random() < 0.3 else "Checks"
		call(lambda frappe: rehearse(frappe, how))
		made = [Child(lambda frappe, part=part: drafts(frappe, part)) for part in range(LANES)]
		found = [child.wait()[1] for child in made]
		standard = [name for each in found for name in each[0]]
		simplified = [name for each in found for name in each[1]]
		self.names += standard + simplified
		half = len(standard) // 2
		for kind, names in (("web", standard[:half]), ("worker", standard[half:]), ("till", simplified)):
			for name in names:
				self.plan(name, next(points[kind]))
		self.plan(standard[-1], "held " + next(points["held"]))
		for name in simplified[::2]:
			self.plan(name, next(points["report"]))
		children = [Child(lambda frappe: submit(frappe, standard[half:]))]
		children += [Child(lambda frappe, name=name: submit(frappe, [name])) for name in simplified]
		children += [
			Child(lambda frappe, port=port, number=number: self.press(port, standard[number:half:2]))
			for number, port in enumerate(self.webs)
		]
		self.kill_held()
		until(lambda: self.revive() or all(child.is_over() for child in children), 20 * PATIENCE)
		for child in children:
			child.wait()
		self.disturb()
		for number in range(PASSES):
			self.recover(points if number < PASSES - 1 else None)
		self.look(standard)

	def press(self, port: int, names: list[str]) -> None:
		"""The desk's button. The web process may die of it; then the next one waits until it is there again."""
		import requests

		url = f"http://127.0.0.1:{port}/api/method/bayancore_erp.zatca.api.submit_for_clearance"
		for name in names:
			for _attempt in range(600):
				try:
					body = {"doctype": "Sales Invoice", "name": name}
					requests.post(url, json=body, headers=self.headers, timeout=120)
					break
				except requests.ConnectionError as error:
					if "refused" not in str(error):
						break
					time.sleep(0.1)

	def disturb(self) -> None:
		"""Answers lost after acceptance; now and then a server that dies under those at work."""
		for endpoint in ("clearance", "reporting"):
			self.fatoora.fault(f"drop:{endpoint}:1")
		what = SERVICES[self.batches % len(SERVICES)]
		self.batches += 1
		if not what:
			return
		call(expire)
		children = [
			Child(lambda frappe, part=part: advance(frappe, self.live, part)) for part in range(LANES)
		]
		time.sleep(self.chance.uniform(0.1, 2.5))
		if what == "mariadb":
			self.kill_mariadb()
		else:
			self.kill_redis(what)
		for child in children:
			child.wait()

	def recover(self, points: Any) -> None:
		"""The leases of the dead expire, the watchdog finds what they left, workers go on with it and die again."""
		self.revive()
		names = self.live()
		for name in names:
			if points and self.chance.random() < 0.7:
				kind = self.ask(
					"select kind from `tabZATCA Submission` where invoice_name = %s limit 1", name
				)
				self.plan(name, next(points["report" if kind and kind[0][0] == "Simplified" else "worker"]))
			else:
				(plans() / name).unlink(missing_ok=True)
		call(expire)

		def settled() -> bool:
			self.revive()
			waiting = set(self.live()) & set(names)
			return not any((plans() / name).exists() or not points for name in waiting) or not waiting

		until(settled, PATIENCE if not points else 20 + 2 * len(names))
		if not points:
			for name in names:
				(plans() / name).unlink(missing_ok=True)

	def look(self, standard: list[str]) -> None:
		"""In the middle of it all: a ledger only for what the gateway has accepted."""
		known = {row["number"] for row in accepted(self.fatoora)}
		booked = self.ask(
			"select distinct voucher_no from `tabGL Entry` where voucher_type = 'Sales Invoice'"
		)
		early = {row[0] for row in booked} & set(standard) - known
		self.wrong += [f"{name} was posted before it was cleared" for name in early]


def parent_of(pid: int) -> int:
	"""A process's parent."""
	try:
		return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
	except (OSError, ValueError):
		return 0


def gone(pid: int) -> None:
	"""Wait until a process is no more."""
	until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in state_of(pid), 30)


def state_of(pid: int) -> str:
	"""R, S, Z …"""
	try:
		return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
	except OSError:
		return "Z"


def until(true: Any, seconds: float) -> bool:
	"""Wait for something; whether it came true."""
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		try:
			if true():
				return True
		except Exception:
			pass  # the servers asked are the ones that are killed
		time.sleep(0.2)
	return False


# --- in children ------------------------------------------------------------------------------------------------------
def drafts(frappe: Any, part: int) -> tuple[list[str], list[str]]:
	"""A part of a batch of saved invoices: standard, simplified."""
	import world

	found: tuple[list[str], list[str]] = ([], [])
	for number in range(part, BATCH, LANES):
		buyer = world.PERSON if number % 3 == 2 else world.VAT_BUYER
		for _attempt in range(10):
			try:
				doc = world.invoice(frappe, buyer, [world.line("خدمة | Service", 1 + number % 5, "19.95")])
				frappe.db.commit()
				found[number % 3 == 2].append(doc.name)
				break
			except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
				frappe.db.rollback()
	return found


def submit(frappe: Any, names: list[str]) -> None:
	"""As code, an import or a till does."""
	for name in names:
		for _attempt in range(3):
			try:
				frappe.get_doc("Sales Invoice", name).submit()
				frappe.db.commit()
				break
			except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
				frappe.db.rollback()
		reach("issued", name)


def advance(frappe: Any, live: Any, part: int) -> None:
	"""What a worker does, in a process whose servers are about to be killed; it may end in any way."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	silence()
	for name in live()[part::LANES]:
		submission = journal.live("Sales Invoice", name)
		if submission:
			jobs.advance(submission)


def expire(frappe: Any) -> int:
	"""As if the time of the dead holders' leases had passed; then the real watchdog."""
	from bayancore_erp.zatca import jobs

	frappe.db.sql(
		"update `tabZATCA Submission` set lease_until = null, next_try_at = null where live_key is not null"
	)
	frappe.db.commit()
	return int(jobs.watch_submissions())


def prepare(bench: Any, fatoora: Any) -> None:
	"""The world, with a device, and a key for HTTP."""
	import world
	from fatoora import onboard
	from frappe.core.doctype.user.user import generate_keys

	with world.connected(bench) as frappe:
		onboard(frappe, fatoora)
		secret = generate_keys("Administrator")["api_secret"]
		key = frappe.db.get_value("User", "Administrator", "api_key")
		frappe.db.commit()
		(bench.folder / "token").write_text(f"{key}:{secret}")


def rehearse(frappe: Any, how: str) -> None:
	"""Full or Checks, as a company chooses."""
	import world

	frappe.db.set_value("ZATCA Settings", world.COMPANY, "rehearsal", how)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	frappe.db.commit()


def accepted(fatoora: Any) -> list[dict[str, Any]]:
	"""Every document the gateway has accepted, page by page."""
	rows: list[dict[str, Any]] = []
	while True:
		part = fatoora.call("GET", "submissions", after=rows[-1]["id"] if rows else 0, limit=1000)[
			"submissions"
		]
		if not part:
			return [row for row in rows if row["accepted"]]
		rows += part


def verdict(frappe: Any, names: list[str], sent: list[dict[str, Any]]) -> list[str]:
	"""Everything that is wrong at the end."""
	from bayancore_erp.zatca.adapter import chain

	(device,) = frappe.get_all("ZATCA Device", filters={"status": "Active"}, pluck="name")
	wrong = [f"chain: {each.document}: {each.what}" for each in chain.verify(device).breaks]
	known: dict[str, list[str]] = {}
	for row in sent:
		known.setdefault(row["number"], []).append(row["uuid"])
	invoices = {
		row.name: row
		for row in frappe.get_all(
			"Sales Invoice",
			filters={"name": ("in", names)},
			fields=["name", "docstatus", "zatca_state", "zatca_uuid", "zatca_kind"],
			limit_page_length=0,
		)
	}
	booked = Counter(
		frappe.get_all("GL Entry", filters={"is_cancelled": 0}, pluck="voucher_no", limit_page_length=0)
	)
	for name in names:
		invoice = invoices.get(name)
		if not invoice:
			wrong.append(f"{name} is lost")
		elif invoice.docstatus != 1 or invoice.zatca_state not in ("Cleared", "Reported"):
			wrong.append(f"{name}: {invoice.zatca_state}, docstatus {invoice.docstatus}")
		elif known.get(name) != [invoice.zatca_uuid]:
			wrong.append(f"{name}: the gateway has {known.get(name)}, the invoice is {invoice.zatca_uuid}")
		elif booked[name] != 3:
			wrong.append(f"{name} has {booked[name]} ledger entries")
	wrong += [f"{name} is unknown here" for name in known if name not in invoices]
	wrong += [
		f"{row[0]} was sent with different bytes"
		for row in frappe.db.sql(
			"""select document from `tabZATCA Attempt` where row_kind = 'Request'
			group by document, endpoint having count(distinct body_sha256) > 1"""
		)
	]
	alive = frappe.db.count("ZATCA Submission", {"live_key": ("is", "set")})
	return wrong + ([f"{alive} submissions have no verdict"] if alive else [])


def main() -> int:
	"""Outside: build the bench. Inside: strike until enough, then judge."""
	if own_bench.INSIDE not in sys.argv:
		return own_bench.outside(__file__, sys.argv[1:])
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument(own_bench.INSIDE, action="store_true")
	parser.add_argument("--rounds", type=int, default=ROUNDS)
	parser.add_argument("--seed", type=int, default=1)
	parser.add_argument("--seconds", type=float, default=0, help="stop striking after so long, 0 for never")
	options = parser.parse_args()
	own_bench.warm()
	from fatoora import simulator

	bench = own_bench.inside()
	plans().mkdir()
	with simulator() as fatoora:
		own_bench.apart(lambda: prepare(bench, fatoora))
		arm()
		arena = Arena(bench, fatoora, (bench.folder / "token").read_text(), Random(options.seed))
		try:
			return fight(arena, options.rounds, options.seconds)
		finally:
			for process in arena.processes():
				process.end()
			bench.stop()


def fight(arena: Arena, rounds: int, seconds: float) -> int:
	"""Cycle by cycle; then peace, and the verdict."""
	began = time.monotonic()
	points = {
		kind: around(names)
		for kind, names in (
			("web", WEB),
			("worker", WORKER),
			("held", HELD),
			("till", TILL),
			("report", REPORT),
		)
	}
	while sum(arena.struck().values()) + drops(arena) < rounds:
		if seconds and time.monotonic() - began > seconds:
			break
		arena.cycle(points)
		total = sum(arena.struck().values()) + drops(arena)
		print(f"  {total} faults, {len(arena.names)} invoices, {time.monotonic() - began:.0f} s", flush=True)
	arena.fatoora.calm()
	for _round in range(10):
		if not arena.live():
			break
		arena.recover(None)
	# Whoever died before the first commit has asked for nothing: the draft is submitted again, as a person would.
	drafts_left = [
		row[0]
		for row in arena.ask(
			"select name from `tabSales Invoice` where docstatus = 0 and ifnull(zatca_state, '') = '' and name in %s",
			arena.names,
		)
	]
	call(lambda frappe: submit(frappe, drafts_left))
	arena.recover(None)
	sent = accepted(arena.fatoora)
	wrong = arena.wrong + call(lambda frappe: verdict(frappe, arena.names, sent))
	for each in wrong[:30]:
		print(f"  {each}")
	struck = arena.struck() + Counter({"answer dropped after acceptance": drops(arena)})
	for kind, count in sorted(struck.items()):
		print(f"  {count:4} {kind}")
	total = sum(struck.values())
	print(
		f"faults: {total} faults in {len(arena.names)} invoices, {time.monotonic() - began:.0f} s:"
		f" {len(wrong)} lost, cleared twice, out of line, unknown or booked too early"
	)
	return 1 if wrong or total < min(rounds, ROUNDS) else 0


def around(names: tuple[str, ...]) -> Any:
	"""Each point in its turn, over and over."""
	while True:
		yield from names


def drops(arena: Arena) -> int:
	"""Answers that got lost: each leaves an answer row without a status, though the gateway has the document."""
	return int(
		arena.ask(
			"select count(*) from `tabZATCA Attempt` where row_kind = 'Answer' and error like 'DROPPED%%'"
		)[0][0]
	)


if __name__ == "__main__":
	sys.exit(main())
