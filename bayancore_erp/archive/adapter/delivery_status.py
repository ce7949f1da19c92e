"""Mails that did not arrive: what Frappe's queue gave up, and what a mail server sent back.

Takes Email Queue rows in error and received Communications; gives Mail Exceptions. Believes a returned mail only where it names
an address we wrote to.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import frappe
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter import exceptions
from bayancore_erp.archive.adapter.fields import Trouble

_DAEMON = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|bounces?)([+.@-]|$)", re.IGNORECASE)
_SAYS_SO = re.compile(
	r"undeliver|delivery (status|has failed|failure|incomplete)|returned mail|failure notice|not be delivered|"
	r"\b5\.\d{1,3}\.\d{1,3}\b|final-recipient|تعذر تسليم|لم يتم تسليم",
	re.IGNORECASE,
)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
REMEMBERED = timedelta(days=15)
RETRIED = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
"""They have ended the transaction and its savepoints; a minute later it is tried again."""


def look_at_queue() -> int:
	"""An exception for each of our mails that the queue has given up; gives how many it looked at."""
	rows = frappe.db.sql(
		"""select m.name, m.document, m.invoice_doctype, m.invoice_name, m.recipients, q.error
		from `tabInvoice Mail` m inner join `tabEmail Queue` q on q.name = m.email_queue
		where q.status in ('Error', 'Expired') and m.creation > %s
			and not exists (select 1 from `tabMail Exception` x where x.invoice_mail = m.name)""",
		now_datetime() - REMEMBERED,
		as_dict=True,
	)
	for row in rows:
		frappe.db.savepoint("mail_exception")
		try:
			not_delivered(row, row.recipients)
		except RETRIED:
			raise
		except Exception:
			# One mail's trouble is not the next one's.
			frappe.db.rollback(save_point="mail_exception")
			frappe.log_error(title=f"Archive: mail about {row.invoice_name}")
	return len(rows)


def on_communication(doc: Any, method: str | None = None) -> None:
	"""A received mail: is it one of ours coming back?"""
	if doc.sent_or_received != "Received" or doc.communication_medium != "Email" or not is_return(doc):
		return
	text = f"{doc.subject or ''} {doc.content or ''} {doc.text_content or ''}"
	for address in dict.fromkeys(found.lower() for found in _ADDRESS.findall(text)):
		row = latest_mail_to(address)
		if row:
			not_delivered(row, address)
			return


def is_return(doc: Any) -> bool:
	"""Sent by a mail server, or speaking like one."""
	sender = (doc.sender or "").strip().lower()
	words = f"{doc.subject or ''} {(doc.content or '')[:20000]}"
	return bool(_DAEMON.match(sender) and _SAYS_SO.search(words))


def latest_mail_to(address: str) -> Any:
	"""The last of our mails to an address in the last days."""
	rows = frappe.get_all(
		"Invoice Mail",
		filters={"creation": (">", now_datetime() - REMEMBERED)},
		or_filters={"recipients": ("like", f"%{address}%"), "copies": ("like", f"%{address}%")},
		fields=["name", "document", "invoice_doctype", "invoice_name"],
		order_by="creation desc",
		limit=1,
	)
	return rows[0] if rows else None


def not_delivered(row: Any, address: str) -> None:
	"""Somebody has to find out the right address."""
	invoice = frappe.get_doc(row.invoice_doctype, row.invoice_name)
	sentence = exceptions.sentence_of(Trouble.NOT_DELIVERED, invoice, address)
	exceptions.raise_exception(
		Trouble.NOT_DELIVERED, sentence, invoice, row.document, address=address, invoice_mail=row.name
	)
