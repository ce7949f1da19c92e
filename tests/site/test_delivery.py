"""Only lawful copies leave: every path Frappe has for putting an invoice on paper, into a mail or before a customer's eyes."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import world
from fatoora import Fatoora, fresh, onboard
from private_bench import PrivateBench

BETA = "Invoice, Builder Beta"
JINJA = "Invoice, Own Template"
RAW = "Invoice, Raw"
CLERK = "clerk.delivery@example.com"
BUYER = "buyer.delivery@example.com"
DRAFT = "DRAFT, NOT A TAX INVOICE"
PENDING = "NOT YET CLEARED BY ZATCA"
TEST = "TEST PAPER, NOT A TAX INVOICE"


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		if not frappe.db.exists("User", CLERK):
			prepare(frappe)
			frappe.db.commit()
		frappe.a_draft, frappe.a_cleared = draft(frappe), cleared(frappe)
		frappe.a_till_draft = till_draft(frappe)
		import frappe.utils.pdf as pdf

		with pytest.MonkeyPatch.context() as patch:
			patch.setattr(pdf, "get_pdf", with_weasyprint)
			yield frappe


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	site.local.flags.ignore_print_permissions = False
	site.conf.pop("zatca_mail_test_papers", None)
	fatoora.calm()


def prepare(frappe: Any) -> None:
	"""Print formats of every make, an account to mail from, a clerk and a customer's user."""
	formats: tuple[tuple[str, dict[str, Any]], ...] = (
		(
			BETA,
			{
				"print_format_builder_beta": 1,
				"format_data": json.dumps({"sections": [], "header": "", "footer": ""}),
			},
		),
		(
			JINJA,
			{"custom_format": 1, "html": "<p>Total {{ doc.grand_total }} QR[{{ doc.zatca_qr or '' }}]</p>"},
		),
		(RAW, {"raw_printing": 1, "raw_commands": "TOTAL {{ doc.grand_total }}"}),
	)
	for name, values in formats:
		world.make(
			frappe,
			"Print Format",
			name=name,
			doc_type="Sales Invoice",
			standard="No",
			print_format_type="Jinja",
			**values,
		)
	account = frappe.get_doc(
		{
			"doctype": "Email Account",
			"email_account_name": "Outgoing",
			"email_id": "accounts@example.com",
			"enable_outgoing": 1,
			"default_outgoing": 1,
			"smtp_server": "127.0.0.1",
			"no_smtp_authentication": 1,
		}
	)
	account.flags.ignore_validate = True  # it would ask the server
	account.insert()
	clerk = world.make(
		frappe,
		"User",
		email=CLERK,
		first_name="Clerk",
		send_welcome_email=0,
		roles=[{"role": "Accounts User"}],
	)
	assert clerk.user_type == "System User"
	world.make(
		frappe,
		"User",
		email=BUYER,
		first_name="Buyer",
		send_welcome_email=0,
		user_type="Website User",
		roles=[{"role": "Customer"}],
	)
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	customer.append("portal_users", {"user": BUYER})
	customer.save()


def with_weasyprint(html: str, options: Any = None, output: Any = None) -> Any:
	"""Stands in for wkhtmltopdf, which is no part of a bench."""
	from io import BytesIO

	from pypdf import PdfReader
	from weasyprint import HTML

	made = HTML(string=html).write_pdf()
	if output is None:
		return made
	output.append_pages_from_reader(PdfReader(BytesIO(made)))
	return output


def draft(frappe: Any, customer: str = world.VAT_BUYER) -> Any:
	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 2, 100)])
	frappe.db.commit()
	return doc


def till_draft(frappe: Any) -> Any:
	"""A business's POS Invoice that waits for its clearance."""
	import till

	till.opened(frappe)
	doc = till.sold(frappe, world.line("خدمة | Service", 2, 100), paid=200, customer=world.VAT_BUYER)
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	return fresh(frappe, doc)


def cleared(frappe: Any) -> Any:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	doc = draft(frappe)
	doc.submit()
	frappe.db.commit()
	assert jobs.advance(journal.live(doc.doctype, doc.name)) == "Cleared"
	return fresh(frappe, doc)


