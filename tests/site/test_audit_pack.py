"""The auditor's pack, the inspector and retention on a real site."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora, fresh, onboard
from private_bench import PrivateBench

TODAY = "2026-11-01", "2027-12-31"


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		frappe.db.commit()
		frappe.made = [
			issued(frappe, world.VAT_BUYER),
			issued(frappe, world.PERSON),
			issued(frappe, world.VAT_BUYER),
		]
		yield frappe


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()


def issued(frappe: Any, customer: str) -> Any:
	"""A cleared or reported invoice."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal
	from bayancore_erp.zatca.api import submit_for_clearance

	doc = world.invoice(frappe, customer, [world.line("خدمة | Service", 2, 100)])
	frappe.db.commit()
	submit_for_clearance(doc.doctype, doc.name)
	live = journal.live(doc.doctype, doc.name)
	if live:
		jobs.advance(live)
	return fresh(frappe, doc)


def pack(frappe: Any) -> Any:
	doc = frappe.get_doc(
		{"doctype": "Audit Pack", "company": world.COMPANY, "from_date": TODAY[0], "to_date": TODAY[1]}
	).insert()
	frappe.db.commit()
	from bayancore_erp.archive.audit_jobs import make_pack

	make_pack(doc.name)
	return fresh(frappe, doc)


def test_one_click_gives_a_pack_that_a_stranger_verifies(frappe: Any, tmp_path: Path) -> None:
	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.archive.adapter.packs import file_of

	drawn = papers.paper_of(frappe.made[0].zatca_document)
	frappe.db.commit()
	for undrawn in frappe.made[1:]:
		assert not papers.row_of(undrawn.zatca_document), "no worker came by"
	made = pack(frappe)
	assert (made.state, made.problems) == ("Verified", 0), made.findings or made.last_error
	assert made.documents >= 3 and len(made.seal) == 64
	copy = tmp_path / "pack.zip"
	copy.write_bytes(file_of(made.name).read_bytes())
	with zipfile.ZipFile(copy) as found:
		names = found.namelist()
		(tmp_path / "verify_pack.py").write_bytes(found.read("verify_pack.py"))
		pdfs = {name.split("/")[2]: found.read(name) for name in names if name.endswith("invoice.pdf")}
		assert len(pdfs) == made.documents
		for doc in frappe.made:
			assert pdfs[doc.zatca_uuid] == papers.paper_of(doc.zatca_document).content
		assert pdfs[frappe.made[0].zatca_uuid] == drawn.content
		about = json.loads(found.read("pack.json"))
		assert about["vat_numbers"] == [world.SELLER_VAT] and about["trail"]["last"] > 10 and about["site"]
		subjects = [json.loads(line)["subject"] for line in found.read("records.jsonl").splitlines()]
		assert {" ".join(each.split(" ")[:2]) for each in subjects} >= {"ZATCA Document", "ZATCA Attempt"}
	answer = subprocess.run(
		[sys.executable, "-I", str(tmp_path / "verify_pack.py"), str(copy), "--seal", made.seal],
		capture_output=True, text=True, cwd=tmp_path, check=False,
	)  # fmt: skip
	assert answer.returncode == 0 and "All holds" in answer.stdout, answer.stdout + answer.stderr


