"""What every pure test may ask for: the shared official material, and the independent judge over it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path | None:
	"""The folder that holds `zatca/` and `examples.json`: beside the checkout, or where ZATCA_SDK_HOME points."""
	home = os.environ.get("ZATCA_SDK_HOME")
	places = [Path(home).parent] if home else []
	places.append(ROOT.parent / "shared")
	return next((place for place in places if (place / "zatca" / "oracle.py").is_file()), None)


@pytest.fixture(scope="session")
def shared() -> Path:
	"""The official material; tests that need it are skipped without it."""
	place = shared_folder()
	if place is None:
		pytest.skip("the official material (../shared/zatca or ZATCA_SDK_HOME) is not on this machine")
	return place


@pytest.fixture(scope="session")
def sdk(shared: Path) -> Path:
	"""ZATCA's SDK data: samples, schemas, rule sheets."""
	return shared / "zatca" / "sdk" / "Data"


@pytest.fixture(scope="session")
def samples(sdk: Path) -> list[Path]:
	"""The 19 official signed samples."""
	return sorted((sdk / "Samples").rglob("*.xml"))


@pytest.fixture(scope="session")
def oracle(shared: Path) -> Iterator[Any]:
	"""The independent judge: official XSD and rule sheets, own stamp check, no code of ours."""
	pytest.importorskip("saxonche")
	spec = importlib.util.spec_from_file_location("oracle", shared / "zatca" / "oracle.py")
	assert spec and spec.loader
	module = importlib.util.module_from_spec(spec)
	sys.modules["oracle"] = module
	spec.loader.exec_module(module)
	yield module.Oracle()
