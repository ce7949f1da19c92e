"""Each of ZATCA's 19 samples, stated as JSON and rebuilt: the same elements, attributes and values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree
from official_samples import chain_of, explained, read, to_schema, values

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import ChainPosition
from bayancore_erp.zatca.core.schema import from_json
from bayancore_erp.zatca.core.ubl import build_xml


def test_there_are_19(samples: list[Path]) -> None:
	assert len(samples) == 19


@pytest.mark.parametrize("index", range(19))
def test_sample_comes_out_value_by_value(samples: list[Path], index: int) -> None:
	root = read(samples[index])
	invoice = from_json(json.dumps(to_schema(root), ensure_ascii=False))
	built = build_xml(invoice, calculate(invoice), ChainPosition(*chain_of(root)))
	theirs, ours = values(root), values(etree.fromstring(built))
	different = {
		path: (theirs.get(path), ours.get(path))
		for path in theirs.keys() | ours.keys()
		if theirs.get(path) != ours.get(path) and not (path not in ours and explained(path, theirs[path]))
	}
	assert not different
