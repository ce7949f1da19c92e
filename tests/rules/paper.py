"""A lawful invoice as XML, and small changes to it, for tests that need no official material and no builder."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from lxml import etree

from bayancore_erp.zatca.core.rules import Finding, check

NAMESPACES = {
	"i": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
	"cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
	"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
	"ext": "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
}
NOW = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=3)))
Element = Any

_PARTY = """<cac:Party>
<cac:PartyIdentification><cbc:ID schemeID="CRN">{crn}</cbc:ID></cac:PartyIdentification>
<cac:PostalAddress><cbc:StreetName>شارع العليا</cbc:StreetName><cbc:BuildingNumber>2322</cbc:BuildingNumber>
<cbc:CitySubdivisionName>المربع</cbc:CitySubdivisionName><cbc:CityName>الرياض</cbc:CityName>
<cbc:PostalZone>23333</cbc:PostalZone><cac:Country><cbc:IdentificationCode>SA</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>{vat}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>"""

_SCHEME = "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"

_LINE = """<cac:InvoiceLine><cbc:ID>{number}</cbc:ID><cbc:InvoicedQuantity unitCode="PCE">2</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="SAR">100.00</cbc:LineExtensionAmount>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount>
<cbc:RoundingAmount currencyID="SAR">115.00</cbc:RoundingAmount></cac:TaxTotal>
<cac:Item><cbc:Name>قلم رصاص</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent>{scheme}
</cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="SAR">50.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>"""

_ADVANCE = """<cac:InvoiceLine><cbc:ID>3</cbc:ID><cbc:InvoicedQuantity unitCode="PCE">0.00</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="SAR">0.00</cbc:LineExtensionAmount>
<cac:DocumentReference><cbc:ID>ADV-1</cbc:ID><cbc:IssueDate>2026-11-01</cbc:IssueDate><cbc:IssueTime>10:00:00</cbc:IssueTime>
<cbc:DocumentTypeCode>386</cbc:DocumentTypeCode></cac:DocumentReference>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">0.00</cbc:TaxAmount><cbc:RoundingAmount currencyID="SAR">0.00</cbc:RoundingAmount>
<cac:TaxSubtotal><cbc:TaxableAmount currencyID="SAR">100.00</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent>{scheme}
</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:Item><cbc:Name>دفعة مقدمة</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent>{scheme}
</cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="SAR">0.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>"""

_WHOLE = """<Invoice xmlns="{i}" xmlns:cac="{cac}" xmlns:cbc="{cbc}" xmlns:ext="{ext}">
<cbc:ProfileID>reporting:1.0</cbc:ProfileID><cbc:ID>INV-1</cbc:ID><cbc:UUID>8e6000cf-1a98-4174-b3e7-b5d5954bc10d</cbc:UUID>
<cbc:IssueDate>2026-11-21</cbc:IssueDate><cbc:IssueTime>09:30:00</cbc:IssueTime>
<cbc:InvoiceTypeCode name="0100000">388</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>SAR</cbc:DocumentCurrencyCode><cbc:TaxCurrencyCode>SAR</cbc:TaxCurrencyCode>
<cac:AdditionalDocumentReference><cbc:ID>ICV</cbc:ID><cbc:UUID>7</cbc:UUID></cac:AdditionalDocumentReference>
<cac:AdditionalDocumentReference><cbc:ID>PIH</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject
 mimeCode="text/plain">NWZlY2Vi</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>
<cac:AccountingSupplierParty>{seller}</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{buyer}</cac:AccountingCustomerParty>
<cac:Delivery><cbc:ActualDeliveryDate>2026-11-20</cbc:ActualDeliveryDate></cac:Delivery>
<cac:PaymentMeans><cbc:PaymentMeansCode>10</cbc:PaymentMeansCode></cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">30.00</cbc:TaxAmount></cac:TaxTotal>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">30.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="SAR">200.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="SAR">30.00</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent>{scheme}</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="SAR">200.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="SAR">200.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="SAR">230.00</cbc:TaxInclusiveAmount>{prepaid}
<cbc:PayableAmount currencyID="SAR">{payable}</cbc:PayableAmount></cac:LegalMonetaryTotal>
{lines}</Invoice>"""


def paper(*, advance: bool = False) -> Element:
	"""Two lines of 100.00 at 15 %, standard, from one company to another; with `advance` 115.00 of it paid before."""
	lines = "".join(_LINE.format(number=number, scheme=_SCHEME) for number in (1, 2))
	text = _WHOLE.format(
		**NAMESPACES,
		seller=_PARTY.format(crn="1010010029", vat="399999999900003", name="شركة الاختبار"),
		buyer=_PARTY.format(crn="4030204058", vat="310122393500003", name="شركة المشتري"),
		scheme=_SCHEME,
		prepaid='<cbc:PrepaidAmount currencyID="SAR">115.00</cbc:PrepaidAmount>' if advance else "",
		payable="115.00" if advance else "230.00",
		lines=lines + (_ADVANCE.format(scheme=_SCHEME) if advance else ""),
	)
	return etree.fromstring(text)


def at(root: Element, path: str) -> Element:
	"""The element at a path below the invoice."""
	found = root.xpath(path, namespaces=NAMESPACES)
	assert found, path
	return found[0]


def say(root: Element, path: str, text: str) -> None:
	"""Change a text, or with `@name` at the end an attribute."""
	element, _, attribute = path.partition("/@")
	if attribute:
		at(root, element).set(attribute, text)
	else:
		at(root, path).text = text


def drop(root: Element, path: str) -> None:
	"""Take an element out."""
	element = at(root, path)
	element.getparent().remove(element)


def twice(root: Element, path: str) -> None:
	"""Put a copy right behind an element."""
	element = at(root, path)
	element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))


def before(root: Element, path: str, xml: str) -> None:
	"""Put new elements before another."""
	wrapped = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix != "i")
	for element in etree.fromstring(f"<new {wrapped}>{xml}</new>"):
		at(root, path).addprevious(element)


def judged(root: Element) -> list[Finding]:
	"""All findings, at a fixed moment."""
	return check(etree.tostring(root), now=NOW)


def codes(root: Element) -> set[str]:
	"""The codes of all findings."""
	return {finding.code for finding in judged(root)}
