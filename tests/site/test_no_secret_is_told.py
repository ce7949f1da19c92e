"""Whatever breaks and whoever asks: no one-time password, key or credential is in a log, a job, Redis or an answer.

Frappe's Error Log prints the variables of every frame of a failure, so each way is broken where they are at hand: in the
store, in the transport, in the request that brings the password. Jobs run in a worker, requests by Frappe's own application.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import fatoora
import pytest
import world
from private_bench import PrivateBench
from test_trail_requests import ask

OTP = "734912"
CONNECT = "/api/method/bayancore_erp.zatca.page.zatca_setup.zatca_setup.connect"
ADMIN = "token seckey:secsecret"


@pytest.fixture(scope="module")
def gateway() -> Iterator[fatoora.Fatoora]:
	with fatoora.simulator() as running:
		yield running


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench, gateway: fatoora.Fatoora) -> Iterator[Any]:
	with world.connected(bench) as connected:
		connected.device = fatoora.onboard(connected, gateway)
		give_key(connected, "Administrator", ADMIN)
		connected.db.commit()
		yield connected


@pytest.fixture(autouse=True)
def silence(frappe: Any, bench: PrivateBench) -> Iterator[None]:
	"""Nothing was said before, and no failure of another test keeps calls back."""
	from frappe.utils.background_jobs import get_queue

	from bayancore_erp.zatca.adapter import breaker
	from bayancore_erp.zatca.core.client import Breaker
	from bayancore_erp.zatca.core.outcome import Endpoint

	frappe.db.rollback()
	frappe.set_user("Administrator")
	gateway = breaker.gateway_of(frappe.get_cached_doc("ZATCA Device", frappe.device))
	breaker.change(gateway, Endpoint.CLEARANCE, lambda _before: Breaker())
	frappe.db.delete("Error Log")
	frappe.db.commit()
	get_queue("default").empty()
	frappe.cache.delete_keys("insert_queue_for_")
	for log in bench.folder.rglob("*.log"):
		log.write_bytes(b"")
	yield
	frappe.db.rollback()
	frappe.set_user("Administrator")


@pytest.fixture
def device(frappe: Any, gateway: fatoora.Fatoora, request: pytest.FixtureRequest) -> str:
	doc = world.make(
		frappe,
		"ZATCA Device",
		device_name=f"{request.node.name[:40]} {frappe.generate_hash(length=6)}",
		company=world.COMPANY,
		environment="Simulator",
		gateway_url=gateway.url,
		signs_simplified=0,
	)
	frappe.db.commit()
	return str(doc.name)


def give_key(frappe: Any, user: str, header: str) -> None:
	"""An API key, as the header says it."""
	from frappe.utils.password import set_encrypted_password

	key, secret = header.removeprefix("token ").split(":")
	frappe.db.set_value("User", user, "api_key", key)
	set_encrypted_password("User", user, secret, "api_secret")
	frappe.clear_document_cache("User", user)


def work(frappe: Any) -> None:
	"""A worker does what waits in the default queue, with whatever is broken in this process."""
	frappe.db.commit()
	frappe.db.close()
	child = os.fork()
	if not child:
		code = 9
		try:
			from frappe.utils.background_jobs import get_queue, get_redis_conn
			from rq import SimpleWorker

			SimpleWorker([get_queue("default")], connection=get_redis_conn()).work(burst=True)
			code = 0
		finally:
			os._exit(code)
	assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
	frappe.connect()
	frappe.set_user("Administrator")


def everything(frappe: Any, bench: PrivateBench) -> dict[str, str]:
	"""All that was said: Error Log, log files, every key of both Redis servers, jobs unpacked."""
	import redis
	from frappe.utils.background_jobs import get_redis_conn

	frappe.db.rollback()
	said = {
		f"Error Log {row.name}": f"{row.method}\n{row.error}"
		for row in frappe.get_all("Error Log", fields=["name", "method", "error"])
	}
	said |= {str(log): log.read_text(errors="replace") for log in bench.folder.rglob("*.log")}
	for server in (redis.Redis.from_url(frappe.conf.redis_cache), get_redis_conn()):
		for name in server.scan_iter():
			kind = server.type(name)
			if kind == b"hash":
				values = list(server.hgetall(name).values())
			elif kind == b"list":
				values = server.lrange(name, 0, -1)
			elif kind == b"stream":
				values = [value for _id, row in server.xrange(name) for value in row.values()]
			else:
				values = [server.get(name) or b""] if kind == b"string" else []
			said[f"Redis {name!r}"] = "\n".join(unpacked(value) for value in values)
	return said


def unpacked(value: bytes) -> str:
	try:
		return zlib.decompress(value).decode(errors="replace")
	except zlib.error:
		try:  # a job's result is compressed text in base64
			return zlib.decompress(base64.b64decode(value, validate=True)).decode(errors="replace")
		except ValueError:
			return value.decode(errors="replace")
		except zlib.error:
			return value.decode(errors="replace")


def assert_untold(frappe: Any, bench: PrivateBench, *hidden: str, logged: str = "RuntimeError") -> None:
	"""None of these is anywhere, nor any key; what happened is told all the same."""
	said = everything(frappe, bench)
	for place, text in said.items():
		flat = text.replace("\\n", "").replace("\n", "")
		for each in (*hidden, "PRIVATE KEY"):
			assert each not in flat, f"{each} in {place}"
	assert any(logged in text for place, text in said.items() if place.startswith("Error Log"))


def broken(*_given: Any, **_named: Any) -> Any:
	raise RuntimeError("nobody foresaw this")


def credentials(frappe: Any, name: str) -> list[str]:
	"""What this device would be betrayed by."""
	from bayancore_erp.zatca.adapter import vault

	vault.forget()
	identity = vault.identity_of(name)
	key = "".join(identity.key.reference.decode().splitlines()[1:-1])
	basic = identity.credentials.authorization.removeprefix("Basic ")
	# what is printed is cut after a thousand letters
	return [key, str(identity.credentials.secret), str(basic)[:60]]


def break_store(monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import sealing

	monkeypatch.setattr(sealing, "set_encrypted_password", broken)


def break_transport(monkeypatch: pytest.MonkeyPatch) -> None:
	import requests

	monkeypatch.setattr(requests.Session, "send", broken)


def break_answer(monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.core.client import client

	monkeypatch.setattr(client, "_understand", broken)


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
	"store": break_store,
	"transport": break_transport,
	"answer": break_answer,
}


@pytest.mark.parametrize("place", BREAKS)
def test_an_onboarding_that_breaks(
	frappe: Any, device: str, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
	from bayancore_erp.zatca.adapter import enrolment, enrolment_view

	BREAKS[place](monkeypatch)
	enrolment.ask(device, OTP)
	work(frappe)
	if place == "transport":
		# foreseen by now: a call that failed, told by its kind
		frappe.log_error(title="RuntimeError")
	assert_untold(frappe, bench, OTP)
	seen = enrolment_view.view(device)
	assert seen["phase"] == "stopped" and seen["problem"]["en"]


@pytest.mark.parametrize("place", BREAKS)
def test_a_renewal_that_breaks(
	frappe: Any, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	hidden = credentials(frappe, frappe.device)
	with monkeypatch.context() as breaking:
		BREAKS[place](breaking)
		enrolment.ask(frappe.device, OTP, renew=True)
		work(frappe)
		if place == "transport":
			frappe.log_error(title="RuntimeError")
		assert_untold(frappe, bench, OTP, *hidden)
	enrolment.give_up_renewal(frappe.device)


@pytest.mark.parametrize("place", ["transport", "answer", "leaving"])
def test_a_sending_that_breaks(
	frappe: Any, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
	from bayancore_erp.zatca.adapter import journal

	hidden = credentials(frappe, frappe.device)
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
	BREAKS["transport" if place == "transport" else "answer"](monkeypatch)
	if place == "leaving":
		monkeypatch.setattr(journal, "release", broken)
	doc.submit()
	work(frappe)
	if place == "transport":
		frappe.log_error(title="RuntimeError")
	assert_untold(frappe, bench, *hidden)


def test_a_request_with_the_password_that_breaks(
	frappe: Any, device: str, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	monkeypatch.setattr(enrolment, "encrypt", broken)
	answer = ask(
		CONNECT,
		{"Authorization": ADMIN},
		names=frappe.as_json([device]),
		secret=frappe.as_json({device: OTP}),
	)
	assert answer.status_code == 200 and "unforeseen" in answer.get_data(as_text=True)
	assert_untold(frappe, bench, OTP)


@pytest.mark.parametrize("form", ["whole", "malformed"])
def test_a_request_that_breaks_around_us(
	frappe: Any, device: str, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
	"""Frappe logs the request's form and its frames: by its name the password is in neither."""
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	monkeypatch.setattr(zatca_setup, "connect_one", broken)
	typed = frappe.as_json({device: OTP})
	answer = ask(
		CONNECT,
		{"Authorization": ADMIN},
		names=frappe.as_json([device]),
		secret=typed if form == "whole" else typed[:-1],
	)
	assert answer.status_code == 500
	said = everything(frappe, bench)
	assert any("Traceback with variables" in text for text in said.values())
	assert not [text[max(0, text.index(OTP) - 300) :][:700] for text in said.values() if OTP in text]
	assert OTP not in answer.get_data(as_text=True)


