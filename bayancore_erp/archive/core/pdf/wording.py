"""The words of the printed invoice in both languages: titles as the law names them, labels, units, countries.

Data, not logic. Sources: data dictionary sheet 2 (fields a person is shown), Detailed Guideline sections 2.3-2.8
(names of the documents), UN/ECE Recommendations 20 and 21 (units), ISO 3166-1 with CLDR's names (countries.json).
"""

from __future__ import annotations

import json
from importlib import resources

from bayancore_erp.zatca.core.codes import SCHEMES, DocumentType, Name

# What the print calls a registration number: the unified number needs no scheme code beside it.
IDENTIFIERS: dict[str, Name] = {**SCHEMES, "700": Name("Unified number", "الرقم الموحد")}

_INVOICE, _PREPAYMENT = DocumentType.INVOICE, DocumentType.PREPAYMENT
_CREDIT, _DEBIT = DocumentType.CREDIT_NOTE, DocumentType.DEBIT_NOTE

# (type, simplified) -> the title.
TITLES: dict[tuple[DocumentType, bool], Name] = {
	(_INVOICE, False): Name("Tax Invoice", "فاتورة ضريبية"),
	(_INVOICE, True): Name("Simplified Tax Invoice", "فاتورة ضريبية مبسطة"),
	(_PREPAYMENT, False): Name("Tax Invoice – Prepayment", "فاتورة ضريبية – دفعة مقدمة"),
	(_PREPAYMENT, True): Name("Simplified Tax Invoice – Prepayment", "فاتورة ضريبية مبسطة – دفعة مقدمة"),
	(_CREDIT, False): Name("Credit Note for Tax Invoice", "إشعار دائن للفاتورة الضريبية"),
	(_CREDIT, True): Name("Credit Note for Simplified Tax Invoice", "إشعار دائن للفاتورة الضريبية المبسطة"),
	(_DEBIT, False): Name("Debit Note for Tax Invoice", "إشعار مدين للفاتورة الضريبية"),
	(_DEBIT, True): Name("Debit Note for Simplified Tax Invoice", "إشعار مدين للفاتورة الضريبية المبسطة"),
}

# Attribute of TypeFlags -> what the print calls such a transaction (KSA-2).
FLAGS: dict[str, Name] = {
	"third_party": Name("Issued by a third party", "صادرة عن طرف ثالث"),
	"nominal": Name("Nominal supply", "توريد افتراضي"),
	"export": Name("Export", "فاتورة تصدير"),
	"summary": Name("Summary invoice", "فاتورة ملخصة"),
	"self_billed": Name("Self-billed", "فوترة ذاتية"),
	"continuous": Name("Continuous supply", "توريد مستمر"),
	"government": Name("Government entity", "جهة حكومية"),
}

LABELS: dict[str, Name] = {
	"number": Name("Invoice number", "رقم الفاتورة"),
	"note_number": Name("Note number", "رقم الإشعار"),
	"issued": Name("Issue date and time", "تاريخ ووقت الإصدار"),
	"supplied": Name("Supply date", "تاريخ التوريد"),
	"supplied_from_to": Name("Supply period", "فترة التوريد"),
	"purchase_order": Name("Purchase order", "أمر الشراء"),
	"contract": Name("Contract", "رقم العقد"),
	"payment": Name("Payment", "طريقة الدفع"),
	"account": Name("Account", "رقم الحساب"),
	"payment_terms": Name("Payment terms", "شروط الدفع"),
	"currency": Name("Currency", "العملة"),
	"counter": Name("Counter", "عدّاد الفواتير"),
	"uuid": Name("UUID", "المعرّف الفريد"),
	"seller": Name("Seller", "المورّد"),
	"buyer": Name("Buyer", "العميل"),
	"vat_number": Name("VAT number", "الرقم الضريبي"),
	"additional_number": Name("Additional no.", "الرقم الإضافي"),
	"references": Name("Original invoice", "الفاتورة الأصلية"),
	"reason": Name("Reason for the note", "سبب الإشعار"),
	"item": Name("Description", "الوصف"),
	"quantity": Name("Quantity", "الكمية"),
	"price": Name("Unit price", "سعر الوحدة"),
	"discount": Name("Discount", "الخصم"),
	"net": Name("Amount excl. VAT", "المبلغ غير شامل الضريبة"),
	"rate": Name("VAT rate", "نسبة الضريبة"),
	"vat": Name("VAT", "الضريبة"),
	"before_vat": Name("excl. VAT", "قبل الضريبة"),
	"total": Name("Total incl. VAT", "الإجمالي شامل الضريبة"),
	"item_code": Name("Item code", "رمز الصنف"),
	"buyer_item_code": Name("Buyer's code", "رمز الصنف لدى العميل"),
	"standard_item_code": Name("Barcode", "الباركود"),
	"list_price": Name("List price", "السعر قبل الخصم"),
	"per": Name("per", "لكل"),
	"line_discount": Name("Discount", "خصم"),
	"line_charge": Name("Charge", "رسوم إضافية"),
	"of": Name("of", "من"),
	"running": Name("Carried forward, excl. VAT", "المجموع حتى هنا، غير شامل الضريبة"),
	"document_discount": Name("Document discount", "خصم على الفاتورة"),
	"document_charge": Name("Document charge", "رسوم على الفاتورة"),
	"sum_lines": Name("Sum of lines", "مجموع البنود"),
	"sum_allowances": Name("Total discounts", "مجموع الخصومات"),
	"sum_charges": Name("Total charges", "مجموع الرسوم"),
	"without_vat": Name("Total excluding VAT", "الإجمالي غير شامل الضريبة"),
	"vat_total": Name("Total VAT", "مجموع ضريبة القيمة المضافة"),
	"vat_sar": Name("VAT in Saudi riyals", "الضريبة بالريال السعودي"),
	"with_vat": Name("Total including VAT", "الإجمالي شامل الضريبة"),
	"prepaid": Name("Prepaid amount", "المبلغ المدفوع مقدماً"),
	"rounding": Name("Rounding", "التقريب"),
	"payable": Name("Amount due", "المبلغ المستحق"),
	"credited": Name("Amount due to the customer", "المبلغ المستحق للعميل"),
	"exchange": Name("Exchange rate", "سعر الصرف"),
	"exchange_implied": Name("Exchange rate, as applied", "سعر الصرف المطبّق"),
	"breakdown": Name("VAT breakdown", "تفصيل ضريبة القيمة المضافة"),
	"category": Name("Category", "الفئة"),
	"taxable": Name("Taxable amount", "المبلغ الخاضع"),
	"advances": Name("Prepayments deducted", "الدفعات المقدمة المخصومة"),
	"advance": Name("Prepayment invoice", "فاتورة الدفعة المقدمة"),
	"date": Name("Date", "التاريخ"),
	"notes": Name("Notes", "ملاحظات"),
	"page": Name("Page", "صفحة"),
	"qr": Name("Scan to verify", "امسح للتحقق"),
	"embedded": Name(
		"The signed electronic invoice (XML) is attached to this PDF/A-3.",
		"الفاتورة الإلكترونية الموقّعة (XML) مرفقة بهذا المستند.",
	),
}

