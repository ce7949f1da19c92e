"""From a cleared invoice to its PDF/A-3 and the archive, on a real site: the cleared bytes, one paper, kept and found again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora, fresh, onboard
from private_bench import ROOT, PrivateBench

sys.path[:0] = [str(ROOT / "tests" / "pdf"), str(ROOT / "tests" / "archive")]


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		shutil.rmtree(frappe.get_site_path("private", "zatca-archive"), ignore_errors=True)
		frappe.cache.delete_keys("zatca_archive_head")
		yield frappe


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()


def cleared(frappe: Any, customer: str = world.VAT_BUYER, lines: int = 2, **more: Any) -> Any:
	"""A standard invoice, cleared and posted."""
	from bayancore_erp.zatca.adapter import journal, orchestrator
	from bayancore_erp.zatca.api import submit_for_clearance

	items = [world.line(f"خدمة {n} | Service {n}", n, "12.5") for n in range(1, lines + 1)]
	doc = world.invoice(frappe, customer, items, **more)
	frappe.db.commit()
	submit_for_clearance(doc.doctype, doc.name)
	# A busy machine hands over to a worker after some seconds.
	for _again in range(3):
		live = journal.live(doc.doctype, doc.name)
		if live:
			orchestrator.advance(live)
	found = fresh(frappe, doc)
	assert found.zatca_state == "Cleared", found.zatca_state
	return found


def sold(frappe: Any, **more: Any) -> Any:
	"""A simplified invoice, issued."""
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 2, 50)], **more)
	doc.submit()
	frappe.db.commit()
	return fresh(frappe, doc)


def worker(frappe: Any, doc: Any, event: str = "posted") -> None:
	"""What a worker does after the event."""
	from bayancore_erp.archive import jobs

	frappe.db.rollback()
	jobs.follow(doc.zatca_document, event)
	frappe.db.rollback()


def cleared_copy(frappe: Any, doc: Any) -> bytes:
	"""ZATCA's copy, taken from its raw answer by our own hands."""
	import base64

	row = frappe.get_all(
		"ZATCA Attempt", filters={"document": doc.zatca_document, "outcome": "cleared"}, pluck="name"
	)[-1]
	return base64.b64decode(json.loads(frappe.get_doc("ZATCA Attempt", row).raw)["clearedInvoice"])


def files(frappe: Any, doc: Any) -> dict[str, bytes]:
	found = {}
	for name in frappe.get_all(
		"File", filters={"attached_to_doctype": doc.doctype, "attached_to_name": doc.name}, pluck="name"
	):
		file = frappe.get_doc("File", name)
		assert file.is_private
		found[file.file_name] = Path(file.get_full_path()).read_bytes()
	return found


def tasks(frappe: Any, doc: Any) -> dict[str, str]:
	return dict(
		frappe.get_all(
			"Archive Task", filters={"invoice_name": doc.name}, fields=["work", "state"], as_list=True
		)
	)


# --- the paper --------------------------------------------------------------------------------------------------------
def test_the_cleared_copy_is_in_the_pdf(frappe: Any) -> None:
	from reading import scan, texts

	from bayancore_erp.archive.core.pdf import check, extract_xml

	doc = cleared(frappe)
	worker(frappe, doc)
	attached = files(frappe, doc)
	stem = f"{world.SELLER_VAT}_{doc.zatca_issued_at:%Y%m%dT%H%M%S}_{doc.name}"
	assert set(attached) == {f"{stem}.pdf", f"{stem}.xml"}
	pdf, xml = attached[f"{stem}.pdf"], attached[f"{stem}.xml"]
	assert xml == cleared_copy(frappe, doc) == extract_xml(pdf)
	assert xml != frappe.get_doc("ZATCA Document", doc.zatca_document).xml, "not our unstamped one"
	assert check(pdf) == []
	assert scan(pdf)[0] == doc.zatca_qr and doc.zatca_qr.encode() in xml
	assert len(texts(pdf)) == 1
	paper = frappe.get_doc("Archive Paper", doc.zatca_document)
	assert (paper.sha256, paper.cleared) == (hashlib.sha256(pdf).hexdigest(), 1)
	assert "Archive" in tasks(frappe, doc) and tasks(frappe, doc)["Document"] == "Done"


