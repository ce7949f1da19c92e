"""The simulator as a server: a folder for its state, an address on this machine, and waitress in between.

Takes: a state folder and, if wanted, a clock, faults and the SDK's folder. Gives: the address to talk to.
Never listens beyond this machine unless told to in so many words.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from waitress.server import create_server

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.simulator.admin import Admin
from bayancore_erp.zatca.simulator.app import BASE_PATH, MAX_BODY, App
from bayancore_erp.zatca.simulator.authority import Authority
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.faults import Fault, FaultBox
from bayancore_erp.zatca.simulator.gateway import Gateway
from bayancore_erp.zatca.simulator.identities import Identities
from bayancore_erp.zatca.simulator.judge import Judge
from bayancore_erp.zatca.simulator.rulebooks import NativeRules, OfficialSheets, Rulebook
from bayancore_erp.zatca.simulator.settings import Settings
from bayancore_erp.zatca.simulator.store import Store
from bayancore_erp.zatca.simulator.submissions import Submissions

# Above the gateway's own limit, so that its 413 is what a sender normally sees; beyond this the line is closed.
_HARD_LIMIT = 4 * MAX_BODY


class Simulator:
	"""A local Fatoora. Use it as a context manager, or call start() and stop().

	`state_dir` is created if need be, readable by its owner only; a second simulator on the same folder continues
	where the first stopped. `host` must be a loopback address unless `allow_remote`. `port` 0 takes a free one.
	`sdk` makes ZATCA's own sheets judge. `faults` are Fault values or texts such as `drop:clearance`.
	`clock` gives aware datetimes. Raises ConfigurationError for a folder, address or SDK that cannot be used.
	"""

	def __init__(
		self,
		state_dir: str | Path,
		*,
		host: str = "127.0.0.1",
		port: int = 0,
		sdk: str | Path | None = None,
		faults: Iterable[Fault | str] = (),
		clock: Clock | None = None,
		threads: int = 8,
		allow_remote: bool = False,
	) -> None:
		if not allow_remote and not _is_loopback(host):
			raise ConfigurationError(
				f"The simulator does not listen on {host}: others could reach it.",
				field="host",
				hint="Leave it on 127.0.0.1, or allow remote callers explicitly.",
			)
		self._host, self._port, self._threads = host, port, threads
		self.state_dir = Path(state_dir)
		self.faults = FaultBox(faults)
		self._store = self._open()
		try:
			self.settings = Settings(self._store, clock)
			self.clock: Clock = self.settings.clock
			self.authority = Authority(self.state_dir / "authority", self.clock)
			self._rules: Rulebook = OfficialSheets(Path(sdk)) if sdk else NativeRules()
		except OSError as error:
			self._store.close()
			raise self._unusable(error) from error
		except Exception:
			self._store.close()
			raise
		self.identities = Identities(self._store, self.authority, self.clock)
		self.submissions = Submissions(self._store, self.clock)
		judge = Judge(self._rules, self.authority, self.clock)
		gateway = Gateway(self.identities, self.submissions, judge, self.settings, self.clock)
		admin = Admin(self.identities, self.submissions, self.settings, self.faults)
		self.app = App(gateway, admin, self.submissions, self.faults, self.clock)
		self._server: Any = None
		self._sockets: dict[int, Any] = {}
		self._thread: threading.Thread | None = None

	def start(self) -> str:
		"""Listen, in a thread of its own. Returns `base_url`."""
		if self._server is not None:
			return self.base_url
		try:
			self._server = create_server(
				self.app,
				map=self._sockets,
				host=_one_address(self._host),
				port=self._port,
				threads=self._threads,
				ident="simulator",
				max_request_body_size=_HARD_LIMIT,
				# An application that raises an OSError means it: the connection closes without an answer.
				log_socket_errors=False,
			)
		except OSError as error:
			raise ConfigurationError(
				f"The simulator cannot listen on {self._host}:{self._port}: {error.strerror or error}.",
				field="port",
			) from error
		for name in ("waitress", "waitress.queue"):
			# Cut answers and a queue under load are what a simulator is for; neither is worth a warning.
			logging.getLogger(name).setLevel(logging.ERROR)
		self._thread = threading.Thread(target=self._server.run, name="fatoora-simulator", daemon=True)
		self._thread.start()
		return self.base_url

	def stop(self) -> None:
		"""Close the connections and the state. What was accepted is on disk already."""
		self.app.stop()
		if self._server is not None:
			self._server.task_dispatcher.shutdown(timeout=5)
			# The loop ends when it has no socket left; only its own thread may take them away.
			try:
				self._server.trigger.pull_trigger(self._close_sockets)
			except OSError:
				# The loop has ended by itself and closed its trigger: there is nothing left to take away.
				self._close_sockets()
			assert self._thread is not None
			self._thread.join(10)
			self._server = None
		self._rules.close()
		self._store.close()

	def __enter__(self) -> Simulator:
		self.start()
		return self

	def __exit__(
		self,
		kind: type[BaseException] | None,
		error: BaseException | None,
		traceback: TracebackType | None,
	) -> None:
		self.stop()

	@property
	def root_url(self) -> str:
		"""`http://127.0.0.1:PORT`; admin calls are under /simulator/ of it."""
		if self._server is None:
			raise ConfigurationError("The simulator is not running.")
		host = f"[{self._host}]" if ":" in self._host else self._host
		return f"http://{host}:{self._server.effective_port}"

	@property
	def base_url(self) -> str:
		"""What stands in the place of https://gw-fatoora.zatca.gov.sa/e-invoicing, without a slash at the end."""
		return self.root_url + BASE_PATH

	def issue_otp(
		self, environment: Environment = Environment.SIMULATION, vat_number: str | None = None
	) -> str:
		"""A one-time password, as the taxpayer takes it from the portal."""
		return str(self.identities.issue_otp(environment, vat_number)["otp"])

	def statistics(self) -> Mapping[str, Any]:
		"""Counts of submissions and calls, and whether every chain is in order."""
		return self.submissions.statistics()

	def _open(self) -> Store:
		try:
			self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
			return Store(self.state_dir)
		except (OSError, sqlite3.Error) as error:
			raise self._unusable(error) from error

	def _unusable(self, error: Exception) -> ConfigurationError:
		return ConfigurationError(
			f"The simulator cannot keep its state in {self.state_dir}: {error}.",
			field="state_dir",
			hint="Give a folder that can be written and is its own.",
		)

	def _close_sockets(self) -> None:
		for channel in list(self._sockets.values()):
			channel.close()
		self._sockets.clear()


