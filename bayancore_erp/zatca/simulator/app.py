"""The WSGI application: paths, headers, sizes and bad days.

Takes: WSGI calls. Gives: the gateway's answers, or what a fault makes of them. Never answers at all where a fault says
`drop`: it raises ConnectionAbortedError, on which a WSGI server closes the connection. Source: ZATCA.md section 5.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.simulator import answers
from bayancore_erp.zatca.simulator.admin import PREFIX, Admin
from bayancore_erp.zatca.simulator.answers import Answer
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.faults import CSID_ENDPOINTS, Fault, FaultBox
from bayancore_erp.zatca.simulator.gateway import Call, Gateway
from bayancore_erp.zatca.simulator.submissions import Submissions

BASE_PATH = "/e-invoicing"
MAX_BODY = 10 * 1024 * 1024
ROUTES = {
	("POST", "compliance"): "compliance-csid",
	("POST", "compliance/invoices"): "compliance-check",
	("POST", "production/csids"): "production-csid",
	("PATCH", "production/csids"): "renewal",
	("POST", "invoices/reporting/single"): "reporting",
	("POST", "invoices/clearance/single"): "clearance",
}
_PATHS = {path for _, path in ROUTES}
_ENVIRONMENTS = {place.value: place for place in Environment}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
log = logging.getLogger(__name__)


class App:
	"""The application; one instance serves all threads."""

	def __init__(
		self, gateway: Gateway, admin: Admin, submissions: Submissions, faults: FaultBox, clock: Clock
	) -> None:
		self._gateway = gateway
		self._admin = admin
		self._submissions = submissions
		self._faults = faults
		self._clock = clock
		self._stopping = threading.Event()

	def stop(self) -> None:
		"""Wake the calls that a delay holds."""
		self._stopping.set()

	def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
		path = str(environ.get("PATH_INFO", ""))
		if path == PREFIX or path.startswith(PREFIX + "/"):
			return _send(self._administer(environ, path), start_response)
		place, _, rest = path.removeprefix(BASE_PATH + "/").partition("/")
		environment = _ENVIRONMENTS.get(place) if path.startswith(BASE_PATH + "/") else None
		if environment is None or rest not in _PATHS:
			return _send(answers.http_error(404, "No such resource."), start_response)
		endpoint = ROUTES.get((str(environ["REQUEST_METHOD"]), rest))
		if endpoint is None:
			return _send(answers.http_error(405, "No such method here."), start_response)
		return self._serve(environ, start_response, environment, endpoint)

	def _serve(
		self, environ: Environ, start_response: StartResponse, environment: Environment, endpoint: str
	) -> Iterable[bytes]:
		call = Call(environment, endpoint, _headers(environ), _body(environ))
		fault = self._faults.take(endpoint)
		answer = None
		if fault and not fault.after:
			self._wait(fault)
			answer = self._spoiled(fault)
		lost = fault is not None and not fault.after and fault.kind != "delay"
		if answer is None and not lost:
			answer = self._answer(call)
		if fault and fault.after:
			self._wait(fault)
			answer = self._spoiled(fault) or answer
		dropped = fault is not None and fault.kind == "drop"
		answer = answer or answers.http_error(502)
		name = fault.kind if fault else ""
		self._submissions.count_call(environment, endpoint, 0 if dropped else answer.status, name)
		log.info("%s %s: %s %s", environment.value, endpoint, answer.status, name)
		if dropped:
			raise ConnectionAbortedError("The simulator drops this connection on purpose.")
		return _send(answer, start_response, name)

	def _answer(self, call: Call) -> Answer:
		if call.headers.get("accept-version") != "V2":
			return answers.wrong_version()
		if len(call.body) > MAX_BODY:
			return answers.http_error(413)
		try:
			return self._gateway.answer(call)
		except Exception:
			log.exception("The simulator failed on %s", call.endpoint)
			return answers.system_failure() if call.endpoint in CSID_ENDPOINTS else answers.http_error(500)

	def _administer(self, environ: Environ, path: str) -> Answer:
		# A browser names the page that asks; no page has business here.
		if not _is_loopback(str(environ.get("REMOTE_ADDR", ""))) or environ.get("HTTP_ORIGIN"):
			return answers.http_error(403, "Admin calls come from this machine only.")
		query = dict(parse_qsl(str(environ.get("QUERY_STRING", ""))))
		return self._admin.answer(str(environ["REQUEST_METHOD"]), path, query, _body(environ))

	def _spoiled(self, fault: Fault) -> Answer | None:
		return fault.replacement(int(self._clock().timestamp() * 1000))

	def _wait(self, fault: Fault) -> None:
		if fault.kind == "delay":
			self._stopping.wait(fault.seconds)


def _send(answer: Answer, start_response: StartResponse, fault: str = "") -> Iterable[bytes]:
	payload = answer.payload
	if fault == "empty":
		payload = b""
	if fault == "truncated-json":
		payload = payload[: max(1, len(payload) * 2 // 3)]
	headers = [
		("Content-Type", answer.content_type),
		("Content-Length", str(len(payload))),
		*answer.headers,
	]
	start_response(answer.line, headers)
	# A cut line: fewer bytes than were promised, on which the server can only hang up.
	return [payload[: len(payload) // 2] if fault == "cut" else payload]


def _headers(environ: Environ) -> dict[str, str]:
	return {
		name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
		for name, value in environ.items()
		if name.startswith("HTTP_")
	}


def _body(environ: Environ) -> bytes:
	length = str(environ.get("CONTENT_LENGTH") or "0")
	data = environ["wsgi.input"].read(min(int(length), MAX_BODY + 1) if length.isdigit() else 0)
	return bytes(data)


def _is_loopback(address: str) -> bool:
	try:
		return ipaddress.ip_address(address).is_loopback
	except ValueError:
		return False