# --- who asks ---------------------------------------------------------------------------------------------------------
ROLES = (
	"System Manager",
	"ZATCA Manager",
	"Accounts Manager",
	"Accounts User",
	"ZATCA Auditor",
	"Sales User",
)
DOCTYPES = ("ZATCA Device", "ZATCA Enrolment", "ZATCA Settings", "ZATCA Submission", "ZATCA Attempt")
SECRETS = ("private_key", "compliance_secret", "production_secret", "key-1", "production-1", "compliance-1")


@pytest.fixture(scope="module")
def hidden(frappe: Any) -> list[str]:
	"""Every key and secret the device ever had, and a password that waits for a worker."""
	from bayancore_erp.zatca.adapter import enrolment, vault
	from bayancore_erp.zatca.adapter.sealing import secret_of

	state = vault.enrolment_state(frappe.device)
	assert state
	keys = ["".join(secret_of(frappe.device, key.id).splitlines()[1:-1]) for key in state.keys]
	found = [*keys, *(str(secret_of(frappe.device, each.id)) for each in state.identities)]
	assert len(found) >= 3 and all(len(each) > 20 for each in found)
	enrolment.keep_otp(frappe.device, OTP)
	return [*found, OTP]


@pytest.fixture(scope="module")
def keys(frappe: Any) -> dict[str, str]:
	"""Role -> the header of a user who has it and no other."""
	found = {"Administrator": ADMIN}
	for role in ROLES:
		word = role.lower().replace(" ", "")
		email = f"{word}@rest.example"
		if not frappe.db.exists("User", email):
			world.make(
				frappe, "User", email=email, first_name=role, send_welcome_email=0, user_type="System User"
			)
		frappe.get_doc("User", email).add_roles(role)
		found[role] = f"token {word}key:{word}secret"
		give_key(frappe, email, found[role])
	frappe.db.commit()
	return found


