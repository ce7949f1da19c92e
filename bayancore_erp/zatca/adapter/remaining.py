"""What is left of an invoice: its total and lines, less what was credited and with what debit notes added.

Takes invoices by name; gives amounts, and problems of a credit note that takes more than is left, in all or on a line. A note
counts once it is signed: posted, or on its way to ZATCA. Amounts are those of the signed documents (BT-112), for ERPNext's
grand total leaves out deducted advances and holds tips and retention. Never changes anything; `require` locks the originals.
Sources: VAT Implementing Regulations art. 40(1), 54; TAX.md section 2 (notes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.fields import State
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.money import total

HALALA = Decimal("0.01")
UNDER_WAY = (
	State.CLEARING.value,
	State.CLEARED_NOT_POSTED.value,
	State.CLEARANCE_PENDING.value,
	State.ON_HOLD.value,
)


class MoreThanLeft(InvalidInput):
	"""A credit note takes more than is left of its original."""


@dataclass(frozen=True, slots=True)
class Row:
	"""One line of an original; amounts net of VAT in its currency, positive."""

	name: str
	idx: int
	item_name: str
	quantity: Decimal
	net: Decimal
	credited_quantity: Decimal = Decimal("0")
	credited: Decimal = NIL
	notes: int = 0

	@property
	def left(self) -> Decimal:
		"""Net amount that can still be credited."""
		return self.net - self.credited


def row_field(doctype: str) -> str:
	"""The field of a note's line that names the line of its original."""
	return "pos_invoice_item" if doctype == "POS Invoice" else "sales_invoice_item"


def notes_on(doctype: str, names: Iterable[str], besides: str = "", lock: bool = False) -> list[Any]:
	"""The notes that count against these invoices."""
	wanted = sorted(names)
	if not wanted:
		return []
	debit = "is_debit_note" if frappe.get_meta(doctype).has_field("is_debit_note") else "0"
	return frappe.db.sql(
		f"""select name, return_against, is_return, {debit} as is_debit_note, grand_total, zatca_uuid
		from `tab{doctype}`
		where return_against in %(names)s and name != %(besides)s and (is_return = 1 or {debit} = 1)
			and (docstatus = 1 or (docstatus = 0 and zatca_state in %(under_way)s and ifnull(zatca_document, '') != ''))
		{"for update" if lock else ""}""",
		{"names": wanted, "besides": besides or "", "under_way": UNDER_WAY},
		as_dict=True,
	)


def totals_with_vat(rows: Iterable[Any]) -> dict[str, Decimal]:
	"""BT-112 of invoices by name; what was never signed counts with ERPNext's grand total."""
	known = list(rows)
	uuids = [row.zatca_uuid for row in known if row.get("zatca_uuid")]
	signed = (
		dict(
			frappe.get_all(
				"ZATCA Document",
				filters={"name": ("in", uuids)},
				fields=["name", "total_with_vat"],
				as_list=True,
				limit_page_length=0,
			)
		)
		if uuids
		else {}
	)
	return {
		row.name: abs(exact_amount(signed[row.zatca_uuid]))
		if row.get("zatca_uuid") in signed
		else abs(money(row.grand_total))
		for row in known
	}


def exact_amount(text: Any) -> Decimal:
	"""An amount as a document states it."""
	return money(Decimal(str(text or "0")))


def credited(
	doctype: str, originals: Iterable[str], besides: str = "", lock: bool = False
) -> dict[str, Decimal]:
	"""For each original: what credit notes took, less what debit notes added, VAT included."""
	notes = notes_on(doctype, originals, besides, lock)
	amounts = totals_with_vat(notes)
	taken: dict[str, Decimal] = {}
	for note in notes:
		sign = 1 if cint(note.is_return) else -1
		taken[note.return_against] = taken.get(note.return_against, NIL) + sign * amounts[note.name]
	return taken


def rows_of(doctype: str, name: str, besides: str = "") -> dict[str, Row]:
	"""The lines of an invoice by row name, each with what notes took of it."""
	link = row_field(doctype)
	notes = {note.name: note for note in notes_on(doctype, [name], besides)}
	found = {
		row.name: Row(row.name, row.idx, row.item_name or "", abs(exact(row.qty)), abs(money(row.net_amount)))
		for row in frappe.get_all(
			f"{doctype} Item",
			filters={"parent": name, "parenttype": doctype},
			fields=["name", "idx", "item_name", "qty", "net_amount"],
			order_by="idx",
			limit_page_length=0,
		)
	}
	if not notes:
		return found
	for part in frappe.get_all(
		f"{doctype} Item",
		filters={"parent": ("in", list(notes)), "parenttype": doctype, link: ("in", list(found))},
		fields=["parent", link, "qty", "net_amount"],
		limit_page_length=0,
	):
		row, note = found[part[link]], notes[part.parent]
		sign = 1 if cint(note.is_return) else -1
		found[part[link]] = Row(
			row.name,
			row.idx,
			row.item_name,
			row.quantity,
			row.net,
			row.credited_quantity + (abs(exact(part.qty)) if sign > 0 else 0),
			row.credited + sign * abs(money(part.net_amount)),
			row.notes + 1,
		)
	return found


def beyond_a_line(doc: Any) -> list[tuple[int, str]]:
	"""Lines of a credit note that take more than is left of their original's: index in the items table, sentence."""
	against = doc.get("return_against")
	if not (doc.get("is_return") and against):
		return []
	left = rows_of(doc.doctype, against, besides=str(doc.get("name") or ""))
	link = row_field(doc.doctype)
	taken: dict[str, list[tuple[int, Decimal]]] = {}
	for index, row in enumerate(doc.get("items") or []):
		if row.get(link) in left:
			taken.setdefault(row.get(link), []).append((index, abs(money(row.get("net_amount")))))
	found = []
	for name, parts in taken.items():
		original, here = left[name], total(amount for _index, amount in parts)
		# each note rounds a share of the line, and of the document's discount on it
		if here > original.left + HALALA * (original.notes + 1 if original.notes else 0):
			found.append(
				(
					parts[-1][0],
					_("Line {0}: {1} without VAT are credited, {2} are left of line {3} of {4}.").format(
						parts[-1][0] + 1, here, max(original.left, NIL), original.idx, against
					),
				)
			)
	return found


def require(doc: Any, amount: Decimal) -> None:
	"""Raise MoreThanLeft where the credit note takes more than is left now; its original stays locked until the commit.

	Asked again at signing: two notes may have been looked at before either was signed.
	"""
	against = doc.get("return_against")
	if not (doc.get("is_return") and against):
		return
	rows: Sequence[Any] = frappe.db.sql(
		f"select name, grand_total, zatca_uuid, currency from `tab{doc.doctype}` where name = %s for update",
		against,
		as_dict=True,
	)
	if not rows or not rows[0].zatca_uuid or rows[0].currency != doc.get("currency"):
		return
	whole = totals_with_vat(rows)[against]
	left = whole - credited(doc.doctype, [against], str(doc.name), lock=True).get(against, NIL)
	if amount > left:
		raise MoreThanLeft(
			_("{0} are credited, {1} are left of {2}.").format(amount, max(left, NIL), against),
			code="LAW-NOTE-TOTAL",
			field="lines",
			hint=_("Another note for the same invoice was issued meanwhile. Lower the amounts."),
		)
