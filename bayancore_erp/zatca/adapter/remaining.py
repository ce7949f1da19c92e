"""What is left of an invoice: its total and lines, less what was credited and with what debit notes added.

Takes invoices by name; gives amounts, and problems of a credit note that takes more than is left, in all or on a line. A note
counts once it is signed: posted, or on its way to ZATCA; one made from a returned delivery, which names no original, against
the invoices that billed what came back. Amounts are those of the signed documents (BT-112), for ERPNext's grand total leaves out
deducted advances and holds tips and retention. Never changes anything; `require` locks the originals.
Sources: VAT Implementing Regulations art. 40(1), 54; TAX.md section 2 (notes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.fields import State
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.preload import billed_before
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.money import round2, total

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

	@property
	def quantity_left(self) -> Decimal:
		"""Quantity that no credit note has taken."""
		return max(self.quantity - self.credited_quantity, Decimal("0"))


def row_field(doctype: str) -> str:
	"""The field of a note's line that names the line of its original."""
	return "pos_invoice_item" if doctype == "POS Invoice" else "sales_invoice_item"


def notes_on(doctype: str, names: Iterable[str], besides: str = "", lock: bool = False) -> list[Any]:
	"""The notes that count against these invoices, each with the original it counts against and the share of it that does."""
	wanted = sorted(names)
	if not wanted:
		return []
	notes = signed_notes("return_against in %(names)s", doctype, wanted, besides, lock)
	shares: dict[tuple[str, str], Any] = {}
	for part in returned_lines(doctype, wanted, besides, lock):
		whole = abs(money(part.note.net_total)) or 1
		note = shares.setdefault(
			(part.note.name, part.original), frappe._dict(part.note, return_against=part.original, share=NIL)
		)
		note.share += part.net / whole
	return [*notes, *(note for note in shares.values() if note.return_against in wanted)]


def signed_notes(which: str, doctype: str, names: list[str], besides: str, lock: bool) -> list[Any]:
	"""Signed notes: posted, or on their way to ZATCA."""
	debit = "is_debit_note" if frappe.get_meta(doctype).has_field("is_debit_note") else "0"
	return frappe.db.sql(
		f"""select name, return_against, is_return, {debit} as is_debit_note, grand_total, net_total, zatca_uuid, 1 as share
		from `tab{doctype}`
		where {which} and name != %(besides)s and (is_return = 1 or {debit} = 1)
			and (docstatus = 1 or (docstatus = 0 and zatca_state in %(under_way)s and ifnull(zatca_document, '') != ''))
		{"for update" if lock else ""}""",
		{"names": names, "besides": besides or "", "under_way": UNDER_WAY},
		as_dict=True,
	)


@dataclass(frozen=True, slots=True)
class Returned:
	"""What a note made from a returned delivery takes of one line of an original; positive."""

	note: Any
	original: str
	row: str
	quantity: Decimal
	net: Decimal


def returned_lines(
	doctype: str, names: list[str], besides: str = "", lock: bool = False
) -> Iterator[Returned]:
	"""What signed notes made from returned deliveries take of these invoices, and of others that billed the same delivered lines.

	Of several that billed one line, from the first as much as it has left, then from the next.
	"""
	if doctype != "Sales Invoice":
		return
	rows = frappe.db.sql(
		"""select distinct credited.parent as note, credited.name as line, credited.qty, credited.net_amount,
			billed.parent as original, billed.name as row, billed.qty as billed
		from `tabSales Invoice Item` own
		join `tabDelivery Note Item` returned on returned.dn_detail = own.dn_detail
		join `tabSales Invoice Item` credited on credited.dn_detail = returned.name and credited.docstatus < 2
		join `tabSales Invoice Item` billed
			on billed.dn_detail = own.dn_detail and billed.docstatus = 1 and billed.qty > 0
		where own.parent in %(names)s and own.dn_detail != ''
		order by note, line, original, row""",
		{"names": names},
		as_dict=True,
	)
	if not rows:
		return
	unnamed = "name in %(names)s and ifnull(return_against, '') = ''"
	notes = {
		note.name: note
		for note in signed_notes(unnamed, doctype, sorted({row.note for row in rows}), besides, lock)
	}
	lines: dict[str, list[Any]] = {}
	for row in rows:
		if row.note in notes:
			lines.setdefault(row.line, []).append(row)
	shared = {row.original for of_line in lines.values() if len(of_line) > 1 for row in of_line}
	taken = quantities_taken(doctype, shared) if shared else {}
	for of_line in lines.values():
		quantity, net = abs(exact(of_line[0].qty)), abs(money(of_line[0].net_amount))
		open_quantity = quantity
		for row in of_line:
			room = max(exact(row.billed) - taken.get(row.row, NIL), NIL)
			part = open_quantity if row is of_line[-1] else min(open_quantity, room)
			if part:
				taken[row.row] = taken.get(row.row, NIL) + part
				open_quantity -= part
				yield Returned(notes[row.note], row.original, row.row, part, net * part / quantity)


