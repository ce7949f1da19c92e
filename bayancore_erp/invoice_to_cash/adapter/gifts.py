"""What is given away for nothing, against the law's limits for gifts and samples: a recipient's year, and the company's.

Takes the points found on a document; where everything on it is free, gives the running figures in that point's words. What stands
on invoices and delivery notes is counted, at its price without VAT; what left the stock by an entry of its own is not known here.
Goods and services are added up together, which never says less than the law counts. Never writes.
Sources: VAT Implementing Regulations art. 15(2)-(6); TAX.md section 3.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import fmt_money, getdate

from bayancore_erp.invoice_to_cash.adapter.points import Case, Point
from bayancore_erp.invoice_to_cash.adapter.prices import costs_of
from bayancore_erp.zatca.adapter.fields import InvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact
from bayancore_erp.zatca.core.money import round2

EVERYTHING_FREE = "LAW-FREE-ALL"
A_HEAD, A_YEAR = Decimal(200), Decimal(50_000)
"""Riyals without VAT, in a calendar year."""
INCLUSIVE_RATE = Decimal("1.15")
# Where goods leave for nothing, and what of it repeats another of these documents or an earlier system.
GIVEN = {
	"Sales Invoice": "doc.is_opening != 'Yes' and doc.is_consolidated = 0 and ifnull(item.delivery_note, '') = ''",
	"POS Invoice": "doc.is_opening != 'Yes'",
	"Delivery Note": "ifnull(item.against_sales_invoice, '') = ''",
}


def counted(points: Iterable[Point], case: Case) -> Iterator[Point]:
	"""The same points; the one about a document on which everything is free tells how much was given away so far."""
	for point in points:
		if point.code == EVERYTHING_FREE and case.facts.in_riyals:
			place = point.place
			if case.doc.meta.has_field(InvoiceField.NOMINAL):
				place = place._replace(fieldname=InvoiceField.NOMINAL)
			yield replace(point, text=sentence(case), place=place)
		else:
			yield point


def sentence(case: Case) -> str:
	"""How much this recipient and everybody got this year, this document included, and what follows from it."""
	doc, invoice = case.doc, case.invoice
	day = getdate(invoice.get("posting_date"))
	rows = [row_as_given(doc, row) for row in invoice.get("items") or []]
	known = {} if doc.doctype == "Quotation" else {doc.doctype: doc.name}
	before = list(given_in(day, doc.company, known))
	prices = Prices([*rows, *before], doc.company)
	# at the till everybody is the same customer, and somebody else
	same = [row for row in before if row.customer == invoice.get("customer") and doc.doctype != "POS Invoice"]
	own = prices.total(rows)
	head, year = own + prices.total(same), own + prices.total(before)
	text = _(
		"Everything on it is free. {0} has received {1} in {2}, with this, of the {3} the law leaves untaxed for each recipient; all recipients together {4} of {5}."
	).format(
		invoice.get("customer_name") or invoice.get("customer"),
		riyals(head),
		day.year,
		riyals(A_HEAD),
		riyals(year),
		riyals(A_YEAR),
	)
	if prices.unknown:
		text += " " + _("{0} rows have no price anywhere and are not counted.").format(prices.unknown)
	if head > A_HEAD or year > A_YEAR:
		return (
			text
			+ " "
			+ _("That is too much: mark it as a nominal supply at its market value, for VAT is due.")
		)
	return text + " " + _("As a gift or sample it needs no tax invoice: a delivery note is enough.")


def riyals(amount: Decimal) -> str:
	"""For reading."""
	return fmt_money(float(amount), 2, "SAR")


def row_as_given(doc: Any, row: Any) -> Any:
	"""A row of the document in front of the reader, like those of `given_in`."""
	return frappe._dict(
		customer=doc.get("customer"),
		item_code=row.get("item_code"),
		qty=row.get("qty"),
		stock_qty=row.get("stock_qty") or row.get("qty"),
		price=row.get("base_price_list_rate"),
		inclusive=any(each.get("included_in_print_rate") for each in doc.get("taxes") or []),
	)


def given_in(day: date, company: str, but: dict[str, str]) -> Iterator[Any]:
	"""Rows of the year's submitted documents on which everything was free and no VAT was accounted for."""
	for doctype, only in GIVEN.items():
		yield from frappe.db.sql(
			f"""select doc.customer, item.item_code, item.qty, item.stock_qty, item.base_price_list_rate as price,
				exists (select name from `tabSales Taxes and Charges` tax
					where tax.parenttype = %(doctype)s and tax.parent = doc.name and tax.included_in_print_rate = 1) as inclusive
			from `tab{doctype}` doc
			join `tab{doctype} Item` item on item.parent = doc.name
			where doc.docstatus = 1 and doc.is_return = 0 and doc.base_net_total = 0 and doc.{InvoiceField.NOMINAL} = 0
				and doc.company = %(company)s and doc.name != %(but)s
				and doc.posting_date between %(first)s and %(last)s and item.qty > 0 and {only}""",
			{
				"doctype": doctype,
				"company": company,
				"but": but.get(doctype, ""),
				"first": day.replace(month=1, day=1),
				"last": day.replace(month=12, day=31),
			},
			as_dict=True,
		)


class Prices:
	"""What rows would sell for: their price list's price; else the item's price, else what it cost."""

	def __init__(self, rows: list[Any], company: str) -> None:
		items = {row.item_code for row in rows if row.item_code and not exact(row.price)}
		self.unknown = 0
		"""Rows nobody can put a value on."""
		self.listed: dict[str, Decimal] = {}
		for price in frappe.get_all(
			"Item Price",
			filters={"item_code": ("in", list(items)), "selling": 1, "currency": "SAR", "customer": ("is", "not set")},
			fields=["item_code", "price_list_rate"],
			order_by="valid_from",
		) if items else ():  # fmt: skip
			self.listed[price.item_code] = exact(price.price_list_rate)
		self.cost = costs_of(items - set(self.listed), company)
		self.unknown = sum(not self.value(row) for row in rows)

	def total(self, rows: list[Any]) -> Decimal:
		"""All of them."""
		return sum((self.value(row) for row in rows), NIL)

	def value(self, row: Any) -> Decimal:
		"""One row, without VAT."""
		price = exact(row.price) or self.listed.get(row.item_code, NIL)
		if price:
			return round2(exact(row.qty) * price / (INCLUSIVE_RATE if row.inclusive else 1))
		return round2(exact(row.stock_qty) * self.cost.get(row.item_code, NIL))
