"""Posted invoices for which there is neither a ZATCA document nor a reason why not: there must be none.

Takes companies and a span of posting dates; gives rows, for the doctor a finding, and tells the managers. Never mends anything.
Source: issue B, item 4; PEERS.md section 3.D.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import frappe
from frappe import _

from bayancore_erp.zatca.adapter import managers
from bayancore_erp.zatca.adapter.doctor import Finding, Light
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES

REPORT: Final = "Submitted Invoices Without ZATCA Document"
# Go-live is the real beginning.
EVER: Final = (date(2000, 1, 1), date(9999, 12, 31))


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


def examine() -> Iterator[Finding]:
	"""For the doctor: red with the first of each company's."""
	area, found = _("Invoices Without ZATCA Document"), by_company()
	for company, rows in found.items():
		yield Finding(
			area,
			Light.RED,
			sentence(len(rows), rows[0]["invoice_name"]),
			_("The report lists them with who posted each: somebody went past every guard."),
			("query-report", REPORT),
			company,
		)
	if not found:
		yield Finding(
			area, Light.GREEN, _("Every submitted invoice has its ZATCA document, or a reason why not.")
		)


def tell() -> int:
	"""Alert each company's managers; gives how many invoices there are."""
	found = by_company()
	for company, rows in found.items():
		first = rows[0]

		def say(count: int = len(rows), name: str = first["invoice_name"]) -> str:
			return sentence(count, name)

		managers.alert(first["invoice_doctype"], first["invoice_name"], company, say)
	return sum(map(len, found.values()))


def by_company() -> dict[str, list[dict[str, Any]]]:
	"""All of them, by the company whose they are."""
	found: dict[str, list[dict[str, Any]]] = defaultdict(list)
	for row in without_document(None, *EVER):
		found[row["company"]].append(row)
	return found


def sentence(count: int, first: str) -> str:
	"""In the reader's language."""
	return str(
		_("{0} submitted invoices have neither a ZATCA document nor a reason; the first is {1}.").format(
			count, first
		)
	)
