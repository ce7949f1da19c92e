"""Where an enrolment is kept: its state in ZATCA Enrolment, its secrets encrypted with the device, and who works on it now.

Takes a core `Enrolment`; gives it back as it was stored, after any crash. State, secrets and what the device's form shows
are one transaction. Secrets are only ever added. One process at a time: the lock lives and dies with its database
connection, so that a killed worker holds nothing. Never shows a secret. Source: DESIGN.md, promises 1 and 10.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from bayancore_erp.zatca.adapter import clone
from bayancore_erp.zatca.adapter.clock import on_site
from bayancore_erp.zatca.adapter.mapper.scope import PLACES, RANK
from bayancore_erp.zatca.adapter.rehearsal import RETRIED
from bayancore_erp.zatca.adapter.sealing import secret_of
from bayancore_erp.zatca.adapter.vault import enrolment_state
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.onboarding import (
	Enrolment,
	OnboardingState,
	Problem,
	Secrets,
	Step,
	device_of,
	start,
	to_json,
)
from bayancore_erp.zatca.core.outcome import Endpoint
from bayancore_erp.zatca.core.secret import opaque

DOCTYPE = "ZATCA Enrolment"
TRIES = 6
STEPS = {
	Step.KEY: "Key",
	Step.OTP: "One-Time Password",
	Step.CHECKS: "Checks",
	Step.PRODUCTION: "Production Certificate",
	Step.DONE: "Done",
}
STATUS = {Step.KEY: "New", Step.OTP: "Key Made", Step.CHECKS: "Compliance", Step.PRODUCTION: "Compliance"}


# --- reading ----------------------------------------------------------------------------------------------------------
def row_of(device: str) -> Any:
	"""The enrolment's row without its state; None where there is none yet."""
	return frappe.db.get_value(
		DOCTYPE,
		device,
		[
			"name", "step", "is_renewal", "problem_code", "problem", "problem_ar", "requested_at", "requested_by",
			"began_at", "saved_at", "asked_twice",
		],
		as_dict=True,
	)  # fmt: skip


@opaque
def load(device: str, environment: Environment, invoice_map: str) -> Enrolment:
	"""The enrolment as it was last stored, or a new one. Raises InvalidInput where it cannot be read."""
	state = enrolment_state(device)
	if state is None:
		return start(environment, invoice_map)
	return Enrolment(state, Secrets.restore(_reveal(device, state)))


def _reveal(device: str, state: OnboardingState) -> dict[str, dict[str, str]]:
	found: dict[str, dict[str, str]] = {"keys": {}, "csids": {}}
	for place, names in (("keys", state.keys), ("csids", state.identities)):
		for each in names:
			try:
				found[place][each.id] = secret_of(device, each.id)
			except KeyError:
				continue  # the core says what is lost, once it is needed
	return found


# --- writing ----------------------------------------------------------------------------------------------------------
def note_request(device: str, user: str) -> None:
	"""Somebody waits for it from now on. The caller commits."""
	_write(device, {"requested_at": now_datetime(), "requested_by": user, "began_at": None})


def note_beginning(device: str) -> None:
	"""A process has taken it up. Commits."""
	_write(device, {"began_at": now_datetime()})
	frappe.db.commit()


def note_problem(device: str, problem: Problem) -> None:
	"""Something outside the enrolment's own steps stopped it; its state stays as it was stored. Commits."""
	_write(
		device,
		{"problem_code": problem.code, "problem": problem.sentence.en, "problem_ar": problem.sentence.ar},
	)
	frappe.db.commit()


def note_end(device: str) -> None:
	"""It ended, or stopped with a sentence: nobody needs to take it up again by itself. Commits."""
	_write(device, {"requested_at": None, "began_at": None})
	frappe.db.commit()


@opaque
def save(device: str, enrolment: Enrolment, request: Any = None) -> None:
	"""Store state and secrets and show the device where it stands; commits. Tried again on a deadlock.

	`request` is the CsrRequest whose names the certificate carries.
	"""
	for attempt in range(TRIES):
		frappe.db.rollback()
		try:
			_save(device, enrolment, request)
			frappe.db.commit()
			return
		except RETRIED:
			frappe.db.rollback()
			if attempt == TRIES - 1:
				raise
			time.sleep(random.uniform(0.02, 0.1) * 2**attempt)


def _save(device: str, enrolment: Enrolment, request: Any) -> None:
	state, secrets = enrolment.state, enrolment.secrets.reveal()
	# locked: who retires it meanwhile comes before this or after it
	doc = frappe.get_doc("ZATCA Device", device, for_update=True)
	doc.add_secrets({**secrets["keys"], **secrets["csids"]})
	problem = state.problem
	asked_twice = (
		{"asked_twice": 1}
		if state.pending and state.pending.endpoint is Endpoint.PRODUCTION_CSID and _was_pending(device)
		else {}
	)
	_write(
		device,
		{
			"state": to_json(state),
			"step": STEPS[state.step],
			"is_renewal": int(state.is_renewal),
			"problem_code": problem.code if problem else "",
			"problem": problem.sentence.en if problem else "",
			"problem_ar": problem.sentence.ar if problem else "",
			"saved_at": now_datetime(),
			**asked_twice,
		},
	)
	_show(doc, enrolment, request)


