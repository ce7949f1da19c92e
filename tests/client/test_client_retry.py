"""Trying again is decided without clock, sleep or network; so is leaving a dead gateway alone."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayancore_erp.zatca.core.client import Breaker, RetryPolicy, decide
from bayancore_erp.zatca.core.client.breaker import FAILURES_TO_OPEN, PAUSE
from bayancore_erp.zatca.core.client.retry import (
	DOCUMENTS,
	WHILE_SOMEONE_WAITS,
	may_have_spent_password,
	retry_after_seconds,
)
from bayancore_erp.zatca.core.outcome import Endpoint, Kind, NextAction, Outcome

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
AGAIN = {
	Kind.RATE_LIMITED,
	Kind.UNAVAILABLE,
	Kind.UNKNOWN,
	Kind.NEVER_SENT,
	Kind.UNEXPLAINED_REFUSAL,
	Kind.CLEARED_COPY_MISSING,
}


def outcome(kind: Kind, endpoint: Endpoint = Endpoint.REPORTING, **more: object) -> Outcome:
	return Outcome(kind, endpoint, more.pop("status", 503), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", Kind)
def test_only_the_same_bytes_are_ever_repeated(kind: Kind) -> None:
	decision = decide(outcome(kind), 1, NOW, random.Random(1))
	assert (decision.wait is not None) == (kind in AGAIN)
	assert (outcome(kind).action is NextAction.RESEND_SAME_BYTES) == (kind in AGAIN)


@pytest.mark.parametrize("endpoint", [Endpoint.COMPLIANCE_CSID, Endpoint.RENEWAL])
def test_a_password_that_may_be_spent_is_not_repeated(endpoint: Endpoint) -> None:
	assert decide(outcome(Kind.UNKNOWN, endpoint), 1, NOW, random.Random()).wait is None
	assert decide(outcome(Kind.NEVER_SENT, endpoint), 1, NOW, random.Random()).wait is not None


@pytest.mark.parametrize("endpoint", [Endpoint.COMPLIANCE_CSID, Endpoint.RENEWAL, Endpoint.PRODUCTION_CSID])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_gateway_that_failed_half_way_may_have_spent_the_password(endpoint: Endpoint, status: int) -> None:
	failed = outcome(Kind.UNAVAILABLE, endpoint, status=status)
	again = endpoint is Endpoint.PRODUCTION_CSID or status in (408, 503)
	assert (decide(failed, 1, NOW, random.Random()).wait is not None) == again
	assert may_have_spent_password(failed) != again


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 119), st.integers(), st.sampled_from([DOCUMENTS, RetryPolicy(base=1, longest=30)]))
def test_pauses_grow_jittered_and_capped(attempt: int, seed: int, policy: RetryPolicy) -> None:
	wait = decide(outcome(Kind.UNAVAILABLE), attempt, NOW, random.Random(seed), policy).wait
	assert wait is not None and 0 <= wait <= min(policy.longest, policy.base * 2 ** (attempt - 1))


def test_jitter_is_full() -> None:
	waits = [decide(outcome(Kind.UNKNOWN), 5, NOW, random.Random(seed)).wait or 0 for seed in range(400)]
	assert min(waits) < 2 and max(waits) > 30 and 13 < sum(waits) / len(waits) < 19


def test_attempts_end() -> None:
	def ends(kind: Kind, policy: RetryPolicy = DOCUMENTS) -> int:
		return next(
			n for n in range(1, 999) if decide(outcome(kind), n, NOW, random.Random(n), policy).wait is None
		)

	assert ends(Kind.UNAVAILABLE) == 120
	assert ends(Kind.UNEXPLAINED_REFUSAL) == 4
	assert ends(Kind.UNAVAILABLE, WHILE_SOMEONE_WAITS) == 4


def test_only_refusals_in_a_row_count_as_unexplained() -> None:
	def wait(kind: Kind, attempt: int, unexplained: int) -> float | None:
		return decide(outcome(kind), attempt, NOW, random.Random(1), unexplained=unexplained).wait

	assert wait(Kind.UNEXPLAINED_REFUSAL, 5, 1) is not None
	assert wait(Kind.UNEXPLAINED_REFUSAL, 7, 3) is not None
	assert wait(Kind.UNEXPLAINED_REFUSAL, 8, 4) is None
	assert wait(Kind.UNEXPLAINED_REFUSAL, 120, 1) is None
	assert wait(Kind.UNAVAILABLE, 8, 4) is not None


def test_a_day_of_trying() -> None:
	rng = random.Random(7)
	total = sum(decide(outcome(Kind.UNAVAILABLE), n, NOW, rng).wait or 0 for n in range(1, 120))
	assert 10 * 3600 < total < 30 * 3600


@pytest.mark.parametrize(
	("header", "seconds"),
	[
		("0", 0),
		("120", 120),
		(" 7 ", 7),
		("9" * 400, 999999999),
		(format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
		(format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
		("Sat, 21 Nov 2026 09:01:00", 60),
		("Sat, 21 Nov 2026 12:01:00 +0300", 60),
		("", None),
		("soon", None),
		("-5", None),
		("1.5", None),
		("١٢", None),
		("Sat, 99 Nov 2026 09:01:00 GMT", None),
		("Sat, 21 Nov 99999 09:01:00 GMT", None),
	],
)
def test_retry_after(header: str, seconds: int | None) -> None:
	assert retry_after_seconds(header, NOW) == seconds


@given(st.text(max_size=40))
def test_retry_after_never_raises(header: str) -> None:
	assert (retry_after_seconds(header, NOW) or 0) >= 0


def test_the_gateways_own_time_comes_first_and_is_capped() -> None:
	def wait(header: str) -> float:
		said = outcome(Kind.RATE_LIMITED, retry_after=header)
		return decide(said, 1, NOW, random.Random(3)).wait or 0

	assert 120 <= wait("120") <= 122
	assert 3600 <= wait("999999") <= 3602
	assert 0 <= wait("never") <= 2


def test_breaker_opens_lets_one_try_and_closes() -> None:
	breaker = Breaker()
	now = NOW
	for _ in range(FAILURES_TO_OPEN):
		assert breaker.admits(now) and not breaker.is_open
		breaker = breaker.trying(now).after(outcome(Kind.UNAVAILABLE), now)
		now += timedelta(seconds=60)
	opened_at = now - timedelta(seconds=60)
	assert breaker.is_open and not breaker.admits(opened_at)
	assert breaker.admits(opened_at + PAUSE)
	trial = breaker.trying(opened_at + PAUSE)
	assert not trial.admits(opened_at + PAUSE + timedelta(seconds=1))
	assert trial.admits(opened_at + PAUSE * 2)
	assert breaker.outage(now) == timedelta(seconds=60 * FAILURES_TO_OPEN)
	assert trial.after(outcome(Kind.REJECTED, status=400), now) == Breaker()


@pytest.mark.parametrize(
	("kind", "status", "failure"),
	[
		(Kind.UNAVAILABLE, 503, True),
		(Kind.NEVER_SENT, None, True),
		(Kind.UNKNOWN, None, True),
		(Kind.UNKNOWN, 200, False),
		(Kind.RATE_LIMITED, 429, False),
		(Kind.UNAUTHORISED, 401, False),
		(Kind.CLEARED, 200, False),
	],
)
def test_what_counts_as_an_outage(kind: Kind, status: int | None, failure: bool) -> None:
	after = Breaker(2, NOW).after(outcome(kind, status=status), NOW + timedelta(minutes=5))
	assert after.outage(NOW + timedelta(minutes=6)) == timedelta(minutes=6 if failure else 0)
