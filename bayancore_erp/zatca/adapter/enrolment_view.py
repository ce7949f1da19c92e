"""What a person sees of a device's enrolment: every step with its state, one sentence, and the one thing to do next.

Takes a device's name; gives plain values, in the reader's language where there is one sentence, in both where it is a
problem. Never a secret, a certificate or a password, and never waits. Source: issue 4, point 1.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from bayancore_erp.zatca.adapter import enrolment_store as store
from bayancore_erp.zatca.adapter.enrolment import DEAD_ENDS
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.vault import ENVIRONMENTS, enrolment_state
from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.onboarding import Check, OnboardingState, Role, Step, needed_documents, start
from bayancore_erp.zatca.core.outcome import Kind
from bayancore_erp.zatca.core.rules import sentences

# After this without a worker taking it, people are told.
PATIENCE = timedelta(seconds=8)
LATE = timedelta(seconds=30)
# Codes that say no more than the problem's own sentence.
SAID = ("Invalid-OTP", "Missing-OTP")


def view(name: str) -> dict[str, Any]:
	"""The whole picture of one device's enrolment."""
	device = frappe.get_cached_doc("ZATCA Device", name)
	row = store.row_of(name) or frappe._dict()
	state = enrolment_state(name) or start(ENVIRONMENTS[device.environment], invoice_map(device)).state
	phase, waits_for = phase_of(name, row, state)
	steps = steps_of(state, phase)
	return {
		"device": name,
		"device_name": device.device_name,
		"environment": device.environment,
		"status": device.status,
		"phase": phase,
		"waits_for": waits_for,
		"is_renewal": state.is_renewal,
		"is_refused": is_refused(row, state),
		"is_active": state.active is not None,
		"needs_otp": needs_otp(row, state),
		"steps": steps,
		"percent": round(100 * sum(step["state"] == "done" for step in steps) / len(steps)),
		"problem": problem_of(row, state) if phase == "stopped" else None,
		"asked_twice": bool(row.asked_twice),
	}


def invoice_map(device: Any) -> str:
	"""The map of the certificate request (TSCZ)."""
	return f"{int(bool(device.signs_standard))}{int(bool(device.signs_simplified))}00"


def phase_of(name: str, row: Any, state: OnboardingState) -> tuple[str, str]:
	"""new, queued, running, interrupted, stopped or done; and why nobody takes it yet: no-worker, busy or nothing."""
	if store.is_running(name):
		return "running", ""
	if row.requested_at and row.began_at:
		return "interrupted", ""
	if row.requested_at:
		age = now_datetime() - get_datetime(row.requested_at)
		if age > PATIENCE and no_worker():
			return "queued", "no-worker"
		return "queued", "busy" if age > LATE else ""
	if row.problem_code:
		return "stopped", ""
	return ("done" if state.step is Step.DONE else "new"), ""


def no_worker() -> bool:
	"""Whether nobody takes background jobs."""
	from frappe.utils.background_jobs import get_workers

	return not get_workers()


def needs_otp(row: Any, state: OnboardingState) -> bool:
	"""Whether going on takes a new one-time password."""
	return state.step in (Step.KEY, Step.OTP) or row.problem_code in DEAD_ENDS


def is_refused(row: Any, state: OnboardingState) -> bool:
	"""Whether it is a renewal that cannot be: ZATCA no longer accepts the present certificate."""
	return state.is_renewal and state.step is Step.OTP and row.problem_code == Kind.UNAUTHORISED.value


def problem_of(row: Any, state: OnboardingState) -> dict[str, Any]:
	"""Why it stopped: the sentence in both languages, ZATCA's messages, and the code of what to do."""
	messages = state.problem.messages if state.problem else ()
	return {
		"code": row.problem_code,
		"en": row.problem,
		"ar": row.problem_ar,
		"sentence": words(Name(row.problem or "", row.problem_ar or "")),
		"detail": state.problem.detail if state.problem else "",
		"about_details": row.problem_code in (Kind.CSID_REFUSED.value, "CSR-INVALID"),
		"messages": [
			{"code": each.code, "text": wording(each.code, each.text), "original": each.text}
			for each in messages
			if each.type != "INFO" and each.code not in SAID
		],
	}


def wording(code: str, text: str) -> str:
	"""Our sentence for one of ZATCA's codes, where we have one."""
	if not sentences.known(code):
		return text
	return sentences.sentence(code, "ar" if is_arabic() else "en")


def steps_of(state: OnboardingState, phase: str) -> list[dict[str, Any]]:
	"""Every step from the key to the production certificate, each done, under way, failed or still to come."""
	place = list(Step).index(state.step)
	documents = needed_documents(state.invoice_map)
	left = set(state.documents_left) if place >= list(Step).index(Step.CHECKS) else set(documents)
	if state.step in (Step.PRODUCTION, Step.DONE):
		left = set()
	rows = [
		_step("key", _("Private key and certificate request"), place > 0),
		_step("otp", _("One-time password and compliance certificate"), place > 1),
	]
	verdicts = verdicts_of(state)
	for document in documents:
		check = verdicts.get(document.value)
		rows.append(_step(document.value, words(document.label), document not in left, note_of(check)))
	rows.append(_step("production", _("Production certificate"), state.step is Step.DONE))
	if phase == "new":
		return rows
	current = next((row for row in rows if row["state"] == "todo"), None)
	if current:
		current["state"] = {"stopped": "failed", "interrupted": "failed"}.get(phase, "now")
	return rows


def _step(key: str, label: str, done: bool, note: str = "") -> dict[str, Any]:
	return {"key": key, "label": label, "state": "done" if done else "todo", "note": note}


def verdicts_of(state: OnboardingState) -> dict[str, Check]:
	"""The latest verdict on each kind of compliance document, of the present compliance certificate."""
	current = next(
		(each for each in reversed(state.identities) if each.role is Role.COMPLIANCE and each.is_usable), None
	)
	return {
		check.document.value: check for check in state.checks if current and check.identity_id == current.id
	}


def note_of(check: Check | None) -> str:
	"""What ZATCA said about a document, in a word or two."""
	if check is None:
		return ""
	if not check.passed:
		return _("Not accepted")
	warnings = sum(message.type == "WARNING" for message in check.messages)
	return _("Accepted, {0} warnings").format(warnings) if warnings else _("Accepted")


def words(name: Name) -> str:
	"""A bilingual name in the reader's language."""
	return name.ar if is_arabic() else name.en
