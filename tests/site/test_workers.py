"""With real workers and a real web server: every way in leads to a cleared invoice, a slow gateway holds nobody up."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import requests
import world
from fatoora import Fatoora, fresh, onboard
from private_bench import PrivateBench

LONG = 180.0


def process(bench: PrivateBench, *arguments: str) -> AbstractContextManager[Any]:
	"""A bench command that goes on."""
	return bench.running("-m", "frappe.utils.bench_helper", "frappe", *arguments, log="logs/processes")


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as connected:
		connected.device = onboard(connected, fatoora)
		connected.db.commit()
		yield connected


@pytest.fixture(scope="module")
def worker(bench: PrivateBench, frappe: Any) -> Iterator[Any]:
	"""`bench worker`, as production has it for short and default jobs."""
	with process(bench, "worker", "--queue", "short,default", "--quiet") as running:
		yield running


@pytest.fixture(autouse=True)
def calm(frappe: Any, fatoora: Fatoora) -> Iterator[None]:
	yield
	frappe.db.rollback()
	fatoora.calm()


def ends_as(frappe: Any, doctype: str, names: list[str], state: str) -> None:
	"""Wait for the workers."""
	end = time.monotonic() + LONG
	while time.monotonic() < end:
		frappe.db.rollback()
		found = frappe.get_all(
			doctype, filters={"name": ("in", names)}, fields=["name", "docstatus", "zatca_state"]
		)
		if len(found) == len(names) and {(row.docstatus, row.zatca_state) for row in found} == {(1, state)}:
			return
		time.sleep(0.5)
	raise AssertionError(found)


def draft(frappe: Any, customer: str = world.VAT_BUYER, **more: Any) -> Any:
	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 1, 20)], **more)
	frappe.db.commit()
	return doc


# --- queues -----------------------------------------------------------------------------------------------------------
def test_the_watchdog_goes_round_a_queue_that_is_stuck(frappe: Any, bench: PrivateBench) -> None:
	"""Nobody serves the queue it was put on; the watchdog's is another one."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import guard

	assert guard.QUEUE != guard.WATCHDOG_QUEUE
	doc = draft(frappe)
	doc.submit()
	frappe.db.commit()
	with process(bench, "worker", "--queue", "long", "--quiet"):
		assert jobs.watch_submissions() == 1
		assert jobs.watch_submissions() == 0, "named once, it is given time"
		ends_as(frappe, "Sales Invoice", [doc.name], "Cleared")


def test_the_scheduler_knows_both_watches(frappe: Any) -> None:
	from frappe.core.doctype.scheduled_job_type.scheduled_job_type import sync_jobs

	sync_jobs()
	for method, frequency in (("watch_submissions", "Cron"), ("second_watch", "Hourly Long")):
		job = f"bayancore_erp.zatca.jobs.{method}"
		assert frappe.db.get_value("Scheduled Job Type", {"method": job}, "frequency") == frequency
	frappe.db.commit()


# --- ways in ----------------------------------------------------------------------------------------------------------
def test_bulk_queue_repeat_and_import(frappe: Any, worker: Any, tmp_path: Path) -> None:
	"""Submitted in bulk, by Submission Queue, Auto Repeat, Data Import and by one transaction: all end cleared."""
	from frappe.core.doctype.data_import.importer import Importer
	from frappe.core.doctype.submission_queue.submission_queue import queue_submission
	from frappe.custom.doctype.property_setter.property_setter import make_property_setter
	from frappe.desk.doctype.bulk_update.bulk_update import submit_cancel_or_update_docs

	bulk = [draft(frappe).name for _each in range(3)]
	submit_cancel_or_update_docs("Sales Invoice", bulk, "submit")
	frappe.db.commit()
	queued = draft(frappe)
	queue_submission(frappe.get_doc("Sales Invoice", queued.name), "submit", alert=False)
	frappe.db.commit()
	at_once = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 20)])
	at_once.submit()
	frappe.db.commit()
	make_property_setter("Sales Invoice", None, "allow_auto_repeat", 1, "Check", for_doctype=True)
	repeat = world.make(
		frappe, "Auto Repeat", reference_doctype="Sales Invoice", reference_document=bulk[0],
		frequency="Monthly", start_date=frappe.utils.add_days(None, 1), submit_on_creation=1,
	)  # fmt: skip
	repeated = repeat.make_new_document()
	frappe.db.commit()
	imported = imported_invoice(frappe, tmp_path / "invoices.csv", Importer)
	ends_as(frappe, "Sales Invoice", [*bulk, queued.name, at_once.name, repeated.name, imported], "Cleared")


