"""A device is renewed while it works: the old certificate signs until the new one is there, and what is under way keeps its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fatoora
import pytest
import world
from private_bench import PrivateBench
from test_enrolment import impatient, killed, otp, picture, press, state


@pytest.fixture(scope="module")
def gateway() -> Iterator[fatoora.Fatoora]:
	with fatoora.simulator() as running:
		yield running


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench, gateway: fatoora.Fatoora) -> Iterator[Any]:
	with world.connected(bench) as connected:
		connected.device = fatoora.onboard(connected, gateway)
		yield connected


def cleared(frappe: Any) -> Any:
	"""A new standard invoice, submitted; gives its signed document."""
	draft = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, "10.15")])
	return submit(frappe, draft)


def submit(frappe: Any, draft: Any) -> Any:
	from bayancore_erp.zatca import api

	frappe.db.commit()
	api.submit_for_clearance("Sales Invoice", draft.name)
	frappe.db.rollback()
	name = frappe.db.get_value("ZATCA Document", {"invoice_name": draft.name})
	return frappe.get_doc("ZATCA Document", name)


def serial(frappe: Any) -> str:
	frappe.db.rollback()
	return str(frappe.db.get_value("ZATCA Device", frappe.device, "certificate_serial"))


def renew(frappe: Any, gateway: fatoora.Fatoora) -> None:
	"""What the page's button does, and the worker at once."""
	from bayancore_erp.zatca.adapter import enrolment

	enrolment.begin_renewal(frappe.get_doc("ZATCA Device", frappe.device))
	enrolment.carry_on(frappe.device, otp(gateway))


@pytest.mark.parametrize("needs_checks", [True, False], ids=["428", "200"])
def test_a_document_under_way_keeps_its_certificate(
	frappe: Any, gateway: fatoora.Fatoora, needs_checks: bool
) -> None:
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.adapter import chain, vault

	gateway.call("POST", "settings", renewal_needs_checks=needs_checks)
	old, keys = serial(frappe), len(state(frappe, frappe.device).keys)
	gateway.fault("503:clearance:always")
	waiting = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, "20.30")])
	document = submit(frappe, waiting)
	assert document.certificate_serial == old
	renew(frappe, gateway)
	gateway.calm()
	assert picture(frappe, frappe.device)["phase"] == "done"
	new = serial(frappe)
	assert new != old
	known = state(frappe, frappe.device)
	assert len(known.keys) == keys + 1 and known.active_id == known.identities[-1].id
	# the one under way still goes out, byte for byte, under the identity that signed it
	assert str(vault.identity_at_signing(frappe.device, old).certificate.serial) == old
	fatoora.expire_leases(frappe)
	api.retry("Sales Invoice", waiting.name)
	assert fatoora.fresh(frappe, waiting).zatca_state == "Cleared"
	assert [row["verdict"] for row in gateway.submissions(document.uuid)] == ["CLEARED"]
	# the next one carries the new certificate and the next place in the same chain
	after = cleared(frappe)
	assert (after.certificate_serial, after.icv) == (new, document.icv + 1)
	assert chain.verify(frappe.device).ok


