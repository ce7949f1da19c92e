"""What an invoice says, read for printing: plain values, each as it stands in the XML.

No arithmetic and no formatting: `reader` fills these from the document, `wording` and `sheet` make a page of them.
Amounts are Decimals with the digits of the XML; None where the XML has no such element. BT-/KSA- numbers as in
the data dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bayancore_erp.zatca.core.codes import DocumentType, TypeFlags
from bayancore_erp.zatca.core.invoice import Text

UNSAID = Text()


@dataclass(frozen=True, slots=True)
class Place:
	"""A postal address (BG-5, BG-8); `country` is the ISO code."""

	street: Text
	additional_street: Text
	building_number: str
	additional_number: str
	district: Text
	city: Text
	postal_code: str
	province: Text
	country: str


@dataclass(frozen=True, slots=True)
class Person:
	"""Seller (BG-4) or buyer (BG-7)."""

	name: Text
	vat_number: str
	scheme: str
	identifier: str
	place: Place
	contact: tuple[str, ...] = ()
	"""Name, telephone, e-mail, remark."""


@dataclass(frozen=True, slots=True)
class Taxed:
	"""A VAT category with its rate and, where VAT is not charged, the reason (BT-118 … BT-121 and kin)."""

	category: str
	rate: Decimal | None
	reason_code: str = ""
	reason: Text = UNSAID


@dataclass(frozen=True, slots=True)
class Adjustment:
	"""An allowance or charge of a document (BG-20, BG-21) or a line (BG-27, BG-28)."""

	is_charge: bool
	amount: Decimal
	percentage: Decimal | None
	base: Decimal | None
	reason: Text
	taxed: Taxed | None


@dataclass(frozen=True, slots=True)
class Item:
	"""A line that sells something (BG-25)."""

	identifier: str
	name: Text
	note: Text
	seller_item_id: str
	buyer_item_id: str
	standard_item_id: str
	quantity: Decimal
	unit: str
	net_price: Decimal
	gross_price: Decimal | None
	price_discount: Decimal | None
	base_quantity: Decimal | None
	base_unit: str
	adjustments: tuple[Adjustment, ...]
	net: Decimal
	taxed: Taxed
	vat: Decimal | None
	total: Decimal | None


@dataclass(frozen=True, slots=True)
class Advance:
	"""One deduction of a prepayment in one VAT category (KSA-26 … KSA-34)."""

	name: Text
	number: str
	uuid: str
	date: str
	time: str
	taxable: Decimal
	vat: Decimal
	taxed: Taxed


@dataclass(frozen=True, slots=True)
class Subtotal:
	"""One row of the VAT breakdown (BG-23)."""

	taxable: Decimal
	vat: Decimal
	taxed: Taxed


@dataclass(frozen=True, slots=True)
class Rate:
	"""The exchange rate of the VAT (KSA-36 … KSA-39): `rate` units of `target` for one of `source`."""

	source: str
	target: str
	rate: Decimal
	date: str


@dataclass(frozen=True, slots=True)
class Payment:
	"""BG-16, with the reason of a note (KSA-10) that UBL keeps in the same place."""

	means_code: str
	reasons: tuple[Text, ...]
	terms: Text
	account: str


@dataclass(frozen=True, slots=True)
class Totals:
	"""BG-22 and the two VAT totals (BT-110, BT-111)."""

	lines: Decimal | None
	allowances: Decimal | None
	charges: Decimal | None
	without_vat: Decimal | None
	vat: Decimal | None
	vat_sar: Decimal | None
	vat_currency: str
	with_vat: Decimal | None
	prepaid: Decimal | None
	rounding: Decimal | None
	payable: Decimal | None


@dataclass(frozen=True, slots=True)
class Reference:
	"""An original that a note corrects (BT-25, BT-26)."""

	number: str
	date: str


@dataclass(frozen=True, slots=True)
class Document:
	"""A whole invoice or note."""

	number: str
	uuid: str
	issue_date: str
	issue_time: str
	issued: datetime
	"""The two above as a moment in Riyadh."""
	type: DocumentType
	flags: TypeFlags
	currency: str
	counter: str
	notes: tuple[Text, ...]
	purchase_order: str
	contract: str
	references: tuple[Reference, ...]
	seller: Person
	buyer: Person | None
	supply_date: str
	supply_end_date: str
	payments: tuple[Payment, ...]
	terms: tuple[Text, ...]
	adjustments: tuple[Adjustment, ...]
	totals: Totals
	breakdown: tuple[Subtotal, ...]
	rate: Rate | None
	items: tuple[Item, ...]
	advances: tuple[Advance, ...]
	qr: str
	"""KSA-14, the base64 text of the QR; empty before stamping or clearance."""
