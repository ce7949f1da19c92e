"""Documents Due: signed documents whose term of retention has ended, with the holds that keep them all the same."""

from __future__ import annotations

from typing import Any

from frappe import _
from frappe.utils import getdate

from bayancore_erp.archive.adapter import retention
from bayancore_erp.archive.adapter.reach import companies, require_company


def execute(filters: dict[str, Any] | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
	"""Columns and rows. `as_of` looks ahead: what will be due by then."""
	chosen = filters or {}
	company = str(chosen.get("company") or "")
	allowed = companies()
	if company:
		require_company(company)
	found = retention.due(company, getdate(chosen.get("as_of")) if chosen.get("as_of") else None)
	rows = [
		{
			"document": kept.row.name,
			"invoice_doctype": kept.row.invoice_doctype,
			"invoice_name": kept.row.invoice_name,
			"company": kept.row.company,
			"issued_at": kept.row.issued_at,
			"subject": _(kept.subject),
			"kept_through": kept.decision.kept_through,
			"holds": ", ".join(kept.holds),
		}
		for kept in found
		if allowed is None or kept.row.company in allowed
	]
	return columns(), rows


def columns() -> list[dict[str, Any]]:
	"""What is shown of each."""
	return [
		{"fieldname": "invoice_name", "label": _("Invoice"), "fieldtype": "Dynamic Link", "options": "invoice_doctype", "width": 190},
		{"fieldname": "company", "label": _("Company"), "fieldtype": "Data", "width": 180},
		{"fieldname": "issued_at", "label": _("Issued At"), "fieldtype": "Datetime", "width": 160},
		{"fieldname": "subject", "label": _("What It Is About"), "fieldtype": "Data", "width": 130},
		{"fieldname": "kept_through", "label": _("Kept Through"), "fieldtype": "Date", "width": 120},
		{"fieldname": "holds", "label": _("Legal Hold"), "fieldtype": "Data", "width": 150},
		{"fieldname": "document", "label": _("Document"), "fieldtype": "Link", "options": "ZATCA Document", "width": 290},
	]  # fmt: skip
