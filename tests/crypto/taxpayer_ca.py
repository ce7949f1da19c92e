"""A certification authority of the tests' own, which issues certificates shaped like ZATCA's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.crypto.certificate import (
	OID_ADDRESS,
	OID_CATEGORY,
	OID_EGS_SERIAL,
	OID_PERMISSIONS,
	OID_VAT_NUMBER,
	Certificate,
)
from bayancore_erp.zatca.core.crypto.keys import DeviceKey, generate_key

SIGNING_TIME = datetime(2026, 3, 1, 9, 30, 15, tzinfo=timezone.utc)
ISSUER = (
	(NameOID.DOMAIN_COMPONENT, "local"),
	(NameOID.DOMAIN_COMPONENT, "gov"),
	(NameOID.COMMON_NAME, "Tests, & Co <CA>"),
)

_ca_key = generate_key()


def issue(
	key: DeviceKey,
	*,
	vat_number: str = "399999999900003",
	not_before: datetime = SIGNING_TIME - timedelta(days=30),
	days: int = 365,
	issuer: tuple[tuple[x509.ObjectIdentifier, str], ...] = ISSUER,
) -> Certificate:
	"""A device certificate for `key`."""
	public = load_der_public_key(key.public_key_der)
	assert isinstance(public, ec.EllipticCurvePublicKey)
	device = [
		x509.NameAttribute(OID_EGS_SERIAL, "1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f"),
		x509.NameAttribute(OID_VAT_NUMBER, vat_number),
		x509.NameAttribute(OID_PERMISSIONS, "1100"),
		x509.NameAttribute(OID_ADDRESS, "RRRD2929"),
		x509.NameAttribute(OID_CATEGORY, "Supply activities"),
	]
	builder = (
		x509.CertificateBuilder()
		.issuer_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in issuer]))
		.subject_name(
			x509.Name(
				[
					x509.NameAttribute(NameOID.COUNTRY_NAME, "SA"),
					x509.NameAttribute(NameOID.ORGANIZATION_NAME, "شركة الاختبار"),
					x509.NameAttribute(NameOID.COMMON_NAME, "TST-1"),
				]
			)
		)
		.serial_number(x509.random_serial_number())
		.not_valid_before(not_before)
		.not_valid_after(not_before + timedelta(days=days))
		.public_key(public)
		.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(device))]), critical=False)
	)
	signed = builder.sign(_ca_key.for_requests, hashes.SHA256())
	return Certificate.from_der(signed.public_bytes(Encoding.DER))


def wrong_curve_key() -> ec.EllipticCurvePrivateKey:
	"""A key that ZATCA does not take."""
	return ec.generate_private_key(ec.SECP256R1())
