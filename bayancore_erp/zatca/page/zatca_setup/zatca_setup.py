"""What the set-up page asks of the server. Permission first, then one call of the adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, getdate, nowdate

from bayancore_erp.setup import company as company_setup
from bayancore_erp.setup import training
from bayancore_erp.zatca.adapter import (
	devices,
	enrolment,
	enrolment_view,
	first_invoice,
	local_simulator,
	notified,
	self_test,
	seller_form,
)
from bayancore_erp.zatca.adapter.companies import companies_of
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.secret import Secret, opaque

ROLES = ("System Manager", "ZATCA Manager")


# --- what stands ------------------------------------------------------------------------------------------------------
@frappe.whitelist(methods=["POST"])
def overview(company: str | None = None) -> dict[str, Any]:
	"""The page's whole picture of one company. Permission: a manager's role, within the user's companies."""
	frappe.only_for(ROLES)
	companies = saudi_companies()
	chosen = company if company in companies else default_company(companies)
	if not chosen:
		return {"companies": [], "company": None}
	values = seller_form.read(chosen)
	found = devices.standing(chosen)
	return {
		"companies": companies,
		"company": chosen,
		"values": values,
		"checks": seller_form.shown(seller_form.check(chosen, values)),
		"accounts_missing": sum(not row["exists"] for row in company_setup.rows_of(chosen)),
		"devices": found,
		"enrolments": [enrolment_view.view(row.name) for row in found if is_open(row)],
		"simulator": simulator_shown(),
		"settings": settings_shown(chosen),
		"late": notified.warning(chosen),
		"has_invoice": bool(frappe.db.exists("ZATCA Document", {"company": chosen})),
	}


@frappe.whitelist(methods=["POST"])
def check(company: str, values: str | dict) -> list[dict[str, Any]]:
	"""The form's checks, as typed; stores nothing. Permission: a manager's role."""
	may(company)
	return seller_form.shown(seller_form.check(company, frappe.parse_json(values)))


@frappe.whitelist(methods=["POST"])
def progress(names: str | list) -> list[dict[str, Any]]:
	"""How far these devices are. Permission: read on each."""
	found = [str(name) for name in frappe.parse_json(names)][: devices.MOST]
	for name in found:
		frappe.get_cached_doc("ZATCA Device", name).check_permission("read")
	return [enrolment_view.view(name) for name in found]


@frappe.whitelist(methods=["POST"])
def try_device(device: str) -> list[dict[str, Any]]:
	"""The device's self-test. Permission: write on it."""
	frappe.get_doc("ZATCA Device", device).check_permission("write")
	return [line._asdict() for line in self_test.try_device(device)]


# --- what changes -----------------------------------------------------------------------------------------------------
@frappe.whitelist(methods=["POST"])
def save(company: str, values: str | dict) -> list[dict[str, Any]]:
	"""Store the company's tax identity; gives the checks of what is stored. Permission: a manager's role."""
	may(company)
	seller_form.write(company, frappe.parse_json(values))
	return seller_form.shown(seller_form.check(company, seller_form.read(company)))


@frappe.whitelist(methods=["POST"])
def prepare_accounts(company: str) -> list[str]:
	"""Make the VAT accounts and templates the company lacks. Permission: a manager's role."""
	may(company)
	return list(company_setup.make(company)["created"])


@frappe.whitelist(methods=["POST"])
def add_devices(company: str, environment: str, rows: str | list, gateway_url: str = "") -> list[str]:
	"""Make devices; for the simulator without an address, this site's own is started. Permission: create, a manager's role."""
	may(company)
	with told():
		ready(company)
		if environment == "Simulator" and not gateway_url:
			gateway_url = local_simulator.start().url
		return devices.add(company, environment, frappe.parse_json(rows), gateway_url)


@frappe.whitelist(methods=["POST"])
def connect(
	names: str | list, secret: str | dict | None = None, renew: bool = False, anew: bool = False
) -> list[dict[str, Any]]:
	"""Hand each device's one-time password to a worker; gives what stopped one of them. Permission: write on each.

	`secret`: device -> password; by that name Frappe prints it in no log of its own. `anew`: the device was connected before,
	and ZATCA no longer accepts its certificate.
	"""
	secret = passwords(secret)
	devices_asked = [str(name) for name in frappe.parse_json(names)]
	for name in devices_asked:
		frappe.get_doc("ZATCA Device", name).check_permission("write")
	said = [connect_one(name, secret.get(name, Secret()), renew, anew) for name in devices_asked]
	return [refusal for refusal in said if refusal]


@frappe.whitelist(methods=["POST"])
def give_up_renewal(device: str) -> None:
	"""Leave a renewal or a new connection half-way; the certificate in use stays. Permission: write on the device."""
	frappe.get_doc("ZATCA Device", device).check_permission("write")
	with told():
		enrolment.give_up_renewal(device)


@frappe.whitelist(methods=["POST"])
def retire(device: str) -> None:
	"""Take a device out of use for good. Permission: write on the device."""
	frappe.get_doc("ZATCA Device", device).check_permission("write")
	with told():
		devices.retire(device)


@frappe.whitelist(methods=["POST"])
def simulator(action: str) -> dict[str, Any]:
	"""Start or stop this site's own simulator. Permission: a manager's role."""
	frappe.only_for(ROLES)
	with told():
		if action == "start":
			local_simulator.start()
		elif action == "stop":
			local_simulator.stop()
	return simulator_shown()


