"""The VAT categories of a document while it is added up: one per distinct (category, rate).

Takes stated lines, and the discounts and charges that `allowances` puts into them; gives each category's base.
A document whose prices include VAT keeps its running gross, from which every net is a difference of rounded figures.
Sources: XML Implementation Standard section 9.6; TAX.md section 1, decision 2 (base = round2(gross / 1.15)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bayancore_erp.zatca.core.calculator.checks import per_cent
from bayancore_erp.zatca.core.calculator.lines import StatedLine, inclusive_divisor
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.invoice import Vat
from bayancore_erp.zatca.core.money import EXACT, NIL, percent, round2


@dataclass(slots=True)
class Category:
	"""One (category, rate) while the document is being added up."""

	vat: Vat
	rate: Decimal
	inclusive: bool
	stated: Decimal = NIL
	"""Sum of its lines in the document's own terms."""
	gross: Decimal = NIL
	"""`stated` with the document's discounts and charges so far."""
	on_net: Decimal = NIL
	"""Discounts and charges stated net of VAT in a VAT-inclusive document, signed."""
	on_net_with_vat: Decimal = NIL
	lines: list[int] = field(default_factory=list)

	def net_of(self, stated: Decimal) -> Decimal:
		"""An amount in the document's own terms, net of VAT."""
		return round2(EXACT.divide(stated, inclusive_divisor(self.rate))) if self.inclusive else stated

	@property
	def base(self) -> Decimal:
		"""BT-116 so far."""
		return self.net_of(self.gross) + self.on_net

	@property
	def lines_net(self) -> Decimal:
		"""The sum of its lines' BT-131."""
		return self.net_of(self.stated)

	@property
	def due(self) -> Decimal:
		"""What the customer owes for it, VAT included, where the document's prices include VAT."""
		return self.gross + self.on_net_with_vat

	def add(self, amount: Decimal, *, is_charge: bool, net: bool) -> Decimal:
		"""Take `amount` in, stated `net` of VAT or in the document's terms; gives it net of VAT."""
		sign = 1 if is_charge else -1
		before = self.base
		if net:
			self.on_net += sign * amount
			self.on_net_with_vat += sign * round2(EXACT.add(amount, percent(amount, self.rate)))
		else:
			self.gross += sign * amount
		return abs(self.base - before)


class Categories:
	"""All categories of a document, in the order in which they appear."""

	def __init__(self, inclusive: bool) -> None:
		self.inclusive = inclusive
		self._by_key: dict[tuple[VatCategory, Decimal], Category] = {}
		self._by_identity: dict[int, Category] = {}

	def __iter__(self) -> Iterator[Category]:
		return iter(self._by_key.values())

	def has(self, category: VatCategory) -> bool:
		"""Whether anything is in `category`, at whichever rate."""
		return any(known is category for known, _ in self._by_key)

	def of(self, vat: Vat) -> Category:
		"""The category that `vat` falls into, new where it is the first."""
		# Hashing an enum and a Decimal per line costs more than the arithmetic; lines mostly share their Vat.
		found = self._by_identity.get(id(vat))
		if found is None:
			rate = per_cent(vat.rate, "vat.rate")
			found = self._by_key.setdefault((vat.category, rate), Category(vat, rate, self.inclusive))
			self._by_identity[id(vat)] = found
		return found

	def take_lines(self, lines: list[StatedLine]) -> None:
		"""Add up the lines."""
		for index, stated in enumerate(lines):
			category = self.of(stated.line.vat)
			category.stated += stated.after
			category.lines.append(index)
		for category in self:
			category.gross = category.stated
