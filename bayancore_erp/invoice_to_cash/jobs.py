"""What workers run for the sales road. Every job may run twice: it works out, it does not count."""

from __future__ import annotations

from bayancore_erp.invoice_to_cash.adapter import light


def light_up(customer: str) -> int:
	"""The traffic lights of a customer's open documents."""
	return light.light_up(customer)
