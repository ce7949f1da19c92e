"""The tax templates a document uses: missing, of another company, mixed, or silent about how Saudi VAT treats what is sold.

Takes a document under judgement; gives points. Says once what the mapper would have to say for every row.
Source: WORKFLOW.md, step 1; core.codes (VAT categories); XML Implementation Standard section 11.2.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.invoice_to_cash.adapter.points import ERROR, Case, Point
from bayancore_erp.zatca.adapter.fields import InvoiceItemField, ItemTaxTemplateField, TaxTemplateField
from bayancore_erp.zatca.adapter.mapper import Place
from bayancore_erp.zatca.adapter.mapper.taxation import Taxation, read_taxes

SALES, ITEM = "Sales Taxes and Charges Template", "Item Tax Template"
UNKNOWN = "ERP-VAT-UNKNOWN"


def check_templates(case: Case, unknown: set[int]) -> Iterator[Point]:
	"""Every point about templates. `unknown`: numbers of the rows of which nothing says how they are taxed."""
	taxes = read_taxes(case.invoice, case.facts)
	yield from missing(case, taxes)
	yield from of_another_company(case)
	yield from mixed(case, taxes)
	yield from silent(case, taxes, unknown)


def missing(case: Case, taxes: Taxation) -> Iterator[Point]:
	"""No VAT row at all, and rows that no exemption explains."""
	doc = case.doc
	untold = [row for row in case.invoice.get("items") or [] if not is_told(row)]
	if not taxes.vat_rows and untold and not case.facts.tax_template.get(TaxTemplateField.VAT_CATEGORY):
		yield Point(
			"ITC-TAX-MISSING",
			_("No VAT is charged and nothing says why. Choose a sales tax template."),
			ERROR,
			Place(doc.doctype, doc.name, "taxes_and_charges"),
		)


def is_told(row: Any) -> bool:
	"""Whether the row has a treatment of its own."""
	return bool(row.get("item_tax_template") or row.get(InvoiceItemField.VAT_CATEGORY))


def of_another_company(case: Case) -> Iterator[Point]:
	"""Accounts of one company on an invoice of another."""
	doc = case.doc
	used = {row.get("item_tax_template"): row for row in case.invoice.get("items") or []}
	used.pop(None, None)
	used.pop("", None)
	text = _("{0} is a tax template of another company. Choose one of {1}.")
	if doc.get("taxes_and_charges"):
		owner = frappe.get_cached_value(SALES, doc.taxes_and_charges, "company")
		if owner and owner != doc.company:
			yield Point(
				"ITC-TAX-COMPANY",
				text.format(doc.taxes_and_charges, doc.company),
				ERROR,
				Place(doc.doctype, doc.name, "taxes_and_charges"),
			)
	for name, row in used.items():
		owner = frappe.get_cached_value(ITEM, name, "company")
		if owner and owner != doc.company:
			yield Point(
				"ITC-TAX-COMPANY",
				text.format(name, doc.company),
				ERROR,
				Place(doc.doctype, doc.name, "item_tax_template", row.idx, "items"),
			)


def mixed(case: Case, taxes: Taxation) -> Iterator[Point]:
	"""VAT partly included in the prices and partly added to them: two templates in one table."""
	included = {cint(row.get("included_in_print_rate")) for row in taxes.vat_rows}
	if len(included) > 1:
		row = next(row for row in taxes.vat_rows if cint(row.get("included_in_print_rate")))
		yield Point(
			"ITC-TAX-MIXED",
			_(
				"One VAT row is included in the prices and another is added to them. Keep the rows of one sales tax template."
			),
			ERROR,
			Place(case.doc.doctype, case.doc.name, "included_in_print_rate", row.idx, "taxes"),
		)


def silent(case: Case, taxes: Taxation, unknown: set[int]) -> Iterator[Point]:
	"""A template in use that does not say its VAT category: said once, on the template."""
	rows = [row for row in case.invoice.get("items") or [] if row.idx in unknown]
	for name in dict.fromkeys(row.get("item_tax_template") for row in rows):
		if name and not case.facts.item_templates.get(name, {}).get(ItemTaxTemplateField.VAT_CATEGORY):
			yield without_category(ITEM, name, ItemTaxTemplateField.VAT_CATEGORY)
	chosen = case.doc.get("taxes_and_charges")
	plain = any(not row.get("item_tax_template") for row in rows)
	if plain and chosen and taxes.vat_rows and not case.facts.tax_template.get(TaxTemplateField.VAT_CATEGORY):
		yield without_category(SALES, chosen, TaxTemplateField.VAT_CATEGORY)


def without_category(doctype: str, name: str, field: str) -> Point:
	"""The point."""
	return Point(
		"ITC-TAX-TREATMENT",
		_("{0} does not say how Saudi VAT treats what is sold with it. Set its VAT category.").format(name),
		ERROR,
		Place(doctype, name, field),
	)
