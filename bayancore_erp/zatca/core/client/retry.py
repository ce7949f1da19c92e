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

# A one-time password is used up by whatever call arrives, so a call that may have arrived is not repeated with it.
_ONE_TIME = frozenset({Endpoint.COMPLIANCE_CSID, Endpoint.RENEWAL})


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
	"""Attempts after which a refusal without a reason is a person's affair."""


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
) -> Decision:
	"""What follows the `attempt`-th attempt (the first is 1) that ended in `outcome` at `now` (with a time zone)."""
	if outcome.action is not NextAction.RESEND_SAME_BYTES:
		return Decision(None, f"{outcome.kind.value}: the next action is {outcome.action.value}")
	if outcome.endpoint in _ONE_TIME and outcome.kind is Kind.UNKNOWN:
		return Decision(None, "the one-time password may have been used up")
	unexplained = outcome.kind is Kind.UNEXPLAINED_REFUSAL
	allowed = min(policy.max_attempts, policy.max_unexplained) if unexplained else policy.max_attempts
	if attempt >= allowed:
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
