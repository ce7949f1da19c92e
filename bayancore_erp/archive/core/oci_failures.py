"""What the object storage's refusals mean, in sentences.

Takes exceptions of Oracle's SDK; gives ours: TransportError where trying again can help, ConfigurationError where a person
must correct something. Never passes on the SDK's own text, which can quote settings; only status, code and request id.
Source: OCI Object Storage API errors; STACK.md section 3 (match on status, codes are not all documented).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput, TransportError, ZatcaError

_MEANING: dict[int, tuple[str, str, str]] = {
	401: (
		"The object storage does not accept the archive's key.",
		"Check tenancy, user, fingerprint and key, and the server's clock.",
		"api_key",
	),
	403: (
		"The archive's user may not do this in the bucket.",
		"Ask for a policy with OBJECT_CREATE, OBJECT_READ and OBJECT_INSPECT on it.",
		"bucket",
	),
	404: (
		"The bucket does not exist, or the archive's user may not see it.",
		"Check namespace, bucket and region.",
		"bucket",
	),
	409: (
		"The object storage refuses because of the object's or bucket's state.",
		"Look at the bucket's retention rules.",
		"bucket",
	),
	413: ("The object storage finds the object too large.", "Lower the part size.", "part_size"),
}


@contextmanager
def explained() -> Iterator[None]:
	"""Run SDK calls; what they raise comes out as TransportError, ConfigurationError or InvalidInput."""
	try:
		import oci
	except ImportError:
		raise ConfigurationError(
			"The oci package is not installed.",
			hint="Install bayancore_erp[archive] into the bench.",
			field="auth",
		)
	try:
		yield
	except ZatcaError:
		raise
	except oci.exceptions.ServiceError as error:
		raise _of_service(error) from None
	except network_errors():
		raise TransportError(
			"The object storage does not answer.",
			may_have_arrived=True,
			hint="It is tried again by itself; nothing is stored twice.",
		) from None
	except (oci.exceptions.ClientError, ValueError, TypeError) as error:
		raise ConfigurationError(
			f"The archive's key or settings cannot be used ({type(error).__name__}).",
			hint="Check tenancy, user, fingerprint and key.",
			field="api_key",
		) from None


def unless(statuses: tuple[int, ...], call: Callable[[], Any]) -> Any:
	"""The call's answer, or None where the service refuses with one of `statuses`."""
	import oci

	try:
		return call()
	except oci.exceptions.ServiceError as error:
		if error.status in statuses:
			return None
		raise


def service_error() -> type[Exception]:
	"""What the SDK raises for a refusal."""
	import oci

	found: type[Exception] = oci.exceptions.ServiceError
	return found


def network_errors() -> tuple[type[Exception], ...]:
	"""What the SDK raises when no whole answer came."""
	import oci
	import urllib3
	from oci._vendor import requests

	return (
		oci.exceptions.RequestException,
		oci.exceptions.ConnectTimeout,
		requests.exceptions.RequestException,
		urllib3.exceptions.HTTPError,
		ConnectionError,
		TimeoutError,
	)


def unsettled(name: str) -> TransportError:
	"""The service said that the object exists, and then that it does not: ask again later."""
	return TransportError(
		f"The object storage contradicts itself about {name}.",
		may_have_arrived=True,
		hint="It is tried again by itself.",
	)


def _of_service(error: Any) -> ZatcaError:
	status = int(error.status) if str(error.status).lstrip("-").isdigit() else 0
	code = _word(error.code)
	trace = f" (status {status}, {code}, request {_word(error.request_id)})"
	if status == 429 or status >= 500 or status <= 0:
		return TransportError(
			"The object storage is busy or out of order." + trace,
			may_have_arrived=True,
			code=code,
			hint="It is tried again by itself; nothing is stored twice.",
		)
	if status == 400:
		return InvalidInput(
			"The object storage finds that the content does not fit its checksum or name." + trace, code=code
		)
	message, hint, field = _MEANING.get(
		status,
		(
			"The object storage refuses the request.",
			"Give the request number to whoever runs the archive.",
			"bucket",
		),
	)
	return ConfigurationError(message + trace, code=code, hint=hint, field=field)


def _word(text: object) -> str:
	"""A code or number as it may be shown; anything longer or stranger is not one."""
	found = re.fullmatch(r"[A-Za-z0-9_/.-]{1,120}", str(text or ""))
	return found.group() if found else "unknown"
