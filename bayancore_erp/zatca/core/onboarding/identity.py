"""Taking a CSID in, and speaking for the one in use.

Takes what the gateway issued; gives an `Identity`, judged: readable, over our own key, of which role. Gives the `Device`
that signs and sends. Never lets a foreign certificate into use, save the dummy that the sandbox hands to everyone
(ZATCA.md section 5: the sandbox's production CSID is the SDK's certificate; its key is public).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bayancore_erp.zatca.core.client import Credentials
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import DeviceKey
from bayancore_erp.zatca.core.crypto.keystore import open_key
from bayancore_erp.zatca.core.errors import CertificateError, ConfigurationError
from bayancore_erp.zatca.core.onboarding.state import Enrolment, Identity, Role
from bayancore_erp.zatca.core.outcome import Csid

_COMPLIANCE_ISSUER = "CN=eInvoicing"


@dataclass(frozen=True, slots=True)
class Device:
	"""What signs and sends: `certificate` always fits `key`; `credentials` are those of the identity in use."""

	key: DeviceKey
	certificate: Certificate
	credentials: Credentials
	identity_id: str


def identity_from(csid: Csid, role: Role, enrolment: Enrolment, key_id: str, now: datetime) -> Identity:
	"""The identity that `csid` is, with what its certificate says about it."""
	state = enrolment.state
	certificate = _certificate(csid.token)
	fits = certificate is not None and certificate.public_key_der == key_of(enrolment, key_id).public_key_der
	is_dummy = state.environment is Environment.SANDBOX and role is Role.PRODUCTION
	return Identity(
		id=state.next_id(role.value),
		role=role,
		key_id=key_id,
		request_id=csid.request_id,
		token=csid.token,
		issued_at=now,
		is_readable=certificate is not None,
		fits_key=fits,
		is_usable=certificate is not None and (fits or is_dummy),
		not_after=certificate.not_after if certificate else None,
	)


def is_from_compliance_authority(token: str) -> bool:
	"""Whether the certificate was issued for checks only; a renewal may answer 200 with either sort."""
	certificate = _certificate(token)
	return certificate is not None and certificate.issuer_name == _COMPLIANCE_ISSUER


def key_of(enrolment: Enrolment, key_id: str) -> DeviceKey:
	"""The private key of that name. Raises ConfigurationError where the vault does not hold it."""
	reference = enrolment.secrets.keys.get(key_id)
	if reference is None:
		raise _lost("private key")
	return open_key(reference)


def credentials_of(enrolment: Enrolment, identity: Identity) -> Credentials:
	"""Token and secret of an identity. Raises ConfigurationError where the vault does not hold the secret."""
	secret = enrolment.secrets.csids.get(identity.id)
	if secret is None:
		raise _lost("secret")
	return Credentials(identity.token, secret)


def device_of(enrolment: Enrolment) -> Device:
	"""The device as it signs and sends now. Raises ConfigurationError where it is not onboarded.

	In the sandbox the certificate is the compliance one, for the dummy is over another key.
	"""
	state = enrolment.state
	active = state.active
	if active is None:
		raise ConfigurationError(
			"This device has no production CSID yet.", code="NOT-ONBOARDED", hint="Finish its onboarding."
		)
	signing = active
	if not active.fits_key:
		fitting = [i for i in state.identities if i.fits_key and i.key_id == active.key_id]
		if not fitting:
			raise ConfigurationError("No certificate of this device fits its key.", code="KEY-MISMATCH")
		signing = fitting[-1]
	return Device(
		key_of(enrolment, active.key_id),
		Certificate.from_token(signing.token),
		credentials_of(enrolment, active),
		active.id,
	)


def _certificate(token: str) -> Certificate | None:
	try:
		return Certificate.from_token(token)
	except CertificateError:
		return None


def _lost(what: str) -> ConfigurationError:
	return ConfigurationError(
		f"The {what} of this device is not in the vault.",
		code="SECRET-LOST",
		hint="Restore the vault and its encryption key from the backup; otherwise onboard the device anew.",
	)
