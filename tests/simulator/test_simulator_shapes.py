"""The answers have the keys and types of the recorded ones, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from taxpayer import Taxpayer

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.simulator import Simulator

Sample = Callable[[str], Any]
Shape = Callable[[Any], Any]
SIMULATION = Environment.SIMULATION


@pytest.fixture
def sandboxed(simulator: Simulator) -> Taxpayer:
	"""A device onboarded in the sandbox, whose answers follow the Swagger."""
	taxpayer = Taxpayer(simulator.base_url, "developer-portal", clock=simulator.clock)
	taxpayer.onboard("123345")
	return taxpayer


def test_csids(onboarded: Taxpayer, sample: Sample, shape_of: Shape) -> None:
	assert shape_of(onboarded.ccsid) == shape_of(sample("compliance-csid-200"))
	assert len(str(onboarded.ccsid["requestID"])) == 13
	# The recorded production answer leaves out `tokenType`; the renewal, of the same kind, has it.
	assert shape_of(onboarded.pcsid) == shape_of(sample("renewal-200"))
	assert set(sample("production-csid-200")) <= set(onboarded.pcsid)


@pytest.mark.parametrize("name", ["production-csid-400-missing-steps"])
def test_missing_steps(simulator: Simulator, sample: Sample, name: str) -> None:
	simulator.settings.turn("enforce_compliance", True, Environment.SANDBOX)
	taxpayer = Taxpayer(simulator.base_url, "developer-portal")
	taxpayer.enrol("123345")
	answer = taxpayer.graduate()
	assert (answer.status_code, answer.json()) == (400, sample(name))


def test_renewal(simulator: Simulator, sandboxed: Taxpayer, sample: Sample, shape_of: Shape) -> None:
	def renew(otp: str) -> requests.Response:
		return sandboxed.call(
			"PATCH",
			"production/csids",
			{"csr": sandboxed.csr()},
			csid=sandboxed.pcsid,
			headers={"OTP": otp},
		)

	answer = renew("")
	assert (answer.status_code, answer.json()) == (400, sample("renewal-400-missing-otp"))
	answer = renew("123345")
	assert (answer.status_code, shape_of(answer.json())) == (200, shape_of(sample("renewal-200")))
	simulator.settings.turn("renewal_needs_checks", True)
	answer = renew("123345")
	assert (answer.status_code, shape_of(answer.json())) == (
		428,
		shape_of(sample("renewal-428-not-compliant")),
	)


def test_compliance_checks(onboarded: Taxpayer, sample: Sample) -> None:
	answer = onboarded.check("0200000", "388")
	assert (answer.status_code, answer.json()) == (200, sample("compliance-invoices-200-live-simplified"))
	answer = onboarded.check("0100000", "388")
	assert (answer.json()["reportingStatus"], answer.json()["clearanceStatus"]) == (None, "CLEARED")
	xml = onboarded.document("0200000", "381", icv=1, pih=onboarded.pih, reason="")
	body = onboarded.request_of(onboarded.stamped(xml, onboarded.ccsid))
	answer = onboarded.call("POST", "compliance/invoices", body, csid=onboarded.ccsid)
	said, recorded = answer.json(), sample("compliance-invoices-400-live-BR-KSA-17")
	for side in (said, recorded):
		side["validationResults"]["errorMessages"][0].pop("message")  # the wording is ours
	assert (answer.status_code, said) == (400, recorded)


def test_reporting(sandboxed: Taxpayer, onboarded: Taxpayer, sample: Sample, shape_of: Shape) -> None:
	signed = sandboxed.next()
	answer = sandboxed.send("reporting", signed)
	assert (answer.status_code, answer.json()) == (200, sample("reporting-200"))
	answer = sandboxed.send("reporting", signed)
	assert (answer.status_code, answer.json()) == (409, sample("reporting-409-duplicate-swagger"))
	answer = sandboxed.send("reporting", sandboxed.next(building="23"))
	assert (answer.status_code, shape_of(answer.json())) == (202, shape_of(sample("reporting-202-warnings")))
	answer = sandboxed.send("reporting", sandboxed.next(), invoiceHash="x")
	assert (answer.status_code, shape_of(answer.json())) == (400, shape_of(sample("reporting-400")))
	recorded = sample("reporting-400")["validationResults"]["errorMessages"][0]
	assert answer.json()["validationResults"]["errorMessages"] == [recorded]

	signed = onboarded.next()
	assert (
		shape_of(onboarded.send("reporting", signed).json()).keys()
		== sample("reporting-202-live-invalid-digital-signature").keys()
	)
	answer = onboarded.send("reporting", signed)
	assert (answer.status_code, answer.json()) == (409, sample("reporting-409-duplicate-live"))


def test_clearance(simulator: Simulator, onboarded: Taxpayer, sample: Sample, shape_of: Shape) -> None:
	signed = onboarded.next("0100000")
	answer = onboarded.send("clearance", signed)
	assert (answer.status_code, shape_of(answer.json())) == (200, shape_of(sample("clearance-200-shape")))
	answer, recorded = onboarded.send("clearance", signed), sample("clearance-208-duplicate-live")
	assert answer.status_code == 208
	assert {**answer.json(), "clearedInvoice": recorded["clearedInvoice"]} == recorded
	answer = onboarded.send("clearance", onboarded.next("0100000", seller_vat="300000000000003"))
	assert (answer.status_code, answer.json()) == (
		400,
		sample("clearance-400-live-certificate-permissions"),
	)
	simulator.settings.turn("clearance", False)
	answer = onboarded.send("clearance", onboarded.next("0100000"))
	assert (answer.status_code, answer.json()) == (303, sample("clearance-303-off"))


def test_stamp_messages_are_the_recorded_ones(sample: Sample) -> None:
	from bayancore_erp.zatca.simulator.judge import FOREIGN_CERTIFICATE, FOREIGN_ISSUER
	from bayancore_erp.zatca.simulator.stamp_messages import VERDICTS

	said = [(v.message.body("ERROR" if v.rejects else "WARNING")) for v in VERDICTS.values()]
	said += [message.body("WARNING") for message in (FOREIGN_CERTIFICATE, FOREIGN_ISSUER)]
	recorded = [
		*sample("compliance-error-list-signature-messages")["errorMessages"],
		*sample("reporting-warnings-live-signing-certificate")["warningMessages"],
		*sample("reporting-202-live-invalid-digital-signature")["validationResults"]["warningMessages"],
		*sample("reporting-400-live-hash-and-qr-time")["validationResults"]["warningMessages"],
		sample("reporting-400")["validationResults"]["errorMessages"][1],
		sample("compliance-400-live-qr")["validationResults"]["errorMessages"][2],
	]
	for message in recorded:
		assert message in said


def test_every_call_wants_version_2(simulator: Simulator, onboarded: Taxpayer, sample: Sample) -> None:
	paths = [
		("POST", "compliance"),
		("POST", "compliance/invoices"),
		("POST", "production/csids"),
		("PATCH", "production/csids"),
		("POST", "invoices/reporting/single"),
		("POST", "invoices/clearance/single"),
	]
	for method, path in paths:
		for version in ("", "v2", "V1"):
			answer = onboarded.call(method, path, {}, headers={"Accept-Version": version})
			assert (answer.status_code, answer.text) == (406, sample("any-406-text"))
			assert answer.headers["Content-Type"].startswith("text/plain")


def test_gateway_errors(simulator: Simulator, onboarded: Taxpayer, sample: Sample) -> None:
	simulator.faults.add("500:reporting")
	answer = onboarded.send("reporting", onboarded.next())
	assert (answer.status_code, answer.json()) == (500, sample("any-500"))
	simulator.faults.add("504-html")
	answer = onboarded.send("reporting", onboarded.next())
	assert "504 Gateway Time-out" in answer.text and "nginx" in answer.text


def test_unknown_places(simulator: Simulator) -> None:
	for method, path, status in (
		("POST", "/e-invoicing/mars/compliance", 404),
		("POST", "/e-invoicing/core/compliance/", 404),
		("GET", "/e-invoicing/core/compliance", 405),
		("PATCH", "/e-invoicing/core/compliance", 405),
		("GET", "/", 404),
		("GET", "/simulator/mars", 404),
	):
		assert requests.request(method, simulator.root_url + path, timeout=5).status_code == status


def test_more_than_ten_megabytes(onboarded: Taxpayer) -> None:
	signed = onboarded.next()
	answer = onboarded.send("reporting", signed, invoice="A" * (10 * 1024 * 1024))
	assert answer.status_code == 413
	assert onboarded.send("reporting", signed).status_code == 200
