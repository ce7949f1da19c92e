"""Random lawful invoices, over the whole breadth of the model, from a seeded generator.

Everything a seller may say is drawn: kinds, flags, buyers, currencies, prices with and without VAT, discounts and charges
on price, line and document, mixed categories, advances, rounding, tiny and huge figures. What is drawn is lawful, so
that the official sheets must find nothing in it.
"""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal
from random import Random
from typing import Any

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.codes import EXEMPTIONS, NOTE_REASONS, DocumentType, TypeFlags, VatCategory
from bayancore_erp.zatca.core.invoice import (
	Address,
	AllowanceCharge,
	Contact,
	Invoice,
	Line,
	LineAllowance,
	Note,
	Party,
	PartyId,
	Payment,
	Prepayment,
	Text,
	Vat,
)

CENT = Decimal("0.01")
S15 = Vat.of("S")
S5 = Vat(VatCategory.STANDARD, Decimal("5"))
RATES = {
	"USD": "3.7512",
	"EUR": "4.0689",
	"JPY": "0.024791",
	"KWD": "12.2133",
	"CNY": "0.5271",
	"GBP": "4.93",
}
CHARGES = (("FC", "شحن", "Freight"), ("SH", "خدمة", "Special handling"), ("CG", "تنظيف", "Cleaning"))
DISCOUNT = Text("خصم", "Discount")
WORDS = ("قلم", "كتاب", "حاسوب", "صيانة", "استشارة", "نقل & شحن", "غسالة <2>", "Café “crème”", "لوحة\tرسم")

SELLER = Party(
	"شركة توريد التكنولوجيا المحدودة | Tech Supply LTD",
	"399999999900003",
	PartyId("CRN", "1010010000"),
	Address(
		street="الامير سلطان",
		building_number="2322",
		district="المربع",
		city="الرياض",
		postal_code="23333",
		province="منطقة الرياض",
	),
)
HOME = Address(
	street="صلاح الدين",
	additional_street="حي المروج",
	building_number="1111",
	additional_number="4321",
	district="المروج",
	city="الرياض",
	postal_code="12222",
)
IDENTITIES = (
	PartyId("700", "7009847352"),
	PartyId("CRN", "1010183482"),
	PartyId("TIN", "3051839274"),
	PartyId("NAT", "1083947261"),
	PartyId("IQA", "2394017365"),
	PartyId("GCC", "102938475"),
	PartyId("PAS", "A1938475"),
	PartyId("OTH", "X99Z"),
)


def random_invoice(rng: Random, now: datetime, *, most_lines: int = 200) -> Invoice:
	"""One invoice, issued within the last 20 hours before `now` (Riyadh)."""
	issued = now - timedelta(seconds=rng.randrange(72_000))
	flags = _flags(rng)
	foreign = flags.export
	kind = rng.choices(list(DocumentType), (12, 3, 2, 2))[0]
	citizen = not foreign and rng.random() < 0.05
	currency = rng.choice(list(RATES)) if rng.random() < (0.5 if foreign else 0.15) else "SAR"
	vats = _vats(rng, foreign, citizen)
	inclusive = rng.random() < 0.45
	lines = tuple(_line(rng, rng.choice(vats)) for _ in range(_how_many(rng, most_lines)))
	invoice = Invoice(
		number=f"SINV-{rng.randrange(10**6):06}",
		uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
		issue_date=issued.date(),
		issue_time=issued.time().replace(microsecond=0),
		seller=SELLER,
		lines=lines,
		type_code=kind,
		flags=flags,
		buyer=_buyer(rng, flags, citizen),
		currency=currency,
		sar_rate=Decimal(RATES[currency]) if currency != "SAR" else None,
		prices_include_vat=inclusive,
		supply_date=issued.date() - timedelta(days=rng.randrange(5)),
		supply_end_date=issued.date() if flags.summary or rng.random() < 0.2 else None,
		payment=_payment(rng),
		purchase_order="PO-17" if rng.random() < 0.2 else "",
		contract="ETIMAD-440012345" if flags.government else "",
		notes=(Note("شكراً لكم & أهلاً"), Note("Thank you", "en"))[: rng.randrange(3)],
	)
	changes: dict[str, Any] = {"allowance_charges": _allowance_charges(rng, invoice, vats)}
	if kind.is_note:
		why = NOTE_REASONS[rng.choice(list(NOTE_REASONS))]
		changes["reason"] = Text(why.ar, why.en, english_first=True)
		changes["billing_references"] = ("SINV-1", "SINV-2", "SINV-7 ... SINV-9")[: rng.randrange(1, 4)]
	elif kind is DocumentType.INVOICE and rng.random() < 0.2:
		changes["prepayments"] = _prepayments(rng, vats, issued.date())
	invoice = dataclasses.replace(invoice, **changes)
	if currency == "SAR" and rng.random() < 0.1:
		payable = calculate(invoice).payable
		invoice = dataclasses.replace(invoice, payable_rounded_to=payable.quantize(Decimal(1), ROUND_FLOOR))
	return invoice