def test_a_paper_that_is_lost_comes_back_or_is_missed(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.archive.adapter import attachments, keeping, papers
	from bayancore_erp.zatca.core.errors import ConfigurationError

	doc = frappe.made[1]
	row = papers.paper_of(doc.zatca_document).row
	frappe.db.commit()

	def away(*_: Any) -> bytes:
		raise ConfigurationError("The archive does not answer.")

	with monkeypatch.context() as patch:
		patch.setattr(attachments, "find", lambda *_: None)
		patch.setattr(keeping, "fetch", away)
		made = pack(frappe)
		assert (made.state, made.problems) == ("Verified", 0), "drawn again, the same bytes"
		patch.setattr(papers, "drawn_again", lambda *_: b"%PDF- of other bytes")
		made = pack(frappe)
	assert made.state == "Has Problems" and made.problems == made.documents
	assert f"{row.document}/invoice.xml: the document has no PDF" in made.findings


def test_a_company_that_is_mistyped_gets_no_answer(frappe: Any, bench: PrivateBench, tmp_path: Path) -> None:
	from bayancore_erp.archive.adapter.reach import require_known
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.zatca.core.errors import InvalidInput

	days, out = ("--from", TODAY[0], "--to", TODAY[1]), tmp_path / "pack.zip"
	wrong = world.COMPANY.lower()
	for call in (
		("verify", "--company", wrong),
		("export-audit", "--company", wrong, *days, "--out", str(out)),
		("export-audit", *days, "--out", str(out)),
	):
		said = bench.command(world.SITE, "zatca", *call, check=False)
		assert said.returncode == 2 and "holds" not in said.stdout, call
	assert not out.exists()
	frappe.db.rollback()
	assert not frappe.db.sql("select name from `tabAudit Event` where binary company = %s", wrong)
	require_known(world.COMPANY)
	record(Action.TRAINING_REMOVED, "Company", "Gone Co", "Gone Co")
	require_known("Gone Co")
	# whoever asked before this was refused left an event
	record(Action.VERIFIED, "", "", "Acme Trdng")
	with pytest.raises(InvalidInput, match="no company “Acme Trdng”"):
		require_known("Acme Trdng")


def test_a_row_changed_in_sql_shows_in_the_pack(frappe: Any) -> None:
	name = frappe.db.get_value("ZATCA Attempt", {"invoice_name": frappe.made[0].name, "row_kind": "Answer"})
	frappe.db.sql("update `tabZATCA Attempt` set http_status = 201 where name = %s", name)
	frappe.db.commit()
	made = pack(frappe)
	frappe.db.sql("update `tabZATCA Attempt` set http_status = 200 where name = %s", name)
	frappe.db.commit()
	assert made.state == "Has Problems" and name in made.findings


def test_a_pack_is_for_auditors_and_their_companies(frappe: Any) -> None:
	from bayancore_erp.archive.audit_api import download_pack, verify_site

	made = pack(frappe)
	user = frappe.get_doc(
		{"doctype": "User", "email": "clerk@example.com", "first_name": "Clerk", "send_welcome_email": 0}
	).insert()
	user.add_roles("Accounts User")
	frappe.set_user(user.name)
	for call in (lambda: download_pack(made.name), verify_site):
		with pytest.raises(frappe.PermissionError):
			call()
	with pytest.raises(frappe.PermissionError):
		frappe.get_doc(
			{"doctype": "Audit Pack", "company": world.COMPANY, "from_date": TODAY[0], "to_date": TODAY[1]}
		).insert()


def test_an_invoice_by_number_or_qr(frappe: Any) -> None:
	from bayancore_erp.archive.audit_api import find_invoice, inspect

	doc = frappe.made[0]
	for text in (
		doc.name,
		doc.zatca_uuid,
		doc.zatca_hash,
		doc.zatca_qr,
		f" {doc.zatca_qr[:70]}\n{doc.zatca_qr[70:]} ",
	):
		assert [row["name"] for row in find_invoice(text)] == [doc.zatca_document], text
	assert find_invoice("no such thing") == [] and find_invoice("") == []
	found = inspect(doc.zatca_document)
	assert found["holds"] == [] and found["invoice"].state == "Cleared"
	assert [row.row_kind for row in found["attempts"]] == ["Request", "Answer"]
	assert {"Created", "Signed", "Sent", "Answered", "Posted"} <= {row.action for row in found["trail"]}


def test_kept_by_the_longest_term_held_and_destroyed(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import retention
	from bayancore_erp.archive.adapter.verify import verify
	from bayancore_erp.archive.audit_api import destroy
	from bayancore_erp.zatca.adapter import chain

	doc = frappe.made[2]
	[kept] = retention.of([doc.zatca_document])
	assert (kept.decision.kept_through, kept.decision.allowed) == (date(2032, 12, 31), False)
	frappe.get_doc(
		{
			"doctype": "Document Retention",
			"document": doc.zatca_document,
			"subject": "Real Estate",
			"reason": "A building",
		}
	).insert()
	assert retention.of([doc.zatca_document])[0].decision.kept_through == date(2041, 12, 31)
	frappe.db.rollback()

	with pytest.raises(frappe.PermissionError):
		frappe.set_user("Guest")
		destroy([doc.zatca_document], "because")
	frappe.set_user("Administrator")
	said = retention.destroy([doc.zatca_document], "because")
	assert said["destroyed"] == [] and "2032" in said["kept"][0]["why"]

	later = date(2033, 1, 1)
	assert doc.zatca_document in {each.row.name for each in retention.due(today=later)}
	held = frappe.get_doc(
		{
			"doctype": "Legal Hold",
			"company": world.COMPANY,
			"scope": "Documents",
			"reason": "An audit",
			"documents": [{"document": doc.zatca_document}],
		}
	).insert()
	frappe.db.commit()
	assert not retention.of([doc.zatca_document], later)[0].decision.allowed
	held.reason = "Another"
	with pytest.raises(frappe.ValidationError):
		held.save()
	frappe.db.rollback()
	frappe.get_doc("Legal Hold", held.name).release("It is over")
	frappe.db.commit()
	[free] = retention.of([doc.zatca_document], later)
	assert free.decision.allowed
	retention.remove(free, "Its term has ended")
	frappe.db.commit()
	assert not frappe.db.exists("ZATCA Document", doc.zatca_document)
	assert not frappe.db.exists("ZATCA Attempt", {"document": doc.zatca_document})
	assert chain.verify(frappe.device).ok, "its place in the chain is bridged"
	report = verify()
	assert report.ok, report.findings


def user_with(frappe: Any, *roles: str) -> str:
	"""A person with just these roles."""
	email = f"{roles[0].lower().replace(' ', '.')}@destroying.example.com"
	if not frappe.db.exists("User", email):
		person = frappe.get_doc(
			{"doctype": "User", "email": email, "first_name": roles[0], "send_welcome_email": 0}
		)
		person.insert().add_roles(*roles)
	return email


def test_destroyed_by_the_officer_alone_out_of_the_archive_as_well(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.archive import api, jobs
	from bayancore_erp.archive.adapter import retention, work
	from bayancore_erp.archive.adapter.verify import verify
	from bayancore_erp.archive.audit_api import destroy

	doc, stays = issued(frappe, world.VAT_BUYER), issued(frappe, world.VAT_BUYER)
	for each in (doc, stays):
		work.archive(frappe._dict(document=each.zatca_document))
	frappe.db.commit()
	objects = frappe.get_all(
		"Archive Object",
		filters={"document": doc.zatca_document, "what": ("!=", "Chain Head")},
		fields=["name", "object_name"],
	)
	folder = Path(frappe.get_site_path("private", "zatca-archive"))
	assert len(objects) == 4 and all((folder / row.object_name).is_file() for row in objects)
	day = doc.zatca_issued_at.date()
	monkeypatch.setattr(retention, "getdate", lambda *args: getdate(*args) if args else date(2033, 1, 1))
	getdate = frappe.utils.getdate

	for role in ("System Manager", "ZATCA Manager", "ZATCA Auditor", "Accounts Manager", "Accounts User"):
		frappe.set_user(user_with(frappe, role))
		with pytest.raises(frappe.PermissionError):
			destroy([doc.zatca_document], "because")
		frappe.set_user("Administrator")
	officer = user_with(frappe, "ZATCA Records Officer")
	frappe.db.commit()
	for scope in ({"scope": "Whole Company"}, {"scope": "Period", "from_date": day, "to_date": day}):
		held = frappe.get_doc(
			{"doctype": "Legal Hold", "company": world.COMPANY, "reason": "An audit", **scope}
		).insert()
		frappe.db.commit()
		frappe.set_user(officer)
		said = destroy([doc.zatca_document], "Its term has ended")
		assert said["destroyed"] == [] and held.name in said["kept"][0]["why"], scope
		frappe.set_user("Administrator")
		held.release("It is over")
		frappe.db.commit()
	assert frappe.db.exists("ZATCA Document", doc.zatca_document)

	frappe.set_user(officer)
	said = destroy([doc.zatca_document], "Its term has ended")
	frappe.set_user("Administrator")
	assert said == {"destroyed": [doc.name], "kept": [], "stays": []}
	record = frappe.get_doc("Destroyed Document", {"document": doc.zatca_document})
	assert (record.destroyed_by, record.reason) == (officer, "Its term has ended")
	told = frappe.get_all(
		"Audit Event",
		filters={"action": "Destroyed", "actor": officer},
		fields=["subject_doctype", "subject_name", "digest"],
	)
	assert {row.subject_doctype for row in told} == {
		"ZATCA Document", "ZATCA Attempt", "Archive Paper", "Archive Object"
	}  # fmt: skip
	assert {row.name for row in objects} <= {row.subject_name for row in told if len(row.digest) == 64}
	assert not frappe.db.exists("Archive Object", {"name": ("in", [row.name for row in objects])})
	assert not frappe.db.exists(
		"Archive Object", {"document": doc.zatca_document, "what": ("!=", "Chain Head")}
	)
	assert not any((folder / row.object_name).exists() for row in objects)
	with pytest.raises(frappe.DoesNotExistError):
		api.download_object(objects[0].name)

	check = frappe.get_doc(
		{"doctype": "Archive Check", "company": world.COMPANY, "from_date": day, "to_date": day}
	).insert()
	frappe.db.commit()
	jobs.verify(check.name)
	faults = json.loads(fresh(frappe, check).faults)
	assert not [row for row in faults if row["kind"] != "not archived"], faults
	own = {"document": stays.zatca_document, "what": ("!=", "Chain Head")}
	assert frappe.db.count("Archive Object", own) == 4
	report = verify()
	assert report.ok, report.findings
	made = pack(frappe)
	assert made.state == "Verified", made.findings or made.last_error


def test_what_is_destroyed_years_later_leaves_its_proofs_whole(
	frappe: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
	from bayancore_erp.archive.adapter import packs, retention, trail, trail_heads, trail_seal
	from bayancore_erp.archive.adapter.pack_source import Period
	from bayancore_erp.archive.adapter.verify import verify
	from bayancore_erp.archive.core import verify_pack

	doc = issued(frappe, world.VAT_BUYER)
	trail_seal.seal_all()
	assert trail_heads.anchor(world.COMPANY), "the document is its device's last one, as of a retired device"
	[free] = retention.of([doc.zatca_document], date(2033, 1, 1))

	class Later(datetime):
		@classmethod
		def now(cls, tz: Any = None) -> Any:
			return datetime(2033, 1, 2, 10, tzinfo=tz)

	with monkeypatch.context() as patch:
		patch.setattr(trail, "datetime", Later)
		retention.remove(free, "Its term has ended")
	frappe.db.commit()
	day = frappe.utils.getdate()
	made = packs.make(Period(world.COMPANY, day, day), tmp_path / "pack.zip")
	assert made.problems == ()
	told = [json.loads(line) for line in verify_pack.Pack(str(made.path)).lines(verify_pack.GONE)]
	assert {row["subject"].rpartition(" ")[0] for row in told} >= {"ZATCA Document", "ZATCA Attempt"}
	assert all(row["at"].startswith("2033-01-02") and row["action"] == "Destroyed" for row in told)
	report = verify()
	assert report.ok, report.findings


def test_a_pack_states_every_vat_number_of_its_period(frappe: Any, fatoora: Fatoora, tmp_path: Path) -> None:
	from bayancore_erp.archive.adapter import packs
	from bayancore_erp.archive.adapter.pack_source import Period
	from bayancore_erp.archive.core import verify_pack
	from bayancore_erp.zatca.adapter.enrolment import onboard_with_simulator

	later = "310000000000003"
	try:
		frappe.db.set_value("Company", world.COMPANY, "tax_id", later)
		frappe.db.commit()
		device = onboard_with_simulator(world.COMPANY, fatoora.url).name
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "default_device", device)
		frappe.db.commit()
		doc = issued(frappe, world.PERSON)
		assert frappe.db.get_value("ZATCA Document", doc.zatca_document, "vat_number") == later
		day = frappe.utils.getdate()
		made = packs.make(Period(world.COMPANY, day, day), tmp_path / "pack.zip")
	finally:
		frappe.db.rollback()
		frappe.db.set_value("ZATCA Settings", world.COMPANY, "default_device", frappe.device)
		frappe.db.set_value("Company", world.COMPANY, "tax_id", world.SELLER_VAT)
		frappe.db.commit()
	assert made.problems == ()
	about = json.loads(verify_pack.Pack(str(made.path)).bytes("pack.json"))
	assert about["vat_numbers"] == sorted([later, world.SELLER_VAT])


def test_everything_exported_allows_to_uninstall(frappe: Any, bench: PrivateBench, tmp_path: Path) -> None:
	from bayancore_erp.setup import exports

	frappe.db.commit()
	said = bench.command(
		world.SITE, "zatca", "export-audit", "--everything", "--out", str(tmp_path / "packs")
	).stdout
	frappe.db.rollback()
	assert "Verified: the packs hold all" in said and exports.verified_export()
	issued(frappe, world.PERSON)
	assert not exports.verified_export(), "one more document, and the export is no longer whole"
