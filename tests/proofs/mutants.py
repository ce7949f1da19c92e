#!/usr/bin/env python3
"""Proof `mutants`: our rules judge broken invoices as ZATCA's own sheets do (issue A, "Native rules").

At least 5,000 mutants of the official samples and of our own documents, one or two things dropped, blanked, doubled,
retyped, recoded, reformatted, renumbered, lengthened or swapped in each. Accepted or rejected: the same on all. The set of
codes with their severities: the same on 99 % and more, every exception listed below with its reason, none without.
The time per invoice of shapes never met before is told too; proof `speed` judges speed. Last line is the figure; exit 1 where it
falls short, 2 without the official material.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from conftest import shared_folder
from mutation import Breaker, Mutant
from mutation_sources import official_documents, with_stamp
from random_invoices import random_invoice
from worked_examples import to_schema

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.rules import check
from bayancore_erp.zatca.core.schema import from_json
from bayancore_erp.zatca.core.ubl import build_xml

LEAST = 5000
RANDOM_DOCUMENTS = 60
RANDOM_NOW = datetime(2026, 10, 6, 12)
CODES_SHARE = 0.99


@dataclass(frozen=True)
class Difference:
	"""A known difference of the code sets, and why ours is right or why it does not matter. Never one of the verdict."""

	codes: frozenset[str]
	"""All the codes that only one side has."""
	where: str
	"""A pattern for what was done where."""
	why: str


EXPLAINED = (
	Difference(
		frozenset({"BR-CO-13"}),
		r"(LineExtensionAmount|ChargeTotalAmount|AllowanceTotalAmount)",
		"BR-CO-13 sums the lines in binary floating point and so misses a half halala: 71.74 + 9.995 - 10.00 is 71.735, "
		"which it takes for 71.73. We compute in decimals. Only with a third decimal, which BR-DEC-* warns of anyway.",
	),
	Difference(
		frozenset({"BR-CO-17"}),
		r"lengthen cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount",
		"BR-CO-17 reads a taxable amount of more than 308 digits as infinite, and infinity times a rate of 0 is no number; "
		"for us it is 0. A warning only, and no such amount can leave our calculator.",
	),
)


class Answer(NamedTuple):
	"""How one mutant was judged by both. Codes of errors carry an exclamation mark, so that severities are compared too."""

	index: int
	source: str
	title: str
	sheets: frozenset[str]
	ours: frozenset[str]
	sheets_reject: bool
	ours_reject: bool
	crash: str


_breaker: Breaker
_oracle: Any
_parse: Any


def start(seed: int, quiet: bool = True) -> None:
	"""Prepare one worker: the documents and the official sheets."""
	global _breaker, _oracle, _parse
	shared = shared_folder()
	assert shared is not None
	sys.path.insert(0, str(shared / "zatca"))
	from oracle import Oracle, parse

	if quiet:  # where the sheets themselves fail, Saxon writes its trace to the descriptor
		os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
	_oracle, _parse = Oracle(native=False), parse
	_breaker = Breaker(documents(shared), seed)


def documents(shared: Path) -> list[tuple[str, bytes]]:
	"""The official samples, the same enriched, and what our own builder makes of the worked examples."""
	found = official_documents(shared / "zatca" / "sdk" / "Data" / "Samples")
	return found + own_documents(shared)


def own_documents(shared: Path) -> list[tuple[str, bytes]]:
	"""What we build of the worked examples and of random invoices; the stamp is a sample's, for the rules never verify it."""
	examples = json.loads((shared / "examples.json").read_text(encoding="utf-8"))
	invoices = [(f"example {each['id']}", from_json(to_schema(each))) for each in examples]
	built = [
		(name, with_stamp(build_xml(each, calculate(each), START), donor(shared))) for name, each in invoices
	]
	return built + [(f"random {number}", random_document(number)) for number in range(RANDOM_DOCUMENTS)]


