#!/usr/bin/env python3
"""Proof `arithmetic`: no random invoice draws an arithmetic error or warning (issue A, item 3).

Random invoices over the whole breadth of the model (tests/model/random_invoices.py), stamped, are judged by the official
sheets of SDK R3.4.6 (oracle.py) and by `fatoority`, a port of R3.4.8; besides, each must satisfy every relation of the
Standard in exact fractions, ask exactly the inclusive price, and be canonical as built. BR-KSA-98 (reported after 24 hours)
is no arithmetic and left out. Last line is the figure; exit 1 if it falls short.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crypto"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import shared_folder
from invariants import check
from lxml import etree
from random_invoices import random_invoice
from taxpayer_ca import issue

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.crypto.keys import generate_key
from bayancore_erp.zatca.core.crypto.stamp import RIYADH, stamp
from bayancore_erp.zatca.core.ubl import build_xml

ALLOWED = {"BR-KSA-98"}
STAGES = {"xsd", "cen", "ksa"}
BATCH = 250


def judge(task: tuple[str, int, int, int, datetime]) -> tuple[int, int, int, Counter[str], list[str]]:
	"""Judge invoices `first` to `last`; gives how many by fatoority, by the sheets, how many lines, and what was found."""
	seed, first, last, by_sheets, now = task
	import fatoora

	config = fatoora.Config(fatoora.Environment.NON_PRODUCTION)
	sheets = None
	if first < by_sheets:
		shared = shared_folder()
		assert shared is not None
		sys.path.insert(0, str(shared / "zatca"))
		from oracle import Oracle

		sheets = Oracle(native=False)
	key = generate_key()
	certificate = issue(key, not_before=now.replace(tzinfo=RIYADH) - timedelta(days=1))
	judged = [0, 0, 0]
	found: Counter[str] = Counter()
	examples: list[str] = []

	def note(code: str, index: int, words: str) -> None:
		if code in ALLOWED:
			return
		found[code] += 1
		if found[code] <= 2:
			examples.append(f"{code} in invoice {seed}-{index}: {words[:300]}")

	for index in range(first, last):
		try:
			invoice = random_invoice(Random(f"{seed}-{index}"), now)
			totals = calculate(invoice)
			check(invoice, totals)
			unsigned = build_xml(invoice, totals, START)
			assert etree.tostring(etree.fromstring(unsigned), method="c14n") == unsigned, "canonical"
			xml = stamp(unsigned, key, certificate, signing_time=now).xml
		except Exception as error:
			note(type(error).__name__, index, str(error))
			continue
		report = fatoora.validate_zatca_invoice_from_str(
			config, xml.decode(), previous_invoice_hash=START.pih
		)
		stages = [stage for stage in report["stages"] if stage["stage"] in STAGES]
		assert len(stages) == len(STAGES) and all(stage["status"] == "completed" for stage in stages)
		for stage in stages:
			for finding in stage["findings"]:
				note(f"fatoority:{finding['code']}", index, finding["message"])
		judged[0] += 1
		judged[2] += len(invoice.lines)
		if sheets is not None and index < by_sheets:
			verdict = sheets.judge(xml)
			for finding in verdict["errors"] + verdict["warnings"]:
				note(f"sheets:{finding['code']}", index, finding["message"])
			for name, fits in verdict["stamp"].items():
				if not fits:
					note(f"stamp:{name}", index, "does not fit")
			judged[1] += 1
	return (*judged, found, examples)  # type: ignore[return-value]


def main() -> int:
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--count", type=int, default=20_000, help="invoices judged by fatoority")
	options.add_argument(
		"--oracle-count", type=int, default=2_000, help="of these, judged by the official sheets"
	)
	options.add_argument("--seed", default="arithmetic")
	options.add_argument("--processes", type=int, default=2)
	given = options.parse_args()
	if given.oracle_count and shared_folder() is None:
		print(
			"the official sheets (../shared/zatca or ZATCA_SDK_HOME) are not on this machine", file=sys.stderr
		)
		return 2
	# The sheets compare dates in the process's own zone; the workers inherit it.
	os.environ["TZ"] = "Asia/Riyadh"
	time.tzset()
	now = datetime.now(timezone(timedelta(hours=3))).replace(tzinfo=None, microsecond=0)
	tasks = [
		(given.seed, first, min(first + BATCH, given.count), given.oracle_count, now)
		for first in range(0, given.count, BATCH)
	]
	by_native = by_sheets = lines = 0
	found: Counter[str] = Counter()
	with ProcessPoolExecutor(given.processes) as pool:
		for native, sheet, many, codes, examples in pool.map(judge, tasks):
			by_native, by_sheets, lines = by_native + native, by_sheets + sheet, lines + many
			found += codes
			for example in examples:
				print(example, flush=True)
			print(
				f"{by_native} of {given.count} ({by_sheets} by the sheets): {sum(found.values())} findings",
				flush=True,
			)
	print(
		f"arithmetic: {by_native} invoices ({lines} lines) by fatoority, {by_sheets} by the official sheets:"
		f" {sum(found.values())} errors or warnings {dict(found) or ''}".rstrip()
	)
	short = by_native < given.count or by_sheets < min(given.oracle_count, given.count)
	return 1 if found or short else 0


if __name__ == "__main__":
	sys.exit(main())
