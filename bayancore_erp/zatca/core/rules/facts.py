"""What the rules need to know about a document, found once.

Takes a structurally valid document; gives its parts by name, and figures that several rules share.
Never judges. The three marks are looked for in every `name` attribute of the document, as the sheets do.
Source: the sheets' recurring paths; `//*[matches(@name, '01\\d{5}')]` and its kin.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from bayancore_erp.zatca.core.rules.nodes import Document, Node
from bayancore_erp.zatca.core.rules.xpath import spaceless

RIYADH = timezone(timedelta(hours=3), "Asia/Riyadh")
"""The Kingdom has had one offset and no summer time since 1947."""

_STANDARD = re.compile(r"01\d{5}").search
_SIMPLIFIED = re.compile(r"02\d{5}").search
_SUMMARY = re.compile(r"02\d{3}1\d").search


class Facts:
	"""One document, ready to be judged."""

	__slots__ = (
		"allowances",
		"buyer",
		"categories",
		"document",
		"has_allowances",
		"has_line_breakdown",
		"has_long_attributes",
		"has_long_fractions",
		"has_negatives",
		"has_other_categories",
		"has_unusual_lengths",
		"line_allowances",
		"line_breakdown",
		"line_categories",
		"line_taxes",
		"lines",
		"now",
		"references",
		"root",
		"seller",
		"simplified",
		"standard",
		"subtotals",
		"summary",
		"sums",
		"tax_totals",
		"today",
		"totals",
		"transaction",
		"type_code",
	)

	def __init__(self, document: Document, today: date, now: datetime) -> None:
		root = document.root
		kids = root.kids
		self.document = document
		self.root = root
		self.today = today
		self.now = now
		self.type_code = root.leaf.get("InvoiceTypeCode")
		self.transaction = root.attribute("InvoiceTypeCode", "name") or ""
		"""KSA-2, such as 0100000; empty where there is none."""
		names = " ".join(document.codes)
		self.standard = _STANDARD(names) is not None
		self.simplified = _SIMPLIFIED(names) is not None
		self.summary = _SUMMARY(names) is not None
		self.seller = kids["AccountingSupplierParty"][0]
		self.buyer = kids["AccountingCustomerParty"][0]
		self.lines = kids["InvoiceLine"]
		self.allowances = kids.get("AllowanceCharge", ())
		self.tax_totals = kids.get("TaxTotal", ())
		self.totals = kids["LegalMonetaryTotal"][0]
		self.subtotals = [
			subtotal for total in self.tax_totals for subtotal in total.kids.get("TaxSubtotal", ())
		]
		self.line_categories = [
			node for line in self.lines for node in line.kids.get("Item/ClassifiedTaxCategory", ())
		]
		self.line_taxes = [tax for line in self.lines for tax in line.kids.get("TaxTotal", ())]
		self.line_breakdown = [node for tax in self.line_taxes for node in tax.kids.get("TaxSubtotal", ())]
		self.line_allowances = [node for line in self.lines for node in line.kids.get("AllowanceCharge", ())]
		self.categories = [
			*[subtotal.kids["TaxCategory"][0] for subtotal in self.subtotals],
			*[subtotal.kids["TaxCategory"][0] for subtotal in self.line_breakdown],
			*[node for allowance in self.allowances for node in allowance.kids.get("TaxCategory", ())],
			*self.line_categories,
		]
		"""Every VAT category that the sheets look at: breakdown, lines' breakdown, document allowances, lines."""
		branches = document.branches
		everywhere = [*branches.get("TaxCategory", ()), *branches.get("ClassifiedTaxCategory", ())]
		self.has_other_categories = any([node.leaf.get("ID") != "S" for node in everywhere])
		self.has_allowances = "AllowanceCharge" in branches
		self.has_line_breakdown = bool(self.line_breakdown)
		self.has_unusual_lengths = document.unusual_lengths
		self.has_long_fractions = document.long_fractions
		self.has_long_attributes = document.long_attributes
		self.has_negatives = document.negatives
		self.references: dict[str, list[Node]] = {}
		"""The document's additional references by their name, normalised: ICV, PIH, QR and others."""
		for reference in kids.get("AdditionalDocumentReference", ()):
			self.references.setdefault(spaceless(reference.leaf["ID"]), []).append(reference)
		self.sums: dict[str, Decimal] | None = None
