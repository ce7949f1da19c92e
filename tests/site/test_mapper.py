"""What ERPNext's documents say as tax invoices: kinds, skips, devices, notes, discounts, refusals with their rows, queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import till
import world
from private_bench import PrivateBench
from world import charge, invoice, line, vat_rows

ISSUED = datetime(2026, 11, 10, 14, 30)
MOST_QUERIES = 15


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	"""frappe on a site with a Saudi company."""
	with world.connected(bench) as frappe:
		world.wire_settlement(frappe)
		yield frappe


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	"""The same, everything taken back after the test."""
	yield site
	site.db.rollback()
	world.forget_settings(site)
	for doctype, name in (("ZATCA Settings", world.COMPANY), ("Company", world.COMPANY)):
		site.clear_document_cache(doctype, name)
	site.flags.pop("round_off_applicable_accounts", None)


def to_invoice(doc: Any) -> Any:
	"""The document as the core's invoice."""
	from bayancore_erp.zatca.adapter.mapper import to_invoice as mapped

	return mapped(doc, issued_at=ISSUED)


def totals_of(doc: Any) -> Any:
	"""Its lawful amounts."""
	from bayancore_erp.zatca.core.calculator import calculate

	return calculate(to_invoice(doc))


def refusals(frappe: Any, doc: Any) -> dict[str, tuple[str, str, int]]:
	"""What the mapper refuses: code -> doctype, field and row a person is led to."""
	from bayancore_erp.zatca.adapter.mapper import locate
	from bayancore_erp.zatca.core.invoice import InvalidInvoice

	with pytest.raises(InvalidInvoice) as caught:
		to_invoice(doc)
	found = {}
	for problem in caught.value.problems:
		place = locate(doc, problem.field)
		found[problem.code] = (place.doctype, place.fieldname, place.row)
	return found


# --- who buys decides what it is --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
	("customer", "more", "kind", "flags"),
	[
		(world.VAT_BUYER, {}, "Standard", "0100000"),
		(world.UNREGISTERED, {}, "Standard", "0100000"),
		(world.GOV_BUYER, {"zatca_contract_number": "ETIMAD-1"}, "Standard", "010000001"),
		(world.PERSON, {}, "Simplified", "0200000"),
		(world.WALK_IN, {"pos_profile": world.POS_PROFILE}, "Simplified", "0200000"),
		(
			world.WALK_IN,
			{
				"pos_profile": world.POS_PROFILE,
				"zatca_buyer_name": "شركة عابرة",
				"zatca_buyer_kind": "VAT Registered",
				"zatca_buyer_vat_number": "311111111100003",
			},
			"Standard",
			"0100000",
		),
		(world.FOREIGN_BUYER, {"zatca_export": 1}, "Standard", "0100100"),
		(
			world.FOREIGN_BUYER,
			{"zatca_export": 1, "zatca_kind_choice": "Simplified"},
			"Simplified",
			"0200100",
		),
		(world.PERSON, {"zatca_summary": 1, "zatca_third_party": 1}, "Simplified", "0210010"),
	],
)
def test_the_buyer_decides(frappe: Any, customer: str, more: dict[str, Any], kind: str, flags: str) -> None:
	from bayancore_erp.zatca.adapter import mapper

	doc = invoice(frappe, customer, [line("خدمة | Service", 1, 2000)], **more)
	assert mapper.kind_of(doc).value == kind
	mapped = to_invoice(doc)
	assert mapped.flags.code == flags
	assert mapped.is_simplified is (kind == "Simplified")
	if kind == "Standard":
		assert mapped.buyer and mapped.buyer.name
	if more.get("zatca_export"):
		assert mapped.buyer and not mapped.buyer.vat_number and mapped.buyer.address.country == "US"
	if "zatca_buyer_name" in more:
		assert mapped.buyer.name == "شركة عابرة" and mapped.buyer.vat_number == "311111111100003"