def test_the_old_certificate_signs_while_the_renewal_is_stopped(
	frappe: Any, gateway: fatoora.Fatoora
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	gateway.call("POST", "settings", renewal_needs_checks=True)
	old = serial(frappe)
	gateway.fault("401:compliance-check")
	renew(frappe, gateway)
	gateway.calm()
	seen = picture(frappe, frappe.device)
	assert (seen["phase"], seen["is_renewal"], seen["status"]) == ("stopped", True, "Active")
	assert cleared(frappe).certificate_serial == old
	enrolment.give_up_renewal(frappe.device)
	assert picture(frappe, frappe.device)["phase"] == "done"
	assert cleared(frappe).certificate_serial == old == serial(frappe)


# fault of the renewal's own call -> presses of the button until the device is renewed
RENEWAL_FAULTS = {
	"500:renewal": 2,
	"503-html:renewal": 1,
	"429=0:renewal": 1,
	"400-empty:renewal": 1,
	"drop:renewal": 2,
	"truncated-json:renewal": 2,
	"empty:renewal": 2,
	"401:renewal": 2,
}


@pytest.mark.parametrize("fault", RENEWAL_FAULTS)
def test_a_bad_day_of_a_renewal_is_not_a_dead_end(
	frappe: Any, gateway: fatoora.Fatoora, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""The old certificate signs all the while, and there is one new one at the end."""
	from bayancore_erp.zatca.core.onboarding import Role

	impatient(monkeypatch)
	gateway.call("POST", "settings", renewal_needs_checks=False)
	old, before = serial(frappe), state(frappe, frappe.device)
	gateway.fault(fault)
	renew(frappe, gateway)
	presses = 1
	while picture(frappe, frappe.device)["phase"] != "done":
		seen = picture(frappe, frappe.device)
		assert (seen["phase"], seen["status"]) == ("stopped", "Active")
		assert seen["problem"]["en"] and any("\u0600" <= each <= "\u06ff" for each in seen["problem"]["ar"])
		assert serial(frappe) == old
		assert presses < RENEWAL_FAULTS[fault], seen
		gateway.calm()
		press(frappe, gateway, frappe.device)
		presses += 1
	gateway.calm()
	assert presses == RENEWAL_FAULTS[fault]
	after = state(frappe, frappe.device)
	made = [each for each in after.identities if each.role is Role.PRODUCTION]
	assert len(made) == 1 + sum(each.role is Role.PRODUCTION for each in before.identities)
	assert len(after.keys) == len(before.keys) + 1
	assert serial(frappe) != old
	assert cleared(frappe).certificate_serial == serial(frappe)


def test_a_renewal_that_is_killed_at_its_last_step_is_carried_on(
	frappe: Any, gateway: fatoora.Fatoora
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	gateway.call("POST", "settings", renewal_needs_checks=False)
	old = serial(frappe)
	enrolment.begin_renewal(frappe.get_doc("ZATCA Device", frappe.device))
	# 1 the new key, 2 before the call with the password, 3 the certificate
	killed(frappe, frappe.device, otp(gateway), "before", 3)
	assert serial(frappe) == old and cleared(frappe).certificate_serial == old
	enrolment.carry_on(frappe.device)
	assert picture(frappe, frappe.device)["problem"]["code"] == "otp-spent"
	enrolment.carry_on(frappe.device, otp(gateway))
	assert picture(frappe, frappe.device)["phase"] == "done"
	assert cleared(frappe).certificate_serial == serial(frappe) != old


def test_a_refused_former_certificate_is_no_reason_to_hold_the_device(
	frappe: Any, gateway: fatoora.Fatoora
) -> None:
	from bayancore_erp.zatca import api

	gateway.call("POST", "settings", renewal_needs_checks=False)
	old = frappe.db.get_value("ZATCA Device", frappe.device, "production_request_id")
	gateway.fault("503:clearance:always")
	waiting = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 3, "30.45")])
	document = submit(frappe, waiting)
	renew(frappe, gateway)
	gateway.calm()
	gateway.call("POST", "devices/revoke", request_id=int(old))
	fatoora.expire_leases(frappe)
	api.retry("Sales Invoice", waiting.name)
	frappe.db.rollback()
	assert not frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	# carried by the new identity; what ZATCA says of a stamp by a revoked certificate is a verdict like any other
	assert gateway.submissions(document.uuid)
	assert fatoora.fresh(frappe, waiting).zatca_state in ("Cleared", "Rejected")


@pytest.mark.parametrize("by", ["anew", "renewal"])
def test_a_revoked_device_is_connected_anew(frappe: Any, gateway: fatoora.Fatoora, by: str) -> None:
	"""By the table's own action, or by going on with a renewal that ZATCA refuses: the same device, its numbering goes on."""
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.adapter import chain, enrolment
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	old = serial(frappe)
	gateway.call(
		"POST",
		"devices/revoke",
		request_id=int(frappe.db.get_value("ZATCA Device", frappe.device, "production_request_id")),
	)
	waiting = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 5, "50.75")])
	document = submit(frappe, waiting)
	assert fatoora.fresh(frappe, waiting).zatca_state == "On Hold"
	assert frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	if by == "renewal":
		renew(frappe, gateway)
		seen = picture(frappe, frappe.device)
		assert (seen["phase"], seen["is_refused"], seen["needs_otp"]) == ("stopped", True, True)
		assert zatca_setup.connect([frappe.device], {frappe.device: otp(gateway)}) == []
	else:
		assert zatca_setup.connect([frappe.device], anew=True) == []
	seen = picture(frappe, frappe.device)
	assert (seen["is_active"], seen["status"]) == (True, "Active"), (
		"the old identity stays until there is a new one"
	)
	enrolment.carry_on(frappe.device)
	assert picture(frappe, frappe.device)["phase"] == "done"
	assert serial(frappe) != old and not frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	due = frappe.db.get_value("ZATCA Submission", {"invoice_name": waiting.name}, "next_try_at")
	assert due <= frappe.utils.now_datetime(), "what waited is due at once"
	api.retry("Sales Invoice", waiting.name)
	# carried by the new identity; what ZATCA says of a stamp by a revoked certificate is a verdict like any other
	assert gateway.submissions(document.uuid)
	assert fatoora.fresh(frappe, waiting).zatca_state in ("Cleared", "Rejected")
	assert cleared(frappe).icv == document.icv + 1
	assert chain.verify(frappe.device).ok


