"""Onboarding of a ZATCA Device: the core's enrolment, with this site's seller, vault and gateway as its tools.

Takes a device that has its names and a one-time password; gives the same device, active, its identity in the vault.
`ask` leaves it to a worker, `carry_on` is the work itself: it may be killed anywhere and called again. Every step is
committed before the next call. The password waits encrypted in Redis, for an hour at most, and is gone once taken.
Source: ZATCA.md sections 4 to 6.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_to_date, now_datetime
from frappe.utils.password import decrypt, encrypt

from bayancore_erp.zatca.adapter import enrolment_store as store
from bayancore_erp.zatca.adapter import guard
from bayancore_erp.zatca.adapter.fields import BranchField, CompanyField
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.local_simulator import new_otp
from bayancore_erp.zatca.adapter.mapper.preload import one, own_address, settings_of
from bayancore_erp.zatca.adapter.party import address_of, bilingual, compact
from bayancore_erp.zatca.adapter.vault import ENVIRONMENTS, gateway_of, make_key
from bayancore_erp.zatca.core.client import FatooraClient, RequestsTransport
from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr, problems
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.invoice import Party, PartyId
from bayancore_erp.zatca.core.onboarding import (
	Enrolment,
	Problem,
	Step,
	Tools,
	abandon,
	enrol_anew,
	run,
	start_over,
	start_renewal,
)
from bayancore_erp.zatca.core.onboarding.readiness import is_group_number
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.core.secret import Secret, opaque

DEFAULT_CATEGORY = "Trading"
JOB = "bayancore_erp.zatca.jobs.enrol"
EVENT = "zatca_enrolment"
JOB_SECONDS = 1500
OTP_SECONDS = 3600
OTP_DIGITS = 6
LOST_MINUTES = 10
RETIRED = "Retired"
# The temporary certificate leads nowhere any more: the next password begins with a new one.
DEAD_ENDS = {Kind.UNAUTHORISED.value, "certificate-unreadable", "certificate-foreign"}

UNFORESEEN = Problem(
	"unforeseen",
	Name(
		"Something unforeseen stopped it; nothing is lost. Press Continue, and show the Error Log to your administrator "
		"if it happens again.",
		"أوقفه أمر غير متوقع ولم يضِع شيء. اضغط متابعة، وإن تكرر فاعرض سجل الأخطاء على مسؤول النظام.",
	),
)


# --- asking -----------------------------------------------------------------------------------------------------------
@opaque
def ask(name: str, otp: str = "", *, renew: bool = False, anew: bool = False) -> None:
	"""Leave it to a worker to take the device on from where it stands, with a new password where there is one.

	`renew` begins a renewal, `anew` a new enrolment of a device whose certificate ZATCA no longer accepts. Commits. Raises ConfigurationError for what a person has to correct first.
	"""
	device = frappe.get_doc("ZATCA Device", name)
	check_before(device, otp.strip())
	if renew:
		begin_renewal(device)
	if anew:
		begin_anew(device)
	if otp.strip():
		keep_otp(name, otp.strip())
	store.note_request(name, frappe.session.user)
	frappe.db.commit()
	enqueue(name)


def enqueue(name: str) -> None:
	"""A worker goes on with it, before what nobody waits for."""
	frappe.enqueue(JOB, queue="default", timeout=JOB_SECONDS, at_front=True, device=name)


def abandoned() -> list[str]:
	"""Enrolments that somebody asked for and nobody works on: taken up by a process that died, or never taken up."""
	rows = frappe.get_all(
		store.DOCTYPE, filters={"requested_at": ("is", "set")}, fields=["name", "began_at", "requested_at"]
	)
	late = add_to_date(now_datetime(), minutes=-LOST_MINUTES)
	waiting = [row.name for row in rows if row.began_at or row.requested_at < late]
	return [name for name in waiting if not store.is_running(name)]


def check_before(device: Any, otp: str) -> None:
	"""What would certainly fail is said before anything is asked of ZATCA."""
	refuse_retired(device)
	if otp and not (otp.isdigit() and otp.isascii() and len(otp) == OTP_DIGITS):
		raise ConfigurationError(
			_("A one-time password has {0} digits.").format(OTP_DIGITS),
			code="OTP-FORM",
			field="otp",
			hint=_("Copy it from the Fatoora portal again."),
		)
	gateway_of(device)
	arabic = is_arabic()
	wrong = problems(request_of(device))
	if wrong:
		raise ConfigurationError(
			" ".join(each.ar if arabic else each.en for each in wrong), code="CSR-INVALID"
		)


def refuse_retired(device: Any) -> None:
	"""Raise ConfigurationError for a device that is out of use for good."""
	if device.status == RETIRED:
		raise ConfigurationError(_("Device {0} is retired.").format(device.name), code="DEVICE-STATUS")


@opaque
def keep_otp(name: str, otp: str) -> None:
	"""Until a worker takes it; encrypted, for Redis may be written to disk."""
	frappe.cache.set_value(_otp_key(name), encrypt(otp), expires_in_sec=OTP_SECONDS)


@opaque
def take_otp(name: str) -> Secret:
	"""The waiting password, which is then gone; empty where there is none."""
	kept = frappe.cache.get_value(_otp_key(name), expires=True)
	frappe.cache.delete_value(_otp_key(name))
	return Secret(decrypt(kept) if kept else "")


def _otp_key(name: str) -> str:
	return f"zatca_otp|{name}"


# --- the work ---------------------------------------------------------------------------------------------------------
def carry_on(name: str, otp: str = "") -> Enrolment | None:
	"""Take a device on as far as it goes; None where it is retired, another process is at it, or something unforeseen stopped it.

	Commits after every step. Never raises what went wrong in the work: whoever logs that would print the variables on its
	way, and a password, a key or a secret is among them.
	"""
	with store.lock(name) as held:
		if not held:
			return None
		frappe.db.rollback()
		if frappe.db.get_value("ZATCA Device", name, "status") == RETIRED:
			store.note_end(name)
			return None
		store.note_beginning(name)
		done, trace = None, ""
		try:
			done = work_on(name, otp or take_otp(name))
		except Exception:
			trace = frappe.get_traceback()
		if trace:
			stop_unforeseen(name, trace)
		store.note_end(name)
		tell(name)
		return done


@opaque
def work_on(name: str, otp: str) -> Enrolment:
	"""From what is stored to the end or to a problem."""
	device = frappe.get_doc("ZATCA Device", name)
	request = request_of(device)
	enrolment = store.load(name, ENVIRONMENTS[device.environment], request.invoice_type)
	problem = enrolment.state.problem
	if otp and problem and problem.code in DEAD_ENDS:
		enrolment = start_over(enrolment)
	done = run(enrolment, tools_of(device, request), otp=otp)
	if device.on_hold and done.state.step is Step.DONE:
		guard.wake(device.company)
		frappe.db.commit()
	return done


def stop_unforeseen(name: str, trace: str) -> None:
	"""Say that it stopped; what was stored stays. The log gets the traceback without any value of a variable."""
	frappe.db.rollback()
	frappe.log_error(
		title=f"ZATCA: {name}", message=trace, reference_doctype="ZATCA Device", reference_name=name
	)
	store.note_problem(name, UNFORESEEN)


def tools_of(device: Any, request: CsrRequest) -> Tools:
	"""What the core's machine needs of this site."""
	seller = seller_of(device)
	environment = ENVIRONMENTS[device.environment]

	def save(enrolment: Enrolment) -> None:
		store.save(device.name, enrolment, request)

	return Tools(
		client=FatooraClient(gateway_of(device), RequestsTransport(read_timeout=45, total_timeout=60)),
		make_csr=lambda key: build_csr(request, key, environment),
		make_document=lambda order: make_document(order, seller),
		save=save,
		make_key=make_key,
		progress=lambda _step: tell(device.name),
	)