def random_document(number: int) -> bytes:
	"""What we build of the random invoice with this number."""
	shared = shared_folder()
	assert shared is not None
	invoice = random_invoice(Random(f"mutants {number}"), RANDOM_NOW, most_lines=5)
	return with_stamp(build_xml(invoice, calculate(invoice), START), donor(shared))


@lru_cache(maxsize=1)
def donor(shared: Path) -> bytes:
	"""The sample whose stamp our own documents borrow."""
	return next((shared / "zatca" / "sdk" / "Data" / "Samples").rglob("Simplified_Invoice.xml")).read_bytes()


def judge(index: int) -> Answer:
	"""Both verdicts on one mutant."""
	mutant: Mutant = _breaker.mutant(index)
	official = _oracle._rules(_parse(mutant.data), mutant.data)
	crash = ""
	try:
		found = check(mutant.data)
		ours = [(f.code, f.severity.value == "error") for f in found]
		if any(check(mutant.data) != found for _ in range(2)):  # the rules remember layouts
			crash = "judged again, otherwise"
	except Exception as error:  # a crash is a finding of this proof, whatever it is
		ours, crash = [], f"{type(error).__name__}: {error}"
	return Answer(
		index,
		mutant.source,
		mutant.title,
		frozenset(f["code"] + "!" * (f["severity"] == "error") for f in official),
		frozenset(code + "!" * error for code, error in ours),
		any(f["severity"] == "error" for f in official),
		any(error for _, error in ours),
		crash,
	)


def explanation(answer: Answer) -> str:
	"""Why the code sets of this mutant differ, or "" where nobody knows."""
	for known in EXPLAINED:
		if answer.sheets ^ answer.ours == known.codes and re.search(known.where, answer.title):
			return known.why
	return ""


class Speed(NamedTuple):
	"""Milliseconds of processor for one document, by us and by the sheets."""

	ours: float
	sheets: float

	@property
	def ratio(self) -> float:
		"""How many times faster we are."""
		return self.sheets / self.ours


def fresh_speed(count: int = 200) -> Speed:
	"""On invoices never met before, each judged once, after a warm-up on others; the figure that counts."""
	met = [random_document(-number) for number in range(1, 61)]
	for data in met:
		check(data)
	return _speed([random_document(1000 + number) for number in range(count)], rounds=1)


def repeated_speed(rounds: int = 15) -> Speed:
	"""On the official samples, each judged again and again: what remembering a layout gains."""
	shared = shared_folder()
	assert shared is not None
	samples = (shared / "zatca" / "sdk" / "Data" / "Samples").rglob("*.xml")
	return _speed([path.read_bytes() for path in sorted(samples)], rounds)


def _speed(files: list[bytes], rounds: int) -> Speed:
	ours = [median(_clock(lambda data=data: check(data)) for _ in range(rounds)) for data in files]
	sheets = [
		median(_clock(lambda data=data: _oracle._rules(_parse(data), data)) for _ in range(rounds))
		for data in files
	]
	return Speed(mean(ours), mean(sheets))


def _clock(work: Any) -> float:
	"""The thread's own clock, for neither judge uses another thread and the machine may be busy with others."""
	began = time.thread_time()
	work()
	return (time.thread_time() - began) * 1000


def report(differing: list[Answer], path: Path) -> None:
	"""Every difference, grouped by what was done where and by the codes that differ, most frequent first."""
	groups: dict[str, list[Answer]] = defaultdict(list)
	for answer in differing:
		minus = ",".join(sorted(answer.sheets - answer.ours)) or "-"
		plus = ",".join(sorted(answer.ours - answer.sheets)) or "-"
		verdict = "VERDICT " if answer.sheets_reject != answer.ours_reject else ""
		groups[
			f"{verdict}{'CRASH ' + answer.crash if answer.crash else ''} sheets only {minus} | ours only {plus}"
		].append(answer)
	with path.open("w", encoding="utf-8") as file:
		print(f"{len(differing)} mutants differ, {len(groups)} kinds of difference", file=file)
		for kind, answers in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
			print(f"\n{len(answers):4} x {kind}", file=file)
			for title, times in Counter(answer.title for answer in answers).most_common(8):
				first = next(answer for answer in answers if answer.title == title)
				print(f"       {times} x {title}   [#{first.index} {first.source}]", file=file)


