"""Onboarding on a site: whatever fails or dies, the wizard's one button takes the device on, and it has one identity.

Against a simulator in a process of its own. A killed worker is a forked process that ends itself with SIGKILL.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import fatoora
import pytest
import world
from private_bench import PrivateBench

UNIT = "unit_serial"


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench) -> Iterator[Any]:
	with world.connected(bench) as connected:
		yield connected


@pytest.fixture(scope="module")
def gateway() -> Iterator[fatoora.Fatoora]:
	with fatoora.simulator() as running:
		yield running


@pytest.fixture
def device(frappe: Any, gateway: fatoora.Fatoora, request: pytest.FixtureRequest) -> Iterator[Any]:
	"""A new device that issues standard invoices only, for three checks tell as much as six."""
	frappe.db.rollback()
	gateway.calm()
	doc = world.make(
		frappe,
		"ZATCA Device",
		device_name=request.node.name[:60],
		company=world.COMPANY,
		environment="Simulator",
		gateway_url=gateway.url,
		signs_simplified=0,
	)
	frappe.db.commit()
	yield doc
	gateway.calm()


def otp(gateway: fatoora.Fatoora) -> str:
	return str(gateway.call("POST", "otp", environment="simulation")["otp"])


def issued(gateway: fatoora.Fatoora, device: Any, kind: str = "production") -> list[dict[str, Any]]:
	"""What the gateway has issued for this device."""
	rows = gateway.call("GET", "devices")["devices"]
	return [row for row in rows if row[UNIT] == device.serial_number and row["kind"] == kind]


def picture(frappe: Any, name: str) -> dict[str, Any]:
	from bayancore_erp.zatca.adapter.enrolment_view import view

	frappe.db.rollback()
	return view(name)


def state(frappe: Any, name: str) -> Any:
	from bayancore_erp.zatca.adapter.vault import enrolment_state

	frappe.db.rollback()
	return enrolment_state(name)


def press(frappe: Any, gateway: fatoora.Fatoora, name: str) -> None:
	"""What the wizard's button does, and the worker at once: a new password only where the page asks for one."""
	from bayancore_erp.zatca.adapter import enrolment

	password = otp(gateway) if picture(frappe, name)["needs_otp"] else ""
	enrolment.check_before(frappe.get_doc("ZATCA Device", name), password)
	enrolment.carry_on(name, password)


def finish(frappe: Any, gateway: fatoora.Fatoora, name: str, presses: int = 4) -> int:
	"""Press until it is connected; gives how often."""
	for count in range(presses + 1):
		if picture(frappe, name)["phase"] == "done":
			return count
		press(frappe, gateway, name)
	raise AssertionError(picture(frappe, name))


def assert_one_identity(frappe: Any, gateway: fatoora.Fatoora, device: Any, orphans: int = 0) -> None:
	"""One production certificate in use, known to the gateway; every one ever issued is of this unit, over one key."""
	from bayancore_erp.zatca.adapter import vault
	from bayancore_erp.zatca.core.onboarding import Role

	frappe.db.rollback()
	now = frappe.get_doc("ZATCA Device", device.name)
	assert now.status == "Active"
	kept = [each for each in state(frappe, device.name).identities if each.role is Role.PRODUCTION]
	assert len(kept) == 1 and kept[0].is_usable
	rows = issued(gateway, device)
	assert len(rows) == 1 + orphans
	assert now.production_request_id in {str(row["request_id"]) for row in rows}
	vault.forget()
	identity = vault.identity_of(device.name)
	assert identity.certificate.public_key_der == identity.key.public_key_der


def test_a_device_is_connected(frappe: Any, gateway: fatoora.Fatoora, device: Any) -> None:
	from bayancore_erp.zatca.adapter import enrolment, self_test

	assert picture(frappe, device.name)["phase"] == "new"
	enrolment.carry_on(device.name, otp(gateway))
	seen = picture(frappe, device.name)
	assert (seen["phase"], seen["percent"], seen["problem"]) == ("done", 100, None)
	assert {step["state"] for step in seen["steps"]} == {"done"}
	assert [step["note"] for step in seen["steps"]].count("Accepted") == 3
	assert_one_identity(frappe, gateway, device)
	lines = {line.label: line for line in self_test.try_device(device.name)}
	assert lines["Private key"].ok and lines["Certificate"].ok and lines["Stamp and QR code"].ok


