"""Clear before post, on a real site with a simulator over HTTP: every verdict, every way of submitting, every crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()
	fatoora.call("POST", "settings", clearance=True)


def draft(frappe: Any, *rows: tuple[Any, Any], customer: str = world.VAT_BUYER, **more: Any) -> Any:
	"""A committed draft."""
	items = [world.line("خدمة | Service", qty, rate) for qty, rate in rows or ((2, 100),)]
	doc = world.invoice(frappe, customer, items, **more)
	frappe.db.commit()
	return doc


def clear(frappe: Any, doc: Any) -> dict[str, Any]:
	"""What the button does."""
	from bayancore_erp.zatca.api import submit_for_clearance

	return submit_for_clearance(doc.doctype, doc.name)


def advance(frappe: Any, doc: Any) -> str:
	"""What a worker does with its live submission."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	frappe.db.rollback()
	name = journal.live(doc.doctype, doc.name)
	return jobs.advance(name) if name else ""


def ledger_rows(frappe: Any, doc: Any) -> int:
	return int(frappe.db.count("GL Entry", {"voucher_no": doc.name, "is_cancelled": 0}))


def documents(frappe: Any, doc: Any) -> list[Any]:
	from bayancore_erp.zatca.adapter.signing import documents_of

	return documents_of(doc.doctype, doc.name)


def chain_is_whole(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import chain

	frappe.db.rollback()
	life = chain.verify(frappe.device)
	assert life.ok, life.breaks


# --- verdicts ---------------------------------------------------------------------------------------------------------
def test_cleared_then_posted(frappe: Any, fatoora: Fatoora) -> None:
	doc = draft(frappe, (2, 100), (3, "9.99"))
	answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Cleared", 1), answer
	posted = fresh(frappe, doc)
	assert posted.zatca_uuid and posted.zatca_icv and posted.zatca_qr and posted.zatca_cleared_at
	assert str(posted.posting_date) == world.TODAY
	moved = world.ledger(frappe, posted)
	assert str(moved[world.VAT]) == "-34.50" and str(moved[world.DEBTORS]) == "264.47"
	(row,) = fatoora.submissions(posted.zatca_uuid)
	assert row["number"] == doc.name
	submission = frappe.get_doc("ZATCA Submission", posted.zatca_submission)
	assert (submission.state, submission.step, submission.live_key) == ("Cleared", "Posted", None)
	assert frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name}) == 2
	chain_is_whole(frappe)


def test_credit_note(frappe: Any) -> None:
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	doc = draft(frappe)
	assert clear(frappe, doc)["state"] == "Cleared"
	note = make_sales_return(doc.name)
	note.update({"zatca_reason_code": "Return", "set_posting_time": 1, "posting_date": world.TODAY})
	note.insert()
	assert not note.zatca_uuid and not note.zatca_state
	frappe.db.commit()
	answer = clear(frappe, note)
	assert (answer["state"], answer["docstatus"]) == ("Cleared", 1), answer


