"""The part of ERPNext's first-run wizard that is for companies in Saudi Arabia.

Takes what the wizard was told; gives the stage that prepares the company: tax identity, VAT accounts, templates, rounding.
What was typed wrong is kept all the same, for the set-up page to say so. Never enables anything.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.setup import company as company_setup
from bayancore_erp.setup import rounding
from bayancore_erp.setup.install import fill_codes
from bayancore_erp.zatca.adapter import seller_form


def stages(args: Any) -> list[dict[str, Any]]:
	"""One stage for a Saudi company, none for another."""
	if (args or {}).get("country") != "Saudi Arabia":
		return []
	failed = _("Failed to prepare Saudi VAT")
	return [
		{
			"status": _("Preparing Saudi VAT"),
			"fail_msg": failed,
			"tasks": [{"fn": prepare, "args": args, "fail_msg": failed}],
		}
	]


def prepare(args: Any) -> None:
	"""Give the wizard's company what the law asks of its books."""
	name = frappe.db.get_value("Company", {"company_name": args.get("company_name")}) or frappe.db.get_value(
		"Company", {"country": "Saudi Arabia", "is_group": 0}
	)
	if not name:
		return
	company_setup.make(name)
	# ERPNext's units and modes of payment came with this wizard, after our installation
	fill_codes()
	rounding.apply_on_fresh_site()
	values = seller_form.read(name)
	given = {
		"name_ar": args.get("zatca_name_ar"),
		"vat_number": args.get("zatca_vat_number"),
		"registration_number": args.get("zatca_registration_number"),
	}
	seller_form.write(name, {**values, **{field: value for field, value in given.items() if value}})
