"""The one calculator: from what an invoice states to every amount it carries, as the law rounds.

Takes an `Invoice`; gives `Totals`, or InvalidInvoice with everything that cannot be said. Never reads a document,
never patches a total: VAT is round2(base x rate) per category, and what the customer pays at an inclusive price stays,
the unreachable halala going to BT-114.
Sources: XML Implementation Standard sections 9 and 10; ZATCA.md section 2; TAX.md section 1.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.calculator.allowances import resolve
from bayancore_erp.zatca.core.calculator.categories import Categories, Category
from bayancore_erp.zatca.core.calculator.checks import LARGEST, Problems, bounded, money, placed, positive
from bayancore_erp.zatca.core.calculator.figures import (
	AllowanceChargeFigures,
	Breakdown,
	LineAllowanceFigures,
	LineFigures,
	PrepaymentFigures,
	Totals,
)
from bayancore_erp.zatca.core.calculator.lines import StatedLine, settle_exclusive, settle_inclusive, state
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import InvalidInvoice, Invoice, Prepayment, Vat
from bayancore_erp.zatca.core.money import EXACT, NIL, percent, round2, spread, to_decimal, total

__all__ = [
	"AllowanceChargeFigures",
	"Breakdown",
	"LineAllowanceFigures",
	"LineFigures",
	"PrepaymentFigures",
	"Totals",
	"calculate",
]

# Cash is rounded to a riyal at most; more than that is a discount and has to be stated as one.
MOST_ROUNDING = Decimal("1.00")


def calculate(invoice: Invoice) -> Totals:
	"""Every amount of `invoice`, in its currency. Raises InvalidInvoice naming each field that forbids it."""
	problems = Problems()
	stated = _stated_lines(invoice, problems)
	numbers = _numbers(invoice, problems)
	prepayments = _prepayments(invoice, numbers[len(invoice.lines) :], problems)
	_raise(problems)

	categories = Categories(invoice.prices_include_vat)
	categories.take_lines(stated)
	allowance_charges = resolve(invoice.allowance_charges, categories, problems)
	_raise(problems)
	for deducted in prepayments:
		# Its line names a category, which then needs a breakdown, if of nothing (BR-S-01 and kin).
		if not categories.has(deducted.prepayment.vat.category):
			categories.of(deducted.prepayment.vat)

	lines = _settled_lines(invoice, stated, numbers[: len(stated)], categories)
	breakdown = tuple(_breakdown(category, lines, allowance_charges) for category in categories)
	line_net = total(line.net for line in lines)
	allowances = total(figure.amount for figure in allowance_charges if not figure.is_charge)
	charges = total(figure.amount for figure in allowance_charges if figure.is_charge)
	tax_exclusive = line_net - allowances + charges
	vat = total(each.tax for each in breakdown)
	tax_inclusive = tax_exclusive + vat
	prepaid = total(figure.taxable + figure.tax for figure in prepayments)
	owed = total(category.due for category in categories) if invoice.prices_include_vat else tax_inclusive
	payable = owed - prepaid
	vat_sar = payable
	with problems.at(""):
		bounded(tax_inclusive, "lines")
	with problems.at(""):
		payable = _rounded(invoice, payable)
	with problems.at(""):
		vat_sar = _vat_sar(invoice, vat)
	_raise(problems)
	return Totals(
		lines=lines,
		allowance_charges=allowance_charges,
		breakdown=breakdown,
		prepayments=prepayments,
		line_net=line_net,
		allowances=allowances,
		charges=charges,
		tax_exclusive=tax_exclusive,
		vat=vat,
		vat_sar=vat_sar,
		tax_inclusive=tax_inclusive,
		prepaid=prepaid,
		rounding=payable - (tax_inclusive - prepaid),
		payable=payable,
	)


def _raise(problems: Problems) -> None:
	if problems.found:
		raise InvalidInvoice(problems.found)


def _stated_lines(invoice: Invoice, problems: Problems) -> list[StatedLine]:
	if not invoice.lines:
		problems.found.append(InvalidInput("An invoice has at least one line.", field="lines", code="BR-16"))
	stated = []
	for index, line in enumerate(invoice.lines):
		try:
			stated.append(state(line))
		except InvalidInput as problem:
			problems.found.append(placed(problem, f"lines[{index}]"))
	return stated


def _numbers(invoice: Invoice, problems: Problems) -> list[str]:
	"""BT-126 of each line and each line that deducts an advance: as stated, otherwise the next that none has."""
	stated = [line.identifier.strip() for line in invoice.lines]
	taken: set[str] = set()
	for index, number in enumerate(stated):
		if number in taken:
			problems.found.append(
				InvalidInput(
					f"Another line has the identifier {number} already.", field=f"lines[{index}].identifier"
				)
			)
		elif number:
			taken.add(number)
	numbers, latest = [], 0
	for index, number in enumerate(stated + [""] * len(invoice.prepayments), start=1):
		if not number:
			latest = max(latest + 1, index)
			while str(latest) in taken:
				latest += 1
		numbers.append(number or str(latest))
	return numbers


def _settled_lines(
	invoice: Invoice, stated: list[StatedLine], numbers: list[str], categories: Categories
) -> tuple[LineFigures, ...]:
	if not invoice.prices_include_vat:
		return tuple(settle_exclusive(one, number) for one, number in zip(stated, numbers, strict=True))
	nets = [NIL] * len(stated)
	for category in categories:
		shares = spread(category.lines_net, [stated[index].after for index in category.lines])
		for index, share in zip(category.lines, shares, strict=True):
			nets[index] = share
	return tuple(
		settle_inclusive(one, number, net) for one, number, net in zip(stated, numbers, nets, strict=True)
	)


def _breakdown(
	category: Category, lines: tuple[LineFigures, ...], allowance_charges: tuple[AllowanceChargeFigures, ...]
) -> Breakdown:
	"""Base and VAT of one category, and every exemption in it by weight."""
	base = category.base
	exemptions: tuple[Vat, ...] = ()
	if category.vat.category is not VatCategory.STANDARD:
		weights: dict[tuple[str, str], Decimal] = {}
		first: dict[tuple[str, str], Vat] = {}
		weighed = [(lines[index].line.vat, lines[index].net) for index in category.lines]
		weighed += [
			(figure.vat, figure.amount)
			for figure in allowance_charges
			if figure.is_charge
			and (figure.vat.category, figure.vat.rate) == (category.vat.category, category.rate)
		]
		for vat, amount in weighed or [(category.vat, NIL)]:
			key = (vat.exemption_code, str(vat.reason))
			weights[key] = weights.get(key, NIL) + amount
			first.setdefault(key, vat)
		exemptions = tuple(first[key] for key in sorted(weights, key=lambda key: -weights[key]))
	return Breakdown(
		vat=exemptions[0] if exemptions else category.vat,
		taxable=base,
		tax=round2(percent(base, category.rate)),
		exemptions=exemptions,
	)


def _prepayments(invoice: Invoice, numbers: list[str], problems: Problems) -> tuple[PrepaymentFigures, ...]:
	figures = []
	for index, (prepayment, number) in enumerate(zip(invoice.prepayments, numbers, strict=True)):
		with problems.at(f"prepayments[{index}]"):
			figures.append(_prepayment(prepayment, number))
	return tuple(figures)


def _prepayment(prepayment: Prepayment, number: str) -> PrepaymentFigures:
	# An advance of nothing would leave a deduction line beside a BT-113 of zero (BR-KSA-80).
	taxable = bounded(positive(prepayment.taxable, "taxable"), "taxable")
	if prepayment.tax is not None:
		return PrepaymentFigures(prepayment, number, taxable, money(prepayment.tax, "tax"))
	return PrepaymentFigures(prepayment, number, taxable, round2(percent(taxable, prepayment.vat.rate)))


def _rounded(invoice: Invoice, payable: Decimal) -> Decimal:
	"""BT-115: what is left to pay, or what was agreed instead (cash rounding)."""
	if invoice.payable_rounded_to is None:
		return payable
	agreed = round2(to_decimal(invoice.payable_rounded_to, field="payable_rounded_to"))
	if abs(agreed - payable) > MOST_ROUNDING:
		raise InvalidInput(
			f"{agreed} is too far from the {payable} due to be rounding.",
			field="payable_rounded_to",
			hint="State a discount or a charge instead, so that VAT follows it.",
		)
	return agreed


def _vat_sar(invoice: Invoice, vat: Decimal) -> Decimal:
	"""BT-111 (BR-KSA-97: equal to BT-110 only in a document in SAR)."""
	stated = None if invoice.vat_sar is None else money(invoice.vat_sar, "vat_sar")
	if invoice.currency == "SAR":
		if stated is not None and stated != vat:
			raise InvalidInput(f"In SAR the VAT is {vat}, not {stated}.", field="vat_sar")
		if invoice.sar_rate is not None and to_decimal(invoice.sar_rate, field="sar_rate") != 1:
			raise InvalidInput("A document in SAR has no exchange rate.", field="sar_rate")
		return vat
	rate = None if invoice.sar_rate is None else positive(invoice.sar_rate, "sar_rate")
	if stated is not None:
		return stated
	if rate is None:
		raise InvalidInput(
			f"A document in {invoice.currency} needs SAMA's rate of the tax-due date.",
			field="sar_rate",
			hint="State the SAR for one unit of the currency, such as 3.75.",
		)
	amount = EXACT.multiply(vat, rate)
	if amount > LARGEST:
		raise InvalidInput("The VAT in SAR is beyond anything an invoice can hold.", field="sar_rate")
	return round2(amount)
