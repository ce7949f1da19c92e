"""Sales Invoice and POS Invoice: Frappe's events, handed to the guard and to the issuing step. Wiring, no logic."""

from __future__ import annotations

from typing import Any

from frappe import _

from bayancore_erp.zatca.adapter import (
	advances,
	consolidation,
	corrections,
	dates,
	guard,
	issuing,
	prepayment,
	settle,
	signed,
	training,
)
from bayancore_erp.zatca.adapter.mapper import drop_facts, keep_facts


def before_insert(doc: Any, method: str | None = None) -> None:
	"""Nothing of a copied document's life; a training company's number is told apart."""
	guard.forget_copied(doc)
	training.number_apart(doc)


def before_validate(doc: Any, method: str | None = None) -> None:
	"""Runs even with ignore_validate. What a note is for and the advances' rows first: they are part of what is compared."""
	approved = guard.is_approved(doc)
	if not approved:
		corrections.complete(doc)
		prepayment.prepare(doc)
		advances.propose(doc)
	prepayment.hide_liability(doc)
	consolidation.hold(doc)
	keep_facts(doc)
	if not approved:
		settle.before_validate(doc)
	guard.before_validate(doc)


def validate(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own: its totals, settled; or what was signed, where that is what is posted."""
	prepayment.show_liability(doc)
	approved = signed.held(doc)
	if approved:
		signed.settle(doc, approved)
	else:
		settle.on_validate(doc)
	if doc.get("_action") != "submit":
		drop_facts(doc)


def on_submit(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own: sign, or finish."""
	issuing.on_submit(doc)
	dates.record(doc)
	drop_facts(doc)


def before_update_after_submit(doc: Any, method: str | None = None) -> None:
	"""The fields ERPNext lets people change, before they are written: `bulk_update` keeps what was, whatever is thrown later."""
	guard.check_after_submit(doc)


def on_update_after_submit(doc: Any, method: str | None = None) -> None:
	"""The one before is skipped with ignore_validate, so this asks again."""
	guard.check_after_submit(doc)


def before_cancel(doc: Any, method: str | None = None) -> None:
	"""Skipped with ignore_validate, so on_cancel asks again."""
	guard.refuse_end(doc, _("cancelled"))


def on_cancel(doc: Any, method: str | None = None) -> None:
	"""Throwing takes the whole cancellation back."""
	guard.refuse_end(doc, _("cancelled"))


def on_trash(doc: Any, method: str | None = None) -> None:
	"""Its number may be known to ZATCA."""
	guard.refuse_end(doc, _("deleted"))


def before_rename(doc: Any, method: str | None = None, *args: Any, **kwargs: Any) -> None:
	"""Its name is the invoice number."""
	guard.refuse_end(doc, _("renamed"))