# --- bad days of the gateway ------------------------------------------------------------------------------------------
# fault -> presses of the button until the device is connected; a call that may have used up its password costs one press.
FAULTS = {
	"500:compliance-csid": 2,
	"503-html:compliance-csid": 1,
	"429=0:compliance-csid": 1,
	"drop:compliance-csid": 2,
	"truncated-json:compliance-csid": 2,
	"empty:compliance-csid": 2,
	"401:compliance-csid": 2,
	"400-empty:compliance-csid": 1,
	"500:compliance-check": 1,
	"drop:compliance-check": 1,
	"truncated-json:compliance-check": 1,
	"504-html:compliance-check:9": 2,
	"401:compliance-check": 2,
	"400-empty:compliance-check": 1,
	"500:production-csid": 1,
	"drop:production-csid": 1,
	"truncated-json:production-csid": 1,
	"503-html:production-csid:9": 2,
	"401:production-csid": 2,
	"400-empty:production-csid": 1,
}
# The gateway issued a certificate whose answer was lost: nobody holds its secret, and the page says so.
ANSWER_LOST = ("drop:production-csid", "truncated-json:production-csid")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_day_is_not_a_dead_end(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	impatient(monkeypatch)
	gateway.fault(fault)
	presses = 0
	while picture(frappe, device.name)["phase"] != "done":
		presses += 1
		assert presses <= FAULTS[fault], picture(frappe, device.name)
		press(frappe, gateway, device.name)
		seen = picture(frappe, device.name)
		if seen["phase"] != "done":
			assert seen["phase"] == "stopped"
			assert seen["problem"]["en"] and any(
				"\u0600" <= letter <= "\u06ff" for letter in seen["problem"]["ar"]
			)
			gateway.calm()
	assert presses == FAULTS[fault]
	assert_one_identity(frappe, gateway, device, orphans=int(fault in ANSWER_LOST))
	if fault in ANSWER_LOST:
		assert picture(frappe, device.name)["asked_twice"]


def test_a_certificate_whose_answer_was_lost_is_nobodys(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""The gateway lists it, its secret was in the lost answer alone, and revoking it in the portal changes nothing here."""
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.adapter import chain

	impatient(monkeypatch)
	gateway.fault("drop:production-csid")
	assert finish(frappe, gateway, device.name) == 1
	now = frappe.get_doc("ZATCA Device", device.name)
	rows = {str(row["request_id"]): row for row in issued(gateway, device)}
	(lost,) = set(rows) - {now.production_request_id}
	assert list(rows) == [lost, now.production_request_id], "the one in use is the younger, as the page says"
	assert lost not in {each.request_id for each in state(frappe, device.name).identities}
	frappe.db.set_value(
		"ZATCA Settings", world.COMPANY, {"default_device": device.name, "web_wait_seconds": 60}
	)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)

	def issue() -> str:
		draft = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, "10.15")])
		frappe.db.commit()
		return str(api.submit_for_clearance("Sales Invoice", draft.name)["state"])

	assert issue() == "Cleared"
	gateway.call("POST", "devices/revoke", request_id=int(lost))
	assert issue() == "Cleared"
	assert chain.verify(device.name).ok and chain.verify(device.name).documents == 2


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
	"""The waits between the machine's own repetitions, without waiting."""
	from bayancore_erp.zatca.adapter import enrolment

	tools = enrolment.tools_of
	monkeypatch.setattr(
		enrolment, "tools_of", lambda *given: replace(tools(*given), sleep=lambda _seconds: None)
	)


def test_a_wrong_password_is_asked_for_again(frappe: Any, gateway: fatoora.Fatoora, device: Any) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	enrolment.carry_on(device.name, "000000")
	seen = picture(frappe, device.name)
	assert (seen["phase"], seen["needs_otp"], seen["problem"]["code"]) == ("stopped", True, "otp-refused")
	enrolment.carry_on(device.name, "")
	assert picture(frappe, device.name)["problem"]["code"] == "otp-needed"
	assert finish(frappe, gateway, device.name) == 1
	assert_one_identity(frappe, gateway, device)
	assert len(state(frappe, device.name).keys) == 1


def test_refused_details_are_corrected_and_a_new_request_is_made(
	frappe: Any, gateway: fatoora.Fatoora, device: Any
) -> None:
	from bayancore_erp.zatca.adapter import enrolment
	from bayancore_erp.zatca.core.errors import ConfigurationError

	frappe.db.set_value("ZATCA Device", device.name, "organization_unit", "Head=Office")
	frappe.db.commit()
	with pytest.raises(ConfigurationError, match="equals sign"):
		enrolment.ask(device.name, "123456")
	assert picture(frappe, device.name)["phase"] == "new"
	frappe.db.set_value("ZATCA Device", device.name, "organization_unit", "")
	frappe.db.commit()
	assert finish(frappe, gateway, device.name) == 1


def assert_told_in_both(seen: dict[str, Any]) -> None:
	assert seen["phase"] == "stopped" and seen["problem"]["en"]
	assert any("\u0600" <= letter <= "\u06ff" for letter in seen["problem"]["ar"])


def test_a_request_that_zatca_refuses_is_made_anew(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""Invalid-CSR: what we checked ourselves ZATCA sees otherwise; the next one is over a new key, the password may be a new one."""
	from bayancore_erp.zatca.adapter import enrolment

	build = enrolment.build_csr
	with monkeypatch.context() as spoilt:
		spoilt.setattr(enrolment, "build_csr", lambda *given: build(*given).replace(b"M", b"N", 3))
		press(frappe, gateway, device.name)
		press(frappe, gateway, device.name)
	seen = picture(frappe, device.name)
	assert_told_in_both(seen)
	assert seen["problem"]["code"] == "csid-refused"
	assert issued(gateway, device, "compliance") == []
	refused = len(state(frappe, device.name).keys)
	assert finish(frappe, gateway, device.name) <= 2
	assert len(state(frappe, device.name).keys) == refused + 1
	assert_one_identity(frappe, gateway, device)


@pytest.mark.parametrize("document", [1, 3])
def test_a_compliance_document_that_zatca_rejects_is_made_again(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, monkeypatch: pytest.MonkeyPatch, document: int
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	make, made = enrolment.make_document, [0]

	def spoilt(*given: Any) -> Any:
		made[0] += 1
		signed = make(*given)
		return replace(signed, invoice_hash="A" * 43 + "=") if made[0] == document else signed

	monkeypatch.setattr(enrolment, "make_document", spoilt)
	press(frappe, gateway, device.name)
	if picture(frappe, device.name)["phase"] != "stopped" or made[0] < document:
		press(frappe, gateway, device.name)
	seen = picture(frappe, device.name)
	assert_told_in_both(seen)
	failed = [check for check in state(frappe, device.name).checks if not check.passed]
	assert len(failed) == 1 and failed[0].failed_xml and made[0] == document
	assert not seen["needs_otp"], "no new password for a document"
	assert finish(frappe, gateway, device.name) == 1
	assert_one_identity(frappe, gateway, device)


def test_the_password_waits_encrypted_and_once(frappe: Any, device: Any) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	enrolment.keep_otp(device.name, "654321")
	key = frappe.cache.make_key(enrolment._otp_key(device.name))
	assert b"654321" not in frappe.cache.get(key)
	assert 0 < frappe.cache.ttl(key) <= 3600
	assert enrolment.take_otp(device.name) == "654321"
	assert enrolment.take_otp(device.name) == ""


# --- death between any two steps ----------------------------------------------------------------------------------------
# With three documents: 1 store of the key, 2 of the password, 2 for each check, 1 that they are done, 2 of the production CSID.
STORES = 12


def killed(frappe: Any, name: str, password: str, moment: str, count: int) -> None:
	"""Carry on in a process that dies before or after its `count`-th store."""

	def carry_on() -> None:
		from bayancore_erp.zatca.adapter import enrolment

		die_at(moment, count)
		enrolment.carry_on(name, password)

	world.dies(frappe, carry_on)


def die_at(moment: str, count: int) -> None:
	from bayancore_erp.zatca.adapter import enrolment_store

	save: Callable[..., None] = enrolment_store.save
	seen = [0]

	def deadly(*given: Any) -> None:
		seen[0] += 1
		if seen[0] == count and moment == "before":
			os.kill(os.getpid(), signal.SIGKILL)
		save(*given)
		if seen[0] == count:
			os.kill(os.getpid(), signal.SIGKILL)

	enrolment_store.save = deadly


@pytest.mark.parametrize("count", range(1, STORES + 1))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_worker_is_carried_on(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, moment: str, count: int
) -> None:
	from bayancore_erp.zatca.adapter import enrolment, enrolment_store

	enrolment_store.note_request(device.name, "Administrator")
	killed(frappe, device.name, otp(gateway), moment, count)
	seen = picture(frappe, device.name)
	last = moment == "after" and count == STORES
	assert (seen["phase"], device.name in enrolment.abandoned()) == ("interrupted", True)
	assert (frappe.db.get_value("ZATCA Device", device.name, "status") == "Active") is last
	# what the watchdog does by itself: without a password it goes on, or asks for one
	enrolment.carry_on(device.name)
	after_the_password = count > 3 or (moment, count) == ("after", 3)
	assert (picture(frappe, device.name)["phase"] == "done") is after_the_password
	assert finish(frappe, gateway, device.name) <= 1
	# its production certificate was issued, and it died before it could be stored: issued again, over the same key
	orphans = int((moment, count) == ("before", STORES))
	assert_one_identity(frappe, gateway, device, orphans)
	# stored as about to be asked for, whether or not it was: the page says that the portal may list it twice
	doubtful = (moment, count) in (("after", STORES - 1), ("before", STORES))
	assert picture(frappe, device.name)["asked_twice"] is doubtful
	assert device.name not in enrolment.abandoned()


@pytest.fixture(scope="module")
def connected(frappe: Any, gateway: fatoora.Fatoora) -> Any:
	"""A device with a certificate, to be connected anew again and again."""
	gateway.calm()
	doc = world.make(
		frappe,
		"ZATCA Device",
		device_name="Connected Anew",
		company=world.COMPANY,
		environment="Simulator",
		gateway_url=gateway.url,
		signs_simplified=0,
	)
	frappe.db.commit()
	assert finish(frappe, gateway, doc.name) == 1
	return doc


@pytest.mark.parametrize("count", range(1, STORES + 1))
def test_a_worker_killed_while_connecting_anew_is_carried_on(
	frappe: Any, gateway: fatoora.Fatoora, connected: Any, count: int
) -> None:
	"""Before or after its store in turn. The old certificate stays in use until the new one is stored; its key is kept."""
	from bayancore_erp.zatca.adapter import enrolment, enrolment_store, vault
	from bayancore_erp.zatca.core.onboarding import Role

	moment = "after" if count % 2 else "before"
	name = connected.name
	old = state(frappe, name)
	enrolment.begin_anew(frappe.get_doc("ZATCA Device", name))
	enrolment_store.note_request(name, "Administrator")
	killed(frappe, name, otp(gateway), moment, count)
	assert picture(frappe, name)["phase"] == "interrupted" and name in enrolment.abandoned()
	assert state(frappe, name).active_id == old.active_id
	assert frappe.db.get_value("ZATCA Device", name, "status") == "Active"
	vault.forget()
	vault.identity_of(name)
	enrolment.carry_on(name)
	assert finish(frappe, gateway, name) <= 1
	new = state(frappe, name)
	assert new.active_id != old.active_id
	made = [each for each in new.identities if each.role is Role.PRODUCTION]
	before = [each for each in old.identities if each.role is Role.PRODUCTION]
	assert len(made) == len(before) + 1 and all(each.is_usable for each in made), "one identity more, not two"
	assert len(new.keys) == len(old.keys) + 1 and new.keys[: len(old.keys)] == old.keys
	vault.forget()
	identity = vault.identity_of(name)
	assert identity.certificate.public_key_der == identity.key.public_key_der
	assert name not in enrolment.abandoned()


def test_two_workers_at_once_make_one_identity(frappe: Any, gateway: fatoora.Fatoora, device: Any) -> None:
	from bayancore_erp.zatca.adapter import enrolment, enrolment_store

	frappe.db.commit()
	with enrolment_store.lock(device.name) as held:
		assert held
		child = os.fork()
		if not child:
			code = 9
			try:
				frappe.connect()
				code = 0 if enrolment.carry_on(device.name, "123456") is None else 8
			finally:
				os._exit(code)
		assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
		assert enrolment_store.is_running(device.name)
	assert not enrolment_store.is_running(device.name)
	assert finish(frappe, gateway, device.name) == 1
	assert_one_identity(frappe, gateway, device)


def test_no_key_secret_or_password_is_left_in_clear(
	frappe: Any, gateway: fatoora.Fatoora, device: Any, bench: PrivateBench
) -> None:
	"""In a dump of the database, in the logs, in what any role can ask of the device, its enrolment and the page."""
	import json

	from bayancore_erp.zatca.adapter import enrolment
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	password = otp(gateway)
	gateway.fault("401:production-csid")
	enrolment.keep_otp(device.name, password)
	enrolment.carry_on(device.name)
	assert picture(frappe, device.name)["phase"] == "stopped"
	finish(frappe, gateway, device.name)
	from bayancore_erp.zatca.adapter.sealing import secret_of

	now = frappe.get_doc("ZATCA Device", device.name)
	known = state(frappe, device.name)
	keys = [secret_of(now.name, key.id) for key in known.keys]
	secrets = [secret_of(now.name, each.id) for each in known.identities]
	assert len(keys) == 1 and len(secrets) == 3
	bodies = ["".join(key.splitlines()[1:-1]) for key in keys]
	dump = bench.folder / "secrets.sql"
	bench.dump(world.SITE, dump)
	said = [dump.read_bytes().decode(errors="replace").replace("\\n", "")]
	dump.unlink()
	said += [
		path.read_text(errors="replace").replace("\n", "")
		for path in bench.folder.rglob("*.log")
		if path.is_file()
	]
	said.append(json.dumps(zatca_setup.overview(world.COMPANY), default=str))
	said.append(json.dumps(zatca_setup.progress([device.name]), default=str))
	for doctype in ("ZATCA Device", "ZATCA Enrolment"):
		said.append(
			json.dumps(frappe.get_doc(doctype, device.name).as_dict(), default=str).replace("\\n", "")
		)
	for text in said:
		for hidden in (*bodies, *secrets):
			assert hidden not in text
	assert f'"{password}"' not in "".join(said[-4:]) and f"'{password}'" not in said[0]