def test_rejected_corrected_cleared(frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch) -> None:
	"""ZATCA rejects what our own rules let through; the draft is editable and goes again as a new document."""
	from bayancore_erp.zatca.adapter import signing
	from bayancore_erp.zatca.core import pipeline

	def unrefused(*args: Any, **kwargs: Any) -> Any:
		invoice, *rest = args
		from dataclasses import replace

		broken = replace(invoice, buyer=replace(invoice.buyer, vat_number="123"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	doc = draft(frappe)
	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Rejected", 0), answer
	assert answer["messages"] and answer["messages"][0]["source"] == "ZATCA"
	assert ledger_rows(frappe, doc) == 0
	rejected = fresh(frappe, doc)
	first = documents(frappe, doc)[0]
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc("Sales Invoice", doc.name)
	rejected.items[0].qty = 5
	rejected.save()
	frappe.db.commit()
	answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Cleared", 1), answer
	second = documents(frappe, doc)[1]
	assert second.name != first.name and second.icv > first.icv
	assert frappe.db.get_value("ZATCA Document", second.name, "supersedes") == first.name
	chain_is_whole(frappe)


def test_our_own_rules_refuse_before_signing(frappe: Any) -> None:
	icv = frappe.db.get_value("ZATCA Device", frappe.device, "icv")
	doc = draft(frappe)
	frappe.db.set_value("Customer", world.VAT_BUYER, "tax_id", "12345")
	frappe.db.set_value("Sales Invoice", doc.name, "tax_id", "12345")
	frappe.db.commit()
	try:
		answer = clear(frappe, doc)
	finally:
		frappe.db.set_value("Customer", world.VAT_BUYER, "tax_id", "399999999900003")
		frappe.db.commit()
	assert (answer["state"], answer["docstatus"]) == ("Rejected", 0)
	errors = [message for message in answer["messages"] if message["severity"] == "Error"]
	assert errors and errors[0]["source"] == "Our Check" and errors[0]["place"]["fieldname"] == "tax_id"
	assert frappe.db.get_value("ZATCA Device", frappe.device, "icv") == icv
	assert ledger_rows(frappe, doc) == 0


def test_dropped_answer_is_resent_and_posted_once(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("drop:clearance:1")
	doc = draft(frappe)
	answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Clearing", 0), answer
	expire_leases(frappe)
	assert advance(frappe, doc) == "Cleared"
	posted = fresh(frappe, doc)
	assert posted.docstatus == 1 and len(documents(frappe, doc)) == 1
	digests = frappe.get_all(
		"ZATCA Attempt", filters={"invoice_name": doc.name, "row_kind": "Request"}, pluck="body_sha256"
	)
	assert len(digests) == 2 and len(set(digests)) == 1
	assert ledger_rows(frappe, doc) == 3


def test_303_is_reported_with_the_same_bytes(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.call("POST", "settings", clearance=False)
	doc = draft(frappe)
	answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Reported", 1), answer
	requests = frappe.get_all(
		"ZATCA Attempt",
		filters={"invoice_name": doc.name, "row_kind": "Request"},
		fields=["endpoint", "body_sha256"],
		order_by="number",
	)
	assert [row.endpoint for row in requests] == ["clearance", "reporting"]
	assert len({row.body_sha256 for row in requests}) == 1


def test_401_holds_the_device_not_the_invoice(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.api import release_device

	fatoora.fault("401:clearance:1")
	doc, other = draft(frappe), draft(frappe)
	assert clear(frappe, doc)["state"] == "On Hold"
	assert frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	assert clear(frappe, other)["state"] == "On Hold"
	held = fresh(frappe, doc)
	held.items[0].qty = 9
	with pytest.raises(frappe.ValidationError):
		held.save()
	frappe.db.rollback()
	assert release_device(frappe.device) >= 2
	frappe.db.commit()
	for each in (doc, other):
		assert advance(frappe, each) == "Cleared"
	chain_is_whole(frappe)


def test_503_then_a_worker(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("503:clearance:2")
	doc = draft(frappe)
	answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Clearing", 0)
	expire_leases(frappe)
	assert advance(frappe, doc) == "Cleared"
	assert fresh(frappe, doc).docstatus == 1


@pytest.mark.parametrize(("failures", "state"), [(4, "Cleared"), (99, "Clearing")])
def test_a_worker_that_waited_in_place_keeps_no_lease(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch, failures: int, state: str
) -> None:
	"""Sent five times and posted in one go; where it goes on failing, somebody else may go on at once."""
	from bayancore_erp.zatca.adapter import breaker, journal, orchestrator

	monkeypatch.setattr(breaker, "admits", lambda *_line, **_how: True)
	monkeypatch.setattr(orchestrator, "SHORT_WAIT", 600.0)
	monkeypatch.setattr(orchestrator.time, "sleep", lambda _seconds: None)
	fatoora.fault(f"503:clearance:{failures}")
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	doc.submit()
	frappe.db.commit()
	name = journal.live(doc.doctype, doc.name)
	assert orchestrator.advance(name) == state
	assert not frappe.db.get_value("ZATCA Submission", name, "lease_until")
	fatoora.calm()
	if state != "Cleared":
		assert orchestrator.advance(name) == "Cleared"


def test_posting_failure_is_finished_by_a_retry(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import issuing
	from bayancore_erp.zatca.api import retry

	doc = draft(frappe)

	def closed(doc: Any) -> None:
		frappe.throw("The period is closed")

	with monkeypatch.context() as patch:
		patch.setattr(issuing, "finish", closed)
		answer = clear(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Cleared, Not Posted", 0), answer
	assert "closed" in answer["last_error"] and ledger_rows(frappe, doc) == 0
	frozen = fresh(frappe, doc)
	frozen.items[0].qty = 7
	with pytest.raises(frappe.ValidationError):
		frozen.save()
	frappe.db.rollback()
	assert retry("Sales Invoice", doc.name)["state"] == "Cleared"
	requests = frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name, "row_kind": "Request"})
	assert requests == 1 and ledger_rows(frappe, doc) == 3


# --- every way of submitting ------------------------------------------------------------------------------------------
def by_code(frappe: Any, doc: Any) -> None:
	frappe.get_doc("Sales Invoice", doc.name).submit()


def by_client(frappe: Any, doc: Any) -> None:
	from frappe.client import submit

	submit(frappe.get_doc("Sales Invoice", doc.name).as_dict())


def in_bulk(frappe: Any, doc: Any) -> None:
	from frappe.desk.doctype.bulk_update.bulk_update import submit_cancel_or_update_docs

	submit_cancel_or_update_docs("Sales Invoice", [doc.name], "submit")


@pytest.mark.parametrize("way", [by_code, by_client, in_bulk])
def test_every_submit_is_deferred(frappe: Any, way: Any) -> None:
	doc = draft(frappe)
	way(frappe, doc)
	frappe.db.commit()
	queued = fresh(frappe, doc)
	assert (queued.docstatus, queued.zatca_state) == (0, "Queued") and ledger_rows(frappe, doc) == 0
	assert {row.docstatus for row in queued.items} == {0}
	assert advance(frappe, doc) == "Cleared"
	assert fresh(frappe, doc).docstatus == 1


def test_insert_and_submit_rolled_back_leaves_nothing(frappe: Any) -> None:
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	doc.submit()
	assert doc.docstatus == 0
	frappe.db.rollback()
	assert not frappe.db.exists("ZATCA Submission", {"invoice_name": doc.name})


# --- what may never happen --------------------------------------------------------------------------------------------
def test_cancel_delete_rename_are_refused(frappe: Any) -> None:
	doc = draft(frappe)
	clear(frappe, doc)
	for attempt in (
		lambda: fresh(frappe, doc).cancel(),
		lambda: ignoring(fresh(frappe, doc)).cancel(),
		lambda: frappe.delete_doc("Sales Invoice", doc.name, force=True),
		lambda: frappe.rename_doc("Sales Invoice", doc.name, "SINV-OTHER", force=True),
	):
		with pytest.raises(frappe.ValidationError):
			attempt()
		frappe.db.rollback()
	changed = fresh(frappe, doc)
	changed.po_no = "PO-77"
	with pytest.raises(frappe.ValidationError):
		changed.save()
	assert fresh(frappe, doc).docstatus == 1


def ignoring(doc: Any) -> Any:
	doc.flags.ignore_validate = True
	return doc


def test_no_lock_while_the_gateway_is_awaited(frappe: Any, fatoora: Fatoora) -> None:
	"""While one clearance waits for its answer, another draft is inserted and submitted by another connection at once."""
	doc = draft(frappe)
	fatoora.fault("delay=15:clearance:1")
	waiting = child(
		f"from bayancore_erp.zatca.api import submit_for_clearance as s; s('Sales Invoice', {doc.name!r})"
	)
	deadline = time.monotonic() + 60
	while time.monotonic() < deadline:
		frappe.db.rollback()
		if frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name, "row_kind": "Request"}):
			break
		time.sleep(0.05)
	began = time.monotonic()
	other = draft(frappe, customer=world.PERSON)
	other.submit()
	frappe.db.commit()
	elapsed = time.monotonic() - began
	assert waiting.poll() is None and elapsed < 12, elapsed
	assert waiting.wait(timeout=60) == 0
	assert fresh(frappe, doc).docstatus == 1


# --- crashes ----------------------------------------------------------------------------------------------------------
def child(code: str) -> subprocess.Popen[bytes]:
	"""Code in a process of its own, connected to the same site."""
	program = (
		"import sys; sys.path.insert(0, sys.argv[1])\n"
		"import os, signal, frappe\n"
		f"frappe.init(site={world.SITE!r}, sites_path='.'); frappe.connect(); frappe.set_user('Administrator')\n"
		"def die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)\n"
		f"{code}\nfrappe.destroy()\n"
	)
	return subprocess.Popen([sys.executable, "-c", program, os.path.dirname(__file__)])


BOUNDARIES = {
	"after the claim": "import bayancore_erp.zatca.adapter.orchestrator as o; o.sign_and_store = die",
	"before signing commits": "import bayancore_erp.zatca.adapter.orchestrator as o; t = o.store\ndef f(*a):\n\tt(*a); die()\no.store = f",
	"after sign and store": "import bayancore_erp.zatca.adapter.orchestrator as o; o.send = die",
	"before the bytes leave": "import bayancore_erp.zatca.adapter.gateway as g; g.line = die",
	"after send": "import bayancore_erp.zatca.adapter.journal as j; j.add_answer = die",
	"after the answer": "import bayancore_erp.zatca.adapter.orchestrator as o; o.understand = die",
	"before posting": "import bayancore_erp.zatca.adapter.orchestrator as o; o.post = die",
	"before posting commits": "import bayancore_erp.zatca.adapter.issuing as i; i.finish = die",
}


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_killed_at_a_step_boundary(frappe: Any, fatoora: Fatoora, boundary: str) -> None:
	from bayancore_erp.zatca.adapter import journal, orchestrator

	doc = draft(frappe)
	killed = child(
		f"{BOUNDARIES[boundary]}\nfrom bayancore_erp.zatca.api import submit_for_clearance as s; s('Sales Invoice', {doc.name!r})"
	)
	assert killed.wait(timeout=60) == -signal.SIGKILL
	frappe.db.rollback()
	assert ledger_rows(frappe, doc) == 0
	assert journal.live("Sales Invoice", doc.name) not in orchestrator.due(), "the lease still protects it"
	expire_leases(frappe)
	name = journal.live("Sales Invoice", doc.name)
	assert name in orchestrator.due()
	assert orchestrator.advance(name) == "Cleared"
	posted = fresh(frappe, doc)
	assert posted.docstatus == 1 and ledger_rows(frappe, doc) == 3
	assert len(documents(frappe, doc)) == 1
	assert {row["uuid"] for row in fatoora.submissions() if row["number"] == doc.name} == {posted.zatca_uuid}
	chain_is_whole(frappe)


def test_a_dead_holder_that_wakes_up_writes_nothing(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import journal, orchestrator

	doc = draft(frappe)
	doc.submit()
	frappe.db.commit()
	name = journal.live("Sales Invoice", doc.name)
	old = orchestrator.step(lambda: orchestrator.take(name))
	assert orchestrator.step(lambda: orchestrator.take(name)) is None
	expire_leases(frappe)
	new = orchestrator.step(lambda: orchestrator.take(name))
	assert new.token == old.token + 1
	with pytest.raises(journal.LeaseLost):
		journal.write(old, step="Signed")
	frappe.db.rollback()
	expire_leases(frappe)
	assert orchestrator.advance(name) == "Cleared"


def test_two_advances_at_once_clear_once(frappe: Any) -> None:
	doc = draft(frappe)
	doc.submit()
	frappe.db.commit()
	code = f"from bayancore_erp.zatca.adapter import journal; from bayancore_erp.zatca import jobs; n = journal.live('Sales Invoice', {doc.name!r}); n and jobs.advance(n)"
	assert [each.wait(timeout=60) for each in [child(code), child(code)]] == [0, 0]
	assert fresh(frappe, doc).docstatus == 1
	assert len(documents(frappe, doc)) == 1
	assert frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name, "row_kind": "Request"}) == 1
