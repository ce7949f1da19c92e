"""ERPNext's totals against the lawful ones: every figure on which they disagree, named.

Takes a document as ERPNext computed it and the lawful totals; gives differences. Never changes anything.
Sources: DESIGN.md, promise 7 (ledger = XML = QR); TAX.md section 2 (every XML total has its ledger line).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bayancore_erp.zatca.adapter.mapper.figures import exact, money, sign_of
from bayancore_erp.zatca.adapter.mapper.mapping import amount_of
from bayancore_erp.zatca.adapter.mapper.preload import Facts, preload
from bayancore_erp.zatca.adapter.mapper.taxation import Taxation, read_taxes
from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.money import NIL, round2, total

LABELS = {
	"tax_exclusive": "total without VAT",
	"vat": "VAT",
	"vat_sar": "VAT in SAR",
	"prepaid": "deducted advances",
	"rounding": "rounding",
	"payable": "amount due",
	"net_booked": "net total in the books",
	"total_booked": "total in the books",
	"rounding_booked": "rounding in the books",
}
BOOKED = frozenset({"vat_sar", "net_booked", "total_booked", "rounding_booked"})


@dataclass(frozen=True, slots=True)
class Difference:
	"""One figure on which ERPNext and the law disagree; both positive, in the document's currency (`vat_sar`: SAR)."""

	figure: str
	"""Name of the figure in the core's Totals; those that end in `_booked` are ERPNext's, in the books' currency."""
	erpnext: Decimal
	lawful: Decimal

	@property
	def amount(self) -> Decimal:
		"""ERPNext's minus the lawful one."""
		return self.erpnext - self.lawful


def difference(
	doc: Any, totals: Totals, *, taxes: Taxation | None = None, facts: Facts | None = None
) -> list[Difference]:
	"""Every figure on which the document, as ERPNext computed it, differs from `totals`; empty where it would post lawfully."""
	if taxes is None or facts is None:
		facts = facts or preload(doc)
		taxes = read_taxes(doc, facts)
	sign = sign_of(doc)
	payable = doc.get("rounded_total") if money(doc.get("rounding_adjustment")) else doc.get("grand_total")
	base_vat = sum((money(row.get("base_tax_amount_after_discount_amount")) for row in taxes.vat_rows), NIL)
	pairs = [
		(
			"tax_exclusive",
			sign * (money(doc.get("net_total")) + amount_of(taxes.charges)),
			totals.tax_exclusive,
		),
		("vat", sign * amount_of(taxes.vat_rows), totals.vat),
		("prepaid", -sign * amount_of(taxes.prepayments), totals.prepaid),
		(
			"rounding",
			sign * (money(doc.get("rounding_adjustment")) + amount_of(taxes.roundings)),
			totals.rounding,
		),
		("payable", sign * (money(payable) - amount_of(taxes.outside)), totals.payable),
	]
	if facts.in_riyals:
		pairs.append(("vat_sar", sign * base_vat, totals.vat_sar))
	if doc.get("currency") != facts.company.get("default_currency"):
		pairs += in_company_currency(doc, sign)
	return [Difference(figure, here, there) for figure, here, there in pairs if here != there]


def in_company_currency(doc: Any, sign: int) -> list[tuple[str, Decimal, Decimal]]:
	"""Net, total and rounding in the books' currency against what they are when each part is converted once.

	ERPNext converts row by row and the total by itself, and posts what that leaves to Round Off without a word.
	"""
	rate = exact(doc.get("conversion_rate") or 1)
	net = round2(money(doc.get("net_total")) * rate)
	rows = total(money(row.get("base_net_amount")) for row in doc.get("items") or [])
	taxes = total(money(row.get("base_tax_amount_after_discount_amount")) for row in doc.get("taxes") or [])
	rounding, base_total = money(doc.get("rounding_adjustment")), money(doc.get("base_grand_total"))
	# said twice, and posted from both: the entry on Round Off, and what the customer owes
	stated = {money(doc.get("base_rounding_adjustment"))}
	if money(doc.get("rounded_total")):
		stated.add(money(doc.get("base_rounded_total")) - base_total)
	return [
		("net_booked", sign * rows, sign * net),
		("total_booked", sign * base_total, sign * (net + taxes)),
		*(("rounding_booked", sign * booked, sign * round2(rounding * rate)) for booked in stated),
	]
