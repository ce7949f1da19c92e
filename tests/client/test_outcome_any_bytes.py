"""Whatever bytes come, `parse` gives an outcome and never claims more than it saw."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_outcome_samples import CLEARED, NO, OK, SHAPES, TOKEN

from bayancore_erp.zatca.core.outcome import MAX_MESSAGES, MAX_TEXT, Endpoint, Kind, Outcome, parse
from bayancore_erp.zatca.core.outcome.answer import read_answer

STATUSES = st.one_of(
	st.sampled_from([200, 202, 208, 303, 400, 401, 406, 409, 413, 428, 429, 500, 504]),
	st.integers(-10, 100000),
)
KEYS = st.sampled_from(
	[
		*(
			"validationResults",
			"reportingStatus",
			"clearanceStatus",
			"clearedInvoice",
			"errorMessages",
			"erroMessages",
		),
		*(
			"warningMessages",
			"infoMessages",
			"errors",
			"erros",
			"value",
			"data",
			"code",
			"message",
			"category",
			"type",
		),
		*(
			"status",
			"error",
			"requestID",
			"dispositionMessage",
			"binarySecurityToken",
			"secret",
			"REPORTINGSTATUS",
		),
	]
)
WORDS = st.sampled_from(
	[
		"REPORTED",
		"NOT_REPORTED",
		"CLEARED",
		"NOT_CLEARED",
		"ISSUED",
		"NOT_COMPLIANT",
		"ERROR",
		"PASS",
		"Duplicate-Invoice",
	]
)
JSON: st.SearchStrategy[Any] = st.recursive(
	st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
	lambda inner: (
		st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6)
	),
	max_leaves=25,
)
WHOLE = [json.dumps(body).encode() for body in (OK, NO, TOKEN)] + [
	json.dumps({"clearanceStatus": "CLEARED", "clearedInvoice": base64.b64encode(CLEARED).decode()}).encode()
]


def honest(outcome: Outcome, status: int) -> None:
	"""No success without its evidence."""
	kind = outcome.kind
	if kind in (Kind.CLEARED, Kind.CLEARED_COPY_MISSING, Kind.CSID_ISSUED):
		assert 200 <= status < 300
	if kind in (Kind.REPORTED, Kind.COMPLIANCE_PASSED):
		assert 200 <= status < 300 or (status in (400, 409) and outcome.is_duplicate)
	assert (outcome.cleared_xml is not None) == (kind is Kind.CLEARED)
	if outcome.csid:
		assert outcome.csid.token and outcome.csid.secret and outcome.csid.request_id
	if kind is Kind.REJECTED:
		assert status in (400, 422)
	json.dumps(outcome.as_record())
	outcome.without(("a", ""))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(Endpoint), STATUSES, st.binary(max_size=300))
def test_random_bytes(endpoint: Endpoint, status: int, body: bytes) -> None:
	honest(parse(endpoint, status, {"Retry-After": "x", "Location": "y"}, body, uuid="u"), status)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Endpoint), STATUSES, JSON)
def test_random_json_in_the_gateways_own_words(endpoint: Endpoint, status: int, body: Any) -> None:
	honest(parse(endpoint, status, {}, json.dumps(body).encode()), status)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_real_answers_damaged(data: st.DataObject) -> None:
	body = data.draw(st.sampled_from(WHOLE))
	start = data.draw(st.integers(0, len(body) - 1))
	end = data.draw(st.integers(start, len(body)))
	damaged = body[:start] + data.draw(st.binary(max_size=6)) + body[end:]
	endpoint, status = data.draw(st.sampled_from(Endpoint)), data.draw(STATUSES)
	honest(parse(endpoint, status, {}, damaged, uuid="8e6000cf-1a98-4174-b3e7-b5d5954bc10d"), status)


@pytest.mark.parametrize("body", WHOLE)
@pytest.mark.parametrize("endpoint", Endpoint)
def test_no_cut_off_answer_is_a_success(endpoint: Endpoint, body: bytes) -> None:
	kinds = {parse(endpoint, 200, {}, body[:length]).kind for length in range(len(body))}
	assert kinds == {Kind.UNKNOWN}


@pytest.mark.parametrize(
	"body",
	[
		b"[" * 1_000_000,
		b'{"value":' * 200_000 + b"1" + b"}" * 200_000,
		b'{"errors":' + b"9" * 1_000_000 + b"}",
		b'{"errors":[' + b'{"code":"X","message":"' + b"m" * 100_000 + b'"}]}',
		b"\xff" * 100_000,
		b"\xff\xfe" + b"\x00" * 99_999,
		b'{"a":"\\ud800"}',
		b"NaN",
		b"-Infinity",
		b'{"errors":[NaN,1e999,null,true,[],{}]}',
		b"\x00" * 1000,
		b"null",
		b'"' + b"x" * 1000,
	],
	ids=lambda body: body[:12].decode("ascii", "backslashreplace"),
)
@pytest.mark.parametrize("status", [200, 400, 503])
def test_hostile_bytes(body: bytes, status: int) -> None:
	for endpoint in Endpoint:
		outcome = parse(endpoint, status, {}, body)
		honest(outcome, status)
		assert all(len(message.text) <= MAX_TEXT for message in outcome.messages)


def test_twenty_megabytes_of_messages_cost_little_more_than_reading_them() -> None:
	one = json.dumps({"type": "ERROR", "code": "BR-CO-15", "category": "EN_16931", "message": "m" * 60}) + ","
	count = 20_000_000 // len(one)
	body = ('{"validationResults":{"errorMessages":[' + one * count)[
		:-1
	] + ']},"reportingStatus":"NOT_REPORTED"}'
	before = time.process_time()
	json.loads(body)
	between = time.process_time()
	outcome = parse(Endpoint.REPORTING, 400, {}, body.encode())
	assert time.process_time() - between < 10 * (between - before)
	assert outcome.kind is Kind.REJECTED
	assert len(outcome.messages) == MAX_MESSAGES and outcome.omitted == count - MAX_MESSAGES


def test_twenty_megabytes_of_anything_else() -> None:
	for body in (
		b"x" * 20_000_000,
		b"<html>" + b" " * 20_000_000,
		b'{"reportingStatus":"' + b"R" * 20_000_000 + b'"}',
	):
		assert parse(Endpoint.REPORTING, 200, {}, body).kind is Kind.UNKNOWN
	assert parse(Endpoint.REPORTING, 503, {}, b" " * 40_000_000).kind is Kind.UNAVAILABLE


def test_answers_print_shortly() -> None:
	for _, _, body, _ in SHAPES[:30]:
		raw = body if isinstance(body, bytes) else json.dumps(body).encode()
		assert len(repr(read_answer(raw))) < 60
