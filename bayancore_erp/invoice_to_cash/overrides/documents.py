"""Documents of the sales road: Frappe's events, handed to the traffic light and to what is carried along. Wiring, no logic."""

from __future__ import annotations

from typing import Any

from bayancore_erp.invoice_to_cash.adapter import carry, desk, light


def validate(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own and after settlement: the light of what is about to be stored."""
	light.on_validate(doc)


def onload(doc: Any, method: str | None = None) -> None:
	"""A form opens with it."""
	desk.bring(doc)


def after_mapping(doc: Any, method: str | None = None, source: Any = None) -> None:
	"""ERPNext has made it from another document."""
	if source is not None:
		carry.carry(doc, source)


def customer_saved(doc: Any, method: str | None = None) -> None:
	"""Its own light, and those of its open documents."""
	if not light.is_bulk():
		light.customer_changed(doc)


def address_saved(doc: Any, method: str | None = None) -> None:
	"""The lights of the customers who live there, or of all that is sold from there."""
	if not light.is_bulk():
		light.address_changed(doc)


def master_saved(doc: Any, method: str | None = None) -> None:
	"""The lights of the documents that refer to it."""
	if not light.is_bulk():
		light.master_changed(doc)