@contextmanager
def request(frappe: Any, user: str, **form: Any) -> Iterator[None]:
	"""A web request of `user`, as far as printing looks at it."""
	frappe.set_user(user)
	kept = frappe.local.form_dict
	frappe.local.form_dict = frappe._dict(form)
	frappe.local.response = frappe._dict(docs=[])
	try:
		yield
	finally:
		frappe.local.form_dict = kept
		frappe.set_user("Administrator")


# --- the paths: each gives what the asker would have in hand ---------------------------------------------------------------
def printview(frappe: Any, doc: Any, print_format: str = "Standard") -> str:
	return str(frappe.get_print(doc.doctype, doc.name, print_format))


def printview_jinja(frappe: Any, doc: Any) -> str:
	return printview(frappe, doc, JINJA)


def printview_beta(frappe: Any, doc: Any) -> str:
	return printview(frappe, doc, BETA)


def html_of_a_name(frappe: Any, doc: Any) -> str:
	from frappe.www.printview import get_html_and_style

	return str(get_html_and_style(doc.doctype, doc.name, print_format="Standard")["html"])


def html_of_a_form(frappe: Any, doc: Any) -> str:
	"""The desk sends the document along; this one says of itself that it is cleared."""
	from frappe.www.printview import get_html_and_style

	form = {
		**doc.as_dict(),
		"docstatus": 1,
		"zatca_state": "Cleared",
		"zatca_document": "x",
		"zatca_kind": "Simplified",
	}
	return str(get_html_and_style(frappe.as_json(form), print_format="Standard")["html"])


def raw_commands(frappe: Any, doc: Any) -> str:
	from frappe.www.printview import get_rendered_raw_commands

	return str(get_rendered_raw_commands(doc.doctype, doc.name, RAW)["raw_commands"])


def download_pdf(frappe: Any, doc: Any) -> str:
	from frappe.utils.print_format import download_pdf as download

	download(doc.doctype, doc.name, format=JINJA)
	return text_of(frappe.local.response.filecontent)


def download_multi_pdf(frappe: Any, doc: Any) -> str:
	from frappe.utils.print_format import download_multi_pdf as download

	download(doc.doctype, json.dumps([doc.name]), format=JINJA)
	return text_of(frappe.local.response.filecontent)


def weasyprint(frappe: Any, doc: Any) -> str:
	from frappe.utils.weasyprint import download_pdf as download

	download(doc.doctype, doc.name, BETA)
	return text_of(frappe.local.response.filecontent)


def attach_print(frappe: Any, doc: Any) -> str:
	return text_of(frappe.attach_print(doc.doctype, doc.name, print_format=JINJA)["fcontent"])


def attach_print_beta(frappe: Any, doc: Any) -> str:
	return text_of(frappe.attach_print(doc.doctype, doc.name, print_format=BETA)["fcontent"])


def mail_by_hand(frappe: Any, doc: Any) -> str:
	from frappe.core.doctype.communication.email import make

	make(
		doc.doctype,
		doc.name,
		"Here",
		"Invoice",
		recipients="x@example.com",
		send_email=True,
		print_format="Standard",
	)
	return "queued"


def mail_by_code(frappe: Any, doc: Any) -> str:
	attachment = {
		"print_format_attachment": 1,
		"doctype": doc.doctype,
		"name": doc.name,
		"print_format": JINJA,
	}
	frappe.sendmail(recipients=["x@example.com"], subject="Invoice", message="Here", attachments=[attachment])
	return "queued"


def text_of(pdf: bytes) -> str:
	import io

	from pypdf import PdfReader

	return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def attached(frappe: Any) -> bytes:
	"""The PDF of the one mail that waits, empty where it has none."""
	(queued,) = frappe.get_all("Email Queue", fields=["message"])
	parts = email.message_from_string(queued.message).walk()
	return next(
		(part.get_payload(decode=True) for part in parts if part.get_content_type() == "application/pdf"), b""
	)


