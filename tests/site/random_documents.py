"""Random invoices made through ERPNext itself, as people make them: the breadth of what a Saudi company sells.

Takes a source of chance; gives submitted documents with the mapping each had as a draft. Discounts and margins on lines and
on the document, prices with and without VAT, mixed VAT, freight, currencies, whole-riyal rounding, till sales, advances, returns
in part and in full, debit notes; 1 to 60 lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import world
from world import charge, invoice, line, vat_rows

RATES = {"USD": 3.75, "EUR": 4.0937, "GBP": 4.8821}
CODES = ("VATEX-SA-35", "VATEX-SA-29", "VATEX-SA-OOS")


def documents(frappe: Any, chance: Random) -> Iterator[Any]:
	"""One sale and what follows it, each as a saved draft; the caller submits before asking for the next."""
	kind = chance.random()
	if kind < 0.06:
		yield from advance_and_final(frappe, chance)
		return
	sale = random_sale(frappe, chance)
	yield sale
	if chance.random() < 0.25:
		yield random_return(frappe, chance, sale)
	elif chance.random() < 0.05 and not sale.is_pos:
		yield debit_note(frappe, chance, sale)


def random_sale(frappe: Any, chance: Random) -> Any:
	"""A Sales Invoice."""
	inclusive = chance.random() < 0.45
	simplified = chance.random() < 0.35
	till = simplified and chance.random() < 0.4
	count = chance.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, chance.randint(13, 60)))
	mixed = chance.random() < 0.35
	rows = [random_row(chance, index, mixed) for index in range(count)]
	more: dict[str, Any] = {}
	taxes = vat_rows(world.INCLUSIVE if inclusive else world.EXCLUSIVE)
	# A document discount beside lines out of scope stands on the lines; with prices that include VAT only on Grand Total.
	out_of_scope = any(row.get("item_tax_template") == world.item_template("VATEX-SA-OOS") for row in rows)
	if chance.random() < 0.3:
		on = "Grand Total" if inclusive and out_of_scope else chance.choice(("Net Total", "Grand Total"))
		more["apply_discount_on"] = on
		if chance.random() < 0.6:
			more["additional_discount_percentage"] = chance.choice((2.5, 3, 5, 7.5, 10, 12.5, 33.33))
		else:
			most = sum(row["qty"] * row["rate"] for row in rows) * 0.4
			more["discount_amount"] = round(chance.uniform(0.01, max(most, 0.02)), 2)
	if not inclusive and not out_of_scope and chance.random() < 0.2:
		for tax in taxes:
			tax.update(charge_type="On Previous Row Total", row_id=1)
		# a discount on the grand total takes the freight's share off the goods, so there have to be enough of them
		worth = sum(row["qty"] * row["rate"] for row in rows if row.get("discount_percentage") != 100)
		taxes = [
			charge(
				world.FREIGHT,
				round(chance.uniform(1, max(2, min(200, worth / 5))), 2),
				"Freight",
				zatca_description_ar="شحن",
			),
			*taxes,
		]
	if not simplified and chance.random() < 0.3:
		currency = chance.choice(list(RATES))
		more.update(currency=currency, conversion_rate=RATES[currency] + chance.choice((0, 0.0012, -0.0037)))
	if chance.random() < 0.1 and not till:
		more["disable_rounded_total"] = 0
	customer = world.VAT_BUYER
	if simplified:
		customer, more["zatca_buyer_kind"] = world.WALK_IN, "Private Person"
	elif chance.random() < 0.2:
		customer = world.UNREGISTERED
	doc = invoice(frappe, customer, rows, taxes=taxes, **more)
	if till:
		doc.is_pos, doc.pos_profile = 1, world.POS_PROFILE
		doc.set("payments", [{"mode_of_payment": "Cash", "amount": doc.rounded_total or doc.grand_total}])
		doc.save()
	return doc


def random_row(chance: Random, index: int, mixed: bool) -> dict[str, Any]:
	"""One row: whole and broken quantities, small and large prices, a price list's price above the rate or not."""
	qty = chance.choice(
		(1, 1, 2, 3, 7, 12, 100, round(chance.uniform(0.1, 20), 3), round(chance.uniform(0.1, 20), 1))
	)
	rate = chance.choice(
		(
			round(chance.uniform(0.05, 5), 2),
			round(chance.uniform(1, 100), 2),
			round(chance.uniform(50, 5000), 2),
			10.0,
		)
	)
	vat = chance.choice(("S", "S", *CODES)) if mixed else "S"
	row = line(f"صنف {index + 1} | Item {index + 1}", qty, rate, vat)
	what = chance.random()
	if what < 0.15:
		row.update(price_list_rate=rate, discount_percentage=chance.choice((5, 10, 12.5, 33.333, 50)), rate=0)
	elif what < 0.25:
		row.update(price_list_rate=round(rate * 1.1 + 0.01, 2))
	elif what < 0.30:
		row.update(price_list_rate=rate, margin_type="Percentage", margin_rate_or_amount=10, rate=0)
	elif what < 0.33 and index:
		row.update(price_list_rate=rate, discount_percentage=100, rate=0)
	return row


def random_return(frappe: Any, chance: Random, sale: Any) -> Any:
	"""A credit note made from the sale, whole or in part, as the button makes it."""
	from erpnext.controllers.sales_and_purchase_return import make_return_doc

	note = make_return_doc("Sales Invoice", sale.name)
	note.update({"zatca_reason_code": "Return", "posting_date": world.TODAY, "set_posting_time": 1})
	if (
		chance.random() < 0.6
		and not note.is_pos
		and (note.additional_discount_percentage or not note.discount_amount)
	):
		kept = [row for row in note.items if chance.random() < 0.6] or note.items[:1]
		note.set("items", kept)
		for row in note.items:
			if chance.random() < 0.5 and row.qty < -1:
				row.qty = -max(1, int(-row.qty / 2))
	note.disable_rounded_total = sale.disable_rounded_total
	note.insert()
	if note.is_pos:
		note.set("payments", [{"mode_of_payment": "Cash", "amount": note.rounded_total or note.grand_total}])
		note.save()
	return note


def debit_note(frappe: Any, chance: Random, sale: Any) -> Any:
	"""A price raised afterwards."""
	return invoice(
		frappe,
		sale.customer,
		[line("تعديل سعر | Price adjustment", chance.randint(1, 50), round(chance.uniform(0.1, 9), 2))],
		is_debit_note=1,
		return_against=sale.name,
		zatca_reason_code="Change of Value",
		currency=sale.currency,
		conversion_rate=sale.conversion_rate,
	)


def advance_and_final(frappe: Any, chance: Random) -> Iterator[Any]:
	"""A prepayment invoice, and the final invoice that deducts it in full."""
	net = round(chance.uniform(10, 4000), 2)
	advance = invoice(
		frappe,
		world.VAT_BUYER,
		[line("دفعة مقدمة | Advance", 1, net, income_account=world.ADVANCES)],
		zatca_is_prepayment=1,
	)
	yield advance
	yield invoice(
		frappe,
		world.VAT_BUYER,
		[
			line(f"جزء {index} | Part {index}", 1, round(net * 0.6 + index, 2))
			for index in range(1, chance.choice((3, 4, 9)))
		],
		zatca_prepayments=[
			{
				"prepayment_invoice": advance.name,
				"vat_category": "Standard Rated",
				"vat_rate": 15,
				"taxable": advance.net_total,
				"tax": advance.total_taxes_and_charges,
			}
		],
	)