@frappe.whitelist(methods=["POST"])
def go_live(company: str, date: str) -> dict[str, Any]:
	"""From `date` on the company's invoices go through ZATCA. Permission: a manager's role.

	Raises frappe.ValidationError while no device could sign them.
	"""
	may(company)
	if not frappe.db.exists("ZATCA Device", {"company": company, "status": "Active"}):
		frappe.throw(
			_("Connect a device of {0} first: without one none of its invoices could be issued.").format(
				company
			),
			title=_("ZATCA Set-up"),
		)
	settings = seller_form.settings_doc(company)
	settings.update({"enabled": 1, "go_live_date": getdate(date)})
	settings.save(ignore_permissions=True)
	return settings_shown(company)


@frappe.whitelist(methods=["POST"])
def make_first_invoice(company: str, values: str | dict) -> str:
	"""A draft from one small form. Permission: the user's own on Customer, Address, Item and Sales Invoice."""
	may(company)
	return first_invoice.make(company, frappe.parse_json(values))


# --- training ---------------------------------------------------------------------------------------------------------
@frappe.whitelist(methods=["POST"])
def start_training(company: str) -> str:
	"""Make the company's training company; gives its name. Permission: a manager's role."""
	may(company)
	with told():
		return training.start(company)


@frappe.whitelist(methods=["POST"])
def remove_training(company: str) -> dict[str, int]:
	"""Take a training company away with everything in it. Permission: a manager's role."""
	may(company)
	return training.remove(company)


# --- shared -----------------------------------------------------------------------------------------------------------
def may(company: str) -> None:
	"""Raise frappe.PermissionError for whoever does not manage this company's e-invoicing."""
	frappe.only_for(ROLES)
	if company not in saudi_companies():
		frappe.throw(
			_("{0} is not among your companies in Saudi Arabia.").format(company), frappe.PermissionError
		)


def saudi_companies() -> list[str]:
	"""The companies this user may set up."""
	names = frappe.get_all(
		"Company", filters={"country": "Saudi Arabia", "is_group": 0}, pluck="name", order_by="creation"
	)
	allowed = companies_of(frappe.session.user, "ZATCA Settings")
	return names if allowed is None else [name for name in names if name in allowed]


def default_company(companies: list[str]) -> str | None:
	"""The user's own where it is Saudi, else the first."""
	own = frappe.defaults.get_user_default("Company")
	return own if own in companies else next(iter(companies), None)


@contextmanager
def told() -> Iterator[None]:
	"""What the core or the adapter refuses is said to the user."""
	try:
		yield
	except ZatcaError as error:
		frappe.throw(f"{error.message} {error.hint}".strip(), title=_("ZATCA Set-up"))


def ready(company: str) -> None:
	"""Raise frappe.ValidationError while the company lacks what a certificate request says."""
	gaps = seller_form.gaps(company)
	if gaps:
		frappe.throw(
			"<br>".join(enrolment_view.words(item.sentence) for item in gaps), title=_("Company Details")
		)


@opaque
def passwords(secret: str | dict | None) -> dict[str, Secret]:
	"""Device -> password, as the page sends them."""
	return {str(name): Secret(value or "") for name, value in frappe.parse_json(secret or {}).items()}


def connect_one(name: str, otp: str, renew: bool, anew: bool) -> dict[str, Any] | None:
	"""Ask for one device; the simulator gives its password itself.

	What nobody foresaw is a refusal too: an error of the request would be logged with the request, password and all.
	"""
	device = frappe.get_doc("ZATCA Device", name)
	try:
		if device.environment == "Simulator" and not otp:
			if local_simulator.is_local(device.gateway_url):
				device.gateway_url = local_simulator.start().url
			if renew or anew or enrolment_view.view(name)["needs_otp"]:
				otp = local_simulator.new_otp(device.gateway_url)
		enrolment.ask(name, otp, renew=bool(renew), anew=bool(anew))
	except ZatcaError as error:
		return {"device": name, "sentence": f"{error.message} {error.hint}".strip()}
	except Exception:
		trace = frappe.get_traceback()
		frappe.db.rollback()
		frappe.log_error(
			title=f"ZATCA: {name}", message=trace, reference_doctype="ZATCA Device", reference_name=name
		)
		return {"device": name, "sentence": enrolment_view.words(enrolment.UNFORESEEN.sentence)}
	return None


def is_open(device: Any) -> bool:
	"""Whether a device is still on its way, to its first certificate or to the next."""
	if device.status != "Active":
		return bool(device.status != "Retired")
	row = enrolment_view.store.row_of(device.name)
	return bool(row and (row.is_renewal or row.requested_at or row.problem_code))


def simulator_shown() -> dict[str, Any]:
	"""Whether this site's own simulator runs, and where."""
	found = local_simulator.running()
	return {"allowed": local_simulator.allowed(), "url": found.url if found else ""}


def settings_shown(company: str) -> dict[str, Any]:
	"""What the last step shows."""
	settings = settings_of(company)
	return {
		"enabled": cint(settings.get("enabled")),
		"go_live_date": str(settings.get("go_live_date") or ""),
		"notified_date": str(settings.get("notified_date") or ""),
		"default_device": settings.get("default_device") or "",
		"today": nowdate(),
	}
