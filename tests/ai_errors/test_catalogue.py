"""Every code is explained in both languages, with its severity as executed and a field that exists in ERPNext."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bayancore_erp.ai_errors.core.catalogue import Gravity, codes, fallback, find
from bayancore_erp.ai_errors.core.places import form_field, nearest, paths
from bayancore_erp.zatca.core.invoice import has_arabic
from bayancore_erp.zatca.core.rules.engine import EN, KSA
from bayancore_erp.zatca.core.rules.law import LAWS

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "bayancore_erp" / "ai_errors" / "core" / "data"


def test_every_code_has_cause_remedy_and_consequence_in_both_languages() -> None:
	assert len(codes()) >= 245 + 25 + len(LAWS)
	for code in codes():
		entry = find(code)
		assert entry is not None and entry.gravity is not Gravity.UNKNOWN, code
		for name in (entry.cause, entry.remedy, entry.consequence):
			assert len(name.en) >= 8 and not has_arabic(name.en), (code, name)
			assert len(name.ar) >= 5 and has_arabic(name.ar), (code, name)


def test_a_device_of_another_environment_is_explained() -> None:
	"""What users of other products meet when they go from the simulation to production."""
	entry = find("invalid-currentccsid")
	assert entry is not None and entry.code == "Invalid-CurrentCCSID" and entry.gravity is Gravity.REQUEST
	assert "environment" in entry.remedy.en and "البيئة" in entry.remedy.ar
	assert entry.places[0].doctype == "ZATCA Device"


def test_severity_is_as_the_official_sheets_execute_it(shared: Path) -> None:
	with (shared / "zatca" / "rules.csv").open(encoding="utf-8") as file:
		flags = {row["rule_id"]: row["flag"] for row in csv.DictReader(file)}
	assert len(flags) == 245
	for code, flag in flags.items():
		entry = find(code)
		assert entry is not None and entry.gravity.value == flag, code


def test_severity_is_as_the_native_rules_have_it() -> None:
	for sheet in (EN, KSA):
		for rule in sheet.rules():
			entry = find(rule.code)
			assert entry is not None and entry.gravity.value == rule.severity.value, rule.code


def test_a_warning_says_that_it_is_accepted_and_never_resent() -> None:
	entry = find("BR-KSA-F-07")
	assert entry is not None and entry.gravity is Gravity.WARNING
	assert "accepts" in entry.consequence.en and "Never send it again" in entry.consequence.en
	assert "لا تُعد إرساله" in entry.consequence.ar


def test_the_data_holds_nothing_else() -> None:
	data = json.loads((CORE / "codes.json").read_text(encoding="utf-8"))
	assert set(data) == set(codes())
	for code, facts in data.items():
		for path in facts["fields"]:
			assert nearest(path), (code, path)


def test_few_codes_are_about_no_field() -> None:
	nowhere = {code for code in codes() if not (entry := find(code)) or not entry.fields}
	assert nowhere <= {
		"XSD", "XSL", "XML", "XSD_ZATCA_VALID", "XSD_ZATCA_INVALID", "Invoice-Errors", "Invoice-Warning", "500",
		"BR-52", "BR-KSA-EN16931-01", "BR-KSA-EN16931-02",
	}  # fmt: skip


def test_every_custom_field_named_exists() -> None:
	fixture = json.loads(
		(ROOT / "bayancore_erp" / "fixtures" / "custom_field.json").read_text(encoding="utf-8")
	)
	custom = {(field["dt"], field["fieldname"]) for field in fixture}
	own = {}
	for path in (ROOT / "bayancore_erp" / "zatca" / "doctype").glob("*/*.json"):
		doctype = json.loads(path.read_text(encoding="utf-8"))
		if isinstance(doctype, dict) and "fields" in doctype:
			own[doctype["name"]] = {field["fieldname"] for field in doctype["fields"]}
	for path_ in paths():
		place = form_field(path_)
		if place.doctype in own:
			assert place.fieldname in own[place.doctype], path_
		elif place.fieldname.startswith("zatca_"):
			assert (place.doctype, place.fieldname) in custom, path_
		if place.table.startswith("zatca_"):
			assert ("Sales Invoice", place.table) in custom


def test_the_adapters_own_table_agrees() -> None:
	"""Its module needs Frappe, so its table is read, not imported."""
	import ast

	from bayancore_erp.zatca.adapter import fields

	source = ROOT / "bayancore_erp" / "zatca" / "adapter" / "mapper" / "places.py"
	assigned = [
		node.value
		for node in ast.parse(source.read_text(encoding="utf-8")).body
		if isinstance(node, ast.AnnAssign)
		and isinstance(node.target, ast.Name)
		and node.target.id == "TABLE"
		and node.value
	]
	assert len(assigned) == 1
	table = eval(compile(ast.Expression(assigned[0]), str(source), "eval"), dict(vars(fields)))
	for path, (_, fieldname) in table.items():
		unnumbered = path.replace("[#]", "[]")
		assert nearest(unnumbered) == unnumbered, path
		assert form_field(unnumbered).fieldname == fieldname, path


def test_rows_are_counted_from_one() -> None:
	place = form_field("lines[2].vat.exemption_code")
	assert (place.doctype, place.table, place.row) == ("Sales Invoice Item", "items", 3)
	assert place.fieldname == "zatca_exemption_code"


@pytest.mark.parametrize("path", ["", "nothing", "lines[0].colour", "[0]", "a.b.c", "lines[[", "x" * 500])
def test_a_path_that_nobody_knows_leads_to_the_nearest_form(path: str) -> None:
	assert form_field(path).doctype


def test_codes_are_found_as_the_gateway_spells_them() -> None:
	assert find(" [br-ksa-17] ") == find("BR-KSA-17") is not None
	assert find("BR-KSA-777") is None
	assert fallback("BR-KSA-777").gravity is Gravity.UNKNOWN
