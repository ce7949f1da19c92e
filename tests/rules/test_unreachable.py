"""Every rule id of the official sheets is decided, or shown to be one that no document can break."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from bayancore_erp.zatca.cli.bench import sample_invoice
from bayancore_erp.zatca.cli.demo_documents import scenes
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.pipeline import RIYADH
from bayancore_erp.zatca.core.rules import Layer, check
from bayancore_erp.zatca.core.rules.judge import EN, KSA
from bayancore_erp.zatca.core.rules.unreachable import UNREACHABLE
from bayancore_erp.zatca.core.ubl import build_xml

DECIDED = {rule.code for sheet in (EN, KSA) for rule in sheet.rules()}
_AMOUNT = rb"\s*<cbc:Amount [^>]*>[^<]*</cbc:Amount>"
_CHARGE = (
	rb"(<cbc:ChargeIndicator>)(?:true|false)(</cbc:ChargeIndicator>(?:(?!</cac:AllowanceCharge>).)*?)"
	+ _AMOUNT
)

# What would break the rule, as a change to a document's text.
BREAKING: dict[str, tuple[bytes, bytes]] = {
	"BR-03": (rb"<cbc:IssueDate>[^<]*", rb"<cbc:IssueDate>"),
	"BR-15": (rb"<cbc:PayableAmount [^>]*>[^<]*</cbc:PayableAmount>", b""),
	"BR-16": (rb"<cac:InvoiceLine>.*</cac:InvoiceLine>", b""),
	"BR-24": (
		rb"(<cac:InvoiceLine>.*?)<cbc:LineExtensionAmount [^>]*>[^<]*</cbc:LineExtensionAmount>",
		rb"\1",
	),
	"BR-31": (_CHARGE, rb"\1false\2"),
	"BR-36": (_CHARGE, rb"\1true\2"),
	"BR-43": (rb"(<cac:InvoiceLine>.*?)" + _CHARGE, rb"\1\2true\3"),
	"BR-46": (rb"(</cbc:TaxableAmount>\s*)<cbc:TaxAmount [^>]*>[^<]*</cbc:TaxAmount>", rb"\1"),
	"BR-49": (rb"<cbc:PaymentMeansCode>[^<]*</cbc:PaymentMeansCode>", b""),
	"BR-KSA-F-02": (rb"(<cbc:ChargeIndicator>)(?:true|false)", rb"\1perhaps"),
	"BR-KSA-F-05": (rb"(<cac:DocumentReference>.*?<cbc:IssueTime>)[^<]*", rb"\1noon"),
}


def documents() -> list[bytes]:
	"""Unsigned documents with allowances, charges, line allowances and prepayments."""
	from datetime import datetime

	invoices = [scene.invoice for scene in scenes(datetime.now(RIYADH))]
	return [build_xml(i, calculate(i), START) for i in (*invoices, sample_invoice(1))]


@pytest.fixture(scope="module")
def valid() -> list[bytes]:
	"""Documents that the schema takes."""
	return documents()


def test_every_rule_id_is_accounted_for(shared: Path) -> None:
	with (shared / "zatca" / "rules.csv").open(encoding="utf-8") as file:
		official = {row["rule_id"] for row in csv.DictReader(file)}
	assert official == DECIDED | UNREACHABLE.keys()
	assert not DECIDED & UNREACHABLE.keys()


@pytest.mark.parametrize("code", BREAKING)
def test_schema_comes_first(valid: list[bytes], code: str) -> None:
	pattern, replacement = BREAKING[code]
	broken = [
		changed for xml in valid if (changed := re.sub(pattern, replacement, xml, count=1, flags=re.S)) != xml
	]
	assert broken, "the change applies to none of the documents"
	for xml in broken:
		assert {finding.layer for finding in check(xml)} == {Layer.XSD}


def test_line_allowance_is_never_asked_for_decimals(valid: list[bytes], oracle: Any) -> None:
	place = rb"(<cac:InvoiceLine>.*?<cac:AllowanceCharge>.*?<cbc:BaseAmount [^>]*>[^<]*)(</cbc:BaseAmount>)"
	broken = [
		changed
		for xml in valid
		if (changed := re.sub(place, rb"\g<1>001\2", xml, count=1, flags=re.S)) != xml
	]
	assert broken
	for xml in broken:
		codes = {finding["code"] for finding in oracle.judge(xml, stamp=False)["errors"]}
		codes |= {finding["code"] for finding in oracle.judge(xml, stamp=False)["warnings"]}
		assert not codes & {"BR-41", "BR-DEC-24", "BR-DEC-25"}
