"""Outage mode: entered by the breaker or a manager, invoices released and booked uncleared, everything cleared on recovery."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh, onboard
from private_bench import PrivateBench

heard: list[tuple[str, dict[str, Any]]] = []


def listen(event: str, facts: Any) -> None:
	heard.append((event, dict(facts)))


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		hooks = frappe.get_hooks("zatca_events")
		with pytest.MonkeyPatch.context() as patch:
			listening = {event: [*hooks.get(event, []), f"{__name__}.listen"] for event in EVENTS}
			real = frappe.get_hooks
			patch.setattr(
				frappe,
				"get_hooks",
				lambda hook=None, *a, **k: listening if hook == "zatca_events" else real(hook, *a, **k),
			)
			# A worker's turn comes at once, not at the breaker's next trial; that has tests of its own.
			patch.setattr(
				"bayancore_erp.zatca.adapter.breaker.admits", lambda gateway, endpoint, *, trial=True: True
			)
			attr = frappe.get_attr
			patch.setattr(
				frappe, "get_attr", lambda path: listen if path == f"{__name__}.listen" else attr(path)
			)
			yield frappe


EVENTS = ("released", "accepted", "posted", "rejected")


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import outage

	site.set_user("Administrator")
	fatoora.calm()
	heard.clear()
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()
	if outage.is_active(world.COMPANY):
		outage.leave(world.COMPANY)
	site.db.commit()


def draft(frappe: Any, customer: str = world.VAT_BUYER, **more: Any) -> Any:
	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 2, 100)], **more)
	frappe.db.commit()
	return doc


def stuck(frappe: Any, fatoora: Fatoora) -> Any:
	"""An invoice that waits because the gateway is away."""
	from bayancore_erp.zatca.adapter import journal, orchestrator

	fatoora.fault("503:clearance:99")
	doc = draft(frappe)
	doc.submit()
	frappe.db.commit()
	assert orchestrator.advance(journal.live(doc.doctype, doc.name), patience=30) == "Clearing"
	return fresh(frappe, doc)


def enter(frappe: Any, cause: str = "ZATCA Unreachable") -> str:
	from bayancore_erp.zatca.api import enter_outage

	name = enter_outage(world.COMPANY, "The gateway does not answer", cause)
	frappe.db.commit()
	return str(name)


def release(frappe: Any, doc: Any) -> dict[str, Any]:
	from bayancore_erp.zatca.api import release_uncleared

	return release_uncleared(doc.name)


def advance(frappe: Any, doc: Any) -> str:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	expire_leases(frappe)
	return str(jobs.advance(journal.live(doc.doctype, doc.name)))


def events(doc: Any) -> list[tuple[str, bool]]:
	return [(event, bool(facts.get("released"))) for event, facts in heard if facts["name"] == doc.name]


def test_released_booked_marked_then_cleared_with_the_same_bytes(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import chain, delivery
	from bayancore_erp.zatca.adapter.release import NotReleased
	from bayancore_erp.zatca.api import leave_outage

	doc = stuck(frappe, fatoora)
	with pytest.raises(NotReleased):
		release(frappe, doc)
	frappe.db.rollback()
	record = enter(frappe)
	answer = release(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Clearance Pending", 1), answer
	out = fresh(frappe, doc)
	assert out.zatca_released_by == "Administrator" and out.zatca_released_at
	assert str(world.ledger(frappe, out)[world.VAT]) == "-30.00"
	assert delivery.may_leave(out, test_papers=True) is None
	mark = delivery.watermark_of(out)
	assert mark.codes == ("NOT-YET-CLEARED", "TEST") and mark.hides_qr
	paper = frappe.get_print("Sales Invoice", doc.name)
	assert "NOT YET CLEARED BY ZATCA" in paper and "لم تُعتمد بعد" in paper
	assert out.zatca_qr and out.zatca_qr not in paper
	assert events(doc) == [("released", False)]
	with pytest.raises(frappe.ValidationError):
		out.cancel()
	frappe.db.rollback()

	assert advance(frappe, doc) == "Clearance Pending", "the gateway is still away"
	assert fresh(frappe, doc).zatca_state == "Clearance Pending"
	fatoora.calm()
	leave_outage(world.COMPANY)
	frappe.db.commit()
	assert advance(frappe, doc) == "Cleared"
	done = fresh(frappe, doc)
	assert (done.docstatus, done.zatca_state) == (1, "Cleared") and done.zatca_uuid == out.zatca_uuid
	assert done.zatca_qr != out.zatca_qr, "the cleared copy's own"
	assert "NOT YET" not in frappe.get_print("Sales Invoice", doc.name)
	assert events(doc) == [("released", False), ("accepted", True), ("posted", True)]
	digests = frappe.get_all(
		"ZATCA Attempt", {"invoice_name": doc.name, "row_kind": "Request"}, pluck="body_sha256"
	)
	assert len(digests) >= 3 and len(set(digests)) == 1
	assert len(fatoora.submissions(done.zatca_uuid)) == 1
	assert frappe.db.count("GL Entry", {"voucher_no": doc.name, "is_cancelled": 0}) == 3
	assert chain.verify(frappe.device).ok

	kept = frappe.get_doc("ZATCA Outage", record)
	evidence = json.loads(kept.evidence)
	assert kept.released == 1 and [row["name"] for row in evidence["released"]] == [doc.name]
	assert kept.attempts == len(evidence["attempts"]) >= 1
	kept.reason = "Something else"
	with pytest.raises(frappe.ValidationError):
		kept.save()
	with pytest.raises(frappe.ValidationError):
		kept.delete()
	frappe.db.rollback()


def test_the_doctor_tells_that_one_is_on(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import doctor_records
	from bayancore_erp.zatca.adapter.doctor import Light
	from bayancore_erp.zatca.api import leave_outage

	assert list(doctor_records.outages()) == []
	record = enter(frappe)
	(finding,) = doctor_records.outages()
	assert finding.light is Light.AMBER and world.COMPANY in finding.area and finding.todo
	assert finding.route == ("Form", "ZATCA Outage", record)
	leave_outage(world.COMPANY)
	assert list(doctor_records.outages()) == []


def test_one_that_was_never_signed_is_signed_first(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("503:clearance:99")
	enter(frappe)
	doc = draft(frappe)
	answer = release(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Clearance Pending", 1), answer
	assert not frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name})


def test_what_our_own_check_refuses_is_not_released(frappe: Any, fatoora: Fatoora) -> None:
	enter(frappe)
	doc = draft(frappe)
	frappe.db.set_value("Sales Invoice", doc.name, "tax_id", "12345")
	frappe.db.commit()
	answer = release(frappe, doc)
	assert (answer["state"], answer["docstatus"]) == ("Rejected", 0), answer
	assert not fresh(frappe, doc).zatca_released_at


def test_the_breaker_enters_and_recovery_leaves(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import breaker, outage

	doc = stuck(frappe, fatoora)
	while not any(line.is_down for line in breaker.of_device(frappe.device)):
		advance_failing(frappe, doc)
	outage.watch()
	assert not outage.is_active(world.COMPANY), "five minutes have not passed"
	age_attempts(frappe, timedelta(minutes=7))
	outage.watch()
	assert outage.is_active(world.COMPANY)
	record = frappe.get_doc("ZATCA Outage", outage.current(world.COMPANY))
	assert record.entered_by == outage.BREAKER
	tasks = frappe.get_all("ToDo", {"reference_name": record.name}, ["allocated_to", "status"])
	assert tasks and all(task.status == "Open" for task in tasks)
	release(frappe, doc)
	outage.watch()
	assert outage.is_active(world.COMPANY), "nothing has answered yet"
	fatoora.calm()
	assert advance(frappe, doc) == "Cleared"
	outage.watch()
	assert not outage.is_active(world.COMPANY)
	assert frappe.db.get_value("ZATCA Outage", record.name, "ended_by") == outage.BREAKER


def advance_failing(frappe: Any, doc: Any) -> None:
	from bayancore_erp.zatca.adapter import journal, orchestrator

	expire_leases(frappe)
	orchestrator.advance(journal.live(doc.doctype, doc.name), patience=30)


def age_attempts(frappe: Any, by: timedelta) -> None:
	"""As if what happened had happened earlier."""
	seconds = int(by.total_seconds())
	frappe.db.sql(
		"update `tabZATCA Attempt` set started_at = started_at - interval %s second, creation = creation - interval %s second",
		(seconds, seconds),
	)
	frappe.db.commit()
	forget_breaker(frappe)


def forget_breaker(frappe: Any) -> None:
	"""Its state is made again from the attempts on record."""
	from bayancore_erp.zatca.adapter import breaker
	from bayancore_erp.zatca.adapter.vault import gateway_of

	gateway = gateway_of(frappe.get_doc("ZATCA Device", frappe.device))
	for endpoint in breaker.ENDPOINTS:
		frappe.cache.delete(breaker.key_of(gateway, endpoint))


def reported(frappe: Any) -> None:
	"""A sale to a person, reported: that endpoint works."""
	doc = draft(frappe, world.PERSON)
	doc.submit()
	frappe.db.commit()
	assert advance(frappe, doc) == "Reported"


def test_clearance_is_away_while_reporting_works(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import outage

	doc = stuck(frappe, fatoora)
	for _each in range(5):
		advance_failing(frappe, doc)
		reported(frappe)
	assert outage.failing_since(world.COMPANY)
	age_attempts(frappe, timedelta(minutes=7))
	outage.watch()
	assert outage.is_active(world.COMPANY), "entered although something was answered"
	assert release(frappe, doc)["state"] == "Clearance Pending"
	reported(frappe)
	outage.watch()
	assert outage.is_active(world.COMPANY), "and not left for that"
	fatoora.calm()
	assert advance(frappe, doc) == "Cleared"
	outage.watch()
	assert not outage.is_active(world.COMPANY)


def test_a_persons_outage_outlasts_what_is_reported(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import outage

	doc = stuck(frappe, fatoora)
	enter(frappe)
	reported(frappe)
	outage.watch()
	assert outage.is_active(world.COMPANY)
	fatoora.calm()
	assert advance(frappe, doc) == "Cleared"
	outage.watch()
	assert not outage.is_active(world.COMPANY)


def test_a_trial_device_left_behind_makes_no_outage(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter import outage

	doc = stuck(frappe, fatoora)
	for _each in range(5):
		advance_failing(frappe, doc)
	assert outage.failing_since(world.COMPANY)
	further = world.make(
		frappe,
		"ZATCA Device",
		device_name="further on",
		company=world.COMPANY,
		environment="Simulation",
		signs_simplified=0,
	)
	further.db_set("status", "Active")
	assert outage.failing_since(world.COMPANY) is None
	frappe.db.rollback()
	fatoora.calm()
	assert advance(frappe, doc) == "Cleared"


def test_a_release_that_breaks_leaves_its_words_and_no_lease(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import guard, orchestrator
	from bayancore_erp.zatca.adapter.release import NotReleased

	fatoora.fault("503:clearance:99")
	enter(frappe)
	doc = draft(frappe)
	queued: list[str] = []
	monkeypatch.setattr(guard, "enqueue", lambda submission, **_how: queued.append(submission))

	def broken(*_given: Any, **_named: Any) -> None:
		raise RuntimeError("nobody foresaw this")

	with monkeypatch.context() as breaking:
		breaking.setattr(orchestrator, "sign_and_store", broken)
		with pytest.raises(NotReleased, match="nobody foresaw this"):
			release(frappe, doc)
	frappe.db.rollback()
	assert not queued, "a worker would only be in its way"
	row = frappe.get_doc("ZATCA Submission", fresh(frappe, doc).zatca_submission)
	assert row.last_error == "nobody foresaw this" and not row.lease_until
	assert release(frappe, doc)["state"] == "Clearance Pending"
	fatoora.calm()
	assert advance(frappe, doc) == "Cleared"


def test_a_site_that_is_not_on_riyadhs_time(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	"""What people enter and what is counted down is the site's time; what is signed is Riyadh's."""
	from bayancore_erp.zatca.adapter import clock, late

	monkeypatch.setattr(clock, "get_system_timezone", lambda: "Asia/Karachi")
	doc = draft(frappe, world.PERSON)
	doc.zatca_paper_issued_at = "2026-11-20 01:30:00"
	assert late.issue_moment(doc).isoformat() == "2026-11-19T23:30:00+03:00"
	doc.zatca_paper_issued_at = None
	doc.submit()
	frappe.db.commit()
	issued = fresh(frappe, doc)
	assert issued.zatca_deadline - issued.zatca_issued_at == timedelta(hours=24 + 2)
	assert advance(frappe, doc) == "Reported"


def test_rejected_after_release_is_issued_again_or_reversed(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import chain, delivery, signing
	from bayancore_erp.zatca.api import reissue_released, reverse_released
	from bayancore_erp.zatca.core import pipeline

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, buyer=replace(invoice.buyer, vat_number="123"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	enter(frappe)
	first, second = draft(frappe), draft(frappe)
	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		for doc in (first, second):
			assert release(frappe, doc)["state"] == "Clearance Pending"
	for doc in (first, second):
		assert advance(frappe, doc) == "Rejected"
		rejected = fresh(frappe, doc)
		assert (rejected.docstatus, rejected.zatca_state) == (1, "Rejected")
		assert delivery.may_leave(rejected).code == "REJECTED"
		assert frappe.db.exists("ToDo", {"reference_name": doc.name, "status": "Open"})

	before = fresh(frappe, first)
	assert reissue_released(first.name)["state"] == "Clearance Pending"
	frappe.db.commit()
	assert advance(frappe, first) == "Cleared"
	again = fresh(frappe, first)
	assert again.zatca_uuid != before.zatca_uuid and again.zatca_issued_at == before.zatca_issued_at
	assert ("posted", True) in events(first)

	corrected = reverse_released(second.name, "The buyer's number was wrong")
	frappe.db.commit()
	reversed_one = fresh(frappe, second)
	assert reversed_one.docstatus == 2 and not world.ledger(frappe, reversed_one)
	draft_again = frappe.get_doc("Sales Invoice", corrected)
	assert (
		draft_again.amended_from == second.name and not draft_again.zatca_uuid and not draft_again.zatca_state
	)
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc("Sales Invoice", second.name)
	frappe.db.rollback()
	with pytest.raises(frappe.ValidationError):
		reverse_released(first.name, "A cleared one cannot be reversed")
	frappe.db.rollback()
	assert chain.verify(frappe.device).ok


def test_written_by_hand_is_issued_as_of_then(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.adapter.late import NoOutage
	from bayancore_erp.zatca.api import enter_outage

	now = frappe.utils.now_datetime().replace(microsecond=0)
	handed = now - timedelta(hours=30)
	half = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	half.zatca_paper_number = "7"
	with pytest.raises(frappe.ValidationError):
		half.save()
	frappe.db.rollback()
	doc = draft(
		frappe,
		zatca_paper_number="H-0042",
		zatca_paper_issued_at=handed,
		posting_date=handed.date(),
		due_date=now.date(),
	)
	with pytest.raises(NoOutage):
		doc.submit()
	frappe.db.rollback()
	record = enter_outage(
		world.COMPANY,
		"Power cut in the whole district",
		"Cannot Generate Invoices",
		started_at=str(now - timedelta(hours=40)),
		ended_at=str(now - timedelta(hours=20)),
	)
	frappe.db.commit()
	assert frappe.db.count("ToDo", {"reference_name": record}) >= 1
	doc = fresh(frappe, doc)
	doc.submit()
	frappe.db.commit()
	assert advance(frappe, doc) == "Cleared", frappe.get_doc(
		"ZATCA Submission", fresh(frappe, doc).zatca_submission
	).messages
	issued = fresh(frappe, doc)
	assert issued.zatca_issued_at == handed
	xml = frappe.get_doc("ZATCA Document", issued.zatca_document).xml.decode()
	assert f"<cbc:IssueDate>{handed.date()}</cbc:IssueDate>" in xml and "H-0042" in xml


def test_one_that_was_paid_already_is_reversed_too(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""The customer paid the released copy: reversing takes the allocation back and leaves the money on account."""
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

	from bayancore_erp.zatca.adapter import signing
	from bayancore_erp.zatca.api import reverse_released
	from bayancore_erp.zatca.core import pipeline

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, buyer=replace(invoice.buyer, vat_number="123"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	# what a site may have switched off
	frappe.db.set_single_value("Accounts Settings", "unlink_payment_on_cancellation_of_invoice", 0)
	enter(frappe)
	doc = draft(frappe)
	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		release(frappe, doc)
	payment = get_payment_entry("Sales Invoice", doc.name, bank_account=f"Cash - {world.ABBR}")
	payment.update({"reference_no": "T-1", "reference_date": world.TODAY})
	payment.submit()
	frappe.db.commit()
	assert fresh(frappe, doc).outstanding_amount == 0
	assert advance(frappe, doc) == "Rejected"

	corrected = reverse_released(doc.name, "The buyer's number was wrong")
	frappe.db.commit()
	assert fresh(frappe, doc).docstatus == 2 and not world.ledger(frappe, fresh(frappe, doc))
	kept = fresh(frappe, payment)
	assert (kept.docstatus, kept.references, kept.unallocated_amount) == (1, [], payment.paid_amount)
	assert frappe.db.get_value("Sales Invoice", corrected, "docstatus") == 0


def test_a_simplified_one_written_by_hand_is_issued_as_of_then(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.api import enter_outage

	now = frappe.utils.now_datetime().replace(microsecond=0)
	handed = now - timedelta(hours=30)
	enter_outage(
		world.COMPANY,
		"The server was broken",
		"Cannot Generate Invoices",
		started_at=str(now - timedelta(hours=31)),
		ended_at=str(now - timedelta(hours=29)),
	)
	doc = draft(
		frappe,
		world.PERSON,
		zatca_paper_number="T-0815",
		zatca_paper_issued_at=handed,
		posting_date=handed.date(),
		due_date=now.date(),
	)
	doc.submit()
	frappe.db.commit()
	issued = fresh(frappe, doc)
	assert (issued.docstatus, issued.zatca_state, issued.zatca_issued_at) == (1, "To Report", handed)
	xml = frappe.get_doc("ZATCA Document", issued.zatca_document).xml.decode()
	assert f"<cbc:IssueDate>{handed.date()}</cbc:IssueDate>" in xml and "T-0815" in xml
	assert advance(frappe, doc) == "Reported"
	assert len(fatoora.submissions(issued.zatca_uuid)) == 1


@pytest.mark.parametrize("ended", [False, True], ids=["the outage lasts", "the outage is over"])
def test_killed_between_its_release_and_its_booking(frappe: Any, fatoora: Fatoora, ended: bool) -> None:
	from test_clearance import child

	from bayancore_erp.zatca.api import leave_outage

	fatoora.fault("503:clearance:99")
	enter(frappe)
	doc = draft(frappe)
	killed = child(
		"import bayancore_erp.zatca.adapter.orchestrator as o; o.post = die\n"
		f"from bayancore_erp.zatca.api import release_uncleared as r; r({doc.name!r})"
	)
	assert killed.wait(timeout=120) == -signal.SIGKILL
	half = fresh(frappe, doc)
	assert (half.docstatus, half.zatca_state) == (0, "Clearance Pending") and half.zatca_released_at
	assert not world.ledger(frappe, half)
	half.items[0].qty = 9
	with pytest.raises(frappe.ValidationError):
		half.save()
	frappe.db.rollback()
	if ended:
		fatoora.calm()
		leave_outage(world.COMPANY)
		frappe.db.commit()
		assert advance(frappe, doc) == "Cleared", "cleared first, then booked"
	else:
		assert advance(frappe, doc) == "Clearance Pending"
		assert not frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name}), "booked first"
	booked = fresh(frappe, doc)
	assert booked.docstatus == 1 and booked.zatca_uuid == half.zatca_uuid
	assert frappe.db.count("GL Entry", {"voucher_no": doc.name, "is_cancelled": 0}) == 3
	fatoora.calm()
	if not ended:
		assert advance(frappe, doc) == "Cleared"
	assert len(fatoora.submissions(booked.zatca_uuid)) == 1
	assert frappe.db.count("ZATCA Document", {"invoice_name": doc.name}) == 1


