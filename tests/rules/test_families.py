"""Each family of rules: a lawful document, one thing changed, the code that must come of it."""

from __future__ import annotations

import pytest
from paper import at, before, codes, drop, judged, paper, say, twice

from bayancore_erp.zatca.core.rules import Layer, Severity

_BUYER = "cac:AccountingCustomerParty/cac:Party"
_SELLER = "cac:AccountingSupplierParty/cac:Party"
_TOTALS = "cac:LegalMonetaryTotal"
_LINE = "cac:InvoiceLine[2]"
_CATEGORY = "cac:TaxTotal[2]/cac:TaxSubtotal/cac:TaxCategory"
_LONG = "x" * 128

DISCOUNT = """<cac:AllowanceCharge><cbc:ChargeIndicator>{charge}</cbc:ChargeIndicator>{reason}
<cbc:Amount currencyID="SAR">{amount}</cbc:Amount>{category}</cac:AllowanceCharge>"""
CATEGORY = """<cac:TaxCategory><cbc:ID>{code}</cbc:ID><cbc:Percent>{rate}</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>"""


def test_a_lawful_document_breaks_nothing() -> None:
	assert judged(paper()) == []
	assert judged(paper(advance=True)) == []


@pytest.mark.parametrize(
	("path", "text", "code"),
	[
		# the document
		("cbc:ID", "", "BR-02"),
		("cbc:ID", _LONG, "BR-KSA-F-06-C1"),
		("cbc:UUID", "_x", "BR-KSA-03"),
		("cbc:ProfileID", "clearance:1.0", "BR-KSA-EN16931-01"),
		("cbc:InvoiceTypeCode", "380", "BR-KSA-05"),
		("cbc:InvoiceTypeCode", "999", "BR-CL-01"),
		("cbc:InvoiceTypeCode", "", "BR-04"),
		("cbc:InvoiceTypeCode/@name", "0300000", "BR-KSA-06"),
		("cbc:InvoiceTypeCode/@name", "010000", "BR-KSA-F-06-C40"),
		("cbc:InvoiceTypeCode/@name", "0100101", "BR-KSA-07"),
		("cbc:InvoiceTypeCode/@name", "0200001", "BR-KSA-31"),
		("cbc:InvoiceTypeCode/@name", "010000001", "BR-KSA-92"),
		("cbc:DocumentCurrencyCode", "XXZ", "BR-CL-04"),
		("cbc:DocumentCurrencyCode", "", "BR-05"),
		("cbc:DocumentCurrencyCode", "USD", "BR-KSA-CL-02"),
		("cbc:TaxCurrencyCode", "USD", "BR-KSA-EN16931-02"),
		("cbc:TaxCurrencyCode", "", "BR-KSA-68"),
		# its dates
		("cbc:IssueDate", "2026-11-22", "BR-KSA-04"),
		("cbc:IssueDate", "2026-11-20Z", "BR-KSA-F-01"),
		("cbc:IssueTime", "09:30:00.5", "BR-KSA-70"),
		("cac:Delivery/cbc:ActualDeliveryDate", "1999-01-01", "BR-KSA-F-01"),
		# its chain
		("cac:AdditionalDocumentReference[1]/cbc:UUID", "seven", "BR-KSA-34"),
		("cac:AdditionalDocumentReference[1]/cbc:ID", "X", "BR-KSA-33"),
		("cac:AdditionalDocumentReference[2]/cbc:ID", "X", "BR-KSA-61"),
		(
			"cac:AdditionalDocumentReference[2]//cbc:EmbeddedDocumentBinaryObject/@mimeCode",
			"x/y",
			"BR-KSA-CL-03",
		),
		# the seller
		(f"{_SELLER}/cac:PartyTaxScheme/cbc:CompanyID", "399999999900004", "BR-KSA-40"),
		(f"{_SELLER}/cac:PartyTaxScheme/cbc:CompanyID", "310122393500003", "BR-CUSTOM-VALIDATION-01"),
		(f"{_SELLER}/cac:PostalAddress/cbc:PostalZone", "1234", "BR-KSA-66"),
		(f"{_SELLER}/cac:PostalAddress/cbc:BuildingNumber", "23", "BR-KSA-37"),
		(f"{_SELLER}/cac:PartyLegalEntity/cbc:RegistrationName", "", "BR-06"),
		(f"{_SELLER}/cac:PartyIdentification/cbc:ID/@schemeID", "TIN", "BR-KSA-08"),
		(f"{_SELLER}/cac:PartyIdentification/cbc:ID", "12345678", "BR-KSA-F-13"),
		(f"{_SELLER}/cac:PostalAddress/cbc:CityName", _LONG, "BR-KSA-F-06-C7"),
		(f"{_SELLER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode", "ZZ", "BR-CL-14"),
		# the buyer
		(f"{_BUYER}/cac:PartyTaxScheme/cbc:CompanyID", "123", "BR-KSA-44"),
		(f"{_BUYER}/cac:PartyTaxScheme/cbc:CompanyID", "", "BR-KSA-99"),
		(f"{_BUYER}/cac:PartyIdentification/cbc:ID/@schemeID", "XYZ", "BR-KSA-14"),
		(f"{_BUYER}/cac:PartyIdentification/cbc:ID", "103020405", "BR-KSA-F-08"),
		(f"{_BUYER}/cac:PartyIdentification/cbc:ID/@schemeID", "NAT", "BR-KSA-F-10"),
		(f"{_BUYER}/cac:PostalAddress/cbc:PostalZone", "123456", "BR-KSA-67"),
		(f"{_BUYER}/cac:PostalAddress/cbc:StreetName", " ", "BR-KSA-63"),
		(f"{_BUYER}/cac:PostalAddress/cbc:CityName", "", "BR-KSA-10"),
		(f"{_BUYER}/cac:PartyLegalEntity/cbc:RegistrationName", "", "BR-KSA-42"),
		# VAT
		(f"{_CATEGORY}/cbc:ID", "G", "BR-KSA-18"),
		(f"{_CATEGORY}/cbc:ID", "XX", "BR-CL-18"),
		(f"{_CATEGORY}/cbc:ID", "Z", "BR-Z-09"),
		(f"{_CATEGORY}/cbc:ID", "E", "BR-S-01"),
		(f"{_CATEGORY}/cbc:ID", "O", "BR-KSA-24"),
		(f"{_CATEGORY}/cbc:Percent", "10", "BR-KSA-84"),
		(f"{_CATEGORY}/cbc:Percent", "150", "BR-KSA-DEC-02"),
		("cac:TaxTotal[2]/cbc:TaxAmount", "30.01", "BR-CO-14"),
		("cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxAmount", "29.97", "BR-CO-17"),
		("cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxableAmount", "200.02", "BR-S-08"),
		(f"{_LINE}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", "Z", "BR-Z-05"),
		(f"{_LINE}/cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", "0", "BR-S-05"),
		# totals
		(f"{_TOTALS}/cbc:TaxInclusiveAmount", "230.01", "BR-CO-15"),
		(f"{_TOTALS}/cbc:LineExtensionAmount", "200.01", "BR-CO-10"),
		(f"{_TOTALS}/cbc:TaxExclusiveAmount", "199.99", "BR-CO-13"),
		(f"{_TOTALS}/cbc:PayableAmount", "229.99", "BR-CO-16"),
		(f"{_TOTALS}/cbc:PayableAmount", "230.001", "BR-DEC-18"),
		# lines
		(f"{_LINE}/cbc:ID", "", "BR-21"),
		(f"{_LINE}/cbc:ID", "1234567", "BR-KSA-F-06-C17"),
		(f"{_LINE}/cbc:InvoicedQuantity", "0", "BR-22"),
		(f"{_LINE}/cbc:InvoicedQuantity", "-2", "BR-KSA-F-04"),
		(f"{_LINE}/cbc:InvoicedQuantity/@unitCode", _LONG, "BR-KSA-F-06-C18"),
		(f"{_LINE}/cbc:LineExtensionAmount", "100.02", "BR-KSA-EN16931-11"),
		(f"{_LINE}/cbc:LineExtensionAmount", "-0.00", "BR-CO-10"),
		(f"{_LINE}/cac:Item/cbc:Name", "", "BR-25"),
		(f"{_LINE}/cac:Item/cbc:Name", "12345", "BR-KSA-F-C-01"),
		(f"{_LINE}/cac:TaxTotal/cbc:RoundingAmount", "115.01", "BR-KSA-51"),
		(f"{_LINE}/cac:Price/cbc:PriceAmount", "-0.00", "BR-KSA-F-04"),
		(f"{_LINE}/cac:Price/cbc:PriceAmount/@currencyID", "QQQ", "BR-CL-03"),
		# payment
		("cac:PaymentMeans/cbc:PaymentMeansCode", "69", "BR-KSA-16"),
		("cac:PaymentMeans/cbc:PaymentMeansCode", "99", "BR-CL-16"),
	],
)
def test_a_changed_text(path: str, text: str, code: str) -> None:
	root = paper()
	say(root, path, text)
	assert code in codes(root)


