"""Decimal arithmetic as the law rounds: half-up, to two decimals, only on final results.

Takes and gives `Decimal`; never binary floating point. Source: XML Implementation Standard section 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from bayancore_erp.zatca.core.errors import InvalidInput

ZERO = Decimal("0")
NIL = Decimal("0.00")
HALALA = Decimal("0.01")
HUNDRED = Decimal(100)

# Figures have at most 28 digits and 20 places before the point (see to_decimal): sums and products stay exact in 80.
EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
MOST_DIGITS = 28
MOST_PLACES = 20


def round2(amount: Decimal) -> Decimal:
	"""`amount` to two decimals, half away from zero, never a negative zero."""
	return amount.quantize(HALALA, rounding=ROUND_HALF_UP, context=EXACT) or NIL


def to_decimal(value: object, *, field: str) -> Decimal:
	"""`value` (str, int or Decimal) as a finite Decimal.

	Raises InvalidInput for floats (they have already lost the figure), NaN, infinities and anything unreadable.
	"""
	if isinstance(value, Decimal):
		number = value
	elif isinstance(value, int) and not isinstance(value, bool):
		number = Decimal(value)
	elif isinstance(value, str):
		try:
			number = Decimal(value.strip())
		except InvalidOperation as error:
			raise InvalidInput(
				f"{value[:40]!r} is not a number.", field=field, hint="Write it like 1234.50."
			) from error
	else:
		raise InvalidInput(
			'A number must be written as text, like "1234.50", so that no digit is lost.', field=field
		)
	if not number.is_finite():
		raise InvalidInput(f"{value} is not a finite number.", field=field, hint="Write it like 1234.50.")
	if number and (abs(number.adjusted()) > MOST_PLACES or len(number.as_tuple().digits) > MOST_DIGITS):
		raise InvalidInput(
			"The number is beyond anything an invoice can hold.",
			field=field,
			hint=f"Use at most {MOST_DIGITS} digits.",
		)
	return number or ZERO


def total(amounts: Iterable[Decimal]) -> Decimal:
	"""The exact sum, `0.00` for none."""
	result = Decimal("0.00")
	for amount in amounts:
		result = EXACT.add(result, amount)
	return result


def percent(amount: Decimal, rate: Decimal) -> Decimal:
	"""`rate` per cent of `amount`, not rounded."""
	return EXACT.divide(EXACT.multiply(amount, rate), HUNDRED)


def plain(number: Decimal) -> str:
	"""`number` as XML wants it: no exponent, no trailing zeros after the point, no negative zero."""
	if not number:
		return "0"
	text = format(number, "f")
	return text.rstrip("0").rstrip(".") if "." in text else text


def amount_text(amount: Decimal) -> str:
	"""An amount of money with its two decimals."""
	return format(round2(amount), "f")


def spread(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
	"""`whole` (two decimals) over `weights` by largest remainder: the parts add up to `whole` exactly.

	Parts are proportional to the weights, each at most one halala from its exact share; ties go to the earlier part.
	With no weight at all the first part takes everything. Source: TAX.md section 1, decision 2.
	"""
	if not weights:
		return []
	base = sum(weights, ZERO)
	if not base:
		return [whole, *[Decimal("0.00")] * (len(weights) - 1)]
	exact = [EXACT.divide(EXACT.multiply(whole, weight), base) for weight in weights]
	parts = [share.quantize(HALALA, rounding=ROUND_DOWN, context=EXACT) for share in exact]
	left = int((whole - sum(parts, ZERO)) / HALALA)
	step = HALALA if left > 0 else -HALALA
	order = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - parts[i]), i))
	for index in order[: abs(left)]:
		parts[index] += step
	return parts
