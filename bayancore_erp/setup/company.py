"""Saudi set-up of a company: VAT accounts, tax templates with their ZATCA categories, settings. Safe to run again.

Takes a company; gives the records it lacks. What is there already, under whatever name, is used and never changed.
Never changes rounding on a site that has books (see rounding.py) and never decides that a company goes live.
Source: VAT rates and categories of core.codes; ERPNext 15 brings no Saudi tax data of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _

from bayancore_erp.setup import rounding
from bayancore_erp.zatca.adapter.fields import CATEGORY_NAME, CompanyField, TaxTemplateField
from bayancore_erp.zatca.core.codes import EXEMPTIONS, VatCategory

OUTPUT_ACCOUNT = "VAT 15% Output"
INPUT_ACCOUNT = "VAT 15% Input"
PREPAYMENT_ACCOUNT = "Advances from Customers (VAT Paid)"

# What most companies need; any other code is one call of `add_exemption` away.
MAIN_CODES = (
	"VATEX-SA-32",
	"VATEX-SA-33",
	"VATEX-SA-34-1",
	"VATEX-SA-35",
	"VATEX-SA-36",
	"VATEX-SA-EDU",
	"VATEX-SA-HEA",
	"VATEX-SA-29",
	"VATEX-SA-29-7",
	"VATEX-SA-30",
	"VATEX-SA-OOS",
)
# Whole documents are usually of one of these; the rest is a matter of the item.
DOCUMENT_CODES = ("VATEX-SA-32", "VATEX-SA-33", "VATEX-SA-30", "VATEX-SA-OOS")

SALES, PURCHASE, ITEM = (
	"Sales Taxes and Charges Template",
	"Purchase Taxes and Charges Template",
	"Item Tax Template",
)


@dataclass(frozen=True, slots=True)
class Template:
	"""One tax template a Saudi company should have."""

	doctype: str
	title: str
	category: VatCategory = VatCategory.STANDARD
	code: str = ""
	inclusive: bool = False

	@property
	def rate(self) -> int:
		"""In per cent."""
		return 15 if self.category is VatCategory.STANDARD else 0


def wanted_templates() -> Iterator[Template]:
	"""Every template of a Saudi company, the default first."""
	yield Template(SALES, "KSA VAT 15%")
	yield Template(SALES, "KSA VAT 15%, Included in Prices", inclusive=True)
	yield from (exemption(SALES, code) for code in DOCUMENT_CODES)
	yield Template(PURCHASE, "KSA VAT 15%")
	yield Template(ITEM, "KSA VAT 15%")
	yield from (exemption(ITEM, code) for code in MAIN_CODES)


def exemption(doctype: str, code: str) -> Template:
	"""The template for one exemption code."""
	category, reason = EXEMPTIONS[code]
	prefix = {VatCategory.ZERO: "KSA 0%", VatCategory.EXEMPT: "KSA Exempt"}.get(category, "KSA Out of Scope")
	words = "" if category is VatCategory.OUT_OF_SCOPE else f": {reason.en}"
	return Template(doctype, f"{prefix}{words}", category, code)


@frappe.whitelist()
def preview_company(company: str) -> list[dict[str, Any]]:
	"""What `setup_company` would make, as rows of DocType, title and whether it is there already."""
	frappe.has_permission("Company", "read", company, throw=True)
	return rows_of(company)


def rows_of(company: str) -> list[dict[str, Any]]:
	"""`preview_company` without the permission check."""
	rows = []
	for label, field, name in ACCOUNTS:
		found = find_account(company, field, name)
		rows.append({"doctype": "Account", "title": found or name, "exists": bool(found), "label": _(label)})
	for template in wanted_templates():
		found = find_template(company, template)
		rows.append({"doctype": template.doctype, "title": found or template.title, "exists": bool(found)})
	return rows


@frappe.whitelist(methods=["POST"])
def setup_company(company: str) -> dict[str, Any]:
	"""Give a Saudi company what it lacks. Raises frappe.ValidationError for a company elsewhere or without accounts.

	Gives {"settings": name, "created": ["DocType: name", …]}.
	"""
	frappe.has_permission("Company", "write", company, throw=True)
	return make(company)


def make(company: str) -> dict[str, Any]:
	"""`setup_company` without the permission check, for install and for a company's insertion."""
	if frappe.db.get_value("Company", company, "country") != "Saudi Arabia":
		frappe.throw(_("{0} is not in Saudi Arabia.").format(company))
	created: list[str] = []
	settings = get_settings(company, created)
	accounts = {field: make_account(company, field, name, created) for _label, field, name in ACCOUNTS}
	for field, account in accounts.items():
		settings.set(field, settings.get(field) or account)
	settings.flags.ignore_permissions = True
	settings.save()
	for template in wanted_templates():
		make_template(company, template, accounts, created)
	return {"settings": settings.name, "created": created}


