"""The invoice in the customer's mailbox: opened, read, scanned and judged; and whoever it does not reach has an owner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from mailbox import Mailbox, deliver, mail_server
from typing import Any

import pytest
import world
from fatoora import fresh
from private_bench import ROOT

sys.path[:0] = [str(ROOT / "tests" / "pdf")]
ORACLE = ROOT.parent / "shared" / "zatca"


@pytest.fixture
def box(site: Any) -> Iterator[Mailbox]:
	with mail_server(site) as running:
		yield running


@pytest.fixture
def frappe(site: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter.delivery import MAIL_TEST_PAPERS

	monkeypatch.setitem(site.conf, MAIL_TEST_PAPERS, 1)
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	for name in site.get_all("Email Queue", filters={"status": ("!=", "Sent")}, pluck="name"):
		site.db.set_value("Email Queue", name, "status", "Error")
	site.db.commit()


def buyer(frappe: Any, name: str, kind: str = "VAT Registered", **values: Any) -> str:
	"""A customer of its own for each test."""
	doc = world.make(
		frappe,
		"Customer",
		customer_name=name,
		customer_group="Commercial",
		territory="All Territories",
		zatca_buyer_kind=kind,
		zatca_name_ar="عميل البريد",
		**{
			"customer_type": "Company",
			**({"tax_id": "399999999900003"} if kind == "VAT Registered" else {}),
			**values,
		},
	)
	if kind == "VAT Registered":
		world.add_address(frappe, "Customer", doc.name)
	return str(doc.name)


def cleared(frappe: Any, customer: str) -> Any:
	"""A standard invoice, cleared and posted."""
	from bayancore_erp.zatca.adapter import journal, orchestrator
	from bayancore_erp.zatca.api import submit_for_clearance

	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 2, "49.75")])
	frappe.db.commit()
	submit_for_clearance(doc.doctype, doc.name)
	for _again in range(3):
		live = journal.live(doc.doctype, doc.name)
		if live:
			orchestrator.advance(live)
	found = fresh(frappe, doc)
	assert found.zatca_state == "Cleared", found.zatca_state
	return found


def follow(frappe: Any, doc: Any, event: str) -> None:
	"""What a worker does after an event, and then the mail queue."""
	from bayancore_erp.archive import jobs

	frappe.db.rollback()
	jobs.follow(doc.zatca_document, event)
	deliver(frappe)


def mail_task(frappe: Any, doc: Any) -> Any:
	return frappe.get_all(
		"Archive Task",
		filters={"invoice_name": doc.name, "work": "Mail"},
		fields=["name", "state", "occasion", "last_error"],
		order_by="creation desc",
	)[0]


def forget_accounts(frappe: Any) -> None:
	"""What this process remembers of the accounts; a worker starts each job without."""
	frappe.clear_cache(doctype="Email Account")
	for account in frappe.get_all("Email Account", pluck="name"):
		frappe.clear_document_cache("Email Account", account)
	frappe.local.outgoing_email_account = {}


def parts(message: Any) -> dict[str, bytes]:
	return {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}


def words_of(message: Any) -> str:
	return str(message.get_body(("html",)).get_content())


# --- what arrives -----------------------------------------------------------------------------------------------------
def test_the_attachment_is_the_cleared_invoice(frappe: Any, box: Mailbox) -> None:
	import base64
	import json

	from reading import scan

	from bayancore_erp.archive.core.pdf import check, extract_xml

	customer = buyer(
		frappe,
		"شركة البريد | Post Co",
		language="ar",
		zatca_mail_recipients=[
			{"email": "Accounts@post.example"},
			{"email": "chief@post.example", "copy_kind": "Copy"},
		],
	)
	doc = cleared(frappe, customer)
	follow(frappe, doc, "posted")
	(message,) = box.to("accounts@post.example")
	assert len(box.to("chief@post.example")) == 1
	assert mail_task(frappe, doc).state == "Done"
	assert "الفاتورة الضريبية" in str(message["Subject"]) and doc.name in str(message["Subject"])
	assert 'dir="rtl"' in words_of(message)
	files = parts(message)
	stem = f"{world.SELLER_VAT}_{doc.zatca_issued_at:%Y%m%dT%H%M%S}_{doc.name}"
	assert set(files) == {f"{stem}.pdf", f"{stem}.xml"}
	answer = frappe.get_doc("ZATCA Attempt", {"document": doc.zatca_document, "outcome": "cleared"}).raw
	cleared_xml = base64.b64decode(json.loads(answer)["clearedInvoice"])
	assert extract_xml(files[f"{stem}.pdf"]) == files[f"{stem}.xml"] == cleared_xml
	assert check(files[f"{stem}.pdf"]) == []
	assert scan(files[f"{stem}.pdf"])[0].encode() in cleared_xml
	if (ORACLE / "oracle.py").exists():
		judge(cleared_xml)
	(row,) = frappe.get_all("Invoice Mail", filters={"invoice_name": doc.name}, fields=["*"])
	assert (row.recipients, row.copies, row.language) == ("accounts@post.example", "chief@post.example", "ar")
	# followed again, mailed once
	follow(frappe, doc, "posted")
	assert len(box.to("accounts@post.example")) == 1


def judge(xml: bytes) -> None:
	"""ZATCA's own sheets over what the customer received."""
	import subprocess
	import tempfile

	with tempfile.NamedTemporaryFile(suffix=".xml") as file:
		file.write(xml)
		file.flush()
		answer = subprocess.run(
			[sys.executable, str(ORACLE / "oracle.py"), file.name],
			capture_output=True,
			text=True,
			check=False,
		)
	if "ModuleNotFoundError" not in answer.stderr:
		assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_mail_is_in_english_where_the_customer_reads_english(frappe: Any, box: Mailbox) -> None:
	doc = cleared(frappe, buyer(frappe, "English Co", language="en", email_id="pay@english.example"))
	template = frappe.get_doc("Email Template", "Tax Invoice")
	template.response_html = "<p>Our own words for {{ doc.name }}</p>"
	template.save()
	frappe.db.commit()
	follow(frappe, doc, "posted")
	(message,) = box.to("pay@english.example")
	assert "Tax invoice" in str(message["Subject"])
	assert f"Our own words for {doc.name}" in words_of(message)