@pytest.mark.parametrize(
	("path", "code"),
	[
		("cbc:UUID", "BR-KSA-03"),
		("cbc:IssueTime", "BR-KSA-70"),
		("cbc:DocumentCurrencyCode", "BR-05"),
		("cac:TaxTotal[1]", "BR-KSA-EN16931-09"),
		("cac:TaxTotal[2]", "BR-CO-18"),
		("cac:Delivery", "BR-KSA-15"),
		(f"{_SELLER}/cac:PostalAddress", "BR-08"),
		(f"{_SELLER}/cac:PartyTaxScheme", "BR-KSA-39"),
		(f"{_SELLER}/cac:PostalAddress/cac:Country", "BR-09"),
		(f"{_SELLER}/cac:PostalAddress/cbc:CitySubdivisionName", "BR-KSA-09"),
		(f"{_BUYER}/cac:PostalAddress/cbc:CitySubdivisionName", "BR-KSA-F-06-C28"),
		(f"{_LINE}/cac:Price", "BR-26"),
		(f"{_LINE}/cac:TaxTotal", "BR-KSA-52"),
		(f"{_LINE}/cac:TaxTotal/cbc:RoundingAmount", "BR-KSA-53"),
		(f"{_LINE}/cac:Item/cac:ClassifiedTaxCategory", "BR-CO-04"),
		(f"{_TOTALS}/cbc:TaxInclusiveAmount", "BR-14"),
		(f"{_TOTALS}/cbc:TaxExclusiveAmount", "BR-13"),
		(f"{_CATEGORY}/cbc:Percent", "BR-48"),
		(f"{_CATEGORY}/cbc:ID", "BR-47"),
		("cac:TaxTotal[2]/cac:TaxSubtotal/cbc:TaxableAmount", "BR-45"),
	],
)
def test_a_missing_element(path: str, code: str) -> None:
	root = paper()
	drop(root, path)
	assert code in codes(root)


