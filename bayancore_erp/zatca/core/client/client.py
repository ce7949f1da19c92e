"""The verbs of Fatoora: ask for a CSID, check, report, clear.

Takes what a call needs; gives a `Reply`: the outcome, and the record an audit may keep. Every failure of the network is
an outcome too; only bad settings raise. Never retries by itself, never logs more than call, status and duration.
Source: ZATCA.md section 5.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from bayancore_erp.zatca.core.client.credentials import Credentials
from bayancore_erp.zatca.core.client.endpoints import CALLS, COMMON_HEADERS, Gateway
from bayancore_erp.zatca.core.client.exchange import Exchange, record
from bayancore_erp.zatca.core.client.transport import Request, Response, Transport
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput, TransportError
from bayancore_erp.zatca.core.outcome import Endpoint, Outcome, parse, without_answer
from bayancore_erp.zatca.core.outcome.vocabulary import CSID_ENDPOINTS
from bayancore_erp.zatca.core.secret import Secret, opaque

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedDocument:
	"""A document ready to go: its exact bytes, their hash (base64) and its UUID; `irn` is its number (BT-1)."""

	xml: bytes = field(repr=False)
	invoice_hash: str
	uuid: str
	irn: str = ""

	def payload(self) -> bytes:
		"""The request body. The same document always gives the same bytes."""
		return _json(
			{
				"invoiceHash": self.invoice_hash,
				"uuid": self.uuid,
				"invoice": base64.b64encode(self.xml).decode(),
			}
		)


@dataclass(frozen=True, slots=True)
class Reply:
	"""What a call brought: what it means, and what happened on the wire."""

	outcome: Outcome
	exchange: Exchange


def _utc_now() -> datetime:
	return datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True)
class FatooraClient:
	"""One gateway, one transport, and the credentials of one device where the call needs some.

	`observe` is handed every exchange as it ends, even one that brought no answer.
	"""

	gateway: Gateway
	transport: Transport = field(repr=False)
	credentials: Credentials | None = None
	observe: Callable[[Exchange], None] | None = field(default=None, repr=False)
	clock: Callable[[], datetime] = field(default=_utc_now, repr=False)

	def with_credentials(self, credentials: Credentials) -> FatooraClient:
		"""The same line, speaking for another identity."""
		return replace(self, credentials=credentials)

	def request_compliance_csid(self, csr: bytes, otp: str) -> Reply:
		"""Ask for the compliance CSID. `csr` is the PEM text. Raises InvalidInput where the OTP is no number."""
		return self._call(Endpoint.COMPLIANCE_CSID, _json({"csr": _encoded(csr)}), otp=otp)

	def check_compliance(self, document: SignedDocument) -> Reply:
		"""Have a test document judged, with the credentials of the compliance CSID."""
		return self._call(Endpoint.COMPLIANCE_CHECK, document.payload(), document=document)

	def request_production_csid(self, request_id: str) -> Reply:
		"""Ask for the production CSID, with compliance credentials; `request_id` came with the compliance CSID."""
		return self._call(Endpoint.PRODUCTION_CSID, _json({"compliance_request_id": request_id}))

	def renew_csid(self, csr: bytes, otp: str) -> Reply:
		"""Ask for a successor, with the credentials of the present production CSID. Raises as the first request."""
		return self._call(Endpoint.RENEWAL, _json({"csr": _encoded(csr)}), otp=otp)

	def report(self, document: SignedDocument) -> Reply:
		"""Report a simplified document; or a standard one once clearance is off (CLEARANCE_OFF)."""
		return self._call(Endpoint.REPORTING, document.payload(), document=document)

	def clear(self, document: SignedDocument) -> Reply:
		"""Have a standard document cleared; the outcome holds the cleared copy, checked to be of this document."""
		return self._call(Endpoint.CLEARANCE, document.payload(), document=document)

	@opaque
	def _call(
		self, endpoint: Endpoint, body: bytes, *, otp: str = "", document: SignedDocument | None = None
	) -> Reply:
		headers, secrets = self._headers(endpoint, otp)
		request = Request(CALLS[endpoint].method, self.gateway.url(endpoint), headers, body)
		started_at, tick = self.clock(), time.monotonic_ns()
		response: Response | None = None
		failure: TransportError | None = None
		try:
			response = self.transport.send(request)
		except TransportError as error:
			failure = error
		elapsed_ms = (time.monotonic_ns() - tick) // 1_000_000
		outcome = _understand(endpoint, response, failure, document)
		issued = (outcome.csid.secret,) if outcome.csid else ()
		outcome = outcome.without(secrets + issued)
		exchange = record(
			endpoint,
			request,
			response,
			started_at=started_at,
			elapsed_ms=elapsed_ms,
			secrets=secrets + issued,
			issues_secret=endpoint in CSID_ENDPOINTS,
			error=f"{failure.code}: {failure.message}" if failure else "",
			may_have_arrived=failure.may_have_arrived if failure else True,
		)
		logger.info(
			"%s: %s (HTTP %s) in %s ms", endpoint.value, outcome.kind.value, outcome.status, elapsed_ms
		)
		if self.observe is not None:
			self.observe(exchange)
		return Reply(outcome, exchange)

	def _headers(self, endpoint: Endpoint, otp: str) -> tuple[dict[str, str], tuple[str, ...]]:
		call = CALLS[endpoint]
		headers = dict(COMMON_HEADERS)
		secrets: tuple[str, ...] = (self.credentials.secret,) if self.credentials else ()
		if call.clearance_status:
			headers["Clearance-Status"] = call.clearance_status
		if call.needs_otp:
			otp = otp.strip()
			if not (otp.isascii() and otp.isdigit() and len(otp) <= 12):
				raise InvalidInput(
					"The one-time password is a number of six digits.",
					code="OTP-FORMAT",
					field="otp",
					hint="Copy it from the Fatoora portal.",
				)
			headers["OTP"] = Secret(otp)
			secrets += (otp,)
		if call.needs_credentials:
			if self.credentials is None:
				raise ConfigurationError(
					"This device has no credentials for that call yet.",
					code="CREDENTIALS",
					hint="Onboard it first.",
				)
			value = self.credentials.authorization
			headers["Authorization"] = value
			secrets += (value.removeprefix("Basic "),)
		return headers, secrets


def _understand(
	endpoint: Endpoint,
	response: Response | None,
	failure: TransportError | None,
	document: SignedDocument | None,
) -> Outcome:
	if response is None:
		return without_answer(
			endpoint,
			may_have_arrived=failure.may_have_arrived if failure else True,
			detail=failure.message if failure else "",
		)
	outcome = parse(
		endpoint,
		response.status,
		response.headers,
		response.body,
		uuid=document.uuid if document else "",
		irn=document.irn if document else "",
	)
	return (
		replace(outcome, detail=f"{outcome.detail}; the answer was cut off") if response.is_cut else outcome
	)


def _encoded(csr: bytes) -> str:
	return base64.b64encode(csr).decode()


def _json(value: dict[str, str]) -> bytes:
	return json.dumps(value, separators=(",", ":")).encode()
