"""Enrolment and renewal against a gateway that enforces them, through crashes at every point."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from fake_fatoora import NOW, FakeFatoora

from bayancore_erp.zatca.core.chain import FIRST_PIH
from bayancore_erp.zatca.core.client import FatooraClient, Gateway, Response, RetryPolicy, SignedDocument
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.keys import PrivateKey
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput, TransportError
from bayancore_erp.zatca.core.onboarding import (
	CheckDocument,
	Enrolment,
	OnboardingState,
	Order,
	Progress,
	Role,
	Secrets,
	Step,
	Tools,
	abandon,
	device_of,
	enrol_anew,
	from_json,
	needed_documents,
	run,
	start,
	start_over,
	start_renewal,
	step,
	to_json,
)
from bayancore_erp.zatca.core.outcome import Endpoint, Kind

OTP = "111222"


class Crash(BaseException):
	"""The power goes off."""


@dataclass
class World:
	"""The gateway, a disk, and a power switch."""

	gateway: FakeFatoora = field(default_factory=FakeFatoora)
	environment: Environment = Environment.SIMULATION
	state: str = ""
	secrets: str = ""
	saves: list[OnboardingState] = field(default_factory=list)
	progress: list[Progress] = field(default_factory=list)
	orders: list[Order] = field(default_factory=list)
	slept: list[float] = field(default_factory=list)
	fails_before_save: int = 0
	fails_after_save: int = 0
	refuses_to_make: int = 0

	def save(self, enrolment: Enrolment) -> None:
		number = len(self.saves) + 1
		if number == self.fails_before_save:
			self.fails_before_save = 0
			raise Crash
		self.state, self.secrets = to_json(enrolment.state), json.dumps(enrolment.secrets.reveal())
		self.saves.append(enrolment.state)
		if number == self.fails_after_save:
			self.fails_after_save = 0
			raise Crash

	def restore(self) -> Enrolment:
		if not self.state:
			return start(self.environment, self.gateway.invoice_map)
		return Enrolment(from_json(self.state), Secrets.restore(json.loads(self.secrets)))

	def make_document(self, order: Order) -> SignedDocument:
		self.orders.append(order)
		if self.refuses_to_make:
			self.refuses_to_make -= 1
			raise InvalidInput("The seller's city is missing.", field="seller.address.city", hint="Enter it.")
		content = {
			"kind": order.document.value,
			"icv": str(order.position.icv),
			"pih": order.position.pih,
			"stamp": base64.b64encode(order.key.sign_hash(bytes(32))).decode(),
		}
		assert order.certificate.public_key_der == order.key.public_key_der
		xml = json.dumps(content).encode()
		return SignedDocument(
			xml, base64.b64encode(hashlib.sha256(xml).digest()).decode(), f"uuid-{len(self.orders)}"
		)

	@property
	def tools(self) -> Tools:
		return Tools(
			client=FatooraClient(Gateway(self.environment), self.gateway),
			make_csr=make_csr,
			make_document=self.make_document,
			save=self.save,
			progress=self.progress.append,
			now=lambda: NOW + timedelta(seconds=len(self.saves)),
			sleep=self.slept.append,
			rng=random.Random(1),
		)


def make_csr(key: PrivateKey) -> bytes:
	name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EGS-1")])
	request = (
		x509.CertificateSigningRequestBuilder().subject_name(name).sign(key.for_requests, hashes.SHA256())
	)
	return request.public_bytes(serialization.Encoding.PEM)


def enrolled(world: World) -> Enrolment:
	done = run(start(world.environment, world.gateway.invoice_map), world.tools, otp=OTP)
	assert done.state.step is Step.DONE and done.state.problem is None
	return done


@pytest.mark.parametrize(("invoice_map", "documents"), [("1100", 6), ("1000", 3), ("0100", 3)])
def test_the_whole_way(invoice_map: str, documents: int) -> None:
	world = World(FakeFatoora(invoice_map))
	done = enrolled(world)
	assert world.gateway.paths == [
		"POST compliance",
		*["POST compliance/invoices"] * documents,
		"POST production/csids",
	]
	(issued,) = world.gateway.compliance.values()
	assert [document["kind"] for document in issued.received] == [
		d.value for d in needed_documents(invoice_map)
	]
	previous = FIRST_PIH
	for icv, (document, check) in enumerate(zip(issued.received, done.state.checks, strict=True), 1):
		assert (document["icv"], document["pih"]) == (str(icv), previous)
		previous = check.invoice_hash
	assert [identity.id for identity in done.state.identities] == ["compliance-1", "production-1"]
	device = device_of(done)
	assert (
		device.identity_id == "production-1"
		and device.certificate.public_key_der == device.key.public_key_der
	)
	assert device.credentials.secret == next(iter(world.gateway.production.values())).secret
	assert done == world.restore()
	assert run(done, world.tools) == done and len(world.gateway.calls) == documents + 2


def test_what_goes_out_is_stored_before() -> None:
	world = World()
	enrolled(world)
	networked = [state for state in world.saves if state.pending]
	assert [state.pending.endpoint for state in networked if state.pending] == [
		Endpoint.COMPLIANCE_CSID,
		*[Endpoint.COMPLIANCE_CHECK] * 6,
		Endpoint.PRODUCTION_CSID,
	]
	checked = [
		state.pending.check.signed.payload() for state in networked if state.pending and state.pending.check
	]
	assert checked == [call.body for call in world.gateway.calls if call.url.endswith("/invoices")]
	assert world.saves[-1].pending is None


def test_progress_is_live_and_ends_at_the_end() -> None:
	world = World()
	enrolled(world)
	assert [(at.done, at.total) for at in world.progress][-1] == (9, 9)
	assert [at.done for at in world.progress] == sorted(at.done for at in world.progress)
	assert any("Simplified credit note" in at.sentence.en for at in world.progress)
	assert any("إشعار دائن مبسط" in at.sentence.ar for at in world.progress)


@pytest.mark.parametrize("wrong", ["000000", "222222"])
def test_a_wrong_password_is_no_dead_end(wrong: str) -> None:
	world = World()
	stopped = run(start(world.environment, "1100"), world.tools, otp=wrong)
	assert stopped.state.step is Step.OTP and stopped.state.problem
	assert (
		stopped.state.problem.code == Kind.OTP_REFUSED.value
		and "Fatoora portal" in stopped.state.problem.sentence.en
	)
	again = run(world.restore(), world.tools, otp=OTP)
	assert again.state.step is Step.DONE and len(again.state.keys) == 1 and again.state.problem is None


def test_without_a_password_it_waits_for_one() -> None:
	world = World()
	stopped = run(start(world.environment, "1100"), world.tools)
	assert stopped.state.problem and stopped.state.problem.code == "otp-needed" and not world.gateway.calls
	odd = run(stopped, world.tools, otp="12-34")
	assert odd.state.problem and odd.state.problem.code == "OTP-FORMAT" and not world.gateway.calls
	assert odd.state.pending is None
	assert run(odd, world.tools, otp=OTP).state.step is Step.DONE


def test_a_failed_document_says_why_and_is_made_anew() -> None:
	world = World(FakeFatoora(reject={"standard-credit-note-compliant"}))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.step is Step.CHECKS and stopped.state.problem
	assert [message.code for message in stopped.state.problem.messages] == ["BR-KSA-17"]
	assert (
		b"standard-credit" in stopped.state.checks[-1].failed_xml and not stopped.state.checks[0].failed_xml
	)
	done = run(world.restore(), world.tools)
	assert done.state.step is Step.DONE
	# The rejected one keeps its place in the chain; its successor follows on it.
	failed, anew = done.state.checks[1:3]
	assert (failed.passed, anew.passed, anew.document) == (False, True, failed.document)
	assert (anew.icv, anew.pih, anew.uuid != failed.uuid) == (3, failed.invoice_hash, True)
	assert [check.icv for check in done.state.checks] == list(range(1, 8))


def test_a_document_that_cannot_be_made_says_why() -> None:
	world = World(refuses_to_make=1)
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and "city is missing" in stopped.state.problem.sentence.en
	assert run(world.restore(), world.tools).state.step is Step.DONE


def test_a_refused_request_is_made_anew_from_corrected_details() -> None:
	refused = Response(400, {}, b'{"errors":[{"code":"Invalid-CSR","message":"The CSR is invalid"}]}')
	world = World(FakeFatoora(faults=[refused]))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == Kind.CSID_REFUSED.value
	assert stopped.state.problem.messages[0].code == "Invalid-CSR"
	done = run(world.restore(), world.tools, otp=OTP)
	assert done.state.step is Step.DONE and [key.id for key in done.state.keys] == ["key-1", "key-2"]
	assert device_of(done).identity_id == "production-1"


def test_an_outage_in_the_middle_resends_the_same_bytes() -> None:
	down = Response(503, {}, b"<html/>")
	world = World(
		FakeFatoora(faults=[None, None, down, down, down, down, TransportError("x", may_have_arrived=True)])
	)
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == Kind.UNAVAILABLE.value
	assert len(world.slept) == 3 and stopped.state.pending
	done = run(world.restore(), world.tools)
	assert done.state.step is Step.DONE
	bodies = [call.body for call in world.gateway.calls[2:8]]
	assert len(set(bodies)) == 1 and [check.icv for check in done.state.checks] == [1, 2, 3, 4, 5, 6]


def test_a_lost_answer_asks_for_a_new_password() -> None:
	world = World(FakeFatoora(swallow={1}))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert (
		stopped.state.step is Step.OTP and stopped.state.problem and stopped.state.problem.code == "otp-spent"
	)
	assert len(world.gateway.calls) == 1 and not stopped.state.identities
	world.gateway.otps.add("333444")
	done = run(world.restore(), world.tools, otp="333444")
	assert done.state.step is Step.DONE and len(done.state.identities) == 2


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateway_that_fails_half_way_asks_for_a_new_password(status: int) -> None:
	world = World(FakeFatoora(faults=[Response(status, {}, b"<html/>")]))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == "otp-spent"
	assert len(world.gateway.calls) == 1 and not stopped.state.pending
	world.gateway.otps.add("333444")
	assert run(world.restore(), world.tools, otp="333444").state.step is Step.DONE


def test_refusals_without_a_reason_are_counted_in_a_row() -> None:
	down, empty = Response(503, {}, b"<html/>"), Response(400, {}, b"")
	world = World(FakeFatoora(faults=[None, down, empty, down]))
	tools = replace(world.tools, policy=RetryPolicy(max_unexplained=2))
	assert run(start(world.environment, "1100"), tools, otp=OTP).state.step is Step.DONE
	assert len(world.slept) == 3


def test_a_lost_production_csid_is_asked_for_again() -> None:
	world = World(FakeFatoora(swallow={8}))
	done = enrolled(world)
	assert world.gateway.paths[-2:] == ["POST production/csids"] * 2 and len(world.slept) == 1
	assert [identity.role for identity in done.state.identities] == [Role.COMPLIANCE, Role.PRODUCTION]
	asked = [
		state for state in world.saves if state.pending and state.pending.endpoint is Endpoint.PRODUCTION_CSID
	]
	assert len(asked) == 2, "the loss is stored before the call is repeated"


def test_credentials_refused_in_the_middle_can_start_over() -> None:
	world = World(FakeFatoora(faults=[None, Response(401, {}, b"")]))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == Kind.UNAUTHORISED.value
	assert "Start over" in stopped.state.problem.sentence.en
	world.gateway.otps.add("333444")
	done = run(start_over(world.restore()), world.tools, otp="333444")
	assert done.state.step is Step.DONE and len(done.state.keys) == 1
	assert [identity.id for identity in done.state.identities] == [
		"compliance-1",
		"compliance-2",
		"production-1",
	]
	assert [check.icv for check in done.state.checks] == [1, 2, 3, 4, 5, 6]


def test_steps_that_zatca_misses_are_run_again() -> None:
	world = World(FakeFatoora(forget_checks=True))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.step is Step.CHECKS and stopped.state.problem
	assert stopped.state.problem.code == Kind.CHECKS_MISSING.value
	done = run(world.restore(), world.tools)
	assert done.state.step is Step.DONE and [check.icv for check in done.state.checks] == list(range(1, 13))


def test_the_sandbox_dummy_is_used_to_send_but_not_to_sign() -> None:
	world = World(FakeFatoora(hands_out_dummies=True), Environment.SANDBOX)
	done = enrolled(world)
	device = device_of(done)
	assert done.state.active and not done.state.active.fits_key
	assert device.credentials.token == done.state.active.token
	assert device.certificate.public_key_der == device.key.public_key_der
	assert device.certificate.issuer_name == "CN=eInvoicing"


def test_a_foreign_certificate_is_never_taken_elsewhere() -> None:
	world = World(FakeFatoora(hands_out_dummies=True), Environment.PRODUCTION)
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == "certificate-foreign"
	assert stopped.state.active is None and len(stopped.state.identities) == 2
	with pytest.raises(ConfigurationError):
		device_of(stopped)


def test_an_unreadable_certificate_is_never_taken() -> None:
	issued = {"requestID": 1, "dispositionMessage": "ISSUED", "binarySecurityToken": "TUlJ", "secret": "s"}
	world = World(FakeFatoora(faults=[Response(200, {}, json.dumps(issued).encode())]))
	stopped = run(start(world.environment, "1100"), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == "certificate-unreadable"
	assert stopped.state.step is Step.OTP and len(world.gateway.calls) == 1
	assert run(stopped, world.tools, otp=OTP).state.step is Step.DONE


@pytest.mark.parametrize("fresh_key", [True, False])
@pytest.mark.parametrize("renewal", ["428", "200", "200-issued", "issued"])
def test_renewal(renewal: str, fresh_key: bool) -> None:
	world = World(FakeFatoora(renewal=renewal, otps={OTP, "555666"}))
	done = enrolled(world)
	before = device_of(done)
	renewing = start_renewal(done, fresh_key=fresh_key)
	count = len(world.saves)
	renewed = run(renewing, world.tools, otp="555666")
	assert renewed.state.step is Step.DONE and not renewed.state.is_renewal
	# Until its successor is stored, the old identity is the one in use.
	assert {state.active_id for state in world.saves[count:-1]} == {"production-1"}
	assert renewed.state.active_id == "production-2"
	after = device_of(renewed)
	assert (after.key.public_key_der == before.key.public_key_der) != fresh_key
	assert after.credentials != before.credentials
	assert (
		renewed.state.identities[:2] == done.state.identities
		and renewed.state.checks[:6] == done.state.checks
	)
	tail = world.gateway.paths[8:]
	assert tail[0] == "PATCH production/csids"
	assert tail[1:] == (
		[] if renewal == "issued" else ["POST compliance/invoices"] * 6 + ["POST production/csids"]
	)
	new_checks = renewed.state.checks[6:]
	assert [check.icv for check in new_checks] == list(range(1, len(new_checks) + 1))


def test_a_renewal_that_fails_leaves_the_device_working() -> None:
	world = World(FakeFatoora(otps={OTP, "555666"}, hands_out_dummies=False))
	done = enrolled(world)
	world.gateway.reject = {"simplified-compliant"}
	stopped = run(start_renewal(done), world.tools, otp="555666")
	assert stopped.state.step is Step.CHECKS and device_of(stopped).identity_id == "production-1"
	back = abandon(stopped)
	assert back.state.step is Step.DONE and device_of(back).credentials == device_of(done).credentials
	# A later renewal over the present key asks for that key, not for the abandoned one.
	world.gateway.otps.add("777888")
	renewed = run(start_renewal(back, fresh_key=False), world.tools, otp="777888")
	assert device_of(renewed).key.public_key_der == device_of(done).key.public_key_der


def test_a_revoked_device_enrols_anew_on_top_of_its_history() -> None:
	world = World(FakeFatoora(otps={OTP, "555666", "777888"}))
	done = enrolled(world)
	world.gateway.production.clear()
	stopped = run(start_renewal(done), world.tools, otp="555666")
	assert stopped.state.problem and stopped.state.problem.code == Kind.UNAUTHORISED.value
	assert "connected anew" in stopped.state.problem.sentence.en
	anew = run(enrol_anew(stopped), world.tools, otp="777888")
	assert anew.state.step is Step.DONE and anew.state.active_id == "production-2"
	assert [key.id for key in anew.state.keys] == ["key-1", "key-2", "key-3"]


def test_a_renewal_refused_to_the_present_certificate_goes_on_as_a_new_enrolment() -> None:
	world = World(FakeFatoora(otps={OTP, "555666", "777888"}))
	done = enrolled(world)
	world.gateway.production.clear()
	stopped = run(start_renewal(done), world.tools, otp="555666")
	assert stopped.state.is_renewal and stopped.state.step is Step.OTP
	anew = run(start_over(world.restore()), world.tools, otp="777888")
	assert anew.state.step is Step.DONE and anew.state.active_id == "production-2"
	assert [key.id for key in anew.state.keys] == ["key-1", "key-2"], (
		"the key of the renewal was never certified"
	)
	assert "POST compliance" in world.gateway.paths[-8:]


def test_only_what_was_enrolled_is_enrolled_anew() -> None:
	with pytest.raises(ConfigurationError):
		enrol_anew(start(Environment.SIMULATION, "1100"))


def crash_points(world: World, renewal: bool) -> int:
	enrolment = enrolled(world)
	if renewal:
		world.saves.clear()
		run(start_renewal(enrolment), world.tools, otp="555666")
	return len(world.saves)


@pytest.mark.parametrize("renewal", [False, True], ids=["first", "renewal"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_power_cut_at_every_save(when: str, renewal: bool) -> None:
	def new_world() -> World:
		return World(FakeFatoora(otps={OTP, "555666", "777888", "999000"}))

	points = crash_points(new_world(), renewal)
	assert points == 18
	for point in range(1, points + 1):
		world = new_world()
		enrolment = start(world.environment, "1100")
		otp = OTP
		if renewal:
			enrolment, otp = start_renewal(enrolled(world)), "555666"
			world.save(enrolment)
			world.saves.clear()
		if when == "before":
			world.fails_before_save = point
		else:
			world.fails_after_save = point
		with pytest.raises(Crash):
			run(enrolment, world.tools, otp=otp)
		survived = world.restore()
		resumed = run(survived, world.tools)
		if resumed.state.step is not Step.DONE:
			assert resumed.state.step is Step.OTP and resumed.state.problem, point
			assert resumed.state.problem.code in ("otp-needed", "otp-spent")
			resumed = run(world.restore(), world.tools, otp="777888")
		state = resumed.state
		assert state.step is Step.DONE and state.problem is None, point
		roles = [identity.role for identity in state.identities]
		assert roles == [Role.COMPLIANCE, Role.PRODUCTION] * (2 if renewal else 1), point
		assert len({identity.id for identity in state.identities}) == len(roles)
		latest = [check for check in state.checks if check.identity_id == f"compliance-{len(roles) // 2}"]
		assert [check.icv for check in latest] == [1, 2, 3, 4, 5, 6], point
		# Whatever went out under one counter went out in one form.
		for issued in world.gateway.compliance.values():
			assert len({json.dumps(d) for d in issued.received}) == len(
				{d["icv"] for d in issued.received}
			), point
		assert device_of(resumed).identity_id == state.identities[-1].id
		assert state.identities[: len(survived.state.identities)] == survived.state.identities


def test_one_step_makes_at_most_one_verdict() -> None:
	world = World(FakeFatoora("0100"))
	enrolment = start(world.environment, "0100")
	for _ in range(20):
		before = len(world.gateway.calls)
		enrolment = step(enrolment, world.tools, otp=OTP)
		assert len(world.gateway.calls) - before <= 1
	assert enrolment.state.step is Step.DONE


def test_state_goes_to_json_and_back_at_every_point() -> None:
	world = World(FakeFatoora(reject={"simplified-compliant"}))
	run(start(world.environment, "1100"), world.tools, otp="000000")
	run(world.restore(), world.tools, otp=OTP)
	run(world.restore(), world.tools)
	assert len(world.saves) > 18
	for state in world.saves:
		assert from_json(to_json(state)) == state


@pytest.mark.parametrize(
	"damage",
	[
		lambda text: "",
		lambda text: "[]",
		lambda text: "[" * 100_000,
		lambda text: text[:-9],
		lambda text: text.replace('"version": 1', '"version": 2'),
		lambda text: text.replace('"step": "done"', '"step": "gone"'),
		lambda text: text.replace('"icv": 1,', '"icv": "1",'),
		lambda text: text.replace('"icv": 1,', '"icv": true,'),
		lambda text: text.replace('"active_id"', '"active"'),
		lambda text: text.replace('"fits_key": true', '"fits_key": 1'),
		lambda text: text.replace('"checks": [', '"checks": null, "x": ['),
		lambda text: text.replace("2026-11-21T", "2026-13-21T"),
	],
)
def test_damaged_state_is_refused_in_plain_words(damage: object) -> None:
	world = World()
	enrolled(world)
	text = damage(world.state)  # type: ignore[operator]
	assert text != world.state
	with pytest.raises(InvalidInput) as caught:
		from_json(text)
	assert "stored enrolment" in caught.value.message


def test_secrets_are_nowhere_but_in_secrets() -> None:
	world = World(FakeFatoora(otps={OTP, "555666"}))
	done = run(start_renewal(enrolled(world)), world.tools, otp="555666")
	hidden = [*done.secrets.csids.values(), OTP, "555666"]
	hidden += [line for pem in done.secrets.keys.values() for line in pem.decode().splitlines()]
	assert len(done.secrets.csids) == 4 and len(done.secrets.keys) == 2
	shown = [to_json(state) for state in world.saves] + [repr(state) for state in world.saves]
	shown += [
		repr(done),
		str(done.secrets),
		f"{done}",
		repr(device_of(done)),
		repr(world.orders[0]),
		repr(world.progress),
	]
	for secret in hidden:
		assert all(secret not in text for text in shown), secret
	with pytest.raises(TypeError):
		pickle.dumps(done.secrets)


def test_secrets_are_never_overwritten() -> None:
	secrets = Secrets().with_key("key-1", b"a").with_csid("production-1", "b")
	with pytest.raises(InvalidInput):
		secrets.with_key("key-1", b"c")
	with pytest.raises(InvalidInput):
		secrets.with_csid("production-1", "c")
	assert Secrets.restore(secrets.reveal()) == secrets


def test_a_lost_vault_is_said_plainly() -> None:
	world = World()
	done = enrolled(world)
	with pytest.raises(ConfigurationError) as caught:
		device_of(Enrolment(done.state))
	assert "vault" in caught.value.message
	stopped = run(start_renewal(Enrolment(done.state)), world.tools, otp=OTP)
	assert stopped.state.problem and stopped.state.problem.code == "SECRET-LOST"


@pytest.mark.parametrize("invoice_map", ["", "0000", "11", "1200", "11000", "abcd"])
def test_bad_invoice_maps(invoice_map: str) -> None:
	with pytest.raises(InvalidInput):
		start(Environment.SANDBOX, invoice_map)


def test_only_what_is_enrolled_can_be_renewed_or_left() -> None:
	new = start(Environment.SANDBOX, "1100")
	for refuse in (start_renewal, abandon):
		with pytest.raises(ConfigurationError):
			refuse(new)
	assert start_over(new) == new


def test_documents_know_their_type() -> None:
	assert [(d.type.value, d.is_simplified) for d in CheckDocument] == [
		("388", False),
		("381", False),
		("383", False),
		("388", True),
		("381", True),
		("383", True),
	]
