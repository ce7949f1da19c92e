"""Recompute the audit trail: every event's code, every seal, every link, and the heads that were noted elsewhere.

Takes a company (empty: the site's own trail); gives what does not hold, each with its record and place. Reads in pages and
changes nothing. What it cannot see: an event that was removed from the database before it was sealed, within its first
minute, and of which no row of evidence tells. Source: DESIGN.md, promise 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter import trail_key, trail_seal
from bayancore_erp.archive.adapter.trail import EVENT, event_of, is_authentic
from bayancore_erp.archive.adapter.trail_seal import SEAL, SEALER
from bayancore_erp.archive.adapter.verify_finding import Counts, Finding
from bayancore_erp.archive.core import trail

PAGE = 1000


def check(
	company: str, counts: Counts, heads: Callable[[str], Iterator[tuple[int, str, str]]]
) -> Iterator[Finding]:
	"""Everything wrong with a company's trail. `heads`: places that were noted elsewhere, as number, hash and where."""
	wanted = {number: (digest, where) for number, digest, where in heads(company)}
	number, previous = 0, trail.START
	for row in rows_of(company):
		counts.add(EVENT)
		if row.number != number + 1:
			yield at_place(
				row,
				_("Place {0} is expected here: a seal was removed, inserted or moved.").format(number + 1),
			)
		number = row.number
		yield from judge(row, company, previous)
		if number in wanted and wanted.pop(number)[0] != row.hash:
			yield at_place(row, _("It is not what was noted outside the database for this place."))
		previous = row.hash
	for place, (_digest, where) in sorted(wanted.items()):
		yield Finding(
			SEAL,
			"",
			company,
			_("The trail ends at {0}; {1} knows place {2}: records at the end were removed.").format(
				number, where, place
			),
			place,
		)


def rows_of(company: str) -> Iterator[Any]:
	"""Every seal with its event, in order."""
	last = (-(2**31), "")
	while True:
		rows = frappe.db.sql(
			f"""select s.name seal, s.number, s.event, s.hash, s.mac seal_mac, s.company seal_company,
				(s.creation = s.modified and binary s.owner = '{SEALER}' and binary s.modified_by = '{SEALER}'
					and s.docstatus = 0 and s.idx = 0) seal_plain,
				(e.creation = e.at and e.modified = e.at and binary e.owner = e.actor
					and binary e.modified_by = e.actor and e.docstatus = 0 and e.idx = 0) event_plain,
				e.name, e.at, e.action, e.actor, e.company, e.subject_doctype, e.subject_name, e.digest, e.facts, e.mac
			from `tab{SEAL}` s left join `tab{EVENT}` e on e.name = s.event
			where s.company = %(company)s and (s.number > %(n)s or (s.number = %(n)s and s.name > %(name)s))
			order by s.number, s.name limit {PAGE}""",
			{"company": company, "n": last[0], "name": last[1]},
			as_dict=True,
		)
		yield from rows
		if len(rows) < PAGE:
			return
		last = (rows[-1].number, rows[-1].seal)


def judge(row: Any, company: str, previous: str) -> Iterator[Finding]:
	"""What is wrong with one seal and its event."""
	text = trail_seal.authenticated(company, row.number, row.event, row.hash)
	if not trail_key.fits(row.seal_mac, text) or not row.seal_plain:
		yield at_place(row, forged(row.seal_mac))
	if row.name is None:
		yield Finding(EVENT, row.event, company, _("It was deleted."), row.number)
		return
	# Frappe's own columns (who, when) are outside the code: they have to say what is inside it.
	if not is_authentic(row) or not row.event_plain:
		yield Finding(EVENT, row.name, company, forged(row.mac), row.number)
		return
	if (row.company or "") != company:
		yield at_place(row, _("Its event belongs to another company."))
		return
	try:
		own = trail.chain(event_of(row), trail_seal.place(row.number - 1, previous)).hash
	except ValueError:
		own = ""
	if own != row.hash:
		yield at_place(row, _("Its hash does not follow from its event and the seal before it."))


def forged(code: str | None) -> str:
	"""Why a code does not fit."""
	if trail_key.is_of_another_key(code):
		return _("It was written with a key this site does not have.")
	return _("It was changed after it was written.")


def at_place(row: Any, what: str) -> Finding:
	"""A finding at a seal."""
	return Finding(SEAL, row.seal, row.seal_company or "", what, row.number)


def never_sealed() -> Iterator[Finding]:
	"""Events outside every chain, although the sealer has just run."""
	for row in trail_seal.unsealed(""):
		yield Finding(EVENT, row.name, row.company or "", _("It stands in no chain."))
