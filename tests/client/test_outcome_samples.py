"""Every recorded answer of Fatoora, and every shape its own description allows, means what it should."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bayancore_erp.zatca.core.outcome import Endpoint, Kind, NextAction, parse, without_answer
from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS

UUID, IRN = "8e6000cf-1a98-4174-b3e7-b5d5954bc10d", "SME00010"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CLEARED = (
	f'<Invoice xmlns="{UBL}Invoice-2" xmlns:cbc="{UBL}CommonBasicComponents-2">'
	f"<cbc:ID>{IRN}</cbc:ID><cbc:UUID>{UUID}</cbc:UUID></Invoice>"
).encode()

CALLS = {
	"POST /compliance": Endpoint.COMPLIANCE_CSID,
	"POST /compliance/invoices": Endpoint.COMPLIANCE_CHECK,
	"POST /production/csids": Endpoint.PRODUCTION_CSID,
	"PATCH /production/csids": Endpoint.RENEWAL,
	"POST /invoices/reporting/single": Endpoint.REPORTING,
	"POST /invoices/clearance/single": Endpoint.CLEARANCE,
}
SAMPLES = {
	"any-401": (Kind.UNAUTHORISED, 1),
	"any-406-text": (Kind.VERSION_REFUSED, 0),
	"any-500": (Kind.UNAVAILABLE, 1),
	"clearance-200-shape": (Kind.CLEARED, 1),
	"clearance-208-duplicate-live": (Kind.CLEARED, 2),
	"clearance-303-off": (Kind.CLEARANCE_OFF, 1),
	"clearance-400-live-certificate-permissions": (Kind.REJECTED, 2),
	"compliance-400-live-qr": (Kind.COMPLIANCE_FAILED, 4),
	"compliance-csid-200": (Kind.CSID_ISSUED, 0),
	"compliance-error-list-signature-messages": (Kind.COMPLIANCE_FAILED, 3),
	"compliance-invoices-200-live-simplified": (Kind.COMPLIANCE_PASSED, 1),
	"compliance-invoices-400-live-BR-KSA-17": (Kind.COMPLIANCE_FAILED, 2),
	"csid-500": (Kind.UNAVAILABLE, 1),
	"gateway-504-html": (Kind.UNAVAILABLE, 0),
	"production-csid-200": (Kind.CSID_ISSUED, 0),
	"production-csid-400-missing-steps": (Kind.CHECKS_MISSING, 1),
	"renewal-200": (Kind.CSID_ISSUED, 0),
	"renewal-400-missing-otp": (Kind.OTP_REFUSED, 1),
	"renewal-428-not-compliant": (Kind.RENEWAL_NEEDS_CHECKS, 0),
	"reporting-200": (Kind.REPORTED, 1),
	"reporting-202-live-invalid-digital-signature": (Kind.REPORTED, 2),
	"reporting-202-warnings": (Kind.REPORTED, 3),
	"reporting-400": (Kind.REJECTED, 3),
	"reporting-400-live-hash-and-qr-time": (Kind.REJECTED, 3),
	"reporting-409-duplicate-live": (Kind.REPORTED, 1),
	"reporting-409-duplicate-old-wording": (Kind.REPORTED, 1),
	"reporting-409-duplicate-swagger": (Kind.REPORTED, 1),
	"reporting-dup-issue320": (Kind.REPORTED, 1),
	# An excerpt without its reportingStatus: nothing positive, so nothing is claimed; the resend answers 409.
	"reporting-warnings-live-signing-certificate": (Kind.UNKNOWN, 2),
}
DUPLICATES = {name for name in SAMPLES if "dup" in name}


def sample(shared: Path, name: str) -> tuple[dict[str, object], bytes]:
	content = json.loads((shared / "zatca" / "api-samples" / f"{name}.json").read_text())
	body = content["body"]
	if isinstance(body, dict) and str(body.get("clearedInvoice", "")).startswith("<base64"):
		body["clearedInvoice"] = base64.b64encode(CLEARED).decode()
	return content["_meta"], body.encode() if isinstance(body, str) else json.dumps(body).encode()


def test_every_sample_is_listed_here(shared: Path) -> None:
	found = {path.stem for path in (shared / "zatca" / "api-samples").glob("*.json")}
	assert found - {"request-body"} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(shared: Path, name: str) -> None:
	meta, body = sample(shared, name)
	kind, messages = SAMPLES[name]
	for endpoint in [CALLS[str(meta["endpoint"])]] if meta["endpoint"] in CALLS else list(Endpoint):
		outcome = parse(endpoint, int(str(meta["http_status"])), {}, body, uuid=UUID.upper(), irn=IRN)
		assert (outcome.kind, len(outcome.messages)) == (kind, messages), outcome.detail
		assert outcome.is_duplicate == (name in DUPLICATES)
		assert (outcome.cleared_xml == CLEARED) == (kind is Kind.CLEARED)
		assert (outcome.csid is not None) == (kind in (Kind.CSID_ISSUED, Kind.RENEWAL_NEEDS_CHECKS))
		assert outcome.has_warnings == ("warnings" in name or "hash-and-qr" in name or "digital" in name)
		json.dumps(outcome.as_record())


def test_messages_come_whole(shared: Path) -> None:
	_, body = sample(shared, "reporting-400")
	first = parse(Endpoint.REPORTING, 400, {}, body).errors[0]
	assert (first.type, first.code, first.category) == (
		"ERROR",
		"invalid-invoice-hash",
		"INVOICE_HASHING_ERRORS",
	)
	assert first.text.startswith("The invoice hash API body") and first.status == "ERROR"


def test_numbers_of_requests_stay_exact(shared: Path) -> None:
	_, body = sample(shared, "production-csid-200")
	csid = parse(Endpoint.PRODUCTION_CSID, 200, {}, body).csid
	assert csid and csid.request_id == "1642424139872" and csid.token.startswith("TUlJRDNqQ0NBNFNn")


def test_every_kind_is_explained_in_both_languages() -> None:
	assert set(MEANINGS) == set(Kind)
	for kind, meaning in MEANINGS.items():
		assert meaning.sentence.en.endswith(".") and meaning.sentence.ar.endswith("."), kind
		assert any("\u0600" <= letter <= "\u06ff" for letter in meaning.sentence.ar)
		# What ZATCA holds is never corrected or renumbered; what may be held is only ever sent again.
		assert not (meaning.counts_as_sent and meaning.action is NextAction.CORRECT_AND_RENUMBER)
		assert not (meaning.is_final and meaning.action is NextAction.RESEND_SAME_BYTES)


OK = {"reportingStatus": "REPORTED", "validationResults": {"status": "PASS"}}
NO = {
	"reportingStatus": "NOT_REPORTED",
	"validationResults": {"status": "ERROR", "errorMessages": [{"code": "BR-CO-15"}]},
}
TOKEN = {"requestID": 7, "dispositionMessage": "ISSUED", "binarySecurityToken": "TUlJ", "secret": "s3"}
R, C, CC, CK, PC, RN = (
	Endpoint.REPORTING,
	Endpoint.CLEARANCE,
	Endpoint.COMPLIANCE_CSID,
	Endpoint.COMPLIANCE_CHECK,
	Endpoint.PRODUCTION_CSID,
	Endpoint.RENEWAL,
)

SHAPES: list[tuple[Endpoint, int, object, Kind]] = [
	# A positive word is needed, and it must be the right one.
	(R, 200, {}, Kind.UNKNOWN),
	(R, 200, b"", Kind.UNKNOWN),
	(R, 200, b"OK", Kind.UNKNOWN),
	(R, 200, b"<html><body>Request Rejected</body></html>", Kind.UNKNOWN),
	(R, 200, {"reportingStatus": None, "clearanceStatus": "CLEARED"}, Kind.UNKNOWN),
	(R, 200, {"reportingStatus": "PENDING"}, Kind.UNKNOWN),
	(R, 200, {"reportingStatus": True}, Kind.UNKNOWN),
	(R, 200, {"reportingStatus": ["REPORTED"]}, Kind.UNKNOWN),
	(R, 200, {"reportingStatus": " reported "}, Kind.REPORTED),
	(C, 200, {"clearanceStatus": "REPORTED"}, Kind.UNKNOWN),
	(C, 200, {"clearanceStatus": "CLEARED"}, Kind.CLEARED_COPY_MISSING),
	# Contradictions.
	(R, 200, NO, Kind.UNKNOWN),
	(R, 400, OK, Kind.UNKNOWN),
	(R, 200, {**OK, "validationResults": {"status": "ERROR"}}, Kind.UNKNOWN),
	(R, 200, {**OK, "validationResults": {"errorMessages": ["bad"]}}, Kind.UNKNOWN),
	(R, 200, b'{"reportingStatus":"REPORTED","reportingStatus":"NOT_REPORTED"}', Kind.UNKNOWN),
	(R, 200, b'{"reportingStatus":null,"reportingStatus":"REPORTED"}', Kind.REPORTED),
	(R, 409, b"<html>409</html>", Kind.UNKNOWN),
	(R, 409, NO, Kind.UNKNOWN),
	(
		R,
		409,
		{
			"errors": [{"category": "Duplicate-Invoice"}, {"code": "BR-CO-15"}],
			"reportingStatus": "NOT_REPORTED",
		},
		Kind.UNKNOWN,
	),
	# A duplicate under another status is one all the same.
	(
		R,
		400,
		{"errorMessages": [{"message": "Invoice was already reported successfully earlier."}]},
		Kind.REPORTED,
	),
	(
		R,
		208,
		{"reportingStatus": "NOT_REPORTED", "errors": ["Invoice Hash Previously submitted"]},
		Kind.REPORTED,
	),
	(C, 409, {"errorMessages": [{"category": "Duplicate-Invoice"}]}, Kind.UNKNOWN),
	# Refusals, in every spelling.
	(R, 400, {"erroMessages": [{"code": "BR-01"}]}, Kind.REJECTED),
	(R, 400, {"erros": [{"code": "BR-01"}]}, Kind.REJECTED),
	(R, 400, {"ERRORMESSAGES": {"code": "BR-01"}}, Kind.REJECTED),
	(R, 400, {"value": {"validationResults": {"errorMessages": ["text only"]}}}, Kind.REJECTED),
	(R, 400, [{"code": "Invalid-Request", "message": "no"}], Kind.REJECTED),
	(R, 400, json.dumps(json.dumps(NO)).encode(), Kind.REJECTED),
	(R, 400, b"\xef\xbb\xbf" + json.dumps(NO).encode(), Kind.REJECTED),
	(R, 400, json.dumps(NO).encode("utf-16"), Kind.REJECTED),
	(R, 400, {"reportingStatus": "NOT_REPORTED"}, Kind.REJECTED),
	(R, 400, {}, Kind.UNEXPLAINED_REFUSAL),
	(R, 400, b"", Kind.UNEXPLAINED_REFUSAL),
	(C, 400, b"", Kind.UNEXPLAINED_REFUSAL),
	(R, 400, {"errorMessages": None, "validationResults": 7}, Kind.UNEXPLAINED_REFUSAL),
	(R, 422, {}, Kind.UNEXPLAINED_REFUSAL),
	# What the web server says of a call is no verdict on its document.
	*[
		(e, s, body, Kind.UNEXPLAINED_REFUSAL)
		for e in (R, C, CK)
		for s in (400, 422)
		for body in (
			{"category": "HTTP-Errors", "code": "400", "message": "Bad Request"},
			{"timestamp": 1654514661409, "status": 400, "error": "Bad Request", "message": ""},
			{"timestamp": "2026-11-27", "status": 400, "error": "Bad Request", "path": "/core", "errors": []},
		)
	],
	(R, 400, {"category": "HTTP-Errors", "errors": [{"code": "BR-01"}]}, Kind.REJECTED),
	(R, 400, {"category": "HTTP-Errors", "code": "400", "reportingStatus": "NOT_REPORTED"}, Kind.REJECTED),
	(CC, 400, {"category": "HTTP-Errors", "code": "400", "message": "Bad Request"}, Kind.CSID_REFUSED),
	# Clearance switched off, or somebody else's redirect.
	(C, 303, b"", Kind.CLEARANCE_OFF),
	(C, 303, {}, Kind.CLEARANCE_OFF),
	(C, 303, b"<html>Log in to the hotel network to report</html>", Kind.WRONG_ADDRESS),
	(C, 303, {"clearanceStatus": "CLEARED"}, Kind.UNKNOWN),
	(R, 303, {"message": "Clearance is deactiviated."}, Kind.WRONG_ADDRESS),
	(C, 302, b"", Kind.WRONG_ADDRESS),
	(C, 308, {"message": "clearance"}, Kind.WRONG_ADDRESS),
	# What says nothing about the document.
	*[
		(e, s, b"<html/>", k)
		for e in Endpoint
		for s, k in (
			(401, Kind.UNAUTHORISED),
			(403, Kind.FORBIDDEN),
			(404, Kind.WRONG_ADDRESS),
			(405, Kind.WRONG_ADDRESS),
			(406, Kind.VERSION_REFUSED),
			(408, Kind.UNAVAILABLE),
			(413, Kind.TOO_LARGE),
			(429, Kind.RATE_LIMITED),
			(500, Kind.UNAVAILABLE),
			(502, Kind.UNAVAILABLE),
			(503, Kind.UNAVAILABLE),
			(504, Kind.UNAVAILABLE),
			(599, Kind.UNAVAILABLE),
			(301, Kind.WRONG_ADDRESS),
			(418, Kind.UNKNOWN),
			(0, Kind.UNKNOWN),
			(-5, Kind.UNKNOWN),
		)
	],
	(R, 500, OK, Kind.UNAVAILABLE),
	# Compliance checks.
	(CK, 200, {"clearanceStatus": "CLEARED", "reportingStatus": None}, Kind.COMPLIANCE_PASSED),
	(CK, 202, {"reportingStatus": "REPORTED"}, Kind.COMPLIANCE_PASSED),
	(CK, 200, {"reportingStatus": "REPORTED", "clearanceStatus": "NOT_CLEARED"}, Kind.UNKNOWN),
	(CK, 200, NO, Kind.COMPLIANCE_FAILED),
	(CK, 200, {}, Kind.UNKNOWN),
	(CK, 400, {}, Kind.UNEXPLAINED_REFUSAL),
	# CSIDs.
	(CC, 200, {**TOKEN, "secret": None}, Kind.UNKNOWN),
	(CC, 200, {**TOKEN, "requestID": None}, Kind.UNKNOWN),
	(CC, 200, {**TOKEN, "dispositionMessage": None}, Kind.UNKNOWN),
	(CC, 200, {**TOKEN, "errors": ["but no"]}, Kind.UNKNOWN),
	(CC, 201, {"value": TOKEN}, Kind.CSID_ISSUED),
	(CC, 500, TOKEN, Kind.UNAVAILABLE),
	(CC, 400, {"code": "Invalid-OTP", "message": "The provided OTP is invalid"}, Kind.OTP_REFUSED),
	(CC, 400, {"erros": [{"code": "Invalid_OTP"}]}, Kind.OTP_REFUSED),
	(CC, 401, {"message": "OTP expired"}, Kind.OTP_REFUSED),
	(
		CC,
		400,
		{"code": "Invalid-CSR", "message": "The provided Certificate Signing Request is invalid"},
		Kind.CSID_REFUSED,
	),
	(CC, 400, b"", Kind.UNEXPLAINED_REFUSAL),
	(PC, 200, {**TOKEN, "dispositionMessage": "NOT_COMPLIANT"}, Kind.CHECKS_MISSING),
	(PC, 200, {"dispositionMessage": "NOT_COMPLIANT"}, Kind.CHECKS_MISSING),
	(
		PC,
		400,
		{"code": "Missing-ComplianceSteps", "message": "... [simplified-compliant]"},
		Kind.CHECKS_MISSING,
	),
	(RN, 200, {**TOKEN, "dispositionMessage": "NOT_COMPLIANT"}, Kind.RENEWAL_NEEDS_CHECKS),
	(RN, 428, TOKEN, Kind.RENEWAL_NEEDS_CHECKS),
	(RN, 428, {"dispositionMessage": "NOT_COMPLIANT"}, Kind.UNKNOWN),
]


@pytest.mark.parametrize(("endpoint", "status", "body", "kind"), SHAPES)
def test_shape(endpoint: Endpoint, status: int, body: object, kind: Kind) -> None:
	raw = body if isinstance(body, bytes) else json.dumps(body).encode()
	outcome = parse(endpoint, status, {}, raw)
	assert outcome.kind is kind, outcome.detail


def test_a_see_other_to_elsewhere_is_not_clearance_switched_off() -> None:
	off = {"message": "Clearance is deactiviated."}
	body = json.dumps(off).encode()
	here, there = "https://gw/e-invoicing/core/invoices/reporting/single", "https://portal/login"
	assert parse(C, 303, {"LOCATION": here}, body).kind is Kind.CLEARANCE_OFF
	assert parse(C, 303, {"Location": there}, body).kind is Kind.WRONG_ADDRESS


def cleared(document: bytes | str | None) -> bytes:
	text = base64.b64encode(document).decode() if isinstance(document, bytes) else document
	return json.dumps({"clearanceStatus": "CLEARED", "clearedInvoice": text}).encode()


@pytest.mark.parametrize(
	("document", "kind"),
	[
		(CLEARED, Kind.CLEARED),
		(None, Kind.CLEARED_COPY_MISSING),
		("", Kind.CLEARED_COPY_MISSING),
		("!!!", Kind.CLEARED_COPY_MISSING),
		(b"not xml", Kind.CLEARED_COPY_MISSING),
		(b"", Kind.CLEARED_COPY_MISSING),
		(b"<Invoice/>", Kind.CLEARED_COPY_MISSING),
		(CLEARED[:-4], Kind.CLEARED_COPY_MISSING),
		(b"<!DOCTYPE Invoice [<!ENTITY a 'b'>]>" + CLEARED, Kind.CLEARED_COPY_MISSING),
		(CLEARED.replace(UUID.encode(), b"0000"), Kind.UNKNOWN),
		(CLEARED.replace(IRN.encode(), b"OTHER"), Kind.UNKNOWN),
		(CLEARED.replace(b"cbc:UUID>", b"cbc:Uuid>"), Kind.UNKNOWN),
	],
)
def test_cleared_copy_is_checked_against_the_document(document: bytes | str | None, kind: Kind) -> None:
	outcome = parse(C, 200, {}, cleared(document), uuid=UUID, irn=IRN)
	assert outcome.kind is kind, outcome.detail
	assert outcome.cleared_xml == (document if kind is Kind.CLEARED else None)
	assert outcome.document_counts_as_sent == (kind is not Kind.UNKNOWN)
	assert kind is Kind.CLEARED or outcome.action is NextAction.RESEND_SAME_BYTES


def test_cleared_copy_may_be_wrapped_in_lines() -> None:
	encoded = base64.encodebytes(CLEARED).decode()
	assert parse(C, 200, {}, cleared(encoded)).cleared_xml == CLEARED


def test_no_answer_is_unknown_only_if_something_left() -> None:
	assert without_answer(R, may_have_arrived=True, detail="").kind is Kind.UNKNOWN
	assert without_answer(R, may_have_arrived=False, detail="").kind is Kind.NEVER_SENT


def test_list_and_type_of_a_message_disagree() -> None:
	body = {
		"validationResults": {"errorMessages": [{"type": "INFO", "code": "X"}]},
		"reportingStatus": "REPORTED",
	}
	assert parse(R, 200, {}, json.dumps(body).encode()).kind is Kind.UNKNOWN


def test_no_secret_in_any_print() -> None:
	outcome = parse(CC, 200, {}, json.dumps({**TOKEN, "secret": "vErY-secret"}).encode())
	assert outcome.csid and outcome.csid.secret == "vErY-secret"
	assert "vErY" not in f"{outcome!r} {outcome.csid!r} {outcome.as_record()}"
