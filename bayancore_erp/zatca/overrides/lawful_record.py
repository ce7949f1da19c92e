"""Keeps Frappe's own back doors to the lawful record shut: customizing, permissions, deletion in bulk, a company's end.

Takes the documents by which Frappe changes other DocTypes; gives a refusal where they aim at the insert-only ones.
Never touches a record itself. Source: Guideline on prohibited functionality; measured in FRAPPE.md section 5.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import LEDGER_DOCTYPES
from bayancore_erp.zatca.adapter.records import ImmutableRecord

CLOSED = (*LEDGER_DOCTYPES, "ZATCA Submission", "ZATCA Message")


def refuse_customization(doc: Any, method: str | None = None) -> None:
	"""Custom Field, Property Setter, Custom DocPerm, Workflow …: none may aim at the record."""
	target = doc.get("dt") or doc.get("doc_type") or doc.get("document_type") or doc.get("parent")
	closed = (*CLOSED, *frappe.get_hooks("lawful_doctypes"))
	if target in closed and not frappe.flags.in_uninstall:
		frappe.throw(
			_("{0} is part of the lawful record and cannot be customised.").format(_(target)), ImmutableRecord
		)


def refuse_loss_of_field(doc: Any, method: str | None = None) -> None:
	"""A field of ours on an invoice goes with the app, not before: with it what the invoice's state is would be lost."""
	flags = frappe.flags
	if doc.module == "ZATCA" and not (flags.in_uninstall or flags.in_migrate or flags.in_fixtures):
		frappe.throw(
			_("{0} belongs to the lawful record and stays as long as the app does.").format(doc.name),
			ImmutableRecord,
			title=_("Lawful Record"),
		)


def refuse_deletion_of_transactions(doc: Any, method: str | None = None) -> None:
	"""Transaction Deletion Record removes rows with raw SQL, past every guard: not for a company that has issued."""
	if has_records(doc.company):
		frappe.throw(
			_("{0} has issued tax invoices. The law forbids deleting its transactions.").format(doc.company),
			ImmutableRecord,
			title=_("Lawful Record"),
		)


def refuse_end_of_company(doc: Any, method: str | None = None, *args: Any, **kwargs: Any) -> None:
	"""A company's tax invoices outlive its record in ERPNext, and carry its name."""
	if has_records(doc.name):
		frappe.throw(
			_("{0} has issued tax invoices: it can be neither deleted nor renamed.").format(doc.name),
			ImmutableRecord,
			title=_("Lawful Record"),
		)


def has_records(company: str) -> bool:
	"""Whether anything signed exists for the company."""
	return bool(frappe.db.exists("ZATCA Document", {"company": company}))
