"""Reads and judges a certificate signing request as the Fatoora does.

Takes: the `csr` value of a request body (base64 of the whole PEM text). Gives: what a certificate copies from it.
Never trusts a field that the request's own signature does not cover. Source: Security Features Implementation
Standard 2.2.2 table 1; ZATCA.md section 6.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import InvalidInput

TEMPLATE_OID = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")
TEMPLATES = {
	Environment.SANDBOX: "TSTZATCA-Code-Signing",
	Environment.SIMULATION: "PREZATCA-Code-Signing",
	Environment.PRODUCTION: "ZATCA-Code-Signing",
}

# The unit's serial number travels under the OID of *surname*, a habit of ZATCA's own SDK.
UNIT_SERIAL, VAT_NUMBER, INVOICE_MAP = NameOID.SURNAME, NameOID.USER_ID, NameOID.TITLE
ADDRESS, INDUSTRY = x509.ObjectIdentifier("2.5.4.26"), NameOID.BUSINESS_CATEGORY

# RFC 5280 bounds the names of a subject; address and business category are free text (2.2.2 table 1).
LONGEST_NAME = 64

_SUBJECT = {
	NameOID.COUNTRY_NAME: "country (C)",
	NameOID.ORGANIZATIONAL_UNIT_NAME: "branch (OU)",
	NameOID.ORGANIZATION_NAME: "taxpayer (O)",
	NameOID.COMMON_NAME: "unit name (CN)",
}
_ALTERNATIVE = {
	UNIT_SERIAL: "unit serial number (SN)",
	VAT_NUMBER: "VAT number (UID)",
	INVOICE_MAP: "invoice type map (title)",
	ADDRESS: "registered address",
	INDUSTRY: "business category",
}
# The library reads a request bit by bit, so garbage may show itself at any question.
_UNREADABLE = (
	ValueError,
	TypeError,
	OverflowError,
	UnsupportedAlgorithm,
	x509.InvalidVersion,
	x509.DuplicateExtension,
	x509.UnsupportedGeneralNameType,
)
_DER_TEXT = (0x0C, 0x13)  # UTF8String, PrintableString


@dataclass(frozen=True, slots=True)
class SigningRequest:
	"""A request that passed every check, ready to be certified."""

	request: x509.CertificateSigningRequest
	template: str
	vat_number: str
	unit_serial: str
	common_name: str
	invoice_map: str

	@property
	def alternative_name(self) -> x509.SubjectAlternativeName:
		"""The extension that the certificate repeats unchanged."""
		return self.request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

	@property
	def pem(self) -> bytes:
		"""The request as it is kept."""
		return self.request.public_bytes(Encoding.PEM)


def read(text: str, environment: Environment) -> SigningRequest:
	"""Decode and check the `csr` value. Raises InvalidInput naming the first thing that does not fit."""
	try:
		return _read(text, environment)
	except _UNREADABLE as error:
		raise InvalidInput("The CSR is not the base64 of a PEM certificate request.", field="csr") from error


def _read(text: str, environment: Environment) -> SigningRequest:
	request = x509.load_pem_x509_csr(base64.b64decode("".join(text.split()), validate=True))
	key = request.public_key()
	if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256K1):
		raise InvalidInput("The key of the CSR is not on the curve secp256k1.", field="csr")
	if not request.is_signature_valid or not isinstance(request.signature_hash_algorithm, hashes.SHA256):
		raise InvalidInput("The CSR is not signed with its own key by ECDSA with SHA-256.", field="csr")

	subject = _values(request.subject, _SUBJECT, "subject")
	for oid, value in subject.items():
		if len(value) > LONGEST_NAME:
			raise InvalidInput(
				f"The CSR's {_SUBJECT[oid]} is longer than {LONGEST_NAME} characters.", field="csr"
			)
	if subject[NameOID.COUNTRY_NAME] != "SA":
		raise InvalidInput("The country of the CSR's subject is not SA.", field="csr")

	template = _template(request)
	if template != TEMPLATES[environment]:
		raise InvalidInput(
			f"The certificate template {template!r} does not belong to this environment.", field="csr"
		)

	unit = _values(_directory_name(request), _ALTERNATIVE, "alternative name")
	if not re.fullmatch(r"1-[^|]+\|2-[^|]+\|3-[^|]+", unit[UNIT_SERIAL]):
		raise InvalidInput("The unit's serial number is not of the form 1-...|2-...|3-...", field="csr")
	vat_number = unit[VAT_NUMBER]
	if not re.fullmatch(r"3[0-9]{13}3", vat_number):
		raise InvalidInput("The VAT number is not 15 digits that start and end with 3.", field="csr")
	if vat_number[10] == "1" and not re.fullmatch(r"[0-9]{10}", subject[NameOID.ORGANIZATIONAL_UNIT_NAME]):
		raise InvalidInput("For a VAT group, OU must be the 10-digit TIN of the member.", field="csr")
	# TSCZ: the last two are for future use, so a map that sets only these can issue nothing.
	if not re.fullmatch(r"(10|01|11)[01]{2}", unit[INVOICE_MAP]):
		raise InvalidInput(
			"The invoice type map allows neither standard nor simplified invoices.", field="csr"
		)
	return SigningRequest(
		request, template, vat_number, unit[UNIT_SERIAL], subject[NameOID.COMMON_NAME], unit[INVOICE_MAP]
	)


def _values(
	name: x509.Name, wanted: dict[x509.ObjectIdentifier, str], place: str
) -> dict[x509.ObjectIdentifier, str]:
	found: dict[x509.ObjectIdentifier, str] = {}
	for oid, label in wanted.items():
		values = [str(attribute.value).strip() for attribute in name.get_attributes_for_oid(oid)]
		if len(values) != 1 or not values[0]:
			raise InvalidInput(f"The CSR's {place} must have exactly one {label}.", field="csr")
		found[oid] = values[0]
	return found


def _directory_name(request: x509.CertificateSigningRequest) -> x509.Name:
	try:
		names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
		directories = names.get_values_for_type(x509.DirectoryName)
	except x509.ExtensionNotFound as error:
		raise InvalidInput("The CSR has no subject alternative name.", field="csr") from error
	if len(directories) != 1:
		raise InvalidInput("The CSR's alternative name is not one directory name.", field="csr")
	return directories[0]


def _template(request: x509.CertificateSigningRequest) -> str:
	try:
		value = request.extensions.get_extension_for_oid(TEMPLATE_OID).value
	except x509.ExtensionNotFound as error:
		raise InvalidInput("The CSR names no certificate template.", field="csr") from error
	raw = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
	if len(raw) < 3 or raw[0] not in _DER_TEXT or raw[1] != len(raw) - 2:
		raise InvalidInput("The CSR's certificate template cannot be read.", field="csr")
	return raw[2:].decode("utf-8", "replace")
