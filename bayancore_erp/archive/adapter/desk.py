"""What the forms show and fetch: an invoice's papers, its archive, its mails; a store's health in words.

Takes documents the caller may see; gives plain values, or a file to answer with. Source: DESIGN.md, promises 11 and 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.adapter import exceptions, keeping, mailing, papers, retention, tasks, words
from bayancore_erp.archive.adapter.clearing import may_be_gone
from bayancore_erp.archive.adapter.fields import Occasion
from bayancore_erp.archive.adapter.lawful import latest_document, lawful
from bayancore_erp.archive.adapter.places import place_of, store_of
from bayancore_erp.archive.adapter.preferences import brand_of, preferences
from bayancore_erp.archive.adapter.recipients import recipients_of, sort_out
from bayancore_erp.archive.core.pdf import render
from bayancore_erp.archive.core.store import Health, RetentionRule
from bayancore_erp.zatca.adapter.delivery import may_leave, require
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import SalesInvoiceField
from bayancore_erp.zatca.core.errors import ConfigurationError, ZatcaError
from bayancore_erp.zatca.core.invoice import Text

SAMPLE = Text(ar="نموذج", en="Sample")
TYPES = {"pdf": "application/pdf", "xml": "application/xml", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Download:
	"""A file to answer a request with."""

	file_name: str
	content: bytes
	inline: bool = False


def answer_with(file: Download) -> None:
	"""Put the file into the response."""
	response = frappe.local.response
	response.filename = file.file_name
	response.filecontent = file.content
	response.type = "download"
	response.content_type = TYPES.get(file.file_name.rpartition(".")[2], "application/octet-stream")
	response.display_content_as = "inline" if file.inline else "attachment"


# --- an invoice -------------------------------------------------------------------------------------------------------
def document_of(doc: Any) -> str:
	"""The signed document an invoice stands for. Raises where there is none."""
	name = latest_document(doc.doctype, doc.name)
	if not name:
		raise papers.NoPaper(_("{0} has no tax invoice yet.").format(doc.name))
	return name


def standing(doctype: str, name: str) -> dict[str, Any]:
	"""Paper, archive and mail of an invoice, for its form."""
	invoice = frappe.get_doc(doctype, name)
	document = latest_document(doctype, name)
	answer: dict[str, Any] = {
		"may_print": invoice.has_permission("print"),
		"may_email": invoice.has_permission("email"),
		"given": False,
		"released": bool(invoice.get(SalesInvoiceField.RELEASED_AT))
		and not may_leave(invoice, test_papers=True),
	}
	if not document:
		return answer
	found = lawful(document)
	answer.update(
		given=found.may_be_given and not may_leave(invoice, test_papers=True),
		cleared=found.cleared,
		recipients=", ".join(recipients_of(invoice).everybody) if invoice.docstatus == 1 else "",
		archived=frappe.db.count(
			keeping.OBJECT, {"document": document, "what": ("in", ("Invoice XML", "PDF"))}
		),
		mails=frappe.get_all(
			mailing.MAIL,
			filters={"invoice_doctype": doctype, "invoice_name": name},
			fields=["occasion", "recipients", "queued_at"],
			order_by="creation desc",
			limit=5,
		),
		exceptions=frappe.get_all(
			exceptions.EXCEPTION,
			filters={"invoice_doctype": doctype, "invoice_name": name, "state": "Open"},
			fields=["name", "sentence"],
		),
		work=[
			{**row, "last_error": words.said(row.last_error or "")}
			for row in frappe.get_all(
				tasks.TASK,
				filters={"document": document, "state": ("in", (*tasks.OPEN, tasks.TaskState.FAILED.value))},
				fields=["work", "state", "last_error"],
			)
		],
	)
	return answer


def download(doc: Any, what: str) -> Download:
	"""`pdf` or `xml` of the lawful copy; `marked`: what an outage lets out; `preview` of a draft."""
	if what == "preview":
		return Download(f"{doc.name}-{_('Draft')}.pdf", in_words(lambda: papers.preview(doc)), inline=True)
	document = document_of(doc)
	require(doc, test_papers=True)
	file = marked(document) if what == "marked" else given(document, what)
	# A first look makes the paper, and every one is on record: Frappe commits a GET only when told to.
	frappe.local.flags.commit = True
	announce("downloaded", doc.doctype, doc.name, doc.company, document=document, what=what)
	return file


def marked(document: str) -> Download:
	"""The copy that says it is not cleared yet."""
	row = frappe.get_doc("ZATCA Document", document)
	return Download(papers.name_of(row, "-not-cleared.pdf"), papers.marked_copy(document))


def given(document: str, what: str) -> Download:
	"""The lawful PDF, made where it was not yet, or its XML."""
	paper = papers.paper_of(document)
	if what == "xml":
		return Download(papers.xml_name(paper.row.file_name), lawful(document).xml)
	return Download(paper.row.file_name, paper.content, inline=True)


def in_words(make: Any) -> bytes:
	"""What `make` gives, the core's errors as messages."""
	try:
		return bytes(make())
	except ZatcaError as error:
		frappe.throw(words.of_error(error), papers.NoPaper)
		raise AssertionError("not reached") from error


