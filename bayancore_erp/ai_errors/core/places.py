"""Where a field of the core's model lives in ERPNext: doctype, fieldname and, for rows, the table that holds them.

Takes a model path such as `lines[2].vat.exemption_code`; gives a `FormField`. A path that no form field produces leads to the
nearest one around it, else to the invoice itself. Never names a record: that needs the document, and is the adapter's.
Source: data/places.json, held to the adapter's table and to fixtures/custom_field.json by tests/ai_errors/test_catalogue.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).with_name("data")
_INDEX = re.compile(r"\[\d+\]")


class FormField(NamedTuple):
	"""A field of a form. `table` is the invoice's field that holds the row, `row` counts from 1 and is 0 where unknown."""

	doctype: str
	fieldname: str
	table: str = ""
	row: int = 0
	also: tuple[str, ...] = ()
	"""Other doctypes on which the same field may be the one to correct (POS Invoice; Branch instead of Company)."""


def unnumbered(path: str) -> str:
	"""The path without its positions: `lines[2].vat` as `lines[].vat`."""
	return _INDEX.sub("[]", path)


def paths() -> tuple[str, ...]:
	"""Every model path that has a form field of its own, sorted; the whole document ("") is not among them."""
	return tuple(path for path in _table() if path)


def nearest(path: str) -> str:
	"""The path itself if it has a form field, else the nearest one around it; "" is the whole document."""
	path = unnumbered(path)
	while path and path not in _table():
		path = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
	return path


def form_field(path: str) -> FormField:
	"""The field of the form behind a path of the model. Never raises."""
	owner, fieldname = _table()[nearest(path)]
	facts = _owners()[owner]
	found = _INDEX.search(path)
	row = int(found[0][1:-1]) + 1 if found and facts["table"] else 0
	return FormField(facts["doctype"], fieldname, facts["table"], row, tuple(facts["also"]))


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
	data: dict[str, Any] = json.loads((DATA / "places.json").read_text(encoding="utf-8"))
	return data


def _owners() -> Mapping[str, Any]:
	owners: Mapping[str, Any] = _data()["owners"]
	return owners


def _table() -> Mapping[str, tuple[str, str]]:
	table: Mapping[str, tuple[str, str]] = _data()["fields"]
	return table
