"""What `check` takes, where it says a finding stands, and that no document makes it fail."""

from __future__ import annotations

from datetime import date, datetime
from decimal import getcontext
from time import process_time

import pytest
from lxml import etree
from paper import NOW, at, before, drop, judged, paper, say, twice

from bayancore_erp.zatca.core.rules import Layer, Severity, check
from bayancore_erp.zatca.core.rules.locate import FIELDS, Locator


def test_bytes_and_elements_are_judged_alike() -> None:
	root = paper()
	say(root, "cbc:UUID", "")
	assert check(root, now=NOW) == check(etree.tostring(root), now=NOW) != []
	assert check(etree.tostring(root, encoding="utf-16"), now=NOW) == check(root, now=NOW)


@pytest.mark.parametrize(
	"document",
	[
		b"",
		b"no xml",
		b"<Invoice>",
		b"\xff\xfe",
		b"<a b='1' b='2'/>",
		b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>',
	],
)
def test_what_is_no_xml_is_a_finding(document: bytes) -> None:
	findings = check(document)
	assert [(f.code, f.layer, f.severity) for f in findings] == [("XML", Layer.XSD, Severity.ERROR)]
	assert findings[0].en and findings[0].ar


def test_what_is_no_invoice_is_a_finding() -> None:
	assert [f.code for f in check(b"<other/>")] == ["XSD"]


def test_today_and_now_are_riyadhs() -> None:
	root = paper()
	late = datetime(2026, 11, 20, 22, 30)
	assert "BR-KSA-04" in {f.code for f in check(root, now=late)}
	assert "BR-KSA-04" not in {f.code for f in check(root, now=late, today=date(2026, 11, 21))}
	utc = NOW.astimezone(tz=None).replace(year=2026, month=11, day=20)
	assert check(root, now=NOW) == []
	assert "BR-KSA-04" in {f.code for f in check(root, now=utc)}


@pytest.mark.parametrize(
	("path", "text", "code", "where", "field", "values"),
	[
		(
			"cac:InvoiceLine[2]/cac:Item/cbc:Name",
			"777",
			"BR-KSA-F-C-01",
			"/Invoice/cac:InvoiceLine[2]/cac:Item/cbc:Name",
			"lines[1].name",
			{"line": "2", "found": "777"},
		),
		(
			"cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
			"230.01",
			"BR-CO-15",
			"/Invoice/cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
			"totals.tax_inclusive",
			{"expected": "230.00", "found": "230.01"},
		),
		(
			"cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cbc:PostalZone",
			"1",
			"BR-KSA-67",
			"/Invoice/cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cbc:PostalZone",
			"buyer.address.postal_code",
			{"found": "1"},
		),
		(
			"cbc:InvoiceTypeCode/@name",
			"0900000",
			"BR-KSA-06",
			"/Invoice/cbc:InvoiceTypeCode/@name",
			"flags",
			{"expected": "NNPNESB", "found": "0900000"},
		),
		(
			"cac:InvoiceLine[3]/cac:DocumentReference/cbc:DocumentTypeCode",
			"388",
			"BR-KSA-74",
			"/Invoice/cac:InvoiceLine[3]/cac:DocumentReference/cbc:DocumentTypeCode",
			"prepayments[0].invoice_number",
			{"line": "3", "expected": "386", "found": "388"},
		),
		(
			"cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxAmount",
			"29.95",
			"BR-CO-17",
			"/Invoice/cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxAmount",
			"breakdown[0].vat",
			{"expected": "30.00", "found": "29.95"},
		),
	],
)
def test_a_finding_says_where(
	path: str, text: str, code: str, where: str, field: str, values: dict[str, str]
) -> None:
	root = paper(advance=True)
	say(root, path, text)
	finding = next(f for f in judged(root) if f.code == code)
	assert (finding.at, finding.field, dict(finding.values)) == (where, field, values)
	assert finding.en and finding.ar


def test_the_documents_own_references_have_fields_of_their_own() -> None:
	root, locator = paper(), Locator()
	fields = [locator.place(node).field for node in root.findall("{*}AdditionalDocumentReference")]
	assert fields == ["icv", "pih"]
	assert [locator.place(node).field for node in root.findall("{*}TaxTotal")] == [
		"totals.vat_sar",
		"totals.vat",
	]


def test_line_allowances_are_counted_within_their_line() -> None:
	root = paper()
	allowance = (
		"<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
		'<cbc:Amount currencyID="SAR">{}</cbc:Amount></cac:AllowanceCharge>'
	)
	for amount in ("0.00", "0.005"):
		before(root, "cac:InvoiceLine[2]/cac:TaxTotal", allowance.format(amount))
	finding = next(f for f in judged(root) if f.code == "BR-DEC-27")
	assert finding.field == "lines[1].allowances[1].amount"


def test_every_field_of_the_table_is_a_path() -> None:
	assert all(field and not field.endswith(".") and " " not in field for field in FIELDS.values())


@pytest.mark.parametrize("figure", ["9" * 5000, "0." + "1" * 5000, "-" + "9" * 60, "0" * 3000 + "1"])
def test_figures_of_any_length_are_judged(figure: str) -> None:
	for path in ("cac:LegalMonetaryTotal/cbc:PayableAmount", "cac:InvoiceLine[1]/cac:Price/cbc:PriceAmount"):
		root = paper()
		say(root, path, figure)
		assert judged(root)


def test_an_amount_beyond_all_numbers_stops_the_sheet() -> None:
	root = paper()
	say(root, "cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxableAmount", "9" * 400)
	assert {"XSL"} <= {f.code for f in judged(root) if f.layer is Layer.EN}


def test_the_callers_arithmetic_is_left_alone() -> None:
	before_ = getcontext().prec
	judged(paper())
	assert getcontext().prec == before_


def test_judging_is_linear_in_lines() -> None:
	"""Ten times the lines, every one of them wrong, may cost some twenty times as much, not a hundred."""
	times = []
	for count in (60, 600):
		root = paper()
		for number in range(count):
			twice(root, "cac:InvoiceLine[1]")
			say(root, "cac:InvoiceLine[1]/cac:Item/cbc:Name", "1")
			say(root, "cac:InvoiceLine[1]/cbc:ID", str(number))
		document = etree.tostring(root)
		check(document, now=NOW)
		rounds = []
		for _again in range(3):
			began = process_time()
			assert len(check(document, now=NOW)) > count
			rounds.append(process_time() - began)
		times.append(min(rounds))
	assert times[1] < times[0] * 40


def test_all_problems_come_at_once() -> None:
	root = paper()
	say(root, "cbc:UUID", "")
	say(root, "cac:InvoiceLine[1]/cac:Item/cbc:Name", "")
	say(root, "cac:InvoiceLine[2]/cac:Item/cbc:Name", "")
	drop(root, "cac:Delivery")
	at(root, "cac:PaymentMeans/cbc:PaymentMeansCode").text = "69"
	found = judged(root)
	assert {"BR-KSA-03", "BR-25", "BR-KSA-15", "BR-KSA-16"} <= {f.code for f in found}
	assert [f.field for f in found if f.code == "BR-25"] == ["lines[0].name", "lines[1].name"]
