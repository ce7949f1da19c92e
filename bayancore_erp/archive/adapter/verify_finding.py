"""What verifying gives: the places that do not hold, and how much was looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
	"""One record that is not as it was, and what is wrong with it as a sentence in the reader's language."""

	doctype: str
	name: str
	company: str
	what: str
	number: int | None = None
	"""Its place in the trail or in a device's chain, where it has one."""

	def as_dict(self) -> dict[str, Any]:
		"""As the desk and the command line show it."""
		return {
			"doctype": self.doctype,
			"name": self.name,
			"company": self.company,
			"number": self.number,
			"what": self.what,
		}


@dataclass(slots=True)
class Counts:
	"""How many records of each kind were looked at."""

	by_kind: Counter[str] = field(default_factory=Counter)

	def add(self, kind: str, count: int = 1) -> None:
		"""So many more."""
		self.by_kind[kind] += count

	@property
	def total(self) -> int:
		"""Of all kinds."""
		return sum(self.by_kind.values())
