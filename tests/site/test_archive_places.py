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
from private_bench import ROOT, PrivateBench
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
	("changes", "years", "wanted"),
	[
		({}, 6, 2284),
		({"retention_subject": "Capital Asset"}, 11, 4110),
		({"retention_subject": "Real Estate", "tax_period": "Monthly"}, 15, 5510),
		({"retention_years": 20}, 20, 7398),
	],
)
def test_the_rule_covers_the_companys_longest_term(
	frappe: Any, service: Any, changes: dict[str, Any], years: int, wanted: int
) -> None:
	in_oci(frappe, service, **changes)

	def doctor() -> tuple[str, str]:
		service.rules = [
			{
				"id": "r",
				"displayName": "law",
				"duration": {"timeAmount": years, "timeUnit": "YEARS"},
				"etag": "e",
			}
		]
		((sentence, light),) = archive_lights(frappe).items()
		return light, sentence

	shown, sentence = doctor()
	assert shown == "red" and f"{years * 365} days" in sentence and str(wanted) in sentence
	years += 1
	assert doctor()[0] == "green"
	single = frappe.new_doc("Document Retention").update(
		{"name": "x", "document": "x", "company": world.COMPANY, "subject": "Ordinary", "extra_years": years}
	)
	single.db_insert()
	assert doctor()[0] == "red", "one document of a longer term"


def archive_lights(frappe: Any) -> dict[str, str]:
	"""What the archive's part of the doctor says of the company, and how it stands."""
	from bayancore_erp.archive.adapter import doctor

	return {each.sentence: each.light.value for each in doctor.places() if world.COMPANY in each.sentence}


def test_the_doctor_looks_at_the_bucket(
	frappe: Any, service: Any, bench: PrivateBench, monkeypatch: pytest.MonkeyPatch
) -> None:
	key = "ocid1.key.oc1.me-riyadh-1.k"
	in_oci(frappe, service, kms_key_id=key)
	((sentence, light),) = archive_lights(frappe).items()
	assert light == "red" and "no retention rule" in sentence
	service.public_access = "ObjectRead"
	service.rules = [
		{"id": "r", "displayName": "law", "duration": {"timeAmount": 7, "timeUnit": "YEARS"}, "etag": "e"}
	]
	((sentence, light),) = archive_lights(frappe).items()
	assert light == "red" and "Anybody can read" in sentence
	service.public_access = "NoPublicAccess"
	((sentence, light),) = archive_lights(frappe).items()
	assert light == "green" and "2555 days" in sentence and key in sentence
	service.fault = lambda verb, path: "drop_before"
	((sentence, light),) = archive_lights(frappe).items()
	assert light == "red" and "does not answer" in sentence
	with monkeypatch.context() as patch:
		patch.setattr(frappe.local, "lang", "ar")
		((sentence, _light),) = archive_lights(frappe).items()
	assert "لا يجيب التخزين السحابي. تُعاد المحاولة تلقائياً" in sentence and "storage" not in sentence
	service.fault = lambda verb, path: None
	# the command an operator runs, in a process of its own
	config = bench.sites / world.SITE / "site_config.json"
	before = config.read_text()
	config.write_text(json.dumps({**json.loads(before), "archive_oci_endpoint": service.endpoint}))
	try:
		said = json.loads(bench.command(world.SITE, "zatca", "doctor", "--json", check=False).stdout)
	finally:
		config.write_text(before)
	(found,) = [each for each in said if "bucket archive" in each["sentence"]]
	assert (found["light"], found["route"]) == ("green", ["Form", "Archive Settings", world.COMPANY])
	assert {key.split()[0] for key in service.requests} <= {"GET", "HEAD"}, "looked, and changed nothing"


