"""Readiness on every document of the sales road: all problems at once, each with a place that exists, and fixes that work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from private_bench import PrivateBench

ADDRESS = "Horizon Co-Billing"


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		add_goods(frappe)
		world.in_use(frappe)
		frappe.db.commit()
		yield frappe


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.local.lang = "en"
	site.db.rollback()
	# what was taken back is still remembered as it was in between
	site.cache.delete_keys("document_cache::")
	world.forget_settings(site)


def add_goods(frappe: Any) -> None:
	"""Two items with prices, one of them known only in English, and one without a price."""
	for code, name, words, price in (
		("PUMP", "Water Pump", "مضخة مياه", 900),
		("CABLE", "كابل نحاس | Copper Cable", "", 120),
		("VALVE", "صمام | Valve", "", 0),
	):
		values = {
			"description": words or name,
			"item_group": "Products",
			"stock_uom": "Nos",
			"is_stock_item": 0,
		}
		world.make(frappe, "Item", item_code=code, item_name=name, valuation_rate=100 if code == "CABLE" else 0, **values)  # fmt: skip
		if price:
			world.make(
				frappe, "Item Price", item_code=code, price_list="Standard Selling", price_list_rate=price
			)


def row(code: str = "CABLE", qty: float = 5, rate: float = 120, **more: Any) -> dict[str, Any]:
	return {"item_code": code, "qty": qty, "rate": rate, "uom": "Nos", "conversion_factor": 1, **more}


def make(frappe: Any, doctype: str, *items: dict[str, Any], party: str = world.VAT_BUYER, **more: Any) -> Any:
	"""A document of the sales road as a form saves it."""
	values: dict[str, Any] = {
		"company": world.COMPANY,
		"currency": "SAR",
		"selling_price_list": "Standard Selling",
		"ignore_pricing_rule": 1,
		"items": list(items) or [row()],
	}
	if doctype == "Quotation":
		values.update(quotation_to="Customer", party_name=party, order_type="Sales", valid_till="2027-12-31")
	else:
		values["customer"] = party
	if doctype == "Sales Order":
		values["delivery_date"] = "2027-12-20"
	if doctype == "Sales Invoice":
		values.update(debit_to=world.DEBTORS)
	if "taxes" not in more:
		values.update(taxes_and_charges=world.EXCLUSIVE, taxes=world.vat_rows())
	return world.make(frappe, doctype, **{**values, **more})


def look(doc: Any) -> dict[str, Any]:
	"""What the panel gets; every place in it leads somewhere."""
	import frappe

	from bayancore_erp.invoice_to_cash.api import readiness

	found = readiness(doc.doctype, doc.name)
	for point in found["points"]:
		place = point["place"]
		assert frappe.db.exists(place["doctype"], place["name"]), place
		meta = frappe.get_meta(place["doctype"])
		if place["table"]:
			stored = frappe.get_doc(place["doctype"], place["name"])
			assert stored.get(place["table"])[place["row"] - 1].idx == place["row"]
			meta = frappe.get_meta(meta.get_options(place["table"]))
		assert not place["fieldname"] or meta.has_field(place["fieldname"]), place
		assert point["text"] and point["severity"] in ("Error", "Warning", "Information")
	return found


def codes(found: dict[str, Any]) -> list[str]:
	return [point["code"] for point in found["points"]]


def point_of(found: dict[str, Any], code: str) -> dict[str, Any]:
	(point,) = [point for point in found["points"] if point["code"] == code]
	return dict(point)


def fix(doc: Any, found: dict[str, Any], code: str, choice: str = "") -> dict[str, Any]:
	"""Click the only button beside the only problem of that code."""
	from bayancore_erp.invoice_to_cash.api import fix

	(button,) = point_of(found, code)["fixes"]
	answer = fix(doc.doctype, doc.name, button["id"], choice)
	doc.reload()
	return answer


def lose(frappe: Any, *fields: str, address: str = ADDRESS) -> None:
	"""Empty fields of an address, past the form."""
	frappe.db.set_value("Address", address, {field: "" for field in fields})
	frappe.clear_document_cache("Address", address)


# --- what is found ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
	"name", [world.VAT_BUYER, world.GOV_BUYER, world.PERSON, world.FOREIGN_BUYER, world.UNREGISTERED, world.WALK_IN]
)  # fmt: skip
def test_a_good_customer_is_ready(frappe: Any, name: str) -> None:
	found = look(frappe.get_doc("Customer", name))
	assert (found["light"], found["points"]) == ("Ready", []) and found["note"]


def test_a_customer_is_judged_alike_for_every_reader(frappe: Any) -> None:
	second = "Second Co"
	for doctype in ("Company", "ZATCA Settings"):
		twin = frappe.copy_doc(frappe.get_doc(doctype, world.COMPANY))
		named = dict.fromkeys(("name", "company", "company_name"), second)
		twin.update({**named, "docstatus": 0, "go_live_date": "2090-01-01"})
		twin.db_insert()
	buyers = [frappe.get_doc("Customer", name) for name in (world.VAT_BUYER, world.WALK_IN)]
	for own in (world.COMPANY, second):
		frappe.defaults.set_user_default("company", own)
		assert [look(buyer)["light"] for buyer in buyers] == ["Ready", "Ready"], own
	# the first company has not begun: the one that has judges, and the first one's till is known all the same
	frappe.db.set_value("ZATCA Settings", second, "go_live_date", "2026-01-01")
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "go_live_date", "2090-01-01")
	world.forget_settings(frappe)
	assert [look(buyer)["light"] for buyer in buyers] == ["Ready", "Ready"]
	# nobody sells to himself
	buyers[0].db_set({"is_internal_customer": 1, "represents_company": second})
	assert look(buyers[0])["note"].startswith("Its posting date is before the go-live date")


def test_inside_the_vat_group_nothing_is_asked(frappe: Any) -> None:
	found = look(frappe.get_doc("Customer", world.GROUP_MEMBER))
	assert (found["light"], found["points"]) == ("", []) and "VAT group" in found["note"]


def test_a_customer_with_everything_wrong(frappe: Any) -> None:
	lose(frappe, "zatca_building_number", "pincode")
	frappe.db.set_value("Customer", world.VAT_BUYER, "tax_id", "12345")
	found = look(frappe.get_doc("Customer", world.VAT_BUYER))
	places = {(p["place"]["doctype"], p["place"]["fieldname"]) for p in found["points"]}
	assert places == {("Customer", "tax_id"), ("Address", "zatca_building_number"), ("Address", "pincode")}
	assert found["light"] == "Not Ready" and found["errors"] == 3
	texts = [point["text"] for point in found["points"]]
	assert "Buyer's building number is missing. Add it in Customer master under Address." in texts
	number = next(p for p in found["points"] if p["place"]["fieldname"] == "zatca_building_number")
	assert number["where"] == f"Address {ADDRESS}: Building Number"


def test_a_buyer_without_any_number(frappe: Any) -> None:
	frappe.db.set_value("Customer", world.UNREGISTERED, {"zatca_id_number": "", "zatca_id_scheme": ""})
	point = point_of(look(frappe.get_doc("Customer", world.UNREGISTERED)), "BR-KSA-81")
	assert (point["place"]["doctype"], point["place"]["fieldname"]) == ("Customer", "tax_id")
	assert point["severity"] == "Error"


@pytest.mark.parametrize("doctype", ["Quotation", "Sales Order", "Delivery Note", "Sales Invoice"])
def test_every_document_is_judged_by_the_invoices_rules(frappe: Any, doctype: str) -> None:
	doc = make(frappe, doctype)
	assert look(doc)["light"] == "Ready", look(doc)
	lose(frappe, "zatca_building_number")
	frappe.db.set_value(
		f"{doctype} Item", doc.items[0].name, {"item_name": "Plain", "zatca_item_name_ar": ""}
	)
	frappe.db.set_value("Item", "CABLE", "zatca_name_ar", "")
	found = look(doc)
	assert set(codes(found)) == {"BR-KSA-63", "LAW-ARABIC-ITEM"}
	assert point_of(found, "LAW-ARABIC-ITEM")["place"] == {
		"doctype": doctype,
		"name": doc.name,
		"fieldname": "zatca_item_name_ar",
		"row": 1,
		"table": "items",
	}
	assert point_of(found, "BR-KSA-63")["place"]["name"] == ADDRESS


def test_a_pos_invoice(frappe: Any) -> None:
	profile = frappe.get_doc("POS Profile", world.POS_PROFILE)
	world.make(
		frappe, "POS Opening Entry", company=world.COMPANY, pos_profile=profile.name, user="Administrator",
		period_start_date=frappe.utils.now_datetime(), balance_details=[{"mode_of_payment": "Cash", "opening_amount": 0}],
	).submit()  # fmt: skip
	doc = world.make(
		frappe, "POS Invoice", company=world.COMPANY, customer=world.WALK_IN, currency="SAR", pos_profile=profile.name,
		is_pos=1, debit_to=world.DEBTORS, taxes_and_charges=world.EXCLUSIVE, taxes=world.vat_rows(), update_stock=0,
		items=[world.line("خدمة | Service", 1, 100)], payments=[{"mode_of_payment": "Cash", "amount": 115}],
	)  # fmt: skip
	assert light(frappe, doc) == ("Ready", 0)
	assert look(doc)["light"] == "Ready", look(doc)
	frappe.db.set_value(
		"POS Invoice Item", doc.items[0].name, {"item_name": "Plain", "zatca_item_name_ar": ""}
	)
	frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "")
	assert codes(look(doc)) == ["LAW-ARABIC-ITEM"]


def test_what_cannot_be_mapped_hides_nothing_else(frappe: Any) -> None:
	"""The mapper refuses the row; the rules speak of the address all the same."""
	lose(frappe, "zatca_building_number")
	doc = make(frappe, "Sales Invoice", row(), row("VALVE", 1, 10, item_tax_template=silent_template(frappe)))
	found = look(doc)
	assert {"BR-KSA-63", "ITC-TAX-TREATMENT"} <= set(codes(found)), codes(found)
	assert "ERP-VAT-UNKNOWN" not in codes(found)


def test_a_document_of_the_submitted_kind(frappe: Any) -> None:
	order = make(frappe, "Sales Order")
	order.submit()
	lose(frappe, "pincode")
	assert codes(look(order)) == ["BR-KSA-63"]
	order.db_set("per_billed", 100)
	assert look(order)["light"] == "" and not look(order)["points"]
	order.db_set("per_billed", 50)
	order.cancel()
	assert look(order)["light"] == "" and not look(order)["points"]


def test_an_agreed_day_ahead_is_no_problem_and_a_past_one_is(frappe: Any) -> None:
	order = make(frappe, "Sales Order", zatca_supply_date="2027-06-30")
	assert look(order)["light"] == "Ready"
	late = make(frappe, "Sales Order", zatca_supply_date="2026-01-05")
	found = look(late)
	assert codes(found) == ["LAW-ISSUE-DEADLINE"] and found["light"] == "To Check"


def test_a_company_that_issues_nothing_is_left_alone(frappe: Any) -> None:
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "enabled", 0)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	lose(frappe, "pincode")
	for doc in (make(frappe, "Quotation"), frappe.get_doc("Customer", world.VAT_BUYER)):
		found = look(doc)
		assert (found["light"], found["note"], found["points"]) == ("", "", [])


def test_a_quotation_to_a_lead(frappe: Any) -> None:
	lead = world.make(frappe, "Lead", lead_name="New Co", company_name="New Co")
	doc = make(frappe, "Quotation", quotation_to="Lead", party_name=lead.name)
	found = look(doc)
	assert codes(found) == ["ITC-NO-CUSTOMER"] and found["light"] == "Ready"
	bad = make(frappe, "Quotation", row("VALVE", 1, 0), quotation_to="Lead", party_name=lead.name)
	assert "ITC-PRICE-MISSING" in codes(look(bad))


def test_in_arabic(frappe: Any) -> None:
	lose(frappe, "zatca_building_number")
	doc = make(frappe, "Quotation", row("VALVE", 1, 0))
	frappe.local.lang = "ar"
	found = look(doc)
	assert all(any("؀" <= letter <= "ۿ" for letter in point["text"]) for point in found["points"])
	assert "رقم المبنى" in point_of(found, "BR-KSA-63")["text"]


def test_no_device_to_sign_with(frappe: Any) -> None:
	doc = make(frappe, "Sales Invoice")
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "default_device", "")
	frappe.db.set_value("ZATCA Device", {"company": world.COMPANY}, "status", "Revoked")
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	point = point_of(look(doc), "NO-DEVICE")
	assert (point["place"]["doctype"], point["place"]["fieldname"]) == ("ZATCA Settings", "default_device")


@pytest.mark.parametrize("status", ["Retired", "Key Made"])
def test_a_chosen_device_that_is_not_in_use(frappe: Any, status: str) -> None:
	doc = make(frappe, "Sales Invoice")
	assert codes(look(doc)) == []
	device = frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	frappe.db.set_value("ZATCA Device", device, "status", status)
	found = look(doc)
	assert found["light"] == "Not Ready" and device in point_of(found, "DEVICE-STATUS")["text"]


# --- prices and tax templates of a quotation --------------------------------------------------------------------------
@pytest.mark.parametrize(
	("code", "qty_rate", "found"),
	[
		("VALVE", (1, 0), "ITC-PRICE-MISSING"),
		("PUMP", (1, 800), "ITC-PRICE-BELOW-LIST"),
		("CABLE", (1, 107), "ITC-PRICE-BELOW-LIST"),
	],
)
def test_prices(frappe: Any, code: str, qty_rate: tuple[float, float], found: str) -> None:
	doc = make(frappe, "Quotation", row(), row(code, *qty_rate, price_list_rate=900 if code == "PUMP" else 0))
	# the cable's price is looked up, as for a quotation made by an import
	frappe.db.set_value("Item", "PUMP", "zatca_name_ar", "مضخة")
	answer = look(doc)
	assert found in codes(answer), answer
	assert point_of(answer, found)["place"]["row"] == 2


def test_a_price_of_nothing_below_cost_and_the_tolerances(frappe: Any) -> None:
	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.update({"price_list_tolerance": 50, "cost_tolerance": 0})
	settings.save()
	doc = make(frappe, "Quotation", row(rate=95, price_list_rate=120))
	assert codes(look(doc)) == ["ITC-PRICE-BELOW-COST"]
	assert "100" not in point_of(look(doc), "ITC-PRICE-BELOW-COST")["text"]
	settings.update({"cost_tolerance": 10})
	settings.save()
	assert look(doc)["light"] == "Ready"
	frappe.db.set_value("Quotation Item", doc.items[0].name, {"rate": 0, "base_net_rate": 0})
	assert "ITC-PRICE-ZERO" in codes(look(doc))
	frappe.db.set_value("Quotation Item", doc.items[0].name, "is_free_item", 1)
	assert "ITC-PRICE-ZERO" not in codes(look(doc))


def test_an_alternative_is_neither_priced_nor_invoiced(frappe: Any) -> None:
	doc = make(frappe, "Quotation", row(), row("VALVE", 1, 0, is_alternative=1))
	assert look(doc)["light"] == "Ready", look(doc)


def silent_template(frappe: Any, rate: float = 0) -> str:
	"""An Item Tax Template that does not say what it means for Saudi VAT."""
	return str(
		world.make(
			frappe, "Item Tax Template", title=f"Silent {rate}", company=world.COMPANY,
			taxes=[{"tax_type": world.VAT, "tax_rate": rate}],
		).name
	)  # fmt: skip


def test_tax_templates(frappe: Any) -> None:
	untaxed = make(frappe, "Quotation", taxes=[])
	found = look(untaxed)
	assert (
		codes(found) == ["ITC-TAX-MISSING"]
		and found["points"][0]["place"]["fieldname"] == "taxes_and_charges"
	)
	silent = make(frappe, "Quotation", row(item_tax_template=silent_template(frappe)))
	point = point_of(look(silent), "ITC-TAX-TREATMENT")
	assert (point["place"]["doctype"], point["place"]["fieldname"]) == (
		"Item Tax Template",
		"zatca_vat_category",
	)
	assert not point["fixes"]
	both = [*world.vat_rows(), *world.vat_rows(world.INCLUSIVE)]
	mixed = make(frappe, "Quotation", taxes=both)
	assert point_of(look(mixed), "ITC-TAX-MIXED")["place"]["row"] == 2
	exempt = make(frappe, "Quotation", row(item_tax_template=world.item_template("VATEX-SA-35")))
	assert look(exempt)["light"] == "Ready", look(exempt)
	frappe.db.set_value("Item Tax Template", exempt.items[0].item_tax_template, "company", "Another Co")
	frappe.clear_document_cache("Item Tax Template", exempt.items[0].item_tax_template)
	assert point_of(look(exempt), "ITC-TAX-COMPANY")["place"]["fieldname"] == "item_tax_template"


# --- one click --------------------------------------------------------------------------------------------------------
def test_fix_national_address_from_another_of_the_same_place(frappe: Any) -> None:
	lose(frappe, "zatca_building_number", "zatca_district", "zatca_district_ar")
	doc = make(frappe, "Quotation")
	elsewhere = world.add_address(frappe, "Customer", world.VAT_BUYER, address_title="Branch", city="Jeddah")
	found = look(doc)
	assert codes(found) == ["BR-KSA-63", "BR-KSA-63"] and not any(p["fixes"] for p in found["points"])
	frappe.delete_doc("Address", elsewhere)
	same = world.add_address(
		frappe, "Customer", world.VAT_BUYER, address_title="Again", zatca_building_number="7777"
	)
	found = look(doc)
	(button,) = found["points"][0]["fixes"]
	assert same in button["label"]
	from bayancore_erp.invoice_to_cash.api import fix as apply

	answer = apply(doc.doctype, doc.name, button["id"])
	assert answer["light"] == "Ready"
	address = frappe.get_doc("Address", ADDRESS)
	assert (address.zatca_building_number, address.zatca_district_ar) == ("7777", "العليا")


def test_fix_missing_vat(frappe: Any) -> None:
	doc = make(frappe, "Sales Order", taxes=[])
	assert fix(doc, look(doc), "ITC-TAX-MISSING")["light"] == "Ready"
	assert doc.taxes_and_charges == world.EXCLUSIVE and doc.total_taxes_and_charges == 90


def test_fix_exemption_reason(frappe: Any) -> None:
	plain = silent_template(frappe)
	frappe.db.set_value("Item Tax Template", plain, "zatca_vat_category", "Zero Rated")
	doc = make(frappe, "Sales Invoice", row(item_tax_template=plain))
	found = look(doc)
	(button,) = point_of(found, "LAW-EXEMPTION-MISSING")["fixes"]
	values = [each["value"] for each in button["choices"]]
	assert "VATEX-SA-35" in values and "VATEX-SA-29" not in values
	with pytest.raises(frappe.ValidationError):
		fix(doc, found, "LAW-EXEMPTION-MISSING", "VATEX-SA-29")
	assert fix(doc, found, "LAW-EXEMPTION-MISSING", "VATEX-SA-35")["light"] == "Ready"
	assert doc.items[0].item_tax_template == world.item_template("VATEX-SA-35")
	order = make(frappe, "Sales Order", row(item_tax_template=plain))
	order.submit()
	assert fix(order, look(order), "LAW-EXEMPTION-MISSING", "VATEX-SA-36")["light"] == "Ready"
	assert order.items[0].zatca_exemption_code == "VATEX-SA-36"


def test_fix_template_of_fifteen_per_cent(frappe: Any) -> None:
	template = frappe.copy_doc(frappe.get_doc("Sales Taxes and Charges Template", world.EXCLUSIVE))
	template.update({"title": "Old 5", "zatca_vat_category": "", "is_default": 0})
	template.insert()
	rows = world.vat_rows(template.name)
	rows[0]["rate"] = 7
	doc = make(frappe, "Quotation", taxes_and_charges=template.name, taxes=rows)
	assert fix(doc, look(doc), "ITC-TAX-TREATMENT")["errors"] >= 1  # the rows still charge 7 %
	template.reload()
	assert template.zatca_vat_category == "Standard Rated"
	assert "ERP-VAT-MISFIT" in codes(look(doc))


def test_fix_arabic_names(frappe: Any) -> None:
	doc = make(frappe, "Quotation", row("PUMP", 1, 900))
	found = look(doc)
	assert "مضخة مياه" in point_of(found, "LAW-ARABIC-ITEM")["fixes"][0]["label"]
	assert fix(doc, found, "LAW-ARABIC-ITEM")["light"] == "Ready"
	assert frappe.db.get_value("Item", "PUMP", "zatca_name_ar") == "مضخة مياه"
	frappe.db.set_value("Customer", world.VAT_BUYER, "customer_name", "Horizon Co")
	doc = make(frappe, "Quotation")
	assert fix(doc, look(doc), "LAW-ARABIC-BUYER")["light"] == "Ready"
	assert frappe.db.get_value("Customer", world.VAT_BUYER, "zatca_name_ar") == "شركة الأفق"


@pytest.mark.parametrize(
	("text", "arabic"),
	[
		("شركة الأفق | Horizon Co", "شركة الأفق"),
		("Horizon Co (شركة الأفق)", "شركة الأفق"),
		("Horizon Co - شركة الأفق", "شركة الأفق"),
		("Horizon شركة الأفق 2 Co", "شركة الأفق"),
		("Horizon Co", ""),
		("", ""),
	],
)
def test_the_arabic_part_of_a_name(frappe: Any, text: str, arabic: str) -> None:
	from bayancore_erp.invoice_to_cash.adapter.fixes import arabic_part

	assert arabic_part(text) == arabic


def test_fix_unit_code(frappe: Any) -> None:
	for unit in ("Carton", "Bundle"):
		if not frappe.db.exists("UOM", unit):
			world.make(frappe, "UOM", uom_name=unit)
		frappe.db.set_value("UOM", unit, "zatca_code", "")
	doc = make(frappe, "Quotation", row(uom="Carton"))
	found = look(doc)
	assert found["light"] == "To Check" and point_of(found, "ITC-UNIT-CODE")["place"]["name"] == "Carton"
	assert fix(doc, found, "ITC-UNIT-CODE")["light"] == "Ready"
	assert frappe.db.get_value("UOM", "Carton", "zatca_code") == "CT"
	doc = make(frappe, "Quotation", row(uom="Bundle"))
	frappe.local.lang = "ar"
	(button,) = point_of(look(doc), "ITC-UNIT-CODE")["fixes"]
	assert {"value": "SET", "label": "طقم (SET)"} in button["choices"]
	assert fix(doc, look(doc), "ITC-UNIT-CODE", "SET")["light"] == "Ready"


def test_fix_kind_of_buyer(frappe: Any) -> None:
	frappe.db.set_value("Customer", world.VAT_BUYER, "zatca_buyer_kind", "Private Person")
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	found = look(customer)
	assert found["light"] == "To Check"
	assert fix(customer, found, "ITC-BUYER-KIND")["light"] == "Ready"
	assert customer.zatca_buyer_kind == "VAT Registered"


def test_a_foreign_tax_number_makes_nobody_vat_registered(frappe: Any) -> None:
	values = {"zatca_buyer_kind": "Private Person", "tax_id": "DE811193231"}
	frappe.db.set_value("Customer", world.VAT_BUYER, values)
	point = point_of(look(frappe.get_doc("Customer", world.VAT_BUYER)), "ITC-BUYER-KIND")
	assert not point["fixes"]


def test_fix_what_the_draft_copied(frappe: Any) -> None:
	doc = make(frappe, "Sales Invoice")
	frappe.db.set_value("Sales Invoice", doc.name, "tax_id", "12345")
	found = look(doc)
	point = point_of(found, "ITC-STALE")
	assert (point["severity"], codes(found)) == ("Error", ["ITC-STALE"])
	assert fix(doc, found, "ITC-STALE")["light"] == "Ready"
	assert doc.tax_id == "399999999900003"


def test_fix_the_halalas_of_a_draft(frappe: Any) -> None:
	"""No base reaches SAR 10.00 with VAT: the draft says so once, and one click settles it."""
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "settle_differences", "Ask")
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	coffee = [world.line("قهوة | Coffee", 1, "10.00")]
	today = {"posting_date": frappe.utils.nowdate(), "due_date": frappe.utils.nowdate()}
	doc = world.invoice(frappe, world.PERSON, coffee, taxes_and_charges=world.INCLUSIVE, **today)
	assert doc.zatca_difference
	found = look(doc)
	point = point_of(found, "ERP-DIFFERENCE")
	assert "0.00 instead of -0.01" in point["text"] and found["light"] == "Not Ready"
	assert fix(doc, found, "ERP-DIFFERENCE")["light"] == "Ready"
	assert (doc.rounded_total, doc.zatca_difference) == (10.0, 0)


def test_what_is_no_rounding_has_no_click(frappe: Any) -> None:
	freight = world.charge(world.FREIGHT, 100, "شحن | Freight")
	doc = make(frappe, "Sales Invoice", taxes=[*world.vat_rows(), freight])
	point = point_of(look(doc), "ERP-NOT-ROUNDING")
	assert not point["fixes"] and "no rounding" in point["text"]


def given_away(
	frappe: Any, doctype: str, price: float, qty: float = 1, day: str = "2026-11-10", **more: Any
) -> Any:
	"""A document on which everything is free, at what it would sell for."""
	gift = row(qty=qty, rate=0, price_list_rate=price, discount_percentage=100)
	return make(frappe, doctype, gift, posting_date=day, set_posting_time=1, **more)


def test_gifts_are_counted_against_the_years_limits(frappe: Any) -> None:
	"""A recipient's 200 and the company's 50,000 in a calendar year, on deliveries and invoices; what is taxed counts not."""
	given_away(frappe, "Delivery Note", 60).submit()
	given_away(frappe, "Delivery Note", 900, day="2025-12-30").submit()
	given_away(frappe, "Delivery Note", 700, zatca_nominal=1).submit()
	given_away(frappe, "Delivery Note", 500, party=world.GOV_BUYER).submit()
	draft = given_away(frappe, "Sales Invoice", 100)
	point = point_of(look(draft), "LAW-FREE-ALL")
	assert "160.00 in 2026" in point["text"] and "660.00 of" in point["text"], point["text"]
	assert "needs no tax invoice" in point["text"] and point["place"]["fieldname"] == "zatca_nominal"
	again = given_away(frappe, "Sales Invoice", 141)
	text = point_of(look(again), "LAW-FREE-ALL")["text"]
	assert "201.00 in 2026" in text and "too much" in text
	# without a price of its own: the price list's, VAT taken out where prices include it
	frappe.db.set_value(
		"Sales Invoice Item", draft.items[0].name, {"price_list_rate": 0, "base_price_list_rate": 0}
	)
	frappe.db.set_value("Sales Taxes and Charges", draft.taxes[0].name, "included_in_print_rate", 1)
	assert "164.35 in 2026" in point_of(look(draft), "LAW-FREE-ALL")["text"]
	# nothing to go by is said, not guessed
	frappe.db.set_value("Sales Invoice Item", draft.items[0].name, "item_code", "VALVE")
	assert "1 rows have no price" in point_of(look(draft), "LAW-FREE-ALL")["text"]


def test_the_companys_year_of_gifts(frappe: Any) -> None:
	for party in (world.GOV_BUYER, world.UNREGISTERED):
		given_away(frappe, "Delivery Note", 24_950, party=party).submit()
	within = point_of(look(given_away(frappe, "Sales Invoice", 100)), "LAW-FREE-ALL")["text"]
	beyond = point_of(look(given_away(frappe, "Sales Invoice", 101)), "LAW-FREE-ALL")["text"]
	assert "50,000.00 of" in within and "too much" not in within
	assert "50,001.00 of" in beyond and "too much" in beyond


def test_a_fix_is_offered_and_applied_only_to_those_who_may(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.api import fix as apply
	from bayancore_erp.invoice_to_cash.api import readiness

	doc = make(frappe, "Quotation", row("PUMP", 1, 900))
	(button,) = point_of(look(doc), "LAW-ARABIC-ITEM")["fixes"]
	user = f"rep-{frappe.generate_hash(length=6)}@example.com"
	world.make(
		frappe, "User", email=user, first_name="Rep", send_welcome_email=0, roles=[{"role": "Sales User"}]
	)
	frappe.set_user(user)
	assert not point_of(readiness(doc.doctype, doc.name), "LAW-ARABIC-ITEM")["fixes"]
	with pytest.raises(frappe.ValidationError):
		apply(doc.doctype, doc.name, button["id"])
	with pytest.raises(frappe.PermissionError):
		readiness("Sales Invoice", make_as_admin(frappe, user).name)
	frappe.set_user("Administrator")
	with pytest.raises(frappe.ValidationError):
		apply(doc.doctype, doc.name, "set_buyer_kind:Customer:nobody:0")
	with pytest.raises(frappe.ValidationError):
		readiness("User", "Administrator")
	assert not frappe.db.get_value("Item", "PUMP", "zatca_name_ar")


def make_as_admin(frappe: Any, user: str) -> Any:
	"""An invoice a sales rep may not read."""
	frappe.set_user("Administrator")
	doc = make(frappe, "Sales Invoice")
	frappe.set_user(user)
	return doc


# --- what a form opens with -------------------------------------------------------------------------------------------
def opened(doc: Any) -> Any:
	"""What comes with the document; None where the form has to ask."""
	import frappe
	from frappe.desk.form.load import getdoc

	frappe.local.response = frappe._dict(docs=[])
	getdoc(doc.doctype, doc.name)
	return frappe.response.docs[0].get("__onload").get("readiness")


@pytest.mark.parametrize("doctype", ["Quotation", "Sales Order", "Delivery Note", "Sales Invoice"])
def test_a_form_opens_with_its_panel(frappe: Any, doctype: str) -> None:
	doc = make(frappe, doctype)
	assert opened(doc)["light"] == "Ready" and opened(doc) == look(doc)
	lose(frappe, "zatca_building_number")
	before = frappe.get_doc(doctype, doc.name).as_dict()
	assert opened(doc) is None, "the list would have to say something else: the form asks"
	assert frappe.get_doc(doctype, doc.name).as_dict() == before
	found = look(doc)
	assert found["light"] == "Not Ready" and found["points"][0]["text"] and opened(doc) == found


def test_a_customers_form_opens_with_its_panel(frappe: Any) -> None:
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	found = look(customer)
	assert found["light"] and opened(customer) == found


def test_what_a_form_does_not_open_with(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from frappe.desk.form.load import run_onload

	from bayancore_erp.invoice_to_cash.adapter import light

	doc = make(frappe, "Sales Invoice")
	doc.save()
	run_onload(doc)
	assert not doc.get("__onload").get("readiness"), "what was just saved is asked for when the form stands"
	doc.db_set("zatca_state", "Rejected")
	assert opened(doc) is None, "the verdict speaks"
	doc.db_set("zatca_state", "")
	assert opened(doc)["light"] == "Ready"

	def broken(*_given: Any, **_named: Any) -> None:
		frappe.throw("nobody foresaw this")

	monkeypatch.setattr(light, "assess", broken)
	frappe.clear_messages()
	frappe.msgprint("ERPNext warns of something else")
	assert opened(doc) is None, "a form opens whatever fails"
	assert [each["message"] for each in frappe.get_message_log()] == ["ERPNext warns of something else"]
	assert logged(frappe, doc)
	frappe.clear_messages()


def logged(frappe: Any, doc: Any) -> bool:
	"""Whether the error log has something about the readiness of a document."""
	from frappe.deferred_insert import save_to_db

	save_to_db()
	return bool(frappe.db.exists("Error Log", {"method": f"Readiness of {doc.doctype} {doc.name}"}))


def test_what_is_updated_after_submit_is_asked_for(frappe: Any) -> None:
	from frappe.desk.form.load import run_onload

	order = make(frappe, "Sales Order")
	order.submit()
	order = frappe.get_doc("Sales Order", order.name)
	order.save()
	run_onload(order)
	assert not order.get("__onload").get("readiness")


# --- before the first save --------------------------------------------------------------------------------------------
def typed(frappe: Any, doctype: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
	"""A document as it stands in a form that was never saved."""
	doc = frappe.copy_doc(make(frappe, doctype, *items, **more))
	return {**doc.as_dict(no_default_fields=False), "name": f"new-{doctype.lower().replace(' ', '-')}-1", "__islocal": 1}  # fmt: skip


@pytest.mark.parametrize("doctype", ["Quotation", "Sales Order", "Delivery Note", "Sales Invoice"])
def test_a_document_is_judged_before_its_first_save(frappe: Any, doctype: str) -> None:
	from bayancore_erp.invoice_to_cash.api import readiness_unsaved

	assert readiness_unsaved(typed(frappe, doctype))["light"] == "Ready"
	lose(frappe, "zatca_building_number")
	values = typed(frappe, doctype, row(), row(item_tax_template=silent_template(frappe)))
	before = frappe.db.count(doctype)
	found = readiness_unsaved(frappe.as_json(values))
	assert {"BR-KSA-63", "ITC-TAX-TREATMENT"} <= set(codes(found)) and found["light"] == "Not Ready"
	assert not any(point["fixes"] for point in found["points"]) and frappe.db.count(doctype) == before
	half = readiness_unsaved({**values, "items": [{**values["items"][0], "qty": "x", "uom": None}]})
	assert half["doctype"] == doctype  # what is half typed interrupts nobody
	for empty in ({"items": []}, {"customer": None, "party_name": None}, {"company": None}):
		assert not readiness_unsaved({**values, **empty})["points"]


def test_who_may_not_make_or_read_it_is_told_nothing(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.api import readiness_unsaved

	values = typed(frappe, "Sales Invoice")
	user = f"rep-{frappe.generate_hash(length=6)}@example.com"
	world.make(
		frappe, "User", email=user, first_name="Rep", send_welcome_email=0, roles=[{"role": "Sales User"}]
	)
	frappe.set_user(user)
	with pytest.raises(frappe.PermissionError):
		readiness_unsaved(values)
	frappe.set_user("Administrator")
	order = typed(frappe, "Sales Order")
	hidden = world.make(frappe, "Customer", customer_name="Another", customer_group="Commercial", territory="All Territories")  # fmt: skip
	world.make(frappe, "User Permission", user=user, allow="Customer", for_value=world.VAT_BUYER)
	frappe.set_user(user)
	assert readiness_unsaved(order)["light"] == "Ready"
	found = readiness_unsaved({**order, "customer": hidden.name})
	assert (found["light"], found["points"]) == ("", [])
	frappe.set_user("Administrator")
	with pytest.raises(frappe.ValidationError):
		readiness_unsaved({"doctype": "User", "name": "x"})


# --- carried along ----------------------------------------------------------------------------------------------------
CARRIED = {
	"zatca_kind_choice": "Standard",
	"zatca_contract_number": "ETIMAD-77",
	"zatca_supply_date": "2026-11-20",
	"zatca_supply_end_date": "2026-11-25",
	"zatca_continuous": 1,
	"zatca_nominal": 1,
	"zatca_export": 1,
	"zatca_third_party": 1,
	"zatca_buyer_name": "مؤسسة أخرى | Another Est",
	"zatca_buyer_kind": "VAT Registered",
	"zatca_buyer_vat_number": "311111111100003",
	"zatca_buyer_id_scheme": "CRN",
	"zatca_buyer_id_number": "1010010101",
}
CARRIED_ROW = {
	"zatca_item_name_ar": "كابل خاص",
	"zatca_vat_category": "Zero Rated",
	"zatca_exemption_code": "VATEX-SA-32",
	"zatca_exemption_reason": "تصدير السلع | Export of goods",
}


def test_everything_that_is_carried_is_looked_at() -> None:
	from bayancore_erp.invoice_to_cash.adapter import fields

	assert {*CARRIED, "zatca_branch"} == set(fields.CARRIED) and set(CARRIED_ROW) == set(fields.CARRIED_ROW)


def assert_carried(doc: Any, branch: str) -> None:
	for field, value in {**CARRIED, "zatca_branch": branch}.items():
		assert str(doc.get(field)) == str(value), (doc.doctype, field)
	for field, value in CARRIED_ROW.items():
		assert doc.items[0].get(field) == value, (doc.doctype, field)


def test_what_was_settled_goes_along(frappe: Any) -> None:
	from erpnext.selling.doctype.quotation import quotation as q
	from erpnext.selling.doctype.sales_order import sales_order as so
	from erpnext.stock.doctype.delivery_note import delivery_note as dn

	branch = world.make(frappe, "Branch", branch="North", zatca_company=world.COMPANY).name
	quotation = make(frappe, "Quotation", row(**CARRIED_ROW), **CARRIED, zatca_branch=branch)
	quotation.submit()
	assert_carried(q.make_sales_invoice(quotation.name), branch)
	order = q.make_sales_order(quotation.name)
	order.delivery_date = "2027-12-20"
	order.insert()
	assert_carried(order, branch)
	order.submit()
	assert_carried(so.make_sales_invoice(order.name), branch)
	delivery = so.make_delivery_note(order.name)
	delivery.insert()
	assert_carried(delivery, branch)
	delivery.submit()
	invoice = dn.make_sales_invoice(delivery.name)
	invoice.insert()
	assert_carried(invoice, branch)


def test_the_day_of_delivery_is_the_day_of_supply(frappe: Any) -> None:
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice, make_sales_return

	delivery = make(frappe, "Delivery Note", posting_date="2026-11-03", set_posting_time=1)
	delivery.submit()
	invoice = make_sales_invoice(delivery.name)
	assert str(invoice.zatca_supply_date) == "2026-11-03"
	later = make(frappe, "Delivery Note", posting_date="2026-11-09", set_posting_time=1)
	later.submit()
	assert str(make_sales_invoice(later.name, invoice).zatca_supply_date) == "2026-11-03"
	back = make_sales_return(delivery.name)
	assert not back.get("zatca_supply_date")


# --- the light in lists -----------------------------------------------------------------------------------------------
def light(frappe: Any, doc: Any) -> tuple[str, int]:
	return frappe.db.get_value(doc.doctype, doc.name, ["zatca_readiness", "zatca_problems"])


def test_the_light_is_stored_with_the_document_and_follows(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.adapter.light import light_up

	quotation, invoice = make(frappe, "Quotation"), make(frappe, "Sales Invoice")
	order = make(frappe, "Sales Order")
	order.submit()
	documents = (quotation, invoice, order)
	assert {light(frappe, doc) for doc in documents} == {("Ready", 0)}
	modified = frappe.db.get_value("Quotation", quotation.name, "modified")
	lose(frappe, "pincode", "zatca_building_number")
	assert sum(light_up(world.VAT_BUYER)) == 4
	assert {light(frappe, doc) for doc in documents} == {("Not Ready", 2)}
	assert light(frappe, frappe.get_doc("Customer", world.VAT_BUYER)) == ("Not Ready", 2)
	assert frappe.db.get_value("Quotation", quotation.name, "modified") == modified
	frappe.db.set_value("Address", ADDRESS, {"pincode": "12214", "zatca_building_number": "2929"})
	assert look(quotation)["light"] == "Ready"
	assert light(frappe, quotation) == ("Ready", 0)
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	customer.save()
	assert light(frappe, customer) == ("Ready", 0)


def test_a_change_of_address_wakes_the_worker(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	make(frappe, "Quotation")
	asked: list[str] = []
	monkeypatch.setattr(
		frappe, "enqueue", lambda method, **more: asked.append(f"{method} {more.get('customer')}")
	)
	frappe.db.set_value("Customer", world.VAT_BUYER, "zatca_readiness", "")
	frappe.get_doc("Address", ADDRESS).save()
	assert light(frappe, frappe.get_doc("Customer", world.VAT_BUYER)) == ("Ready", 0)
	assert asked == [f"bayancore_erp.invoice_to_cash.jobs.light_up {world.VAT_BUYER}"]


@pytest.fixture
def asked(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
	"""The masters whose documents a worker was asked to light up again."""
	found: list[tuple[str, str]] = []

	def enqueue(method: str, **more: Any) -> None:
		if method.endswith(".light_up_after"):
			assert more["queue"] == "long" and more["enqueue_after_commit"]
			found.append((more["doctype"], more["name"]))

	monkeypatch.setattr(frappe, "enqueue", enqueue)
	return found


def put_out(frappe: Any, *documents: Any) -> None:
	"""What nobody has lit: an answer in their rows can only come from the worker."""
	for doc in documents:
		frappe.db.set_value(
			doc.doctype, doc.name, {"zatca_readiness": "", "zatca_problems": 0}, update_modified=False
		)


def work(asked: list[tuple[str, str]]) -> int:
	"""The worker's part; gives how many were lit."""
	from bayancore_erp.invoice_to_cash.adapter.light import light_up_after

	return sum(sum(light_up_after(*asked.pop())) for _ in range(len(asked)))


