"""What a mutation writes in place of a value: strangers, other lengths, other figures, other codes. Data only."""

from __future__ import annotations

ALIEN = (
	"abc", "true", "false", "1", "0", "2022-13-45", "2022-02-30", "1443-05-12", "2099-01-01", "12:61:00", "24:00:00",
	"-5", "NaN", "INF", "-INF", "1e3", "٣", "٣٩٩", "0x1F", "1,5", "1 000", "12.", ".5", "null", "SAR", "S", "شركة",
	"386", "0100000", "3", "A", "7001234567", "1234567890", "0000000000", "399999999900003", "+966500000000",
)  # fmt: skip
LENGTHS = (1, 2, 3, 5, 6, 7, 15, 16, 127, 128, 128, 1000, 1001, 1001, 5000, 5001)
STEPS = ("0.01", "-0.01", "0.02", "0.004", "0.005", "-0.005", "1", "-1", "0.10", "15", "100", "-100")
FACTORS = ("0", "-1", "2", "10", "100", "0.1", "0.5", "1.15", "1000000")
# What stands in no sample but means something to a rule.
CODES: dict[str, tuple[str, ...]] = {
	"InvoiceTypeCode": ("388", "381", "383", "386", "380", "384", "389", "751", "999"),
	"InvoiceTypeCode/@name": (
		"0100000", "0200000", "0100001", "0200001", "0100100", "0100101", "0200100", "0100010", "0200010", "0101000",
		"0201000", "0110000", "0300000", "0102000", "010000", "01000000", "010000000", "010000001", "020000001",
		"010000010", "0100000000", "01 00000", "0200011", "020000002", "0000000", "1100000",
	),
	"DocumentCurrencyCode": ("SAR", "USD", "EUR", "sar", "XXX", "SA", "AED"),
	"TaxCurrencyCode": ("SAR", "USD", "sar", "Sar", "XXX"),
	"@currencyID": ("SAR", "USD", "sar", "XXX", "SA", "S", "A", ".", "EUR"),
	"TaxCategory/ID": ("S", "Z", "E", "O", "G", "K", "AE", "L", "B", "s", "SZ", "S Z", "X"),
	"ClassifiedTaxCategory/ID": ("S", "Z", "E", "O", "G", "K", "AE", "L", "B", "s", "SZ", "X"),
	"TaxScheme/ID": ("VAT", "vat", " VAT ", "GST", "Vat", "VA"),
	"Percent": ("15", "15.00", "5", "5.00", "0", "0.00", "15.5", "4.99", "5.5", "16", "100", "100.01", "15.000", "-15", "%"),
	"TaxExemptionReasonCode": (
		"VATEX-SA-29", "VATEX-SA-30", "VATEX-SA-32", "VATEX-SA-33", "VATEX-SA-34-1", "VATEX-SA-35", "VATEX-SA-EDU",
		"VATEX-SA-HEA", "VATEX-SA-OOS", "VATEX-SA-MLTRY", "VATEX-SA-32(bis)", "VATEX-SA-99", "VATEX-SA", "HEA",
	),
	"@schemeID": (
		"CRN", "MOM", "MLS", "SAG", "OTH", "700", "TIN", "NAT", "IQA", "PAS", "GCC", "crn", " CRN", "CRN ", "XXX", "CR",
		"N M", "CRN MOM", "UN/ECE 5305",
	),
	"PartyIdentification/ID": (
		"1010010000", "7001234567", "3001234567", "2012345674", "1023456784", "123456789", "12345678901", "101001000A",
		" 1010010000", "1010010000 ", "9876543210", "1111111111", "2222222222", "0123456789", "12AB", "1010-010000",
		"1098765432", "5550001234", "4433221100", "311111111101113",
	),
	"CompanyID": (
		"399999999900003", "399999999800003", "39999999990003", "3999999999000033", "199999999900003",
		"399999999900001", "39999999990000A", " 399999999900003", "",
	),
	"IdentificationCode": ("SA", "US", "AE", "sa", "XX", "SAU", "1A", "ZZ", "S"),
	"PaymentMeansCode": ("1", "10", "30", "42", "48", "69", "68", "97", "ZZZ", "98", "0", "ABC", "01", "10 30"),
	"AllowanceChargeReasonCode": ("95", "FC", "SH", "AA", "ZZZ", "CG", "CG ", "A A", "100", "TV", "ABL"),
	"ChargeIndicator": ("true", "false", "1", "0", "True", "FALSE"),
	"BuildingNumber": ("1234", "123", "12345", "12a4", " 1234", "٢٣٢٢"),
	"PostalZone": ("12345", "1234", "123456", "1234a", " 12345", "12345 "),
	"DocumentTypeCode": ("386", "388", "381", " 386", "386 ", "0386"),
	"IssueDate": ("2022-08-17", "2024-02-29", "2023-02-29", "2100-02-29", "2000-02-29", "1999-12-31", "2022-8-17", "20220817", "2027-12-31"),
	"IssueTime": ("17:41:08", "17:41:08Z", "17:41", "17:41:08.5", "17:41:08+03:00", "24:00:00", "7:41:08", "17:41:60", "25:00:00"),
	"ActualDeliveryDate": ("2022-09-07", "2022-13-01", "2022-09-08", "2030-01-01", "07-09-2022"),
	"LatestDeliveryDate": ("2022-09-07", "2022-09-06", "2021-01-01", "2030-01-01", "2022-9-7"),
	"ProfileID": ("reporting:1.0", " reporting:1.0 ", "clearance:1.0", "Reporting:1.0"),
	"AdditionalDocumentReference/ID": ("ICV", "PIH", "QR", " QR", "QR ", "icv", "ICV ", "DOC", "PIH PIH"),
	"AdditionalDocumentReference/UUID": ("10", "0", "1a", "-1", "1.5", " 1", "99999999999"),
	"@mimeCode": ("text/plain", "application/pdf", "text/html", " text/plain", "text/csv", "plain"),
	"Telephone": ("+966500000000", "0500000000", "966500000000", "+12", "+1234", "0123456789012345", "01234567890123456", "+96a"),
	"Name": ("123", "12", "4567", "111", "ab", "12 34", "99887"),
	"SignatureMethod": ("urn:oasis:names:specification:ubl:dsig:enveloped:xades", "urn:oasis:names:specification:ubl:dsig:enveloped"),
	"InvoicedQuantity": ("0", "0.0", "0.00", "1", "-1", "0.000001", "1.000000", "999999999", "3.333333"),
	"BaseQuantity": ("1", "0", "-1", "2", "10", "0.5", "3"),
	"MultiplierFactorNumeric": ("0", "10", "100", "100.01", "10.555", "-1", "50", "12.5"),
	"CalculationRate": ("3.75", "-3.75", "3.750000000000", "3.7500000000001", "0", "12345678901234", "123456789012345"),
	"UUID": ("8d487816-70b8-4ade-a618-9d620b73814a", "@bad", "a b", "é", "1"),
}  # fmt: skip
