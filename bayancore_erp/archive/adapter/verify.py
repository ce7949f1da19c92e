"""Verify everything this site keeps: trail, evidence, states, devices' chains, and what was anchored elsewhere.

Takes nothing but the site; gives a report that names every place that does not hold. Seals what waits first; changes nothing
else but for the event that says it was verified. Source: DESIGN.md, promise 12.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe

from bayancore_erp.archive.adapter import (
	trail_heads,
	trail_seal,
	verify_rows,
	verify_states,
	verify_trail,
)
from bayancore_erp.archive.adapter.clearing import GONE
from bayancore_erp.archive.adapter.reach import require_known
from bayancore_erp.archive.adapter.trail import EVENT, Action, is_authentic, record
from bayancore_erp.archive.adapter.verify_finding import Counts, Finding
from bayancore_erp.zatca.adapter import chain, watch

MOST = 500
"""So many findings of each company are kept; all are counted."""


@dataclass(frozen=True, slots=True)
class Report:
	"""What was looked at, how many places do not hold, and the first of them."""

	looked_at: dict[str, int]
	by_company: dict[str, int]
	"""How many places of each company do not hold; the empty one is the site itself."""
	findings: tuple[Finding, ...]
	remarks: tuple[str, ...] = ()
	"""What could not be compared, such as an archive that does not answer; and what is gone, or older than the trail, by its own word."""

	@property
	def problems(self) -> int:
		"""How many places do not hold."""
		return sum(self.by_company.values())

	@property
	def ok(self) -> bool:
		"""Whether everything holds."""
		return not self.problems

	def as_dict(self) -> dict[str, Any]:
		"""For the desk and the command line."""
		return {
			"ok": self.ok,
			"looked_at": self.looked_at,
			"problems": self.problems,
			"by_company": self.by_company,
			"findings": [finding.as_dict() for finding in self.findings],
			"remarks": list(self.remarks),
		}


def verify(company: str = "") -> Report:
	"""Everything, or what concerns one company (and the site's own trail). Raises InvalidInput for one that is unknown. Commits."""
	if company:
		require_known(company)
	trail_seal.seal_all(full=True)
	counts, noted, problems = Counts(), trail_heads.Noted(), Counter[str]()
	kept: list[Finding] = []
	for finding in findings(counts, noted):
		if company and finding.company not in ("", company):
			continue
		problems[finding.company] += 1
		if problems[finding.company] <= MOST:
			kept.append(finding)
	remarks = (*noted.remarks, *told(company))
	report = Report(dict(counts.by_kind), dict(problems), tuple(kept), remarks)
	record(Action.VERIFIED, "", "", company, facts={"looked_at": counts.total, "problems": report.problems})
	frappe.db.commit()
	return report


def findings(counts: Counts, noted: trail_heads.Noted) -> Iterator[Finding]:
	"""Every place that does not hold."""
	for company in sorted({*trail_seal.companies(), *trail_heads.companies()}):
		yield from verify_trail.check(company, counts, noted.of)
	yield from verify_trail.never_sealed()
	yield from verify_rows.check(counts)
	yield from verify_states.check(counts)
	yield from chains(counts)
	yield from anchored(noted)
	yield from books()


def told(company: str = "") -> Iterator[str]:
	"""What a reader of the report should know of the trail though all of it holds."""
	rows = frappe.db.sql(
		f"""select * from `tab{EVENT}` where action = %(removed)s and (%(company)s = '' or company = %(company)s) order by name""",
		{"removed": Action.TRAINING_REMOVED.value, "company": company},
		as_dict=True,
	)
	for row in filter(is_authentic, rows):
		yield frappe._(
			"{0} was a training company. It was removed by {1} on {2} with {3} records; its trail stayed."
		).format(
			row.company,
			row.actor,
			frappe.format(row.at, "Datetime"),
			frappe.parse_json(row.facts or "{}").get("rows", 0),
		)
	yield from sealed_anew(company)
	[(count, since)] = frappe.db.sql(
		f"""select count(*), min(at) from `tab{EVENT}` where action in %(adopted)s
		and (%(company)s = '' or company = %(company)s)""",
		{"adopted": (Action.ADOPTED.value, Action.REQUEST_ADOPTED.value), "company": company},
	)
	if count:
		yield frappe._(
			"{0} records are older than the audit trail: it vouches for them since {1}, when it found them."
		).format(count, frappe.format(since, "Datetime"))


def sealed_anew(company: str) -> Iterator[str]:
	"""Where seals were taken away and their events, which stayed, are sealed again."""
	rows = frappe.db.sql(
		f"""select * from `tab{EVENT}` where action = %(anew)s and (%(company)s = '' or company in ('', %(company)s))
		order by name""",
		{"anew": Action.SEALED_ANEW.value, "company": company},
		as_dict=True,
	)
	for row in filter(is_authentic, rows):
		facts = frappe.parse_json(row.facts or "{}")
		yield frappe._(
			"{0}: on {1} the seals after place {2} were gone from the database, though place {3} had been noted. Their events are sealed again."
		).format(
			row.company or frappe._("the site's own trail"),
			frappe.format(row.at, "Datetime"),
			facts.get("ends_at"),
			facts.get("known"),
		)


def chains(counts: Counts) -> Iterator[Finding]:
	"""Every device's life, recomputed from the stored bytes."""
	known = set(frappe.get_all("ZATCA Device", pluck="name"))
	signed = {row[0] for row in frappe.db.sql("select distinct device from `tabZATCA Document`")}
	for device in sorted(known | signed):
		company = str(frappe.db.get_value("ZATCA Device", device, "company") or "")
		if device not in known:
			yield Finding("ZATCA Device", device, company, frappe._("It signed documents and is gone."))
			continue
		life = chain.verify(device)
		counts.add("ZATCA Device")
		for each in life.breaks:
			kind, name = ("ZATCA Device", device) if each.of_head else ("ZATCA Document", each.document)
			yield Finding(kind, name, company, each.what, each.icv)


def books() -> Iterator[Finding]:
	"""Posted invoices and their ledger, as zatca's own watch compares them with what was posted."""
	for each in watch.verify():
		company = str(frappe.db.get_value(each.doctype, each.name, "company") or "")
		yield Finding(each.doctype, each.name, company, each.what)


def anchored(noted: trail_heads.Noted) -> Iterator[Finding]:
	"""Places of devices' chains that were anchored and are not there, or are another document's."""
	for company in frappe.get_all("Company", pluck="name"):
		for device, icv, digest, where in noted.chains(company):
			place = {"device": device, "icv": icv}
			# A document that was destroyed after its term leaves its place.
			found = frappe.db.get_value("ZATCA Document", place, "invoice_hash") or frappe.db.get_value(
				GONE, place, "invoice_hash"
			)
			if icv and found != digest:
				yield Finding(
					"ZATCA Device",
					device,
					company,
					frappe._("Its chain does not hold document {0} as {1} knows it.").format(icv, where),
					icv,
				)
