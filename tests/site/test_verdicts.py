"""Each answer the gateway can give, on a real site over HTTP: what becomes of the invoice, the device and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import breaker

	yield site
	site.db.rollback()
	fatoora.calm()
	# Failures of one test in a row with those of the next would open the breaker.
	gateway = breaker.gateway_of(site.get_doc("ZATCA Device", site.device))
	breaker.record(gateway, answered())


def answered() -> Any:
	from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Outcome

	return Outcome(Kind.CLEARED, Endpoint.CLEARANCE, 200)


def submitted(frappe: Any, patience: float = 60) -> Any:
	"""A standard invoice after a person's request has done what it could. Gives it as the database has it."""
	from bayancore_erp.zatca.adapter import journal, orchestrator

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, "33.33")])
	doc.submit()
	frappe.db.commit()
	orchestrator.advance(journal.live(doc.doctype, doc.name), patience=patience)
	return fresh(frappe, doc)


def worker(frappe: Any, doc: Any) -> str:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	expire_leases(frappe)
	return str(jobs.advance(journal.live(doc.doctype, doc.name)))


def requests_of(frappe: Any, doc: Any) -> list[Any]:
	return frappe.get_all(
		"ZATCA Attempt",
		filters={"invoice_name": doc.name, "row_kind": "Request"},
		fields=["endpoint", "body_sha256"],
		order_by="number",
	)


def cleared_once(frappe: Any, fatoora: Fatoora, doc: Any) -> None:
	"""Posted, by one document, sent with one set of bytes, accepted once."""
	posted = fresh(frappe, doc)
	assert (posted.docstatus, posted.zatca_state) == (1, "Cleared")
	assert frappe.db.count("ZATCA Document", {"invoice_name": doc.name}) == 1
	assert len({row.body_sha256 for row in requests_of(frappe, doc)}) == 1
	accepted = [row for row in fatoora.submissions(posted.zatca_uuid) if row["accepted"]]
	assert len(accepted) == 1
	assert frappe.db.count("GL Entry", {"voucher_no": doc.name, "is_cancelled": 0}) == 3


@pytest.mark.parametrize(
	("fault", "status", "outcome"),
	[
		("500:clearance:1", 500, "unavailable"),
		("502-html:clearance:1", 502, "unavailable"),
		("503:clearance:1", 503, "unavailable"),
		("504-html:clearance:1:after", 504, "unavailable"),
		("429=1:clearance:1", 429, "rate-limited"),
		("drop:clearance:1", 0, "unknown"),
		("truncated-json:clearance:1", 200, ""),
		("cut:clearance:1", 200, ""),
		("empty:clearance:1", 200, ""),
		("delay=4:clearance:1", 0, "unknown"),
	],
)
def test_no_verdict_yet_then_the_same_bytes(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch, fault: str, status: int, outcome: str
) -> None:
	"""Nothing is posted, nothing can be changed, and the identical request brings the verdict, be it as 208."""
	from bayancore_erp.zatca.adapter import gateway

	fatoora.fault(fault)
	if fault.startswith("delay"):
		real = gateway.line
		monkeypatch.setattr(gateway, "line", lambda patience: real(1))
	doc = submitted(frappe)
	monkeypatch.undo()
	answer = frappe.get_last_doc("ZATCA Attempt", filters={"invoice_name": doc.name, "row_kind": "Answer"})
	assert answer.http_status == status and (not outcome or answer.outcome == outcome)
	assert (doc.zatca_state, doc.docstatus) == ("Clearing", 0)
	assert not frappe.db.count("GL Entry", {"voucher_no": doc.name})
	doc.items[0].qty = 3
	with pytest.raises(frappe.ValidationError):
		doc.save()
	frappe.db.rollback()
	assert worker(frappe, doc) == "Cleared"
	cleared_once(frappe, fatoora, doc)


def test_413_leaves_an_editable_draft(frappe: Any, fatoora: Fatoora) -> None:
	"""Too large: nothing is posted, it is corrected and goes again as a new document at the next place."""
	fatoora.fault("413:clearance:1")
	doc = submitted(frappe)
	assert (doc.zatca_state, doc.docstatus) == ("Rejected", 0)
	doc.items[0].qty = 1
	doc.save()
	doc.submit()
	frappe.db.commit()
	assert worker(frappe, doc) == "Cleared"
	first, second = frappe.get_all(
		"ZATCA Document", filters={"invoice_name": doc.name}, fields=["uuid", "icv"], order_by="icv"
	)
	assert first.uuid != second.uuid and second.icv > first.icv
	assert fresh(frappe, doc).zatca_uuid == second.uuid


