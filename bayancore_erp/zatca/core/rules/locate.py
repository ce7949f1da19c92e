"""From an element of the document to what people call it: the XPath to show, and the field of the model behind it.

Takes an element and its document; gives `at`, `field` and the line it stands in, from ONE table of paths.
Never guesses: an element that no field produces belongs to the nearest field around it, else to the whole document.
Source: XML Implementation Standard section 8 (data dictionary); the model in core/invoice.py.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

from bayancore_erp.zatca.core.rules.model import clark, prefixed
from bayancore_erp.zatca.core.rules.model import element as declared

Element = Any

_ADDRESS = {
	"StreetName": "street",
	"AdditionalStreetName": "additional_street",
	"BuildingNumber": "building_number",
	"PlotIdentification": "additional_number",
	"CitySubdivisionName": "district",
	"CityName": "city",
	"CountrySubentity": "province",
	"PostalZone": "postal_code",
	"Country": "country",
}
_PARTY = {
	"PartyIdentification": "identification",
	"PartyIdentification/ID": "identification.value",
	"PartyIdentification/ID/@schemeID": "identification.scheme",
	"PostalAddress": "address",
	**{f"PostalAddress/{element}": f"address.{field}" for element, field in _ADDRESS.items()},
	"PartyTaxScheme": "vat_number",
	"PartyLegalEntity": "name",
	"Contact": "contact",
	"Contact/Name": "contact.name",
	"Contact/Telephone": "contact.phone",
	"Contact/ElectronicMail": "contact.email",
	"Contact/Note": "contact.note",
}
_VAT = {
	"": "vat",
	"/ID": "vat.category",
	"/Percent": "vat.rate",
	"/TaxExemptionReasonCode": "vat.exemption_code",
	"/TaxExemptionReason": "vat.exemption_reason",
}
_ALLOWANCE = {
	"": "",
	"/ChargeIndicator": ".is_charge",
	"/AllowanceChargeReasonCode": ".reason_code",
	"/AllowanceChargeReason": ".reason",
	"/MultiplierFactorNumeric": ".percentage",
	"/Amount": ".amount",
	"/BaseAmount": ".amount",
	**{f"/TaxCategory{element}": f".{field}" for element, field in _VAT.items()},
}
_ORDINARY_LINE = {
	"": "",
	"/ID": ".identifier",
	"/Note": ".note",
	"/InvoicedQuantity": ".quantity",
	"/InvoicedQuantity/@unitCode": ".unit",
	"/LineExtensionAmount": ".net",
	"/TaxTotal": ".tax",
	"/TaxTotal/RoundingAmount": ".total",
	**{f"/TaxTotal/TaxSubtotal/TaxCategory{element}": f".{field}" for element, field in _VAT.items()},
	"/Item/Name": ".name",
	"/Item/BuyersItemIdentification": ".buyer_item_id",
	"/Item/SellersItemIdentification": ".seller_item_id",
	"/Item/StandardItemIdentification": ".standard_item_id",
	**{f"/Item/ClassifiedTaxCategory{element}": f".{field}" for element, field in _VAT.items()},
	"/Price": ".unit_price",
	"/Price/BaseQuantity": ".price_base_quantity",
	"/Price/AllowanceCharge": ".price_discount",
	"/Price/AllowanceCharge/BaseAmount": ".unit_price",
	**{f"/AllowanceCharge{element}": f".allowances[#]{field}" for element, field in _ALLOWANCE.items()},
}
_PREPAYMENT_LINE = {
	"": "",
	"/DocumentReference": ".invoice_number",
	"/DocumentReference/UUID": ".uuid",
	"/DocumentReference/IssueDate": ".issue_date",
	"/DocumentReference/IssueTime": ".issue_time",
	"/Item/Name": ".name",
	"/TaxTotal/TaxSubtotal/TaxableAmount": ".taxable",
	"/TaxTotal/TaxSubtotal/TaxAmount": ".tax",
	**{f"/TaxTotal/TaxSubtotal/TaxCategory{element}": f".{field}" for element, field in _VAT.items()},
	**{f"/Item/ClassifiedTaxCategory{element}": f".{field}" for element, field in _VAT.items()},
}

FIELDS: dict[str, str] = {
	"ID": "number",
	"UUID": "uuid",
	"IssueDate": "issue_date",
	"IssueTime": "issue_time",
	"InvoiceTypeCode": "type_code",
	"InvoiceTypeCode/@name": "flags",
	"Note": "notes[#]",
	"DocumentCurrencyCode": "currency",
	"OrderReference": "purchase_order",
	"ContractDocumentReference": "contract",
	"BillingReference": "billing_references[#]",
	"AdditionalDocumentReference[ICV]": "icv",
	"AdditionalDocumentReference[PIH]": "pih",
	"AdditionalDocumentReference[QR]": "qr",
	"Signature": "stamp",
	"ext:UBLExtensions": "stamp",
	"AccountingSupplierParty": "seller",
	**{f"AccountingSupplierParty/Party/{element}": f"seller.{field}" for element, field in _PARTY.items()},
	"AccountingCustomerParty": "buyer",
	**{f"AccountingCustomerParty/Party/{element}": f"buyer.{field}" for element, field in _PARTY.items()},
	"Delivery": "supply_date",
	"Delivery/ActualDeliveryDate": "supply_date",
	"Delivery/LatestDeliveryDate": "supply_end_date",
	"PaymentMeans": "payment",
	"PaymentMeans/PaymentMeansCode": "payment.means_code",
	"PaymentMeans/InstructionNote": "reason",
	"PaymentMeans/PayeeFinancialAccount": "payment.account",
	"PaymentMeans/PayeeFinancialAccount/PaymentNote": "payment.terms",
	**{f"AllowanceCharge{element}": f"allowance_charges[#]{field}" for element, field in _ALLOWANCE.items()},
	"TaxExchangeRate": "sar_rate",
	"TaxTotal[SAR]": "totals.vat_sar",
	"TaxTotal": "totals.vat",
	"TaxTotal/TaxSubtotal": "breakdown[#]",
	"TaxTotal/TaxSubtotal/TaxableAmount": "breakdown[#].taxable",
	"TaxTotal/TaxSubtotal/TaxAmount": "breakdown[#].vat",
	"TaxTotal/TaxSubtotal/TaxCategory/ID": "breakdown[#].category",
	"TaxTotal/TaxSubtotal/TaxCategory/Percent": "breakdown[#].rate",
	"TaxTotal/TaxSubtotal/TaxCategory/TaxExemptionReasonCode": "breakdown[#].exemption_code",
	"TaxTotal/TaxSubtotal/TaxCategory/TaxExemptionReason": "breakdown[#].exemption_reason",
	"LegalMonetaryTotal": "totals",
	"LegalMonetaryTotal/LineExtensionAmount": "totals.line_net",
	"LegalMonetaryTotal/AllowanceTotalAmount": "totals.allowances",
	"LegalMonetaryTotal/ChargeTotalAmount": "totals.charges",
	"LegalMonetaryTotal/TaxExclusiveAmount": "totals.tax_exclusive",
	"LegalMonetaryTotal/TaxInclusiveAmount": "totals.tax_inclusive",
	"LegalMonetaryTotal/PrepaidAmount": "totals.prepaid",
	"LegalMonetaryTotal/PayableRoundingAmount": "totals.rounding",
	"LegalMonetaryTotal/PayableAmount": "totals.payable",
	**{f"InvoiceLine{element}": f"lines[#]{field}" for element, field in _ORDINARY_LINE.items()},
	**{
		f"InvoiceLine[advance]{element}": f"prepayments[#]{field}"
		for element, field in _PREPAYMENT_LINE.items()
	},
}
"""Element path -> model path. `#` is the element's place among its kind, counted from 0."""