@frappe.whitelist(methods=["POST"])
def add_exemption(company: str, code: str) -> str:
	"""The Item Tax Template for one more exemption code. Gives its name."""
	frappe.has_permission("Company", "write", company, throw=True)
	if code not in EXEMPTIONS:
		frappe.throw(_("{0} is not an exemption code.").format(code))
	settings = frappe.get_cached_doc("ZATCA Settings", company)
	return make_template(company, exemption(ITEM, code), settings.as_dict(), [])


# Label, field of ZATCA Settings, name of a new account.
ACCOUNTS = (
	("Output VAT", "output_vat_account", OUTPUT_ACCOUNT),
	("Input VAT", "input_vat_account", INPUT_ACCOUNT),
	("Advances from customers", "prepayment_account", PREPAYMENT_ACCOUNT),
)


def get_settings(company: str, created: list[str]) -> Any:
	"""The company's settings, new ones not enabled."""
	if frappe.db.exists("ZATCA Settings", company):
		return frappe.get_doc("ZATCA Settings", company)
	settings = frappe.new_doc("ZATCA Settings")
	settings.company = company
	settings.insert(ignore_permissions=True)
	created.append(f"ZATCA Settings: {settings.name}")
	return settings


def find_account(company: str, field: str, name: str) -> str | None:
	"""The account that already does this: from the settings, by our name, or from a 15 % template in use."""
	chosen = frappe.db.get_value("ZATCA Settings", company, field)
	if chosen:
		return str(chosen)
	by_name = frappe.db.get_value("Account", {"company": company, "account_name": name, "is_group": 0})
	if by_name or field == "prepayment_account":
		return by_name
	doctype = SALES if field == "output_vat_account" else PURCHASE
	rows = frappe.get_all(
		doctype.removesuffix(" Template"),
		filters={
			"parenttype": doctype,
			"rate": 15,
			"charge_type": "On Net Total",
			"parent": (
				"in",
				frappe.get_all(doctype, filters={"company": company, "disabled": 0}, pluck="name"),
			),
		},
		pluck="account_head",
		order_by="parent, idx",
		limit=1,
	)
	return rows[0] if rows else None


def make_account(company: str, field: str, name: str, created: list[str]) -> str:
	"""Find or insert one account under a group that suits it."""
	found = find_account(company, field, name)
	if found:
		return found
	tax = field != "prepayment_account"
	account = frappe.get_doc(
		{
			"doctype": "Account",
			"account_name": name,
			"company": company,
			"parent_account": parent_account(company, tax=tax),
			"account_type": "Tax" if tax else "",
			"tax_rate": 15 if tax else 0,
			"account_currency": frappe.get_cached_value("Company", company, "default_currency"),
		}
	)
	# a subsidiary's chart may have accounts its parent lacks
	account.flags.ignore_root_company_validation = True
	account.insert(ignore_permissions=True)
	created.append(f"Account: {account.name}")
	return str(account.name)


def parent_account(company: str, *, tax: bool) -> str:
	"""The group of liabilities a new account belongs under, whatever chart the company has."""
	groups = {"company": company, "is_group": 1, "root_type": "Liability"}
	if tax:
		beside = frappe.db.get_value(
			"Account",
			{"company": company, "account_type": "Tax", "is_group": 0, "root_type": "Liability"},
			"parent_account",
		)
		group = beside or frappe.db.get_value("Account", {**groups, "account_type": "Tax"})
		group = group or frappe.db.get_value("Account", {**groups, "account_name": _("Duties and Taxes")})
		group = group or frappe.db.get_value("Account", {**groups, "account_name": "Duties and Taxes"})
		if group:
			return str(group)
	group = frappe.db.get_value("Account", {**groups, "account_name": ("like", "%Current Liabilities%")})
	group = group or frappe.db.get_value("Account", groups, order_by="lft")
	if not group:
		frappe.throw(_("{0} has no chart of accounts yet.").format(company))
	return str(group)


