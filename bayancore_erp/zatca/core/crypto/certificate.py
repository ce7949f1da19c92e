"""The certificate of a device (CSID), read for everything that stamp, QR and onboarding ask of it.

Takes the gateway's `binarySecurityToken` (base64 of the base64 DER text, so decoded once), that base64 text, or PEM.
Gives a frozen `Certificate`, all of whose parts are read at once, so that garbage shows itself here and nowhere later.
Never raises anything but CertificateError.

Source: Security Features Implementation Standard sections 2.2 and 3.3; ZATCA.md sections 3 and 5; for the order and
quoting of names, Java's X500Name.toString, which the SDK and the gateway compare with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bayancore_erp.zatca.core.errors import CertificateError

# Inside the subject alternative name; "SN" of the standard is surname (2.5.4.4), not serialNumber.
OID_EGS_SERIAL = NameOID.SURNAME
OID_VAT_NUMBER = NameOID.USER_ID
OID_PERMISSIONS = NameOID.TITLE
OID_ADDRESS = ObjectIdentifier("2.5.4.26")
OID_CATEGORY = NameOID.BUSINESS_CATEGORY
OID_TEMPLATE_NAME = ObjectIdentifier("1.3.6.1.4.1.311.20.2")

_HINT = "Take the binarySecurityToken exactly as the gateway gave it."

# The short names of Java's AVAKeyword; any other attribute is printed as OID.n.n.n.
_JAVA_KEYWORDS = {
	"2.5.4.3": "CN",
	"2.5.4.4": "SURNAME",
	"2.5.4.5": "SERIALNUMBER",
	"2.5.4.6": "C",
	"2.5.4.7": "L",
	"2.5.4.8": "ST",
	"2.5.4.9": "STREET",
	"2.5.4.10": "O",
	"2.5.4.11": "OU",
	"2.5.4.12": "T",
	"2.5.4.42": "GIVENNAME",
	"2.5.4.43": "INITIALS",
	"2.5.4.44": "GENERATION",
	"2.5.4.46": "DNQ",
	"0.9.2342.19200300.100.1.1": "UID",
	"0.9.2342.19200300.100.1.25": "DC",
	"1.2.840.113549.1.9.1": "EMAILADDRESS",
}
_JAVA_SPECIAL = re.compile(r'[,+=\n<>#;\\"]|^ | $|  ')


@dataclass(frozen=True, slots=True)
class Certificate:
	"""A readable secp256k1 certificate. Empty text stands for what it does not say."""

	text: str = field(repr=False)
	"""Base64 DER without armour or newlines: what stands in ds:X509Certificate and is digested."""
	der: bytes = field(repr=False)
	issuer_name: str
	"""As Java prints it: `CN=PRZEINVOICESCA4-CA, DC=extgazt, DC=gov, DC=local`."""
	serial: int
	not_before: datetime
	not_after: datetime
	public_key_der: bytes = field(repr=False)
	"""SubjectPublicKeyInfo in DER: QR tag 8."""
	signature: bytes = field(repr=False)
	"""The issuer's signature over the certificate, DER: QR tag 9."""
	subject: str
	common_name: str
	organization: str
	organization_unit: str
	country: str
	egs_serial: str
	vat_number: str
	permissions: str
	"""The invoice type map TSCZ, such as `1100`: standard and simplified."""
	address: str
	category: str
	template_name: str

	@classmethod
	def from_token(cls, binary_security_token: str) -> Certificate:
		"""From the gateway's answer, decoded once. Raises CertificateError."""
		try:
			inner = _decoded(binary_security_token).decode("ascii")
		except UnicodeDecodeError:
			raise CertificateError(
				"The binarySecurityToken does not hold base64 text.",
				code="CERTIFICATE-TOKEN",
				hint=_HINT + " It may have been decoded already.",
			) from None
		return cls.from_base64_der(inner)

	@classmethod
	def from_base64_der(cls, text: str) -> Certificate:
		"""From base64 DER, as in the XML and in the SDK's cert.pem. Raises CertificateError."""
		return cls.from_der(_decoded(text))

	@classmethod
	def from_pem(cls, pem: bytes) -> Certificate:
		"""From PEM, or from the SDK's cert.pem, which has no armour. Raises CertificateError."""
		text = pem.decode("ascii", "replace")
		armoured = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", text, re.DOTALL)
		return cls.from_base64_der(armoured[1] if armoured else text)

	@classmethod
	def from_der(cls, der: bytes) -> Certificate:
		"""From DER. Raises CertificateError."""
		try:
			return cls._read(der)
		except CertificateError:
			raise
		# Damaged extensions make the library raise, beside ValueError, whatever its tables stumble over (KeyError 76).
		except Exception:
			raise CertificateError(
				"The certificate cannot be read: it is damaged or not an X.509 certificate.",
				code="CERTIFICATE-UNREADABLE",
				hint=_HINT,
			) from None

	@classmethod
	def _read(cls, der: bytes) -> Certificate:
		certificate = x509.load_der_x509_certificate(der)
		key = certificate.public_key()
		if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256K1):
			raise CertificateError(
				"The certificate's key is not on the curve secp256k1.",
				code="CERTIFICATE-CURVE",
				hint="Only certificates that ZATCA issued for a device can stamp invoices.",
			)
		device = _alternative_name(certificate)
		subject = certificate.subject
		return cls(
			text=base64.b64encode(der).decode(),
			der=der,
			issuer_name=java_name(certificate.issuer),
			serial=certificate.serial_number,
			not_before=certificate.not_valid_before_utc,
			not_after=certificate.not_valid_after_utc,
			public_key_der=key.public_bytes(
				serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
			),
			signature=certificate.signature,
			subject=java_name(subject),
			common_name=_first(subject, NameOID.COMMON_NAME),
			organization=_first(subject, NameOID.ORGANIZATION_NAME),
			organization_unit=_first(subject, NameOID.ORGANIZATIONAL_UNIT_NAME),
			country=_first(subject, NameOID.COUNTRY_NAME),
			egs_serial=_first(device, OID_EGS_SERIAL),
			vat_number=_first(device, OID_VAT_NUMBER),
			permissions=_first(device, OID_PERMISSIONS),
			address=_first(device, OID_ADDRESS),
			category=_first(device, OID_CATEGORY),
			template_name=_template_name(certificate),
		)

	@property
	def token(self) -> str:
		"""The binarySecurityToken this certificate travels in: base64 of `text`."""
		return base64.b64encode(self.text.encode()).decode()

	@property
	def digest(self) -> str:
		"""The XAdES CertDigest: base64 of the hexadecimal SHA-256 of the base64 *text*, not of the DER."""
		return certificate_digest(self.text)

	def require_valid(self, at: datetime) -> None:
		"""Raise CertificateError, naming the dates, if the certificate is not valid at `at` (an aware datetime)."""
		if at < self.not_before:
			raise CertificateError(
				f"The certificate is valid only from {self.not_before:%Y-%m-%d %H:%M} UTC; it is now {at:%Y-%m-%d %H:%M %Z}.",
				code="CERTIFICATE-NOT-YET-VALID",
				hint="Check the clock of this machine.",
			)
		if at > self.not_after:
			raise CertificateError(
				f"The certificate expired on {self.not_after:%Y-%m-%d %H:%M} UTC.",
				code="CERTIFICATE-EXPIRED",
				hint="Renew the device's certificate with an OTP from the Fatoora portal.",
			)


