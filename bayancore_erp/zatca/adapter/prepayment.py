"""From money received before the supply to the prepayment invoice (386) the law wants for it on that day.

Takes a submitted Payment Entry; says whether a prepayment invoice is due for it, and gives its draft: a line for each VAT
category of the orders it pays, prices with VAT, settled by the payment, its net on the liability for advances. Exempt and
out-of-scope supplies, security deposits, retention and payments of invoices need none. Never submits.
Sources: GCC Agreement art. 23; Detailed Guideline p. 41-43; TAX.md sections 2 and 3.5; the worked example E08.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, getdate

from bayancore_erp.zatca.adapter.advances import STANDARD, Key, issued, standing
from bayancore_erp.zatca.adapter.fields import (
	CATEGORY_OF,
	InvoiceField,
	ItemTaxTemplateField,
	PaymentEntryField,
	ReceiptKind,
	SalesInvoiceField,
	TaxRowField,
	Treatment,
)
from bayancore_erp.zatca.adapter.mapper.figures import NIL, exact, money
from bayancore_erp.zatca.adapter.mapper.preload import preload, settings_of
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.mapper.taxation import line_vats, read_taxes, stated
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.money import round2, spread, total

ORDER = "Sales Order"
INVOICE = "Sales Invoice"
AUTOMATIC = "Draft the Prepayment Invoice"
JOB = "bayancore_erp.zatca.jobs.draft_prepayment_invoice"
NOT_TAXED = (VatCategory.EXEMPT, VatCategory.OUT_OF_SCOPE)


class NoPrepaymentInvoice(frappe.ValidationError):
	"""No prepayment invoice is due for this payment."""


@dataclass(frozen=True, slots=True)
class Receipt:
	"""A part of a payment that is an advance: on an order, or on account."""

	order: str
	row: str
	"""The payment's reference row, empty for what is on account."""
	amount: Decimal
	"""With VAT, in the currency of the receivable."""


def receipts(payment: Any) -> list[Receipt]:
	"""The parts of a payment that are advances by what it says; empty where nothing is."""
	if payment.get("payment_type") != "Receive" or payment.get("party_type") != "Customer":
		return []
	kind = payment.get(PaymentEntryField.RECEIPT_KIND) or ReceiptKind.AUTOMATIC.value
	if kind not in (ReceiptKind.AUTOMATIC.value, ReceiptKind.ADVANCE.value):
		return []
	found = [
		Receipt(row.reference_name, row.name, money(row.allocated_amount))
		for row in payment.get("references") or []
		if row.reference_doctype == ORDER and money(row.allocated_amount) > NIL
	]
	on_account = money(payment.get("unallocated_amount"))
	if kind == ReceiptKind.ADVANCE.value and on_account > NIL:
		found.append(Receipt("", "", on_account))
	return found


def due(payment: Any) -> list[Receipt]:
	"""The advances in a payment that still want their prepayment invoice."""
	settings = settings_of(payment.company)
	if payment.docstatus != 1 or not cint(settings.get("enabled")):
		return []
	start = settings.get("go_live_date")
	if start and getdate(payment.posting_date) < getdate(start):
		return []
	if invoice_of(payment):
		return []
	return [receipt for receipt in receipts(payment) if taxed_shares(receipt)]


def invoice_of(payment: Any) -> str:
	"""The prepayment invoice made for a payment, draft or posted."""
	linked = payment.get(PaymentEntryField.PREPAYMENT_INVOICE)
	if linked and frappe.db.get_value(INVOICE, linked, "docstatus") in (0, 1):
		return str(linked)
	return ""


def keep_link(payment: Any) -> None:
	"""Put back what the database says of its prepayment invoice: one that a caller names or empties would leave VAT out, or twice."""
	before = payment.get_doc_before_save()
	field = PaymentEntryField.PREPAYMENT_INVOICE
	payment.set(field, before.get(field) if before else None)


# --- the draft --------------------------------------------------------------------------------------------------------
def make(payment: Any) -> Any:
	"""Insert the draft prepayment invoice for a payment and link the two. Raises NoPrepaymentInvoice.

	The caller has checked permission.
	"""
	parts = due(payment)
	if not parts:
		linked = invoice_of(payment)
		frappe.throw(
			_("{0} has its prepayment invoice: {1}.").format(payment.name, linked)
			if linked
			else _(
				"No prepayment invoice is due for {0}: it pays for nothing that is still to be supplied with VAT."
			).format(payment.name),
			NoPrepaymentInvoice,
		)
	doc = draft(payment, parts)
	doc.flags.ignore_permissions = True
	doc.insert()
	settle_by_payment(doc, payment, parts)
	doc.save()
	payment.db_set(PaymentEntryField.PREPAYMENT_INVOICE, doc.name, update_modified=False)
	return doc


