"""The verb that runs a Fatoora of one's own: `simulator`."""

from __future__ import annotations

import argparse
from typing import Any


def add_to(verbs: Any) -> None:
	"""Register the verb."""
	simulator = verbs.add_parser(
		"simulator",
		help="serve a local Fatoora over HTTP",
		description="Answers on the real paths as the gateway does. Point a device at the address it prints.",
	)
	simulator.add_argument("--host", default="127.0.0.1")
	simulator.add_argument("--port", type=_port, default=8480, help="default 8480; 0 takes a free one")
	simulator.add_argument(
		"--state", default="fatoora-simulator", metavar="DIR", help="its CA and database; kept over restarts"
	)
	simulator.add_argument(
		"--sdk", metavar="DIR", help="judge by ZATCA's own rule sheets in this SDK folder (needs saxonche)"
	)
	simulator.add_argument(
		"--fault",
		action="append",
		default=[],
		metavar="KIND:ENDPOINT[:COUNT]",
		help="a bad day, such as drop:clearance; repeatable",
	)
	simulator.add_argument(
		"--allow-remote", action="store_true", help="listen on an address other than this machine's own"
	)
	simulator.set_defaults(run=run_simulator)


def _port(text: str) -> int:
	"""A port's number. Beyond 65535 the sockets would take another one without a word."""
	number = int(text)
	if not 0 <= number <= 65535:
		raise argparse.ArgumentTypeError(f"{number} is no port; ports go from 0 to 65535")
	return number


def run_simulator(given: argparse.Namespace) -> int:
	"""Serve until interrupted."""
	from bayancore_erp.zatca.simulator.server import serve

	serve(given.host, given.port, given.state, given.sdk, given.fault, allow_remote=given.allow_remote)
	return 0
