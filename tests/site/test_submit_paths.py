"""What ERPNext makes and submits by itself: Subscription, the Opening Invoice Creation Tool, a web shop's Payment Request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import finish, fresh


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.db.rollback()


def is_deferred_then_cleared(frappe: Any, name: str) -> None:
	frappe.db.commit()
	doc = frappe.get_doc("Sales Invoice", name)
	assert (doc.docstatus, doc.zatca_state) == (0, "Queued") and not world.ledger(frappe, doc)
	finish(doc)
	doc = fresh(frappe, doc)
	assert (doc.docstatus, doc.zatca_state) == (1, "Cleared"), frappe.get_doc(
		"ZATCA Submission", doc.zatca_submission
	).messages
	assert str(world.ledger(frappe, doc)[world.VAT]) == "-30.00"


def test_a_subscription(frappe: Any) -> None:
	today = frappe.utils.nowdate()
	frappe.db.set_value("Company", world.COMPANY, "default_income_account", world.SALES)
	plan = world.make(
		frappe,
		"Subscription Plan",
		plan_name=f"Monthly {frappe.generate_hash(length=5)}",
		item=world.ITEM,
		price_determination="Fixed Rate",
		cost=200,
		currency="SAR",
		billing_interval="Month",
		billing_interval_count=1,
	)
	subscription = world.make(
		frappe,
		"Subscription",
		party_type="Customer",
		party=world.VAT_BUYER,
		company=world.COMPANY,
		start_date=today,
		generate_invoice_at="Beginning of the current subscription period",
		submit_invoice=1,
		sales_tax_template=world.EXCLUSIVE,
		plans=[{"plan": plan.name, "qty": 1}],
	)
	subscription.process(posting_date=today)
	(name,) = frappe.get_all("Sales Invoice", {"subscription": subscription.name}, pluck="name")
	is_deferred_then_cleared(frappe, name)
	subscription = fresh(frappe, subscription)
	subscription.process(posting_date=today)
	assert frappe.db.count("Sales Invoice", {"subscription": subscription.name}) == 1, "billed once"


def test_a_web_shops_payment_request(frappe: Any) -> None:
	"""The shop's order is paid: ERPNext makes the invoice and submits it."""
	row = world.line("خدمة | Service", 2, 100)
	row.pop("income_account")
	order = world.make(
		frappe,
		"Sales Order",
		company=world.COMPANY,
		customer=world.VAT_BUYER,
		currency="SAR",
		order_type="Shopping Cart",
		transaction_date=world.TODAY,
		delivery_date=world.TODAY,
		items=[row],
		taxes=world.vat_rows(),
		ignore_pricing_rule=1,
	)
	order.submit()
	asked = frappe.get_doc(
		doctype="Payment Request", reference_doctype="Sales Order", reference_name=order.name
	)
	asked.make_invoice()
	(name,) = frappe.get_all(
		"Sales Invoice Item", {"sales_order": order.name, "docstatus": 0}, pluck="parent"
	)
	is_deferred_then_cleared(frappe, name)


def test_opening_invoices_are_booked_and_never_sent(frappe: Any) -> None:
	tool = frappe.get_doc("Opening Invoice Creation Tool")
	tool.update({"company": world.COMPANY, "invoice_type": "Sales"})
	tool.set(
		"invoices",
		[
			{"party": world.VAT_BUYER, "outstanding_amount": 115, "posting_date": "2026-01-05"},
			{"party": world.PERSON, "outstanding_amount": 23, "posting_date": "2026-01-05"},
		],
	)
	names = tool.make_invoices()
	frappe.db.commit()
	assert len(names) == 2
	for name in names:
		doc = frappe.get_doc("Sales Invoice", name)
		assert (doc.docstatus, doc.is_opening, doc.zatca_state) == (1, "Yes", "Skipped")
		assert doc.outstanding_amount in (115, 23)
		assert frappe.db.get_value("ZATCA Skip", {"invoice_name": name}, "reason_code") == "Opening Entry"
		assert not frappe.db.exists("ZATCA Document", {"invoice_name": name})
