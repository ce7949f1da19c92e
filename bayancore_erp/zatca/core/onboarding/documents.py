"""The test documents a device has to get through the compliance check before it may have a production CSID.

Takes the invoice map of the CSR (`1100`: standard and simplified); gives the documents in the order they are sent.
Source: ZATCA.md section 5 (Missing-ComplianceSteps), section 6 (map TSCZ).
"""

from __future__ import annotations

from enum import Enum

from bayancore_erp.zatca.core.codes import DocumentType, Name
from bayancore_erp.zatca.core.errors import InvalidInput


class CheckDocument(str, Enum):
	"""One test document; the value is the gateway's own name for the step that it completes."""

	STANDARD_INVOICE = "standard-compliant"
	STANDARD_CREDIT_NOTE = "standard-credit-note-compliant"
	STANDARD_DEBIT_NOTE = "standard-debit-note-compliant"
	SIMPLIFIED_INVOICE = "simplified-compliant"
	SIMPLIFIED_CREDIT_NOTE = "simplified-credit-note-compliant"
	SIMPLIFIED_DEBIT_NOTE = "simplified-debit-note-compliant"

	@property
	def is_simplified(self) -> bool:
		"""Whether it is of type 02."""
		return self.value.startswith("simplified")

	@property
	def type(self) -> DocumentType:
		"""Its type code (BT-3)."""
		if "credit" in self.value:
			return DocumentType.CREDIT_NOTE
		return DocumentType.DEBIT_NOTE if "debit" in self.value else DocumentType.INVOICE

	@property
	def label(self) -> Name:
		"""How people call it."""
		return _LABELS[self]


_LABELS = {
	CheckDocument.STANDARD_INVOICE: Name("Standard invoice", "فاتورة ضريبية"),
	CheckDocument.STANDARD_CREDIT_NOTE: Name("Standard credit note", "إشعار دائن ضريبي"),
	CheckDocument.STANDARD_DEBIT_NOTE: Name("Standard debit note", "إشعار مدين ضريبي"),
	CheckDocument.SIMPLIFIED_INVOICE: Name("Simplified invoice", "فاتورة ضريبية مبسطة"),
	CheckDocument.SIMPLIFIED_CREDIT_NOTE: Name("Simplified credit note", "إشعار دائن مبسط"),
	CheckDocument.SIMPLIFIED_DEBIT_NOTE: Name("Simplified debit note", "إشعار مدين مبسط"),
}


def needed_documents(invoice_map: str) -> tuple[CheckDocument, ...]:
	"""The documents for a map of four digits. Raises InvalidInput for a map without any known type."""
	if len(invoice_map) != 4 or set(invoice_map) - {"0", "1"} or invoice_map[:2] == "00":
		raise InvalidInput(
			f"{invoice_map[:12]!r} is not an invoice map.",
			code="INVOICE-MAP",
			field="invoice_map",
			hint="Use 1100 for standard and simplified invoices, 1000 for standard, 0100 for simplified ones only.",
		)
	wanted = {False: invoice_map[0] == "1", True: invoice_map[1] == "1"}
	return tuple(document for document in CheckDocument if wanted[document.is_simplified])