Path = Callable[[Any, Any], str]
SEEN_INSIDE: tuple[Path, ...] = (
	printview, printview_jinja, printview_beta, html_of_a_name, html_of_a_form, raw_commands, download_pdf, download_multi_pdf, weasyprint,
)  # fmt: skip
LEAVING: tuple[Path, ...] = (attach_print, attach_print_beta, mail_by_hand, mail_by_code)


@pytest.mark.parametrize("user", ["Administrator", CLERK])
@pytest.mark.parametrize("path", SEEN_INSIDE)
def test_a_draft_is_a_marked_preview(frappe: Any, path: Path, user: str) -> None:
	doc = frappe.a_draft
	with request(frappe, user):
		assert DRAFT in " ".join(path(frappe, doc).split())


@pytest.mark.parametrize("user", ["Administrator", CLERK])
@pytest.mark.parametrize("path", LEAVING)
def test_a_draft_does_not_leave(frappe: Any, path: Path, user: str) -> None:
	from bayancore_erp.zatca.adapter.delivery import MayNotLeave

	doc = frappe.a_draft
	frappe.conf["zatca_mail_test_papers"] = 1
	queued = frappe.db.count("Email Queue")
	with request(frappe, user), pytest.raises(MayNotLeave):
		path(frappe, doc)
	frappe.db.rollback()
	assert frappe.db.count("Email Queue") == queued


@pytest.mark.parametrize("path", [printview, html_of_a_name, html_of_a_form])
def test_a_tills_draft_is_a_marked_preview(frappe: Any, path: Path) -> None:
	assert (frappe.a_till_draft.doctype, frappe.a_till_draft.docstatus) == ("POS Invoice", 0)
	with request(frappe, CLERK):
		assert DRAFT in " ".join(path(frappe, frappe.a_till_draft).split())


@pytest.mark.parametrize("path", LEAVING)
def test_a_tills_draft_does_not_leave(frappe: Any, path: Path) -> None:
	from bayancore_erp.zatca.adapter.delivery import MayNotLeave

	frappe.conf["zatca_mail_test_papers"] = 1
	queued = frappe.db.count("Email Queue")
	with request(frappe, CLERK), pytest.raises(MayNotLeave):
		path(frappe, frappe.a_till_draft)
	frappe.db.rollback()
	assert frappe.db.count("Email Queue") == queued


def test_who_approves_a_draft_is_mailed_its_marked_preview(frappe: Any) -> None:
	"""By a Workflow, whose job would die of a refusal and leave the approver without a mail."""
	from frappe.utils.background_jobs import execute_job
	from frappe.workflow.doctype.workflow_action import workflow_action

	transition = frappe._dict(allowed="System Manager", action="Approve", next_state="Approved")
	frappe.db.delete("Email Queue")
	given = {"doc": frappe.a_draft, "transitions": [transition]}
	execute_job(
		frappe.local.site, workflow_action.send_workflow_action_email, None, "mail", given, is_async=False
	)
	del frappe.local.job
	assert DRAFT in " ".join(text_of(attached(frappe)).split())


def test_an_auto_repeat_goes_on_without_the_attachment_of_a_draft(frappe: Any) -> None:
	"""Its new invoice waits for clearance: the mail says so, and nothing disables the repeat."""
	doc = frappe.a_draft
	repeat = frappe.get_doc(
		{"doctype": "Auto Repeat", "reference_doctype": doc.doctype, "reference_document": doc.name}
	)
	repeat.update({"recipients": "buyer@example.com", "notify_by_email": 1, "name": "REPEAT"})
	frappe.db.delete("Email Queue")
	repeat.send_notification(doc)
	assert frappe.db.count("Email Queue") == 1 and not attached(frappe)


@pytest.mark.parametrize("path", [printview, printview_jinja, download_pdf])
def test_a_guest_with_a_share_link_sees_no_draft(frappe: Any, path: Path) -> None:
	from bayancore_erp.zatca.adapter.delivery import MayNotLeave

	doc = frappe.a_draft
	key = doc.get_document_share_key()
	frappe.db.commit()
	with request(frappe, "Guest", key=key), pytest.raises(MayNotLeave):
		path(frappe, doc)
	lawful = frappe.a_cleared
	key = lawful.get_document_share_key()
	frappe.db.commit()
	with request(frappe, "Guest", key=key):
		assert path(frappe, lawful)


