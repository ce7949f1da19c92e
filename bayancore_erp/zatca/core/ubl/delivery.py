"""When it was supplied and how it is paid (BG-13, BG-16).

Takes the invoice; gives lines. A note's reason (KSA-10) lives in the payment means, which a note therefore always has.
Sources: XML Implementation Standard section 8; BR-KSA-15, -17, -35, -36.
"""

from __future__ import annotations

from datetime import date

from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.ubl.elements import block, leaf

# UNTDID 4461 "instrument not defined", for a note whose payment nobody stated.
NOT_DEFINED = "1"


def delivery(invoice: Invoice) -> list[str]:
	"""`cac:Delivery`: supply date (KSA-5) and supply end date (KSA-24)."""
	return block(
		"cac:Delivery",
		_date("cbc:ActualDeliveryDate", invoice.supply_date),
		_date("cbc:LatestDeliveryDate", invoice.supply_end_date),
	)


def payment_means(invoice: Invoice) -> list[str]:
	"""`cac:PaymentMeans`: code (BT-81), reason of a note (KSA-10), account (BT-84), terms (KSA-22)."""
	reason = leaf("cbc:InstructionNote", str(invoice.reason), "reason")
	payment = invoice.payment
	if payment is None:
		code = f"<cbc:PaymentMeansCode>{NOT_DEFINED}</cbc:PaymentMeansCode>"
		return block("cac:PaymentMeans", [code], reason) if reason else []
	return block(
		"cac:PaymentMeans",
		leaf("cbc:PaymentMeansCode", payment.means_code, "payment.means_code"),
		reason,
		block(
			"cac:PayeeFinancialAccount",
			leaf("cbc:ID", payment.account, "payment.account"),
			leaf("cbc:PaymentNote", str(payment.terms), "payment.terms"),
		),
	)


def _date(tag: str, day: date | None) -> list[str]:
	return [] if day is None else [f"<{tag}>{day:%Y-%m-%d}</{tag}>"]
