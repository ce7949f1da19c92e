"""What must still be kept, what is held, and what may go: the core's rules over the signed documents of this site.

Takes documents; gives for each the last day it is kept through, its holds and whether it may be destroyed. Destroying is a
person's act with a reason, never a job's: it removes the rows, the attached files and, as far as their place lets them go, the
archived objects of a document, leaves its place in the device's chain, and is itself on record for good.
Source: VAT Implementing Regulations art. 66(1) and 52 (TAX.md section 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, getdate

from bayancore_erp.archive.adapter import attachments, clearing
from bayancore_erp.archive.adapter.clearing import GONE
from bayancore_erp.archive.adapter.preferences import preferences
from bayancore_erp.archive.adapter.trail_evidence import record_removal
from bayancore_erp.archive.core.retention import (
	YEARS,
	Decision,
	LegalHold,
	Subject,
	TaxPeriod,
	days_from_storing,
	kept_through,
	may_delete,
)
from bayancore_erp.zatca.adapter.records import append_row

DOCUMENT = "ZATCA Document"
HOLD = "Legal Hold"
CLASS = "Document Retention"
DESTROYER = "ZATCA Records Officer"
SUBJECTS = {
	"Ordinary": Subject.ORDINARY,
	"Capital Asset": Subject.CAPITAL_ASSET,
	"Real Estate": Subject.REAL_ESTATE,
}
PERIODS = {"Monthly": TaxPeriod.MONTHLY, "Quarterly": TaxPeriod.QUARTERLY}
PAGE = 500


@dataclass(frozen=True, slots=True)
class Kept:
	"""A document and what the rules say of it."""

	row: Any
	subject: str
	decision: Decision
	holds: tuple[str, ...]


# --- deciding ---------------------------------------------------------------------------------------------------------
def due(company: str = "", today: date | None = None, limit: int = 2000) -> Iterator[Kept]:
	"""Documents whose term has ended, the oldest first; those under a hold among them, to be seen."""
	today = today or getdate()
	last, found = "", 0
	# Whatever the rules, nothing younger than the shortest lawful term is due.
	oldest_possible = date(today.year - YEARS[Subject.ORDINARY], today.month, 1)
	while found < limit:
		rows = rows_of(
			"d.issued_at < %(before)s and d.name > %(last)s"
			+ (" and d.company = %(company)s" if company else ""),
			{"before": oldest_possible, "last": last, "company": company},
		)
		for kept in decide(rows, today):
			if today > kept.decision.kept_through:
				found += 1
				yield kept
		if len(rows) < PAGE:
			return
		last = rows[-1].name


def of(names: list[str], today: date | None = None) -> list[Kept]:
	"""What the rules say of these documents."""
	rows = rows_of("d.name in %(names)s", {"names": names or [""]})
	return list(decide(rows, today or getdate()))


def rows_of(where: str, values: dict[str, Any]) -> list[Any]:
	"""Documents with what the rules ask of them: the later of issue and posting, a capital asset among the lines, a class."""
	return frappe.db.sql(
		f"""select d.name, d.invoice_doctype, d.invoice_name, d.company, d.device, d.icv, d.pih, d.invoice_hash, d.uuid,
			d.issued_at, d.kind, d.total_with_vat, d.currency,
			greatest(date(d.issued_at), coalesce(s.posting_date, date(d.issued_at)),
				coalesce(s.zatca_supply_date, date(d.issued_at))) vat_date,
			exists (select 1 from `tabSales Invoice Item` l where l.parent = s.name and l.is_fixed_asset = 1) is_asset,
			c.subject, c.extra_years
		from `tab{DOCUMENT}` d
		left join `tabSales Invoice` s on d.invoice_doctype = 'Sales Invoice' and s.name = d.invoice_name
		left join `tab{CLASS}` c on c.document = d.name
		where {where} order by d.name limit {PAGE}""",
		values,
		as_dict=True,
	)


def decide(rows: list[Any], today: date) -> Iterator[Kept]:
	"""The longest of the law's, the company's and the document's own terms, and every hold."""
	holds = open_holds()
	for row in rows:
		settings = preferences(row.company)
		subjects = {
			SUBJECTS.get(settings.get("retention_subject") or "Ordinary", Subject.ORDINARY),
			SUBJECTS.get(row.subject or "Ordinary", Subject.ORDINARY),
			Subject.CAPITAL_ASSET if row.is_asset else Subject.ORDINARY,
		}
		kept = kept_through(
			row.vat_date,
			PERIODS.get(settings.get("tax_period") or "Quarterly", TaxPeriod.QUARTERLY),
			subjects,
			company_years=cint(settings.get("retention_years")),
			document_years=cint(row.extra_years),
		)
		own = [each for each in holds if covers(each, row)]
		decision = may_delete(today, kept, [LegalHold(each.reason, each.since) for each in own])
		longest = max(subjects, key=lambda subject: YEARS[subject])
		name = next(name for name, subject in SUBJECTS.items() if subject is longest)
		yield Kept(row, name, decision, tuple(each.name for each in own))


def days_to_protect(company: str) -> int:
	"""The longest that any document of the company must be protected from the day it is archived; a hold has no end."""
	settings = preferences(company)
	single = frappe.get_all(CLASS, filters={"company": company}, fields=["subject", "extra_years"])
	return days_from_storing(
		PERIODS.get(settings.get("tax_period") or "Quarterly", TaxPeriod.QUARTERLY),
		{
			SUBJECTS.get(subject or "Ordinary", Subject.ORDINARY)
			for subject in (settings.get("retention_subject"), *(row.subject for row in single))
		},
		cint(settings.get("retention_years")),
		*(cint(row.extra_years) for row in single),
	)


