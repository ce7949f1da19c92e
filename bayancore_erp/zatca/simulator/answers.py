"""The bodies the Fatoora answers with, to the letter of their keys, misspellings included.

Takes: a verdict. Gives: status, body and headers. Never decides anything. The sandbox answers as its Swagger says;
simulation and core answer as they were recorded to do in the field, which is longer in one place and flatter in
another. Source: ZATCA.md section 5 and the recorded answers it was written from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bayancore_erp.zatca.core.codes import Environment

TOKEN_TYPE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"

REASONS = {
	200: "OK",
	202: "Accepted",
	208: "Already Reported",
	303: "See Other",
	400: "Bad Request",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	405: "Method Not Allowed",
	406: "Not Acceptable",
	409: "Conflict",
	413: "Payload Too Large",
	428: "Precondition Required",
	429: "Too Many Requests",
	500: "Internal Server Error",
	502: "Bad Gateway",
	503: "Service Unavailable",
	504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class Answer:
	"""What goes back. A body that is not text is sent as JSON."""

	status: int
	body: Any
	headers: tuple[tuple[str, str], ...] = ()
	content_type: str = "application/json; charset=utf-8"

	@property
	def line(self) -> str:
		"""The status line's text."""
		return f"{self.status} {REASONS.get(self.status, 'Unknown')}"

	@property
	def payload(self) -> bytes:
		"""The body's bytes."""
		if isinstance(self.body, bytes):
			return self.body
		return (
			self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
		).encode()


@dataclass(frozen=True, slots=True)
class Message:
	"""One entry of `validationResults`. `code` and `category` are null in one Swagger example."""

	code: str | None
	category: str | None
	message: str

	def body(self, kind: str) -> dict[str, Any]:
		"""The entry as JSON; `kind` is INFO, WARNING or ERROR."""
		return {
			"type": kind,
			"code": self.code,
			"category": self.category,
			"message": self.message,
			"status": "PASS" if kind == "INFO" else kind,
		}


XSD_VALID = Message(
	"XSD_ZATCA_VALID",
	"XSD validation",
	"Complied with UBL 2.1 standards in line with ZATCA specifications",
)


@dataclass(slots=True)
class Findings:
	"""All that is to be said about one document."""

	infos: list[Message] = field(default_factory=list)
	warnings: list[Message] = field(default_factory=list)
	errors: list[Message] = field(default_factory=list)

	@property
	def status(self) -> str:
		"""PASS, WARNING or ERROR."""
		return "ERROR" if self.errors else "WARNING" if self.warnings else "PASS"

	@property
	def http_status(self) -> int:
		"""200, 202 with warnings, 400 with errors."""
		return {"PASS": 200, "WARNING": 202, "ERROR": 400}[self.status]

	@property
	def codes(self) -> list[str]:
		"""The codes of errors and warnings, for the record."""
		return [message.code or "" for message in self.errors + self.warnings]

	def body(self) -> dict[str, Any]:
		"""The `validationResults` object."""
		return {
			"infoMessages": [message.body("INFO") for message in self.infos],
			"warningMessages": [message.body("WARNING") for message in self.warnings],
			"errorMessages": [message.body("ERROR") for message in self.errors],
			"status": self.status,
		}


def compliance(findings: Findings, *, simplified: bool) -> Answer:
	"""A compliance check: both statuses are there, the one that does not apply is null."""
	passed = not findings.errors
	return Answer(
		findings.http_status,
		{
			"validationResults": findings.body(),
			"reportingStatus": ("REPORTED" if passed else "NOT_REPORTED") if simplified else None,
			"clearanceStatus": None if simplified else ("CLEARED" if passed else "NOT_CLEARED"),
			"qrSellertStatus": None,
			"qrBuyertStatus": None,
		},
	)


def reporting(findings: Findings, environment: Environment) -> Answer:
	"""The answer of the reporting endpoint."""
	body: dict[str, Any] = {
		"validationResults": findings.body(),
		"reportingStatus": "NOT_REPORTED" if findings.errors else "REPORTED",
	}
	if environment is not Environment.SANDBOX:
		body |= {"clearanceStatus": None, "qrSellertStatus": None, "qrBuyertStatus": None}
	return Answer(findings.http_status, body)


