"""Making ERPNext's totals the lawful ones while the document is a draft: ledger = XML = QR.

Takes a draft with ERPNext's own amounts; `settle` writes the lawful amounts into ERPNext's own fields: the rows' net
amounts, the VAT row, and Rounding Adjustment for what no base can reach. What a customer pays at an inclusive price never
moves. Never settles what is no rounding: that is a mistake for a person to mend.

ERPNext computes all its amounts again on every validation, so the settlement follows each of them (`on_validate`), and
what it writes is what is posted: income from the rows, VAT from the tax rows, Round Off from Rounding Adjustment.
Sources: TAX.md section 1, decisions 1 and 2; DESIGN.md, promise 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import frappe
from erpnext.controllers.taxes_and_totals import calculate_taxes_and_totals
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter import consolidation
from bayancore_erp.zatca.adapter.deduction import book_at_their_rates, deduct_advances, deducting_rows
from bayancore_erp.zatca.adapter.difference import BOOKED, LABELS, Difference, difference
from bayancore_erp.zatca.adapter.fields import InvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import exact, money, sign_of
from bayancore_erp.zatca.adapter.mapper.mapping import (
	RIYADH,
	TILL_ROUNDING,
	Mapping,
	amount_of,
	map_document,
)
from bayancore_erp.zatca.adapter.mapper.preload import Facts, facts_of, settings_of
from bayancore_erp.zatca.adapter.mapper.scope import SkipCode, skip_of
from bayancore_erp.zatca.adapter.mapper.taxation import read_taxes
from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.money import NIL, round2, spread, total

__all__ = [
	"LABELS",
	"Difference",
	"NotRounding",
	"before_validate",
	"deduct_advances",
	"difference",
	"on_validate",
	"settle",
	"settle_draft",
]

HALALA = Decimal("0.01")
# Every row, and every row of taxes, is rounded once or twice by ERPNext.
SPARE_HALALAS = 4
AUTOMATIC = "Settle Automatically"


class NotRounding(InvalidInput):
	"""ERPNext's totals are further from the lawful ones than rounding can explain."""


def settle(
	doc: Any, *, issued_at: datetime | None = None, mapping: Mapping | None = None
) -> list[Difference]:
	"""Make the draft's amounts the lawful ones. Gives what was off before; empty where nothing was.

	Changes the document in memory only. Raises InvalidInvoice for what cannot be said, NotRounding where the difference is
	none of rounding: then a row is taxed otherwise than its template says, or a charge without VAT.
	"""
	mapping = mapping or map_document(doc, issued_at=issued_at or datetime.now(RIYADH))
	totals = calculate(mapping.invoice)
	found = difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
	if not found:
		return []
	refuse_what_is_no_rounding(doc, found, totals)
	sign = sign_of(doc)
	rate = exact(doc.get("conversion_rate") or 1)
	write_items(doc, mapping, totals, sign)
	write_vat(mapping, totals, sign, rate)
	write_totals(doc, mapping, totals, sign, rate)
	write_what_is_due(doc)
	return found


def refuse_what_is_no_rounding(doc: Any, found: Sequence[Difference], totals: Totals) -> None:
	"""Raise NotRounding for differences beyond one halala for each amount ERPNext rounds."""
	rate = exact(doc.get("conversion_rate") or 1)
	bound = HALALA * (len(doc.get("items") or []) + len(doc.get("taxes") or []) + SPARE_HALALAS)
	for each in found:
		if each.figure == "prepaid" and each.amount:
			raise NotRounding(
				_("The advances deducted are {0}, the taxes table takes off {1}.").format(
					each.lawful, each.erpnext
				),
				code="ERP-ADVANCE-ROWS",
				field="totals.prepaid",
				hint=_("Save the document again: the rows that deduct the advances are written then."),
			)
		limit = bound if each.figure not in BOOKED else bound * max(rate, Decimal(1))
		# VAT in SAR lawfully has a rate of its own, SAMA's or that of a note's original: ERPNext is held to the books'.
		lawful = round2(totals.vat * rate) if each.figure == "vat_sar" else each.lawful
		# Rounding to the whole riyal moves the payable by half of one; the other figures tell whether it is right.
		if each.figure not in ("payable", "rounding") and abs(each.erpnext - lawful) > limit:
			raise NotRounding(
				_("ERPNext's {0} is {1}, the lawful one {2}: that is no rounding.").format(
					_(LABELS[each.figure]), each.erpnext, lawful
				),
				code="ERP-NOT-ROUNDING",
				field="totals.vat" if each.figure in BOOKED else f"totals.{each.figure}",
				hint=_(
					"Check the rows of the taxes table: VAT stands after the charges it is due on (On Previous Row Total)."
				),
			)


