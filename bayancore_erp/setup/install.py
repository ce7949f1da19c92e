"""What happens when the app comes to a site, is updated on it, and leaves it.

Order of Frappe's installation: doctypes -> `after_install` -> fixtures -> `after_sync`; what needs the custom fields
therefore stands in `after_sync`. Never overwrites what a site has filled in, never removes a lawful record.
"""

from __future__ import annotations

import click
import frappe

from bayancore_erp.archive.adapter import templates, trail_key
from bayancore_erp.setup import company, exports, fixture_import, rounding
from bayancore_erp.zatca.adapter.fields import ModeOfPaymentField, UomField

ALLOW_UNINSTALL = "bayancore_allow_uninstall"

# ERPNext's own units and their UN/ECE codes (Recommendation 20); ERPNext knows the names only.
UNIT_CODES = {
	"Unit": "PCE",
	"Nos": "PCE",
	"Piece": "PCE",
	"Box": "BX",
	"Pair": "PR",
	"Set": "SET",
	"Kg": "KGM",
	"Gram": "GRM",
	"Tonne": "TNE",
	"Pound": "LBR",
	"Ounce": "ONZ",
	"Litre": "LTR",
	"Millilitre": "MLT",
	"Cubic Meter": "MTQ",
	"Meter": "MTR",
	"Centimeter": "CMT",
	"Millimeter": "MMT",
	"Kilometer": "KMT",
	"Square Meter": "MTK",
	"Foot": "FOT",
	"Square Foot": "FTK",
	"Inch": "INH",
	"Yard": "YRD",
	"Hour": "HUR",
	"Minute": "MIN",
	"Second": "SEC",
	"Day": "DAY",
	"Week": "WEE",
	"Month": "MON",
	"Year": "ANN",
	"Kilowatt-Hour": "KWH",
}
PAYMENT_CODES = {"Cash": "10", "Bank": "42", "General": "1", "Phone": "48"}
PAYMENT_NAMES = {"Credit Card": "48", "Wire Transfer": "30", "Bank Draft": "42", "Cheque": "1"}


class RecordsWouldBeLost(click.ClickException):
	"""Uninstalling would drop lawful records that exist nowhere else."""


def after_install() -> None:
	"""Before the fixtures come: this process has cached the document events of the apps before us."""
	frappe.local.doc_events_hooks = None


def after_sync() -> None:
	"""Fresh installation, custom fields in place."""
	fixture_import.catch_up()
	fill_codes()
	for name in frappe.get_all("Company", filters={"country": "Saudi Arabia", "is_group": 0}, pluck="name"):
		if company.has_books(name):
			company.get_settings(name, [])
			click.echo(
				f"  {name} has books: set it up from its ZATCA Settings, after looking at the preview."
			)
		else:
			company.make(name)
	rounding.apply_on_fresh_site()
	templates.install()
	trail_key.key_of_site()


def after_migrate() -> None:
	"""Every migration: new units and modes of payment get their codes."""
	fixture_import.catch_up()
	fill_codes()
	templates.install()
	trail_key.key_of_site()


def fill_codes() -> None:
	"""Codes for the units and modes of payment ERPNext itself brings, where the site has none."""
	for unit in frappe.get_all("UOM", filters={UomField.CODE: ("is", "not set")}, pluck="name"):
		if unit in UNIT_CODES:
			frappe.db.set_value("UOM", unit, UomField.CODE, UNIT_CODES[unit], update_modified=False)
	modes = frappe.get_all(
		"Mode of Payment", filters={ModeOfPaymentField.CODE: ("is", "not set")}, fields=["name", "type"]
	)
	for mode in modes:
		code = PAYMENT_NAMES.get(mode.name) or PAYMENT_CODES.get(mode.type)
		if code:
			frappe.db.set_value(
				"Mode of Payment", mode.name, ModeOfPaymentField.CODE, code, update_modified=False
			)


def before_uninstall() -> None:
	"""Raise RecordsWouldBeLost while the site is the only place that holds the lawful records."""
	if not frappe.db.table_exists("ZATCA Document") or frappe.conf.get(ALLOW_UNINSTALL):
		return
	count, _digest = exports.records_digest()
	if count and not exports.verified_export():
		raise RecordsWouldBeLost(
			f"{count} lawful records (documents, attempts, skips) are on this site and no verified export holds them all. "
			"The law asks to keep them for at least six years. Export and verify them first (bench --site SITE zatca "
			"export-audit --everything --out FOLDER), or, knowing what you do, "
			f"set {ALLOW_UNINSTALL} to 1 in site_config.json."
		)
