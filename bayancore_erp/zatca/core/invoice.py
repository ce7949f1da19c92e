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
	"""Street (BT-35 / BT-50)."""
	additional_street: str = ""
	"""More about the street (BT-36 / BT-51)."""
	building_number: str = ""
	"""Four digits (KSA-17 / KSA-18)."""
	additional_number: str = ""
	"""Four digits of the plot (KSA-23 / KSA-19)."""
	district: str = ""
	"""District (KSA-3 / KSA-4)."""
	city: str = ""
	"""City (BT-37 / BT-52)."""
	province: str = ""
	"""Province (BT-39 / BT-54)."""
	postal_code: str = ""
	"""Five digits in the Kingdom (BT-38 / BT-53)."""
	country: str = "SA"
	"""ISO 3166-1 alpha-2, such as SA (BT-40 / BT-55)."""


@dataclass(frozen=True, slots=True)
class PartyId:
	"""A registration number with the scheme that gave it (BT-29 / BT-46)."""

	scheme: str
	"""Who gave it: 700 (unified number), CRN, TIN, NAT, IQA ..."""
	value: str
	"""Letters and digits only."""


@dataclass(frozen=True, slots=True)
class Contact:
	"""Whom to ask at the buyer's (BG-9)."""

	name: str = ""
	"""Name (BT-56)."""
	phone: str = ""
	"""Begins with 0 or + (BT-57)."""
	email: str = ""
	"""E-mail (BT-58)."""
	note: str = ""
	"""Remark (KSA-35)."""


@dataclass(frozen=True, slots=True)
class Party:
	"""Seller (BG-4) or buyer (BG-7)."""

	name: str = ""
	"""As registered; Arabic, optionally "Arabic | English" (BT-27 / BT-44)."""
	vat_number: str = ""
	"""15 digits, 3…3; empty where not registered or exported to (BT-31 / BT-48)."""
	identification: PartyId | None = None
	"""Registration number; of a buyer needed where there is no VAT number (BT-29 / BT-46)."""
	address: Address | None = None
	"""National Address (BG-5 / BG-8)."""
	contact: Contact | None = None
	"""Whom to ask at the buyer's (BG-9)."""


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
	"""Why no VAT is charged, as a VATEX-SA code (BT-121)."""
	exemption_reason: Text = Text()
	"""The same in words (BT-120); the code's own wording where empty."""

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
	"""An allowance (or charge) on one line (BG-27, BG-28). Either `amount`, or `percentage` of the line before it.

	Where both are stated the amount counts, and the percentage is shown if it fits.
	"""

	amount: Decimal | None = None
	"""BT-136 / BT-141, with VAT where the invoice's prices include it."""
	percentage: Decimal | None = None
	"""BT-138 / BT-143, 0 to 100, of quantity x price."""
	is_charge: bool = False
	"""Adds to the line instead of taking off."""
	reason: Text = Text()
	"""BT-139 / BT-144; a charge needs it."""
	reason_code: str = ""
	"""UNTDID 5189 for allowances, 7161 for charges."""


@dataclass(frozen=True, slots=True)
class Line:
	"""One line (BG-25). `unit_price` is what the price list says, before the price discount, VAT as the invoice states."""

	name: Text
	"""BT-153, what was sold."""
	quantity: Decimal
	"""BT-129, above zero."""
	unit_price: Decimal
	"""BT-148, or BT-146 without a price discount; any number of decimals."""
	vat: Vat = STANDARD_VAT
	"""How it is taxed (BG-30)."""
	unit: str = "PCE"
	"""Unit of measure, UN/ECE Recommendation 20/21 (BT-130)."""
	price_discount: Decimal = ZERO
	"""Taken off the unit price (BT-147): net price = unit_price - price_discount (BR-KSA-EN16931-07)."""
	price_base_quantity: Decimal | None = None
	"""The quantity the price is for, one where absent (BT-149)."""
	allowances: tuple[LineAllowance, ...] = ()
	"""Discounts and charges on the line (BG-27, BG-28)."""
	note: Text = Text()
	"""A remark on the line (BT-127)."""
	seller_item_id: str = ""
	"""The seller's item number (BT-155)."""
	buyer_item_id: str = ""
	"""The buyer's item number (BT-156)."""
	standard_item_id: str = ""
	"""An item number such as a GTIN (BT-157)."""
	identifier: str = ""
	"""Line number, at most six characters, each once; its position, or the next free one, where blank (BT-126)."""


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
	"""A document discount or charge (BG-20, BG-21). Either `amount` or `percentage`.

	With `vat` None it is spread over the document's VAT categories by largest remainder, its percentage being of the sum
	of the lines. With `vat` a discount's percentage is of that category's lines, a charge's of all lines. In a document
	whose prices include VAT the amount includes it too unless `on_net` is set.
	"""

	amount: Decimal | None = None
	"""BT-92 / BT-99."""
	percentage: Decimal | None = None
	"""BT-94 / BT-101, 0 to 100."""
	is_charge: bool = False
	"""Adds to the document instead of taking off."""
	vat: Vat | None = None
	"""BT-95 / BT-102: the one category it belongs to."""
	reason: Text = Text()
	"""BT-97 / BT-104; a charge needs it."""
	reason_code: str = ""
	"""UNTDID 5189 for discounts, 7161 for charges; a charge needs it."""
	on_net: bool = False
	"""The amount excludes VAT although the document's prices include it."""


