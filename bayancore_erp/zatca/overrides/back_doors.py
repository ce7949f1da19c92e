"""ERPNext's own ways round an issued invoice: closed, or looked at before anything is kept.

Takes the documents and calls that repost ledgers, set number counters back or throw logs away; gives a refusal, or lets
them pass once the totals are found unchanged. Source: Guideline p. 25, 34-35; FRAPPE.md section 8.9; TAX.md section 3.7.
"""

from __future__ import annotations

from typing import Any

import frappe
from erpnext.accounts.doctype.repost_accounting_ledger import repost_accounting_ledger as erpnext_repost
from frappe import _
from frappe.core.doctype.document_naming_settings.document_naming_settings import DocumentNamingSettings
from frappe.model.naming import NamingSeries
from frappe.utils import cint

from bayancore_erp.zatca.adapter import watch
from bayancore_erp.zatca.adapter.records import ImmutableRecord

# ERPNext reposts more than these in a job of its own, out of reach of a check that could still take it back.
AT_ONCE = 5
LEDGER_YEARS = 6


class TotalsWouldChange(frappe.ValidationError):
	"""Reposting would make the ledger say something else than the tax invoice."""


# --- Repost Accounting Ledger -----------------------------------------------------------------------------------------
def before_repost(doc: Any, method: str | None = None) -> None:
	"""Few enough to be looked at before they are kept."""
	if len(doc.vouchers) > AT_ONCE and issued(doc):
		frappe.throw(
			_(
				"Repost at most {0} issued invoices at a time: their totals are compared before anything is kept."
			).format(AT_ONCE),
			TotalsWouldChange,
		)


def after_repost(doc: Any, method: str | None = None) -> None:
	"""Accounts may change, totals may not; throwing takes the reposting back."""
	found = watch.verify(issued(doc))
	if found:
		frappe.throw(
			[f"{one.name}: {one.what}" for one in found],
			TotalsWouldChange,
			title=_("The Ledger Would Differ from the Tax Invoice"),
			as_list=True,
		)


def issued(doc: Any) -> list[str]:
	"""The vouchers of a reposting that have a signed document."""
	names = [row.voucher_no for row in doc.vouchers if row.voucher_type == "Sales Invoice"]
	return (
		frappe.get_all(
			"ZATCA Document",
			filters={"invoice_doctype": "Sales Invoice", "invoice_name": ("in", names)},
			pluck="invoice_name",
			distinct=True,
		)
		if names
		else []
	)


@frappe.whitelist()
def start_repost(account_repost_doc: str) -> None:
	"""ERPNext's call that posts a submitted reposting once more, with the same look at the totals."""
	doc = frappe.get_doc("Repost Accounting Ledger", account_repost_doc)
	doc.check_permission("submit")
	before_repost(doc)
	erpnext_repost.start_repost(account_repost_doc)
	after_repost(doc)


# --- Document Naming Settings -----------------------------------------------------------------------------------------
class NamingSettings(DocumentNamingSettings):
	"""A counter of tax invoices only goes forwards."""

	@frappe.whitelist()
	def update_series_start(self) -> Any:
		"""Refused where numbers from there on were given to signed invoices."""
		frappe.only_for("System Manager")
		if self.prefix is not None:
			refuse_lower_counter(NamingSeries(self.prefix), cint(self.current_value))
		return super().update_series_start()


def refuse_lower_counter(series: NamingSeries, new: int) -> None:
	"""Raise ImmutableRecord where the counter would come again upon a number that was signed."""
	prefix = series.get_prefix()
	used = [
		cint(name[len(prefix) :])
		for name in frappe.get_all(
			"ZATCA Document", filters={"invoice_name": ("like", f"{prefix}%")}, pluck="invoice_name"
		)
		if name[len(prefix) :].isdigit()
	]
	if used and new < max(used):
		frappe.throw(
			_("Invoice number {0}{1} was signed for ZATCA: the counter cannot be set back before it.").format(
				prefix, max(used)
			),
			ImmutableRecord,
			title=_("Lawful Record"),
		)


# --- Log Settings -----------------------------------------------------------------------------------------------------
def keep_sign_ins(doc: Any, method: str | None = None) -> None:
	"""Who signed in and out is part of the record: kept as long as the invoices, whatever was entered."""
	years = frappe.get_all("ZATCA Settings", filters={"enabled": 1}, pluck="retention_years")
	if not years:
		return
	# from the end of the tax period, so one year more
	days = (max(cint(year) or LEDGER_YEARS for year in years) + 1) * 366
	for row in doc.logs_to_clear:
		if row.ref_doctype == "Activity Log" and cint(row.days) < days:
			row.days = days
			frappe.msgprint(
				_("The log of signing in and out is kept for {0} days, as long as the tax invoices.").format(
					days
				),
				alert=True,
			)
