"""The private key of a device: the elliptic curve secp256k1 and nothing else.

Takes PEM (or the SDK's bare base64), with a password or without. Gives a `PrivateKey`, which is one `DeviceKey`;
a key in hardware is another (`hardware.py`), for stamp and certificate request ask for no more than the protocol.
Never shows the key: not in `repr`, not in an error; `to_pem` and `reference` are the only ways out.

Source: Security Features Implementation Standard sections 2.1-2.3; SEC 2 v2 section 2.4.1 (secp256k1).
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bayancore_erp.zatca.core.errors import CryptoError

_ECDSA = ec.ECDSA(hashes.SHA256())
_HASH_BYTES = 32


class Signer(Protocol):
	"""What the stamp needs of a key, wherever it is kept (memory, HSM, key service)."""

	@property
	def public_key_der(self) -> bytes:
		"""SubjectPublicKeyInfo in DER, 88 bytes: QR tag 8."""
		...

	def sign_hash(self, hash32: bytes) -> bytes:
		"""DER signature of ECDSA with SHA-256 *over* the 32 bytes of the invoice hash, as the SDK makes it."""
		...


class DeviceKey(Signer, Protocol):
	"""A signer that a device can be onboarded with: it signs its certificate request and can be found again."""

	def sign(self, data: bytes) -> bytes:
		"""DER signature of ECDSA with SHA-256 over `data`."""
		...

	@property
	def reference(self) -> bytes:
		"""What a vault keeps so that `keystore.open_key` finds the key: a secret (PEM), or a hardware key's name."""
		...


class PrivateKey:
	"""A secp256k1 key held in memory; a `DeviceKey`."""

	__slots__ = ("_key", "public_key_der")

	public_key_der: bytes

	def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
		_require_curve(key.curve)
		self._key = key
		self.public_key_der = key.public_key().public_bytes(
			serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
		)

	def __repr__(self) -> str:
		return "PrivateKey(secp256k1, not shown)"

	def __reduce__(self) -> str:
		raise TypeError("A private key is not pickled; store what to_pem(password) gives.")

	def sign_hash(self, hash32: bytes) -> bytes:
		"""Sign the 32 raw bytes of an invoice hash; SHA-256 is applied to them once more (Security Standard 2.3.3).

		Raises CryptoError if it is not 32 bytes: the commonest mistake is to pass base64 or hexadecimal text.
		"""
		if len(hash32) != _HASH_BYTES:
			raise CryptoError(
				f"An invoice hash has {_HASH_BYTES} bytes, not {len(hash32)}.",
				hint="Pass the raw digest, not its text.",
			)
		return self.sign(hash32)

	def sign(self, data: bytes) -> bytes:
		"""DER signature of ECDSA with SHA-256 over `data`."""
		return self._key.sign(data, _ECDSA)

	def to_pem(self, password: str | None = None) -> bytes:
		"""The key as PKCS#8 PEM, encrypted with `password` where one is given. Raises CryptoError if it is empty."""
		if password == "":
			raise CryptoError("A key is not encrypted with an empty password.", field="password")
		return self._key.private_bytes(
			serialization.Encoding.PEM,
			serialization.PrivateFormat.PKCS8,
			serialization.NoEncryption()
			if password is None
			else serialization.BestAvailableEncryption(password.encode()),
		)

	@property
	def reference(self) -> bytes:
		"""The key itself, as PEM without a password: for a vault that encrypts what it keeps."""
		return self.to_pem()

	@property
	def for_requests(self) -> ec.EllipticCurvePrivateKey:
		"""The library's own object, with which the simulator signs certificates."""
		return self._key


def generate_key() -> PrivateKey:
	"""A new key from the system's random source."""
	return PrivateKey(ec.generate_private_key(ec.SECP256K1()))


def load_key(pem: bytes, password: str | None = None) -> PrivateKey:
	"""Read a key from PEM, or from base64 DER without armour as the SDK ships its key.

	Raises CryptoError, saying whether the password, the form or the curve is at fault; never with key material in it.
	"""
	secret = password.encode() if password else None
	try:
		if b"-----BEGIN" in pem:
			key = serialization.load_pem_private_key(pem, secret)
		else:
			key = serialization.load_der_private_key(
				base64.b64decode(b"".join(pem.split()), validate=True), secret
			)
	except TypeError:
		if secret is None:
			raise CryptoError(
				"This private key is encrypted.", field="password", hint="Give its password."
			) from None
		raise CryptoError(
			"This private key is not encrypted, yet a password was given.",
			field="password",
			hint="Leave the password out.",
		) from None
	except (ValueError, UnsupportedAlgorithm, binascii.Error):
		if secret is not None:
			raise CryptoError(
				"The private key cannot be opened with this password.",
				field="password",
				hint="Check the password; if it is right, the file is damaged.",
			) from None
		raise CryptoError(
			"This is not a private key that can be read.",
			hint="Give the PEM file that starts with BEGIN EC PRIVATE KEY or BEGIN PRIVATE KEY.",
		) from None
	if not isinstance(key, ec.EllipticCurvePrivateKey):
		raise CryptoError(
			f"This is a {type(key).__name__.lstrip('_').removesuffix('PrivateKey')} key; ZATCA takes elliptic curve secp256k1 only.",
			hint="Generate a new key with `bayancore-zatca csr` and onboard the device with it.",
		)
	return PrivateKey(key)


def verify_signature(public_key_der: bytes, hash32: bytes, signature: bytes) -> bool:
	"""Whether `signature` (DER) is ECDSA-SHA256 over `hash32` by the holder of `public_key_der`. Never raises."""
	try:
		key = serialization.load_der_public_key(public_key_der)
		if not isinstance(key, ec.EllipticCurvePublicKey):
			return False
		key.verify(signature, hash32, _ECDSA)
	except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
		return False
	return True


def _require_curve(curve: ec.EllipticCurve) -> None:
	if not isinstance(curve, ec.SECP256K1):
		raise CryptoError(
			f"This key is on the curve {curve.name}; ZATCA takes secp256k1 only.",
			hint="Generate a new key with `bayancore-zatca csr` and onboard the device with it.",
		)