def test_a_simplified_one_goes_out_once_it_is_issued(frappe: Any, box: Mailbox) -> None:
	customer = buyer(
		frappe, "نورة | Noura", "Private Person", customer_type="Individual", email_id="noura@home.example"
	)
	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 1, 30)])
	doc.submit()
	frappe.db.commit()
	doc = fresh(frappe, doc)
	follow(frappe, doc, "issued")
	(message,) = box.to("noura@home.example")
	assert len(parts(message)) == 2
	follow(frappe, doc, "accepted")
	assert len(box.to("noura@home.example")) == 1


def test_the_replacement_of_a_rejected_one_reaches_who_had_the_first(
	frappe: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
	from dataclasses import replace

	from reading import scan, texts, words

	from bayancore_erp.archive.core.pdf import check, extract_xml
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal, signing
	from bayancore_erp.zatca.api import reissue
	from bayancore_erp.zatca.core import pipeline
	from bayancore_erp.zatca.core.xml import parse

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, seller=replace(invoice.seller, vat_number="310122393500004"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	customer = buyer(
		frappe,
		"هند | Hind",
		"Private Person",
		customer_type="Individual",
		language="ar",
		email_id="hind@home.example",
	)
	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 1, 30)])
	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		doc.submit()
	frappe.db.commit()
	first = fresh(frappe, doc)
	follow(frappe, first, "issued")
	assert len(box.to("hind@home.example")) == 1, "handed over and mailed before ZATCA was asked"
	assert jobs.advance(journal.live(doc.doctype, doc.name)) == "Rejected"
	follow(frappe, first, "rejected")
	assert len(box.to("hind@home.example")) == 1, "a rejection is none of the buyer's business"

	# her address changes meanwhile: the copy that no longer stands lies in the old mailbox
	people = frappe.get_doc("Customer", customer)
	people.append("zatca_mail_recipients", {"email": "hind@work.example"})
	people.save()
	frappe.db.commit()
	reissue(doc.doctype, doc.name)
	frappe.db.commit()
	second = fresh(frappe, doc)
	follow(frappe, second, "issued")
	assert len(box.to("hind@home.example")) == 2 and len(box.to("hind@work.example")) == 1
	earlier, message = box.to("hind@home.example")
	assert str(message["Subject"]).startswith("نسخة بديلة:") and doc.name in str(message["Subject"])
	assert not str(earlier["Subject"]).startswith("نسخة بديلة:")
	assert "تحل محل" in words_of(message) and "تحل محل" not in words_of(earlier)

	before, after = parts(earlier), parts(message)
	assert len(after) == 2
	(pdf,) = [content for name, content in after.items() if name.endswith(".pdf")]
	(xml,) = [content for name, content in after.items() if name.endswith(".xml")]
	assert check(pdf) == [] and extract_xml(pdf) == xml
	assert xml == frappe.get_doc("ZATCA Document", second.zatca_document).xml
	assert scan(pdf)[0] == second.zatca_qr != first.zatca_qr
	said = parse(xml)
	assert said.findtext(".//{*}UUID") == second.zatca_uuid != first.zatca_uuid
	assert words(second.zatca_uuid) <= words(" ".join(texts(pdf)))
	assert not set(before.values()) & set(after.values()), "nothing of the first copy comes along"
	# both have the name ZATCA's rule gives them: in the form the first one says that it no longer stands
	attached = frappe.get_all("File", filters={"attached_to_name": doc.name}, pluck="file_name")
	assert set(before) == set(after) < set(attached) and len(attached) == 4
	assert sum("-replaced." in name for name in attached) == 2
	(row,) = frappe.get_all(
		"Invoice Mail", filters={"document": second.zatca_document}, fields=["occasion", "recipients"]
	)
	assert row.occasion == "Replacement" and {"hind@home.example", "hind@work.example"} == set(
		row.recipients.split(", ")
	)
	if (ORACLE / "oracle.py").exists():
		judge(xml)
	# reported afterwards: nobody is mailed once more, and what is sent by hand from the form is the one that stands
	assert jobs.advance(journal.live(doc.doctype, doc.name)) == "Reported"
	follow(frappe, second, "accepted")
	assert len(box.to("hind@home.example")) == 2
	from bayancore_erp.archive.api import send_again

	send_again(doc.doctype, doc.name, "auditor@home.example")
	deliver(frappe)
	(by_hand,) = box.to("auditor@home.example")
	assert parts(by_hand) == after


