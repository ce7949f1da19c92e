"""The documents that mutants are made of: the official samples, enriched and reshaped so that every rule has something to judge.

Takes the samples; gives (name, bytes). The totals are kept in agreement where a graft touches them.
Source of the order of elements: UBL 2.1.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree
from mutation import CAC, CBC, NS, PARSER, local


def official_documents(samples: Path) -> list[tuple[str, bytes]]:
	"""The official samples, each again with what no sample has, and that in shapes of other categories and kinds."""
	documents = []
	for path in sorted(samples.rglob("*.xml")):
		data = path.read_bytes()
		rich = enriched(data)
		documents.append((path.stem, data))
		documents.append((f"{path.stem} (rich)", rich))
		for name, shape in _SHAPES:
			if (shaped := _shaped(rich, shape)) is not None:
				documents.append((f"{path.stem} ({name})", shaped))
	return documents


# Parent, the new element, and the siblings it has to stand before: the order of UBL 2.1.
_GRAFTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
	(".", "<cac:ContractDocumentReference><cbc:ID>ETIMAD-1</cbc:ID></cac:ContractDocumentReference>",
		("AdditionalDocumentReference",)),
	(".", "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>",
		("BillingReference", "ContractDocumentReference", "AdditionalDocumentReference")),
	("cac:AccountingCustomerParty/cac:Party",
		"<cac:Contact><cbc:Name>خالد</cbc:Name><cbc:Telephone>+966500000000</cbc:Telephone><cbc:Note>x</cbc:Note></cac:Contact>", ()),
	(".", "<cac:TaxExchangeRate><cbc:SourceCurrencyCode>{currency}</cbc:SourceCurrencyCode>"
		"<cbc:TargetCurrencyCode>SAR</cbc:TargetCurrencyCode><cbc:CalculationRate>3.75</cbc:CalculationRate></cac:TaxExchangeRate>",
		("TaxTotal",)),
	(".", "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
		"<cbc:AllowanceChargeReasonCode>FC</cbc:AllowanceChargeReasonCode><cbc:AllowanceChargeReason>شحن</cbc:AllowanceChargeReason>"
		"<cbc:MultiplierFactorNumeric>10</cbc:MultiplierFactorNumeric><cbc:Amount currencyID='{currency}'>10.00</cbc:Amount>"
		"<cbc:BaseAmount currencyID='{currency}'>100.00</cbc:BaseAmount>{category}</cac:AllowanceCharge>"
		"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
		"<cbc:AllowanceChargeReasonCode>95</cbc:AllowanceChargeReasonCode><cbc:AllowanceChargeReason>خصم</cbc:AllowanceChargeReason>"
		"<cbc:MultiplierFactorNumeric>5</cbc:MultiplierFactorNumeric><cbc:Amount currencyID='{currency}'>10.00</cbc:Amount>"
		"<cbc:BaseAmount currencyID='{currency}'>200.00</cbc:BaseAmount>{category}</cac:AllowanceCharge>",
		("TaxExchangeRate", "TaxTotal")),
	(".", "<cbc:Note>شكراً</cbc:Note>", ("DocumentCurrencyCode",)),
	("cac:Delivery", "<cbc:LatestDeliveryDate>2026-12-31</cbc:LatestDeliveryDate>", ()),
	("cac:AccountingSupplierParty/cac:Party/cac:PostalAddress", "<cbc:AdditionalStreetName>ب</cbc:AdditionalStreetName>", ("BuildingNumber",)),
	("cac:AccountingSupplierParty/cac:Party/cac:PostalAddress", "<cbc:CountrySubentity>الرياض</cbc:CountrySubentity>", ("Country",)),
	("cac:AccountingCustomerParty/cac:Party/cac:PostalAddress", "<cbc:AdditionalStreetName>ب</cbc:AdditionalStreetName>", ("BuildingNumber", "CitySubdivisionName", "CityName")),
	("cac:AccountingCustomerParty/cac:Party/cac:PostalAddress", "<cbc:CountrySubentity>مكة</cbc:CountrySubentity>", ("Country",)),
	("cac:AccountingCustomerParty/cac:Party", "<cac:PartyIdentification><cbc:ID schemeID='NAT'>1029384757</cbc:ID></cac:PartyIdentification>", ("PostalAddress",)),
	("cac:PaymentMeans", "<cac:PayeeFinancialAccount><cbc:ID>SA0380000000608010167519</cbc:ID>"
		"<cbc:PaymentNote>30 يوماً</cbc:PaymentNote></cac:PayeeFinancialAccount>", ()),
	("cac:InvoiceLine[1]", "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
		"<cbc:AllowanceChargeReasonCode>CG</cbc:AllowanceChargeReasonCode><cbc:AllowanceChargeReason>تنظيف</cbc:AllowanceChargeReason>"
		"<cbc:MultiplierFactorNumeric>50</cbc:MultiplierFactorNumeric><cbc:Amount currencyID='{currency}'>1.00</cbc:Amount>"
		"<cbc:BaseAmount currencyID='{currency}'>2.00</cbc:BaseAmount></cac:AllowanceCharge>"
		"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
		"<cbc:AllowanceChargeReasonCode>95</cbc:AllowanceChargeReasonCode><cbc:AllowanceChargeReason>خصم</cbc:AllowanceChargeReason>"
		"<cbc:MultiplierFactorNumeric>1</cbc:MultiplierFactorNumeric><cbc:Amount currencyID='{currency}'>1.00</cbc:Amount>"
		"<cbc:BaseAmount currencyID='{currency}'>100.00</cbc:BaseAmount></cac:AllowanceCharge>", ("TaxTotal",)),
	("cac:InvoiceLine[1]/cac:Item", "<cac:BuyersItemIdentification><cbc:ID>B1</cbc:ID></cac:BuyersItemIdentification>"
		"<cac:SellersItemIdentification><cbc:ID>S1</cbc:ID></cac:SellersItemIdentification>"
		"<cac:StandardItemIdentification><cbc:ID>6281007000017</cbc:ID></cac:StandardItemIdentification>",
		("ClassifiedTaxCategory",)),
	("cac:InvoiceLine[1]/cac:Item", "<cac:AdditionalItemProperty><cbc:Name>لون</cbc:Name><cbc:Value>أزرق</cbc:Value></cac:AdditionalItemProperty>", ()),
	("cac:InvoiceLine[1]/cac:Price", "<cbc:BaseQuantity unitCode='PCE'>1</cbc:BaseQuantity>", ("AllowanceCharge",)),
	("cac:InvoiceLine[1]/cac:Price", "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
		"<cbc:Amount currencyID='{currency}'>0.50</cbc:Amount><cbc:BaseAmount currencyID='{currency}'>{gross}</cbc:BaseAmount></cac:AllowanceCharge>", ()),
)  # fmt: skip


def enriched(data: bytes) -> bytes:
	"""`data` with every graft that finds its place, the totals left as they agree."""
	root = etree.fromstring(data, PARSER)
	currency = root.findtext("cbc:DocumentCurrencyCode", namespaces=NS)
	price = Decimal(root.findtext("cac:InvoiceLine/cac:Price/cbc:PriceAmount", namespaces=NS) or "0")
	item = root.find("cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory", NS)
	category = (
		etree.tostring(item).decode().replace("ClassifiedTaxCategory", "TaxCategory")
		if item is not None
		else ""
	)
	for place, text, before in _GRAFTS:
		parent = root if place == "." else root.find(place, NS)
		filled = text.format(currency=currency, category=category, gross=price + Decimal("0.50"))
		pieces = list(etree.fromstring(f'<x xmlns:cac="{NS["cac"]}" xmlns:cbc="{NS["cbc"]}">{filled}</x>'))
		if parent is None or parent.find(pieces[0].tag) is not None:
			continue
		index = next((i for i, child in enumerate(parent) if local(child) in before), len(parent))
		for piece in reversed(pieces):
			parent.insert(index, piece)
		if place == "." and local(pieces[0]) == "AllowanceCharge":
			_add_totals(root, currency or "SAR")
	return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _untaxed(root: Any, category: str, code: str) -> bool:
	"""Every rate 15 becomes a category without VAT, the amounts with it."""
	for kind in ("TaxCategory", "ClassifiedTaxCategory"):
		for element in root.iter(f"{CAC}{kind}"):
			_recategorise(element, category, code if kind == "TaxCategory" else "")
	for element in root.iter(f"{CBC}TaxAmount"):
		element.text = "0.00"
	for line in root.iterfind("cac:InvoiceLine", NS):
		rounded = line.find("cac:TaxTotal/cbc:RoundingAmount", NS)
		if rounded is not None:
			rounded.text = line.findtext("cbc:LineExtensionAmount", namespaces=NS)
	total = root.find("cac:LegalMonetaryTotal", NS)
	figures = {local(element): element for element in total}
	net = Decimal(figures["TaxExclusiveAmount"].text)
	extra = {
		name: Decimal(figures[name].text) if name in figures else Decimal(0)
		for name in ("PrepaidAmount", "PayableRoundingAmount")
	}
	figures["TaxInclusiveAmount"].text = format(net, "f")
	figures["PayableAmount"].text = format(net - extra["PrepaidAmount"] + extra["PayableRoundingAmount"], "f")
	return True


def _recategorise(element: Any, category: str, code: str) -> None:
	found = {local(child): child for child in element}
	found["ID"].text = category
	if "Percent" in found:
		found["Percent"].text = "0.00"
	if code and "TaxExemptionReasonCode" not in found and element.getparent().tag == f"{CAC}TaxSubtotal":
		place = element.index(found["TaxScheme"])
		for name, text in (("TaxExemptionReason", "سبب | Reason"), ("TaxExemptionReasonCode", code)):
			new = etree.Element(f"{CBC}{name}")
			new.text = text
			element.insert(place, new)


def _prepaid(root: Any, category: str, code: str) -> bool:
	"""The deducted advances fall under a category without VAT."""
	subtotals = root.findall("cac:InvoiceLine/cac:TaxTotal/cac:TaxSubtotal", NS)
	prepaid = root.find("cac:LegalMonetaryTotal/cbc:PrepaidAmount", NS)
	for subtotal in subtotals:
		amount = subtotal.find("cbc:TaxAmount", NS)
		prepaid.text = format(Decimal(prepaid.text) - Decimal(amount.text), "f")
		amount.text = "0.00"
		_recategorise(subtotal.find("cac:TaxCategory", NS), category, code)
	return bool(subtotals)


def _named(root: Any, name: str, _: str) -> bool:
	"""Another transaction type."""
	root.find("cbc:InvoiceTypeCode", NS).set("name", name)
	return True


_SHAPES: tuple[tuple[str, tuple[Callable[[Any, str, str], bool], str, str]], ...] = (
	("zero rated", (_untaxed, "Z", "VATEX-SA-35")),
	("healthcare", (_untaxed, "Z", "VATEX-SA-HEA")),
	("exempt", (_untaxed, "E", "VATEX-SA-29")),
	("out of scope", (_untaxed, "O", "VATEX-SA-OOS")),
	("zero-rated advance", (_prepaid, "Z", "VATEX-SA-35")),
	("exempt advance", (_prepaid, "E", "VATEX-SA-30")),
	("advance out of scope", (_prepaid, "O", "VATEX-SA-OOS")),
	("simplified summary", (_named, "0200010", "")),
	("simplified export", (_named, "0200100", "")),
	("government", (_named, "010000001", "")),
)


def _shaped(data: bytes, shape: tuple[Callable[[Any, str, str], bool], str, str]) -> bytes | None:
	root = etree.fromstring(data, PARSER)
	change, first, second = shape
	return (
		etree.tostring(root, xml_declaration=True, encoding="UTF-8") if change(root, first, second) else None
	)


def with_stamp(data: bytes, donor: bytes) -> bytes:
	"""`data` with the stamp and QR code of another document, for rules that look at their shape."""
	root, other = etree.fromstring(data, PARSER), etree.fromstring(donor, PARSER)
	place = next(i for i, child in enumerate(root) if local(child) == "AccountingSupplierParty")
	for found in (
		other.find("cac:Signature", NS),
		other.xpath("cac:AdditionalDocumentReference[cbc:ID='QR']", namespaces=NS)[0],
	):
		root.insert(place, copy.deepcopy(found))
	root.insert(0, copy.deepcopy(other[0]))
	return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_totals(root: Any, currency: str) -> None:
	total = root.find("cac:LegalMonetaryTotal", NS)
	for name, before in (("AllowanceTotalAmount", ("ChargeTotalAmount", "PrepaidAmount", "PayableRoundingAmount", "PayableAmount")),
		("ChargeTotalAmount", ("PrepaidAmount", "PayableRoundingAmount", "PayableAmount"))):  # fmt: skip
		element = total.find(f"cbc:{name}", NS)
		if element is None:
			element = etree.Element(f"{CBC}{name}", currencyID=currency)
			element.text = "0.00"
			total.insert(next(i for i, child in enumerate(total) if local(child) in before), element)
		element.text = format(Decimal(element.text) + Decimal("10.00"), "f")
