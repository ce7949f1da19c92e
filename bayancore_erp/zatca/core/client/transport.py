"""Moving one request to the gateway and its answer back.

Takes a `Request`; gives a `Response`, or raises TransportError saying whether the request can have arrived: what was
never sent may be changed, what may have arrived has to be sent again byte for byte.
Never follows a redirect (303 is a verdict here), never reads netrc, proxies or CA bundles from the environment, never
keeps more of a body than its cap. Source: ZATCA.md section 5 (timeouts: the gateway can hang for minutes).
"""

from __future__ import annotations

import http.client
import io
import os
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import requests
import urllib3

from bayancore_erp.zatca.core.errors import ConfigurationError, TransportError

CONNECT_TIMEOUT = 10
"""Seconds for address, connection and TLS."""
READ_TIMEOUT = 75
"""Seconds without a byte: ZATCA's clients use 60 to 90."""
TOTAL_TIMEOUT = 180
"""Seconds for the whole answer, should it come in drops."""
MAX_BODY = 30 * 1024 * 1024
"""Bytes kept of an answer: three times the largest document the gateway takes."""
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
	"""What goes out. Its repr shows neither headers nor body, for both can hold secrets."""

	method: str
	url: str
	headers: Mapping[str, str] = field(repr=False)
	body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
	"""What came back. `is_cut`: the body is not all there, because it was too large or the connection broke."""

	status: int
	headers: Mapping[str, str]
	body: bytes = field(repr=False)
	is_cut: bool = False


class Transport(Protocol):
	"""Whatever can carry a request: `RequestsTransport`, or a test's own."""

	def send(self, request: Request) -> Response:
		"""The answer. Raises TransportError where none came."""
		...


class _WatchedBody(io.BytesIO):
	"""A request body that remembers whether the connection has begun to take it.

	It is read only once the connection stands and the headers are out, so "not begun" proves "never sent", whatever
	the exception was.
	"""

	begun = False

	def read(self, size: int | None = -1, /) -> bytes:
		self.begun = True
		return super().read(size)


class RequestsTransport:
	"""HTTP by `requests`, connections reused. One instance per thread.

	`ca_bundle`: path of a PEM file that replaces the public authorities (simulator, inspecting proxy).
	`proxy`: address of an HTTP proxy. Raises ConfigurationError where the bundle is not there.
	"""

	def __init__(
		self,
		*,
		connect_timeout: float = CONNECT_TIMEOUT,
		read_timeout: float = READ_TIMEOUT,
		total_timeout: float = TOTAL_TIMEOUT,
		max_body: int = MAX_BODY,
		ca_bundle: str | None = None,
		proxy: str | None = None,
	) -> None:
		if ca_bundle is not None and not os.path.exists(ca_bundle):
			raise ConfigurationError("The file of certificate authorities is not there.", field="ca_bundle")
		self._timeout = (connect_timeout, read_timeout)
		self._total_timeout = total_timeout
		self._max_body = max_body
		self._session = requests.Session()
		# The environment could slip in other credentials (netrc) or other authorities; both are set here or not at all.
		self._session.trust_env = False
		self._session.headers.clear()
		self._session.verify = ca_bundle or True
		if proxy:
			self._session.proxies = {"http": proxy, "https": proxy}

	def send(self, request: Request) -> Response:
		"""The answer, whatever its status. Raises TransportError where none came."""
		body = _WatchedBody(request.body)
		deadline = time.monotonic() + self._total_timeout
		try:
			answer = self._session.request(
				request.method,
				request.url,
				headers=dict(request.headers),
				data=body,
				timeout=self._timeout,
				allow_redirects=False,
				stream=True,
			)
		except (
			requests.RequestException,
			urllib3.exceptions.HTTPError,
			http.client.HTTPException,
			OSError,
		) as error:
			raise _explain(error, request.url, body.begun) from None
		except Exception as error:
			# the frames inside hold headers and body; a log that prints variables must not get them
			raise _unforeseen(error, request.url, body.begun) from None
		with answer:
			content, is_cut = self._read(answer, deadline)
			return Response(answer.status_code, dict(answer.headers), content, is_cut)

	def close(self) -> None:
		"""Gives the kept connections back."""
		self._session.close()

	def _read(self, answer: requests.Response, deadline: float) -> tuple[bytes, bool]:
		kept = bytearray()
		try:
			for chunk in answer.iter_content(_CHUNK):
				kept += chunk
				if len(kept) > self._max_body or time.monotonic() > deadline:
					return bytes(kept[: self._max_body]), True
		# A status without its whole body is still worth more than nothing: a 401 is a 401.
		# Whatever broke it: the frames inside hold the answer, and with it perhaps a secret that was issued.
		except Exception:
			return bytes(kept), True
		return bytes(kept), False


def _explain(error: Exception, url: str, begun: bool) -> TransportError:
	host = urlsplit(url).hostname or "the gateway"
	if isinstance(error, requests.exceptions.ConnectTimeout):
		code, said = "CONNECT-TIMEOUT", f"No connection to {host} within the time allowed."
	elif isinstance(error, requests.exceptions.ProxyError):
		code, said = "PROXY", f"The proxy did not connect to {host}."
	elif isinstance(error, requests.exceptions.SSLError):
		code, said = (
			"TLS",
			f"The encrypted connection to {host} failed: its certificate is not trusted, or it broke.",
		)
	elif isinstance(error, (requests.exceptions.Timeout, TimeoutError)):
		code, said = "READ-TIMEOUT", f"{host} did not answer in time."
	elif isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
		code, said = "ADDRESS", f"The address of {host} cannot be called."
	elif begun:
		code, said = "DROPPED", f"The connection to {host} broke before an answer came."
	else:
		code, said = "CONNECT", f"{host} cannot be reached."
	return TransportError(
		said, may_have_arrived=begun, code=code, hint=_HINTS.get(code, "It is tried again later.")
	)


def _unforeseen(error: Exception, url: str, begun: bool) -> TransportError:
	"""By its kind and place: its own words may hold a header."""
	frame = traceback.extract_tb(error.__traceback__)[-1]
	return TransportError(
		f"The call to {urlsplit(url).hostname or 'the gateway'} failed: {type(error).__name__} in "
		f"{os.path.basename(frame.filename)}, line {frame.lineno}.",
		may_have_arrived=begun,
		code="UNFORESEEN",
		hint="It is tried again later.",
	)


_HINTS = {
	"TLS": "Check the machine's clock and whether a proxy inspects the traffic; do not switch the check off.",
	"PROXY": "Check the proxy's address in the settings.",
	"ADDRESS": "Check the gateway address in the settings.",
}
