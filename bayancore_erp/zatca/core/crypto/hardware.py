"""A device key that never leaves its token: any PKCS#11 module (HSM, smart card, cloud HSM, SoftHSM).

Takes a PKCS#11 URI (RFC 7512) that names module and token, such as
`pkcs11:token=zatca?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=env:ZATCA_TOKEN_PIN`; gives a `DeviceKey` whose
reference is the same URI with the key's label. The PIN comes from a file or an environment variable, never from the URI, so
that a reference holds no secret. Sessions belong to a process: after a fork each process opens its own.
Source: PKCS #11 v2.40 (CKM_ECDSA); Security Features Implementation Standard section 2.1 (keys not exportable).
"""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bayancore_erp.zatca.core.errors import ConfigurationError, CryptoError

_HASH_BYTES = 32
_SECP256K1 = bytes.fromhex("06052b8104000a")
"""The curve's object identifier in DER, as CKA_EC_PARAMS wants it."""

_sessions: dict[tuple[int, str, str], Any] = {}


@dataclass(frozen=True, slots=True)
class Place:
	"""What a PKCS#11 URI says."""

	module: str
	token: str
	pin_source: str
	label: str = ""

	@classmethod
	def read(cls, uri: str) -> Place:
		"""Raises ConfigurationError that names what is missing."""
		path, _, query = uri.removeprefix("pkcs11:").partition("?")
		names = dict(part.split("=", 1) for part in path.split(";") if "=" in part)
		options = dict(parse_qsl(query))
		missing = [
			name
			for name, found in (
				("token", names.get("token")),
				("module-path", options.get("module-path")),
				("pin-source", options.get("pin-source")),
			)
			if not found
		]
		if missing or not uri.startswith("pkcs11:"):
			raise ConfigurationError(
				f"The key store's address lacks {', '.join(missing) or 'pkcs11:'}.",
				code="KEY-STORE",
				hint="It looks like pkcs11:token=NAME?module-path=/path/to/module.so&pin-source=env:VARIABLE",
			)
		return cls(
			options["module-path"],
			unquote(names["token"]),
			options["pin-source"],
			unquote(names.get("object", "")),
		)

	def uri(self) -> str:
		"""The URI again, with the key's label."""
		return (
			f"pkcs11:token={quote(self.token, safe='')};object={quote(self.label, safe='')}"
			f"?module-path={quote(self.module)}&pin-source={quote(self.pin_source, safe=':/')}"
		)

	def pin(self) -> str:
		"""The token's PIN from where the URI says. Raises ConfigurationError where it is not there."""
		kind, _, where = self.pin_source.partition(":")
		try:
			found = os.environ.get(where, "") if kind == "env" else Path(where).read_text().strip()
		except OSError:
			found = ""
		if kind not in ("env", "file") or not found:
			raise ConfigurationError(
				"The PIN of the key store cannot be read.",
				code="KEY-STORE",
				hint="pin-source is env:VARIABLE or file:/path, readable by the workers too.",
			)
		return found


class HardwareKey:
	"""A secp256k1 key in a token; a `DeviceKey` that gives signatures and its public half."""

	__slots__ = ("_place", "public_key_der")

	public_key_der: bytes

	def __init__(self, place: Place, public_key_der: bytes) -> None:
		self._place = place
		self.public_key_der = public_key_der

	def __repr__(self) -> str:
		return f"HardwareKey({self._place.label})"

	@property
	def reference(self) -> bytes:
		"""The key's PKCS#11 URI."""
		return self._place.uri().encode()

	def sign_hash(self, hash32: bytes) -> bytes:
		"""As `PrivateKey.sign_hash`. Raises CryptoError if it is not 32 bytes."""
		if len(hash32) != _HASH_BYTES:
			raise CryptoError(f"An invoice hash has {_HASH_BYTES} bytes, not {len(hash32)}.")
		return self.sign(hash32)

	def sign(self, data: bytes) -> bytes:
		"""As `PrivateKey.sign`. Raises ConfigurationError where the token fails."""
		import pkcs11

		with _explained():
			key = _find(self._place, pkcs11.ObjectClass.PRIVATE_KEY)
			raw = key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
		half = len(raw) // 2
		return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def make_key(store: str) -> HardwareKey:
	"""A new key in the token, which will not give it away. Raises ConfigurationError."""
	import pkcs11
	from pkcs11 import Attribute

	read = Place.read(store)
	place = Place(read.module, read.token, read.pin_source, f"zatca-{uuid.uuid4()}")
	with _explained():
		parameters = _session(place).create_domain_parameters(
			pkcs11.KeyType.EC, {Attribute.EC_PARAMS: _SECP256K1}, local=True
		)
		parameters.generate_keypair(
			store=True,
			label=place.label,
			private_template={Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True},
		)
	return open_key(place.uri())


def open_key(uri: str) -> HardwareKey:
	"""The key of that URI. Raises ConfigurationError where it is not in the token."""
	import pkcs11
	from pkcs11 import Attribute

	place = Place.read(uri)
	with _explained():
		point = bytes(_find(place, pkcs11.ObjectClass.PUBLIC_KEY)[Attribute.EC_POINT])
	# CKA_EC_POINT is the uncompressed point in a DER octet string
	public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), point[-65:])
	return HardwareKey(
		place,
		public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
	)


def _find(place: Place, kind: Any) -> Any:
	return _session(place).get_key(object_class=kind, label=place.label)


def _session(place: Place) -> Any:
	import pkcs11

	whose = (os.getpid(), place.module, place.token)
	if whose not in _sessions:
		token = pkcs11.lib(place.module).get_token(token_label=place.token)
		_sessions[whose] = token.open(rw=True, user_pin=place.pin())
	return _sessions[whose]


class _explained:
	"""Turns the token's errors into a sentence; forgets the process's sessions, so that the next try opens new ones."""

	def __enter__(self) -> None:
		return None

	def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
		if error is None or isinstance(error, (ConfigurationError, CryptoError)):
			return
		_sessions.clear()
		raise ConfigurationError(
			f"The key store does not answer as it should ({type(error).__name__}).",
			code="KEY-STORE",
			hint="Check that the token is there, its PIN is right and it holds this device's key.",
		) from error