def questions(frappe: Any) -> Iterator[tuple[str, dict[str, str]]]:
	"""Path and form of everything that could answer with a record of ours."""
	dumps = frappe.as_json
	for doctype in DOCTYPES:
		named = dict.fromkeys([*frappe.get_all(doctype, pluck="name", limit=3), frappe.device])
		for name in named:
			yield f"/api/resource/{doctype}/{name}", {}
			yield f"/api/v2/document/{doctype}/{name}", {}
			yield f"/api/method/frappe.desk.form.load.getdoc?doctype={doctype}&name={name}", {}
			yield f"/api/method/frappe.client.get?doctype={doctype}&name={name}", {}
			yield f"/printview?doctype={doctype}&name={name}&format=Standard", {}
		yield f'/api/resource/{doctype}?fields=["*"]&limit_page_length=20', {}
		listed = {
			"doctype": doctype,
			"fields": dumps(["*"]),
			"filters": "[]",
			"page_length": "20",
			"start": "0",
		}
		yield "/api/method/frappe.desk.reportview.get", {**listed, "view": "Report"}
		yield (
			"/api/method/frappe.desk.reportview.export_query",
			{
				**listed,
				"file_format_type": "CSV",
				"title": doctype,
				"fields": dumps([f"`tab{doctype}`.`name`", f"`tab{doctype}`.`modified`"]),
			},
		)
		yield (
			"/api/method/frappe.core.doctype.data_import.data_import.download_template",
			{
				"doctype": doctype,
				"export_fields": dumps(
					{doctype: ["name", *SECRETS[:3]] if doctype == "ZATCA Device" else ["name"]}
				),
				"export_records": "all",
				"file_type": "CSV",
			},
		)
	for name in SECRETS:
		yield (
			"/api/method/frappe.client.get_password",
			{
				"doctype": "ZATCA Device",
				"name": frappe.device,
				"fieldname": name,
			},
		)
		yield (
			"/api/method/frappe.client.get_value",
			{
				"doctype": "ZATCA Device",
				"fieldname": name,
				"filters": dumps({"name": frappe.device}),
			},
		)
		yield f'/api/resource/ZATCA Device?fields=["{name}"]', {}
	yield '/api/resource/__Auth?fields=["*"]', {}
	yield f"/api/method/frappe.client.get_list?doctype=__Auth&fields={dumps(['*'])}", {}
	for call, values in (
		("zatca_setup.zatca_setup.overview", {"company": world.COMPANY}),
		("zatca_setup.zatca_setup.progress", {"names": dumps([frappe.device])}),
		("zatca_setup.zatca_setup.try_device", {"device": frappe.device}),
		("zatca_doctor.zatca_doctor.examine", {"round": "1"}),
	):
		yield f"/api/method/bayancore_erp.zatca.page.{call}", values


