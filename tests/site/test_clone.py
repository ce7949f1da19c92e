"""A restored or copied site neither signs nor sends with a production device until a person confirms."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh, onboard
from private_bench import PrivateBench

COPY = "copy.local"


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import clone

	with world.connected(bench) as frappe:
		clone.heads_file().unlink(missing_ok=True)
		frappe.device = onboard(frappe, fatoora)
		# The simulator cannot be production; what is guarded is asked of the row.
		frappe.db.set_value(
			"ZATCA Device",
			frappe.device,
			{"environment": "Production", "gateway_url": "", "bound_to": clone.bind("Production")},
		)
		frappe.clear_document_cache("ZATCA Device", frappe.device)
		frappe.db.commit()
		yield frappe
		clone.heads_file().unlink(missing_ok=True)


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
	from bayancore_erp.zatca.adapter import breaker, clone, vault
	from bayancore_erp.zatca.core.client import Gateway
	from bayancore_erp.zatca.core.codes import Environment

	# its bytes go to the simulator all the same
	gateway = Gateway(Environment.SIMULATION, fatoora.url)
	for module in (vault, breaker):
		monkeypatch.setattr(module, "gateway_of", lambda device: gateway)
	monkeypatch.setattr(clone, "known_elsewhere", lambda device: 0)
	site.set_user("Administrator")
	yield site
	site.db.rollback()


def sold(frappe: Any) -> Any:
	doc = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)])
	doc.submit()
	frappe.db.commit()
	return doc


def advance(frappe: Any, doc: Any) -> str:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	expire_leases(frappe)
	return str(jobs.advance(journal.live(doc.doctype, doc.name)))


def test_at_home_it_signs_sends_and_remembers_its_head(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import clone

	assert clone.refusal(frappe.device) is None
	doc = sold(frappe)
	assert advance(frappe, doc) == "Reported"
	head = clone.read_heads()[frappe.device]
	stored = fresh(frappe, doc)
	assert (head["icv"], head["pih"], head["document"]) == (
		stored.zatca_icv,
		stored.zatca_hash,
		stored.zatca_uuid,
	)
	(standing,) = clone.state()
	assert standing.ok and standing.icv == standing.known_icv == head["icv"]


def test_the_doctor_tells_whose_device_it_is(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import doctor_records
	from bayancore_erp.zatca.adapter.doctor import Light

	(home,) = doctor_records.homes()
	assert home.light is Light.GREEN and frappe.device in home.area
	frappe.db.set_value("ZATCA Device", frappe.device, {"bound_to": "other.local 0123", "icv": 0})
	moved, behind = doctor_records.homes()
	assert {moved.light, behind.light} == {Light.RED} and moved.todo and behind.todo
	assert "other.local" in moved.sentence and "older backup" in behind.sentence
	assert moved.route == ("Form", "ZATCA Device", frappe.device)


def test_a_till_that_signs_meanwhile_is_no_older_backup(frappe: Any) -> None:
	"""The heads in the file are of now, what this transaction sees is of its beginning."""
	from bayancore_erp.zatca.adapter import clone

	frappe.db.rollback()
	before = frappe.db.get_value("ZATCA Device", frappe.device, "icv")
	other = frappe.db.create_connection()
	try:
		with other.cursor() as cursor:
			cursor.execute("update `tabZATCA Device` set icv = icv + 1 where name = %s", frappe.device)
		other.commit()
		with clone.locked_heads() as heads:
			kept = dict(heads[frappe.device])
		clone.write_head(frappe.device, before + 1, "meanwhile", "")
		assert frappe.db.get_value("ZATCA Device", frappe.device, "icv") == before, "an older view"
		assert clone.refusal(frappe.device) is None
		assert all(standing.ok for standing in clone.state())
	finally:
		frappe.db.rollback()
		with other.cursor() as cursor:
			cursor.execute("update `tabZATCA Device` set icv = %s where name = %s", (before, frappe.device))
		other.commit()
		other.close()
		with clone.locked_heads() as heads:
			heads[frappe.device] = kept


def test_what_is_rolled_back_is_not_remembered(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import clone

	before = clone.read_heads()[frappe.device]["icv"]
	world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)]).submit()
	frappe.db.rollback()
	assert clone.read_heads()[frappe.device]["icv"] == before


def test_a_dump_restored_elsewhere(frappe: Any, bench: PrivateBench, tmp_path: Path) -> None:
	"""The dump of this site in another one: it refuses to sign, and to send what was signed and waits."""
	waiting = sold(frappe)
	dump = tmp_path / "site.sql"
	bench.dump(world.SITE, dump)
	folder = bench.sites / COPY
	shutil.rmtree(folder, ignore_errors=True)
	for name in ("public/files", "private/files", "locks", "logs"):
		(folder / name).mkdir(parents=True)
	config = json.loads((bench.sites / world.SITE / "site_config.json").read_text())
	config.pop("zatca_home")
	(folder / "site_config.json").write_text(
		json.dumps({**config, "db_name": "copy_local", "db_user": "copy_local"})
	)
	try:
		bench.restore(COPY, dump)
		code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import frappe, json, world
frappe.init(site={COPY!r}, sites_path="."); frappe.connect(); frappe.set_user("Administrator")
from bayancore_erp.zatca import jobs
from bayancore_erp.zatca.adapter import clone, issuing, journal
icv = frappe.db.get_value("ZATCA Device", {frappe.device!r}, "icv")
try:
	world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 1, 50)]).submit(); signed = True
except issuing.NotIssued:
	signed = False
frappe.db.rollback()
frappe.db.sql("update `tabZATCA Submission` set lease_until = null, next_try_at = null"); frappe.db.commit()
state = jobs.advance(journal.live("Sales Invoice", {waiting.name!r}))
refused = clone.refusal({frappe.device!r}) or ""
clone.known_elsewhere = lambda device: 0
clone.confirm({frappe.device!r}); frappe.db.commit()
print(json.dumps(dict(signed=signed, state=state, refused=refused, icv=[icv, frappe.db.get_value("ZATCA Device", {frappe.device!r}, "icv")],
	after=clone.refusal({frappe.device!r}) or "", by=frappe.db.get_value("ZATCA Device", {frappe.device!r}, "confirmed_by"))))
frappe.destroy()
"""
		run = subprocess.run(
			[str(bench.python), "-c", code],
			cwd=bench.sites,
			env=bench.env,
			capture_output=True,
			text=True,
			check=False,
		)
		assert run.returncode == 0, run.stderr[-2000:]
		found = json.loads(run.stdout.strip().splitlines()[-1])
	finally:
		shutil.rmtree(folder, ignore_errors=True)
		bench.sql("DROP DATABASE IF EXISTS `copy_local`")
	assert found["signed"] is False and found["state"] == "On Hold"
	assert world.SITE in found["refused"] and found["icv"][0] == found["icv"][1]
	assert found["after"] == "" and found["by"] == "Administrator"
	assert not frappe.db.exists("ZATCA Attempt", {"invoice_name": waiting.name}), "the original was not asked"
	assert advance(frappe, waiting) == "Reported"