@pytest.mark.parametrize(
	("allowance", "code"),
	[
		(DISCOUNT.format(charge="false", reason="", amount="10", category=""), "BR-32"),
		(DISCOUNT.format(charge="false", reason="", amount="10", category=""), "BR-CO-11"),
		(DISCOUNT.format(charge="1", reason="", amount="10", category=""), "BR-CO-12"),
		(DISCOUNT.format(charge="true", reason="", amount="10", category=""), "BR-37"),
		(DISCOUNT.format(charge="true", reason="", amount="10", category=""), "BR-KSA-19"),
		(DISCOUNT.format(charge="true", reason="", amount="10", category=""), "BR-KSA-21"),
		(DISCOUNT.format(charge="false", reason="", amount="1.234", category=""), "BR-DEC-01"),
		(
			DISCOUNT.format(
				charge="true",
				reason="<cbc:AllowanceChargeReasonCode>QQQ</cbc:AllowanceChargeReasonCode>",
				amount="1",
				category="",
			),
			"BR-KSA-CL-06",
		),
		(
			DISCOUNT.format(
				charge="false",
				reason="<cbc:MultiplierFactorNumeric>5</cbc:MultiplierFactorNumeric>",
				amount="1",
				category="",
			),
			"BR-KSA-EN16931-04",
		),
		(
			DISCOUNT.format(
				charge="false", reason="", amount="1", category=CATEGORY.format(code="Z", rate="15")
			),
			"BR-Z-06",
		),
		(
			DISCOUNT.format(
				charge="false", reason="", amount="1", category=CATEGORY.format(code="S", rate="0")
			),
			"BR-S-06",
		),
		(
			DISCOUNT.format(
				charge="true", reason="", amount="1", category=CATEGORY.format(code="E", rate="15")
			),
			"BR-E-07",
		),
		(
			DISCOUNT.format(
				charge="false", reason="", amount="1", category=CATEGORY.format(code="O", rate="5")
			),
			"BR-KSA-12",
		),
	],
)
def test_a_discount_or_charge(allowance: str, code: str) -> None:
	root = paper()
	before(root, "cac:TaxTotal[1]", allowance)
	assert code in codes(root)


@pytest.mark.parametrize(
	("path", "text", "code"),
	[
		("cac:InvoiceLine[3]/cac:DocumentReference/cbc:DocumentTypeCode", "388", "BR-KSA-74"),
		("cac:InvoiceLine[3]/cbc:LineExtensionAmount", "1.00", "BR-KSA-82"),
		("cac:InvoiceLine[3]/cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount", "14.98", "BR-KSA-79"),
		("cac:InvoiceLine[3]/cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount", "15.001", "BR-KSA-DEC-06"),
		("cac:InvoiceLine[3]//cac:TaxSubtotal/cac:TaxCategory/cbc:ID", "Z", "BR-KSA-76"),
		("cac:InvoiceLine[3]//cac:TaxSubtotal/cac:TaxCategory/cbc:ID", "E", "BR-KSA-94"),
		(f"{_TOTALS}/cbc:PrepaidAmount", "114.00", "BR-KSA-80"),
	],
)
def test_a_deducted_advance(path: str, text: str, code: str) -> None:
	root = paper(advance=True)
	say(root, path, text)
	assert code in codes(root)


