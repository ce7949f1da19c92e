"""Whether an allowance may show its percentage: amount = base x percentage must hold, also as the sheets compute it.

Takes two-decimal amounts; gives yes or no. Source: BR-KSA-EN16931-03 as executed, BR-KSA-DEC-01.
"""

from __future__ import annotations

import math
from decimal import Decimal

from bayancore_erp.zatca.core.money import percent, round2


def may_show(base: Decimal, percentage: Decimal, amount: Decimal) -> bool:
	"""Whether BT-93/94 (or their kin) can stand beside `amount` without contradicting it."""
	scaled = percentage.scaleb(2)
	if scaled != scaled.to_integral_value():
		return False
	exact = percent(base, percentage)
	if round2(exact) != amount:
		return False
	halves = exact.scaleb(2) % 1
	return halves != Decimal("0.5") or _sheet_agrees(int(base.scaleb(2)), int(scaled), int(amount.scaleb(2)))


def _sheet_agrees(base: int, percentage: int, amount: int) -> bool:
	"""The sheet's own formula on hundredths, in binary as it computes: about 5 % of exact halves fall on the wrong side.

	Only this verdict is binary; the amount itself is not.
	"""
	return math.floor((base / 100) * (percentage / 100) / 100 * 100 + 0.5) == amount
