"""What workers and the scheduler run for error help. Each may run twice or die anywhere."""

from __future__ import annotations

import frappe

from bayancore_erp.ai_errors.adapter import learning, listeners, telling


def explain(submission: str) -> int:
	"""News and unknown messages of one submission."""
	return listeners.explain(submission)


def watch_warnings() -> int:
	"""Every hour: warnings that suddenly spread. Gives how many were told."""
	found = learning.spreading()
	for code, invoices, share in found:
		telling.of_spread(code, invoices, share)
	frappe.db.commit()
	return len(found)