# --- what must not, and whom it does not reach ------------------------------------------------------------------------
def test_never_before_clearance(frappe: Any, box: Mailbox) -> None:
	from bayancore_erp.archive.adapter import mailing, tasks

	doc = cleared(frappe, buyer(frappe, "Early Co", email_id="early@early.example"))
	frappe.db.set_value(
		"ZATCA Attempt", {"document": doc.zatca_document, "outcome": "cleared"}, "outcome", "unknown"
	)
	frappe.db.set_value("Sales Invoice", doc.name, "zatca_state", "Clearing")
	with pytest.raises(tasks.NotNow):
		mailing.send(doc.zatca_document, "Final")
	frappe.db.rollback()
	assert not box.arrived


def test_papers_of_a_test_environment_stay_here(
	frappe: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.adapter.delivery import MAIL_TEST_PAPERS

	monkeypatch.setitem(frappe.conf, MAIL_TEST_PAPERS, 0)
	doc = cleared(frappe, buyer(frappe, "Trial Co", email_id="trial@trial.example"))
	follow(frappe, doc, "posted")
	assert not box.arrived and mail_task(frappe, doc).state == "Not Needed"


def test_a_customer_who_wants_none_gets_none(frappe: Any, box: Mailbox) -> None:
	doc = cleared(frappe, buyer(frappe, "Paper Co", email_id="paper@paper.example", zatca_no_mail=1))
	follow(frappe, doc, "posted")
	assert not box.arrived and mail_task(frappe, doc).state == "Not Needed"
	assert not frappe.db.exists("Mail Exception", {"invoice_name": doc.name})


def test_who_has_unsubscribed_is_not_stated_as_mailed(frappe: Any, box: Mailbox) -> None:
	people = ("stays@leaves.example", "left@leaves.example", "copy@leaves.example")
	rows = [{"email": address, "copy_kind": "Copy" if address == people[2] else "To"} for address in people]
	doc = cleared(frappe, buyer(frappe, "Leaves Co", zatca_mail_recipients=rows))
	for address in people[1:]:
		world.make(frappe, "Email Unsubscribe", email=address, global_unsubscribe=1)
	frappe.db.commit()
	follow(frappe, doc, "posted")
	assert len(box.to(people[0])) == 1 and not box.to(people[1]) and not box.to(people[2])
	(row,) = frappe.get_all(
		"Invoice Mail", filters={"invoice_name": doc.name}, fields=["recipients", "copies"]
	)
	assert (row.recipients, row.copies or "") == (people[0], "")
	assert people[1] not in mail_task(frappe, doc).last_error


def test_a_missing_address_has_an_owner_until_it_is_mended(frappe: Any, box: Mailbox) -> None:
	from bayancore_erp.archive.api import send_again

	customer = buyer(frappe, "Nowhere Co")
	doc = cleared(frappe, customer)
	follow(frappe, doc, "posted")
	assert not box.arrived and mail_task(frappe, doc).state == "Failed"
	exception = frappe.get_doc("Mail Exception", {"invoice_name": doc.name})
	assert (exception.kind, exception.state) == ("No Address", "Open") and "Nowhere Co" in exception.sentence
	todo = frappe.get_doc("ToDo", {"reference_type": "Mail Exception", "reference_name": exception.name})
	assert (todo.allocated_to, todo.status) == (doc.owner, "Open")
	frappe.db.set_value("Customer", customer, "email_id", "found@nowhere.example")
	send_again(doc.doctype, doc.name)
	deliver(frappe)
	assert len(box.to("found@nowhere.example")) == 1
	assert frappe.db.get_value("Mail Exception", exception.name, "state") == "Solved"
	assert frappe.db.get_value("ToDo", todo.name, "status") != "Open"


def test_a_refused_address_and_a_returned_mail_are_exceptions(frappe: Any, box: Mailbox) -> None:
	from bayancore_erp.archive import jobs

	box.refuse.add("gone@gone.example")
	doc = cleared(frappe, buyer(frappe, "Gone Co", email_id="gone@gone.example"))
	follow(frappe, doc, "posted")
	for _again in range(4):
		deliver(frappe)
	jobs.watchdog()
	exception = frappe.get_doc("Mail Exception", {"invoice_name": doc.name})
	assert (exception.kind, exception.address) == ("Not Delivered", "gone@gone.example")

	other = cleared(frappe, buyer(frappe, "Back Co", email_id="back@back.example"))
	follow(frappe, other, "posted")
	assert len(box.to("back@back.example")) == 1
	frappe.get_doc(
		{
			"doctype": "Communication",
			"communication_type": "Communication",
			"communication_medium": "Email",
			"sent_or_received": "Received",
			"sender": "MAILER-DAEMON@mx.back.example",
			"subject": "Undelivered Mail Returned to Sender",
			"content": "Final-Recipient: rfc822; back@back.example<br>Status: 5.1.1",
		}
	).insert()
	frappe.db.commit()
	exception = frappe.get_doc("Mail Exception", {"invoice_name": other.name})
	assert (exception.kind, exception.address) == ("Not Delivered", "back@back.example")


def test_one_mail_that_is_gone_holds_nothing_else_back(
	frappe: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.archive import jobs
	from bayancore_erp.archive.adapter import exceptions, tasks

	people = [f"accounts.payable.{number}@many.example" for number in range(12)]
	box.refuse.update((*people, "gone@first.example"))
	first = cleared(frappe, buyer(frappe, "First Gone Co", email_id="gone@first.example"))
	many = cleared(
		frappe, buyer(frappe, "Many Co", zatca_mail_recipients=[{"email": address} for address in people])
	)
	for doc in (first, many):
		follow(frappe, doc, "posted")
	for _again in range(4):
		deliver(frappe)
	waiting = cleared(frappe, buyer(frappe, "Waiting Co", email_id="waits@waiting.example"))
	tasks.open_task(frappe.get_doc("ZATCA Document", waiting.zatca_document), tasks.Work.MAIL, "Final")
	frappe.db.commit()

	def nobody(invoice: Any) -> str:
		if invoice.name == first.name:
			raise ValueError("no owner")
		return "Administrator"

	started: list[str] = []
	with monkeypatch.context() as patch:
		patch.setattr(exceptions, "owner_of", nobody)
		patch.setattr(frappe, "enqueue", lambda *args, **kwargs: started.append(kwargs.get("document", "")))
		jobs.watchdog()
	assert waiting.zatca_document in started
	exception = frappe.get_doc("Mail Exception", {"invoice_name": many.name})
	assert exception.kind == "Not Delivered" and set(exception.address.split(", ")) == set(people)
	assert not frappe.db.exists("Mail Exception", {"invoice_name": first.name}), "half an exception is none"
	jobs.watchdog()
	assert frappe.db.exists("Mail Exception", {"invoice_name": first.name})


def test_without_an_outgoing_account_one_exception_and_the_mails_wait(frappe: Any, box: Mailbox) -> None:
	from bayancore_erp.archive import jobs
	from bayancore_erp.archive.adapter import tasks

	doc = cleared(frappe, buyer(frappe, "Silent Co", email_id="silent@silent.example"))
	accounts = frappe.get_all("Email Account", filters={"enable_outgoing": 1}, pluck="name")
	frappe.db.sql("update `tabEmail Account` set enable_outgoing = 0, default_outgoing = 0")
	forget_accounts(frappe)
	frappe.db.commit()
	jobs.follow(doc.zatca_document, "posted")
	assert mail_task(frappe, doc).state == "Waiting"
	assert frappe.db.count("Mail Exception", {"kind": "No Outgoing Account", "state": "Open"}) == 1
	for name in accounts:
		frappe.db.set_value("Email Account", name, "enable_outgoing", 1)
	frappe.db.set_value("Email Account", "Post", "default_outgoing", 1)
	forget_accounts(frappe)
	tasks.retry([mail_task(frappe, doc).name])
	jobs.work_on(doc.zatca_document)
	deliver(frappe)
	assert len(box.to("silent@silent.example")) == 1
	assert not frappe.db.count("Mail Exception", {"kind": "No Outgoing Account", "state": "Open"})


# --- an outage --------------------------------------------------------------------------------------------------------
def released(frappe: Any, customer: str) -> Any:
	"""A standard invoice that a manager let out in an outage."""
	from bayancore_erp.zatca.api import enter_outage, release_uncleared

	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 2, "49.75")])
	frappe.db.commit()
	enter_outage(world.COMPANY, "The gateway does not answer", "ZATCA Unreachable")
	frappe.db.commit()
	assert release_uncleared(doc.name)["state"] == "Clearance Pending"
	return fresh(frappe, doc)


