#!/usr/bin/env python3
"""Proof `ledger`: ledger = XML for random invoices made through ERPNext itself (issue B, item 3).

On a private bench: each document (tests/site/random_documents.py) is saved, settled, mapped, submitted, and its ledger held
against the XML's totals: receivable and cash = BT-115, income and charges = BT-109, VAT account = BT-111 less the advances'
VAT, advances = their net, Round Off = BT-114, tips, retention and gifts = their named rows, and nothing else. Most are
submitted with mapping and settlement alone. Every n-th case (`--shipped`) goes the whole shipped way instead, all handlers on:
cleared or issued and reported through a simulator over HTTP, then posted; its stored XML has to state the draft's totals. Each
XML, stamped, is then judged by the official sheets (oracle.py), where any error or warning counts. Last line is the figure; exit 1
if it falls short.

	python tests/proofs/ledger.py [--count 3000] [--shipped 15] [--producers 2] [--seconds 0] [--seed 1] [--rounding "Banker's Rounding"]

Needs a bench (see tests/site/private_bench.py); this Python needs lxml, cryptography and saxonche.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
sys.path += [str(ROOT / part) for part in ("tests", "tests/site", "tests/crypto", "")]

NIL = Decimal("0.00")
HALALA = Decimal("0.01")
NEEDED = 3000
# Of so many documents one at least has gone the shipped way.
SHIPPED_SHARE = 20
STAMPED = ".stamped.xml"
# Where the two may differ: BR-KSA-98 speaks of reporting after 24 hours, not of what the document says.
ALLOWED = {"BR-KSA-98"}


# --- on the bench -----------------------------------------------------------------------------------------------------
def produce(options: argparse.Namespace) -> int:
	"""Inside the private bench, one of several producers, each with a site of its own: make documents, compare ledgers.

	Writes XMLs and one JSON line for each document. Producers share out the cases by their numbers, so that a run of the
	same seed makes the same cases whatever their number.
	"""
	import world
	from fatoora import onboard, simulator
	from private_bench import PrivateBench

	bench = PrivateBench.found(Path(os.environ["PRIVATE_BENCH"]))
	out = Path(options.out)
	began = time.monotonic()
	log_file = out / f"ledger-{options.producer}.jsonl"
	with world.connected(bench, options.site) as frappe, log_file.open("w") as log, simulator() as fatoora:
		onboard(frappe, fatoora)
		world.wire_settlement(frappe)
		frappe.db.set_single_value("System Settings", "rounding_method", options.rounding)
		# ERPNext sums up the month's sales at every submit otherwise: slower with each invoice, and none of ours.
		frappe.db.set_single_value("Selling Settings", "sales_update_frequency", "Monthly")
		frappe.db.commit()
		world.forget_settings(frappe)
		frappe.flags.mute_messages = True
		# documents are made of many small objects, and none of them lives long: collecting garbage takes a sixth of the time
		gc.disable()
		made, case = 0, options.producer
		while made < options.count and (not options.seconds or time.monotonic() - began < options.seconds):
			made += one_case(frappe, options, case, made, out, log)
			case += options.producers
			log.flush()
			if not made % 40:
				gc.collect()
	return 0


def one_case(frappe: Any, options: argparse.Namespace, case: int, made: int, out: Path, log: Any) -> int:
	"""One sale and what follows it. Gives the number of documents."""
	import world
	from random_documents import documents
	from shipped_documents import shipped_documents

	seed = f"{options.seed}-{case}"
	chance = Random(seed)
	if options.shipped and not case % options.shipped:
		with world.all_handlers(frappe):
			drafts = shipped_documents(frappe, chance, case // options.shipped)
			return to_the_end(frappe, options, seed, drafts, ship, made, out, log)
	return to_the_end(frappe, options, seed, documents(frappe, chance), observe, made, out, log)


def to_the_end(
	frappe: Any,
	options: argparse.Namespace,
	seed: str,
	drafts: Iterator[Any],
	way: Callable[..., dict[str, Any]],
	made: int,
	out: Path,
	log: Any,
) -> int:
	"""Take one draft after the other its way, and note what was found. Gives the number of documents."""
	here = 0
	while True:
		found: list[str] = []
		try:
			doc = next(drafts)
			about = way(frappe, doc, out / f"{options.producer}-{made + here:06d}", found)
		except StopIteration:
			break
		except Exception as problem:
			frappe.db.rollback()
			found.append(f"{type(problem).__name__}: {problem}"[:400])
			log.write(json.dumps({"seed": seed, "found": found}) + "\n")
			here += 1
			break
		log.write(
			json.dumps({"seed": seed, "name": doc.name, "lines": len(doc.items), "found": found, **about})
			+ "\n"
		)
		here += 1
	frappe.db.commit()
	frappe.clear_messages()
	return here


def observe(frappe: Any, doc: Any, target: Path, found: list[str]) -> dict[str, Any]:
	"""Map the draft, write its XML, submit, compare; discrepancies go to `found`."""
	from bayancore_erp.zatca.adapter import mapper
	from bayancore_erp.zatca.adapter.mapper.taxation import read_taxes
	from bayancore_erp.zatca.adapter.settle import difference
	from bayancore_erp.zatca.core.calculator import calculate
	from bayancore_erp.zatca.core.chain import START
	from bayancore_erp.zatca.core.ubl import build_xml

	now = datetime.now(mapper.RIYADH)
	mapping = mapper.map_document(doc, issued_at=now)
	totals = calculate(mapping.invoice)
	alone = frappe.copy_doc(doc)
	alone.calculate_taxes_and_totals()
	natively = difference(alone, totals, taxes=read_taxes(alone, mapping.facts), facts=mapping.facts)
	off = difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
	found += [f"draft {one.figure}: {one.erpnext} against {one.lawful}" for one in off]
	target.with_suffix(".xml").write_bytes(build_xml(mapping.invoice, totals, START))
	doc.submit()
	again = mapper.map_document(doc, issued_at=now)
	if calculate(again.invoice) != totals:
		found.append("mapped otherwise after submission")
	compare_ledger(frappe, doc, mapping, totals, found)
	return {
		"settled": bool(natively),
		"type": mapping.invoice.type_code.value,
		"inclusive": mapping.invoice.prices_include_vat,
		"currency": doc.currency,
	}


def ship(frappe: Any, doc: Any, target: Path, found: list[str]) -> dict[str, Any]:
	"""As its users have it: submitted, cleared or issued and reported, posted. Compare what was stored and what was booked."""
	from fatoora import finish, fresh
	from stored import stated

	from bayancore_erp.zatca.adapter import mapper
	from bayancore_erp.zatca.adapter.fields import Kind
	from bayancore_erp.zatca.core.calculator import calculate

	now = datetime.now(mapper.RIYADH)
	mapping = mapper.map_document(doc, issued_at=now)
	totals = calculate(mapping.invoice)
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	finish(doc)
	posted = fresh(frappe, doc)
	wanted = "Reported" if mapper.kind_of(posted) is Kind.SIMPLIFIED else "Cleared"
	if (posted.docstatus, posted.zatca_state) != (1, wanted):
		found.append(f"{posted.zatca_state} and docstatus {posted.docstatus} instead of {wanted} and booked")
	kept = frappe.get_doc("ZATCA Document", posted.zatca_document).xml
	target.with_suffix(STAMPED).write_bytes(kept)
	drafted = (totals.tax_exclusive, totals.vat, totals.vat_sar, totals.tax_inclusive, totals.prepaid)
	says = stated(kept)
	if (*drafted, totals.rounding, totals.payable) != tuple(
		says[code] for code in ("BT-109", "BT-110", "BT-111", "BT-112", "BT-113", "BT-114", "BT-115")
	):
		found.append(f"the stored XML states {says}")
	again = mapper.map_document(posted, issued_at=now)
	if calculate(again.invoice) != totals:
		found.append("mapped otherwise after posting")
	if posted.doctype == "Sales Invoice":  # a till's sales are booked by its closing
		compare_ledger(frappe, posted, again, totals, found)
	return {
		"way": posted.doctype,
		"type": mapping.invoice.type_code.value,
		"inclusive": mapping.invoice.prices_include_vat,
		"currency": doc.currency,
	}


def compare_ledger(frappe: Any, doc: Any, mapping: Any, totals: Any, found: list[str]) -> None:
	"""Every XML total against its ledger lines."""
	import world

	sign = -1 if doc.is_return else 1
	rate = Decimal(repr(round(doc.conversion_rate, 9)))
	booked = world.ledger(frappe, doc)
	if sum(booked.values(), NIL):
		found.append(f"debit and credit differ by {sum(booked.values(), NIL)}")

	def take(*accounts: str) -> Decimal:
		return sign * sum((booked.pop(account, NIL) for account in accounts), NIL)

	def expect(what: str, is_: Decimal, should: Decimal, spare: Decimal = NIL) -> None:
		if abs(is_ - should) > spare:
			found.append(f"{what}: ledger {is_}, XML {should}")

	advance_vat = sum((one.tax for one in totals.prepayments), NIL)
	advance_net = sum((one.taxable for one in totals.prepayments), NIL)
	income = (world.SALES, world.FREIGHT) + ((world.ADVANCES,) if doc.zatca_is_prepayment else ())
	# What the XML does not carry, each its own row of the taxes table: the buyer owes it, or keeps it back.
	outside = [
		(row.account_head, sign * Decimal(repr(round(row.tax_amount, 2))))
		for row in doc.taxes
		if row.zatca_treatment in ("Tip", "Retention", "Nominal Supply")
	]
	aside = sum((amount for account, amount in outside if account in income), NIL)
	beside = sum((amount for _account, amount in outside), NIL)
	# Each charge row is converted to riyals by itself.
	spare = HALALA * len(mapping.taxes.charges) if rate != 1 else NIL
	expect("VAT account", -take(world.VAT), totals.vat_sar - advance_vat)
	expect("income", -take(*income), rounded(totals.tax_exclusive * rate) + aside, spare)
	for account, amount in outside:
		if account not in income:
			expect(account, -take(account), amount)
	if not doc.zatca_is_prepayment:
		expect("advances", take(world.ADVANCES), advance_net)
	expect("round off", -take(world.ROUND_OFF), rounded(totals.rounding * rate))
	receivable = take(world.DEBTORS, f"Cash - {world.ABBR}")
	expect(
		"receivable",
		receivable,
		rounded(totals.tax_exclusive * rate)
		+ totals.vat_sar
		- rounded(totals.prepaid * rate)
		+ rounded(totals.rounding * rate)
		+ beside,
		spare,
	)
	if rate == 1:
		expect("receivable", receivable, totals.payable + beside)
	expect(
		"receivable in the document's currency",
		sign * in_document_currency(frappe, doc, (world.DEBTORS, f"Cash - {world.ABBR}")),
		totals.payable + beside,
	)
	if booked:
		found.append(f"further accounts: {booked}")


def in_document_currency(frappe: Any, doc: Any, accounts: tuple[str, ...]) -> Decimal:
	"""What was posted to the accounts, in the invoice's own currency."""
	rows = frappe.get_all(
		"GL Entry",
		filters={"voucher_no": doc.name, "is_cancelled": 0, "account": ("in", accounts)},
		fields=["debit_in_transaction_currency as debit", "credit_in_transaction_currency as credit"],
	)
	return sum(
		(Decimal(repr(round(row.debit, 2))) - Decimal(repr(round(row.credit, 2))) for row in rows), NIL
	)


