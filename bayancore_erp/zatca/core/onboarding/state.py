"""What is known of a device's enrolment: a value that can be stored after every step, its secrets apart.

`OnboardingState` holds nothing secret and goes to and from JSON (`stored`); `Secrets` holds keys and CSID secrets, masked, and is for
a vault. Both only ever grow: keys, identities and checks are appended, never changed or dropped.
Source: ZATCA.md sections 4 to 6; promises 1 and 10 (DESIGN.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from bayancore_erp.zatca.core.chain import START, ChainPosition
from bayancore_erp.zatca.core.client import SignedDocument
from bayancore_erp.zatca.core.codes import Environment, Name
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.onboarding.documents import CheckDocument, needed_documents
from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Message, Outcome


class Step(str, Enum):
	"""Where the enrolment stands: the step that comes next."""

	KEY = "key"
	OTP = "otp"
	CHECKS = "checks"
	PRODUCTION = "production"
	DONE = "done"


class Role(str, Enum):
	"""What an identity is good for."""

	COMPLIANCE = "compliance"
	PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class KeyRecord:
	"""A key pair that was made, and the request for a certificate over it. The key itself is in `Secrets`."""

	id: str
	csr_pem: str = field(repr=False)
	made_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
	"""A CSID as it was issued. Its secret is in `Secrets` under its id."""

	id: str
	role: Role
	key_id: str
	request_id: str
	token: str = field(repr=False)
	issued_at: datetime
	is_readable: bool
	fits_key: bool
	"""Whether the certificate is over our key. The sandbox hands everyone the same dummy as production CSID."""
	is_usable: bool
	not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Check:
	"""A compliance document on which ZATCA has given its verdict."""

	identity_id: str
	document: CheckDocument
	icv: int
	pih: str
	invoice_hash: str
	uuid: str
	checked_at: datetime
	kind: Kind
	messages: tuple[Message, ...] = ()
	failed_xml: bytes = field(default=b"", repr=False)
	"""The document itself, kept where it failed, for whoever has to find out why."""

	@property
	def passed(self) -> bool:
		"""Whether ZATCA accepted it."""
		return self.kind is Kind.COMPLIANCE_PASSED


@dataclass(frozen=True, slots=True)
class CheckInFlight:
	"""A signed compliance document without a verdict yet: these very bytes go again."""

	document: CheckDocument
	position: ChainPosition
	signed: SignedDocument


@dataclass(frozen=True, slots=True)
class Pending:
	"""A call that was about to be made when the state was stored; found again only after a crash or without a verdict."""

	endpoint: Endpoint
	since: datetime
	check: CheckInFlight | None = None


@dataclass(frozen=True, slots=True)
class Problem:
	"""Why the enrolment stopped, for the person: what happened and what to do, in both languages."""

	code: str
	sentence: Name
	detail: str = ""
	messages: tuple[Message, ...] = ()

	@classmethod
	def of(cls, outcome: Outcome) -> Problem:
		"""The problem that an outcome is."""
		return cls(outcome.kind.value, outcome.sentence, outcome.detail, outcome.messages)


@dataclass(frozen=True, slots=True)
class OnboardingState:
	"""The whole enrolment but its secrets. A new one per device; stored as `to_json` writes it."""

	environment: Environment
	invoice_map: str
	step: Step = Step.KEY
	is_renewal: bool = False
	key_id: str = ""
	"""The key that a certificate is being asked for."""
	keys: tuple[KeyRecord, ...] = ()
	identities: tuple[Identity, ...] = ()
	checks: tuple[Check, ...] = ()
	counted_from: int = 0
	"""Checks before this place do not count any more: ZATCA said it misses steps that we had seen pass."""
	pending: Pending | None = None
	problem: Problem | None = None
	active_id: str = ""
	"""The production identity in use; a renewal changes it only once its successor is stored."""

	@property
	def active(self) -> Identity | None:
		"""The production identity that invoices are sent with."""
		return next((identity for identity in self.identities if identity.id == self.active_id), None)

	@property
	def compliance(self) -> Identity | None:
		"""The compliance identity of the current run, the latest usable one."""
		usable = [i for i in self.identities if i.role is Role.COMPLIANCE and i.is_usable]
		return usable[-1] if usable else None

	@property
	def documents_left(self) -> tuple[CheckDocument, ...]:
		"""The compliance documents still to be passed by the current compliance identity."""
		current = self.compliance
		passed = {
			check.document
			for check in self.checks[self.counted_from :]
			if current and check.identity_id == current.id and check.passed
		}
		return tuple(document for document in needed_documents(self.invoice_map) if document not in passed)

	@property
	def next_position(self) -> ChainPosition:
		"""Counter and previous hash of the next compliance document: each compliance CSID has a chain of its own."""
		current = self.compliance
		own = [check for check in self.checks if current and check.identity_id == current.id]
		return ChainPosition(own[-1].icv, own[-1].pih).after(own[-1].invoice_hash) if own else START

	def next_id(self, prefix: str) -> str:
		"""A name that no key or identity of this enrolment has had."""
		names = [key.id for key in self.keys] + [identity.id for identity in self.identities]
		return f"{prefix}-{sum(name.startswith(prefix + '-') for name in names) + 1}"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
	"""Private keys (their references, by key id) and CSID secrets (by identity id). Prints as counts only."""

	keys: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
	csids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

	def __repr__(self) -> str:
		return f"Secrets({len(self.keys)} keys, {len(self.csids)} CSID secrets, not shown)"

	def __reduce__(self) -> str:
		raise TypeError("Secrets are not pickled; give `reveal()` to the vault.")

	def with_key(self, key_id: str, pem: bytes) -> Secrets:
		"""With one key more. Raises InvalidInput rather than replace one."""
		_require_new(self.keys, key_id)
		return replace(self, keys=MappingProxyType({**self.keys, key_id: pem}))

	def with_csid(self, identity_id: str, secret: str) -> Secrets:
		"""With the secret of one identity more. Raises InvalidInput rather than replace one."""
		_require_new(self.csids, identity_id)
		return replace(self, csids=MappingProxyType({**self.csids, identity_id: secret}))

	def reveal(self) -> dict[str, dict[str, str]]:
		"""Everything in clear, for the vault and nothing else."""
		return {"keys": {name: pem.decode() for name, pem in self.keys.items()}, "csids": dict(self.csids)}

	@classmethod
	def restore(cls, revealed: Mapping[str, Mapping[str, str]]) -> Secrets:
		"""What `reveal` gave, back from the vault."""
		return cls(
			MappingProxyType({name: pem.encode() for name, pem in revealed.get("keys", {}).items()}),
			MappingProxyType(dict(revealed.get("csids", {}))),
		)


@dataclass(frozen=True, slots=True)
class Enrolment:
	"""State and secrets, which are stored in one go but in two places."""

	state: OnboardingState
	secrets: Secrets = field(default_factory=Secrets)

	def having(self, **changes: object) -> Enrolment:
		"""With other values in the state, the secrets as they are."""
		return replace(self, state=replace(self.state, **changes))  # type: ignore[arg-type]


def start(environment: Environment, invoice_map: str) -> Enrolment:
	"""A new enrolment. Raises InvalidInput for an invoice map without a type."""
	needed_documents(invoice_map)
	return Enrolment(OnboardingState(environment, invoice_map))


def _require_new(kept: Mapping[str, object], name: str) -> None:
	if name in kept:
		raise InvalidInput(
			"A key or secret of this name is kept already; nothing is overwritten.", field=name
		)