def serve(
	host: str = "127.0.0.1",
	port: int = 8480,
	state_dir: str | Path = "fatoora-simulator",
	sdk: str | Path | None = None,
	faults: Iterable[Fault | str] = (),
	*,
	allow_remote: bool = False,
	announce: Callable[[str], object] = print,
) -> None:
	"""Run a simulator until SIGINT or SIGTERM. Raises ConfigurationError if it cannot start."""
	# BR-KSA-04 of the official sheets compares with the date of the process, which has to be Riyadh's.
	if sdk:
		os.environ["TZ"] = "Asia/Riyadh"
		time.tzset()
	simulator = Simulator(state_dir, host=host, port=port, sdk=sdk, faults=faults, allow_remote=allow_remote)
	ended = threading.Event()
	for number in (signal.SIGINT, signal.SIGTERM):
		signal.signal(number, lambda *_: ended.set())
	with simulator:
		announce(f"Fatoora simulator: {simulator.base_url}/{{developer-portal,simulation,core}}")
		announce(f"Admin calls:       {simulator.root_url}/simulator/   state: {simulator.state_dir}")
		while not ended.wait(1):
			pass


def _one_address(host: str) -> str:
	"""`localhost` has two addresses, and two listening sockets have two ports: take the first, IPv4 before IPv6."""
	found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
	return str(min(found, key=lambda info: info[0] is not socket.AF_INET)[4][0])


def _is_loopback(host: str) -> bool:
	try:
		found = {info[4][0] for info in socket.getaddrinfo(host, None)}
	except OSError:
		return False
	return bool(found) and all(ipaddress.ip_address(str(place).split("%")[0]).is_loopback for place in found)
