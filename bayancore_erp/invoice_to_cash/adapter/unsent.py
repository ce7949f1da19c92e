"""Posted invoices for which there is neither a ZATCA document nor a reason why not: there must be none.

Takes companies and a span of posting dates; gives rows. Never writes. Source: issue B, item 4; PEERS.md section 3.D.
"""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES


def without_document(companies: list[str] | None, first: Any, last: Any) -> list[dict[str, Any]]:
	"""Posted since go-live, in companies that issue through ZATCA, and unknown to it."""
	found: list[dict[str, Any]] = []
	for doctype in INVOICE_DOCTYPES:
		found += frappe.db.sql(
			f"""select '{doctype}' as invoice_doctype, invoice.name as invoice_name, invoice.posting_date,
				invoice.customer_name, invoice.base_grand_total as amount, invoice.company, invoice.zatca_state as state,
				invoice.owner, invoice.modified_by
			from `tab{doctype}` invoice
			join `tabZATCA Settings` settings on settings.name = invoice.company and settings.enabled = 1
			where invoice.docstatus = 1 and invoice.posting_date between %(first)s and %(last)s
				and (settings.go_live_date is null or invoice.posting_date >= settings.go_live_date)
				{"and invoice.company in %(companies)s" if companies is not None else ""}
				and not exists (select name from `tabZATCA Document` document
					where document.invoice_doctype = '{doctype}' and document.invoice_name = invoice.name)
				and not exists (select name from `tabZATCA Skip` skip
					where skip.invoice_doctype = '{doctype}' and skip.invoice_name = invoice.name)
			order by invoice.posting_date, invoice.name""",
			{"first": first, "last": last, "companies": companies or [""]},
			as_dict=True,
		)
	return found


def skipped(companies: list[str] | None, first: Any, last: Any) -> list[dict[str, Any]]:
	"""Posted without a document, each with its reason."""
	filters: dict[str, Any] = {"posting_date": ("between", [first, last])}
	if companies is not None:
		filters["company"] = ("in", companies or [""])
	return frappe.get_all(
		"ZATCA Skip",
		filters=filters,
		fields=[
			"invoice_doctype",
			"invoice_name",
			"posting_date",
			"company",
			"reason_code",
			"reason",
			"skipped_by as modified_by",
		],
		order_by="posting_date, invoice_name",
		limit_page_length=0,
	)
