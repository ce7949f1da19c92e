"""The set-up page's server side: who may ask, what is stored, the simulator it starts, what it hands to a worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import world
from private_bench import PrivateBench


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench) -> Iterator[Any]:
	with world.connected(bench) as connected:
		yield connected


@pytest.fixture
def page(frappe: Any) -> Iterator[Any]:
	from bayancore_erp.zatca.page.zatca_setup import zatca_setup

	frappe.db.rollback()
	yield zatca_setup
	frappe.set_user("Administrator")
	frappe.db.rollback()


@pytest.fixture(scope="module")
def local(frappe: Any) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import local_simulator

	yield local_simulator
	local_simulator.stop()


def user_with(frappe: Any, role: str) -> str:
	email = f"{role.lower().replace(' ', '.')}@page.example"
	if not frappe.db.exists("User", email):
		user = world.make(frappe, "User", email=email, first_name=role, send_welcome_email=0)
		user.add_roles(role)
	return email


def test_only_managers_may_ask(frappe: Any, page: Any) -> None:
	device = frappe.db.get_value("ZATCA Device", {"company": world.COMPANY})
	calls = [
		lambda: page.overview(world.COMPANY),
		lambda: page.check(world.COMPANY, {}),
		lambda: page.save(world.COMPANY, {}),
		lambda: page.prepare_accounts(world.COMPANY),
		lambda: page.add_devices(world.COMPANY, "Sandbox", [{"device_name": "x"}]),
		lambda: page.connect([device], {device: "123456"}),
		lambda: page.give_up_renewal(device),
		lambda: page.retire(device),
		lambda: page.simulator("stop"),
		lambda: page.try_device(device),
		lambda: page.go_live(world.COMPANY, "2026-01-01"),
		lambda: page.make_first_invoice(world.COMPANY, {}),
	]
	users = [user_with(frappe, role) for role in ("Accounts Manager", "ZATCA Auditor", "Sales User")]
	for user in users:
		frappe.set_user(user)
		for call in calls:
			with pytest.raises(frappe.PermissionError):
				call()
	with pytest.raises(frappe.PermissionError):
		page.progress([device])


@pytest.mark.parametrize(
	"role", ["System Manager", "ZATCA Manager", "Accounts Manager", "Accounts User", "ZATCA Auditor"]
)
def test_the_workspace_is_in_the_desk_of_each_role(frappe: Any, page: Any, role: str) -> None:
	"""Frappe shows a workspace only to whoever may read something of its module."""
	from frappe.desk.desktop import Workspace, get_workspace_sidebar_items

	frappe.set_user(user_with(frappe, role))
	shown = {each["name"]: each for each in get_workspace_sidebar_items()["pages"]}
	assert "ZATCA E-Invoicing" in shown
	desk = Workspace(shown["ZATCA E-Invoicing"])
	desk.build_workspace()
	assert len(desk.number_cards["items"]) == 9 and len(desk.cards["items"]) >= 3
	if role == "ZATCA Manager":
		there = {link["label"] for card in desk.cards["items"] for link in card["links"]}
		assert {
			"AI Error Explanation",
			"AI Error Wording",
			"ZATCA Outage",
			"Mail Exception",
			"Submitted Invoices Without ZATCA Document",
		} <= there, there


@pytest.mark.parametrize("role", ["Sales User", "Sales Manager"])
def test_who_sells_has_a_way_to_what_is_not_ready(frappe: Any, page: Any, role: str) -> None:
	from frappe.desk.desktop import Workspace, get_workspace_sidebar_items

	frappe.set_user(user_with(frappe, role))
	shown = {each["name"]: each for each in get_workspace_sidebar_items()["pages"]}
	assert "ZATCA E-Invoicing" not in shown
	desk = Workspace(shown["ZATCA Readiness"])
	desk.build_workspace()
	there = {each["link_to"]: frappe.parse_json(each["stats_filter"]) for each in desk.shortcuts["items"]}
	assert {"Customer", "Quotation", "Sales Order"} <= set(there)
	for doctype, filters in there.items():
		assert isinstance(frappe.get_list(doctype, filters=filters), list)


def test_a_manager_of_another_company_sees_nothing_of_this_one(frappe: Any, page: Any) -> None:
	manager = user_with(frappe, "ZATCA Manager")
	frappe.set_user(manager)
	assert page.overview(None)["company"] == world.COMPANY
	frappe.set_user("Administrator")
	other = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": "Other Co",
			"abbr": "OC",
			"default_currency": "SAR",
			"country": "Kuwait",
		}
	).insert()
	world.make(frappe, "User Permission", user=manager, allow="Company", for_value=other.name)
	frappe.clear_cache(user=manager)
	frappe.set_user(manager)
	assert page.overview(world.COMPANY) == {"companies": [], "company": None}
	with pytest.raises(frappe.PermissionError):
		page.save(world.COMPANY, {})


def test_the_form_is_stored_where_each_thing_belongs(frappe: Any, page: Any) -> None:
	from bayancore_erp.zatca.adapter import seller_form

	values = seller_form.read(world.COMPANY)
	assert not [item for item in page.check(world.COMPANY, values) if item["required"] and not item["ok"]]
	typed = {
		**values,
		"vat_number": " 3101-2239-3510-003 ",
		"group_tin": "",
		"registration_number": "7001112223",
		"building_number": "31",
		"city": "Jeddah",
	}
	said = {item["field"]: item for item in page.save(world.COMPANY, typed)}
	assert not said["group_tin"]["ok"] and not said["building_number"]["ok"] and said["vat_number"]["ok"]
	company = frappe.get_doc("Company", world.COMPANY)
	assert (company.tax_id, company.zatca_vat_group) == ("310122393510003", 1)
	address = frappe.get_doc("Address", frappe.db.get_value("ZATCA Settings", world.COMPANY, "address"))
	assert (address.zatca_building_number, address.city) == ("31", "Jeddah")
	with pytest.raises(frappe.ValidationError, match="Building number has 4 digits"):
		page.add_devices(world.COMPANY, "Simulator", [{"device_name": "x"}], "http://127.0.0.1:1")
	page.save(world.COMPANY, {**typed, "building_number": "3131", "group_tin": "3101223935"})
	name = page.add_devices(world.COMPANY, "Sandbox", [{"device_name": "Member"}])[0]
	from bayancore_erp.zatca.adapter.enrolment import request_of

	assert request_of(frappe.get_doc("ZATCA Device", name)).organization_unit == "3101223935"


def test_issuing_starts_with_a_device_only(frappe: Any, page: Any) -> None:
	frappe.db.set_value("ZATCA Device", {"company": world.COMPANY}, "status", "Compliance")
	with pytest.raises(frappe.ValidationError, match="Connect a device"):
		page.go_live(world.COMPANY, "2026-02-01")
	world.in_use(frappe)
	assert page.go_live(world.COMPANY, "2026-02-01")["go_live_date"] == "2026-02-01"


def test_one_simulator_a_site(frappe: Any, local: Any) -> None:
	first = local.start()
	assert first.url.startswith("http://127.0.0.1:") and local.start() == first == local.running()
	assert len(local.new_otp(first.url)) == 6
	assert local.stop() and local.running() is None and not local.stop()
	again = local.start()
	assert again.url == first.url and again.pid != first.pid
	# a process id that was given to somebody else is not ours to end
	(local.folder() / "running.json").write_text(f'{{"url": "{again.url}", "pid": {os.getpid()}}}')
	assert local.running() is None and not local.stop()
	(local.folder() / "running.json").write_text(f'{{"url": "{again.url}", "pid": {again.pid}}}')
	assert local.running() == again


def test_an_address_no_gateway_may_have_is_neither_kept_nor_called(
	frappe: Any, page: Any, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.core.errors import ConfigurationError

	called: list[str] = []

	class Elsewhere(BaseHTTPRequestHandler):
		def do_POST(self) -> None:
			called.append(self.path)
			self.send_response(307)
			self.send_header("Location", "/elsewhere")
			self.end_headers()

		def log_message(self, *_words: object) -> None: ...

	web = HTTPServer(("127.0.0.1", 0), Elsewhere)
	threading.Thread(target=web.serve_forever, daemon=True).start()
	here = f"http://127.0.0.1:{web.server_port}"
	try:
		for address in ("http://10.0.0.5:8080", f"{here}/path?x="):
			with pytest.raises(frappe.ValidationError, match="simulator's address"):
				page.add_devices(world.COMPANY, "Simulator", [{"device_name": "Elsewhere"}], address)
		with pytest.raises(ConfigurationError, match="gateway address"):
			local.new_otp(f"{here}/path?x=")
		assert called == []
		# neither a redirect nor a proxy of this server's own takes it anywhere else
		monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
		monkeypatch.setenv("no_proxy", "")
		with pytest.raises(ConfigurationError, match="does not answer"):
			local.new_otp(here)
		assert called == ["/simulator/otp"]
	finally:
		web.shutdown()
		web.server_close()
	# a device that has one from before can still be put away
	name = page.add_devices(world.COMPANY, "Simulator", [{"device_name": "Elsewhere"}], here)[0]
	frappe.db.set_value("ZATCA Device", name, "gateway_url", "http://10.0.0.5:8080")
	frappe.get_doc("ZATCA Device", name).write_standing(status="Retired")


def test_a_site_may_forbid_it(frappe: Any, page: Any, local: Any) -> None:
	local.stop()
	frappe.conf[local.SWITCH] = 0
	try:
		with pytest.raises(frappe.ValidationError, match="does not start a simulator"):
			page.simulator("start")
	finally:
		frappe.conf.pop(local.SWITCH)


def test_what_is_asked_waits_for_a_worker(
	frappe: Any, page: Any, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter import enrolment

	queued: list[str] = []
	monkeypatch.setattr(enrolment, "enqueue", queued.append)
	url = local.start().url
	name = page.add_devices(world.COMPANY, "Simulator", [{"device_name": f"Asked {time.time()}"}])[0]
	frappe.db.commit()
	assert frappe.db.get_value("ZATCA Device", name, "gateway_url") == url
	refused = page.connect([name], {name: "12 456"})
	assert "6 digits" in refused[0]["sentence"] and not queued
	assert page.connect([name]) == []
	assert queued == [name]
	seen = page.progress([name])[0]
	assert (seen["phase"], seen["problem"]) == ("queued", None)
	# the simulator's own password went along, encrypted, and the worker finds it
	enrolment.carry_on(name)
	assert page.progress([name])[0]["phase"] == "done"
	assert frappe.db.get_value("ZATCA Device", name, "status") == "Active"
