"""The totals of the document (BG-22) as `cac:LegalMonetaryTotal`.

Takes the calculator's totals; gives lines. Sums of nothing (no discount, no charge, no advance) are left out.
Sources: XML Implementation Standard section 9.5; BR-CO-10 to -16.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.ubl.elements import amount, block


def monetary_total(totals: Totals, currency: str) -> list[str]:
	"""BT-106 to BT-115."""
	has_allowance = any(not figure.is_charge for figure in totals.allowance_charges)
	has_charge = any(figure.is_charge for figure in totals.allowance_charges)
	present = [
		("cbc:LineExtensionAmount", totals.line_net, True),
		("cbc:TaxExclusiveAmount", totals.tax_exclusive, True),
		("cbc:TaxInclusiveAmount", totals.tax_inclusive, True),
		("cbc:AllowanceTotalAmount", totals.allowances, has_allowance),
		("cbc:ChargeTotalAmount", totals.charges, has_charge),
		("cbc:PrepaidAmount", totals.prepaid, bool(totals.prepayments)),
		("cbc:PayableRoundingAmount", totals.rounding, bool(totals.rounding)),
		("cbc:PayableAmount", totals.payable, True),
	]
	return block(
		"cac:LegalMonetaryTotal", [amount(tag, value, currency) for tag, value, wanted in present if wanted]
	)
