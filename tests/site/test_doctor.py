"""The doctor: every light it has goes red or amber for its reason, back to green without it, and always says what to do.

Nothing here is faked that can be had for real: a server with a wrong clock, one whose certificate nobody signed, a worker, jobs
in a queue, MariaDB's own setting.
"""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora
from private_bench import PrivateBench
from test_identity import users_of_every_role

GREEN, AMBER, RED = "green", "amber", "red"


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	for doctype in ("ZATCA Device", "ZATCA Settings", "Archive Settings"):
		site.clear_document_cache(doctype)
	site.clear_document_cache("Selling Settings", "Selling Settings")
	site.db.value_cache.clear()


@pytest.fixture(scope="module")
def issued(site: Any) -> list[str]:
	"""Two cleared invoices."""
	from bayancore_erp.zatca import api

	names = []
	for _each in range(2):
		doc = world.invoice(site, world.VAT_BUYER, [world.line("خدمة | Service", 1, "10.15")])
		site.db.commit()
		assert api.submit_for_clearance("Sales Invoice", doc.name)["state"] == "Cleared"
		names.append(doc.name)
	return names


def findings(check: str) -> list[Any]:
	"""What one check of the round finds; each that is not green says what to do."""
	import frappe

	(path,) = [each for each in frappe.get_hooks("zatca_doctor") if each.endswith(f".{check}")]
	found = list(frappe.get_attr(path)())
	assert all(each.todo for each in found if each.light.value != GREEN), found
	return found


def lights(check: str, words: str = "") -> list[str]:
	"""The lights of the findings whose sentence has these words."""
	return [each.light.value for each in findings(check) if words in each.sentence]


def change(frappe: Any, doctype: str, name: str, **values: Any) -> None:
	"""Raw, for this test alone."""
	frappe.db.set_value(doctype, name, values, update_modified=False)
	frappe.clear_document_cache(doctype, name)


