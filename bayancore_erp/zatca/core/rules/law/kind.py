"""Which document fits which buyer and which supply.

Sources: VAT Implementing Regulations art. 53(1), (7); Detailed Guideline p. 8, p. 17, p. 62; TAX.md section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bayancore_erp.zatca.core.codes import CITIZEN_EXEMPTIONS, VatCategory
from bayancore_erp.zatca.core.rules.law.case import Breach, Case, breach, is_business, is_private

SIMPLIFIED_LIMIT = Decimal("1000")
"""SAR without VAT; below it a business may get a simplified invoice. Detailed Guideline p. 17 (b)."""


def standard_without_buyer(case: Case) -> Iterator[Breach]:
	"""A standard invoice names its buyer. VAT Implementing Regulations art. 53(5); the sheets pass a missing party."""
	if not case.invoice.is_simplified and (case.invoice.buyer is None or not case.invoice.buyer.name.strip()):
		yield breach("buyer")


def standard_for_consumer(case: Case) -> Iterator[Breach]:
	"""A private person gets a simplified invoice, at any value. Art. 53(1), (7); Guideline p. 17 (b).

	Private education and healthcare excepted: BR-KSA-49 itself asks for a citizen's ID, on standard invoices too.
	"""
	invoice = case.invoice
	citizen = any(vat.exemption_code in CITIZEN_EXEMPTIONS for _, vat in case.vats())
	if invoice.buyer and not invoice.is_simplified and is_private(invoice.buyer) and not citizen:
		yield breach("flags")


def simplified_for_business(case: Case) -> Iterator[Breach]:
	"""A business gets a simplified invoice only below SAR 1,000. Guideline p. 8, p. 17 (b).

	Notes follow their original; a summary adds up supplies that are each judged alone; exports may be simplified.
	"""
	invoice, value = case.invoice, case.sar_value
	judged = invoice.is_simplified and not (
		invoice.type_code.is_note or invoice.flags.summary or invoice.flags.export
	)
	if (
		judged
		and invoice.buyer
		and is_business(invoice.buyer)
		and value is not None
		and value >= SIMPLIFIED_LIMIT
	):
		yield breach("flags", found=f"{value:.2f}")


def simplified_with_vat_number(case: Case) -> Iterator[Breach]:
	"""A business that gets a simplified invoice is not named by VAT number on it: it gives no right to deduct. TAX.md 3.1."""
	invoice = case.invoice
	elsewhere = invoice.flags.export or invoice.type_code.is_note
	if invoice.is_simplified and invoice.buyer and invoice.buyer.vat_number and not elsewhere:
		yield breach("buyer.vat_number")


def export_with_vat_number(case: Case) -> Iterator[Breach]:
	"""An export invoice carries no VAT number of the buyer. ZATCA.md section 2; TAX.md section 2 (buyer)."""
	if case.invoice.flags.export and case.invoice.buyer and case.invoice.buyer.vat_number:
		yield breach("buyer.vat_number")


def export_inside_kingdom(case: Case) -> Iterator[Breach]:
	"""An export goes to a foreign buyer. XML Implementation Standard section 5.3 (export)."""
	buyer = case.invoice.buyer
	if case.invoice.flags.export and buyer and buyer.address and buyer.address.country == "SA":
		yield breach("buyer.address.country")


def export_unmarked(case: Case) -> Iterator[Breach]:
	"""What is zero rated as an export stands on an invoice marked as one. Section 5.3; VATEX-SA-32, VATEX-SA-33."""
	if not case.invoice.flags.export and any(
		vat.exemption_code in ("VATEX-SA-32", "VATEX-SA-33") for _, vat in case.vats()
	):
		yield breach("flags")


def self_billed(case: Case) -> Iterator[Breach]:
	"""Self-billing is the buyer's document, after an agreement; a seller cannot issue it. Section 5.3; art. 53."""
	if case.invoice.flags.self_billed:
		yield breach("flags")


def same_taxpayer(case: Case) -> Iterator[Breach]:
	"""Nothing is supplied within one VAT group or between branches of one taxpayer, so nothing is invoiced.

	The first ten digits of a VAT number are the taxpayer's or the group's. TAX.md section 3.10. Equal numbers are left to
	BR-CUSTOM-VALIDATION-01.
	"""
	seller, buyer = case.invoice.seller.vat_number, case.invoice.buyer
	if not buyer or len(seller) != 15:
		return
	if buyer.vat_number != seller and buyer.vat_number[:10] == seller[:10]:
		yield breach("buyer.vat_number")
	identification = buyer.identification
	if identification and identification.scheme == "TIN" and identification.value == seller[:10]:
		yield breach("buyer.identification")


def only_out_of_scope(case: Case) -> Iterator[Breach]:
	"""What is not subject to VAT throughout needs no tax invoice. Detailed Guideline p. 62."""
	lines = case.invoice.lines
	if lines and all(item.vat.category is VatCategory.OUT_OF_SCOPE for item in lines):
		yield breach("lines")
