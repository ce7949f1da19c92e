"""How each line is taxed, and what each row of the taxes table is on a tax invoice.

Takes rows and preloaded facts; gives `Vat` for lines and a role for tax rows. Never guesses a reason for charging no VAT:
a line without one is refused with its row. Sources: XML Implementation Standard sections 9.6 and 11.2.4; TAX.md section 3.18.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.fields import (
	CATEGORY_OF,
	InvoiceItemField,
	ItemTaxTemplateField,
	TaxRowField,
	Treatment,
)
from bayancore_erp.zatca.adapter.mapper.figures import exact
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.core.codes import LAWFUL_STANDARD_RATES, VatCategory
from bayancore_erp.zatca.core.invoice import Text, Vat

# Their amounts are in the ledger and in ERPNext's grand total, and not on the tax invoice.
OUTSIDE = frozenset(
	{
		Treatment.RETENTION,
		Treatment.TIP,
		Treatment.DEPOSIT,
		Treatment.WITHHOLDING,
		Treatment.NOMINAL_SUPPLY,
		Treatment.OUTSIDE,
	}
)
ON_THE_DOCUMENT = frozenset({Treatment.CHARGE, Treatment.ALLOWANCE})


@dataclass(frozen=True, slots=True)
class Taxation:
	"""The taxes table read: VAT rows, charges, and what stays outside."""

	vat_rows: tuple[Any, ...]
	charges: tuple[Any, ...]
	prepayments: tuple[Any, ...]
	roundings: tuple[Any, ...]
	outside: tuple[Any, ...]
	inclusive: bool
	"""Whether the prices include VAT."""


def read_taxes(doc: Any, facts: Facts) -> Taxation:
	"""Sort the rows of the taxes table by what they are."""
	by_role: dict[Treatment, list[Any]] = {}
	for row in doc.get("taxes") or []:
		by_role.setdefault(treatment_of(row, facts), []).append(row)
	vat_rows = tuple(by_role.get(Treatment.VAT, ()))
	return Taxation(
		vat_rows=vat_rows,
		charges=tuple(row for row in doc.get("taxes") or [] if treatment_of(row, facts) in ON_THE_DOCUMENT),
		prepayments=tuple(by_role.get(Treatment.PREPAYMENT, ())),
		roundings=tuple(by_role.get(Treatment.ROUNDING, ())),
		outside=tuple(row for row in doc.get("taxes") or [] if treatment_of(row, facts) in OUTSIDE),
		inclusive=any(cint(row.get("included_in_print_rate")) for row in vat_rows),
	)


def treatment_of(row: Any, facts: Facts) -> Treatment:
	"""As chosen; otherwise VAT for a tax account of the company, a charge for any other."""
	chosen = row.get(TaxRowField.TREATMENT)
	if chosen:
		return Treatment(chosen)
	account = row.get("account_head")
	if account == facts.settings.get("output_vat_account") or facts.account_types.get(account) == "Tax":
		return Treatment.VAT
	return Treatment.CHARGE


def line_vats(doc: Any, facts: Facts, taxes: Taxation, refusals: Refusals) -> list[Vat]:
	"""How each line is taxed; equal ones are the same object. Problems go to `refusals` with `lines[i].vat`."""
	known: dict[tuple[str, ...], Vat] = {}
	found = []
	for index, row in enumerate(doc.get("items") or []):
		rate = charged_rate(row, taxes)
		category, code, reason = stated(row, facts)
		if not category:
			if rate is not None and rate in LAWFUL_STANDARD_RATES:
				category = "Standard Rated"
			else:
				refusals.add(
					"ERP-VAT-UNKNOWN",
					f"lines[{index}].vat",
					_("Line {0}: nothing says how {1} is taxed.").format(index + 1, row.get("item_name")),
					_("Choose an item tax template with a VAT category, or a sales tax template of 15 %."),
				)
				category = "Standard Rated"
				rate = None
		letter = CATEGORY_OF[category]
		if letter is not VatCategory.STANDARD and rate:
			refusals.add(
				"ERP-VAT-MISFIT",
				f"lines[{index}].vat",
				_("Line {0}: {1} is {2}, yet ERPNext charges {3} % VAT on it.").format(
					index + 1, row.get("item_name"), _(category), rate
				),
				_("Choose an item tax template whose rates are 0, such as those made by the Saudi set-up."),
			)
		if letter is VatCategory.STANDARD and rate is not None and rate not in LAWFUL_STANDARD_RATES:
			refusals.add(
				"ERP-VAT-MISFIT",
				f"lines[{index}].vat",
				_("Line {0}: {1} is standard rated, yet ERPNext charges {2} % VAT on it.").format(
					index + 1, row.get("item_name"), rate
				),
				_("The standard rate is 15 %. For no VAT choose a template that says why."),
			)
			rate = None
		key = (category, code, reason, str(rate))
		if key not in known:
			known[key] = vat_of(letter, code, reason, rate)
		found.append(known[key])
	return found


def vat_of(letter: VatCategory, code: str, reason: str, rate: Decimal | None = None) -> Vat:
	"""The core's value for a category, code and wording."""
	if letter is VatCategory.STANDARD:
		return Vat() if rate is None or rate == 15 else Vat(rate=rate)
	return Vat(letter, exemption_code=code, exemption_reason=Text.of(reason) if reason else Text())


def stated(row: Any, facts: Facts) -> tuple[str, str, str]:
	"""Category, exemption code and wording: of the line, its item tax template, the document's template."""
	fields = (
		InvoiceItemField.VAT_CATEGORY,
		InvoiceItemField.EXEMPTION_CODE,
		InvoiceItemField.EXEMPTION_REASON,
	)
	template = facts.item_templates.get(row.get("item_tax_template") or "")
	sources = [row, template] if row.get("item_tax_template") else [row, facts.tax_template]
	for source in sources:
		if source and source.get(ItemTaxTemplateField.VAT_CATEGORY):
			category, code, reason = (source.get(name) or "" for name in fields)
			return str(category), str(code), str(reason)
	return "", "", ""


def charged_rate(row: Any, taxes: Taxation) -> Decimal | None:
	"""What ERPNext charges on the line, in per cent; None where a VAT row states an amount instead of a rate."""
	own = row.get("item_tax_rate") or "{}"
	by_account = json.loads(own) if isinstance(own, str) else dict(own)
	total = Decimal("0")
	for tax in taxes.vat_rows:
		if tax.get("charge_type") == "Actual":
			return None
		if tax.get("charge_type") in ("On Net Total", "On Previous Row Total"):
			total += exact(by_account.get(tax.get("account_head"), tax.get("rate")))
	return total
