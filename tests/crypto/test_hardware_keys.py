"""A device whose key is in a token: onboarded, signing, and never shown. A real PKCS#11 module (SoftHSM) where one is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import documents
import pytest
import taxpayer_ca
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr
from bayancore_erp.zatca.core.crypto.hardware import Place
from bayancore_erp.zatca.core.crypto.keys import DeviceKey, PrivateKey, verify_signature
from bayancore_erp.zatca.core.crypto.keystore import make_key, open_key
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import ConfigurationError, CryptoError

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
HASH = bytes(range(32))
REQUEST = CsrRequest(
	common_name="HSM-1",
	serial_number="1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f",
	organization_identifier="399999999900003",
	organization_unit="Riyadh",
	organization_name="Test Company",
	location="RRRD2929",
	industry="Supply activities",
)


class Opaque:
	"""A key that gives what the protocol asks for and nothing else."""

	def __init__(self, key: PrivateKey) -> None:
		self._sign = key.sign
		self.public_key_der = key.public_key_der
		self.reference = b"pkcs11:token=t;object=k"

	def sign(self, data: bytes) -> bytes:
		return self._sign(data)

	def sign_hash(self, hash32: bytes) -> bytes:
		return self._sign(hash32)


def onboard_and_stamp(key: DeviceKey) -> None:
	"""Request, certificate, stamp: all a device does with its key."""
	request = x509.load_pem_x509_csr(build_csr(REQUEST, key, Environment.SIMULATION))
	assert request.is_signature_valid
	public = request.public_key().public_bytes(
		serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
	)
	assert public == key.public_key_der
	certificate = taxpayer_ca.issue(key)
	stamped = stamp(documents.invoice(), key, certificate, signing_time=taxpayer_ca.SIGNING_TIME)
	assert verify(stamped.xml, certificate=certificate).ok


def test_the_protocol_is_enough(key: PrivateKey) -> None:
	onboard_and_stamp(Opaque(key))


def test_software_keys_come_back_from_their_reference() -> None:
	made = make_key()
	assert open_key(made.reference).public_key_der == made.public_key_der


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
	"""A token of the test's own."""
	pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install bayancore_erp[hsm]")
	if not SOFTHSM.exists():
		pytest.skip("SoftHSM is not on this machine (Debian: softhsm2)")
	(tmp_path / "tokens").mkdir()
	settings = tmp_path / "softhsm2.conf"
	settings.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
	monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
	monkeypatch.setenv("ZATCA_TOKEN_PIN", "4711")
	subprocess.run(
		[
			"softhsm2-util",
			"--init-token",
			"--free",
			"--label",
			"zatca test",
			"--so-pin",
			"471147",
			"--pin",
			"4711",
		],
		check=True,
		capture_output=True,
	)
	return f"pkcs11:token=zatca%20test?module-path={SOFTHSM}&pin-source=env:ZATCA_TOKEN_PIN"


def test_a_key_in_a_token(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
	made = make_key(store)
	onboard_and_stamp(made)
	again = open_key(made.reference)
	assert again.public_key_der == made.public_key_der
	assert verify_signature(made.public_key_der, HASH, again.sign_hash(HASH))
	assert make_key(store).public_key_der != made.public_key_der, "every device has a key of its own"
	assert b"4711" not in made.reference and "4711" not in repr(made), "a reference holds no secret"
	with pytest.raises(CryptoError):
		made.sign_hash(b"short")

	import pkcs11

	from bayancore_erp.zatca.core.crypto import hardware

	key = hardware._find(Place.read(made.reference.decode()), pkcs11.ObjectClass.PRIVATE_KEY)
	with pytest.raises(pkcs11.AttributeSensitive):
		key[pkcs11.Attribute.VALUE]

	with pytest.raises(ConfigurationError, match="does not answer"):
		open_key(made.reference.replace(b"object=zatca-", b"object=gone-"))
	hardware._sessions.clear()
	monkeypatch.delenv("ZATCA_TOKEN_PIN")
	with pytest.raises(ConfigurationError, match="PIN"):
		open_key(made.reference)


@pytest.mark.parametrize(
	("uri", "missing"),
	[
		("pkcs11:token=a", "module-path, pin-source"),
		("pkcs11:?module-path=/m&pin-source=env:P", "token"),
		("pkcs11:token=a?module-path=/m", "pin-source"),
	],
)
def test_an_address_that_lacks_something_says_what(uri: str, missing: str) -> None:
	with pytest.raises(ConfigurationError, match=missing):
		make_key(uri)
