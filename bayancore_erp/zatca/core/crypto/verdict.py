"""What a verification found: one `Check` per thing that must fit, each with a sentence in English and Arabic.

Takes the name of a check and the values its sentence names. Gives frozen values for command line, desk and simulator.
Never holds more of a document than the few characters a sentence quotes.

Source: Security Features Implementation Standard sections 2.3.3 and 4; codes that the gateway uses for the same
faults: ZATCA.md section 5 (invalid-invoice-hash, signed-properties-hashing, …_QRCODE_INVALID).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_QUOTED = 60


class Wording(NamedTuple):
	"""The name of a check, and what is said when it fails, in both languages."""

	title_en: str
	title_ar: str
	fault_en: str
	fault_ar: str


def _qr(tag: int, en: str, ar: str) -> Wording:
	return Wording(
		f"QR: {en}",
		f"رمز QR: {ar}",
		f"The {en} in the QR (tag {tag}) does not fit: the QR says {{found}}, the document {{expected}}.",
		f"عدم تطابق في رمز QR (الوسم {tag}، {ar}): في الرمز {{found}} وفي المستند {{expected}}.",
	)


WORDINGS = {
	"document": Wording(
		"Readable invoice",
		"فاتورة مقروءة",
		"The document cannot be read as an invoice: {found}",
		"تعذّرت قراءة المستند كفاتورة: {found}",
	),
	"stamp_present": Wording(
		"One stamp",
		"ختم واحد",
		"The document must carry exactly one stamp in its place; found: {found}.",
		"يجب أن يحمل المستند ختماً واحداً فقط في موضعه؛ الموجود: {found}.",
	),
	"layout": Wording(
		"Layout of the stamp",
		"بنية الختم",
		"The stamp is not laid out as ZATCA prescribes; the first difference is at {found}.",
		"بنية الختم تخالف ما تشترطه الهيئة؛ أول اختلاف عند {found}.",
	),
	"certificate": Wording(
		"Certificate",
		"الشهادة",
		"The certificate in the stamp cannot be used: {found}",
		"لا يمكن استخدام الشهادة الموجودة في الختم: {found}",
	),
	"certificate_expected": Wording(
		"Certificate of this device",
		"شهادة هذا الجهاز",
		"The document was stamped with another certificate than the one expected: serial {found} instead of {expected}.",
		"خُتم المستند بشهادة غير الشهادة المتوقعة: الرقم التسلسلي {found} بدلاً من {expected}.",
	),
	"certificate_digest": Wording(
		"Certificate digest",
		"بصمة الشهادة",
		"The certificate was exchanged or altered: its digest is {expected}, the stamp says {found}.",
		"استُبدلت الشهادة أو عُدّلت: بصمتها {expected} وفي الختم {found}.",
	),
	"issuer": Wording(
		"Issuer of the certificate",
		"جهة إصدار الشهادة",
		"The issuer named in the stamp is {found}, but the certificate was issued by {expected}.",
		"جهة الإصدار المذكورة في الختم {found}، بينما الشهادة صادرة عن {expected}.",
	),
	"serial": Wording(
		"Serial number of the certificate",
		"الرقم التسلسلي للشهادة",
		"The serial number in the stamp is {found}, that of the certificate is {expected}.",
		"الرقم التسلسلي في الختم {found} ورقم الشهادة {expected}.",
	),
	"signing_time": Wording(
		"Signing time",
		"وقت التوقيع",
		"The signing time {found} is not a time in the form YYYY-MM-DDTHH:MM:SS within the certificate's validity, {expected}.",
		"وقت التوقيع {found} ليس وقتاً بالصيغة YYYY-MM-DDTHH:MM:SS ضمن مدة صلاحية الشهادة {expected}.",
	),
	"signed_properties": Wording(
		"Signed properties",
		"الخصائص الموقّعة",
		"The signing time, certificate digest, issuer or serial number was altered after signing: "
		"their digest is {expected}, the stamp says {found}.",
		"عُدّل وقت التوقيع أو بصمة الشهادة أو جهة الإصدار أو الرقم التسلسلي بعد التوقيع: البصمة {expected} وفي الختم {found}.",
	),
	"invoice_hash": Wording(
		"Invoice hash",
		"بصمة الفاتورة",
		"The content of the invoice was altered after it was stamped: its hash is {expected}, the stamp says {found}.",
		"عُدّل محتوى الفاتورة بعد ختمها: بصمتها {expected} وفي الختم {found}.",
	),
	"signature": Wording(
		"Signature",
		"التوقيع",
		"The signature {found} was not made by the certificate's key over the hash in the stamp.",
		"التوقيع {found} لم يُنشأ بمفتاح الشهادة على البصمة الموجودة في الختم.",
	),
	"qr_readable": Wording(
		"Readable QR",
		"رمز QR مقروء",
		"The QR cannot be read: {found}",
		"تعذّرت قراءة رمز QR: {found}",
	),
	"qr_tags": Wording(
		"Tags of the QR",
		"وسوم رمز QR",
		"The QR has {found} tags; a document of this kind needs {expected}.",
		"عدد الوسوم في رمز QR هو {found}، ويلزم لهذا النوع من المستندات {expected}.",
	),
	"qr_seller": _qr(1, "seller name", "اسم البائع"),
	"qr_vat_number": _qr(2, "VAT number", "الرقم الضريبي"),
	"qr_time": _qr(3, "time stamp", "تاريخ الفاتورة ووقتها"),
	"qr_total": _qr(4, "total", "إجمالي الفاتورة"),
	"qr_vat": _qr(5, "VAT total", "إجمالي الضريبة"),
	"qr_hash": _qr(6, "invoice hash", "بصمة الفاتورة"),
	"qr_signature": _qr(7, "signature", "التوقيع"),
	"qr_public_key": _qr(8, "public key", "المفتاح العام"),
	"qr_certificate_signature": _qr(9, "certificate signature", "توقيع الشهادة"),
}


@dataclass(frozen=True, slots=True)
class Check:
	"""One thing looked at. `found` and `expected` are short quotations, empty where they say nothing."""

	name: str
	ok: bool
	found: str = ""
	expected: str = ""

	@property
	def title(self) -> str:
		"""What was looked at, in English."""
		return WORDINGS[self.name].title_en

	@property
	def title_ar(self) -> str:
		"""What was looked at, in Arabic."""
		return WORDINGS[self.name].title_ar

	@property
	def message(self) -> str:
		"""What does not fit, in English; empty if it fits."""
		return "" if self.ok else self._said(WORDINGS[self.name].fault_en, "nothing")

	@property
	def message_ar(self) -> str:
		"""What does not fit, in Arabic; empty if it fits."""
		return "" if self.ok else self._said(WORDINGS[self.name].fault_ar, "لا شيء")

	def _said(self, sentence: str, nothing: str) -> str:
		return sentence.format(found=self.found or nothing, expected=self.expected or nothing)


@dataclass(frozen=True, slots=True)
class Verification:
	"""All checks that could be made, in the order in which a person would look."""

	checks: tuple[Check, ...]
	invoice_hash: str = ""
	"""Base64, recomputed from the document; empty if it could not be read."""

	@property
	def ok(self) -> bool:
		"""Whether everything fits."""
		return all(check.ok for check in self.checks)

	@property
	def failed(self) -> tuple[Check, ...]:
		"""The checks that found a fault."""
		return tuple(check for check in self.checks if not check.ok)


def quoted(value: str | bytes) -> str:
	"""A value as a sentence can show it: bytes as hexadecimal, long ones cut in the middle."""
	text = value.hex() if isinstance(value, bytes) else " ".join(value.split())
	return text if len(text) <= _QUOTED else f"{text[: _QUOTED // 2]}…{text[-_QUOTED // 3 :]}"
