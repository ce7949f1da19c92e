"""VAT as ZATCA has it against VAT as the books have it, by tax point: the figures a VAT return stands on.

Takes a company and a span of tax points; gives one row a month, or one an invoice where the two differ. ZATCA's side is BT-111
of the standing document, notes with their sign, less the VAT of deducted advances (KSA-32, at the rate of BT-111), which was
declared with the advance.
The books' side is the output VAT account. Never writes. Source: TAX.md section 3.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe.utils import getdate

from bayancore_erp.zatca.adapter.fields import State
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.core.codes import DocumentType


@dataclass(slots=True)
class Voucher:
	"""One voucher of the books: an invoice, the consolidation of a till's sales, or another entry on the VAT account."""

	doctype: str
	name: str
	tax_point: date
	documents: int = 0
	stated: Decimal = NIL
	"""BT-111 of its documents."""
	advances: Decimal = NIL
	"""KSA-32, in riyals."""
	booked: Decimal = NIL
	refused: int = 0
	"""Documents of it that ZATCA rejected and that still wait for their re-issue."""

	@property
	def difference(self) -> Decimal:
		"""The books' minus ZATCA's."""
		return self.booked - (self.stated - self.advances)


def vouchers(company: str, first: Any, last: Any) -> list[Voucher]:
	"""Everything with a tax point in the span, oldest first."""
	found: dict[tuple[str, str], Voucher] = {}
	for row in invoices(company, first, last):
		add_document(found, row)
	for row in entries(company, first, last):
		place = (row.voucher_type, row.voucher_no)
		if place not in found:
			found[place] = Voucher(*place, getdate(row.tax_point))
		found[place].booked += money(row.booked)
	return sorted(found.values(), key=lambda voucher: (voucher.tax_point, voucher.name))


def add_document(found: dict[tuple[str, str], Voucher], row: Any) -> None:
	"""One standing document, under the voucher that books it."""
	place = (row.voucher_type, row.voucher_no)
	voucher = found.setdefault(place, Voucher(*place, getdate(row.tax_point)))
	sign = -1 if row.type_code == DocumentType.CREDIT_NOTE.value else 1
	voucher.documents += 1
	voucher.stated += sign * money(Decimal(row.vat_total or "0"))
	voucher.advances += money(exact(row.advances) * exact(row.sar_rate))
	voucher.refused += row.zatca_state == State.REJECTED.value


def invoices(company: str, first: Any, last: Any) -> list[Any]:
	"""The standing documents of posted invoices; a till's sale under the invoice that consolidates it."""
	asked = {"company": company, "first": first, "last": last}
	sales = frappe.db.sql(
		"""select 'Sales Invoice' as voucher_type, invoice.name as voucher_no,
			ifnull(invoice.zatca_vat_date, invoice.posting_date) as tax_point, invoice.zatca_state,
			document.type_code, document.vat_total,
			if(invoice.currency = 'SAR', 1, ifnull(nullif(invoice.zatca_sar_rate, 0), invoice.conversion_rate)) as sar_rate,
			(select sum(if(ifnull(part.tax, 0) != 0, part.tax, round(part.taxable * part.vat_rate / 100, 2)))
				from `tabZATCA Prepayment` part
				where part.parent = invoice.name and part.vat_category = 'Standard Rated') as advances
		from `tabSales Invoice` invoice join `tabZATCA Document` document on document.name = invoice.zatca_uuid
		where invoice.company = %(company)s and invoice.docstatus = 1
			and ifnull(invoice.zatca_vat_date, invoice.posting_date) between %(first)s and %(last)s""",
		asked,
		as_dict=True,
	)
	till = frappe.db.sql(
		"""select if(ifnull(sale.consolidated_invoice, '') = '', 'POS Invoice', 'Sales Invoice') as voucher_type,
			ifnull(nullif(sale.consolidated_invoice, ''), sale.name) as voucher_no,
			ifnull(sale.zatca_vat_date, sale.posting_date) as tax_point, sale.zatca_state,
			document.type_code, document.vat_total, 0 as advances, 1 as sar_rate
		from `tabPOS Invoice` sale join `tabZATCA Document` document on document.name = sale.zatca_uuid
		where sale.company = %(company)s and sale.docstatus = 1
			and ifnull(sale.zatca_vat_date, sale.posting_date) between %(first)s and %(last)s""",
		asked,
		as_dict=True,
	)
	return [*sales, *till]


def entries(company: str, first: Any, last: Any) -> list[Any]:
	"""What stands on the output VAT account: of an invoice by its tax point, of anything else by its posting date.

	The consolidation of a till's sales has the tax point of those sales.
	"""
	account = settings_of(company).get("output_vat_account")
	if not account:
		return []
	return frappe.db.sql(
		"""select voucher_type, voucher_no, tax_point, sum(credit) - sum(debit) as booked from (
			select entry.voucher_type, entry.voucher_no, entry.credit, entry.debit,
				coalesce(
					if(invoice.is_consolidated = 1,
						(select min(ifnull(sale.zatca_vat_date, sale.posting_date)) from `tabPOS Invoice` sale
							where sale.consolidated_invoice = invoice.name), null),
					invoice.zatca_vat_date, entry.posting_date) as tax_point
			from `tabGL Entry` entry
			left join `tabSales Invoice` invoice
				on entry.voucher_type = 'Sales Invoice' and invoice.name = entry.voucher_no
			where entry.company = %(company)s and entry.account = %(account)s and entry.is_cancelled = 0
		) booked where tax_point between %(first)s and %(last)s
		group by voucher_type, voucher_no, tax_point""",
		{"company": company, "account": account, "first": first, "last": last},
		as_dict=True,
	)


def by_month(found: Iterable[Voucher]) -> list[dict[str, Any]]:
	"""Sums a month; what the books hold without any document stands apart, for it explains most differences."""
	months: dict[date, dict[str, Any]] = {}
	for voucher in found:
		row = months.setdefault(
			voucher.tax_point.replace(day=1),
			{
				"documents": 0,
				"stated": NIL,
				"advances": NIL,
				"booked": NIL,
				"other": NIL,
				"difference": NIL,
				"refused": 0,
			},
		)
		row["documents"] += voucher.documents
		row["stated"] += voucher.stated
		row["advances"] += voucher.advances
		row["refused"] += voucher.refused
		if voucher.documents:
			row["booked"] += voucher.booked
			row["difference"] += voucher.difference
		else:
			row["other"] += voucher.booked
	return [
		{
			"period": month,
			**{key: float(value) if isinstance(value, Decimal) else value for key, value in row.items()},
			"declared": float(row["stated"] - row["advances"]),
		}
		for month, row in sorted(months.items())
	]
