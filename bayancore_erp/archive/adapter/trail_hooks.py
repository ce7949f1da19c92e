"""What Frappe tells of documents, sessions, prints, mails and downloads, made into events. Wiring; the writer is trail.py.

Takes Frappe's hooks; gives at most one event each. Listens to every DocType and lets all but a few pass with one look into a
set, so that what is none of our business costs nothing. Never stops anything.
"""

from __future__ import annotations

import hashlib
from typing import Any

import frappe

from bayancore_erp.archive.adapter import trail_evidence, trail_rows
from bayancore_erp.archive.adapter.trail import Action, record
from bayancore_erp.archive.adapter.trail_evidence import MODULES, UNTOLD, requested_digest
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES
from bayancore_erp.zatca.adapter.records import InsertOnly

WATCHED = frozenset(
	{
		*INVOICE_DOCTYPES,
		# who buys and who sells
		"Customer", "Address", "Company", "Branch",
		# what decides what an invoice says
		"Item Tax Template", "Sales Taxes and Charges Template", "POS Profile", "Accounts Settings", "Selling Settings",
		"Global Defaults", "System Settings", "Item", "Email Account", "Workflow", "Print Format", "Server Script", "Client Script", "Custom Field", "Property Setter",
		# who may do what
		"User", "User Type", "Role", "Role Profile", "User Permission", "Custom DocPerm", "Log Settings",
	}
)  # fmt: skip
"""Beside every DocType of our own."""
SOME_FIELDS = {
	# the rest is stock's and purchasing's, changed all day
	"Item": frozenset(
		{
			"item_name", "zatca_name_ar", "item_group", "stock_uom", "sales_uom", "uoms", "taxes", "is_fixed_asset", "disabled",
			"variant_of",
		}
	),
	# the rest is how far the inbox was read
	"Email Account": frozenset(
		{
			"email_id", "enable_outgoing", "default_outgoing", "enable_incoming", "default_incoming", "smtp_server", "smtp_port",
			"use_tls", "use_ssl_for_outgoing", "login_id", "login_id_is_different", "email_server", "append_to",
			"always_use_account_email_id_as_sender", "always_use_account_name_as_sender_name", "always_bcc",
		}
	),
}  # fmt: skip
"""Of these, a change is told only where it touches one of these fields: what decides what an invoice says and whom it reaches."""
ROWS = {
	"ZATCA Document": Action.SIGNED,
	"ZATCA Skip": Action.SKIPPED,
	"Archive Paper": Action.DRAWN,
	"Archive Object": Action.ARCHIVED,
	"Invoice Mail": Action.MAILED,
}
TOLD = {
	"refused": Action.REFUSED,
	"rejected": Action.REJECTED,
	"accepted": Action.ACCEPTED,
	"issued": Action.ISSUED,
	"posted": Action.POSTED,
	"released": Action.RELEASED,
	"undelivered": Action.UNDELIVERED,
	"downloaded": Action.DOWNLOADED,
	"unlocked": Action.KEY_USED,
}
"""Of zatca/adapter/events.py: those that leave no insert-only row of their own."""
FILES = ("download_file", "frappe.core.doctype.file.file.download_file", "frappe.handler.download_file")
"""Calls that give a file away, beside its address."""
EXPORTS = {
	"frappe.desk.reportview.export_query": ("doctype", False),
	"frappe.desk.query_report.export_query": ("report_name", True),
	"frappe.core.doctype.data_import.data_import.download_template": ("doctype", False),
	"frappe.core.doctype.data_export.exporter.export_data": ("doctype", False),
}
"""Calls that give a sheet away: the field that says of what, and whether that is a report."""
SESSIONS = {
	("Login", "Success"): Action.LOGGED_IN,
	("Login", "Failed"): Action.LOGIN_FAILED,
	("Logout", "Success"): Action.LOGGED_OUT,
	("Impersonate", "Success"): Action.IMPERSONATED,
}


# --- an invoice's life ------------------------------------------------------------------------------------------------
def on_event(event: str, facts: Any) -> None:
	"""What zatca announces."""
	more = {k: v for k, v in facts.items() if k not in ("doctype", "name", "company")}
	record(TOLD[event], facts.doctype, facts.name, facts.company or "", facts=more)


def after_insert(doc: Any, method: str | None = None) -> None:
	"""A row of evidence, a submission, a session, a mail: they come once."""
	if isinstance(doc, InsertOnly):
		if doc.doctype not in UNTOLD:
			row_added(doc)
	elif doc.doctype == "ZATCA Submission":
		record(
			Action.REQUESTED,
			doc.doctype,
			doc.name,
			doc.company or "",
			digest=requested_digest(doc),
			facts={"invoice": f"{doc.invoice_doctype} {doc.invoice_name}"},
		)
	elif doc.doctype == "Activity Log":
		session(doc)
	elif doc.doctype == "Email Queue" and doc.reference_doctype in INVOICE_DOCTYPES:
		mailed(doc)


