"""Destroyed Document: what is left of a document whose term had ended: its place in the chain, who destroyed it and why."""

from __future__ import annotations

import frappe

from bayancore_erp.zatca.adapter.records import InsertOnly


class DestroyedDocument(InsertOnly):
	"""Added by `adapter/retention.py`; insert-only."""


def on_doctype_update() -> None:
	"""What the chain's verifier asks."""
	frappe.db.add_index("Destroyed Document", ["device", "icv"], "place_in_the_chain")
