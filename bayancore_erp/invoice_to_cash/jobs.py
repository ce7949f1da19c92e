"""What workers run for the sales road. Every job may run twice: it works out, it does not count."""

from __future__ import annotations

from collections.abc import Iterable

import frappe

from bayancore_erp.invoice_to_cash.adapter import light, unsent


def light_up(customer: str) -> int:
	"""The traffic lights of a customer's open documents; gives how many."""
	return one_by_one(light.light_up(customer))


def light_up_after(doctype: str, name: str) -> int:
	"""The traffic lights of what refers to a changed master; gives how many."""
	return one_by_one(light.light_up_after(doctype, name))


def one_by_one(lights: Iterable[bool]) -> int:
	"""Each stands before the next is looked at."""
	count = 0
	for lit in lights:
		count += lit
		frappe.db.commit()
	return count


def tell_of_unsent() -> int:
	"""Tell the managers of submitted invoices that ZATCA does not know; gives how many there are."""
	return unsent.tell()
