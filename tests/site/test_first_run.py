"""ERPNext's first-run wizard on a bare site: for a company in Saudi Arabia it prepares VAT, for another it leaves all alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from private_bench import BENCH, PrivateBench

SITE = "pristine.local"
COMPANY = "First Run Trading"
TOLD = {
	"zatca_name_ar": "شركة البداية للتجارة",
	"zatca_vat_number": "310122393510003",
	"zatca_registration_number": "7001234567",
}


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench) -> Iterator[Any]:
	"""A site with ERPNext and this app whose wizard nobody has gone through."""
	bench.restore(SITE, BENCH / "dumps" / "pristine.sql.gz")
	bench.command(SITE, "install-app", "bayancore_erp")
	frappe = pytest.importorskip("frappe")
	frappe.init(site=SITE, sites_path=".")
	frappe.connect()
	frappe.set_user("Administrator")
	try:
		assert not frappe.is_setup_complete()
		yield frappe
	finally:
		frappe.db.rollback()
		frappe.destroy()


def typed(country: str, **more: str) -> dict[str, str]:
	"""What the wizard's slides send."""
	return {
		"language": "English",
		"country": country,
		"timezone": "Asia/Riyadh",
		"currency": "SAR",
		"full_name": "Mona",
		"email": "mona@first.example",
		"password": "Riyadh-2026-mona",
		"company_name": COMPANY,
		"company_abbr": "FRT",
		"chart_of_accounts": "Standard",
		"fy_start_date": "2026-01-01",
		"fy_end_date": "2026-12-31",
		**more,
	}


def test_another_country_gets_no_stage(frappe: Any) -> None:
	from frappe.desk.page.setup_wizard.setup_wizard import get_setup_stages

	def ours(country: str) -> list[str]:
		stages = get_setup_stages(frappe._dict(typed(country)))
		return [stage["status"] for stage in stages if stage["status"] == "Preparing Saudi VAT"]

	assert ours("Kuwait") == [] and ours("Saudi Arabia") == ["Preparing Saudi VAT"]


def test_a_saudi_company_is_prepared(frappe: Any) -> None:
	from frappe.desk.page.setup_wizard.setup_wizard import setup_complete

	from bayancore_erp.setup import company as company_setup
	from bayancore_erp.zatca.adapter import seller_form

	# one number is wrong: it is kept all the same, and the page says so
	told = {**TOLD, "zatca_registration_number": "1234"}
	setup_complete(frappe.as_json(typed("Saudi Arabia", **told)))
	frappe.db.commit()
	assert frappe.db.get_value("Company", COMPANY, "country") == "Saudi Arabia"
	assert all(row["exists"] for row in company_setup.rows_of(COMPANY)), "accounts and templates"
	assert frappe.db.get_single_value("System Settings", "rounding_method") == "Commercial Rounding"
	assert frappe.db.get_value("UOM", "Nos", "zatca_code"), "units that came with the wizard have their codes"
	values = seller_form.read(COMPANY)
	assert (values["name_ar"], values["vat_number"], values["registration_number"]) == (
		TOLD["zatca_name_ar"],
		TOLD["zatca_vat_number"],
		"1234",
	)
	wrong = {item.field for item in seller_form.gaps(COMPANY)}
	assert "registration_number" in wrong and not wrong & {"name_ar", "vat_number"}
	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	assert not settings.enabled and not settings.default_device, "nothing goes live by itself"
	assert not frappe.db.count("ZATCA Device")