def tell(name: str) -> None:
	"""Whoever looks at the device is told to look again; the page also asks by itself, should no socket be there."""
	frappe.publish_realtime(EVENT, {"device": name}, user=frappe.session.user)


def enrol(name: str, otp: str) -> Any:
	"""`carry_on` to the end, here and now. Raises ConfigurationError with the sentence that stopped it."""
	device = frappe.get_doc("ZATCA Device", name)
	if device.status in ("Active", "Retired"):
		raise ConfigurationError(_("Device {0} is {1} already.").format(name, _(device.status)))
	done = carry_on(name, otp)
	if done is None:
		row = store.row_of(name)
		if row and row.problem_code == UNFORESEEN.code:
			raise ConfigurationError(UNFORESEEN.sentence.en)
		raise ConfigurationError(_("Another process is onboarding device {0}.").format(name))
	if done.state.step is not Step.DONE or done.state.problem:
		problem = done.state.problem
		raise ConfigurationError(problem.sentence.en if problem else _("The onboarding did not finish."))
	return frappe.get_doc("ZATCA Device", name)


def begin_renewal(device: Any) -> None:
	"""From an enrolled device to the first step of its renewal, with a new key; one that has stopped goes on. Commits.

	Raises ConfigurationError while it is being worked on.
	"""
	with store.alone(device.name):
		kept = store.load(device.name, ENVIRONMENTS[device.environment], request_of(device).invoice_type)
		if kept.state.step is Step.DONE:
			store.save(device.name, start_renewal(kept))


