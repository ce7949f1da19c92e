"""Proof: nothing of an invoice leaves in a question to a language model.

1,000 problems over random documents, their messages written to leak. What would go over the wire is searched for every string
of three characters or more of the document (names, VAT numbers, addresses, telephones, IBANs, amounts, numbers, and each
word of them). In the part that depends on the problem none may occur; elsewhere only where our own fixed texts hold it anyway
(a buyer may be called "Invoice"). Every 25th is sent by the real SDK to a server on 127.0.0.1 and its bytes are searched.
Exits 1 if anything leaves; the last line is the figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ai_errors")]

from hostile_problems import Case, cases, folded, pieces  # noqa: E402

from bayancore_erp.ai_errors.core.catalogue import Gravity, codes, find  # noqa: E402
from bayancore_erp.ai_errors.core.places import form_field, paths  # noqa: E402
from bayancore_erp.ai_errors.core.prompt import INSTRUCTIONS, ask  # noqa: E402
from bayancore_erp.ai_errors.core.redact import CATEGORIES, DOCUMENT_TYPES, redact, strings_of  # noqa: E402


def own_words() -> str:
	"""Every text of ours that a question may hold, whatever the problem is."""
	texts = [INSTRUCTIONS, json.dumps(sorted({*CATEGORIES, *DOCUMENT_TYPES, "other", "unknown"})), *paths()]
	texts += [gravity.value for gravity in Gravity]
	for path in paths():
		texts += form_field(path)[:3]
	for code in codes():
		entry = find(code)
		assert entry is not None
		texts += [code, *entry.cause, *entry.remedy]
	return folded(
		" ".join(texts)
		+ " code category message document_type fields problem similar forms severity field en ar"
	)


def leaks(case: Case, ours: str) -> tuple[list[str], int, int]:
	"""What left in the problem's own part, what left elsewhere without being ours, and how many strings were looked for."""
	redacted = redact(case.problem, strings_of(case.document))
	own = set(codes())
	variable = folded(f"{redacted.message} {'' if redacted.code in own else redacted.code}")
	question = folded(ask(redacted).input)
	wanted = {piece for secret in case.secrets for piece in pieces(secret)}
	found = [piece for piece in wanted if piece in variable and variable != "unknown"]
	found += [piece for piece in wanted if piece in question and piece not in ours]
	return found, sum(piece in question for piece in wanted), len(wanted)


def over_the_wire(chosen: list[Case], ours: str) -> tuple[int, list[str]]:
	"""The same, in the bytes that the real SDK sends."""
	try:
		import openai  # noqa: F401
	except ImportError:
		return 0, []
	from openai_server import OpenAIServer

	from bayancore_erp.ai_errors.providers.openai import OpenAIProvider

	server = OpenAIServer()
	found: list[str] = []
	try:
		provider = OpenAIProvider("k", base_url=server.url, timeout=30, max_retries=0)
		for case in chosen:
			question = ask(redact(case.problem, strings_of(case.document)))
			server.requests.clear()
			provider.ask(question)
			sent = server.requests[0].decode("utf-8")
			body = json.loads(sent)
			text = folded(body.pop("input"))
			fixed = folded(json.dumps(body))
			for piece in {piece for secret in case.secrets for piece in pieces(secret)}:
				if piece in text and piece not in ours and piece not in fixed:
					found.append(piece)
			assert sent.count(case.problem.message) == 0 or len(case.problem.message) < 3
	finally:
		server.close()
	return len(chosen), found


def main() -> int:
	"""Make problems, search what leaves."""
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--count", type=int, default=1000)
	options.add_argument("--seed", type=int, default=2026)
	given = options.parse_args()
	ours = own_words()
	made = list(cases(given.seed, given.count))
	leaked, common, looked = 0, 0, 0
	for number, case in enumerate(made):
		found, same, wanted = leaks(case, ours)
		common, looked = common + same, looked + wanted
		if found:
			leaked += 1
			if leaked <= 10:
				print(
					f"LEAK #{number}: {found[:5]} from {case.problem.code!r} {case.problem.message[:150]!r}"
				)
				print("   sent:", redact(case.problem, strings_of(case.document)))
	wire, wire_found = over_the_wire(made[::25], ours)
	for piece in wire_found[:10]:
		print("LEAK on the wire:", piece)
	if not wire:
		print("SHORT: the openai package is not installed, so no bytes were sent")
	print(
		f"redaction: {len(made)} problems, {looked} strings looked for, {leaked} problems leaked; {wire} sent over HTTP, "
		f"{len(wire_found)} strings leaked there ({common} strings are also words of our own fixed texts)"
	)
	return 1 if leaked or wire_found or not wire or len(made) < 1000 else 0


if __name__ == "__main__":
	sys.exit(main())
