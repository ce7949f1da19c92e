"""A Sales Invoice or POS Invoice as the core's invoice, with the row behind every part of it.

Takes a document, draft or submitted, and the moment of issue; gives a `Mapping`, or InvalidInvoice with everything that
cannot be said lawfully, each with its field. Read-only; the number of queries does not depend on the number of lines.
Sources: XML Implementation Standard section 8; TAX.md sections 1-3; FRAPPE.md section 8.
"""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from frappe.utils import round_based_on_smallest_currency_fraction

from bayancore_erp.zatca.adapter.fields import InvoiceField, Kind
from bayancore_erp.zatca.adapter.mapper import notes
from bayancore_erp.zatca.adapter.mapper.advances import read_prepayments
from bayancore_erp.zatca.adapter.mapper.charges import (
	DocumentAmounts,
	read_charges,
	read_discount,
	shares_of_discount,
)
from bayancore_erp.zatca.adapter.mapper.figures import money, sign_of
from bayancore_erp.zatca.adapter.mapper.kind import check_choice, decide, document_type, flags_of
from bayancore_erp.zatca.adapter.mapper.lines import read_items
from bayancore_erp.zatca.adapter.mapper.payment import payment_of
from bayancore_erp.zatca.adapter.mapper.preload import Facts, facts_of
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.mapper.taxation import Taxation, line_vats, read_taxes
from bayancore_erp.zatca.adapter.party import buyer_of, seller_of
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.codes import CITIZEN_EXEMPTIONS, TypeFlags
from bayancore_erp.zatca.core.invoice import Invoice, Note, Party, Text
from bayancore_erp.zatca.core.money import NIL

# At a till the money has changed hands: a few halalas more or less are rounding, not a debt.
TILL_ROUNDING = Decimal("0.05")
RIYADH = timezone(timedelta(hours=3), "Asia/Riyadh")
# A draft has no UUID of its own yet: a stand-in that stays the same while it is looked at.
_STAND_IN = uuids.UUID("5d2b3a52-6f0e-4f57-9a35-6c1f0c6d6f1a")


@dataclass(frozen=True, slots=True)
class Mapping:
	"""The invoice and where each part of it comes from."""

	invoice: Invoice
	facts: Facts
	taxes: Taxation
	line_rows: tuple[Any, ...]
	"""The items row behind each line."""
	part_rows: tuple[Any, ...]
	"""The row behind each document discount or charge; None for the additional discount."""


def map_document(
	doc: Any,
	*,
	issued_at: datetime,
	uuid: str | None = None,
	facts: Facts | None = None,
	noted: Refusals | None = None,
) -> Mapping:
	"""Map a document as issued at `issued_at` (a time without zone is Riyadh's).

	`uuid` is the document's own (KSA-1), by default the one on it. Raises InvalidInvoice; with `noted` what it refuses is put
	there instead, so that the rest can be judged as well: such a mapping is for looking at, never for signing.
	"""
	facts = facts or facts_of(doc)
	refusals = Refusals() if noted is None else noted
	taxes = read_taxes(doc, facts)
	vats = line_vats(doc, facts, taxes, refusals)
	shares = shares_of_discount(doc, vats, taxes, refusals)
	rows = read_items(doc, facts, vats, shares, refusals)
	parts = DocumentAmounts(list(rows.discounts), list(rows.discount_rows))
	if not any(shares):
		read_discount(doc, vats, taxes, parts, refusals)
	read_charges(doc, taxes, parts, refusals)
	kind = decide(doc, facts)
	check_choice(doc, facts, kind, refusals)
	codes = {vat.exemption_code for vat in vats if vat.exemption_code}
	flags = flags_of(doc, facts, kind, codes, refusals)
	prepayments = read_prepayments(doc, facts, refusals)
	if not (doc.get("items") or []):
		refusals.add("BR-16", "lines", "An invoice has at least one line.")
	if noted is None or not rows.lines:
		refusals.raise_if_any()

	moment = issued_at if issued_at.tzinfo is None else issued_at.astimezone(RIYADH)
	start, end = notes.supply_dates(doc, facts)
	type_code = document_type(doc)
	remark = notes.remark(doc)
	invoice = Invoice(
		number=str(doc.get("name") or ""),
		uuid=uuid or doc.get(InvoiceField.UUID) or stand_in(doc),
		issue_date=moment.date(),
		issue_time=moment.time().replace(microsecond=0),
		seller=seller_of(facts),
		lines=tuple(rows.lines),
		type_code=type_code,
		flags=flags,
		buyer=buyer_on(doc, facts, kind, flags, codes),
		currency=str(doc.get("currency") or "SAR"),
		sar_rate=notes.rate_to_riyals(doc, facts),
		prices_include_vat=taxes.inclusive,
		allowance_charges=tuple(parts.parts),
		prepayments=prepayments,
		supply_date=start,
		supply_end_date=end,
		payment=payment_of(doc, facts),
		reason=notes.reason(doc) if type_code.is_note else Text(),
		billing_references=notes.references(doc, facts) if type_code.is_note else (),
		purchase_order=str(doc.get("po_no") or "").strip(),
		contract=str(doc.get(InvoiceField.CONTRACT_NUMBER) or "").strip(),
		notes=tuple(Note(text, "ar") for text in (remark, notes.paper(doc)) if text),
	)
	invoice = with_rounding(doc, invoice, taxes, rows.shelf_difference)
	return Mapping(invoice, facts, taxes, tuple(rows.rows), tuple(parts.rows))


