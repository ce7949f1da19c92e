"""The audit trail notices every kind of tampering and names the place."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone

import pytest

from bayancore_erp.archive.core.trail import Event, Record, chain, read, verify


def trail(length: int) -> list[str]:
	record: Record | None = None
	lines = []
	for n in range(length):
		event = Event.now(
			datetime(2026, 11, 21, 9, n % 60, tzinfo=timezone.utc),
			"accountant",
			"signed",
			f"SINV-{n}",
			b"xml",
			icv=str(n),
		)
		record = chain(event, record)
		lines.append(record.as_line())
	return lines


def test_untouched_trail_holds() -> None:
	lines = trail(30)
	assert verify(lines) == []
	assert [record.number for record in read(lines)] == list(range(1, 31))


@pytest.mark.parametrize(
	"field", ["at", "actor", "action", "subject", "digest", "number", "previous", "hash"]
)
def test_changed_field_is_found_and_placed(field: str) -> None:
	lines = trail(9)
	data = json.loads(lines[4])
	data[field] = data[field] + 1 if field == "number" else "changed"
	lines[4] = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
	assert verify(lines)[0].number == 5


def test_changed_fact_is_found() -> None:
	lines = trail(3)
	lines[1] = lines[1].replace('"icv":"1"', '"icv":"7"')
	assert [fault.number for fault in verify(lines)] == [2]


def test_other_dress_is_found() -> None:
	lines = trail(3)
	lines[1] = json.dumps(json.loads(lines[1]), sort_keys=True)
	assert verify(lines)[0].number == 2


def test_removed_inserted_and_moved_are_found() -> None:
	chance = random.Random(7)
	for _ in range(60):
		lines = trail(12)
		place = chance.randrange(11)
		how = chance.choice(["remove", "repeat", "swap"])
		if how == "remove":
			del lines[place]
		elif how == "repeat":
			lines.insert(place, lines[place])
		else:
			lines[place], lines[place + 1] = lines[place + 1], lines[place]
		faults = verify(lines)
		assert faults and abs(faults[0].number - (place + 1)) <= 1, (how, place, faults)


def test_recomputed_record_breaks_its_successor() -> None:
	lines = trail(5)
	first = next(read(lines[:1]))
	forged = chain(Event(first.event.at, "somebody else", "signed", "SINV-1"), first)
	lines[1] = forged.as_line()
	assert [fault.number for fault in verify(lines)] == [3]


def test_cut_end_is_seen_by_an_anchored_head() -> None:
	lines = trail(5)
	head = json.loads(lines[-1])["hash"]
	assert verify(lines, head=head) == []
	assert verify(lines[:-1]) == []
	assert verify(lines[:-1], head=head)
