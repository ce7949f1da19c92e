"""What installation gives a site, and that nobody can rewrite the lawful record through Frappe's document layer.

The tests share one installation on saudi.local and a connection of their own to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from private_bench import BENCH, PrivateBench

SITE = "saudi.local"
COMPANY = "Bayan Trading Co"
PACKAGE = Path(__file__).resolve().parents[2] / "bayancore_erp"
FIELDS = json.loads((PACKAGE / "fixtures" / "custom_field.json").read_text())
LAYOUT = ("Section Break", "Column Break", "Tab Break")


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	"""frappe, connected to a site with the app freshly installed."""
	bench.restore(SITE, BENCH / "dumps" / "saudi.sql.gz")
	bench.command(SITE, "install-app", "bayancore_erp")
	frappe = pytest.importorskip("frappe")
	frappe.init(site=SITE, sites_path=".")
	frappe.connect()
	try:
		yield frappe
	finally:
		frappe.db.rollback()
		frappe.destroy()


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	"""The same, as Administrator, everything taken back after the test."""
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	site.clear_cache()


def document_values(**changes: Any) -> dict[str, Any]:
	"""A made-up document row."""
	from bayancore_erp.zatca.adapter.records import pack

	return {
		"uuid": "3cf5ee18-ee25-44ea-a444-2c37ba7f28be", "device": "EGS-00001", "icv": 1, "pih": "NWZl", "invoice_hash": "V4U5",
		"invoice_doctype": "Sales Invoice", "invoice_name": "SINV-1", "company": COMPANY, **pack("<a>ريال &amp; b</a>\r\n".encode()), **changes,
	}  # fmt: skip


def add_document(**changes: Any) -> Any:
	"""A document row in the database."""
	from bayancore_erp.zatca.adapter.records import append_row

	return append_row("ZATCA Document", document_values(**changes))


def add_user(frappe: Any, *roles: str) -> str:
	"""A user with these roles, for this test."""
	name = f"{frappe.generate_hash(length=8)}@test.local"
	user = frappe.get_doc({"doctype": "User", "email": name, "first_name": "Test", "send_welcome_email": 0})
	user.flags.no_welcome_mail = True
	user.insert(ignore_permissions=True)
	user.add_roles(*roles)
	return name


# --- installation -----------------------------------------------------------------------------------------------------
def test_every_custom_field_is_there_with_its_module(frappe: Any) -> None:
	stored = {
		row.name: row
		for row in frappe.get_all(
			"Custom Field",
			filters={"fieldname": ("like", "zatca_%")},
			fields=[
				"name",
				"dt",
				"fieldname",
				"module",
				"insert_after",
				"no_copy",
				"translatable",
				"read_only",
			],
		)
	}
	assert set(stored) == {field["name"] for field in FIELDS}
	for field in FIELDS:
		row = stored[field["name"]]
		assert row.module in ("ZATCA", "AI Errors", "Archive", "Invoice to Cash") and not row.translatable
		assert (row.no_copy, row.read_only) == (field.get("no_copy", 0), field.get("read_only", 0))
		assert frappe.get_meta(row.dt).has_field(row.insert_after), (
			f"{row.name} would land at the end of the form"
		)
		if field["fieldtype"] not in (*LAYOUT, "Table"):
			assert frappe.db.has_column(row.dt, row.fieldname), row.name


def test_the_forms_are_valid_doctypes(frappe: Any) -> None:
	from frappe.core.doctype.doctype.doctype import validate_fields_for_doctype

	for doctype in sorted({field["dt"] for field in FIELDS}):
		validate_fields_for_doctype(doctype)


def test_constants_and_fixture_name_the_same_fields() -> None:
	from bayancore_erp.zatca.adapter import fields

	classes = {
		"Company": fields.CompanyField, "Branch": fields.BranchField, "Address": fields.AddressField,
		"Customer": fields.CustomerField, "Item": fields.ItemField, "Item Tax Template": fields.ItemTaxTemplateField,
		"Sales Taxes and Charges Template": fields.TaxTemplateField, "Sales Taxes and Charges": fields.TaxRowField,
		"UOM": fields.UomField, "Mode of Payment": fields.ModeOfPaymentField, "POS Profile": fields.PosProfileField,
		"Payment Entry": fields.PaymentEntryField, "Sales Invoice": fields.SalesInvoiceField, "POS Invoice": fields.InvoiceField,
		"Sales Invoice Item": fields.InvoiceItemField, "POS Invoice Item": fields.InvoiceItemField,
	}  # fmt: skip
	ours = [f for f in FIELDS if f["module"] == "ZATCA"]
	for doctype, holder in classes.items():
		named = {getattr(holder, name) for name in dir(holder) if name.isupper()}
		there = {f["fieldname"] for f in ours if f["dt"] == doctype and f["fieldtype"] not in LAYOUT}
		assert named == there, doctype
	options = {
		(f["dt"], f["fieldname"]): f.get("options", "").split("\n")
		for f in FIELDS
		if f["fieldtype"] == "Select"
	}
	assert options["Sales Invoice", "zatca_state"] == [state.value for state in fields.State]
	assert options["Customer", "zatca_buyer_kind"][1:] == [kind.value for kind in fields.BuyerKind]
	assert options["Sales Taxes and Charges", "zatca_treatment"] == [one.value for one in fields.Treatment]
	assert options["Sales Invoice", "zatca_reason_code"][1:] == list(fields.NOTE_REASON_OF)
	assert options["Item Tax Template", "zatca_vat_category"][1:] == list(fields.CATEGORY_OF)
	for doctype in fields.INVOICE_DOCTYPES:
		rows = {f["fieldname"]: f for f in ours if f["dt"] == doctype}
		assert {n for n, f in rows.items() if f.get("read_only")} <= set(fields.SYSTEM_FIELDS)
		assert all(rows[n].get("no_copy") for n in fields.SYSTEM_FIELDS if n in rows)


def test_exemption_reasons_are_those_of_the_core(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.fields import CATEGORY_NAME
	from bayancore_erp.zatca.core.codes import EXEMPTIONS

	rows = frappe.get_all("ZATCA Exemption Reason", fields=["name", "vat_category", "reason_en", "reason_ar"])
	assert {r.name: (r.vat_category, r.reason_en, r.reason_ar) for r in rows} == {
		code: (CATEGORY_NAME[why.category], why.reason.en, why.reason.ar) for code, why in EXEMPTIONS.items()
	}


def test_migrate_changes_nothing(bench: PrivateBench, site: Any) -> None:
	def picture() -> dict[str, Any]:
		site.db.rollback()
		return {
			doctype: sorted(site.get_all(doctype, pluck="name"))
			for doctype in (
				"Custom Field",
				"ZATCA Exemption Reason",
				"Account",
				"Item Tax Template",
				"ZATCA Settings",
				"Role",
			)
		}

	before = picture()
	bench.command(SITE, "migrate")
	assert picture() == before


def test_arabic_is_there_without_a_build(frappe: Any) -> None:
	"""That nothing is missing is asked without a bench (tests/architecture/test_arabic.py); that Frappe finds it, here."""
	from frappe import _
	from frappe.translate import get_all_translations

	assert get_all_translations("ar")["ZATCA Status"] == "حالة الفاتورة لدى الهيئة"
	assert _("Automatic", "ar", "Quotation") == "تلقائي"
	assert _("Amount", "ar") == "المبلغ" and _("Brand", "ar") != _("Brand", "ar", "Archive Settings")


# --- company ----------------------------------------------------------------------------------------------------------
def records(frappe: Any, company: str) -> dict[str, list[str]]:
	"""What set-up makes for a company."""
	return {
		doctype: sorted(frappe.get_all(doctype, filters={"company": company}, pluck="name"))
		for doctype in (
			"ZATCA Settings", "Account", "Sales Taxes and Charges Template", "Purchase Taxes and Charges Template", "Item Tax Template",
		)
	}  # fmt: skip


def test_a_saudi_company_is_set_up_once(frappe: Any) -> None:
	from bayancore_erp.setup.company import preview_company, setup_company

	before = records(frappe, COMPANY)
	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	assert not settings.enabled
	account = frappe.get_doc("Account", settings.output_vat_account)
	assert (account.account_name, account.account_type, account.root_type) == (
		"VAT 15% Output",
		"Tax",
		"Liability",
	)
	default = frappe.get_doc("Sales Taxes and Charges Template", {"company": COMPANY, "is_default": 1})
	assert (default.zatca_vat_category, default.taxes[0].rate) == ("Standard Rated", 15)
	item = frappe.get_doc("Item Tax Template", {"company": COMPANY, "zatca_exemption_code": "VATEX-SA-35"})
	assert item.zatca_vat_category == "Zero Rated" and {row.tax_rate for row in item.taxes} == {0}
	assert all(row["exists"] for row in preview_company(COMPANY))
	assert setup_company(COMPANY)["created"] == []
	assert records(frappe, COMPANY) == before


def test_a_renamed_template_is_not_made_again(frappe: Any) -> None:
	from bayancore_erp.setup.company import setup_company

	name = frappe.db.get_value(
		"Item Tax Template", {"company": COMPANY, "zatca_exemption_code": "VATEX-SA-35"}
	)
	frappe.db.set_value("Item Tax Template", name, "title", "Our medicines")
	assert setup_company(COMPANY)["created"] == []


def test_one_vat_account_may_serve_sales_and_purchases(frappe: Any) -> None:
	from bayancore_erp.setup.company import add_exemption, setup_company

	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	own = settings.output_vat_account
	frappe.db.set_value("Account", own, "account_name", "VAT 15 %")
	frappe.db.delete("Account", {"name": settings.input_vat_account})
	frappe.db.set_value(
		"Purchase Taxes and Charges", {"account_head": settings.input_vat_account}, "account_head", own
	)
	frappe.db.delete("ZATCA Settings", {"name": COMPANY})
	frappe.db.delete("Item Tax Template", {"company": COMPANY})
	frappe.clear_cache()
	setup_company(COMPANY)
	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	assert settings.output_vat_account == settings.input_vat_account == own
	item = frappe.get_doc("Item Tax Template", add_exemption(COMPANY, "VATEX-SA-MLTRY"))
	assert [(row.tax_type, row.tax_rate) for row in item.taxes] == [(own, 0)]


def test_a_new_saudi_company_is_set_up_by_itself(frappe: Any) -> None:
	for name, abbr, country, expected in (
		("Nakhla Est", "NKH", "Saudi Arabia", 12),
		("Dubai LLC", "DXB", "United Arab Emirates", 0),
	):
		frappe.get_doc(
			{
				"doctype": "Company",
				"company_name": name,
				"abbr": abbr,
				"country": country,
				"default_currency": "SAR",
				"chart_of_accounts": "Standard",
			}
		).insert()
		made = frappe.get_all(
			"Item Tax Template", filters={"company": name, "zatca_vat_category": ("is", "set")}
		)
		assert len(made) == expected, name
		assert bool(frappe.db.exists("ZATCA Settings", name)) == bool(expected)


def test_the_first_company_of_a_site_brings_its_rounding(frappe: Any) -> None:
	"""Installed before the set-up wizard, there is no company yet to look at."""
	frappe.db.set_single_value("System Settings", "rounding_method", "Banker's Rounding")
	frappe.db.delete("ZATCA Settings", {"company": COMPANY})
	# another test's companies may have stayed: ERPNext commits while it makes a chart of accounts
	frappe.db.delete("Company", {"name": ("!=", COMPANY)})
	frappe.get_doc("Company", COMPANY).save()
	assert frappe.db.exists("ZATCA Settings", COMPANY)
	assert frappe.db.get_single_value("System Settings", "rounding_method") == "Commercial Rounding"


def test_a_company_with_books_is_asked_first(frappe: Any) -> None:
	"""Installed into a live site, the app makes no accounts or templates by itself."""
	from bayancore_erp.setup import install

	for doctype in ("ZATCA Settings", "Item Tax Template"):
		frappe.db.delete(doctype, {"company": COMPANY})
	frappe.get_doc(
		{
			"doctype": "GL Entry",
			"name": "GLE-1",
			"company": COMPANY,
			"account": frappe.db.get_value("Account", {}),
		}
	).db_insert()
	install.after_sync()
	assert not frappe.get_doc("ZATCA Settings", COMPANY).output_vat_account
	frappe.get_doc("Company", COMPANY).save()
	assert not frappe.db.exists("Item Tax Template", {"company": COMPANY})


def test_one_more_exemption(frappe: Any) -> None:
	from bayancore_erp.setup.company import add_exemption

	name = add_exemption(COMPANY, "VATEX-SA-MLTRY")
	assert add_exemption(COMPANY, "VATEX-SA-MLTRY") == name
	assert frappe.db.get_value("Item Tax Template", name, "zatca_exemption_code") == "VATEX-SA-MLTRY"
	with pytest.raises(frappe.ValidationError):
		add_exemption(COMPANY, "VATEX-SA-99")


def test_set_up_is_for_saudi_companies_only(frappe: Any) -> None:
	from bayancore_erp.setup.company import setup_company

	frappe.db.set_value("Company", COMPANY, "country", "Kuwait")
	with pytest.raises(frappe.ValidationError):
		setup_company(COMPANY)


def test_settings_need_a_vat_number_to_be_enabled(frappe: Any) -> None:
	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	settings.enabled = 1
	with pytest.raises(frappe.ValidationError, match="15 digits"):
		settings.save()
	frappe.db.set_value("Company", COMPANY, "tax_id", "310122393500003")
	frappe.clear_document_cache("Company", COMPANY)
	settings.reload()
	settings.update({"enabled": 1, "outage_active": 1})
	settings.save()
	assert settings.enabled and not settings.outage_active, "outage mode has an action of its own"


# --- rounding ---------------------------------------------------------------------------------------------------------
def test_rounding_is_set_on_a_fresh_site_and_previewed_on_a_live_one(frappe: Any) -> None:
	from bayancore_erp.setup import rounding

	assert rounding.pending_changes() == [], "installation set them: the site had no books"
	frappe.db.set_single_value("System Settings", "rounding_method", "Banker's Rounding")
	frappe.db.set_single_value("Global Defaults", "disable_rounded_total", 0)
	frappe.get_doc(
		{
			"doctype": "GL Entry",
			"name": "GLE-1",
			"company": COMPANY,
			"account": frappe.db.get_value("Account", {}),
		}
	).db_insert()
	preview = rounding.preview_rounding()
	assert preview["live"] and [entry["to"] for entry in preview["settings"]] == ["Commercial Rounding", 1]
	assert rounding.apply_on_fresh_site() == []
	with pytest.raises(frappe.ValidationError, match="preview"):
		rounding.apply_rounding()
	assert frappe.db.get_single_value("System Settings", "rounding_method") == "Banker's Rounding"
	rounding.apply_rounding(consent=True)
	assert frappe.db.get_single_value("System Settings", "rounding_method") == "Commercial Rounding"
	hidden = {"doc_type": "Sales Invoice", "field_name": "rounded_total", "property": "hidden"}
	assert frappe.db.get_value("Property Setter", hidden, "value") == "1"


def test_the_preview_counts_what_half_up_would_change(frappe: Any) -> None:
	from bayancore_erp.setup.rounding import count_vat_differences

	# 99.90 x 15 % = 14.985: 14.98 to the even digit, 14.99 half-up; 100 x 15 % is the same either way
	for name, tax, total in (("SI-A", 14.98, 114.88), ("SI-B", 15, 115), ("SI-C", 14.99, 114.89)):
		frappe.get_doc(
			{
				"doctype": "Sales Taxes and Charges", "name": name, "parent": name, "parenttype": "Sales Invoice", "parentfield": "taxes",
				"charge_type": "On Net Total", "rate": 15, "tax_amount_after_discount_amount": tax, "total": total,
			}
		).db_insert()  # fmt: skip
	assert count_vat_differences(["SI-A", "SI-B", "SI-C"]) == 1


# --- what the site knows already ---------------------------------------------------------------------------------------
def test_existing_master_data_is_read_and_nothing_is_overwritten(frappe: Any) -> None:
	from bayancore_erp.setup.data_migration import fill_data, preview_data

	customers = {
		"نخلة للأغذية": ("Company", "301121971500003", ""),
		"Berlin GmbH": ("Company", "DE123", "Germany"),
		"Ali": ("Individual", "", ""),
		"Unclear LLC": ("Company", "", ""),
		"Said Already": ("Individual", "", ""),
	}
	for name, (kind, tax_id, country) in customers.items():
		frappe.get_doc(
			{"doctype": "Customer", "customer_name": name, "customer_type": kind, "tax_id": tax_id}
		).insert()
		if country:
			frappe.get_doc(
				{
					"doctype": "Address", "address_title": name, "address_line1": "Weg 1", "city": "Berlin", "country": country,
					"links": [{"link_doctype": "Customer", "link_name": name}],
				}
			).insert()  # fmt: skip
	frappe.db.set_value("Customer", "Said Already", "zatca_buyer_kind", "Government")
	streets = {
		"7421 King Fahd Road": "7421",
		"7421 طريق الملك فهد": "7421",
		"شارع العليا، مبنى رقم 7421": "7421",
		"شارع الملك فهد 7421": "",
		"King Fahd Road, 7421 - 2345": "",
		"7421 King Fahd Road 12214": "",
		"P.O. Box 3456": "",
		"3456 P.O. Box, King Fahd Road": "",
		"Unit 1404": "",
		"1404 Olaya Tower, King Fahd Road": "",
		"2030 Street": "",
		"Road 12345": "",
		"Unit 12, Road 74210": "",
		"Olaya": "",
	}
	places = {}
	for number, street in enumerate(streets):
		places[street] = frappe.get_doc(
			{
				"doctype": "Address", "address_title": f"P{number}", "address_line1": street, "city": "الرياض",
				"county": "العليا", "country": "Saudi Arabia",
			}
		).insert()  # fmt: skip
	preview = preview_data()
	counts = preview["counts"]
	assert counts["Customer.zatca_buyer_kind"] == 3 and counts["Address.zatca_building_number"] == 3
	assert preview["without_building"] == len(streets) - 3
	assert not frappe.db.get_value("Customer", "Ali", "zatca_buyer_kind"), "a preview writes nothing"
	assert fill_data() == sum(counts.values())
	kinds = dict(frappe.get_all("Customer", fields=["name", "zatca_buyer_kind"], as_list=True))
	assert [kinds[name] or "" for name in customers] == [
		"VAT Registered", "Foreign", "Private Person", "", "Government",
	]  # fmt: skip
	assert frappe.db.get_value("Customer", "نخلة للأغذية", "zatca_name_ar") == "نخلة للأغذية"
	for street, building in streets.items():
		assert (
			frappe.db.get_value("Address", places[street].name, "zatca_building_number") or ""
		) == building, street
	assert frappe.db.get_value("Address", places["Olaya"].name, ["zatca_district", "zatca_city_ar"]) == (
		"العليا",
		"الرياض",
	)
	assert preview_data()["counts"] == {} and fill_data() == 0


def test_what_reads_past_everybodys_rights_is_for_who_may_change_it(frappe: Any) -> None:
	from bayancore_erp.setup.data_migration import preview_data
	from bayancore_erp.setup.rounding import preview_rounding

	frappe.set_user(add_user(frappe, "ZATCA Manager"))
	for preview in (preview_data, preview_rounding):
		with pytest.raises(frappe.PermissionError):
			preview()


# --- the record is written once ---------------------------------------------------------------------------------------
def test_the_bytes_come_back_exactly(frappe: Any) -> None:
	row = add_document()
	assert frappe.get_doc("ZATCA Document", row.name).xml == "<a>ريال &amp; b</a>\r\n".encode()
	frappe.db.set_value("ZATCA Document", row.name, "content_sha256", "0" * 64)
	with pytest.raises(frappe.ValidationError):
		frappe.get_doc("ZATCA Document", row.name).xml  # noqa: B018


@pytest.mark.parametrize(
	"raw", [b'{"a": 1}', b"<html>\n502</html>", b"\xff\xfe", b"", b" x ", b"a" * 9000, "عربي".encode()]
)
def test_an_answer_comes_back_exactly(frappe: Any, raw: bytes) -> None:
	from bayancore_erp.zatca.adapter.records import append_row, pack_body

	row = append_row("ZATCA Attempt", {"row_kind": "Answer", "request": "r1", **pack_body(raw)})
	assert frappe.get_doc("ZATCA Attempt", row.name).raw == raw


def change_and_save(frappe: Any, row: Any) -> None:
	row.company = "Other"
	row.save()


def change_past_validation(frappe: Any, row: Any) -> None:
	row.flags.ignore_validate = True
	row.company = "Other"
	row.save(ignore_permissions=True)


WAYS: dict[str, Callable[[Any, Any], Any]] = {
	"save": change_and_save,
	"save past validation": change_past_validation,
	"submit": lambda frappe, row: row.submit(),
	"db_set": lambda frappe, row: row.db_set("company", "Other"),
	"db_update": lambda frappe, row: row.db_update(),
	"client.set_value": lambda frappe, row: frappe.get_attr("frappe.client.set_value")(row.doctype, row.name, "company", "Other"),
	"client.save": lambda frappe, row: frappe.get_attr("frappe.client.save")({**row.as_dict(), "company": "Other"}),
	"client.delete": lambda frappe, row: frappe.get_attr("frappe.client.delete")(row.doctype, row.name),
	"desk bulk edit": lambda frappe, row: frappe.get_doc(row.doctype, row.name).update({"company": "Other"}).save(),
	"delete": lambda frappe, row: row.delete(),
	"delete by force": lambda frappe, row: frappe.delete_doc(row.doctype, row.name, force=True, ignore_permissions=True),
	"rename": lambda frappe, row: frappe.rename_doc(row.doctype, row.name, "another"),
	"rename by force": lambda frappe, row: frappe.rename_doc(row.doctype, row.name, "another", force=True),
	"client.rename": lambda frappe, row: frappe.get_attr("frappe.client.rename_doc")(row.doctype, row.name, "another"),
	"insert by hand": lambda frappe, row: frappe.get_doc({"doctype": row.doctype, **document_values(uuid="x", icv=9)}).insert(),
	"client.insert": lambda frappe, row: frappe.get_attr("frappe.client.insert")(
		{"doctype": row.doctype, **document_values(uuid="x", icv=9)}
	),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_path_changes_a_document(frappe: Any, way: str) -> None:
	"""Administrator has every permission, so it is the controller that refuses."""
	row = add_document()
	stored = frappe.db.get_value("ZATCA Document", row.name, "*", as_dict=True)
	with pytest.raises(frappe.ValidationError):
		WAYS[way](frappe, frappe.get_doc("ZATCA Document", row.name))
	assert frappe.db.get_value("ZATCA Document", row.name, "*", as_dict=True) == stored
	assert frappe.db.count("ZATCA Document") == 1


@pytest.mark.parametrize("doctype", ["ZATCA Attempt", "ZATCA Skip"])
@pytest.mark.parametrize(
	"way", ["save", "save past validation", "db_set", "delete by force", "rename by force"]
)
def test_no_path_changes_attempts_and_skips(frappe: Any, doctype: str, way: str) -> None:
	from bayancore_erp.zatca.adapter.records import append_row

	values = {"row_kind": "Request"} if doctype == "ZATCA Attempt" else {"reason_code": "Consolidated"}
	row = append_row(doctype, {"invoice_name": "SINV-1", "company": COMPANY, **values})
	with pytest.raises(frappe.ValidationError):
		WAYS[way](frappe, frappe.get_doc(doctype, row.name))
	assert frappe.db.get_value(doctype, row.name, "company") == COMPANY


def test_a_submission_is_written_by_the_system_only(frappe: Any) -> None:
	row = frappe.get_doc({"doctype": "ZATCA Submission", "invoice_name": "SINV-1", "company": COMPANY})
	with pytest.raises(frappe.ValidationError):
		row.insert()
	row.flags.by_the_writer = True
	row.insert()
	fresh = frappe.get_doc("ZATCA Submission", row.name)
	fresh.state = "Cleared"
	with pytest.raises(frappe.ValidationError):
		fresh.save()
	with pytest.raises(frappe.ValidationError):
		fresh.delete()


def test_one_place_in_the_chain_and_one_uuid(frappe: Any) -> None:
	add_document()
	for changes in ({"uuid": "another"}, {"icv": 2}):
		with pytest.raises((frappe.UniqueValidationError, frappe.DuplicateEntryError)):
			add_document(**changes)
	add_document(uuid="another", icv=1, device="EGS-00002")


def test_one_live_claim_on_an_invoice(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.records import live_key

	def claim(key: str) -> None:
		row = frappe.get_doc({"doctype": "ZATCA Submission", "invoice_name": "SINV-1", "live_key": key})
		row.flags.by_the_writer = True
		row.insert()

	claim(live_key("Sales Invoice", "SINV-1"))
	claim("")
	claim("")
	with pytest.raises(frappe.UniqueValidationError):
		claim(live_key("Sales Invoice", "SINV-1"))


def test_one_reason_for_each_skipped_invoice(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.records import append_row

	values = {"invoice_doctype": "Sales Invoice", "invoice_name": "SINV-1", "reason_code": "Opening Entry"}
	append_row("ZATCA Skip", values)
	with pytest.raises((frappe.UniqueValidationError, frappe.DuplicateEntryError)):
		append_row("ZATCA Skip", values)


@pytest.mark.parametrize("doctype", ["ZATCA Document", "ZATCA Attempt", "ZATCA Skip", "ZATCA Submission"])
def test_the_record_cannot_be_customised(frappe: Any, doctype: str) -> None:
	from frappe.custom.doctype.property_setter.property_setter import make_property_setter

	with pytest.raises(frappe.ValidationError, match="customised"):
		frappe.get_doc(
			{"doctype": "Custom Field", "dt": doctype, "fieldname": "x", "label": "X", "fieldtype": "Data"}
		).insert()
	with pytest.raises(frappe.ValidationError, match="customised"):
		make_property_setter(doctype, "company", "read_only", 0, "Check")
	form = frappe.get_doc("Customize Form")
	form.doc_type = doctype
	form.fetch_to_customize()
	form.allow_import = 1
	with pytest.raises(frappe.ValidationError, match="customised"):
		form.save_customization()
	with pytest.raises(frappe.ValidationError, match="customised"):
		frappe.get_attr("frappe.core.page.permission_manager.permission_manager.update")(
			doctype, "Accounts User", 0, "write", "1"
		)
	with pytest.raises(frappe.ValidationError, match="customised"):
		frappe.get_attr("frappe.core.page.permission_manager.permission_manager.add")(
			doctype, "Sales User", 0
		)


def test_a_company_that_has_issued_keeps_its_transactions_and_its_name(frappe: Any) -> None:
	deletion = {"doctype": "Transaction Deletion Record", "company": COMPANY}
	frappe.get_doc(deletion).insert()
	add_document()
	with pytest.raises(frappe.ValidationError, match="forbids"):
		frappe.get_doc(deletion).insert()
	with pytest.raises(frappe.ValidationError):
		frappe.rename_doc("Company", COMPANY, "New Name", force=True)
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc("Company", COMPANY, force=True)
	with pytest.raises(frappe.ValidationError):
		frappe.delete_doc("ZATCA Settings", COMPANY, force=True)


def test_transaction_deletion_leaves_settings_and_devices(frappe: Any) -> None:
	from erpnext.setup.doctype.transaction_deletion_record.transaction_deletion_record import (
		get_doctypes_to_be_ignored,
	)

	assert {"ZATCA Settings", "ZATCA Device"} <= set(get_doctypes_to_be_ignored())


# --- devices ----------------------------------------------------------------------------------------------------------
def add_device(frappe: Any, **values: Any) -> Any:
	"""A device of the company."""
	return frappe.get_doc(
		{
			"doctype": "ZATCA Device",
			"device_name": "Till",
			"company": COMPANY,
			"environment": "Sandbox",
			**values,
		}
	).insert(ignore_permissions=True)


def test_a_form_cannot_move_the_chain_or_the_secrets(frappe: Any) -> None:
	device = add_device(frappe, icv=7, status="Active", private_key="mine")
	assert (device.icv, device.status, device.private_key) == (0, "New", None)
	stale = frappe.get_doc("ZATCA Device", device.name)
	frappe.db.set_value("ZATCA Device", device.name, {"icv": 41, "pih": "abc"}, update_modified=False)
	device.store_secrets(private_key="k" * 300)
	stale.update(
		{
			"icv": 1,
			"pih": "",
			"private_key": "",
			"status": "Active",
			"device_name": "Till 2",
			"environment": "Production",
		}
	)
	stale.save()
	from bayancore_erp.zatca.adapter.sealing import secret_of

	stored = frappe.get_doc("ZATCA Device", device.name)
	assert (stored.icv, stored.pih, stored.status, stored.device_name) == (41, "abc", "New", "Till 2")
	assert stored.environment == "Sandbox"
	assert secret_of(stored.name, "private_key") == "k" * 300
	assert set(stored.private_key) == {"*"}
	with pytest.raises(frappe.ValidationError):
		stored.delete()


def test_no_api_answers_with_a_secret(frappe: Any) -> None:
	device = add_device(frappe)
	device.store_secrets(private_key="very secret", production_secret="s3cret")
	frappe.local.form_dict = frappe._dict(doctype="ZATCA Device", name=device.name, fieldname="private_key")
	from frappe.handler import execute_cmd

	frappe.local.request = frappe._dict(method="GET")
	try:
		with pytest.raises(frappe.PermissionError):
			execute_cmd("frappe.client.get_password")
	finally:
		del frappe.local.request
	answers = json.dumps(
		[
			frappe.get_doc("ZATCA Device", device.name).as_dict(),
			frappe.db.sql("select * from `tabZATCA Device`"),
		],
		default=str,
	)
	assert "secret" not in answers.replace("production_secret", "").replace("compliance_secret", "")


def test_onboarding_may_write_what_a_form_may_not(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.sealing import secret_of

	device = add_device(frappe)
	device.write_standing(status="Active", certificate_serial="01")
	assert frappe.db.get_value("ZATCA Device", device.name, "status") == "Active"
	with pytest.raises(KeyError):
		secret_of(device.name, "private_key")


# --- who may do what --------------------------------------------------------------------------------------------------
READ_ALL = {"ZATCA Manager", "ZATCA Auditor", "Accounts Manager", "Accounts User"}


@pytest.mark.parametrize("doctype", ["ZATCA Document", "ZATCA Attempt", "ZATCA Submission", "ZATCA Skip"])
def test_rights_on_the_record(frappe: Any, doctype: str) -> None:
	for role in (*sorted(READ_ALL), "Sales User", "Stock User"):
		user = add_user(frappe, role)
		assert frappe.has_permission(doctype, "read", user=user) == (role in READ_ALL), role
		for right in ("write", "create", "delete", "import", "submit", "cancel", "amend", "share"):
			assert not frappe.has_permission(doctype, right, user=user), f"{role}: {right}"


def test_rights_on_settings_and_devices(frappe: Any) -> None:
	for role, writes in (
		("ZATCA Manager", True),
		("ZATCA Auditor", False),
		("Accounts User", False),
		("Accounts Manager", False),
	):
		user = add_user(frappe, role)
		for doctype in ("ZATCA Settings", "ZATCA Device"):
			assert frappe.has_permission(doctype, "read", user=user), role
			assert frappe.has_permission(doctype, "write", user=user) == writes, role
	assert not frappe.has_permission("ZATCA Device", "read", user=add_user(frappe, "Sales User"))


def test_accountants_of_one_company_do_not_see_another(frappe: Any) -> None:
	mine, other = add_document(), add_document(uuid="another", icv=2, company="Other Co")
	user = add_user(frappe, "Accounts User")
	frappe.set_user(user)
	assert {row.name for row in frappe.get_list("ZATCA Document")} == {mine.name, other.name}
	frappe.set_user("Administrator")
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Company", "for_value": COMPANY}
	).insert()
	frappe.set_user(user)
	assert [row.name for row in frappe.get_list("ZATCA Document")] == [mine.name]
	assert frappe.get_doc("ZATCA Document", mine.name).has_permission("read")
	assert not frappe.get_doc("ZATCA Document", other.name).has_permission("read")


def test_a_company_applicable_for_another_doctype_opens_nothing(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import reach
	from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen
	from bayancore_erp.zatca.page.zatca_setup.zatca_setup import saudi_companies

	def permit(company: str, **applicable: Any) -> None:
		values = {"doctype": "User Permission", "user": user, "allow": "Company", "for_value": company}
		frappe.get_doc({**values, **applicable}).insert(ignore_permissions=True, ignore_links=True)

	add_document()
	other = add_document(uuid="another", icv=2, company="Other Co")
	user = add_user(frappe, "ZATCA Manager")
	permit(COMPANY, apply_to_all_doctypes=0, applicable_for="Purchase Order")
	frappe.set_user(user)
	assert len(frappe.get_list("ZATCA Document")) == 2, "Frappe confines purchase orders only"
	assert reach.companies() is None
	permit("Other Co")
	assert [row.name for row in frappe.get_list("ZATCA Document")] == [other.name]
	assert not frappe.get_doc("ZATCA Document", {"company": COMPANY}).has_permission("read")
	assert reach.companies() == companies_seen(None) == ["Other Co"] and saudi_companies() == []
	permit(COMPANY, apply_to_all_doctypes=0, applicable_for="ZATCA Document")
	assert len(frappe.get_list("ZATCA Document")) == 2 and saudi_companies() == []


# --- leaving ----------------------------------------------------------------------------------------------------------
def test_uninstalling_waits_for_a_verified_export(frappe: Any) -> None:
	from bayancore_erp.setup import exports, install

	install.before_uninstall()
	add_document()
	with pytest.raises(install.RecordsWouldBeLost):
		install.before_uninstall()
	count, digest = exports.records_digest()
	with pytest.raises(frappe.ValidationError):
		exports.confirm_export(count, "0" * 64, "/somewhere")
	exports.confirm_export(count, digest, "/somewhere")
	install.before_uninstall()
	add_document(uuid="another", icv=2)
	with pytest.raises(install.RecordsWouldBeLost):
		install.before_uninstall()


def test_the_command_refuses_and_the_switch_permits(bench: PrivateBench, site: Any) -> None:
	site.set_user("Administrator")
	add_document()
	site.db.commit()
	refused = bench.command(SITE, "uninstall-app", "bayancore_erp", "--yes", "--no-backup", check=False)
	assert refused.returncode and "lawful records" in refused.stderr
	assert "bayancore_erp" in bench.command(SITE, "list-apps").stdout
	bench.command(SITE, "set-config", "bayancore_allow_uninstall", "1")
	bench.command(SITE, "uninstall-app", "bayancore_erp", "--yes", "--no-backup")
	bench.command(SITE, "set-config", "bayancore_allow_uninstall", "0")
	site.db.rollback()
	assert not site.db.sql("select name from `tabCustom Field` where fieldname like 'zatca_%%'")
	assert not site.db.table_exists("ZATCA Document", cached=False)