def test_a_customer_without_a_kind_is_judged_by_what_is_known(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	for name, values, kind in (
		(world.VAT_BUYER, {}, "Standard"),
		(world.UNREGISTERED, {}, "Standard"),
		(world.UNREGISTERED, {"customer_type": "Individual"}, "Simplified"),
	):
		frappe.db.set_value("Customer", name, {"zatca_buyer_kind": "", **values})
		doc = invoice(frappe, name, [line("خدمة | Service", 1, 20)])
		assert mapper.kind_of(doc).value == kind, name


def test_a_foreign_buyer_is_known_by_the_tax_number_of_his_country(frappe: Any) -> None:
	from bayancore_erp.zatca.core.pipeline import review

	def buyer_of(vat: str, **changes: Any) -> tuple[bool, str, tuple[str, str] | None]:
		frappe.db.set_value("Customer", world.FOREIGN_BUYER, changes)
		mapped = to_invoice(invoice(frappe, world.FOREIGN_BUYER, [line("خدمة | Service", 1, 2000, vat)]))
		assert not {"BR-KSA-44", "BR-KSA-81"} & {finding.code for finding in review(mapped, now=ISSUED)}
		known = mapped.buyer.identification
		return mapped.flags.export, mapped.buyer.vat_number, (known.scheme, known.value) if known else None

	nameless = {"zatca_id_scheme": "", "zatca_id_number": ""}
	for kind in ("", "Foreign"):
		berlin = {"zatca_buyer_kind": kind, "tax_id": "DE 123", **nameless}
		assert buyer_of("S", **berlin) == (False, "", ("OTH", "DE123")), kind
		assert buyer_of("VATEX-SA-32", **berlin) == (True, "", ("OTH", "DE123")), kind
	assert buyer_of("S", zatca_id_scheme="PAS", zatca_id_number="C01X") == (False, "", ("PAS", "C01X"))
	# a foreign company registered in the Kingdom
	assert buyer_of("S", zatca_buyer_kind="", tax_id="300075588700003", **nameless) == (
		False,
		"300075588700003",
		None,
	)


def test_small_sales_to_businesses_may_be_simplified_if_the_company_says_so(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	small = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, "999.99")])
	large = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 1000)])
	assert mapper.kind_of(small).value == "Standard"
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "small_business_simplified", 1)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	assert mapper.kind_of(small).value == "Simplified"
	assert to_invoice(small).buyer is None, "it gives no right to deduct, so it names nobody"
	assert mapper.kind_of(large).value == "Standard"
	for taken_off, kind in ((0, "Standard"), (-13.34, "Simplified")):
		freight = invoice(
			frappe,
			world.VAT_BUYER,
			[line("خدمة | Service", 1, 200)],
			currency="USD",
			conversion_rate=3.75,
			taxes=[
				charge(world.FREIGHT, 80, "Freight"),
				charge(world.PROMOTION, taken_off, "Promotion", zatca_treatment="Allowance"),
				*vat_rows(),
			],
		)
		assert mapper.kind_of(freight).value == kind, "USD 280 is SAR 1,050"


def test_simplified_chosen_for_a_business_stops_at_a_thousand(frappe: Any) -> None:
	small = invoice(
		frappe, world.VAT_BUYER, [line("خدمة | Service", 1, "999.99")], zatca_kind_choice="Simplified"
	)
	assert to_invoice(small).is_simplified
	large = invoice(
		frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 1000)], zatca_kind_choice="Simplified"
	)
	freight = invoice(
		frappe,
		world.VAT_BUYER,
		[line("خدمة | Service", 1, 900)],
		taxes=[charge(world.FREIGHT, 200, "Freight"), *vat_rows()],
		zatca_kind_choice="Simplified",
	)
	for doc in (large, freight):
		assert refusals(frappe, doc) == {"ERP-SIMPLIFIED-LIMIT": ("Sales Invoice", "zatca_kind_choice", 0)}