def run(count: int, seed: int, processes: int) -> Iterator[Answer]:
	"""Judge all mutants, in two processes at most."""
	with get_context("spawn").Pool(processes, initializer=start, initargs=(seed,)) as pool:
		yield from pool.imap_unordered(judge, range(count), chunksize=25)


def main() -> int:
	"""Break, judge twice, compare, measure."""
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--count", type=int, default=8000)
	options.add_argument("--seed", type=int, default=2026)
	options.add_argument("--processes", type=int, choices=(1, 2), default=min(2, os.cpu_count() or 1))
	options.add_argument("--report", type=Path, help="write every difference here")
	options.add_argument("--show", type=int, help="print mutant N and both verdicts, nothing else")
	given = options.parse_args()
	os.environ["TZ"] = "Asia/Riyadh"
	time.tzset()
	shared = shared_folder()
	if shared is None:
		print("mutants: the official material (../shared/zatca or ZATCA_SDK_HOME) is not on this machine")
		return 2
	start(given.seed, quiet=False)
	if given.show is not None:
		print(_breaker.mutant(given.show).data.decode())
		print(judge(given.show))
		return 0

	began, answers = time.monotonic(), []
	for answer in run(given.count, given.seed, given.processes):
		answers.append(answer)
		if len(answers) % 500 == 0:
			wrong = sum(a.sheets_reject != a.ours_reject or bool(a.crash) for a in answers)
			print(
				f"{len(answers):6} judged, {wrong} verdicts differ, {time.monotonic() - began:.0f} s",
				flush=True,
			)

	answers.sort()
	verdicts = [a for a in answers if a.sheets_reject != a.ours_reject or a.crash]
	differing = [a for a in answers if a.sheets != a.ours or a.crash or a.sheets_reject != a.ours_reject]
	unexplained = [a for a in differing if a in verdicts or not explanation(a)]
	if given.report:
		report(differing, given.report)
	for answer in verdicts[:20]:
		print(
			f"VERDICT #{answer.index} {answer.source}: {answer.title}: {sorted(answer.sheets ^ answer.ours)} {answer.crash}"
		)
	for why, times in Counter(explanation(a) for a in differing if a not in verdicts).most_common():
		print(f"{times:5} x {why or 'UNEXPLAINED'}")
	for answer in unexplained[:20]:
		print(
			f"UNEXPLAINED #{answer.index} {answer.source}: {answer.title}: {sorted(answer.sheets ^ answer.ours)}"
		)

	fresh, repeated = fresh_speed(), repeated_speed()
	seen = {code.rstrip("!") for answer in answers for code in answer.sheets}
	with (shared / "zatca" / "rules.csv").open(encoding="utf-8") as file:
		ids = {row["rule_id"] for row in csv.DictReader(file)}
	share = 1 - len(differing) / len(answers)
	short = [
		text
		for text, bad in (
			(f"only {len(answers)} mutants", len(answers) < LEAST),
			(f"{len(verdicts)} verdicts differ", bool(verdicts)),
			(f"code sets agree on {share:.2%} only", share < CODES_SHARE),
			(f"{len(unexplained)} differences are unexplained", bool(unexplained)),
		)
		if bad
	]
	for line in short:
		print("SHORT:", line)
	rejected = sum(a.sheets_reject for a in answers)
	print(
		f"mutants: {len(answers)} judged ({rejected} rejected, {len(seen & ids)} of {len(ids)} rule ids seen), verdicts agree on "
		f"{len(answers) - len(verdicts)}, code sets on {share:.2%}, {len(unexplained)} unexplained; "
		f"{fresh.ours:.2f} ms a new invoice against {fresh.sheets:.1f} ms, {fresh.ratio:.1f} times faster "
		f"({repeated.ratio:.1f} times where the same documents come again)"
	)
	return 1 if short else 0


if __name__ == "__main__":
	sys.exit(main())
