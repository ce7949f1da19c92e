"""ZATCA's signed samples as our JSON, and two UBL documents held against each other value by value.

The converter states only what a seller states (prices, quantities, discounts, advances); every amount that follows is left
to the calculator and must come out as in the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lxml import etree

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
NS = {
	"cac": UBL + "CommonAggregateComponents-2",
	"cbc": UBL + "CommonBasicComponents-2",
	"ext": UBL + "CommonExtensionComponents-2",
}
ADDRESS = {
	"street": "cbc:StreetName",
	"additional_street": "cbc:AdditionalStreetName",
	"building_number": "cbc:BuildingNumber",
	"additional_number": "cbc:PlotIdentification",
	"district": "cbc:CitySubdivisionName",
	"city": "cbc:CityName",
	"postal_code": "cbc:PostalZone",
	"province": "cbc:CountrySubentity",
	"country": "cac:Country/cbc:IdentificationCode",
}


def read(path: Path) -> etree._Element:
	"""A sample without its stamp and its comments."""
	root = etree.parse(str(path), etree.XMLParser(remove_comments=True)).getroot()
	for found in root.findall("ext:UBLExtensions", NS) + root.findall("cac:Signature", NS):
		root.remove(found)
	for found in root.findall("cac:AdditionalDocumentReference", NS):
		if found.findtext("cbc:ID", None, NS) == "QR":
			root.remove(found)
	return root


def text(element: etree._Element, path: str) -> str:
	"""The trimmed text at `path`, empty where there is none."""
	return (element.findtext(path, "", NS) or "").strip()


def chain_of(root: etree._Element) -> tuple[int, str]:
	"""Counter and previous hash."""
	references = root.findall("cac:AdditionalDocumentReference", NS)
	by_id = {text(reference, "cbc:ID"): reference for reference in references}
	pih = text(by_id["PIH"], "cac:Attachment/cbc:EmbeddedDocumentBinaryObject")
	return int(text(by_id["ICV"], "cbc:UUID")), pih


def to_schema(root: etree._Element) -> dict[str, Any]:
	"""The sample in the published JSON schema."""
	code = root.find("cbc:InvoiceTypeCode", NS)
	assert code is not None
	reasons = {
		text(each, "cbc:ID"): each
		for each in root.findall("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", NS)
	}
	rounding = text(root, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount")
	# Its only price that pays 1000.00 exactly is one that includes VAT.
	inclusive = bool(rounding) and bool(Decimal(rounding))
	currency = text(root, "cbc:DocumentCurrencyCode")
	lines = root.findall("cac:InvoiceLine", NS)
	ordinary = [line for line in lines if line.find("cac:DocumentReference", NS) is None]
	advances = [line for line in lines if line.find("cac:DocumentReference", NS) is not None]
	means = root.find("cac:PaymentMeans", NS)
	stated: dict[str, Any] = {
		"number": text(root, "cbc:ID"),
		"uuid": text(root, "cbc:UUID"),
		"issue_date": text(root, "cbc:IssueDate"),
		"issue_time": text(root, "cbc:IssueTime"),
		"type_code": (code.text or "").strip(),
		"flags": code.get("name"),
		"notes": [
			{"text": (note.text or "").strip(), "language": note.get("languageID")}
			for note in root.findall("cbc:Note", NS)
		],
		"currency": currency,
		"prices_include_vat": inclusive,
		"billing_references": [
			text(each, "cac:InvoiceDocumentReference/cbc:ID")
			for each in root.findall("cac:BillingReference", NS)
		],
		"seller": party(root, "cac:AccountingSupplierParty/cac:Party"),
		"buyer": party(root, "cac:AccountingCustomerParty/cac:Party"),
		"supply_date": text(root, "cac:Delivery/cbc:ActualDeliveryDate") or None,
		"supply_end_date": text(root, "cac:Delivery/cbc:LatestDeliveryDate") or None,
		"payment": None if means is None else {"means_code": text(means, "cbc:PaymentMeansCode")},
		"reason": text(root, "cac:PaymentMeans/cbc:InstructionNote"),
		"allowance_charges": [allowance(each) for each in root.findall("cac:AllowanceCharge", NS)],
		"lines": [line(each, reasons, inclusive) for each in ordinary],
		"prepayments": [prepayment(each) for each in advances],
	}
	if currency != "SAR":
		stated["vat_sar"] = text(root, "cac:TaxTotal[1]/cbc:TaxAmount")
	return stated


def party(root: etree._Element, path: str) -> dict[str, Any] | None:
	"""Seller or buyer."""
	found = root.find(path, NS)
	if found is None:
		return None
	stated: dict[str, Any] = {
		"name": text(found, "cac:PartyLegalEntity/cbc:RegistrationName"),
		"vat_number": text(found, "cac:PartyTaxScheme/cbc:CompanyID"),
		"address": {key: text(found, f"cac:PostalAddress/{tag}") for key, tag in ADDRESS.items()},
	}
	identification = found.find("cac:PartyIdentification/cbc:ID", NS)
	if identification is not None:
		stated["identification"] = {
			"scheme": identification.get("schemeID"),
			"value": (identification.text or "").strip(),
		}
	return stated


def vat(category: etree._Element, reasons: dict[str, etree._Element]) -> dict[str, Any]:
	"""A category with its rate, and the reason that its breakdown gives."""
	letter = text(category, "cbc:ID")
	stated: dict[str, Any] = {"category": letter, "rate": text(category, "cbc:Percent")}
	if letter in reasons and letter != "S":
		stated["exemption_code"] = text(reasons[letter], "cbc:TaxExemptionReasonCode")
		stated["exemption_reason"] = text(reasons[letter], "cbc:TaxExemptionReason")
	return stated


def allowance(element: etree._Element) -> dict[str, Any]:
	"""A document discount or charge."""
	category = element.find("cac:TaxCategory", NS)
	assert category is not None
	return {
		"is_charge": text(element, "cbc:ChargeIndicator") == "true",
		"amount": text(element, "cbc:Amount"),
		"reason": text(element, "cbc:AllowanceChargeReason"),
		"reason_code": text(element, "cbc:AllowanceChargeReasonCode"),
		"vat": vat(category, {}),
	}


def line(element: etree._Element, reasons: dict[str, etree._Element], inclusive: bool) -> dict[str, Any]:
	"""What one line sells, for how much."""
	quantity = element.find("cbc:InvoicedQuantity", NS)
	category = element.find("cac:Item/cac:ClassifiedTaxCategory", NS)
	assert quantity is not None and category is not None
	with_vat = text(element, "cac:TaxTotal/cbc:RoundingAmount")
	return {
		"identifier": text(element, "cbc:ID"),
		"name": text(element, "cac:Item/cbc:Name"),
		"quantity": (quantity.text or "").strip(),
		"unit": quantity.get("unitCode"),
		"unit_price": with_vat if inclusive else text(element, "cac:Price/cbc:PriceAmount"),
		"vat": vat(category, reasons),
	}


def prepayment(element: etree._Element) -> dict[str, Any]:
	"""The deduction of one advance."""
	category = element.find("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", NS)
	assert category is not None
	return {
		"invoice_number": text(element, "cac:DocumentReference/cbc:ID"),
		"uuid": text(element, "cac:DocumentReference/cbc:UUID"),
		"issue_date": text(element, "cac:DocumentReference/cbc:IssueDate"),
		"issue_time": text(element, "cac:DocumentReference/cbc:IssueTime"),
		"taxable": text(element, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxableAmount"),
		"vat": vat(category, {}),
		"name": text(element, "cac:Item/cbc:Name"),
	}


# --- comparison --------------------------------------------------------------------------------------------------
Values = dict[str, str | Decimal]


def values(root: etree._Element) -> Values:
	"""Every element's text and every attribute by path; amounts as numbers, spaces around a bar evened out."""
	return dict(_walk(root, ""))


