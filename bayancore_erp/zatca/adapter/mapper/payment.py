"""How the invoice is or will be paid (BG-16).

Takes the payments of a document; gives the code of the largest one. Source: UNTDID 4461, BR-KSA-16.
"""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.adapter.mapper.figures import money
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.core.invoice import Payment

ON_CREDIT = "30"
NOT_DEFINED = "1"


def payment_of(doc: Any, facts: Facts) -> Payment:
	"""By the mode of payment that carries most of the amount; on credit what the company's settings say."""
	paid = [row for row in doc.get("payments") or [] if money(row.get("amount"))]
	if not paid:
		return Payment(facts.settings.get("default_payment_means") or ON_CREDIT)
	largest = max(paid, key=lambda row: abs(money(row.get("amount"))))
	return Payment(facts.modes.get(largest.get("mode_of_payment") or "") or NOT_DEFINED)
