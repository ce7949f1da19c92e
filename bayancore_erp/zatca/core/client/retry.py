"""Whether and when to try again: a pure decision, without clock, sleep or network.

Takes the outcome of the latest attempt, how many there were, the time and a source of randomness; gives a `Decision`.
Never asks for anything but the same bytes again. Exponential growth with full jitter, so that many devices that lost the
gateway together do not come back together; the gateway's own Retry-After comes first.
Source: ZATCA.md section 5 (429, 5xx, timeouts: identical resend with backoff), RFC 9110 section 10.2.3.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from bayancore_erp.zatca.core.outcome import Endpoint, Kind, NextAction, Outcome

_ONE_TIME = frozenset({Endpoint.COMPLIANCE_CSID, Endpoint.RENEWAL})
# The gateway failed while it worked, or lost what stands behind it: the call may have been carried out.
_HALF_DONE = frozenset({500, 502, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
	"""Seconds and counts. The defaults try a document for about a day, in ever longer pauses."""

	base: float = 2
	"""Upper bound of the first pause; doubles with every attempt."""
	longest: float = 900
	"""No pause of ours is longer."""
	longest_asked: float = 3600
	"""No Retry-After of the gateway is obeyed for longer."""
	max_attempts: int = 120
	max_unexplained: int = 4
	"""Refusals without a reason, one after the other, after which they are a person's affair."""


DOCUMENTS = RetryPolicy()
WHILE_SOMEONE_WAITS = RetryPolicy(base=1, longest=10, longest_asked=30, max_attempts=4)


@dataclass(frozen=True, slots=True)
class Decision:
	"""`wait` in seconds before the same bytes go again; None: stop, for the reason given."""

	wait: float | None
	reason: str


def decide(
	outcome: Outcome,
	attempt: int,
	now: datetime,
	rng: random.Random,
	policy: RetryPolicy = DOCUMENTS,
	*,
	unexplained: int | None = None,
) -> Decision:
	"""What follows the `attempt`-th attempt (the first is 1) that ended in `outcome` at `now` (with a time zone).

	`unexplained` of the latest attempts, one after the other, were refused without a reason; all, if it is not said.
	"""
	if outcome.action is not NextAction.RESEND_SAME_BYTES:
		return Decision(None, f"{outcome.kind.value}: the next action is {outcome.action.value}")
	if may_have_spent_password(outcome):
		return Decision(None, "the one-time password may have been used up")
	refused = attempt if unexplained is None else unexplained
	if attempt >= policy.max_attempts or (
		outcome.kind is Kind.UNEXPLAINED_REFUSAL and refused >= policy.max_unexplained
	):
		return Decision(None, f"{attempt} attempts ended in {outcome.kind.value}")
	ceiling = min(policy.longest, policy.base * 2 ** min(max(attempt, 1) - 1, 30))
	pause = rng.uniform(0, ceiling)
	asked = retry_after_seconds(outcome.retry_after, now)
	if asked is None:
		return Decision(pause, outcome.kind.value)
	# Everyone who was told the same second must not come back in the same second.
	return Decision(
		min(asked, policy.longest_asked) + rng.uniform(0, policy.base), "the gateway named the time"
	)


def may_have_spent_password(outcome: Outcome) -> bool:
	"""Whether a call with a one-time password may have arrived and used it up. Source: ZATCA.md section 5."""
	return outcome.endpoint in _ONE_TIME and (
		outcome.kind is Kind.UNKNOWN or (outcome.kind is Kind.UNAVAILABLE and outcome.status in _HALF_DONE)
	)


def retry_after_seconds(header: str, now: datetime) -> int | None:
	"""Seconds that a Retry-After header asks for, as a number or as an HTTP date; None where it says neither."""
	text = header.strip()
	if text.isascii() and text.isdigit():
		return int(text[:9])
	try:
		when = parsedate_to_datetime(text)
	except (ValueError, TypeError, IndexError, OverflowError):
		return None
	if when.tzinfo is None:
		when = when.replace(tzinfo=timezone.utc)
	# Up to the next whole second: one too early is one refusal more.
	return max(0, -int((now - when).total_seconds() // 1))