def _walk(element: etree._Element, path: str) -> Iterator[tuple[str, str | Decimal]]:
	for name, value in element.attrib.items():
		yield f"{path}/@{name}", value
	seen: dict[str, int] = {}
	if len(element) == 0:
		yield path, _comparable(element.text or "")
	for child in element:
		name = etree.QName(child).localname
		seen[name] = seen.get(name, 0) + 1
		yield from _walk(child, f"{path}/{name}[{seen[name]}]")


def _comparable(value: str) -> str | Decimal:
	value = " | ".join(part.strip() for part in value.split("|"))
	try:
		# Identifiers with leading zeros or many digits compare equal as numbers only if they are the same number.
		return Decimal(value)
	except InvalidOperation:
		return value


def explained(path: str, value: str | Decimal) -> bool:
	"""Whether a value may stand in the sample only, and why."""
	if path.endswith(("/@schemeID", "/@schemeAgencyID")) and "TaxCategory" in path:
		return True  # names of the code lists UN/ECE 5305 and 5153, optional, in half of the samples
	if value == 0 and path.partition("/LegalMonetaryTotal[1]/")[2].startswith(
		("AllowanceTotal", "ChargeTotal", "Prepaid")
	):
		return True  # the sum of nothing, stated by some samples and left out by others
	if "/LegalMonetaryTotal[1]/" in path and path.endswith("/@currencyID"):
		return (
			True  # the attribute of such a sum; every amount's own currency is compared where the amount is
		)
	# A second tax category in one discount, where the Standard allows one: a slip of Simplified_Invoice.xml.
	return "/AllowanceCharge[1]/TaxCategory[2]/" in path
