"""Advances from the money to the last invoice: the prepayment invoice a payment wants, its deduction, its refund."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import world
from fatoora import finish, fresh

CASH = f"Cash - {world.ABBR}"


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.db.rollback()


def another_buyer(frappe: Any) -> str:
	"""A customer with no advances yet."""
	name = f"شركة {frappe.generate_hash(length=6)} | Contractor"
	customer = world.make(
		frappe,
		"Customer",
		customer_name=name,
		customer_group="Commercial",
		territory="All Territories",
		zatca_buyer_kind="VAT Registered",
		tax_id="399999999900003",
	)
	world.add_address(frappe, "Customer", customer.name)
	return str(customer.name)


def order(frappe: Any, *rows: dict[str, Any], **more: Any) -> Any:
	"""A submitted Sales Order."""
	for row in rows:
		row.pop("income_account", None)
	doc = frappe.get_doc(
		{
			"doctype": "Sales Order",
			"company": world.COMPANY,
			"customer": world.VAT_BUYER,
			"currency": "SAR",
			"transaction_date": world.TODAY,
			"delivery_date": world.TODAY,
			"items": rows,
			"taxes": world.vat_rows(),
			"ignore_pricing_rule": 1,
			**more,
		}
	)
	doc.insert()
	doc.submit()
	return doc


def received(frappe: Any, amount: Any, on: Any = None, **more: Any) -> Any:
	"""Money from the customer, on an order or on account."""
	doc = frappe.get_doc(
		{
			"doctype": "Payment Entry",
			"payment_type": "Receive",
			"company": world.COMPANY,
			"posting_date": world.TODAY,
			"party_type": "Customer",
			"party": world.VAT_BUYER,
			"paid_from": world.DEBTORS,
			"paid_to": CASH,
			"paid_amount": float(amount),
			"received_amount": float(amount),
			"source_exchange_rate": 1,
			"target_exchange_rate": 1,
			"reference_no": "T-1",
			"reference_date": world.TODAY,
			"references": [
				{
					"reference_doctype": "Sales Order",
					"reference_name": on.name,
					"allocated_amount": float(amount),
				}
			]
			if on
			else [],
			**more,
		}
	)
	doc.insert()
	doc.submit()
	frappe.db.commit()
	return doc


def cleared(frappe: Any, doc: Any) -> Any:
	"""Submitted for clearance, to the end."""
	from bayancore_erp.zatca.api import submit_for_clearance

	frappe.db.commit()
	verdict = submit_for_clearance("Sales Invoice", doc.name)
	finish(doc)  # a worker's part, where this machine was too slow for a person to wait
	stored = fresh(frappe, doc)
	assert stored.docstatus == 1, (
		verdict["state"],
		verdict["sentence"],
		verdict.get("last_error"),
		verdict["messages"],
	)
	return stored


def drafted(frappe: Any, payment: Any) -> Any:
	"""What the worker makes of a payment."""
	from bayancore_erp.zatca import jobs

	name = jobs.draft_prepayment_invoice(payment.name)
	frappe.db.commit()
	return frappe.get_doc("Sales Invoice", name)


def invoice_for(frappe: Any, sales_order: Any) -> Any:
	"""The draft that ERPNext's own button makes."""
	from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice

	doc = make_sales_invoice(sales_order.name)
	doc.update({"posting_date": world.TODAY, "set_posting_time": 1, "due_date": world.TODAY})
	doc.insert()
	frappe.db.commit()
	return doc


def reasons(frappe: Any, doc: Any) -> dict[str, str]:
	"""What looking at a draft says."""
	from datetime import datetime

	from bayancore_erp.zatca.adapter.preflight import look
	from bayancore_erp.zatca.core.pipeline import RIYADH

	return {problem.code: problem.text for problem in look(doc, datetime.now(RIYADH)).problems}