def clearance(findings: Findings, cleared: str | None) -> Answer:
	"""The answer of the clearance endpoint; `cleared` is the base64 of the stamped document."""
	return Answer(
		findings.http_status,
		{
			"validationResults": findings.body(),
			"clearanceStatus": "NOT_CLEARED" if findings.errors else "CLEARED",
			"clearedInvoice": cleared,
		},
	)


def already_reported(environment: Environment) -> Answer:
	"""409: a success in the guise of an error. Its words differ between the Swagger and the field."""
	sandbox = environment is Environment.SANDBOX
	message = Message(
		None if sandbox else "Invoice-Errors",
		None if sandbox else "Duplicate-Invoice",
		f"Invoice was already {'Reported' if sandbox else 'reported'} successfully earlier.",
	)
	body = {
		"validationResults": Findings(errors=[message]).body(),
		"reportingStatus": "NOT_REPORTED",
	}
	return Answer(409, body)


def already_cleared(cleared: str) -> Answer:
	"""208 with the same stamped document as the first time."""
	duplicate = Message("Invoice-Warning", "Duplicate-Invoice", "Invoice Hash Previously submitted.")
	findings = Findings(infos=[XSD_VALID], warnings=[duplicate])
	return Answer(
		208,
		{"validationResults": findings.body(), "clearanceStatus": "CLEARED", "clearedInvoice": cleared},
	)


def clearance_off() -> Answer:
	"""303 without a Location: not a redirect to follow, but an advice."""
	return Answer(
		303,
		{"message": "Clearance is deactiviated. Please use the /invoices/reporting/single endpoint instead."},
	)


def csid(request_id: int, token: str, secret: str, *, with_errors: bool) -> Answer:
	"""An issued CSID. Only the compliance call carries the empty `errors`."""
	body: dict[str, Any] = {
		"requestID": request_id,
		"tokenType": TOKEN_TYPE,
		"dispositionMessage": "ISSUED",
		"binarySecurityToken": token,
		"secret": secret,
	}
	return Answer(200, body | {"errors": None} if with_errors else body)


def not_compliant(request_id: int, token: str, secret: str, environment: Environment) -> Answer:
	"""428 of a renewal: a new compliance CSID, whose checks are to be passed first."""
	body = {
		"requestID": request_id,
		"tokenType": None if environment is Environment.SANDBOX else TOKEN_TYPE,
		"dispositionMessage": "NOT_COMPLIANT",
		"binarySecurityToken": token,
		"secret": secret,
		"errors": None,
	}
	return Answer(428, {"value": body} if environment is Environment.SANDBOX else body)


def csid_error(code: str, message: str, environment: Environment) -> Answer:
	"""A refused CSID call: a list of errors by the Swagger, flat in the field."""
	error = {"code": code, "message": message}
	return Answer(400, {"errors": [error]} if environment is Environment.SANDBOX else error)


def unauthorized(milliseconds: int) -> Answer:
	"""401: the status is a number here, and the message is empty."""
	return Answer(401, {"timestamp": milliseconds, "status": 401, "error": "Unauthorized", "message": ""})


def wrong_version() -> Answer:
	"""406, in plain text."""
	return Answer(
		406,
		"This Version is not supported or not provided in the header.",
		content_type="text/plain; charset=utf-8",
	)


def http_error(status: int, message: str = "") -> Answer:
	"""The gateway's own errors."""
	known = {
		413: "The request is larger than the gateway accepts.",
		429: "Too many requests; try again later.",
		500: "Something went wrong and caused an Internal Server Error.",
	}
	text = message or known.get(status, f"The gateway answered with {REASONS.get(status, 'an error')}.")
	return Answer(status, {"category": "HTTP-Errors", "code": str(status), "message": text})


def system_failure() -> Answer:
	"""500 of the CSID calls."""
	return Answer(500, {"code": "Invalid-Request", "message": "System failed to process your request"})


def html_error(status: int) -> Answer:
	"""The page of the proxy in front of the gateway."""
	title = "504 Gateway Time-out" if status == 504 else f"{status} {REASONS.get(status, 'Error')}"
	page = (
		f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
		f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	)
	return Answer(status, page, content_type="text/html")
