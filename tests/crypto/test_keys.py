"""Keys: only secp256k1, opened only with the right password, never shown."""

from __future__ import annotations

import base64
import pickle
import re

import pytest
import taxpayer_ca
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key, load_key, verify_signature
from bayancore_erp.zatca.core.errors import CryptoError

HASH = bytes(range(32))


def test_a_key_comes_back_from_pem_with_and_without_password(key: PrivateKey) -> None:
	for pem, password in ((key.to_pem(), None), (key.to_pem("كلمة سر"), "كلمة سر")):
		assert load_key(pem, password).public_key_der == key.public_key_der
	assert b"ENCRYPTED" in key.to_pem("x")


def test_the_sdk_form_without_armour_is_read(key: PrivateKey) -> None:
	sec1 = key.for_requests.private_bytes(
		serialization.Encoding.PEM,
		serialization.PrivateFormat.TraditionalOpenSSL,
		serialization.NoEncryption(),
	)
	for pem in (sec1, key.to_pem()):
		assert load_key(pem).public_key_der == key.public_key_der
		assert load_key(b"".join(pem.splitlines()[1:-1])).public_key_der == key.public_key_der


def test_the_public_key_is_the_88_bytes_of_qr_tag_8(key: PrivateKey) -> None:
	assert len(key.public_key_der) == 88
	assert key.public_key_der.startswith(bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200"))


def test_a_signature_verifies_with_its_key_and_hash_only(key: PrivateKey) -> None:
	signature = key.sign_hash(HASH)
	assert verify_signature(key.public_key_der, HASH, signature)
	assert not verify_signature(key.public_key_der, HASH[::-1], signature)
	assert not verify_signature(generate_key().public_key_der, HASH, signature)
	assert not verify_signature(key.public_key_der, HASH, b"no signature")
	assert not verify_signature(b"no key", HASH, signature)


def test_only_raw_hashes_are_signed(key: PrivateKey) -> None:
	with pytest.raises(CryptoError, match="32 bytes"):
		key.sign_hash(base64.b64encode(HASH))


def _pem(key: object) -> bytes:
	return key.private_bytes(  # type: ignore[attr-defined, no-any-return]
		serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
	)


@pytest.mark.parametrize(
	("make", "password", "words"),
	[
		(lambda key: _pem(taxpayer_ca.wrong_curve_key()), None, "secp256r1"),
		(lambda key: _pem(rsa.generate_private_key(65537, 2048)), None, "RSA"),
		(lambda key: key.to_pem("right"), None, "is encrypted"),
		(lambda key: key.to_pem("right"), "wrong", "cannot be opened with this password"),
		(lambda key: key.to_pem(), "needless", "not encrypted"),
		(lambda key: b"", None, "not a private key"),
		(
			lambda key: re.sub(rb"(?<=-\n)[^-]+(?=\n-)", b"AAAA", key.to_pem()),
			None,
			"not a private key",
		),
		(lambda key: key.to_pem()[:80], None, "not a private key"),
		(lambda key: b"\xff\xfe not base64", None, "not a private key"),
	],
)
def test_what_is_no_usable_key_is_refused_in_words(key: PrivateKey, make, password, words) -> None:  # type: ignore[no-untyped-def]
	with pytest.raises(CryptoError, match=words):
		load_key(make(key), password)


def test_an_empty_password_is_refused(key: PrivateKey) -> None:
	with pytest.raises(CryptoError):
		key.to_pem("")


def test_a_key_does_not_show_itself(key: PrivateKey) -> None:
	secret = key.for_requests.private_numbers().private_value
	assert str(secret) not in repr(key)
	assert hex(secret)[2:] not in repr(key)
	with pytest.raises(TypeError):
		pickle.dumps(key)