def test_what_is_asked_of_a_worker_is_what_a_worker_does(frappe: Any) -> None:
	from frappe.utils.background_jobs import get_queue

	doc = cleared(frappe)
	jobs = [
		job.kwargs for job in get_queue("default").jobs if "archive.jobs.follow" in str(job.kwargs["method"])
	]
	asked = next(job["kwargs"] for job in jobs if job["kwargs"]["document"] == doc.zatca_document)
	frappe.get_attr("bayancore_erp.archive.jobs.follow")(**asked)
	frappe.db.rollback()
	assert frappe.db.exists("Archive Paper", {"document": doc.zatca_document})


def test_there_is_never_a_second_different_pdf(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import papers

	doc = cleared(frappe)
	first = papers.paper_of(doc.zatca_document).content
	frappe.db.commit()
	settings = frappe.get_doc(
		{"doctype": "Archive Settings", "company": world.COMPANY, "accent": "#AA1122"}
	).insert()
	frappe.db.commit()
	try:
		assert papers.paper_of(doc.zatca_document).content == first
		other = papers.paper_of(cleared(frappe).zatca_document).content
		assert other != first
		for name in frappe.get_all("File", filters={"attached_to_name": doc.name}, pluck="name"):
			frappe.delete_doc("File", name)
		frappe.db.commit()
		# attachment and archive are gone: drawn again, with the looks of that day
		assert papers.paper_of(doc.zatca_document).content == first
		assert len(papers.restore(doc.zatca_document)) == 2
		frappe.db.commit()
		assert sorted(files(frappe, doc).values(), key=len)[1] == first
		assert papers.restore(doc.zatca_document) == []
	finally:
		settings.delete()
		frappe.db.commit()
	paper = frappe.get_doc("Archive Paper", doc.zatca_document)
	with pytest.raises(frappe.ValidationError):
		paper.sha256 = "0" * 64
		paper.save()
	frappe.db.rollback()


def test_any_print_format_becomes_the_same_pdf_a3(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.archive.core.pdf import check, extract_xml, render

	settings = frappe.get_doc(
		{"doctype": "Archive Settings", "company": world.COMPANY, "print_format": "ZATCA Tax Invoice"}
	).insert()
	docs = [cleared(frappe), cleared(frappe)]
	for doc in docs:
		# A test paper would be marked, which only the built-in design promises.
		frappe.db.set_value("ZATCA Document", doc.zatca_document, "environment", "Production")
	pages = render(cleared_copy(frappe, docs[0]), embed=False)
	try:
		with monkeypatch.context() as patch:
			patch.setattr(frappe, "get_print", lambda *_names, **_how: pages)
			good = papers.paper_of(docs[0].zatca_document)
			patch.setattr(frappe, "get_print", lambda *_names, **_how: b"%PDF-1.4 nothing in it")
			bad = papers.paper_of(docs[1].zatca_document)
	finally:
		settings.delete()
		frappe.db.commit()
	assert good.row.print_format == "ZATCA Tax Invoice" and not good.row.remark
	assert check(good.content) == [] and extract_xml(good.content) == cleared_copy(frappe, docs[0])
	assert not bad.row.print_format and "ZATCA Tax Invoice" in bad.row.remark
	assert check(bad.content) == [] and extract_xml(bad.content) == cleared_copy(frappe, docs[1])
	frappe.db.rollback()


MAKERS = {"wkhtmltopdf": "wkhtmltopdf", "chromium": "chromium"}


@pytest.fixture
def assets(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
	"""The site's public files over HTTP, which a page refers to: wkhtmltopdf gives up a page whose styles it cannot have."""
	quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_said: None})
	server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=os.getcwd()))
	threading.Thread(target=server.serve_forever, daemon=True).start()
	monkeypatch.setitem(frappe.conf, "host_name", f"http://127.0.0.1:{server.server_port}")
	yield
	server.shutdown()
	server.server_close()


