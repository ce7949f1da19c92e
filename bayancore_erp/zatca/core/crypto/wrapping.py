"""Secrets at rest under a key that lies outside the database: AES-256-GCM, with keys that can be changed.

Takes a secret and its place (device and field); gives text for a vault's column. The place is authenticated: a wrapped secret
moved to another device's row does not open. Several keys may be known at once, the newest first: it wraps, all of them open.
Never shows a key or a secret in an error. Source: NIST SP 800-38D; Security Features Implementation Standard section 2.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bayancore_erp.zatca.core.errors import ConfigurationError

PREFIX = "wrapped:1:"
_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Wrapper:
	"""The wrapping keys of a site, by their identifiers. Prints identifiers only."""

	newest: str
	keys: Mapping[str, bytes] = field(repr=False)

	@classmethod
	def read(cls, text: str) -> Wrapper:
		"""From base64 keys of 32 bytes, the newest first, separated by commas or spaces. Raises ConfigurationError."""
		found: dict[str, bytes] = {}
		for word in text.replace(",", " ").split():
			try:
				key = base64.urlsafe_b64decode(word.encode())
			except (binascii.Error, ValueError):
				key = b""
			if len(key) != _KEY_BYTES:
				raise ConfigurationError(
					"A wrapping key is not base64 of 32 bytes.",
					code="WRAPPING-KEY",
					hint="Make one with `bench --site SITE zatca new-wrapping-key`.",
				)
			found.setdefault(key_id(key), key)
		if not found:
			raise ConfigurationError("There is no wrapping key.", code="WRAPPING-KEY")
		return cls(next(iter(found)), found)

	def wrap(self, secret: str, place: str) -> str:
		"""Encrypt for `place` with the newest key."""
		nonce = os.urandom(_NONCE_BYTES)
		sealed = AESGCM(self.keys[self.newest]).encrypt(nonce, secret.encode(), place.encode())
		return f"{PREFIX}{self.newest}:{base64.b64encode(nonce + sealed).decode()}"

	def unwrap(self, text: str, place: str) -> str:
		"""The secret again. Raises ConfigurationError where its key is not known, or it is not what was put there."""
		name, _, body = text.removeprefix(PREFIX).partition(":")
		key = self.keys.get(name)
		if key is None:
			raise ConfigurationError(
				f"The wrapping key {name} is not known to this site.",
				code="WRAPPING-KEY",
				hint="Give it back, beside the new one, until everything is wrapped anew.",
			)
		try:
			raw = base64.b64decode(body, validate=True)
			return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
		except (InvalidTag, ValueError):
			raise ConfigurationError(
				f"What is kept for {place} is not what was put there.",
				code="SECRET-LOST",
				hint="Restore it from the backup; otherwise onboard the device anew.",
			) from None

	def is_current(self, text: str) -> bool:
		"""Whether the newest key wrapped it."""
		return text.startswith(f"{PREFIX}{self.newest}:")


def is_wrapped(text: str) -> bool:
	"""Whether it is a wrapped secret rather than a plain one."""
	return text.startswith(PREFIX)


def new_key() -> str:
	"""A new wrapping key, as `Wrapper.read` takes it."""
	return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def key_id(key: bytes) -> str:
	"""A name for a key that tells nothing of it."""
	return hashlib.sha256(b"bayancore wrapping key" + key).hexdigest()[:12]
