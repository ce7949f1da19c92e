"""The calculator at its edges: what it refuses and where it says so, and amounts that are easily got wrong."""

from __future__ import annotations

import dataclasses
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.invoice import (
	AllowanceCharge,
	InvalidInvoice,
	Invoice,
	Line,
	LineAllowance,
	Party,
	Prepayment,
	Text,
	Vat,
)

D = Decimal
MEDICINE, EXPORT, LOAN = Vat.of("VATEX-SA-35"), Vat.of("VATEX-SA-32"), Vat.of("VATEX-SA-29")


def line(price: str = "100", quantity: str = "1", **more: Any) -> Line:
	"""A valid line."""
	return Line(Text("صنف"), D(quantity), D(price), **more)


def invoice(*lines: Line, **more: Any) -> Invoice:
	"""A valid invoice."""
	return Invoice("1", "u", date(2026, 10, 5), time(9), Party(), lines or (line(),), **more)


def discount(amount: str | None = None, percentage: str | None = None, **more: Any) -> AllowanceCharge:
	"""A document discount."""
	return AllowanceCharge(amount and D(amount), percentage and D(percentage), **more)  # type: ignore[arg-type]


def test_the_builder_is_valid() -> None:
	assert calculate(invoice()).payable == D("115.00")


REFUSED: list[tuple[Invoice, str]] = [
	(invoice(line("-1")), "lines[0].unit_price"),
	(invoice(line("NaN")), "lines[0].unit_price"),
	(invoice(line("Infinity")), "lines[0].unit_price"),
	(invoice(dataclasses.replace(line(), unit_price=1.5)), "lines[0].unit_price"),  # type: ignore[arg-type]
	(invoice(dataclasses.replace(line(), unit_price="1.5")), "lines[0].unit_price"),  # type: ignore[arg-type]
	(invoice(dataclasses.replace(line(), quantity=True)), "lines[0].quantity"),
	(invoice(line(quantity="-1")), "lines[0].quantity"),
	(invoice(line(quantity="0")), "lines[0].quantity"),
	(invoice(line("1e21")), "lines[0].unit_price"),
	(invoice(line("0." + "1" * 29)), "lines[0].unit_price"),
	(invoice(line("9999999999", "9999999999")), "lines[0].unit_price"),
	(invoice(*[line("9999999999999")] * 2), "lines"),
	(invoice(line(price_discount=D("100.01"))), "lines[0].price_discount"),
	(invoice(line(price_discount=D("-1"))), "lines[0].price_discount"),
	(invoice(line(price_base_quantity=D(0))), "lines[0].price_base_quantity"),
	(invoice(line(vat=Vat(VatCategory.STANDARD, D("101")))), "lines[0].vat.rate"),
	(invoice(line(allowances=(LineAllowance(D("100.01")),))), "lines[0].allowances"),
	(invoice(line(allowances=(LineAllowance(D("-1")),))), "lines[0].allowances[0].amount"),
	(invoice(line(allowances=(LineAllowance(),))), "lines[0].allowances[0].amount"),
	(invoice(line(allowances=(LineAllowance(None, D("100.5")),))), "lines[0].allowances[0].percentage"),
	(invoice(allowance_charges=(discount("100.01"),)), "allowance_charges[0].amount"),
	(invoice(allowance_charges=(discount(),)), "allowance_charges[0].amount"),
	(invoice(allowance_charges=(discount("-5"),)), "allowance_charges[0].amount"),
	(invoice(allowance_charges=(discount(percentage="101"),)), "allowance_charges[0].percentage"),
	(invoice(allowance_charges=(discount("1", vat=MEDICINE),)), "allowance_charges[0].amount"),
	(invoice(allowance_charges=(discount("60"), discount("60"))), "allowance_charges[1].amount"),
	# 45 and 50 percent of ten halalas, each half a halala rounded up
	(
		invoice(
			line("0.10"),
			prices_include_vat=True,
			allowance_charges=(discount(percentage="45"), discount(percentage="50", on_net=True)),
		),
		"allowance_charges[1].amount",
	),
	(
		invoice(prices_include_vat=True, allowance_charges=(discount("100.01"),)),
		"allowance_charges[0].amount",
	),
	(
		invoice(prices_include_vat=True, allowance_charges=(discount("86.97", on_net=True),)),
		"allowance_charges[0].amount",
	),
	(invoice(prepayments=(Prepayment("A", date(2026, 1, 1), D("0")),)), "prepayments[0].taxable"),
	(invoice(prepayments=(Prepayment("A", date(2026, 1, 1), D("1"), tax=D("-1")),)), "prepayments[0].tax"),
	(invoice(payable_rounded_to=D("117")), "payable_rounded_to"),
	(invoice(currency="USD"), "sar_rate"),
	(invoice(currency="USD", sar_rate=D(0)), "sar_rate"),
	(invoice(sar_rate=D("3.75")), "sar_rate"),
	(invoice(vat_sar=D("14.99")), "vat_sar"),
	(dataclasses.replace(invoice(), lines=()), "lines"),
]


