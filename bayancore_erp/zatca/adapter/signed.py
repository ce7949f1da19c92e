"""What an invoice said when it was signed, and holding its document to that until it is posted.

Takes the snapshot stored with the signed bytes; compares a document's own fields with it, and puts them back. What other
records say now (a customer's name or address, an item's tax template, a unit's code, the settings) has no part in it: a
change of master data after clearance keeps nothing from being posted, and moves no amount. A link whose old target is gone
was renamed or merged, and is taken as it is. Never asks the mapper. Source: FRAPPE.md sections 2 (guard) and 8.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

import frappe
from erpnext.controllers.taxes_and_totals import calculate_taxes_and_totals
from frappe import _
from frappe.utils import flt, get_time

from bayancore_erp.zatca.adapter import journal
from bayancore_erp.zatca.adapter.fields import SalesInvoiceField, State
from bayancore_erp.zatca.adapter.records import live_key
from bayancore_erp.zatca.core.pipeline import RIYADH

# States in which a signed document may be posted as it is.
POSTABLE = (State.CLEARED_NOT_POSTED.value, State.CLEARANCE_PENDING.value)
# What the tax invoice and the ledger have in common. What ERPNext alone keeps (outstanding, status, stock, income accounts)
# is its own affair.
PARTIES = (
	"company",
	"customer",
	"customer_name",
	"tax_id",
	"customer_address",
	"address_display",
	"company_address",
)
SITUATION = (
	"posting_date", "posting_time", "set_posting_time", "is_return", "return_against", "is_debit_note", "is_opening",
	"po_no", "currency", "conversion_rate", "debit_to", "taxes_and_charges", "pos_profile", "is_pos",
)  # fmt: skip
TOTALS = (
	"apply_discount_on", "additional_discount_percentage", "discount_amount", "base_discount_amount", "total_qty",
	"total", "base_total", "net_total", "base_net_total", "total_taxes_and_charges", "base_total_taxes_and_charges",
	"grand_total", "base_grand_total", "disable_rounded_total", "rounding_adjustment", "base_rounding_adjustment",
	"rounded_total", "base_rounded_total",
)  # fmt: skip
LINE = (
	"item_code", "item_name", "description", "qty", "uom", "conversion_factor", "price_list_rate", "margin_type",
	"margin_rate_or_amount", "discount_percentage", "discount_amount", "distributed_discount_amount", "rate", "base_rate",
	"amount", "base_amount", "net_rate", "base_net_rate", "net_amount", "base_net_amount", "item_tax_template",
	"item_tax_rate", "delivery_note", "is_free_item",
)  # fmt: skip
TAX = (
	"charge_type", "row_id", "account_head", "description", "included_in_print_rate", "rate", "tax_amount",
	"base_tax_amount", "tax_amount_after_discount_amount", "base_tax_amount_after_discount_amount", "total", "base_total",
	"item_wise_tax_detail", "dont_recompute_tax",
)  # fmt: skip
TABLES = {"items": LINE, "taxes": TAX, SalesInvoiceField.PREPAYMENTS: ()}
_TEXTLESS = (None, "")
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Signed:
	"""One signed invoice: the document's row and submission, what the invoice said, and whether it is let out uncleared."""

	document: str
	submission: str
	said: Any
	released: bool = False


def approved(doctype: str, name: str) -> Signed | None:
	"""What may be posted for this invoice, as its live submission names it; None where there is nothing.

	ZATCA has accepted it, or a manager released it in an outage (`released_at`).
	"""
	row = frappe.db.get_value(
		journal.SUBMISSION,
		{"live_key": live_key(doctype, name), "state": ("in", POSTABLE)},
		["name", "document", "state", "released_at"],
		as_dict=True,
	)
	released = bool(row) and row.state == State.CLEARANCE_PENDING.value
	if released and not row.released_at:
		return None
	document = row and frappe.db.get_value(
		"ZATCA Document", row.document, ["name", "issued_at", "snapshot"], as_dict=True
	)
	if not document:
		return None
	said = frappe._dict(frappe.parse_json(document.snapshot))
	fix_posting_time(said, document.issued_at)
	return Signed(document.name, row.name, said, released)


def fix_posting_time(doc: Any, issued_at: Any) -> None:
	"""Posted dated as signed: ERPNext would set today's date on every validation otherwise, after midnight another one."""
	if not doc.get("set_posting_time"):
		moment = issued_at.astimezone(RIYADH) if issued_at.tzinfo else issued_at
		doc.set_posting_time = 1
		doc.posting_date = moment.date()
		doc.posting_time = moment.strftime("%H:%M:%S")


# --- comparing --------------------------------------------------------------------------------------------------------
def changes(doc: Any, said: Any) -> list[str]:
	"""Which of the invoice's own fields no longer say what they did, by their labels; rows with their table and number."""
	found = [
		_(doc.meta.get_label(name))
		for name in own(doc.meta, (*PARTIES, *SITUATION, *TOTALS))
		if differs(doc, said, name)
	]
	for table, names in tables(doc):
		label = _(doc.meta.get_label(table))
		before = {row.get("name"): row for row in said.get(table) or []}
		rows = doc.get(table) or []
		if [row.name for row in rows] != list(before):
			found.append(label)
			continue
		for row in rows:
			found += [
				f"{label} {row.idx}: {_(row.meta.get_label(name))}"
				for name in own(row.meta, names)
				if differs(row, before[row.name], name)
			]
	return found