def draft(payment: Any, parts: list[Receipt]) -> Any:
	"""The unsaved draft."""
	settings = settings_of(payment.company)
	if not (settings.get("prepayment_account") and settings.get("output_vat_account")):
		frappe.throw(
			_("Choose the accounts for output VAT and for advances in the ZATCA Settings of {0}.").format(
				payment.company
			),
			NoPrepaymentInvoice,
		)
	order = frappe.get_doc(ORDER, parts[0].order) if parts[0].order else None
	company_currency = frappe.get_cached_value("Company", payment.company, "default_currency")
	currency = order.currency if order else payment.paid_from_account_currency or company_currency
	rate = rate_on_receipt(payment, currency, order)
	doc = frappe.new_doc(INVOICE)
	doc.update(
		{
			"company": payment.company,
			"customer": payment.party,
			"currency": currency,
			"conversion_rate": float(rate),
			"posting_date": payment.posting_date,
			"set_posting_time": 1,
			"due_date": payment.posting_date,
			"ignore_pricing_rule": 1,
			"ignore_default_payment_terms_template": 1,
			"project": payment.get("project"),
			"cost_center": payment.get("cost_center"),
			SalesInvoiceField.IS_PREPAYMENT: 1,
			SalesInvoiceField.PAYMENT_ENTRY: payment.name,
			InvoiceField.CONTRACT_NUMBER: order.get("zatca_contract_number") if order else None,
			"po_no": order.get("po_no") if order else None,
			"customer_address": order.get("customer_address") if order else None,
		}
	)
	if frappe.get_cached_value("Account", payment.paid_from, "account_type") == "Receivable":
		doc.debit_to = payment.paid_from
	doc.append(
		"taxes",
		{
			"charge_type": "On Net Total",
			"account_head": settings.output_vat_account,
			"description": _("VAT") + " 15%",
			"rate": 15,
			"included_in_print_rate": 1,
			"cost_center": payment.get("cost_center")
			or frappe.get_cached_value("Company", payment.company, "cost_center"),
			TaxRowField.TREATMENT: Treatment.VAT.value,
		},
	)
	for part in parts:
		# the receivable is kept in the order's currency or in the company's
		amount = part.amount if payment.paid_from_account_currency == currency else round2(part.amount / rate)
		for key, share in shares_of(part, amount).items():
			doc.append("items", line(payment, settings, part.order, key, share))
	return doc


def rate_on_receipt(payment: Any, currency: str, order: Any) -> Decimal:
	"""What one unit of the currency was worth on the day VAT fell due on the advance: as the payment states it (IR art. 61).

	Of money that came in riyals VAT is a part of those riyals; the order's rate only says how much of the order it pays.
	"""
	for kept_in, rate in (
		("paid_from_account_currency", "source_exchange_rate"),
		("paid_to_account_currency", "target_exchange_rate"),
	):
		if payment.get(kept_in) == currency:
			return exact(payment.get(rate) or 1)
	return exact(order.conversion_rate) if order else Decimal("1")


def line(payment: Any, settings: Any, order: str, key: Key, amount: Decimal) -> dict[str, Any]:
	"""One row: an advance in one VAT category, its price with VAT."""
	words = f"دفعة مقدمة عن الطلب {order} | Advance on order {order}" if order else "دفعة مقدمة | Advance"
	return {
		"item_name": words,
		"description": words,
		"zatca_item_name_ar": words.partition(" | ")[0],
		"qty": 1,
		"uom": frappe.db.get_single_value("Stock Settings", "stock_uom") or "Nos",
		"conversion_factor": 1,
		"rate": float(amount),
		"income_account": settings.prepayment_account,
		"cost_center": payment.get("cost_center")
		or frappe.get_cached_value("Company", payment.company, "cost_center"),
		"sales_order": order or None,
		"item_tax_template": None if key.category == STANDARD else template_of(payment.company, key),
	}


def template_of(company: str, key: Key) -> str | None:
	"""The company's item tax template for an exemption."""
	return frappe.db.get_value(
		"Item Tax Template",
		{
			"company": company,
			"disabled": 0,
			ItemTaxTemplateField.VAT_CATEGORY: key.category,
			ItemTaxTemplateField.EXEMPTION_CODE: key.code or ("is", "not set"),
		},
	)


def settle_by_payment(doc: Any, payment: Any, parts: list[Receipt]) -> None:
	"""The payment is allocated to the invoice when that is posted: ERPNext's own advances table."""
	doc.set("advances", [])
	left = money(
		doc.base_grand_total if payment.paid_from_account_currency != doc.currency else doc.grand_total
	)
	for part in parts:
		allocated = min(part.amount, left)
		if allocated <= NIL:
			continue
		left -= allocated
		doc.append(
			"advances",
			{
				"reference_type": "Payment Entry",
				"reference_name": payment.name,
				"reference_row": part.row or None,
				"remarks": payment.remarks,
				"advance_amount": float(part.amount),
				"allocated_amount": float(allocated),
				"ref_exchange_rate": payment.get("source_exchange_rate") or 1,
				"difference_posting_date": payment.posting_date,
			},
		)


