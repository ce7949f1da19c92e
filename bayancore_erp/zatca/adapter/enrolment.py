"""Onboarding of a ZATCA Device: the core's enrolment, with this site's seller, vault and gateway as its tools.

Takes a device that has its names and a one-time password; gives the same device, active, its identity in the vault.
Commits after every step that cannot be repeated (a password works once). Never keeps the password.
Source: ZATCA.md sections 4 to 6.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import frappe
import requests
from frappe import _

from bayancore_erp.zatca.adapter.fields import BranchField, CompanyField
from bayancore_erp.zatca.adapter.mapper.preload import one, own_address, settings_of
from bayancore_erp.zatca.adapter.party import address_of, bilingual, compact
from bayancore_erp.zatca.adapter.vault import ENVIRONMENTS, gateway_of
from bayancore_erp.zatca.core.client import FatooraClient, RequestsTransport
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.invoice import Party, PartyId
from bayancore_erp.zatca.core.onboarding import Enrolment, Step, Tools, device_of, run, start
from bayancore_erp.zatca.core.pipeline import RIYADH

DEFAULT_CATEGORY = "Trading"


def enrol(name: str, otp: str) -> Any:
	"""Take a device from its names to a production CSID. Raises ConfigurationError with the sentence that stopped it."""
	device = frappe.get_doc("ZATCA Device", name)
	if device.status in ("Active", "Retired"):
		raise ConfigurationError(_("Device {0} is {1} already.").format(name, _(device.status)))
	request = request_of(device)
	seller = seller_of(device)
	done = run(
		start(ENVIRONMENTS[device.environment], request.invoice_type),
		Tools(
			client=FatooraClient(gateway_of(device), RequestsTransport()),
			make_csr=lambda key: build_csr(request, key, ENVIRONMENTS[device.environment]),
			make_document=lambda order: make_document(order, seller),
			save=lambda enrolment: keep(name, request, enrolment),
		),
		otp=otp,
	)
	if done.state.step is not Step.DONE or done.state.problem:
		problem = done.state.problem
		raise ConfigurationError(problem.sentence.en if problem else _("The onboarding did not finish."))
	return frappe.get_doc("ZATCA Device", name)


def keep(name: str, request: CsrRequest, enrolment: Enrolment) -> None:
	"""Store what is known now, secrets encrypted, and commit: a crash must not lose a certificate that was issued."""
	device = frappe.get_doc("ZATCA Device", name)
	state, secrets = enrolment.state, enrolment.secrets.reveal()
	values: dict[str, Any] = {"status": "Key Made" if state.keys else "New"}
	if state.keys:
		values["csr"] = state.keys[-1].csr_pem
		device.store_secrets(private_key=secrets["keys"][state.keys[-1].id])
	if state.compliance:
		values.update(
			status="Compliance",
			compliance_certificate=state.compliance.token,
			compliance_request_id=state.compliance.request_id,
		)
		device.store_secrets(compliance_secret=secrets["csids"][state.compliance.id])
	if state.active:
		certificate = device_of(enrolment).certificate
		device.store_secrets(production_secret=secrets["csids"][state.active.id])
		values.update(
			status="Active",
			production_certificate=state.active.token,
			production_request_id=state.active.request_id,
			**facts_of(certificate),
			common_name=request.common_name,
			serial_number=request.serial_number,
			vat_number=request.organization_identifier,
			bound_to=frappe.local.site,
		)
	device.write_standing(**values)
	frappe.db.commit()


def facts_of(certificate: Certificate) -> dict[str, Any]:
	"""What the device's form shows about its certificate."""
	return {
		"certificate_serial": str(certificate.serial),
		"certificate_issuer": certificate.issuer_name,
		"permissions_code": certificate.permissions,
		"valid_from": local_time(certificate.not_before),
		"valid_until": local_time(certificate.not_after),
	}


def local_time(moment: datetime) -> datetime:
	"""Riyadh's time without zone, as the database holds it."""
	return moment.astimezone(RIYADH).replace(tzinfo=None)


def request_of(device: Any) -> CsrRequest:
	"""The certificate request from the device's form, the rest from company and settings."""
	company = frappe.get_cached_doc("Company", device.company)
	settings = settings_of(device.company)
	address = registered_address(device)
	place = device.short_address or address.get("zatca_short_address") or address.get("city") or "Riyadh"
	return CsrRequest(
		common_name=device.common_name or f"{device.name}-{company.abbr}",
		serial_number=device.serial_number or f"1-Bayancore|2-ERPNext|3-{frappe.generate_hash(length=12)}",
		organization_identifier=device.vat_number or compact(company.tax_id),
		organization_unit=device.organization_unit or device.branch or company.company_name,
		organization_name=device.organization_name or company.company_name,
		location=place,
		industry=device.business_category or settings.get("business_category") or DEFAULT_CATEGORY,
		invoice_type=f"{int(bool(device.signs_standard))}{int(bool(device.signs_simplified))}00",
	)


def registered_address(device: Any) -> Any:
	"""The address the device stands for: its branch's, the settings', the company's own."""
	branch = one("Branch", device.branch, BranchField.ADDRESS) if device.branch else {}
	name = (
		branch.get(BranchField.ADDRESS)
		or settings_of(device.company).get("address")
		or own_address(device.company)
	)
	return frappe.get_cached_doc("Address", name) if name else frappe._dict()


def seller_of(device: Any) -> Party:
	"""The company as the compliance documents name it."""
	company = frappe.get_cached_doc("Company", device.company)
	number = compact(company.get(CompanyField.REGISTRATION_NUMBER))
	address = registered_address(device)
	return Party(
		name=bilingual(company.get(CompanyField.NAME_AR), company.company_name),
		vat_number=compact(company.tax_id),
		identification=PartyId(company.get(CompanyField.REGISTRATION_SCHEME) or "700", number)
		if number
		else None,
		address=address_of(address) if address else None,
	)


def onboard_with_simulator(company: str, url: str, *, device: str | None = None) -> Any:
	"""A device for `company` that talks to the simulator at `url`, onboarded. The password comes from its admin call."""
	if device:
		doc = frappe.get_doc("ZATCA Device", device)
		if doc.environment != "Simulator":
			raise ConfigurationError(_("Device {0} is not a simulator's.").format(device))
		doc.gateway_url = url
		doc.save(ignore_permissions=True)
	else:
		doc = frappe.get_doc(
			{
				"doctype": "ZATCA Device",
				"device_name": _("Simulator"),
				"company": company,
				"environment": "Simulator",
				"gateway_url": url,
			}
		).insert(ignore_permissions=True)
	frappe.db.commit()
	answer = requests.post(
		f"{url.rstrip('/')}/simulator/otp", json={"environment": ENVIRONMENTS["Simulator"].value}, timeout=10
	)
	answer.raise_for_status()
	return enrol(doc.name, str(answer.json()["otp"]))