@pytest.mark.parametrize("maker", sorted(MAKERS))
@pytest.mark.parametrize("print_format", ["ZATCA Tax Invoice", "ZATCA Receipt", "Sales Invoice Print"])
def test_a_real_page_of_another_program(
	frappe: Any, assets: None, monkeypatch: pytest.MonkeyPatch, maker: str, print_format: str
) -> None:
	"""wkhtmltopdf as Frappe calls it, and Chromium, which Frappe 16 calls: archival, or replaced with a remark."""
	from reading import scan, texts, words

	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.archive.core.pdf import check, extract_xml

	if not shutil.which(MAKERS[maker]):
		pytest.skip(f"{maker} is not installed here (Debian's package of that name)")
	doc = cleared(frappe)
	# A test paper would be marked, which only the built-in design promises.
	frappe.db.set_value("ZATCA Document", doc.zatca_document, "environment", "Production")
	frappe.db.set_value(doc.doctype, doc.name, "zatca_environment", "Production")
	settings = frappe.get_doc(
		{"doctype": "Archive Settings", "company": world.COMPANY, "print_format": print_format}
	).insert()
	if maker == "chromium":
		own = frappe.get_print
		monkeypatch.setattr(
			frappe, "get_print", lambda *names, **how: printed(own(*names, **{**how, "as_pdf": False}))
		)
	try:
		paper = papers.paper_of(doc.zatca_document)
	finally:
		settings.delete()
		frappe.db.commit()
	if keep := os.environ.get("KEEP_PAPERS"):
		name = (
			f"{maker}-{print_format.replace(' ', '-')}-{'kept' if paper.row.print_format else 'replaced'}.pdf"
		)
		Path(keep, name).write_bytes(paper.content)
		Path(keep, name).with_suffix(".txt").write_text(paper.row.remark or "")
	assert check(paper.content) == [] and extract_xml(paper.content) == cleared_copy(frappe, doc)
	assert words(doc.zatca_uuid if print_format.startswith("ZATCA") else doc.name) <= words(
		" ".join(texts(paper.content))
	)
	if paper.row.print_format:
		assert not paper.row.remark
	else:
		assert print_format in paper.row.remark and "built-in design was used" in paper.row.remark
	if print_format.startswith("ZATCA") or not paper.row.print_format:
		assert scan(paper.content)[0] == doc.zatca_qr


def printed(html: str) -> bytes:
	"""A page as Chromium prints it."""
	with tempfile.TemporaryDirectory() as folder:
		page = Path(folder, "page.html")
		page.write_text(html + "<style>.print-hide { display: none }</style>")
		subprocess.run(
			[
				MAKERS["chromium"], "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
				f"--user-data-dir={folder}/profile", f"--print-to-pdf={folder}/page.pdf", page.as_uri(),
			],
			capture_output=True, check=True, timeout=120,
		)  # fmt: skip
		return Path(folder, "page.pdf").read_bytes()


def test_the_print_button_shows_what_the_xml_says(frappe: Any) -> None:
	from lxml import etree
	from reading import CBC

	doc = cleared(frappe)
	html = frappe.get_print(doc.doctype, doc.name, print_format="ZATCA Tax Invoice")
	root = etree.fromstring(cleared_copy(frappe, doc))
	assert "فاتورة ضريبية" in html and doc.zatca_uuid in html and "data:image/svg+xml;base64," in html
	for figure in {
		node.text for node in root.iter(f"{CBC}PayableAmount", f"{CBC}TaxExclusiveAmount", f"{CBC}TaxAmount")
	}:
		assert figure in html, figure
	draft = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 50)])
	frappe.db.commit()
	html = frappe.get_print(draft.doctype, draft.name, print_format="ZATCA Tax Invoice")
	assert "DRAFT, NOT A TAX INVOICE" in html and 'alt="QR"' not in html


def test_a_receipt_is_printable_at_once(frappe: Any) -> None:
	from reading import scan

	from bayancore_erp.archive.adapter import papers

	doc = sold(frappe)
	pdf = papers.paper_of(doc.zatca_document).content
	assert scan(pdf)[0] == doc.zatca_qr
	frappe.db.rollback()
	till = sold(
		frappe, is_pos=1, pos_profile=world.POS_PROFILE, payments=[{"mode_of_payment": "Cash", "amount": 115}]
	)
	strip = papers.paper_of(till.zatca_document)
	assert strip.row.layout == "receipt"
	assert scan(strip.content)[0] == till.zatca_qr


