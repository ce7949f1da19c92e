"""What a stored XML states, read from its bytes and from nothing else."""

from __future__ import annotations

from decimal import Decimal

# BT-106 to BT-115 as UBL writes them.
TOTALS = {
	"BT-106": "LineExtensionAmount",
	"BT-107": "AllowanceTotalAmount",
	"BT-108": "ChargeTotalAmount",
	"BT-109": "TaxExclusiveAmount",
	"BT-112": "TaxInclusiveAmount",
	"BT-113": "PrepaidAmount",
	"BT-114": "PayableRoundingAmount",
	"BT-115": "PayableAmount",
}
NIL = Decimal("0.00")


def stated(xml: bytes) -> dict[str, Decimal]:
	"""The totals an XML states; what it leaves out is nil."""
	from bayancore_erp.zatca.core.xml import parse

	root = parse(xml)
	(sums,) = root.xpath("*[local-name()='LegalMonetaryTotal']")
	found = {
		code: next((Decimal(part.text) for part in sums if part.tag.endswith("}" + name)), NIL)
		for code, name in TOTALS.items()
	}
	for part in root.xpath("*[local-name()='TaxTotal']"):
		(amount,) = (each for each in part if each.tag.endswith("}TaxAmount"))
		# the one in the accounting currency has no subtotals
		code = "BT-110" if len(part) > 1 else "BT-111"
		found[code] = Decimal(amount.text)
		assert code == "BT-110" or amount.get("currencyID") == "SAR"
	return found
