"""The structure layer decides as the XML schemas do, says where and what, and never lets a rule see a broken document."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree
from paper import at, before, drop, judged, paper, say, twice

from bayancore_erp.zatca.core.rules import Layer
from bayancore_erp.zatca.core.rules.datatypes import TEXT_TYPES
from bayancore_erp.zatca.core.rules.model import data, parse_model
from bayancore_erp.zatca.core.rules.sections import Misfit
from bayancore_erp.zatca.core.rules.structure import problems, read

ROOT = Path(__file__).parents[2]

# Forms of each type, the odd ones that libxml2 takes or refuses among them.
FORMS = {
	"decimal": ["1", "+1", "-.5", "5.", " 1\n", "", ".", "1e3", "NaN", "1,5", "--1", "٣", "0" * 40],
	"date": [
		"2024-02-29",
		"2023-02-29",
		"2024-2-1",
		" 2024-01-01",
		"2024-01-01Z",
		"2024-01-01+14:01",
		"0000-01-01",
	],
	"time": [
		"10:00:00",
		" 10:00:00",
		"10:00:00 ",
		"24:00:00",
		"24:00:01",
		"10:00",
		"10:00:00.5Z",
		"23:59:60",
	],
	"dateTime": [
		"2024-01-01T10:00:00",
		"2024-01-01T10:00:00Z ",
		"2024-01-01T10:00:00 ",
		"2024-01-01",
		"0000-01-01T00:00:00",
	],
	"boolean": ["true", " false", "1", "TRUE", "", "yes"],
	"base64Binary": ["", "AA==", "AAE=", "AAB=", "A", "AA A=", "é", "====", "AAAA=", "AA==AA=="],
	"anyURI": [
		"",
		"a b",
		"%",
		"%20",
		"http://[::1]:5/",
		"http://a:b",
		"1:2",
		"#[",
		"a[",
		"http://a:2147483648",
		"urn:x:y",
	],
	"language": ["ar", "ar-SA", "", "englishlanguage", "en_US", " en "],
	"integer": ["1", "+01", "1.0", "", " 1 ", "-0"],
	"ID": ["a", "_a", "1a", "a b", "a:b", " a ", ""],
}


@pytest.mark.parametrize("kind", FORMS)
def test_text_types_are_libxml2s(kind: str) -> None:
	schema = etree.XMLSchema(
		etree.fromstring(
			f'<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:element name="a" type="s:{kind}"/></s:schema>'
		)
	)
	check, chance = TEXT_TYPES[kind], random.Random(kind)
	forms = list(FORMS[kind])
	for _ in range(300):
		letters = list(chance.choice(FORMS[kind]))
		letters.insert(chance.randrange(len(letters) + 1), chance.choice("0123456789-+:.TZ =Aa/[]#%@\n"))
		forms.append("".join(letters))
	for form in forms:
		element = etree.Element("a")
		element.text = form
		assert check is not None and bool(check(form)) == schema.validate(element), form


def test_a_content_model_is_read_as_it_is_written() -> None:
	model = parse_model("(cbc:ID|(cbc:Note cbc:UUID?)+)* any(not-ds,lax)?")
	assert model is not None and [type(item).__name__ for item in model.items] == ["Group", "Wildcard"]
	assert parse_model("") is None


def test_names_do_not_collide() -> None:
	"""Nodes go by bare names for cac and cbc, so no element may have a child of each with the same name."""
	for name, entry in data()["types"].items():
		children = set(re.findall(r"(cac|cbc):(\w+)", entry.get("model", "")))
		bare = [child for _, child in children]
		assert len(bare) == len(set(bare)), name


@pytest.mark.parametrize(
	("change", "at_", "field", "expected", "found"),
	[
		(lambda r: drop(r, "cbc:IssueDate"), "/Invoice/cbc:IssueDate", "issue_date", "cbc:IssueDate", ""),
		(
			lambda r: say(r, "cbc:IssueDate", "21/11/2026"),
			"/Invoice/cbc:IssueDate",
			"issue_date",
			"date",
			"21/11/2026",
		),
		(lambda r: twice(r, "cbc:UUID"), "/Invoice/cbc:UUID[2]", "uuid", "", "cbc:UUID"),
		(
			lambda r: say(r, "cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount", ""),
			"/Invoice/cac:InvoiceLine[2]/cac:Price/cbc:PriceAmount",
			"lines[1].unit_price",
			"decimal",
			"",
		),
		(
			lambda r: at(r, "cac:LegalMonetaryTotal/cbc:PayableAmount").attrib.pop("currencyID"),
			"/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID",
			"totals.payable",
			"@currencyID",
			"",
		),
		(
			lambda r: before(r, "cac:Delivery", "<cac:Nonsense/>"),
			"/Invoice/cac:Nonsense",
			"",
			"",
			"cac:Nonsense",
		),
		(lambda r: r.append(at(r, "cbc:ID")), "/Invoice/cbc:ID", "number", "", "cbc:ID"),
		(
			lambda r: say(r, "cac:AccountingSupplierParty/cac:Party", "stray"),
			"/Invoice/cac:AccountingSupplierParty/cac:Party",
			"seller",
			"",
			"stray",
		),
	],
)
def test_a_broken_structure_is_named(change: object, at_: str, field: str, expected: str, found: str) -> None:
	root = paper()
	change(root)  # type: ignore[operator]
	findings = judged(root)
	assert {finding.layer for finding in findings} == {Layer.XSD}
	first = findings[0]
	values = dict(first.values)
	assert (first.code, first.at, first.field) == ("XSD", at_, field)
	assert (values.get("expected", ""), values.get("found", "")) == (expected, found)


def test_remarks_do_not_count() -> None:
	root = paper()
	at(root, "cbc:ID").append(etree.Comment("a remark"))
	at(root, "cac:Delivery").insert(0, etree.ProcessingInstruction("editor", "fold"))
	assert judged(root) == []


def test_the_short_and_the_complete_way_agree(sdk: Path) -> None:
	"""`read` refuses a document exactly where `problems` finds one, and where the official schema does."""
	schema = etree.XMLSchema(etree.parse(str(next(sdk.rglob("UBL-Invoice-2.1.xsd")))))
	chance = random.Random(20)
	samples = [etree.parse(str(path)).getroot() for path in sorted((sdk / "Samples").rglob("*.xml"))]
	for _ in range(400):
		root = deepcopy(chance.choice(samples))
		for _ in range(chance.choice([1, 1, 2])):
			_damage(root, chance)
		try:
			read(root)
			ours = True
		except Misfit:
			ours = False
		assert ours == (next(problems(root), None) is None) == schema.validate(root), etree.tostring(root)


def _damage(root: etree._Element, chance: random.Random) -> None:
	element = chance.choice([e for e in root.iter() if e is not root])
	match chance.randrange(8):
		case 0:
			element.getparent().remove(element)
		case 1:
			element.addnext(deepcopy(element))
		case 2:
			element.text = chance.choice(["", " ", "x", "1", "-1", "2026-01-01", "10:00:00", "true", "AAA="])
		case 3:
			element.tail = chance.choice(["x", " ", "\u00a0"])
		case 4:
			element.set(
				chance.choice(["x", "Id", "currencyID", "Algorithm", "name", "mimeCode"]),
				chance.choice(["", "a", "%", "1"]),
			)
		case 5 if element.attrib:
			del element.attrib[chance.choice(list(element.attrib))]
		case 6 if element.getnext() is not None:
			element.getnext().addnext(element)
		case _:
			element.append(etree.Element(chance.choice([element.tag, "x", "{urn:y}z"])))


def test_the_derived_model_is_up_to_date(sdk: Path) -> None:
	script = ROOT / "scripts" / "derive_structure.py"
	done = subprocess.run(
		[sys.executable, script, "--check", sdk], capture_output=True, text=True, timeout=60
	)
	assert done.stdout.strip() == "up to date"
