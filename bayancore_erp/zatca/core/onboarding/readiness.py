"""Whether a company can be onboarded: each thing ZATCA asks of the seller, with its field, its state and its sentence.

Takes what a form holds, saved or not; gives one `Item` for each thing, in the form's order. Pure, so that it can be asked at
every keystroke. Source: ZATCA.md section 2 (seller, BR-KSA-08, -09, -39, -40, -F-07 … -F-13), section 6 (VAT group).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.invoice import has_arabic

VAT_NUMBER = re.compile(r"3[0-9]{13}3")
TIN = re.compile(r"[0-9]{10}")
_FOUR_DIGITS = re.compile(r"[0-9]{4}")
_POSTAL = re.compile(r"[0-9]{5}")
_SHORT_ADDRESS = re.compile(r"[A-Z]{4}[0-9]{4}")
_NUMBERS = {
	"700": (re.compile(r"7[0-9]{9}"), Name("10 digits, the first a 7", "10 أرقام أولها 7")),
	"CRN": (re.compile(r"[0-9]{10}"), Name("10 digits", "10 أرقام")),
}
_ANY_NUMBER = re.compile(r"[0-9A-Za-z]{1,30}")
_GROUP_DIGIT = 10
_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class Seller:
	"""What is known of the company and its National Address; every field as the form has it, empty where it is."""

	name: str = ""
	name_ar: str = ""
	vat_number: str = ""
	registration_scheme: str = "700"
	registration_number: str = ""
	group_tin: str = ""
	"""For a member of a VAT group: its own ten-digit TIN."""
	street: str = ""
	building_number: str = ""
	additional_number: str = ""
	district: str = ""
	city: str = ""
	postal_code: str = ""
	short_address: str = ""


@dataclass(frozen=True, slots=True)
class Item:
	"""One thing: `field` of `Seller`, whether it is as it has to be, whether one may go on without, and what to do."""

	field: str
	label: Name
	ok: bool
	required: bool
	sentence: Name


def is_group_number(vat_number: str) -> bool:
	"""Whether a VAT number is a VAT group's: its 11th digit is 1."""
	return bool(VAT_NUMBER.fullmatch(vat_number)) and vat_number[_GROUP_DIGIT] == "1"


def look(seller: Seller) -> list[Item]:
	"""Everything about the seller, in the order of the form."""
	items = [_name(seller), _vat_number(seller), *_group(seller), _registration(seller)]
	items += [
		_given(seller, "street", "Street", "الشارع"),
		_digits(seller, "building_number", "Building number", "رقم المبنى", _FOUR_DIGITS, 4),
		_given(seller, "district", "District", "الحي"),
		_given(seller, "city", "City", "المدينة"),
		_digits(seller, "postal_code", "Postal code", "الرمز البريدي", _POSTAL, 5),
		_optional(
			seller, "additional_number", "Additional number", "الرقم الإضافي", _FOUR_DIGITS,
			Name("The additional number has 4 digits; it may be left out.", "الرقم الإضافي من 4 أرقام، ويمكن تركه."),
		),
		_optional(
			seller, "short_address", "Short address", "العنوان المختصر", _SHORT_ADDRESS,
			Name(
				"The short address has four letters and four digits, such as RRRD2929; it may be left out.",
				"العنوان المختصر أربعة أحرف وأربعة أرقام مثل RRRD2929، ويمكن تركه.",
			),
		),
	]  # fmt: skip
	return items


def missing(items: list[Item]) -> list[Item]:
	"""What has to be corrected first."""
	return [item for item in items if item.required and not item.ok]