def row_added(doc: Any) -> None:
	"""A row of evidence, with the digest of all its columns: whoever changes it later is found."""
	action = ROWS.get(doc.doctype, Action.RECORDED)
	if doc.doctype == "ZATCA Attempt":
		action = Action.SENT if doc.row_kind == "Request" else Action.ANSWERED
	facts = {
		"invoice": " ".join(filter(None, (doc.get("invoice_doctype"), doc.get("invoice_name")))),
		"document": doc.get("document"),
		"device": doc.get("device"),
		"icv": doc.get("icv"),
		"certificate": doc.get("certificate_serial"),
		"endpoint": doc.get("endpoint"),
		"http_status": doc.get("http_status"),
		"outcome": doc.get("outcome"),
		"reason": doc.get("reason_code"),
		"what": doc.get("what"),
	}
	digest = trail_rows.row_digest(doc, doc.meta)
	record(action, doc.doctype, doc.name, doc.get("company") or "", digest=digest, facts=facts)


# --- documents --------------------------------------------------------------------------------------------------------
def is_watched(doc: Any) -> bool:
	"""Whether its changes are told."""
	if doc.doctype in WATCHED:
		return True
	return (
		doc.meta.module in MODULES
		and doc.doctype not in UNTOLD
		and not doc.meta.istable
		and not isinstance(doc, InsertOnly)
	)


def on_update(doc: Any, method: str | None = None) -> None:
	"""Created, saved or submitted: the names of the fields that changed, and the digest of all."""
	if doc.meta.istable:
		row_changed(doc)
		return
	if not is_watched(doc):
		return
	after = trail_rows.content(doc)
	facts: dict[str, Any] = {}
	before: Any = None if doc.flags.in_insert else doc.get_doc_before_save()
	action = Action.SUBMITTED if getattr(doc, "_action", "") == "submit" else Action.CHANGED
	if doc.flags.in_insert:
		action = Action.CREATED
	elif before is not None:
		fields = trail_rows.changed_fields(trail_rows.content(before), after)
		told = SOME_FIELDS.get(doc.doctype)
		if action is Action.CHANGED and not (fields if told is None else told.intersection(fields)):
			return
		facts["fields"] = ", ".join(fields)
		facts.update(roles_of(before, doc))
	elif doc.doctype == "User":
		facts.update(roles_of(None, doc))
	record(action, doc.doctype, doc.name, company_of(doc), digest=trail_rows.digest_of(after), facts=facts)


def on_update_after_submit(doc: Any, method: str | None = None) -> None:
	"""The fields ERPNext lets people change in a submitted document."""
	on_update(doc)


def on_cancel(doc: Any, method: str | None = None) -> None:
	"""Cancelled."""
	if doc.meta.istable:
		row_changed(doc)
	elif is_watched(doc):
		record(Action.CANCELLED, doc.doctype, doc.name, company_of(doc))


def after_delete(doc: Any, method: str | None = None) -> None:
	"""Deleted, with the digest of what it was."""
	if doc.meta.istable:
		row_changed(doc, deleted=True)
	elif is_watched(doc):
		digest = trail_rows.digest_of(trail_rows.content(doc))
		record(Action.DELETED, doc.doctype, doc.name, company_of(doc), digest=digest)


def after_rename(doc: Any, method: str | None = None, old: str = "", new: str = "", *rest: Any) -> None:
	"""Renamed or merged."""
	if doc.doctype == "User":
		trail_evidence.keep_writers(old, new or doc.name)
	if is_watched(doc):
		record(Action.RENAMED, doc.doctype, new or doc.name, company_of(doc), facts={"before": old})


def row_changed(row: Any, *, deleted: bool = False) -> None:
	"""A row of a table that was saved or deleted by itself: a change of its document, and of the one it was taken from.

	Of a row that is saved with its document Frappe tells nothing, so nothing is told twice. Our own DocTypes' rows refuse it.
	"""
	old = row if deleted else row.get_doc_before_save()
	new = None if deleted else row
	if old and new and home_of(old) == home_of(new):
		if not trail_rows.changed_fields(trail_rows.content(old), trail_rows.content(new)):
			return
	for home in sorted({home_of(each) for each in (old, new) if each}):
		doctype, name, field = home
		if doctype not in WATCHED or field not in SOME_FIELDS.get(doctype, {field}):
			continue
		if not frappe.db.exists(doctype, name):
			continue
		doc = frappe.get_doc(doctype, name)
		facts = {"fields": field, "row": f"{row.doctype} {row.name}"}
		if doctype == "User" and field == "roles":
			had, has = ({each.role} if each and home_of(each) == home else set() for each in (old, new))
			facts.update(roles(had, has))
		digest = trail_rows.digest_of(trail_rows.content(doc))
		record(Action.CHANGED, doctype, name, company_of(doc), digest=digest, facts=facts)


