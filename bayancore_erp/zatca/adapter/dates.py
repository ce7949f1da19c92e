"""Four dates, never one: issue (signing), posting (books), supply, and the tax point that decides about the VAT period.

Takes a document; gives its tax point, and warnings where issue and posting lie far apart. Never moves a date a person chose.
Sources: GCC Agreement art. 23; VAT Implementing Regulations art. 20; TAX.md sections 1.3 and 3.3-3.4.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from frappe import _
from frappe.utils import cint, format_date, getdate

from bayancore_erp.zatca.adapter.fields import InvoiceField, SalesInvoiceField
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.mapper.preload import settings_of

DEFAULT_DAYS = 3


def tax_point(doc: Any) -> date:
	"""When VAT on it falls due: of a note its event, of an advance its receipt, else the earlier of supply and invoice.

	A continuous supply: the invoice. What a person stated comes first (a government contract is taxed when it is paid).
	"""
	stated = doc.get(InvoiceField.VAT_DATE)
	if stated:
		return getdate(stated)
	posting = getdate(doc.get("posting_date"))
	if doc.get("is_return") or cint(doc.get("is_debit_note")):
		return getdate(doc.get(InvoiceField.EVENT_DATE) or posting)
	if cint(doc.get(SalesInvoiceField.IS_PREPAYMENT)) or cint(doc.get(InvoiceField.CONTINUOUS)):
		return posting
	supplied = doc.get(InvoiceField.SUPPLY_END_DATE) or doc.get(InvoiceField.SUPPLY_DATE)
	return min(posting, getdate(supplied)) if supplied else posting


def record(doc: Any) -> None:
	"""In the books: the tax point, where nobody stated one. Written past the document, which says what was signed."""
	if not doc.get(InvoiceField.VAT_DATE) and doc.meta.has_field(InvoiceField.VAT_DATE):
		doc.db_set(InvoiceField.VAT_DATE, tax_point(doc), update_modified=False)


def problems(doc: Any, issued_at: datetime) -> list[Problem]:
	"""A warning where the posting date lies further from the day of issue than the company allows."""
	posting = doc.get("posting_date")
	if not posting or (doc.get("docstatus") == 0 and not cint(doc.get("set_posting_time"))):
		return []
	days = (issued_at.date() - getdate(posting)).days
	allowed = settings_of(doc.company).get("backdated_days")
	if 0 <= days <= (DEFAULT_DAYS if allowed is None else cint(allowed)):
		return []
	if days > 0:
		sentence = _(
			"Posted on {0}, {1} days before it is issued. The tax invoice carries the day of issue; its VAT belongs to the period of {2}."
		).format(format_date(posting), days, format_date(tax_point(doc)))
	else:
		sentence = _(
			"Posted on {0}, after the day of issue. What is not supplied yet is invoiced as an advance."
		).format(format_date(posting))
	return [Problem("ERP-POSTING-DATE", sentence, severity="Warning", field="issue_date")]