# --- what is not issued -----------------------------------------------------------------------------------------------
def test_skips_leave_a_reason(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	doc = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 100)])
	assert mapper.skip_reason(doc) is None
	cases: list[tuple[str, dict[str, Any]]] = [
		("Opening Entry", {"is_opening": "Yes"}),
		("Consolidated", {"is_consolidated": 1}),
		("Before Go-Live", {"posting_date": "2025-12-31"}),
		("Inside VAT Group", {"customer": world.GROUP_MEMBER, "tax_id": ""}),
		("Inside VAT Group", {"tax_id": "310122393500013"}),
	]
	for code, changes in cases:
		other = frappe.copy_doc(doc)
		other.update(changes)
		skip = mapper.skip_reason(other)
		assert skip and skip.code.value == code and skip.reason, code
	frappe.db.set_value(
		"Customer",
		world.UNREGISTERED,
		{"is_internal_customer": 1, "represents_company": world.COMPANY},
	)
	inside = frappe.copy_doc(doc)
	inside.update({"customer": world.UNREGISTERED, "tax_id": ""})
	assert mapper.skip_reason(inside).code.value == "Internal Transfer"
	outside = invoice(frappe, world.VAT_BUYER, [line("رسوم | Fee", 1, 100, "VATEX-SA-OOS")])
	assert mapper.skip_reason(outside).code.value == "Out of Scope Only"
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "enabled", 0)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	assert mapper.skip_reason(doc).code.value == "Not Enabled"


def test_the_device_of_till_branch_and_company(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	def device(**values: Any) -> str:
		made = frappe.get_doc(
			{"doctype": "ZATCA Device", "company": world.COMPANY, "environment": "Simulator", **values}
		).insert()
		return str(made.name)

	doc = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 100)])
	main = frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	assert mapper.device_for(doc) == main
	branch = frappe.get_doc(
		{"doctype": "Branch", "branch": "Jeddah", "zatca_company": world.COMPANY}
	).insert()
	doc.zatca_branch = branch.name
	assert mapper.device_for(doc) == main
	by_device = device(device_name="Jeddah", branch=branch.name)
	frappe.db.set_value("ZATCA Device", by_device, "status", "Active")
	assert mapper.device_for(doc) == by_device
	branch.zatca_device = device(device_name="Jeddah 2")
	branch.save()
	assert mapper.device_for(doc) == branch.zatca_device
	doc.pos_profile = world.POS_PROFILE
	till = device(device_name="Till")
	frappe.db.set_value("POS Profile", world.POS_PROFILE, "zatca_device", till)
	assert mapper.device_for(doc) == till


def test_the_default_device_issues_what_it_may(frappe: Any) -> None:
	"""A business's invoice goes to the device for businesses, though the default one is a till's."""
	from bayancore_erp.zatca.adapter import mapper

	doc = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 100)])
	main = frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	frappe.db.set_value("ZATCA Device", main, "signs_standard", 0)
	made = world.make(
		frappe,
		"ZATCA Device",
		device_name="Businesses",
		company=world.COMPANY,
		environment="Simulator",
		signs_simplified=0,
	)
	assert mapper.device_for(doc) is None
	frappe.db.set_value("ZATCA Device", made.name, "status", "Active")
	assert mapper.device_for(doc) == made.name
	frappe.db.set_value("ZATCA Device", main, {"signs_standard": 1, "status": "Expired"})
	assert mapper.device_for(doc) == main, "what was chosen is waited for"


def test_a_branch_issues_under_its_own_address_and_registration(frappe: Any) -> None:
	address = world.add_address(
		frappe, "Company", world.COMPANY, city="Jeddah", zatca_city_ar="جدة", address_title="J"
	)
	frappe.get_doc(
		{
			"doctype": "Branch",
			"branch": "Jeddah",
			"zatca_company": world.COMPANY,
			"zatca_address": address,
			"zatca_registration_scheme": "CRN",
			"zatca_registration_number": "4030-294735",
		}
	).insert()
	doc = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 100)], zatca_branch="Jeddah")
	seller = to_invoice(doc).seller
	assert seller.address.city == "جدة | Jeddah"
	assert (seller.identification.scheme, seller.identification.value) == ("CRN", "4030294735")
	assert seller.name == "شركة بيان للتجارة | Bayan Trading Co"


