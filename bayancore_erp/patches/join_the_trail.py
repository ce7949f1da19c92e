"""Rows written before the audit trail came to the site join it, so that an updated site verifies clean.

What was there is stated as it was found: the trail vouches for it from now on, not for the time before. Also puts the columns
that Frappe has of every event into the one form that is verified, and back what a renamed user's new name had overwritten.
"""

from __future__ import annotations

from bayancore_erp.archive.adapter import trail_evidence


def execute() -> None:
	"""Adopt first: when the trail began is read from the events as the older version left them."""
	trail_evidence.adopt()
	trail_evidence.put_back_writers()
	trail_evidence.repeat_in_own_columns()
