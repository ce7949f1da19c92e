"""The archive's queue: one small row for each piece of work on a signed document, retried until it is done.

Takes a document and what is to be done with it; gives rows with a lease, an attempt count and the time of the next one. Every
piece may run twice or die anywhere: the work itself is idempotent and the lease keeps two workers apart. A row is the
state of work, not evidence; what was done is told by Archive Paper, Archive Object and Invoice Mail.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum
from typing import Any

import frappe
from frappe.utils import now_datetime

TASK = "Archive Task"
LEASE = timedelta(minutes=5)
PAUSES = (1, 2, 5, 15, 30, 60, 180, 360)
"""Minutes before each further attempt; the last one repeats."""
TRIES = 30
"""After so many attempts, nearly a week, a person has to look."""


class Work(str, Enum):
	"""What is done with a document, in this order."""

	DOCUMENT = "Document"
	ARCHIVE = "Archive"
	MAIL = "Mail"


class TaskState(str, Enum):
	"""Where a piece of work stands."""

	PENDING = "Pending"
	WAITING = "Waiting"
	FAILED = "Failed"
	DONE = "Done"
	NOT_NEEDED = "Not Needed"


OPEN = (TaskState.PENDING.value, TaskState.WAITING.value)


class NotNow(Exception):
	"""Nothing is wrong with the work itself: again later, with this sentence."""


class NotAtAll(Exception):
	"""A person must change something first; the sentence says what."""


class NotNeeded(Exception):
	"""There is nothing to do, and this is why."""


def open_task(document: Any, work: Work, occasion: str = "") -> str | None:
	"""A row for this work, the caller's transaction; None where it is there already."""
	key = f"{document.name}:{work.value}:{occasion}"
	if frappe.db.exists(TASK, {"task_key": key}):
		return None
	row = frappe.get_doc(
		{
			"doctype": TASK,
			"work": work.value,
			"occasion": occasion,
			"state": TaskState.PENDING.value,
			"document": document.name,
			"invoice_doctype": document.invoice_doctype,
			"invoice_name": document.invoice_name,
			"company": document.company,
			"task_key": key,
		}
	)
	row.flags.by_the_writer = True
	row.flags.ignore_permissions = True
	row.flags.ignore_links = True
	frappe.db.savepoint("archive_task")
	try:
		row.insert()
	except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
		frappe.db.rollback(save_point="archive_task")
		return None
	return str(row.name)


def claim(name: str) -> Any:
	"""Take the work where it is open, due and free; None otherwise. Locks the row; the caller commits."""
	rows = frappe.db.sql("select * from `tabArchive Task` where name = %s for update", name, as_dict=True)
	if not rows:
		return None
	row, now = rows[0], now_datetime()
	if row.state not in OPEN or (row.lease_until and row.lease_until > now):
		return None
	if row.next_try_at and row.next_try_at > now:
		return None
	put(name, lease_until=now + LEASE, attempts=int(row.attempts or 0) + 1)
	row.attempts = int(row.attempts or 0) + 1
	return row


def put(name: str, **values: Any) -> None:
	"""The raw write."""
	frappe.db.set_value(TASK, name, values)


def finish(name: str, state: TaskState, remark: str = "") -> None:
	"""Done, or not needed, or for a person."""
	done = state in (TaskState.DONE, TaskState.NOT_NEEDED)
	put(
		name,
		state=state.value,
		lease_until=None,
		next_try_at=None,
		last_error=remark,
		finished_at=now_datetime() if done else None,
	)


def postpone(row: Any, why: str) -> None:
	"""Again later, each time later; after long enough it is for a person."""
	if row.attempts >= TRIES:
		finish(row.name, TaskState.FAILED, why)
		return
	pause = timedelta(minutes=PAUSES[min(row.attempts, len(PAUSES)) - 1])
	put(
		row.name,
		state=TaskState.WAITING.value,
		lease_until=None,
		next_try_at=now_datetime() + pause,
		last_error=why,
	)


def retry(names: Iterable[str]) -> int:
	"""At once, whatever stopped them; gives how many."""
	count = 0
	for name in names:
		if frappe.db.get_value(TASK, name, "state") in (*OPEN, TaskState.FAILED.value):
			put(name, state=TaskState.PENDING.value, next_try_at=None, attempts=0)
			count += 1
	return count


def of_document(document: str) -> list[str]:
	"""The open work on a document, in its order."""
	rows = frappe.get_all(
		TASK, filters={"document": document, "state": ("in", OPEN)}, fields=["name", "work"]
	)
	order = [work.value for work in Work]
	return [row.name for row in sorted(rows, key=lambda row: order.index(row.work))]


def due(limit: int = 200) -> list[str]:
	"""Documents with work that is due and that nobody does, each once."""
	now = now_datetime()
	rows = frappe.db.sql(
		"""select document, min(creation) as since from `tabArchive Task`
		where state in %(open)s and (next_try_at is null or next_try_at <= %(now)s)
			and (lease_until is null or lease_until < %(now)s)
		group by document order by since limit %(limit)s""",
		{"open": OPEN, "now": now, "limit": limit},
	)
	return [row[0] for row in rows]
