"""A gateway in memory that enrols devices as Fatoora does: OTP, CSR, checks per invoice map, certificates of its own CA.

It is a `Transport`, so everything above the socket is the real client. `faults` holds answers to be given instead,
`swallow` the calls whose answer gets lost although they were carried out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.client import Request, Response
from bayancore_erp.zatca.core.errors import TransportError
from bayancore_erp.zatca.core.onboarding import needed_documents

CA_KEY = ec.generate_private_key(ec.SECP256K1())
OTHER_KEY = ec.generate_private_key(ec.SECP256K1())
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def token_for(public_key: ec.EllipticCurvePublicKey, issuer: str) -> str:
	certificate = (
		x509.CertificateBuilder()
		.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EGS-1")]))
		.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
		.public_key(public_key)
		.serial_number(x509.random_serial_number())
		.not_valid_before(NOW - timedelta(days=1))
		.not_valid_after(NOW + timedelta(days=5 * 365))
		.sign(CA_KEY, hashes.SHA256())
	)
	text = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER))
	return base64.b64encode(text).decode()


@dataclass
class Issued:
	"""A CSID as the gateway remembers it."""

	request_id: str
	secret: str
	public_key: ec.EllipticCurvePublicKey
	passed: set[str] = field(default_factory=set)
	received: list[dict[str, str]] = field(default_factory=list)


@dataclass
class FakeFatoora:
	invoice_map: str = "1100"
	otps: set[str] = field(default_factory=lambda: {"111222"})
	hands_out_dummies: bool = False
	"""As the sandbox: the production certificate is over another key."""
	renewal: str = "428"
	"""How a renewal is answered: 428, 200 (both with a compliance CSID) or issued (a production CSID at once)."""
	reject: set[str] = field(default_factory=set)
	"""Documents (by their id) that fail the check once."""
	forget_checks: bool = False
	"""Claim once that steps are missing."""
	faults: list[Response | TransportError | None] = field(default_factory=list)
	swallow: set[int] = field(default_factory=set)
	calls: list[Request] = field(default_factory=list)
	compliance: dict[str, Issued] = field(default_factory=dict)
	production: dict[str, Issued] = field(default_factory=dict)

	def send(self, request: Request) -> Response:
		self.calls.append(request)
		fault = self.faults.pop(0) if self.faults else None
		if isinstance(fault, TransportError):
			raise fault
		if fault is not None:
			return fault
		answer = self._handler(request)(request, json.loads(request.body))
		if len(self.calls) in self.swallow:
			raise TransportError("dropped", may_have_arrived=True)
		return answer

	@property
	def paths(self) -> list[str]:
		return [
			call.method + " " + call.url.partition("/e-invoicing/")[2].partition("/")[2]
			for call in self.calls
		]

	def _handler(self, request: Request) -> Callable[[Request, dict[str, str]], Response]:
		if request.url.endswith("/compliance"):
			return self._compliance_csid
		if request.url.endswith("/compliance/invoices"):
			return self._check
		return self._renew if request.method == "PATCH" else self._production_csid

	def _compliance_csid(self, request: Request, body: dict[str, str]) -> Response:
		refused = self._otp_refused(request)
		return refused or _answer(200, self._issue(self.compliance, _key_in(body["csr"]), "eInvoicing"))

	def _check(self, request: Request, body: dict[str, str]) -> Response:
		who = self._who(request, self.compliance)
		if who is None:
			return _answer(401, {"status": 401, "error": "Unauthorized"})
		document = json.loads(base64.b64decode(body["invoice"]))
		who.received.append(document)
		if document["kind"] in self.reject:
			self.reject.discard(document["kind"])
			error = {
				"type": "ERROR",
				"code": "BR-KSA-17",
				"category": "KSA",
				"message": "reason",
				"status": "ERROR",
			}
			return _answer(
				400, {"validationResults": {"errorMessages": [error]}, "reportingStatus": "NOT_REPORTED"}
			)
		who.passed.add(document["kind"])
		word = "reportingStatus" if document["kind"].startswith("simplified") else "clearanceStatus"
		return _answer(
			200, {word: word[:-6].upper().replace("REPORTING", "REPORTED").replace("CLEARANCE", "CLEARED")}
		)

	def _production_csid(self, request: Request, body: dict[str, str]) -> Response:
		who = self._who(request, self.compliance)
		if who is None or who.request_id != body["compliance_request_id"]:
			return _answer(401, {"status": 401})
		if self.forget_checks:
			self.forget_checks = False
			who.passed.clear()
		missing = [item.value for item in needed_documents(self.invoice_map) if item.value not in who.passed]
		if missing:
			return _answer(
				400, {"code": "Missing-ComplianceSteps", "message": f"not done yet [{','.join(missing)}]"}
			)
		key = OTHER_KEY.public_key() if self.hands_out_dummies else who.public_key
		return _answer(200, self._issue(self.production, key, "PRZEINVOICESCA4-CA"))

	def _renew(self, request: Request, body: dict[str, str]) -> Response:
		if self._who(request, self.production) is None:
			return _answer(401, {"status": 401})
		refused = self._otp_refused(request)
		if refused:
			return refused
		key = _key_in(body["csr"])
		if self.renewal == "issued":
			return _answer(200, self._issue(self.production, key, "PRZEINVOICESCA4-CA"))
		issued = self._issue(self.compliance, key, "eInvoicing")
		if self.renewal == "428":
			return _answer(428, {"value": {**issued, "dispositionMessage": "NOT_COMPLIANT"}})
		return _answer(
			200, issued if self.renewal == "200-issued" else {**issued, "dispositionMessage": "NOT_COMPLIANT"}
		)

	def _otp_refused(self, request: Request) -> Response | None:
		if request.headers["OTP"] not in self.otps:
			return _answer(
				400, {"errors": [{"code": "Invalid-OTP", "message": "The provided OTP is invalid"}]}
			)
		self.otps.discard(request.headers["OTP"])
		return None

	def _issue(
		self, kept: dict[str, Issued], key: ec.EllipticCurvePublicKey, issuer: str
	) -> dict[str, object]:
		number = 1234567890000 + len(self.compliance) + len(self.production)
		token, secret = token_for(key, issuer), f"secret-{number}"
		kept[token] = Issued(str(number), secret, key)
		return {
			"requestID": number,
			"dispositionMessage": "ISSUED",
			"binarySecurityToken": token,
			"secret": secret,
		}

	def _who(self, request: Request, kept: dict[str, Issued]) -> Issued | None:
		token, _, secret = (
			base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
		)
		found = kept.get(token)
		return found if found and found.secret == secret else None


def _key_in(csr: str) -> ec.EllipticCurvePublicKey:
	key = x509.load_pem_x509_csr(base64.b64decode(csr)).public_key()
	assert isinstance(key, ec.EllipticCurvePublicKey)
	return key


def _answer(status: int, body: dict[str, object]) -> Response:
	return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
