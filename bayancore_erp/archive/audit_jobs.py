"""What workers and the scheduler run for the audit trail. Every job may run twice or die anywhere."""

from __future__ import annotations

from bayancore_erp.archive.adapter import trail_seal


def seal() -> int:
	"""Every minute: events since the last round get their places. Gives how many."""
	return trail_seal.seal_all()


def nightly() -> int:
	"""Once a day: however late an event was committed, it is sealed."""
	return trail_seal.seal_all(full=True)
