"""A circuit breaker as a value: after several failures in a row only one trial at a time goes to the gateway.

Takes outcomes and times; gives the next breaker. Pure, and plain enough to be stored between processes; who stores it
under which lock is the adapter's affair. `outage` tells how long nothing has worked: outage mode (TAX.md section 2)
asks for it. Never counts a refusal as a failure: a gateway that says no is alive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bayancore_erp.zatca.core.outcome import Kind, Outcome

FAILURES_TO_OPEN = 5
PAUSE = timedelta(seconds=30)
"""Between two trials while open; a trial that never reports back blocks the next one no longer than this."""

_DOWN = frozenset({Kind.UNAVAILABLE, Kind.NEVER_SENT})


@dataclass(frozen=True, slots=True)
class Breaker:
	"""The state of the line to one gateway. A new one is closed: everything may pass."""

	failures: int = 0
	failing_since: datetime | None = None
	next_trial_at: datetime | None = None

	@property
	def is_open(self) -> bool:
		"""Whether ordinary calls should wait."""
		return self.failures >= FAILURES_TO_OPEN

	def admits(self, now: datetime) -> bool:
		"""Whether a call may go out now. Who makes it while open stores `trying(now)` first."""
		return not self.is_open or self.next_trial_at is None or now >= self.next_trial_at

	def trying(self, now: datetime) -> Breaker:
		"""The breaker while a trial is under way: the others wait for its end."""
		return replace(self, next_trial_at=now + PAUSE) if self.is_open else self

	def after(self, outcome: Outcome, now: datetime) -> Breaker:
		"""The breaker once a call has ended."""
		if not _is_failure(outcome):
			return Breaker()
		return Breaker(self.failures + 1, self.failing_since or now, now + PAUSE)

	def outage(self, now: datetime) -> timedelta:
		"""How long the gateway has been failing without a single answer in between."""
		return now - self.failing_since if self.failing_since else timedelta(0)


def _is_failure(outcome: Outcome) -> bool:
	return outcome.kind in _DOWN or (outcome.kind is Kind.UNKNOWN and outcome.status is None)
