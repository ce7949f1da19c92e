"""What an audit may keep of one call: when, where, how long, and the answer's own bytes.

Takes the request, the answer and the secrets that were in play; gives an `Exchange` free of all of them.
Never contains an OTP, a secret, an Authorization header or a private key. Promise 10 (DESIGN.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bayancore_erp.zatca.core.client.transport import Request, Response
from bayancore_erp.zatca.core.outcome import Endpoint

MASK = "***"
_SECRET_HEADERS = frozenset({"authorization", "otp", "cookie", "set-cookie", "proxy-authorization"})
# Also a value that was cut off in the middle, or a broken one; escapes are stepped over.
_ANY_SECRET = re.compile(rb"secret", re.IGNORECASE)
_SECRET_IN_JSON = re.compile(rb'("secret"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]"]+)', re.IGNORECASE | re.DOTALL)
_WITHHELD = b"(withheld: the answer to a request for a CSID, in a form in which its secret cannot be masked)"


@dataclass(frozen=True, slots=True)
class Exchange:
	"""One call as it may be kept for ever. `answer` is the raw body, its secrets masked; None where none came."""

	endpoint: Endpoint
	method: str
	url: str
	request_headers: tuple[tuple[str, str], ...]
	request_size: int
	request_sha256: str
	"""Of the body: proves that a repetition was byte-identical."""
	started_at: datetime
	elapsed_ms: int
	status: int | None = None
	answer_headers: tuple[tuple[str, str], ...] = ()
	answer: bytes | None = field(default=None, repr=False)
	is_cut: bool = False
	error: str = ""
	"""Why no answer came."""
	may_have_arrived: bool = True


def record(
	endpoint: Endpoint,
	request: Request,
	response: Response | None,
	*,
	started_at: datetime,
	elapsed_ms: int,
	secrets: tuple[str, ...],
	issues_secret: bool,
	error: str = "",
	may_have_arrived: bool = True,
) -> Exchange:
	"""The record of a call. `issues_secret`: the answer may hold a new CSID's secret, which is masked as well."""
	return Exchange(
		endpoint,
		request.method,
		request.url,
		_mask_headers(request.headers.items(), secrets),
		len(request.body),
		hashlib.sha256(request.body).hexdigest(),
		started_at,
		elapsed_ms,
		status=response.status if response else None,
		answer_headers=_mask_headers(response.headers.items(), secrets) if response else (),
		answer=_mask_body(response.body, secrets, issues_secret) if response else None,
		is_cut=response.is_cut if response else False,
		error=error,
		may_have_arrived=may_have_arrived,
	)


def _mask_headers(items: Iterable[tuple[str, str]], secrets: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
	kept = []
	for name, value in items:
		hidden = name.lower() in _SECRET_HEADERS or any(secret and secret in value for secret in secrets)
		kept.append((name, MASK if hidden else value))
	return tuple(kept)


def _mask_body(body: bytes, secrets: tuple[str, ...], issues_secret: bool) -> bytes:
	if issues_secret:
		body, masked = _SECRET_IN_JSON.subn(lambda found: found[1] + b'"***"', body)
		# A wide encoding, JSON within JSON, a new spelling: rather no body than one that gives the secret away.
		if b"\x00" in body or len(_ANY_SECRET.findall(body)) != masked:
			return _WITHHELD
	for secret in secrets:
		if secret:
			body = body.replace(secret.encode(), MASK.encode())
	return body