def test_a_business_at_the_till_is_shown_the_way(frappe: Any, fatoora: Fatoora) -> None:
	"""A POS Invoice could only wait, and nothing could be handed over: a Sales Invoice is released. Persons are served as ever."""
	from till import CASH, close_if_open, opened, sold

	from bayancore_erp.zatca.adapter.guard import NothingToHandOver

	frappe.opening = opened(frappe)
	fatoora.fault("503:clearance:99")
	enter(frappe)
	sale = sold(frappe, world.line("طابعة | Printer", 1, 1150), paid=1150, customer=world.VAT_BUYER)
	frappe.db.commit()
	for language, words in (("en", "Make a Sales Invoice"), ("ar", "فاتورة مبيعات")):
		frappe.local.lang = language
		with pytest.raises(NothingToHandOver, match=words):
			fresh(frappe, sale).submit()
		frappe.db.rollback()
	frappe.local.lang = "en"
	assert not fresh(frappe, sale).zatca_state
	frappe.delete_doc("POS Invoice", sale.name)
	person = sold(frappe, world.line("قهوة | Coffee", 1, 10), paid=10)
	person.submit()
	assert person.docstatus == 1 and person.zatca_qr
	frappe.db.commit()
	instead = draft(
		frappe,
		is_pos=1,
		pos_profile=world.POS_PROFILE,
		payments=[{"mode_of_payment": "Cash", "amount": 230, "account": CASH}],
	)
	assert release(frappe, instead)["state"] == "Clearance Pending"
	assert str(world.ledger(frappe, fresh(frappe, instead))[CASH]) == "230.00"
	close_if_open(frappe)


