"""The rounding a Saudi site needs: half-up instead of to the even digit, and no rounding to whole riyals.

Takes the site's settings; gives a preview of what would change, and the change itself once an administrator agrees.
Never changes a site that has books without that consent: every open document is computed anew by it.
Source: XML Implementation Standard section 10 (half-up); TAX.md section 1 (measured in ERPNext 15.99).
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import frappe
from frappe import _

METHOD = "Commercial Rounding"
SAMPLE = 500


@frappe.whitelist()
def preview_rounding() -> dict[str, Any]:
	"""Which settings would change, which companies share them, and what it would have meant to recent invoices.

	`invoices`: the newest ones looked at; `vat_differs`: those whose VAT rounds otherwise half-up; `rounded_to_riyal`:
	those whose receivable was rounded to the whole riyal; `drafts`: open invoices that would be computed anew.
	It tells of every company, so it is for whoever may change what they share.
	"""
	frappe.only_for("System Manager")
	saudi = frappe.get_all("Company", filters={"country": "Saudi Arabia"}, pluck="name")
	invoices = frappe.get_all(
		"Sales Invoice",
		filters={"company": ("in", saudi), "docstatus": 1},
		fields=["name", "grand_total", "rounded_total", "rounding_adjustment"],
		order_by="creation desc",
		limit=SAMPLE,
	)
	return {
		"settings": pending_changes(),
		"saudi_companies": saudi,
		"other_companies": frappe.get_all(
			"Company", filters={"country": ("!=", "Saudi Arabia")}, pluck="name"
		),
		"live": bool(frappe.db.exists("GL Entry", {})),
		"drafts": frappe.db.count("Sales Invoice", {"company": ("in", saudi), "docstatus": 0})
		if saudi
		else 0,
		"invoices": len(invoices),
		"vat_differs": count_vat_differences([row.name for row in invoices]),
		"rounded_to_riyal": sum(1 for row in invoices if row.rounding_adjustment),
	}


def pending_changes() -> list[dict[str, Any]]:
	"""Settings that are not as the law needs them, with what they are and what they would be."""
	changes = []
	method = frappe.db.get_single_value("System Settings", "rounding_method")
	if method != METHOD:
		changes.append(
			{
				"doctype": "System Settings",
				"name": "System Settings",
				"field": "rounding_method",
				"label": _("Rounding Method"),
				"from": method,
				"to": METHOD,
			}
		)
	if not frappe.db.get_single_value("Global Defaults", "disable_rounded_total"):
		changes.append(
			{
				"doctype": "Global Defaults",
				"name": "Global Defaults",
				"field": "disable_rounded_total",
				"label": _("Disable Rounded Total"),
				"from": 0,
				"to": 1,
			}
		)
	saudi = frappe.get_all("Company", filters={"country": "Saudi Arabia"}, pluck="name")
	for profile in frappe.get_all(
		"POS Profile", filters={"company": ("in", saudi), "disable_rounded_total": 0}, pluck="name"
	):
		changes.append(
			{
				"doctype": "POS Profile",
				"name": profile,
				"field": "disable_rounded_total",
				"label": _("Disable Rounded Total"),
				"from": 0,
				"to": 1,
			}
		)
	return changes


def count_vat_differences(names: list[str]) -> int:
	"""How many of these invoices have a VAT row that half-up rounding makes another amount."""
	if not names:
		return 0
	rows = frappe.get_all(
		"Sales Taxes and Charges",
		filters={
			"parenttype": "Sales Invoice",
			"parent": ("in", names),
			"charge_type": "On Net Total",
			"rate": (">", 0),
		},
		fields=["parent", "rate", "tax_amount_after_discount_amount as tax", "total"],
	)
	differing = set()
	for row in rows:
		tax = Decimal(str(row.tax))
		exact = (Decimal(str(row.total)) - tax) * Decimal(str(row.rate)) / 100
		cent = Decimal("0.01")
		if exact.quantize(cent, ROUND_HALF_EVEN) == tax != exact.quantize(cent, ROUND_HALF_UP):
			differing.add(row.parent)
	return len(differing)


@frappe.whitelist(methods=["POST"])
def apply_rounding(consent: bool = False) -> list[dict[str, Any]]:
	"""Make the changes `preview_rounding` lists. Gives them. A site with books needs `consent`."""
	frappe.only_for("System Manager")
	if not consent and frappe.db.exists("GL Entry", {}):
		frappe.throw(
			_("This site has books. Look at the preview first, then agree to the change of rounding."),
			title=_("Rounding"),
		)
	return change()


def change() -> list[dict[str, Any]]:
	"""Make the pending changes, through the documents that own them, so that what hangs on them follows."""
	changes = pending_changes()
	for entry in changes:
		doc = frappe.get_doc(entry["doctype"], entry["name"])
		doc.set(entry["field"], entry["to"])
		doc.flags.ignore_permissions = doc.flags.ignore_mandatory = True
		doc.save()
	return changes


def apply_on_fresh_site() -> list[dict[str, Any]]:
	"""At installation: where nothing is booked yet and every company is Saudi, there is nobody to ask."""
	if frappe.db.exists("GL Entry", {}) or frappe.db.exists("Company", {"country": ("!=", "Saudi Arabia")}):
		return []
	return change() if frappe.db.exists("Company", {"country": "Saudi Arabia"}) else []