# --- notes ------------------------------------------------------------------------------------------------------------
def test_a_return_is_a_positive_credit_note_of_its_original(frappe: Any) -> None:
	from erpnext.controllers.sales_and_purchase_return import make_return_doc

	from bayancore_erp.zatca.adapter.mapper import known_facts

	sale = invoice(
		frappe,
		world.VAT_BUYER,
		[line("كرسي | Chair", 5, "199.99", price_list_rate=220), line("طاولة | Table", 1, "800")],
		additional_discount_percentage=10,
		apply_discount_on="Net Total",
		zatca_supply_date="2026-11-03",
		currency="USD",
		conversion_rate=3.7512,
		zatca_sar_rate=3.7512,
	)
	sale.db_set("zatca_kind", "Standard")
	sale.submit()
	note = make_return_doc("Sales Invoice", sale.name)
	note.items = note.items[:1]
	note.items[0].qty = -3
	note.update(
		{
			"posting_date": world.TODAY,
			"set_posting_time": 1,
			"zatca_reason_code": "Return",
			"zatca_reason": "تالف",
		}
	)
	note.insert()
	mapped = to_invoice(note)
	assert mapped.type_code.value == "381" and mapped.billing_references == (sale.name,)
	assert mapped.lines[0].quantity == 3 and mapped.lines[0].price_discount == Decimal("20.01")
	assert mapped.supply_date == date(2026, 11, 3)
	assert mapped.sar_rate == Decimal("3.7512")
	assert mapped.reason.en == "In case of goods or services refund"
	assert mapped.reason.ar == "عند ترجيع السلع أو الخدمات: تالف"
	totals = totals_of(note)
	assert totals.payable == Decimal("620.97") and totals.allowances == Decimal("60.00")
	known = known_facts(note)
	assert (
		known.originals[0].number == sale.name and known.originals[0].total == totals_of(sale).tax_inclusive
	)
	assert known.originals[0].credited == 0
	note.submit()
	assert world.ledger(frappe, note)[world.VAT] == Decimal("303.85"), "81.00 x 3.7512"
	again = make_return_doc("Sales Invoice", sale.name)
	assert known_facts(again).originals[0].credited == totals.payable


def test_a_debit_note_of_no_quantity_is_one_unit_at_the_difference(frappe: Any) -> None:
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[line("تعديل سعر | Price adjustment", 0, "250")],
		is_debit_note=1,
		zatca_original_numbers="A-1\nA-2 to A-9",
		zatca_original_date="2026-09-01",
		zatca_reason_code="Change of Value",
	)
	mapped = to_invoice(doc)
	assert mapped.type_code.value == "383" and mapped.billing_references == ("A-1", "A-2 to A-9")
	assert mapped.lines[0].quantity == 1 and mapped.lines[0].unit_price == 250
	assert mapped.supply_date == date(2026, 9, 1)
	assert totals_of(doc).payable == Decimal("287.50")


