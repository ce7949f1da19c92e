"""Advances that are still owed to customers: prepayment invoices with what is left, and money that has no invoice yet.

Takes companies and perhaps a customer; gives rows. The amounts are `zatca.adapter.advances`; nothing is counted here twice.
Never writes. Source: TAX.md section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import frappe
from frappe.utils import flt, getdate, nowdate

from bayancore_erp.invoice_to_cash.adapter import uninvoiced
from bayancore_erp.zatca.adapter.advances import Advance, issued, standing
from bayancore_erp.zatca.adapter.fields import PaymentEntryField
from bayancore_erp.zatca.adapter.mapper.figures import NIL
from bayancore_erp.zatca.core.money import total

OPEN, MISSING, UNCLEAR, USED = "Open", "Prepayment Invoice Missing", "Choose What It Is", "Used Up"


def rows(
	companies: list[str] | None, customer: str | None = None, *, used: bool = False
) -> list[dict[str, Any]]:
	"""Open advances, oldest first; with `used`, those that were deducted or refunded in full as well."""
	where: dict[str, Any] = {} if companies is None else {"company": ("in", companies or [""])}
	invoices = issued(**where, **({"customer": customer} if customer else {}))
	names = {row.name: row for row in invoices}
	found = [
		row_of(advance, names[advance.name])
		for advance in standing(invoices).values()
		if used or advance.left > NIL
	]
	party = {"party": customer} if customer else {}
	found += [
		payment_row(doc.name, MISSING, float(amount))
		for doc, amount in uninvoiced.payments({**where, **party})
	]
	found += [payment_row(name, UNCLEAR, amount) for name, amount in unclear({**where, **party})]
	return sorted(found, key=lambda row: (row["posting_date"], row["name"]))


def row_of(advance: Advance, invoice: Any) -> dict[str, Any]:
	"""A prepayment invoice."""
	parts = advance.parts.values()
	return {
		"status": OPEN if advance.left > NIL else USED,
		"doctype": "Sales Invoice",
		"name": advance.name,
		"posting_date": getdate(advance.posting_date),
		"days": (getdate(nowdate()) - getdate(advance.posting_date)).days,
		"customer": advance.customer,
		"orders": ", ".join(advance.orders),
		"payment_entry": advance.payment_entry,
		"currency": advance.currency,
		"received": float(total((*(part.taxable for part in parts), *(part.tax for part in parts)))),
		"deducted": float(
			total((*(part.deducted for part in parts), *(part.deducted_tax for part in parts)))
		),
		"credited": float(
			total((*(part.credited for part in parts), *(part.credited_tax for part in parts)))
		),
		"left": float(advance.left),
		"left_vat": float(total(part.left_tax for part in parts)),
	}


def payment_row(name: str, status: str, amount: float) -> dict[str, Any]:
	"""Money without a prepayment invoice, in the currency of the receivable."""
	doc = frappe.get_cached_value(
		"Payment Entry", name, ["posting_date", "party", "paid_from_account_currency"], as_dict=True
	)
	return {
		"status": status,
		"doctype": "Payment Entry",
		"name": name,
		"posting_date": getdate(doc.posting_date),
		"days": (getdate(nowdate()) - getdate(doc.posting_date)).days,
		"customer": doc.party,
		"orders": "",
		"payment_entry": name,
		"currency": doc.paid_from_account_currency,
		"received": amount,
		"deducted": 0.0,
		"credited": 0.0,
		"left": amount,
		"left_vat": None,
	}


def unclear(where: dict[str, Any]) -> Iterable[tuple[str, float]]:
	"""Money on account of which nobody said whether it is an advance."""
	for row in frappe.get_all(
		"Payment Entry",
		filters={
			**where,
			"docstatus": 1,
			"payment_type": "Receive",
			"party_type": "Customer",
			"unallocated_amount": (">", 0),
			PaymentEntryField.RECEIPT_KIND: ("is", "not set"),
		},
		fields=["name", "unallocated_amount"],
		limit_page_length=0,
	):
		yield row.name, flt(row.unallocated_amount)