def _name(seller: Seller) -> Item:
	label = Name("Company name in Arabic", "اسم الشركة بالعربية")
	name = seller.name_ar.strip() or seller.name.strip()
	if not has_arabic(name):
		said = Name(
			"Enter the company's name in Arabic, as on the VAT certificate: tax invoices are in Arabic.",
			"أدخل اسم الشركة بالعربية كما في شهادة ضريبة القيمة المضافة، فالفاتورة الضريبية بالعربية.",
		)
		return Item("name_ar", label, False, True, said)
	if len(name.encode()) > _NAME_BYTES:
		said = Name(
			"The name is too long for the QR code; shorten it to about 120 letters.",
			"الاسم أطول من أن يتسع له رمز QR؛ اختصره إلى نحو 120 حرفاً.",
		)
		return Item("name_ar", label, False, True, said)
	return Item("name_ar", label, True, True, Name("", ""))


def _vat_number(seller: Seller) -> Item:
	label = Name("VAT number", "الرقم الضريبي")
	number = seller.vat_number
	if not number:
		said = Name(
			"Enter the VAT number from the VAT certificate.",
			"أدخل الرقم الضريبي من شهادة ضريبة القيمة المضافة.",
		)
	elif not (number.isascii() and number.isdigit()) or len(number) != 15:
		said = Name(
			f"A VAT number has 15 digits; this one has {sum(letter.isdigit() for letter in number)}.",
			f"الرقم الضريبي من 15 رقماً، وهذا من {sum(letter.isdigit() for letter in number)}.",
		)
	elif not VAT_NUMBER.fullmatch(number):
		said = Name("A VAT number starts and ends with 3.", "الرقم الضريبي يبدأ بالرقم 3 وينتهي به.")
	else:
		return Item("vat_number", label, True, True, Name("", ""))
	return Item("vat_number", label, False, True, said)


def _group(seller: Seller) -> list[Item]:
	if not is_group_number(seller.vat_number):
		return []
	ok = bool(TIN.fullmatch(seller.group_tin))
	said = Name(
		"The 11th digit of the VAT number is 1, so it is a VAT group's. Enter this member's own ten-digit TIN.",
		"الرقم الحادي عشر من الرقم الضريبي هو 1، أي أنه لمجموعة ضريبية. أدخل الرقم المميز لهذا العضو من 10 أرقام.",
	)
	label = Name("TIN of the group's member", "الرقم المميز لعضو المجموعة")
	return [Item("group_tin", label, ok, True, Name("", "") if ok else said)]


def _registration(seller: Seller) -> Item:
	label = Name("Registration number", "رقم السجل")
	number = seller.registration_number
	pattern, form = _NUMBERS.get(
		seller.registration_scheme, (_ANY_NUMBER, Name("letters and digits only", "حروف وأرقام إنجليزية فقط"))
	)
	if not number:
		said = Name(
			"Enter the unified national number (it starts with 7), or choose another registration.",
			"أدخل الرقم الوطني الموحد (يبدأ بالرقم 7) أو اختر نوع سجل آخر.",
		)
	elif not pattern.fullmatch(number):
		said = Name(f"This number has to be: {form.en}.", f"يجب أن يكون هذا الرقم: {form.ar}.")
	else:
		return Item("registration_number", label, True, True, Name("", ""))
	return Item("registration_number", label, False, True, said)


def _given(seller: Seller, field: str, en: str, ar: str) -> Item:
	ok = bool(getattr(seller, field).strip())
	said = Name(f"{en} is missing from the National Address.", f"{ar}: بيان ناقص في العنوان الوطني.")
	return Item(field, Name(en, ar), ok, True, Name("", "") if ok else said)


def _digits(seller: Seller, field: str, en: str, ar: str, pattern: re.Pattern[str], count: int) -> Item:
	ok = bool(pattern.fullmatch(getattr(seller, field)))
	said = Name(
		f"{en} has {count} digits, as in the National Address.",
		f"{ar} من {count} أرقام كما في العنوان الوطني.",
	)
	return Item(field, Name(en, ar), ok, True, Name("", "") if ok else said)


def _optional(seller: Seller, field: str, en: str, ar: str, pattern: re.Pattern[str], said: Name) -> Item:
	value = getattr(seller, field)
	ok = not value or bool(pattern.fullmatch(value))
	return Item(field, Name(en, ar), ok, False, Name("", "") if ok else said)