def quantities_taken(doctype: str, originals: Iterable[str]) -> dict[str, Decimal]:
	"""What credit notes that name their original took of its lines, by the line's name."""
	notes = [
		note.name
		for note in signed_notes("return_against in %(names)s", doctype, sorted(originals), "", False)
		if cint(note.is_return)
	]
	link = row_field(doctype)
	taken: dict[str, Decimal] = {}
	for row in frappe.get_all(
		f"{doctype} Item",
		filters={"parent": ("in", notes), "parenttype": doctype},
		fields=[link, "qty"],
		limit_page_length=0,
	):
		taken[row[link]] = taken.get(row[link], NIL) + abs(exact(row.qty))
	return taken


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
		taken[note.return_against] = taken.get(note.return_against, NIL) + sign * round2(
			amounts[note.name] * note.share
		)
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
		sign = 1 if cint(notes[part.parent].is_return) else -1
		take(found, part[link], sign, abs(exact(part.qty)), abs(money(part.net_amount)))
	for part in returned_lines(doctype, [name], besides):
		if part.row in found:
			take(found, part.row, 1, part.quantity, round2(part.net))
	return found


def take(rows: dict[str, Row], name: str, sign: int, quantity: Decimal, net: Decimal) -> None:
	"""What one line of a note takes of its original's, or adds to it."""
	row = rows[name]
	rows[name] = replace(
		row,
		credited_quantity=row.credited_quantity + (quantity if sign > 0 else 0),
		credited=row.credited + sign * net,
		notes=row.notes + 1,
	)


def taken_from(doc: Any) -> list[str]:
	"""The invoices of this system that a credit note takes from."""
	if not doc.get("is_return"):
		return []
	against = doc.get("return_against")
	if against or doc.doctype != "Sales Invoice":
		return [against] if against else []
	return sorted(set(billed_before(doc)))


def beyond_a_line(doc: Any) -> list[tuple[int, str]]:
	"""Lines of a credit note that take more than is left of their original's: index in the items table, sentence."""
	originals = taken_from(doc)
	if not originals:
		return []
	left = {
		row.name: (row, name)
		for name in originals
		for row in rows_of(doc.doctype, name, besides=str(doc.get("name") or "")).values()
	}
	behind = rows_behind(doc, left)
	taken: dict[tuple[str, ...], list[tuple[int, Decimal]]] = {}
	for index, row in enumerate(doc.get("items") or []):
		if index in behind:
			taken.setdefault(behind[index], []).append((index, abs(money(row.get("net_amount")))))
	found = []
	for names, parts in taken.items():
		rows = [left[name][0] for name in names]
		there, here = total(row.left for row in rows), total(amount for _index, amount in parts)
		notes = sum(row.notes for row in rows)
		# each note rounds a share of the line, and of the document's discount on it
		if here > there + HALALA * (notes + 1 if notes else 0):
			found.append(
				(
					parts[-1][0],
					_("Line {0}: {1} without VAT are credited, {2} are left of line {3} of {4}.").format(
						parts[-1][0] + 1, here, max(there, NIL), rows[0].idx, left[names[0]][1]
					),
				)
			)
	return found


def rows_behind(doc: Any, known: Iterable[str]) -> dict[int, tuple[str, ...]]:
	"""The lines of the originals that a line of a credit note is about: one, or all that billed the delivered line."""
	link, names = row_field(doc.doctype), set(known)
	rows = dict(enumerate(doc.get("items") or []))
	found = {index: (row.get(link),) for index, row in rows.items() if row.get(link) in names}
	returned = {
		index: row.dn_detail for index, row in rows.items() if index not in found and row.get("dn_detail")
	}
	if returned:
		billed: dict[str, list[str]] = {}
		for delivered, name in frappe.db.sql(
			"""select returned.name, billed.name
			from `tabDelivery Note Item` returned
			join `tabSales Invoice Item` billed on billed.dn_detail = returned.dn_detail
			where returned.name in %(returned)s and returned.dn_detail != '' and billed.name in %(names)s
			order by billed.parent, billed.idx""",
			{"returned": sorted(set(returned.values())), "names": sorted(names)},
		):
			billed.setdefault(delivered, []).append(name)
		found.update({index: tuple(billed[name]) for index, name in returned.items() if name in billed})
	return found


def require(doc: Any, amount: Decimal) -> None:
	"""Raise MoreThanLeft where the credit note takes more than is left now; its original stays locked until the commit.

	Asked again at signing: two notes may have been looked at before either was signed.
	"""
	originals = taken_from(doc)
	if not originals:
		return
	rows: Sequence[Any] = frappe.db.sql(
		f"""select name, grand_total, zatca_uuid, currency from `tab{doc.doctype}`
		where name in %(names)s order by name for update""",
		{"names": originals},
		as_dict=True,
	)
	if any(not row.zatca_uuid or row.currency != doc.get("currency") for row in rows):
		return
	whole = total(totals_with_vat(rows).values())
	left = whole - total(credited(doc.doctype, originals, str(doc.name), lock=True).values())
	if rows and amount > left:
		raise MoreThanLeft(
			_("{0} are credited, {1} are left of {2}.").format(amount, max(left, NIL), ", ".join(originals)),
			code="LAW-NOTE-TOTAL",
			field="lines",
			hint=_("Another note for the same invoice was issued meanwhile. Lower the amounts."),
		)