def _was_pending(device: str) -> bool:
	before = enrolment_state(device)
	return bool(before and before.pending and before.pending.endpoint is Endpoint.PRODUCTION_CSID)


def _write(device: str, values: dict[str, Any]) -> None:
	if not frappe.db.exists(DOCTYPE, device):
		doc = frappe.new_doc(DOCTYPE)
		doc.device, doc.company = device, frappe.db.get_value("ZATCA Device", device, "company")
		doc.flags.by_the_writer = True
		doc.insert(ignore_permissions=True)
	frappe.db.set_value(DOCTYPE, device, values)


def _show(doc: Any, enrolment: Enrolment, request: Any) -> None:
	"""The device as its form and the vault see it. While a renewal is under way all of it is the identity in use.

	A retired device stays as it is, whatever its enrolment still comes to.
	"""
	if doc.status == "Retired":
		return
	state = enrolment.state
	active = state.active
	if active is None:
		values: dict[str, Any] = {"status": STATUS[state.step]}
		if state.keys:
			values["csr"] = state.keys[-1].csr_pem
		if state.compliance:
			values["compliance_certificate"] = state.compliance.token
			values["compliance_request_id"] = state.compliance.request_id
		if any(doc.get(field) != value for field, value in values.items()):
			doc.write_standing(**values)
		return
	if doc.status == "Active" and doc.production_certificate == active.token:
		return
	secrets = enrolment.secrets.reveal()
	signing = device_of(enrolment).certificate
	compliance = [i for i in state.identities if i.key_id == active.key_id and i.fits_key and i is not active]
	doc.store_secrets(
		private_key=secrets["keys"][active.key_id], production_secret=secrets["csids"][active.id]
	)
	values = {
		"status": "Active",
		"csr": next(key.csr_pem for key in state.keys if key.id == active.key_id),
		"production_certificate": active.token,
		"production_request_id": active.request_id,
		"on_hold": 0,
		"held_at": None,
		"hold_reason": "",
		"alerted_days": 0,
		"bound_to": doc.bound_to or clone.bind(doc.environment),
		**facts_of(signing),
	}
	if compliance:
		values["compliance_certificate"] = compliance[-1].token
		values["compliance_request_id"] = compliance[-1].request_id
		doc.store_secrets(compliance_secret=secrets["csids"][compliance[-1].id])
	if request is not None:
		values.update(
			common_name=request.common_name,
			serial_number=request.serial_number,
			vat_number=request.organization_identifier,
		)
	doc.write_standing(**values)
	take_over(doc)


def take_over(device: Any) -> None:
	"""A device that has just become active is the company's default, where that has none or only one of a lower environment."""
	if not frappe.db.exists("ZATCA Settings", device.company):
		return
	settings = frappe.get_doc("ZATCA Settings", device.company)
	present = settings.default_device and frappe.db.get_value(
		"ZATCA Device", settings.default_device, ["environment", "status", *PLACES], as_dict=True
	)
	if present and present.status == "Active":
		gain = RANK[device.environment] - RANK[present.environment]
		# one that stands for a single place makes room for one that stands for all
		wider = any(present.get(place) for place in PLACES) and not any(device.get(place) for place in PLACES)
		if gain < 0 or (gain == 0 and not wider):
			return
	settings.default_device = device.name
	settings.save(ignore_permissions=True)


def facts_of(certificate: Certificate) -> dict[str, Any]:
	"""What the device's form shows about its certificate."""
	return {
		"certificate_serial": str(certificate.serial),
		"certificate_issuer": certificate.issuer_name,
		"permissions_code": certificate.permissions,
		"valid_from": on_site(certificate.not_before),
		"valid_until": on_site(certificate.not_after),
	}


# --- one at a time ----------------------------------------------------------------------------------------------------
@contextmanager
def lock(device: str) -> Iterator[bool]:
	"""Whether this process is now the only one that works on the device's enrolment."""
	name = _lock_name(device)
	held = frappe.db.sql("select get_lock(%s, 0)", name)[0][0] == 1
	try:
		yield held
	finally:
		if held:
			frappe.db.sql("select release_lock(%s)", name)


@contextmanager
def alone(device: str) -> Iterator[None]:
	"""`lock`, and reads that see what was stored before. Raises ConfigurationError while another process is at it."""
	with lock(device) as held:
		if not held:
			raise ConfigurationError(_("It is being worked on now. Wait until it stops."), code="BUSY")
		frappe.db.rollback()
		yield


def is_running(device: str) -> bool:
	"""Whether a process that is alive works on it."""
	return frappe.db.sql("select is_used_lock(%s)", _lock_name(device))[0][0] is not None


def _lock_name(device: str) -> str:
	# such locks are the server's, not the database's
	return "zatca:" + hashlib.sha256(f"{frappe.conf.db_name}:{device}".encode()).hexdigest()[:40]
