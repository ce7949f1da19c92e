"""The circuit breaker: shared by the site's processes, opened by failures in a row, tried by one, and never forgetful."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases
from private_bench import free_port


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import breaker

	yield site
	site.db.rollback()
	fatoora.calm()
	site.cache.delete(breaker.key_of(gateway_of(site), clearance()))
	site.db.sql("delete from `tabZATCA Attempt`")
	site.db.commit()


def gateway_of(frappe: Any) -> Any:
	from bayancore_erp.zatca.adapter.vault import gateway_of

	return gateway_of(frappe.get_doc("ZATCA Device", frappe.device))


def clearance() -> Any:
	from bayancore_erp.zatca.core.outcome import Endpoint

	return Endpoint.CLEARANCE


def failure() -> Any:
	from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Outcome

	return Outcome(Kind.NEVER_SENT, Endpoint.CLEARANCE, None)


def answer() -> Any:
	from bayancore_erp.zatca.core.outcome import Endpoint, Kind, Outcome

	return Outcome(Kind.UNAUTHORISED, Endpoint.CLEARANCE, 401)


def break_it(gateway: Any) -> None:
	from bayancore_erp.zatca.adapter import breaker

	for _each in range(5):
		breaker.record(gateway, failure())


def test_opens_after_failures_in_a_row_and_closes_with_an_answer(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import breaker

	gateway = gateway_of(frappe)
	for _each in range(4):
		breaker.record(gateway, failure())
	line = breaker.state(gateway, clearance())
	assert (line.state, line.failures) == ("Closed", 4) and breaker.admits(gateway, clearance(), trial=False)
	breaker.record(gateway, failure())
	line, other = breaker.of_device(frappe.device)
	assert other.state == "Closed" and breaker.admits(gateway, breaker.ENDPOINTS[1], trial=False), (
		"reporting is a line of its own"
	)
	assert line.state == "Open" and line.is_down and line.gateway == gateway.base_url
	now = frappe.utils.now_datetime()
	assert timedelta(0) <= line.outage(now) < timedelta(seconds=5)
	assert now < line.next_trial_at <= now + timedelta(seconds=31)
	assert not breaker.admits(gateway, clearance()) and not breaker.admits(gateway, clearance(), trial=False)
	breaker.record(gateway, answer())
	assert breaker.state(gateway, clearance()).state == "Closed" and breaker.admits(
		gateway, clearance(), trial=False
	)


def test_one_trial_at_a_time(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import breaker

	gateway = gateway_of(frappe)
	break_it(gateway)
	later = breaker.utc_now() + timedelta(seconds=31)
	monkeypatch.setattr(breaker, "utc_now", lambda: later)
	assert breaker.state(gateway, clearance()).state == "Half-Open"
	assert not breaker.admits(gateway, clearance(), trial=False), "a person never makes the trial"
	assert breaker.admits(gateway, clearance())
	assert not breaker.admits(gateway, clearance()), "the trial is under way"
	breaker.record(gateway, failure())
	assert breaker.state(gateway, clearance()).state == "Open"


def test_the_state_is_made_again_from_the_attempts(frappe: Any, fatoora: Fatoora) -> None:
	"""Redis restarted, the cache cleared: it is still known since when nothing has worked."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import breaker, journal

	gateway = gateway_of(frappe)
	fatoora.fault("503:clearance:always")
	for _each in range(5):
		doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
		doc.submit()
		frappe.db.commit()
		jobs.advance(journal.live(doc.doctype, doc.name))
		if breaker.state(gateway, clearance()).is_down:
			break
	before = breaker.state(gateway, clearance())
	assert before.is_down and before.failures >= 5
	frappe.clear_cache()
	again = breaker.state(gateway, clearance())
	assert again.failures == before.failures and again.is_down
	assert abs(again.since - before.since) < timedelta(seconds=2)
	fatoora.calm()


def test_nobody_waits_for_a_dead_gateway(frappe: Any) -> None:
	"""Opened, a web request comes back at once and sends nothing; a worker's trial clears it once the gateway is back."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import breaker, journal
	from bayancore_erp.zatca.api import submit_for_clearance

	gateway = gateway_of(frappe)
	break_it(gateway)
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	frappe.db.commit()
	verdict = submit_for_clearance(doc.doctype, doc.name)
	assert (verdict["state"], verdict["docstatus"]) == ("Clearing", 0)
	assert "not working" in verdict["last_error"]
	assert not frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name})
	name = journal.live(doc.doctype, doc.name)
	due = frappe.db.get_value("ZATCA Submission", name, "next_try_at")
	assert due > frappe.utils.now_datetime()
	assert jobs.advance(name) == "Clearing", "the worker waits for the trial too"
	frappe.cache.delete(breaker.key_of(gateway, clearance()))
	assert jobs.advance(name) == "Cleared"


def test_without_redis_every_call_may_go(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	import redis

	from bayancore_erp.zatca.adapter import breaker

	gateway = gateway_of(frappe)

	def refuse(*arguments: Any, **options: Any) -> Any:
		raise redis.exceptions.ConnectionError(str(free_port()))

	monkeypatch.setattr(type(frappe.cache), "get", refuse)
	monkeypatch.setattr(type(frappe.cache), "transaction", refuse)
	break_it(gateway)
	assert breaker.admits(gateway, clearance(), trial=False)
	assert breaker.state(gateway, clearance()).since is None or isinstance(
		breaker.state(gateway, clearance()).since, datetime
	)


def test_an_impatient_hand_over_is_finished_by_a_worker(frappe: Any) -> None:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal, orchestrator

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	doc.submit()
	frappe.db.commit()
	name = journal.live(doc.doctype, doc.name)
	assert orchestrator.advance(name, patience=0.5) == "Clearing"
	assert not frappe.db.count("ZATCA Attempt", {"invoice_name": doc.name})
	expire_leases(frappe)
	assert jobs.advance(name) == "Cleared"