def test_a_unit_is_given_its_code(frappe: Any, asked: list[tuple[str, str]]) -> None:
	unit = world.make(frappe, "UOM", uom_name="Crate of Dates")
	order, draft = (make(frappe, doctype, row(uom=unit.name)) for doctype in ("Sales Order", "Sales Invoice"))
	order.submit()
	other = make(frappe, "Quotation")
	assert not asked  # a new unit is referred to by nobody
	assert {light(frappe, doc) for doc in (order, draft)} == {("To Check", 1)}
	put_out(frappe, other)
	unit.save()
	assert not asked  # nothing has changed
	unit.zatca_code = "CT"
	unit.save()
	assert asked == [("UOM", unit.name)] and work(asked) == 2
	assert {light(frappe, doc) for doc in (order, draft)} == {("Ready", 0)}
	assert light(frappe, other) == ("", 0)


def test_a_template_says_what_it_means(frappe: Any, asked: list[tuple[str, str]]) -> None:
	template = frappe.get_doc("Item Tax Template", silent_template(frappe))
	quotation = make(frappe, "Quotation", row(), row(item_tax_template=template.name))
	assert light(frappe, quotation) == ("Not Ready", 1)
	template.update({"zatca_vat_category": "Zero Rated", "zatca_exemption_code": "VATEX-SA-35"})
	template.save()
	assert asked == [("Item Tax Template", template.name)] and work(asked) == 1
	assert light(frappe, quotation) == ("Ready", 0)
	template.taxes[0].tax_rate = 5
	template.save()
	assert work(asked) == 1


