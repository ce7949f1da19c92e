"""The certificate signing request with which a device asks ZATCA for its certificate (CSID).

Takes a `CsrRequest` (or the SDK's .properties file), a key and the environment. Gives the request as PEM; the API wants
base64 of that whole text. Names all that is wrong with a request at once, in both languages.
Never assembles a name from text: values are encoded one by one, so none can smuggle in another attribute.

Source: ZATCA's onboarding profile as the SDK encodes it (subject order C, OU, O, CN; template name and directory name as
UTF8String); Security Features Implementation Standard section 2.2.2; PKCS #10 (RFC 2986).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.certificate import (
	OID_ADDRESS,
	OID_CATEGORY,
	OID_EGS_SERIAL,
	OID_PERMISSIONS,
	OID_TEMPLATE_NAME,
	OID_VAT_NUMBER,
)
from bayancore_erp.zatca.core.crypto.keys import DeviceKey
from bayancore_erp.zatca.core.errors import InvalidInput

TEMPLATES = {
	Environment.SANDBOX: "TSTZATCA-Code-Signing",
	Environment.SIMULATION: "PREZATCA-Code-Signing",
	Environment.PRODUCTION: "ZATCA-Code-Signing",
}
"""The certificate template per gateway; a request with another one's is refused there."""

_UTF8_STRING = 0x0C
# RFC 5280 appendix A: ub-common-name, ub-organization-name, ub-organizational-unit-name. The rest is free text.
_MAX_NAME = 64
_MAX_OTHER = 250
_NAMES = ("common_name", "organization_name", "organization_unit")

_VAT = re.compile(r"3[0-9]{13}3")
_TIN = re.compile(r"[0-9]{10}")
_SERIAL = re.compile(r"1-[^|]+\|2-[^|]+\|3-[^|]+")
_INVOICE_TYPE = re.compile(r"(?!00)[01]{2}00")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f=\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CsrRequest:
	"""What a device says of itself. Each field names its key in the SDK's .properties files."""

	common_name: str
	"""csr.common.name: a name of the device, unique to the taxpayer."""
	serial_number: str
	"""csr.serial.number: `1-maker|2-model|3-serial`, the serial usually a UUID."""
	organization_identifier: str
	"""csr.organization.identifier: the 15-digit VAT number."""
	organization_unit: str
	"""csr.organization.unit.name: the branch; for a member of a VAT group its 10-digit TIN."""
	organization_name: str
	"""csr.organization.name: the taxpayer."""
	location: str
	"""csr.location.address: the branch's address, best as its short national address."""
	industry: str
	"""csr.industry.business.category."""
	invoice_type: str = "1100"
	"""csr.invoice.type: the map TSCZ; 1000 standard, 0100 simplified, 1100 both."""
	country: str = "SA"
	"""csr.country.name."""


@dataclass(frozen=True, slots=True)
class CsrProblem:
	"""One thing that ZATCA would refuse. `field` is the attribute of CsrRequest."""

	field: str
	en: str
	ar: str


_PROPERTIES = {
	"csr.common.name": "common_name",
	"csr.serial.number": "serial_number",
	"csr.organization.identifier": "organization_identifier",
	"csr.organization.unit.name": "organization_unit",
	"csr.organization.name": "organization_name",
	"csr.country.name": "country",
	"csr.invoice.type": "invoice_type",
	"csr.location.address": "location",
	"csr.industry.business.category": "industry",
}
_WORDS = {
	"common_name": ("common name", "اسم الجهاز"),
	"serial_number": ("device serial number", "الرقم التسلسلي للجهاز"),
	"organization_identifier": ("VAT number", "الرقم الضريبي"),
	"organization_unit": ("branch name", "اسم الفرع"),
	"organization_name": ("taxpayer name", "اسم المنشأة"),
	"country": ("country code", "رمز الدولة"),
	"invoice_type": ("invoice type", "نوع الفواتير"),
	"location": ("location", "الموقع"),
	"industry": ("industry", "القطاع"),
}