def test_the_worked_example_from_the_money_to_the_final_invoice(frappe: Any) -> None:
	sales_order = order(
		frappe,
		world.line("جهاز | Device", 1, 12000),
		world.line("دواء | Medicine", 1, 3000, "VATEX-SA-35"),
	)
	payment = received(frappe, 7750, sales_order)
	advance = drafted(frappe, payment)
	assert drafted(frappe, payment).name == advance.name, "twice asked, once made"
	assert fresh(frappe, payment).zatca_prepayment_invoice == advance.name
	# in proportion to the order: 13,800 at 15 % and 3,000 at zero
	assert [(row.rate, row.sales_order) for row in advance.items] == [
		(6366.07, sales_order.name),
		(1383.93, sales_order.name),
	]
	assert (advance.grand_total, advance.docstatus, advance.zatca_is_prepayment) == (7750, 0, 1)
	# as the two agreed it (E08)
	advance.items[0].rate, advance.items[1].rate = 5750, 2000
	advance.save()
	advance = cleared(frappe, advance)
	assert advance.zatca_state == "Cleared"
	assert world.ledger(frappe, advance) == {
		world.DEBTORS: Decimal("7750.00"),
		world.ADVANCES: Decimal("-7000.00"),
		world.VAT: Decimal("-750.00"),
	}
	assert advance.outstanding_amount == 0, "the payment settles it"

	final = invoice_for(frappe, sales_order)
	assert [
		(row.prepayment_invoice, row.vat_category, row.taxable, row.tax) for row in final.zatca_prepayments
	] == [
		(advance.name, "Standard Rated", 5000, 750),
		(advance.name, "Zero Rated", 2000, 0),
	]
	final = cleared(frappe, final)
	assert world.ledger(frappe, final) == {
		world.DEBTORS: Decimal("9050.00"),
		world.ADVANCES: Decimal("7000.00"),
		world.VAT: Decimal("-1050.00"),
		world.SALES: Decimal("-15000.00"),
	}
	assert frappe.db.get_value("ZATCA Document", final.zatca_uuid, "total_with_vat") == "16800.00"


def test_advances_in_parts_and_no_more_than_is_left(frappe: Any) -> None:
	sales_order = order(frappe, world.line("بناء | Building", 4, 1000))
	first = cleared(frappe, drafted(frappe, received(frappe, 1150, sales_order)))
	second = cleared(frappe, drafted(frappe, received(frappe, 575, sales_order)))
	final = invoice_for(frappe, sales_order)
	assert {row.prepayment_invoice: row.taxable for row in final.zatca_prepayments} == {
		first.name: 1000,
		second.name: 500,
	}
	final.items[0].qty = 1.2
	final.zatca_prepayments[1].update({"taxable": 200, "tax": 30})
	final.save()
	cleared(frappe, final)
	rest = invoice_for(frappe, sales_order)
	assert {row.prepayment_invoice: (row.taxable, row.tax) for row in rest.zatca_prepayments} == {
		second.name: (300, 45)
	}
	rest.zatca_prepayments[0].update({"taxable": 301, "tax": 45.15})
	rest.save()
	assert "LAW-ADVANCE-LEFT" in reasons(frappe, rest)
	assert "300.00 are left" in reasons(frappe, rest)["LAW-ADVANCE-LEFT"]
	rest.zatca_prepayments[0].update({"taxable": 300, "tax": 45})
	rest.save()
	assert "LAW-ADVANCE-LEFT" not in reasons(frappe, rest)
	rest.set("zatca_prepayments", [])
	rest.save()
	assert not rest.zatca_prepayments, "taken out by a person, it stays out"
	assert second.name in reasons(frappe, rest)["LAW-ADVANCE-OPEN"]


