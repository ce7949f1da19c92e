"""A private bench for a proof, and the proof's own second half inside it.

Takes the script of a proof; gives a bench of its own (MariaDB, Redis, a site with the Saudi company), in which the script runs
again with the bench's Python. Everything is stopped and removed at the end. PROOF_WORLD names the folder of
another private bench of this checkout, whose test world is taken over: that saves installing the app. See tests/site/private_bench.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site"))

from private_bench import BENCH, PrivateBench

INSIDE = "--inside"
SITE = "saudi.local"


def outside(script: str, arguments: list[str]) -> int:
	"""Build the bench, run `script` inside it with `arguments`, give its exit status; 2 where there is no bench."""
	if not (BENCH / "env" / "bin" / "python").is_file():
		print(f"no bench at {BENCH}: set BENCH to where one stands", file=sys.stderr)
		return 2
	with started() as bench:
		return subprocess.run(
			[str(bench.python), str(Path(script).resolve()), INSIDE, *arguments],
			cwd=bench.sites,
			env=dict(bench.env),
			check=False,
		).returncode


@contextmanager
def started() -> Iterator[PrivateBench]:
	"""A running private bench with one site."""
	with tempfile.TemporaryDirectory(prefix="proof-") as folder:
		bench = PrivateBench(Path(folder))
		try:
			bench.start()
			bench.add_site(SITE, "saudi", empty=True)
			if os.environ.get("PROOF_WORLD"):
				borrow_world(bench, Path(os.environ["PROOF_WORLD"]))
			bench.remember_ports()
			names = ("mariadb", "cache", "queue")
			pids = [process.pid for process in bench.started]
			(bench.folder / "pids.json").write_text(json.dumps(dict(zip(names, pids, strict=True))))
			yield bench
		finally:
			bench.stop()


def borrow_world(bench: PrivateBench, other: Path) -> None:
	"""The dump of another private bench, with the key that reads its secrets."""
	shutil.copy(other / "world.sql", bench.folder / "world.sql")
	config = bench.sites / SITE / "site_config.json"
	values = json.loads(config.read_text())
	theirs = json.loads((other / "sites" / SITE / "site_config.json").read_text())
	config.write_text(json.dumps({**values, **{k: v for k, v in theirs.items() if k not in values}}))


def inside() -> PrivateBench:
	"""The bench this process runs in."""
	return PrivateBench.found(Path(os.environ["PRIVATE_BENCH"]))


# --- processes --------------------------------------------------------------------------------------------------------
class Child:
	"""A process forked from this warm one, connected to the site by itself; its answer comes back as JSON."""

	def __init__(self, work: Callable[[Any], Any]) -> None:
		reader, writer = os.pipe()
		sys.stdout.flush()
		self.pid = os.fork()
		if not self.pid:
			os.close(reader)
			status = 1
			try:
				answer = connected_to_site(work)
				os.write(writer, json.dumps(answer, default=str).encode())
				status = 0
			except BaseException:
				traceback.print_exc()
			finally:
				os._exit(status)
		os.close(writer)
		self._reader = reader
		self._status: int | None = None

	def is_over(self) -> bool:
		"""Whether it has ended. For children whose answers are short."""
		if self._status is None:
			pid, status = os.waitpid(self.pid, os.WNOHANG)
			self._status = status if pid else None
		return self._status is not None

	def wait(self) -> tuple[int, Any]:
		"""Exit status (negative: the signal that killed it) and answer."""
		parts = []
		while part := os.read(self._reader, 65536):
			parts.append(part)
		os.close(self._reader)
		if self._status is None:
			self._status = os.waitpid(self.pid, 0)[1]
		said = b"".join(parts)
		return os.waitstatus_to_exitcode(self._status), json.loads(said) if said else None


def connected_to_site(work: Callable[[Any], Any]) -> Any:
	"""Run `work` with frappe connected to the site as Administrator."""
	import frappe

	frappe.init(site=SITE, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")
	frappe.flags.mute_messages = True
	try:
		return work(frappe)
	finally:
		frappe.destroy()


def call(work: Callable[[Any], Any]) -> Any:
	"""Run `work` in a child to its end; its answer."""
	status, answer = Child(work).wait()
	if status:
		raise SystemExit(f"a child ended with {status}")
	return answer


def warm() -> None:
	"""Import what every child needs, without connecting: a fork then pays for nothing but its connection."""
	import frappe.app
	import frappe.client
	import frappe.utils.background_jobs  # noqa: F401

	import bayancore_erp.zatca.api
	import bayancore_erp.zatca.jobs
	import bayancore_erp.zatca.overrides.sales_invoice  # noqa: F401


def apart(work: Callable[[], Any]) -> None:
	"""Run something that connects by itself in a process of its own, so that this one stays fit to be forked."""
	sys.stdout.flush()
	pid = os.fork()
	if not pid:
		status = 1
		try:
			work()
			status = 0
		except BaseException:
			traceback.print_exc()
		finally:
			sys.stdout.flush()
			os._exit(status)
	if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
		raise SystemExit("the preparation failed")
