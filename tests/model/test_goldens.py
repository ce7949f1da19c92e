"""Golden documents: JSON in, the exact bytes out, accepted by both judges.

The bytes are what is hashed and signed, so that a change in them must be meant: GOLDEN_UPDATE=1 writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from judges import findings

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.schema import from_json
from bayancore_erp.zatca.core.ubl import build_xml

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json"))


def build(path: Path) -> bytes:
	"""The document of a golden invoice."""
	invoice = from_json(path.read_bytes())
	return build_xml(invoice, calculate(invoice), START)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_same_bytes_as_ever(path: Path) -> None:
	xml, expected = build(path), path.with_suffix(".xml")
	if os.environ.get("GOLDEN_UPDATE"):
		expected.write_bytes(xml)
	assert xml == expected.read_bytes()


def test_both_judges_accept_them(oracle: Any) -> None:
	assert len(GOLDEN) == 13
	assert {path.stem: found for path in GOLDEN if (found := findings(oracle, build(path)))} == {}
