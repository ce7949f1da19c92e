"""The audit trail: events that can be added and never changed unseen, each bound to the one before it by its hash.

Takes events; gives records whose `hash` covers everything in them and the hash of the record before. `verify` finds a
record that was changed, removed, inserted or moved, and says which. Removing the last ones is seen by whoever kept a
later head (DESIGN.md, promise 12: heads are anchored in the archive). Never holds secrets or personal data: a subject is
named by its number, content by its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
	"""One thing that happened: `actor` did `action` to `subject` at `at` (with a time zone)."""

	at: str
	actor: str
	action: str
	"""A verb of the invoice's life: created, checked, signed, sent, answered, posted, printed, mailed, archived …"""
	subject: str
	digest: str = ""
	"""SHA-256 (hex) of the content concerned, where there is one."""
	facts: tuple[tuple[str, str], ...] = ()

	@classmethod
	def now(
		cls, at: datetime, actor: str, action: str, subject: str, content: bytes = b"", **facts: str
	) -> Event:
		"""An event of this moment; `content` is digested, not kept."""
		digest = hashlib.sha256(content).hexdigest() if content else ""
		return cls(
			at.isoformat(timespec="milliseconds"),
			actor,
			action,
			subject,
			digest,
			tuple(sorted(facts.items())),
		)


@dataclass(frozen=True, slots=True)
class Record:
	"""An event in its place. `number` counts from 1."""

	number: int
	event: Event
	previous: str
	hash: str

	def as_line(self) -> str:
		"""The record as one line of JSON, in the one form that is hashed."""
		return _canonical(
			{"number": self.number, **_plain(self.event), "previous": self.previous, "hash": self.hash}
		)


@dataclass(frozen=True, slots=True)
class Fault:
	"""Where a trail does not hold. `number` is the record's place as counted from the start."""

	number: int
	message: str


def chain(event: Event, after: Record | None) -> Record:
	"""The record of `event` behind `after` (None: the first of a trail)."""
	number, previous = (after.number + 1, after.hash) if after else (1, START)
	return Record(number, event, previous, _hash(number, event, previous))


def verify(lines: Iterable[str], *, head: str = "") -> list[Fault]:
	"""Every place where the trail does not hold; none if it does. `head` is a hash kept elsewhere that must occur in it."""
	faults: list[Fault] = []
	expected_number, previous, seen_head = 1, START, not head
	for place, line in enumerate(lines, 1):
		record = _read(line)
		if record is None:
			faults.append(Fault(place, f"Record {place} cannot be read."))
			expected_number += 1
			continue
		if record.hash != _hash(record.number, record.event, record.previous):
			faults.append(
				Fault(place, f"Record {record.number} was changed: its hash does not fit its content.")
			)
		if record.number != expected_number:
			faults.append(
				Fault(
					place,
					f"Record {expected_number} is expected here, {record.number} stands: removed, inserted or moved.",
				)
			)
		elif record.previous != previous:
			faults.append(Fault(place, f"Record {record.number} does not follow the one before it."))
		expected_number, previous = record.number + 1, record.hash
		seen_head = seen_head or record.hash == head
	if not seen_head:
		faults.append(
			Fault(expected_number, "The anchored head does not occur: records at the end were removed.")
		)
	return faults


def read(lines: Iterable[str]) -> Iterator[Record]:
	"""The records of a trail that holds. Raises ValueError at a line that is none."""
	for line in lines:
		record = _read(line)
		if record is None:
			raise ValueError("not a trail record")
		yield record


def _plain(event: Event) -> dict[str, Any]:
	return {**asdict(event), "facts": dict(event.facts)}


def _canonical(value: Mapping[str, Any]) -> str:
	return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(number: int, event: Event, previous: str) -> str:
	text = _canonical({"number": number, **_plain(event), "previous": previous})
	return hashlib.sha256(text.encode()).hexdigest()


def _read(line: str) -> Record | None:
	try:
		data = json.loads(line)
		facts = tuple(sorted((str(k), str(v)) for k, v in data["facts"].items()))
		event = Event(data["at"], data["actor"], data["action"], data["subject"], data["digest"], facts)
		record = Record(data["number"], event, data["previous"], data["hash"])
	except (ValueError, KeyError, TypeError, AttributeError):
		return None
	# Only the canonical form counts, so that a line cannot be dressed differently and still pass.
	return record if record.as_line() == line.rstrip("\n") else None
