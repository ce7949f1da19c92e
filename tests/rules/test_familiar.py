"""The short way for familiar documents gives the answers of the long way, and never accepts what is no XML."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import datetime
from decimal import localcontext
from pathlib import Path

import pytest

from bayancore_erp.zatca.cli.bench import sample_invoice, throwaway_identity, whole
from bayancore_erp.zatca.core.codes import TypeFlags
from bayancore_erp.zatca.core.money import EXACT
from bayancore_erp.zatca.core.rules import Finding, check, judge
from bayancore_erp.zatca.core.rules.facts import RIYADH

GOLDENS = sorted((Path(__file__).parents[1] / "golden").glob("*.xml"))
NOW = datetime(2026, 11, 21, 10, tzinfo=RIYADH)
TEXTS = [
	b"",
	b" ",
	b"-1",
	b"-0.00",
	b"NaN",
	b"1e3",
	b"5.",
	b"x",
	b"2026-13-01",
	b"&amp;",
	b"&",
	b"&foo;",
	b"&#0;",
]
TEXTS += [
	b"&#x41;",
	b"<!--c-->1.00",
	b"<![CDATA[S]]>",
	b"<?pi?>S",
	b"<a/>",
	b"]]>",
	b"E",
	b"381",
	b"USD",
	b"\xff",
]


def the_long_way(document: bytes) -> list[Finding]:
	with localcontext(EXACT):
		return judge._judge(document, None, NOW.date(), NOW)


def stamped() -> list[bytes]:
	"""A standard and a simplified document with their stamps."""
	invoice, identity = sample_invoice(2), throwaway_identity()
	simplified = replace(invoice, flags=TypeFlags(simplified=True), buyer=None, supply_date=None)
	return [whole(each, identity).xml for each in (invoice, simplified)]


def test_a_second_document_of_the_same_layout_gets_the_same_answer() -> None:
	for document in [path.read_bytes() for path in GOLDENS] + stamped():
		expected = the_long_way(document)
		assert check(document, now=NOW) == expected
		assert check(document, now=NOW) == expected


def test_changed_documents_of_a_familiar_layout_are_judged_the_same() -> None:
	documents = [path.read_bytes() for path in GOLDENS] + stamped()
	for document in documents:
		check(document, now=NOW)
	chance = random.Random(2611)
	for _ in range(600):
		document = chance.choice(documents)
		place = chance.choice(list(re.finditer(rb">([^<>]+)<", document)))
		changed = document[: place.start(1)] + chance.choice(TEXTS) + document[place.end(1) :]
		assert check(changed, now=NOW) == the_long_way(changed), changed[
			place.start() - 80 : place.end() + 20
		]


@pytest.mark.parametrize(
	"text", [b"a & b", b"&", b"&foo;", b"&amp", b"&#0;", b"&#1;", b"&#xD800;", b"&#99999999999;"]
)
def test_an_ampersand_that_is_no_xml_is_not_accepted(text: bytes) -> None:
	document = GOLDENS[0].read_bytes()
	check(document, now=NOW)
	broken = re.sub(rb"(<cbc:Name>)[^<]*", lambda found: found[1] + text, document)
	assert broken != document
	assert [finding.code for finding in check(broken, now=NOW)] == ["XML"]


@pytest.mark.parametrize("remark", [b"<!-- remark -->", b"<?pi remark?>"])
def test_remarks_within_the_stamp_change_nothing(remark: bytes) -> None:
	document = stamped()[0]
	remarked = document.replace(b"<ds:XPath>", remark + b"<ds:XPath>", 1)
	assert remarked != document
	assert check(remarked, now=NOW) == check(document, now=NOW)


@pytest.mark.parametrize(
	("removed", "code"),
	[
		(rb"</?cac:AccountingSupplierParty>", "XSD"),
		(rb"</?cac:(AccountingSupplierParty|Party|PostalAddress)>", "XSD"),
		(rb"<cac:AccountingSupplierParty>", "XML"),
	],
)
def test_a_known_section_in_a_wrong_place_is_a_finding(removed: bytes, code: str) -> None:
	document = stamped()[0]
	check(document, now=NOW)
	misplaced = re.sub(removed, b"", document)
	findings = check(misplaced, now=NOW)
	assert findings == the_long_way(misplaced) and code in {finding.code for finding in findings}