def _how_many(rng: Random, most: int) -> int:
	"""Mostly few lines, sometimes very many."""
	return min(
		most, rng.choices((rng.randint(1, 4), rng.randint(3, 15), rng.randint(10, 200)), (60, 35, 5))[0]
	)


def _flags(rng: Random) -> TypeFlags:
	simplified = rng.random() < 0.4
	export = rng.random() < 0.12
	return TypeFlags(
		simplified=simplified,
		third_party=rng.random() < 0.08,
		nominal=rng.random() < 0.08,
		export=export,
		summary=rng.random() < 0.08,
		self_billed=not simplified and not export and rng.random() < 0.05,
		continuous=rng.random() < 0.08,
		government=not simplified and not export and rng.random() < 0.08,
	)


def _buyer(rng: Random, flags: TypeFlags, citizen: bool) -> Party | None:
	if flags.export:
		abroad = Address(street="شارع الكندي | Main St", city="Houston", country="US", postal_code="77001")
		return Party("مصنع فلوريدا | Florida Steel", "", PartyId("OTH", "US4711"), abroad)
	if citizen:
		return Party("مواطن", "", PartyId("NAT", "1083947261"), HOME)
	if flags.simplified and not flags.summary and rng.random() < 0.7:
		return None
	contact = Contact("أحمد", "+966500000000", "a@b.sa", "مكتب") if rng.random() < 0.1 else None
	if flags.government:
		return Party("وزارة المالية", "", PartyId("700", "7009847352"), HOME, contact)
	if rng.random() < 0.25:
		return Party("مشتري غير مسجل | Unregistered", "", rng.choice(IDENTITIES), HOME, contact)
	also = PartyId("CRN", "1010183482") if rng.random() < 0.5 else None
	return Party("شركة نماذج فاتورة المحدودة", "399999999800003", also, HOME, contact)


def _payment(rng: Random) -> Payment | None:
	if rng.random() < 0.1:
		return None
	code = rng.choice(("1", "10", "30", "42", "48"))
	return (
		Payment(code, Text("30 يوماً", "30 days"), "SA0380000000608010167519")
		if code == "42"
		else Payment(code)
	)


def _vats(rng: Random, foreign: bool, citizen: bool) -> list[Vat]:
	"""The categories of one document, two exemptions of one category among them now and then."""
	if foreign:
		return [
			Vat.of(code)
			for code in rng.sample(("VATEX-SA-32", "VATEX-SA-33", "VATEX-SA-34-1"), rng.choice((1, 1, 2)))
		]
	if citizen:
		return [Vat.of(rng.choice(("VATEX-SA-EDU", "VATEX-SA-HEA"))), S15]
	codes = [code for code in EXEMPTIONS if code not in ("VATEX-SA-EDU", "VATEX-SA-HEA")]
	found = [S15] if rng.random() < 0.9 else []
	if rng.random() < 0.1:
		found.append(S5)
	if rng.random() < 0.45 or not found:
		found += [Vat.of(code) for code in rng.sample(codes, rng.randint(1, 3))]
	return found


def _figure(rng: Random, digits: tuple[int, ...], places: tuple[int, ...]) -> Decimal:
	return Decimal(rng.randint(1, 10 ** rng.choice(digits))).scaleb(-rng.choice(places))


def _quantity(rng: Random) -> Decimal:
	kind = rng.random()
	if kind < 0.6:
		return Decimal(rng.randint(1, 40))
	if kind < 0.9:
		return _figure(rng, (2, 3, 4, 5), (1, 2, 3))
	return _figure(rng, (1, 2, 9), (0, 6, 9))


def _price(rng: Random, quantity: Decimal) -> Decimal:
	kind = rng.random()
	if kind < 0.75:
		price = _figure(rng, (2, 3, 4, 5, 6), (2,))
	elif kind < 0.9:
		price = _figure(rng, (2, 4, 6, 8), (3, 4, 6))
	elif kind < 0.97:
		price = _figure(rng, (1, 3, 9), (2, 8, 12))
	else:
		price = rng.choice((Decimal(0), Decimal("0.05"), Decimal("10"), Decimal("1000")))
	while price * quantity > Decimal("1e9"):
		price = price.scaleb(-3)
	return price


