"""The law's own rules: one lawful invoice of each kind, and for every rule one change that breaks just that rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.codes import NOTE_REASONS, DocumentType, TypeFlags, VatCategory
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import (
	Address,
	AllowanceCharge,
	Invoice,
	Line,
	LineAllowance,
	Note,
	Party,
	PartyId,
	Prepayment,
	Text,
	Vat,
)
from bayancore_erp.zatca.core.rules.finding import Finding, Layer, Severity
from bayancore_erp.zatca.core.rules.law import LAWS, Known, Original, check_law
from bayancore_erp.zatca.core.rules.law.notes import month_end_plus_15
from bayancore_erp.zatca.core.rules.sentences import known as has_sentence
from bayancore_erp.zatca.core.schema import from_json

SELLER = Party(
	"شركة التوريد المحدودة | Supply Ltd",
	"399999999900003",
	PartyId("CRN", "1010010000"),
	Address("شارع الأمير سلطان", "", "2322", "", "المربع", "الرياض", "", "23333"),
)
BUYER = replace(SELLER, name="شركة المشتري", vat_number="399999999800003", identification=None)
ABROAD = Party("مصنع فلوريدا | Florida Factory", address=Address("Main St 1", city="Miami", country="US"))
LINE = Line(Text("قرطاسية", "Stationery"), Decimal("2"), Decimal("50"))

STANDARD = Invoice(
	number="SINV-2026/00001",
	uuid="8e6000cf-1a98-4174-b3e7-b5d5954bc10d",
	issue_date=date(2026, 11, 10),
	issue_time=time(10, 0),
	seller=SELLER,
	buyer=BUYER,
	lines=(LINE, replace(LINE, name=Text("ورق"))),
	supply_date=date(2026, 10, 31),
)
SIMPLIFIED = replace(STANDARD, flags=TypeFlags(simplified=True), buyer=None)
NOTE = replace(
	STANDARD,
	number="CN-7",
	type_code=DocumentType.CREDIT_NOTE,
	reason=Text(NOTE_REASONS["return"].ar, NOTE_REASONS["return"].en),
	billing_references=("SINV-2026/00001",),
)
ORIGINAL = Original(
	"SINV-2026/00001", simplified=False, issue_date=date(2026, 11, 1), total=Decimal("230.00")
)
EXPORT = replace(
	STANDARD, flags=TypeFlags(export=True), buyer=ABROAD, lines=(replace(LINE, vat=Vat.of("VATEX-SA-32")),)
)
ADVANCE = Prepayment("ADV-1", date(2026, 10, 1), Decimal("100"), Vat())
FINAL = replace(STANDARD, prepayments=(ADVANCE,))
FINAL_KNOWN = Known(prepayment_invoices=frozenset({"ADV-1"}))


def found(invoice: Invoice, known: Known | None = None) -> list[Finding]:
	try:
		totals = calculate(invoice)
	except InvalidInput:
		totals = None
	return check_law(invoice, totals, known)


def with_line(invoice: Invoice, **changes: Any) -> Invoice:
	"""The invoice with its last line changed."""
	return replace(invoice, lines=(*invoice.lines[:-1], replace(invoice.lines[-1], **changes)))


def with_seller(**changes: Any) -> Invoice:
	return replace(STANDARD, seller=replace(SELLER, **changes))


def with_buyer(invoice: Invoice = STANDARD, **changes: Any) -> Invoice:
	return replace(invoice, buyer=replace(invoice.buyer or BUYER, **changes))


def discount(**changes: Any) -> AllowanceCharge:
	return replace(AllowanceCharge(Decimal("5"), vat=Vat(), reason=Text("خصم")), **changes)


USD: dict[str, Any] = {"currency": "USD", "sar_rate": Decimal("3.75")}
LAWFUL: dict[str, tuple[Invoice, Known | None]] = {
	"standard": (STANDARD, None),
	"simplified": (SIMPLIFIED, None),
	"simplified to a business below the limit": (
		replace(SIMPLIFIED, buyer=replace(BUYER, vat_number="", identification=PartyId("700", "7001234567"))),
		None,
	),
	"simplified to a consumer of any value": (
		replace(
			with_line(SIMPLIFIED, unit_price=Decimal("5000")),
			buyer=Party("فهد", "", PartyId("NAT", "1010010000")),
		),
		None,
	),
	"healthcare to a citizen on a standard invoice": (
		replace(
			STANDARD,
			buyer=replace(BUYER, vat_number="", identification=PartyId("NAT", "1023456789")),
			lines=(replace(LINE, vat=Vat.of("VATEX-SA-HEA")),),
		),
		None,
	),
	"credit note for all that is left": (NOTE, Known(originals=(ORIGINAL,), event_date=date(2026, 10, 2))),
	"credit note for one of several originals unknown": (
		replace(NOTE, billing_references=("SINV-2026/00001", "SINV-2026/00002")),
		Known(originals=(replace(ORIGINAL, total=Decimal("1")),)),
	),
	"credit note for an old supply at 5 %": (
		replace(with_line(NOTE, vat=Vat(rate=Decimal("5"))), supply_date=date(2020, 6, 30)),
		None,
	),
	"export": (EXPORT, None),
	"final invoice": (FINAL, FINAL_KNOWN),
	"nominal": (replace(SIMPLIFIED, flags=TypeFlags(simplified=True, nominal=True)), None),
	"free line with its price": (
		with_line(STANDARD, allowances=(LineAllowance(percentage=Decimal("100"), reason=Text("مجاني")),)),
		None,
	),
	"invoice on the last day": (replace(STANDARD, issue_date=date(2026, 11, 15)), None),
	"discount in the category of out of scope": (
		replace(
			with_line(STANDARD, vat=Vat(VatCategory.OUT_OF_SCOPE)),
			allowance_charges=(discount(vat=Vat(VatCategory.OUT_OF_SCOPE)),),
		),
		None,
	),
	"foreign currency": (replace(STANDARD, currency="USD", sar_rate=Decimal("3.75")), None),
	"VAT in riyals as the books round it": (replace(STANDARD, **USD, vat_sar=Decimal("112.61")), None),
	"VAT in riyals at a rate nobody stated": (
		replace(STANDARD, currency="USD", vat_sar=Decimal("112.50")),
		None,
	),
	"VAT in a currency too weak for a halala": (
		replace(STANDARD, currency="IRR", sar_rate=Decimal("0.00009"), vat_sar=Decimal("0")),
		None,
	),
	"mixed language remark": (
		replace(STANDARD, notes=(Note("شكراً"), Note("Thank you", "en"))),
		None,
	),
}

Broken = tuple[str, Invoice, "Known | None", str]

BROKEN: list[Broken] = [
	("LAW-ARABIC-SELLER", with_seller(name="Supply Ltd"), None, "seller.name"),
	("LAW-ARABIC-BUYER", with_buyer(name="Buyer Ltd"), None, "buyer.name"),
	("LAW-ARABIC-FOREIGN-BUYER", with_buyer(EXPORT, name="Florida Factory"), None, "buyer.name"),
	("LAW-ARABIC-ITEM", with_line(STANDARD, name=Text(en="Paper")), None, "lines[1].name"),
	(
		"LAW-ARABIC-ITEM",
		replace(FINAL, prepayments=(replace(ADVANCE, name=Text(en="Advance")),)),
		FINAL_KNOWN,
		"prepayments[0].name",
	),
	("LAW-ARABIC-NOTE-REASON", replace(NOTE, reason=Text(en=NOTE_REASONS["return"].en)), None, "reason"),
	(
		"LAW-ARABIC-DISCOUNT",
		with_line(STANDARD, allowances=(LineAllowance(Decimal("1"), reason=Text(en="Loyal")),)),
		None,
		"lines[1].allowances[0].reason",
	),
	(
		"LAW-ARABIC-DISCOUNT",
		replace(STANDARD, allowance_charges=(discount(reason=Text(en="Loyal")),)),
		None,
		"allowance_charges[0].reason",
	),
	(
		"LAW-ARABIC-EXEMPTION",
		with_line(STANDARD, vat=replace(Vat.of("VATEX-SA-35"), exemption_reason=Text(en="Medicines"))),
		None,
		"lines[1].vat.exemption_reason",
	),
	("LAW-ARABIC-REMARK", replace(STANDARD, notes=(Note("Thank you"),)), None, "notes[0].text"),
	("LAW-ARABIC-REMARK", with_line(STANDARD, note=Text(en="A4")), None, "lines[1].note"),
	("LAW-BUYER-MISSING", replace(STANDARD, buyer=None), None, "buyer"),
	(
		"LAW-BUYER-CONSUMER",
		with_buyer(vat_number="", identification=PartyId("IQA", "2010010000")),
		None,
		"flags",
	),
	(
		"LAW-SIMPLIFIED-LIMIT",
		replace(
			with_line(SIMPLIFIED, unit_price=Decimal("450")),
			buyer=replace(BUYER, vat_number="", identification=PartyId("CRN", "1010010000")),
		),
		None,
		"flags",
	),
	("LAW-SIMPLIFIED-VAT-NUMBER", replace(SIMPLIFIED, buyer=BUYER), None, "buyer.vat_number"),
	("LAW-EXPORT-VAT-NUMBER", with_buyer(EXPORT, vat_number="399999999800003"), None, "buyer.vat_number"),
	(
		"LAW-EXPORT-COUNTRY",
		with_buyer(EXPORT, address=replace(SELLER.address or Address())),
		None,
		"buyer.address.country",
	),
	("LAW-EXPORT-UNMARKED", replace(EXPORT, flags=TypeFlags()), None, "flags"),
	("LAW-SELF-BILLED", replace(STANDARD, flags=TypeFlags(self_billed=True)), None, "flags"),
	("LAW-SAME-TAXPAYER", with_buyer(vat_number="399999999910003"), None, "buyer.vat_number"),
	(
		"LAW-SAME-TAXPAYER",
		with_buyer(vat_number="", identification=PartyId("TIN", "3999999999")),
		None,
		"buyer.identification",
	),
	(
		"LAW-ONLY-OUT-OF-SCOPE",
		replace(STANDARD, lines=(replace(LINE, vat=Vat(VatCategory.OUT_OF_SCOPE)),)),
		None,
		"lines",
	),
	("LAW-NOTE-REASON", replace(NOTE, reason=Text("بدون سبب")), None, "reason"),
	("LAW-NOTE-REFERENCE", replace(NOTE, billing_references=(" ",)), None, "billing_references"),
	(
		"LAW-NOTE-OWN-REFERENCE",
		replace(NOTE, billing_references=("A", "CN-7")),
		None,
		"billing_references[1]",
	),
	("LAW-NOTE-KIND", NOTE, Known(originals=(replace(ORIGINAL, simplified=True),)), "flags"),
	("LAW-NOTE-CURRENCY", replace(NOTE, **USD), Known(originals=(ORIGINAL,)), "currency"),
	(
		"LAW-NOTE-RATE",
		replace(NOTE, **USD),
		Known(originals=(replace(ORIGINAL, currency="USD", sar_rate=Decimal("3.7512")),)),
		"sar_rate",
	),
	(
		"LAW-NOTE-DATE",
		NOTE,
		Known(originals=(replace(ORIGINAL, issue_date=date(2026, 11, 11)),)),
		"issue_date",
	),
	("LAW-NOTE-DEADLINE", NOTE, Known(event_date=date(2026, 9, 30)), "issue_date"),
	("LAW-NOTE-TOTAL", NOTE, Known(originals=(replace(ORIGINAL, credited=Decimal("0.01")),)), "lines"),
	("LAW-ISSUE-DEADLINE", replace(STANDARD, issue_date=date(2026, 11, 16)), None, "issue_date"),
	("LAW-SUPPLY-FUTURE", replace(STANDARD, supply_date=date(2026, 11, 11)), None, "supply_date"),
	("LAW-RATE-ENDED", with_line(STANDARD, vat=Vat(rate=Decimal("5"))), None, "lines[1].vat.rate"),
	("LAW-ADVANCE-PLACE", replace(FINAL, type_code=DocumentType.PREPAYMENT), FINAL_KNOWN, "prepayments[0]"),
	(
		"LAW-ADVANCE-ISSUED",
		FINAL,
		Known(prepayment_invoices=frozenset()),
		"prepayments[0].invoice_number",
	),
	(
		"LAW-ADVANCE-DATE",
		replace(FINAL, prepayments=(replace(ADVANCE, issue_date=date(2026, 11, 11)),)),
		FINAL_KNOWN,
		"prepayments[0].issue_date",
	),
	(
		"LAW-NOMINAL-VALUE",
		with_line(
			replace(SIMPLIFIED, flags=TypeFlags(simplified=True, nominal=True)), unit_price=Decimal("0")
		),
		None,
		"lines[1].unit_price",
	),
	(
		"LAW-FREE-ALL",
		replace(STANDARD, lines=(replace(LINE, unit_price=Decimal("0")),)),
		None,
		"flags",
	),
	("LAW-FREE-LINE", with_line(STANDARD, unit_price=Decimal("0")), None, "lines[1].unit_price"),
	(
		"LAW-EXEMPTION-MISSING",
		with_line(STANDARD, vat=Vat(VatCategory.ZERO)),
		None,
		"lines[1].vat.exemption_code",
	),
	(
		"LAW-EXEMPTION-MISFIT",
		with_line(STANDARD, vat=Vat(VatCategory.EXEMPT, exemption_code="VATEX-SA-35")),
		None,
		"lines[1].vat.exemption_code",
	),
	(
		"LAW-OUT-OF-SCOPE-DISCOUNT",
		replace(with_line(STANDARD, vat=Vat(VatCategory.OUT_OF_SCOPE)), allowance_charges=(discount(),)),
		None,
		"allowance_charges[0].vat",
	),
	("LAW-CURRENCY-RATE", replace(STANDARD, currency="EUR"), None, "sar_rate"),
	("LAW-CURRENCY-VAT", replace(STANDARD, currency="USD", vat_sar=Decimal("0")), None, "vat_sar"),
	("LAW-CURRENCY-VAT", replace(STANDARD, **USD, vat_sar=Decimal("1")), None, "vat_sar"),
	("LAW-CURRENCY-VAT", replace(STANDARD, **USD, vat_sar=Decimal("112.62")), None, "vat_sar"),
	("LAW-QR-NAME", with_seller(name="شركة " * 29), None, "seller.name"),
	("LAW-NUMBER", replace(STANDARD, number="SINV\u200f-1"), None, "number"),
	("LAW-NUMBER", replace(STANDARD, number=" SINV-1"), None, "number"),
]


@pytest.mark.parametrize("name", LAWFUL)
def test_a_lawful_document_raises_nothing(name: str) -> None:
	invoice, known = LAWFUL[name]
	assert calculate(invoice)
	assert found(invoice, known) == []


@pytest.mark.parametrize(
	("code", "invoice", "known", "field"), BROKEN, ids=[f"{b[0]}-{b[3]}" for b in BROKEN]
)
def test_one_change_breaks_one_rule(code: str, invoice: Invoice, known: Known | None, field: str) -> None:
	findings = found(invoice, known)
	assert [(f.code, f.field) for f in findings] == [(code, field)]
	(finding,) = findings
	assert finding.layer is Layer.LAW
	assert finding.severity is next(law.severity for law in LAWS if law.code == code)
	if field.startswith("lines["):
		assert ("line", "2") in finding.values
		assert finding.en.startswith("Line 2: ")


def test_every_rule_is_broken_by_some_test() -> None:
	assert {law.code for law in LAWS} == {code for code, *_ in BROKEN}


def test_every_rule_names_its_source_and_has_its_sentence() -> None:
	codes = [law.code for law in LAWS]
	assert len(codes) == len(set(codes))
	for law in LAWS:
		assert law.code.startswith("LAW-")
		assert has_sentence(law.code), law.code
		source = (law.check.__doc__ or "").lower()
		assert any(mark in source for mark in ("art.", "p. ", "section", "tax.md", "13.2.6", "standard")), (
			law.code
		)


def test_what_comes_late_is_owed_all_the_same() -> None:
	severities = {law.code: law.severity for law in LAWS}
	assert severities["LAW-ISSUE-DEADLINE"] is severities["LAW-NOTE-DEADLINE"] is Severity.WARNING


def test_all_breaches_come_at_once() -> None:
	invoice = replace(
		with_line(STANDARD, name=Text(en="Paper")), number="A\tB", seller=replace(SELLER, name="X Ltd")
	)
	assert [f.code for f in found(invoice)] == ["LAW-ARABIC-SELLER", "LAW-ARABIC-ITEM", "LAW-NUMBER"]


def test_a_remark_may_follow_the_reason() -> None:
	reason = Text(NOTE_REASONS["return"].ar + " - قطعة واحدة", "")
	assert found(replace(NOTE, reason=reason)) == []


def test_rules_of_amounts_keep_silent_without_totals() -> None:
	invoice = replace(with_line(SIMPLIFIED, unit_price=Decimal("5000")), buyer=replace(BUYER, vat_number=""))
	assert check_law(invoice, None) == []


@pytest.mark.parametrize(
	("event", "last"),
	[
		(date(2026, 1, 31), date(2026, 2, 15)),
		(date(2026, 12, 1), date(2027, 1, 15)),
		(date(2024, 2, 29), date(2024, 3, 15)),
		(date(9999, 12, 31), date.max),
	],
)
def test_the_last_day_is_the_fifteenth_of_the_next_month(event: date, last: date) -> None:
	assert month_end_plus_15(event) == last


def test_what_notes_never_check_on_invoices() -> None:
	check: Callable[[Invoice, Known], list[Finding]] = found
	assert (
		check(STANDARD, Known(originals=(replace(ORIGINAL, simplified=True),), event_date=date(2020, 1, 1)))
		== []
	)


def test_the_worked_examples_are_lawful(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "model"))
	from worked_examples import to_schema

	for example in json.loads((shared / "examples.json").read_text(encoding="utf-8")):
		invoice = from_json(to_schema(example))
		assert [f.code for f in found(invoice)] == [], example["id"]
