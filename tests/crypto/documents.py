"""Small unsigned invoices in canonical form, for tests that need no official material."""

from __future__ import annotations

from bayancore_erp.zatca.core.crypto.xades import escape
from bayancore_erp.zatca.core.qr import QrFacts
from bayancore_erp.zatca.core.xml import CAC, CBC, EXT, INVOICE

SELLER = "شركة الاختبار <&> | Test Trading"


def facts(*, seller: str = SELLER, kind: str = "0200000") -> QrFacts:
	"""What the builder would hand over beside `invoice()`."""
	return QrFacts(
		seller_name=seller,
		vat_number="399999999900003",
		timestamp="2026-03-01T12:30:00",
		total="115.00",
		vat_total="15.00",
		simplified=kind.startswith("02"),
	)


def invoice(*, seller: str = SELLER, kind: str = "0200000", lines: int = 2) -> bytes:
	"""A document with everything that hash, stamp and QR look at; canonical, without a stamp."""
	line = (
		"<cac:InvoiceLine><cbc:ID>{n}</cbc:ID>"
		'<cbc:InvoicedQuantity unitCode="PCE">1</cbc:InvoicedQuantity>'
		'<cbc:LineExtensionAmount currencyID="SAR">50.00</cbc:LineExtensionAmount>'
		"<cac:Item><cbc:Name>قلم &amp; ورق\ttab \u200fbidi \u00a0nbsp</cbc:Name></cac:Item></cac:InvoiceLine>"
	)
	return (
		f'<Invoice xmlns="{INVOICE}" xmlns:cac="{CAC}" xmlns:cbc="{CBC}" xmlns:ext="{EXT}">'
		"<cbc:ProfileID>reporting:1.0</cbc:ProfileID><cbc:ID>T-1</cbc:ID>"
		"<cbc:UUID>8e6000cf-1a98-4174-b3e7-b5d5954bc10d</cbc:UUID>"
		"<cbc:IssueDate>2026-03-01</cbc:IssueDate><cbc:IssueTime>12:30:00</cbc:IssueTime>"
		f'<cbc:InvoiceTypeCode name="{kind}">388</cbc:InvoiceTypeCode>'
		"<cbc:DocumentCurrencyCode>SAR</cbc:DocumentCurrencyCode><cbc:TaxCurrencyCode>SAR</cbc:TaxCurrencyCode>"
		"<cac:AdditionalDocumentReference><cbc:ID>ICV</cbc:ID><cbc:UUID>1</cbc:UUID></cac:AdditionalDocumentReference>"
		"<cac:AdditionalDocumentReference><cbc:ID>PIH</cbc:ID><cac:Attachment>"
		'<cbc:EmbeddedDocumentBinaryObject mimeCode="text/plain">AAAA</cbc:EmbeddedDocumentBinaryObject>'
		"</cac:Attachment></cac:AdditionalDocumentReference>"
		"<cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>399999999900003</cbc:CompanyID>"
		"<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity>"
		f"<cbc:RegistrationName>{escape(seller)}</cbc:RegistrationName>"
		"</cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>"
		"<cac:AccountingCustomerParty></cac:AccountingCustomerParty>"
		'<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount></cac:TaxTotal>'
		'<cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID="SAR">115.00</cbc:TaxInclusiveAmount>'
		'<cbc:PayableAmount currencyID="SAR">115.00</cbc:PayableAmount></cac:LegalMonetaryTotal>'
		+ "".join(line.format(n=n + 1) for n in range(lines))
		+ "</Invoice>"
	).encode()
