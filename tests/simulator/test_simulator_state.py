"""What stays: over a restart, under several hands, on the disk; and who may ask."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from taxpayer import Taxpayer

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.simulator import Simulator

SIMULATION = Environment.SIMULATION
ROOT = Path(__file__).resolve().parents[2]


def test_everything_survives_a_restart(make: Any) -> None:
	first: Simulator = make()
	taxpayer = Taxpayer(first.base_url, clock=first.clock)
	taxpayer.onboard(first.issue_otp(SIMULATION))
	unused = first.issue_otp(SIMULATION)
	standard, simplified = taxpayer.next("0100000"), taxpayer.next()
	cleared = taxpayer.send("clearance", standard).json()["clearedInvoice"]
	taxpayer.send("reporting", simplified)
	first.settings.turn("clearance", False, Environment.PRODUCTION)
	first.settings.advance_clock(60)
	before = (first.submissions.listing(), first.identities.listing(), first.authority.stamp_certificate_der)
	first.stop()

	second: Simulator = make()
	taxpayer.base_url, taxpayer.clock = second.base_url, second.clock
	assert before == (
		second.submissions.listing(),
		second.identities.listing(),
		second.authority.stamp_certificate_der,
	)
	again = taxpayer.send("clearance", standard)
	assert (again.status_code, again.json()["clearedInvoice"]) == (208, cleared)
	assert taxpayer.send("reporting", taxpayer.next()).status_code == 200
	assert Taxpayer(second.base_url).enrol(unused).status_code == 200
	assert not second.settings.clearance(Environment.PRODUCTION)
	assert second.settings.clearance(SIMULATION)
	assert (second.clock() - Taxpayer("").now).total_seconds() > 50
	(chain,) = second.submissions.chains()
	assert chain["in_order"] and chain["last_icv"] == 3


def test_a_killed_simulator_has_lost_nothing_it_answered(tmp_path: Path) -> None:
	program = (
		"from bayancore_erp.zatca.simulator import Simulator; import sys, time\n"
		"s = Simulator(sys.argv[1]); print(s.start(), flush=True); time.sleep(60)"
	)

	def start() -> tuple[subprocess.Popen[str], str]:
		process = subprocess.Popen(
			[sys.executable, "-c", program, str(tmp_path / "state")],
			stdout=subprocess.PIPE,
			text=True,
			cwd=ROOT,
		)
		assert process.stdout
		return process, process.stdout.readline().strip()

	def end(process: subprocess.Popen[str]) -> None:
		process.kill()
		process.wait(10)
		assert process.stdout
		process.stdout.close()

	process, url = start()
	try:
		taxpayer = Taxpayer(url, "developer-portal")
		taxpayer.enrol("123345")
		taxpayer.graduate()
		documents = [taxpayer.next("0100000") for _ in range(5)]
		assert [taxpayer.send("clearance", d).status_code for d in documents] == [200] * 5
	finally:
		end(process)
	process, url = start()
	try:
		taxpayer.base_url = url
		assert [taxpayer.send("clearance", d).status_code for d in documents] == [208] * 5
		assert taxpayer.send("clearance", taxpayer.next("0100000")).status_code == 200
	finally:
		end(process)


def test_keys_and_state_are_the_owners(simulator: Simulator) -> None:
	modes = {
		path.name: stat.S_IMODE(path.stat().st_mode)
		for path in simulator.state_dir.rglob("*")
		if path.suffix in (".key", ".sqlite3")
	}
	assert modes == {"authority.key": 0o600, "stamp.key": 0o600, "fatoora.sqlite3": 0o600}
	assert stat.S_IMODE(simulator.state_dir.stat().st_mode) == 0o700
	state = sqlite3.connect(simulator.state_dir / "fatoora.sqlite3")
	assert state.execute("PRAGMA journal_mode").fetchone() == ("wal",)
	state.close()


def test_secrets_are_not_in_the_state(simulator: Simulator, onboarded: Taxpayer) -> None:
	onboarded.send("reporting", onboarded.next())
	content = b"".join(path.read_bytes() for path in simulator.state_dir.glob("fatoora.sqlite3*"))
	for csid in (onboarded.ccsid, onboarded.pcsid):
		assert csid["binarySecurityToken"].encode() in content
		assert csid["secret"].encode() not in content


def test_two_simulators_on_one_folder_agree(make: Any) -> None:
	first, second = make(), make()
	taxpayer = Taxpayer(first.base_url)
	taxpayer.onboard(second.issue_otp(SIMULATION))
	signed = taxpayer.next()
	assert taxpayer.send("reporting", signed).status_code == 200
	taxpayer.base_url = second.base_url
	assert taxpayer.send("reporting", signed).status_code == 409


# --- who may ask ------------------------------------------------------------------------------------------------------
def in_process(simulator: Simulator, path: str, **environ: Any) -> str:
	import io

	said: list[str] = []
	given = {
		"REQUEST_METHOD": "GET",
		"PATH_INFO": path,
		"REMOTE_ADDR": "127.0.0.1",
		"wsgi.input": io.BytesIO(b""),
	}
	list(simulator.app({**given, **environ}, lambda status, headers: said.append(status)))
	return said[0]


def test_admin_answers_this_machine_only(simulator: Simulator) -> None:
	assert in_process(simulator, "/simulator/submissions") == "200 OK"
	assert in_process(simulator, "/simulator/submissions", REMOTE_ADDR="::1") == "200 OK"
	for address in ("192.0.2.7", "", "10.0.0.1"):
		assert in_process(simulator, "/simulator/submissions", REMOTE_ADDR=address).startswith("403")
	page = {"HTTP_ORIGIN": "https://example.com"}
	assert in_process(simulator, "/simulator/submissions", **page).startswith("403")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.invalid"])
def test_it_listens_on_this_machine_only(tmp_path: Path, host: str) -> None:
	with pytest.raises(ConfigurationError):
		Simulator(tmp_path / "state", host=host)
	assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_other_names_of_this_machine(make: Any, host: str) -> None:
	try:
		simulator = make(host=host)
	except ConfigurationError as error:
		pytest.skip(f"this machine has no {host}: {error}")
	assert requests.get(f"{simulator.root_url}/simulator/", timeout=5).status_code == 200


def test_what_cannot_be_used_is_said(tmp_path: Path, simulator: Simulator) -> None:
	(tmp_path / "file").write_text("not a folder")
	with pytest.raises(ConfigurationError, match="state"):
		Simulator(tmp_path / "file")
	(tmp_path / "junk").mkdir()
	(tmp_path / "junk" / "fatoora.sqlite3").write_bytes(b"junk" * 500)
	with pytest.raises(ConfigurationError, match="state"):
		Simulator(tmp_path / "junk")
	with pytest.raises(ConfigurationError, match="sheets"):
		Simulator(tmp_path / "third", sdk=tmp_path)
	(tmp_path / "fourth" / "authority").mkdir(parents=True)
	(tmp_path / "fourth" / "authority" / "authority.key").write_text("junk")
	with pytest.raises(ConfigurationError, match="key"):
		Simulator(tmp_path / "fourth")
	port = int(simulator.root_url.rpartition(":")[2])
	second = Simulator(tmp_path / "fifth", port=port)
	with pytest.raises(ConfigurationError, match="listen"):
		second.start()
	second.stop()


# --- admin calls ------------------------------------------------------------------------------------------------------
def test_admin_calls(simulator: Simulator, onboarded: Taxpayer) -> None:
	def admin(method: str, path: str, **body: Any) -> Any:
		answer = requests.request(method, f"{simulator.root_url}/simulator{path}", json=body, timeout=5)
		return answer.json() if answer.ok else answer.status_code

	assert "POST /simulator/otp" in admin("GET", "/")["calls"]
	otp = admin("POST", "/otp", environment="core")
	assert otp["environment"] == "core" and len(otp["otp"]) == 6
	assert admin("POST", "/otp", environment="mars") == 400
	signed = onboarded.next("0100000")
	onboarded.send("clearance", signed)
	(row,) = admin("GET", "/submissions?endpoint=clearance")["submissions"]
	body = onboarded.request_of(signed)
	assert (row["uuid"], row["hash"], row["icv"]) == (body["uuid"], body["invoiceHash"], 1)
	assert (row["verdict"], row["accepted"], row["codes"]) == ("CLEARED", True, [])
	document = f"{simulator.root_url}/simulator/submissions/document?id={row['id']}"
	assert requests.get(document, timeout=5).content == signed
	assert b"Simulator" not in signed and requests.get(document + "&cleared=1", timeout=5).content != signed
	assert admin("GET", "/submissions/document?id=999") == 400
	assert admin("GET", "/submissions", after=row["id"])["submissions"] == []
	assert admin("GET", "/chains")["chains"][0]["in_order"] is True
	assert admin("GET", "/statistics")["devices"] == 1
	assert (
		admin("POST", "/settings", environment="simulation", clearance=False)["simulation"]["clearance"]
		is False
	)
	assert admin("GET", "/settings")["core"]["clearance"] is True
	assert admin("POST", "/settings", clearance="no") == 400
	assert admin("POST", "/settings", moonlight=True) == 400
	now = simulator.clock()
	admin("POST", "/clock", advance_seconds=3600)
	assert (simulator.clock() - now).total_seconds() >= 3600
	assert admin("POST", "/devices/revoke", request_id=onboarded.pcsid["requestID"])["revoked"]
	assert admin("POST", "/devices/revoke", request_id=1) == 400
	devices = admin("GET", "/devices")["devices"]
	assert [d["revoked_at"] is None for d in devices] == [True, False]
	assert devices[0]["steps_passed"] == [] and not {"token", "secret_sha256"} & set(devices[0])
	wrong = requests.post(f"{simulator.root_url}/simulator/otp", data=b"{", timeout=5)
	assert wrong.status_code == 400


def test_official_sheets_judge_instead(make: Any, shared: Path, tmp_path: Path) -> None:
	pytest.importorskip("saxonche")
	simulator = make(sdk=shared / "zatca" / "sdk", state_dir=tmp_path / "official")
	taxpayer = Taxpayer(simulator.base_url)
	taxpayer.onboard(simulator.issue_otp(SIMULATION))
	assert taxpayer.send("clearance", taxpayer.next("0100000")).status_code == 200
	answer = taxpayer.send("reporting", taxpayer.next("0200000", "381", reason=""))
	(error,) = answer.json()["validationResults"]["errorMessages"]
	assert error["code"] == "BR-KSA-17"
	assert error["message"].endswith("must contain the reason (KSA-10) for this invoice type issuing.")


def test_serve_ends_on_sigterm(tmp_path: Path) -> None:
	program = (
		"from bayancore_erp.zatca.simulator import serve; import sys\n"
		"serve(port=0, state_dir=sys.argv[1], faults=['503:*:1'], announce=lambda t: print(t, flush=True))"
	)
	process = subprocess.Popen(
		[sys.executable, "-c", program, str(tmp_path / "state")], stdout=subprocess.PIPE, text=True, cwd=ROOT
	)
	assert process.stdout
	first = process.stdout.readline()
	url = first.split()[-1].partition("/{")[0]
	taxpayer = Taxpayer(url, "developer-portal")
	assert [taxpayer.enrol("123345").status_code for _ in range(2)] == [503, 200]
	started = time.monotonic()
	os.kill(process.pid, signal.SIGTERM)
	assert process.wait(10) == 0
	assert time.monotonic() - started < 5
	process.stdout.close()
	with sqlite3.connect(tmp_path / "state" / "fatoora.sqlite3") as state:
		assert state.execute("SELECT count(*) FROM identity").fetchone() == (1,)
	state.close()
