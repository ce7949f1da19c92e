"""What workers and the scheduler run for the audit room. Every job may run twice or die anywhere."""

from __future__ import annotations

from bayancore_erp.archive.adapter import packs, trail_heads, trail_seal, trail_sinks, verify_desk


def seal() -> int:
	"""Every minute: events since the last round get their places. Gives how many."""
	return trail_seal.seal_all()


def nightly() -> int:
	"""Once a day: however late an event was committed, it is sealed; then the heads are anchored. Gives how many anchors."""
	trail_seal.seal_all(full=True)
	return trail_heads.anchor_all()


def export() -> int:
	"""Every hour: an Oracle table that is set up is told of what it has not seen. Gives how many records."""
	return trail_sinks.export()


def make_pack(pack: str) -> None:
	"""Make the auditor's pack somebody asked for."""
	packs.run(pack)


def verify(user: str) -> None:
	"""Verify everything, for somebody who waits in the desk."""
	verify_desk.run(user)
