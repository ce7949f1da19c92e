"""Advances that the invoice deducts: issued prepayment invoices only, one entry for each VAT category.

Takes the rows of the prepayments table and the invoices they name; gives `Prepayment`s. Never a Payment Entry, cash at the
till, retention or withholding. Sources: Detailed Guideline p. 41-43; TAX.md section 2 (prepayment lines); KSA-26 ... KSA-34.
"""

from __future__ import annotations

from datetime import time
from typing import Any

from frappe import _
from frappe.utils import get_datetime, get_time, getdate

from bayancore_erp.zatca.adapter.fields import CATEGORY_OF, InvoiceField, SalesInvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import exact, money
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.mapper.taxation import vat_of
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.invoice import Prepayment


def read_prepayments(doc: Any, facts: Facts, refusals: Refusals) -> tuple[Prepayment, ...]:
	"""Every deduction. One that names no issued prepayment invoice is refused with its row."""
	found = []
	for index, row in enumerate(doc.get(SalesInvoiceField.PREPAYMENTS) or []):
		place = f"prepayments[{index}].invoice_number"
		category = CATEGORY_OF[row.get("vat_category") or "Standard Rated"]
		vat = vat_of(
			category,
			row.get("exemption_code") or "",
			"",
			exact(row.get("vat_rate")) if category is VatCategory.STANDARD else None,
		)
		taxable = money(row.get("taxable"))
		tax = money(row.get("tax")) if row.get("tax") else None
		linked = row.get("prepayment_invoice")
		if not linked:
			if not (row.get("invoice_number") and row.get("issue_date")):
				refusals.add(
					"ERP-ADVANCE-MISSING",
					place,
					_("Row {0} of the prepayments names no prepayment invoice.").format(index + 1),
					_("Choose one, or give number and date of one issued before this system."),
				)
				continue
			found.append(
				Prepayment(
					invoice_number=row.invoice_number.strip(),
					issue_date=getdate(row.issue_date),
					taxable=taxable,
					vat=vat,
					tax=tax,
					issue_time=clock(row.get("issue_time")),
					uuid=(row.get("uuid") or "").strip(),
				)
			)
			continue
		issued = facts.prepayment_invoices.get(linked)
		problem = unusable(doc, issued)
		if problem:
			refusals.add(
				"ERP-ADVANCE-UNUSABLE",
				place,
				_("Row {0} of the prepayments: {1} {2}").format(index + 1, linked, problem),
				_("Only an issued prepayment invoice of this customer is deducted, never a mere payment."),
			)
			continue
		assert issued is not None
		moment = issued.get(InvoiceField.ISSUED_AT)
		found.append(
			Prepayment(
				invoice_number=linked,
				issue_date=getdate(moment or issued.posting_date),
				taxable=taxable,
				vat=vat,
				tax=tax,
				issue_time=get_datetime(moment).time().replace(microsecond=0)
				if moment
				else clock(issued.get("posting_time")),
				uuid=issued.get(InvoiceField.UUID) or "",
			)
		)
	return tuple(found)


def unusable(doc: Any, issued: Any) -> str:
	"""Why a linked invoice cannot be deducted, empty where it can."""
	if not issued or not issued.get(SalesInvoiceField.IS_PREPAYMENT):
		return _("is not a prepayment invoice.")
	if issued.docstatus != 1:
		return _("is not issued yet.")
	if issued.customer != doc.get("customer") or issued.company != doc.get("company"):
		return _("belongs to another customer or company.")
	if issued.currency != doc.get("currency"):
		return _("is in another currency.")
	return ""


def clock(value: Any) -> time | None:
	"""A time of day in whole seconds, None for none."""
	if value in (None, ""):
		return None
	found = get_time(str(value))
	return found.replace(microsecond=0)
