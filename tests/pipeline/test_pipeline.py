"""The steps of a document's life: what is reviewed, prepared, sent, and sent again."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from bayancore_erp.zatca.cli.bench import Identity, sample_invoice, throwaway_identity
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START, ChainPosition
from bayancore_erp.zatca.core.client import (
	Credentials,
	FatooraClient,
	Gateway,
	Request,
	Response,
	RetryPolicy,
)
from bayancore_erp.zatca.core.codes import Environment, TypeFlags
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.facts import read_facts
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import KeyMismatch, TransportError
from bayancore_erp.zatca.core.invoice import Invoice, Text
from bayancore_erp.zatca.core.onboarding import Order, needed_documents
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.core.pipeline import (
	RIYADH,
	NotLawful,
	Prepared,
	deliver,
	prepare,
	qr_facts,
	review,
	send,
)
from bayancore_erp.zatca.core.rules import Severity
from bayancore_erp.zatca.core.xml import parse

QUICK = RetryPolicy(base=0.001, longest=0.001, max_attempts=5)


@pytest.fixture(scope="module")
def identity() -> Identity:
	"""A key and its certificate."""
	return throwaway_identity()


class Script:
	"""A transport that answers from a list and remembers what it was sent."""

	def __init__(self, *answers: Response | TransportError | Callable[[Request], Response]) -> None:
		self.answers = list(answers)
		self.requests: list[Request] = []

	def send(self, request: Request) -> Response:
		"""The next answer."""
		self.requests.append(request)
		answer = self.answers.pop(0)
		if isinstance(answer, TransportError):
			raise answer
		return answer if isinstance(answer, Response) else answer(request)


def client(script: Script) -> FatooraClient:
	"""A client on that script."""
	return FatooraClient(Gateway(Environment.SIMULATION), script, Credentials("dG9rZW4=", "secret"))


def answer(status: int, body: dict[str, object]) -> Response:
	"""A JSON answer."""
	return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def cleared(request: Request) -> Response:
	"""Clearance, giving back what was sent as the cleared copy."""
	sent = json.loads(request.body)["invoice"]
	return answer(200, {"clearanceStatus": "CLEARED", "clearedInvoice": sent, "validationResults": {}})


def simplified(invoice: Invoice) -> Invoice:
	"""The same sale to a private person."""
	return replace(invoice, flags=TypeFlags(simplified=True), buyer=None, supply_date=None)


def test_review_is_silent_about_what_signing_brings() -> None:
	assert review(sample_invoice(3)) == []
	assert review(simplified(sample_invoice(3))) == []


def test_review_reports_everything_at_once() -> None:
	invoice = sample_invoice(2)
	assert invoice.buyer and invoice.buyer.address
	bad = replace(
		invoice,
		number="",
		buyer=replace(
			invoice.buyer, address=replace(invoice.buyer.address, building_number="", postal_code="")
		),
		lines=(replace(invoice.lines[0], name=Text(en="English only")), invoice.lines[1]),
	)
	findings = review(bad)
	fields = {finding.field.split("[")[0].split(".")[0] for finding in findings}
	assert {"number", "buyer", "lines"} <= fields
	assert findings == sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
	assert all(finding.en and finding.ar for finding in findings)


def test_prepared_document_verifies_and_moves_the_chain(identity: Identity) -> None:
	first = prepare(sample_invoice(2), START, identity.key, identity.certificate)
	assert verify(first.document.xml).ok
	assert first.next_position == ChainPosition(2, first.document.invoice_hash)
	second = prepare(sample_invoice(2), first.next_position, identity.key, identity.certificate)
	assert first.document.invoice_hash.encode() in second.document.xml, "its PIH"


@pytest.mark.parametrize("kind", [lambda i: i, simplified], ids=["standard", "simplified"])
def test_qr_facts_are_those_of_the_xml(identity: Identity, kind: Callable[[Invoice], Invoice]) -> None:
	invoice = replace(kind(sample_invoice(3)), currency="USD", sar_rate=Decimal("3.7512"))
	prepared = prepare(invoice, START, identity.key, identity.certificate)
	assert qr_facts(invoice, calculate(invoice)) == read_facts(parse(prepared.document.xml))


def test_unlawful_documents_are_not_signed(identity: Identity) -> None:
	invoice = replace(sample_invoice(1), number="")
	with pytest.raises(NotLawful) as refused:
		prepare(invoice, START, identity.key, identity.certificate)
	assert any(finding.field == "number" for finding in refused.value.findings)
	assert prepare(invoice, START, identity.key, identity.certificate, refuse=False).document.xml


def test_key_of_another_certificate_signs_nothing(identity: Identity) -> None:
	with pytest.raises(KeyMismatch):
		prepare(sample_invoice(1), START, throwaway_identity().key, identity.certificate)


@pytest.fixture
def prepared(identity: Identity) -> Prepared:
	"""A standard document."""
	return prepare(sample_invoice(1), START, identity.key, identity.certificate)


def test_standard_goes_to_clearance_and_brings_the_legal_copy(prepared: Prepared) -> None:
	script = Script(cleared)
	outcome = send(prepared, client(script)).outcome
	assert outcome.kind is Kind.CLEARED
	assert outcome.cleared_xml == prepared.document.xml
	assert "/invoices/clearance/single" in script.requests[0].url


def test_clearance_off_falls_through_to_reporting_with_the_same_bytes(prepared: Prepared) -> None:
	script = Script(
		answer(303, {"message": "Clearance is deactivated. Use reporting."}),
		answer(200, {"reportingStatus": "REPORTED"}),
	)
	delivery = send(prepared, client(script))
	assert [reply.outcome.kind for reply in delivery.replies] == [Kind.CLEARANCE_OFF, Kind.REPORTED]
	assert "/invoices/reporting/single" in script.requests[1].url
	assert script.requests[0].body == script.requests[1].body


def test_simplified_goes_to_reporting(identity: Identity) -> None:
	document = prepare(simplified(sample_invoice(1)), START, identity.key, identity.certificate)
	script = Script(answer(200, {"reportingStatus": "REPORTED"}))
	assert send(document, client(script)).outcome.kind is Kind.REPORTED
	assert "/invoices/reporting/single" in script.requests[0].url


def test_unknown_fate_means_the_same_bytes_until_the_verdict(prepared: Prepared) -> None:
	lost = TransportError("the answer did not come", may_have_arrived=True)
	script = Script(lost, Response(504, {}, b"<html>"), lost, cleared)
	pauses: list[float] = []
	seen: list[int] = []
	delivery = deliver(
		prepared,
		client(script),
		policy=QUICK,
		rng=random.Random(1),
		sleep=pauses.append,
		observe=lambda number, _: seen.append(number),
	)
	assert delivery.outcome.kind is Kind.CLEARED
	assert len({request.body for request in script.requests}) == 1
	assert base64.b64decode(json.loads(script.requests[0].body)["invoice"]) == prepared.document.xml
	assert seen == [1, 2, 3, 4] and len(pauses) == 3


def test_rejection_and_hold_are_not_repeated(prepared: Prepared) -> None:
	message = {"type": "ERROR", "code": "BR-KSA-17", "category": "KSA", "message": "x", "status": "ERROR"}
	body = {
		"clearanceStatus": "NOT_CLEARED",
		"validationResults": {"errorMessages": [message], "status": "ERROR"},
	}
	for reply, kind in (
		(answer(400, body), Kind.REJECTED),
		(answer(401, {"status": 401}), Kind.UNAUTHORISED),
	):
		script = Script(reply)
		assert deliver(prepared, client(script), policy=QUICK, sleep=lambda _: None).outcome.kind is kind
		assert len(script.requests) == 1


def test_patience_ends(prepared: Prepared) -> None:
	script = Script(*[Response(503, {}, b"")] * 9)
	delivery = deliver(prepared, client(script), policy=QUICK, sleep=lambda _: None)
	assert delivery.outcome.kind is Kind.UNAVAILABLE
	assert len(script.requests) == QUICK.max_attempts


def test_an_outage_does_not_count_among_refusals_without_a_reason(prepared: Prepared) -> None:
	down, empty = Response(503, {}, b""), Response(400, {}, b"")
	script = Script(*[down] * 3, *[empty] * 9)
	patient = replace(QUICK, max_attempts=99, max_unexplained=2)
	delivery = deliver(prepared, client(script), policy=patient, sleep=lambda _: None)
	assert delivery.outcome.kind is Kind.UNEXPLAINED_REFUSAL
	assert len(script.requests) == 3 + 2


def test_compliance_documents_are_lawful(identity: Identity) -> None:
	seller = sample_invoice(1).seller
	position = START
	kinds = needed_documents("1100")
	assert len(kinds) == 6
	for kind in kinds:
		order = Order(kind, position, identity.key, identity.certificate, datetime.now(RIYADH))
		document = make_document(order, seller)
		assert verify(document.xml).ok
		position = position.after(document.invoice_hash)


def test_compliance_documents_name_what_the_seller_lacks(identity: Identity) -> None:
	seller = replace(sample_invoice(1).seller, vat_number="")
	order = Order(
		needed_documents("1000")[0], START, identity.key, identity.certificate, datetime.now(RIYADH)
	)
	with pytest.raises(NotLawful) as refused:
		make_document(order, seller)
	assert any(finding.field.startswith("seller") for finding in refused.value.findings)
