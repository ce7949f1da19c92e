"""The simulator's clock: real time by default, any time a test wants, and an offset that an admin call can move.

Takes: a callable that returns an aware datetime. Gives: aware UTC times. Never reads a naive clock, because a day
boundary in Riyadh is three hours away from one in UTC.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Clock = Callable[[], datetime]


def utc_now() -> datetime:
	"""The machine's time as an aware UTC datetime."""
	return datetime.now(timezone.utc)


class ShiftedClock:
	"""A base clock plus an offset that may be moved while the simulator runs, so that a day can pass in no time."""

	def __init__(self, base: Clock = utc_now, offset: timedelta = timedelta(0)) -> None:
		self._base = base
		self._offset = offset
		self._lock = threading.Lock()

	def __call__(self) -> datetime:
		with self._lock:
			return self._base().astimezone(timezone.utc) + self._offset

	def advance(self, by: timedelta) -> timedelta:
		"""Move the clock and return the whole offset. Going back is allowed: clocks do."""
		with self._lock:
			self._offset += by
			return self._offset