def test_a_note_without_a_reason_says_so(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.mapper import locate

	doc = invoice(
		frappe, world.VAT_BUYER, [line("خدمة | Service", -1, 10)], is_return=1, zatca_original_numbers="A-1"
	)
	assert not to_invoice(doc).reason
	assert locate(doc, "reason").fieldname == "zatca_reason_code"


def test_notes_follow_the_kind_of_their_original(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	sale = invoice(frappe, world.VAT_BUYER, [line("خدمة | Service", 1, 100)])
	sale.submit()
	sale.db_set("zatca_kind", "Simplified")
	note = invoice(
		frappe, world.VAT_BUYER, [line("خدمة | Service", -1, 100)], is_return=1, return_against=sale.name
	)
	assert mapper.kind_of(note).value == "Simplified"
	outside = invoice(
		frappe,
		world.VAT_BUYER,
		[line("خدمة | Service", -1, 100)],
		is_return=1,
		zatca_original_numbers="OLD-1",
		zatca_original_kind="Simplified",
	)
	assert mapper.kind_of(outside).value == "Simplified"


# --- amounts ----------------------------------------------------------------------------------------------------------
def test_price_list_margin_and_discount_leave_the_rate_that_is_charged(frappe: Any) -> None:
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[
			line("أ | A", 2, 0, price_list_rate=100, discount_percentage=10),
			line(
				"ب | B",
				2,
				0,
				price_list_rate=100,
				margin_type="Percentage",
				margin_rate_or_amount=10,
				discount_percentage=5,
			),
			line("ج | C", 1, 120, price_list_rate=100),
		],
	)
	first, second, third = to_invoice(doc).lines
	assert (first.unit_price, first.price_discount) == (100, 10)
	assert (second.unit_price, second.price_discount) == (110, Decimal("5.5"))
	assert (third.unit_price, third.price_discount) == (120, 0)
	assert totals_of(doc).line_net == Decimal("509.00")


def test_a_discount_on_the_grand_total_keeps_what_erpnext_asks(frappe: Any) -> None:
	rows = [line("أ | A", 3, "33.33"), line("دواء | Medicine", 1, "77.77", "VATEX-SA-35")]
	exclusive = invoice(frappe, world.VAT_BUYER, rows, apply_discount_on="Grand Total", discount_amount=25)
	totals = totals_of(exclusive)
	assert totals.payable == Decimal(str(exclusive.grand_total)) == Decimal("167.76")
	assert {one.vat.category.value for one in totals.allowance_charges} == {"S", "Z"}
	inclusive = invoice(
		frappe,
		world.PERSON,
		rows,
		taxes_and_charges=world.INCLUSIVE,
		apply_discount_on="Grand Total",
		discount_amount=25,
	)
	assert totals_of(inclusive).payable == Decimal("152.76"), "the shelf prices less the discount"
	assert (inclusive.rounded_total or inclusive.grand_total) == 152.76


def test_beside_out_of_scope_the_discount_stands_on_the_lines(frappe: Any) -> None:
	rows = [line("أ | A", 1, "100"), line("رسوم | Fee", 1, "50", "VATEX-SA-OOS")]
	for template in (world.EXCLUSIVE, world.INCLUSIVE):
		doc = invoice(
			frappe,
			world.VAT_BUYER,
			rows,
			taxes_and_charges=template,
			apply_discount_on="Grand Total",
			discount_amount=15,
		)
		mapped = to_invoice(doc)
		assert not mapped.allowance_charges
		assert all(one.allowances for one in mapped.lines)
		assert totals_of(doc).payable == Decimal(str(doc.rounded_total or doc.grand_total))


def test_a_negative_price_is_a_discount_of_its_category(frappe: Any) -> None:
	frappe.db.set_single_value("Selling Settings", "allow_negative_rates_for_items", 1)
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[
			line("أ | A", 1, 100),
			line("خصم ولاء | Loyalty discount", 1, -30),
			line("دواء | Medicine", 1, 9, "VATEX-SA-35"),
		],
	)
	mapped = to_invoice(doc)
	assert len(mapped.lines) == 2 and mapped.allowance_charges[0].reason.ar == "خصم ولاء"
	totals = totals_of(doc)
	assert (totals.allowances, totals.vat, totals.payable) == (
		Decimal("30.00"),
		Decimal("10.50"),
		Decimal("89.50"),
	)
	doc.submit()
	assert world.ledger(frappe, doc) == {
		world.DEBTORS: Decimal("89.50"),
		world.SALES: Decimal("-79.00"),
		world.VAT: Decimal("-10.50"),
	}


def test_freight_beside_prices_that_include_vat(frappe: Any) -> None:
	taxes = [
		*vat_rows(world.INCLUSIVE),
		charge(world.FREIGHT, "75.50", "شحن"),
		{
			"charge_type": "On Previous Row Amount",
			"row_id": 2,
			"account_head": world.VAT,
			"rate": 15,
			"description": "VAT",
		},
	]
	doc = invoice(frappe, world.PERSON, [line("أثاث | Furniture", 4, "287.75")], taxes=taxes)
	totals = totals_of(doc)
	assert totals.charges == Decimal("75.50")
	assert totals.payable == Decimal("1237.83"), "1151.00 as on the shelf, and freight with its VAT"
	doc.submit()
	booked = world.ledger(frappe, doc)
	assert booked[world.VAT] == -totals.vat and booked[world.FREIGHT] == Decimal("-75.50")
	assert booked[world.DEBTORS] == totals.payable


