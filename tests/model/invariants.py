"""What must hold of any invoice's amounts, said independently of the calculator, in exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.invoice import Invoice, LineAllowance

CENT = Fraction(1, 100)


def half_up(value: Fraction) -> Fraction:
	"""To two decimals, half away from zero."""
	sign = -1 if value < 0 else 1
	return sign * Fraction(int(abs(value) * 100 + Fraction(1, 2)), 100)


def part_of(allowance: LineAllowance, base: Fraction) -> Fraction:
	"""A line allowance in the line's own terms."""
	if allowance.amount is not None:
		return half_up(Fraction(allowance.amount))
	assert allowance.percentage is not None
	return half_up(base * Fraction(allowance.percentage) / 100)


def stated_lines(invoice: Invoice) -> list[Fraction]:
	"""What each line costs in the invoice's own terms, its discounts and charges included."""
	found = []
	for line in invoice.lines:
		price = Fraction(line.unit_price) - Fraction(line.price_discount)
		base = half_up(Fraction(line.quantity) * price / Fraction(line.price_base_quantity or 1))
		worth = base
		for allowance in line.allowances:
			part = part_of(allowance, base)
			worth += part if allowance.is_charge else -part
		found.append(worth)
	return found


def gross_of(invoice: Invoice) -> Fraction | None:
	"""What a VAT-inclusive invoice asks of the customer; None where a figure net of VAT has a say in it."""
	if any(each.on_net for each in invoice.allowance_charges):
		return None
	lines = stated_lines(invoice)
	gross = sum(lines, Fraction())
	for each in invoice.allowance_charges:
		if each.amount is not None:
			part = half_up(Fraction(each.amount))
		else:
			assert each.percentage is not None
			of = [
				worth
				for worth, line in zip(lines, invoice.lines, strict=True)
				if each.vat is None
				or each.is_charge
				or (line.vat.category, line.vat.rate) == (each.vat.category, each.vat.rate)
			]
			part = half_up(sum(of, Fraction()) * Fraction(each.percentage) / 100)
		gross += part if each.is_charge else -part
	return gross


def check(invoice: Invoice, totals: Totals) -> None:
	"""Assert every arithmetic relation of the Standard (section 9) and the promise of inclusive prices."""
	for figures in totals.lines:
		line = figures.line
		worth = (
			Fraction(line.quantity) * Fraction(figures.unit_price) / Fraction(line.price_base_quantity or 1)
		)
		expected = worth + Fraction(figures.charge) - Fraction(figures.allowance)
		assert abs(Fraction(figures.net) - expected) <= CENT, (line, figures)
		assert figures.with_vat == figures.net + figures.vat
		assert min(figures.net, figures.vat, figures.unit_price) >= 0
		if figures.gross_price is not None and figures.price_discount is not None:
			assert figures.gross_price - figures.price_discount == figures.unit_price
		if not invoice.prices_include_vat:
			assert Fraction(figures.vat) == half_up(Fraction(figures.net) * Fraction(line.vat.rate) / 100)
		for each in figures.allowances:
			assert each.amount >= 0 and (each.base is None) == (each.percentage is None)
	for each in totals.breakdown:
		own = (each.vat.category, each.vat.rate)
		base = sum(
			(line.net for line in totals.lines if (line.line.vat.category, line.line.vat.rate) == own),
			Decimal(),
		)
		for figure in totals.allowance_charges:
			if (figure.vat.category, figure.vat.rate) == own:
				base += figure.amount if figure.is_charge else -figure.amount
		assert each.taxable == base >= 0
		assert Fraction(each.tax) == half_up(Fraction(each.taxable) * Fraction(each.vat.rate) / 100)
	charges = [figure.amount for figure in totals.allowance_charges if figure.is_charge]
	discounts = [figure.amount for figure in totals.allowance_charges if not figure.is_charge]
	assert min(charges + discounts, default=0) >= 0
	assert totals.line_net == sum(line.net for line in totals.lines)
	assert totals.charges == sum(charges) and totals.allowances == sum(discounts)
	assert totals.tax_exclusive == totals.line_net - totals.allowances + totals.charges
	assert totals.tax_exclusive == sum(each.taxable for each in totals.breakdown)
	assert totals.vat == sum(each.tax for each in totals.breakdown)
	assert totals.tax_inclusive == totals.tax_exclusive + totals.vat
	assert totals.prepaid == sum(each.taxable + each.tax for each in totals.prepayments)
	assert totals.payable == totals.tax_inclusive - totals.prepaid + totals.rounding
	if invoice.payable_rounded_to is not None:
		assert totals.payable == invoice.payable_rounded_to
	elif not invoice.prices_include_vat:
		assert totals.rounding == 0
	else:
		gross = gross_of(invoice)
		if gross is not None:
			assert Fraction(totals.payable + totals.prepaid) == gross, "the customer pays the inclusive price"
		assert abs(totals.rounding) <= Decimal("0.01") * (
			len(totals.breakdown) + len(totals.allowance_charges)
		)
