"""ZATCA and VAT Totals: VAT by tax point as ZATCA has it, beside the books; or the invoices on which the two differ.

Takes filters; gives Frappe's columns, rows, message and summary. The figures are `adapter.vat_totals`.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import add_months, cint, get_first_day, getdate, today

from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen
from bayancore_erp.invoice_to_cash.adapter.vat_totals import by_month, vouchers


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
	"""What Frappe asks a script report for."""
	wanted = dict(filters or {})
	last = getdate(wanted.get("to_date") or today())
	first = getdate(wanted.get("from_date") or get_first_day(add_months(last, -2)))
	if not wanted.get("company"):
		frappe.throw(_("Choose a company: VAT is declared by company."))
	companies_seen(wanted["company"])
	found = vouchers(wanted["company"], first, last)
	months = by_month(found)
	difference = round(sum(row["difference"] for row in months), 2)
	summary = [
		{
			"label": _("VAT ZATCA Has"),
			"value": sum(row["declared"] for row in months),
			"datatype": "Currency",
		},
		{
			"label": _("VAT in the Books"),
			"value": sum(row["booked"] for row in months),
			"datatype": "Currency",
		},
		{
			"label": _("Difference"),
			"value": difference,
			"datatype": "Currency",
			"indicator": "Red" if difference else "Green",
		},
	]
	if not cint(wanted.get("differing")):
		return month_columns(), months, None, None, summary
	rows = [
		{
			"period": voucher.tax_point,
			"doctype": voucher.doctype,
			"name": voucher.name,
			"declared": float(voucher.stated - voucher.advances),
			"booked": float(voucher.booked),
			"difference": float(voucher.difference),
		}
		for voucher in found
		if voucher.difference
	]
	message = None if rows else _("No invoice differs from its ledger entries.")
	return voucher_columns(), rows, message, None, summary


def month_columns() -> list[dict[str, Any]]:
	"""From the documents to the books."""
	return [
		{"fieldname": "period", "label": _("Month of the Tax Point"), "fieldtype": "Date", "width": 160},
		{"fieldname": "documents", "label": _("Documents"), "fieldtype": "Int", "width": 100},
		money("stated", _("VAT on Documents")),
		money("advances", _("VAT of Deducted Advances")),
		money("declared", _("VAT ZATCA Has")),
		money("booked", _("VAT in the Books")),
		money("difference", _("Difference")),
		money("other", _("In the Books Without a Document")),
		{"fieldname": "refused", "label": _("Rejected, Not Reissued"), "fieldtype": "Int", "width": 160},
	]


def voucher_columns() -> list[dict[str, Any]]:
	"""One voucher a row."""
	return [
		{"fieldname": "period", "label": _("Tax Point"), "fieldtype": "Date", "width": 110},
		{"fieldname": "doctype", "label": _("Document Type"), "fieldtype": "Data", "width": 140},
		{"fieldname": "name", "label": _("Document"), "fieldtype": "Dynamic Link", "options": "doctype", "width": 190},
		money("declared", _("VAT ZATCA Has")),
		money("booked", _("VAT in the Books")),
		money("difference", _("Difference")),
	]  # fmt: skip


def money(fieldname: str, label: str) -> dict[str, Any]:
	"""A column in riyals."""
	return {"fieldname": fieldname, "label": label, "fieldtype": "Currency", "width": 165}