def test_an_item_gets_its_arabic_name(frappe: Any, asked: list[tuple[str, str]]) -> None:
	item = frappe.get_doc("Item", "PUMP")
	item.db_set("zatca_name_ar", "")
	quotation = make(frappe, "Quotation", row("PUMP", 1, 900))
	assert light(frappe, quotation) == ("Not Ready", 1)
	item.reload()
	item.description = "Another text"
	item.save()
	assert not asked
	item.zatca_name_ar = "مضخة مياه"
	item.save()
	assert asked == [("Item", "PUMP")] and work(asked) == 1
	assert light(frappe, quotation) == ("Ready", 0)


def test_the_company_and_its_settings(frappe: Any, asked: list[tuple[str, str]]) -> None:
	documents = [
		make(frappe, doctype) for doctype in ("Quotation", "Sales Order", "Delivery Note", "Sales Invoice")
	]
	documents.append(frappe.get_doc("Customer", world.VAT_BUYER))
	put_out(frappe, *documents)
	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.price_list_tolerance = 11
	settings.default_unit_code = "C62"
	settings.save()
	assert asked == [("ZATCA Settings", world.COMPANY)] and work(asked) >= len(documents)
	assert {light(frappe, doc) for doc in documents} == {("Ready", 0)}
	company = frappe.get_doc("Company", world.COMPANY)
	company.zatca_name_ar = ""
	company.save()
	assert asked == [("Company", world.COMPANY)]
	work(asked)
	assert {light(frappe, doc)[0] for doc in documents[:-1]} == {"Not Ready"}