def write_items(doc: Any, mapping: Mapping, totals: Totals, sign: int) -> None:
	"""The rows' net amounts, the additional discount taken off them as it is by category."""
	nets: dict[str, Decimal] = {}
	by_category: dict[tuple[str, str], list[int]] = {}
	for index, figures in enumerate(totals.lines):
		by_category.setdefault(category_key(figures.line.vat), []).append(index)
		nets[key_of(mapping.line_rows[index])] = figures.net
	for part in totals.allowance_charges:
		row = mapping.part_rows[part.source]
		if row is None:
			indexes = by_category[category_key(part.vat)]
			shares = spread(part.amount, [totals.lines[index].net for index in indexes])
			for index, share in zip(indexes, shares, strict=True):
				nets[key_of(mapping.line_rows[index])] -= share
		elif row.get("parentfield") == "items":
			nets[key_of(row)] = nets.get(key_of(row), NIL) - part.amount
	rows = doc.get("items")
	rate = exact(doc.get("conversion_rate") or 1)
	for row in rows:
		net = sign * nets[key_of(row)]
		if not mapping.taxes.inclusive:
			quantity = exact(row.qty)
			if quantity:
				amount = round2(quantity * exact(row.rate))
				row.amount, row.base_amount = as_float(amount), as_float(round2(amount * rate))
		if money(row.net_amount) == net:
			continue
		row.net_amount = as_float(net)
		if row.qty:
			row.net_rate = as_float(net / exact(row.qty), row.precision("net_rate"))
			row.base_net_rate = as_float(net * rate / exact(row.qty), row.precision("base_net_rate"))
	net_total = total(money(row.net_amount) for row in rows)
	bases = [round2(money(row.net_amount) * rate) for row in rows]
	largest = max(range(len(rows)), key=lambda index: abs(bases[index]))
	bases[largest] += round2(net_total * rate) - total(bases)
	for row, base in zip(rows, bases, strict=True):
		row.base_net_amount = as_float(base)


def write_vat(mapping: Mapping, totals: Totals, sign: int, rate: Decimal) -> None:
	"""The VAT rows: the halalas go to the largest. In riyals the VAT of deducted advances has the rate that VAT has."""
	rows = mapping.taxes.vat_rows
	if not rows:
		return
	largest = max(rows, key=lambda row: abs(money(row.tax_amount_after_discount_amount)))
	missing = sign * totals.vat - amount_of(rows)
	largest.tax_amount_after_discount_amount = as_float(
		money(largest.tax_amount_after_discount_amount) + missing
	)
	largest.tax_amount = as_float(money(largest.tax_amount) + missing)
	bases = {id(row): round2(money(row.tax_amount_after_discount_amount) * rate) for row in rows}
	if mapping.facts.in_riyals:
		bases[id(largest)] += sign * totals.vat_sar - total(bases.values())
	for row in rows:
		row.base_tax_amount_after_discount_amount = as_float(bases[id(row)])
		row.base_tax_amount = as_float(
			round2(money(row.tax_amount) * rate) if row is not largest else bases[id(row)]
		)
	if mapping.facts.in_riyals and mapping.invoice.sar_rate:
		heads = {row.account_head for row in rows}
		for row in mapping.taxes.prepayments:
			if row.account_head in heads:
				base = round2(money(row.tax_amount) * mapping.invoice.sar_rate)
				row.base_tax_amount = row.base_tax_amount_after_discount_amount = as_float(base)


