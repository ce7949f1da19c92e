"""Recompute what is allowed to change, the state of every submission and what its invoice shows, from the evidence.

Takes submissions, their documents, requests and answers; gives a finding for each that does not follow from them. Leases,
times of the next attempt and words for people are states of work and not looked at. Source: FRAPPE.md section 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter.retention import destroyed
from bayancore_erp.archive.adapter.trail import EVENT, Action, is_authentic
from bayancore_erp.archive.adapter.verify_finding import Counts, Finding
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField, State
from bayancore_erp.zatca.core.outcome import Kind as Verdict
from bayancore_erp.zatca.core.outcome import NextAction
from bayancore_erp.zatca.core.outcome.vocabulary import MEANINGS

SUBMISSION = "ZATCA Submission"
PAGE = 500
ACCEPTED = (Verdict.CLEARED.value, Verdict.REPORTED.value)
REFUSED = tuple(
	kind.value for kind, meaning in MEANINGS.items() if meaning.action is NextAction.CORRECT_AND_RENUMBER
)
HAS_VERDICT = (State.CLEARED.value, State.REPORTED.value, State.CLEARED_NOT_POSTED.value)


def check(counts: Counts) -> Iterator[Finding]:
	"""Every submission, and every invoice that names one."""
	last = ""
	while True:
		rows = frappe.db.sql(
			f"select * from `tab{SUBMISSION}` where name > %s order by name limit {PAGE}", last, as_dict=True
		)
		if not rows:
			break
		last = rows[-1].name
		found = Evidence(rows)
		for row in rows:
			if row.document in found.destroyed:
				continue
			for what in complaints(row, found):
				yield Finding(SUBMISSION, row.name, row.company or "", what)
	for doctype in INVOICE_DOCTYPES:
		yield from shown(doctype, counts)


class Evidence:
	"""What is on record about a page of submissions, read in four queries."""

	def __init__(self, rows: list[Any]) -> None:
		names = [row.name for row in rows]
		documents = [row.document for row in rows if row.document] or [""]
		self.documents = {
			row.name: row
			for row in frappe.get_all(
				"ZATCA Document",
				filters={"name": ("in", documents)},
				fields=[
					"name",
					"invoice_doctype",
					"invoice_name",
					"company",
					"device",
					"kind",
					"content_digest",
				],
			)
		}
		self.requests: dict[str, int] = {}
		self.answers: dict[str, list[Any]] = {}
		for row in frappe.get_all(
			"ZATCA Attempt",
			filters={"submission": ("in", names)},
			fields=["submission", "document", "row_kind", "outcome", "http_status", "endpoint"],
			order_by="number, creation",
		):
			if row.row_kind == "Request":
				self.requests[row.submission] = self.requests.get(row.submission, 0) + 1
			else:
				self.answers.setdefault(row.submission, []).append(row)
		self.refused = refused(rows)
		self.destroyed = destroyed(documents)


def refused(rows: list[Any]) -> set[str]:
	"""Submissions that our own check ended, as the trail tells: when it happened, or when it took over what was older."""
	events = frappe.db.sql(
		f"""select * from `tab{EVENT}` where (action = %(refused)s and subject_name in %(invoices)s)
			or (action = %(adopted)s and subject_doctype = %(submission)s and subject_name in %(names)s)""",
		{
			"refused": Action.REFUSED.value,
			"invoices": [row.invoice_name for row in rows],
			"adopted": Action.REQUEST_ADOPTED.value,
			"submission": SUBMISSION,
			"names": [row.name for row in rows],
		},
		as_dict=True,
	)
	found = set()
	for row in filter(is_authentic, events):
		facts = frappe.parse_json(row.facts or "{}")
		if row.action == Action.REFUSED.value:
			found.add(str(facts.get("submission")))
		elif facts.get("state") == State.REJECTED.value:
			found.add(str(row.subject_name))
	return found


def complaints(row: Any, found: Evidence) -> Iterator[str]:
	"""What in a submission does not follow from the evidence."""
	state = row.state or ""
	answers = found.answers.get(row.name, [])
	accepted = any(answer.outcome in ACCEPTED for answer in answers)
	if row.document:
		document = found.documents.get(row.document)
		if not document:
			yield _("It names a document that is not there: {0}.").format(row.document)
		else:
			same = ("invoice_doctype", "invoice_name", "company", "device", "kind", "content_digest")
			for field in same:
				if (row.get(field) or "") != (document.get(field) or ""):
					yield _("Its {0} is not that of its document.").format(_(frappe.unscrub(field)))
	elif not row.live_key and (row.device or row.content_digest):
		yield _("It names a device or a content, and nothing was signed.")
	if int(row.attempts or 0) != found.requests.get(row.name, 0):
		yield _("It counts {0} attempts; {1} requests are on record.").format(
			row.attempts or 0, found.requests.get(row.name, 0)
		)
	known = {int(answer.http_status or 0) for answer in answers}
	# A live one may have stopped between its answer and what follows from it.
	if int(row.last_http_status or 0) not in (known | {0} if row.live_key or not known else known):
		yield _("Its last status, {0}, is in none of the answers.").format(row.last_http_status)
	said = _(state, context="ZATCA Submission")
	if (state in HAS_VERDICT) != accepted:
		yield _("It says {0}; the answers on record say otherwise.").format(said)
	elif state == State.REJECTED.value and not accepted and not rejected(row, answers, found):
		yield _("It says {0}; no answer and no check of ours says so.").format(said)
	elif state == State.SKIPPED.value and (row.document or answers):
		yield _("It says {0}, and something was signed or sent.").format(said)
	final = state in (State.CLEARED.value, State.REPORTED.value, State.REJECTED.value, State.SKIPPED.value)
	wanted = "" if final else f"{row.invoice_doctype}:{row.invoice_name}"
	if (row.live_key or "") != wanted:
		yield _("Whether it lives does not fit its state, {0}.").format(said)
	if final != bool(row.finished_at):
		yield _("Its end does not fit its state, {0}.").format(said)


def rejected(row: Any, answers: list[Any], found: Evidence) -> bool:
	"""Whether somebody said no: ZATCA, or our own check before anything was signed."""
	if row.document:
		return any(answer.outcome in REFUSED for answer in answers)
	return row.name in found.refused


def shown(doctype: str, counts: Counts) -> Iterator[Finding]:
	"""Invoices whose own fields say something else than their submission and their document."""
	last = ""
	while True:
		rows = frappe.db.sql(
			f"""select i.name, i.company, i.{InvoiceField.STATE} state, i.{InvoiceField.UUID} uuid,
				i.{InvoiceField.HASH} hash, i.{InvoiceField.ICV} icv, i.{InvoiceField.DOCUMENT} document,
				i.{InvoiceField.DEVICE} device, s.name submission, s.state said,
				d.name known, d.uuid own_uuid, d.invoice_hash own_hash, d.icv own_icv, d.device own_device,
				d.invoice_name of_invoice
			from `tab{doctype}` i
			left join `tab{SUBMISSION}` s on s.name = i.{InvoiceField.SUBMISSION}
			left join `tabZATCA Document` d on d.name = i.{InvoiceField.DOCUMENT}
			where i.name > %s and coalesce(i.{InvoiceField.DOCUMENT}, '') != '' order by i.name limit {PAGE}""",
			last,
			as_dict=True,
		)
		counts.add(doctype, len(rows))
		gone = destroyed([row.document for row in rows if not row.known])
		for row in rows:
			if row.document in gone:
				continue
			for what in differences(row):
				yield Finding(doctype, row.name, row.company or "", what)
		if len(rows) < PAGE:
			return
		last = rows[-1].name


def differences(row: Any) -> Iterator[str]:
	"""What an invoice shows that is not so."""
	if not row.known:
		yield _("It names a document that is not there: {0}.").format(row.document)
		return
	own = (row.own_uuid, row.own_hash, int(row.own_icv), row.own_device, row.name)
	if (row.uuid, row.hash, int(row.icv or 0), row.device, row.of_invoice) != own:
		yield _("Its UUID, hash, counter or device is not that of its document.")
	if not row.submission:
		yield _("It names a submission that is not there.")
	elif row.state != row.said:
		yield _("It shows {0}; its submission says {1}.").format(
			*(_(each or "", context="ZATCA Submission") for each in (row.state, row.said))
		)