def test_nobody_gets_a_receipt_by_its_number(frappe: Any) -> None:
	"""Frappe's own download is open to guests: a hook that only ever refuses must not be the one that decides."""
	import till
	from test_trail_requests import ask

	sale = till.sold(frappe, world.line("خدمة | Service", 1, 100), paid=100)
	sale.submit()
	frappe.db.commit()
	for user in ("Guest", BUYER):
		with request(frappe, user):
			assert not frappe.has_website_permission(fresh(frappe, sale))
	path = f"/api/method/frappe.utils.print_format.download_pdf?doctype=POS Invoice&name={sale.name}"
	assert ask(path).status_code == 403
	assert ask(f"/printview?doctype=POS Invoice&name={sale.name}").status_code == 403


def test_the_portal_shows_no_draft(frappe: Any) -> None:
	lawful, uncleared = frappe.a_cleared, frappe.a_draft
	with request(frappe, BUYER):
		assert frappe.has_website_permission(lawful)
		assert not frappe.has_website_permission(uncleared)


@pytest.mark.parametrize("path", [*SEEN_INSIDE, *LEAVING])
def test_what_was_never_cleared_is_not_printed_though_submitted(frappe: Any, path: Path) -> None:
	"""Docstatus 1 by a raw write: nothing but the evidence counts."""
	from bayancore_erp.zatca.adapter.delivery import MayNotLeave

	doc = frappe.a_draft
	frappe.db.set_value("Sales Invoice", doc.name, {"docstatus": 1, "zatca_state": "Cleared"})
	with request(frappe, "Administrator"):
		if path is download_multi_pdf:
			assert not path(frappe, doc).strip()  # Frappe swallows the refusal and gives an empty file
		else:
			with pytest.raises(MayNotLeave):
				path(frappe, doc)


@pytest.mark.parametrize("path", [*SEEN_INSIDE, attach_print, attach_print_beta])
def test_a_test_environments_paper_says_so(frappe: Any, path: Path) -> None:
	doc = frappe.a_cleared
	with request(frappe, CLERK):
		found = " ".join(path(frappe, doc).split())
	assert TEST in found and DRAFT not in found


def test_a_test_paper_is_mailed_only_where_the_site_is_for_that(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.delivery import MayNotLeave

	doc = frappe.a_cleared
	for path in (mail_by_hand, mail_by_code):
		frappe.conf.pop("zatca_mail_test_papers", None)
		with request(frappe, CLERK), pytest.raises(MayNotLeave):
			path(frappe, doc)
		frappe.db.rollback()
		frappe.conf["zatca_mail_test_papers"] = 1
		with request(frappe, CLERK):
			assert path(frappe, doc) == "queued"


def test_a_production_paper_bears_no_mark_and_leaves(frappe: Any) -> None:
	doc = frappe.a_cleared
	frappe.db.set_value("Sales Invoice", doc.name, "zatca_environment", "Production")
	with request(frappe, CLERK):
		paper = printview_jinja(frappe, doc)
		assert "zatca-mark" not in paper and f"QR[{doc.zatca_qr}]" in paper
		assert mail_by_code(frappe, doc) == "queued"


def test_the_paper_is_what_is_stored_not_what_a_form_says(frappe: Any) -> None:
	from frappe.www.printview import get_html_and_style

	doc = frappe.a_cleared
	form = {**doc.as_dict(), "grand_total": 999999.0}
	with request(frappe, CLERK):
		html = get_html_and_style(frappe.as_json(form), print_format=JINJA)["html"]
	assert "999999" not in html and "230" in html


def test_what_is_no_business_of_zatcas_is_left_alone(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import delivery

	frappe.conf["zatca_mail_test_papers"] = 0
	doc = draft(frappe, world.GROUP_MEMBER)
	assert delivery.watermark_of(doc) is None and delivery.may_leave(doc) is None
	doc.submit()
	assert delivery.may_leave(fresh_in_transaction(frappe, doc)) is None


def fresh_in_transaction(frappe: Any, doc: Any) -> Any:
	return frappe.get_doc(doc.doctype, doc.name)
