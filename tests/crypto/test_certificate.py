"""Certificates: every field read, in the gateway's own spelling; garbage told apart in words."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import taxpayer_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bayancore_erp.zatca.core.crypto.certificate import Certificate, java_name
from bayancore_erp.zatca.core.crypto.keys import PrivateKey
from bayancore_erp.zatca.core.errors import CertificateError


def test_the_official_certificate_is_read_to_the_last_field(sdk: Path) -> None:
	read = Certificate.from_pem((sdk / "Certificates" / "cert.pem").read_bytes())
	assert read.issuer_name == "CN=PRZEINVOICESCA4-CA, DC=extgazt, DC=gov, DC=local"
	assert read.serial == 379112742831380471835263969587287663520528387
	assert read.not_before == datetime(2024, 1, 11, 9, 19, 30, tzinfo=timezone.utc)
	assert read.not_after == datetime(2029, 1, 9, 9, 19, 30, tzinfo=timezone.utc)
	assert (read.common_name, read.organization) == (
		"TST-886431145-399999999900003",
		"Maximum Speed Tech Supply LTD",
	)
	assert (read.organization_unit, read.country) == ("Riyadh Branch", "SA")
	assert read.egs_serial == "1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f"
	assert (read.vat_number, read.permissions) == ("399999999900003", "1100")
	assert (read.address, read.category) == ("RRRD2929", "Supply activities")
	assert len(read.public_key_der) == 88
	assert read.signature.hex().startswith("3045022100b13f89c8669d65c250a51b71adf2")
	assert read.digest == (
		"ZDMwMmI0MTE1NzVjOTU2NTk4YzVlODhhYmI0ODU2NDUyNTU2YTVhYjhhMDFmN2FjYjk1YTA2OWQ0NjY2MjQ4NQ=="
	)


def test_token_text_pem_and_der_give_the_same(certificate: Certificate) -> None:
	lines = "\n".join(certificate.text[at : at + 64] for at in range(0, len(certificate.text), 64))
	armoured = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()
	assert Certificate.from_token(certificate.token) == certificate
	assert Certificate.from_base64_der(certificate.text) == certificate
	assert Certificate.from_pem(armoured) == certificate
	assert Certificate.from_der(certificate.der) == certificate


def test_a_token_decoded_already_is_told(certificate: Certificate) -> None:
	with pytest.raises(CertificateError) as told:
		Certificate.from_token(certificate.text)
	assert "decoded already" in told.value.diagnostics()


@pytest.mark.parametrize(
	("attributes", "text"),
	[
		([(NameOID.COMMON_NAME, "eInvoicing")], "CN=eInvoicing"),
		([(NameOID.COUNTRY_NAME, "SA"), (NameOID.COMMON_NAME, "A, B")], 'CN="A, B", C=SA'),
		([(NameOID.COMMON_NAME, 'a "b"')], 'CN="a \\"b\\""'),
		([(NameOID.EMAIL_ADDRESS, "a@b.sa")], "EMAILADDRESS=a@b.sa"),
		([(NameOID.PSEUDONYM, "x")], "OID.2.5.4.65=x"),
	],
)
def test_names_are_printed_as_java_prints_them(attributes, text) -> None:  # type: ignore[no-untyped-def]
	assert java_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])) == text


def test_validity_is_refused_with_its_dates(key: PrivateKey) -> None:
	start = datetime(2026, 1, 1, tzinfo=timezone.utc)
	read = taxpayer_ca.issue(key, not_before=start, days=10)
	read.require_valid(start + timedelta(days=5))
	with pytest.raises(CertificateError, match="valid only from 2026-01-01"):
		read.require_valid(start - timedelta(seconds=1))
	with pytest.raises(CertificateError, match="expired on 2026-01-11"):
		read.require_valid(start + timedelta(days=10, seconds=1))


def test_another_curve_is_refused() -> None:
	other = taxpayer_ca.wrong_curve_key()
	name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
	now = datetime(2026, 1, 1, tzinfo=timezone.utc)
	made = (
		x509.CertificateBuilder(name, name, other.public_key(), 1, now, now + timedelta(days=1))
		.sign(other, hashes.SHA256())
		.public_bytes(Encoding.DER)
	)
	with pytest.raises(CertificateError, match="secp256k1"):
		Certificate.from_der(made)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_garbage_is_a_certificate_error(data: bytes) -> None:
	for read in (
		lambda: Certificate.from_der(data),
		lambda: Certificate.from_pem(data),
		lambda: Certificate.from_token(base64.b64encode(data).decode()),
	):
		with pytest.raises(CertificateError):
			read()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_certificate_is_read_or_refused(certificate: Certificate, data: st.DataObject) -> None:
	der = bytearray(certificate.der)
	for _ in range(data.draw(st.integers(1, 4))):
		der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
	try:
		Certificate.from_der(bytes(der[: data.draw(st.integers(1, len(der)))]))
	except CertificateError as error:
		assert error.message


def test_every_byte_of_a_certificate_may_be_damaged(sdk: Path) -> None:
	"""The library raises KeyError, not ValueError, for some damaged extensions: found by the tamper proof."""
	der = Certificate.from_pem((sdk / "Certificates" / "cert.pem").read_bytes()).der
	refused = 0
	for at in range(len(der)):
		for bit in (1, 4, 64):
			try:
				Certificate.from_der(der[:at] + bytes((der[at] ^ bit,)) + der[at + 1 :])
			except CertificateError:
				refused += 1
	assert refused > 500
