"""Discounts and charges on the whole document.

Takes ERPNext's additional discount and the charge rows of the taxes table; gives `AllowanceCharge`s by VAT category, or,
beside a category that is out of scope, each line's share of the discount. Follows ERPNext's own spreading, so that the
ledger needs no second one. Sources: XML Implementation Standard sections 9.3 and 13.2.6; TAX.md sections 2 (category O), 3.12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from frappe import _
from frappe.utils import cint, strip_html

from bayancore_erp.zatca.adapter.fields import CATEGORY_OF, TaxRowField
from bayancore_erp.zatca.adapter.mapper.figures import exact, money, sign_of
from bayancore_erp.zatca.adapter.mapper.lines import DISCOUNT, DISCOUNT_CODE
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.mapper.taxation import Taxation, vat_of
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.invoice import AllowanceCharge, Text, Vat
from bayancore_erp.zatca.core.money import spread

ZERO = Decimal("0")
NIL = Decimal("0.00")

# UNTDID 7161 by what people call such a row, in either language; the last one fits anything.
CHARGE_CODES: tuple[tuple[str, str, Text], ...] = (
	(r"freight|shipping|transport|شحن|نقل", "FC", Text(ar="شحن", en="Freight")),
	(r"deliver|توصيل", "DL", Text(ar="توصيل", en="Delivery")),
	(r"pack|تغليف|تعبئة", "PC", Text(ar="تغليف", en="Packing")),
	(r"service|handling|خدمة|مناولة", "SH", Text(ar="رسم خدمة", en="Special handling service")),
	(r"", "ABK", Text(ar="رسوم أخرى", en="Miscellaneous")),
)


@dataclass(slots=True)
class DocumentAmounts:
	"""Discounts and charges of the document, each with the row that states it (None: the additional discount)."""

	parts: list[AllowanceCharge] = field(default_factory=list)
	rows: list[Any] = field(default_factory=list)

	def add(self, part: AllowanceCharge, row: Any) -> None:
		"""Take one in."""
		self.parts.append(part)
		self.rows.append(row)


def shares_of_discount(doc: Any, vats: list[Vat], taxes: Taxation, refusals: Refusals) -> list[Decimal]:
	"""Each row's share of the additional discount where it must stand on the lines: beside what is out of scope.

	Zeros everywhere else.
	"""
	rows = doc.get("items") or []
	none = [ZERO] * len(rows)
	discount = additional_discount(doc)
	if discount <= ZERO or all(vat.category is not VatCategory.OUT_OF_SCOPE for vat in vats):
		return none
	if not taxes.inclusive:
		return [taken_off(doc, row) for row in rows]
	if doc.get("apply_discount_on") == "Net Total":
		refusals.add(
			"ERP-DISCOUNT-OUT-OF-SCOPE",
			"allowance_charges[0].amount",
			_("A discount on the net total cannot stand beside lines out of scope while prices include VAT."),
			_("Apply the discount on the grand total, or on the lines."),
		)
		return none
	return spread(discount, [abs(money(row.get("amount"))) for row in rows])


def additional_discount(doc: Any) -> Decimal:
	"""ERPNext's additional discount, positive where it takes off."""
	return sign_of(doc) * money(doc.get("discount_amount"))


def taken_off(doc: Any, row: Any) -> Decimal:
	"""What ERPNext's spreading took off a row, net of VAT, where prices exclude it."""
	return sign_of(doc) * (money(row.get("amount")) - money(row.get("net_amount")))


