"""The circuit breaker of a site: after several failures in a row only one trial at a time goes to a gateway.

Takes outcomes of calls; gives whether a call may go out now, and for outage mode and the doctor how long nothing has worked.
One state for each endpoint of a gateway, for clearance may be away while reporting works; shared by all processes of the site in
Redis; where Redis has forgotten it, it is made again from the attempts on record, so that "since when" is never shorter than it was. A person never makes the trial call:
it may last a minute. Never blocks anything by failing itself: without Redis every call may go. Source: ZATCA.md section 5;
TAX.md section 2 (a failure is notified at once, and its length matters).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import frappe
from redis.exceptions import RedisError

from bayancore_erp.zatca.adapter.clock import on_site
from bayancore_erp.zatca.adapter.vault import gateway_of
from bayancore_erp.zatca.core.client import Breaker, Gateway
from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Outcome
from bayancore_erp.zatca.core.pipeline import RIYADH

KEY = "zatca_breaker"
ENDPOINTS = (Endpoint.CLEARANCE, Endpoint.REPORTING)
# Attempts looked at to make the state again: a gateway that failed more often in a row has been down long enough.
REMEMBERED = 500
KEEP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
	"""How the line to one endpoint of a gateway stands."""

	gateway: str
	"""Its address, environment included."""
	state: str
	"""Closed: it works. Open: calls wait. Half-Open: the next call is a trial, or one is under way."""
	failures: int
	"""In a row, up to now."""
	since: datetime | None
	"""Since when no call was answered, in the site's time as `now_datetime` has it; None while it works."""
	next_trial_at: datetime | None
	"""When the next call may go out, while open."""

	@property
	def is_down(self) -> bool:
		"""Whether ordinary calls wait."""
		return self.state != "Closed"

	def outage(self, now: datetime) -> timedelta:
		"""For how long nothing has worked, at the site's time `now`."""
		return now - self.since if self.since else timedelta(0)


def state(gateway: Gateway, endpoint: Endpoint) -> Line:
	"""How the line stands now."""
	found, now = read(gateway, endpoint), utc_now()
	word = "Closed"
	if found.is_open:
		word = "Half-Open" if found.admits(now) else "Open"
	return Line(
		gateway.base_url,
		word,
		found.failures,
		found.failing_since and on_site(found.failing_since),
		on_site(found.next_trial_at) if found.is_open and found.next_trial_at else None,
	)


def of_device(device: str) -> list[Line]:
	"""How the lines of a device stand. Raises ConfigurationError for a device without an address."""
	gateway = gateway_of(frappe.get_cached_doc("ZATCA Device", device))
	return [state(gateway, endpoint) for endpoint in ENDPOINTS]


def admits(gateway: Gateway, endpoint: Endpoint, *, trial: bool = True) -> bool:
	"""Whether a call may go out now. While open: to one caller that may make the `trial`, every half minute."""
	now, admitted = utc_now(), True

	def ask(before: Breaker) -> Breaker:
		nonlocal admitted
		admitted = not before.is_open or (trial and before.admits(now))
		return before.trying(now) if admitted else before

	change(gateway, endpoint, ask)
	return admitted


def record(gateway: Gateway, outcome: Outcome) -> None:
	"""Count a call that has ended."""
	now = utc_now()
	change(gateway, outcome.endpoint, lambda before: before.after(outcome, now))


# --- the shared state -------------------------------------------------------------------------------------------------
def read(gateway: Gateway, endpoint: Endpoint) -> Breaker:
	"""The state as it is shared now."""
	try:
		stored = frappe.cache.get(key_of(gateway, endpoint))
	except RedisError:
		stored = None
	return from_text(stored) if stored else remembered(gateway, endpoint)


def change(gateway: Gateway, endpoint: Endpoint, turn: Callable[[Breaker], Breaker]) -> None:
	"""Replace the state by what `turn` makes of it, as if nobody else did at the same time."""
	key = key_of(gateway, endpoint)

	def work(pipe: Any) -> None:
		stored = pipe.get(key)
		before = from_text(stored) if stored else remembered(gateway, endpoint)
		after = turn(before)
		pipe.multi()
		if after != before or not stored:
			pipe.set(key, as_text(after), ex=KEEP)

	try:
		frappe.cache.transaction(work, key)
	except RedisError:
		turn(remembered(gateway, endpoint))


def key_of(gateway: Gateway, endpoint: Endpoint) -> bytes:
	"""The site's key for one line."""
	return bytes(frappe.cache.make_key(f"{KEY}:{gateway.base_url}:{endpoint.value}"))


def remembered(gateway: Gateway, endpoint: Endpoint) -> Breaker:
	"""The state as the answers on record tell it: the failures after the last answer that was one."""
	rows = frappe.get_all(
		"ZATCA Attempt",
		filters={
			"row_kind": "Answer",
			"endpoint": endpoint.value,
			"url": ("like", f"{gateway.base_url}/%"),
		},
		fields=["http_status", "outcome", "endpoint", "started_at", "duration_ms"],
		order_by="modified desc",
		limit=REMEMBERED,
	)
	failing = Breaker()
	for row in reversed(rows):
		outcome = Outcome(Kind(row.outcome), Endpoint(row.endpoint), row.http_status or None)
		ended = row.started_at + timedelta(milliseconds=row.duration_ms or 0)
		failing = failing.after(outcome, ended.replace(tzinfo=RIYADH).astimezone(timezone.utc))
	return failing


def as_text(breaker: Breaker) -> str:
	"""For Redis."""
	moments = (breaker.failing_since, breaker.next_trial_at)
	return json.dumps([breaker.failures, *(moment and moment.isoformat() for moment in moments)])


def from_text(text: bytes) -> Breaker:
	"""From Redis."""
	failures, since, trial = json.loads(text)
	return Breaker(
		int(failures), since and datetime.fromisoformat(since), trial and datetime.fromisoformat(trial)
	)


def utc_now() -> datetime:
	"""The time with its zone."""
	return datetime.now(timezone.utc)
