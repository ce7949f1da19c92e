"""Invoices as JSON: read exactly, refused clearly, written back, and published truthfully."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from random_invoices import random_invoice

from bayancore_erp.zatca.core.codes import DocumentType, VatCategory
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import InvalidInvoice, Text, Vat
from bayancore_erp.zatca.core.schema import from_json, json_schema, to_json


def valid() -> dict[str, Any]:
	"""The least that reads as an invoice."""
	return {
		"number": "SINV-1",
		"uuid": "8d487816-70b8-4ade-a618-9d620b73814a",
		"issue_date": "2026-10-05",
		"issue_time": "14:05:00",
		"seller": {"name": "شركة"},
		"lines": [{"name": "قلم | Pen", "quantity": 2, "unit_price": "3.50"}],
	}


def test_the_least() -> None:
	invoice = from_json(json.dumps(valid()))
	assert invoice.lines[0].quantity == 2 and invoice.lines[0].unit_price == Decimal("3.50")
	assert invoice.lines[0].name == Text("قلم", "Pen")
	assert invoice.type_code is DocumentType.INVOICE and invoice.payment is not None
	assert from_json(b"\xef\xbb\xbf" + json.dumps(valid()).encode()) == invoice


def test_short_and_long_forms() -> None:
	for given, expected in (
		("Z", Vat(VatCategory.ZERO)),
		("VATEX-SA-35", Vat(VatCategory.ZERO, exemption_code="VATEX-SA-35")),
		({"exemption_code": "VATEX-SA-29"}, Vat(VatCategory.EXEMPT, exemption_code="VATEX-SA-29")),
		({"category": "S", "rate": "5"}, Vat(VatCategory.STANDARD, Decimal(5))),
		(
			{"category": "O", "exemption_reason": {"ar": "سبب"}},
			Vat(VatCategory.OUT_OF_SCOPE, exemption_reason=Text("سبب")),
		),
	):
		data = valid()
		data["lines"][0]["vat"] = given
		assert from_json(data).lines[0].vat == expected
	data = valid() | {"flags": "0200100"}
	assert from_json(data) == from_json(valid() | {"flags": {"simplified": True, "export": True}})


# Changes to the least invoice, and the path under which each is refused.
REFUSED: list[tuple[dict[str, Any], str]] = [
	({"number": 7}, "number"),
	({"number": None}, "number"),
	({"nmber": "x"}, "nmber"),
	({"issue_date": "05.10.2026"}, "issue_date"),
	({"issue_date": "2026-02-30"}, "issue_date"),
	({"issue_date": "20261005"}, "issue_date"),
	({"issue_time": "25:00:00"}, "issue_time"),
	({"issue_time": "14:05"}, "issue_time"),
	({"issue_time": "14:05:00Z"}, "issue_time"),
	({"type_code": "380"}, "type_code"),
	({"type_code": 388}, "type_code"),
	({"flags": "0300000"}, "flags"),
	({"flags": {"simplified": "yes"}}, "flags.simplified"),
	({"lines": {}}, "lines"),
	({"lines": "x"}, "lines"),
	({"lines": [1]}, "lines[0]"),
	({"seller": "شركة"}, "seller"),
	({"seller": {"identification": {"scheme": "CRN"}}}, "seller.identification.value"),
	({"prices_include_vat": 1}, "prices_include_vat"),
	({"sar_rate": "3,75"}, "sar_rate"),
	({"sar_rate": "1e3"}, "sar_rate"),
	({"sar_rate": "٣"}, "sar_rate"),
	({"sar_rate": " 3"}, "sar_rate"),
	({"sar_rate": "NaN"}, "sar_rate"),
	({"sar_rate": True}, "sar_rate"),
	({"sar_rate": 3.75}, "sar_rate"),
	({"sar_rate": "1" * 40}, "sar_rate"),
	({"billing_references": ["a", 1]}, "billing_references[1]"),
	({"billing_references": [None]}, "billing_references[0]"),
	({"notes": [{"text": "a", "lang": "ar"}]}, "notes[0].lang"),
	({"allowance_charges": [{"vat": "Q"}]}, "allowance_charges[0].vat"),
	({"allowance_charges": [{"vat": {"category": "Q"}}]}, "allowance_charges[0].vat.category"),
]


@pytest.mark.parametrize(("change", "path"), REFUSED, ids=str)
def test_refused_with_its_path_by_us_and_by_the_schema(change: dict[str, Any], path: str) -> None:
	for data in (valid() | change, json.dumps(valid() | change)):
		with pytest.raises(InvalidInvoice) as raised:
			from_json(data)
		assert [problem.field for problem in raised.value.problems] == [path]
	if change not in ({"issue_date": "2026-02-30"}, {"sar_rate": "1" * 40}):  # not a matter of form
		assert not _validator().is_valid(valid() | change)


def _validator() -> Any:
	return pytest.importorskip("jsonschema").Draft202012Validator(json_schema())


def test_every_problem_at_once() -> None:
	with pytest.raises(InvalidInvoice) as raised:
		from_json(
			'{"number": 1.5, "lines": [{"quantity": 1.0, "unit_price": NaN, "unit_prise": "1"}], "seller": {}}'
		)
	found = {problem.field: problem for problem in raised.value.problems}
	assert found.keys() == {
		"number",
		"uuid",
		"issue_date",
		"issue_time",
		"lines[0].name",
		"lines[0].quantity",
		"lines[0].unit_price",
		"lines[0].unit_prise",
	}
	assert found["lines[0].unit_prise"].hint == "Did you mean 'unit_price'?"
	assert "1.0" in found["lines[0].quantity"].message and "NaN" in found["lines[0].unit_price"].message
	assert raised.value.message.startswith("8 problems.") and "lines[0].quantity" in raised.value.message


@pytest.mark.parametrize(
	("source", "words"),
	[
		("", "not JSON"),
		("{", "not JSON"),
		("[]", "JSON object"),
		("null", "JSON object"),
		(b"\xff\xfe{", "UTF-8"),
		("[" * 200_000, "nested"),
		('{"a":' * 200_000, "nested"),
		("{" + " " * (17 * 2**20) + "}", "larger"),
	],
	ids=range(8),
)
def test_what_is_no_json_object(source: str | bytes, words: str) -> None:
	with pytest.raises(InvalidInput) as raised:
		from_json(source)
	assert words in raised.value.message


def test_repeated_keys_and_endless_numbers() -> None:
	text = json.dumps(valid())[:-1] + ', "seller": {"name": "a", "name": "b"}}'
	with pytest.raises(InvalidInvoice) as raised:
		from_json(text)
	assert {problem.field for problem in raised.value.problems} == {"seller", "seller.name"}
	with pytest.raises(InvalidInvoice) as raised:
		from_json(json.dumps(valid())[:-1] + ', "sar_rate": ' + "9" * 10_000 + "}")
	assert raised.value.problems[0].field == "sar_rate" and len(raised.value.message) < 500


def test_a_flood_of_mistakes_stays_readable() -> None:
	with pytest.raises(InvalidInvoice) as raised:
		from_json({f"key{index}" * 50: 1 for index in range(5000)})
	assert len(raised.value.problems) == 100


def test_written_and_read_back() -> None:
	validator = _validator()
	for index in range(40):
		invoice = random_invoice(Random(f"json-{index}"), datetime(2026, 10, 5, 12), most_lines=20)
		written = json.loads(json.dumps(to_json(invoice)))
		validator.validate(written)
		assert from_json(written) == invoice


def test_a_vat_beyond_the_short_forms_is_written_in_full() -> None:
	for vat in (
		Vat(VatCategory.ZERO, Decimal("15")),
		Vat(VatCategory.STANDARD, Decimal("0")),
		Vat(VatCategory.STANDARD, exemption_code="VATEX-SA-35"),
		Vat(VatCategory.OUT_OF_SCOPE, exemption_reason=Text("سبب")),
	):
		invoice = from_json(valid())
		invoice = dataclasses.replace(invoice, lines=(dataclasses.replace(invoice.lines[0], vat=vat),))
		assert from_json(json.dumps(to_json(invoice))) == invoice


def test_published_schema_is_sound_and_says_what_each_key_means() -> None:
	pytest.importorskip("jsonschema").Draft202012Validator.check_schema(json_schema())
	schema = json_schema()
	validator = _validator()
	validator.validate(valid())
	objects = [schema, *schema["$defs"].values()]
	assert len(objects) == 14
	for each in objects:
		assert each["description"] and not each["additionalProperties"]
		for name, described in each["properties"].items():
			assert len(described["description"]) > 3, name
	json.dumps(schema)