def test_managers_are_told_before_a_certificate_ends(frappe: Any) -> None:
	from frappe.utils import add_days, now_datetime

	from bayancore_erp.zatca.adapter import expiry

	user = world.make(
		frappe, "User", email="expiry@bayan.example", first_name="Expiry", send_welcome_email=0, language="ar"
	)
	user.add_roles("ZATCA Manager")
	frappe.db.set_value("ZATCA Device", frappe.device, "valid_until", add_days(now_datetime(), 60))
	assert expiry.tell() == 1, "a site without an outgoing mail account has its bells all the same"
	frappe.db.set_value("ZATCA Device", frappe.device, "alerted_days", 0)
	frappe.db.delete("Notification Log", {"document_name": frappe.device})
	account = frappe.get_doc(
		{
			"doctype": "Email Account",
			"email_account_name": "Alerts",
			"email_id": "alerts@bayan.example",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "127.0.0.1",
			"no_smtp_authentication": 1,
		}
	)
	account.flags.ignore_validate = True  # which would call the server
	account.insert()
	# what this request remembers of the site's accounts
	frappe.local.outgoing_email_account = {}
	frappe.db.commit()

	def told(days: int) -> tuple[int, int, int]:
		"""Devices, bells and mails after a day on which so many days are left."""
		frappe.db.set_value("ZATCA Device", frappe.device, "valid_until", add_days(now_datetime(), days))
		frappe.db.commit()
		count = expiry.tell()
		bells = frappe.db.count("Notification Log", {"document_name": frappe.device, "for_user": user.name})
		mails = frappe.db.count("Email Queue", {"reference_name": frappe.device})
		return count, bells, mails

	assert [told(days) for days in (61, 60, 45, 30, 8, 7, 1, -1, -2)] == [
		(0, 0, 0), (1, 1, 1), (0, 1, 1), (1, 2, 2), (0, 2, 2), (1, 3, 3), (0, 3, 3), (1, 4, 4), (0, 4, 4),
	]  # fmt: skip
	said = frappe.get_all("Notification Log", filters={"document_name": frappe.device}, pluck="subject")
	assert all(any("\u0600" <= letter <= "\u06ff" for letter in subject) for subject in said)


def test_many_devices_at_once_and_whom_each_signs_for(frappe: Any, gateway: fatoora.Fatoora) -> None:
	from bayancore_erp.zatca.adapter import devices, enrolment
	from bayancore_erp.zatca.adapter.mapper.preload import around
	from bayancore_erp.zatca.adapter.mapper.scope import device_of
	from bayancore_erp.zatca.core.errors import ConfigurationError
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	center = frappe.db.get_value("Cost Center", {"company": world.COMPANY, "is_group": 0})
	rows = [
		{"device_name": "Till", "pos_profile": world.POS_PROFILE},
		{"device_name": "Centre", "cost_center": center},
		{"device_name": "Spare"},
	]
	with pytest.raises(ConfigurationError, match="Two devices"):
		devices.add(world.COMPANY, "Simulator", [{"device_name": "A"}, {"device_name": "A"}], gateway.url)
	names = zatca_setup.add_devices(world.COMPANY, "Simulator", rows, gateway.url)
	frappe.db.commit()
	for name in names:
		enrolment.carry_on(name, otp(gateway))
	till, centre, _spare = names
	cleared(frappe)
	shown = {row.name: row for row in devices.standing(world.COMPANY)}
	assert {shown[name].status for name in names} == {"Active"}
	assert shown[frappe.device].last_verdict and shown[frappe.device].icv > 0

	def signer(**values: Any) -> str | None:
		doc = frappe.get_doc({"doctype": "Sales Invoice", "company": world.COMPANY, **values})
		return device_of(doc, around(doc), simplified=False)

	assert signer(cost_center=center) == centre
	assert signer(cost_center=center, pos_profile=world.POS_PROFILE) == till
	assert signer() == frappe.device, "the company's default stays"