def cleared_at_last(frappe: Any, doc: Any) -> Any:
	"""The outage is over, ZATCA has cleared it."""
	from bayancore_erp.zatca.adapter import journal
	from bayancore_erp.zatca.api import leave_outage
	from bayancore_erp.zatca.jobs import advance

	leave_outage(world.COMPANY)
	frappe.db.commit()
	assert advance(journal.live(doc.doctype, doc.name)) == "Cleared"
	return fresh(frappe, doc)


@pytest.mark.parametrize("unwanted", ["by the customer", "by the company"])
def test_who_was_mailed_a_marked_copy_by_hand_gets_the_cleared_one_though_no_mail_is_wanted(
	frappe: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch, unwanted: str
) -> None:
	from bayancore_erp.archive.adapter import mailing
	from bayancore_erp.archive.api import send_again

	none = unwanted == "by the customer"
	name = unwanted.rpartition(" ")[2]
	customer = buyer(frappe, f"Quiet {name} Co", email_id=f"office@quiet.{name}", zatca_no_mail=int(none))
	if not none:
		real = mailing.preferences

		def silent(company: str) -> Any:
			settings = frappe.copy_doc(real(company))
			settings.mail_enabled = 0
			return settings

		monkeypatch.setattr(mailing, "preferences", silent)
	doc = released(frappe, customer)
	follow(frappe, doc, "released")
	assert not box.arrived and mail_task(frappe, doc).state == "Not Needed"
	frappe.sendmail(
		recipients=[f"asked@quiet.{name}"], subject="Your invoice", message="As you asked.",
		reference_doctype=doc.doctype, reference_name=doc.name,
	)  # fmt: skip
	frappe.db.commit()
	deliver(frappe)
	doc = cleared_at_last(frappe, doc)
	follow(frappe, doc, "posted")
	_marked, final = box.to(f"asked@quiet.{name}")
	assert len(parts(final)) == 2 and not box.to(f"office@quiet.{name}")
	assert mail_task(frappe, doc).state == "Done"

	# a copy that was cleared when it was sent by hand is replaced by nothing
	other = cleared(frappe, customer)
	send_again(other.doctype, other.name, f"later@quiet.{name}")
	frappe.db.commit()
	follow(frappe, other, "posted")
	assert len(box.to(f"later@quiet.{name}")) == 1 and mail_task(frappe, other).state == "Not Needed"


