"""ERPNext's totals made lawful while a draft: shown, settled with one click or at once, and refused where it is no rounding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import world
from private_bench import PrivateBench
from world import charge, invoice, line, vat_rows

ISSUED = datetime(2026, 11, 10, 14, 30)


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	"""frappe on a site with a Saudi company."""
	with world.connected(bench) as frappe:
		world.wire_settlement(frappe)
		yield frappe


@pytest.fixture(params=["Commercial Rounding", "Banker's Rounding"])
def frappe(site: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
	"""The same with one of Frappe's roundings; the company asks before it settles. All taken back after the test."""
	site.db.set_single_value("System Settings", "rounding_method", request.param)
	world.forget_settings(site)
	ask(site, "Ask")
	yield site
	site.db.rollback()
	world.forget_settings(site)
	site.clear_document_cache("ZATCA Settings", world.COMPANY)


def ask(frappe: Any, how: str) -> None:
	"""What the company wants."""
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "settle_differences", how)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)


def found(doc: Any) -> dict[str, Decimal]:
	"""Figure -> ERPNext's minus the lawful one."""
	from bayancore_erp.zatca.adapter.mapper import to_invoice
	from bayancore_erp.zatca.adapter.settle import difference
	from bayancore_erp.zatca.core.calculator import calculate

	return {one.figure: one.amount for one in difference(doc, calculate(to_invoice(doc, issued_at=ISSUED)))}


def coffee(frappe: Any, **more: Any) -> Any:
	"""SAR 10.00 including VAT: no base reaches it."""
	return invoice(
		frappe, world.PERSON, [line("قهوة | Coffee", 1, "10.00")], taxes_and_charges=world.INCLUSIVE, **more
	)