@pytest.mark.parametrize(
	("cause", "tasks"), [("ZATCA Unreachable", 0), ("Cannot Generate Invoices", 2), ("Not Known Yet", 1)]
)
def test_notices_are_tasks(frappe: Any, cause: str, tasks: int) -> None:
	from bayancore_erp.zatca.adapter.managers import managers_of
	from bayancore_erp.zatca.api import leave_outage

	manager, language = managers_of(world.COMPANY)[0], frappe.local.lang
	frappe.db.set_value("User", manager, "language", "ar")
	record = enter(frappe, cause)
	leave_outage(world.COMPANY)
	told = frappe.get_all("ToDo", {"reference_name": record, "allocated_to": manager}, pluck="description")
	frappe.db.set_value("User", manager, "language", "")
	assert len(told) == tasks and frappe.local.lang == language
	assert all("الهيئة" in sentence for sentence in told), "in the manager's language, not the worker's"


def test_only_a_manager(frappe: Any) -> None:
	from bayancore_erp.zatca import api

	user = "accountant.outage@example.com"
	if not frappe.db.exists("User", user):
		roles = [{"role": "Accounts Manager"}, {"role": "Accounts User"}]
		world.make(frappe, "User", email=user, first_name="Accountant", send_welcome_email=0, roles=roles)
	doc = draft(frappe)
	frappe.set_user(user)
	for attempt in (
		lambda: api.enter_outage(world.COMPANY, "x", "Not Known Yet"),
		lambda: api.leave_outage(world.COMPANY),
		lambda: api.release_uncleared(doc.name),
		lambda: api.reissue_released(doc.name),
		lambda: api.reverse_released(doc.name, "x"),
	):
		with pytest.raises(frappe.PermissionError):
			attempt()
	assert api.outage_state(world.COMPANY)["active"] is False
