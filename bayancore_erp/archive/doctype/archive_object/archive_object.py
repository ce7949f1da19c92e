"""Archive Object: one thing the archive was given and has confirmed, with its digest; insert-only."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class ArchiveObject(InsertOnly):
	"""Added by `adapter/keeping.py` once the store has answered."""


def on_doctype_update() -> None:
	"""One row for each object of a place; and the order in which a period is verified."""
	frappe.db.add_unique("Archive Object", ["object_name", "place"], constraint_name="once_in_a_place")
	frappe.db.add_index("Archive Object", ["company", "issued_on"], "of_the_period")