UNITS: dict[str, Name] = {
	"PCE": Name("piece", "قطعة"),
	"PCS": Name("piece", "قطعة"),
	"C62": Name("unit", "وحدة"),
	"EA": Name("each", "وحدة"),
	"NAR": Name("article", "صنف"),
	"SET": Name("set", "طقم"),
	"PR": Name("pair", "زوج"),
	"DZN": Name("dozen", "درزن"),
	"BX": Name("box", "صندوق"),
	"XBX": Name("box", "صندوق"),
	"CT": Name("carton", "كرتون"),
	"XCT": Name("carton", "كرتون"),
	"PK": Name("pack", "عبوة"),
	"XPK": Name("pack", "عبوة"),
	"BG": Name("bag", "كيس"),
	"XBG": Name("bag", "كيس"),
	"BO": Name("bottle", "قارورة"),
	"XBO": Name("bottle", "قارورة"),
	"PF": Name("pallet", "طبلية"),
	"XPX": Name("pallet", "طبلية"),
	"RO": Name("roll", "لفة"),
	"XRO": Name("roll", "لفة"),
	"KGM": Name("kg", "كجم"),
	"GRM": Name("g", "جم"),
	"TNE": Name("tonne", "طن"),
	"LBR": Name("lb", "رطل"),
	"ONZ": Name("oz", "أونصة"),
	"LTR": Name("litre", "لتر"),
	"MLT": Name("ml", "مل"),
	"GLL": Name("gallon", "جالون"),
	"BLL": Name("barrel", "برميل"),
	"MTR": Name("m", "م"),
	"CMT": Name("cm", "سم"),
	"MMT": Name("mm", "مم"),
	"KMT": Name("km", "كم"),
	"INH": Name("inch", "بوصة"),
	"FOT": Name("foot", "قدم"),
	"YRD": Name("yard", "ياردة"),
	"MTK": Name("m²", "م²"),
	"FTK": Name("ft²", "قدم²"),
	"MTQ": Name("m³", "م³"),
	"KWH": Name("kWh", "ك.و.س"),
	"SEC": Name("second", "ثانية"),
	"MIN": Name("minute", "دقيقة"),
	"HUR": Name("hour", "ساعة"),
	"DAY": Name("day", "يوم"),
	"WEE": Name("week", "أسبوع"),
	"MON": Name("month", "شهر"),
	"ANN": Name("year", "سنة"),
	"E48": Name("service unit", "خدمة"),
	"LS": Name("lump sum", "مقطوعية"),
	"P1": Name("%", "٪"),
	"IE": Name("person", "شخص"),
	"E49": Name("working day", "يوم عمل"),
}


def _countries() -> dict[str, Name]:
	text = resources.files(__package__).joinpath("countries.json").read_text(encoding="utf-8")
	return {code: Name(en, ar) for code, (en, ar) in json.loads(text).items()}


COUNTRIES = _countries()
