"""Does what the queue holds for one document: its paper, then the archive, then the mail.

Takes a document's name; works through its open tasks, a commit after each, and writes down what stopped one. One task's
trouble is not the next one's: a customer gets the invoice while the object storage is away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter import heads, keeping, mailing, papers, tasks
from bayancore_erp.archive.adapter.lawful import lawful
from bayancore_erp.archive.adapter.tasks import NotAtAll, NotNeeded, NotNow, TaskState, Work
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.core.errors import ZatcaError


def work_on(document: str) -> None:
	"""Everything open for this document that is due. Commits the caller's transaction."""
	frappe.db.commit()
	for name in tasks.of_document(document):
		row = tasks.claim(name)
		frappe.db.commit()
		if row:
			do(row)


def do(row: Any) -> None:
	"""One task to its end or its next attempt."""
	try:
		remark = DOING[row.work](row) or ""
		tasks.finish(row.name, TaskState.DONE, remark)
		frappe.db.commit()
		return
	except NotNeeded as reason:
		state, why = TaskState.NOT_NEEDED, str(reason)
	except (NotAtAll, papers.NoPaper) as reason:
		state, why = TaskState.FAILED, str(reason)
	except NotNow as reason:
		state, why = TaskState.WAITING, str(reason)
	except ZatcaError as error:
		state, why = TaskState.WAITING if error.retryable else TaskState.FAILED, error.diagnostics()
	except Exception as error:
		state, why = TaskState.WAITING, (str(error) or type(error).__name__)[:500]
		frappe.db.rollback()
		frappe.log_error(title=f"Archive: {row.work} {row.invoice_name}", message=frappe.get_traceback())
		frappe.db.commit()
	# What the task had begun is taken back; why is noted.
	frappe.db.rollback()
	if state is TaskState.WAITING:
		tasks.postpone(row, why)
	else:
		tasks.finish(row.name, state, why)
	frappe.db.commit()


def draw(row: Any) -> str:
	"""The PDF/A-3, attached to the invoice."""
	return str(papers.paper_of(row.document).row.remark or "")


def archive(row: Any) -> str:
	"""Everything of the document into the archive. A rejected one has no paper and is kept all the same."""
	found = lawful(row.document)
	paper = papers.paper_of(row.document) if found.may_be_given and found.accepted else None
	# The paper is committed before the network is awaited.
	frappe.db.commit()
	name = paper.row.file_name if paper else papers.name_of(found.row, ".pdf")
	objects = keeping.keep_document(found, paper.content if paper else b"", name)
	heads.mark(found.row)
	announce(
		"archived",
		found.row.invoice_doctype,
		found.row.invoice_name,
		found.row.company,
		document=row.document,
		objects=len(objects),
	)
	return _("{0} objects").format(len(objects))


def mail(row: Any) -> str:
	"""The copy the occasion asks for, to the customer's people."""
	return mailing.send(row.document, row.occasion)


DOING: dict[str, Callable[[Any], str]] = {
	Work.DOCUMENT.value: draw,
	Work.ARCHIVE.value: archive,
	Work.MAIL.value: mail,
}
