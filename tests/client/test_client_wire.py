"""The client over real HTTP: what goes out, what comes back, and every way in which it may not."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import socket
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from scripted_server import Act, Received, answer, drop, endless, hang, raw, reset, self_signed, serving

from bayancore_erp.zatca.core.client import (
	Credentials,
	Exchange,
	FatooraClient,
	Gateway,
	Request,
	RequestsTransport,
	SignedDocument,
)
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput
from bayancore_erp.zatca.core.outcome import Kind

OTP, TOKEN, SECRET = (
	"918273",
	"TUlJQ0ZqQ0NBYnlnQXdJQkFnSUdBWS4uLg==",
	"Xlj15LyMCgSC66ObnEO/qVPfhSbs3kDTjWnGheYhfSs=",
)
BASIC = base64.b64encode(f"{TOKEN}:{SECRET}".encode()).decode()
DOCUMENT = SignedDocument(
	b"<Invoice>\xd8\xb9</Invoice>", "aGFzaA==", "8e6000cf-1a98-4174-b3e7-b5d5954bc10d", "INV-1"
)
OK = answer(200, {"reportingStatus": "REPORTED", "clearanceStatus": None})


def client(root: str, **timing: object) -> FatooraClient:
	settings = {"connect_timeout": 2, "read_timeout": 2, **timing}
	transport = RequestsTransport(**settings)  # type: ignore[arg-type]
	return FatooraClient(Gateway(Environment.SIMULATION, root), transport, Credentials(TOKEN, SECRET))


def test_the_six_calls_as_zatca_describes_them() -> None:
	with serving(OK) as server:
		line = client(server.root)
		line.request_compliance_csid(b"-----BEGIN CERTIFICATE REQUEST-----\n", OTP)
		line.check_compliance(DOCUMENT)
		line.request_production_csid("1234567890123")
		line.renew_csid(b"CSR", f" {OTP}\n")
		line.report(DOCUMENT)
		line.clear(DOCUMENT)
	base = "/e-invoicing/simulation"
	assert [(got.method, got.path.removeprefix(base)) for got in server.received] == [
		("POST", "/compliance"),
		("POST", "/compliance/invoices"),
		("POST", "/production/csids"),
		("PATCH", "/production/csids"),
		("POST", "/invoices/reporting/single"),
		("POST", "/invoices/clearance/single"),
	]
	for got in server.received:
		assert got.headers["accept-version"] == "V2" and got.headers["accept-language"] == "en"
		assert got.headers["content-type"] == got.headers["accept"] == "application/json"
	assert [got.headers.get("otp") for got in server.received] == [OTP, None, None, OTP, None, None]
	assert [got.headers.get("authorization") for got in server.received] == [None] + [f"Basic {BASIC}"] * 5
	assert [got.headers.get("clearance-status") for got in server.received] == [None] * 4 + ["0", "1"]
	bodies = [json.loads(got.body) for got in server.received]
	assert base64.b64decode(bodies[0]["csr"]).startswith(b"-----BEGIN CERTIFICATE REQUEST")
	assert bodies[2] == {"compliance_request_id": "1234567890123"}
	assert (
		bodies[1]
		== bodies[4]
		== bodies[5]
		== {
			"invoiceHash": DOCUMENT.invoice_hash,
			"uuid": DOCUMENT.uuid,
			"invoice": base64.b64encode(DOCUMENT.xml).decode(),
		}
	)


def test_a_repetition_is_byte_identical_on_one_connection() -> None:
	with serving(answer(503), OK) as server:
		line = client(server.root)
		first, second = line.report(DOCUMENT), line.report(DOCUMENT)
	assert server.received[0].body == server.received[1].body
	assert first.exchange.request_sha256 == second.exchange.request_sha256
	assert (first.outcome.kind, second.outcome.kind) == (Kind.UNAVAILABLE, Kind.REPORTED)
	assert server.connections == 1


@pytest.mark.parametrize(
	("act", "kind", "status"),
	[
		(
			answer(504, b"<html>504 Gateway Time-out</html>", {"Content-Type": "text/html"}),
			Kind.UNAVAILABLE,
			504,
		),
		(answer(401, b'{"status":401', declared=500), Kind.UNAUTHORISED, 401),
		(answer(200, b'{"reportingStatus":"REPORTED"', declared=500), Kind.UNKNOWN, 200),
		(
			answer(406, b"This Version is not supported or not provided in the header."),
			Kind.VERSION_REFUSED,
			406,
		),
		(answer(204), Kind.UNKNOWN, 204),
		(drop, Kind.UNKNOWN, None),
		(reset, Kind.UNKNOWN, None),
		(raw(b"SSH-2.0-OpenSSH\r\n"), Kind.UNKNOWN, None),
		(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Kind.UNKNOWN, 200),
		(
			raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx"),
			Kind.UNKNOWN,
			200,
		),
		(raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"), Kind.UNKNOWN, None),
	],
)
def test_answers_and_mishaps(act: Act, kind: Kind, status: int | None) -> None:
	with serving(act) as server:
		reply = client(server.root).report(DOCUMENT)
	assert (reply.outcome.kind, reply.outcome.status) == (kind, status), reply.outcome.detail
	assert reply.exchange.status == status and reply.exchange.may_have_arrived
	assert bool(reply.exchange.error) == (status is None)
	assert len(server.received) == 1


def test_silence_ends_at_the_read_timeout() -> None:
	with serving(hang(5)) as server:
		before = time.monotonic()
		reply = client(server.root, read_timeout=0.3).clear(DOCUMENT)
	assert time.monotonic() - before < 2
	assert reply.outcome.kind is Kind.UNKNOWN and reply.exchange.error.startswith("READ-TIMEOUT")


def test_nobody_listens_so_nothing_was_sent() -> None:
	with socket.create_server(("127.0.0.1", 0)) as vacant:
		port = vacant.getsockname()[1]
	reply = client(f"http://127.0.0.1:{port}").clear(DOCUMENT)
	assert reply.outcome.kind is Kind.NEVER_SENT and not reply.exchange.may_have_arrived
	assert reply.exchange.error.startswith("CONNECT:")


def test_a_tls_handshake_that_never_ends_sent_nothing() -> None:
	with socket.create_server(("127.0.0.1", 0)) as mute:
		reply = client(
			f"https://127.0.0.1:{mute.getsockname()[1]}", connect_timeout=0.3, read_timeout=0.3
		).clear(DOCUMENT)
	assert reply.outcome.kind is Kind.NEVER_SENT


def test_an_untrusted_certificate_sees_nothing(tmp_path: Path) -> None:
	context, pem = self_signed(tmp_path)
	with serving(OK, tls=context) as server:
		reply = client(server.root).report(DOCUMENT)
		assert reply.outcome.kind is Kind.NEVER_SENT and reply.exchange.error.startswith("TLS:")
		assert server.received == []
		assert client(server.root, ca_bundle=str(pem)).report(DOCUMENT).outcome.kind is Kind.REPORTED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
	with (
		serving(OK) as elsewhere,
		serving(answer(status, b"", {"Location": f"{elsewhere.root}/x"})) as server,
	):
		reply = client(server.root).clear(DOCUMENT)
	assert reply.outcome.kind is Kind.WRONG_ADDRESS
	assert elsewhere.received == [] and len(server.received) == 1


def test_clearance_off_is_an_answer_not_a_redirect() -> None:
	location = {"Location": "/e-invoicing/simulation/invoices/reporting/single"}
	with serving(
		answer(303, {"message": "Clearance is deactiviated. Please use ..."}, location), OK
	) as server:
		assert client(server.root).clear(DOCUMENT).outcome.kind is Kind.CLEARANCE_OFF
	assert len(server.received) == 1


def test_gigantic_answers_are_cut() -> None:
	with serving(endless()) as server:
		before = time.monotonic()
		reply = client(server.root, max_body=3_000_000).report(DOCUMENT)
	assert time.monotonic() - before < 5
	assert reply.outcome.kind is Kind.UNKNOWN
	assert (
		reply.exchange.is_cut
		and reply.exchange.answer is not None
		and len(reply.exchange.answer) == 3_000_000
	)


def test_a_compression_bomb_is_cut() -> None:
	bomb = gzip.compress(b" " * 100_000_000, 9)
	with serving(answer(200, bomb, {"Content-Encoding": "gzip"})) as server:
		reply = client(server.root, max_body=1_000_000).report(DOCUMENT)
	assert (
		reply.exchange.is_cut
		and reply.exchange.answer is not None
		and len(reply.exchange.answer) == 1_000_000
	)


def test_an_answer_in_drops_ends_at_the_total_timeout() -> None:
	with serving(endless(chunk=b" ", pause=0.05)) as server:
		before = time.monotonic()
		reply = client(server.root, total_timeout=0.5).report(DOCUMENT)
	assert time.monotonic() - before < 3 and reply.exchange.is_cut


def test_environment_slips_in_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	netrc = tmp_path / "netrc"
	netrc.write_text("machine 127.0.0.1 login other password other\n")
	monkeypatch.setenv("NETRC", str(netrc))
	monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
	monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
	with serving(OK) as server:
		assert client(server.root).report(DOCUMENT).outcome.kind is Kind.REPORTED
	assert server.received[0].headers["authorization"] == f"Basic {BASIC}"


def test_a_dead_proxy_means_never_sent() -> None:
	reply = client("https://gw.invalid", proxy="http://127.0.0.1:1").report(DOCUMENT)
	assert reply.outcome.kind is Kind.NEVER_SENT


def test_times_and_observation() -> None:
	seen: list[Exchange] = []
	at = datetime(2026, 11, 21, tzinfo=timezone.utc)
	with serving(hang(0.15), answer(429, b"", {"Retry-After": "7"})) as server:
		line = client(server.root)
		line = FatooraClient(line.gateway, line.transport, line.credentials, seen.append, lambda: at)
		line.report(DOCUMENT)
		limited = line.report(DOCUMENT)
	assert [exchange.status for exchange in seen] == [None, 429]
	assert seen[0].started_at == at and seen[0].elapsed_ms >= 140
	assert limited.outcome.retry_after == "7" and limited.exchange is seen[1]


ISSUED = {
	"requestID": 5,
	"dispositionMessage": "ISSUED",
	"binarySecurityToken": "TUlJ",
	"secret": "n3w/S3cr\\et==",
}
ECHOES: list[bytes] = [
	json.dumps(ISSUED).encode(),
	json.dumps(ISSUED).replace("/", "\\/").encode(),
	json.dumps(ISSUED, indent=2).encode(),
	json.dumps(json.dumps(ISSUED)).encode(),
	json.dumps(ISSUED).encode("utf-16"),
	json.dumps({"value": ISSUED}).replace("secret", "SECRET").encode(),
	json.dumps(ISSUED).encode()[:-6],
	json.dumps({**ISSUED, "secretKey": "n3w/S3cr\\et=="}).encode(),
	json.dumps({"code": "X", "message": f"bad otp {OTP}, auth {BASIC}, secret {SECRET}"}).encode(),
]


@pytest.mark.parametrize("body", ECHOES)
@pytest.mark.parametrize("status", [200, 400, 428])
def test_secrets_never_stay(body: bytes, status: int, caplog: pytest.LogCaptureFixture) -> None:
	caplog.set_level(logging.DEBUG)

	def echo(connection: socket.socket, got: Received) -> bool:
		"""Answer with whatever secrets the request brought, as a careless gateway might."""
		said = {
			"X-Otp": got.headers.get("otp", ""),
			"X-Auth": got.headers.get("authorization", ""),
			"Set-Cookie": "x=n3w",
		}
		said["X-Text"] = f"<{said['X-Otp']}> <{said['X-Auth']}>"
		return answer(status, body, said)(connection, got)

	with serving(echo) as server:
		line = client(server.root)
		replies = [line.renew_csid(b"csr", OTP)]
		if OTP.encode() not in body:
			replies += [line.request_production_csid("5"), line.request_compliance_csid(b"csr", OTP)]
	kept = [repr(line), repr(line.credentials), str(line.credentials), f"{line.credentials}"]
	kept += [repr(Request("POST", server.root, {"OTP": OTP}, SECRET.encode()))]
	for exchange, outcome in ((reply.exchange, reply.outcome) for reply in replies):
		kept += [
			repr(exchange),
			repr(exchange.request_headers),
			repr(exchange.answer_headers),
			repr(exchange.answer),
		]
		kept += [repr(outcome), json.dumps(outcome.as_record())]
	kept += [record.getMessage() for record in caplog.records]
	everything = "\n".join(kept).replace("\\x00", "").replace("\\", "")
	for secret in (OTP, SECRET, BASIC, "n3w", "S3cr"):
		assert secret not in everything, secret
	assert len(caplog.records) >= len(replies)


def test_a_refusal_loses_only_the_secrets() -> None:
	body = json.dumps({"code": "X", "message": f"bad otp {OTP}, auth {BASIC}, secret {SECRET}"}).encode()
	with serving(answer(400, body)) as server:
		reply = client(server.root).renew_csid(b"csr", OTP)
	assert reply.outcome.messages[0].text == "bad otp ***, auth ***, secret ***"


def test_an_answer_about_a_document_is_kept_to_the_byte() -> None:
	body = b'{ "reportingStatus" : "REPORTED",\r\n "secret": "sauce" }'
	with serving(answer(200, body)) as server:
		assert client(server.root).report(DOCUMENT).exchange.answer == body


@pytest.mark.parametrize(
	("root", "good"),
	[
		("https://gw-fatoora.zatca.gov.sa", True),
		("https://gw-fatoora.zatca.gov.sa/", True),
		("https://sim.example/prefix", True),
		("http://127.0.0.1:8080", True),
		("http://127.9.9.9", True),
		("http://localhost:1/", True),
		("http://[::1]:8080", True),
		("http://gw-fatoora.zatca.gov.sa", False),
		("http://localhost.example.com", False),
		("http://127.0.0.1.example.com", False),
		("http://10.0.0.1", False),
		("http://user@127.0.0.1", False),
		("https://user:hush@gw.example", False),
		("https://gw.example/?x=1", False),
		("https://gw.example/#x", False),
		("https://gw.example:99999", False),
		("https://[bad", False),
		("ftp://127.0.0.1", False),
		("gw-fatoora.zatca.gov.sa", False),
		("https://", False),
		("", False),
	],
)
def test_gateway_addresses(root: str, good: bool) -> None:
	if good:
		assert Gateway(Environment.PRODUCTION, root).base_url.endswith("/e-invoicing/core")
	else:
		with pytest.raises(ConfigurationError) as caught:
			Gateway(Environment.PRODUCTION, root)
		assert caught.value.field == "root" and "hush" not in caught.value.diagnostics()


@pytest.mark.parametrize(
	"ending", ["", "/", "/e-invoicing", "/e-invoicing/", "/e-invoicing/developer-portal"]
)
def test_root_may_be_given_with_its_path(ending: str) -> None:
	gateway = Gateway(Environment.SANDBOX, f"https://gw-fatoora.zatca.gov.sa{ending}")
	assert (
		gateway == gateway
		and gateway.base_url == "https://gw-fatoora.zatca.gov.sa/e-invoicing/developer-portal"
	)


@pytest.mark.parametrize("otp", ["", "12 34 56", "abc", "123456\r\nX: y", "١٢٣٤٥٦", "1" * 13])
def test_bad_otp_is_never_sent(otp: str) -> None:
	with serving(OK) as server, pytest.raises(InvalidInput) as caught:
		client(server.root).request_compliance_csid(b"csr", otp)
	assert caught.value.field == "otp" and server.received == []


@pytest.mark.parametrize(
	("token", "secret"), [("", "s"), ("t", ""), ("t\r\nX: y", "s"), ("t", "s\n"), ("ت", "s"), ("a:b", "s")]
)
def test_bad_credentials(token: str, secret: str) -> None:
	with pytest.raises(ConfigurationError):
		Credentials(token, secret)


def test_no_credentials() -> None:
	line = FatooraClient(Gateway(Environment.SANDBOX), RequestsTransport())
	with pytest.raises(ConfigurationError):
		line.report(DOCUMENT)


def test_missing_ca_bundle_is_said_at_once(tmp_path: Path) -> None:
	with pytest.raises(ConfigurationError):
		RequestsTransport(ca_bundle=str(tmp_path / "none.pem"))
