"""Advances: what each prepayment invoice holds by VAT category, what later documents took of it, and what is left to deduct.

Takes prepayment invoices (386) or an invoice that might deduct them; gives amounts by category, rows for its prepayments table,
and problems where it takes more than is left or more than it sells. A document counts once it is signed. Never writes, save
`propose`, which fills the table of a draft in memory.
Sources: Detailed Guideline p. 41-43; TAX.md sections 2 and 3.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.fields import (
	CATEGORY_NAME,
	CATEGORY_OF,
	InvoiceItemField,
	ItemTaxTemplateField,
	SalesInvoiceField,
	TaxTemplateField,
)
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.remaining import UNDER_WAY, MoreThanLeft
from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.money import round2, total

INVOICE = "Sales Invoice"
STANDARD = CATEGORY_NAME[VatCategory.STANDARD]


class Key(NamedTuple):
	"""What KSA-30 … KSA-34 keep apart: VAT category and exemption code."""

	category: str
	code: str = ""


@dataclass(slots=True)
class Part:
	"""One VAT category of a prepayment invoice; positive, in its currency."""

	taxable: Decimal = NIL
	tax: Decimal = NIL
	credited: Decimal = NIL
	credited_tax: Decimal = NIL
	deducted: Decimal = NIL
	deducted_tax: Decimal = NIL
	rate: Decimal = NIL

	@property
	def left(self) -> Decimal:
		"""Net amount nobody has taken yet."""
		return self.taxable - self.credited - self.deducted

	@property
	def left_tax(self) -> Decimal:
		"""Its VAT."""
		return self.tax - self.credited_tax - self.deducted_tax


@dataclass(slots=True)
class Advance:
	"""A prepayment invoice and what became of it."""

	name: str
	customer: str
	currency: str
	posting_date: Any
	orders: list[str] = field(default_factory=list)
	payment_entry: str = ""
	parts: dict[Key, Part] = field(default_factory=dict)

	@property
	def left(self) -> Decimal:
		"""With VAT."""
		return total(
			(*(part.left for part in self.parts.values()), *(part.left_tax for part in self.parts.values()))
		)


FIELDS = (
	"name",
	"customer",
	"currency",
	"posting_date",
	"posting_time",
	"taxes_and_charges",
	"total_taxes_and_charges",
	SalesInvoiceField.PAYMENT_ENTRY,
)


def issued(**filters: Any) -> list[Any]:
	"""The posted prepayment invoices, oldest first."""
	return frappe.get_all(
		INVOICE,
		filters={SalesInvoiceField.IS_PREPAYMENT: 1, "docstatus": 1, "is_return": 0, **filters},
		fields=list(FIELDS),
		order_by="posting_date, posting_time, name",
		limit_page_length=0,
	)


def standing(rows: Iterable[Any], besides: str = "", lock: bool = False) -> dict[str, Advance]:
	"""Prepayment invoices by name with what is left of them; `besides`: a document that does not count. Five queries."""
	headers = list(rows)
	found = {
		row.name: Advance(
			row.name,
			row.customer,
			row.currency,
			row.posting_date,
			payment_entry=row.get(SalesInvoiceField.PAYMENT_ENTRY) or "",
		)
		for row in headers
	}
	if not found:
		return found
	for name, key, net, orders in nets_of(headers):
		advance = found[name]
		part = advance.parts.setdefault(key, Part())
		part.taxable += net
		advance.orders += [order for order in orders if order not in advance.orders]
	for row in headers:
		taxed = found[row.name].parts.get(Key(STANDARD))
		if taxed:
			taxed.tax = abs(money(row.total_taxes_and_charges))
			taxed.rate = Decimal("15")
	credit(found, besides, lock)
	deduct(found, besides, lock)
	return found


def nets_of(headers: list[Any]) -> Iterable[tuple[str, Key, Decimal, list[str]]]:
	"""Net amount by line of invoices: name, category, amount, the order it is on."""
	templates = {row.name: row.get("taxes_and_charges") for row in headers}
	lines = frappe.get_all(
		f"{INVOICE} Item",
		filters={"parent": ("in", list(templates)), "parenttype": INVOICE},
		fields=[
			"parent",
			"net_amount",
			"sales_order",
			"item_tax_template",
			InvoiceItemField.VAT_CATEGORY,
			InvoiceItemField.EXEMPTION_CODE,
		],
		order_by="parent, idx",
		limit_page_length=0,
	)
	by_item = categories("Item Tax Template", {row.item_tax_template for row in lines})
	by_document = categories("Sales Taxes and Charges Template", set(templates.values()))
	for row in lines:
		own = Key(
			row.get(InvoiceItemField.VAT_CATEGORY) or "", row.get(InvoiceItemField.EXEMPTION_CODE) or ""
		)
		template = by_item.get(row.item_tax_template) or by_document.get(templates[row.parent] or "")
		key = own if own.category else template or Key(STANDARD)
		if key.category == STANDARD:
			key = Key(STANDARD)
		yield row.parent, key, abs(money(row.net_amount)), [row.sales_order] if row.sales_order else []


def categories(doctype: str, names: set[Any]) -> dict[str, Key]:
	"""What tax templates say about VAT."""
	wanted = sorted(name for name in names if name)
	if not wanted:
		return {}
	assert ItemTaxTemplateField.VAT_CATEGORY == TaxTemplateField.VAT_CATEGORY
	rows = frappe.get_all(
		doctype,
		filters={"name": ("in", wanted)},
		fields=["name", ItemTaxTemplateField.VAT_CATEGORY, ItemTaxTemplateField.EXEMPTION_CODE],
	)
	return {
		row.name: Key(row[ItemTaxTemplateField.VAT_CATEGORY], row[ItemTaxTemplateField.EXEMPTION_CODE] or "")
		for row in rows
		if row[ItemTaxTemplateField.VAT_CATEGORY]
	}


COUNTS = """(docstatus = 1 or (docstatus = 0 and zatca_state in %(under_way)s and ifnull(zatca_document, '') != ''))"""


def credit(found: dict[str, Advance], besides: str, lock: bool) -> None:
	"""Credit notes: the money went back."""
	notes = frappe.db.sql(
		f"""select name, return_against, taxes_and_charges, total_taxes_and_charges from `tab{INVOICE}`
		where return_against in %(names)s and is_return = 1 and name != %(besides)s and {COUNTS}
		{"for update" if lock else ""}""",
		{"names": sorted(found), "besides": besides, "under_way": UNDER_WAY},
		as_dict=True,
	)
	against = {note.name: note.return_against for note in notes}
	if not notes:
		return
	for name, key, net, _orders in nets_of(notes):
		found[against[name]].parts.setdefault(key, Part()).credited += net
	for note in notes:
		part = found[note.return_against].parts.get(Key(STANDARD))
		if part:
			part.credited_tax += abs(money(note.total_taxes_and_charges))


def deduct(found: dict[str, Advance], besides: str, lock: bool) -> None:
	"""Final invoices: the supply came."""
	rows = frappe.db.sql(
		f"""select part.prepayment_invoice, part.vat_category, part.vat_rate, part.exemption_code, part.taxable, part.tax
		from `tabZATCA Prepayment` part join `tab{INVOICE}` invoice on invoice.name = part.parent
		where part.prepayment_invoice in %(names)s and part.parent != %(besides)s
			and {COUNTS.replace("docstatus", "invoice.docstatus")}
		{"for update" if lock else ""}""",
		{"names": sorted(found), "besides": besides, "under_way": UNDER_WAY},
		as_dict=True,
	)
	for row in rows:
		part = found[row.prepayment_invoice].parts.setdefault(key_of(row), Part())
		part.deducted += money(row.taxable)
		part.deducted_tax += tax_of(row)


def key_of(row: Any) -> Key:
	"""The category a row of the prepayments table is about."""
	category = row.get("vat_category") or STANDARD
	return Key(STANDARD) if category == STANDARD else Key(category, row.get("exemption_code") or "")


def tax_of(row: Any) -> Decimal:
	"""KSA-32 of a row of the prepayments table."""
	if key_of(row).category != STANDARD:
		return NIL
	return money(row.get("tax")) if row.get("tax") else round2(money(row.taxable) * exact(row.vat_rate) / 100)


# --- for an invoice that deducts --------------------------------------------------------------------------------------
def can_deduct(doc: Any) -> bool:
	"""Only an ordinary sales invoice deducts advances (Guideline p. 41)."""
	return bool(
		doc.doctype == INVOICE
		and not doc.get("is_return")
		and not cint(doc.get("is_debit_note"))
		and not cint(doc.get(SalesInvoiceField.IS_PREPAYMENT))
		and not cint(doc.get("is_pos"))
		and not cint(doc.get("is_consolidated"))
	)


def proposals(doc: Any, *, of_its_orders: bool) -> list[dict[str, Any]]:
	"""Rows for the prepayments table: this customer's open advances, oldest first, up to what the document sells.

	`of_its_orders`: only advances on the sales orders it bills. What an advance holds above that stays open (Guideline p. 43).
	"""
	if not can_deduct(doc) or not doc.get("customer"):
		return []
	orders = orders_of(doc)
	if of_its_orders and not orders:
		return []
	known = issued(**whose(doc))
	room = sold_by_category(doc) if known else {}
	rows = []
	for advance in standing(known, besides=str(doc.get("name") or "")).values():
		if of_its_orders and not orders & set(advance.orders):
			continue
		for key, part in advance.parts.items():
			taxable = min(part.left, room.get(key, NIL))
			if taxable <= NIL:
				continue
			room[key] -= taxable
			whole = taxable == part.left
			rows.append(
				{
					"prepayment_invoice": advance.name,
					"vat_category": key.category,
					"vat_rate": float(part.rate),
					"exemption_code": key.code or None,
					"taxable": float(taxable),
					"tax": float(part.left_tax if whole else round2(taxable * part.rate / 100)),
				}
			)
	return rows


def whose(doc: Any) -> dict[str, Any]:
	"""Which advances an invoice may deduct at all."""
	return {key: doc.get(key) for key in ("company", "customer", "currency")}


def orders_of(doc: Any) -> set[str]:
	"""The sales orders it bills."""
	return {row.get("sales_order") for row in doc.get("items") or []} - {None, ""}


def forgotten(doc: Any) -> str:
	"""A sentence where advances stand open on the orders of an invoice that deducts none; empty otherwise."""
	if doc.get(SalesInvoiceField.PREPAYMENTS) or doc.get("docstatus") != 0:
		return ""
	names = sorted({row["prepayment_invoice"] for row in proposals(doc, of_its_orders=True)})
	if not names:
		return ""
	return _("VAT was paid on an advance for this order already ({0}), and it is not deducted here.").format(
		", ".join(names)
	)


def sold_by_category(doc: Any) -> dict[Key, Decimal]:
	"""What a draft sells, net, by category."""
	template = doc.get("taxes_and_charges")
	by_item = categories(
		"Item Tax Template", {row.get("item_tax_template") for row in doc.get("items") or []}
	)
	by_document = categories("Sales Taxes and Charges Template", {template}).get(template or "")
	sold: dict[Key, Decimal] = {}
	for row in doc.get("items") or []:
		own = Key(
			row.get(InvoiceItemField.VAT_CATEGORY) or "", row.get(InvoiceItemField.EXEMPTION_CODE) or ""
		)
		key = (
			own if own.category else by_item.get(row.get("item_tax_template")) or by_document or Key(STANDARD)
		)
		if key.category == STANDARD:
			key = Key(STANDARD)
		sold[key] = sold.get(key, NIL) + money(row.get("net_amount"))
	return sold


def propose(doc: Any) -> None:
	"""A new draft made from an order on which advances stand open deducts them; a person may take the rows out again."""
	if not doc.is_new() or doc.get(SalesInvoiceField.PREPAYMENTS) or not can_deduct(doc):
		return
	if not orders_of(doc) or not issued(**whose(doc)):
		return
	doc.run_method("calculate_taxes_and_totals")
	for row in proposals(doc, of_its_orders=True):
		doc.append(SalesInvoiceField.PREPAYMENTS, row)


def beyond(doc: Any, totals: Totals | None = None, *, lock: bool = False) -> list[tuple[int, str]]:
	"""Rows of the prepayments table that take more than is left, or more than the document sells: index, sentence."""
	rows = doc.get(SalesInvoiceField.PREPAYMENTS) or []
	linked = [row for row in rows if row.get("prepayment_invoice")]
	found: list[tuple[int, str]] = []
	if linked:
		names = sorted({row.prepayment_invoice for row in linked})
		open_ones = standing(issued(name=("in", names)), besides=str(doc.get("name") or ""), lock=lock)
		taken: dict[tuple[str, Key], Decimal] = {}
		for index, row in enumerate(rows):
			if row.get("prepayment_invoice") not in open_ones:
				continue
			place = (row.prepayment_invoice, key_of(row))
			taken[place] = taken.get(place, NIL) + money(row.taxable)
			part = open_ones[place[0]].parts.get(place[1], Part())
			if taken[place] > part.left:
				found.append(
					(
						index,
						_(
							"Row {0} of the prepayments: {1} without VAT are deducted, {2} are left of {3} ({4})."
						).format(
							index + 1, taken[place], max(part.left, NIL), place[0], _(place[1].category)
						),
					)
				)
	if totals is not None and rows:
		found += more_than_sold(rows, totals)
	return found


def more_than_sold(rows: list[Any], totals: Totals) -> list[tuple[int, str]]:
	"""An advance is deducted up to what the invoice sells in its category; the rest stays open, or is refunded."""
	sold: dict[VatCategory, Decimal] = {}
	for each in totals.breakdown:
		sold[each.vat.category] = sold.get(each.vat.category, NIL) + each.taxable
	deducted: dict[VatCategory, Decimal] = {}
	found = []
	for index, row in enumerate(rows):
		category = CATEGORY_OF[key_of(row).category]
		deducted[category] = deducted.get(category, NIL) + money(row.taxable)
		if deducted[category] > sold.get(category, NIL):
			found.append(
				(
					index,
					_(
						"Row {0} of the prepayments: {1} without VAT are deducted, the invoice sells {2} ({3})."
					).format(
						index + 1, deducted[category], sold.get(category, NIL), _(CATEGORY_NAME[category])
					),
				)
			)
	return found


def require(doc: Any) -> None:
	"""Raise MoreThanLeft where another invoice deducted the same advance meanwhile; the advances stay locked until the commit."""
	names = sorted(
		{
			row.prepayment_invoice
			for row in doc.get(SalesInvoiceField.PREPAYMENTS) or []
			if row.get("prepayment_invoice")
		}
	)
	if not names:
		return
	frappe.db.sql(f"select name from `tab{INVOICE}` where name in %s order by name for update", [names])
	problems = beyond(doc, lock=True)
	if problems:
		index, sentence = problems[0]
		raise MoreThanLeft(
			sentence,
			code="LAW-ADVANCE-LEFT",
			field=f"prepayments[{index}].taxable",
			hint=_("Another invoice deducted it meanwhile. Lower the amount."),
		)
