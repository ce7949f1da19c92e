"""The app's own client against the simulator: every bad day ends in the outcome that is true."""

from __future__ import annotations

import pytest
from taxpayer import Taxpayer

from bayancore_erp.zatca.core.client import (
	Credentials,
	FatooraClient,
	Gateway,
	RequestsTransport,
	SignedDocument,
)
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.simulator import Simulator

STANDARD, SIMPLIFIED = "0100000", "0200000"


@pytest.fixture
def client(simulator: Simulator, onboarded: Taxpayer) -> FatooraClient:
	return FatooraClient(
		Gateway(Environment.SIMULATION, simulator.root_url),
		RequestsTransport(connect_timeout=2, read_timeout=1),
		Credentials(onboarded.pcsid["binarySecurityToken"], onboarded.pcsid["secret"]),
	)


def signed(taxpayer: Taxpayer, flags: str = SIMPLIFIED, **changes: str) -> SignedDocument:
	xml = taxpayer.next(flags, **changes)
	body = taxpayer.request_of(xml)
	return SignedDocument(xml, body["invoiceHash"], body["uuid"])


@pytest.mark.parametrize(
	("fault", "first"),
	[
		("drop", Kind.UNKNOWN),
		("cut", Kind.UNKNOWN),
		("delay=9", Kind.UNKNOWN),
		("truncated-json", Kind.UNKNOWN),
		("empty", Kind.UNKNOWN),
		("504-html:*:1:after", Kind.UNAVAILABLE),
		("503", Kind.UNAVAILABLE),
		("500", Kind.UNAVAILABLE),
		("429", Kind.RATE_LIMITED),
		("401", Kind.UNAUTHORISED),
		("413", Kind.TOO_LARGE),
	],
)
def test_the_same_bytes_again_settle_it(
	simulator: Simulator, onboarded: Taxpayer, client: FatooraClient, fault: str, first: Kind
) -> None:
	for flags, send, settled in (
		(STANDARD, client.clear, Kind.CLEARED),
		(SIMPLIFIED, client.report, Kind.REPORTED),
	):
		document = signed(onboarded, flags)
		simulator.faults.add(fault)
		assert send(document).outcome.kind is first
		outcome = send(document).outcome
		assert outcome.kind is settled
	assert sum(row["accepted"] for row in simulator.submissions.listing()) == 2
	assert all(chain["in_order"] for chain in simulator.submissions.chains())


def test_verdicts(simulator: Simulator, onboarded: Taxpayer, client: FatooraClient) -> None:
	assert client.report(signed(onboarded)).outcome.kind is Kind.REPORTED
	assert client.report(signed(onboarded, building="23")).outcome.kind is Kind.REPORTED
	rejected = client.clear(signed(onboarded, STANDARD, seller_vat="399999999900003")).outcome
	assert rejected.kind is Kind.REJECTED
	assert [m.code for m in rejected.messages if m.type == "ERROR"] == ["certificate-permissions"]
	simulator.settings.turn("clearance", False)
	document = signed(onboarded, STANDARD)
	assert client.clear(document).outcome.kind is Kind.CLEARANCE_OFF
	assert client.report(document).outcome.kind is Kind.REPORTED