def problems(request: CsrRequest) -> tuple[CsrProblem, ...]:
	"""All that is wrong with the request, none if ZATCA would take it."""
	found = [problem for item in fields(request) if (problem := _text_problem(request, item.name))]
	wrong = {problem.field for problem in found}
	found += [problem for problem in _form_problems(request) if problem.field not in wrong]
	return tuple(found)


def _text_problem(request: CsrRequest, name: str) -> CsrProblem | None:
	value: str = getattr(request, name)
	en, ar = _WORDS[name]
	limit = _MAX_NAME if name in _NAMES else _MAX_OTHER
	if not value.strip():
		return CsrProblem(name, f"The {en} is missing.", f"{ar} غير مدخل.")
	if value != value.strip():
		return CsrProblem(name, f"The {en} has spaces around it.", f"{ar} محاط بمسافات زائدة.")
	if _FORBIDDEN.search(value):
		return CsrProblem(
			name,
			f"The {en} holds an equals sign or a control character.",
			f"{ar} يحتوي على علامة يساوي أو حرف تحكم.",
		)
	# The library that writes and reads the name counts its bytes, where RFC 5280 counts characters.
	if name == "common_name" and (size := len(value.encode())) > limit:
		return CsrProblem(
			name,
			f"The {en} takes {size} bytes, an Arabic letter two of them; at most {limit} are allowed.",
			f"يشغل {ar} {size} بايت، والحرف العربي بايتان، والحد الأقصى {limit}.",
		)
	if len(value) > limit:
		return CsrProblem(
			name,
			f"The {en} has {len(value)} characters; at most {limit} are allowed.",
			f"عدد أحرف {ar} هو {len(value)}، والحد الأقصى {limit}.",
		)
	return None


def _form_problems(request: CsrRequest) -> list[CsrProblem]:
	found = []
	vat = request.organization_identifier
	if not _VAT.fullmatch(vat):
		found.append(
			CsrProblem(
				"organization_identifier",
				"The VAT number has 15 digits and starts and ends with 3.",
				"الرقم الضريبي من 15 رقماً يبدأ بالرقم 3 وينتهي به.",
			)
		)
	elif vat[10] == "1" and not _TIN.fullmatch(request.organization_unit):
		found.append(
			CsrProblem(
				"organization_unit",
				"The VAT number is a VAT group's (its 11th digit is 1): the branch name must be the member's 10-digit TIN.",
				"الرقم الضريبي لمجموعة ضريبية (الرقم الحادي عشر هو 1): يجب أن يكون اسم الفرع الرقم المميز للعضو من 10 أرقام.",
			)
		)
	if not _SERIAL.fullmatch(request.serial_number):
		found.append(
			CsrProblem(
				"serial_number",
				"The device serial number has the form 1-maker|2-model|3-serial.",
				"الرقم التسلسلي للجهاز على الصيغة 1-المصنّع|2-الطراز|3-الرقم.",
			)
		)
	if not _INVOICE_TYPE.fullmatch(request.invoice_type):
		found.append(
			CsrProblem(
				"invoice_type",
				"The invoice type is 1000 (standard), 0100 (simplified) or 1100 (both).",
				"نوع الفواتير 1000 (ضريبية) أو 0100 (مبسطة) أو 1100 (كلاهما).",
			)
		)
	if request.country != "SA":
		found.append(CsrProblem("country", "The country code must be SA.", "يجب أن يكون رمز الدولة SA."))
	return found


