"""The document decides where the problem is: which line, which of two addresses; the message only where it is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from bayancore_erp.ai_errors.core.locator import Confidence, locate

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
NS = {
	"cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
	"cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def broken(name: str, path: str, text: str | None) -> bytes:
	"""The golden document with one element changed, or removed where `text` is None."""
	root = etree.fromstring((GOLDEN / f"{name}.xml").read_bytes())
	found = root.xpath(path, namespaces=NS)
	assert len(found) == 1, (path, len(found))
	if text is None:
		found[0].getparent().remove(found[0])
	else:
		found[0].text = text
	return etree.tostring(root)


BUYER = "cac:AccountingCustomerParty/cac:Party/cac:PostalAddress"
SELLER = "cac:AccountingSupplierParty/cac:Party/cac:PostalAddress"


def test_the_line_that_breaks_the_sum_is_named() -> None:
	root = etree.fromstring((GOLDEN / "mixed_categories.xml").read_bytes())
	lines = root.findall("cac:InvoiceLine", NS)
	assert len(lines) >= 3
	document = broken("mixed_categories", "cac:InvoiceLine[3]/cbc:LineExtensionAmount", "17.77")
	found = locate("BR-CO-10", "Sum of Invoice line net amount (BT-106) = ...", document)
	assert (found[0].field, found[0].line) == ("lines[2].net", 3)
	assert found[0].confidence is Confidence.ARITHMETIC
	assert found[0].form.table == "items" and found[0].form.row == 3
	assert any(location.field == "totals.line_net" for location in found)


def test_where_every_line_is_right_the_total_is_to_blame() -> None:
	document = broken("mixed_categories", "cac:LegalMonetaryTotal/cbc:LineExtensionAmount", "1.00")
	found = locate("BR-CO-10", "", document)
	assert found[0].field == "totals.line_net" and found[0].line == 0


@pytest.mark.parametrize(("party", "path"), [("seller", SELLER), ("buyer", BUYER)])
def test_which_of_two_addresses_was_used(party: str, path: str) -> None:
	code = {"seller": "BR-KSA-66", "buyer": "BR-KSA-67"}[party]
	document = broken("standard_invoice", f"{path}/cbc:PostalZone", "123")
	found = locate(code, "The postal code must be 5 digits", document)
	assert found[0].field == f"{party}.address.postal_code" and found[0].confidence is Confidence.DOCUMENT
	assert (found[0].form.doctype, found[0].form.fieldname) == ("Address", "pincode")


@pytest.mark.parametrize(
	("code", "party", "path"), [("BR-KSA-09", "seller", SELLER), ("BR-KSA-63", "buyer", BUYER)]
)
def test_an_incomplete_address_names_the_part_that_is_missing(code: str, party: str, path: str) -> None:
	for element, part in (("cbc:CitySubdivisionName", "district"), ("cbc:BuildingNumber", "building_number")):
		found = locate(code, "", broken("standard_invoice", f"{path}/{element}", None))
		assert found[0].field == f"{party}.address.{part}", found
		assert found[0].form.doctype == "Address"


def test_an_exemption_missing_in_the_breakdown_leads_to_its_line() -> None:
	root = etree.fromstring((GOLDEN / "mixed_categories.xml").read_bytes())
	categories = root.xpath("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", namespaces=NS)
	for category in categories:
		reason = category.find("cbc:TaxExemptionReasonCode", NS)
		if reason is not None:
			letter = category.findtext("cbc:ID", None, NS)
			category.remove(reason)
			break
	else:
		raise AssertionError
	code = {"Z": "BR-KSA-23", "E": "BR-KSA-69", "O": "BR-KSA-24"}
	lines = [
		number
		for number, line in enumerate(root.findall("cac:InvoiceLine", NS))
		if line.findtext("cac:Item/cac:ClassifiedTaxCategory/cbc:ID", None, NS) == letter
	]
	for name in code.values():
		found = locate(name, "", etree.tostring(root))
		if found[0].confidence is Confidence.DOCUMENT:
			assert found[0].field == f"lines[{lines[0]}].vat.exemption_code", found
			return
	raise AssertionError


FIRST, LINE, TOTALS = "cac:InvoiceLine[1]", "cac:InvoiceLine[2]", "cac:LegalMonetaryTotal"
SUBTOTAL = "cac:TaxTotal/cac:TaxSubtotal[1]"


@pytest.mark.parametrize(
	("code", "path", "text", "field"),
	[
		("BR-KSA-EN16931-11", f"{LINE}/cbc:InvoicedQuantity", None, "lines[1].quantity"),
		("BR-KSA-EN16931-11", f"{LINE}/cbc:InvoicedQuantity", "9.77", "lines[1].quantity"),
		("BR-KSA-EN16931-11", f"{LINE}/cac:Price/cbc:PriceAmount", "-5", "lines[1].unit_price"),
		("BR-CO-10", f"{LINE}/cbc:LineExtensionAmount", "17.77", "lines[1].net"),
		("BR-CO-16", f"{TOTALS}/cbc:TaxInclusiveAmount", "1.00", "totals.tax_inclusive"),
		("BR-CO-16", f"{TOTALS}/cbc:PayableAmount", "1.00", "totals.payable"),
		("BR-CO-13", f"{TOTALS}/cbc:LineExtensionAmount", "1.00", "totals.line_net"),
		("BR-CO-14", f"{SUBTOTAL}/cbc:TaxAmount", "1.00", "breakdown[0].vat"),
		("BR-CO-15", f"{SUBTOTAL}/cbc:TaxAmount", "1.00", "breakdown[0].vat"),
		("BR-S-08", f"{FIRST}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", None, "lines[0].vat.category"),
		("BR-CO-15", "cbc:DocumentCurrencyCode", "XYZ", "currency"),
	],
)
def test_the_one_figure_that_explains_every_broken_sum(
	code: str, path: str, text: str | None, field: str
) -> None:
	name = "mixed_categories" if "InvoiceLine" in path else "standard_invoice"
	found = locate(code, "", broken(name, path, text))
	assert found[0].field == field, found


@pytest.mark.parametrize(
	("code", "path", "field"),
	[
		("BR-KSA-37", "cac:AccountingSupplierParty/cac:Party/cac:PostalAddress", "seller.address"),
		("BR-KSA-10", f"{BUYER}/cac:Country", "buyer.address.country"),
		("BR-CO-04", "cac:InvoiceLine[1]/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", "lines[0].vat.category"),
		("BR-KSA-61", "cac:AdditionalDocumentReference[cbc:ID='PIH']", "pih"),
		("BR-KSA-33", "cac:AdditionalDocumentReference[cbc:ID='ICV']", "icv"),
	],
)
def test_what_is_missing_altogether_is_named_as_a_whole(code: str, path: str, field: str) -> None:
	assert locate(code, "", broken("standard_invoice", path, None))[0].field == field


def test_an_unknown_code_is_located_by_the_terms_of_its_message() -> None:
	document = (GOLDEN / "standard_invoice.xml").read_bytes()
	found = locate("BR-KSA-777", "The buyer's district (KSA-4) has to be one of the list", document)
	assert (found[0].field, found[0].confidence) == ("buyer.address.district", Confidence.MESSAGE)


def test_a_value_that_stands_only_once_is_found_in_the_document() -> None:
	document = broken("standard_invoice", f"{BUYER}/cbc:PostalZone", "98765")
	found = locate("BR-NEW-9", "Value '98765' is not accepted", document)
	assert (found[0].field, found[0].confidence) == ("buyer.address.postal_code", Confidence.MESSAGE)


def test_a_line_in_the_message_that_the_document_has_not_is_not_believed() -> None:
	document = (GOLDEN / "standard_invoice.xml").read_bytes()
	assert locate("NEW", "line 9999 is wrong", document)[0].line == 0
	assert locate("NEW", "line 1 is wrong", document)[0].line == 1


def test_without_a_document_the_code_speaks() -> None:
	found = locate("BR-KSA-17", "")
	assert (found[0].field, found[0].confidence) == ("reason", Confidence.CODE)
	assert locate("certificate-permissions")[0].form.doctype == "ZATCA Device"
	assert locate("NEVER-HEARD")[0].confidence is Confidence.NONE


@pytest.mark.parametrize(
	"document",
	[b"", b"<", b"<a/>", b"\xff\xfe\x00", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"<a>" * 3000],
)
def test_whatever_the_bytes_are_there_is_an_answer(document: bytes) -> None:
	for code in ("BR-CO-10", "", "x" * 1000, "BR-KSA-63"):
		assert locate(code, "(BT-52) line 3 'x'" * 50, document)
