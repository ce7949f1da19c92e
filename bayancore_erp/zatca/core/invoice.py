"""The invoice as people mean it: what was sold, by whom, to whom, at what price. No XML, no arithmetic, no storage.

Takes what a person, an ERP document or a JSON file states; the amounts that follow from it come from `calculator`.
Positive amounts everywhere: a credit note says by its type that it gives back (Detailed Guideline p. 62).
Field names are the model's paths in findings, such as `lines[1].unit_price` or `buyer.address.building_number`.
BT-/KSA- numbers: XML Implementation Standard section 8, data dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from bayancore_erp.zatca.core.codes import EXEMPTIONS, DocumentType, TypeFlags, VatCategory
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.money import ZERO


class InvalidInvoice(InvalidInput):
	"""Everything in one invoice that cannot be said lawfully; `problems` names each with its field."""

	def __init__(self, problems: Sequence[InvalidInput]) -> None:
		first = problems[0]
		message = " ".join(problem.diagnostics() for problem in problems)
		super().__init__(
			first.message if len(problems) == 1 else f"{len(problems)} problems. {message}",
			code=first.code,
			hint=first.hint if len(problems) == 1 else "",
			field=first.field if len(problems) == 1 else "",
		)
		self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Text:
	"""A wording in one or both languages. On the wire "Arabic | English", as in ZATCA's own samples."""

	ar: str = ""
	"""The Arabic wording; the law asks for it."""
	en: str = ""
	"""The English wording."""
	english_first: bool = False
	"""Write "English | Arabic" instead."""

	@classmethod
	def of(cls, value: str) -> Text:
		"""Split "Arabic | English" (in either order), or take a wording of one language as it is."""
		left, _, right = value.partition("|")
		left, right = left.strip(), right.strip()
		if left and right and has_arabic(left) != has_arabic(right):
			return cls(left, right) if has_arabic(left) else cls(right, left, english_first=True)
		return cls(ar=value.strip()) if has_arabic(value) else cls(en=value.strip())

	def __str__(self) -> str:
		if self.ar and self.en:
			return f"{self.en} | {self.ar}" if self.english_first else f"{self.ar} | {self.en}"
		return self.ar or self.en

	def __bool__(self) -> bool:
		return bool(self.ar or self.en)


def has_arabic(text: str) -> bool:
	"""Whether any letter of the Arabic script occurs."""
	return any(
		"\u0600" <= c <= "\u06ff" or "\u0750" <= c <= "\u077f" or "\ufb50" <= c <= "\ufefc" for c in text
	)


@dataclass(frozen=True, slots=True)
class Address:
	"""A National Address (BG-5, BG-8); outside the Kingdom street, city and country are enough (BR-KSA-10)."""

	street: str = ""
	additional_street: str = ""
	"""BT-36 / BT-51."""
	building_number: str = ""
	"""KSA-17 / KSA-18: four digits."""
	additional_number: str = ""
	"""KSA-23 / KSA-19 (plot identification)."""
	district: str = ""
	"""KSA-3 / KSA-4."""
	city: str = ""
	province: str = ""
	"""BT-39 / BT-54."""
	postal_code: str = ""
	"""BT-38 / BT-53: five digits in the Kingdom."""
	country: str = "SA"
	"""ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class PartyId:
	"""A registration number with the scheme that gave it (BT-29 / BT-46)."""

	scheme: str
	value: str


@dataclass(frozen=True, slots=True)
class Contact:
	"""Whom to ask at the buyer's (BG-9)."""

	name: str = ""
	"""BT-56."""
	phone: str = ""
	"""BT-57: begins with 0 or +."""
	email: str = ""
	"""BT-58."""
	note: str = ""
	"""KSA-35."""


@dataclass(frozen=True, slots=True)
class Party:
	"""Seller (BG-4) or buyer (BG-7)."""

	name: str = ""
	"""BT-27 / BT-44, as registered; Arabic, optionally "Arabic | English"."""
	vat_number: str = ""
	"""BT-31 / BT-48: 15 digits, 3…3; empty where not registered or exported to."""
	identification: PartyId | None = None
	address: Address | None = None
	"""BG-5 / BG-8."""
	contact: Contact | None = None
	"""BG-9, of the buyer."""


# Told apart from a stated 15 by identity, so that a zero-rated Vat without a stated rate is not one at 15 %.
_UNSTATED_RATE = Decimal("15")


@dataclass(frozen=True, slots=True)
class Vat:
	"""How something is taxed: category, rate in per cent, and for all but S the reason."""

	category: VatCategory = VatCategory.STANDARD
	"""S standard rated, Z zero rated, E exempt, O not subject to VAT."""
	rate: Decimal = _UNSTATED_RATE
	"""Per cent; where not stated 15 for S and 0 for the others."""
	exemption_code: str = ""
	"""BT-121, a VATEX-SA code."""
	exemption_reason: Text = Text()
	"""BT-120; the code's own reason where empty."""

	def __post_init__(self) -> None:
		if self.rate is _UNSTATED_RATE and self.category is not VatCategory.STANDARD:
			object.__setattr__(self, "rate", ZERO)
		if self.category is VatCategory.OUT_OF_SCOPE and not self.exemption_code:
			object.__setattr__(self, "exemption_code", "VATEX-SA-OOS")

	@classmethod
	def of(cls, code: str) -> Vat:
		"""By category letter (`S`) or exemption code (`VATEX-SA-35`). Raises InvalidInput for anything else."""
		if code in EXEMPTIONS:
			return cls(EXEMPTIONS[code].category, exemption_code=code)
		try:
			return cls(VatCategory(code))
		except ValueError as error:
			raise InvalidInput(
				f"{code[:40]!r} is neither a VAT category nor an exemption code.",
				field="vat",
				hint="Use S, Z, E or O, or a code such as VATEX-SA-35.",
			) from error

	@property
	def reason(self) -> Text:
		"""BT-120 as it is written: the stated wording, else the code list's."""
		if self.exemption_reason or self.exemption_code not in EXEMPTIONS:
			return self.exemption_reason
		name = EXEMPTIONS[self.exemption_code].reason
		return Text(name.ar, name.en, english_first=True)


