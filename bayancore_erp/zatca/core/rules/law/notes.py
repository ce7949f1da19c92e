"""Credit and debit notes: why, to what, of which kind, how late and up to how much.

Sources: VAT Implementing Regulations art. 40(1), 54; Detailed Guideline p. 19, p. 62, p. 63; XML Standard section 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bayancore_erp.zatca.core.codes import NOTE_REASONS, DocumentType
from bayancore_erp.zatca.core.invoice import Text
from bayancore_erp.zatca.core.rules.law.case import Breach, Case, Original, breach

# The calendar ends with this month; a mistyped year must be told by the rules, not break them.
_LAST_MONTH = date(9999, 12, 1)


def month_end_plus_15(event: date) -> date:
	"""The 15th of the month after `event`: the last day for a standard invoice or a note. Guideline p. 49, p. 60."""
	if event >= _LAST_MONTH:
		return date.max
	return date(event.year + event.month // 12, event.month % 12 + 1, 15)


def reason(case: Case) -> Iterator[Breach]:
	"""The reason is one of the law's five; a remark may follow it. Art. 54, art. 40(1). A missing one is BR-KSA-17."""
	given = case.invoice.reason
	if case.invoice.type_code.is_note and given and not _is_lawful(given):
		yield breach("reason")


def reference(case: Case) -> Iterator[Breach]:
	"""A note names its original; one without violates art. 54. Guideline p. 62; a mere warning as BR-KSA-56."""
	if case.invoice.type_code.is_note and not any(
		number.strip() for number in case.invoice.billing_references
	):
		yield breach("billing_references")


def own_reference(case: Case) -> Iterator[Breach]:
	"""A note is not its own original. Art. 54."""
	for index, number in enumerate(case.invoice.billing_references):
		if number.strip() and number.strip() == case.invoice.number.strip():
			yield breach(f"billing_references[{index}]")


def kind(case: Case) -> Iterator[Breach]:
	"""Standard corrects standard, simplified corrects simplified. XML Standard section 5; Guideline p. 19."""
	if any(original.simplified != case.invoice.is_simplified for original in _originals(case)):
		yield breach("flags")


def currency(case: Case) -> Iterator[Breach]:
	"""A note is in the currency of its original. TAX.md sections 2 (notes) and 3.20."""
	for original in _originals(case):
		if original.currency != case.invoice.currency:
			yield breach("currency", expected=original.currency, found=case.invoice.currency)
			return


def exchange_rate(case: Case) -> Iterator[Breach]:
	"""A note uses the exchange rate of its original, so that the difference never touches VAT. TAX.md section 3.20."""
	rate = case.invoice.sar_rate
	for original in _originals(case):
		same_currency = original.currency == case.invoice.currency != "SAR"
		if same_currency and rate is not None and original.sar_rate is not None and original.sar_rate != rate:
			yield breach("sar_rate", expected=str(original.sar_rate), found=str(rate))
			return


def before_original(case: Case) -> Iterator[Breach]:
	"""A note is not older than what it corrects. Art. 54."""
	for original in _originals(case):
		if case.invoice.issue_date < original.issue_date:
			yield breach(
				"issue_date",
				expected=original.issue_date.isoformat(),
				found=case.invoice.issue_date.isoformat(),
			)
			return


def deadline(case: Case) -> Iterator[Breach]:
	"""A note is issued within 15 days after the month of what it is for. Art. 54; TAX.md section 2 (notes).

	Only where the event's date is known: KSA-5 of a note is the *original* supply. A late note is owed all the same.
	"""
	event = case.known.event_date
	if case.invoice.type_code.is_note and event and case.invoice.issue_date > month_end_plus_15(event):
		yield breach("issue_date", expected=month_end_plus_15(event).isoformat())


def more_than_original(case: Case) -> Iterator[Breach]:
	"""All credit notes together never exceed their originals. TAX.md section 2 (notes); art. 40(1), 54."""
	if case.invoice.type_code is not DocumentType.CREDIT_NOTE or case.totals is None:
		return
	references = {number.strip() for number in case.invoice.billing_references}
	originals = {original.number: original for original in _originals(case)}
	if not references or references - originals.keys():
		return
	if any(original.currency != case.invoice.currency for original in originals.values()):
		return
	left = sum((o.total - o.credited for o in originals.values()), Decimal("0.00"))
	if case.totals.tax_inclusive > left:
		yield breach("lines", expected=f"{left:.2f}", found=f"{case.totals.tax_inclusive:.2f}")


def _originals(case: Case) -> tuple[Original, ...]:
	return case.known.originals if case.invoice.type_code.is_note else ()


def _is_lawful(given: Text) -> bool:
	wordings = [_squeezed(part) for part in (given.en, given.ar) if part]
	lawful = [_squeezed(part) for name in NOTE_REASONS.values() for part in name]
	return any(wording.startswith(start) for wording in wordings for start in lawful)


def _squeezed(text: str) -> str:
	return " ".join(text.casefold().split())
