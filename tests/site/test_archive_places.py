"""Where documents are kept: Oracle's real client from the site, retries, a period read again, the chain's head after a restore."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from private_bench import ROOT
from test_archive import cleared, files, tasks, worker

sys.path[:0] = [str(ROOT / "tests" / "archive")]


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	shutil.rmtree(site.get_site_path("private", "zatca-archive"), ignore_errors=True)
	site.db.sql("delete from `tabArchive Object`")
	site.db.commit()
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	site.db.delete("Archive Settings")
	site.db.commit()
	site.clear_document_cache("Archive Settings", world.COMPANY)


@pytest.fixture
def service(site: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
	pytest.importorskip("oci")
	import fake_oci

	fake = fake_oci.FakeOci(hang=1.4)
	monkeypatch.setitem(site.conf, "archive_oci_endpoint", fake.endpoint)
	yield fake
	fake.close()


def in_oci(frappe: Any, service: Any, **changes: Any) -> Any:
	"""The company's settings, its key pasted as a password field leaves it."""
	import fake_oci

	values = {
		"doctype": "Archive Settings",
		"company": world.COMPANY,
		"backend": "Oracle Object Storage",
		"region": "me-riyadh-1",
		"namespace": fake_oci.NAMESPACE,
		"bucket": fake_oci.BUCKET,
		"prefix": "/zatca",
		"auth_mode": "API Key",
		"tenancy": service.TENANCY,
		"user_ocid": service.USER,
		"fingerprint": service.FINGERPRINT,
		"private_key": service.pem.replace("\n", " "),
		**changes,
	}
	doc = frappe.get_doc(values).insert()
	frappe.db.commit()
	return doc


# --- Oracle's object storage ------------------------------------------------------------------------------------------
def test_kept_in_the_bucket_and_fetched_from_it(frappe: Any, service: Any) -> None:
	from bayancore_erp.archive import api
	from bayancore_erp.archive.adapter import papers

	in_oci(frappe, service)
	doc = cleared(frappe)
	worker(frappe, doc)
	assert tasks(frappe, doc)["Archive"] == "Done", frappe.get_all("Archive Task", fields=["last_error"])
	heads = frappe.get_all("Archive Object", filters={"what": "Chain Head"}, pluck="object_name")
	own = {"document": doc.zatca_document, "what": ("!=", "Chain Head")}
	rows = frappe.get_all("Archive Object", filters=own, fields=["*"])
	assert {f"zatca/{name}" for name in [row.object_name for row in rows] + heads} == set(service.objects)
	assert all(row.etag and row.place == "oci:me-riyadh-1/tests/archive/zatca/" for row in rows)
	(pdf,) = [row for row in rows if row.what == "PDF"]
	before = papers.paper_of(doc.zatca_document).content
	api.download_object(pdf.name)
	assert frappe.local.response.filecontent == before
	for name in frappe.get_all("File", filters={"attached_to_name": doc.name}, pluck="name"):
		frappe.delete_doc("File", name)
	frappe.db.commit()
	assert len(api.restore(doc.doctype, doc.name)) == 2
	frappe.db.commit()
	assert before in files(frappe, doc).values()
	# once more, and nothing is put twice
	created = dict(service.created)
	frappe.db.delete("Archive Object", own)
	frappe.db.set_value(
		"Archive Task", {"document": doc.zatca_document, "work": "Archive"}, "state", "Pending"
	)
	frappe.db.commit()
	worker(frappe, doc)
	assert dict(service.created) == created
	assert frappe.db.count("Archive Object", own) == len(rows)


def test_an_absent_service_keeps_the_work_and_not_the_customer(frappe: Any, service: Any) -> None:
	from bayancore_erp.archive import api, jobs
	from bayancore_erp.archive.core.oci_store import OciSettings

	in_oci(frappe, service)
	service.fault = lambda verb, path: "503"
	with pytest.MonkeyPatch.context() as patch:
		patch.setattr(
			OciSettings.__init__,
			"__defaults__",
			tuple(0 if one == 8 else 1 if one == 5 else one for one in OciSettings.__init__.__defaults__),
		)
		doc = cleared(frappe)
		worker(frappe, doc)
		assert len(files(frappe, doc)) == 2
		task = frappe.get_doc("Archive Task", {"invoice_name": doc.name, "work": "Archive"})
		assert (
			task.state == "Waiting" and task.next_try_at > frappe.utils.now_datetime() and task.attempts == 1
		)
		assert "busy or out of order" in task.last_error
		jobs.work_on(doc.zatca_document)
		assert frappe.db.get_value("Archive Task", task.name, "attempts") == 1, "not before its time"
		service.fault = lambda verb, path: None
		assert api.retry(json.dumps([task.name])) == 1
		frappe.db.commit()
		jobs.work_on(doc.zatca_document)
	frappe.db.rollback()
	assert frappe.db.get_value("Archive Task", task.name, "state") == "Done"


