"""Ledger = XML: what a document posts, against the totals of its tax invoice.

Takes a document with the entries it posted in this transaction or would post, and its lawful totals; gives every figure that
differs. Compares VAT and receivable and the balance, not income: deferred revenue, assets and write-offs move income lawfully.
Sources: DESIGN.md, promise 7; FRAPPE.md section 8.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.difference import LABELS, difference
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.mapper.figures import money
from bayancore_erp.zatca.adapter.mapper.mapping import Mapping as Mapped
from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.money import NIL

Entries = Mapping[str, Decimal]
"""Debit minus credit by account."""


def compare(doc: Any, totals: Totals, mapping: Mapped, moved: Entries) -> list[Problem]:
	"""Every difference between the document, its ledger entries and `totals`; empty where all three agree."""
	problems = [
		Problem(
			"ERP-LEDGER",
			_("{0}: the document says {1}, the tax invoice {2}.").format(
				_(LABELS[each.figure]), each.erpnext, each.lawful
			),
			field=f"totals.{each.figure}",
		)
		for each in difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
	]
	if doc.doctype != "Sales Invoice":
		return problems
	balance = sum(moved.values(), NIL)
	if balance:
		problems.append(Problem("ERP-LEDGER", _("The ledger entries do not balance: {0}.").format(balance)))
	heads = {row.account_head for row in mapping.taxes.vat_rows}
	expected = sum(
		(
			money(row.base_tax_amount_after_discount_amount)
			for row in doc.get("taxes") or []
			if row.account_head in heads
		),
		NIL,
	)
	posted = -sum((moved.get(head, NIL) for head in heads), NIL)
	if posted != expected:
		problems.append(
			Problem(
				"ERP-LEDGER",
				_("VAT: the ledger would show {0}, the document {1}.").format(posted, expected),
				field="totals.vat",
			)
		)
	owed, receivable = due(doc), moved.get(doc.debit_to, NIL)
	if is_plain(doc) and receivable != owed:
		problems.append(
			Problem(
				"ERP-LEDGER",
				_("Receivable: the ledger would show {0}, the document {1}.").format(receivable, owed),
				field="totals.payable",
			)
		)
	return problems


def due(doc: Any) -> Decimal:
	"""What the buyer owes by the document, in the company's currency."""
	rounded = doc.get("rounding_adjustment") and doc.get("base_rounded_total")
	return money(doc.base_rounded_total if rounded else doc.base_grand_total)


def is_plain(doc: Any) -> bool:
	"""Whether nothing but the sale moves its receivable: a till's payments, write-offs and points do so lawfully."""
	return not (doc.get("is_pos") or doc.get("write_off_amount") or doc.get("redeem_loyalty_points"))


def posted(doc: Any) -> Entries:
	"""Debit minus credit by account in the company's currency, as this transaction sees it."""
	return summed(
		frappe.db.sql(
			"""select account, debit, credit from `tabGL Entry`
			where voucher_type = %s and voucher_no = %s and is_cancelled = 0""",
			(doc.doctype, doc.name),
			as_dict=True,
		)
	)


def planned(doc: Any) -> Entries:
	"""The same, as ERPNext would post it."""
	return summed(doc.get_gl_entries() if doc.doctype == "Sales Invoice" else ())


def summed(rows: Iterable[Any]) -> Entries:
	"""Debit minus credit by account."""
	moved: dict[str, Decimal] = {}
	for row in rows:
		moved[row.account] = moved.get(row.account, NIL) + money(row.debit) - money(row.credit)
	return moved