def test_an_advance_without_its_document() -> None:
	root = paper(advance=True)
	drop(root, "cac:InvoiceLine[3]/cac:DocumentReference")
	assert "BR-KSA-73" in codes(root)


@pytest.mark.parametrize("kind", ["381", "383"])
def test_a_note_needs_its_reason_and_its_original(kind: str) -> None:
	root = paper()
	say(root, "cbc:InvoiceTypeCode", kind)
	assert codes(root) == {"BR-KSA-17", "BR-KSA-56"}
	before(
		root,
		"cac:AdditionalDocumentReference[1]",
		"<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>INV-0</cbc:ID></cac:InvoiceDocumentReference>"
		"</cac:BillingReference>",
	)
	before(root, "cac:PaymentMeans/cbc:PaymentMeansCode", "<cbc:PaymentMeansCode>10</cbc:PaymentMeansCode>")
	at(root, "cac:PaymentMeans/cbc:PaymentMeansCode[2]").tag = at(root, "cbc:ID").tag.replace(
		"}ID", "}InstructionNote"
	)
	assert codes(root) == set()


def test_a_simplified_document_needs_qr_and_stamp() -> None:
	root = paper()
	say(root, "cbc:InvoiceTypeCode/@name", "0200000")
	assert {"BR-KSA-27", "BR-KSA-60"} <= codes(root)


def test_a_simplified_document_is_reported_within_a_day() -> None:
	root = paper()
	say(root, "cbc:InvoiceTypeCode/@name", "0200000")
	say(root, "cbc:IssueDate", "2026-11-20")
	say(root, "cbc:IssueTime", "11:59:59")
	assert "BR-KSA-98" in codes(root)
	say(root, "cbc:IssueTime", "12:00:00")
	assert "BR-KSA-98" not in codes(root)
	say(root, "cbc:IssueTime", "09:00:01Z")  # the same moment by Greenwich
	assert "BR-KSA-98" not in codes(root)


@pytest.mark.parametrize(
	("path", "layer"),
	[
		(f"{_SELLER}/cac:PartyLegalEntity", Layer.EN),
		(f"{_SELLER}/cac:PartyIdentification", Layer.KSA),
		(f"{_BUYER}/cac:PartyTaxScheme", Layer.KSA),
		("cac:AdditionalDocumentReference[1]", Layer.KSA),
		(f"{_LINE}/cac:TaxTotal", Layer.KSA),
	],
)
def test_where_the_official_sheet_fails_so_does_the_document(path: str, layer: Layer) -> None:
	root = paper()
	twice(root, path)
	failures = [finding for finding in judged(root) if finding.code == "XSL"]
	assert [(finding.layer, finding.severity) for finding in failures] == [(layer, Severity.ERROR)]
	assert failures[0].at.endswith("[2]") or "[2]/" in failures[0].at


def test_a_price_for_nothing_stops_the_sheet_as_dividing_does() -> None:
	root = paper()
	before(
		root, f"{_LINE}/cac:Price/cbc:PriceAmount", '<cbc:BaseQuantity unitCode="PCE">0</cbc:BaseQuantity>'
	)
	price = at(root, f"{_LINE}/cac:Price")
	price.append(price[0])
	assert "XSL" in codes(root)


def test_citizens_need_a_national_id() -> None:
	root = paper()
	category = at(root, f"{_CATEGORY}")
	before(
		root,
		f"{_CATEGORY}/cac:TaxScheme",
		"<cbc:TaxExemptionReasonCode>VATEX-SA-EDU</cbc:TaxExemptionReasonCode>",
	)
	assert category is not None and "BR-KSA-49" in codes(root)


@pytest.mark.parametrize(
	("source", "target", "rate", "code"),
	[
		("USD", "SAR", "3.75", "BR-KSA-88"),
		("SAR", "USD", "3.75", "BR-KSA-89"),
		("SAR", "SAR", "3.7500000000001", "BR-KSA-90"),
		("", "SAR", "3.75", "BR-KSA-87"),
		("SAR", "SAR", "-1", "BR-KSA-F-04"),
		("S(R", "SAR", "1", "XSL"),
	],
)
def test_an_exchange_rate(source: str, target: str, rate: str, code: str) -> None:
	root = paper()
	before(
		root,
		"cac:TaxTotal[1]",
		f"<cac:TaxExchangeRate><cbc:SourceCurrencyCode>{source}</cbc:SourceCurrencyCode><cbc:TargetCurrencyCode>{target}"
		f"</cbc:TargetCurrencyCode><cbc:CalculationRate>{rate}</cbc:CalculationRate></cac:TaxExchangeRate>",
	)
	assert code in codes(root)
