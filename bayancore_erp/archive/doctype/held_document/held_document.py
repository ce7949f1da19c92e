"""Held Document: a row of a Legal Hold."""

from __future__ import annotations

from bayancore_erp.zatca.adapter.records import RowOfRecord


class HeldDocument(RowOfRecord):
	"""A signed document that must be kept whatever its age."""