def test_the_cleared_copy_goes_to_whoever_got_the_marked_one(frappe: Any, box: Mailbox) -> None:
	import zxingcpp
	from reading import picture, texts, words

	from bayancore_erp.archive import api, jobs

	customer = buyer(frappe, "Outage Co", language="en", email_id="buyer@outage.example")
	doc = released(frappe, customer)
	# the worker was never told: the watchdog finds it, once
	jobs.watchdog()
	assert jobs.watchdog() and mail_task(frappe, doc).occasion == "Not Yet Cleared"
	jobs.work_on(doc.zatca_document)
	deliver(frappe)
	(message,) = box.to("buyer@outage.example")
	assert str(message["Subject"]).startswith("Not yet cleared:")
	((name, pdf),) = parts(message).items()
	assert name.endswith("-not-cleared.pdf")
	assert words("NOT YET CLEARED BY ZATCA") <= words(texts(pdf)[0])
	assert not zxingcpp.read_barcodes(picture(pdf))
	# taken from the form it is on record as any copy
	frappe.local.flags.commit = False
	api.download(doc.doctype, doc.name, "marked")
	assert frappe.local.flags.commit
	(taken,) = frappe.get_all(
		"Audit Event", filters={"action": "Downloaded", "subject_name": doc.name}, pluck="facts"
	)
	assert '"what":"marked"' in taken
	frappe.db.commit()
	# the customer's address changes in between: the people who hold the marked copy get the cleared one all the same
	people = frappe.get_doc("Customer", customer)
	people.append("zatca_mail_recipients", {"email": "new@outage.example"})
	people.save()
	follow(frappe, cleared_at_last(frappe, doc), "accepted")
	assert len(box.to("buyer@outage.example")) == 2 and len(box.to("new@outage.example")) == 1
	assert len(parts(box.to("buyer@outage.example")[1])) == 2