def _line(rng: Random, vat: Vat) -> Line:
	quantity = _quantity(rng)
	price = _price(rng, quantity)
	discount = Decimal(0)
	if rng.random() < 0.12:
		discount = (price * rng.randint(0, 100) / 100).quantize(Decimal("0.0001"), ROUND_DOWN)
	base_quantity = (
		rng.choice((Decimal(1), Decimal(10), Decimal("2.5"), Decimal(7))) if rng.random() < 0.06 else None
	)
	worth = (quantity * (price - discount) / (base_quantity or 1)).quantize(CENT, ROUND_DOWN)
	allowances = []
	if rng.random() < 0.2:
		allowances.append(LineAllowance(percentage=_percentage(rng), reason=DISCOUNT, reason_code="95"))
	if rng.random() < 0.08 and not allowances:
		part = (worth * rng.randint(0, 100) / 100).quantize(CENT, ROUND_DOWN)
		allowances.append(LineAllowance(amount=part, reason=DISCOUNT))
	if rng.random() < 0.08:
		code, arabic, english = rng.choice(CHARGES)
		amount = Decimal(rng.randint(0, 5000)).scaleb(-2)
		allowances.append(
			LineAllowance(amount=amount, is_charge=True, reason=Text(arabic, english), reason_code=code)
		)
	if rng.random() < 0.04:
		code, arabic, english = rng.choice(CHARGES)
		allowances.append(
			LineAllowance(
				percentage=_percentage(rng), is_charge=True, reason=Text(arabic, english), reason_code=code
			)
		)
	word = rng.choice(WORDS)
	return Line(
		name=Text(f"صنف {word}", f"Item {word}") if rng.random() < 0.8 else Text(ar=f"صنف {word}"),
		quantity=quantity,
		unit_price=price,
		vat=vat,
		unit=rng.choice(("PCE", "KGM", "HUR", "")),
		price_discount=discount,
		price_base_quantity=base_quantity,
		allowances=tuple(allowances),
		note=Text("ملاحظة", "Note") if rng.random() < 0.1 else Text(),
		seller_item_id="A-1" if rng.random() < 0.2 else "",
		buyer_item_id="B/2" if rng.random() < 0.1 else "",
		standard_item_id="6281234567890" if rng.random() < 0.1 else "",
	)


def _percentage(rng: Random) -> Decimal:
	return rng.choice(
		(
			Decimal(rng.choice((5, 10, 15, 25, 50, 100))),
			Decimal(rng.randint(0, 10000)).scaleb(-2),
			Decimal(rng.randint(0, 99_999)).scaleb(-3),
		)
	)


def _allowance_charges(rng: Random, invoice: Invoice, vats: list[Vat]) -> tuple[AllowanceCharge, ...]:
	"""Discounts that leave something of every category, and charges."""
	if rng.random() < 0.6:
		return ()
	held = calculate(invoice)
	found = []
	if rng.random() < 0.4:
		found.append(
			AllowanceCharge(
				percentage=_percentage(rng) / 4, reason=DISCOUNT, reason_code="95", on_net=rng.random() < 0.3
			)
		)
	if rng.random() < 0.4:
		part = (held.line_net * rng.randint(0, 25) / 100).quantize(CENT, ROUND_DOWN)
		found.append(AllowanceCharge(amount=part, reason=DISCOUNT, on_net=rng.random() < 0.3))
	if rng.random() < 0.25:
		each = rng.choice(held.breakdown)
		part = (each.taxable * rng.randint(0, 20) / 100).quantize(CENT, ROUND_DOWN)
		found.append(AllowanceCharge(amount=part, vat=each.vat, reason=DISCOUNT, on_net=rng.random() < 0.3))
	if rng.random() < 0.15:
		found.append(
			AllowanceCharge(
				percentage=_percentage(rng) / 5, vat=rng.choice(held.breakdown).vat, reason=DISCOUNT
			)
		)
	for _ in range(rng.choice((0, 0, 1, 2))):
		code, arabic, english = rng.choice(CHARGES)
		by_percentage = rng.random() < 0.4
		found.append(
			AllowanceCharge(
				amount=None if by_percentage else Decimal(rng.randint(0, 50_000)).scaleb(-2),
				percentage=_percentage(rng) if by_percentage else None,
				is_charge=True,
				vat=rng.choice((None, *vats)),
				reason=Text(arabic, english),
				reason_code=code,
				on_net=rng.random() < 0.3,
			)
		)
	rng.shuffle(found)
	return tuple(found)


def _prepayments(rng: Random, vats: list[Vat], today: date) -> tuple[Prepayment, ...]:
	# BR-KSA-CL-07's list was not extended by these two when BR-KSA-CL-04's was: an advance under them always warns.
	unlisted = ("VATEX-SA-ROYALDECREE", "VATEX-SA-32(bis)")
	deductible = [vat for vat in vats if vat.exemption_code not in unlisted] or [S15]
	found = []
	for _ in range(rng.randint(1, 3)):
		day = today - timedelta(days=rng.randint(1, 300))
		found.append(
			Prepayment(
				invoice_number=f"ADV-{rng.randrange(999)}",
				issue_date=day,
				taxable=_figure(rng, (3, 4, 6, 8), (2,)),
				vat=rng.choice(deductible) if rng.random() < 0.85 else S15,
				issue_time=datetime.min.time().replace(hour=rng.randrange(24), second=rng.randrange(60)),
				uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)) if rng.random() < 0.5 else "",
			)
		)
	return tuple(found)
