"""The key vault: from a ZATCA Device's encrypted fields to the identity that signs and speaks to the gateway.

Takes a device's name; gives an `Identity` (key, certificate, credentials, gateway). Keeps the parsed key for as long as the
process lives and the device's certificates stay the same. Never writes a secret anywhere but into Frappe's encrypted store,
never shows one. Source: DESIGN.md, promise 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.sealing import secret_of
from bayancore_erp.zatca.core.client import Credentials, Gateway
from bayancore_erp.zatca.core.client.endpoints import OFFICIAL_ROOT
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto import keystore
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import DeviceKey
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.onboarding import OnboardingState, Role, from_json
from bayancore_erp.zatca.core.secret import opaque

ENVIRONMENTS = {
	"Simulator": Environment.SIMULATION,
	"Sandbox": Environment.SANDBOX,
	"Simulation": Environment.SIMULATION,
	"Production": Environment.PRODUCTION,
}

KEY_STORE = "bayancore_key_store"
"""In site_config.json: a PKCS#11 URI (core/crypto/hardware.py). Keys made before stay where they are."""

_kept: dict[tuple[str, str], tuple[tuple[str, str], Identity]] = {}


@dataclass(frozen=True, slots=True)
class Identity:
	"""What signs and sends for one device. Prints without its secrets."""

	device: str
	key: DeviceKey = field(repr=False)
	certificate: Certificate = field(repr=False)
	credentials: Credentials = field(repr=False)
	gateway: Gateway


def identity_of(name: str) -> Identity:
	"""The identity of a device. Raises ConfigurationError where it has none or it cannot be used."""
	device = frappe.get_cached_doc("ZATCA Device", name)
	place = (frappe.local.site, name)
	state = (device.production_certificate or "", str(device.gateway_url or ""))
	kept = _kept.get(place)
	if kept and kept[0] == state:
		return kept[1]
	identity = read(device)
	announce(
		"unlocked", device.doctype, device.name, device.company, certificate=str(identity.certificate.serial)
	)
	_kept[place] = (state, identity)
	return identity


def identity_at_signing(name: str, certificate_serial: str) -> Identity:
	"""The identity a stored document was signed with: the one in use, or a former one of the device.

	A document under way when its device is renewed keeps its own. Gives the identity in use where the former one has
	expired or its secret is gone: its taxpayer is the same. Raises ConfigurationError as `identity_of` does.
	"""
	current = identity_of(name)
	if not certificate_serial or str(current.certificate.serial) == certificate_serial:
		return current
	return former(name, certificate_serial) or current


@opaque
def former(name: str, certificate_serial: str) -> Identity | None:
	"""An earlier production identity of the device, as long as it is valid."""
	device = frappe.get_cached_doc("ZATCA Device", name)
	state = enrolment_state(name)
	for each in state.identities if state else ():
		if each.role is not Role.PRODUCTION or not each.fits_key:
			continue
		certificate = Certificate.from_token(each.token)
		if str(certificate.serial) != certificate_serial or certificate.not_after <= datetime.now(
			timezone.utc
		):
			continue
		try:
			key = keystore.open_key(secret_of(device.name, each.key_id).encode())
			credentials = Credentials(each.token, secret_of(device.name, each.id))
		except KeyError:
			return None
		announce("unlocked", device.doctype, device.name, device.company, certificate=str(certificate.serial))
		return Identity(name, key, certificate, credentials, gateway_of(device))
	return None


def enrolment_state(name: str) -> OnboardingState | None:
	"""Every key and certificate the device ever had, without secrets."""
	text = frappe.db.get_value("ZATCA Enrolment", name, "state")
	return from_json(text) if text else None


@opaque
def read(device: Any) -> Identity:
	"""Decrypt and parse. In the sandbox the production CSID is everybody's, so the compliance certificate signs."""
	if not device.production_certificate:
		raise ConfigurationError(
			_("Device {0} is not onboarded yet.").format(device.name),
			code="NOT-ONBOARDED",
			hint=_("Finish its onboarding."),
		)
	try:
		key = keystore.open_key(secret_of(device.name, "private_key").encode())
		secret = secret_of(device.name, "production_secret")
	except KeyError as error:
		raise ConfigurationError(
			_("A secret of device {0} is not in the vault.").format(device.name),
			code="SECRET-LOST",
			hint=_("Restore the site's encryption key from the backup; otherwise onboard the device anew."),
		) from error
	certificate = Certificate.from_token(device.production_certificate)
	if certificate.public_key_der != key.public_key_der and device.compliance_certificate:
		certificate = Certificate.from_token(device.compliance_certificate)
	return Identity(
		device.name, key, certificate, Credentials(device.production_certificate, secret), gateway_of(device)
	)


def make_key() -> DeviceKey:
	"""A new key where this site keeps its keys: in the vault, or in the token that `bayancore_key_store` names.

	Raises ConfigurationError where the token cannot be used.
	"""
	return keystore.make_key(frappe.conf.get(KEY_STORE) or "")


def gateway_of(device: Any) -> Gateway:
	"""ZATCA's gateway of the device's environment, or the simulator's address. Raises ConfigurationError."""
	environment = ENVIRONMENTS[device.environment]
	if device.environment == "Simulator" and not device.gateway_url:
		raise ConfigurationError(
			_("Device {0} has no simulator address.").format(device.name), code="GATEWAY-ADDRESS"
		)
	return Gateway(environment, device.gateway_url or OFFICIAL_ROOT)


def forget() -> None:
	"""Drop every parsed key of this process."""
	_kept.clear()
