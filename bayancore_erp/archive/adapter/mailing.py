"""The stamped invoice to the customer's people, by Frappe's own mail queue.

Takes a signed document and the occasion; gives an Email Queue row with the very files that are attached to the invoice, and an
Invoice Mail that says who was given which bytes. A standard invoice leaves once ZATCA has accepted it, or, marked, when a
manager released it in an outage; its cleared copy then goes to the same people. Never sends a test paper to a customer.
Source: TAX.md section 2 (outage), section 3 numbers 6 and 17; DESIGN.md, promise 13.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import frappe
from frappe import _
from frappe.email.doctype.email_account.email_account import EmailAccount
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter import attachments, exceptions, papers
from bayancore_erp.archive.adapter.fields import Occasion, Trouble
from bayancore_erp.archive.adapter.lawful import lawful
from bayancore_erp.archive.adapter.preferences import language_of, preferences
from bayancore_erp.archive.adapter.recipients import Recipients, recipients_of, sort_out, wants_none
from bayancore_erp.archive.adapter.tasks import NotAtAll, NotNeeded, NotNow
from bayancore_erp.archive.adapter.templates import text_of
from bayancore_erp.zatca.adapter.delivery import may_leave
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import Kind, SalesInvoiceField
from bayancore_erp.zatca.adapter.records import append_row

MAIL = "Invoice Mail"


def send(document: str, occasion: str, *, to: Recipients | None = None) -> str:
	"""Queue the mail of one occasion; gives what was done, as a sentence.

	Raises NotNeeded where none is wanted, NotNow where it must wait, NotAtAll where a person must help first.
	"""
	found = lawful(document)
	invoice = frappe.get_doc(found.row.invoice_doctype, found.row.invoice_name)
	settings = preferences(invoice.company)
	people = to or people_for(found.row, invoice, settings, occasion)
	refuse_unlawful(found, invoice, occasion)
	require_people(people, invoice, document)
	account = account_of(invoice, settings, document)
	language = language_of(invoice)
	files = files_for(found, invoice, settings, occasion)
	subject, message = text_of(invoice, found.row, settings, language, occasion)
	queued = frappe.sendmail(
		recipients=list(people.to),
		cc=list(people.copies),
		sender=account.default_sender,
		subject=subject,
		message=message,
		reference_doctype=invoice.doctype,
		reference_name=invoice.name,
		attachments=[{"fid": file} for file in files.names],
		expose_recipients="header",
		add_unsubscribe_link=0,
		with_container=True,
	)
	if not queued:
		# Everybody has unsubscribed, of which Frappe keeps its own list; it leaves out whoever has.
		raise NotNeeded(_("The customer wants no invoices by e-mail."))
	people = people.among({row.recipient for row in queued.recipients})
	row = append_row(
		MAIL,
		{
			"occasion": occasion,
			"document": document,
			"invoice_doctype": invoice.doctype,
			"invoice_name": invoice.name,
			"company": invoice.company,
			"customer": invoice.customer,
			"recipients": ", ".join(people.to),
			"copies": ", ".join(people.copies),
			"language": language,
			"queued_at": now_datetime(),
			"email_queue": queued.name,
			"paper_sha256": files.paper_sha256,
			"xml_sha256": files.xml_sha256,
		},
	)
	exceptions.solve(
		invoice, tuple(kind for kind in Trouble if kind is not Trouble.INVALID_ADDRESS or not people.invalid)
	)
	announce(
		"mailed",
		invoice.doctype,
		invoice.name,
		invoice.company,
		document=document,
		mail=row.name,
		occasion=occasion,
		recipients=json.dumps(people.everybody),
	)
	return _("Mailed to {0}").format(", ".join(people.everybody))


# --- whether ----------------------------------------------------------------------------------------------------------
def why_unwanted(document: Any, invoice: Any, settings: Any) -> str:
	"""Why the company or the customer wants no mail, as a sentence; empty where they do."""
	if not settings.mail_enabled:
		return str(_("The company mails no invoices."))
	if document.kind == Kind.SIMPLIFIED.value and not settings.mail_simplified:
		return str(_("The company mails no simplified invoices."))
	if wants_none(invoice.customer):
		return str(_("The customer wants no invoices by e-mail."))
	at_till = invoice.doctype == "POS Invoice" or invoice.get("is_pos")
	if document.kind == Kind.SIMPLIFIED.value and not recipients_of(invoice).to and at_till:
		return str(_("A buyer at the till without an address got the receipt."))
	return ""


def refuse_unlawful(found: Any, invoice: Any, occasion: str) -> None:
	"""Raise where this copy may not leave: a test paper, one that is rejected, one that waits for clearance."""
	refusal = may_leave(invoice)
	if refusal:
		raise NotNeeded(refusal.sentence) if refusal.code == "TEST-PAPER" else NotNow(refusal.sentence)
	if occasion == Occasion.NOT_YET_CLEARED.value:
		if found.accepted:
			raise NotNeeded(_("It was cleared in the meantime."))
	elif found.rejected:
		raise NotNeeded(_("ZATCA rejected it; the one issued instead is mailed."))
	elif not found.may_be_given:
		raise NotNow(_("It waits for ZATCA's clearance."))


def require_people(people: Recipients, invoice: Any, document: str) -> None:
	"""Raise NotAtAll, with an exception that somebody owns, where nobody can be written to."""
	if people.to:
		if people.invalid:
			note(Trouble.INVALID_ADDRESS, invoice, document, people.invalid[0])
		return
	if people.invalid:
		raise NotAtAll(note(Trouble.INVALID_ADDRESS, invoice, document, people.invalid[0], commit=True))
	raise NotAtAll(note(Trouble.NO_ADDRESS, invoice, document, commit=True))


def note(kind: Trouble, invoice: Any, document: str, detail: str = "", *, commit: bool = False) -> str:
	"""Open the exception; gives its sentence. With `commit` it outlives the failure of the task."""
	sentence = exceptions.sentence_of(kind, invoice, detail)
	exceptions.raise_exception(kind, sentence, invoice, document, address=detail)
	if commit:
		frappe.db.commit()
	return sentence


# --- to whom ----------------------------------------------------------------------------------------------------------
def people_for(document: Any, invoice: Any, settings: Any, occasion: str) -> Recipients:
	"""The customer's people, where mail is wanted; and in any case everybody who was given a copy that this one replaces.

	Raises NotNeeded where it is not wanted and nobody holds such a copy.
	"""
	replaces = occasion in (Occasion.FINAL.value, Occasion.REPLACEMENT.value)
	earlier = earlier_recipients(invoice, document.name) if replaces else []
	why_not = why_unwanted(document, invoice, settings)
	if why_not and not earlier:
		raise NotNeeded(why_not)
	people = Recipients() if why_not else recipients_of(invoice)
	extra = [address for address in earlier if address not in people.everybody]
	return Recipients((*people.to, *extra), people.copies, people.invalid)


def earlier_recipients(invoice: Any, document: str) -> list[str]:
	"""Whoever may hold a copy that the lawful one of `document` replaces: a marked one, a rejected document's, or what a
	person has mailed from the form since its release."""
	found: dict[str, None] = {}
	ours = frappe.get_all(
		MAIL,
		filters={"invoice_doctype": invoice.doctype, "invoice_name": invoice.name},
		fields=["document", "occasion", "recipients", "copies", "email_queue"],
	)
	for row in ours:
		if row.document == document and row.occasion != Occasion.NOT_YET_CLEARED.value:
			continue
		for address in sort_out([(row.recipients or "", False), (row.copies or "", False)]).everybody:
			found[address] = None
	released = invoice.get(SalesInvoiceField.RELEASED_AT)
	if released:
		for name in frappe.get_all(
			"Email Queue",
			filters={
				"reference_doctype": invoice.doctype,
				"reference_name": invoice.name,
				"creation": (">=", released),
				"name": ("not in", [row.email_queue for row in ours] or [""]),
			},
			pluck="name",
		):
			for address in frappe.get_all(
				"Email Queue Recipient", filters={"parent": name}, pluck="recipient"
			):
				for valid in sort_out([(address, False)]).to:
					found[valid] = None
	return list(found)


def account_of(invoice: Any, settings: Any, document: str) -> Any:
	"""The outgoing account. Raises NotNow, with the company's exception, where there is none."""
	if settings.email_account:
		account = frappe.get_doc("Email Account", settings.email_account)
		if account.enable_outgoing:
			return account
	account = EmailAccount.find_outgoing(match_by_doctype=invoice.doctype)
	# Where mail is muted Frappe makes up an account without an address.
	if not account or not account.get("email_id"):
		raise NotNow(note(Trouble.NO_ACCOUNT, invoice, document, commit=True))
	return account


# --- what -------------------------------------------------------------------------------------------------------------
class Files:
	"""The attached files and their digests."""

	def __init__(self, names: list[str], paper_sha256: str, xml_sha256: str) -> None:
		self.names, self.paper_sha256, self.xml_sha256 = names, paper_sha256, xml_sha256


def files_for(found: Any, invoice: Any, settings: Any, occasion: str) -> Files:
	"""The lawful PDF with its XML, or the marked copy alone."""
	if occasion == Occasion.NOT_YET_CLEARED.value:
		pdf = papers.marked_copy(found.row.name)
		name = papers.name_of(found.row, "-not-cleared.pdf")
		file = attachments.attach(invoice.doctype, invoice.name, name, pdf)
		return Files([file], hashlib.sha256(pdf).hexdigest(), "")
	paper = papers.paper_of(found.row.name)
	pdf_file, xml_file = papers.attach_both(paper.row, paper.content, found.xml)
	names = [pdf_file, xml_file] if settings.attach_xml else [pdf_file]
	return Files(names, paper.row.sha256, paper.row.lawful_sha256 if settings.attach_xml else "")