def test_a_wrong_key_is_for_a_person_and_new_settings_start_again(frappe: Any, service: Any) -> None:
	import fake_oci

	from bayancore_erp.archive import jobs

	settings = in_oci(frappe, service, private_key=fake_oci.new_key()[0])
	doc = cleared(frappe)
	worker(frappe, doc)
	task = frappe.get_doc("Archive Task", {"invoice_name": doc.name, "work": "Archive"})
	assert task.state == "Failed" and "does not accept the archive's key" in task.last_error
	assert "PRIVATE KEY" not in task.last_error
	settings.reload()
	settings.private_key = service.pem
	settings.save()
	frappe.db.commit()
	jobs.retry_company(world.COMPANY)
	jobs.work_on(doc.zatca_document)
	frappe.db.rollback()
	assert frappe.db.get_value("Archive Task", task.name, "state") == "Done"


def test_the_retention_rule_is_shown_and_never_locked(frappe: Any, service: Any) -> None:
	from bayancore_erp.archive.api import check_store

	in_oci(frappe, service)
	answer = check_store(world.COMPANY)
	assert not answer["ok"] and "no retention rule" in answer["problems"][0]
	service.rules = [
		{"id": "r", "displayName": "law", "duration": {"timeAmount": 7, "timeUnit": "YEARS"}, "etag": "e"}
	]
	before = dict(service.requests)
	answer = check_store(world.COMPANY)
	assert answer["ok"] and "2555 days, not locked" in answer["rules"][0]
	verbs = {key.split()[0] for key in set(service.requests) - set(before)} | {
		key.split()[0] for key in service.requests
	}
	assert verbs <= {"GET", "HEAD"}, "looked, and changed nothing"


@pytest.mark.parametrize(
	"wrong",
	[{"region": "eu-frankfurt-1"}, {"bucket": ""}, {"prefix": "a b"}, {"fingerprint": ""}],
)
def test_only_the_kingdom_and_only_complete_settings(
	frappe: Any, service: Any, wrong: dict[str, str]
) -> None:
	with pytest.raises(frappe.ValidationError):
		in_oci(frappe, service, **wrong)
	frappe.db.rollback()


# --- a period, and the head -------------------------------------------------------------------------------------------
def test_a_period_is_read_again(frappe: Any) -> None:
	from bayancore_erp.archive import jobs

	whole, other = cleared(frappe), cleared(frappe)
	worker(frappe, whole)
	worker(frappe, other)
	day = whole.zatca_issued_at.date()

	def checked() -> Any:
		check = frappe.get_doc(
			{"doctype": "Archive Check", "company": world.COMPANY, "from_date": day, "to_date": day}
		).insert()
		frappe.db.commit()
		jobs.verify(check.name)
		return frappe.get_doc("Archive Check", check.name)

	never = {row["invoice"] for row in json.loads(checked().faults)} - {whole.name, other.name}
	first = checked()
	assert first.checked == frappe.db.count("Archive Object") >= 8
	faults = {(row["kind"], row["invoice"]) for row in json.loads(first.faults)}
	assert not faults & {
		(kind, doc.name) for kind in ("missing", "changed", "not archived") for doc in (whole, other)
	}
	folder = Path(frappe.get_site_path("private", "zatca-archive"))
	names = {
		row.what: row.object_name
		for row in frappe.get_all(
			"Archive Object", filters={"document": whole.zatca_document}, fields=["what", "object_name"]
		)
	}
	os.chmod(folder / names["PDF"], 0o644)
	(folder / names["PDF"]).write_bytes(b"%PDF-another")
	(folder / names["Answer"]).unlink()
	foreign = (folder / names["Invoice XML"]).parent / f"{'0' * 64}.xml"
	foreign.write_bytes(b"<x/>")
	frappe.db.delete("Archive Object", {"document": other.zatca_document, "what": "Invoice XML"})
	frappe.db.commit()
	second = checked()
	assert second.state == "Damaged"
	found = {
		(row["kind"], row["invoice"]) for row in json.loads(second.faults) if row["invoice"] not in never
	}
	assert found == {
		("changed", whole.name),
		("missing", whole.name),
		("foreign", ""),
		("not archived", other.name),
	}
	with pytest.raises(frappe.ValidationError):
		second.problems = 0
		second.save()
	frappe.db.rollback()


def test_a_restored_site_learns_from_the_archive_how_far_the_chain_was(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import heads

	frappe.cache.delete_keys("zatca_archive_head")
	docs = [cleared(frappe), cleared(frappe)]
	for doc in docs:
		worker(frappe, doc)
	assert heads.highest_icv(frappe.device) == docs[0].zatca_icv, "one note in a quarter of an hour"
	assert heads.mark_latest() == 1
	# a site that was put back knows nothing of it in its own tables
	frappe.db.sql("delete from `tabArchive Object`")
	assert heads.highest_icv(frappe.device) == docs[1].zatca_icv
	assert heads.heads(world.COMPANY)[frappe.device]["uuid"] == docs[1].zatca_uuid
	(path,) = frappe.get_hooks("zatca_chain_heads")
	assert frappe.get_attr(path)(frappe.device) == docs[1].zatca_icv
	frappe.db.rollback()
