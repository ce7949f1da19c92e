"""Credit and debit notes as the desk offers them: prefilled, only what is left, with the law's reason, late or in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import world
from fatoora import finish, fresh


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.db.rollback()


def cleared(frappe: Any, doc: Any) -> Any:
	"""Submitted, and seen through to the end."""
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	finish(doc)
	stored = fresh(frappe, doc)
	assert stored.docstatus == 1, problems(frappe, stored)
	return stored


def sale(frappe: Any, *rows: dict[str, Any], **more: Any) -> Any:
	return cleared(frappe, world.invoice(frappe, world.VAT_BUYER, list(rows), **more))


def note_on(frappe: Any, doc: Any, kind: str = "Credit Note", reason: str = "Return", **more: Any) -> Any:
	"""What the button gives, saved as a person would."""
	from bayancore_erp.zatca.api import make_note

	answer = make_note(doc.doctype, doc.name, kind, reason, **more)
	note = frappe.get_doc(answer["note"])
	note.flags.late = answer["late"]
	return note


def problems(frappe: Any, doc: Any) -> dict[str, str]:
	from bayancore_erp.zatca.adapter.preflight import look
	from bayancore_erp.zatca.core.pipeline import RIYADH

	return {each.code: each.text for each in look(doc, datetime.now(RIYADH)).problems}


def said(frappe: Any, doc: Any) -> str:
	"""The signed XML."""
	return frappe.get_doc("ZATCA Document", doc.zatca_uuid).xml.decode()


def test_a_credit_note_takes_what_is_left_and_no_more(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.corrections import NothingToCorrect
	from bayancore_erp.zatca.api import note_offers

	doc = sale(
		frappe,
		world.line("طاولة | Table", 10, 100),
		world.line("كرسي | Chair", 4, 50),
		zatca_supply_date="2026-11-03",
	)
	assert note_offers(doc.doctype, doc.name) == {
		"notes": ["Credit Note", "Debit Note"],
		"left": "1380.00",
		"rejected": False,
	}
	first = note_on(frappe, doc, remark="كرسي مكسور")
	assert (first.return_against, first.zatca_reason_code, str(first.zatca_event_date)) == (
		doc.name,
		"Return",
		frappe.utils.nowdate(),
	)
	first.items[0].qty = -7
	first.insert()
	first = cleared(frappe, first)
	assert first.grand_total == -(7 * 115 + 4 * 57.5)
	xml = said(frappe, first)
	assert f">{doc.name}<" in xml and "كرسي مكسور" in xml and "2026-11-03" in xml

	second = note_on(frappe, doc)
	assert [(row.item_name, row.qty) for row in second.items] == [("طاولة | Table", -3)]
	second.insert()
	assert not {"LAW-NOTE-TOTAL", "LAW-NOTE-LINE"} & problems(frappe, second).keys()
	second = cleared(frappe, second)
	assert first.grand_total + second.grand_total == -doc.grand_total
	assert fresh(frappe, doc).outstanding_amount == 0, "what was credited is owed no more"
	with pytest.raises(NothingToCorrect, match="credited in full"):
		note_on(frappe, doc)
	assert note_offers(doc.doctype, doc.name)["notes"] == ["Debit Note"]


def test_no_line_is_credited_beyond_what_it_was(frappe: Any) -> None:
	doc = sale(frappe, world.line("طاولة | Table", 10, 100), world.line("كرسي | Chair", 4, 50))
	note = note_on(frappe, doc)
	# the total stays below the original's; one line does not
	note.set("items", note.items[1:])
	note.items[0].rate = 60
	# ERPNext's own check is passed by whoever sets ignore_validate
	note.run_method("calculate_taxes_and_totals")
	found = problems(frappe, note)
	assert "240.00 without VAT are credited, 200.00 are left" in found["LAW-NOTE-LINE"]


def test_of_two_notes_at_once_the_slower_is_refused(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.remaining import MoreThanLeft, require

	doc = sale(frappe, world.line("طاولة | Table", 1, 100))
	one, other = note_on(frappe, doc).insert(), note_on(frappe, doc).insert()
	frappe.db.commit()
	require(other, Decimal("115.00"))
	frappe.db.rollback()
	one = cleared(frappe, one)
	with pytest.raises(MoreThanLeft, match=r"0\.00 are left"):
		require(other, Decimal("115.00"))


def test_a_debit_note_raises_a_price(frappe: Any) -> None:
	from bayancore_erp.zatca.api import note_offers

	doc = sale(frappe, world.line("حديد | Steel", 100, 40), world.line("نقل | Transport", 1, 300))
	note = note_on(frappe, doc, "Debit Note", "Change of Value")
	assert [(row.qty, row.rate) for row in note.items] == [(100, 0), (1, 0)]
	# as the form needs it: everything it asks for, and rows that are its own
	assert (
		note.naming_series and note.due_date and not {row.parent for row in note.get_all_children()} - {None}
	)
	note.items[0].rate = 2.5
	note.insert()
	assert [row.item_name for row in note.items] == ["حديد | Steel"], "what was not raised is none of it"
	note = cleared(frappe, note)
	assert (note.grand_total, note.zatca_kind) == (287.5, "Standard")
	assert world.ledger(frappe, note) == {
		world.DEBTORS: Decimal("287.50"),
		world.VAT: Decimal("-37.50"),
		world.SALES: Decimal("-250.00"),
	}
	assert note_offers(doc.doctype, doc.name)["left"] == str(Decimal("4945.00") + Decimal("287.50"))


def test_freight_and_discount_are_credited_once(frappe: Any) -> None:
	taxes = world.vat_rows()
	taxes[0].update(charge_type="On Previous Row Total", row_id=1)
	doc = sale(
		frappe,
		world.line("طاولة | Table", 10, 100),
		taxes=[world.charge(world.FREIGHT, 60, "Freight", zatca_description_ar="شحن"), *taxes],
		apply_discount_on="Net Total",
		discount_amount=100,
	)
	first = note_on(frappe, doc)
	first.items[0].qty = -4
	first.discount_amount = -40
	first.insert()
	first = cleared(frappe, first)
	second = note_on(frappe, doc)
	assert second.items[0].qty == -6 and second.taxes[0].tax_amount == 0
	second.insert()
	second = cleared(frappe, second)
	assert round(first.grand_total + second.grand_total, 2) == -doc.grand_total


def test_the_originals_rate_and_kind_are_kept(frappe: Any) -> None:
	doc = sale(
		frappe,
		world.line("خدمة | Service", 20, 100),
		currency="USD",
		conversion_rate=3.75,
		zatca_sar_rate=3.7512,
	)
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	customer.db_set("zatca_buyer_kind", "Private Person")
	note = note_on(frappe, doc, reason="Change of Value")
	note.items[0].qty = -10
	note.insert()
	assert (note.currency, note.conversion_rate) == ("USD", 3.75)
	note = cleared(frappe, note)
	assert world.ledger(frappe, note)[world.VAT] == Decimal("562.68"), "150 at the rate of the original's VAT"
	customer.db_set("zatca_buyer_kind", "VAT Registered")
	frappe.db.commit()
	assert note.zatca_kind == "Standard"


def test_a_late_note_is_owed_all_the_same(frappe: Any) -> None:
	doc = sale(frappe, world.line("خدمة | Service", 1, 100))
	note = note_on(frappe, doc, event_date="2026-09-30")
	assert "15th of the month after" in note.flags.late
	note.insert()
	found = problems(frappe, note)
	assert "LAW-NOTE-DEADLINE" in found
	assert not note_on(frappe, doc).flags.late
	cleared(frappe, note)


@pytest.mark.parametrize(
	("kind", "reason"), [("Credit Note", ""), ("Credit Note", "Because"), ("Receipt", "Return")]
)
def test_the_reason_is_one_of_the_laws(frappe: Any, kind: str, reason: str) -> None:
	from bayancore_erp.zatca.adapter.corrections import NothingToCorrect

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 100)])
	with pytest.raises(NothingToCorrect, match="five reasons"):
		note_on(frappe, doc, kind, reason)
	with pytest.raises(NothingToCorrect, match="Only an issued invoice"):
		note_on(frappe, doc)


def test_a_note_for_an_invoice_from_before_this_system(frappe: Any) -> None:
	note = world.invoice(
		frappe,
		world.VAT_BUYER,
		[world.line("خدمة | Service", -1, 100)],
		is_return=1,
		zatca_original_numbers="INV-2024-881",
		zatca_original_date="2025-12-12",
		zatca_original_kind="Standard",
		zatca_reason_code="Return",
	)
	note = cleared(frappe, note)
	xml = said(frappe, note)
	assert ">INV-2024-881<" in xml and "2025-12-12" in xml


def test_only_who_may_create_invoices_is_offered_notes(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note, note_offers

	doc = sale(frappe, world.line("خدمة | Service", 1, 100))
	user = f"auditor-{frappe.generate_hash(length=5)}@example.com"
	frappe.get_doc(
		{
			"doctype": "User",
			"email": user,
			"first_name": "Auditor",
			"send_welcome_email": 0,
			"roles": [{"role": "ZATCA Auditor"}, {"role": "Auditor"}],
		}
	).insert(ignore_permissions=True)
	frappe.set_user(user)
	try:
		with pytest.raises(frappe.PermissionError):
			note_offers(doc.doctype, doc.name)
		with pytest.raises(frappe.PermissionError):
			make_note(doc.doctype, doc.name, "Credit Note", "Return")
	finally:
		frappe.set_user("Administrator")
		frappe.db.rollback()


def delivered(frappe: Any, quantity: int) -> Any:
	"""A posted Delivery Note of maintenance at 100 each."""
	delivery = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": world.COMPANY,
			"customer": world.VAT_BUYER,
			"currency": "SAR",
			"posting_date": world.TODAY,
			"set_posting_time": 1,
			"items": [{**world.line("صيانة | Maintenance", quantity, 100), "income_account": None}],
			"taxes": world.vat_rows(),
			"ignore_pricing_rule": 1,
		}
	)
	delivery.insert()
	delivery.submit()
	return delivery


def billed(frappe: Any, delivery: Any, quantity: int | None = None) -> Any:
	"""Its cleared invoice, or one of a part of it."""
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice

	invoice = make_sales_invoice(delivery.name)
	invoice.update({"posting_date": world.TODAY, "set_posting_time": 1, "due_date": world.TODAY})
	if quantity:
		invoice.items[0].qty = quantity
	invoice.insert()
	return cleared(frappe, invoice)


def sent_back(frappe: Any, delivery: Any, quantity: int) -> Any:
	"""The draft note that ERPNext makes of a return with Issue Credit Note."""
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return

	returned = make_sales_return(delivery.name)
	returned.issue_credit_note = 1
	returned.items[0].qty = -quantity
	returned.insert()
	frappe.clear_messages()
	returned.submit()
	frappe.db.commit()
	name = frappe.db.get_value("Sales Invoice Item", {"delivery_note": returned.name}, "parent")
	return frappe.get_doc("Sales Invoice", name)


def test_a_returned_delivery_leaves_a_draft_with_the_companys_reason(frappe: Any) -> None:
	delivery = delivered(frappe, 2)
	invoice = billed(frappe, delivery)
	note = sent_back(frappe, delivery, 2)
	told = " ".join(str(message) for message in frappe.get_message_log())
	assert (note.docstatus, note.zatca_state, note.zatca_reason_code) == (0, "Queued", "Return")
	assert "until then it is a draft" in told
	finish(note)
	note = fresh(frappe, note)
	assert note.docstatus == 1, problems(frappe, note)
	assert f">{invoice.name}<" in said(frappe, note)


def test_what_a_returned_delivery_credited_is_not_credited_again(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.corrections import NothingToCorrect
	from bayancore_erp.zatca.adapter.remaining import MoreThanLeft, require
	from bayancore_erp.zatca.api import note_offers

	delivery = delivered(frappe, 5)
	invoice = billed(frappe, delivery)
	early = note_on(frappe, invoice).insert()
	note = sent_back(frappe, delivery, 3)
	finish(note)
	assert fresh(frappe, note).docstatus == 1
	assert note_offers(invoice.doctype, invoice.name)["left"] == "230.00"
	found = problems(frappe, early)
	assert "500.00 without VAT are credited, 200.00 are left" in found["LAW-NOTE-LINE"]
	assert "LAW-NOTE-TOTAL" in found
	with pytest.raises(MoreThanLeft, match=r"230\.00 are left"):
		require(early, Decimal("575.00"))
	frappe.db.rollback()
	rest = note_on(frappe, invoice)
	assert rest.items[0].qty == -2
	rest.insert()
	cleared(frappe, rest)
	assert note_offers(invoice.doctype, invoice.name)["left"] == "0.00"
	with pytest.raises(NothingToCorrect, match="credited in full"):
		note_on(frappe, invoice)


def test_a_returned_delivery_credits_no_more_than_is_left_of_its_invoices(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.remaining import MoreThanLeft, require
	from bayancore_erp.zatca.api import note_offers

	delivery = delivered(frappe, 5)
	first, second = billed(frappe, delivery, 2), billed(frappe, delivery, 3)
	cleared(frappe, note_on(frappe, first).insert())
	note = sent_back(frappe, delivery, 4)
	found = problems(frappe, note)
	assert {"LAW-NOTE-LINE", "LAW-NOTE-TOTAL"} <= found.keys()
	assert "400.00 without VAT are credited, 300.00 are left" in found["LAW-NOTE-LINE"]
	with pytest.raises(MoreThanLeft, match=r"345\.00 are left"):
		require(note, Decimal("460.00"))
	frappe.db.rollback()
	finish(note)
	note = fresh(frappe, note)
	assert (note.docstatus, note.zatca_state) == (0, "Rejected")
	note.items[0].qty = -3
	note.save()
	note = cleared(frappe, note)
	assert note.grand_total == -345
	assert [note_offers(each.doctype, each.name)["left"] for each in (first, second)] == ["0.00", "0.00"]
