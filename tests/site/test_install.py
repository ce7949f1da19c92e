"""The app installs into an existing site, migrates and leaves again, with nothing of it left behind."""

from __future__ import annotations

import pytest
import world
from fatoora import onboard, simulator
from private_bench import PrivateBench

SITE = "pristine.local"
OURS = "select count(*) from `tabCustom Field` where module in ('ZATCA', 'AI Errors', 'Archive', 'Invoice to Cash')"
DOCTYPES = (
	"select count(*) from tabDocType where module in ('ZATCA', 'AI Errors', 'Archive', 'Invoice to Cash')"
)


def count(bench: PrivateBench, query: str) -> int:
	"""The number a query on the site gives."""
	answer = bench.command(SITE, "mariadb", "-N", "-e", query).stdout
	return int(answer.split()[-1])


def test_install_migrate_uninstall(bench: PrivateBench) -> None:
	bench.command(SITE, "install-app", "bayancore_erp")
	assert "bayancore_erp" in bench.command(SITE, "list-apps").stdout
	fields, doctypes = count(bench, OURS), count(bench, DOCTYPES)
	assert fields > 100 and doctypes >= 9
	bench.command(SITE, "migrate")
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (fields, doctypes)
	bench.command(SITE, "uninstall-app", "bayancore_erp", "--yes", "--no-backup")
	assert "bayancore_erp" not in bench.command(SITE, "list-apps").stdout
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (0, 0)
	bench.command(SITE, "install-app", "bayancore_erp")
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (fields, doctypes)


def test_a_site_with_lawful_records_is_not_left(bench: PrivateBench) -> None:
	"""Refused while this site is the only place that holds them; one more record makes a verified export incomplete."""
	from bayancore_erp.setup import exports, install

	with simulator() as fatoora, world.connected(bench) as frappe:
		onboard(frappe, fatoora)

		def sell() -> None:
			world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)]).submit()
			frappe.db.commit()

		sell()
		refused = bench.command(
			world.SITE, "uninstall-app", "bayancore_erp", "--yes", "--no-backup", check=False
		)
		assert refused.returncode and "lawful records" in refused.stdout + refused.stderr
		frappe.db.rollback()
		assert frappe.db.count("ZATCA Document") and frappe.db.exists("Module Def", "ZATCA")
		exports.confirm_export(*exports.records_digest(), "elsewhere")
		install.before_uninstall()
		sell()
		with pytest.raises(install.RecordsWouldBeLost):
			install.before_uninstall()
		frappe.db.rollback()


def test_existing_master_data_is_filled_after_a_look(bench: PrivateBench) -> None:
	"""Customers and addresses from before the app: shown with the reason, then filled, never overwritten."""
	from bayancore_erp.setup.data_migration import fill_data, preview_data

	with world.connected(bench) as frappe:
		name = "مؤسسة القديمة للتجارة"
		world.make(
			frappe, "Customer", customer_name=name, customer_group="Commercial", territory="All Territories",
			customer_type="Company", tax_id="311111111100003",
		)  # fmt: skip
		found = [row for row in preview_data()["rows"] if row["name"] == name]
		assert {row["field"]: row["value"] for row in found} == {
			"zatca_name_ar": name,
			"zatca_buyer_kind": "VAT Registered",
		}
		assert all(row["because"] for row in found)
		assert fill_data(["Customer.zatca_name_ar"]) >= 1
		filled = frappe.db.get_value("Customer", name, ["zatca_name_ar", "zatca_buyer_kind"], as_dict=True)
		assert filled.zatca_name_ar == name and not filled.zatca_buyer_kind
