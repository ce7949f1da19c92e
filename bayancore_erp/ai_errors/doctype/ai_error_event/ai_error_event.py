"""AI Error Event: one question that was, or would have been, put to a language model, word for word. Insert-only."""

from __future__ import annotations

from bayancore_erp.zatca.adapter.records import InsertOnly


class AIErrorEvent(InsertOnly):
	"""Written by ai_errors/adapter/explaining.py only."""