def read_discount(
	doc: Any, vats: list[Vat], taxes: Taxation, found: DocumentAmounts, refusals: Refusals
) -> None:
	"""The additional discount, by VAT category as ERPNext spread it."""
	discount = additional_discount(doc)
	if not discount:
		return
	place = f"allowance_charges[{len(found.parts)}].amount"
	if discount < ZERO:
		refusals.add(
			"ERP-DISCOUNT-NEGATIVE",
			place,
			_("The additional discount is negative."),
			_("State a charge as a row of the taxes table, or as a line."),
		)
		return
	if cint(doc.get("is_cash_or_non_trade_discount")) and doc.get("apply_discount_on") == "Grand Total":
		refusals.add(
			"ERP-CASH-DISCOUNT",
			place,
			_("A cash discount does not lower the VAT of this invoice, so the invoice cannot state it."),
			_("Issue the invoice in full; when the customer pays less as agreed, issue a credit note."),
		)
		return
	percentage = exact(doc.get("additional_discount_percentage")) or None
	if taxes.inclusive:
		on_net = doc.get("apply_discount_on") == "Net Total"
		found.add(
			AllowanceCharge(
				amount=discount,
				percentage=percentage,
				reason=DISCOUNT,
				reason_code=DISCOUNT_CODE,
				on_net=on_net,
			),
			None,
		)
		return
	by_category: dict[tuple[VatCategory, Decimal], Decimal] = {}
	vat_of_category: dict[tuple[VatCategory, Decimal], Vat] = {}
	for row, vat in zip(doc.get("items") or [], vats, strict=True):
		key = (vat.category, vat.rate)
		by_category[key] = by_category.get(key, NIL) + taken_off(doc, row)
		vat_of_category.setdefault(key, vat)
	for key, amount in by_category.items():
		if amount < ZERO:
			refusals.add(
				"ERP-DISCOUNT-SPREAD",
				place,
				_(
					"The additional discount is larger than the goods it is taken off: a charge beside them is far larger."
				),
				_("Apply the discount on the net total, or lower the charge itself."),
			)
		elif amount:
			found.add(
				AllowanceCharge(
					amount=amount,
					percentage=percentage,
					vat=vat_of_category[key],
					reason=DISCOUNT,
					reason_code=DISCOUNT_CODE,
				),
				None,
			)


def read_charges(doc: Any, taxes: Taxation, found: DocumentAmounts, refusals: Refusals) -> None:
	"""Freight, service charges and the like; a negative row takes off. ERPNext states them without VAT."""
	sign = sign_of(doc)
	for row in taxes.charges:
		amount = sign * money(row.get("tax_amount_after_discount_amount"))
		if not amount:
			continue
		if cint(row.get("included_in_print_rate")):
			refusals.add(
				"ERP-CHARGE-INCLUDED",
				f"taxes[{cint(row.get('idx')) - 1}]",
				_(
					"Row {0} of the taxes table: a charge that is included in the prices cannot be stated."
				).format(row.get("idx")),
				_("Clear Is this Tax included in Basic Rate, or sell it as a line."),
			)
			continue
		chosen = row.get(TaxRowField.VAT_CATEGORY)
		vat = vat_of(CATEGORY_OF[chosen], row.get(TaxRowField.EXEMPTION_CODE) or "", "") if chosen else None
		code, reason = reason_of(row)
		is_charge = amount > ZERO
		rate = exact(row.get("rate")) if row.get("charge_type") == "On Net Total" else ZERO
		found.add(
			AllowanceCharge(
				amount=abs(amount),
				percentage=abs(rate) or None,
				is_charge=is_charge,
				vat=vat,
				reason=reason if is_charge or reason else DISCOUNT,
				reason_code=code if is_charge else DISCOUNT_CODE,
				on_net=taxes.inclusive,
			),
			row,
		)


def reason_of(row: Any) -> tuple[str, Text]:
	"""UNTDID 7161 code and wording of a charge row."""
	english = strip_html(str(row.get("description") or "")).strip()
	arabic = str(row.get(TaxRowField.DESCRIPTION_AR) or "").strip()
	wording = f"{english} {arabic} {row.get('account_head') or ''}".casefold()
	code, usual = next((code, name) for words, code, name in CHARGE_CODES if re.search(words, wording))
	stated = Text.of(english) if english else usual
	if arabic:
		return code, Text(ar=arabic, en=stated.en or "", english_first=True)
	if stated.ar:
		return code, stated
	return code, Text(ar=usual.ar, en=stated.en or usual.en, english_first=True)
