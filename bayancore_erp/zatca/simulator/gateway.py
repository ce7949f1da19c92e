"""The six calls of the Fatoora, decided.

Takes: an authenticated-or-not call of a taxpayer's system. Gives: the answer. Never knows HTTP servers or faults;
these are the business of `app`. Source: ZATCA.md sections 4 to 6.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator import answers, sandbox_dummy, signing_request
from bayancore_erp.zatca.simulator.answers import Answer
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.identities import COMPLIANCE, PRODUCTION, Identities, Identity
from bayancore_erp.zatca.simulator.judge import Judge, Judged
from bayancore_erp.zatca.simulator.settings import Settings
from bayancore_erp.zatca.simulator.submissions import Submissions


@dataclass(frozen=True, slots=True)
class Call:
	"""One request. Header names are lower case."""

	environment: Environment
	endpoint: str
	headers: Mapping[str, str]
	body: bytes

	def json(self) -> dict[str, Any]:
		"""The body as an object. Raises InvalidInput for anything else."""
		try:
			data = json.loads(self.body)
		except (ValueError, RecursionError) as error:
			raise InvalidInput("The request body is not JSON.", code="Invalid-Request") from error
		if not isinstance(data, dict):
			raise InvalidInput("The request body is not a JSON object.", code="Invalid-Request")
		return data


class Gateway:
	"""What the Fatoora does with a call."""

	def __init__(
		self, identities: Identities, submissions: Submissions, judge: Judge, settings: Settings, clock: Clock
	) -> None:
		self._identities = identities
		self._submissions = submissions
		self._judge = judge
		self._settings = settings
		self._clock = clock
		self._handlers = {
			"compliance-csid": self._compliance_csid,
			"compliance-check": self._compliance_check,
			"production-csid": self._production_csid,
			"renewal": self._renewal,
			"reporting": self._reporting,
			"clearance": self._clearance,
		}

	def answer(self, call: Call) -> Answer:
		"""Answer a call whose path, method, version and size are already right."""
		return self._handlers[call.endpoint](call)

	# --- CSIDs --------------------------------------------------------------------------------------------------
	def _compliance_csid(self, call: Call) -> Answer:
		try:
			otp = _otp(call)
			request = signing_request.read(_csr(call), call.environment)
			request_id, csid = self._identities.enrol(request, call.environment, otp)
		except InvalidInput as error:
			return answers.csid_error(error.code or "Invalid-CSR", error.message, call.environment)
		return answers.csid(request_id, csid.token, csid.secret, with_errors=True)

	def _production_csid(self, call: Call) -> Answer:
		identity = self._caller(call, COMPLIANCE)
		if identity is None:
			return self._unauthorized()
		try:
			wanted = str(call.json().get("compliance_request_id") or "").strip()
		except InvalidInput as error:
			return answers.csid_error(error.code, error.message, call.environment)
		if not wanted:
			return answers.csid_error(
				"Missing-ComplianceRequestId", "compliance_request_id is required field", call.environment
			)
		if wanted != str(identity.request_id):
			return answers.csid_error(
				"Invalid-ComplianceRequestId",
				"The compliance request ID does not belong to this compliance CSID",
				call.environment,
			)
		missing = self._identities.missing_steps(identity)
		if missing and self._settings.compliance_enforced(call.environment):
			return answers.csid_error(
				"Missing-ComplianceSteps", _missing_steps(missing, call.environment), call.environment
			)
		if self._settings.hands_out_dummy(call.environment):
			request = sandbox_dummy.request()
		else:
			pem = base64.b64encode(self._identities.csr(identity)).decode()
			request = signing_request.read(pem, call.environment)
		request_id, csid = self._identities.promote(identity, request)
		return answers.csid(request_id, csid.token, csid.secret, with_errors=False)

	def _renewal(self, call: Call) -> Answer:
		identity = self._caller(call, PRODUCTION)
		if identity is None:
			return self._unauthorized()
		again = self._settings.renewal_needs_checks(call.environment)
		try:
			otp = _otp(call)
			request = signing_request.read(_csr(call), call.environment)
			if request.vat_number != identity.vat_number:
				raise InvalidInput("The VAT number of the CSR is not that of the certificate to be renewed.")
			request_id, csid = self._identities.enrol(
				request, call.environment, otp, compliance=again, predecessor=identity
			)
		except InvalidInput as error:
			return answers.csid_error(error.code or "Invalid-CSR", error.message, call.environment)
		if again:
			return answers.not_compliant(request_id, csid.token, csid.secret, call.environment)
		return answers.csid(request_id, csid.token, csid.secret, with_errors=False)

	# --- documents ----------------------------------------------------------------------------------------------
	def _compliance_check(self, call: Call) -> Answer:
		identity = self._caller(call, COMPLIANCE)
		if identity is None:
			return self._unauthorized()
		try:
			judged = self._judged(call, identity)
		except InvalidInput as error:
			return answers.http_error(400, error.message)
		document, findings = judged.document, judged.findings
		simplified = document is None or document.simplified
		answer = answers.compliance(findings, simplified=simplified)
		if document is not None:
			passed = not findings.errors
			if passed and document.step:
				self._identities.pass_step(identity, document.step)
			positive = "REPORTED" if simplified else "CLEARED"
			self._submissions.record(
				identity,
				call.endpoint,
				document,
				judged.hash,
				verdict=positive if passed else f"NOT_{positive}",
				status=answer.status,
				codes=findings.codes,
				accepted=False,
			)
		return answer

	def _reporting(self, call: Call) -> Answer:
		identity = self._caller(call, PRODUCTION)
		if identity is None:
			return self._unauthorized()
		try:
			_clearance_status(call)
			judged = self._judged(call, identity, known_is_enough=True)
		except InvalidInput as error:
			return answers.http_error(400, error.message)
		document, findings = judged.document, judged.findings
		if judged.duplicate is not None:
			return self._reported_before(call, identity, judged)
		if document and not document.simplified and self._settings.clearance(call.environment):
			findings.errors.append(_wrong_kind("This is not a simplified document; it has to be cleared."))
		answer = answers.reporting(findings, call.environment)
		if document is None:
			return answer
		accepted = not findings.errors
		twin = self._submissions.record(
			identity,
			call.endpoint,
			document,
			judged.hash,
			verdict="REPORTED" if accepted else "NOT_REPORTED",
			status=answer.status,
			codes=findings.codes,
			accepted=accepted,
		)
		return answers.already_reported(call.environment) if twin else answer

	def _reported_before(self, call: Call, identity: Identity, judged: Judged) -> Answer:
		answer = answers.already_reported(call.environment)
		self._record_duplicate(call, identity, judged, answer.status)
		return answer

	def _clearance(self, call: Call) -> Answer:
		identity = self._caller(call, PRODUCTION)
		if identity is None:
			return self._unauthorized()
		try:
			wanted = _clearance_status(call)
			if not wanted or not self._settings.clearance(call.environment):
				return answers.clearance_off()
			judged = self._judged(call, identity, known_is_enough=True)
		except InvalidInput as error:
			return answers.http_error(400, error.message)
		document, findings = judged.document, judged.findings
		if judged.duplicate is not None:
			answer = answers.already_cleared(_base64(judged.duplicate["cleared"]))
			self._record_duplicate(call, identity, judged, answer.status)
			return answer
		if document and document.simplified:
			findings.errors.append(_wrong_kind("This is a simplified document; it has to be reported."))
		cleared = self._judge.clear(document) if document and not findings.errors else None
		answer = answers.clearance(findings, _base64(cleared) if cleared else None)
		if document is None:
			return answer
		twin = self._submissions.record(
			identity,
			call.endpoint,
			document,
			judged.hash,
			verdict="CLEARED" if cleared else "NOT_CLEARED",
			status=answer.status,
			codes=findings.codes,
			accepted=cleared is not None,
			cleared=cleared,
		)
		return answers.already_cleared(_base64(twin["cleared"])) if twin else answer

	def _judged(self, call: Call, identity: Identity, *, known_is_enough: bool = False) -> Judged:
		data = call.json()
		fields = [data.get(name) for name in ("invoiceHash", "uuid", "invoice")]
		if not all(isinstance(value, str) and value for value in fields):
			raise InvalidInput("The request needs invoiceHash, uuid and invoice, all texts.")
		invoice_hash, uuid, invoice = (str(value) for value in fields)

		def duplicate(digest: str) -> dict[str, Any] | None:
			return self._submissions.duplicate(identity, call.endpoint, digest) if known_is_enough else None

		return self._judge.judge(
			_unbase64(invoice),
			invoice_hash=invoice_hash,
			uuid=uuid,
			identity=identity,
			signing_tokens=self._identities.signing_tokens(identity),
			duplicate=duplicate,
		)

	def _record_duplicate(self, call: Call, identity: Identity, judged: Judged, status: int) -> None:
		assert judged.document is not None
		self._submissions.record(
			identity,
			call.endpoint,
			judged.document,
			judged.hash,
			verdict="DUPLICATE",
			status=status,
			codes=["Duplicate-Invoice"],
			accepted=False,
		)

	# --- who calls ----------------------------------------------------------------------------------------------
	def _caller(self, call: Call, kind: str) -> Identity | None:
		"""The device behind `Authorization: Basic base64(token:secret)`, the token taken verbatim."""
		scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
		if scheme.lower() != "basic":
			return None
		try:
			text = base64.b64decode(credentials.strip(), validate=True).decode("ascii")
		except (binascii.Error, ValueError):
			return None
		token, colon, secret = text.partition(":")
		if not colon:
			return None
		return self._identities.authenticate(call.environment, token, secret, kind)

	def _unauthorized(self) -> Answer:
		return answers.unauthorized(int(self._clock().timestamp() * 1000))


def _otp(call: Call) -> str:
	otp = call.headers.get("otp", "").strip()
	if not otp:
		raise InvalidInput("OTP is required field", code="Missing-OTP")
	return otp


def _csr(call: Call) -> str:
	csr = call.json().get("csr")
	if not isinstance(csr, str) or not csr.strip():
		raise InvalidInput("CSR is required field", code="Missing-CSR")
	return csr


def _clearance_status(call: Call) -> bool:
	value = call.headers.get("clearance-status", "").strip()
	if value not in ("0", "1"):
		raise InvalidInput("The header Clearance-Status is required; it is 0 or 1.")
	return value == "1"


def _missing_steps(missing: list[str], environment: Environment) -> str:
	if environment is Environment.SANDBOX:
		return "Compliance steps for this CSID are not yet complete"
	steps = ",".join(missing)
	return f"The compliance certificate is not done with the following compliance steps yet [{steps}]"


def _wrong_kind(sentence: str) -> answers.Message:
	return answers.Message("invalid-invoice-type", "INVOICE_TYPE_ERRORS", sentence)


def _base64(data: bytes | None) -> str:
	return base64.b64encode(data or b"").decode()


def _unbase64(text: str) -> bytes:
	try:
		return base64.b64decode(text, validate=True)
	except (binascii.Error, ValueError):
		return b""
