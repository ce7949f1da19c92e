"""Invoices of our own to print, as XML with a QR of realistic size, so that no official material is needed.

The QR holds the right tags with random signature and key: to print and to scan it that is enough.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import date, time
from decimal import Decimal

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition
from bayancore_erp.zatca.core.codes import DocumentType, TypeFlags, VatCategory
from bayancore_erp.zatca.core.invoice import (
	Address,
	AllowanceCharge,
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
from bayancore_erp.zatca.core.ubl import build_xml

SELLER = Party(
	name="شركة بيان كور للتجارة المحدودة | Bayan Core Trading Co. Ltd",
	vat_number="310122393500003",
	identification=PartyId("700", "7012345678"),
	address=Address(
		street="شارع الأمير سلطان | Prince Sultan Street",
		building_number="2322",
		additional_number="6789",
		district="المربع | Al-Murabba",
		city="الرياض | Riyadh",
		postal_code="12613",
	),
)
BUYER = Party(
	name="مؤسسة الأفق الهندسية | Horizon Engineering Est.",
	vat_number="311111111100003",
	identification=PartyId("CRN", "1010183482"),
	address=Address(
		street="طريق الملك فهد | King Fahd Road",
		building_number="8228",
		district="العليا | Al Olaya",
		city="الرياض | Riyadh",
		postal_code="12214",
	),
)
ABROAD = Party(
	name="Müller & Söhne GmbH",
	identification=PartyId("OTH", "HRB98765"),
	address=Address(street="Königstraße 12", city="Stuttgart", postal_code="70173", country="DE"),
)
ZERO = Vat(
	VatCategory.ZERO,
	Decimal("0"),
	"VATEX-SA-35",
	Text("الأدوية والمعدات الطبية", "Medicines and medical equipment"),
)
EXPORT = Vat(
	VatCategory.ZERO, Decimal("0"), "VATEX-SA-32", Text("صادرات السلع من المملكة", "Export of goods")
)
EXEMPT = Vat(VatCategory.EXEMPT, Decimal("0"), "VATEX-SA-29", Text("الخدمات المالية", "Financial services"))


def line(ar: str, en: str, quantity: str, price: str, **more: object) -> Line:
	return Line(name=Text(ar, en), quantity=Decimal(quantity), unit_price=Decimal(price), **more)  # type: ignore[arg-type]


STANDARD = Invoice(
	number="SINV-2026-00417",
	uuid="3cf5ee18-ee25-44ea-a444-2c37ba7f28be",
	issue_date=date(2026, 11, 21),
	issue_time=time(14, 5, 9),
	seller=SELLER,
	buyer=BUYER,
	supply_date=date(2026, 11, 20),
	payment=Payment("30", Text("خلال 30 يوماً", "Within 30 days"), "SA0380000000608010167519"),
	purchase_order="PO-88213",
	lines=(
		line("حاسوب محمول 14 بوصة", 'Laptop 14"', "3", "4250.00", seller_item_id="LAP-14-512"),
		line(
			"شاشة عرض 27 بوصة",
			'Monitor 27"',
			"3",
			"1199.00",
			allowances=(LineAllowance(percentage=Decimal("10"), reason=Text("خصم كمية", "Volume discount")),),
		),
		line("تركيب وتهيئة", "Installation and set-up", "6.5", "180.00", unit="HUR"),
		line(
			"كابل شبكة Cat6", "Network cable Cat6", "120", "3.75", unit="MTR", price_discount=Decimal("0.25")
		),
		line("حقيبة إسعافات أولية", "First-aid kit", "2", "85.00", vat=ZERO),
	),
	notes=(Note("الضمان سنتان من تاريخ التوريد."),),
)
TEN_LINES = replace(
	STANDARD,
	number="SINV-2026-00418",
	lines=tuple(
		line(f"صنف رقم {n} من الكتالوج", f"Catalogue item no. {n}", str(n), f"{n * 37}.50")
		for n in range(1, 11)
	),
)
CREDIT = replace(
	STANDARD,
	number="CN-2026-00031",
	type_code=DocumentType.CREDIT_NOTE,
	reason=Text("عند ترجيع السلع أو الخدمات", "In case of goods or services refund"),
	billing_references=("SINV-2026-00417", "SINV-2026-00399"),
	lines=STANDARD.lines[:1],
	notes=(),
)
DEBIT = replace(CREDIT, number="DN-2026-00004", type_code=DocumentType.DEBIT_NOTE)
PREPAYMENT = replace(
	STANDARD,
	number="ADV-2026-00012",
	type_code=DocumentType.PREPAYMENT,
	lines=(line("دفعة مقدمة 30٪ من العقد", "Advance payment, 30 % of the contract", "1", "30000.00"),),
)
ADVANCED = replace(
	STANDARD,
	number="SINV-2026-00430",
	contract="ETIMAD-240839001",
	flags=TypeFlags(government=True),
	lines=(line("توريد وتركيب أنظمة", "Supply and installation of systems", "1", "100000.00"),),
	allowance_charges=(
		AllowanceCharge(
			percentage=Decimal("5"), reason=Text("خصم خاص", "Special discount"), reason_code="95"
		),
	),
	prepayments=(
		Prepayment("ADV-2026-00012", date(2026, 9, 1), Decimal("30000.00"), issue_time=time(9, 0)),
		Prepayment("ADV-2026-00019", date(2026, 10, 1), Decimal("10000.00"), issue_time=time(9, 30)),
	),
	payable_rounded_to=Decimal("63250.00"),
)
FOREIGN = replace(
	STANDARD,
	number="EXP-2026-00007",
	flags=TypeFlags(export=True),
	buyer=ABROAD,
	currency="USD",
	sar_rate=Decimal("3.7512"),
	lines=(
		line("تمور فاخرة", "Premium dates", "1200", "18.40", unit="KGM", vat=EXPORT),
		line("خدمات تغليف محلية", "Local packing services", "1", "950.00"),
	),
	notes=(),
)
MIXED = replace(
	STANDARD,
	number="SINV-2026-00440",
	lines=(
		line("استشارات", "Consulting", "12", "350.00", unit="HUR"),
		line("أدوية", "Medicines", "40", "12.35", vat=ZERO),
		line("عمولة تمويل", "Financing commission", "1", "2500.00", vat=EXEMPT),
	),
	allowance_charges=(
		AllowanceCharge(amount=Decimal("150.00"), reason=Text("خصم", "Discount")),
		AllowanceCharge(
			amount=Decimal("75.00"),
			is_charge=True,
			vat=Vat(),
			reason=Text("شحن", "Freight"),
			reason_code="FC",
		),
	),
)
TWO_HUNDRED = replace(
	STANDARD,
	number="SINV-2026-00500",
	lines=tuple(
		line(f"قطعة غيار رقم {n}", f"Spare part no. {n}", str(n % 7 + 1), f"{n * 13 % 997}.{n % 100:02}")
		for n in range(1, 201)
	),
)
SIMPLIFIED = replace(
	STANDARD,
	number="POS1-000931",
	flags=TypeFlags(simplified=True),
	buyer=None,
	supply_date=None,
	purchase_order="",
	payment=Payment("48"),
	prices_include_vat=True,
	lines=(
		line("قهوة عربية 250 جم", "Arabic coffee 250 g", "2", "38.00"),
		line("تمر سكري", "Sukkari dates", "1.250", "44.00", unit="KGM"),
		line("ماء 330 مل", "Water 330 ml", "6", "1.00"),
	),
	notes=(Note("شكراً لزيارتكم"),),
)
SIMPLIFIED_CREDIT = replace(
	SIMPLIFIED,
	number="POS1-000932",
	type_code=DocumentType.CREDIT_NOTE,
	reason=CREDIT.reason,
	billing_references=("POS1-000931",),
)

PAPERS: dict[str, Invoice] = {
	"standard": STANDARD,
	"ten_lines": TEN_LINES,
	"credit": CREDIT,
	"debit": DEBIT,
	"prepayment": PREPAYMENT,
	"advanced": ADVANCED,
	"foreign": FOREIGN,
	"mixed": MIXED,
	"two_hundred": TWO_HUNDRED,
	"simplified": SIMPLIFIED,
	"simplified_credit": SIMPLIFIED_CREDIT,
}


def paper(invoice: Invoice, *, qr: str | None = None) -> bytes:
	"""The invoice as XML, with `qr` (a made-up one where None, none where empty) where a stamp would put it."""
	xml = build_xml(invoice, calculate(invoice), ChainPosition(417, FIRST_PIH))
	text = made_up_qr(invoice) if qr is None else qr
	if not text:
		return xml
	reference = (
		"<cac:AdditionalDocumentReference><cbc:ID>QR</cbc:ID><cac:Attachment>"
		f'<cbc:EmbeddedDocumentBinaryObject mimeCode="text/plain">{text}</cbc:EmbeddedDocumentBinaryObject>'
		"</cac:Attachment></cac:AdditionalDocumentReference>"
	)
	before, mark, after = xml.partition(b"<cac:AccountingSupplierParty>")
	assert mark
	return before + reference.encode() + mark + after


def made_up_qr(invoice: Invoice) -> str:
	"""Nine tags of the usual sizes, 630-odd characters in all."""
	noise = hashlib.shake_256(invoice.number.encode()).digest(400)
	values = (
		invoice.seller.name.encode()[:110],
		invoice.seller.vat_number.encode(),
		f"{invoice.issue_date}T{invoice.issue_time}".encode(),
		b"123456.78",
		b"12345.67",
		base64.b64encode(noise[:32]),
		base64.b64encode(noise[40:111]),
		noise[120:208],
		noise[220:291],
	)
	return base64.b64encode(
		b"".join(bytes((tag, len(value))) + value for tag, value in enumerate(values, 1))
	).decode()
