"""Audit Event: one thing that happened, by whom and when, with the digest of what it left behind; insert-only."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class AuditEvent(InsertOnly):
	"""Added by `adapter/trail.py` in the transaction of the thing itself. Its name begins with its time."""


def on_doctype_update() -> None:
	"""The way from a record to its events."""
	frappe.db.add_index("Audit Event", ["subject_name", "subject_doctype"], "of_the_subject")
