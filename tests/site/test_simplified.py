"""Simplified invoices: signed in the transaction that submits them, reported by a worker, re-issued where ZATCA says no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	yield site
	site.db.rollback()
	fatoora.calm()


def sold(frappe: Any, **more: Any) -> Any:
	"""A simplified invoice, submitted in one go as a till does."""
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 2, 50)], **more)
	doc.submit()
	frappe.db.commit()
	return doc


def report(frappe: Any, doc: Any) -> str:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	frappe.db.rollback()
	return str(jobs.advance(journal.live(doc.doctype, doc.name)))


def test_signed_at_once_and_reported_later(frappe: Any, fatoora: Fatoora) -> None:
	doc = sold(frappe)
	stored = fresh(frappe, doc)
	assert (stored.docstatus, stored.zatca_state, stored.zatca_kind) == (1, "To Report", "Simplified")
	assert stored.zatca_qr == doc.zatca_qr and stored.zatca_uuid and stored.zatca_deadline
	assert not fatoora.submissions(stored.zatca_uuid)
	assert report(frappe, doc) == "Reported"
	assert len(fatoora.submissions(stored.zatca_uuid)) == 1
	assert fresh(frappe, doc).zatca_state == "Reported"


def test_a_rollback_takes_the_place_in_the_chain_back(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import chain

	before = frappe.db.get_value("ZATCA Device", frappe.device, "icv")
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)])
	doc.submit()
	assert doc.zatca_icv == before + 1
	frappe.db.rollback()
	assert frappe.db.get_value("ZATCA Device", frappe.device, "icv") == before
	assert sold(frappe).zatca_icv == before + 1
	assert chain.verify(frappe.device).ok


def test_unlawful_is_not_booked(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.issuing import NotIssued

	doc = world.invoice(
		frappe, world.PERSON, [world.line("Service", 1, 50, zatca_item_name_ar="")], zatca_buyer_name="Sara"
	)
	frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "")
	with pytest.raises(NotIssued):
		doc.submit()
	frappe.db.rollback()


def refused(frappe: Any, doc: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[dict[str, Any]]]:
	"""Submit what cannot be issued: what the reader is told, and the jobs that were asked for."""
	import json

	from bayancore_erp.zatca.adapter.issuing import NotIssued

	frappe.db.commit()
	jobs: list[dict[str, Any]] = []
	frappe.clear_messages()
	with monkeypatch.context() as patch:
		patch.setattr(frappe, "enqueue", lambda method, **more: jobs.append({"method": method, **more}))
		with pytest.raises(NotIssued):
			doc.submit()
	frappe.db.rollback()
	(message,) = [json.loads(each) if isinstance(each, str) else each for each in frappe.message_log]
	frappe.clear_messages()
	return list(message["message"]), jobs


def test_a_refusal_at_the_till_names_the_field_in_the_readers_language_and_is_remembered(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.jobs import note_withheld

	number = frappe.db.get_value("Company", world.COMPANY, "tax_id")
	frappe.db.set_value("Company", world.COMPANY, "tax_id", "12345")
	frappe.clear_document_cache("Company", world.COMPANY)
	doc = world.invoice(
		frappe, world.PERSON, [world.line("خدمة | Service", 1, 20), world.line("<b>Plain</b>", 1, 50)]
	)
	try:
		said, jobs = refused(frappe, doc, monkeypatch)
		assert any("Line 2: " in each for each in said), said
		assert any(f"/app/company/{world.COMPANY}".replace(" ", "%20") in each for each in said), said
		frappe.local.lang = "ar"
		doc.reload()
		arabic, _jobs = refused(frappe, doc, monkeypatch)
		assert all(
			any("\u0600" <= letter <= "\u06ff" for letter in each.split("</b>: ")[-1]) for each in arabic
		)
	finally:
		frappe.local.lang = "en"
		frappe.db.set_value("Company", world.COMPANY, "tax_id", number)
		frappe.clear_document_cache("Company", world.COMPANY)
		frappe.db.commit()
	(job,) = jobs
	assert job.pop("method").endswith("note_withheld") and job.pop("queue") == "short"
	assert note_withheld(**job)
	rows = open_problems(frappe, doc)
	assert {(row.code, row.source, row.state) for row in rows} == {
		(each["code"], "Our Check", "Open") for each in job["problems"]
	}
	doc.reload()
	doc.items[1].zatca_item_name_ar = "صنف"
	doc.submit()
	frappe.db.commit()
	assert report(frappe, doc) == "Reported"
	assert {row.state for row in open_problems(frappe, doc)} == {"Resolved"}
	assert not note_withheld(**{**job, "name": "no such invoice"})


def open_problems(frappe: Any, doc: Any) -> list[Any]:
	return frappe.get_all(
		"AI Error Resolution", filters={"invoice_name": doc.name}, fields=["code", "source", "state"]
	)


def test_the_gateway_is_down_then_the_watchdog(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import journal, orchestrator

	fatoora.fault("drop:reporting:1")
	doc = sold(frappe)
	name = journal.live(doc.doctype, doc.name)
	state = orchestrator.advance(name, patience=3)
	assert state == "To Report"
	expire_leases(frappe)
	assert name in orchestrator.due()
	assert orchestrator.advance(name) == "Reported"
	rows = frappe.get_all(
		"ZATCA Attempt", filters={"invoice_name": doc.name, "row_kind": "Request"}, pluck="body_sha256"
	)
	assert len(rows) == 2 and len(set(rows)) == 1


def test_rejected_is_issued_again(frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import chain, issuing, signing
	from bayancore_erp.zatca.adapter.offline import Brought
	from bayancore_erp.zatca.api import make_note, note_offers, reissue
	from bayancore_erp.zatca.core import pipeline
	from bayancore_erp.zatca.core.xml import parse

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, seller=replace(invoice.seller, vat_number="123"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		doc = sold(frappe)
	assert report(frappe, doc) == "Rejected"
	first = fresh(frappe, doc)
	assert first.docstatus == 1
	with pytest.raises(frappe.ValidationError):
		first.cancel()
	frappe.db.rollback()
	# amounts wrong: the way is a credit note for what the buyer holds, offered beside the re-issue
	assert note_offers("Sales Invoice", doc.name) == {
		"notes": ["Credit Note", "Debit Note"],
		"left": "115.00",
		"rejected": True,
	}
	assert make_note("Sales Invoice", doc.name, "Credit Note", "Change of Value")["note"].grand_total == -115
	told: list[tuple[str, str]] = []
	with monkeypatch.context() as patch:
		patch.setattr(
			issuing, "announce", lambda event, *_of, **facts: told.append((event, facts["supersedes"]))
		)
		assert reissue("Sales Invoice", doc.name)["state"] == "To Report"
	frappe.db.commit()
	assert told == [("issued", first.zatca_document)], "whoever delivers hears which copy is replaced"
	second = fresh(frappe, doc)

	def said(name: str) -> Any:
		xml = frappe.get_doc("ZATCA Document", name).xml
		return Brought("", None, xml, "", parse(xml))

	before, after = said(first.zatca_document), said(second.zatca_document)
	assert (before.number, before.issued_at) == (after.number, after.issued_at)
	assert before.uuid != after.uuid and before.position != after.position and before.qr != after.qr
	assert after.position.icv == before.position.icv + 1
	assert second.zatca_uuid != first.zatca_uuid and second.zatca_icv == first.zatca_icv + 1
	assert second.zatca_qr != first.zatca_qr and second.zatca_issued_at == first.zatca_issued_at
	assert report(frappe, doc) == "Reported"
	assert chain.verify(frappe.device).ok


def test_a_skip_leaves_its_reason(frappe: Any) -> None:
	doc = world.invoice(frappe, world.GROUP_MEMBER, [world.line("خدمة | Service", 1, 50)])
	doc.submit()
	assert doc.docstatus == 1
	assert frappe.db.get_value("ZATCA Skip", {"invoice_name": doc.name}, "reason_code") == "Inside VAT Group"
	assert doc.zatca_state == "Skipped" and not doc.zatca_uuid
	frappe.db.rollback()


def test_our_fields_are_not_the_callers(frappe: Any) -> None:
	doc = sold(frappe)
	copy = frappe.copy_doc(doc)
	copy.zatca_state = "Cleared"
	copy.insert()
	assert not copy.zatca_state and not copy.zatca_uuid and not copy.zatca_document
	copy.zatca_state = "Cleared, Not Posted"
	copy.save()
	assert not copy.zatca_state
	frappe.db.rollback()
