"""Prices of a quotation: missing, zero, below the price list or below what the goods cost, by the company's tolerance.

Takes a Quotation; gives points with their rows. Never tells a sales rep what something costs, only that the price lies below.
Three queries at most, however many rows. Source: WORKFLOW.md, step 1; the tolerances are the company's (ZATCA Settings).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, getdate

from bayancore_erp.invoice_to_cash.adapter.points import ERROR, WARNING, Case, Point
from bayancore_erp.zatca.adapter.mapper import Place
from bayancore_erp.zatca.adapter.mapper.figures import exact

HUNDRED = Decimal(100)
ZERO = Decimal(0)


def check_prices(case: Case) -> Iterator[Point]:
	"""Every row that is sold, with at most one point each."""
	doc, settings = case.doc, case.facts.settings
	rows = [row for row in case.invoice.get("items") if not cint(row.get("is_free_item"))]
	costs = costs_of({row.get("item_code") for row in rows} - {None, ""}, doc.company)
	lists = listed_prices(doc, [row for row in rows if not row.get("price_list_rate")])
	for row in rows:
		listed = exact(row.get("price_list_rate")) or lists.get((row.get("item_code"), row.get("uom")), ZERO)
		found = price_of(row, settings, listed, costs.get(row.get("item_code"), ZERO))
		if found:
			code, severity, text = found
			yield Point(code, text, severity, Place(doc.doctype, doc.name, "rate", row.idx, "items"))


def price_of(row: Any, settings: Any, listed: Decimal, cost: Decimal) -> tuple[str, str, str] | None:
	"""Code, severity and sentence of what is wrong with one price."""
	rate = exact(row.get("rate"))
	name = row.get("item_name") or row.get("item_code")
	if not rate and not listed:
		return (
			"ITC-PRICE-MISSING",
			ERROR,
			_("Line {0}: {1} has no price. Enter one, or add it to the price list.").format(row.idx, name),
		)
	if rate <= ZERO:
		return (
			"ITC-PRICE-ZERO",
			WARNING,
			_("Line {0}: {1} is given away for nothing. Check whether this is meant.").format(row.idx, name),
		)
	if listed and rate < listed * share(settings.get("price_list_tolerance")):
		below = ((listed - rate) / listed * HUNDRED).quantize(Decimal("0.1"))
		return (
			"ITC-PRICE-BELOW-LIST",
			WARNING,
			_("Line {0}: {1} is {2} % below the price list.").format(row.idx, name, below),
		)
	net = exact(row.get("base_net_rate")) / (exact(row.get("conversion_factor")) or Decimal(1))
	if cost and net < cost * share(settings.get("cost_tolerance")):
		return (
			"ITC-PRICE-BELOW-COST",
			WARNING,
			_("Line {0}: {1} is sold below its cost. Check the price and the discount.").format(
				row.idx, name
			),
		)
	return None


def share(tolerance: Any) -> Decimal:
	"""The least part of a price that needs no question, for a tolerance in per cent."""
	return (HUNDRED - exact(tolerance)) / HUNDRED


def listed_prices(doc: Any, rows: list[Any]) -> dict[tuple[str, str], Decimal]:
	"""What the quotation's price list says by item and unit, for rows that were not made in the form and do not name it.

	Prices for one customer or one batch, and lists in another currency, are left aside: nobody knows whether they are meant.
	"""
	if not rows or not doc.get("selling_price_list"):
		return {}
	today = getdate(doc.get("transaction_date"))
	found: dict[tuple[str, str], Decimal] = {}
	for price in frappe.get_all(
		"Item Price",
		filters={
			"price_list": doc.selling_price_list,
			"item_code": ("in", list({row.get("item_code") for row in rows})),
			"currency": doc.currency,
			"customer": ("is", "not set"),
			"batch_no": ("is", "not set"),
		},
		fields=["item_code", "uom", "price_list_rate", "valid_from", "valid_upto"],
		order_by="valid_from",
	):
		begun = not price.valid_from or getdate(price.valid_from) <= today
		ended = price.valid_upto and getdate(price.valid_upto) < today
		if begun and not ended:
			found[price.item_code, price.uom] = exact(price.price_list_rate)
	return found


def costs_of(items: set[str], company: str) -> dict[str, Decimal]:
	"""What one stock unit of each item costs: the average of what lies in the company's warehouses, else the item's own rate."""
	if not items:
		return {}
	bin_, warehouse = frappe.qb.DocType("Bin"), frappe.qb.DocType("Warehouse")
	held = (
		frappe.qb.from_(bin_)
		.join(warehouse)
		.on(warehouse.name == bin_.warehouse)
		.where(bin_.item_code.isin(list(items)) & (warehouse.company == company) & (bin_.actual_qty > 0))
		.groupby(bin_.item_code)
		.select(
			bin_.item_code,
			frappe.query_builder.functions.Sum(bin_.stock_value).as_("value"),
			frappe.query_builder.functions.Sum(bin_.actual_qty).as_("quantity"),
		)
	).run(as_dict=True)
	found = {row.item_code: exact(row.value) / exact(row.quantity) for row in held}
	others = items - set(found)
	if others:
		for row in frappe.get_all(
			"Item", filters={"name": ("in", list(others))}, fields=["name", "valuation_rate"]
		):
			found[row.name] = exact(row.valuation_rate)
	return found
