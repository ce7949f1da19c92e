"""The enrolment, one step at a time.

Takes an `Enrolment` and `Tools`; gives the next `Enrolment`. Stores it through `save` before and after every call, so that
a crash anywhere is resumed by calling `run` again: what was pending is sent again byte for byte, and a one-time password
that may be used up is asked for anew. Nothing is overwritten; the identity in use changes only once its successor is
stored. Never keeps the one-time password. What stops it is a `Problem` in the state, with a sentence for the person.
Source: ZATCA.md sections 4 to 6 (order of calls, /t/524 for the renewal).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from bayancore_erp.zatca.core.chain import ChainPosition
from bayancore_erp.zatca.core.client import FatooraClient, Reply, RetryPolicy, SignedDocument, decide
from bayancore_erp.zatca.core.client.retry import WHILE_SOMEONE_WAITS, may_have_spent_password
from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import DeviceKey, generate_key
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput, ZatcaError
from bayancore_erp.zatca.core.onboarding.documents import CheckDocument, needed_documents
from bayancore_erp.zatca.core.onboarding.identity import (
	credentials_of,
	identity_from,
	is_from_compliance_authority,
	key_of,
)
from bayancore_erp.zatca.core.onboarding.state import (
	Check,
	CheckInFlight,
	Enrolment,
	KeyRecord,
	Pending,
	Problem,
	Role,
	Step,
)
from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Order:
	"""A compliance document to be made: unsigned parts are the maker's, its place in the chain and its stamp are given."""

	document: CheckDocument
	position: ChainPosition
	key: DeviceKey = field(repr=False)
	certificate: Certificate = field(repr=False)
	made_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
	"""How far the enrolment is, for a bar and a line of text. `done` of `total` steps."""

	done: int
	total: int
	sentence: Name


def _utc_now() -> datetime:
	return datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True)
class Tools:
	"""What the enrolment needs of the world.

	`make_csr` gives the PEM request for a key; `make_document` a signed document; `save` stores state and secrets, both or
	neither, before it returns. `client` is one of the right environment, without credentials.
	"""

	client: FatooraClient
	make_csr: Callable[[DeviceKey], bytes]
	make_document: Callable[[Order], SignedDocument]
	save: Callable[[Enrolment], None]
	progress: Callable[[Progress], None] = lambda _: None
	make_key: Callable[[], DeviceKey] = generate_key
	now: Callable[[], datetime] = _utc_now
	sleep: Callable[[float], None] = time.sleep
	rng: random.Random = field(default_factory=random.Random)
	policy: RetryPolicy = WHILE_SOMEONE_WAITS


_OTP_NEEDED = Problem(
	"otp-needed",
	Name(
		"Enter the one-time password that the Fatoora portal shows for this device. It lives one hour and works once.",
		"أدخل رمز التحقق (OTP) الذي تعرضه بوابة فاتورة لهذا الجهاز. صلاحيته ساعة واحدة ويُستخدم مرة واحدة.",
	),
)
_OTP_SPENT = Problem(
	"otp-spent",
	Name(
		"The last request was interrupted, so its one-time password may be used up. Make a new one in the Fatoora portal "
		"and enter it.",
		"انقطع الطلب الأخير، وربما استُهلك رمز التحقق الخاص به. أنشئ رمزاً جديداً من بوابة فاتورة وأدخله.",
	),
)
_UNREADABLE = Problem(
	"certificate-unreadable",
	Name(
		"ZATCA issued a certificate that cannot be read. Nothing was switched; start over with a new one-time password.",
		"أصدرت الهيئة شهادة لا يمكن قراءتها. لم يتغير شيء؛ ابدأ من جديد برمز تحقق جديد.",
	),
)
_FOREIGN = Problem(
	"certificate-foreign",
	Name(
		"ZATCA issued a certificate for another key than this device's. Nothing was switched; start over with a new "
		"one-time password.",
		"أصدرت الهيئة شهادة لمفتاح غير مفتاح هذا الجهاز. لم يتغير شيء؛ ابدأ من جديد برمز تحقق جديد.",
	),
)