def find_template(company: str, template: Template) -> str | None:
	"""The template that already does this, by what it is rather than by its title."""
	by_title = frappe.db.get_value(template.doctype, {"company": company, "title": template.title})
	if by_title or template.doctype == PURCHASE:
		return by_title
	candidates = frappe.get_all(
		template.doctype,
		filters={
			"company": company,
			TaxTemplateField.VAT_CATEGORY: CATEGORY_NAME[template.category],
			TaxTemplateField.EXEMPTION_CODE: template.code or ("is", "not set"),
			"disabled": 0,
		},
		pluck="name",
		order_by="creation",
	)
	if template.doctype == ITEM:
		return candidates[0] if candidates else None
	inclusive = set(
		frappe.get_all(
			"Sales Taxes and Charges",
			filters={"parent": ("in", candidates), "included_in_print_rate": 1},
			pluck="parent",
		)
	)
	return next((name for name in candidates if (name in inclusive) == template.inclusive), None)


def make_template(company: str, template: Template, accounts: dict[str, Any], created: list[str]) -> str:
	"""Find or insert one template."""
	found = find_template(company, template)
	if found:
		return found
	if template.doctype == ITEM:
		# one account may do both
		both = dict.fromkeys((accounts["output_vat_account"], accounts["input_vat_account"]))
		rows = [{"tax_type": account, "tax_rate": template.rate} for account in both]
	else:
		field = "input_vat_account" if template.doctype == PURCHASE else "output_vat_account"
		rows = [
			{
				"charge_type": "On Net Total",
				"account_head": accounts[field],
				"description": _("VAT") + f" {template.rate}%",
				"rate": template.rate,
				"included_in_print_rate": int(template.inclusive),
				"cost_center": frappe.get_cached_value("Company", company, "cost_center"),
			}
		]
		if template.doctype == PURCHASE:
			rows[0].update(category="Total", add_deduct_tax="Add")
	doc = frappe.get_doc(
		{
			"doctype": template.doctype,
			"title": template.title,
			"company": company,
			"taxes": rows,
		}
	)
	if template.doctype != PURCHASE:
		doc.set(TaxTemplateField.VAT_CATEGORY, CATEGORY_NAME[template.category])
		doc.set(TaxTemplateField.EXEMPTION_CODE, template.code)
	if template.doctype != ITEM and template.rate and not template.inclusive:
		doc.is_default = int(not frappe.db.exists(template.doctype, {"company": company, "is_default": 1}))
	doc.insert(ignore_permissions=True)
	created.append(f"{template.doctype}: {doc.name}")
	return str(doc.name)


def on_company_validate(doc: Any, method: str | None = None) -> None:
	"""Only `training.make_company` says that a company is one to practise in: what is one may be removed with its ledger."""
	if not doc.flags.made_for_training:
		before = doc.get_doc_before_save()
		doc.set(CompanyField.TRAINING_OF, before.get(CompanyField.TRAINING_OF) if before else None)


def on_company_update(doc: Any, method: str | None = None) -> None:
	"""Set up a new company of the Kingdom, as soon as it has its accounts. One that has books decides for itself."""
	if doc.country != "Saudi Arabia" or frappe.flags.in_import or frappe.flags.in_migrate or doc.is_group:
		return
	if frappe.db.exists("ZATCA Settings", doc.name) or has_books(doc.name):
		return
	if frappe.db.exists("Account", {"company": doc.name, "is_group": 1, "root_type": "Liability"}):
		make(doc.name)
		rounding.apply_on_fresh_site()


def has_books(company: str) -> bool:
	"""Whether anything was ever posted."""
	return bool(frappe.db.exists("GL Entry", {"company": company}))
