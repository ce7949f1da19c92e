"""The wrapping key of this site: a second lock on every device secret, whose key is not in the database and not in its backup.

Takes a secret and its place, gives what Frappe's encrypted store keeps, and back. The keys come from the environment variable
BAYANCORE_WRAPPING_KEY or from `bayancore_wrapping_key` in site_config.json, the newest first; without any, secrets are
encrypted with the site's key alone. `rewrap` brings everything under the newest. Never shows a key.
Source: DESIGN.md, promise 10; core/crypto/wrapping.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils.password import get_decrypted_password, set_encrypted_password

from bayancore_erp.zatca.core.crypto.wrapping import Wrapper, is_wrapped
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.secret import Secret, opaque

VARIABLE = "BAYANCORE_WRAPPING_KEY"
SETTING = "bayancore_wrapping_key"
DEVICE = "ZATCA Device"
SECRETS = ("private_key", "compliance_secret", "production_secret")
# What onboarding adds, one key or secret a name, for good: key-1, compliance-1, production-1, key-2 …
HISTORY = re.compile(r"(key|compliance|production)-[1-9]\d*")


class KeepsSecrets(Document):
	"""A document that answers nobody with its secrets. Whoever may write a template has its methods: Frappe hands them any document."""

	def get_password(self, fieldname: str = "password", raise_exception: bool = True) -> NoReturn:
		frappe.throw(
			_("The secrets of {0} never leave the server.").format(_(self.doctype)), frappe.PermissionError
		)


@dataclass(frozen=True, slots=True)
class State:
	"""How the vault stands. `stale`: secrets that the newest key did not wrap; `problem`: why one cannot be opened."""

	configured: bool
	secrets: int = 0
	stale: int = 0
	problem: str = ""
	hint: str = ""


@opaque
def wrapper() -> Wrapper | None:
	"""This site's wrapping keys, or None where it has none. Raises ConfigurationError for a key that is none."""
	text = os.environ.get(VARIABLE) or frappe.conf.get(SETTING) or ""
	return Wrapper.read(text) if text.strip() else None


@opaque
def seal(device: str, name: str, secret: str) -> None:
	"""Put a secret into the store, wrapped where the site has a wrapping key."""
	keys = wrapper()
	set_encrypted_password(DEVICE, device, keys.wrap(secret, place(device, name)) if keys else secret, name)


@opaque
def unseal(device: str, name: str) -> Secret | None:
	"""The secret in clear, or None where there is none. Raises ConfigurationError where its key is missing."""
	kept = get_decrypted_password(DEVICE, device, name, raise_exception=False)
	if not kept or not is_wrapped(kept):
		return Secret(kept) if kept else None
	keys = wrapper()
	if keys is None:
		raise ConfigurationError(
			"The devices' secrets are under a wrapping key, which this site does not have.",
			code="WRAPPING-KEY",
			hint=f"Give it back: {VARIABLE} in the environment of web and workers, or {SETTING} in site_config.json.",
		)
	return Secret(keys.unwrap(kept, place(device, name)))


@opaque
def secret_of(device: str, name: str) -> Secret:
	"""The secret in clear, for the key vault and nobody else. Raises KeyError where there is none."""
	value = unseal(device, name) if name in SECRETS or HISTORY.fullmatch(name) else None
	if not value:
		raise KeyError(name)
	return value


def place(device: str, name: str) -> str:
	"""What a wrapped secret is bound to."""
	return f"{DEVICE}:{device}:{name}"


def everything() -> Iterator[tuple[str, str]]:
	"""Device and name of every secret in the store."""
	auth = frappe.qb.Table("__Auth")
	rows = (
		frappe.qb.from_(auth)
		.select(auth.name, auth.fieldname)
		.where((auth.doctype == DEVICE) & (auth.encrypted == 1))
		.orderby(auth.name)
	)
	yield from ((str(device), str(name)) for device, name in rows.run())


@opaque
def rewrap() -> int:
	"""Bring every secret under the newest key, or under none where the site has none left. Gives how many changed.

	The caller commits: all of them or none. Raises ConfigurationError where one cannot be opened, and changes nothing then.
	"""
	opened = {(device, name): unseal(device, name) for device, name in everything()}
	changed = 0
	for (device, name), secret in opened.items():
		if secret and not stands_right(device, name):
			seal(device, name, secret)
			changed += 1
	return changed


@opaque
def stands_right(device: str, name: str) -> bool:
	"""Whether a secret is wrapped as the site's keys would wrap it now."""
	keys, kept = wrapper(), get_decrypted_password(DEVICE, device, name, raise_exception=False) or ""
	return keys.is_current(kept) if keys else not is_wrapped(kept)


@opaque
def state() -> State:
	"""How the vault stands, for the doctor. Never raises for what a person can mend."""
	messages = list(frappe.local.message_log)
	try:
		configured = wrapper() is not None
		names = list(everything())
		lost = sum(unseal(device, name) is None for device, name in names)
		stale = sum(not stands_right(device, name) for device, name in names)
	except ConfigurationError as error:
		return State(True, problem=error.message, hint=error.hint)
	finally:
		frappe.local.message_log = messages
	if lost:
		return State(
			configured,
			problem=_(
				"{0} secrets of devices cannot be read: the site's encryption key is another one."
			).format(lost),
			hint=_("Restore the site's encryption key from the backup; otherwise onboard the device anew."),
		)
	return State(configured, len(names), stale)