_CSID_VOID = Name(
	"ZATCA no longer accepts the temporary certificate of this enrolment. Start over with a new one-time password.",
	"لم تعد الهيئة تقبل الشهادة المؤقتة لهذا الربط. ابدأ من جديد برمز تحقق جديد.",
)
_PRESENT_VOID = Name(
	"ZATCA no longer accepts the device's present certificate, so it cannot be renewed. Get a one-time password for a new "
	"device and enter it: the device is connected anew and its numbering goes on.",
	"لم تعد الهيئة تقبل شهادة الجهاز الحالية، لذا لا يمكن تجديدها. احصل على رمز تحقق لجهاز جديد وأدخله: يُربط الجهاز من جديد "
	"ويستمر ترقيمه.",
)


def step(enrolment: Enrolment, tools: Tools, *, otp: str = "") -> Enrolment:
	"""One step on: at most one call that ZATCA answers with a verdict.

	Whatever the core raises becomes the state's problem; what `save` or another tool raises beside that passes through.
	"""
	if enrolment.state.step is Step.DONE:
		return enrolment
	tools.progress(progress_of(enrolment))
	try:
		if enrolment.state.step is Step.KEY:
			return _make_key(enrolment, tools)
		if enrolment.state.step is Step.OTP:
			return _ask_for_csid(enrolment, tools, otp)
		if enrolment.state.step is Step.CHECKS:
			return _check_next(enrolment, tools)
		return _ask_for_production(enrolment, tools)
	except ZatcaError as error:
		return _stop(enrolment, tools, _problem_of(error))


def run(enrolment: Enrolment, tools: Tools, *, otp: str = "") -> Enrolment:
	"""Steps until the device is enrolled or a problem asks for a person. Call it again to go on."""
	while enrolment.state.step is not Step.DONE:
		enrolment = step(enrolment, tools, otp=otp)
		if enrolment.state.problem is not None:
			break
	tools.progress(progress_of(enrolment))
	return enrolment


def start_renewal(enrolment: Enrolment, *, fresh_key: bool = True) -> Enrolment:
	"""Begin the renewal of an enrolled device, with a new key or over the present one. The present CSID stays in use.

	Raises ConfigurationError where there is nothing to renew.
	"""
	state = enrolment.state
	if state.step is not Step.DONE or state.active is None:
		raise ConfigurationError("Only a device that is enrolled can be renewed.", code="NOT-ONBOARDED")
	first = Step.KEY if fresh_key else Step.OTP
	return enrolment.having(
		step=first, is_renewal=True, key_id=state.active.key_id, problem=None, pending=None
	)


def enrol_anew(enrolment: Enrolment) -> Enrolment:
	"""Begin a whole new enrolment on top of the history, for a CSID that was revoked or has expired.

	The identity in use stays so until the new one is stored; what still waits goes out under that one. The counter goes on.
	Raises ConfigurationError where the device has no CSID yet: then its first enrolment is the way.
	"""
	if enrolment.state.active is None:
		raise ConfigurationError(
			"Only a device that was enrolled can be enrolled anew.", code="NOT-ONBOARDED"
		)
	return enrolment.having(step=Step.KEY, is_renewal=False, problem=None, pending=None)


def start_over(enrolment: Enrolment) -> Enrolment:
	"""Back to the one-time password, keeping the key and the whole history; for a compliance CSID that leads nowhere.

	A renewal that ZATCA refuses to the present CSID leads nowhere either: it goes on as a new enrolment.
	"""
	state = enrolment.state
	if state.step in (Step.KEY, Step.DONE):
		return enrolment
	refused = state.step is Step.OTP and state.problem and state.problem.code == Kind.UNAUTHORISED.value
	return enrolment.having(
		step=Step.OTP, is_renewal=state.is_renewal and not refused, problem=None, pending=None
	)


def abandon(enrolment: Enrolment) -> Enrolment:
	"""Leave a renewal or a new enrolment half-way; the identity in use stays what it was.

	Raises ConfigurationError where the device has none to fall back on.
	"""
	if enrolment.state.active is None:
		raise ConfigurationError("This device has no CSID to go back to.", code="NOT-ONBOARDED")
	return enrolment.having(step=Step.DONE, is_renewal=False, problem=None, pending=None)


