"""ZATCA Message: one finding of a verdict, with its code and the field it is about."""

from __future__ import annotations

from bayancore_erp.zatca.adapter.records import RowOfRecord


class ZATCAMessage(RowOfRecord):
	"""A row of a submission."""
