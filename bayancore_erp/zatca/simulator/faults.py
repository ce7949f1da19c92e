"""Faults on demand: the bad days of a gateway, each with a kind, a place, a moment and a count.

Takes: a description such as `drop`, `delay=2:reporting:3` or `504-html:clearance:1:after`. Gives: the fault that a
call meets, if any. Never touches what a call records: a fault before the work leaves no trace of the document, one
after it leaves the document accepted and the sender in doubt. Lives in memory only; a restart is a good day.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator import answers
from bayancore_erp.zatca.simulator.answers import Answer

CSID_ENDPOINTS = ("compliance-csid", "production-csid", "renewal")
ENDPOINTS = (*CSID_ENDPOINTS, "compliance-check", "reporting", "clearance")
_STATUSES = (401, 406, 413, 429, 500, 502, 503, 504)
KINDS = (
	"drop",
	"delay",
	"truncated-json",
	"cut",
	"empty",
	"400-empty",
	*(str(status) for status in _STATUSES),
	*(f"{status}-html" for status in _STATUSES if status >= 500),
)
# What the network does to an answer happens after the work, what a gateway in front of it does happens before.
_AFTER = ("drop", "delay", "truncated-json", "cut", "empty")
ALWAYS = -1


@dataclass(frozen=True, slots=True)
class Fault:
	"""One kind of bad day.

	`endpoint` one of ENDPOINTS or `*`; `count` how many calls it hits, ALWAYS for every one; `skip` how many it lets
	pass first; `after` whether the work is done and recorded before it strikes; `seconds` the length of a delay or
	the value of Retry-After.
	"""

	kind: str
	endpoint: str = "*"
	count: int = 1
	after: bool = False
	seconds: int = 0
	skip: int = 0

	def __post_init__(self) -> None:
		if self.kind not in KINDS:
			raise InvalidInput(f"There is no fault {self.kind!r}.", hint="Known: " + ", ".join(KINDS))
		if self.endpoint not in ("*", *ENDPOINTS):
			raise InvalidInput(
				f"There is no endpoint {self.endpoint!r}.", hint="Known: *, " + ", ".join(ENDPOINTS)
			)
		if self.seconds < 0 or self.skip < 0 or (self.count < 1 and self.count != ALWAYS):
			raise InvalidInput("A fault's count, skip and seconds cannot be negative.")

	@classmethod
	def make(cls, kind: str, endpoint: str = "*", count: int = 1, **options: Any) -> Fault:
		"""A fault at the moment that is usual for its kind, unless `after` says otherwise."""
		options.setdefault("after", kind in _AFTER)
		options.setdefault("seconds", 30 if kind == "429" else 1 if kind == "delay" else 0)
		try:
			return cls(kind, endpoint, count, **options)
		except TypeError as error:
			raise InvalidInput("A fault has kind, endpoint, count, after, seconds and skip.") from error

	@classmethod
	def parse(cls, text: str) -> Fault:
		"""Read `KIND[=SECONDS][:ENDPOINT[:COUNT|always[:before|after]]]`."""
		head, *rest = text.strip().split(":")
		kind, _, seconds = head.partition("=")
		try:
			options: dict[str, Any] = {"seconds": int(seconds)} if seconds else {}
			if len(rest) > 3:
				raise ValueError
			if len(rest) == 3:
				options["after"] = {"before": False, "after": True}[rest[2]]
			count = ALWAYS if rest[1:2] == ["always"] else int(rest[1]) if len(rest) > 1 else 1
		except (ValueError, KeyError) as error:
			raise InvalidInput(
				f"{text!r} does not describe a fault.",
				hint="Write KIND[=SECONDS][:ENDPOINT[:COUNT|always[:before|after]]], such as 429=5:reporting:2.",
			) from error
		return cls.make(kind, rest[0] if rest else "*", count, **options)

	def body(self) -> dict[str, Any]:
		"""As the admin call shows it."""
		return {
			"kind": self.kind,
			"endpoint": self.endpoint,
			"count": self.count,
			"after": self.after,
			"seconds": self.seconds,
			"skip": self.skip,
		}

	def replacement(self, milliseconds: int) -> Answer | None:
		"""The answer that stands in for the true one; None for faults that only spoil its way."""
		if self.kind == "401":
			return answers.unauthorized(milliseconds)
		if self.kind == "406":
			return answers.wrong_version()
		if self.kind == "429":
			return replace(answers.http_error(429), headers=(("Retry-After", str(self.seconds)),))
		if self.kind == "400-empty":
			return Answer(400, "")
		if self.kind.endswith("-html"):
			return answers.html_error(int(self.kind[:3]))
		if self.kind.isdigit():
			if self.kind == "500" and self.endpoint in CSID_ENDPOINTS:
				return answers.system_failure()
			return answers.http_error(int(self.kind))
		return None


class FaultBox:
	"""The faults in force. Each call takes at most one: the oldest that fits it."""

	def __init__(self, faults: Iterable[Fault | str] = ()) -> None:
		self._lock = threading.Lock()
		self._faults: list[Fault] = []
		for fault in faults:
			self.add(fault)

	def add(self, fault: Fault | str) -> Fault:
		"""Put a fault in force. Raises InvalidInput for one that cannot be read."""
		made = Fault.parse(fault) if isinstance(fault, str) else fault
		with self._lock:
			self._faults.append(made)
		return made

	def take(self, endpoint: str) -> Fault | None:
		"""The fault that this call meets; its count goes down by one."""
		with self._lock:
			for place, fault in enumerate(self._faults):
				if fault.endpoint not in ("*", endpoint):
					continue
				if fault.skip:
					self._faults[place] = replace(fault, skip=fault.skip - 1)
					continue
				if fault.count == 1:
					del self._faults[place]
				elif fault.count != ALWAYS:
					self._faults[place] = replace(fault, count=fault.count - 1)
				return fault
		return None

	def clear(self) -> int:
		"""Call off all faults; returns how many were in force."""
		with self._lock:
			count = len(self._faults)
			self._faults.clear()
		return count

	@property
	def active(self) -> list[Fault]:
		"""The faults still in force, oldest first."""
		with self._lock:
			return list(self._faults)