def write_totals(doc: Any, mapping: Mapping, totals: Totals, sign: int, rate: Decimal) -> None:
	"""Everything that is a sum of rows. In the company's currency the parts, not the sum, are what is converted."""
	items, taxes = doc.get("items"), doc.get("taxes") or []
	net_total = total(money(row.net_amount) for row in items)
	doc.total = as_float(total(money(row.amount) for row in items))
	doc.base_total = as_float(total(money(row.base_amount) for row in items))
	doc.net_total, doc.base_net_total = as_float(net_total), as_float(round2(net_total * rate))
	running, base_running = net_total, round2(net_total * rate)
	for row in taxes:
		running += money(row.tax_amount_after_discount_amount)
		base_running += money(row.base_tax_amount_after_discount_amount)
		row.total, row.base_total = as_float(running), as_float(base_running)
	doc.total_taxes_and_charges = as_float(running - net_total)
	doc.base_total_taxes_and_charges = as_float(base_running - money(doc.base_net_total))
	doc.grand_total, doc.base_grand_total = as_float(running), as_float(base_running)
	rounding = sign * totals.rounding - amount_of(mapping.taxes.roundings)
	base_rounding = round2(rounding * rate)
	shown = bool(rounding or not doc.is_rounded_total_disabled())
	doc.rounding_adjustment, doc.base_rounding_adjustment = as_float(rounding), as_float(base_rounding)
	doc.rounded_total = as_float(running + rounding) if shown else 0.0
	doc.base_rounded_total = as_float(base_running + base_rounding) if shown else 0.0


def write_what_is_due(doc: Any) -> None:
	"""Outstanding amount, payment schedule and the amount in words follow the totals."""
	if doc.doctype == "Sales Invoice":
		if doc.get("is_pos") and doc.get("is_return"):
			due, paid = money(doc.rounded_total or doc.grand_total), money(doc.paid_amount)
			if NIL < abs(due - paid) <= TILL_ROUNDING:
				pay(doc, due)
		follow(doc).calculate_outstanding_amount()
		if not doc.get("is_return"):
			doc.set_payment_schedule()
	doc.set_total_in_words()


def keep_refund(doc: Any) -> None:
	"""A till's return pays back what its settled sale was paid, though ERPNext's own total may be a halala less.

	ERPNext would take the difference for a payment that is missing, put it in place of the refund, and refuse it for its sign:
	as soon as the return is made from the sale, and at each validation. Until `on_validate`.
	"""
	if (
		doc.doctype == "Sales Invoice"
		and doc.get("is_pos")
		and doc.get("is_return")
		and not doc.is_consolidated
	):
		doc.calculate_taxes_and_totals = partial(calculate_with_refund, doc, list(doc.get("payments") or []))


def calculate_with_refund(doc: Any, refund: list[Any]) -> None:
	"""ERPNext's calculation, and all of its total as the refund where no more than the till's rounding is between the two.

	It holds the refund against its own total; `write_what_is_due` makes it the settled one.
	"""
	type(doc).calculate_taxes_and_totals(doc)
	due, paid = money(doc.rounded_total or doc.grand_total), total(money(row.amount) for row in refund)
	if NIL < paid <= TILL_ROUNDING or abs(due - paid) <= TILL_ROUNDING:
		doc.set("payments", refund)
		pay(doc, due)


def pay(doc: Any, amount: Decimal) -> None:
	"""Have the payments add up to `amount`: the largest one takes the difference."""
	rows = doc.get("payments") or []
	if rows:
		largest = max(rows, key=lambda row: abs(money(row.amount)))
		largest.amount = as_float(money(largest.amount) + amount - total(money(row.amount) for row in rows))
		follow(doc).calculate_paid_amount()


def keep_advances(doc: Any) -> None:
	"""A discount on the grand total is one on what is sold, and an advance keeps its rate, whatever ERPNext makes of the rows.

	Until `on_validate`.
	"""
	if deducting_rows(doc):
		doc.calculate_taxes_and_totals = partial(calculate_with_advances, doc)


def calculate_with_advances(doc: Any) -> None:
	"""ERPNext's calculation, its discount taken before the advances are, and those booked as they came in."""
	BeforeAdvances(doc)
	book_at_their_rates(doc)
	doc.calculate_commission()
	doc.calculate_contribution()


