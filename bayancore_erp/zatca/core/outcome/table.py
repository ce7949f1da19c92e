"""The one table from (call, HTTP status, what the body says) to a kind of outcome.

Takes the call, status, headers and bytes of an answer; gives an `Outcome`; never raises, whatever the bytes are.
A success needs a positive word in the body, not just a 2xx. A contradiction is UNKNOWN: the same bytes, sent again, are
harmless, since an accepted document is answered with 208 or 409; a renumbered one would exist twice.
Source: ZATCA.md section 5 (statuses, /t/6083, /t/6859, /t/7954), api-samples.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Container, Mapping
from enum import Enum
from typing import NamedTuple

from lxml import etree

from bayancore_erp.zatca.core.outcome.answer import Answer, Form, read_answer
from bayancore_erp.zatca.core.outcome.vocabulary import (
	CSID_ENDPOINTS,
	DOCUMENT_ENDPOINTS,
	Csid,
	Endpoint,
	Kind,
	Message,
	Outcome,
)


class Said(str, Enum):
	"""What the body says, whatever the HTTP status."""

	ACCEPTED = "accepted"
	ACCEPTED_BEFORE = "accepted before"
	REFUSED = "refused"
	OTP_BAD = "the one-time password is bad"
	STEPS_MISSING = "compliance steps are missing"
	TOKEN = "a CSID"
	TOKEN_NOT_COMPLIANT = "a CSID that still needs its checks"
	USE_REPORTING = "use reporting"
	CONTRADICTION = "it contradicts itself"
	NOTHING = "no verdict"


class Row(NamedTuple):
	"""Where the call, the status and what was said all fit, the kind is `kind`. None fits everything."""

	calls: Container[Endpoint] | None
	statuses: Container[int]
	said: Container[Said] | None
	kind: Kind


_REPORT, _CLEAR = {Endpoint.REPORTING}, {Endpoint.CLEARANCE}
_CHECK, _RENEW, _PRODUCTION = {Endpoint.COMPLIANCE_CHECK}, {Endpoint.RENEWAL}, {Endpoint.PRODUCTION_CSID}
_2XX, _BAD = range(200, 300), {400, 422}
_YES, _BEFORE = {Said.ACCEPTED}, {Said.ACCEPTED_BEFORE}
_ANYTHING = None

# Read from the top; the first row that fits decides; no row: UNKNOWN.
TABLE: tuple[Row, ...] = (
	# The verdict on a document. 409 (and 208) is sent only where the first one was accepted: /t/6859, /t/7954.
	Row(_REPORT, _2XX, _YES | _BEFORE, Kind.REPORTED),
	Row(_REPORT, {400, 409}, _BEFORE, Kind.REPORTED),
	Row(_CLEAR, _2XX, _YES | _BEFORE, Kind.CLEARED),
	Row(_CLEAR, {303}, {Said.USE_REPORTING}, Kind.CLEARANCE_OFF),
	Row(DOCUMENT_ENDPOINTS, _BAD, {Said.REFUSED}, Kind.REJECTED),
	# The compliance check of a test document. It has no consequence at ZATCA, so a refusal needs no second look.
	Row(_CHECK, _2XX, _YES | _BEFORE, Kind.COMPLIANCE_PASSED),
	Row(_CHECK, {400, 409}, _BEFORE, Kind.COMPLIANCE_PASSED),
	Row(_CHECK, _2XX, {Said.REFUSED}, Kind.COMPLIANCE_FAILED),
	Row(_CHECK, _BAD, {Said.REFUSED}, Kind.COMPLIANCE_FAILED),
	# Certificates. NOT_COMPLIANT may come with 428 or 200: /t/524.
	Row(_RENEW, {428}, {Said.TOKEN, Said.TOKEN_NOT_COMPLIANT}, Kind.RENEWAL_NEEDS_CHECKS),
	Row(_RENEW, _2XX, {Said.TOKEN_NOT_COMPLIANT}, Kind.RENEWAL_NEEDS_CHECKS),
	Row(CSID_ENDPOINTS, _2XX, {Said.TOKEN}, Kind.CSID_ISSUED),
	Row(_PRODUCTION, range(200, 500), {Said.STEPS_MISSING, Said.TOKEN_NOT_COMPLIANT}, Kind.CHECKS_MISSING),
	Row(CSID_ENDPOINTS, {400, 401, 403, 404, 409, 422}, {Said.OTP_BAD}, Kind.OTP_REFUSED),
	Row(CSID_ENDPOINTS, {400, 409, 422}, {Said.REFUSED, Said.STEPS_MISSING}, Kind.CSID_REFUSED),
	# What says nothing about the document itself.
	# A clearance answer without a word may mean "use reporting"; with 400 it means no more than that it was refused.
	Row(_ANYTHING, _BAD, {Said.NOTHING, Said.USE_REPORTING}, Kind.UNEXPLAINED_REFUSAL),
	Row(_ANYTHING, {401}, _ANYTHING, Kind.UNAUTHORISED),
	Row(_ANYTHING, {403}, _ANYTHING, Kind.FORBIDDEN),
	Row(_ANYTHING, {404, 405, 410, 421, 501}, _ANYTHING, Kind.WRONG_ADDRESS),
	Row(_ANYTHING, range(300, 400), {Said.NOTHING, Said.REFUSED, Said.USE_REPORTING}, Kind.WRONG_ADDRESS),
	Row(_ANYTHING, {406}, _ANYTHING, Kind.VERSION_REFUSED),
	Row(_ANYTHING, {413}, _ANYTHING, Kind.TOO_LARGE),
	Row(_ANYTHING, {429}, _ANYTHING, Kind.RATE_LIMITED),
	Row(_ANYTHING, {408, 425}, _ANYTHING, Kind.UNAVAILABLE),
	Row(_ANYTHING, range(500, 600), _ANYTHING, Kind.UNAVAILABLE),
)

# Said twice with different values, these decide nothing.
_DECISIVE = frozenset(
	"reportingstatus clearancestatus clearedinvoice validationresults status"
	" binarysecuritytoken secret requestid dispositionmessage".split()
)
_DUPLICATE = re.compile(r"already\s+(been\s+)?(reported|cleared)|previously\s+submitted", re.IGNORECASE)
_OTP = re.compile(r"\botp\b|one[- ]time pass", re.IGNORECASE)
_NOT_YET = re.compile(r"missing-?compliancesteps|not.?compliant", re.IGNORECASE)


def parse(
	endpoint: Endpoint,
	status: int,
	headers: Mapping[str, str],
	body: bytes,
	*,
	uuid: str = "",
	irn: str = "",
) -> Outcome:
	"""What the answer means. `uuid` and `irn` are the document's own: a cleared copy has to carry the same ones.

	Never raises. Source: ZATCA.md section 5.
	"""
	answer = read_answer(body)
	header = {key.lower(): value for key, value in headers.items() if isinstance(value, str)}
	said = _said(endpoint, answer, header.get("location", "") if status == 303 else "")
	kind = next((row.kind for row in TABLE if _fits(row, endpoint, status, said)), Kind.UNKNOWN)
	detail = f"HTTP {status}, {answer.form.value}: {said.value}"
	cleared_xml: bytes | None = None
	if kind is Kind.CLEARED:
		cleared_xml, kind, remark = _cleared_copy(answer.cleared_invoice, uuid, irn)
		detail = f"{detail}; {remark}" if remark else detail
	issued = kind in (Kind.CSID_ISSUED, Kind.RENEWAL_NEEDS_CHECKS)
	return Outcome(
		kind,
		endpoint,
		status,
		messages=answer.messages,
		detail=detail,
		cleared_xml=cleared_xml,
		csid=Csid(answer.request_id, answer.token, answer.secret) if issued else None,
		is_duplicate=said is Said.ACCEPTED_BEFORE or status == 208 or _any_duplicate(answer.messages),
		retry_after=header.get("retry-after", "")[:100],
		omitted=answer.omitted,
	)


def without_answer(endpoint: Endpoint, *, may_have_arrived: bool, detail: str) -> Outcome:
	"""The outcome where no answer came: NEVER_SENT if the request cannot have left, else UNKNOWN."""
	return Outcome(Kind.UNKNOWN if may_have_arrived else Kind.NEVER_SENT, endpoint, None, detail=detail)


def _fits(row: Row, endpoint: Endpoint, status: int, said: Said) -> bool:
	return (
		(row.calls is None or endpoint in row.calls)
		and status in row.statuses
		and (row.said is None or said in row.said)
	)


def _said(endpoint: Endpoint, answer: Answer, location: str) -> Said:
	errors = tuple(message for message in answer.messages if message.type == "ERROR")
	if location and not location.rstrip("/").endswith("/invoices/reporting/single"):
		# A see-other that leads elsewhere than to reporting is some proxy's or portal's, not ZATCA's.
		return Said.NOTHING
	if endpoint in CSID_ENDPOINTS:
		return _said_of_csid(answer, errors)
	verdict = _said_of_document(endpoint, answer, errors)
	if (
		endpoint is Endpoint.CLEARANCE
		and verdict in (Said.NOTHING, Said.REFUSED)
		and _names_reporting(answer, location)
	):
		return Said.USE_REPORTING
	return verdict


def _said_of_document(endpoint: Endpoint, answer: Answer, errors: tuple[Message, ...]) -> Said:
	reported, cleared = (answer.reporting_status, "REPORTED"), (answer.clearance_status, "CLEARED")
	# A compliance check answers with both keys, one of them null; each other call has its own.
	relevant = {Endpoint.REPORTING: (reported,), Endpoint.CLEARANCE: (cleared,)}.get(
		endpoint, (reported, cleared)
	)
	if answer.contradicted & _DECISIVE:
		return Said.CONTRADICTION
	if any("EARLIER" in word or "ALREADY" in word for word, _ in relevant):
		return Said.ACCEPTED_BEFORE
	positive = any(word == expected for word, expected in relevant)
	negative = any(word.startswith("NOT_") for word, _ in relevant)
	if positive:
		return (
			Said.CONTRADICTION if negative or errors or answer.validation_status == "ERROR" else Said.ACCEPTED
		)
	duplicates = [_is_duplicate(message) for message in errors]
	if duplicates and all(duplicates):
		return Said.ACCEPTED_BEFORE
	if any(duplicates):
		return Said.CONTRADICTION
	return Said.REFUSED if negative or (errors and not answer.is_of_server) else Said.NOTHING


def _said_of_csid(answer: Answer, errors: tuple[Message, ...]) -> Said:
	if answer.contradicted & _DECISIVE:
		return Said.CONTRADICTION
	if any(_OTP.search(f"{message.code.replace('_', '-')} {message.text}") for message in errors):
		return Said.OTP_BAD
	complete = bool(answer.token and answer.secret and answer.request_id)
	if complete and not errors:
		if answer.disposition == "ISSUED":
			return Said.TOKEN
		return Said.TOKEN_NOT_COMPLIANT if answer.disposition == "NOT_COMPLIANT" else Said.NOTHING
	if answer.disposition == "NOT_COMPLIANT" or any(_NOT_YET.search(f"{m.code} {m.text}") for m in errors):
		return Said.STEPS_MISSING
	if errors:
		return Said.CONTRADICTION if complete else Said.REFUSED
	return Said.NOTHING


def _names_reporting(answer: Answer, location: str) -> bool:
	if location or answer.form is Form.EMPTY or (answer.form is Form.OBJECT and not answer.messages):
		return True
	said = " ".join([answer.text, *(message.text for message in answer.messages)]).lower()
	return answer.form is not Form.HTML and ("clearance" in said or "reporting" in said)


def _is_duplicate(message: Message) -> bool:
	kind = "duplicate-invoice"
	return kind in (message.category.lower(), message.code.lower()) or bool(_DUPLICATE.search(message.text))


def _any_duplicate(messages: tuple[Message, ...]) -> bool:
	return any(_is_duplicate(message) for message in messages if message.type != "ERROR")


_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def _cleared_copy(encoded: str, uuid: str, irn: str) -> tuple[bytes | None, Kind, str]:
	if not encoded:
		return None, Kind.CLEARED_COPY_MISSING, "there is no cleared document in it"
	try:
		document = base64.b64decode("".join(encoded.split()), validate=True)
	except (binascii.Error, ValueError):
		return None, Kind.CLEARED_COPY_MISSING, "the cleared document is not base64"
	parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
	try:
		root = etree.fromstring(document, parser)
	except (etree.XMLSyntaxError, ValueError):
		return None, Kind.CLEARED_COPY_MISSING, "the cleared document is not XML"
	if root.tag != f"{{{_UBL}Invoice-2}}Invoice" or root.getroottree().docinfo.internalDTD is not None:
		return None, Kind.CLEARED_COPY_MISSING, "the cleared document is not a UBL invoice"
	for name, tag, ours in (("UUID", "UUID", uuid), ("number", "ID", irn)):
		theirs = (root.findtext(f"{{{_UBL}CommonBasicComponents-2}}{tag}") or "").strip()
		if ours and theirs.casefold() != ours.strip().casefold():
			return None, Kind.UNKNOWN, f"the cleared document is another one: its {name} is {theirs[:80]!r}"
	return document, Kind.CLEARED, ""
