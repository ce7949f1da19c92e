"""Posting what ZATCA has accepted: the invoice as it was signed and dated, whatever has changed around it since.

Takes an invoice whose submission is approved; submits it in the caller's transaction, held to what was signed. Gives the one
thing a person has to do where ERPNext refuses. Never dates anything anew, never changes what was signed, never commits.
Source: DESIGN.md, promise 2; FRAPPE.md section 8.4.
"""

from __future__ import annotations

import copy
from typing import Any

import frappe
from frappe import _
from frappe.utils import flt, formatdate, getdate

from bayancore_erp.zatca.adapter import signed
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.rehearsal import words_of

# The message of a posting that failed; taken away once it is posted.
CODES = ("ERP-PERIOD-CLOSED", "ERP-POSTING")


def post(doctype: str, name: str, workflow_target: str | None = None) -> None:
	"""Submit the approved draft; nothing where it is posted already."""
	doc = frappe.get_doc(doctype, name, for_update=True)
	if doc.docstatus != 0:
		return
	# Nobody can change it from here to the commit.
	signed.know_before(doc, copy.deepcopy(doc))
	approved = signed.approved(doctype, name)
	if approved:
		signed.put_back(doc, approved.said)
	renew_advances(doc)
	field = workflow_field(doctype)
	if field and workflow_target:
		doc.set(field, workflow_target)
	# The guard lets it pass by what the database says; its on_submit ends the submission in this transaction.
	doc.submit()


def renew_advances(doc: Any) -> None:
	"""Payments allocated to the draft and spent elsewhere since: what is left of them, the rest stays due.

	ERPNext would refuse to post ("pull it again") a draft that nobody may change. The tax invoice does not name them.
	"""
	rows = [row for row in doc.get("advances") or [] if flt(row.allocated_amount)]
	if not rows:
		return
	left = {
		(entry.reference_type, entry.reference_name, entry.reference_row or ""): flt(entry.amount)
		for entry in doc.get_advance_entries()
	}
	spent = []
	for row in rows:
		amount = left.get((row.reference_type, row.reference_name, row.reference_row or ""), 0.0)
		if amount != flt(row.advance_amount):
			row.advance_amount, row.allocated_amount = amount, min(amount, flt(row.allocated_amount))
			spent.append(row.reference_name)
	if spent:
		doc.set("advances", [row for row in doc.advances if flt(row.allocated_amount)])
		doc.add_comment(
			"Info",
			_(
				"Of these payments less was left at posting than at clearance; the rest is still due: {0}"
			).format(", ".join(spent)),
		)


def explain(doctype: str, name: str, error: Exception) -> Problem:
	"""What keeps the approved invoice from being posted, with the one action that lets it; in both languages."""
	doc = frappe.get_doc(doctype, name)
	closed = closed_by(doc)
	if not closed:
		said = words_of(error)
		return Problem(
			"ERP-POSTING",
			in_language("en", NOT_POSTED).format(said),
			in_language("ar", NOT_POSTED).format(said),
			source="Our Check",
		)
	what, which = closed
	date = formatdate(doc.posting_date)
	return Problem(
		"ERP-PERIOD-CLOSED",
		in_language("en", REOPEN).format(date, f"{_(what, lang='en')} {which}"),
		in_language("ar", REOPEN).format(date, f"{_(what, lang='ar')} {which}"),
		field="posting_date",
		source="Our Check",
	)


REOPEN = (
	"ZATCA has cleared this invoice, but the accounts of its date, {0}, have been closed since. "
	"Reopen them for this posting ({1}): it is then posted by itself, with its date."
)
NOT_POSTED = (
	"ZATCA has cleared this invoice, but ERPNext does not post it: {0} "
	"Mend that: it is then posted by itself, unchanged."
)


def in_language(language: str, sentence: str) -> str:
	"""A sentence in one of the two languages."""
	return str(_(sentence, lang=language))


def closed_by(doc: Any) -> tuple[str, str] | None:
	"""Which record has closed the invoice's posting date: its DocType and name or date; None where none has."""
	date = getdate(doc.posting_date)
	period = frappe.db.sql(
		"""select period.name from `tabAccounting Period` period
		inner join `tabClosed Document` closed on closed.parent = period.name
		where period.company = %s and closed.closed = 1 and closed.document_type = %s
			and %s between period.start_date and period.end_date limit 1""",
		(doc.company, doc.doctype, date),
	)
	if period:
		return "Accounting Period", str(period[0][0])
	voucher = frappe.db.sql(
		"""select name from `tabPeriod Closing Voucher`
		where company = %s and docstatus = 1 and period_end_date >= %s order by period_end_date limit 1""",
		(doc.company, date),
	)
	if voucher:
		return "Period Closing Voucher", str(voucher[0][0])
	frozen = frappe.db.get_single_value("Accounts Settings", "acc_frozen_upto")
	if frozen and date <= getdate(frozen):
		return "Accounts Frozen Till Date", formatdate(frozen)
	return None


def workflow_field(doctype: str) -> str:
	"""The state field of the doctype's active workflow, empty where there is none."""
	from frappe.model.workflow import get_workflow_name

	workflow = get_workflow_name(doctype)
	return (
		str(frappe.get_cached_value("Workflow", workflow, "workflow_state_field") or "") if workflow else ""
	)
