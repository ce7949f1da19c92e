"""One chain per device: linear under parallel submitters, and a broken one is found and located."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import Fatoora, onboard
from private_bench import PrivateBench

PROCESSES, EACH = 4, 4
SUBMITTER = """
import sys
sys.path.insert(0, sys.argv[1])
import frappe
frappe.init(site="saudi.local", sites_path="."); frappe.connect(); frappe.set_user("Administrator")
from bayancore_erp.zatca import api
for name in sys.argv[2:]:
	for attempt in range(5):
		try:
			doc = frappe.get_doc("Sales Invoice", name)
			if doc.zatca_kind == "Simplified":
				doc.submit()
			else:
				api.submit_for_clearance("Sales Invoice", name)
			frappe.db.commit()
			break
		except (frappe.QueryDeadlockError, frappe.QueryTimeoutError):
			frappe.db.rollback()
			print("deadlock", name)
frappe.destroy()
"""


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as connected:
		connected.device = onboard(connected, fatoora)
		yield connected


def test_parallel_submitters_make_one_line(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import chain

	names = []
	for index in range(PROCESSES * EACH):
		buyer = world.PERSON if index % 2 else world.VAT_BUYER
		doc = world.invoice(frappe, buyer, [world.line("خدمة | Service", 1 + index, "10.15")])
		frappe.db.set_value(
			"Sales Invoice", doc.name, "zatca_kind", "Simplified" if index % 2 else "Standard"
		)
		names.append(doc.name)
	frappe.db.commit()
	running = [
		subprocess.Popen(
			[sys.executable, "-c", SUBMITTER, os.path.dirname(__file__), *names[index::PROCESSES]],
			stdout=subprocess.PIPE,
		)
		for index in range(PROCESSES)
	]
	assert [each.wait(timeout=180) for each in running] == [0] * PROCESSES
	from bayancore_erp.zatca.adapter import orchestrator

	frappe.db.rollback()
	frappe.db.sql("update `tabZATCA Submission` set next_try_at = null")
	frappe.db.commit()
	for name in orchestrator.due():
		orchestrator.advance(name)
	frappe.db.rollback()
	states = frappe.get_all(
		"Sales Invoice", filters={"name": ("in", names)}, fields=["docstatus", "zatca_state", "name"]
	)
	assert {(row.docstatus, row.zatca_state) for row in states} <= {(1, "Cleared"), (1, "Reported")}, states
	life = chain.verify(frappe.device)
	assert life.ok, life.breaks
	counters = frappe.get_all(
		"ZATCA Document", filters={"device": frappe.device}, pluck="icv", order_by="icv"
	)
	assert counters == list(range(1, len(names) + 1))


def test_the_command_reports(bench: PrivateBench, frappe: Any) -> None:
	answer = bench.command(world.SITE, "zatca", "verify-chain", "--json")
	(life, *_rest) = json.loads(answer.stdout)
	assert life["breaks"] == [] and life["documents"] > 0


@pytest.mark.parametrize(
	("damage", "where", "words"),
	[
		("update `tabZATCA Document` set content = 'eJxLSgQAAlkBJw==' where icv = 3", 3, "bytes"),
		("update `tabZATCA Document` set pih = 'AAAA' where icv = 4", 4, "previous hash"),
		("update `tabZATCA Document` set invoice_hash = 'AAAA' where icv = 5", 5, "hash"),
		("delete from `tabZATCA Document` where icv = 6", 7, "follows"),
		("update `tabZATCA Device` set icv = icv + 1", None, "head"),
	],
)
def test_a_break_is_located(frappe: Any, damage: str, where: int | None, words: str) -> None:
	from bayancore_erp.zatca.adapter import chain

	frappe.db.rollback()
	frappe.db.sql(damage)
	life = chain.verify(frappe.device)
	frappe.db.rollback()
	assert not life.ok and words in life.breaks[0].what
	assert where is None or life.breaks[0].icv == where


def test_the_nightly_verification_goes_on_and_keeps_what_it_found(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""New documents each night, everything each week; a finding is told once, and looked at in full until it is gone."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import chain, doctor

	looked: list[int] = []
	judge = chain.judge
	monkeypatch.setattr(
		chain, "judge", lambda row, expected: (looked.append(row.icv), judge(row, expected))[1]
	)

	def night() -> tuple[int, list[int]]:
		looked.clear()
		return jobs.verify_chains(), list(looked)

	def kept() -> Any:
		frappe.db.rollback()
		return frappe.get_doc("ZATCA Device", frappe.device)

	def light() -> tuple[str, str]:
		(one,) = [each for each in doctor.chains() if frappe.device in each.area]
		return one.light.value, one.sentence

	def sold() -> int:
		world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)]).submit()
		frappe.db.commit()
		return int(kept().icv)

	frappe.db.rollback()
	head = sold()
	assert "not happened yet" in light()[1]
	assert night() == (0, list(range(1, head + 1)))
	assert (kept().verified_icv, kept().verified_finding) == (head, "")
	assert light()[0] == "green" and f"up to counter {head}" in light()[1]
	assert night() == (0, []), "nothing is new"
	new = sold()
	assert night() == (0, [new])
	device = kept()
	device.verified_icv = 1
	device.save()
	assert kept().verified_icv == new, "a form does not change it"
	# the seventh day
	frappe.db.set_value(
		"ZATCA Device",
		frappe.device,
		"verified_full_at",
		frappe.utils.add_days(frappe.utils.now_datetime(), -7),
	)
	frappe.db.commit()
	assert night() == (0, list(range(1, new + 1)))
	# changed behind the last verified place: outline does not see it, the weekly round does
	true = frappe.db.get_value("ZATCA Document", {"device": frappe.device, "icv": 2}, "pih")
	damage = "update `tabZATCA Document` set pih = %s where device = %s and icv = 2"
	frappe.db.sql(damage, ("AAAA", frappe.device))
	frappe.db.set_value("ZATCA Device", frappe.device, "verified_full_at", None)
	frappe.db.delete("Notification Log", {"document_name": frappe.device})
	frappe.db.commit()
	try:
		assert night()[0] == 1
		assert light()[0] == "red" and light()[1].startswith("2: ")
		assert night()[0] == 1, "in full again"
		assert frappe.db.count("Notification Log", {"document_name": frappe.device}) == 1, "told once"
	finally:
		frappe.db.sql(damage, (true, frappe.device))
		frappe.db.commit()
	assert night()[0] == 0 and light()[0] == "green"
	frappe.db.set_value(
		"ZATCA Device", frappe.device, "verified_at", frappe.utils.add_days(frappe.utils.now_datetime(), -3)
	)
	assert light()[0] == "amber"
	frappe.db.rollback()


def test_onboarding_by_command(bench: PrivateBench, frappe: Any, fatoora: Fatoora) -> None:
	answer = bench.command(world.SITE, "zatca", "onboard", "--simulator", "--url", fatoora.url)
	assert "is active" in answer.stdout
	frappe.db.rollback()
	name = answer.stdout.split(" is active")[0].split()[-1]
	device = frappe.get_doc("ZATCA Device", name)
	assert device.status == "Active" and device.permissions_code == "1100"
	assert set(device.private_key) == {"*"} and "BEGIN" not in json.dumps(
		device.as_dict(), default=str
	).replace("BEGIN CERTIFICATE REQUEST", "")
