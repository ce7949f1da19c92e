"""The audit trail's one writer: what happened becomes a row, in the transaction of the thing itself.

Takes an action, its subject and the digest of what it left behind; gives the row's name. One insert, no lock, no look at other
rows: the chain is made later by the sealer. Every row carries a code made with the site's key, so that one changed or made
by hand is found even before it is sealed. Never holds values, secrets or more of a person than the user's name.
"""

from __future__ import annotations

import json
import secrets
import time
from datetime import datetime, timezone
from enum import Enum
from typing import Any

import frappe

from bayancore_erp.archive.adapter import trail_key
from bayancore_erp.archive.core import trail
from bayancore_erp.zatca.core.pipeline import RIYADH

EVENT = "Audit Event"
_COLUMNS = (
	"name", "creation", "modified", "owner", "modified_by", "docstatus", "idx",
	"at", "action", "actor", "company", "subject_doctype", "subject_name", "digest", "facts", "mac",
)  # fmt: skip
_INSERT = f"insert into `tab{EVENT}` ({', '.join(f'`{c}`' for c in _COLUMNS)}) values ({', '.join(['%s'] * len(_COLUMNS))})"

_standing: set[str] = set()


class Action(str, Enum):
	"""What can happen, in words people read and filter by."""

	CREATED = "Created"
	CHANGED = "Changed"
	SUBMITTED = "Submitted"
	CANCELLED = "Cancelled"
	DELETED = "Deleted"
	RENAMED = "Renamed"
	REQUESTED = "Requested"
	REFUSED = "Refused"
	SIGNED = "Signed"
	SENT = "Sent"
	ANSWERED = "Answered"
	REJECTED = "Rejected"
	ACCEPTED = "Accepted"
	ISSUED = "Issued"
	POSTED = "Posted"
	RELEASED = "Released"
	SKIPPED = "Skipped"
	RECORDED = "Recorded"
	"""A row of evidence of any other kind."""
	ADOPTED = "Adopted"
	"""A row of evidence that is older than the trail: stated as it was found when the trail came to the site."""
	REQUEST_ADOPTED = "Request Adopted"
	"""The same of a submission."""
	DRAWN = "Drawn"
	ARCHIVED = "Archived"
	MAILED = "Mailed"
	MAIL_QUEUED = "Mail Queued"
	UNDELIVERED = "Undelivered"
	PRINTED = "Printed"
	DOWNLOADED = "Downloaded"
	EXPORTED = "Exported"
	KEY_USED = "Key Used"
	LOGGED_IN = "Login"
	LOGGED_OUT = "Logout"
	LOGIN_FAILED = "Failed Login"
	IMPERSONATED = "Impersonated"
	VERIFIED = "Verified"
	PACKED = "Pack Made"
	HELD = "Held"
	HOLD_ENDED = "Hold Ended"
	DESTROYED = "Destroyed"
	TRAINING_REMOVED = "Training Removed"
	SEALED_ANEW = "Sealed Anew"
	"""Seals at the end of a chain were gone, though their last place had been noted: their events are sealed again."""


def record(
	action: Action,
	doctype: str,
	name: str,
	company: str = "",
	*,
	digest: str = "",
	actor: str = "",
	facts: dict[str, Any] | None = None,
) -> str:
	"""Write one event in the caller's transaction; gives its name, empty where the table is not there yet."""
	if not is_there():
		return ""
	at = datetime.now(RIYADH).replace(tzinfo=None)
	at = at.replace(microsecond=at.microsecond // 1000 * 1000)
	user = actor or str(frappe.session.user or "Guest")
	row = frappe._dict(
		name=new_name(),
		at=at,
		action=action.value,
		actor=user[:140],
		company=company or "",
		subject_doctype=doctype or "",
		subject_name=str(name or "")[:140],
		digest=digest,
		facts=plain(facts or {}),
	)
	row.mac = trail_key.code_of(authenticated(row))
	# Frappe's own columns repeat what the code covers, and verify holds them to it.
	row.update(creation=at, modified=at, owner=row.actor, modified_by=row.actor, docstatus=0, idx=0)
	frappe.db.sql(_INSERT, [row[column] for column in _COLUMNS])
	return str(row.name)


def is_there() -> bool:
	"""Whether the table stands: while the app is installed or migrated it may not. Asked until it does, then never again."""
	site = str(frappe.conf.db_name)
	if site not in _standing and frappe.db.table_exists(EVENT, cached=False):
		_standing.add(site)
	return site in _standing and not frappe.flags.in_uninstall


def new_name() -> str:
	"""A name that begins with the time, so that rows of one moment lie together and the sealer finds the latest."""
	return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def name_at(moment: datetime) -> str:
	"""Where names made at that time begin."""
	return f"{int(moment.astimezone(timezone.utc).timestamp() * 1000):012x}"


def plain(facts: dict[str, Any]) -> str:
	"""Facts as they are kept: short texts, in the one form that is hashed."""
	kept = {str(key): str(value)[:500] for key, value in facts.items() if value not in (None, "")}
	return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if kept else ""


def event_of(row: Any) -> trail.Event:
	"""The core's event of a row as it stands. Raises ValueError where its facts cannot be read."""
	facts = json.loads(row.facts) if row.facts else {}
	if not isinstance(facts, dict):
		raise ValueError("facts")
	return trail.Event(
		at=f"{row.at.isoformat(timespec='milliseconds')}+03:00",
		actor=row.actor or "",
		action=row.action or "",
		subject=f"{row.subject_doctype} {row.subject_name}".strip(),
		digest=row.digest or "",
		facts=tuple(sorted((str(k), str(v)) for k, v in facts.items())),
	)


def authenticated(row: Any) -> str:
	"""Everything of a row that its code covers, as one text."""
	parts = [
		row.name, row.company or "", row.at.isoformat(timespec="microseconds"), row.actor or "", row.action or "",
		row.subject_doctype or "", row.subject_name or "", row.digest or "", row.facts or "",
	]  # fmt: skip
	return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def is_authentic(row: Any) -> bool:
	"""Whether the row is as it was written."""
	return bool(row.at) and trail_key.fits(row.mac, authenticated(row))
