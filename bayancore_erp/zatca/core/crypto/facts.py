"""What the QR repeats from an invoice, read from where the SDK reads it.

Takes a parsed invoice. Gives `QrFacts`, texts exactly as they stand in the XML but for white space around them.
Never computes: an amount written `0.6` is repeated as `0.6`.

Source: Security Features Implementation Standard section 4.1; for tags 4 and 5, where SDK and Standard differ, the SDK
(PayableAmount; the first TaxTotal), because the gateway checks with it. The builder puts the SAR-only TaxTotal first.
"""

from __future__ import annotations

from lxml import etree

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.qr import QrFacts
from bayancore_erp.zatca.core.xml import CAC, CBC, EXT

NAMESPACES = {"cac": CAC, "cbc": CBC, "ext": EXT}

_SELLER = "cac:AccountingSupplierParty/cac:Party/"
PATHS = {
	"seller_name": _SELLER + "cac:PartyLegalEntity/cbc:RegistrationName",
	"vat_number": _SELLER + "cac:PartyTaxScheme/cbc:CompanyID",
	"issue_date": "cbc:IssueDate",
	"issue_time": "cbc:IssueTime",
	"total": "cac:LegalMonetaryTotal/cbc:PayableAmount",
	"vat_total": "cac:TaxTotal/cbc:TaxAmount",
}


def find_facts(root: etree._Element) -> QrFacts:
	"""The facts as far as they are there, empty text standing for what is not. Never raises."""
	return _facts(_texts(root), root)


def read_facts(root: etree._Element) -> QrFacts:
	"""The facts, all of them. Raises InvalidInput, naming the element that is missing."""
	texts = _texts(root)
	for name, value in texts.items():
		if not value:
			raise InvalidInput(
				f"The document cannot be stamped: it has no {PATHS[name].rpartition(':')[2]}.",
				code="STAMP-VALUE",
				field=name,
				hint=f"The QR needs {PATHS[name]}.",
			)
	return _facts(texts, root)


def _texts(root: etree._Element) -> dict[str, str]:
	return {name: (root.findtext(path, None, NAMESPACES) or "").strip() for name, path in PATHS.items()}


def _facts(texts: dict[str, str], root: etree._Element) -> QrFacts:
	code = root.find("cbc:InvoiceTypeCode", NAMESPACES)
	return QrFacts(
		seller_name=texts["seller_name"],
		vat_number=texts["vat_number"],
		timestamp=f"{texts['issue_date']}T{texts['issue_time']}",
		total=texts["total"],
		vat_total=texts["vat_total"],
		simplified=code is not None and (code.get("name") or "").startswith("02"),
	)