@pytest.mark.parametrize(
	("given", "field"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused_with_its_field(given: Invoice, field: str) -> None:
	with pytest.raises(InvalidInvoice) as raised:
		calculate(given)
	assert [problem.field for problem in raised.value.problems] == [field]
	assert raised.value.message and raised.value.field == field


def test_all_problems_at_once() -> None:
	with pytest.raises(InvalidInvoice) as raised:
		calculate(
			invoice(line("-1"), line(), line(quantity="0"), prepayments=(Prepayment("A", date.min, D(0)),))
		)
	fields = [problem.field for problem in raised.value.problems]
	assert fields == ["lines[0].unit_price", "lines[2].quantity", "prepayments[0].taxable"]


def test_negative_zero_is_zero() -> None:
	totals = calculate(invoice(line(), line("-0.00"), allowance_charges=(discount("-0"),)))
	assert totals.payable == D("115.00")
	assert not totals.lines[1].unit_price.is_signed() and not totals.allowances.is_signed()


def amounts(totals: Totals) -> list[tuple[str, str, str]]:
	"""The breakdown as text."""
	return [(each.vat.category.value, str(each.taxable), str(each.tax)) for each in totals.breakdown]


def test_a_whole_document_discounted() -> None:
	for inclusive in (False, True):
		given = invoice(
			line(),
			line(vat=MEDICINE),
			prices_include_vat=inclusive,
			allowance_charges=(discount(percentage="100"),),
		)
		totals = calculate(given)
		assert amounts(totals) == [("S", "0.00", "0.00"), ("Z", "0.00", "0.00")]
		assert totals.payable == 0


def test_discount_of_one_category_then_the_rest_by_what_is_left() -> None:
	given = invoice(line(), line(vat=MEDICINE), allowance_charges=(discount("50"), discount("80", vat=Vat())))
	totals = calculate(given)
	assert [(figure.source, str(figure.amount)) for figure in totals.allowance_charges] == [
		(0, "8.33"),
		(0, "41.67"),
		(1, "80.00"),
	]
	assert amounts(totals) == [("S", "11.67", "1.75"), ("Z", "58.33", "0.00")]


def test_percentages_are_of_their_own_lines_for_a_discount_and_of_all_for_a_charge() -> None:
	charge = AllowanceCharge(percentage=D(10), is_charge=True, vat=Vat())
	given = invoice(
		line(), line("300", vat=MEDICINE), allowance_charges=(discount(percentage="10", vat=Vat()), charge)
	)
	totals = calculate(given)
	shown = [(str(f.amount), str(f.base), str(f.percentage)) for f in totals.allowance_charges]
	assert shown == [("10.00", "100.00", "10"), ("40.00", "400.00", "10")]


def test_a_percentage_is_shown_only_where_the_sheet_would_agree() -> None:
	# 50 % of 32.91 is 16.455: half-up 16.46, but the sheet, computing in binary, gets 16.45 (BR-KSA-EN16931-03).
	half = LineAllowance(percentage=D(50))
	(figures,) = calculate(invoice(line("32.91", allowances=(half,)))).lines[0].allowances
	assert (figures.amount, figures.base, figures.percentage) == (D("16.46"), None, None)
	(figures,) = calculate(invoice(line("32.93", allowances=(half,)))).lines[0].allowances
	assert (figures.amount, figures.base, figures.percentage) == (D("16.47"), D("32.93"), D(50))
	# BR-KSA-DEC-01 allows two decimals.
	(figures,) = (
		calculate(invoice(line(allowances=(LineAllowance(percentage=D("12.345")),)))).lines[0].allowances
	)
	assert (figures.amount, figures.percentage) == (D("12.35"), None)


def test_two_exemptions_of_one_category_share_a_breakdown() -> None:
	totals = calculate(invoice(line("10", vat=MEDICINE), line("20", vat=EXPORT), line("5", vat=LOAN)))
	assert amounts(totals) == [("Z", "30.00", "0.00"), ("E", "5.00", "0.00")]
	zero = totals.breakdown[0]
	assert zero.vat.exemption_code == "VATEX-SA-32"
	assert (
		zero.reason.startswith("Export of goods | ") and "Medicines and medical equipment | " in zero.reason
	)


def test_two_rates_of_one_category_stay_apart() -> None:
	old = Vat(VatCategory.STANDARD, D("5"))
	assert amounts(calculate(invoice(line(), line(vat=old)))) == [
		("S", "100.00", "15.00"),
		("S", "100.00", "5.00"),
	]


def test_an_advance_in_a_category_of_its_own_gets_a_breakdown_of_nothing() -> None:
	advance = Prepayment("A", date(2026, 1, 1), D("10"), Vat())
	totals = calculate(invoice(line(vat=MEDICINE), prepayments=(advance,)))
	assert amounts(totals) == [("Z", "100.00", "0.00"), ("S", "0.00", "0.00")]
	assert (totals.prepaid, totals.payable) == (D("11.50"), D("88.50"))


def test_an_advance_above_the_invoice_leaves_a_negative_amount_due() -> None:
	totals = calculate(invoice(prepayments=(Prepayment("A", date(2026, 1, 1), D("200")),)))
	assert totals.payable == D("-115.00")


def test_line_numbers_of_advances_avoid_those_given() -> None:
	advance = Prepayment("A", date(2026, 1, 1), D("10"))
	totals = calculate(invoice(line(identifier="2"), prepayments=(advance, advance)))
	assert [figure.number for figure in totals.prepayments] == ["3", "4"]


def test_line_numbers_that_are_not_stated_avoid_those_that_are() -> None:
	advance = Prepayment("A", date(2026, 1, 1), D("10"))
	given = [line(identifier=each) for each in ("2", "", " ", "A ", "")]
	totals = calculate(invoice(*given, prepayments=(advance,)))
	assert [figures.number for figures in totals.lines] == ["2", "3", "4", "A", "5"]
	assert [figures.number for figures in totals.prepayments] == ["6"]
	plain = calculate(invoice(line(), line(identifier="1"), line()))
	assert [figures.number for figures in plain.lines] == ["2", "1", "3"]


def test_a_line_number_stands_once() -> None:
	with pytest.raises(InvalidInvoice) as told:
		calculate(invoice(line(identifier="7"), line(identifier="8"), line(identifier=" 7")))
	assert [problem.field for problem in told.value.problems] == ["lines[2].identifier"]


def test_price_discount_is_exact_for_any_digits() -> None:
	given = line("12345678901.1234567890123", price_discount=D("0.00000000000000000001"))
	(figures,) = calculate(invoice(given)).lines
	assert figures.gross_price is not None and figures.price_discount is not None
	assert str(figures.unit_price) == "12345678901.12345678901229999999"


def test_inclusive_price_of_a_tiny_quantity_and_of_a_huge_one() -> None:
	for price, quantity in (("1000000000000", "0.00000000000000000001"), ("0.000001", "1000000000000")):
		(figures,) = calculate(invoice(line(price, quantity), prices_include_vat=True)).lines
		assert abs(D(quantity) * figures.unit_price - figures.net) < D("0.005")
		assert figures.with_vat == (D(price) * D(quantity)).quantize(D("0.01"))


def test_a_free_item_with_a_charge_keeps_its_price_of_nothing() -> None:
	for price, shares in (("0.05", ["0.05", "0.04", "0.04"]), ("0.09", ["0.08", "0.08", "0.07"])):
		packed = line("0", allowances=(LineAllowance(D(price), is_charge=True),))
		totals = calculate(invoice(packed, packed, packed, prices_include_vat=True))
		assert [str(figures.net) for figures in totals.lines] == shares
		assert [str(figures.charge) for figures in totals.lines] == shares
		assert all(figures.unit_price == 0 for figures in totals.lines)


def test_net_discount_in_an_inclusive_document() -> None:
	given = invoice(line("115"), prices_include_vat=True, allowance_charges=(discount("10", on_net=True),))
	totals = calculate(given)
	assert (totals.allowances, totals.payable, totals.rounding) == (D("10.00"), D("103.50"), D("0.00"))
	gross = dataclasses.replace(given, allowance_charges=(discount("11.50"),))
	assert calculate(gross).payable == D("103.50") and calculate(gross).allowances == D("10.00")


def test_sar_vat_stated_by_the_books() -> None:
	assert calculate(invoice(currency="USD", vat_sar=D("56.24"), sar_rate=D("3.75"))).vat_sar == D("56.24")
	assert calculate(invoice(currency="USD", sar_rate=D("3.75"))).vat_sar == D("56.25")


def test_vat_says_its_rate_and_reason() -> None:
	assert Vat(VatCategory.ZERO).rate == 0 and Vat().rate == 15
	assert Vat(VatCategory.ZERO, D("15")).rate == 15, "a stated rate stays, for the rules to report"
	assert Vat.of("O").exemption_code == "VATEX-SA-OOS"
	assert str(MEDICINE.reason) == "Medicines and medical equipment | الأدوية والمعدات الطبية"


def test_wordings_in_two_languages() -> None:
	assert Text.of("قلم | Pen") == Text("قلم", "Pen")
	assert str(Text.of("Pen| قلم")) == "Pen | قلم"
	assert Text.of("A | B") == Text(en="A | B") and Text.of("شركة ABC | فرع") == Text(ar="شركة ABC | فرع")