def progress_of(enrolment: Enrolment) -> Progress:
	"""Where the enrolment stands."""
	state = enrolment.state
	documents = len(needed_documents(state.invoice_map))
	total = documents + 3
	if state.step is Step.KEY:
		return Progress(0, total, Name("Making the device's key.", "إنشاء مفتاح الجهاز."))
	if state.step is Step.OTP:
		return Progress(1, total, Name("Asking for the compliance certificate.", "طلب شهادة الامتثال."))
	left = state.documents_left
	if state.step is Step.CHECKS and left:
		name = left[0].label
		text = Name(f"Checking with ZATCA: {name.en}.", f"فحص لدى الهيئة: {name.ar}.")
		return Progress(2 + documents - len(left), total, text)
	if state.step is Step.DONE:
		return Progress(total, total, Name("The device is enrolled.", "اكتمل ربط الجهاز."))
	return Progress(total - 1, total, Name("Asking for the production certificate.", "طلب شهادة الإنتاج."))


def _make_key(enrolment: Enrolment, tools: Tools) -> Enrolment:
	key = tools.make_key()
	csr = tools.make_csr(key)
	key_id = enrolment.state.next_id("key")
	record = KeyRecord(key_id, csr.decode(), tools.now())
	with_key = replace(enrolment, secrets=enrolment.secrets.with_key(key_id, key.reference))
	keys = (*enrolment.state.keys, record)
	return _store(with_key.having(keys=keys, key_id=key_id, step=Step.OTP, problem=None, pending=None), tools)


def _ask_for_csid(enrolment: Enrolment, tools: Tools, otp: str) -> Enrolment:
	state = enrolment.state
	if not otp.strip():
		return _stop(enrolment, tools, _OTP_SPENT if state.pending else _OTP_NEEDED)
	client = tools.client
	if state.is_renewal:
		assert state.active is not None
		client = client.with_credentials(credentials_of(enrolment, state.active))
	key = next(record for record in state.keys if record.id == state.key_id)
	endpoint = Endpoint.RENEWAL if state.is_renewal else Endpoint.COMPLIANCE_CSID
	ask = client.renew_csid if state.is_renewal else client.request_compliance_csid
	waiting = _store(enrolment.having(pending=Pending(endpoint, tools.now()), problem=None), tools)
	try:
		outcome = _try(lambda: ask(key.csr_pem.encode(), otp), tools)
	except InvalidInput as error:
		return _stop(waiting.having(pending=None), tools, _problem_of(error))
	answered = waiting.having(pending=None)
	if outcome.csid is None:
		if outcome.kind is Kind.CSID_REFUSED:
			# The details in the request are at fault: once they are corrected a new request is made, over a new key.
			answered = answered.having(step=Step.KEY)
		return _stop(answered, tools, _problem(outcome))
	is_final = (
		state.is_renewal
		and outcome.kind is Kind.CSID_ISSUED
		and not is_from_compliance_authority(outcome.csid.token)
	)
	return _adopt(answered, tools, outcome, Role.PRODUCTION if is_final else Role.COMPLIANCE, key.id)


def _check_next(enrolment: Enrolment, tools: Tools) -> Enrolment:
	state = enrolment.state
	identity = state.compliance
	if identity is None:
		return _store(start_over(enrolment), tools)
	left = state.documents_left
	if not left:
		return _store(enrolment.having(step=Step.PRODUCTION, pending=None, problem=None), tools)
	flight = state.pending.check if state.pending else None
	if flight is None:
		order = Order(
			left[0],
			state.next_position,
			key_of(enrolment, identity.key_id),
			Certificate.from_token(identity.token),
			tools.now(),
		)
		flight = CheckInFlight(order.document, order.position, tools.make_document(order))
	document = flight.signed
	pending = Pending(Endpoint.COMPLIANCE_CHECK, tools.now(), flight)
	waiting = _store(enrolment.having(pending=pending, problem=None), tools)
	client = tools.client.with_credentials(credentials_of(enrolment, identity))
	outcome = _try(lambda: client.check_compliance(document), tools)
	if not outcome.is_final:
		# No verdict: the document stays pending, and the same bytes go again when the person goes on.
		return _stop(waiting, tools, _problem(outcome))
	check = Check(
		identity.id,
		flight.document,
		flight.position.icv,
		flight.position.pih,
		document.invoice_hash,
		document.uuid,
		tools.now(),
		outcome.kind,
		outcome.messages,
		b"" if outcome.kind is Kind.COMPLIANCE_PASSED else document.xml,
	)
	judged = waiting.having(pending=None, checks=(*state.checks, check))
	return _store(judged, tools) if check.passed else _stop(judged, tools, _problem(outcome))