def test_406_waits_for_an_update_of_the_app(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("406:clearance:1")
	doc = submitted(frappe)
	assert (doc.zatca_state, doc.docstatus) == ("On Hold", 0)
	row = frappe.get_doc("ZATCA Submission", doc.zatca_submission)
	assert row.last_http_status == 406 and "update" in row.messages[0].text and row.messages[0].text_ar
	assert worker(frappe, doc) == "Cleared"
	cleared_once(frappe, fatoora, doc)


def test_a_refusal_without_a_reason_becomes_a_persons_affair(frappe: Any, fatoora: Fatoora) -> None:
	"""400 with an empty body: the same bytes a few times, then it is held; never renumbered."""
	fatoora.fault("400-empty:clearance:always")
	doc = submitted(frappe)
	for _round in range(4):
		if fresh(frappe, doc).zatca_state == "On Hold":
			break
		worker(frappe, doc)
	assert fresh(frappe, doc).zatca_state == "On Hold" and len(requests_of(frappe, doc)) == 4
	fatoora.calm()
	assert worker(frappe, doc) == "Cleared"
	cleared_once(frappe, fatoora, doc)


def test_an_outage_does_not_count_among_refusals_without_a_reason(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("500:clearance:2")
	fatoora.fault("400-empty:clearance:3")
	doc = submitted(frappe)
	for _round in range(6):
		assert fresh(frappe, doc).zatca_state != "On Hold"
		if fresh(frappe, doc).docstatus == 1:
			break
		worker(frappe, doc)
	assert fresh(frappe, doc).zatca_state == "Cleared" and len(requests_of(frappe, doc)) == 6
	cleared_once(frappe, fatoora, doc)


def test_202_is_cleared_and_its_warnings_are_shown(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import signing
	from bayancore_erp.zatca.core import pipeline

	def without_building(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		buyer = replace(invoice.buyer, address=replace(invoice.buyer.address, building_number=""))
		return pipeline.prepare(replace(invoice, buyer=buyer), *rest, **kwargs, refuse=False)

	monkeypatch.setattr(signing, "prepare", without_building)
	doc = submitted(frappe)
	assert (doc.zatca_state, doc.docstatus) == ("Cleared", 1)
	row = frappe.get_doc("ZATCA Submission", doc.zatca_submission)
	assert row.last_http_status == 202 and row.warnings
	assert {message.severity for message in row.messages} == {"Warning"}


def test_409_means_it_was_reported_before(frappe: Any, fatoora: Fatoora) -> None:
	"""A simplified one whose answer got lost: the second request is answered with 409, which is the verdict."""
	from bayancore_erp.zatca.adapter import journal, orchestrator

	fatoora.fault("drop:reporting:1")
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)])
	doc.submit()
	frappe.db.commit()
	orchestrator.advance(journal.live(doc.doctype, doc.name), patience=60)
	assert worker(frappe, doc) == "Reported"
	row = frappe.get_doc("ZATCA Submission", fresh(frappe, doc).zatca_submission)
	assert row.last_http_status == 409 and row.attempts == 2


def test_401_while_reporting_holds_the_device(frappe: Any, fatoora: Fatoora) -> None:
	"""The credentials are refused: what is issued waits; a device on hold signs nothing new, and says so."""
	from bayancore_erp.zatca.adapter.issuing import NotIssued
	from bayancore_erp.zatca.api import release_device

	fatoora.fault("401:reporting:1")
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)])
	doc.submit()
	frappe.db.commit()
	assert worker(frappe, doc) == "On Hold"
	held = fresh(frappe, doc)
	assert (
		held.docstatus == 1
		and held.zatca_qr
		and frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	)
	with pytest.raises(NotIssued):
		world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)]).submit()
	frappe.db.rollback()
	release_device(frappe.device)
	frappe.db.commit()
	assert worker(frappe, doc) == "Reported"