# --- the line to ZATCA ------------------------------------------------------------------------------------------------
@contextmanager
def server(clock_ahead: timedelta = timedelta(0), certificate: Path | None = None) -> Iterator[str]:
	"""A web server of this process, with that clock, over TLS where it has a certificate."""

	class Handler(BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			self.send_response(401)
			self.end_headers()

		def date_time_string(self, timestamp: float | None = None) -> str:
			return format_datetime(datetime.now(timezone.utc) + clock_ahead, usegmt=True)

		def log_message(self, *_words: object) -> None: ...

	web = HTTPServer(("127.0.0.1", 0), Handler)
	if certificate:
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(certificate)
		web.socket = context.wrap_socket(web.socket, server_side=True)
	thread = threading.Thread(target=web.serve_forever, daemon=True)
	thread.start()
	try:
		yield f"{'https' if certificate else 'http'}://127.0.0.1:{web.server_port}"
	finally:
		web.shutdown()
		web.server_close()


def gateway(frappe: Any, url: str) -> dict[str, str]:
	"""Area to light for the device's gateway at this address."""
	change(frappe, "ZATCA Device", frappe.device, gateway_url=url)
	return {each.area: each.light.value for each in findings("gateways")}


def test_the_gateway_that_answers(frappe: Any, fatoora: Fatoora) -> None:
	assert set(gateway(frappe, fatoora.url).values()) == {GREEN}


def test_a_gateway_that_is_not_there(frappe: Any) -> None:
	assert gateway(frappe, "http://127.0.0.1:9") == {"Gateway (Simulator)": RED}


@pytest.mark.parametrize("status", ["New", "Compliance"])
def test_the_gateway_of_a_device_on_its_way(frappe: Any, status: str) -> None:
	"""It is looked at before anything is issued with it."""
	change(frappe, "ZATCA Device", frappe.device, status=status)
	for other in frappe.get_all("ZATCA Device", {"name": ("!=", frappe.device)}, pluck="name"):
		change(frappe, "ZATCA Device", other, status="Retired")
	assert gateway(frappe, "http://127.0.0.1:9") == {"Gateway (Simulator)": AMBER}


def test_before_the_first_device_it_is_zatcas_own(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import doctor

	asked: list[tuple[str, str]] = []
	monkeypatch.setattr(doctor, "gateway", lambda *given: asked.append(given) or [])
	frappe.db.sql("update `tabZATCA Device` set status = 'Retired'")
	findings("gateways")
	assert asked == [("https://gw-fatoora.zatca.gov.sa", "Production")]
	asked.clear()
	frappe.db.sql("update `tabCompany` set country = 'Kuwait'")
	assert findings("gateways") == [] and asked == []


def test_a_gateway_that_is_slow(frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import doctor

	monkeypatch.setattr(doctor, "SLOW", timedelta(0))
	assert gateway(frappe, fatoora.url)["Gateway (Simulator)"] == AMBER


def test_a_gateway_whose_certificate_nobody_signed(frappe: Any, tmp_path: Path) -> None:
	pem = tmp_path / "server.pem"
	subprocess.run(
		["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
		"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(pem), "-out", str(tmp_path / "cert.pem")],
		check=True, capture_output=True,
	)  # fmt: skip
	pem.write_text(pem.read_text() + (tmp_path / "cert.pem").read_text())
	with server(certificate=pem) as url:
		assert gateway(frappe, url) == {"Gateway (Simulator)": RED}
		assert lights("gateways", "not trusted") == [RED]


@pytest.mark.parametrize(
	("ahead", "light"),
	[(timedelta(seconds=5), GREEN), (timedelta(seconds=90), AMBER), (timedelta(minutes=-6), RED)],
)
def test_a_clock_that_is_wrong(frappe: Any, ahead: timedelta, light: str) -> None:
	with server(clock_ahead=ahead) as url:
		assert gateway(frappe, url)["Clock"] == light


# --- devices and their chains -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
	("days", "light"),
	[(400, GREEN), (59, AMBER), (6, RED), (-1, RED)],
	ids=["far", "60 days", "7 days", "over"],
)
def test_a_certificate_that_ends(frappe: Any, days: int, light: str) -> None:
	until = frappe.utils.add_to_date(frappe.utils.now_datetime(), days=days)
	change(frappe, "ZATCA Device", frappe.device, valid_until=until)
	assert lights("devices", "expired on" if days < 0 else "valid until") == [light]
	if light != GREEN:
		(finding,) = findings("devices")
		assert finding.route == ("zatca-setup", world.COMPANY)
		assert ("invoices wait" if days < 0 else "goes on signing") in finding.todo


def test_a_device_that_is_held_or_has_lost_its_secret(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import vault

	assert set(lights("devices")) == {GREEN}
	change(frappe, "ZATCA Device", frappe.device, on_hold=1, hold_reason="401")
	assert lights("devices", "on hold") == [RED]
	change(frappe, "ZATCA Device", frappe.device, on_hold=0)
	change(frappe, "Company", world.COMPANY, tax_id="311111111100003")
	assert lights("devices", "VAT number") == [RED]
	frappe.db.rollback()
	frappe.clear_document_cache("Company", world.COMPANY)
	frappe.db.delete("__Auth", {"name": frappe.device, "fieldname": "production_secret"})
	vault.forget()
	assert lights("devices", "not in the vault") == [RED]


def test_in_arabic_it_speaks_arabic_only(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import chain, doctor
	from bayancore_erp.zatca.core.outcome import Kind
	from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS

	why = MEANINGS[Kind.UNAUTHORISED].sentence
	change(frappe, "ZATCA Device", frappe.device, on_hold=1, hold_reason=why.en)
	frappe.local.lang = "ar"
	try:
		assert lights("devices", why.ar) == [RED]
		with pytest.raises(chain.DeviceNotReady, match=why.ar):
			chain.lock(frappe.device)
		(silent,) = doctor.gateway("http://127.0.0.1:9", "Sandbox")
		assert "بيئة المطورين" in silent.area
	finally:
		frappe.local.lang = "en"


def test_a_chain_with_a_gap(frappe: Any, issued: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import chain

	assert lights("chains") == [GREEN]
	first = frappe.get_doc("ZATCA Document", {"device": frappe.device, "icv": 1})
	change(frappe, "ZATCA Device", frappe.device, icv=99)
	assert lights("chains", "head is not its last document") == [RED]
	frappe.db.rollback()
	frappe.db.sql("delete from `tabZATCA Document` where name = %s", first.name)
	assert lights("chains", "documents stand where the counter says") == [RED]
	# destroyed after its term, it keeps its place
	place = {1: (first.pih, first.invoice_hash, first.name)}
	monkeypatch.setattr(chain, "destroyed_places", lambda _device: place)
	assert lights("chains") == [GREEN]
	frappe.db.sql("delete from `tabZATCA Document` where device = %s", frappe.device)
	assert lights("chains") == [RED]


def test_a_company_past_its_date_outside_production(frappe: Any) -> None:
	change(frappe, "ZATCA Settings", world.COMPANY, notified_date=None)
	assert lights("environments") == []
	change(frappe, "ZATCA Settings", world.COMPANY, notified_date="2026-01-01")
	((finding),) = findings("environments")
	assert finding.light.value == RED and frappe.device in finding.sentence
	change(frappe, "ZATCA Settings", world.COMPANY, enabled=0)
	assert lights("environments") == [RED], "who has not begun is late all the same"
	change(frappe, "ZATCA Device", frappe.device, environment="Production", status="Compliance")
	assert lights("environments") == [RED], "not in production before its certificate is"
	change(frappe, "ZATCA Device", frappe.device, status="Active")
	assert lights("environments") == []


def test_a_company_that_issues_without_a_device(frappe: Any) -> None:
	assert lights("signers") == []
	(finding,) = with_device(frappe, signs_simplified=0)
	assert finding.light.value == AMBER and "simplified" in finding.sentence
	(finding,) = with_device(frappe, signs_offline=1)
	assert finding.light.value == AMBER and "standard" in finding.sentence
	(finding,) = with_device(frappe, status="Retired")
	assert finding.light.value == RED and finding.route == ("zatca-setup", world.COMPANY)
	change(frappe, "ZATCA Settings", world.COMPANY, enabled=0)
	assert lights("signers") == []


def with_device(frappe: Any, **values: Any) -> list[Any]:
	"""What is said of signers when the company's device is like this."""
	change(frappe, "ZATCA Device", frappe.device, signs_standard=1, signs_simplified=1, signs_offline=0)
	change(frappe, "ZATCA Device", frappe.device, **values)
	return findings("signers")


def test_the_managers_of_a_company_past_its_date_are_told_weekly(frappe: Any) -> None:
	from frappe.desk.form.load import getdoc
	from frappe.utils import add_days, nowdate

	from bayancore_erp.zatca.adapter import notified
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	manager = world.make(
		frappe, "User", email="late@bayan.example", first_name="Late", send_welcome_email=0, language="ar"
	)
	manager.add_roles("ZATCA Manager")
	values = {**zatca_setup.overview(world.COMPANY)["values"], "notified_date": add_days(nowdate(), 1)}
	zatca_setup.save(world.COMPANY, values)
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "enabled", 0)
	frappe.db.commit()

	def told() -> tuple[int, int]:
		bells = {"document_name": world.COMPANY, "document_type": "ZATCA Settings", "for_user": manager.name}
		return notified.tell(), frappe.db.count("Notification Log", bells)

	def shown(doctype: str, name: str) -> str:
		frappe.local.response = frappe._dict(docs=[])
		getdoc(doctype, name)
		return str((frappe.local.response.docs[0].get("__onload") or {}).get("late") or "")

	try:
		assert told() == (0, 0) and zatca_setup.overview(world.COMPANY)["late"] == ""
		zatca_setup.save(world.COMPANY, {**values, "notified_date": nowdate()})
		assert [told(), told()] == [(1, 1), (0, 1)]
		said = frappe.get_all("Notification Log", {"for_user": manager.name}, ["subject", "email_content"])[0]
		assert all(any("\u0600" <= letter <= "\u06ff" for letter in text) for text in said.values())
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "notified_told_on", add_days(nowdate(), -7))
		assert told() == (1, 2)
		for late in (
			zatca_setup.overview(world.COMPANY)["late"],
			shown("ZATCA Settings", world.COMPANY),
			shown("ZATCA Device", frappe.device),
		):
			assert frappe.device in late and "Onboard" in late
		zatca_setup.save(world.COMPANY, {**values, "notified_date": ""})
		assert frappe.db.get_value("ZATCA Settings", world.COMPANY, "notified_date") is None
	finally:
		frappe.db.set_value(
			"ZATCA Settings", world.COMPANY, {"enabled": 1, "notified_date": None, "notified_told_on": None}
		)
		frappe.db.commit()


# --- what works in the background -------------------------------------------------------------------------------------
def test_the_scheduler_and_its_watchdog(frappe: Any) -> None:
	def last(minutes: int) -> None:
		job = frappe.db.get_value("Scheduled Job Type", {"method": ("like", "%zatca.jobs.watch_submissions")})
		then = frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-minutes)
		change(frappe, "Scheduled Job Type", job, last_execution=then)

	frappe.db.set_single_value("System Settings", "enable_scheduler", 1)
	last(1)
	assert lights("scheduler") == [GREEN]
	last(6)
	assert lights("scheduler", "watchdog has not run") == [RED]
	frappe.db.set_single_value("System Settings", "enable_scheduler", 0)
	assert lights("scheduler", "switched off") == [RED]


def listeners(bench: PrivateBench, count: int) -> Iterator[None]:
	"""So many workers of all queues, once the site knows them."""
	from time import monotonic, sleep

	from frappe.utils.background_jobs import get_workers

	line = [
		str(bench.python),
		"-m",
		"frappe.utils.bench_helper",
		"frappe",
		"worker",
		"--queue",
		"short,default,long",
	]
	with (bench.folder / "doctor-worker.log").open("ab") as log:
		running = [
			subprocess.Popen(line, cwd=bench.sites, env=bench.env, stdout=log, stderr=log)
			for _ in range(count)
		]
		try:
			until = monotonic() + 120
			while len(get_workers()) < count:
				assert monotonic() < until
				sleep(0.5)
			yield
		finally:
			for process in running:
				process.terminate()
			for process in running:
				process.wait(timeout=60)


@pytest.mark.parametrize(("count", "light"), [(1, AMBER), (2, GREEN)])
def test_how_many_workers_there_are(frappe: Any, bench: PrivateBench, count: int, light: str) -> None:
	with contextmanager(listeners)(bench, count):
		assert lights("workers", f"clears and reports: {count}.") == [light]


def test_no_worker_and_a_long_queue(
	frappe: Any, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch
) -> None:
	from frappe.utils.background_jobs import get_queue

	from bayancore_erp.zatca.adapter import doctor

	(finding,) = findings("workers")
	assert finding.light.value == RED and "default" in finding.sentence
	for name in doctor.QUEUES:
		get_queue(name).empty()
	queue = get_queue("default")
	try:
		for _job in range(3):
			frappe.enqueue("frappe.ping", queue="default")
		(finding,) = findings("workers")
		assert "3 jobs wait" in finding.sentence
		# one that listens and is far behind: a worker that is busy elsewhere, as RQ shows it
		busy = [frappe._dict(queue_names=lambda: [f"x:{name}" for name in doctor.QUEUES])] * 2
		monkeypatch.setattr("frappe.utils.background_jobs.get_workers", lambda: busy)
		assert lights("workers") == [GREEN]
		monkeypatch.setattr(doctor, "QUEUE_LONG", 2)
		assert lights("workers", "3 jobs wait in the queue default") == [AMBER]
	finally:
		queue.empty()


def test_invoices_that_do_not_move(frappe: Any, issued: list[str]) -> None:
	from bayancore_erp.zatca.adapter import journal

	name = frappe.db.get_value(journal.SUBMISSION, {"invoice_name": issued[0]})
	assert lights("zatca.adapter.doctor.waiting") == [GREEN]
	hours = frappe.utils.add_to_date
	now = frappe.utils.now_datetime()
	for values, words, light in (
		({"state": "Clearing", "modified": hours(now, minutes=-16)}, "have not moved", AMBER),
		({"state": "Cleared, Not Posted"}, "not posted", RED),
		({"state": "To Report", "deadline": hours(now, hours=3)}, "less than four hours", RED),
	):
		change(frappe, journal.SUBMISSION, name, live_key="x", **values)
		assert light in lights("zatca.adapter.doctor.waiting", words), words
		frappe.db.rollback()


def test_invoices_on_hold_for_a_device_that_is_not(frappe: Any, issued: list[str]) -> None:
	from bayancore_erp.zatca.adapter import journal

	name = frappe.db.get_value(journal.SUBMISSION, {"invoice_name": issued[0]})
	before = frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-16)
	for device in (frappe.device, None):
		change(
			frappe,
			journal.SUBMISSION,
			name,
			live_key="x",
			state="On Hold",
			device=device,
			requested_at=before,
		)
		assert lights("zatca.adapter.doctor.waiting", "on hold") == [RED]
		change(frappe, "ZATCA Device", frappe.device, on_hold=1)
		assert lights("zatca.adapter.doctor.waiting") == [GREEN], "the device itself is the finding"
		change(frappe, "ZATCA Device", frappe.device, status="Retired")
		assert lights("zatca.adapter.doctor.waiting", "on hold") == [RED]
		frappe.db.rollback()


# --- what things stand on ---------------------------------------------------------------------------------------------
def test_a_database_that_does_not_flush(frappe: Any, bench: PrivateBench) -> None:
	def flush(value: int) -> None:
		bench.sql(f"set global innodb_flush_log_at_trx_commit = {value}")

	try:
		flush(1)
		assert lights("database") == [GREEN]
		flush(2)
		assert lights("database", "innodb_flush_log_at_trx_commit = 2") == [AMBER]
		change(frappe, "ZATCA Device", frappe.device, environment="Production", gateway_url="")
		assert lights("database") == [RED]
	finally:
		flush(2)


def test_the_key_of_the_vault(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.core.crypto.wrapping import new_key

	assert lights("encryption") == [GREEN]
	monkeypatch.setitem(frappe.conf, "bayancore_wrapping_key", new_key())
	assert lights("encryption", "not yet under the newest") == [AMBER]
	monkeypatch.setitem(frappe.conf, "bayancore_wrapping_key", "no key at all")
	assert lights("encryption") == [RED]
	monkeypatch.delitem(frappe.conf, "bayancore_wrapping_key")
	monkeypatch.delitem(frappe.conf, "encryption_key")
	assert lights("encryption", "no encryption key") == [AMBER]


def test_a_lost_encryption_key(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from cryptography.fernet import Fernet

	from bayancore_erp.archive.adapter import trail, trail_key

	frappe.clear_messages()
	monkeypatch.setitem(frappe.conf, "encryption_key", Fernet.generate_key().decode())
	assert lights("encryption", "cannot be read") == [RED]
	trail_key.forget()
	assert lights("trail", "cannot be read") == [RED]
	assert trail.record(trail.Action.LOGGED_IN, "User", "Administrator"), "people can log in to mend it"
	assert not frappe.local.message_log


@pytest.mark.parametrize(
	("doctype", "field", "good", "bad"),
	[
		("Selling Settings", "sales_update_frequency", "Daily", "Each Transaction"),
		("System Settings", "rounding_method", "Commercial Rounding", "Banker's Rounding"),
		("System Settings", "time_zone", "Asia/Riyadh", "Asia/Dubai"),
		("Global Defaults", "disable_rounded_total", 1, 0),
	],
)
def test_settings_that_cost(frappe: Any, doctype: str, field: str, good: Any, bad: Any) -> None:
	frappe.db.set_single_value("Selling Settings", "sales_update_frequency", "Daily")
	frappe.db.set_single_value(doctype, field, good)
	assert lights("settings") == [GREEN]
	frappe.db.set_single_value(doctype, field, bad)
	assert lights("settings") == [AMBER]


def test_an_archive_that_is_not_reachable(frappe: Any) -> None:
	assert lights("places") == [AMBER], "a folder works, and protects nothing against its owner"
	blocked = Path(frappe.get_site_path("private", "blocked"))
	blocked.write_text("a file where the folder should be")
	try:
		settings = frappe.get_doc(
			{"doctype": "Archive Settings", "company": world.COMPANY, "backend": "Local Folder"}
		)
		settings.flags.ignore_validate = True
		settings.insert()
		change(frappe, "Archive Settings", settings.name, folder="private/blocked/archive")
		assert lights("places") == [RED]
		change(
			frappe,
			"Archive Settings",
			settings.name,
			backend="Oracle Object Storage",
			region="me-riyadh-1",
			bucket="b",
			namespace="n",
		)
		assert lights("places") == [RED], "without its key"
	finally:
		blocked.unlink()


# --- the round --------------------------------------------------------------------------------------------------------
def test_a_check_that_fails_is_a_finding(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import doctor

	def broken() -> Iterator[Any]:
		raise RuntimeError("no")

	monkeypatch.setattr(doctor, "settings", broken)
	everything = doctor.examine()
	found = [each for each in everything if each.area == "Doctor"]
	assert [each.light.value for each in found] == [RED] and "settings" in found[0].sentence
	assert all(each.todo for each in everything if each.light is not doctor.Light.GREEN)
	assert doctor.worst(everything) is doctor.Light.RED


def test_the_command_tells_and_ends_with_one(bench: PrivateBench, frappe: Any) -> None:
	import json

	frappe.db.commit()
	said = bench.command(world.SITE, "zatca", "doctor", check=False)
	assert said.returncode == 1 and "No worker listens" in said.stdout
	as_json = bench.command(world.SITE, "zatca", "doctor", "--json", check=False)
	areas = {each["area"] for each in json.loads(as_json.stdout)}
	assert {"Scheduler", "Workers", "Database", "Key vault", "ERPNext settings", "Archive", "Clock"} <= areas


def test_who_may_ask_the_doctor(frappe: Any) -> None:
	from bayancore_erp.zatca.page.zatca_doctor.zatca_doctor import examine

	users_of_every_role(frappe)
	frappe.set_user("accounts.user@secrets.local")
	with pytest.raises(frappe.PermissionError):
		examine()
	frappe.set_user("zatca.auditor@secrets.local")
	assert examine()["findings"]


def test_who_is_confined_hears_nothing_of_other_companies(frappe: Any, issued: list[str]) -> None:
	from bayancore_erp.zatca.page.zatca_doctor.zatca_doctor import examine

	change(frappe, "ZATCA Device", frappe.device, on_hold=1, hold_reason="Between us")
	change(frappe, "Sales Invoice", issued[0], remarks="changed", base_grand_total=1)
	frappe.db.sql("delete from `tabZATCA Document` where invoice_name = %s", issued[1])
	everything = examine()["findings"]
	assert {each["company"] for each in everything} == {"", world.COMPANY}
	told = [world.COMPANY, frappe.device, "Between us", *issued]
	assert all(word in str(everything) for word in told)
	user = world.make(frappe, "User", email=f"{frappe.generate_hash(length=8)}@secrets.local", first_name="Confined", send_welcome_email=0)  # fmt: skip
	user.add_roles("ZATCA Auditor")
	frappe.get_doc(
		{"doctype": "User Permission", "user": user.name, "allow": "Company", "for_value": "Other Co"}
	).insert(ignore_links=True)
	frappe.set_user(user.name)
	confined = examine()["findings"]
	assert {"Scheduler", "Database"} <= {each["area"] for each in confined}
	assert not [word for word in told if word in str(confined)]