def rounded(amount: Decimal) -> Decimal:
	"""At two decimals, half-up."""
	from bayancore_erp.zatca.core.money import round2

	return round2(amount)


# --- outside ----------------------------------------------------------------------------------------------------------
def judge(out: Path) -> tuple[int, Counter[str], list[str]]:
	"""Stamp every XML and ask the official sheets. Gives how many, what was found, examples."""
	from conftest import shared_folder
	from taxpayer_ca import issue

	from bayancore_erp.zatca.core.crypto.keys import generate_key
	from bayancore_erp.zatca.core.crypto.stamp import RIYADH, stamp

	shared = shared_folder()
	if shared is None:
		raise SystemExit("the official material (../shared/zatca or ZATCA_SDK_HOME) is not on this machine")
	sys.path.insert(0, str(shared / "zatca"))
	from oracle import Oracle

	sheets = Oracle(native=False)
	now = datetime.now(RIYADH)
	key = generate_key()
	certificate = issue(key, not_before=now - timedelta(days=1))
	found: Counter[str] = Counter()
	examples: list[str] = []
	files = sorted(out.glob("*.xml"))
	for file in files:
		stamped = file.read_bytes()
		if not file.name.endswith(STAMPED):
			stamped = stamp(stamped, key, certificate, signing_time=now).xml
		verdict = sheets.judge(stamped)
		for kind in ("errors", "warnings"):
			for one in verdict[kind]:
				code = str(one.get("code", one) if isinstance(one, dict) else one)
				if code.split()[0].strip(":[]") in ALLOWED:
					continue
				found[code[:60]] += 1
				if found[code[:60]] <= 2:
					examples.append(f"{file.name}: {str(one)[:300]}")
	return len(files), found, examples