def test_the_doctor_knows_what_draws_a_print_format(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.archive.adapter import doctor

	assert list(doctor.pages()) == [], "the built-in design needs nothing"
	frappe.get_doc(
		{"doctype": "Archive Settings", "company": world.COMPANY, "print_format": "ZATCA Tax Invoice"}
	).insert()
	for version, words in (
		("wkhtmltopdf 0.12.6 (with patched qt)", ""),
		("wkhtmltopdf 0.12.6", "over each other"),
		("", "not installed"),
	):
		monkeypatch.setattr(doctor, "wkhtmltopdf", lambda said=version: said)
		found = [each.sentence for each in doctor.pages()]
		assert [words in each for each in found] == ([True] if words else [])


def test_an_instance_of_the_cloud_needs_no_key_in_the_settings(
	frappe: Any, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	import fake_oci
	import oci

	service.instance = fake_oci.Instance(service.TENANCY)
	service.keys = {
		f"{service.TENANCY}/fed-x509/{service.instance.fingerprint}": service.instance.key.public_key()
	}
	service.vault_keys = {"ocid1.key.oc1.me-riyadh-1.k"}
	monkeypatch.setenv("OCI_METADATA_BASE_URL", f"{service.endpoint}/opc/v2")
	monkeypatch.setattr(oci.regions, "endpoint_for", lambda *_what, **_how: service.endpoint)
	none = dict.fromkeys(("tenancy", "user_ocid", "fingerprint", "private_key"), "")
	in_oci(frappe, service, auth_mode="Instance Principal", kms_key_id="ocid1.key.oc1.me-riyadh-1.k", **none)
	doc = cleared(frappe)
	worker(frappe, doc)
	assert tasks(frappe, doc)["Archive"] == "Done", frappe.get_all("Archive Task", fields=["last_error"])
	assert len(service.objects) == frappe.db.count("Archive Object", {"document": doc.zatca_document})
	assert {kept["headers"]["opc-sse-kms-key-id"] for kept in service.objects.values()} == service.vault_keys


def test_the_night_in_the_bucket(frappe: Any, service: Any) -> None:
	from bayancore_erp.archive import audit_jobs, jobs
	from bayancore_erp.archive.adapter import heads, tasks
	from bayancore_erp.archive.core.store import object_name

	in_oci(frappe, service)
	frappe.cache.delete_keys("zatca_archive_head")
	doc, lost = cleared(frappe), cleared(frappe)
	worker(frappe, doc)
	# an upload a crash left behind, and one of this hour
	name = object_name(world.SELLER_VAT, doc.zatca_issued_at.date(), doc.zatca_uuid, b"x", "pdf")
	for upload, at in (("old", "2026-01-01T00:00:00Z"), ("new", "2099-01-01T00:00:00Z")):
		service.uploads[upload] = {"name": f"zatca/{name}", "parts": {}, "meta": {}, "at": at}
	jobs.nightly()
	assert list(service.uploads) == ["new"]
	assert tasks.of_document(lost.zatca_document), "one whose event the queue lost is followed"
	jobs.work_on(lost.zatca_document)
	jobs.nightly()
	assert heads.highest_icv(frappe.device) == lost.zatca_icv
	assert audit_jobs.nightly() == 1
	anchors = [each for each in service.objects if "/trail-" in each]
	assert len(anchors) == 1 and b'"trail": [' in service.objects[anchors[0]]["body"]
	assert audit_jobs.nightly() == 1 and set(service.created.values()) == {1}, (
		"a second night puts nothing twice"
	)


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
def test_a_bucket_keeps_what_is_destroyed_until_its_rule_ends(
	frappe: Any, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.archive import api, jobs
	from bayancore_erp.archive.adapter import retention

	in_oci(frappe, service)
	doc = cleared(frappe)
	worker(frappe, doc)
	own = {"document": doc.zatca_document, "what": ("!=", "Chain Head")}
	names = frappe.get_all("Archive Object", filters=own, pluck="object_name")
	service.rules = [{"id": "1", "displayName": "ten", "duration": {"timeAmount": 10, "timeUnit": "YEARS"}}]
	getdate = frappe.utils.getdate
	with monkeypatch.context() as patch:
		patch.setattr(retention, "getdate", lambda *args: getdate(*args) if args else getdate("2033-01-01"))
		said = retention.destroy([doc.zatca_document], "Its term has ended")
	assert said["destroyed"] == [doc.name]
	[left] = said["stays"]
	assert left["invoice"] == doc.name and "2036" in left["why"], left
	assert frappe.db.count("Archive Object", own) == len(names) >= 4
	with pytest.raises(frappe.ValidationError, match="destroyed"):
		api.download_object(frappe.db.get_value("Archive Object", own))

	def faults() -> list[Any]:
		day = doc.zatca_issued_at.date()
		check = frappe.get_doc(
			{"doctype": "Archive Check", "company": world.COMPANY, "from_date": day, "to_date": day}
		).insert()
		frappe.db.commit()
		jobs.verify(check.name)
		found = json.loads(frappe.get_doc("Archive Check", check.name).faults)
		return [row for row in found if row["kind"] != "not archived"]

	assert faults() == [], "it may be there"
	assert service.objects.pop(f"zatca/{names[0]}")
	assert faults() == [], "and it may be gone"
	jobs.nightly()
	assert frappe.db.count("Archive Object", own) == len(names), "the rule still stands"
	service.rules = []
	jobs.nightly()
	assert not frappe.db.exists("Archive Object", own)
	assert not [name for name in service.objects if doc.zatca_uuid in name]
	assert faults() == []


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


def test_what_was_kept_under_an_earlier_vat_number_is_still_read(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import checks, heads, trail_heads, trail_seal

	frappe.cache.delete_keys("zatca_archive_head")
	doc = cleared(frappe)
	worker(frappe, doc)
	trail_seal.seal_all()
	assert trail_heads.anchor(world.COMPANY)
	frappe.db.commit()
	frappe.db.set_value("Company", world.COMPANY, "tax_id", "310000000000003")
	day = doc.zatca_issued_at.date()

	def missing() -> set[str]:
		counted = {"checked": 0}
		faults = list(checks.faults_of(world.COMPANY, day, day, counted))
		assert counted["checked"] == frappe.db.count("Archive Object") >= 6
		return {row["object"] for row in faults if row["kind"] == "missing"}

	assert missing() == set()
	[name] = frappe.get_all(
		"Archive Object", {"document": doc.zatca_document, "what": "PDF"}, pluck="object_name"
	)
	(Path(frappe.get_site_path("private", "zatca-archive")) / name).unlink()
	assert missing() == {name}
	assert heads.highest_icv(frappe.device) == doc.zatca_icv
	noted = {(device, icv) for device, icv, *_rest in trail_heads.Noted().chains(world.COMPANY)}
	assert (frappe.device, doc.zatca_icv) in noted


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
