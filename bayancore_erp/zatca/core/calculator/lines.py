"""One line: from the price list to net, VAT and total.

Takes a line as stated; gives its amounts. In a document whose prices include VAT the net amounts are settled only
once the whole category is known, so that the work has two steps: `state` and `settle_*`.
Sources: XML Implementation Standard sections 9.4, 10; BR-KSA-EN16931-07, -11; BR-KSA-50, -51.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from bayancore_erp.zatca.core.calculator.checks import (
	bounded,
	money,
	not_negative,
	per_cent,
	placed,
	positive,
)
from bayancore_erp.zatca.core.calculator.figures import LineAllowanceFigures, LineFigures
from bayancore_erp.zatca.core.calculator.percentage import may_show
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Line, LineAllowance
from bayancore_erp.zatca.core.money import EXACT, HUNDRED, NIL, ZERO, percent, round2

# Ten places keep quantity x price within a thousandth up to quantities of a million; larger ones get more.
PRICE_PLACES = 10


@dataclass(slots=True)
class StatedLine:
	"""A line in the terms it was stated in, VAT included or not."""

	line: Line
	quantity: Decimal
	price: Decimal
	discount: Decimal
	base_quantity: Decimal | None
	rate: Decimal
	before: Decimal
	"""Quantity x price, before allowances and charges."""
	allowances: tuple[Decimal, ...]
	after: Decimal


def state(line: Line) -> StatedLine:
	"""Check a line and compute it in its own terms. Raises InvalidInput with the field."""
	quantity = positive(line.quantity, "quantity")
	price = not_negative(line.unit_price, "unit_price")
	discount = not_negative(line.price_discount, "price_discount")
	if discount > price:
		raise InvalidInput("The price discount is greater than the price.", field="price_discount")
	rate = per_cent(line.vat.rate, "vat.rate")
	exact = EXACT.multiply(quantity, EXACT.subtract(price, discount) if discount else price)
	base_quantity = None
	if line.price_base_quantity is not None:
		base_quantity = positive(line.price_base_quantity, "price_base_quantity")
		exact = EXACT.divide(exact, base_quantity)
	before = bounded(exact, "unit_price")
	if not line.allowances:
		return StatedLine(line, quantity, price, discount, base_quantity, rate, before, (), before)
	amounts, after = [], before
	for index, allowance in enumerate(line.allowances):
		amount = _stated_amount(allowance, before, index)
		amounts.append(amount)
		after += amount if allowance.is_charge else -amount
	if after < ZERO:
		raise InvalidInput(
			f"The allowances take more than the line's {before}.",
			field="allowances",
			hint="A line cannot be negative: lower the discount.",
		)
	after = bounded(after, "allowances")
	return StatedLine(line, quantity, price, discount, base_quantity, rate, before, tuple(amounts), after)


def _stated_amount(allowance: LineAllowance, before: Decimal, index: int) -> Decimal:
	try:
		return stated_amount(allowance.amount, allowance.percentage, before)
	except InvalidInput as problem:
		raise placed(problem, f"allowances[{index}]") from problem


def stated_amount(amount: Decimal | None, percentage: Decimal | None, base: Decimal) -> Decimal:
	"""An allowance's amount: as stated, or its percentage of `base`. Raises InvalidInput where neither is stated."""
	rate = None if percentage is None else per_cent(percentage, "percentage")
	if amount is not None:
		return money(amount, "amount")
	if rate is None:
		raise InvalidInput("An allowance or charge needs an amount or a percentage.", field="amount")
	return round2(percent(base, rate))


def settle_exclusive(stated: StatedLine, number: str) -> LineFigures:
	"""The amounts of a line whose price excludes VAT."""
	net, discount = stated.after, stated.discount
	vat = round2(percent(net, stated.rate))
	return LineFigures(
		line=stated.line,
		number=number,
		unit_price=EXACT.subtract(stated.price, discount) if discount else stated.price,
		net=net,
		vat=vat,
		with_vat=net + vat,
		gross_price=stated.price if discount else None,
		price_discount=discount if discount else None,
		allowances=_allowance_figures(stated, stated.allowances, stated.before) if stated.allowances else (),
	)