def _ask_for_production(enrolment: Enrolment, tools: Tools) -> Enrolment:
	state = enrolment.state
	identity = state.compliance
	if identity is None:
		return _store(start_over(enrolment), tools)
	client = tools.client.with_credentials(credentials_of(enrolment, identity))
	pending = Pending(Endpoint.PRODUCTION_CSID, tools.now())
	waiting = _store(enrolment.having(pending=pending, problem=None), tools)
	# an answer that was lost is noted before the repetition: the gateway may list a certificate of which nobody has the secret
	outcome = _try(
		lambda: client.request_production_csid(identity.request_id),
		tools,
		lost=lambda: _store(waiting, tools),
	)
	if outcome.csid is not None:
		return _adopt(waiting.having(pending=None), tools, outcome, Role.PRODUCTION, identity.key_id)
	if outcome.kind is Kind.CHECKS_MISSING:
		again = waiting.having(pending=None, step=Step.CHECKS, counted_from=len(state.checks))
		return _stop(again, tools, _problem(outcome))
	return _stop(waiting, tools, _problem(outcome))


def _adopt(enrolment: Enrolment, tools: Tools, outcome: Outcome, role: Role, key_id: str) -> Enrolment:
	csid = outcome.csid
	assert csid is not None
	identity = identity_from(csid, role, enrolment, key_id, tools.now())
	taken = replace(enrolment, secrets=enrolment.secrets.with_csid(identity.id, csid.secret))
	taken = taken.having(identities=(*enrolment.state.identities, identity))
	if not identity.is_usable:
		return _stop(taken, tools, _FOREIGN if identity.is_readable else _UNREADABLE)
	if role is Role.PRODUCTION:
		done = taken.having(step=Step.DONE, active_id=identity.id, is_renewal=False, problem=None)
		return _store(done, tools)
	return _store(taken.having(step=Step.CHECKS, problem=None), tools)


def _try(call: Callable[[], Reply], tools: Tools, lost: Callable[[], object] = lambda: None) -> Outcome:
	attempt, unexplained = 1, 0
	while True:
		outcome = call().outcome
		unexplained = unexplained + 1 if outcome.kind is Kind.UNEXPLAINED_REFUSAL else 0
		wait = decide(outcome, attempt, tools.now(), tools.rng, tools.policy, unexplained=unexplained).wait
		if wait is None:
			return outcome
		if outcome.kind is Kind.UNKNOWN:
			lost()
		tools.sleep(wait)
		attempt += 1


def _store(enrolment: Enrolment, tools: Tools) -> Enrolment:
	tools.save(enrolment)
	return enrolment


def _stop(enrolment: Enrolment, tools: Tools, problem: Problem) -> Enrolment:
	return _store(enrolment.having(problem=problem), tools)


def _problem(outcome: Outcome) -> Problem:
	if may_have_spent_password(outcome):
		return replace(_OTP_SPENT, detail=outcome.detail)
	problem = Problem.of(outcome)
	if outcome.kind is Kind.UNAUTHORISED and outcome.endpoint is not Endpoint.COMPLIANCE_CSID:
		return replace(
			problem, sentence=_PRESENT_VOID if outcome.endpoint is Endpoint.RENEWAL else _CSID_VOID
		)
	return problem


def _problem_of(error: ZatcaError) -> Problem:
	said = error.diagnostics()
	return Problem(
		error.code or type(error).__name__,
		Name(said, f"تعذّرت هذه الخطوة. اعرض هذا النص على مسؤول النظام: {said}"),
	)
