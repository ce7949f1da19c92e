"""Every way Frappe has of putting an invoice on paper or into a mail passes here, Administrator's and Guest's included.

Takes documents about to be rendered, mails about to be queued, portal visitors; gives a refusal, or the mark that stands on
the paper. Decides nothing itself: zatca/adapter/delivery.py does. Source: FRAPPE.md section 4, the table of paths.
"""

from __future__ import annotations

import base64
import json
from html import escape
from typing import Any

import frappe

from bayancore_erp.zatca.adapter import delivery
from bayancore_erp.zatca.adapter.delivery import Watermark
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField

_STYLE = "border:2px solid #b91c1c;color:#b91c1c;text-align:center;font-weight:bold;font-size:14px;padding:6px;margin:0 0 10px"
# Frappe's print style asks for optimizeLegibility, with which wkhtmltopdf measures Arabic too narrow: words overlap and are clipped.
_LEGIBLE = "<style>.print-format, .print-format * { text-rendering: auto !important }</style>"
# A Workflow's mail to the users whose approval it waits for.
_APPROVAL_MAIL = "frappe.workflow.doctype.workflow_action.workflow_action.send_workflow_action_email"
_TILE = (
	'<svg xmlns="http://www.w3.org/2000/svg" width="520" height="300">'
	'<g transform="rotate(-28 260 150)" fill="#b91c1c" fill-opacity="0.16" font-family="sans-serif" font-weight="bold"'
	' font-size="26" text-anchor="middle"><text x="260" y="140">{en}</text><text x="260" y="180">{ar}</text></g></svg>'
)


def before_print(doc: Any, method: str | None = None, print_settings: Any = None) -> None:
	"""Refuse, or note which mark the paper carries. What is printed is what is stored, not what a caller sent along."""
	try:
		mark = allow(doc)
	except Exception:
		frappe.local.flags.ignore_print_permissions = False  # attach_print would leave it set
		raise
	doc.flags.zatca_mark = mark
	if doc.docstatus != 0 and frappe.db.exists(doc.doctype, doc.name):
		doc.load_from_db()
	if mark and mark.hides_qr:
		doc.set(InvoiceField.QR, "")


def allow(doc: Any) -> Watermark | None:
	"""The mark of a paper that may be seen by whoever asks for it. Raises MayNotLeave."""
	refusal = delivery.may_leave(doc, test_papers=True)
	if refusal and not (refusal.is_preview and seen_inside()):
		delivery.refuse(refusal)
	return delivery.watermark_of(doc)


def seen_inside() -> bool:
	"""Whether a person of the company looks at it: no guest, no customer, no attachment of a mail but to who approves it."""
	if getattr(frappe.local, "job", None) and frappe.local.job.method == _APPROVAL_MAIL:
		return True
	if frappe.flags.ignore_print_permissions:
		return False
	return frappe.get_cached_value("User", frappe.session.user, "user_type") == "System User"


def pdf_body_html(template: Any, args: dict[str, Any], **kwargs: Any) -> str:
	"""The paper of any print format, its mark put on it. Whatever app had this hook before us renders."""
	render = frappe.get_hooks("pdf_body_html")
	ours = f"{__name__}.pdf_body_html"
	before = [path for path in render if path != ours][-1]
	html = str(frappe.call(frappe.get_attr(before), template=template, args=args, **kwargs))
	doc, print_format = args["doc"], kwargs.get("print_format")
	mark = doc.flags.get("zatca_mark")
	if print_format and print_format.get("raw_printing"):
		return f"*** {mark.en} ***\n{html}" if mark else html
	if doc.doctype in INVOICE_DOCTYPES:
		html = f"{_LEGIBLE}{html}"
	return f"{html_of(mark)}{html}" if mark else html


def zatca_paper_mark(doc: Any) -> str:
	"""For the template of builder-beta formats, which know no before_print: the same, its mark as HTML."""
	if getattr(doc, "doctype", None) not in INVOICE_DOCTYPES:
		return ""
	before_print(doc)
	mark = doc.flags.get("zatca_mark")
	return html_of(mark) if mark else ""


def html_of(mark: Watermark) -> str:
	"""A banner in the flow, for every renderer, and the words across each page."""
	tile = base64.b64encode(_TILE.format(en=escape(mark.en), ar=escape(mark.ar)).encode()).decode()
	url = f"data:image/svg+xml;base64,{tile}"
	return (
		f"<style>body, .print-format {{background-image: url('{url}'); background-repeat: repeat;"
		"-webkit-print-color-adjust: exact; print-color-adjust: exact}"
		"</style>"
		f'<div class="zatca-mark" data-codes="{" ".join(mark.codes)}" style="{_STYLE}">'
		f'{escape(mark.en)} / <bdi lang="ar" dir="rtl">{escape(mark.ar)}</bdi></div>'
	)


def refuse_mail(doc: Any, method: str | None = None) -> None:
	"""Email Queue: no uncleared invoice as an attachment. The sender is told now, not a worker when it sends."""
	for attachment in json.loads(doc.attachments or "[]"):
		if not attachment.get("print_format_attachment"):
			continue
		doctype, name = attachment.get("doctype"), attachment.get("name")
		if doctype in INVOICE_DOCTYPES and frappe.db.exists(doctype, name):
			delivery.require(frappe.get_doc(doctype, name))


def has_website_permission(
	doc: Any, ptype: str = "read", user: str | None = None, verbose: bool = False
) -> bool:
	"""The portal shows a customer no invoice that may not leave; ERPNext's own rule says whose it is."""
	return delivery.may_leave(doc, test_papers=True) is None