def open_holds() -> list[Any]:
	"""Every legal hold that is not released, with the documents it names."""
	rows = frappe.get_all(
		HOLD,
		filters={"released_on": ("is", "not set")},
		fields=["name", "company", "scope", "from_date", "to_date", "reason", "since"],
	)
	named = frappe.get_all(
		"Held Document",
		filters={"parent": ("in", [row.name for row in rows] or [""])},
		fields=["parent", "document"],
	)
	for row in rows:
		row.documents = {each.document for each in named if each.parent == row.name}
	return rows


def covers(hold: Any, row: Any) -> bool:
	"""Whether a hold concerns a document."""
	if hold.company != row.company:
		return False
	if hold.scope == "Documents":
		return row.name in hold.documents
	if hold.scope == "Period":
		return getdate(hold.from_date) <= getdate(row.issued_at) <= getdate(hold.to_date)
	return True


# --- holding ----------------------------------------------------------------------------------------------------------
def hold(names: list[str], reason: str) -> int:
	"""Put documents under a legal hold, one for each company; gives how many holds."""
	by_company: dict[str, list[Any]] = {}
	for row in frappe.get_list(
		DOCUMENT, filters={"name": ("in", names)}, fields=["name", "company", "invoice_name"]
	):
		by_company.setdefault(row.company, []).append(row)
	for company, rows in by_company.items():
		frappe.get_doc(
			{
				"doctype": HOLD,
				"company": company,
				"scope": "Documents",
				"reason": reason,
				"documents": [{"document": row.name, "invoice_name": row.invoice_name} for row in rows],
			}
		).insert()
	return len(by_company)


# --- destroying -------------------------------------------------------------------------------------------------------
def destroy(names: list[str], reason: str) -> dict[str, Any]:
	"""Destroy what may go; gives what went, why the rest did not, and what the archive could not let go. Commits after each."""
	if not (reason or "").strip():
		frappe.throw(_("Say why these documents are destroyed."))
	gone: list[str] = []
	kept: list[dict[str, str]] = []
	stays: list[dict[str, str]] = []
	for name in names:
		[found] = of([name]) or [None]
		if not found:
			continue
		frappe.get_doc(DOCUMENT, name).check_permission("read")
		if not found.decision.allowed:
			kept.append({"document": name, "invoice": found.row.invoice_name, "why": why_not(found)})
			continue
		remove(found, reason)
		frappe.db.commit()
		gone.append(found.row.invoice_name)
		for why in clearing.clear([name]).values():
			stays.append({"document": name, "invoice": found.row.invoice_name, "why": why})
	return {"destroyed": gone, "kept": kept, "stays": stays}


def why_not(found: Kept) -> str:
	"""Why a document must stay, in the reader's language."""
	if found.holds:
		return _("It is under the legal hold {0}.").format(", ".join(found.holds))
	return _("It must be kept through {0}.").format(frappe.format(found.decision.kept_through, "Date"))


def remove(found: Kept, reason: str) -> None:
	"""Take a document's rows and files away, leaving its place in the chain and a record of each row that went."""
	row = found.row
	append_row(
		GONE,
		{
			"document": row.name,
			"invoice_doctype": row.invoice_doctype,
			"invoice_name": row.invoice_name,
			"company": row.company,
			"device": row.device,
			"icv": row.icv,
			"pih": row.pih,
			"invoice_hash": row.invoice_hash,
			"issued_at": row.issued_at,
			"kept_through": found.decision.kept_through,
			"destroyed_by": frappe.session.user,
			"reason": reason.strip(),
		},
	)
	remove_files(row)
	for doctype, field in (("ZATCA Attempt", "document"), ("Archive Paper", "name"), (DOCUMENT, "name")):
		names = frappe.get_all(doctype, filters={field: row.name}, pluck="name")
		if names:
			facts = {
				"invoice": f"{row.invoice_doctype} {row.invoice_name}",
				"kept_through": found.decision.kept_through,
			}
			record_removal(doctype, names, row.company, facts)
			frappe.db.delete(doctype, {"name": ("in", names)})


def remove_files(row: Any) -> None:
	"""The PDF and XML attached to the invoice."""
	name = frappe.db.get_value("Archive Paper", row.name, "file_name")
	if not name:
		return
	pair = (str(name), f"{str(name).removesuffix('.pdf')}.xml")
	for file in frappe.get_all(
		"File",
		filters={
			"attached_to_doctype": row.invoice_doctype,
			"attached_to_name": row.invoice_name,
			"file_name": ("in", (*pair, *map(attachments.replaced, pair))),
		},
		pluck="name",
	):
		frappe.delete_doc("File", file, ignore_permissions=True, force=True)


def destroyed_places(device: str) -> dict[int, tuple[str, str, str]]:
	"""Counter -> previous hash, hash and UUID of a device's destroyed documents: what keeps its chain verifiable."""
	rows = frappe.get_all(GONE, filters={"device": device}, fields=["icv", "pih", "invoice_hash", "document"])
	return {int(row.icv): (row.pih, row.invoice_hash, row.document) for row in rows}


def destroyed(names: list[str]) -> set[str]:
	"""Those of these documents that were destroyed by the rules."""
	return set(frappe.get_all(GONE, filters={"document": ("in", names or [""])}, pluck="document"))
