"""Deducted advances in the ledger: the rows of the taxes table that take them off the receivable.

Takes a document with its prepayments before ERPNext validates it; gives rows on the liability that holds the advances and on
the VAT account, so that the ledger shows what the invoice says (BT-110 less KSA-32). In another currency the liability gives
back what was put there, at the prepayment invoice's rate, and a named row takes what the rate has become since; VAT is none
of that row's affair. Never touches other rows.
Sources: TAX.md sections 2 and 3.20; Detailed Guideline p. 41-43; the worked example E09.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import SalesInvoiceField, TaxRowField, Treatment
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.preload import many, settings_of
from bayancore_erp.zatca.core.money import round2, total


def deducting_rows(doc: Any) -> tuple[Any, ...]:
	"""The rows of the taxes table that deduct advances."""
	return tuple(
		row for row in doc.get("taxes") or [] if row.get(TaxRowField.TREATMENT) == Treatment.PREPAYMENT.value
	)


def deduct_advances(doc: Any, method: str | None = None) -> None:
	"""Before validation: the rows of the taxes table that take the deducted advances off the receivable.

	One on the liability that holds the advances for their net, one on the VAT account for their VAT (KSA-32), so that the
	ledger shows what the invoice says. Rows of an earlier save are replaced.
	"""
	prepayments = doc.get(SalesInvoiceField.PREPAYMENTS) or []
	rows = doc.get("taxes") or []
	if not prepayments and not deducting_rows(doc):
		return
	settings = settings_of(doc.company)
	liability, vat_account = settings.get("prepayment_account"), settings.get("output_vat_account")
	if not (liability and vat_account):
		return
	net = total(money(row.taxable) for row in prepayments)
	vat = total(
		money(row.tax) if row.tax else round2(money(row.taxable) * exact(row.vat_rate) / 100)
		for row in prepayments
		if row.vat_category in (None, "", "Standard Rated")
	)
	doc.set("taxes", [row for row in rows if row.get(TaxRowField.TREATMENT) != Treatment.PREPAYMENT.value])
	exchange = exchange_account(doc) if net and at_another_rate(doc) else None
	for account, amount, words in (
		(liability, net, _("Advance deducted")),
		(exchange, NIL, _("Exchange difference on advance deducted")),
		(vat_account, vat, _("VAT on advance deducted")),
	):
		if amount or (exchange and account == exchange):
			doc.append(
				"taxes",
				{
					"charge_type": "Actual",
					"account_head": account,
					"description": words,
					"tax_amount": round(float(-amount), 2),
					"cost_center": doc.get("cost_center")
					or frappe.get_cached_value("Company", doc.company, "cost_center"),
					TaxRowField.TREATMENT: Treatment.PREPAYMENT.value,
				},
			)


# --- in another currency ----------------------------------------------------------------------------------------------
def exchange_account(doc: Any) -> str | None:
	"""Where the company books exchange differences."""
	return frappe.get_cached_value("Company", doc.company, "exchange_gain_loss_account")


def rates_of(doc: Any) -> dict[str, Decimal]:
	"""The exchange rates of the deducted prepayment invoices by name; empty for a document in the company's currency."""
	if doc.get("currency") in (None, "", frappe.get_cached_value("Company", doc.company, "default_currency")):
		return {}
	names = (row.get("prepayment_invoice") for row in doc.get(SalesInvoiceField.PREPAYMENTS) or [])
	return {
		name: exact(row.conversion_rate)
		for name, row in many("Sales Invoice", names, "conversion_rate").items()
	}


def at_another_rate(doc: Any) -> bool:
	"""Whether a deducted prepayment invoice was issued at another rate than this document."""
	return any(rate != exact(doc.get("conversion_rate")) for rate in rates_of(doc).values())


def book_at_their_rates(doc: Any) -> None:
	"""After ERPNext's calculation, which converts every row at the document's rate; what is owed stays as it is."""
	rows = {row.account_head: row for row in deducting_rows(doc)}
	exchange = rows.get(exchange_account(doc))
	if exchange is None:
		return
	liability = rows[settings_of(doc.company).prepayment_account]
	rates, own = rates_of(doc), exact(doc.conversion_rate)
	held = total(
		round2(money(row.taxable) * rates.get(row.prepayment_invoice, own))
		for row in doc.get(SalesInvoiceField.PREPAYMENTS)
	)
	gained = money(liability.base_tax_amount_after_discount_amount) + held
	for row, amount in ((liability, -held), (exchange, gained)):
		row.base_tax_amount = row.base_tax_amount_after_discount_amount = round(float(amount), 2)
	liability.base_total = round(float(money(liability.base_total) - gained), 2)
