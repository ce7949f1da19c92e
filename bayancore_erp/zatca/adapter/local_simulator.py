"""The bundled Fatoora simulator as a process of this site, for trying out and for training.

Takes nothing but the site; gives the address of a simulator on 127.0.0.1 that keeps its state in the site's private folder.
One a site, tracked by process id and command line; it survives the request that started it.
Never listens beyond this machine, never ends a process that is not provably its own. `bayancore_local_simulator: 0` in
site_config.json forbids it. The callers check permission.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import frappe
import requests
from frappe import _
from frappe.utils.synchronization import filelock

from bayancore_erp.zatca.core.client import Gateway
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.secret import Secret

SWITCH = "bayancore_local_simulator"
START_SECONDS = 20
STOP_SECONDS = 10
_RUN = "import sys; from bayancore_erp.zatca.cli import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Running:
	"""A simulator that answers."""

	url: str
	pid: int


def allowed() -> bool:
	"""Whether this site may start one."""
	return bool(frappe.utils.cint(frappe.conf.get(SWITCH, 1)))


def running() -> Running | None:
	"""This site's simulator, where it answers and is the one that was started here."""
	noted = _noted()
	if noted is None or not _is_ours(noted.pid):
		return None
	return noted if _answers(noted.url) else None


def start() -> Running:
	"""The running simulator, started where need be; devices of an earlier address follow it. Raises ConfigurationError.

	Commits, where devices have to follow.
	"""
	if not allowed():
		raise ConfigurationError(
			_("This site does not start a simulator of its own."),
			code="SIMULATOR-FORBIDDEN",
			hint=_("Start one with the command bayancore-zatca simulator and enter its address."),
		)
	with filelock("zatca_simulator", timeout=START_SECONDS + 10):
		found = running()
		if found:
			return found
		before = _noted()
		fresh = _launch(_port_of(before.url) if before else 0) or _launch(0)
		if fresh is None:
			raise ConfigurationError(
				_("The simulator did not start."),
				code="SIMULATOR-FAILED",
				hint=_("Its own words are in {0}.").format(str(_log())),
			)
		_note_file().write_text(json.dumps({"url": fresh.url, "pid": fresh.pid}))
	if before and before.url != fresh.url:
		_move_devices(before.url, fresh.url)
	return fresh


def stop() -> bool:
	"""End this site's simulator. Its state stays. Gives whether there was one."""
	noted = _noted()
	if noted is None or not _is_ours(noted.pid):
		return False
	os.kill(noted.pid, signal.SIGTERM)
	deadline = time.monotonic() + STOP_SECONDS
	while _is_ours(noted.pid) and time.monotonic() < deadline:
		_reap(noted.pid)
		time.sleep(0.05)
	if _is_ours(noted.pid):
		os.kill(noted.pid, signal.SIGKILL)
		_reap(noted.pid)
	return True


def new_otp(url: str) -> Secret:
	"""A one-time password of the simulator at `url`, as the portal would show it. Raises ConfigurationError.

	Calls only an address that a gateway may have, and like the gateway's client goes nowhere else from there.
	"""
	gateway = Gateway(Environment.SIMULATION, url)
	try:
		with requests.Session() as session:
			session.trust_env = False
			answer = session.post(
				f"{gateway.root.strip().rstrip('/')}/simulator/otp",
				json={"environment": gateway.environment.value},
				timeout=10,
				allow_redirects=False,
			)
		answer.raise_for_status()
		return Secret(answer.json()["otp"])
	except (requests.RequestException, ValueError, KeyError) as error:
		raise ConfigurationError(
			_("The simulator at {0} does not answer.").format(url),
			code="SIMULATOR-SILENT",
			hint=_("Start it and try again."),
		) from error


def is_local(url: str | None) -> bool:
	"""Whether an address is the one of this site's own simulator."""
	noted = _noted()
	return bool(url and noted and noted.url == url.rstrip("/"))


def folder() -> Path:
	"""Where its state is kept: authority, database and log."""
	place = Path(frappe.get_site_path("private", "zatca-simulator")).resolve()
	place.mkdir(parents=True, exist_ok=True, mode=0o700)
	return place


def _launch(port: int) -> Running | None:
	log = _log()
	with log.open("wb") as out:
		process = subprocess.Popen(
			[sys.executable, "-c", _RUN, "simulator", "--port", str(port), "--state", str(folder())],
			stdin=subprocess.DEVNULL,
			stdout=out,
			stderr=subprocess.STDOUT,
			cwd=folder(),
			start_new_session=True,
			env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(_search_path())},
		)
	deadline = time.monotonic() + START_SECONDS
	while time.monotonic() < deadline and process.poll() is None:
		said = log.read_text(errors="replace")
		if "/e-invoicing" in said:
			url = "http://" + said.split("http://", 1)[1].split("/", 1)[0]
			if _answers(url):
				return Running(url, process.pid)
		time.sleep(0.05)
	if process.poll() is None:
		process.kill()
	process.wait()
	return None


def _search_path() -> list[str]:
	"""What this process imports from, made absolute: the child runs in another folder."""
	return [str(Path(entry).resolve()) for entry in sys.path if entry]


def _answers(url: str) -> bool:
	try:
		answer = requests.get(f"{url}/simulator/", timeout=3)
		return answer.ok and "simulator" in answer.json()
	except (requests.RequestException, ValueError):
		return False


def _is_ours(pid: int) -> bool:
	"""Whether that process runs on this site's state folder: a process id alone may have been given to another."""
	said = subprocess.run(["ps", "-ww", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True)
	return str(folder()) in said.stdout and not said.stdout.startswith("Z")


def _reap(pid: int) -> None:
	try:
		os.waitpid(pid, os.WNOHANG)
	except ChildProcessError:
		pass  # another process of this site started it


def _noted() -> Running | None:
	try:
		noted = json.loads(_note_file().read_text())
		return Running(str(noted["url"]), int(noted["pid"]))
	except (OSError, ValueError, KeyError, TypeError):
		return None


def _move_devices(old: str, new: str) -> None:
	for name in frappe.get_all(
		"ZATCA Device", filters={"gateway_url": ("in", (old, f"{old}/"))}, pluck="name"
	):
		frappe.db.set_value("ZATCA Device", name, "gateway_url", new, update_modified=False)
	frappe.db.commit()


def _note_file() -> Path:
	return folder() / "running.json"


def _log() -> Path:
	return folder() / "simulator.log"


def _port_of(url: str) -> int:
	return int(url.rsplit(":", 1)[1])
