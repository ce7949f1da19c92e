"""Document discounts and charges, each resolved into VAT categories.

Takes what the invoice states; gives one figure per category, net of VAT, in the invoice's order. Whatever names its
category goes first, charges before discounts; the rest is spread over the categories by largest remainder.
Sources: XML Implementation Standard section 9.3; BR-KSA-EN16931-03; TAX.md section 1.
"""

from __future__ import annotations

from decimal import Decimal

from bayancore_erp.zatca.core.calculator.categories import Categories, Category
from bayancore_erp.zatca.core.calculator.checks import Problems
from bayancore_erp.zatca.core.calculator.figures import AllowanceChargeFigures
from bayancore_erp.zatca.core.calculator.lines import stated_amount
from bayancore_erp.zatca.core.calculator.percentage import may_show
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import AllowanceCharge
from bayancore_erp.zatca.core.money import ZERO, spread, total


def resolve(
	stated: tuple[AllowanceCharge, ...], categories: Categories, problems: Problems
) -> tuple[AllowanceChargeFigures, ...]:
	"""Put every discount and charge into its categories. What cannot be done is noted in `problems`."""
	order = sorted(range(len(stated)), key=lambda i: (stated[i].vat is None, not stated[i].is_charge, i))
	figures: list[AllowanceChargeFigures] = []
	for index in order:
		with problems.at(f"allowance_charges[{index}]"):
			one = stated[index]
			figures += (
				_spread(one, index, categories) if one.vat is None else [_named(one, index, categories)]
			)
	return tuple(sorted(figures, key=lambda figure: figure.source))


def _named(one: AllowanceCharge, index: int, categories: Categories) -> AllowanceChargeFigures:
	"""One that names its category: a discount's percentage is of that category's lines, a charge's of all lines."""
	assert one.vat is not None
	category = categories.of(one.vat)
	net = one.on_net and categories.inclusive
	of = list(categories) if one.is_charge else [category]
	base = total(each.lines_net if net else each.stated for each in of)
	amount = stated_amount(one.amount, one.percentage, base)
	held = category.base if net else category.gross
	if not one.is_charge and amount > held:
		raise _too_great(amount, held)
	return _figure(one, index, category, amount, net, total(each.lines_net for each in of))


def _spread(one: AllowanceCharge, index: int, categories: Categories) -> list[AllowanceChargeFigures]:
	"""One without category: over all of them by their lines, leaving out those it gives nothing to.

	A discount that would take more than a category still holds is spread by what they hold instead.
	"""
	net = one.on_net and categories.inclusive
	of = list(categories)
	weights = [category.lines_net if net else category.stated for category in of]
	amount = stated_amount(one.amount, one.percentage, total(weights))
	parts = spread(amount, weights)
	if not one.is_charge:
		held = [category.base if net else category.gross for category in of]
		if amount > total(held):
			raise _too_great(amount, total(held))
		if any(part > most for part, most in zip(parts, held, strict=True)):
			parts = spread(amount, held)
	taken = [(category, part) for category, part in zip(of, parts, strict=True) if part] or [
		(of[0], parts[0])
	]
	return [_figure(one, index, category, part, net, category.lines_net) for category, part in taken]


def _figure(
	one: AllowanceCharge, index: int, category: Category, amount: Decimal, net: bool, lines_net: Decimal
) -> AllowanceChargeFigures:
	added = category.add(amount, is_charge=one.is_charge, net=net)
	if category.base < ZERO:
		raise _too_great(amount, category.base + added)
	percentage = one.percentage
	shown = percentage is not None and may_show(lines_net, percentage, added)
	return AllowanceChargeFigures(
		amount=added,
		is_charge=one.is_charge,
		vat=one.vat or category.vat,
		reason=one.reason,
		reason_code=one.reason_code,
		source=index,
		base=lines_net if shown else None,
		percentage=percentage if shown else None,
	)


def _too_great(amount: Decimal, held: Decimal) -> InvalidInput:
	return InvalidInput(
		f"The discount of {amount} is greater than the {held} it is taken from.",
		field="amount",
		hint="Lower it: no total and no VAT category may become negative.",
	)
