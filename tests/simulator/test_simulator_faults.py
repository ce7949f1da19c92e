"""Bad days: each fault as a sender sees it, what it leaves behind, and how it is asked for."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from taxpayer import Taxpayer

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator import ALWAYS, Fault, Simulator
from bayancore_erp.zatca.simulator.faults import KINDS


def accepted(simulator: Simulator) -> int:
	return sum(row["accepted"] for row in simulator.submissions.listing())


def test_accept_and_drop(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("drop:reporting")
	signed = onboarded.next()
	with pytest.raises(requests.ConnectionError, match="without response"):
		onboarded.send("reporting", signed)
	assert accepted(simulator) == 1, "the document is accepted, only the sender does not know"
	assert onboarded.send("reporting", signed).status_code == 409


def test_drop_before_anything_is_done(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("drop:reporting:1:before")
	signed = onboarded.next()
	with pytest.raises(requests.ConnectionError):
		onboarded.send("reporting", signed)
	assert accepted(simulator) == 0
	assert onboarded.send("reporting", signed).status_code == 200


def test_drop_on_a_kept_connection(simulator: Simulator, onboarded: Taxpayer) -> None:
	signed, session = onboarded.next(), requests.Session()
	session.auth = (onboarded.pcsid["binarySecurityToken"], onboarded.pcsid["secret"])
	session.headers.update({"Accept-Version": "V2", "Clearance-Status": "0"})

	def send() -> int:
		url = onboarded.url("invoices/reporting/single")
		return session.post(url, json=onboarded.request_of(signed), timeout=10).status_code

	assert send() == 200
	simulator.faults.add("drop")
	with pytest.raises(requests.ConnectionError):
		send()
	assert send() == 409
	session.close()


def test_cut_in_the_middle(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("cut:clearance")
	signed = onboarded.next("0100000")
	with pytest.raises(requests.exceptions.ChunkedEncodingError):
		onboarded.send("clearance", signed)
	assert onboarded.send("clearance", signed).status_code == 208


def test_delay_outlasts_the_sender(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("delay=30:reporting")
	signed = onboarded.next()
	with pytest.raises(requests.ReadTimeout):
		onboarded.send("reporting", signed, timeout=1)
	assert onboarded.send("reporting", signed).status_code == 409
	started = time.monotonic()
	simulator.app.stop()
	assert time.monotonic() - started < 1, "a delay does not hold up the end"


def test_short_delay_answers(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("delay=1:reporting")
	started = time.monotonic()
	assert onboarded.send("reporting", onboarded.next()).status_code == 200
	assert time.monotonic() - started >= 1


def test_truncated_json(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("truncated-json")
	answer = onboarded.send("reporting", onboarded.next())
	assert answer.status_code == 200
	with pytest.raises(ValueError):
		answer.json()
	assert accepted(simulator) == 1


@pytest.mark.parametrize(("kind", "status", "count"), [("empty", 200, 1), ("400-empty", 400, 0)])
def test_empty_bodies(simulator: Simulator, onboarded: Taxpayer, kind: str, status: int, count: int) -> None:
	simulator.faults.add(kind)
	answer = onboarded.send("reporting", onboarded.next())
	assert (answer.status_code, answer.content) == (status, b"")
	assert accepted(simulator) == count


@pytest.mark.parametrize("status", [401, 413, 429, 500, 502, 503, 504])
def test_statuses_without_work(simulator: Simulator, onboarded: Taxpayer, status: int) -> None:
	simulator.faults.add(f"{status}:reporting:2")
	signed = onboarded.next()
	for _ in range(2):
		answer = onboarded.send("reporting", signed)
		assert answer.status_code == status
		assert isinstance(answer.json(), dict)
	assert accepted(simulator) == 0
	assert onboarded.send("reporting", signed).status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_html_pages(simulator: Simulator, onboarded: Taxpayer, status: int) -> None:
	simulator.faults.add(f"{status}-html:clearance:1:after")
	signed = onboarded.next("0100000")
	answer = onboarded.send("clearance", signed)
	assert answer.status_code == status
	assert answer.headers["Content-Type"] == "text/html" and answer.text.startswith("<html>")
	assert accepted(simulator) == 1, "cleared behind the broken proxy"
	assert onboarded.send("clearance", signed).status_code == 208


def test_429_says_when_to_come_back(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("429=7")
	assert onboarded.send("reporting", onboarded.next()).headers["Retry-After"] == "7"


def test_csid_calls_fail_in_their_own_words(simulator: Simulator, sample: Any) -> None:
	simulator.faults.add("500:compliance-csid")
	answer = Taxpayer(simulator.base_url).enrol("1")
	assert (answer.status_code, answer.json()) == (500, sample("csid-500"))


def test_faults_hit_their_endpoint_in_their_order(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add("503:clearance")
	simulator.faults.add(Fault.make("502", "reporting", skip=1))
	simulator.faults.add("500:reporting")
	statuses = [onboarded.send("reporting", onboarded.next()).status_code for _ in range(3)]
	# The 502 lets one call pass, which the 500 behind it takes.
	assert statuses == [500, 502, 200]
	assert onboarded.send("clearance", onboarded.next("0100000")).status_code == 503


def test_always_until_called_off(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.faults.add(Fault.make("503", count=ALWAYS))
	assert [onboarded.send("reporting", onboarded.next()).status_code for _ in range(4)] == [503] * 4
	assert simulator.faults.clear() == 1
	assert onboarded.send("reporting", onboarded.next()).status_code == 200


def test_faults_at_start(make: Any) -> None:
	simulator = make(faults=["503:compliance-csid:2"])
	taxpayer = Taxpayer(simulator.base_url, "developer-portal")
	assert [taxpayer.enrol("123345").status_code for _ in range(3)] == [503, 503, 200]


def test_faults_by_admin_call(simulator: Simulator, onboarded: Taxpayer) -> None:
	url = f"{simulator.root_url}/simulator/faults"
	made = requests.post(url, json={"kind": "504-html", "endpoint": "reporting", "count": 2}, timeout=5)
	assert made.json()["after"] is False
	requests.post(url, json={"fault": "drop:clearance:always"}, timeout=5)
	assert [fault["kind"] for fault in requests.get(url, timeout=5).json()["faults"]] == ["504-html", "drop"]
	assert onboarded.send("reporting", onboarded.next()).status_code == 504
	assert requests.delete(url, timeout=5).json() == {"cleared": 2}
	assert onboarded.send("reporting", onboarded.next()).status_code == 200
	wrong = requests.post(url, json={"kind": "earthquake"}, timeout=5)
	assert wrong.status_code == 400 and "earthquake" in wrong.json()["error"]
	assert requests.post(url, json={"kind": "drop", "where": "x"}, timeout=5).status_code == 400


@pytest.mark.parametrize(
	("text", "fault"),
	[
		("drop", Fault("drop", after=True)),
		("delay=5:reporting:3", Fault("delay", "reporting", 3, after=True, seconds=5)),
		("429=9:clearance:always", Fault("429", "clearance", ALWAYS, seconds=9)),
		("504-html:*:1:after", Fault("504-html", after=True)),
	],
)
def test_faults_are_read_from_text(text: str, fault: Fault) -> None:
	assert Fault.parse(text) == fault


@pytest.mark.parametrize(
	"text", ["", "x", "drop:mars", "drop:*:0", "drop:*:x", "drop:*:1:later", "drop:*:1:after:2", "delay=x"]
)
def test_wrong_faults_are_refused(text: str) -> None:
	with pytest.raises(InvalidInput):
		Fault.parse(text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_counted(simulator: Simulator, kind: str) -> None:
	simulator.faults.add(Fault.make(kind, seconds=0))
	taxpayer = Taxpayer(simulator.base_url, "developer-portal")
	try:
		taxpayer.enrol("123345")
	except (requests.RequestException, ValueError):
		pass  # that is what some of them do
	assert [call["fault"] for call in simulator.statistics()["calls"]] == [kind]