def test_units_codes_names_and_references(frappe: Any) -> None:
	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[
			line("Consulting", 1, 100, uom="Hour", zatca_item_name_ar="استشارة"),
			line("قرطاسية", 1, 5, uom="Kg", zatca_item_name_ar=""),
			line("Pen | قلم", 1, 5, zatca_item_name_ar=""),
		],
		po_no="PO-77",
		remarks="تسلم في الرياض",
	)
	mapped = to_invoice(doc)
	assert [one.unit for one in mapped.lines] == ["HUR", "KGM", "PCE"]
	assert str(mapped.lines[0].name) == "استشارة | Consulting"
	assert mapped.lines[1].name.ar
	assert mapped.purchase_order == "PO-77" and mapped.notes[0].text == "تسلم في الرياض"
	assert mapped.payment.means_code == "30"
	assert mapped.issue_date == ISSUED.date() and mapped.issue_time == ISSUED.time()
	# what ERPNext writes there itself, in the language of whoever submits
	arabic = [frappe._(text, lang="ar") for text in ("No Remarks", "Against Customer Order {0}")]
	assert all(text > "\u0600" for text in arabic)
	for filled in ("No Remarks", *(text.format("PO-77") for text in arabic)):
		doc.remarks = filled
		assert not to_invoice(doc).notes


# --- advances ---------------------------------------------------------------------------------------------------------
def test_only_an_issued_prepayment_invoice_is_deducted(frappe: Any) -> None:
	advance = invoice(
		frappe,
		world.VAT_BUYER,
		[line("دفعة مقدمة | Advance", 1, 1000, income_account=world.ADVANCES)],
		zatca_is_prepayment=1,
	)
	rows = [
		{
			"prepayment_invoice": advance.name,
			"taxable": 1000,
			"vat_category": "Standard Rated",
			"vat_rate": 15,
		}
	]
	final = invoice(frappe, world.VAT_BUYER, [line("أ | A", 1, 3000)], zatca_prepayments=rows)
	assert refusals(frappe, final) == {"ERP-ADVANCE-UNUSABLE": ("ZATCA Prepayment", "prepayment_invoice", 1)}
	advance.submit()
	advance.db_set(
		{"zatca_uuid": "6f4d20e0-6bfe-4a80-9389-7dabe6620f12", "zatca_issued_at": "2026-11-01 09:30:15"}
	)
	final.save()
	mapped = to_invoice(final)
	assert mapped.prepayments[0].uuid == "6f4d20e0-6bfe-4a80-9389-7dabe6620f12"
	assert str(mapped.prepayments[0].issue_time) == "09:30:15"
	assert totals_of(final).payable == Decimal("2300.00") == Decimal(str(final.grand_total))
	final.submit()
	assert world.ledger(frappe, final) == {
		world.DEBTORS: Decimal("2300.00"),
		world.ADVANCES: Decimal("1000.00"),
		world.SALES: Decimal("-3000.00"),
		world.VAT: Decimal("-300.00"),
	}
	other = invoice(frappe, world.UNREGISTERED, [line("أ | A", 1, 3000)])
	other.append("zatca_prepayments", rows[0])
	assert "ERP-ADVANCE-UNUSABLE" in refusals(frappe, other)


# --- refused with its row ---------------------------------------------------------------------------------------------
def spoil_template(doc: Any) -> None:
	"""No template, no rate."""
	doc.taxes, doc.taxes_and_charges = [], None


def spoil_category(doc: Any) -> None:
	"""Charged by ERPNext, said to be exempt."""
	doc.items[1].zatca_vat_category, doc.items[1].zatca_exemption_code = "Exempt", "VATEX-SA-29"


def spoil_quantity(doc: Any) -> None:
	"""Taken back on a sale."""
	doc.items[1].qty = -1


def spoil_self_billed(doc: Any) -> None:
	"""The buyer's document."""
	doc.zatca_self_billed = 1


