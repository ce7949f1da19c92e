"""Payment Entry: an advance wants its prepayment invoice. Wiring, no logic."""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.adapter import prepayment


def on_submit(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own."""
	prepayment.on_payment(doc)


def before_cancel(doc: Any, method: str | None = None) -> None:
	"""Its prepayment invoice outlives no payment unless it was credited."""
	prepayment.before_payment_ends(doc)


def on_cancel(doc: Any, method: str | None = None) -> None:
	"""ERPNext has just said which links it ignores; ours too. Asked again, for before_cancel may be skipped."""
	prepayment.before_payment_ends(doc)
