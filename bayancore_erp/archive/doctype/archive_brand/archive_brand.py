"""Archive Brand: how a company's documents looked at one time, named by its digest, so that each can be drawn again."""

from __future__ import annotations

from bayancore_erp.zatca.adapter.records import InsertOnly


class ArchiveBrand(InsertOnly):
	"""Added by the papers' writer the first time a document is drawn with it."""
