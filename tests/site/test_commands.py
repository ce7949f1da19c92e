"""`bench zatca rehearse` and `demo-data`: what would happen is told and nothing happens; a training company to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import world
from private_bench import PrivateBench


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.db.rollback()


def test_rehearse(bench: PrivateBench, frappe: Any) -> None:
	good = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	till = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)])
	bad = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	bad.db_set("tax_id", "12345")
	frappe.db.commit()
	icv = frappe.db.get_value("ZATCA Device", frappe.device, "icv")

	answer = bench.command(world.SITE, "zatca", "rehearse", good.name, till.name)
	assert answer.stdout.count("would be issued") == 2, answer.stdout
	answer = bench.command(world.SITE, "zatca", "rehearse", "--json", check=False)
	assert answer.returncode == 1
	told = {row["name"]: row for row in json.loads(answer.stdout)}
	assert told[good.name]["ok"] and told[till.name]["ok"] and not told[bad.name]["ok"]
	assert any(one["severity"] == "Error" and one["text"] for one in told[bad.name]["problems"])
	assert bench.command(world.SITE, "zatca", "rehearse", "SINV-NONE", check=False).returncode == 2
	for call in (("rehearse", "--company", "Nobody Ltd"), ("verify-chain", "--device", "EGS-NONE")):
		answer = bench.command(world.SITE, "zatca", *call, check=False)
		assert answer.returncode == 2 and call[-1] in answer.stderr, "nothing looked at is nothing that holds"

	frappe.db.rollback()
	assert frappe.db.get_value("ZATCA Device", frappe.device, "icv") == icv
	for doc in (good, till, bad):
		stored = frappe.get_doc(doc.doctype, doc.name)
		assert (stored.docstatus, stored.zatca_state or "", str(stored.modified)) == (
			0,
			"",
			str(doc.modified),
		)
		assert not world.ledger(frappe, stored)
	assert not frappe.db.count("ZATCA Submission")


def test_demo_data(bench: PrivateBench, frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import local_simulator, training

	answer = bench.command(world.SITE, "zatca", "demo-data", "--company", world.COMPANY)
	try:
		name = answer.stdout.split(" is ready")[0].splitlines()[-1]
		frappe.db.rollback()
		assert training.is_training(name)
		assert frappe.db.count("Sales Invoice", {"company": name, "docstatus": 0})
		again = bench.command(world.SITE, "zatca", "demo-data", "--company", world.COMPANY, check=False)
		assert again.returncode == 2
	finally:
		local_simulator.stop()