@dataclass(frozen=True, slots=True)
class Prepayment:
	"""The deduction of one advance, in one VAT category (KSA-26 … KSA-34): an issued 386 or one from before go-live."""

	invoice_number: str
	"""Number of the advance invoice (KSA-26)."""
	issue_date: date
	"""Date of the advance invoice (KSA-28)."""
	taxable: Decimal
	"""Net amount deducted, in the invoice's currency (KSA-31)."""
	vat: Vat = STANDARD_VAT
	"""How the advance was taxed (KSA-33, KSA-34, KSA-41, KSA-42)."""
	tax: Decimal | None = None
	"""Its VAT as the advance invoice stated it; round2(taxable x rate) where absent (KSA-32)."""
	issue_time: time | None = None
	"""Time of the advance invoice (KSA-29)."""
	uuid: str = ""
	"""UUID of the advance invoice (KSA-27)."""
	name: Text = Text(ar="دفعة مقدمة", en="Advance payment")
	"""BT-153 of the line that deducts it."""


@dataclass(frozen=True, slots=True)
class Payment:
	"""BG-16: how it is or will be paid."""

	means_code: str = "10"
	"""How: 10 cash, 30 credit transfer, 42 bank account, 48 card, 1 not defined (BT-81, UNTDID 4461)."""
	terms: Text = Text()
	"""Payment terms (KSA-22)."""
	account: str = ""
	"""Account paid to, such as an IBAN (BT-84)."""


@dataclass(frozen=True, slots=True)
class Note:
	"""A note on the document (BT-22) with its language, "ar" or "en"."""

	text: str
	"""At most 1,000 characters."""
	language: str = "ar"
	"""Language of the note, ar or en."""


@dataclass(frozen=True, slots=True)
class Invoice:
	"""A tax invoice, simplified tax invoice, credit note, debit note or prepayment invoice."""

	number: str
	"""Invoice number, unique in its series (BT-1)."""
	uuid: str
	"""The document's own UUID (KSA-1)."""
	issue_date: date
	"""Day of signing, in Riyadh (BT-2)."""
	issue_time: time
	"""Time of day of signing, whole seconds (KSA-25)."""
	seller: Party
	"""Who sells (BG-4)."""
	lines: tuple[Line, ...]
	"""What is sold, at least one line (BG-25); lines deducting advances come from `prepayments`."""
	type_code: DocumentType = DocumentType.INVOICE
	"""BT-3: 388 invoice, 381 credit note, 383 debit note, 386 prepayment invoice."""
	flags: TypeFlags = field(default_factory=TypeFlags)
	"""Standard or simplified, and the kinds of transaction (KSA-2)."""
	buyer: Party | None = None
	"""Who buys; may be absent on a simplified invoice (BG-7)."""
	currency: str = "SAR"
	"""ISO 4217 (BT-5)."""
	sar_rate: Decimal | None = None
	"""SAR for one unit of `currency` (SAMA's rate of the tax-due date); needed unless the currency is SAR."""
	vat_sar: Decimal | None = None
	"""BT-111 stated outright, where the books already hold it; otherwise round2(BT-110 x sar_rate)."""
	prices_include_vat: bool = False
	"""Prices, discounts and charges include VAT, and what the customer pays is exactly their sum."""
	allowance_charges: tuple[AllowanceCharge, ...] = ()
	"""Discounts and charges on the document (BG-20, BG-21)."""
	prepayments: tuple[Prepayment, ...] = ()
	"""Advances deducted, one for each VAT category of each advance invoice."""
	supply_date: date | None = None
	"""When it was supplied (KSA-5)."""
	supply_end_date: date | None = None
	"""When the supply ended (KSA-24)."""
	payment: Payment | None = field(default_factory=Payment)
	"""How it is paid (BG-16)."""
	reason: Text = Text()
	"""Why a credit or debit note is issued (KSA-10)."""
	billing_references: tuple[str, ...] = ()
	"""Numbers of the original invoices, or a range in words (BT-25)."""
	payable_rounded_to: Decimal | None = None
	"""BT-115 as agreed with the buyer (cash rounding); the difference goes to BT-114."""
	purchase_order: str = ""
	"""The buyer's order (BT-13)."""
	contract: str = ""
	"""Contract number; required for government buyers (BT-12, BR-KSA-92)."""
	notes: tuple[Note, ...] = ()
	"""Remarks on the document (BT-22)."""

	@property
	def is_simplified(self) -> bool:
		"""Reported within 24 hours rather than cleared beforehand."""
		return self.flags.simplified