class BeforeAdvances(calculate_taxes_and_totals):  # type: ignore[misc]
	"""ERPNext takes a percentage of its grand total, from which the rows of the advances are deducted by then."""

	def set_discount_amount(self) -> None:
		"""Of the grand total without them, which a fixed amount may not exceed either."""
		due = self.doc.grand_total
		self.doc.grand_total = as_float(money(due) - amount_of(deducting_rows(self.doc)))
		super().set_discount_amount()
		self.doc.grand_total = due


def follow(doc: Any) -> Any:
	"""ERPNext's calculation of a document, of which nothing has run yet."""
	follower = calculate_taxes_and_totals.__new__(calculate_taxes_and_totals)
	follower.doc, follower._items = doc, doc.get("items")
	return follower


def before_validate(doc: Any, method: str | None = None) -> None:
	"""Before ERPNext computes: what its own calculation has to know."""
	deduct_advances(doc)
	keep_advances(doc)
	keep_refund(doc)


def on_validate(doc: Any, method: str | None = None) -> None:
	"""After ERPNext's own validation: settle, or show the difference for a person to settle with one click.

	Settled without asking: where the company says so, where the click asked for it (`doc.flags.zatca_settle`), and where
	the stored draft already shows these very totals, so that nothing moves under anybody's eyes.
	"""
	consolidation.let_go(doc)
	if not cint(settings_of(doc.company).get("enabled")) or doc.docstatus > 1 or not doc.get("items"):
		return
	facts = facts_of(doc)
	skip = skip_of(doc, facts)
	if skip:
		doc.set(InvoiceField.DIFFERENCE, 0)
		if skip.code is SkipCode.CONSOLIDATED:
			consolidation.restore_sum(doc)
			write_what_is_due(doc)
		return
	try:
		mapping = map_document(doc, issued_at=datetime.now(RIYADH), facts=facts)
		totals = calculate(mapping.invoice)
		found = difference(doc, totals, taxes=mapping.taxes, facts=facts)
		if found and wanted(doc, facts, mapping, totals):
			settle(doc, mapping=mapping)
			found = []
	except InvalidInput:
		# Readiness names it, with its field; a draft may be saved all the same.
		return
	doc.set(InvoiceField.DIFFERENCE, as_float(max((each.amount for each in found), key=abs, default=NIL)))


def wanted(doc: Any, facts: Facts, mapping: Mapping, totals: Totals) -> bool:
	"""Whether to settle now."""
	if doc.flags.zatca_settle or facts.settings.get("settle_differences") == AUTOMATIC:
		return True
	before = doc.get_doc_before_save()
	return bool(before) and not difference(before, totals, taxes=read_taxes(before, facts), facts=facts)


@frappe.whitelist(methods=["POST"])
def settle_draft(doctype: str, name: str) -> list[dict[str, str]]:
	"""The one click: settle a draft and save it. Gives each figure with what it was and is. Permission: write."""
	if doctype not in ("Sales Invoice", "POS Invoice"):
		frappe.throw(_("{0} carries no tax invoice.").format(doctype))
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("write")
	if doc.docstatus != 0:
		frappe.throw(_("Only a draft can be settled."))
	try:
		mapping = map_document(doc, issued_at=datetime.now(RIYADH))
		totals = calculate(mapping.invoice)
		found = difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
		refuse_what_is_no_rounding(doc, found, totals)
	except InvalidInput as problem:
		frappe.throw(problem.diagnostics())
	doc.flags.zatca_settle = True
	doc.save()
	return [
		{"figure": _(LABELS[one.figure]), "was": str(one.erpnext), "is": str(one.lawful)} for one in found
	]


def key_of(row: Any) -> str:
	"""What tells a row from its siblings: it may not have a name yet."""
	return f"{row.idx}"


def category_key(vat: Any) -> tuple[str, str]:
	"""Category and rate."""
	return vat.category.value, str(vat.rate.normalize())


def as_float(amount: Decimal, places: int = 2) -> float:
	"""For a field of Frappe's."""
	return round(float(amount), places)
