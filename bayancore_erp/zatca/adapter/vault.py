"""The key vault: from a ZATCA Device's encrypted fields to the identity that signs and speaks to the gateway.

Takes a device's name; gives an `Identity` (key, certificate, credentials, gateway). Keeps the parsed key for as long as the
process lives and the device's certificates stay the same. Never writes a secret anywhere but into Frappe's encrypted store,
never shows one. Source: DESIGN.md, promise 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.core.client import Credentials, Gateway
from bayancore_erp.zatca.core.client.endpoints import OFFICIAL_ROOT
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, load_key
from bayancore_erp.zatca.core.errors import ConfigurationError

ENVIRONMENTS = {
	"Simulator": Environment.SIMULATION,
	"Sandbox": Environment.SANDBOX,
	"Simulation": Environment.SIMULATION,
	"Production": Environment.PRODUCTION,
}

_kept: dict[tuple[str, str], tuple[tuple[str, str], Identity]] = {}


@dataclass(frozen=True, slots=True)
class Identity:
	"""What signs and sends for one device. Prints without its secrets."""

	device: str
	key: PrivateKey = field(repr=False)
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
	_kept[place] = (state, identity)
	return identity


def read(device: Any) -> Identity:
	"""Decrypt and parse. In the sandbox the production CSID is everybody's, so the compliance certificate signs."""
	if not device.production_certificate:
		raise ConfigurationError(
			_("Device {0} is not onboarded yet.").format(device.name),
			code="NOT-ONBOARDED",
			hint=_("Finish its onboarding."),
		)
	try:
		key = load_key(device.get_secret("private_key").encode())
		secret = device.get_secret("production_secret")
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
