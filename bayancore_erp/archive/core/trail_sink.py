"""Where a trail is told of outside the site's database, so that the database alone cannot rewrite it.

Takes a trail's records in their order; gives back the last one a sink was told of. A sink is only ever added to: it knows no way
to change or remove. The file beside the site is one, a table in an Oracle Database (oracle_trail.py) is another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bayancore_erp.archive.core.trail import Record


@dataclass(frozen=True, slots=True)
class Head:
	"""A place in a trail and its hash."""

	number: int
	hash: str


class TrailSink(Protocol):
	"""All sinks raise TransportError (retryable) or ConfigurationError where the place cannot be reached."""

	def last(self, trail: str) -> Head | None:
		"""The last record of this trail the sink was told of; None if of none."""

	def take(self, trail: str, records: Iterable[Record]) -> int:
		"""Tell it of records that follow the last one; gives how many it was told of."""


@dataclass(frozen=True, slots=True)
class HeadFile:
	"""A file for each trail, with its last place only: out of SQL's reach, within that of the server's administrator."""

	folder: Path

	def last(self, trail: str) -> Head | None:
		"""The place noted last; None where there is no file or it cannot be read."""
		try:
			said = json.loads(self.file(trail).read_text())
			return Head(int(said["number"]), str(said["hash"]))
		except (OSError, ValueError, KeyError, TypeError):
			return None

	def take(self, trail: str, records: Iterable[Record]) -> int:
		"""Note the last of them, in one step. Raises OSError where the folder cannot be written to."""
		count, last = 0, None
		for last in records:  # noqa: B007 (the last one is what counts)
			count += 1
		if last is not None:
			file = self.file(trail)
			file.parent.mkdir(parents=True, exist_ok=True)
			fresh = file.with_name(f".{file.name}.{os.getpid()}")
			fresh.write_text(json.dumps({"trail": trail, "number": last.number, "hash": last.hash}))
			os.replace(fresh, file)
		return count

	def trails(self) -> list[str]:
		"""The trails a place is noted of, by their own files' word."""
		found = []
		for file in sorted(self.folder.glob("*.json")):
			try:
				found.append(str(json.loads(file.read_text())["trail"]))
			except (OSError, ValueError, KeyError, TypeError):
				continue
		return found

	def file(self, trail: str) -> Path:
		"""Named by digest: a company's name is no file name."""
		return self.folder / f"{hashlib.sha256(trail.encode()).hexdigest()[:16]}.json"
