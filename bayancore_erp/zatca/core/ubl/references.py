"""The head of the document: what it is, its currency, what it refers to, its place in the device's chain.

Takes the invoice and its chain position; gives lines. Never writes stamp or QR: those are the stamp's to add.
Sources: XML Implementation Standard section 8; BR-KSA-33, -34, -56, -61, -92.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.chain import ChainPosition
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.ubl.elements import attribute, block, leaf


def head(invoice: Invoice) -> list[str]:
	"""`cbc:ProfileID` to `cbc:TaxCurrencyCode`."""
	lines = ["<cbc:ProfileID>reporting:1.0</cbc:ProfileID>"]
	lines += leaf("cbc:ID", invoice.number, "number")
	lines += leaf("cbc:UUID", invoice.uuid, "uuid")
	lines.append(f"<cbc:IssueDate>{invoice.issue_date:%Y-%m-%d}</cbc:IssueDate>")
	lines.append(f"<cbc:IssueTime>{invoice.issue_time:%H:%M:%S}</cbc:IssueTime>")
	lines.append(
		f'<cbc:InvoiceTypeCode name="{invoice.flags.code}">{invoice.type_code.value}</cbc:InvoiceTypeCode>'
	)
	for index, note in enumerate(invoice.notes):
		field = f"notes[{index}]"
		language = f' languageID="{attribute(note.language, f"{field}.language")}"' if note.language else ""
		lines += leaf("cbc:Note", note.text, f"{field}.text", language)
	lines += leaf("cbc:DocumentCurrencyCode", invoice.currency, "currency")
	lines.append("<cbc:TaxCurrencyCode>SAR</cbc:TaxCurrencyCode>")
	return lines


def references(invoice: Invoice, chain: ChainPosition) -> list[str]:
	"""Order, originals, contract, counter (KSA-16) and previous hash (KSA-13)."""
	lines = block("cac:OrderReference", leaf("cbc:ID", invoice.purchase_order, "purchase_order"))
	for index, number in enumerate(invoice.billing_references):
		original = leaf("cbc:ID", number, f"billing_references[{index}]")
		lines += block("cac:BillingReference", block("cac:InvoiceDocumentReference", original))
	lines += block("cac:ContractDocumentReference", leaf("cbc:ID", invoice.contract, "contract"))
	lines += block(
		"cac:AdditionalDocumentReference",
		["<cbc:ID>ICV</cbc:ID>", f"<cbc:UUID>{chain.icv}</cbc:UUID>"],
	)
	hash_text = leaf("cbc:EmbeddedDocumentBinaryObject", chain.pih, "pih", ' mimeCode="text/plain"')
	lines += block(
		"cac:AdditionalDocumentReference", ["<cbc:ID>PIH</cbc:ID>"], block("cac:Attachment", hash_text)
	)
	return lines
