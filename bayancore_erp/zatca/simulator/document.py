"""What the gateway reads from a submitted invoice before any rule is asked.

Takes: the bytes that came. Gives: the parsed tree and the facts by which a submission is recorded. Never resolves an
entity, never loads anything, never believes a size. Source: ZATCA.md sections 2 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from bayancore_erp.zatca.core import xml
from bayancore_erp.zatca.core.errors import InvalidInput

NAMESPACES = {
	"cac": xml.CAC,
	"cbc": xml.CBC,
	"ds": "http://www.w3.org/2000/09/xmldsig#",
}
_REFERENCE = "cac:AdditionalDocumentReference[cbc:ID='{0}']"
_OBJECT = _REFERENCE + "/cac:Attachment/cbc:EmbeddedDocumentBinaryObject"

# The compliance steps by their names in the field, one per type code; an advance is an invoice to this list.
_STEP_SUFFIX = {"388": "", "386": "", "381": "-credit-note", "383": "-debit-note"}


@dataclass(frozen=True, slots=True)
class Submitted:
	"""A document as received, with the facts that identify it. A text that is not there is empty."""

	data: bytes
	root: etree._Element
	uuid: str
	number: str
	icv: int | None
	pih: str
	type_code: str
	flags: str
	seller_vat: str
	buyer_vat: str
	certificate_text: str
	qr: str

	@property
	def simplified(self) -> bool:
		"""A simplified invoice or note (KSA-2 starts with 02)."""
		return self.flags.startswith("02")

	@property
	def self_billed(self) -> bool:
		"""KSA-2 position 7: the buyer issues for the seller."""
		return len(self.flags) >= 7 and self.flags[6] == "1"

	@property
	def issuer_vats(self) -> tuple[str, ...]:
		"""The VAT numbers whose certificate may send this document."""
		return (self.seller_vat, self.buyer_vat) if self.self_billed else (self.seller_vat,)

	@property
	def step(self) -> str | None:
		"""The compliance step that this document would pass."""
		suffix = _STEP_SUFFIX.get(self.type_code)
		if suffix is None:
			return None
		return f"{'simplified' if self.simplified else 'standard'}{suffix}-compliant"


def read(data: bytes) -> Submitted:
	"""Parse and pick the facts. Raises InvalidInput for what is no invoice at all."""
	try:
		root = xml.parse(data)
	except InvalidInput as error:
		raise InvalidInput(error.message, code="XSD_ZATCA_INVALID") from error
	if root.tag != f"{{{xml.INVOICE}}}Invoice":
		raise InvalidInput("The document is not a UBL 2.1 Invoice.", code="XSD_ZATCA_INVALID")
	icv = _text(root, _REFERENCE.format("ICV") + "/cbc:UUID")
	party = "cac:Accounting{0}Party/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"
	return Submitted(
		data=data,
		root=root,
		uuid=_text(root, "cbc:UUID"),
		number=_text(root, "cbc:ID"),
		icv=int(icv) if icv.isascii() and icv.isdigit() and len(icv) < 19 else None,
		pih=_text(root, _OBJECT.format("PIH")),
		type_code=_text(root, "cbc:InvoiceTypeCode"),
		flags=_text(root, "cbc:InvoiceTypeCode/@name"),
		seller_vat=_text(root, party.format("Supplier")),
		buyer_vat=_text(root, party.format("Customer")),
		certificate_text="".join(_text(root, ".//ds:X509Certificate").split()),
		qr=_text(root, _OBJECT.format("QR")),
	)


def _text(root: etree._Element, path: str) -> str:
	return str(root.xpath(f"string({path})", namespaces=NAMESPACES)).strip()
