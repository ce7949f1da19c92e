"""Dates, advances, free goods: what was supplied, when, and for what.

Sources: GCC Agreement art. 23; VAT Implementing Regulations art. 20, 53; Detailed Guideline p. 41, p. 49, p. 60;
TAX.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bayancore_erp.zatca.core.codes import DocumentType, VatCategory
from bayancore_erp.zatca.core.rules.law.case import Breach, Case, breach
from bayancore_erp.zatca.core.rules.law.notes import month_end_plus_15

FIFTEEN_PERCENT_SINCE = date(2020, 7, 1)
FIVE_PERCENT = Decimal("5")


def issue_deadline(case: Case) -> Iterator[Breach]:
	"""A standard invoice is issued by the 15th of the month after the supply. Guideline p. 49, p. 60. Late, it is still owed."""
	invoice = case.invoice
	supplied = invoice.supply_end_date or invoice.supply_date
	if invoice.is_simplified or invoice.type_code is not DocumentType.INVOICE or supplied is None:
		return
	last = month_end_plus_15(supplied)
	if invoice.issue_date > last:
		yield breach("issue_date", expected=last.isoformat())


def supplied_in_future(case: Case) -> Iterator[Breach]:
	"""What is not yet supplied is invoiced as an advance (386). GCC Agreement art. 23; Guideline p. 41."""
	invoice = case.invoice
	ordinary = invoice.type_code is DocumentType.INVOICE
	if ordinary and invoice.supply_date and invoice.supply_date > invoice.issue_date:
		yield breach("supply_date", found=invoice.supply_date.isoformat())


def five_percent_since_july_2020(case: Case) -> Iterator[Breach]:
	"""5 % ended on 30 June 2020 and remains on notes to older invoices. BR-KSA-84 passes both rates; XML Standard 8."""
	invoice = case.invoice
	supplied = invoice.supply_date or (None if invoice.type_code.is_note else invoice.issue_date)
	if supplied is None or supplied < FIFTEEN_PERCENT_SINCE:
		return
	for place, vat in case.vats():
		old_advance = place.startswith("prepayments")
		if vat.category is VatCategory.STANDARD and vat.rate == FIVE_PERCENT and not old_advance:
			yield breach(f"{place}.rate")


def advance_deducted_elsewhere(case: Case) -> Iterator[Breach]:
	"""An advance is deducted on the final invoice only, never on a note or another advance. Guideline p. 41-43."""
	if case.invoice.prepayments and case.invoice.type_code is not DocumentType.INVOICE:
		yield breach("prepayments[0]")


def advance_not_issued(case: Case) -> Iterator[Breach]:
	"""Only an issued 386 is deducted, never a mere payment, retention or cash at the till. TAX.md section 2; Guideline p. 41."""
	issued = case.known.prepayment_invoices
	if issued is None:
		return
	for index, prepayment in enumerate(case.invoice.prepayments):
		if prepayment.invoice_number not in issued:
			yield breach(f"prepayments[{index}].invoice_number", found=prepayment.invoice_number)


def advance_later_than_invoice(case: Case) -> Iterator[Breach]:
	"""An advance is older than the invoice that deducts it. Guideline p. 41."""
	for index, prepayment in enumerate(case.invoice.prepayments):
		if prepayment.issue_date > case.invoice.issue_date:
			yield breach(f"prepayments[{index}].issue_date", found=prepayment.issue_date.isoformat())


def nominal_without_value(case: Case) -> Iterator[Breach]:
	"""A nominal supply states its fair value and the VAT on it, though nobody pays. TAX.md section 3.9; Standard 5.3."""
	if case.invoice.flags.nominal:
		for index, item in enumerate(case.invoice.lines):
			if not item.unit_price:
				yield breach(f"lines[{index}].unit_price")


def everything_free(case: Case) -> Iterator[Breach]:
	"""Free goods alone are a nominal supply, or, as a gift or sample within the limits, no supply at all. TAX.md 3.9."""
	invoice = case.invoice
	free = case.totals is not None and not case.totals.tax_exclusive
	if free and invoice.type_code is DocumentType.INVOICE and not invoice.flags.nominal:
		yield breach("flags")


def free_line_without_price(case: Case) -> Iterator[Breach]:
	"""A free item beside paid ones is a discount: its price is stated and taken off in full. TAX.md section 3.9."""
	invoice = case.invoice
	if invoice.flags.nominal or not any(item.unit_price for item in invoice.lines):
		return
	for index, item in enumerate(invoice.lines):
		if not item.unit_price:
			yield breach(f"lines[{index}].unit_price")