def buyer_on(doc: Any, facts: Facts, kind: Kind, flags: TypeFlags, codes: set[str]) -> Party | None:
	"""The buyer where the law wants one named: a simplified invoice needs none, save for the cases below.

	Summary invoices, citizens' education and health, exports, and whoever the till was asked to write down.
	"""
	named = flags.summary or flags.export or codes & CITIZEN_EXEMPTIONS or doc.get(InvoiceField.BUYER_NAME)
	if kind is Kind.SIMPLIFIED and not named:
		return None
	buyer = buyer_of(doc, facts, export=flags.export)
	# A simplified invoice gives no right to deduct, so it does not name a business by its VAT number (TAX.md section 3.1).
	return replace(buyer, vat_number="") if kind is Kind.SIMPLIFIED else buyer


def with_rounding(doc: Any, invoice: Invoice, taxes: Taxation, shelf_difference: Decimal) -> Invoice:
	"""State what the customer pays where that is not simply the sum; the difference goes to BT-114.

	A posted document: as it was booked. A draft: ERPNext's Rounded Total where the company uses it; a row of the taxes table
	that rounds; the shelf price, which never moves; at the till what the customer was asked for. A Rounded Total of nothing
	is none to ERPNext, which books the sum then.
	"""
	sign = sign_of(doc)
	outside = sign * amount_of(taxes.outside)
	# in the middle of a submit it says 1 already, while ERPNext has just computed the amounts anew
	posted = doc.get("docstatus") == 1 and getattr(doc, "_action", "") != "submit"
	if posted or doc.get("is_consolidated"):
		if not money(doc.get("rounding_adjustment")) or not money(doc.get("rounded_total")):
			return invoice
		return replace(invoice, payable_rounded_to=sign * money(doc.get("rounded_total")) - outside)
	rounded = sign * amount_of(taxes.roundings)
	shelf = shelf_difference if taxes.inclusive else NIL
	if not doc.is_rounded_total_disabled():
		due = calculate(invoice).payable + rounded + shelf + outside
		fraction = round_based_on_smallest_currency_fraction(
			float(sign * due), doc.currency, doc.precision("rounded_total")
		)
		return (
			replace(invoice, payable_rounded_to=sign * money(fraction) - outside)
			if money(fraction)
			else invoice
		)
	if rounded or shelf:
		return replace(invoice, payable_rounded_to=calculate(invoice).payable + rounded + shelf)
	if doc.get("is_pos") and doc.get("payments") and not taxes.inclusive:
		# a settled draft already states it as Rounded Total
		till = doc.get("rounded_total") if money(doc.get("rounding_adjustment")) else doc.get("grand_total")
		asked, due = sign * money(till) - outside, calculate(invoice).payable
		if NIL < abs(asked - due) <= TILL_ROUNDING:
			return replace(invoice, payable_rounded_to=asked)
	return invoice


def amount_of(rows: tuple[Any, ...]) -> Decimal:
	"""The sum of rows of the taxes table, as ERPNext signs it."""
	return sum((money(row.get("tax_amount_after_discount_amount")) for row in rows), NIL)


def stand_in(doc: Any) -> str:
	"""A UUID for looking at a draft; the orchestrator gives the real one when it signs."""
	return str(uuids.uuid5(_STAND_IN, f"{doc.doctype}/{doc.get('name') or ''}"))
