"""What people read on an invoice is in Arabic. The official sheets accept English alone, the law does not.

Sources: VAT Implementing Regulations art. 53; Detailed Guideline p. 60 (language of the invoice) and p. 63 (notes).
"""

from __future__ import annotations

from collections.abc import Iterator

from bayancore_erp.zatca.core.invoice import Text, has_arabic
from bayancore_erp.zatca.core.rules.law.case import Breach, Case, breach


def _lacking(text: Text | str) -> bool:
	wording = str(text)
	return bool(wording.strip()) and not has_arabic(wording)


def seller_name(case: Case) -> Iterator[Breach]:
	"""The seller's name has Arabic. Guideline p. 60."""
	if _lacking(case.invoice.seller.name):
		yield breach("seller.name")


def buyer_name(case: Case) -> Iterator[Breach]:
	"""The name of a buyer in the Kingdom has Arabic. Guideline p. 60."""
	buyer = case.invoice.buyer
	if buyer and _lacking(buyer.name) and not _is_abroad(case):
		yield breach("buyer.name")


def foreign_buyer_name(case: Case) -> Iterator[Breach]:
	"""The name of a buyer abroad has Arabic too, though it is registered in another script. Guideline p. 60, p. 63."""
	buyer = case.invoice.buyer
	if buyer and _lacking(buyer.name) and _is_abroad(case):
		yield breach("buyer.name")


def item_names(case: Case) -> Iterator[Breach]:
	"""Every item name has Arabic. Guideline p. 60; VAT Implementing Regulations art. 53(5)."""
	for index, item in enumerate(case.invoice.lines):
		if _lacking(item.name):
			yield breach(f"lines[{index}].name")
	for index, prepayment in enumerate(case.invoice.prepayments):
		if _lacking(prepayment.name):
			yield breach(f"prepayments[{index}].name")


def note_reason(case: Case) -> Iterator[Breach]:
	"""The reason of a credit or debit note has Arabic. Guideline p. 60, p. 63."""
	if case.invoice.type_code.is_note and _lacking(case.invoice.reason):
		yield breach("reason")


def allowance_reasons(case: Case) -> Iterator[Breach]:
	"""Reasons of discounts and charges have Arabic, on lines and on the document. Guideline p. 60, p. 63."""
	for index, item in enumerate(case.invoice.lines):
		for position, part in enumerate(item.allowances):
			if _lacking(part.reason):
				yield breach(f"lines[{index}].allowances[{position}].reason")
	for index, whole in enumerate(case.invoice.allowance_charges):
		if _lacking(whole.reason):
			yield breach(f"allowance_charges[{index}].reason")


def exemption_reasons(case: Case) -> Iterator[Breach]:
	"""Reasons of exemption have Arabic. Guideline p. 60; XML Implementation Standard section 11.2.4 (both languages)."""
	for place, vat in case.vats():
		if _lacking(vat.reason):
			yield breach(f"{place}.exemption_reason")


def notes(case: Case) -> Iterator[Breach]:
	"""Remarks for the reader have Arabic, a translation beside it being free. Guideline p. 63."""
	remarks = [note.text for note in case.invoice.notes if note.text.strip()]
	if remarks and not any(has_arabic(text) for text in remarks):
		yield breach("notes[0].text")
	for index, item in enumerate(case.invoice.lines):
		if _lacking(item.note):
			yield breach(f"lines[{index}].note")


def _is_abroad(case: Case) -> bool:
	buyer = case.invoice.buyer
	return bool(buyer and buyer.address and buyer.address.country not in ("", "SA"))