def test_asked_it_shows_then_one_click_settles_and_submission_keeps(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.settle import settle_draft

	doc = coffee(frappe)
	assert doc.grand_total == 10.00 and doc.zatca_difference and found(doc)
	told = settle_draft("Sales Invoice", doc.name)
	assert any(one["figure"] == "rounding" and one["is"] == "-0.01" for one in told)
	doc.reload()
	assert not found(doc) and doc.zatca_difference == 0
	assert (doc.grand_total, doc.rounded_total, doc.outstanding_amount) == (10.01, 10.0, 10.0)
	assert doc.payment_schedule[0].payment_amount == 10.0
	doc.submit()
	assert world.ledger(frappe, doc) == {
		world.DEBTORS: Decimal("10.00"),
		world.SALES: Decimal("-8.70"),
		world.VAT: Decimal("-1.31"),
		world.ROUND_OFF: Decimal("0.01"),
	}


def test_a_change_after_settling_asks_again(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.settle import settle_draft

	doc = coffee(frappe)
	settle_draft("Sales Invoice", doc.name)
	doc.reload()
	doc.items[0].rate = 1000
	doc.save()
	assert doc.zatca_difference and found(doc)
	doc.items[0].rate = 11.50
	doc.save()
	assert not found(doc) and doc.zatca_difference == 0, "nothing to settle at 11.50"


def test_settled_at_once_where_the_company_says_so(frappe: Any) -> None:
	ask(frappe, "Settle Automatically")
	doc = coffee(frappe)
	assert not found(doc)
	again = frappe.get_doc("Sales Invoice", doc.name)
	again.save()
	assert not found(again) and again.grand_total == doc.grand_total


def test_what_is_no_rounding_is_refused(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.settle import NotRounding, settle

	ask(frappe, "Settle Automatically")
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[line("أثاث | Furniture", 1, 1000)],
		taxes=[*vat_rows(), charge(world.FREIGHT, 100, "Freight")],
	)
	assert doc.grand_total == 1250 and found(doc)["vat"] == Decimal("-15.00"), "freight without its VAT"
	with pytest.raises(NotRounding) as caught:
		settle(doc)
	assert caught.value.field == "totals.vat" and doc.grand_total == 1250


def test_the_till_asks_what_it_asked(frappe: Any) -> None:
	"""Prices without VAT at a till: what the customer has paid stands, the halala is rounding."""
	ask(frappe, "Settle Automatically")
	doc = invoice(
		frappe,
		world.WALK_IN,
		[line(f"خدمة {index} | Service {index}", 1, "33.30") for index in range(3)],
		is_pos=1,
		pos_profile=world.POS_PROFILE,
		payments=[{"mode_of_payment": "Cash", "amount": 114.89}],
	)
	native = frappe.copy_doc(doc)
	native.calculate_taxes_and_totals()
	assert (doc.rounded_total or doc.grand_total) == native.grand_total
	assert not found(doc)
	doc.submit()
	booked = world.ledger(frappe, doc)
	assert booked[world.VAT] == Decimal("-14.99") and booked[world.SALES] == Decimal("-99.90")


def test_the_shelf_price_stands_through_submission(frappe: Any) -> None:
	"""1.5 x 0.03 and its like round to the even halala under Banker's Rounding: the shelf asks that, and BT-114 tells."""
	from bayancore_erp.zatca.adapter.mapper import to_invoice
	from bayancore_erp.zatca.core.calculator import calculate

	ask(frappe, "Settle Automatically")
	rows = [line(f"صنف {index} | Item {index}", "0.5", "10.05") for index in range(4)]
	doc = invoice(frappe, world.PERSON, rows, taxes_and_charges=world.INCLUSIVE)
	shelf = Decimal(str(doc.total))
	before = calculate(to_invoice(doc, issued_at=ISSUED))
	assert before.payable == shelf and not found(doc)
	doc.submit()
	assert calculate(to_invoice(doc, issued_at=ISSUED)) == before
	assert calculate(to_invoice(frappe.get_doc("Sales Invoice", doc.name), issued_at=ISSUED)) == before
	booked = world.ledger(frappe, doc)
	assert booked[world.DEBTORS] == shelf and booked[world.VAT] == -before.vat
	assert booked.get(world.ROUND_OFF, Decimal("0.00")) == -before.rounding


def test_in_other_currencies_nothing_goes_to_round_off_unseen(frappe: Any) -> None:
	ask(frappe, "Settle Automatically")
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[line(f"قطعة {index} | Part {index}", 3, f"{7 + index}.37") for index in range(12)],
		currency="EUR",
		conversion_rate=4.0937,
	)
	assert not found(doc)
	doc.submit()
	assert set(world.ledger(frappe, doc)) == {world.DEBTORS, world.SALES, world.VAT}


def test_vat_in_riyals_has_the_rate_of_the_central_bank(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.settle import NotRounding, settle

	ask(frappe, "Settle Automatically")
	rows = [line("معدات | Equipment", 1, 10000)]
	told = {"currency": "USD", "conversion_rate": 3.75, "zatca_sar_rate": 3.7512}
	doc = invoice(frappe, world.VAT_BUYER, rows, **told)
	assert not found(doc)
	doc.save()
	assert not found(doc)
	doc.submit()
	assert world.ledger(frappe, doc) == {
		world.DEBTORS: Decimal("43126.80"),
		world.SALES: Decimal("-37500.00"),
		world.VAT: Decimal("-5626.80"),
	}
	advance = {"invoice_number": "OLD-1", "issue_date": "2025-11-02", "vat_rate": 15, "taxable": 1000}
	doc = invoice(frappe, world.VAT_BUYER, rows, **told, zatca_prepayments=[advance])
	assert not found(doc)
	doc.submit()
	assert world.ledger(frappe, doc) == {
		world.DEBTORS: Decimal("38814.12"),
		world.ADVANCES: Decimal("3750.00"),
		world.SALES: Decimal("-37500.00"),
		world.VAT: Decimal("-5064.12"),
	}
	freight = charge(world.FREIGHT, 100, "Freight")
	wrong = invoice(frappe, world.VAT_BUYER, rows, **told, taxes=[*vat_rows(), freight])
	with pytest.raises(NotRounding):
		settle(wrong)


def test_only_drafts_and_only_with_permission(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.settle import settle_draft

	doc = coffee(frappe)
	frappe.set_user("Guest")
	try:
		with pytest.raises(frappe.PermissionError):
			settle_draft("Sales Invoice", doc.name)
	finally:
		frappe.set_user("Administrator")
	with pytest.raises(frappe.ValidationError):
		settle_draft("Customer", world.VAT_BUYER)


def test_a_till_gives_back_what_its_settled_sale_was_paid(frappe: Any) -> None:
	"""ERPNext's own total of the return is a halala less or more than what was paid, which it takes for a payment of its own."""
	from random import Random

	from erpnext.controllers.sales_and_purchase_return import make_return_doc
	from random_documents import documents

	ask(frappe, "Settle Automatically")
	for seed, paid in (("1-451", "30271.72"), ("1-513", "452039.35")):
		sale = next(documents(frappe, Random(seed)))
		sale.submit()
		note = make_return_doc("Sales Invoice", sale.name)
		assert 0 < note.payments[0].amount <= 0.05, "ERPNext puts the difference in place of the refund"
		note.update({"zatca_reason_code": "Return", "disable_rounded_total": sale.disable_rounded_total})
		note.insert()
		note.reload()
		note.save()
		note.submit()
		(refund,) = note.payments
		assert Decimal(str(refund.amount)) == -Decimal(paid) == Decimal(str(note.rounded_total)), seed
		assert note.outstanding_amount == 0 and not found(note)
		assert world.ledger(frappe, note)[f"Cash - {world.ABBR}"] == -Decimal(paid)
