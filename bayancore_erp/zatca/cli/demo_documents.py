"""The documents of `bayancore-zatca demo`: a small trading company's week, every kind of document once.

Gives `Invoice` values dated at the moment given; sends and signs nothing. All parties are invented, with ZATCA's own
test numbers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bayancore_erp.zatca.core.codes import EXEMPTIONS, NOTE_REASONS, DocumentType, TypeFlags
from bayancore_erp.zatca.core.invoice import (
	Address,
	AllowanceCharge,
	Invoice,
	Line,
	LineAllowance,
	Party,
	PartyId,
	Payment,
	Prepayment,
	Text,
	Vat,
)

SELLER = Party(
	name="شركة بيان التجارية المحدودة | Bayan Trading Company Ltd",
	vat_number="399999999900003",
	identification=PartyId("CRN", "1010010000"),
	address=Address(
		street="طريق الملك فهد | King Fahd Road",
		building_number="2322",
		district="العليا | Al Olaya",
		city="الرياض | Riyadh",
		postal_code="12214",
	),
)

BUYER = Party(
	name="شركة نماذج فاتورة المحدودة | Fatoora Samples Ltd",
	vat_number="399999999800003",
	identification=PartyId("CRN", "4030204050"),
	address=Address(
		street="شارع صلاح الدين | Salah Al-Din Street",
		building_number="1111",
		district="المروج | Al Murooj",
		city="الرياض | Riyadh",
		postal_code="12222",
	),
)

GOVERNMENT = Party(
	name="بلدية المثال | Example Municipality",
	identification=PartyId("700", "7018240935"),
	address=Address(
		street="شارع البلدية | Municipality Street",
		building_number="4455",
		district="المركز | Al Markaz",
		city="بريدة | Buraydah",
		postal_code="52361",
	),
)

ABROAD = Party(
	name="شركة الخليج للمعادن | Gulf Metals Inc.",
	identification=PartyId("OTH", "US741829305"),
	address=Address(street="100 Harbor Drive", city="Houston", postal_code="77002", country="US"),
)


def exempt(code: str) -> Vat:
	"""How something with the exemption `code` is taxed, with the code's own reason text."""
	category, reason = EXEMPTIONS[code]
	return Vat(category, Decimal(0), code, Text(ar=reason.ar, en=reason.en))


def reason(key: str) -> Text:
	"""One of the law's five reasons for a note."""
	return Text(ar=NOTE_REASONS[key].ar, en=NOTE_REASONS[key].en)