def differs(now: Any, before: Any, name: str) -> bool:
	"""Whether one field says something else, a renamed record aside."""
	if alike(now.meta.get_field(name), now.get(name), before.get(name)):
		return False
	return not renamed(now.meta.get_field(name), before.get(name))


def alike(field: Any, one: Any, other: Any) -> bool:
	"""Whether two values are the same to the database."""
	if field.fieldtype in ("Currency", "Float", "Percent", "Int", "Check"):
		return abs(flt(one, _PLACES) - flt(other, _PLACES)) < 10**-_PLACES
	if one in _TEXTLESS or other in _TEXTLESS:
		return one in _TEXTLESS and other in _TEXTLESS
	if field.fieldtype == "Time":
		return to_the_second(one) == to_the_second(other)
	return str(one) == str(other)


def to_the_second(value: Any) -> time:
	"""The database gives a timedelta, a form text, a snapshot "16:51:7.5": Frappe's JSON pads no seconds that have fractions."""
	return get_time(value).replace(microsecond=0)


def renamed(field: Any, before: Any) -> bool:
	"""Whether a link pointed to a record that is there no more: nothing that is in use can be deleted."""
	return bool(field.fieldtype == "Link" and before and not frappe.db.exists(field.options, before))


# --- holding ----------------------------------------------------------------------------------------------------------
def put_back(doc: Any, said: Any) -> None:
	"""Make the invoice say again what it said, in memory."""
	restore(doc, said, own(doc.meta, (*PARTIES, *SITUATION, *TOTALS)))
	for table, names in tables(doc):
		before = said.get(table) or []
		if [row.name for row in doc.get(table) or []] != [row.get("name") for row in before]:
			rebuild(doc, table, before)
		for row, values in zip(doc.get(table) or [], before, strict=True):
			restore(row, values, own(row.meta, names))


def restore(now: Any, before: Any, names: Iterable[str]) -> None:
	"""Field by field, where something else stands."""
	for name in names:
		if differs(now, before, name):
			now.set(name, before.get(name))


def rebuild(doc: Any, table: str, before: list[Any]) -> None:
	"""The rows that were signed, each with its name; one that was taken out is inserted again."""
	present = {row.name: row for row in doc.get(table) or []}
	doc.set(table, [])
	for values in before:
		row = present.get(values.get("name"))
		doc.append(table, row if row is not None else {**values, "__islocal": 1, "docstatus": doc.docstatus})


# How ERPNext fills in what a document lacks, from its customer, the addresses, the price list, pricing rules and items.
ASKS = ("set_missing_item_details", "set_missing_lead_customer_details", "set_customer_address")


def keep_details(doc: Any) -> None:
	"""ERPNext asks nothing anew of a draft that was saved with all of that.

	It takes half of a submit of many rows, and could only change what somebody has looked at.
	"""
	for method in ASKS:
		setattr(doc, method, nothing)


def know_before(doc: Any, before: Any) -> None:
	"""What Frappe would read all of the document anew to know, when it is saved: how it is stored."""
	doc._doc_before_save, doc.load_doc_before_save = before, nothing


def hold(doc: Any, signed: Signed) -> None:
	"""From here to the end of this document's submit ERPNext computes no amount anew.

	By the document object itself: nothing that comes over an API can be a `Signed`, and no other document is touched.
	"""
	doc.flags.zatca_signed = signed
	doc.calculate_taxes_and_totals = nothing
	keep_details(doc)


def nothing(**_options: Any) -> None:
	"""Stands in for what is not to be done again. At module level, since a document may be pickled for a job."""


def held(doc: Any) -> Signed | None:
	"""What this very document object is held to."""
	signed = doc.flags.get("zatca_signed")
	return signed if isinstance(signed, Signed) else None


def settle(doc: Any, signed: Signed) -> None:
	"""After ERPNext's own validation: the signed amounts, and what follows from them alone (advances, what is due)."""
	for name in ("calculate_taxes_and_totals", *ASKS):
		doc.__dict__.pop(name, None)
	put_back(doc, signed.said)
	if doc.doctype != "Sales Invoice":
		return
	follower = calculate_taxes_and_totals.__new__(calculate_taxes_and_totals)
	follower.doc, follower._items = doc, doc.get("items")
	follower.calculate_total_advance()


# --- which fields -----------------------------------------------------------------------------------------------------
def own(meta: Any, names: Iterable[str]) -> Iterator[str]:
	"""The fields of `names` the doctype has, and every one of ours that people fill in."""
	for name in names:
		if meta.has_field(name):
			yield name
	for field in meta.fields:
		if field.fieldname.startswith("zatca_") and not field.read_only and stored(field):
			yield field.fieldname


def stored(field: Any) -> bool:
	"""Whether the field is a column of its own."""
	return (
		field.fieldtype not in frappe.model.no_value_fields
		and field.fieldtype not in frappe.model.table_fields
	)


def tables(doc: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
	"""The child tables the doctype has, with the fields that matter; a table of ours with all of them."""
	for table, names in TABLES.items():
		field = doc.meta.get_field(table)
		if field:
			yield (
				table,
				names
				or tuple(each.fieldname for each in frappe.get_meta(field.options).fields if stored(each)),
			)
