"""Deducted advances in the ledger: the rows of the taxes table that take them off the receivable.

Takes a document with its prepayments before ERPNext validates it; gives rows on the liability that holds the advances and on
the VAT account, so that the ledger shows what the invoice says (BT-110 less KSA-32). Never touches other rows.
Sources: TAX.md section 2; Detailed Guideline p. 41-43; the worked example E09.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import SalesInvoiceField, TaxRowField, Treatment
from bayancore_erp.zatca.adapter.mapper.figures import exact, money
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
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
	for account, amount, words in (
		(liability, net, _("Advance deducted")),
		(vat_account, vat, _("VAT on advance deducted")),
	):
		if amount:
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
