"""Site tests run inside the sites folder of a private bench (see private_bench.py); elsewhere they are skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from private_bench import PrivateBench


@pytest.fixture(scope="session")
def bench() -> PrivateBench:
	"""The private bench these tests run in."""
	folder = os.environ.get("PRIVATE_BENCH")
	if not folder:
		pytest.skip("site tests run by `make test-site`, on private sites beside a bench")
	return PrivateBench.found(Path(folder))
