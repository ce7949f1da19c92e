"""Site tests run inside the sites folder of a private bench (see private_bench.py); elsewhere they are skipped."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import world
from fatoora import Fatoora, onboard, simulator
from private_bench import PrivateBench


@pytest.fixture(scope="session")
def bench() -> PrivateBench:
	"""The private bench these tests run in."""
	folder = os.environ.get("PRIVATE_BENCH")
	if not folder:
		pytest.skip("site tests run by `make test-site`, on private sites beside a bench")
	return PrivateBench.found(Path(folder))


@pytest.fixture(scope="module")
def fatoora() -> Iterator[Fatoora]:
	"""A simulator of the module's own."""
	with simulator() as running:
		yield running


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	"""frappe on the world, its device onboarded with that simulator."""
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		yield frappe