def test_the_table_counts_what_waits(frappe: Any, gateway: fatoora.Fatoora) -> None:
	"""Each device its own; what has its verdict counts no more."""
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	def queue() -> dict[str, int]:
		frappe.db.rollback()
		return {row["name"]: row["queue"] for row in zatca_setup.overview(world.COMPANY)["devices"]}

	before = queue()
	gateway.fault("503:clearance:always")
	waiting = [
		world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, price)])
		for price in ("31.20", "31.40")
	]
	(device,) = {submit(frappe, draft).device for draft in waiting}
	assert queue() == {**before, device: before[device] + 2}
	gateway.calm()
	fatoora.expire_leases(frappe)
	api.retry("Sales Invoice", waiting[0].name)
	assert queue() == {**before, device: before[device] + 1}
	api.retry("Sales Invoice", waiting[1].name)
	assert queue() == before


@contextmanager
def another_at_it(frappe: Any) -> Iterator[None]:
	"""A process of its own works on the device's enrolment meanwhile."""
	import pymysql

	from bayancore_erp.zatca.adapter import enrolment_store

	other = pymysql.connect(**frappe.db.get_connection_settings())
	try:
		with other.cursor() as cursor:
			cursor.execute("select get_lock(%s, 0)", enrolment_store._lock_name(frappe.device))
		yield
	finally:
		other.close()


def test_nothing_is_begun_while_a_worker_is_at_it(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import devices, enrolment
	from bayancore_erp.zatca.core.errors import ConfigurationError

	device, before = frappe.get_doc("ZATCA Device", frappe.device), state(frappe, frappe.device)
	with another_at_it(frappe):
		for begin in (enrolment.begin_renewal, enrolment.begin_anew):
			with pytest.raises(ConfigurationError, match="being worked on"):
				begin(device)
		with pytest.raises(ConfigurationError, match="being worked on"):
			devices.retire(frappe.device)
	assert state(frappe, frappe.device) == before


def test_a_retired_device_does_not_come_back(frappe: Any, gateway: fatoora.Fatoora) -> None:
	"""Not by the renewal that was under way, not by whoever takes it up again, not by a page left open."""
	from bayancore_erp.zatca.adapter import devices, enrolment, enrolment_store
	from bayancore_erp.zatca.core.errors import ConfigurationError

	def status() -> str:
		frappe.db.rollback()
		return str(frappe.db.get_value("ZATCA Device", frappe.device, "status"))

	device = frappe.get_doc("ZATCA Device", frappe.device)
	enrolment.begin_renewal(device)
	enrolment_store.note_request(frappe.device, "Administrator")
	frappe.db.commit()
	with pytest.raises(ConfigurationError, match="being connected"):
		devices.retire(frappe.device)
	enrolment_store.note_end(frappe.device)
	default = frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	try:
		devices.retire(frappe.device)
		enrolment_store.note_request(frappe.device, "Administrator")
		frappe.db.commit()
		assert enrolment.carry_on(frappe.device, otp(gateway)) is None
		assert status() == "Retired"
		assert not enrolment_store.row_of(frappe.device).requested_at, "nobody takes it up again"
		with pytest.raises(ConfigurationError, match="is retired"):
			enrolment.give_up_renewal(frappe.device)
		request = enrolment.request_of(device)
		kept = enrolment_store.load(
			frappe.device, enrolment.ENVIRONMENTS[device.environment], request.invoice_type
		)
		enrolment_store.save(frappe.device, kept, request)
		assert status() == "Retired"
	finally:
		frappe.db.set_value("ZATCA Device", frappe.device, "status", "Active")
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "default_device", default)
		frappe.db.commit()
		enrolment.give_up_renewal(frappe.device)


def test_a_device_is_retired_once_nothing_of_it_waits(frappe: Any, gateway: fatoora.Fatoora) -> None:
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.adapter import devices
	from bayancore_erp.zatca.core.errors import ConfigurationError

	gateway.fault("503:clearance:always")
	waiting = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 4, "40.60")])
	device = submit(frappe, waiting).device
	with pytest.raises(ConfigurationError, match="1 invoices"):
		devices.retire(device)
	gateway.calm()
	fatoora.expire_leases(frappe)
	api.retry("Sales Invoice", waiting.name)
	frappe.db.rollback()
	branch = world.make(frappe, "Branch", branch="Retired Here", zatca_device=device)
	frappe.db.set_value("POS Profile", world.POS_PROFILE, "zatca_device", device)
	frappe.db.commit()
	devices.retire(device)
	assert frappe.db.get_value("ZATCA Device", device, "status") == "Retired"
	assert not frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	assert not frappe.db.get_value("Branch", branch.name, "zatca_device")
	assert not frappe.db.get_value("POS Profile", world.POS_PROFILE, "zatca_device")
	frappe.db.rollback()