def spoil_cash_discount(doc: Any) -> None:
	"""A discount that does not lower VAT."""
	doc.update({"apply_discount_on": "Grand Total", "is_cash_or_non_trade_discount": 1, "discount_amount": 5})


def spoil_advance(doc: Any) -> None:
	"""A deduction of nothing."""
	doc.append("zatca_prepayments", {"taxable": 10})


def spoil_discount(doc: Any) -> None:
	"""An additional discount that adds."""
	doc.update({"apply_discount_on": "Net Total", "discount_amount": -5})


def spoil_spread(doc: Any) -> None:
	"""ERPNext's spreading has raised the goods."""
	doc.update({"apply_discount_on": "Grand Total", "discount_amount": 5})
	doc.items[1].net_amount = doc.items[1].amount + 10


def spoil_scope(doc: Any) -> None:
	"""On the net total of prices that include VAT, beside what has none."""
	doc.update({"apply_discount_on": "Net Total", "discount_amount": 5})
	doc.items[1].item_tax_template = world.item_template("VATEX-SA-OOS")
	doc.taxes[0].included_in_print_rate = 1


def spoil_charge(doc: Any) -> None:
	"""Freight that is in the prices already."""
	row = charge(world.FREIGHT, 5, "Freight", included_in_print_rate=1)
	doc.append("taxes", {**row, "tax_amount_after_discount_amount": 5})


def spoil_prices(doc: Any) -> None:
	"""Reductions of nothing."""
	for row in doc.items:
		row.rate = -row.rate


@pytest.mark.parametrize(
	("spoil", "code", "place"),
	[
		(spoil_template, "ERP-VAT-UNKNOWN", ("Sales Invoice Item", "item_tax_template", 2)),
		(spoil_category, "ERP-VAT-MISFIT", ("Sales Invoice Item", "item_tax_template", 2)),
		(spoil_quantity, "ERP-QUANTITY", ("Sales Invoice Item", "qty", 2)),
		(spoil_self_billed, "ERP-SELF-BILLED", ("Sales Invoice", "zatca_self_billed", 0)),
		(spoil_cash_discount, "ERP-CASH-DISCOUNT", ("Sales Invoice", "discount_amount", 0)),
		(spoil_advance, "ERP-ADVANCE-MISSING", ("ZATCA Prepayment", "prepayment_invoice", 1)),
		(spoil_discount, "ERP-DISCOUNT-NEGATIVE", ("Sales Invoice", "discount_amount", 0)),
		(spoil_spread, "ERP-DISCOUNT-SPREAD", ("Sales Invoice", "discount_amount", 0)),
		(spoil_scope, "ERP-DISCOUNT-OUT-OF-SCOPE", ("Sales Invoice", "discount_amount", 0)),
		(spoil_charge, "ERP-CHARGE-INCLUDED", ("Sales Taxes and Charges", "included_in_print_rate", 2)),
		(spoil_prices, "ERP-ONLY-DISCOUNTS", ("Sales Invoice", "items", 0)),
	],
)
def test_what_cannot_be_said_names_its_row(
	frappe: Any, spoil: Callable[[Any], None], code: str, place: tuple[str, str, int]
) -> None:
	doc = invoice(frappe, world.VAT_BUYER, [line("أ | A", 1, 100), line("ب | B", 1, 50)])
	spoil(doc)
	assert refusals(frappe, doc)[code] == place


def test_rows_that_deduct_another_advance_are_named(frappe: Any) -> None:
	"""The settlement would move them as if it were rounding: it is none, and saving again writes them."""
	from bayancore_erp.zatca.adapter.mapper import locate
	from bayancore_erp.zatca.adapter.settle import NotRounding, settle

	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[line("أ | A", 1, 100)],
		zatca_prepayments=[
			{"invoice_number": "P-1", "issue_date": "2026-01-05", "taxable": 10, "vat_rate": 15}
		],
	)
	assert settle(doc, issued_at=ISSUED) == []
	(row,) = (row for row in doc.taxes if row.account_head == world.ADVANCES)
	row.tax_amount = row.tax_amount_after_discount_amount = -9
	with pytest.raises(NotRounding) as caught:
		settle(doc, issued_at=ISSUED)
	assert caught.value.code == "ERP-ADVANCE-ROWS" and "11.50" in caught.value.message
	place = locate(doc, caught.value.field)
	assert (place.doctype, place.fieldname) == ("Sales Invoice", "zatca_prepayments")


