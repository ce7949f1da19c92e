"""The amounts of a document, resolved: what `calculate` gives and everything after it reads.

All amounts carry two decimals and the document's currency, `vat_sar` excepted. Values only; no arithmetic.
BT-/KSA- numbers: XML Implementation Standard section 8, data dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bayancore_erp.zatca.core.invoice import Line, Prepayment, Text, Vat


@dataclass(frozen=True, slots=True)
class LineAllowanceFigures:
	"""One allowance (BG-27) or charge (BG-28) of a line."""

	amount: Decimal
	"""BT-136 / BT-141, net of VAT."""
	is_charge: bool
	reason: Text
	reason_code: str
	base: Decimal | None = None
	"""BT-137 / BT-142; given together with `percentage`, or neither."""
	percentage: Decimal | None = None
	"""BT-138 / BT-143; only where amount = base x percentage holds exactly (BR-KSA-EN16931-03)."""


@dataclass(frozen=True, slots=True)
class LineFigures:
	"""The amounts of one line."""

	line: Line
	number: str
	"""BT-126."""
	unit_price: Decimal
	"""BT-146, net of VAT and price discount; as many digits as it needs."""
	net: Decimal
	"""BT-131."""
	vat: Decimal
	"""KSA-11."""
	with_vat: Decimal
	"""KSA-12."""
	gross_price: Decimal | None = None
	"""BT-148, the price before its discount, net of VAT; absent without a discount."""
	price_discount: Decimal | None = None
	"""BT-147, net of VAT."""
	allowances: tuple[LineAllowanceFigures, ...] = ()

	@property
	def allowance(self) -> Decimal:
		"""The sum of BT-136."""
		return sum((a.amount for a in self.allowances if not a.is_charge), Decimal("0.00"))

	@property
	def charge(self) -> Decimal:
		"""The sum of BT-141."""
		return sum((a.amount for a in self.allowances if a.is_charge), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class AllowanceChargeFigures:
	"""One document discount (BG-20) or charge (BG-21), in one VAT category."""

	amount: Decimal
	"""BT-92 / BT-99, net of VAT."""
	is_charge: bool
	vat: Vat
	reason: Text
	reason_code: str
	source: int
	"""Its place in the invoice's `allowance_charges`."""
	base: Decimal | None = None
	"""BT-93 / BT-100; given together with `percentage`, or neither."""
	percentage: Decimal | None = None
	"""BT-94 / BT-101."""


@dataclass(frozen=True, slots=True)
class Breakdown:
	"""One VAT category at one rate (BG-23)."""

	vat: Vat
	"""Category, rate, and the exemption that most of the amount falls under."""
	taxable: Decimal
	"""BT-116."""
	tax: Decimal
	"""BT-117 = round2(BT-116 x rate)."""
	exemptions: tuple[Vat, ...] = ()
	"""Every exemption in it, largest amount first. The Standard allows one breakdown a category and rate (section 9.6)
	with one code, so that further reasons can stand in the reason text only."""

	@property
	def reason(self) -> str:
		"""BT-120: the reasons of all exemptions in the breakdown."""
		return "; ".join(dict.fromkeys(str(vat.reason) for vat in self.exemptions if vat.reason))


@dataclass(frozen=True, slots=True)
class PrepaymentFigures:
	"""One deducted advance in one VAT category."""

	prepayment: Prepayment
	number: str
	"""BT-126 of its line."""
	taxable: Decimal
	"""KSA-31."""
	tax: Decimal
	"""KSA-32."""


@dataclass(frozen=True, slots=True)
class Totals:
	"""Every amount of the document."""

	lines: tuple[LineFigures, ...]
	allowance_charges: tuple[AllowanceChargeFigures, ...]
	breakdown: tuple[Breakdown, ...]
	prepayments: tuple[PrepaymentFigures, ...]
	line_net: Decimal
	"""BT-106."""
	allowances: Decimal
	"""BT-107."""
	charges: Decimal
	"""BT-108."""
	tax_exclusive: Decimal
	"""BT-109."""
	vat: Decimal
	"""BT-110."""
	vat_sar: Decimal
	"""BT-111, in SAR."""
	tax_inclusive: Decimal
	"""BT-112."""
	prepaid: Decimal
	"""BT-113."""
	rounding: Decimal
	"""BT-114."""
	payable: Decimal
	"""BT-115."""
