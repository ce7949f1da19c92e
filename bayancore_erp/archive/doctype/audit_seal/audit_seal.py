"""Audit Seal: the place of an Audit Event in its company's chain, bound to every event before it; insert-only."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class AuditSeal(InsertOnly):
	"""Added by `adapter/trail_seal.py`, the one sealer."""


def on_doctype_update() -> None:
	"""One event at each place, whoever seals at the same time."""
	frappe.db.add_unique("Audit Seal", ["company", "number"], constraint_name="one_event_at_a_place")