def test_a_draft_and_a_rejected_one_give_no_tax_invoice(frappe: Any) -> None:
	from reading import texts, words

	from bayancore_erp.archive.adapter import desk, papers

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 50)])
	with pytest.raises(papers.NoPaper):
		desk.download(doc, "pdf")
	preview = desk.download(doc, "preview").content
	assert words("DRAFT, NOT A TAX INVOICE") <= words(texts(preview)[0])
	frappe.db.rollback()


def test_downloads_ask_for_permission(frappe: Any) -> None:
	from bayancore_erp.archive import api

	doc = cleared(frappe)
	api.download(doc.doctype, doc.name)
	assert frappe.local.response.filecontent.startswith(b"%PDF")
	api.download(doc.doctype, doc.name, "xml")
	assert frappe.local.response.filecontent == cleared_copy(frappe, doc)
	frappe.db.commit()
	user = "nobody@bayan.example"
	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name="Nobody", send_welcome_email=0)
		frappe.db.commit()
	frappe.set_user(user)
	for call in (api.download, api.standing, api.restore, api.send_again):
		with pytest.raises(frappe.PermissionError):
			call(doc.doctype, doc.name)
	with pytest.raises(frappe.PermissionError):
		api.retry([])
	with pytest.raises(frappe.PermissionError):
		api.check_store(world.COMPANY)


def test_a_manager_starts_again_what_is_of_his_companies(frappe: Any) -> None:
	from bayancore_erp.archive import api, jobs

	doc = cleared(frappe)
	jobs.watchdog()
	names = frappe.get_all("Archive Task", filters={"invoice_name": doc.name}, pluck="name")
	user = "manager.of.another@bayan.example"
	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name="Manager", send_welcome_email=0).add_roles(
			"ZATCA Manager"
		)
	other = (
		frappe.db.get_value("Company", {"name": ("!=", world.COMPANY)})
		or world.make(
			frappe,
			"Company",
			company_name="Another Co",
			abbr="ANC",
			country="Saudi Arabia",
			default_currency="SAR",
		).name
	)
	confined = world.make(frappe, "User Permission", user=user, allow="Company", for_value=other)
	frappe.set_user(user)
	with pytest.raises(frappe.PermissionError):
		api.retry(names)
	frappe.set_user("Administrator")
	confined.delete()
	frappe.set_user(user)
	assert api.retry(names) == len(names) == 3