@pytest.mark.parametrize("role", ["Administrator", *ROLES])
def test_what_each_role_is_answered(
	frappe: Any, hidden: list[str], keys: dict[str, str], bench: PrivateBench, role: str
) -> None:
	answered = 0
	for path, values in questions(frappe):
		answer = ask(path, {"Authorization": keys[role]}, **values)
		said = answer.get_data(as_text=True)
		answered += answer.status_code == 200
		flat = said.replace("\\n", "").replace("\n", "")
		for each in (*hidden, "PRIVATE KEY"):
			assert each not in flat, (role, path, values)
		if path.endswith("get_password"):
			assert answer.status_code in (403, 401, 404), (role, values)
	# whoever may read devices was really answered, and who may not was not
	first = ask(f"/api/resource/ZATCA Device/{frappe.device}", {"Authorization": keys[role]})
	assert first.status_code == (403 if role == "Sales User" else 200)
	assert answered > (3 if role == "Sales User" else 15), answered
	assert not [text for text in everything(frappe, bench).values() if OTP in text]


READERS = (
	"frappe.get_doc('ZATCA Device', device).get_secret('private_key')",
	"frappe.get_doc('ZATCA Device', device).get_password('private_key')",
	"frappe.get_doc('ZATCA Device', device).get_password('key-1', False)",
	"frappe.get_doc('ZATCA Device', device).run_method('get_password', 'private_key')",
	"frappe.get_doc('ZATCA Device', device).run_method('get_secret', 'private_key')",
	"frappe.get_doc('ZATCA Device', device).as_dict()",
	"frappe.get_doc('Archive Settings', company).get_password('private_key')",
	"frappe.get_doc('AI Error Settings').get_password('api_key')",
	"frappe.db.get_value('__Auth', {'name': device}, 'password')",
	"frappe.db.sql('select * from `__Auth`')",
)


@pytest.mark.parametrize("reader", READERS)
def test_what_a_template_is_given(frappe: Any, hidden: list[str], reader: str) -> None:
	"""An accounts user writes terms and conditions, and Frappe's sandbox hands him any document's methods."""
	from erpnext.setup.doctype.terms_and_conditions.terms_and_conditions import get_terms_and_conditions

	if not frappe.db.exists("Archive Settings", world.COMPANY):
		world.make(frappe, "Archive Settings", company=world.COMPANY)
	frappe.get_doc("Archive Settings", world.COMPANY).update({"private_key": hidden[0]}).save()
	frappe.get_doc("AI Error Settings").update({"api_key": hidden[0]}).save()
	reader = reader.replace("device)", f"{frappe.device!r})").replace("device}", f"{frappe.device!r}}}")
	reader = reader.replace("company)", f"{world.COMPANY!r})")
	terms = world.make(frappe, "Terms and Conditions", title=frappe.generate_hash(), terms="{{ " + reader + " }}", selling=1)  # fmt: skip
	frappe.set_user("Administrator")
	try:
		said = str(get_terms_and_conditions(terms.name, "{}"))
	except Exception as error:
		said = str(error)
	flat = said.replace("\\n", "").replace("\n", "")
	for each in (*hidden, "PRIVATE KEY"):
		assert each not in flat
