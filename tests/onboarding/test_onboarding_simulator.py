"""Enrolment over real HTTP with real documents, keys and stamps, against the bundled simulator, which enforces it all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bayancore_erp.zatca.core.client import FatooraClient, Gateway, RequestsTransport
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr
from bayancore_erp.zatca.core.invoice import Address, Party, PartyId
from bayancore_erp.zatca.core.onboarding import (
	Enrolment,
	Role,
	Step,
	Tools,
	device_of,
	run,
	start,
	start_renewal,
)
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.simulator.server import Simulator

VAT = "300075588700003"
SELLER = Party(
	name="شركة الاختبار | Test Company",
	vat_number=VAT,
	identification=PartyId("CRN", "4030276048"),
	address=Address(
		"شارع الأمير | Prince Street", "", "2322", "", "المربع | Al Murabba", "الرياض | Riyadh", "", "23333"
	),
)
CSR = CsrRequest(
	common_name="TST-1",
	serial_number="1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f",
	organization_identifier=VAT,
	organization_unit="Riyadh Branch",
	organization_name="Test Company",
	location="RRRD2929",
	industry="Supply activities",
)


@dataclass
class Desk:
	simulator: Simulator
	environment: Environment = Environment.SIMULATION
	saved: list[Enrolment] = field(default_factory=list)
	slept: list[float] = field(default_factory=list)

	@property
	def tools(self) -> Tools:
		transport = RequestsTransport(connect_timeout=3, read_timeout=10)
		return Tools(
			client=FatooraClient(Gateway(self.environment, self.simulator.root_url), transport),
			make_csr=lambda key: build_csr(CSR, key, self.environment),
			make_document=lambda order: make_document(order, SELLER),
			save=self.saved.append,
			sleep=self.slept.append,
			rng=random.Random(1),
		)

	def otp(self) -> str:
		return self.simulator.issue_otp(self.environment)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
	with Simulator(tmp_path / "state") as simulator:
		yield Desk(simulator)


def test_enrolment_and_renewal(desk: Desk) -> None:
	begun = run(start(desk.environment, "1100"), desk.tools, otp="000001")
	assert begun.state.problem and begun.state.problem.code == Kind.OTP_REFUSED.value
	done = run(begun, desk.tools, otp=desk.otp())
	assert done.state.step is Step.DONE, done.state.problem
	assert [check.kind for check in done.state.checks] == [Kind.COMPLIANCE_PASSED] * 6
	assert all(
		not check.messages or {m.type for m in check.messages} == {"INFO"} for check in done.state.checks
	)
	assert device_of(done).certificate.vat_number == VAT
	renewed = run(start_renewal(done), desk.tools, otp=desk.otp())
	assert renewed.state.step is Step.DONE, renewed.state.problem
	assert [i.role for i in renewed.state.identities][-1] is Role.PRODUCTION
	assert renewed.state.active_id == "production-2" and device_of(renewed).key != device_of(done).key


def test_a_dropped_answer_in_each_call(desk: Desk) -> None:
	desk.simulator.faults.add("drop:compliance-csid")
	lost = run(start(desk.environment, "1100"), desk.tools, otp=desk.otp())
	assert lost.state.problem and lost.state.problem.code == "otp-spent"
	desk.simulator.faults.add("drop:compliance-check")
	desk.simulator.faults.add("drop:production-csid")
	done = run(lost, desk.tools, otp=desk.otp())
	assert done.state.step is Step.DONE, done.state.problem
	assert len(desk.slept) == 2 and [i.id for i in done.state.identities] == ["compliance-1", "production-1"]
