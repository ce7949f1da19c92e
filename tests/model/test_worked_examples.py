"""Every worked document of examples.json: exactly its lines, categories and totals, and nothing for a judge to find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from judges import findings
from worked_examples import in_their_words, to_schema

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.schema import from_json
from bayancore_erp.zatca.core.ubl import build_xml


def examples(shared: Path) -> list[dict[str, Any]]:
	"""All of them."""
	found = json.loads((shared / "examples.json").read_text())
	assert len(found) == 21
	return list(found)


def test_amounts(shared: Path) -> None:
	for example in examples(shared):
		ours = in_their_words(calculate(from_json(json.dumps(to_schema(example)))))
		expected = {key: value for key, value in example["expected"].items() if key != "ledger"}
		assert ours == expected, example["id"]


def test_judges(shared: Path, oracle: Any) -> None:
	for example in examples(shared):
		invoice = from_json(to_schema(example))
		assert findings(oracle, build_xml(invoice, calculate(invoice), START)) == [], example["id"]