def build_csr(request: CsrRequest, key: DeviceKey, environment: Environment) -> bytes:
	"""The request as PEM, signed with `key`. Raises InvalidInput that names all problems at once."""
	if found := problems(request):
		raise InvalidInput(
			" ".join(problem.en for problem in found),
			code="CSR-INVALID",
			field=found[0].field,
			hint="Correct the device's data and make the request again.",
		)
	template = TEMPLATES[environment].encode()
	builder = (
		x509.CertificateSigningRequestBuilder()
		.subject_name(
			x509.Name(
				[
					x509.NameAttribute(NameOID.COUNTRY_NAME, request.country),
					x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, request.organization_unit),
					x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization_name),
					x509.NameAttribute(NameOID.COMMON_NAME, request.common_name),
				]
			)
		)
		.add_extension(
			x509.UnrecognizedExtension(OID_TEMPLATE_NAME, bytes((_UTF8_STRING, len(template))) + template),
			critical=False,
		)
		.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(_device(request))]), critical=False)
	)
	return builder.sign(_RequestKey(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class _RequestKey(ec.EllipticCurvePrivateKey):
	"""Any device key in the shape the library signs requests with; one in hardware gives nothing but signatures."""

	def __init__(self, key: DeviceKey) -> None:
		self._key = key

	def public_key(self) -> ec.EllipticCurvePublicKey:
		public = serialization.load_der_public_key(self._key.public_key_der)
		assert isinstance(public, ec.EllipticCurvePublicKey)
		return public

	def sign(
		self, data: bytes | bytearray | memoryview, signature_algorithm: ec.EllipticCurveSignatureAlgorithm
	) -> bytes:
		return self._key.sign(bytes(data))

	@property
	def curve(self) -> ec.EllipticCurve:
		return ec.SECP256K1()

	@property
	def key_size(self) -> int:
		return self.curve.key_size

	def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
		raise TypeError("A device's key signs and does nothing else.")

	def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
		raise TypeError("A device's key is not taken apart.")

	def private_bytes(self, *_format: object) -> bytes:
		raise TypeError("A device's key does not leave its store this way.")

	def __copy__(self) -> _RequestKey:
		return self

	def __deepcopy__(self, memo: dict[int, object]) -> _RequestKey:
		return self


def _device(request: CsrRequest) -> x509.Name:
	return x509.Name(
		[
			x509.NameAttribute(OID_EGS_SERIAL, request.serial_number),
			x509.NameAttribute(OID_VAT_NUMBER, request.organization_identifier),
			x509.NameAttribute(OID_PERMISSIONS, request.invoice_type),
			x509.NameAttribute(OID_ADDRESS, request.location),
			x509.NameAttribute(OID_CATEGORY, request.industry),
		]
	)


def read_properties(text: str) -> CsrRequest:
	"""A request from the SDK's .properties format, UTF-8 or with \\uXXXX escapes.

	Raises InvalidInput that names unknown and missing keys; whether the values are lawful is `problems`' question.
	"""
	pairs = _pairs(text)
	if unknown := [key for key in pairs if key not in _PROPERTIES]:
		raise InvalidInput(
			f"The settings file has unknown keys: {', '.join(unknown)}.",
			code="CSR-PROPERTIES",
			hint="Known are " + ", ".join(_PROPERTIES) + ".",
		)
	if missing := [key for key in _PROPERTIES if key not in pairs]:
		raise InvalidInput(f"The settings file lacks: {', '.join(missing)}.", code="CSR-PROPERTIES")
	return CsrRequest(**{_PROPERTIES[key]: value for key, value in pairs.items()})


def _pairs(text: str) -> dict[str, str]:
	"""Keys and values of Java's .properties, with its comments, continued lines and \\uXXXX escapes."""
	joined = re.sub(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t]*", r"\1", text.removeprefix("\ufeff"))
	pairs = {}
	for line in joined.splitlines():
		line = line.strip()
		if line and line[0] not in "#!":
			key, value = (*re.split(r"\s*[=:]\s*", line, maxsplit=1), "")[:2]
			pairs[key] = re.sub(
				r"\\(?:u([0-9A-Fa-f]{4})|(.))",
				lambda found: chr(int(found[1], 16)) if found[1] else found[2],
				value,
			)
	return pairs