def test_two_invoices_never_deduct_the_same_advance(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import advances
	from bayancore_erp.zatca.adapter.remaining import MoreThanLeft

	sales_order = order(frappe, world.line("بناء | Building", 4, 1000))
	advance = cleared(frappe, drafted(frappe, received(frappe, 1150, sales_order)))
	one, other = invoice_for(frappe, sales_order), invoice_for(frappe, sales_order)
	assert one.zatca_prepayments[0].prepayment_invoice == other.zatca_prepayments[0].prepayment_invoice
	advances.require(other)
	frappe.db.rollback()
	one.items[0].qty = 1
	one.save()
	cleared(frappe, one)
	# the other was looked at before; at signing it is asked again
	with pytest.raises(MoreThanLeft, match=r"0\.00 are left"):
		advances.require(other)
	frappe.db.rollback()
	assert advances.standing(advances.issued(name=advance.name))[advance.name].left == 0


def test_an_advance_above_the_invoice_stays_open(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import advances

	buyer = another_buyer(frappe)
	sales_order = order(frappe, world.line("بناء | Building", 1, 1000), customer=buyer)
	payment = received(frappe, 2300, None, zatca_receipt_kind="Advance", party=buyer)
	advance = cleared(frappe, drafted(frappe, payment))
	assert advance.net_total == 2000
	final = invoice_for(frappe, sales_order)
	assert not final.zatca_prepayments, "it was not received on this order"
	rows = [
		row
		for row in advances.proposals(final, of_its_orders=False)
		if row["prepayment_invoice"] == advance.name
	]
	assert [(row["taxable"], row["tax"]) for row in rows] == [(1000, 150)]
	final.set("zatca_prepayments", rows)
	final.save()
	final = cleared(frappe, final)
	assert final.grand_total == 0, "paid in full in advance"
	assert frappe.db.get_value("ZATCA Document", final.zatca_uuid, "total_with_vat") == "1150.00"
	assert advances.standing(advances.issued(name=advance.name))[advance.name].left == Decimal("1150.00")
	more = world.invoice(
		frappe,
		buyer,
		[world.line("خدمة | Service", 1, 100), world.line("دواء | Medicine", 1, 500, "VATEX-SA-35")],
		zatca_prepayments=[{**rows[0], "taxable": 100.01, "tax": 15}],
	)
	assert "sells 100.00" in reasons(frappe, more)["LAW-ADVANCE-LEFT"]


def test_a_refund_is_a_credit_note_on_the_prepayment_invoice(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import advances
	from bayancore_erp.zatca.api import make_note

	payment = received(frappe, 1150, None, zatca_receipt_kind="Advance")
	advance = cleared(frappe, drafted(frappe, payment))
	payment.reload()
	with pytest.raises(frappe.ValidationError, match="Credit it first"):
		payment.cancel()
	frappe.db.rollback()
	note = frappe.get_doc(make_note("Sales Invoice", advance.name, "Credit Note", "Cancellation")["note"])
	note.insert()
	note = cleared(frappe, note)
	assert world.ledger(frappe, note) == {
		world.DEBTORS: Decimal("-1150.00"),
		world.ADVANCES: Decimal("1000.00"),
		world.VAT: Decimal("150.00"),
	}
	assert advances.standing(advances.issued(name=advance.name))[advance.name].left == 0
	final = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 50, 100)])
	assert advance.name not in {
		row["prepayment_invoice"] for row in advances.proposals(final, of_its_orders=False)
	}
	payment = fresh(frappe, payment)
	payment.cancel()
	assert payment.docstatus == 2
	frappe.db.rollback()


@pytest.mark.parametrize(
	("what", "more"),
	[
		("a security deposit", {"zatca_receipt_kind": "Security Deposit"}),
		("retention released", {"zatca_receipt_kind": "Retention Release"}),
		("a payment on account", {}),
		("before go-live", {"zatca_receipt_kind": "Advance", "posting_date": "2026-02-01"}),
	],
)
def test_what_needs_no_prepayment_invoice(frappe: Any, what: str, more: dict[str, Any]) -> None:
	from bayancore_erp.zatca.adapter import prepayment

	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.go_live_date = "2026-03-01"
	settings.save()
	payment = received(frappe, 500, None, **more)
	assert prepayment.due(payment) == [], what
	with pytest.raises(prepayment.NoPrepaymentInvoice):
		prepayment.make(payment)
	frappe.db.rollback()