def home_of(row: Any) -> tuple[str, str, str]:
	"""Whose row it is, and of which table."""
	return row.get("parenttype") or "", row.get("parent") or "", row.get("parentfield") or ""


def roles_of(before: Any, doc: Any) -> dict[str, str]:
	"""Roles a user was given or lost: they are named, for they say who may do what."""
	if doc.doctype != "User":
		return {}
	had = {row.role for row in before.roles} if before else set()
	return roles(had, {row.role for row in doc.roles})


def roles(had: set[str], has: set[str]) -> dict[str, str]:
	"""What came and what went."""
	return {"roles_added": ", ".join(sorted(has - had)), "roles_removed": ", ".join(sorted(had - has))}


def company_of(doc: Any) -> str:
	"""Whose trail it belongs to; empty for what concerns the whole site."""
	if doc.doctype == "Company":
		return str(doc.name)
	field = doc.meta.get_field("company")
	return str(doc.get("company") or "") if field and field.fieldtype in ("Link", "Data") else ""


# --- what leaves ------------------------------------------------------------------------------------------------------
def before_print(doc: Any, method: str | None = None, *args: Any, **kwargs: Any) -> None:
	"""A page of an invoice was made, in whatever way; once a request."""
	if doc.doctype not in INVOICE_DOCTYPES or doc.flags.told_of_print or not doc.get("name"):
		return
	if not frappe.db.exists(doc.doctype, doc.name):
		return
	doc.flags.told_of_print = True
	record(Action.PRINTED, doc.doctype, doc.name, company_of(doc), facts={"state": doc.get("zatca_state")})
	keep_in_get()


def mailed(doc: Any) -> None:
	"""A mail about an invoice is on its way: how many people, and the digest of its text."""
	record(
		Action.MAIL_QUEUED,
		doc.reference_doctype,
		doc.reference_name,
		str(frappe.db.get_value(doc.reference_doctype, doc.reference_name, "company") or ""),
		digest=hashlib.sha256((doc.message or "").encode()).hexdigest(),
		facts={"mail": doc.name, "recipients": len(doc.recipients or [])},
	)


def after_request(response: Any = None, request: Any = None) -> None:
	"""A private file of an invoice, or a list of our records, was taken away."""
	if not request or not response or getattr(response, "status_code", 0) != 200:
		return
	method = str(frappe.form_dict.get("cmd") or request.path.rpartition("/")[2])
	if request.path.startswith("/private/files/"):
		downloaded(request.path)
	elif method in FILES:
		downloaded(str(frappe.form_dict.get("file_url") or ""))
	elif method in EXPORTS:
		exported(*EXPORTS[method])


def downloaded(path: str) -> None:
	"""Which invoice the file belongs to, whatever else has it as well: a mail that it was attached to points to the same address."""
	row = frappe.db.get_value(
		"File",
		{"file_url": path, "attached_to_doctype": ("in", INVOICE_DOCTYPES)},
		["attached_to_doctype", "attached_to_name", "content_hash"],
		as_dict=True,
	)
	if not row:
		return
	company = str(frappe.db.get_value(row.attached_to_doctype, row.attached_to_name, "company") or "")
	facts = {"what": "file", "content": row.content_hash}
	record(Action.DOWNLOADED, row.attached_to_doctype, row.attached_to_name, company, facts=facts)
	frappe.db.commit()


def exported(field: str, report: bool) -> None:
	"""A list or a report taken away as a sheet, if it is about invoices or of ours."""
	name = str(frappe.form_dict.get(field) or "")
	doctype = str(frappe.db.get_value("Report", name, "ref_doctype") or "") if report else name
	if doctype and (doctype in INVOICE_DOCTYPES or frappe.get_meta(doctype).module in MODULES):
		record(Action.EXPORTED, "Report" if report else doctype, name if report else "", "")
		frappe.db.commit()


def keep_in_get() -> None:
	"""Frappe rolls a GET back at its end; what was printed stays on record."""
	if getattr(frappe.local, "request", None) and frappe.local.request.method == "GET":
		frappe.local.flags.commit = True


# --- sessions ---------------------------------------------------------------------------------------------------------
def session(doc: Any) -> None:
	"""Login, logout, failed login, as Frappe logs them; Log Settings delete those rows after a while.

	What was typed as a user in vain may be a password: it is named only if such a user exists.
	"""
	action = SESSIONS.get((doc.operation or "", doc.status or ""))
	if not action:
		return
	typed = str(doc.user or "")
	known = bool(frappe.db.exists("User", typed))
	actor = typed if known else "Guest"
	if doc.operation == "Impersonate":
		# Who takes another's place does it; whose place it is, is the subject.
		actor = frappe.session.user
	record(action, "User", typed if known else "", "", actor=actor, facts={"address": doc.ip_address})
	keep_in_get()