def imported_invoice(frappe: Any, file: Path, importer: Any) -> str:
	"""Through Data Import, submitted after import."""
	values = {
		"company": world.COMPANY, "customer": world.VAT_BUYER, "currency": "SAR", "posting_date": world.TODAY,
		"set_posting_time": 1, "due_date": world.TODAY, "debit_to": world.DEBTORS, "po_no": "IMPORTED",
		"taxes_and_charges": world.EXCLUSIVE, "items.item_code": world.ITEM, "items.item_name": "خدمة | Service",
		"items.description": "Service", "items.zatca_item_name_ar": "خدمة", "items.qty": 1, "items.rate": 20,
		"items.uom": "Nos", "items.conversion_factor": 1, "items.income_account": world.SALES,
	}  # fmt: skip
	tax = world.vat_rows()[0]
	for name in ("charge_type", "account_head", "description", "rate", "cost_center"):
		values[f"taxes.{name}"] = tax[name]
	with file.open("w", newline="") as out:
		csv.writer(out).writerows([list(values), list(values.values())])
	doc = frappe.get_doc(
		doctype="Data Import", reference_doctype="Sales Invoice", import_type="Insert New Records",
		submit_after_import=1, mute_emails=1,
	)  # fmt: skip
	doc.insert(ignore_mandatory=True)
	run = importer("Sales Invoice", data_import=doc, file_path=str(file), console=True)
	run.import_data()
	frappe.db.commit()
	name = frappe.db.get_value("Sales Invoice", {"po_no": "IMPORTED"})
	assert name, frappe.get_all("Data Import Log", fields=["messages", "exception"])
	return str(name)


def test_a_slow_gateway_over_http(frappe: Any, fatoora: Fatoora, bench: PrivateBench, worker: Any) -> None:
	"""A request with docstatus 1 is deferred; the button's request comes back in time, and the worker finishes both."""
	key = keys(frappe)
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "web_wait_seconds", 4)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	frappe.db.commit()
	doc = draft(frappe)
	with process(bench, "--site", world.SITE, "serve", "--port", str(bench.web_port), "--noreload"):
		http = Http(bench, key)
		created = http.post(
			"resource/Sales Invoice",
			{**posted_values(), "docstatus": 1},
		)["data"]
		assert (created["docstatus"], created["zatca_state"]) == (0, "Queued")
		ends_as(frappe, "Sales Invoice", [created["name"]], "Cleared")
		fatoora.fault("delay=25:clearance:1")
		answer = http.post(
			"method/bayancore_erp.zatca.api.submit_for_clearance",
			{"doctype": "Sales Invoice", "name": doc.name},
		)["message"]
		assert (answer["state"], answer["docstatus"]) == ("Clearing", 0), answer
	ends_as(frappe, "Sales Invoice", [doc.name], "Cleared")
	answers = frappe.get_all(
		"ZATCA Attempt",
		filters={"invoice_name": doc.name, "row_kind": "Answer"},
		pluck="http_status",
		order_by="number",
	)
	# The request gave up unanswered and a worker got the verdict that was there; or, on a busy machine, its seconds were over
	# before anything was sent and the worker alone asked.
	assert answers in ([0, 208], [200])
	uuid = fresh(frappe, doc).zatca_uuid
	assert len([row for row in fatoora.submissions(uuid) if row["accepted"]]) == 1
	assert frappe.db.count("ZATCA Document", {"invoice_name": doc.name}) == 1


def posted_values() -> dict[str, Any]:
	return {
		"company": world.COMPANY, "customer": world.VAT_BUYER, "currency": "SAR", "posting_date": world.TODAY,
		"set_posting_time": 1, "due_date": world.TODAY, "debit_to": world.DEBTORS,
		"items": [world.line("خدمة | Service", 1, 20)], "taxes_and_charges": world.EXCLUSIVE, "taxes": world.vat_rows(),
	}  # fmt: skip


def keys(frappe: Any) -> str:
	from frappe.core.doctype.user.user import generate_keys

	secret = generate_keys("Administrator")["api_secret"]
	frappe.db.commit()
	return f"{frappe.db.get_value('User', 'Administrator', 'api_key')}:{secret}"


class Http:
	"""Calls of another system."""

	def __init__(self, bench: PrivateBench, key: str) -> None:
		self.root = f"http://127.0.0.1:{bench.web_port}/api"
		self.headers = {"Authorization": f"token {key}", "X-Frappe-Site-Name": world.SITE}

	def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
		end = time.monotonic() + LONG
		while True:
			try:
				answer = requests.post(f"{self.root}/{path}", json=body, headers=self.headers, timeout=LONG)
				break
			except requests.ConnectionError:
				assert time.monotonic() < end, "the server did not start"
				time.sleep(0.5)
		assert answer.status_code == 200, answer.text[-1500:]
		return dict(answer.json())


# --- simplified -------------------------------------------------------------------------------------------------------
def test_issued_with_a_countdown_and_reported_by_a_worker(frappe: Any, worker: Any) -> None:
	from datetime import timedelta

	doc = draft(frappe, world.PERSON)
	doc.submit()
	frappe.db.commit()
	left = doc.zatca_deadline - frappe.utils.get_datetime(doc.zatca_issued_at)
	assert timedelta(hours=24) - timedelta(seconds=1) <= left <= timedelta(hours=24)
	ends_as(frappe, "Sales Invoice", [doc.name], "Reported")


# --- web places -------------------------------------------------------------------------------------------------------
def test_half_of_the_web_workers_wait_and_no_more(
	frappe: Any, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import inline
	from bayancore_erp.zatca.api import submit_for_clearance

	monkeypatch.setitem(frappe.conf, "gunicorn_workers", 4)
	doc = draft(frappe)
	with inline.place() as first, inline.place() as second, inline.place() as third:
		assert (first, second, third) == (True, True, False)
		answer = submit_for_clearance(doc.doctype, doc.name)
		assert answer["state"] in ("Queued", "Clearing", "Cleared")
	with inline.place() as again:
		assert again
	ends_as(frappe, "Sales Invoice", [doc.name], "Cleared")
	assert frappe.cache.zcard(inline.KEY) == 0
