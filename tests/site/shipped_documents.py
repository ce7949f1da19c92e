"""Documents for the whole shipped way, clearance and till included: the random ones in turn with what they leave out.

Takes a source of chance and a turn; gives saved drafts as `random_documents.documents` does: exports, tips, retentions, gifts and a
till's day, whose closing is held against what was signed (AssertionError where they differ).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import till
import world
from fatoora import fresh
from random_documents import RATES, documents, random_row
from world import charge, invoice, line, vat_rows

NIL = Decimal("0.00")


def shipped_documents(frappe: Any, chance: Random, turn: int) -> Iterator[Any]:
	"""The turn's kind, so that a run of some length has all of them; the caller takes each to its end before asking for the next."""
	return KINDS[turn % len(KINDS)](frappe, chance)


def export(frappe: Any, chance: Random) -> Iterator[Any]:
	"""Goods sold abroad, zero-rated, mostly in another currency."""
	currency = chance.choice(("SAR", *RATES))
	rows = [random_row(chance, index, mixed=False) for index in range(chance.randint(1, 6))]
	for row in rows:
		row["item_tax_template"] = world.item_template("VATEX-SA-32")
	yield invoice(
		frappe, world.FOREIGN_BUYER, rows, currency=currency, conversion_rate=RATES.get(currency, 1)
	)


def tipped(frappe: Any, chance: Random) -> Iterator[Any]:
	"""A bill with a tip, which is no price of anything."""
	tip = charge(world.TIPS, round(chance.uniform(0.5, 40), 2), "Tip", zatca_treatment="Tip")
	rows = [random_row(chance, index, mixed=False) for index in range(chance.randint(1, 4))]
	taxes = [*vat_rows(chance.choice((world.EXCLUSIVE, world.INCLUSIVE))), tip]
	yield invoice(frappe, world.WALK_IN, rows, taxes=taxes, zatca_buyer_kind="Private Person")


def retained(frappe: Any, chance: Random) -> Iterator[Any]:
	"""A certified work of which the client keeps a part."""
	net = round(chance.uniform(1000, 90000), 2)
	kept = charge(world.RETENTION, -round(net * 0.1, 2), "10 % retention", zatca_treatment="Retention")
	yield invoice(
		frappe, world.VAT_BUYER, [line("أعمال | Certified work", 1, net)], taxes=[*vat_rows(), kept]
	)


def gift(frappe: Any, chance: Random) -> Iterator[Any]:
	"""A nominal supply: the VAT is owed, nobody pays."""
	value = Decimal(chance.randint(201, 5000))
	taxes = [
		*vat_rows(),
		charge(world.SALES, -value, "Value of the gift", zatca_treatment="Nominal Supply"),
		charge(world.PROMOTION, -value * 15 / 100, "VAT on the gift", zatca_treatment="Nominal Supply"),
	]
	yield invoice(
		frappe, world.WALK_IN, [line("هدية | Gift", 1, value)], taxes=taxes, zatca_nominal=1,
		zatca_buyer_kind="Private Person",
	)  # fmt: skip


def till_day(frappe: Any, chance: Random) -> Iterator[Any]:
	"""Sales at a till, a business among the buyers, something brought back, and the closing."""
	frappe.opening = till.opened(frappe)
	sales: list[Any] = []
	try:
		for number in range(chance.randint(2, 4)):
			sales.append(sale_at_the_till(frappe, chance, world.VAT_BUYER if not number else world.WALK_IN))
			yield sales[-1]
		sales.append(brought_back(frappe, sales[-1]))
		yield sales[-1]
		compare_closing(frappe, [fresh(frappe, doc) for doc in sales])
	finally:
		till.close_if_open(frappe)


def sale_at_the_till(frappe: Any, chance: Random, customer: str) -> Any:
	"""Prices with VAT, paid in cash to the halala."""
	rows = [
		line(f"صنف {index} | Item {index}", chance.randint(1, 9), round(chance.uniform(0.25, 90), 2))
		for index in range(1, chance.randint(2, 6))
	]
	paid = sum(round(row["qty"] * row["rate"], 2) for row in rows)
	return till.sold(frappe, *rows, paid=round(paid, 2), customer=customer)


def brought_back(frappe: Any, sale: Any) -> Any:
	"""All of it, as the button makes the credit note."""
	from bayancore_erp.zatca.api import make_note

	note = frappe.get_doc(make_note("POS Invoice", sale.name, "Credit Note", "Return")["note"])
	note.update({"posting_date": world.TODAY, "posting_time": "12:00:00", "set_posting_time": 1})
	note.insert()
	return note


def compare_closing(frappe: Any, sales: list[Any]) -> None:
	"""What the closing put into the ledger is the sum of what was signed."""
	booked: dict[str, Decimal] = {}
	for doc in till.consolidated(frappe, till.closed(frappe)):
		for account, moved in world.ledger(frappe, doc).items():
			booked[account] = booked.get(account, NIL) + moved
	vat, gross = (till.signed(frappe, sales, field) for field in ("vat_total", "total_with_vat"))
	paid = sum(
		(Decimal(repr(round(row.amount, 2))) for doc in sales for row in doc.payments if doc.docstatus == 1),
		NIL,
	)
	expected = {
		world.VAT: -vat, world.SALES: vat - gross, till.CASH: paid, world.ROUND_OFF: gross - paid,
	}  # fmt: skip
	found = {account: moved for account, moved in booked.items() if moved}
	wanted = {account: moved for account, moved in expected.items() if moved}
	assert found == wanted, f"the till's closing: ledger {found}, signed {wanted}"


KINDS: tuple[Callable[[Any, Random], Iterator[Any]], ...] = (
	documents, till_day, documents, export, documents, tipped, documents, retained, documents, gift,
)  # fmt: skip