# --- what of it is taxed ----------------------------------------------------------------------------------------------
def taxed_shares(receipt: Receipt) -> dict[Key, Decimal]:
	"""What of a receipt is for supplies with VAT (at 15 % or zero), by category; empty where nothing is."""
	return shares_of(receipt, receipt.amount)


def shares_of(receipt: Receipt, amount: Decimal) -> dict[Key, Decimal]:
	"""`amount` spread over the VAT categories of the order as they are in it; what is exempt or out of scope left out.

	On account, with no order to tell: at the standard rate.
	"""
	if not receipt.order:
		return {Key(STANDARD): amount}
	gross = gross_by_category(receipt.order)
	if not gross:
		return {Key(STANDARD): amount}
	shares = spread(amount, list(gross.values()))
	return {
		key: share
		for key, share in zip(gross, shares, strict=True)
		if share and CATEGORY_OF[key.category] not in NOT_TAXED
	}


def gross_by_category(order: str) -> dict[Key, Decimal]:
	"""What an order is worth with VAT, by category; empty for an order of no value."""
	doc = frappe.get_doc(ORDER, order)
	facts = preload(doc)
	taxes = read_taxes(doc, facts)
	# a line nobody says anything about is taken as standard rated; the invoice itself will ask
	vats = line_vats(doc, facts, taxes, Refusals())
	found: dict[Key, Decimal] = {}
	for row, vat in zip(doc.items, vats, strict=True):
		category, code, _reason = stated(row, facts)
		key = Key(STANDARD) if vat.category is VatCategory.STANDARD else Key(category, code)
		net = money(row.net_amount)
		found[key] = found.get(key, NIL) + net + round2(net * vat.rate / 100)
	return found if total(found.values()) > NIL else {}


# --- when a payment arrives, or goes ----------------------------------------------------------------------------------
def on_payment(payment: Any) -> None:
	"""After a payment is posted: have its prepayment invoice drafted, or say that one is due."""
	if not due(payment):
		return
	if settings_of(payment.company).get("prepayment_invoices") in (None, "", AUTOMATIC):
		# not here: ERPNext deadlocks where a transaction submits one document and then numbers another
		frappe.enqueue(JOB, queue="default", enqueue_after_commit=True, payment=payment.name)
		frappe.msgprint(
			_("An advance was received: its prepayment invoice is being drafted. VAT is due on it today."),
			alert=True,
		)
	else:
		frappe.msgprint(
			_("An advance was received. VAT is due on it today: issue its prepayment invoice."),
			title=_("Prepayment Invoice Due"),
			indicator="orange",
		)


def draft_for(name: str) -> str:
	"""The draft for a payment, where one is still due; gives its name. For the worker, which may run twice."""
	payment = frappe.get_doc("Payment Entry", name, for_update=True)
	if not due(payment):
		return invoice_of(payment)
	doc = make(payment)
	frappe.publish_realtime(
		"zatca_prepayment_invoice",
		{"payment": name, "invoice": doc.name},
		doctype="Payment Entry",
		docname=name,
		after_commit=True,
	)
	return str(doc.name)


def before_payment_ends(payment: Any) -> None:
	"""A payment is cancelled: a draft of its prepayment invoice has to be deleted first, an issued one credited."""
	keep_link(payment)
	linked = invoice_of(payment)
	if not linked:
		return
	if frappe.db.get_value(INVOICE, linked, "docstatus") == 0:
		frappe.throw(
			_("{0} is the draft of this advance's prepayment invoice. Delete it first.").format(linked),
			NoPrepaymentInvoice,
		)
	left = standing(issued(name=linked))
	if left and left[linked].left > NIL:
		frappe.throw(
			_("{0} was issued for this advance. Credit it first, then cancel the payment.").format(linked),
			NoPrepaymentInvoice,
		)
	payment.ignore_linked_doctypes = (*(payment.get("ignore_linked_doctypes") or ()), INVOICE)


def prepare(doc: Any) -> None:
	"""Before validation of a prepayment invoice: its net is owed to the customer until the supply, so it is no income."""
	if not cint(doc.get(SalesInvoiceField.IS_PREPAYMENT)) or doc.docstatus != 0:
		return
	account = settings_of(doc.company).get("prepayment_account")
	if account:
		for row in doc.get("items") or []:
			row.income_account = account


def hide_liability(doc: Any) -> None:
	"""Before validation: rows that are booked to the liability show the company's income account, until `show_liability`.

	ERPNext makes any other account of a row the item's own: all its later sales would be booked to the liability.
	"""
	account = settings_of(doc.company).get("prepayment_account")
	if not account or doc.flags.ignore_validate:
		return
	rows = [row for row in doc.get("items") or [] if row.item_code and row.income_account == account]
	if rows:
		doc.flags.zatca_liability = account, rows
		for row in rows:
			row.income_account = frappe.get_cached_value("Company", doc.company, "default_income_account")


def show_liability(doc: Any) -> None:
	"""After ERPNext's validation."""
	account, rows = doc.flags.pop("zatca_liability", ("", ()))
	for row in rows:
		row.income_account = account
	if rows:
		doc.set_against_income_account()
