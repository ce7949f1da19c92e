"""The one sealer: puts events that are not sealed yet at the next places of their company's chain.

Takes the events that have been committed since; gives one Audit Seal for each, whose hash covers the event and the seal before.
Runs every minute, and before anything is verified or handed over. Two at the same time do no harm: the index on company and
number lets one of them through. The last place of each chain is also noted in a file beside the site, out of SQL's reach.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import frappe

from bayancore_erp.archive.adapter import trail_key
from bayancore_erp.archive.adapter.trail import EVENT, Action, event_of, name_at, record
from bayancore_erp.archive.core import trail
from bayancore_erp.archive.core.trail_sink import HeadFile

SEAL = "Audit Seal"
SEALER = "Administrator"
BATCH = 2000
LATE = timedelta(hours=1)
"""A transaction that lasted longer than this when it wrote its event is caught up by the nightly, full round."""
_COLUMNS = (
	"name", "creation", "modified", "owner", "modified_by", "docstatus", "idx",
	"company", "number", "event", "hash", "mac",
)  # fmt: skip


def seal_all(*, full: bool = False) -> int:
	"""Seal what waits; gives how many. `full`: however long ago it was written. Commits."""
	count = 0
	while True:
		frappe.db.commit()
		rows = unsealed("" if full else watermark())
		if not rows:
			return count
		try:
			heads = append(rows)
			frappe.db.commit()
		except Exception as error:
			frappe.db.rollback()
			if not is_conflict(error):
				raise
			# Another sealer was first; what it left is looked at again.
			continue
		count += len(rows)
		for company, head in heads.items():
			witness(company, head)


def is_conflict(error: Exception) -> bool:
	"""Whether a database says so when two write the same place at once."""
	if isinstance(error, frappe.QueryDeadlockError | frappe.QueryTimeoutError | frappe.UniqueValidationError):
		return True
	return bool(frappe.db.is_duplicate_entry(error) or frappe.db.is_unique_key_violation(error))


def watermark() -> str:
	"""Names below it are sealed, save for very late ones."""
	last = frappe.db.sql(f"select max(event) from `tab{SEAL}`")[0][0] or ""
	return min(last, name_at(datetime.now(timezone.utc) - LATE)) if last else ""


def unsealed(above: str) -> list[Any]:
	"""The next events without a seal, in the order of their names."""
	return frappe.db.sql(
		f"""select e.* from `tab{EVENT}` e left join `tab{SEAL}` s on s.event = e.name
		where s.name is null and e.name > %s order by e.name limit {BATCH}""",
		above,
		as_dict=True,
	)


def append(rows: list[Any]) -> dict[str, trail.Record]:
	"""Write the seals of these events; gives each company's new head."""
	heads: dict[str, trail.Record | None] = {}
	values: list[tuple[Any, ...]] = []
	now = frappe.utils.now()
	for row in rows:
		company = row.company or ""
		if company not in heads:
			heads[company] = head_of(company)
			note_what_was_removed(company, heads[company])
		sealed = trail.chain(readable(row), heads[company])
		heads[company] = sealed
		code = trail_key.code_of(authenticated(company, sealed.number, row.name, sealed.hash))
		values.append(
			(
				*(secrets.token_hex(5), now, now, SEALER, SEALER, 0, 0),
				*(company, sealed.number, row.name, sealed.hash, code),
			)
		)
	columns = ", ".join(f"`{column}`" for column in _COLUMNS)
	places = ", ".join([f"({', '.join(['%s'] * len(_COLUMNS))})"] * len(values))
	frappe.db.sql(
		f"insert into `tab{SEAL}` ({columns}) values {places}", [value for row in values for value in row]
	)
	return {company: head for company, head in heads.items() if head}


def note_what_was_removed(company: str, head: trail.Record | None) -> None:
	"""An event, once, where a place further on than `head` was noted: what is sealed now closes the gap without a trace."""
	known, ends = head_file().last(company), head.number if head else 0
	if not known or known.number <= ends:
		return
	facts = {"ends_at": ends, "known": known.number}
	rows = frappe.get_all(
		EVENT, filters={"action": Action.SEALED_ANEW.value, "company": company}, pluck="facts"
	)
	if facts not in [frappe.parse_json(row) for row in rows]:
		record(Action.SEALED_ANEW, "", "", company, facts=facts)


def readable(row: Any) -> trail.Event:
	"""The event of a row; one that somebody made unreadable is sealed as it can be, and found by its code."""
	try:
		return event_of(row)
	except (ValueError, AttributeError):
		return trail.Event("", row.actor or "", row.action or "", "", row.digest or "")


def authenticated(company: str, number: int, event: str, digest: str) -> str:
	"""Everything of a seal that its code covers."""
	return json.dumps([company, int(number), event, digest], ensure_ascii=False, separators=(",", ":"))


def head_of(company: str) -> trail.Record | None:
	"""The last place of a company's chain; None for one that has none."""
	rows = frappe.db.sql(
		f"select number, hash from `tab{SEAL}` where company = %s order by number desc limit 1",
		company,
		as_dict=True,
	)
	return place(rows[0].number, rows[0].hash) if rows else None


def place(number: int, digest: str) -> trail.Record:
	"""A record of which only its place and hash are known: what the next one is chained to."""
	return trail.Record(int(number), trail.Event("", "", "", ""), "", digest)


def companies() -> list[str]:
	"""Every company that has a chain; the empty one is the site's own."""
	return [
		row[0] or "" for row in frappe.db.sql(f"select distinct company from `tab{SEAL}` order by company")
	]


# --- the witness ------------------------------------------------------------------------------------------------------
def witness(company: str, head: trail.Record) -> None:
	"""Note a chain's head in a file of this server. A file that cannot be written stops nothing: anchors remain."""
	try:
		head_file().take(company, [head])
	except OSError:
		frappe.log_error(title="Audit trail: its witness file cannot be written")


def head_file() -> HeadFile:
	"""Beside the site, out of SQL's reach."""
	return HeadFile(Path(frappe.get_site_path("private", "audit-witness")))