# --- the archive ------------------------------------------------------------------------------------------------------
def test_everything_of_a_document_is_kept(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import keeping, places

	doc = cleared(frappe)
	worker(frappe, doc)
	rows = frappe.get_all(
		"Archive Object", filters={"document": doc.zatca_document, "what": ("!=", "Chain Head")}, fields=["*"]
	)
	assert sorted(row.what for row in rows) == ["Answer", "Invoice XML", "PDF", "Request"]
	store = places.store_of(world.COMPANY)
	for row in rows:
		content = store.get(row.object_name)
		assert hashlib.sha256(content).hexdigest() == row.sha256 and len(content) == row.size
		assert row.object_name.startswith(f"{world.SELLER_VAT}/{doc.zatca_issued_at:%Y/%m}/{doc.zatca_uuid}/")
	request = next(row for row in rows if row.what == "Request")
	sent = frappe.db.get_value(
		"ZATCA Attempt", {"document": doc.zatca_document, "row_kind": "Request"}, "body_sha256"
	)
	assert request.sha256 == sent, "what is kept is what left"
	assert tasks(frappe, doc)["Archive"] == "Done"
	worker(frappe, doc)
	assert frappe.db.count("Archive Object", {"document": doc.zatca_document}) >= len(rows)
	assert keeping.keep_document  # done twice, nothing twice
	again = frappe.get_all("Archive Object", filters={"document": doc.zatca_document}, pluck="object_name")
	assert len(again) == len(set(again))


KEPT = 4
"""Objects of an accepted document: XML, PDF, request, answer."""


def killed(frappe: Any, doc: Any, moment: str, count: int) -> None:
	"""Follow a document in a worker that dies at its `count`-th store: before it, stored, or after its row."""

	def follow() -> None:
		from bayancore_erp.archive import jobs
		from bayancore_erp.archive.adapter import keeping

		seen = [0]

		def deadly(real: Any, after: bool) -> Any:
			def call(*given: Any, **named: Any) -> Any:
				seen[0] += 1
				answer = real(*given, **named) if after or seen[0] != count else None
				if seen[0] == count:
					os.kill(os.getpid(), signal.SIGKILL)
				return answer

			return call

		if moment == "stored":
			keeping.append_row = deadly(keeping.append_row, after=False)
		else:
			keeping.keep = deadly(keeping.keep, after=moment == "after")
		jobs.follow(doc.zatca_document, "posted")

	world.dies(frappe, follow)


@pytest.mark.parametrize("count", range(1, KEPT + 1))
@pytest.mark.parametrize("moment", ["before", "stored", "after"])
def test_a_killed_worker_loses_and_doubles_nothing(frappe: Any, moment: str, count: int) -> None:
	from bayancore_erp.archive import jobs
	from bayancore_erp.archive.adapter import places

	doc = cleared(frappe)
	killed(frappe, doc, moment, count)
	assert tasks(frappe, doc)["Archive"] == "Pending"
	jobs.work_on(doc.zatca_document)
	assert tasks(frappe, doc)["Archive"] == "Pending", "its lease still runs"
	frappe.db.set_value(
		"Archive Task", {"document": doc.zatca_document, "work": "Archive"}, "lease_until", "2020-01-01"
	)
	frappe.db.commit()
	jobs.watchdog()
	jobs.work_on(doc.zatca_document)
	frappe.db.rollback()
	assert tasks(frappe, doc)["Archive"] == "Done"
	rows = frappe.get_all(
		"Archive Object",
		filters={"document": doc.zatca_document, "what": ("!=", "Chain Head")},
		fields=["what", "object_name", "sha256"],
	)
	assert sorted(row.what for row in rows) == ["Answer", "Invoice XML", "PDF", "Request"]
	store = places.store_of(world.COMPANY)
	folder = f"{world.SELLER_VAT}/{doc.zatca_issued_at:%Y/%m}/{doc.zatca_uuid}/"
	assert list(store.names(folder)) == sorted(row.object_name for row in rows)
	for row in rows:
		assert hashlib.sha256(store.get(row.object_name)).hexdigest() == row.sha256
	told = frappe.get_all(
		"Audit Event", filters={"action": "Archived", "facts": ("like", f"%{doc.zatca_document}%")}
	)
	assert len(told) >= len(rows)
	assert len(files(frappe, doc)) == 2 and frappe.db.count("Archive Paper", doc.zatca_document) == 1


def test_what_the_queue_lost_is_found(frappe: Any) -> None:
	from bayancore_erp.archive import jobs

	doc = cleared(frappe)
	assert not tasks(frappe, doc)
	jobs.watchdog()
	assert set(tasks(frappe, doc)) == {"Document", "Archive", "Mail"}
	jobs.work_on(doc.zatca_document)
	frappe.db.rollback()
	assert tasks(frappe, doc)["Archive"] == "Done"


def test_a_rejected_simplified_one_is_kept_without_paper_and_replaced(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	from dataclasses import replace

	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.zatca import jobs as zatca_jobs
	from bayancore_erp.zatca.adapter import journal, signing
	from bayancore_erp.zatca.api import reissue
	from bayancore_erp.zatca.core import pipeline

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, seller=replace(invoice.seller, vat_number="310122393500004"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		doc = sold(frappe)
	zatca_jobs.advance(journal.live(doc.doctype, doc.name))
	first = fresh(frappe, doc)
	assert first.zatca_state == "Rejected"
	worker(frappe, first, "rejected")
	kinds = frappe.get_all("Archive Object", filters={"document": first.zatca_document}, pluck="what")
	assert "Invoice XML" in kinds and "Answer" in kinds and "PDF" not in kinds
	with pytest.raises(papers.NoPaper):
		papers.paper_of(first.zatca_document)
	reissue(doc.doctype, doc.name)
	frappe.db.commit()
	second = fresh(frappe, doc)
	worker(frappe, second, "issued")
	zatca_jobs.advance(journal.live(doc.doctype, doc.name))
	worker(frappe, second, "accepted")
	assert frappe.db.count("Archive Object", {"document": second.zatca_document, "what": "PDF"}) == 1
