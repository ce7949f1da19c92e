"""A running simulator for every test that wants one, and a taxpayer who is already onboarded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from taxpayer import Taxpayer

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.simulator import Simulator

Make = Callable[..., Simulator]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
	"""Start simulators on one folder; all are stopped at the end."""
	started: list[Simulator] = []

	def start(**options: Any) -> Simulator:
		simulator = Simulator(options.pop("state_dir", tmp_path / "state"), **options)
		started.append(simulator)
		simulator.start()
		return simulator

	yield start
	for simulator in started:
		simulator.stop()


@pytest.fixture
def simulator(make: Make) -> Simulator:
	return make()


@pytest.fixture
def onboarded(simulator: Simulator) -> Taxpayer:
	"""A device with a production CSID of the simulation environment; its compliance checks were let off."""
	taxpayer = Taxpayer(simulator.base_url, clock=simulator.clock)
	simulator.settings.turn("enforce_compliance", False, Environment.SIMULATION)
	assert taxpayer.enrol(simulator.issue_otp(Environment.SIMULATION)).status_code == 200
	assert taxpayer.graduate().status_code == 200
	simulator.settings.turn("enforce_compliance", True, Environment.SIMULATION)
	return taxpayer


@pytest.fixture
def sample(shared: Path) -> Callable[[str], Any]:
	"""The body of a recorded answer."""

	def read(name: str) -> Any:
		return json.loads((shared / "zatca" / "api-samples" / f"{name}.json").read_text())["body"]

	return read


def shape(value: Any) -> Any:
	"""Keys and types of an answer, whatever its values; of a list, the shapes that occur in it."""
	if isinstance(value, dict):
		return {key: shape(item) for key, item in value.items()}
	if isinstance(value, list):
		return [shape(item) for item in value[:1]]
	return type(value).__name__


@pytest.fixture
def shape_of() -> Callable[[Any], Any]:
	return shape