def test_the_sellers_address(frappe: Any, asked: list[tuple[str, str]]) -> None:
	quotation = make(frappe, "Quotation")
	seller = frappe.get_doc("Address", frappe.db.get_value("ZATCA Settings", world.COMPANY, "address"))
	seller.save()
	assert not asked
	seller.zatca_building_number = ""
	seller.save()
	assert asked == [("Company", world.COMPANY)]
	work(asked)
	assert light(frappe, quotation)[0] == "Not Ready"


def test_one_change_never_works_without_end(
	frappe: Any, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.invoice_to_cash import jobs
	from bayancore_erp.invoice_to_cash.adapter import light as module

	old, middle, new = (make(frappe, "Quotation") for _ in range(3))
	for age, doc in enumerate((new, middle, old)):
		frappe.db.set_value("Quotation", doc.name, "creation", f"2090-01-0{3 - age}", update_modified=False)
	put_out(frappe, old, middle, new)
	monkeypatch.setattr(module, "MOST_OF_A_MASTER", 2)
	monkeypatch.setattr(module, "OPEN", {"Quotation": module.OPEN["Quotation"]})
	commits: list[int] = []
	monkeypatch.setattr(frappe.db, "commit", lambda: commits.append(1))
	assert jobs.light_up_after("ZATCA Settings", world.COMPANY) == 2 == len(commits)
	assert [light(frappe, doc)[0] for doc in (old, middle, new)] == ["", "Ready", "Ready"]
	monkeypatch.setattr(module, "MOST", 3)
	assert jobs.light_up(world.VAT_BUYER) == 3 == len(commits) - 2, "no row is held for long"


def test_readiness_never_keeps_a_document_from_being_saved(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.invoice_to_cash.adapter import light as module

	def broken(*_given: Any, **_named: Any) -> Any:
		frappe.throw("nobody foresaw this")

	doc = make(frappe, "Quotation")
	monkeypatch.setattr(module, "assess", broken)
	frappe.clear_messages()
	doc.save()
	assert light(frappe, doc) == ("", 0)
	assert not frappe.get_message_log() and logged(frappe, doc)


def test_imports_are_not_slowed(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	doc = make(frappe, "Quotation")
	frappe.db.set_value("Quotation", doc.name, {"zatca_readiness": "", "zatca_problems": 0})
	doc.reload()
	monkeypatch.setattr(frappe.flags, "in_import", True, raising=False)
	doc.save()
	assert light(frappe, doc) == ("", 0)
