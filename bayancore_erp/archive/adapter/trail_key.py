"""The site's key over its audit trail: who can write into the database but has not the site's encryption key cannot forge.

Takes text; gives an authentication code `<key>:<HMAC-SHA256>`, of which the first part tells keys apart. The key is made once
and kept encrypted, where devices' keys are kept. Never shown, never in an event, never replaced. Source: issue 6, point 4.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import frappe
from frappe.utils.password import decrypt, encrypt, get_decrypted_password

PLACE = ("Audit Seal", "site", "mac_key")
"""DocType, name and field under which the vault holds it; no such document exists, so no API finds it."""
_kept: dict[tuple[str, str], bytes] = {}


def code_of(text: str) -> str:
	"""The authentication code of `text`; empty where the key cannot be read, which verify reports.

	A site restored without its encryption key must still let people log in to mend it.
	"""
	key = key_of_site()
	return f"{label(key)}:{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}" if key else ""


def fits(code: str | None, text: str) -> bool:
	"""Whether `code` is that of `text`."""
	return bool(code) and hmac.compare_digest(str(code).encode(), code_of(text).encode())


def is_of_another_key(code: str | None) -> bool:
	"""Whether it was made with a key this site does not have: restored without its encryption key, or forged."""
	key = key_of_site()
	return not key or (code or "").partition(":")[0] != label(key)


def label(key: bytes) -> str:
	"""What tells a key from another without telling anything of it."""
	return hashlib.sha256(b"trail key " + key).hexdigest()[:8]


def key_of_site() -> bytes:
	"""The key, kept by this process once it is known to be committed; made where there is none, empty where it is lost."""
	place = (frappe.local.site, str(frappe.conf.get("encryption_key") or ""))
	if place in _kept:
		return _kept[place]
	messages = list(frappe.local.message_log)
	try:
		found = get_decrypted_password(*PLACE, raise_exception=False)
		# Frappe gives nothing for a key it cannot decrypt, too: then it is there, and opening it fails
		if not found:
			return bytes.fromhex(make())
	except frappe.ValidationError:
		frappe.local.message_log = messages
		return b""
	_kept[place] = bytes.fromhex(found)
	return _kept[place]


def make() -> str:
	"""Make it, unless somebody else is just doing so: the first one stays."""
	doctype, name, field = PLACE
	frappe.db.sql(
		"insert ignore into `__Auth` (doctype, name, fieldname, password, encrypted) values (%s, %s, %s, %s, 1)",
		(doctype, name, field, encrypt(secrets.token_hex(32))),
	)
	# A locking read: it sees the row of whoever was first, although our snapshot is older.
	found = frappe.db.sql(
		"select password from `__Auth` where doctype = %s and name = %s and fieldname = %s lock in share mode",
		PLACE,
	)
	return str(decrypt(found[0][0]))


def forget() -> None:
	"""Drop the key from this process: a test restored another database."""
	_kept.clear()