def main() -> int:
	"""Build the bench, produce on several sites at once, judge, sum up."""
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--count", type=int, default=NEEDED)
	parser.add_argument("--seconds", type=float, default=0, help="stop producing after so long, 0 for never")
	parser.add_argument("--seed", default="1")
	parser.add_argument(
		"--shipped", type=int, default=15, help="every n-th case goes the whole shipped way, 0 for none"
	)
	parser.add_argument("--rounding", default="Commercial Rounding")
	parser.add_argument("--producers", type=int, default=2, help="processes, each with a site of its own")
	parser.add_argument("--out", help="folder for XMLs and the log; a temporary one by default")
	parser.add_argument("--producer", type=int, help=argparse.SUPPRESS)
	parser.add_argument("--site", help=argparse.SUPPRESS)
	options = parser.parse_args()
	if options.producer is not None:
		return produce(options)
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped

	from private_bench import BENCH

	if not (BENCH / "env" / "bin" / "python").is_file():
		print(f"no bench at {BENCH}: set BENCH to where one stands", file=sys.stderr)
		return 2
	with tempfile.TemporaryDirectory(prefix="ledger-") as scratch:
		out = Path(options.out or f"{scratch}/out")
		out.mkdir(parents=True, exist_ok=True)
		for old in (*out.glob("*.xml"), *out.glob("*.jsonl")):
			old.unlink()
		status = on_private_sites(Path(scratch), out, options)
		return status or sum_up(out, options)


