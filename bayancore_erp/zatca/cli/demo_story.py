"""What became of each document of the demo: filled while it runs, read by its report."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayancore_erp.zatca.cli.demo_documents import Scene
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.core.pipeline import Delivery, Prepared


@dataclass(frozen=True, slots=True)
class Explained:
	"""One of a rejection's messages as its reader sees it: the code, and our sentence in both languages."""

	code: str
	en: str
	ar: str


@dataclass(slots=True)
class Story:
	"""What became of one document."""

	scene: Scene
	prepared: Prepared
	attempts: list[Delivery]
	milliseconds: int
	explained: list[Explained] = field(default_factory=list)
	legal_xml: bytes = b""
	paths: dict[str, str] = field(default_factory=dict)
	is_correction: bool = False

	@property
	def outcome(self) -> Kind:
		"""The verdict."""
		return self.attempts[-1].outcome.kind
