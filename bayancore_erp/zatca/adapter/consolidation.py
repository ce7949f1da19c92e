"""The sum a till's closing puts into the ledger is the sum of its signed sales, to the halala.

Takes a consolidated Sales Invoice after ERPNext's own validation, which computes its rows anew from rounded prices; puts back
what the POS invoices say: each row's net amount, the VAT, the rounding. In memory only; nothing of it is ever sent.
Sources: DESIGN.md, promise 7; FRAPPE.md section 3 (POS Invoice makes no GL entry; the merge does).
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import frappe
from frappe.utils import cint
from pypika.functions import Coalesce

from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.core.money import round2, total


def hold(doc: Any) -> None:
	"""Before validation: whenever ERPNext computes the sum anew, it is put back at once, for ERPNext then compares it with the cash."""
	if not cint(doc.get("is_consolidated")) or not cint(settings_of(doc.company).get("enabled")):
		return
	if not is_made_by_a_closing(doc):
		doc.is_consolidated = 0  # whoever else says so would book a sale that nobody issued
		return
	# as the till's profile says, ERPNext would round the sum to the whole riyal; the sales carry their own rounding
	doc.disable_rounded_total = 1
	doc.calculate_taxes_and_totals = partial(computed_and_restored, doc)


def is_made_by_a_closing(doc: Any) -> bool:
	"""Whether every row is of a sale that a submitted POS Invoice Merge Log sums up here, and nowhere else."""
	sales = {row.get("pos_invoice") for row in doc.get("items") or []}
	if not sales or None in sales:
		return False
	log, sale = frappe.qb.DocType("POS Invoice Reference"), frappe.qb.DocType("POS Invoice")
	summed = (
		frappe.qb.from_(log)
		.join(sale)
		.on(sale.name == log.pos_invoice)
		.select(sale.name)
		.distinct()
		.where((log.parenttype == "POS Invoice Merge Log") & (log.docstatus == 1) & (sale.docstatus == 1))
		.where(sale.name.isin(sales) & (sale.company == doc.company))
		.where(Coalesce(sale.consolidated_invoice, "").isin(["", doc.name or ""]))
	).run(pluck=True)
	return set(summed) == sales


def let_go(doc: Any) -> None:
	"""After validation."""
	doc.__dict__.pop("calculate_taxes_and_totals", None)


def computed_and_restored(doc: Any) -> None:
	"""ERPNext's own computation, then the sum of the parts."""
	type(doc).calculate_taxes_and_totals(doc)
	restore_sum(doc)


def restore_sum(doc: Any) -> None:
	"""Make the consolidated document the sum of its parts. Leaves one alone that names none."""
	rows = doc.get("items") or []
	parts = {row.get("pos_invoice_item"): row for row in rows if row.get("pos_invoice_item")}
	if not parts or len(parts) != len(rows):
		return
	sources = {
		source.name: source
		for source in frappe.get_all(
			"POS Invoice Item",
			filters={"name": ("in", list(parts))},
			fields=["name", "net_amount", "base_net_amount"],
			limit_page_length=0,
		)
	}
	for name, row in parts.items():
		source = sources[name]
		net, base = as_float(money(source.net_amount)), as_float(money(source.base_net_amount))
		row.update({"amount": net, "net_amount": net, "base_amount": base, "base_net_amount": base})
	sales = frappe.get_all(
		"POS Invoice",
		filters={"name": ("in", sorted({row.get("pos_invoice") for row in rows}))},
		fields=["rounding_adjustment", "base_rounding_adjustment"],
		limit_page_length=0,
	)
	sum_up(
		doc,
		total(money(sale.rounding_adjustment) for sale in sales),
		total(money(sale.base_rounding_adjustment) for sale in sales),
	)


def sum_up(doc: Any, rounding: Decimal, base_rounding: Decimal) -> None:
	"""Everything that is a sum of rows, with a rounding that is stated."""
	items, taxes = doc.get("items"), doc.get("taxes") or []
	rate = exact(doc.get("conversion_rate") or 1)
	net, base_net = (
		total(money(row.get(field)) for row in items) for field in ("net_amount", "base_net_amount")
	)
	doc.total, doc.net_total = as_float(net), as_float(net)
	doc.base_total, doc.base_net_total = as_float(base_net), as_float(base_net)
	running, base_running = net, base_net
	for row in taxes:
		amount = money(row.tax_amount)
		base = money(row.base_tax_amount) or round2(amount * rate)
		row.tax_amount_after_discount_amount, row.base_tax_amount_after_discount_amount = (
			as_float(amount),
			as_float(base),
		)
		row.base_tax_amount = as_float(base)
		running, base_running = running + amount, base_running + base
		row.total, row.base_total = as_float(running), as_float(base_running)
	doc.total_taxes_and_charges = as_float(running - net)
	doc.base_total_taxes_and_charges = as_float(base_running - base_net)
	doc.grand_total, doc.base_grand_total = as_float(running), as_float(base_running)
	doc.rounding_adjustment, doc.base_rounding_adjustment = as_float(rounding), as_float(base_rounding)
	stated = rounding != NIL or not doc.is_rounded_total_disabled()
	doc.rounded_total = as_float(running + rounding) if stated else 0.0
	doc.base_rounded_total = as_float(base_running + base_rounding) if stated else 0.0


def as_float(amount: Decimal) -> float:
	"""For a field of Frappe's."""
	return round(float(amount), 2)