STANDARD_VAT = Vat()


@dataclass(frozen=True, slots=True)
class LineAllowance:
	"""An allowance (or charge) on one line (BG-27, BG-28). Either `amount`, or `percentage` of the gross line."""

	amount: Decimal | None = None
	percentage: Decimal | None = None
	is_charge: bool = False
	reason: Text = Text()
	reason_code: str = ""
	"""UNTDID 5189 for allowances, 7161 for charges."""


@dataclass(frozen=True, slots=True)
class Line:
	"""One line (BG-25). `unit_price` is what the price list says, before the price discount, VAT as the invoice states."""

	name: Text
	quantity: Decimal
	unit_price: Decimal
	vat: Vat = STANDARD_VAT
	unit: str = "PCE"
	"""BT-130, UN/ECE Rec 20/21."""
	price_discount: Decimal = ZERO
	"""BT-147, taken off the unit price; net price = unit_price - price_discount (BR-KSA-EN16931-07)."""
	price_base_quantity: Decimal | None = None
	"""BT-149: the quantity the price is for; one where absent."""
	allowances: tuple[LineAllowance, ...] = ()
	note: Text = Text()
	seller_item_id: str = ""
	buyer_item_id: str = ""
	standard_item_id: str = ""
	"""BT-155 / BT-156 / BT-157."""
	identifier: str = ""
	"""BT-126; its position where empty."""


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
	"""A document discount or charge (BG-20, BG-21). Either `amount` or `percentage` of the sum of line nets.

	With `vat` None a discount is spread over the document's VAT categories by largest remainder. In a document whose
	prices include VAT the amount includes it too unless `on_net` is set.
	"""

	amount: Decimal | None = None
	percentage: Decimal | None = None
	is_charge: bool = False
	vat: Vat | None = None
	reason: Text = Text()
	reason_code: str = ""
	on_net: bool = False


@dataclass(frozen=True, slots=True)
class Prepayment:
	"""The deduction of one advance, in one VAT category (KSA-26 … KSA-34): an issued 386 or one from before go-live."""

	invoice_number: str
	"""KSA-26."""
	issue_date: date
	"""KSA-28."""
	taxable: Decimal
	"""KSA-31, net of VAT, in the invoice's currency."""
	vat: Vat = STANDARD_VAT
	tax: Decimal | None = None
	"""KSA-32 as the advance invoice stated it; round2(taxable x rate) where absent."""
	issue_time: time | None = None
	"""KSA-29."""
	uuid: str = ""
	"""KSA-27."""
	name: Text = Text(ar="دفعة مقدمة", en="Advance payment")


@dataclass(frozen=True, slots=True)
class Payment:
	"""BG-16: how it is or will be paid."""

	means_code: str = "10"
	"""BT-81, UNTDID 4461."""
	terms: Text = Text()
	"""KSA-22."""
	account: str = ""
	"""BT-84."""


@dataclass(frozen=True, slots=True)
class Note:
	"""A note on the document (BT-22) with its language, "ar" or "en"."""

	text: str
	language: str = "ar"


@dataclass(frozen=True, slots=True)
class Invoice:
	"""A tax invoice, simplified tax invoice, credit note, debit note or prepayment invoice."""

	number: str
	"""BT-1, the IRN."""
	uuid: str
	"""KSA-1."""
	issue_date: date
	"""BT-2: the moment of signing, in Riyadh."""
	issue_time: time
	"""KSA-25, whole seconds."""
	seller: Party
	lines: tuple[Line, ...]
	type_code: DocumentType = DocumentType.INVOICE
	flags: TypeFlags = field(default_factory=TypeFlags)
	buyer: Party | None = None
	currency: str = "SAR"
	"""BT-5, ISO 4217."""
	sar_rate: Decimal | None = None
	"""SAR for one unit of `currency` (SAMA's rate of the tax-due date); needed unless the currency is SAR."""
	vat_sar: Decimal | None = None
	"""BT-111 stated outright, where the books already hold it; otherwise round2(BT-110 x sar_rate)."""
	prices_include_vat: bool = False
	allowance_charges: tuple[AllowanceCharge, ...] = ()
	prepayments: tuple[Prepayment, ...] = ()
	supply_date: date | None = None
	"""KSA-5."""
	supply_end_date: date | None = None
	"""KSA-24."""
	payment: Payment | None = field(default_factory=Payment)
	reason: Text = Text()
	"""KSA-10, why a credit or debit note is issued."""
	billing_references: tuple[str, ...] = ()
	"""BT-25: numbers of the originals, or a range in words."""
	payable_rounded_to: Decimal | None = None
	"""BT-115 as agreed with the buyer (cash rounding); the difference goes to BT-114."""
	purchase_order: str = ""
	"""BT-13."""
	contract: str = ""
	"""BT-12; required for government buyers (BR-KSA-92)."""
	notes: tuple[Note, ...] = ()

	@property
	def is_simplified(self) -> bool:
		"""Reported within 24 hours rather than cleared beforehand."""
		return self.flags.simplified