def begin_anew(device: Any) -> None:
	"""From an enrolled device, or a renewal that ZATCA refuses, to the first step of a new enrolment, with a new key.

	Commits. Raises ConfigurationError for a device that was never enrolled, and while it is being worked on.
	"""
	with store.alone(device.name):
		kept = store.load(device.name, ENVIRONMENTS[device.environment], request_of(device).invoice_type)
		if kept.state.step is Step.DONE or kept.state.is_renewal:
			store.save(device.name, enrol_anew(kept))


def give_up_renewal(name: str) -> None:
	"""Leave a renewal or a new enrolment half-way; the certificate in use stays. Commits.

	Raises ConfigurationError where none is under way, it is being worked on, or the device is retired.
	"""
	with store.alone(name):
		device = frappe.get_doc("ZATCA Device", name)
		refuse_retired(device)
		take_otp(name)
		kept = store.load(name, ENVIRONMENTS[device.environment], request_of(device).invoice_type)
		store.save(name, abandon(kept))
		store.note_end(name)


# --- who the device speaks for ------------------------------------------------------------------------------------------
def request_of(device: Any) -> CsrRequest:
	"""The certificate request from the device's form, the rest from company and settings."""
	company = frappe.get_cached_doc("Company", device.company)
	settings = settings_of(device.company)
	address = registered_address(device)
	place = device.short_address or address.get("zatca_short_address") or address.get("city") or "Riyadh"
	return CsrRequest(
		common_name=device.common_name or f"{device.name}-{company.abbr}",
		serial_number=device.serial_number,
		organization_identifier=device.vat_number or compact(company.tax_id),
		organization_unit=device.organization_unit or unit_of(device, company, settings),
		organization_name=device.organization_name or company.company_name,
		location=place,
		industry=device.business_category or settings.get("business_category") or DEFAULT_CATEGORY,
		invoice_type=f"{int(bool(device.signs_standard))}{int(bool(device.signs_simplified))}00",
	)


def unit_of(device: Any, company: Any, settings: Any) -> str:
	"""The branch; for a member of a VAT group its TIN, which the group's number does not tell."""
	if is_group_number(compact(company.tax_id)):
		return compact(settings.get("group_tin"))
	return str(device.branch or company.company_name)


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
	return enrol(doc.name, new_otp(url))