def download_object(row: Any) -> Download:
	"""An archived object under the name people know."""
	if may_be_gone(row.document, row.what):
		frappe.throw(
			_("{0} was destroyed after its term: it is not given out again.").format(row.invoice_name)
		)
	content = in_words(lambda: keeping.content_of(row))
	frappe.local.flags.commit = True
	announce(
		"downloaded", row.invoice_doctype, row.invoice_name, row.company, document=row.document, what=row.what
	)
	return Download(row.file_name or row.object_name.rpartition("/")[2], content)


def send_again(doc: Any, recipients: str) -> str:
	"""The same files to the same people, or to those named."""
	to = sort_out([(recipients, False)]) if recipients else recipients_of(doc)
	if to.invalid:
		frappe.throw(_("“{0}” is not an e-mail address.").format(to.invalid[0]))
	try:
		return mailing.send(document_of(doc), Occasion.SENT_AGAIN.value, to=to)
	except (tasks.NotNow, tasks.NotAtAll, tasks.NotNeeded) as reason:
		frappe.throw(str(reason))
		raise AssertionError("not reached") from reason


def retry(names: list[str]) -> int:
	"""Start queue rows again at once."""
	count = tasks.retry(names)
	documents = frappe.get_all(tasks.TASK, filters={"name": ("in", names)}, pluck="document", distinct=True)
	for document in documents:
		frappe.enqueue(
			"bayancore_erp.archive.jobs.work_on",
			queue="default",
			enqueue_after_commit=True,
			document=document,
		)
	return count


# --- a company's archive ----------------------------------------------------------------------------------------------
def health(company: str) -> dict[str, Any]:
	"""Reachable or not, what is wrong, what protects it: each a sentence. Nothing is changed, no rule is locked."""
	try:
		store = store_of(company)
	except ConfigurationError as error:
		return {"ok": False, "place": "", "problems": [words.of_error(error)], "facts": [], "rules": []}
	days = retention.days_to_protect(company)
	found = store.health(days)
	return {
		"ok": found.ok,
		"place": found.place,
		"problems": [words_of(problem, found.retention, days) for problem in found.problems],
		"facts": [*([] if found.retention else map(_, found.facts)), *encryption(company, found)],
		"rules": [rule_words(rule) for rule in found.retention],
	}


def encryption(company: str, found: Health) -> Iterator[str]:
	"""Whose key what is put into a bucket is encrypted with."""
	settings = preferences(company)
	if not found.reachable or not place_of(company).startswith("oci:"):
		return
	key = settings.kms_key_id or found.vault_key
	if key:
		yield _("Encrypted with your own key in Oracle's vault: {0}").format(key)
	else:
		yield _("Encrypted with Oracle's own key.")


def words_of(problem: str, rules: tuple[RetentionRule, ...], days: int) -> str:
	"""A problem in the reader's language; the one with numbers in it is said anew."""
	longest = max((rule.days or 0 for rule in rules), default=0)
	if rules and all(rule.days is not None for rule in rules) and longest < days and str(longest) in problem:
		return _(
			"The longest retention rule is {0} days, counted from the day a document is archived. The company's documents must be protected for {1}: to the end of their tax period, and from there for the longest term."
		).format(longest, days)
	return words.said(problem)


def rule_words(rule: RetentionRule) -> str:
	"""A retention rule as a sentence."""
	length = _("without end") if rule.days is None else _("{0} days").format(rule.days)
	if rule.locked:
		return _("Retention rule “{0}”: {1}, locked.").format(rule.name, length)
	return _("Retention rule “{0}”: {1}, not locked: an administrator can still shorten it.").format(
		rule.name, length
	)


def sample(company: str, layout: str) -> Download:
	"""The latest document with the looks as they are set now."""
	name = frappe.db.get_value("ZATCA Document", {"company": company}, order_by="creation desc")
	if not name:
		frappe.throw(_("{0} has not issued anything yet. Preview a draft from its form.").format(company))
	brand, remarks = brand_of(company, preferences(company).reading_order != "English First")
	pdf = in_words(
		lambda: render(
			lawful(str(name)).xml,
			brand=brand,
			layout="receipt" if layout == "receipt" else "a4",
			watermark=SAMPLE,
			embed=False,
			scannable=False,
		)
	)
	if remarks:
		frappe.msgprint(remarks, as_list=True)
	return Download(f"{_('Sample')}.pdf", pdf, inline=True)
