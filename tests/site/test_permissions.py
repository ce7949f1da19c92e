"""Every call the app offers, walked: without a role nothing answers, and who only reads changes nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import world
from private_bench import PrivateBench

NOBODY, AUDITOR, ACCOUNTANT = (
	"nobody.walk@example.com",
	"auditor.walk@example.com",
	"accountant.walk@example.com",
)
# What the call reads first is not there: nothing was learnt but that.
REFUSED: Any = ()


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench) -> Iterator[Any]:
	global REFUSED
	with world.connected(bench) as frappe:
		REFUSED = (frappe.PermissionError, frappe.DoesNotExistError)
		for user, role in ((NOBODY, None), (AUDITOR, "ZATCA Auditor"), (ACCOUNTANT, "Accounts User")):
			if not frappe.db.exists("User", user):
				roles = [{"role": role}] if role else []
				world.make(frappe, "User", email=user, first_name=user[:6], send_welcome_email=0, roles=roles)
		frappe.a_draft = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 10)])
		frappe.db.commit()
		yield frappe


@pytest.fixture(autouse=True)
def afterwards(frappe: Any) -> Iterator[None]:
	yield
	frappe.set_user("Administrator")
	frappe.db.rollback()


def calls() -> list[Callable[..., Any]]:
	"""Every whitelisted function of the app."""
	import frappe

	import bayancore_erp

	for module in pkgutil.walk_packages(bayancore_erp.__path__, "bayancore_erp."):
		if not module.name.endswith("__main__"):
			importlib.import_module(module.name)
	return sorted(
		(call for call in frappe.whitelisted if call.__module__.startswith("bayancore_erp.")),
		key=lambda call: f"{call.__module__}.{call.__qualname__}",
	)


def arguments(frappe: Any, call: Callable[..., Any]) -> dict[str, Any]:
	"""Something real for each argument without a default."""
	device = frappe.db.get_value("ZATCA Device", {"company": world.COMPANY})
	known: dict[str, Any] = {
		"doctype": "Sales Invoice",
		"name": frappe.a_draft.name,
		"doc": frappe.as_json(frappe.a_draft.as_dict()),
		"company": world.COMPANY,
		"device": device,
		"names": frappe.as_json([device]),
		"rows": frappe.as_json([{"device_name": "x"}]),
		"values": "{}",
		"documents": "[]",
		"environment": "Simulator",
		"from_date": "2026-01-01",
		"to_date": "2026-12-31",
		"date": "2026-12-31",
		"cause": "Not Known Yet",
		"helped": True,
		"invoice": frappe.as_json(frappe.a_draft.as_dict()),
		"action": "start",
	}
	wanted = inspect.signature(inspect.unwrap(call)).parameters.values()
	return {
		each.name: known.get(each.name, "x")
		for each in wanted
		if each.default is inspect.Parameter.empty and each.name != "self"
	}


def test_every_call_is_known_here() -> None:
	assert len(calls()) > 50


def test_without_a_role_nothing_answers(frappe: Any) -> None:
	answered = []
	for call in calls():
		name = f"{call.__module__}.{call.__qualname__}"
		if "." in call.__qualname__:
			continue  # a method of a document: Frappe asks for the document's permission first
		frappe.set_user(NOBODY)
		try:
			call(**arguments(frappe, call))
			answered.append(f"{name}: answered")
		except REFUSED:
			pass
		except Exception as error:
			answered.append(f"{name}: {type(error).__name__}: {error}"[:200])
		frappe.set_user("Administrator")
		frappe.db.rollback()
	assert answered == []


def test_who_only_reads_changes_nothing(frappe: Any) -> None:
	"""Of what the auditor may call, nothing writes but notes of the call itself."""
	allowed, writes = [], {"POST"}
	for call in calls():
		name = f"{call.__module__}.{call.__qualname__}"
		methods = set(frappe.allowed_http_methods_for_whitelisted_func.get(call) or ())
		if methods != writes or "." in call.__qualname__:
			continue
		frappe.set_user(AUDITOR)
		try:
			call(**arguments(frappe, call))
			allowed.append(name)
		except REFUSED:
			pass
		except Exception as error:
			allowed.append(f"{name} ({type(error).__name__}: {error})"[:160])
		frappe.set_user("Administrator")
		frappe.db.rollback()
	assert set(allowed) <= READING, sorted(set(allowed) - READING)


# Questions that are asked by POST, and the auditor's own acts: a hold keeps, it changes no record.
READING = {
	f"bayancore_erp.{name}"
	for name in (
		"ai_errors.api.preview",
		"ai_errors.api.preview_submission",
		"ai_errors.api.spent",
		"archive.audit_api.find_invoice",
		"archive.audit_api.hold",
		"archive.audit_api.verify_report",
		"archive.audit_api.verify_site",
		"zatca.api.verify_chain",
		"zatca.page.zatca_doctor.zatca_doctor.examine",
		"zatca.page.zatca_setup.zatca_setup.progress",
	)
}


def test_every_accountant_sees_a_verdict(frappe: Any) -> None:
	from bayancore_erp.zatca.api import verdict

	frappe.set_user(ACCOUNTANT)
	assert verdict("Sales Invoice", frappe.a_draft.name)["docstatus"] == 0
	assert frappe.has_permission("ZATCA Submission", "read") and frappe.has_permission(
		"ZATCA Document", "read"
	)
	assert not frappe.has_permission("ZATCA Submission", "write")


def test_what_is_overridden_cannot_be_called_past_the_override(frappe: Any) -> None:
	"""Frappe replaces a call by its path: the function itself, under a name in one of our modules, would be another way in."""
	originals = {
		id(frappe.get_attr(path)): path
		for path in frappe.get_hooks("override_whitelisted_methods", app_name="bayancore_erp")
	}
	assert originals
	calls()  # imports every module
	modules = [module for name, module in list(sys.modules.items()) if name.startswith("bayancore_erp.")]
	ways = [
		f"{module.__name__}.{name} is {originals[id(value)]}"
		for module in modules
		for name, value in vars(module).items()
		if id(value) in originals
	]
	assert not ways
