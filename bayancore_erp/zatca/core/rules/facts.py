"""What the rules need to know about a document, found once.

Takes a structurally valid document; gives its parts by name, and figures that several rules share.
Never judges. The three marks are looked for in every `name` attribute of the document, as the sheets do.
Source: the sheets' recurring paths; `//*[matches(@name, '01\\d{5}')]` and its kin.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from bayancore_erp.zatca.core.rules.nodes import ABSENT, Document, Node

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
		"buyer_address",
		"document",
		"lines",
		"now",
		"root",
		"seller",
		"seller_address",
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
		self.seller = _first(kids["AccountingSupplierParty"][0], "Party")
		self.buyer = _first(kids["AccountingCustomerParty"][0], "Party")
		self.seller_address = _first(self.seller, "PostalAddress")
		self.buyer_address = _first(self.buyer, "PostalAddress")
		self.lines = kids["InvoiceLine"]
		self.allowances = kids.get("AllowanceCharge", [])
		self.tax_totals = kids.get("TaxTotal", [])
		self.subtotals = [subtotal for total in self.tax_totals for subtotal in total.kids.get("TaxSubtotal", ())]
		self.totals = kids["LegalMonetaryTotal"][0]
		self.sums: dict[str, Decimal] | None = None


def _first(node: Node, name: str) -> Node:
	"""The only child of that name that the schema allows, or an empty node."""
	found = node.kids.get(name)
	return found[0] if found else ABSENT
