"""The till through its day: each sale signed by itself, the closing's sum never sent and equal to them, a business cleared."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import world
from fatoora import Fatoora, finish, fresh
from till import CASH, close_if_open, closed, consolidated, opened, signed, sold


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.opening = opened(site)
	site.db.commit()
	yield site
	site.db.rollback()
	close_if_open(site)


def issued(frappe: Any, doc: Any) -> Any:
	doc.submit()
	frappe.db.commit()
	return fresh(frappe, doc)


def returned(frappe: Any, sale: Any, quantity: float, back: float) -> Any:
	"""Goods brought back, money given back."""
	from bayancore_erp.zatca.api import make_note

	note = frappe.get_doc(make_note("POS Invoice", sale.name, "Credit Note", "Return")["note"])
	note.set("items", note.items[:1])
	note.items[0].qty = -quantity
	note.update({"posting_date": world.TODAY, "posting_time": "12:00:00", "set_posting_time": 1})
	# what the form does when the quantity is changed
	note.set("payments", [{"mode_of_payment": "Cash", "amount": -back, "account": CASH}])
	note.paid_amount = -back
	note.insert()
	return issued(frappe, note)


def test_the_closings_sum_is_the_sum_of_what_was_signed(frappe: Any, fatoora: Fatoora) -> None:
	from bayancore_erp.zatca.api import make_note

	coffee = issued(frappe, sold(frappe, world.line("قهوة | Coffee", 1, "10.00"), paid=10))
	cakes = issued(
		frappe,
		sold(
			frappe,
			world.line("كعك | Cake", 3, "33.35"),
			world.line("شاي | Tea", 2, "7.99"),
			paid=116.03,
		),
	)
	milk = issued(frappe, sold(frappe, world.line("حليب | Milk", 7, "1.45"), paid=10.15))
	back = returned(frappe, cakes, 1, 33.35)
	rest = make_note("POS Invoice", cakes.name, "Credit Note", "Return")["note"]
	assert [(row.item_name, row.qty) for row in rest.items] == [("كعك | Cake", -2), ("شاي | Tea", -2)]
	assert sum(row.amount for row in rest.payments) == max(rest.grand_total, -116.03)
	docs = [coffee, cakes, milk, back]
	assert {doc.zatca_state for doc in docs} == {"To Report"}
	assert len({doc.zatca_icv for doc in docs}) == 4
	closing = closed(frappe)
	sums = consolidated(frappe, closing)
	assert sums and all(doc.docstatus == 1 and doc.is_consolidated for doc in sums)
	assert {doc.zatca_state for doc in sums} == {"Skipped"} and not any(doc.zatca_uuid for doc in sums)
	assert {frappe.db.get_value("ZATCA Skip", {"invoice_name": doc.name}, "reason_code") for doc in sums} == {
		"Consolidated"
	}
	booked: dict[str, Decimal] = {}
	for doc in sums:
		for account, moved in world.ledger(frappe, doc).items():
			booked[account] = booked.get(account, Decimal("0.00")) + moved
	assert booked.pop(world.VAT) == -signed(frappe, docs, "vat_total")
	assert booked.pop(CASH) == Decimal("10.00") + Decimal("116.03") + Decimal("10.15") - Decimal("33.35")
	rounding = booked.pop(world.ROUND_OFF, Decimal("0.00"))
	assert booked.pop(world.SALES) == -(
		signed(frappe, docs, "total_with_vat") - signed(frappe, docs, "vat_total")
	)
	assert {account: moved for account, moved in booked.items() if moved} == {}
	# 8.70 + 1.31 for 10.00, 100.90 + 15.14 for 116.03: a halala each that no base could reach
	assert rounding == Decimal("0.02")
	assert rounding == -round(sum(Decimal(repr(doc.rounding_adjustment)) for doc in docs), 2)
	for doc in docs:
		finish(doc)
		assert fresh(frappe, doc).zatca_state == "Reported"
	assert not frappe.get_all("ZATCA Document", filters={"invoice_name": ("in", [doc.name for doc in sums])})
	assert not frappe.get_all("ZATCA Attempt", filters={"invoice_name": ("in", [doc.name for doc in sums])})
	coffee = fresh(frappe, coffee)
	assert coffee.consolidated_invoice in {doc.name for doc in sums}
	with pytest.raises(frappe.ValidationError):
		coffee.cancel()
	frappe.db.rollback()
	frappe.get_doc("POS Closing Entry", closing.name).cancel()
	frappe.db.commit()
	assert {fresh(frappe, doc).docstatus for doc in sums} == {2}, "a closing may be undone: it issued nothing"
	assert fresh(frappe, coffee).docstatus == 1


def test_a_business_at_the_till_is_cleared(frappe: Any, fatoora: Fatoora) -> None:
	doc = sold(
		frappe,
		world.line("طابعة | Printer", 1, 1200),
		paid=1380,
		inclusive=False,
		customer=world.VAT_BUYER,
	)
	doc.submit()
	frappe.db.commit()
	waiting = fresh(frappe, doc)
	assert (waiting.docstatus, waiting.zatca_state, waiting.zatca_kind) == (0, "Queued", "Standard")
	finish(waiting)
	cleared = fresh(frappe, doc)
	assert (cleared.docstatus, cleared.zatca_state) == (1, "Cleared")
	assert fatoora.submissions(cleared.zatca_uuid)
	person = issued(frappe, sold(frappe, world.line("قهوة | Coffee", 2, "11.50"), paid=23))
	sums = consolidated(frappe, closed(frappe))
	assert {doc.customer for doc in sums} == {world.VAT_BUYER, world.WALK_IN}
	assert sum(Decimal(repr(doc.grand_total)) for doc in sums) == signed(
		frappe, [cleared, person], "total_with_vat"
	)


def test_a_named_private_person_and_a_small_business_at_the_till(frappe: Any) -> None:
	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.small_business_simplified = 1
	settings.save()
	frappe.db.commit()
	small = issued(
		frappe,
		sold(frappe, world.line("ورق | Paper", 1, 115), paid=115, customer=world.VAT_BUYER),
	)
	assert small.zatca_kind == "Simplified"
	settings.small_business_simplified = 0
	settings.save()
	frappe.db.commit()
	named = issued(
		frappe,
		sold(
			frappe,
			world.line("ورق | Paper", 1, 115),
			paid=115,
			zatca_buyer_name="سارة محمد",
			zatca_buyer_kind="Private Person",
		),
	)
	assert named.zatca_kind == "Simplified"


# --- a till that signs by itself --------------------------------------------------------------------------------------
@pytest.fixture
def till(frappe: Any, fatoora: Fatoora) -> Any:
	"""A device whose key works at a till."""
	from bayancore_erp.zatca.adapter.enrolment import onboard_with_simulator

	name = f"Offline {frappe.generate_hash(length=5)}"
	device = world.make(
		frappe, "ZATCA Device", device_name=name, company=world.COMPANY, environment="Simulator"
	)
	frappe.db.commit()
	device = onboard_with_simulator(world.COMPANY, fatoora.url, device=device.name)
	device.reload()
	device.signs_offline = 1
	device.save()
	frappe.db.commit()
	return device


class Till:
	"""What stands in the shop: its own numbers, its own chain, no connection."""

	def __init__(self, frappe: Any, device: str) -> None:
		from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition

		self.frappe, self.device = frappe, device
		self.position = ChainPosition(1, FIRST_PIH)

	def sell(self, price: str) -> tuple[dict[str, Any], bytes]:
		"""Ring up, sign, print: the sale as it will be sent, and its signed document."""
		import uuid
		from datetime import datetime

		from bayancore_erp.zatca.adapter.mapper import map_document
		from bayancore_erp.zatca.adapter.vault import identity_of
		from bayancore_erp.zatca.core.pipeline import RIYADH, prepare

		frappe = self.frappe
		number = f"TILL9-{frappe.generate_hash(length=6)}"
		draft = sold(frappe, world.line("قهوة | Coffee", 1, price), paid=price)
		sale = {
			key: value
			for key, value in frappe.parse_json(draft.as_json()).items()
			if key in ("doctype", "company", "pos_profile", "is_pos", "customer", "currency", "debit_to", "ignore_pricing_rule", "taxes_and_charges")
		}  # fmt: skip
		sale.update(
			items=[world.line("قهوة | Coffee", 1, price)],
			taxes=world.vat_rows(world.INCLUSIVE),
			payments=[{"mode_of_payment": "Cash", "amount": float(price), "account": CASH}],
		)
		draft.name = number
		moment = datetime.now(RIYADH).replace(microsecond=0)
		invoice = map_document(draft, issued_at=moment, uuid=str(uuid.uuid4())).invoice
		identity = identity_of(self.device)
		frappe.db.rollback()
		prepared = prepare(invoice, self.position, identity.key, identity.certificate, now=moment)
		self.position = prepared.next_position
		return sale, prepared.document.xml


def sent(frappe: Any, device: str, sale: dict[str, Any], xml: bytes) -> Any:
	"""The till is back on the line."""
	import base64

	from bayancore_erp.zatca.api import import_signed

	answer = import_signed(device, base64.b64encode(xml).decode(), frappe.as_json(sale))
	frappe.db.commit()
	return frappe.get_doc(answer["doctype"], answer["name"])


def test_what_a_till_signed_offline_is_taken_in_as_it_is(frappe: Any, fatoora: Fatoora, till: Any) -> None:
	from bayancore_erp.zatca.adapter import chain

	shop = Till(frappe, till.name)
	first, second = shop.sell("10.00"), shop.sell("23.00")
	one = sent(frappe, till.name, *first)
	assert (one.docstatus, one.zatca_state, one.zatca_icv, one.zatca_device) == (1, "To Report", 1, till.name)
	assert frappe.get_doc("ZATCA Document", one.zatca_uuid).xml == first[1]
	assert sent(frappe, till.name, *first).name == one.name, "sent twice, taken in once"
	two = sent(frappe, till.name, *second)
	assert two.zatca_icv == 2
	for doc in (one, two):
		finish(doc)
		assert fresh(frappe, doc).zatca_state == "Reported"
		assert len(fatoora.submissions(doc.zatca_uuid)) == 1
	assert chain.verify(till.name).ok
	sums = consolidated(frappe, closed(frappe))
	assert sum(Decimal(repr(doc.rounded_total or doc.grand_total)) for doc in sums) == Decimal("33.00")


def test_what_a_till_sends_wrongly_is_not_taken_in(frappe: Any, till: Any) -> None:
	from bayancore_erp.zatca.adapter.chain import DeviceNotReady, lock
	from bayancore_erp.zatca.adapter.offline import NotAccepted

	shop = Till(frappe, till.name)
	first, second = shop.sell("10.00"), shop.sell("23.00")

	def refused(sale: dict[str, Any], xml: bytes, words: str, device: str = till.name) -> None:
		with pytest.raises(NotAccepted, match=words):
			sent(frappe, device, sale, xml)
		frappe.db.rollback()
		frappe.clear_messages()

	refused(*second, "number 1 comes next")
	refused(first[0], first[1].replace(b">10.00<", b">90.00<"), "does not verify")
	refused({**first[0], "items": [world.line("قهوة | Coffee", 1, "9.00")]}, first[1], "differ")
	refused(*first, "no device of a till", device=frappe.device)
	assert not frappe.db.exists("POS Invoice", {"name": ("like", "TILL9-%"), "zatca_device": till.name})
	with pytest.raises(DeviceNotReady, match="signs by itself"):
		lock(till.name)
	frappe.db.rollback()
	assert sent(frappe, till.name, *first).zatca_icv == 1
