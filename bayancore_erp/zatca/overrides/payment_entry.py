"""Payment Entry: an advance wants its prepayment invoice. Wiring, no logic."""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.adapter import prepayment


def validate(doc: Any, method: str | None = None) -> None:
	"""Which prepayment invoice was made for it is the app's to say."""
	prepayment.keep_link(doc)


def before_update_after_submit(doc: Any, method: str | None = None) -> None:
	"""As before."""
	prepayment.keep_link(doc)


def on_submit(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own."""
	prepayment.on_payment(doc)


def before_cancel(doc: Any, method: str | None = None) -> None:
	"""Its prepayment invoice outlives no payment unless it was credited."""
	prepayment.before_payment_ends(doc)


def on_cancel(doc: Any, method: str | None = None) -> None:
	"""ERPNext has just said which links it ignores; ours too. Asked again, for before_cancel may be skipped."""
	prepayment.before_payment_ends(doc)
