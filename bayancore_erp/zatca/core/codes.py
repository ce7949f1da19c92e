"""Code lists of the Saudi invoice: what each wire code means, with its English and Arabic name.

One definition per list; everything else derives from these. Sources: XML Implementation Standard section 11,
rules BR-KSA-05/06/08/14/16, BR-KSA-CL-04, BR-CL-*.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from bayancore_erp.zatca.core.errors import InvalidInput


class Name(NamedTuple):
	"""The same name in both languages of an invoice."""

	en: str
	ar: str


class Environment(str, Enum):
	"""The three gateways; the value is the path segment in their address. CSIDs are exclusive to one."""

	SANDBOX = "developer-portal"
	SIMULATION = "simulation"
	PRODUCTION = "core"


class DocumentType(str, Enum):
	"""BT-3, UNTDID 1001 (BR-KSA-05)."""

	INVOICE = "388"
	CREDIT_NOTE = "381"
	DEBIT_NOTE = "383"
	PREPAYMENT = "386"

	@property
	def is_note(self) -> bool:
		"""A credit or debit note, which needs an original and a reason."""
		return self in (DocumentType.CREDIT_NOTE, DocumentType.DEBIT_NOTE)


@dataclass(frozen=True, slots=True)
class TypeFlags:
	"""KSA-2, the `name` of the type code: NNPNESB, optionally with C and G (BR-KSA-06)."""

	simplified: bool = False
	"""02: reported within 24 hours; otherwise 01, cleared beforehand."""
	third_party: bool = False
	"""P: issued by a third party for the seller."""
	nominal: bool = False
	"""N: a supply without consideration, such as a gift."""
	export: bool = False
	"""E: an export."""
	summary: bool = False
	"""S: covers several supplies of a period."""
	self_billed: bool = False
	"""B: issued by the buyer."""
	continuous: bool = False
	"""C: a continuous supply."""
	government: bool = False
	"""G: to a government body; needs its contract."""

	@classmethod
	def parse(cls, text: str) -> TypeFlags:
		"""Read 7 to 9 characters such as `0100000`. Raises InvalidInput for anything else."""
		if not (7 <= len(text) <= 9) or text[:2] not in ("01", "02") or set(text[2:]) - {"0", "1"}:
			raise InvalidInput(
				f"{text[:12]!r} is not a transaction type.",
				field="flags",
				hint="It starts with 01 (standard) or 02 (simplified), followed by 5 to 7 digits that are 0 or 1.",
			)
		bits = [digit == "1" for digit in text[2:].ljust(7, "0")]
		return cls(text[:2] == "02", *bits)

	@property
	def code(self) -> str:
		"""The wire form: 7 digits, longer only where the newer flags are set, for gateways that know only seven."""
		bits = [self.third_party, self.nominal, self.export, self.summary, self.self_billed]
		if self.continuous or self.government:
			bits.append(self.continuous)
		if self.government:
			bits.append(self.government)
		return ("02" if self.simplified else "01") + "".join("1" if bit else "0" for bit in bits)


class VatCategory(str, Enum):
	"""BT-118 and its kin, UNTDID 5305 (BR-CL-KSA)."""

	STANDARD = "S"
	ZERO = "Z"
	EXEMPT = "E"
	OUT_OF_SCOPE = "O"

	@property
	def label(self) -> Name:
		"""How people call the category."""
		return _CATEGORY_NAMES[self]


_CATEGORY_NAMES = {
	VatCategory.STANDARD: Name("Standard rated", "خاضع للنسبة الأساسية"),
	VatCategory.ZERO: Name("Zero rated", "خاضع لنسبة الصفر"),
	VatCategory.EXEMPT: Name("Exempt from VAT", "معفى من الضريبة"),
	VatCategory.OUT_OF_SCOPE: Name("Not subject to VAT", "غير خاضع للضريبة"),
}

STANDARD_RATE = Decimal("15")
# 5 % applied until June 2020 and still appears on notes to invoices of that time (BR-KSA-84).
LAWFUL_STANDARD_RATES = frozenset({Decimal("15"), Decimal("5")})


class ExemptionReason(NamedTuple):
	"""A VATEX code with the category it explains and its reason text."""

	category: VatCategory
	reason: Name


_Z, _E, _O = VatCategory.ZERO, VatCategory.EXEMPT, VatCategory.OUT_OF_SCOPE

EXEMPTIONS: dict[str, ExemptionReason] = {
	"VATEX-SA-29": ExemptionReason(_E, Name("Financial services", "الخدمات المالية")),
	"VATEX-SA-29-7": ExemptionReason(_E, Name("Life insurance services", "عقد تأمين على الحياة")),
	"VATEX-SA-30": ExemptionReason(
		_E, Name("Real estate transactions", "التوريدات العقارية المعفاة من الضريبة")
	),
	"VATEX-SA-32": ExemptionReason(_Z, Name("Export of goods", "صادرات السلع من المملكة")),
	"VATEX-SA-32(bis)": ExemptionReason(
		_Z, Name("Supply of goods to a special zone", "توريد السلع إلى منطقة خاصة")
	),
	"VATEX-SA-33": ExemptionReason(_Z, Name("Export of services", "صادرات الخدمات من المملكة")),
	"VATEX-SA-34-1": ExemptionReason(_Z, Name("International transport of goods", "النقل الدولي للسلع")),
	"VATEX-SA-34-2": ExemptionReason(
		_Z, Name("International transport of passengers", "النقل الدولي للركاب")
	),
	"VATEX-SA-34-3": ExemptionReason(
		_Z,
		Name(
			"Services connected with international passenger transport",
			"الخدمات المرتبطة مباشرة بتوريد النقل الدولي للركاب",
		),
	),
	"VATEX-SA-34-4": ExemptionReason(
		_Z, Name("Supply of a qualifying means of transport", "توريد وسائل النقل المؤهلة")
	),
	"VATEX-SA-34-5": ExemptionReason(
		_Z,
		Name(
			"Services relating to goods or passenger transport",
			"الخدمات ذات الصلة بنقل السلع أو الركاب",
		),
	),
	"VATEX-SA-35": ExemptionReason(_Z, Name("Medicines and medical equipment", "الأدوية والمعدات الطبية")),
	"VATEX-SA-36": ExemptionReason(_Z, Name("Qualifying metals", "المعادن المؤهلة")),
	"VATEX-SA-EDU": ExemptionReason(
		_Z, Name("Private education to a citizen", "الخدمات التعليمية الخاصة للمواطنين")
	),
	"VATEX-SA-HEA": ExemptionReason(
		_Z, Name("Private healthcare to a citizen", "الخدمات الصحية الخاصة للمواطنين")
	),
	"VATEX-SA-MLTRY": ExemptionReason(
		_Z, Name("Supply of qualified military goods", "توريد السلع العسكرية المؤهلة")
	),
	"VATEX-SA-DIPLOMAT": ExemptionReason(
		_Z, Name("Supply to a diplomatic mission", "توريد إلى بعثة دبلوماسية")
	),
	"VATEX-SA-DUTYFREE": ExemptionReason(_Z, Name("Supply in a duty-free shop", "توريد في سوق حرة")),
	"VATEX-SA-ROYALDECREE": ExemptionReason(_Z, Name("Supply under a royal decree", "توريد بموجب أمر ملكي")),
	"VATEX-SA-OOS": ExemptionReason(_O, Name("Not subject to VAT", "غير خاضع لضريبة القيمة المضافة")),
}

CITIZEN_EXEMPTIONS = frozenset({"VATEX-SA-EDU", "VATEX-SA-HEA"})

# Registration schemes: seller (BR-KSA-08) and buyer (BR-KSA-14). 700 is the unified number, the default since 2025.
SCHEMES: dict[str, Name] = {
	"700": Name("Unified number (700)", "الرقم الموحد (700)"),
	"CRN": Name("Commercial registration", "السجل التجاري"),
	"MOM": Name("Municipal licence", "رخصة البلدية (وزارة الشؤون البلدية)"),
	"MLS": Name("Labour ministry licence", "رخصة وزارة الموارد البشرية"),
	"SAG": Name("Investment licence", "رخصة وزارة الاستثمار"),
	"TIN": Name("Tax identification number", "الرقم المميز"),
	"NAT": Name("National ID", "الهوية الوطنية"),
	"GCC": Name("GCC ID", "هوية مواطني دول مجلس التعاون"),
	"IQA": Name("Iqama", "رقم الإقامة"),
	"PAS": Name("Passport", "رقم جواز السفر"),
	"OTH": Name("Other ID", "معرّف آخر"),
}
SELLER_SCHEMES = ("700", "CRN", "MOM", "MLS", "SAG", "OTH")
BUYER_SCHEMES = tuple(SCHEMES)

PAYMENT_MEANS: dict[str, Name] = {
	"1": Name("Not defined", "غير محدد"),
	"10": Name("In cash", "نقداً"),
	"30": Name("Credit transfer", "حوالة دائنة"),
	"42": Name("Payment to bank account", "إيداع في حساب بنكي"),
	"48": Name("Bank card", "بطاقة مصرفية"),
}

# The five occasions for a note (VAT Implementing Regulations art. 40(1) and 54); the wire text is "English | Arabic".
NOTE_REASONS: dict[str, Name] = {
	"cancellation": Name(
		"Cancellation or suspension of the supplies after its occurrence either wholly or partially",
		"إلغاء أو وقف التوريد بعد حدوثه أو اعتباره كلياً أو جزئياً",
	),
	"nature": Name(
		"In case of essential change or amendment in the supply, which leads to the change of the VAT due",
		"وجود تغيير أو تعديل جوهري في طبيعة التوريد بحيث يؤدي إلى تغيير الضريبة المستحقة",
	),
	"value": Name(
		"Amendment of the supply value which is pre-agreed upon between the supplier and consumer",
		"تعديل قيمة التوريد المتفق عليها مسبقاً بين المورد والعميل",
	),
	"return": Name("In case of goods or services refund", "عند ترجيع السلع أو الخدمات"),
	"buyer_or_seller_details": Name(
		"In case of change in Seller's or Buyer's information", "عند التعديل على بيانات المورد أو المشتري"
	),
}
