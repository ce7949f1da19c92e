"""What workers and the scheduler run. Every job may run twice, at the same time, or die anywhere: the lease decides."""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.adapter import (
	chain_watch,
	clone,
	enrolment,
	expiry,
	guard,
	notified,
	orchestrator,
	outage,
	prepayment,
	watch,
	withheld,
)


def advance(submission: str) -> str:
	"""Move one submission on."""
	return orchestrator.advance(submission)


def watch_submissions() -> int:
	"""Enqueue every live submission that nobody works on; gives how many.

	On another queue than the one they were first put on: a queue that is stuck or swamped does not stop them.
	"""
	found = orchestrator.overdue()
	for name in found:
		guard.enqueue(name, queue=guard.WATCHDOG_QUEUE, after_commit=False)
	return len(found)


def enrol(device: str) -> None:
	"""Take a device on from where its onboarding stands."""
	enrolment.carry_on(device)


def second_watch() -> int:
	"""The same from the long queue, where the scheduler's minute jobs do not run."""
	return watch_submissions()


def resume_enrolments() -> int:
	"""Enqueue every enrolment whose worker died or whose job got lost; gives how many."""
	found = enrolment.abandoned()
	for name in found:
		enrolment.enqueue(name)
	return len(found)


def tell_of_expiry() -> int:
	"""Tell the managers of certificates that end soon; gives how many devices that were."""
	return expiry.tell()


def tell_of_notified_dates() -> int:
	"""Tell the managers of companies past ZATCA's date without production; gives how many companies."""
	return notified.tell()


def watch_chain_heads() -> None:
	"""Ask the archive whether it knows a chain further on than this database: a server that was set back does not sign."""
	clone.watch()


def draft_prepayment_invoice(payment: str) -> str:
	"""The draft that an advance wants; gives its name."""
	return prepayment.draft_for(payment)


def note_withheld(
	doctype: str, name: str, company: str, asked_by: str, problems: list[dict[str, Any]]
) -> bool:
	"""Remember what a till was refused; gives whether the invoice was there to remember it of."""
	return withheld.note(doctype, name, company, asked_by, problems)


def watch_outages() -> None:
	"""Enter outage mode where the gateway has been away long enough, leave it once it answers."""
	outage.watch()


def verify_chains() -> int:
	"""Recompute what was signed since the last night, and weekly everything; gives how many chains are not whole."""
	return chain_watch.nightly()


def verify_books() -> int:
	"""Look for what went round every guard; gives how many invoices were found changed."""
	return len(watch.daily())
