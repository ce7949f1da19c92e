"""What goes into an auditor's pack, read from the site a page at a time.

Takes a company and a period; gives documents with their PDF, request and answers, chain rows, trail lines and rows of
evidence, each as an iterator for the core's writer. Never holds more than a page of anything; changes nothing, except that a paper
which was not drawn yet is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import frappe
from frappe.utils import getdate

from bayancore_erp.archive.adapter import papers, trail_rows
from bayancore_erp.archive.adapter.clearing import GONE
from bayancore_erp.archive.adapter.lawful import ACCEPTED, answers_of, lawful, request_of
from bayancore_erp.archive.adapter.trail import EVENT, Action, event_of, is_authentic
from bayancore_erp.archive.adapter.trail_seal import SEAL
from bayancore_erp.archive.core import trail
from bayancore_erp.archive.core.pack import ChainRow, EvidenceRow, PackDocument
from bayancore_erp.archive.core.verify_pack import EVIDENCE
from bayancore_erp.zatca.adapter.records import unpack_body
from bayancore_erp.zatca.core.errors import ZatcaError

PAGE = 200
DOCUMENT = "ZATCA Document"
_ACCEPTED = """exists (select 1 from `tabZATCA Attempt` a where a.document = d.name and a.row_kind = 'Answer'
	and a.outcome in %(accepted)s)"""


@dataclass(frozen=True, slots=True)
class Period:
	"""Whose and which days, both included."""

	company: str
	start: date
	end: date

	@property
	def values(self) -> dict[str, Any]:
		"""For queries; the end is the moment after the last day."""
		return {
			"company": self.company,
			"start": datetime.combine(self.start, time.min),
			"after": datetime.combine(self.end + timedelta(days=1), time.min),
			"accepted": ACCEPTED,
		}


def count_of(period: Period) -> int:
	"""How many documents the pack will hold."""
	rows = frappe.db.sql(
		f"""select count(*) from `tab{DOCUMENT}` d
		where d.company = %(company)s and d.issued_at >= %(start)s and d.issued_at < %(after)s and {_ACCEPTED}""",
		period.values,
	)
	return int(rows[0][0])


def vat_numbers_of(period: Period) -> list[str]:
	"""The seller's, as the documents of the period state them: several where it changed; the company's where there are none."""
	rows = frappe.db.sql(
		f"""select distinct vat_number from `tab{DOCUMENT}`
		where company = %(company)s and issued_at >= %(start)s and issued_at < %(after)s order by vat_number""",
		period.values,
	)
	numbers = [str(row[0]) for row in rows if row[0]]
	return numbers or [str(frappe.db.get_value("Company", period.company, "tax_id") or "")]


def documents(period: Period) -> Iterator[PackDocument]:
	"""Every document ZATCA has accepted, by device and counter."""
	last = ("", 0)
	while True:
		rows = frappe.db.sql(
			f"""select d.name, d.device, d.icv from `tab{DOCUMENT}` d
			where d.company = %(company)s and d.issued_at >= %(start)s and d.issued_at < %(after)s and {_ACCEPTED}
				and (d.device > %(device)s or (d.device = %(device)s and d.icv > %(icv)s))
			order by d.device, d.icv limit {PAGE}""",
			{**period.values, "device": last[0], "icv": last[1]},
			as_dict=True,
		)
		for row in rows:
			yield document(row.name)
		if len(rows) < PAGE:
			return
		last = (rows[-1].device, rows[-1].icv)


def document(name: str) -> PackDocument:
	"""One document with everything that belongs to it. Without its PDF where that cannot be had, which the verifier says."""
	found = lawful(name)
	answers = tuple(
		unpack_body(answer.body, answer.body_encoding, answer.body_sha256)
		for answer in answers_of(name)
		if answer.body
	)
	return PackDocument(found.row.device, found.xml, pdf_of(name), request_of(found.row), answers)


def pdf_of(name: str) -> bytes:
	"""The document's paper, made now where it was not yet; empty where it is lost for good or cannot be drawn. Commits."""
	try:
		paper = papers.paper_of(name)
	except (frappe.ValidationError, ZatcaError, OSError):
		frappe.db.rollback()
		return b""
	# A paper that was just made must not wait for a pack of a hundred thousand.
	frappe.db.commit()
	return paper.content


def chain(period: Period) -> Iterator[ChainRow]:
	"""Each device's run from the first to the last document of the period, whatever became of those between."""
	runs = frappe.db.sql(
		f"""select device, min(icv) first, max(icv) last from `tab{DOCUMENT}`
		where company = %(company)s and issued_at >= %(start)s and issued_at < %(after)s
		group by device order by device""",
		period.values,
		as_dict=True,
	)
	for run in runs:
		icv = run.first - 1
		while icv < run.last:
			rows = frappe.db.sql(
				f"""select d.icv, d.uuid, d.invoice_hash, d.pih, d.issued_at, {_ACCEPTED} as accepted, 0 as destroyed
				from `tab{DOCUMENT}` d where d.device = %(device)s and d.icv > %(icv)s and d.icv <= %(last)s
				union all
				select icv, document, invoice_hash, pih, issued_at, 0, 1
				from `tab{GONE}` where device = %(device)s and icv > %(icv)s and icv <= %(last)s
				order by icv limit {PAGE}""",
				{"device": run.device, "icv": icv, "last": run.last, "accepted": ACCEPTED},
				as_dict=True,
			)
			for row in rows:
				yield ChainRow(
					run.device,
					int(row.icv),
					row.uuid,
					row.invoice_hash,
					row.pih,
					bool(row.accepted),
					getdate(row.issued_at),
					bool(row.destroyed),
				)
			if not rows:
				return
			icv = rows[-1].icv


