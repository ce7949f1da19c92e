"""The printed papers, drawn once a session, and the modules beside the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def printed() -> dict[str, tuple[bytes, bytes]]:
	"""Name -> (XML, A4 print) of every paper of our own."""
	from papers import PAPERS, paper

	from bayancore_erp.archive.core.pdf import render

	return {name: (xml, render(xml)) for name, invoice in PAPERS.items() for xml in (paper(invoice),)}


@pytest.fixture(scope="session")
def printed_samples(samples: list[Path]) -> dict[str, tuple[bytes, bytes]]:
	"""The same of the official samples."""
	from bayancore_erp.archive.core.pdf import render

	return {sample.stem: (xml, render(xml)) for sample in samples for xml in (sample.read_bytes(),)}
