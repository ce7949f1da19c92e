#!/usr/bin/env python3
"""Proof `chain`: eight submitters at once on one device, and the chain is one line (issue B; DESIGN.md, promise 5).

On a private bench: first the same invoices by the same eight processes with none of our hooks, to count the deadlocks ERPNext
has by itself; then with them, standard and simplified in turn, each process calling what the desk's button and a till call.
The database server counts the deadlocks. Counters without gap or fork by `chain.verify`, by the rows and by the simulator's
records; every invoice ends approved and posted. Last line is the figure; exit 1 where it falls short. Needs a bench.

	python tests/proofs/chain.py [--invoices 200] [--processes 8]
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import own_bench
from own_bench import Child, call

PROCESSES, INVOICES = 8, 200
TRIES = 6


def drafts(count: int, simplified: Any) -> list[str]:
	"""Saved invoices, made by several processes."""

	def some(frappe: Any, part: range) -> list[str]:
		import world

		names = []
		for number in part:
			buyer = world.PERSON if simplified(number) else world.VAT_BUYER
			names.append(
				world.invoice(frappe, buyer, [world.line("خدمة | Service", 1 + number % 9, "10.15")]).name
			)
			frappe.db.commit()
		return names

	parts = [range(start, count, 2) for start in range(2)]
	children = [Child(lambda frappe, part=part: some(frappe, part)) for part in parts]
	found = [child.wait()[1] for child in children]
	return [name for each in zip(*found, strict=False) for name in each] + found[0][len(found[1]) :]


def without_us(frappe: Any) -> None:
	"""ERPNext alone, in this process."""
	for events in frappe.get_doc_hooks().values():
		for event, handlers in events.items():
			events[event] = [one for one in handlers if not one.startswith("bayancore_erp.")]


def submitter(names: list[str], ours: bool) -> Any:
	"""One process: each of its invoices, tried again after a deadlock."""

	def work(frappe: Any) -> dict[str, int]:
		import world

		from bayancore_erp.zatca import api

		if not ours:
			without_us(frappe)
		# All of them wait for the gateway themselves: half of sixteen web workers may.
		frappe.conf.gunicorn_workers = 16
		thrown = 0
		for name in names:
			for _attempt in range(TRIES):
				try:
					doc = frappe.get_doc("Sales Invoice", name)
					if ours and doc.customer == world.VAT_BUYER:
						api.submit_for_clearance("Sales Invoice", name)
					else:
						doc.submit()
					frappe.db.commit()
					break
				except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
					frappe.db.rollback()
					thrown += 1
		return {"thrown": thrown}

	return work


def run(names: list[str], processes: int, ours: bool) -> dict[str, Any]:
	"""All submitters at once; how long, and how many deadlocks the server counted."""
	before, began = deadlocks(), time.monotonic()
	children = [Child(submitter(names[start::processes], ours)) for start in range(processes)]
	ends = [child.wait() for child in children]
	if any(status for status, _answer in ends):
		raise SystemExit(f"submitters ended with {[status for status, _answer in ends]}")
	return {
		"seconds": time.monotonic() - began,
		"deadlocks": deadlocks() - before,
		"thrown": sum(answer["thrown"] for _status, answer in ends),
	}


def deadlocks() -> int:
	"""The server's own count."""
	return int(call(lambda frappe: frappe.db.sql("show global status like 'Innodb_deadlocks'")[0][1]))


def drain(frappe: Any) -> int:
	"""What a worker still has to do."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import orchestrator

	done = 0
	for _round in range(20):
		frappe.db.sql("update `tabZATCA Submission` set next_try_at = null, lease_until = null")
		frappe.db.commit()
		names = orchestrator.due(1000)
		if not names:
			return done
		for name in names:
			jobs.advance(name)
			done += 1
	return done


def check(frappe: Any, names: list[str], sent: list[dict[str, Any]]) -> list[str]:
	"""Everything that is wrong."""
	from bayancore_erp.zatca.adapter import chain

	(device,) = frappe.get_all("ZATCA Device", filters={"status": "Active"}, pluck="name")
	wrong = [f"{each.document}: {each.what}" for each in chain.verify(device).breaks]
	rows = frappe.get_all(
		"ZATCA Document", filters={"device": device}, fields=["icv", "invoice_name", "uuid"], order_by="icv"
	)
	if [row.icv for row in rows] != list(range(1, len(rows) + 1)):
		wrong.append("the counters have a gap")
	if sorted(row.invoice_name for row in rows) != sorted(names):
		wrong.append(f"{len(rows)} documents for {len(names)} invoices")
	if sorted(row["uuid"] for row in sent) != sorted(row.uuid for row in rows):
		wrong.append(f"the gateway has {len(sent)} documents, the chain {len(rows)}")
	states = frappe.get_all(
		"Sales Invoice", filters={"name": ("in", names)}, fields=["name", "docstatus", "zatca_state"]
	)
	wrong += [
		f"{row.name} is {row.zatca_state}, docstatus {row.docstatus}"
		for row in states
		if row.docstatus != 1 or row.zatca_state not in ("Cleared", "Reported")
	]
	return wrong


def main() -> int:
	"""Outside: build the bench. Inside: control, run, check, sum up."""
	if own_bench.INSIDE not in sys.argv:
		return own_bench.outside(__file__, sys.argv[1:])
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument(own_bench.INSIDE, action="store_true")
	parser.add_argument("--invoices", type=int, default=INVOICES)
	parser.add_argument("--processes", type=int, default=PROCESSES)
	options = parser.parse_args()
	own_bench.warm()
	import world
	from fatoora import onboard, simulator

	bench = own_bench.inside()
	with simulator() as fatoora:

		def prepare() -> None:
			with world.connected(bench) as frappe:
				onboard(frappe, fatoora)
				# nobody is handed over to a worker: all eight sign, send and post at the same time
				frappe.db.set_value("ZATCA Settings", world.COMPANY, "web_wait_seconds", 120)
				frappe.db.commit()

		own_bench.apart(prepare)
		plain = drafts(options.invoices, lambda number: True)
		control = run(plain, options.processes, ours=False)
		print(f"  ERPNext alone: {control}", flush=True)
		names = drafts(options.invoices, lambda number: number % 2)
		ours = run(names, options.processes, ours=True)
		print(f"  with us: {ours}; afterwards a worker finished {call(drain)}", flush=True)
		sent = [row for row in fatoora.submissions() if row["accepted"]]
		wrong = call(lambda frappe: check(frappe, names, sent))
	for each in wrong[:20]:
		print(f"  {each}")
	more = max(0, ours["deadlocks"] - control["deadlocks"]) + max(0, ours["thrown"] - control["thrown"])
	print(
		f"chain: {options.processes} processes, {len(names)} invoices on one device in {ours['seconds']:.0f} s"
		f" ({control['seconds']:.0f} s by ERPNext alone): {len(wrong)} gaps, forks or losses;"
		f" deadlocks {ours['deadlocks']}, ERPNext alone {control['deadlocks']}"
	)
	return 1 if wrong or more or len(names) < min(options.invoices, INVOICES) else 0


if __name__ == "__main__":
	sys.exit(main())