# --- the trail --------------------------------------------------------------------------------------------------------
def run_of(company: str, period: Period) -> tuple[int, int]:
	"""The first and the last place of a trail that belong to the period; (1, 0) where none does."""
	rows = frappe.db.sql(
		f"""select min(s.number), max(s.number) from `tab{SEAL}` s join `tab{EVENT}` e on e.name = s.event
		where s.company = %(trail)s and e.at >= %(start)s and e.at < %(after)s""",
		{**period.values, "trail": company},
	)
	return (int(rows[0][0]), int(rows[0][1])) if rows[0][0] is not None else (1, 0)


def sealed(company: str, run: tuple[int, int]) -> Iterator[Any]:
	"""The seals of a run with their events."""
	number = run[0] - 1
	while number < run[1]:
		rows = frappe.db.sql(
			f"""select s.number, s.hash, e.* from `tab{SEAL}` s join `tab{EVENT}` e on e.name = s.event
			where s.company = %s and s.number > %s and s.number <= %s order by s.number limit {PAGE}""",
			(company, number, run[1]),
			as_dict=True,
		)
		yield from rows
		if not rows:
			return
		number = rows[-1].number


def lines(company: str, run: tuple[int, int]) -> Iterator[str]:
	"""The trail's lines of a run."""
	return (record.as_line() for record in records_of_trail(company, run))


def records_of_trail(company: str, run: tuple[int, int]) -> Iterator[trail.Record]:
	"""A run's records, made from the events as they stand: what was changed no longer fits its hash."""
	before = frappe.db.sql(
		f"select hash from `tab{SEAL}` where company = %s and number = %s", (company, run[0] - 1)
	)
	previous = str(before[0][0]) if before else trail.START
	for row in sealed(company, run):
		yield trail.Record(int(row.number), event_of(row), previous, row.hash)
		previous = row.hash


def records(company: str, run: tuple[int, int]) -> Iterator[EvidenceRow]:
	"""The rows of evidence that a run tells of, in its order."""
	page: list[Any] = []
	for row in sealed(company, run):
		if row.action in EVIDENCE:
			page.append(row)
		if len(page) >= PAGE:
			yield from evidence(page)
			page = []
	yield from evidence(page)


def destroyed(company: str, run: tuple[int, int]) -> Iterator[str]:
	"""The lines from behind a run that tell of the lawful destruction of rows which the run tells of."""
	number = run[1]
	while True:
		rows = frappe.db.sql(
			f"""select s.number, s.hash, p.hash previous, e.*
			from `tab{SEAL}` s join `tab{EVENT}` e on e.name = s.event
			left join `tab{SEAL}` p on p.company = s.company and p.number = s.number - 1
			where s.company = %(company)s and s.number > %(number)s and e.action = %(destroyed)s and exists (
				select 1 from `tab{EVENT}` b join `tab{SEAL}` t on t.event = b.name
				where b.subject_name = e.subject_name and b.subject_doctype = e.subject_doctype
					and b.action in %(born)s and b.digest = e.digest
					and t.company = s.company and t.number between %(first)s and %(last)s)
			order by s.number limit {PAGE}""",
			{
				"company": company,
				"number": number,
				"destroyed": Action.DESTROYED.value,
				"born": tuple(EVIDENCE),
				"first": run[0],
				"last": run[1],
			},
			as_dict=True,
		)
		for row in filter(is_authentic, rows):
			yield trail.Record(
				int(row.number), event_of(row), row.previous or trail.START, row.hash
			).as_line()
		if len(rows) < PAGE:
			return
		number = rows[-1].number


def evidence(told: list[Any]) -> Iterator[EvidenceRow]:
	"""The rows of a page of events."""
	by_doctype: dict[str, list[str]] = {}
	for row in told:
		by_doctype.setdefault(row.subject_doctype, []).append(row.subject_name)
	found: dict[tuple[str, str], dict[str, str]] = {}
	for doctype, names in by_doctype.items():
		meta = frappe.get_meta(doctype)
		for row in frappe.db.sql(
			f"select * from `tab{doctype}` where name in %(n)s", {"n": names}, as_dict=True
		):
			found[doctype, row.name] = trail_rows.columns(row, meta)
	for row in told:
		subject = (row.subject_doctype, row.subject_name)
		yield EvidenceRow(" ".join(subject), found.get(subject, {}))
