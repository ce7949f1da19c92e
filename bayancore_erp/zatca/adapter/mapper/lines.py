"""The rows of the items table as lines of the invoice.

Takes rows and how each is taxed; gives `Line`s, and document discounts for rows with a negative price, which no line may have.
Never lets the price list decide what is owed: price less discount is exactly ERPNext's rate.
Sources: XML Implementation Standard sections 8 (BG-25) and 9.4; BR-KSA-EN16931-07; ZATCA.md section 2 (negative lines).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from frappe import _
from frappe.utils import flt

from bayancore_erp.zatca.adapter.fields import InvoiceItemField, UomField
from bayancore_erp.zatca.adapter.mapper.figures import exact, money, sign_of
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.core.invoice import AllowanceCharge, Line, LineAllowance, Text, Vat, has_arabic
from bayancore_erp.zatca.core.money import round2

# UNTDID 5189: discount.
DISCOUNT_CODE = "95"
DISCOUNT = Text(ar="خصم", en="Discount")
ZERO = Decimal("0")


@dataclass(slots=True)
class Rows:
	"""What the items table became."""

	lines: list[Line] = field(default_factory=list)
	rows: list[Any] = field(default_factory=list)
	"""The row behind each line."""
	discounts: list[AllowanceCharge] = field(default_factory=list)
	discount_rows: list[Any] = field(default_factory=list)
	"""The row behind each discount."""
	shelf_difference: Decimal = ZERO
	"""What ERPNext's own amounts are above quantity x rate at half-up, over all rows (only with Banker's Rounding)."""


def read_items(doc: Any, facts: Facts, vats: list[Vat], extra: list[Decimal], refusals: Refusals) -> Rows:
	"""Every row. `extra` is each row's share of the additional discount where that has to stand on the lines."""
	sign = sign_of(doc)
	found = Rows()
	places = doc.items[0].precision("rate") if doc.get("items") else 2
	for index, (row, vat, share) in enumerate(zip(doc.get("items") or [], vats, extra, strict=True)):
		quantity, rate = sign * exact(row.get("qty")), exact(row.get("rate"))
		if not quantity and (doc.get("is_return") or doc.get("is_debit_note")):
			# A rate adjustment: ERPNext states the amount as the rate of no quantity.
			quantity, rate = Decimal("1"), rate
		if quantity <= ZERO:
			refusals.add(
				"ERP-QUANTITY",
				f"lines[{len(found.lines)}].quantity",
				_("Line {0}: the quantity of {1} points the other way than the document.").format(
					index + 1, row.get("item_name")
				),
				_("Take goods back with a credit note of their own; sell with an invoice of its own."),
			)
			quantity = abs(quantity) or Decimal("1")
		if rate < ZERO:
			amount = round2(-rate * quantity)
			found.discounts.append(
				AllowanceCharge(
					amount=amount, vat=vat, reason=name_of(row, facts) or DISCOUNT, reason_code=DISCOUNT_CODE
				)
			)
			found.discount_rows.append(row)
			found.shelf_difference += sign * money(row.get("amount")) + amount
			continue
		found.lines.append(line_of(row, facts, vat, quantity, rate, share, places))
		found.rows.append(row)
		found.shelf_difference += sign * money(row.get("amount")) - round2(quantity * rate)
	if not found.lines and found.discounts:
		refusals.add(
			"ERP-ONLY-DISCOUNTS",
			"lines",
			_("Nothing is sold here: every row has a negative price."),
			_("Give a reduction with a credit note for the invoice it belongs to."),
		)
	return found


def line_of(
	row: Any, facts: Facts, vat: Vat, quantity: Decimal, rate: Decimal, share: Decimal, places: int
) -> Line:
	"""One line: the price list's price, the discount from it, and a share of the document's discount if there is one."""
	listed = exact(flt(listed_price(row), places))
	price, discount, allowances = rate, ZERO, []
	if listed > rate:
		price = listed
		if rate:
			discount = listed - rate
		else:
			# given away in full: the whole value stands on the line, and all of it is taken off (TAX.md section 3.9)
			allowances.append(
				LineAllowance(
					amount=round2(quantity * listed),
					percentage=Decimal("100"),
					reason=DISCOUNT,
					reason_code=DISCOUNT_CODE,
				)
			)
	if share:
		allowances.append(LineAllowance(amount=share, reason=DISCOUNT, reason_code=DISCOUNT_CODE))
	unit = facts.units.get(row.get("uom") or "", {})
	return Line(
		name=name_of(row, facts),
		quantity=quantity,
		unit_price=price,
		price_discount=discount,
		vat=vat,
		unit=unit.get(UomField.CODE) or facts.settings.get("default_unit_code") or "PCE",
		allowances=tuple(allowances),
		seller_item_id=str(row.get("item_code") or ""),
		buyer_item_id=str(row.get("customer_item_code") or ""),
		standard_item_id=str(row.get("barcode") or ""),
	)


def listed_price(row: Any) -> float:
	"""The price before its discount: with the margin where there is one, else the price list's.

	A margin leaves more decimals in memory than ERPNext keeps: the caller rounds like the rate.
	"""
	with_margin, plain = flt(row.get("rate_with_margin")), flt(row.get("price_list_rate"))
	return with_margin if with_margin > 0 else plain


def name_of(row: Any, facts: Facts) -> Text:
	"""The item's name in both languages: from the row, else from the item; one field may hold both."""
	name = str(row.get("item_name") or row.get("item_code") or "")
	arabic = row.get(InvoiceItemField.ITEM_NAME_AR) or facts.item_names.get(row.get("item_code") or "") or ""
	if not arabic:
		return Text.of(name)
	stated = Text.of(name)
	return Text(ar=arabic.strip(), en=stated.en if stated.en and not has_arabic(stated.en) else "")
