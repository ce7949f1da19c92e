"""What the books know beyond a document: its originals with what was credited, the event's date, issued advances.

Takes a document; gives `Known` for the law's rules. An original outside this system leaves the rules that need it silent.
Sources: IR art. 40(1), 54; TAX.md section 2 (notes).
"""

from __future__ import annotations

from typing import Any

from frappe.utils import getdate

from bayancore_erp.zatca.adapter import remaining
from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind, SalesInvoiceField
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact
from bayancore_erp.zatca.adapter.mapper.preload import Facts, facts_of
from bayancore_erp.zatca.core.rules.law import Known, Original


def known_facts(doc: Any, facts: Facts | None = None) -> Known:
	"""What the law's rules may know about `doc`; two queries at most beside the preload."""
	facts = facts or facts_of(doc)
	event = doc.get(InvoiceField.EVENT_DATE)
	return Known(
		originals=originals(doc, facts),
		event_date=getdate(event) if event else None,
		prepayment_invoices=advances(doc, facts),
	)


def originals(doc: Any, facts: Facts) -> tuple[Original, ...]:
	"""The originals in this system, each with what notes already took of it."""
	if not facts.originals:
		return ()
	taken = remaining.credited(doc.doctype, facts.originals, str(doc.get("name") or ""))
	totals = remaining.totals_with_vat(facts.originals.values())
	found = []
	for name, original in facts.originals.items():
		kind = original.get(InvoiceField.KIND)
		rate = original.get(InvoiceField.SAR_RATE) or (original.conversion_rate if facts.in_riyals else 0)
		found.append(
			Original(
				number=name,
				simplified=kind == Kind.SIMPLIFIED.value,
				issue_date=getdate(original.get(InvoiceField.ISSUED_AT) or original.posting_date),
				total=totals[name],
				credited=taken.get(name, NIL),
				currency=original.currency,
				sar_rate=None if original.currency == "SAR" else exact(rate) or None,
			)
		)
	# Without a recorded kind nothing is known about it, and saying "standard" would be a guess.
	return tuple(
		each for each, row in zip(found, facts.originals.values(), strict=True) if row.get(InvoiceField.KIND)
	)


def advances(doc: Any, facts: Facts) -> frozenset[str] | None:
	"""Numbers of the prepayment invoices the document may deduct; None where it deducts none."""
	rows = doc.get(SalesInvoiceField.PREPAYMENTS) or []
	if not rows:
		return None
	outside = {
		str(row.get("invoice_number") or "").strip() for row in rows if not row.get("prepayment_invoice")
	}
	issued = {
		name
		for name, row in facts.prepayment_invoices.items()
		if row.docstatus == 1 and row.get(SalesInvoiceField.IS_PREPAYMENT)
	}
	return frozenset((issued | outside) - {""})