def test_what_is_exempt_needs_none_and_the_rest_of_a_mixed_order_does(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import prepayment

	rent = order(frappe, world.line("إيجار سكني | Residential rent", 1, 1000, "VATEX-SA-30"))
	assert prepayment.due(received(frappe, 500, rent)) == []
	mixed = order(
		frappe,
		world.line("إيجار سكني | Residential rent", 1, 1000, "VATEX-SA-30"),
		world.line("تنظيف | Cleaning", 1, 1000),
	)
	advance = drafted(frappe, received(frappe, 2150, mixed))
	assert advance.grand_total == 1150 and advance.advances[0].allocated_amount == 1150


def test_a_payment_says_that_an_invoice_is_due(frappe: Any) -> None:
	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.prepayment_invoices = "Remind Only"
	settings.save()
	frappe.clear_messages()
	sales_order = order(frappe, world.line("خدمة | Service", 1, 1000))
	payment = received(frappe, 230, sales_order)
	assert any("issue its prepayment invoice" in str(message) for message in frappe.get_message_log())
	settings.prepayment_invoices = "Draft the Prepayment Invoice"
	settings.save()
	frappe.db.commit()
	from bayancore_erp.zatca.api import make_prepayment_invoice, prepayment_due

	assert prepayment_due(payment.name) == [{"order": sales_order.name, "amount": 230.0}]
	made = make_prepayment_invoice(payment.name)
	assert prepayment_due(payment.name) == []
	with pytest.raises(frappe.ValidationError, match=made):
		make_prepayment_invoice(payment.name)
	frappe.db.rollback()


def test_a_discount_on_the_grand_total_is_taken_before_the_advance(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note

	sales_order = order(
		frappe,
		world.line("بناء | Building", 10, 1000),
		apply_discount_on="Grand Total",
		additional_discount_percentage=10,
	)
	assert sales_order.grand_total == 10350
	cleared(frappe, drafted(frappe, received(frappe, 5175, sales_order)))
	final = invoice_for(frappe, sales_order)
	for _save in range(2):
		assert (final.discount_amount, final.net_total, final.grand_total) == (1150, 9000, 5175)
		final.save()
	assert final.additional_discount_percentage == 10
	final = cleared(frappe, final)
	assert world.ledger(frappe, final) == {
		world.DEBTORS: Decimal("5175.00"),
		world.ADVANCES: Decimal("4500.00"),
		world.VAT: Decimal("-675.00"),
		world.SALES: Decimal("-9000.00"),
	}
	assert frappe.db.get_value("ZATCA Document", final.zatca_uuid, "total_with_vat") == "10350.00"
	note = make_note("Sales Invoice", final.name, "Credit Note", "Return")["note"]
	assert (note.discount_amount, note.grand_total) == (-1150, -10350), "shown as it will be saved"


def test_a_fixed_discount_is_credited_as_its_share_of_what_was_sold(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note

	sales_order = order(
		frappe, world.line("بناء | Building", 10, 1000), apply_discount_on="Grand Total", discount_amount=1150
	)
	cleared(frappe, drafted(frappe, received(frappe, 5175, sales_order)))
	final = cleared(frappe, invoice_for(frappe, sales_order))
	first = frappe.get_doc(make_note("Sales Invoice", final.name, "Credit Note", "Return")["note"])
	first.items[0].qty, first.discount_amount = -4, -460
	first.insert()
	first = cleared(frappe, first)
	second = frappe.get_doc(make_note("Sales Invoice", final.name, "Credit Note", "Return")["note"])
	assert second.additional_discount_percentage == 10
	second.insert()
	second = cleared(frappe, second)
	assert (first.grand_total, second.grand_total) == (-4140, -6210)


def test_a_debit_note_deducts_no_advance_again(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note

	sales_order = order(frappe, world.line("بناء | Building", 1, 1000))
	cleared(frappe, drafted(frappe, received(frappe, 575, sales_order)))
	final = cleared(frappe, invoice_for(frappe, sales_order))
	note = frappe.get_doc(make_note("Sales Invoice", final.name, "Debit Note", "Change of Value")["note"])
	assert not note.zatca_prepayments
	note.items[0].rate = 100
	note.insert()
	assert cleared(frappe, note).grand_total == 115


def test_an_item_on_a_prepayment_invoice_keeps_its_income_account(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note

	item = frappe.copy_doc(frappe.get_doc("Item", world.ITEM))
	item.update({"item_code": frappe.generate_hash(length=8), "item_defaults": []})
	item.insert()
	row = world.line("بناء | Building", 1, 1000, item_code=item.name)
	advance = cleared(frappe, world.invoice(frappe, world.VAT_BUYER, [row], zatca_is_prepayment=1))
	assert world.ledger(frappe, advance)[world.ADVANCES] == -1000
	assert advance.against_income_account == world.ADVANCES
	note = frappe.get_doc(make_note("Sales Invoice", advance.name, "Credit Note", "Cancellation")["note"])
	note.insert()
	assert world.ledger(frappe, cleared(frappe, note))[world.ADVANCES] == 1000
	learned = frappe.get_all("Item Default", filters={"parent": item.name}, pluck="income_account")
	assert world.ADVANCES not in learned


def test_in_another_currency_an_advance_keeps_the_rate_of_its_day(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.adapter.vat_totals import vouchers

	euros = world.make(
		frappe,
		"Account",
		account_name=f"Debtors EUR {frappe.generate_hash(length=5)}",
		company=world.COMPANY,
		parent_account=f"Accounts Receivable - {world.ABBR}",
		account_type="Receivable",
		account_currency="EUR",
	).name
	buyer = another_buyer(frappe)
	customer = frappe.get_doc("Customer", buyer)
	customer.default_currency = "EUR"
	customer.append("accounts", {"company": world.COMPANY, "account": euros})
	customer.save()
	told = {"customer": buyer, "currency": "EUR", "conversion_rate": 4.0}
	sales_order = order(frappe, world.line("بناء | Building", 1, 10000), **told)
	came = {"paid_from": euros, "paid_from_account_currency": "EUR", "source_exchange_rate": 4.2}
	payment = received(frappe, 1150, sales_order, party=buyer, received_amount=4830, **came)
	advance = drafted(frappe, payment)
	assert (advance.currency, advance.conversion_rate, advance.grand_total) == ("EUR", 4.2, 1150)
	advance = cleared(frappe, advance)
	assert world.ledger(frappe, advance) == {
		euros: Decimal("4830.00"),
		world.ADVANCES: Decimal("-4200.00"),
		world.VAT: Decimal("-630.00"),
	}
	assert advance.outstanding_amount == 0

	final = invoice_for(frappe, sales_order)
	assert (final.conversion_rate, final.grand_total, final.base_grand_total) == (4.0, 10350, 41400)
	final.save()
	final = cleared(frappe, final)
	exchange = frappe.db.get_value("Company", world.COMPANY, "exchange_gain_loss_account")
	assert world.ledger(frappe, final) == {
		euros: Decimal("41400.00"),
		world.ADVANCES: Decimal("4200.00"),
		exchange: Decimal("-200.00"),
		world.VAT: Decimal("-5400.00"),
		world.SALES: Decimal("-40000.00"),
	}
	assert final.outstanding_amount == 10350
	assert frappe.db.get_value("ZATCA Document", final.zatca_uuid, "vat_total") == "6000.00"
	[told] = [each for each in vouchers(world.COMPANY, "2026-01-01", "2026-12-31") if each.name == final.name]
	assert (told.advances, told.difference) == (600, 0)


def test_an_advance_from_before_this_system(frappe: Any) -> None:
	final = world.invoice(
		frappe,
		world.VAT_BUYER,
		[world.line("خدمة | Service", 1, 1000)],
		zatca_prepayments=[
			{
				"invoice_number": "OLD-77",
				"issue_date": "2025-11-02",
				"issue_time": "10:00:00",
				"vat_category": "Standard Rated",
				"vat_rate": 15,
				"taxable": 400,
			}
		],
	)
	final = cleared(frappe, final)
	assert world.ledger(frappe, final) == {
		world.DEBTORS: Decimal("690.00"),
		world.ADVANCES: Decimal("400.00"),
		world.VAT: Decimal("-90.00"),
		world.SALES: Decimal("-1000.00"),
	}