def on_private_sites(scratch: Path, out: Path, options: argparse.Namespace) -> int:
	"""Run the producers; gives the first exit status that is not 0."""
	import world
	from private_bench import PrivateBench

	(scratch / "bench").mkdir()
	bench = PrivateBench(scratch / "bench")
	running: list[subprocess.Popen[bytes]] = []
	try:
		bench.start()
		bench.remember_ports()
		bench.add_site(world.SITE, "saudi")
		# the world is made once, on the first site, and kept as a dump that the others start from
		made = subprocess.run(
			[str(bench.python), "-c", BUILD_WORLD], cwd=bench.sites, env=bench_env(bench), check=False
		)
		if made.returncode:
			return made.returncode
		share = -(-options.count // options.producers)
		for number in range(options.producers):
			site = world.SITE if number == 0 else f"producer{number}.local"
			if number:
				bench.add_site(site, "saudi", empty=True)
				bench.share_key(world.SITE, site)
			command = [
				str(bench.python),
				str(HERE),
				"--producer",
				str(number),
				"--site",
				site,
				"--out",
				str(out),
			]
			for name, value in (("count", share), *((key, getattr(options, key)) for key in PASSED_ON)):
				command += [f"--{name}", str(value)]
			running.append(subprocess.Popen(command, cwd=bench.sites, env=bench_env(bench)))
		return max(process.wait() for process in running)
	finally:
		for process in running:
			process.terminate()
		bench.stop()


PASSED_ON = ("seconds", "seed", "rounding", "producers", "shipped")
BUILD_WORLD = """
import os
from pathlib import Path
import world
from private_bench import PrivateBench
with world.connected(PrivateBench.found(Path(os.environ["PRIVATE_BENCH"]))):
	pass
"""


def bench_env(bench: Any) -> dict[str, str]:
	"""The bench's environment, with the site tests' own modules."""
	return {**bench.env, "PYTHONPATH": os.pathsep.join([bench.env["PYTHONPATH"], str(ROOT / "tests/site")])}


def sum_up(out: Path, options: argparse.Namespace) -> int:
	"""Print what was found and the figure."""
	rows = [json.loads(text) for log in sorted(out.glob("*.jsonl")) for text in log.read_text().splitlines()]
	wrong = [row for row in rows if row["found"]]
	for row in wrong[:10]:
		print(f"  {row.get('name', row['seed'])} (seed {row['seed']}): {'; '.join(row['found'])}")
	judged, found, examples = judge(out)
	for example in examples[:10]:
		print(f"  {example}")
	kinds = Counter(row.get("type", "?") for row in rows)
	settled = sum(1 for row in rows if row.get("settled"))
	print(
		f"  {sum(row.get('lines', 0) for row in rows)} lines; inclusive {sum(1 for row in rows if row.get('inclusive'))};"
		f" other currencies {sum(1 for row in rows if row.get('currency', 'SAR') != 'SAR')}; by type {dict(kinds)}; settled {settled}"
	)
	shipped = Counter(row["way"] for row in rows if row.get("way"))
	print(f"  cleared or reported with all handlers on, then posted: {dict(shipped)}")
	enough = not options.shipped or shipped.total() * SHIPPED_SHARE >= len(rows)
	fine = enough and not wrong and not found and judged == len(rows)
	print(
		f"ledger: {len(rows)} invoices made through ERPNext ({options.rounding}), {len(rows) - len(wrong)} with ledger = XML;"
		f" {shipped.total()} of them the whole shipped way; {judged} judged by the official sheets, {sum(found.values())} errors or warnings"
	)
	return 0 if fine and len(rows) >= min(options.count, NEEDED) else 1


if __name__ == "__main__":
	sys.exit(main())
