"""What a figure must be before it enters the arithmetic, and how a problem names its place.

Takes the model's values as given; gives Decimals, or InvalidInput with the field. Never repairs an amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.money import HUNDRED, ZERO, round2, to_decimal

# The official sheets compute in doubles: beyond 15 significant digits they no longer see a halala.
LARGEST = Decimal("9999999999999.99")


class Problems:
	"""Collects InvalidInput per field, so that one run reports all of them."""

	def __init__(self) -> None:
		self.found: list[InvalidInput] = []

	@contextmanager
	def at(self, place: str) -> Iterator[None]:
		"""Note what is raised inside, its field prefixed with `place`."""
		try:
			yield
		except InvalidInput as problem:
			self.found.append(placed(problem, place))


def placed(problem: InvalidInput, place: str) -> InvalidInput:
	"""`problem` with its field under `place`."""
	field = f"{place}.{problem.field}" if place and problem.field else place or problem.field
	return InvalidInput(problem.message, code=problem.code, hint=problem.hint, field=field)


def not_negative(value: object, field: str) -> Decimal:
	"""`value` as a Decimal of zero or more. Raises InvalidInput (BR-KSA-F-04)."""
	if isinstance(value, str):
		raise InvalidInput("A figure of the model is a Decimal, not text.", field=field)
	number = to_decimal(value, field=field)
	if number < ZERO:
		raise InvalidInput(
			"Amounts and quantities are never negative.",
			field=field,
			hint="Use a discount, or a credit note, which gives back by its type.",
		)
	return number


def positive(value: object, field: str) -> Decimal:
	"""`value` as a Decimal above zero. Raises InvalidInput."""
	number = not_negative(value, field)
	if not number:
		raise InvalidInput("The figure must be above zero.", field=field)
	return number


def money(value: object, field: str) -> Decimal:
	"""`value` as an amount of two decimals. Raises InvalidInput where negative or beyond what the rules can compute."""
	return bounded(not_negative(value, field), field)


def bounded(amount: Decimal, field: str) -> Decimal:
	"""`amount` at two decimals. Raises InvalidInput beyond `LARGEST`."""
	if amount > LARGEST:
		raise InvalidInput(f"An amount cannot exceed {LARGEST}.", field=field)
	return round2(amount)


def per_cent(value: object, field: str) -> Decimal:
	"""`value` as a percentage from 0 to 100. Raises InvalidInput (BR-KSA-DEC-01)."""
	number = not_negative(value, field)
	if number > HUNDRED:
		raise InvalidInput("A percentage lies between 0 and 100.", field=field, hint="Write 15 for 15 %.")
	return number