def test_an_older_backup_of_the_same_site(frappe: Any) -> None:
	"""The counter would be given out twice: refused until the newest backup is there, or a person takes the head over."""
	from bayancore_erp.zatca.adapter import chain, clone
	from bayancore_erp.zatca.api import confirm_site

	sold(frappe)
	head = frappe.db.get_value("ZATCA Device", frappe.device, ["icv", "pih", "last_document"], as_dict=True)
	earlier = frappe.get_all(
		"ZATCA Document", {"device": frappe.device, "icv": head.icv - 1}, ["icv", "invoice_hash", "name"]
	)[0]
	frappe.db.set_value(
		"ZATCA Device",
		frappe.device,
		{"icv": earlier.icv, "pih": earlier.invoice_hash, "last_document": earlier.name},
	)
	frappe.db.commit()
	refused = clone.refusal(frappe.device) or ""
	assert str(head.icv) in refused
	with pytest.raises(chain.DeviceNotReady):
		chain.lock(frappe.device)
	frappe.db.rollback()
	confirm_site(frappe.device)
	frappe.db.commit()
	assert frappe.db.get_value("ZATCA Device", frappe.device, "icv") == head.icv
	assert clone.refusal(frappe.device) is None and chain.verify(frappe.device).ok


def test_what_the_archive_knows_counts(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.adapter import clone
	from bayancore_erp.zatca.core.errors import ConfigurationError

	monkeypatch.setattr(clone, "known_elsewhere", lambda device: 999_999)
	(standing,) = clone.state()
	assert not standing.ok and standing.known_icv == 999_999
	with pytest.raises(ConfigurationError):
		clone.confirm(frappe.device)
	frappe.db.rollback()


# --- the archive is asked before anything is signed or sent ----------------------------------------------------------------
def forget_asking(frappe: Any) -> None:
	"""As if five minutes had passed, or the server had just been set back."""
	from bayancore_erp.zatca.adapter import clone

	frappe.cache.delete_value(clone._ASKED.format(frappe.device))


def forget_archive(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import clone

	forget_asking(frappe)
	frappe.cache.delete_value(clone._SILENT.format(frappe.device))
	with clone.locked_heads() as heads:
		heads.get(frappe.device, {}).pop("archive_icv", None)


@pytest.mark.parametrize("way", ["standard", "simplified", "nobody sends"])
def test_a_server_set_back_as_a_whole_is_held(frappe: Any, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
	"""Database, heads and configuration are all of yesterday: only the archive knows better, and it is asked in time."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import clone, issuing, journal

	forget_archive(frappe)
	head = int(frappe.db.get_value("ZATCA Device", frappe.device, "icv"))
	monkeypatch.setattr(clone, "known_elsewhere", lambda device: head + 5)

	def silent(device: str) -> int:
		raise OSError("no archive")

	try:
		if way == "nobody sends":
			jobs.watch_chain_heads()
			with pytest.raises(issuing.NotIssued, match=str(head + 5)):
				sold(frappe)
			frappe.db.rollback()
			doc = None
		else:
			buyer = world.VAT_BUYER if way == "standard" else world.PERSON
			doc = world.invoice(frappe, buyer, [world.line("خدمة | Service", 1, 50)])
			doc.submit()
			frappe.db.commit()
			assert advance(frappe, doc) == "On Hold"
			said = frappe.db.get_value("ZATCA Submission", journal.live(doc.doctype, doc.name), "last_error")
			assert str(head + 5) in said
			assert not frappe.db.exists("ZATCA Attempt", {"invoice_name": doc.name}), "nothing was sent"
			# its number is not given out twice: a standard one was not even signed
			signed = frappe.db.exists("ZATCA Document", {"invoice_name": doc.name})
			assert bool(signed) is (way == "simplified")
		# once known it stays known, whether or not the archive still answers
		monkeypatch.setattr(clone, "known_elsewhere", silent)
		forget_asking(frappe)
		clone.ask_archive(frappe.device)
		assert str(head + 5) in (clone.refusal(frappe.device) or "")
	finally:
		forget_archive(frappe)
	assert clone.refusal(frappe.device) is None
	if doc:
		assert advance(frappe, doc) in ("Reported", "Cleared")


def test_no_submission_waits_for_an_archive_out_of_reach(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	import time

	from bayancore_erp.zatca.adapter import clone

	asked: list[str] = []

	def slow(device: str) -> int:
		asked.append(device)
		time.sleep(3)
		return 0

	def took() -> float:
		began = time.monotonic()
		clone.ask_archive(frappe.device)
		return time.monotonic() - began

	forget_archive(frappe)
	monkeypatch.setattr(clone, "known_elsewhere", slow)
	monkeypatch.setattr(clone, "WAIT_SECONDS", 1.0)
	assert took() < 2, "an archive that answered is given a moment"
	assert took() < 0.3 and len(asked) == 1, "asked once in five minutes"
	forget_asking(frappe)
	assert took() < 0.3, "one that was silent is waited for by nobody"
	time.sleep(4)
	assert len(asked) == 2
	assert not frappe.cache.get_value(clone._SILENT.format(frappe.device), expires=True), (
		"it has spoken again"
	)
	forget_archive(frappe)


def test_another_name_another_configuration(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import clone

	for key, value in (
		("db_name", "other"),
		("encryption_key", "other"),
		("zatca_home", "other"),
		("host_name", "https://other"),
	):
		kept = frappe.conf.get(key)
		frappe.conf[key] = value
		try:
			assert clone.refusal(frappe.device), key
		finally:
			frappe.conf[key] = kept
	assert clone.refusal(frappe.device) is None
