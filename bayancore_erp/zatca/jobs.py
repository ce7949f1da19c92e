"""What workers and the scheduler run. Every job may run twice, at the same time, or die anywhere: the lease decides."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter import enrolment, orchestrator


def advance(submission: str) -> str:
	"""Move one submission on."""
	return orchestrator.advance(submission)


def watchdog() -> int:
	"""Enqueue every live submission that nobody works on; gives how many. Never relies on deduplication: it outlives a killed worker."""
	found = orchestrator.due()
	for name in found:
		frappe.enqueue("bayancore_erp.zatca.jobs.advance", queue="default", submission=name)
	return len(found)


def enrol(device: str) -> None:
	"""Take a device on from where its onboarding stands."""
	enrolment.carry_on(device)
