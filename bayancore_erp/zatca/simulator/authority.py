"""The simulator's own certificate authority and its own stamp.

Takes: a folder for its keys and a clock. Gives: CSIDs shaped as ZATCA's, and the key that stamps what is cleared.
Never leaves the machine: keys are created at the first start, readable by their owner only, and every certificate
names simulator.invalid as its authority, so that no paper of ours can pass for ZATCA's. Source: Security Features
Implementation Standard 2.2.2; issuer names as in the field. The real sandbox gives everyone a dummy as production
CSID; ours certifies the key that asked, unless `sandbox_dummy` is switched on.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.signing_request import TEMPLATE_OID, SigningRequest

VALIDITY = timedelta(days=1825)
# A device whose clock is a little behind may sign at once; Windows authorities allow the same ten minutes.
CLOCK_SKEW = timedelta(minutes=10)
COMPLIANCE_ISSUER = "eInvoicing"
PRODUCTION_ISSUERS = {
	Environment.SANDBOX: "TSZEINVOICE-SubCA-1",
	Environment.SIMULATION: "PEZEINVOICESCA4-CA",
	Environment.PRODUCTION: "PRZEINVOICESCA4-CA",
}
_DOMAIN = ("local", "gov", "extgazt")


@dataclass(frozen=True, slots=True)
class Csid:
	"""An issued certificate with the credentials that go with it. `secret` exists only in this answer."""

	token: str
	secret: str
	serial: str
	not_after: datetime


class Authority:
	"""Issues CSIDs, knows its own, and holds the platform's stamp key."""

	def __init__(self, folder: Path, clock: Clock) -> None:
		folder.mkdir(parents=True, exist_ok=True, mode=0o700)
		self._folder = folder
		self._clock = clock
		self._key = _own_key(folder / "authority.key")
		self._stamp_key = _own_key(folder / "stamp.key")
		self._stamp_certificate = self._platform_certificate(folder / "stamp.der")

	def issue(self, request: SigningRequest, environment: Environment, *, compliance: bool) -> Csid:
		"""Certify the key of a checked request; subject, alternative name and template are copied from it."""
		issuer = _issuer_name(COMPLIANCE_ISSUER if compliance else PRODUCTION_ISSUERS[environment])
		template = request.request.extensions.get_extension_for_oid(TEMPLATE_OID).value
		builder = (
			self._builder(request.request.subject, issuer, request.request.public_key())
			.add_extension(request.alternative_name, critical=False)
			.add_extension(template, critical=False)
		)
		certificate = builder.sign(self._key, hashes.SHA256())
		return Csid(
			token=base64.b64encode(base64.b64encode(_der(certificate))).decode(),
			secret=base64.b64encode(secrets.token_bytes(32)).decode(),
			serial=str(certificate.serial_number),
			not_after=certificate.not_valid_after_utc,
		)

	def issued(self, der: bytes) -> bool:
		"""Whether a certificate (DER) bears this authority's signature."""
		try:
			certificate = x509.load_der_x509_certificate(der)
			self._key.public_key().verify(
				certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256())
			)
		except Exception:  # whatever is wrong with it, it is not ours
			return False
		return True

	@property
	def stamp_key_pem(self) -> bytes:
		"""The platform's stamp key, for the stamp on cleared invoices only."""
		return _pem(self._stamp_key)

	@property
	def stamp_certificate_der(self) -> bytes:
		"""The certificate that goes into a cleared invoice."""
		return self._stamp_certificate

	def _platform_certificate(self, path: Path) -> bytes:
		if path.is_file():
			der = path.read_bytes()
			if x509.load_der_x509_certificate(der).not_valid_after_utc > self._clock():
				return der
		subject = x509.Name(
			[
				x509.NameAttribute(NameOID.COUNTRY_NAME, "SA"),
				x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Fatoora simulator, no legal force"),
				x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "E-Invoicing"),
				x509.NameAttribute(NameOID.COMMON_NAME, "ZATCA-Simulator-Stamp"),
			]
		)
		issuer = _issuer_name(PRODUCTION_ISSUERS[Environment.PRODUCTION])
		certificate = self._builder(subject, issuer, self._stamp_key.public_key()).sign(
			self._key, hashes.SHA256()
		)
		path.write_bytes(_der(certificate))
		return _der(certificate)

	def _builder(self, subject: x509.Name, issuer: x509.Name, key: object) -> x509.CertificateBuilder:
		assert isinstance(key, ec.EllipticCurvePublicKey)
		now = self._clock().replace(microsecond=0) - CLOCK_SKEW
		access = x509.AccessDescription(
			AuthorityInformationAccessOID.CA_ISSUERS,
			x509.UniformResourceIdentifier("http://simulator.invalid/authority.crt"),
		)
		return (
			x509.CertificateBuilder()
			.subject_name(subject)
			.issuer_name(issuer)
			.public_key(key)
			.serial_number(x509.random_serial_number())
			.not_valid_before(now)
			.not_valid_after(now + VALIDITY)
			.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
			.add_extension(
				x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
			)
			.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
			.add_extension(_DIGITAL_SIGNATURE, critical=True)
			.add_extension(
				x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.CLIENT_AUTH]),
				critical=False,
			)
		)


_DIGITAL_SIGNATURE = x509.KeyUsage(
	digital_signature=True,
	content_commitment=False,
	key_encipherment=False,
	data_encipherment=False,
	key_agreement=False,
	key_cert_sign=False,
	crl_sign=False,
	encipher_only=False,
	decipher_only=False,
)


def _issuer_name(common_name: str) -> x509.Name:
	"""Compliance certificates come from a bare CN, production ones from the domain of the authority."""
	domain = () if common_name == COMPLIANCE_ISSUER else _DOMAIN
	parts = [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in domain]
	return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _own_key(path: Path) -> ec.EllipticCurvePrivateKey:
	"""Read the key, or make one. Written whole under another name first: a killed start leaves no half key."""
	if not path.is_file():
		key = ec.generate_private_key(ec.SECP256K1())
		part = path.with_suffix(f".{os.getpid()}.part")
		with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
			file.write(_pem(key))
		try:
			os.link(part, path)
		except FileExistsError:
			pass  # another start was quicker; its key is the one
		finally:
			part.unlink()
	path.chmod(0o600)
	try:
		loaded = serialization.load_pem_private_key(path.read_bytes(), None)
	except (ValueError, TypeError):
		loaded = None
	if not isinstance(loaded, ec.EllipticCurvePrivateKey):
		raise ConfigurationError(
			f"{path} does not hold the simulator's key.", hint="Remove the state folder to start anew."
		)
	return loaded


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
	return key.private_bytes(
		serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
	)


def _der(certificate: x509.Certificate) -> bytes:
	return certificate.public_bytes(serialization.Encoding.DER)