_LINE = clark("cac:InvoiceLine")
_REFERENCE = clark("cac:AdditionalDocumentReference")
_TAX_TOTAL = clark("cac:TaxTotal")
_SUBTOTAL = clark("cac:TaxSubtotal")
_ADVANCE = clark("cac:DocumentReference")
_ID = clark("cbc:ID")


class Place(NamedTuple):
	"""Where a finding stands."""

	at: str
	field: str
	line: str
	"""The line's number counted from 1, empty outside lines."""


class Locator:
	"""Finds places in one document; remembers what it has counted, so that a thousand findings cost what they should."""

	def __init__(self) -> None:
		self._numbers: dict[Element, dict[Element, tuple[int, bool]]] = {}
		self._lines: dict[Element, tuple[str, int]] = {}

	def place(self, element: Element, beneath: str = "") -> Place:
		"""The place of `element`, or of `beneath` in it: names with `/`, or an `@attribute`, which need not exist."""
		chain = [element, *element.iterancestors()]
		chain.reverse()
		at = "/" + prefixed(chain[0].tag)
		keys: list[str] = []
		indexes: list[int] = []
		line = ""
		for above, here in pairwise(chain):
			number, several = self._numbered(above)[here]
			at += "/" + prefixed(here.tag) + (f"[{number + 1}]" if several else "")
			if here.tag == _LINE and above is chain[0]:
				line = str(number + 1)
			key, number = self._kind(here, above, number)
			keys.append(key)
			indexes.append(number)
		for name in beneath.split("/") if beneath else ():
			at += "/" + (name if name.startswith("@") else _guess_prefix(name))
			keys.append(name)
			indexes.append(0)
		return Place(at, _field(keys, indexes), line)

	def _numbered(self, parent: Element) -> dict[Element, tuple[int, bool]]:
		"""For each child its place among those of its name, and whether there are several."""
		known = self._numbers.get(parent)
		if known is None:
			children = [child for child in parent if isinstance(child.tag, str)]
			counts = Counter(child.tag for child in children)
			seen: Counter[str] = Counter()
			known = {}
			for child in children:
				known[child] = seen[child.tag], counts[child.tag] > 1
				seen[child.tag] += 1
			self._numbers[parent] = known
		return known

	def _kind(self, here: Element, above: Element, number: int) -> tuple[str, int]:
		"""The key of an element in FIELDS, and its place among those of that key."""
		name = prefixed(here.tag).removeprefix("cac:").removeprefix("cbc:")
		if here.tag == _LINE:
			if here not in self._lines:
				self._count_lines(above)
			return self._lines[here]
		if here.tag == _REFERENCE:
			return f"{name}[{' '.join((here.findtext(_ID) or '').split())}]", number
		if here.tag == _TAX_TOTAL and here.find(_SUBTOTAL) is None and prefixed(above.tag) == "Invoice":
			return name + "[SAR]", number
		return name, number

	def _count_lines(self, parent: Element) -> None:
		"""Lines that deduct an advance are prepayments in the model, counted apart from the others."""
		ordinary = advances = 0
		for line in parent.iterchildren(_LINE):
			if line.find(_ADVANCE) is None:
				self._lines[line] = "InvoiceLine", ordinary
				ordinary += 1
			else:
				self._lines[line] = "InvoiceLine[advance]", advances
				advances += 1


def _field(keys: list[str], indexes: list[int]) -> str:
	for length in range(len(keys), 0, -1):
		path = FIELDS.get("/".join(keys[:length]))
		if path is not None:
			# The outermost places fill the marks: a price discount is one field, however many elements state it.
			marked = [index for key, index in zip(keys[:length], indexes, strict=False) if key in _NUMBERED]
			for number in marked[: path.count("#")]:
				path = path.replace("#", str(number), 1)
			return path
	return ""


_NUMBERED = frozenset(
	{"AllowanceCharge", "BillingReference", "InvoiceLine", "InvoiceLine[advance]", "Note", "TaxSubtotal"}
)


def _guess_prefix(name: str) -> str:
	"""UBL's aggregates and its basic components share no name, so the name tells the prefix."""
	if ":" in name:
		return name
	return ("cac:" if declared(clark(f"cac:{name}")) is not None else "cbc:") + name
