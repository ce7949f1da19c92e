"""The audit trail on a real site: what is told, what nobody can change, and that verify holds where nothing was touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import Fatoora, fresh, onboard, simulator
from private_bench import PrivateBench


@pytest.fixture(scope="module")
def fatoora() -> Iterator[Fatoora]:
	with simulator() as running:
		yield running


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		frappe.db.commit()
		yield frappe


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()


def cleared(frappe: Any) -> Any:
	from bayancore_erp.zatca.api import submit_for_clearance

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	frappe.db.commit()
	assert submit_for_clearance(doc.doctype, doc.name)["state"] == "Cleared"
	return fresh(frappe, doc)


def events(frappe: Any, doctype: str, name: str) -> list[Any]:
	return frappe.get_all(
		"Audit Event",
		filters={"subject_doctype": doctype, "subject_name": name},
		fields=["name", "action", "actor", "digest", "facts", "company"],
		order_by="name",
	)


def actions(frappe: Any, doctype: str, name: str) -> list[str]:
	return [event.action for event in events(frappe, doctype, name)]


def test_the_life_of_a_cleared_invoice(frappe: Any) -> None:
	doc = cleared(frappe)
	assert actions(frappe, "Sales Invoice", doc.name)[:1] == ["Created"]
	told = actions(frappe, "Sales Invoice", doc.name)
	assert [a for a in told if a in ("Accepted", "Submitted", "Posted")] == [
		"Accepted",
		"Submitted",
		"Posted",
	]
	assert actions(frappe, "ZATCA Submission", doc.zatca_submission) == ["Requested"]
	[signed] = events(frappe, "ZATCA Document", doc.zatca_document)
	facts = json.loads(signed.facts)
	assert (signed.action, signed.company, facts["icv"]) == ("Signed", world.COMPANY, str(doc.zatca_icv))
	assert facts["certificate"] and len(signed.digest) == 64
	attempts = frappe.get_all(
		"ZATCA Attempt", filters={"invoice_name": doc.name}, pluck="name", order_by="creation"
	)
	assert [actions(frappe, "ZATCA Attempt", name) for name in attempts] == [["Sent"], ["Answered"]]


def test_verify_holds_and_says_what_it_saw(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.verify import verify

	cleared(frappe)
	report = verify()
	assert report.ok, report.findings
	assert {"Audit Event", "ZATCA Document", "ZATCA Attempt", "ZATCA Submission", "ZATCA Device"} <= set(
		report.looked_at
	)


def test_an_event_is_one_insert(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.trail import Action, record

	def questions() -> int:
		return int(frappe.db.sql("show session status like 'Questions'")[0][1])

	record(Action.PRINTED, "Sales Invoice", "X", world.COMPANY)
	before = questions()
	for _round in range(50):
		record(
			Action.PRINTED, "Sales Invoice", "X", world.COMPANY, digest="0" * 64, facts={"state": "Cleared"}
		)
	assert questions() - before - 1 == 50
	frappe.db.rollback()
