"""`bayancore-zatca`: the lawful document from the command line, without a bench.

Takes files and flags; gives text, or JSON with `--json`; never a traceback for bad input. Exit status: 0 fine, 1 problems
found (an invalid document, a failed check), 2 the command could not run (unreadable input, wrong usage, full disk).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from bayancore_erp import __version__
from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.core.errors import ZatcaError

FINE, PROBLEMS, CANNOT_RUN = 0, 1, 2


def parser() -> argparse.ArgumentParser:
	"""All verbs with their options; each verb's module adds its own."""
	from bayancore_erp.zatca.cli import bench, demo, document, identity, inspect, server

	root = argparse.ArgumentParser(
		prog="bayancore-zatca", description="Build, sign, check and send ZATCA e-invoices."
	)
	root.add_argument("--version", action="version", version=f"bayancore-zatca {__version__}")
	verbs = root.add_subparsers(dest="verb", metavar="VERB", required=True)
	for module in (demo, document, inspect, identity, server, bench):
		module.add_to(verbs)
	return root


def main(arguments: Sequence[str] | None = None) -> int:
	"""Run one verb. Every foreseeable failure becomes one clear paragraph on standard error and exit status 2.

	With `--json` the failure stands on standard output as well, as {"error": {...}}, so that a program can read it.
	"""
	_speak_utf8()
	given = parser().parse_args(arguments)
	try:
		status = int(given.run(given))
		# What is still buffered can meet a full disk too, and at exit nobody would catch it.
		sys.stdout.flush()
		return status
	except ZatcaError as error:
		_fail(given, error.diagnostics(), error)
	except BrokenPipeError:
		# The reader went away (`… | head`): stop quietly, and keep Python from complaining at exit.
		_drop_output()
		return FINE
	except OSError as error:
		place = f" {error.filename}" if error.filename else ""
		_fail(given, f"cannot use{place}: {error.strerror or error}.")
	except KeyboardInterrupt:
		_fail(given, "stopped.")
	return CANNOT_RUN


def _speak_utf8() -> None:
	"""Arabic whatever the terminal's code page is, and a character that is none as its escape."""
	for stream in (sys.stdout, sys.stderr):
		if isinstance(stream, io.TextIOWrapper):
			stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(given: argparse.Namespace, told: str, error: ZatcaError | None = None) -> None:
	print(f"bayancore-zatca {given.verb}: {told}", file=sys.stderr)
	try:
		if getattr(given, "json", False):
			files.print_json({"error": files.error_as_json(error) if error else {"message": told}})
		sys.stdout.flush()
	except OSError:
		_drop_output()


def _drop_output() -> None:
	os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
	sys.exit(main())