def settle_inclusive(stated: StatedLine, number: str, net: Decimal) -> LineFigures:
	"""The amounts of a line whose price includes VAT and whose share of its category's base is `net`."""
	line = stated.line
	divisor = inclusive_divisor(stated.rate)
	amounts, before = stated.allowances, net
	if amounts:
		amounts = net_steps(
			stated.before, [(a.is_charge, x) for a, x in zip(line.allowances, amounts, strict=True)], divisor
		)
		for allowance, amount in zip(line.allowances, amounts, strict=True):
			before += -amount if allowance.is_charge else amount
	if before and not stated.before:
		# The halala by which the spread departs from this line alone is its charge's: it has no price to carry it.
		before, amounts = NIL, _corrected(line.allowances, amounts, before)
	places = PRICE_PLACES + max(0, stated.quantity.adjusted() - 5)
	if before:
		whole = before if stated.base_quantity is None else EXACT.multiply(before, stated.base_quantity)
		unit_price = _to_places(EXACT.divide(whole, stated.quantity), places)
	else:
		unit_price = _to_places(EXACT.divide(EXACT.subtract(stated.price, stated.discount), divisor), places)
	gross_price = price_discount = None
	if stated.discount:
		price_discount = _to_places(EXACT.divide(stated.discount, divisor), places)
		gross_price = EXACT.add(unit_price, price_discount)
	return LineFigures(
		line=line,
		number=number,
		unit_price=unit_price,
		net=net,
		vat=stated.after - net,
		with_vat=stated.after,
		gross_price=gross_price,
		price_discount=price_discount,
		allowances=_allowance_figures(stated, amounts, before) if amounts else (),
	)


def inclusive_divisor(rate: Decimal) -> Decimal:
	"""What a VAT-inclusive amount is divided by: 1.15 at 15 %."""
	return EXACT.add(1, EXACT.divide(rate, HUNDRED))


def _to_places(number: Decimal, places: int) -> Decimal:
	"""`number` with at most `places` decimals."""
	exponent = number.as_tuple().exponent
	if isinstance(exponent, int) and exponent >= -places:
		return number
	return number.quantize(Decimal((0, (1,), -places)), rounding=ROUND_HALF_UP, context=EXACT)


def net_steps(start: Decimal, steps: list[tuple[bool, Decimal]], divisor: Decimal) -> tuple[Decimal, ...]:
	"""The net amounts of VAT-inclusive charges (True) and allowances, one after the other, from `start`.

	Each is the difference of two rounded nets, so that together they are exact and none has the wrong sign.
	"""
	amounts, gross, net = [], start, round2(EXACT.divide(start, divisor))
	for is_charge, amount in steps:
		gross = gross + amount if is_charge else gross - amount
		now = round2(EXACT.divide(gross, divisor))
		amounts.append(now - net if is_charge else net - now)
		net = now
	return tuple(amounts)


def _corrected(
	allowances: tuple[LineAllowance, ...], amounts: tuple[Decimal, ...], difference: Decimal
) -> tuple[Decimal, ...]:
	"""`amounts` with the greatest charge changed by `difference`."""
	charges = [index for index, allowance in enumerate(allowances) if allowance.is_charge]
	greatest = max(charges, key=lambda index: amounts[index])
	return tuple(amount + difference if index == greatest else amount for index, amount in enumerate(amounts))


def _allowance_figures(
	stated: StatedLine, amounts: tuple[Decimal, ...], base: Decimal
) -> tuple[LineAllowanceFigures, ...]:
	figures = []
	for allowance, amount in zip(stated.line.allowances, amounts, strict=True):
		percentage = allowance.percentage
		shown = percentage is not None and may_show(base, percentage, amount)
		figures.append(
			LineAllowanceFigures(
				amount=amount,
				is_charge=allowance.is_charge,
				reason=allowance.reason,
				reason_code=allowance.reason_code,
				base=base if shown else None,
				percentage=percentage if shown else None,
			)
		)
	return tuple(figures)
