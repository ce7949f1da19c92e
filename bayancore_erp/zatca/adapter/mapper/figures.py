"""Frappe's figures as Decimals: binary on the way in, exact from here on.

Takes what a document holds (float, str, int or None); gives Decimals. Never lets a binary rest such as 0.30000000000000004
through: Frappe's own precision ends at nine places. Source: XML Implementation Standard section 10.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from frappe.utils import flt

from bayancore_erp.zatca.core.money import round2

# Frappe stores at most nine decimals in a Float or Currency column.
PLACES = 9
NIL = Decimal("0.00")


def exact(value: Any) -> Decimal:
	"""A rate, quantity or price, with as many decimals as it was typed with; zero for nothing."""
	if isinstance(value, Decimal):
		return value
	number = Decimal(repr(round(flt(value), PLACES)))
	whole = number.to_integral_value()
	return whole if whole == number else number.normalize()


def money(value: Any) -> Decimal:
	"""An amount of money at two decimals."""
	return round2(exact(value))


def sign_of(doc: Any) -> int:
	"""-1 for a return, whose amounts ERPNext writes negative; the invoice's are positive (Guideline p. 62)."""
	return -1 if doc.get("is_return") else 1