def certificate_digest(text: str) -> str:
	"""CertDigest of the certificate whose base64 DER is `text`."""
	return base64.b64encode(hashlib.sha256(text.encode()).hexdigest().encode()).decode()


def java_name(name: x509.Name) -> str:
	"""A distinguished name as Java's X500Name.toString prints it: last RDN first, joined by comma and space."""
	return ", ".join(" + ".join(_java_attribute(part) for part in rdn) for rdn in reversed(list(name.rdns)))


def _java_attribute(attribute: x509.NameAttribute[str | bytes]) -> str:
	oid = attribute.oid.dotted_string
	value = attribute.value
	if isinstance(value, bytes):
		return f"{_JAVA_KEYWORDS.get(oid, 'OID.' + oid)}=#{value.hex()}"
	if _JAVA_SPECIAL.search(value):
		value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
	return f"{_JAVA_KEYWORDS.get(oid, 'OID.' + oid)}={value}"


def _decoded(text: str) -> bytes:
	try:
		return base64.b64decode("".join(text.split()), validate=True)
	except (binascii.Error, ValueError):
		raise CertificateError(
			"The certificate is not base64 text.", code="CERTIFICATE-BASE64", hint=_HINT
		) from None


def _alternative_name(certificate: x509.Certificate) -> x509.Name:
	"""The directory name in which ZATCA writes who and what the device is; empty for certificates of other makers."""
	try:
		names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
	except x509.ExtensionNotFound:
		return x509.Name([])
	found = names.get_values_for_type(x509.DirectoryName)
	return found[0] if found else x509.Name([])


def _template_name(certificate: x509.Certificate) -> str:
	try:
		extension = certificate.extensions.get_extension_for_oid(OID_TEMPLATE_NAME).value
	except x509.ExtensionNotFound:
		return ""
	raw = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
	# UTF8String (0C), PrintableString (13) or, from Windows, BMPString (1E), always shorter than 128 bytes.
	if len(raw) < 2 or raw[1] != len(raw) - 2:
		return ""
	return raw[2:].decode("utf-16-be" if raw[0] == 0x1E else "utf-8", "replace")


def _first(name: x509.Name, oid: ObjectIdentifier) -> str:
	found = name.get_attributes_for_oid(oid)
	value = found[0].value if found else ""
	return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