def test_every_path_of_the_model_leads_to_a_field_that_exists(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.mapper import locate, map_document
	from bayancore_erp.zatca.adapter.mapper.places import TABLE
	from bayancore_erp.zatca.core.rules.locate import FIELDS

	doc = invoice(
		frappe,
		world.VAT_BUYER,
		[line("أ | A", 1, 100)],
		taxes=[
			charge(world.FREIGHT, 5, "Freight"),
			{**vat_rows()[0], "charge_type": "On Previous Row Total", "row_id": 1},
		],
		zatca_prepayments=[
			{"invoice_number": "P-1", "issue_date": "2026-01-05", "taxable": 10, "vat_rate": 15}
		],
	)
	mapping = map_document(doc, issued_at=ISSUED)
	for path in [*TABLE, *FIELDS.values()]:
		place = locate(doc, path.replace("#", "0"), mapping)
		meta = frappe.get_meta(place.doctype)
		standard = ("", "naming_series")
		assert place.fieldname in standard or meta.has_field(place.fieldname), (path, place)
		assert place.doctype == "ZATCA Settings" or place.name, path
	assert locate(doc, "lines[0].vat.exemption_code", mapping)[:4:2] == (
		"Sales Invoice Item",
		"zatca_exemption_code",
	)
	assert locate(doc, "allowance_charges[0].reason", mapping).table == "taxes"
	assert locate(doc, "buyer.address.building_number", mapping).doctype == "Address"
	assert locate(doc, "buyer.vat_number", mapping)[:3] == ("Customer", world.VAT_BUYER, "tax_id")
	assert locate(doc, "no.such.path", mapping)[:3] == ("Sales Invoice", doc.name, "")


# --- read-only and few queries ----------------------------------------------------------------------------------------
def test_mapping_changes_nothing_and_asks_little(frappe: Any) -> None:
	counts = {}
	for lines in (10, 100):
		rows = [
			line(
				f"صنف {index} | Item {index}",
				2,
				"10.05",
				"S" if index % 3 else "VATEX-SA-35",
				zatca_item_name_ar="",
			)
			for index in range(lines)
		]
		doc = frappe.get_doc("Sales Invoice", invoice(frappe, world.VAT_BUYER, rows).name)
		before = doc.as_dict()
		to_invoice(doc)  # Company, settings and countries are in Frappe's cache from now on
		counts[lines] = queries(frappe, lambda doc=doc: to_invoice(doc))
		assert doc.as_dict() == before
	assert counts[10] == counts[100] <= MOST_QUERIES, counts


def queries(frappe: Any, work: Callable[[], Any]) -> int:
	"""How many statements `work` sends to the database."""
	sent = []
	plain = frappe.db.sql

	def counting(*arguments: Any, **named: Any) -> Any:
		sent.append(arguments[0])
		return plain(*arguments, **named)

	frappe.db.sql = counting
	try:
		work()
	finally:
		frappe.db.sql = plain
	return len(sent)


# --- POS Invoice ------------------------------------------------------------------------------------------------------
def test_a_pos_invoice_is_a_simplified_invoice_paid_in_cash(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import mapper

	till.opened(frappe)
	doc = till.sold(frappe, line("قهوة | Coffee", 1, "10.00"), paid=10)
	assert mapper.kind_of(doc).value == "Simplified" and mapper.skip_reason(doc) is None
	mapped = to_invoice(doc)
	assert mapped.flags.code == "0200000" and mapped.buyer is None and mapped.payment.means_code == "10"
	totals = totals_of(doc)
	assert (totals.payable, totals.rounding) == (Decimal("10.00"), Decimal("-0.01"))
	assert (doc.grand_total, doc.rounding_adjustment, doc.rounded_total) == (10.01, -0.01, 10.0)
	doc.submit()
	assert totals_of(doc) == totals