def line(ar: str, en: str, quantity: str, price: str, vat: Vat | None = None, **more: object) -> Line:
	"""A line from plain figures."""
	return Line(Text(ar, en), Decimal(quantity), Decimal(price), vat or Vat(), **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Scene:
	"""One document of the demo and what happens to it on its way."""

	title: str
	invoice: Invoice
	trouble: str = ""
	"""Empty, "outage" (gateway down for a while), "dropped" (accepted, answer lost), or "rejected"."""


def scenes(now: datetime) -> Iterator[Scene]:
	"""The documents in the order in which they are issued; `now` is the time in Riyadh."""
	clock = Clock(now)

	def standard(number: str, *lines: Line, **more: object) -> Invoice:
		return clock.invoice(number, lines, buyer=BUYER, supply_date=clock.today, **more)

	def simplified(number: str, *lines: Line, **more: object) -> Invoice:
		return clock.invoice(number, lines, flags=TypeFlags(simplified=True), **more)

	laptop = line("حاسوب محمول", "Laptop", "2", "3499.00")
	first = standard(
		"SINV-2026-00101",
		laptop,
		line("شاشة", "Monitor", "2", "899.50", price_discount=Decimal("49.50")),
		line(
			"تركيب وتهيئة",
			"Installation and set-up",
			"3.5",
			"180.00",
			unit="HUR",
			allowances=(
				LineAllowance(
					percentage=Decimal(10), reason=Text("خصم عميل دائم", "Loyal customer"), reason_code="95"
				),
			),
		),
		payment=Payment("30"),
	)
	yield Scene("Standard invoice with discounts on price and line", first)
	yield Scene(
		"Standard credit note: one laptop returned",
		standard(
			"SINV-2026-00102",
			replace(laptop, quantity=Decimal(1)),
			type_code=DocumentType.CREDIT_NOTE,
			billing_references=(first.number,),
			reason=reason("return"),
		),
	)
	yield Scene(
		"Standard debit note: price agreed higher",
		standard(
			"SINV-2026-00103",
			line("تعديل سعر الشاشة", "Monitor price adjustment", "2", "25.00"),
			type_code=DocumentType.DEBIT_NOTE,
			billing_references=(first.number,),
			reason=reason("value"),
		),
	)
	shop = simplified(
		"POS-2026-00001",
		line("قميص قطني", "Cotton shirt", "2", "450.00"),
		line("حزام جلدي", "Leather belt", "1", "100.00"),
		prices_include_vat=True,
	)
	yield Scene("Simplified invoice, SAR 1,000.00 with VAT included", shop)
	yield Scene(
		"Simplified credit note: the belt returned",
		simplified(
			"POS-2026-00002",
			line("حزام جلدي", "Leather belt", "1", "100.00"),
			prices_include_vat=True,
			type_code=DocumentType.CREDIT_NOTE,
			billing_references=(shop.number,),
			reason=reason("return"),
		),
	)
	yield Scene(
		"Simplified debit note: gift wrapping added",
		simplified(
			"POS-2026-00003",
			line("تغليف هدية", "Gift wrapping", "1", "11.50"),
			prices_include_vat=True,
			type_code=DocumentType.DEBIT_NOTE,
			billing_references=(shop.number,),
			reason=reason("value"),
		),
	)
	medicine = exempt("VATEX-SA-35")
	advance = standard(
		"SINV-2026-00104",
		line("دفعة مقدمة: أثاث مكتبي", "Advance: office furniture", "1", "5000.00"),
		line("دفعة مقدمة: معدات طبية", "Advance: medical equipment", "1", "2000.00", medicine),
		type_code=DocumentType.PREPAYMENT,
	)
	yield Scene("Prepayment invoice over two VAT categories", advance)
	yield Scene(
		"Final invoice deducting that advance",
		standard(
			"SINV-2026-00105",
			line("أثاث مكتبي", "Office furniture", "4", "3000.00"),
			line("معدات طبية", "Medical equipment", "1", "3000.00", medicine),
			prepayments=(
				Prepayment(
					advance.number, advance.issue_date, Decimal("5000.00"), issue_time=advance.issue_time
				),
				Prepayment(
					advance.number,
					advance.issue_date,
					Decimal("2000.00"),
					medicine,
					issue_time=advance.issue_time,
				),
			),
		),
	)
	yield Scene(
		"Export in US dollars, zero-rated",
		clock.invoice(
			"SINV-2026-00106",
			(line("حديد تسليح", "Reinforcing steel", "12.5", "840.00", exempt("VATEX-SA-32"), unit="TNE"),),
			flags=TypeFlags(export=True),
			buyer=ABROAD,
			supply_date=clock.today,
			currency="USD",
			sar_rate=Decimal("3.75"),
		),
	)
	yield Scene(
		"Zero-rated medicine beside taxable goods, 10 % off the whole",
		standard(
			"SINV-2026-00107",
			line("جهاز ضغط", "Blood pressure monitor", "1", "333.33"),
			line("دواء", "Medicine", "1", "166.67", medicine),
			allowance_charges=(
				AllowanceCharge(
					percentage=Decimal(10), reason=Text("خصم موسمي", "Seasonal discount"), reason_code="95"
				),
			),
		),
	)
	yield Scene(
		"Exempt loan profit with a taxable commission",
		standard(
			"SINV-2026-00108",
			line("عمولة إدارية", "Commission", "1", "6250.00"),
			line("ربح التمويل", "Loan profit", "1", "50000.00", exempt("VATEX-SA-29")),
		),
	)
	yield Scene(
		"A hundred lines, with freight",
		standard(
			"SINV-2026-00109",
			*(
				line(
					f"قطعة غيار رقم {n}",
					f"Spare part no. {n}",
					str(1 + n % 7),
					f"{7 + n * 3 % 90}.{n % 100:02d}",
				)
				for n in range(1, 101)
			),
			allowance_charges=(
				AllowanceCharge(
					amount=Decimal("75.50"),
					is_charge=True,
					vat=Vat(),
					reason=Text("شحن", "Freight"),
					reason_code="FC",
				),
			),
		),
	)
	yield Scene(
		"Government buyer, with its contract",
		clock.invoice(
			"SINV-2026-00110",
			(line("دعم فني", "Technical support", "1", "18750.00"),),
			flags=TypeFlags(government=True),
			buyer=GOVERNMENT,
			supply_date=clock.today,
			contract="ETIMAD-440012345",
		),
	)
	yield Scene(
		"Simplified invoice during an outage of the gateway",
		simplified(
			"POS-2026-00004", line("قهوة عربية", "Arabic coffee", "1", "10.00"), prices_include_vat=True
		),
		trouble="outage",
	)
	yield Scene(
		"Standard invoice whose answer is lost on the way",
		standard("SINV-2026-00111", line("صيانة سنوية", "Annual maintenance", "1", "1200.00")),
		trouble="dropped",
	)
	yield Scene(
		"Credit note without its reason, sent unchecked",
		standard(
			"SINV-2026-00112",
			line("تركيب وتهيئة", "Installation and set-up", "1", "180.00", unit="HUR"),
			type_code=DocumentType.CREDIT_NOTE,
			billing_references=(first.number,),
		),
		trouble="rejected",
	)


def corrected(rejected: Invoice, now: datetime) -> Invoice:
	"""The rejected credit note with what was missing: same number, new UUID (TAX.md: a correction in place)."""
	return replace(
		rejected,
		uuid=str(uuid.uuid4()),
		reason=reason("cancellation"),
		issue_time=now.time().replace(microsecond=0),
	)


class Clock:
	"""Stamps documents a second apart, as a till would."""

	def __init__(self, now: datetime) -> None:
		self._next = now.replace(microsecond=0)
		self.today = now.date()

	def invoice(self, number: str, lines: tuple[Line, ...], **more: object) -> Invoice:
		"""An invoice of the demo's seller, issued now."""
		issued, self._next = self._next, self._next + timedelta(seconds=1)
		return Invoice(
			number=number,
			uuid=str(uuid.uuid4()),
			issue_date=issued.date(),
			issue_time=issued.time(),
			seller=SELLER,
			lines=lines,
			**more,  # type: ignore[arg-type]
		)
