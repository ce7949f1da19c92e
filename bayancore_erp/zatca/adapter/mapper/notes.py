"""Credit and debit notes: what they correct, why, and when that was supplied.

Takes a note with its originals; gives references, reason and supply dates. The reason is chosen from the law's five and never
made up; originals outside this system are named by number. Sources: IR art. 40(1), 54; Detailed Guideline p. 62, 63; TAX.md
section 2 (notes).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from frappe import _
from frappe.utils import getdate

from bayancore_erp.zatca.adapter.fields import NOTE_REASON_OF, InvoiceField, SalesInvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import exact
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.core.codes import NOTE_REASONS
from bayancore_erp.zatca.core.invoice import Text, has_arabic


def references(doc: Any, facts: Facts) -> tuple[str, ...]:
	"""BT-25: originals of this system, then those outside it, one on each line (a range stands in words)."""
	outside = str(doc.get(InvoiceField.ORIGINAL_NUMBERS) or "").splitlines()
	return (*sorted(facts.originals), *(line.strip() for line in outside if line.strip()))


def reason(doc: Any) -> Text:
	"""KSA-10: the law's wording, then the remark people added."""
	key = NOTE_REASON_OF.get(doc.get(InvoiceField.REASON_CODE) or "")
	if not key:
		return Text()
	name, remark = NOTE_REASONS[key], Text.of(str(doc.get(InvoiceField.REASON) or ""))
	if not remark.en and not remark.ar:
		return Text(name.ar, name.en, english_first=True)
	return Text(
		ar=f"{name.ar}: {remark.ar}" if remark.ar else name.ar,
		en=f"{name.en}: {remark.en}" if remark.en else name.en,
		english_first=True,
	)


def supply_dates(doc: Any, facts: Facts) -> tuple[date | None, date | None]:
	"""KSA-5 and KSA-24: as stated; of a note that of its original; else the posting date."""
	start, end = doc.get(InvoiceField.SUPPLY_DATE), doc.get(InvoiceField.SUPPLY_END_DATE)
	for original in facts.originals.values():
		start = start or original.get(InvoiceField.SUPPLY_DATE) or original.posting_date
	if doc.get("is_return") or doc.get("is_debit_note"):
		start = start or doc.get(InvoiceField.ORIGINAL_DATE)
	start = start or doc.get("posting_date")
	return (getdate(start) if start else None), (getdate(end) if end else None)


def rate_to_riyals(doc: Any, facts: Facts) -> Decimal | None:
	"""SAR for one unit of the currency. A note keeps its original's, so that the difference never touches VAT."""
	if doc.get("currency") == "SAR":
		return None
	for original in facts.originals.values():
		if original.currency == doc.get("currency"):
			stated = original.get(InvoiceField.SAR_RATE) or (
				original.conversion_rate if facts.in_riyals else 0
			)
			return exact(stated) or None
	stated = doc.get(InvoiceField.SAR_RATE) or (doc.get("conversion_rate") if facts.in_riyals else 0)
	return exact(stated) or None


def remark(doc: Any) -> str:
	"""BT-22: ERPNext's remark where it was written for the reader, i.e. in Arabic.

	The field is an accounting remark that ERPNext also fills by itself at submission, in the language of whoever submits;
	taken for a person's words that would change the document between signing and posting.
	"""
	text = str(doc.get("remarks") or "").strip()
	return text if has_arabic(text) and not text.startswith(_filled_by_erpnext()) else ""


def paper(doc: Any) -> str:
	"""The number of the invoice written by hand that this one stands for; the buyer has that paper."""
	number = str(doc.get(SalesInvoiceField.PAPER_NUMBER) or "").strip()
	return f"عن فاتورة كتبت يدويا برقم {number}" if number else ""


def _filled_by_erpnext() -> tuple[str, ...]:
	"""How a remark of ERPNext's own begins, in Arabic."""
	return tuple(
		_(source, lang="ar").partition("{0}")[0].strip()
		for source in ("No Remarks", "Against Customer Order {0}")
	)
