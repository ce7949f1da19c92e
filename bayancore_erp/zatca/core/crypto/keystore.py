"""Where device keys live: in the vault's own memory as PEM, or in hardware behind PKCS#11.

Takes a store's name (empty: software; `pkcs11:…`: a token, RFC 7512) and gives new keys; takes a key's reference, as a
vault kept it, and opens the key. Whoever signs never learns which of the two it is.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.crypto.keys import DeviceKey, generate_key, load_key
from bayancore_erp.zatca.core.secret import opaque


def make_key(store: str = "") -> DeviceKey:
	"""A new key in `store`. Raises ConfigurationError where a token cannot be used."""
	if not store:
		return generate_key()
	from bayancore_erp.zatca.core.crypto import hardware

	return hardware.make_key(store)


@opaque
def open_key(reference: bytes) -> DeviceKey:
	"""The key of that reference. Raises CryptoError for a PEM that is none, ConfigurationError for a token that fails."""
	if not reference.startswith(b"pkcs11:"):
		return load_key(reference)
	from bayancore_erp.zatca.core.crypto import hardware

	return hardware.open_key(reference.decode())
