"""The audit trail on a real site: what is told, what nobody can change, and that verify holds where nothing was touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora, fresh, onboard
from private_bench import PrivateBench


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		frappe.db.commit()
		yield frappe


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()


def cleared(frappe: Any) -> Any:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal
	from bayancore_erp.zatca.api import submit_for_clearance

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	frappe.db.commit()
	submit_for_clearance(doc.doctype, doc.name)
	if live := journal.live(doc.doctype, doc.name):
		jobs.advance(live)
	stored = fresh(frappe, doc)
	assert stored.zatca_state == "Cleared", frappe.db.get_value(
		"ZATCA Submission", stored.zatca_submission, "last_error"
	)
	return stored


def events(frappe: Any, doctype: str, name: str) -> list[Any]:
	return frappe.get_all(
		"Audit Event",
		filters={"subject_doctype": doctype, "subject_name": name},
		fields=["name", "action", "actor", "digest", "facts", "company"],
		order_by="name",
	)


def actions(frappe: Any, doctype: str, name: str) -> list[str]:
	return [event.action for event in events(frappe, doctype, name)]


def test_the_life_of_a_cleared_invoice(frappe: Any) -> None:
	doc = cleared(frappe)
	assert actions(frappe, "Sales Invoice", doc.name)[:1] == ["Created"]
	told = actions(frappe, "Sales Invoice", doc.name)
	assert [a for a in told if a in ("Accepted", "Submitted", "Posted")] == [
		"Accepted",
		"Submitted",
		"Posted",
	]
	assert actions(frappe, "ZATCA Submission", doc.zatca_submission) == ["Requested"]
	[signed] = events(frappe, "ZATCA Document", doc.zatca_document)
	facts = json.loads(signed.facts)
	assert (signed.action, signed.company, facts["icv"]) == ("Signed", world.COMPANY, str(doc.zatca_icv))
	assert facts["certificate"] and len(signed.digest) == 64
	attempts = frappe.get_all(
		"ZATCA Attempt", filters={"invoice_name": doc.name}, pluck="name", order_by="creation"
	)
	assert [actions(frappe, "ZATCA Attempt", name) for name in attempts] == [["Sent"], ["Answered"]]


def test_verify_holds_and_says_what_it_saw(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.verify import verify

	cleared(frappe)
	report = verify()
	assert report.ok, report.findings
	assert {"Audit Event", "ZATCA Document", "ZATCA Attempt", "ZATCA Submission", "ZATCA Device"} <= set(
		report.looked_at
	)


def test_who_is_confined_reads_of_its_company_however_much_is_wrong_elsewhere(
	frappe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.archive.adapter import verify, verify_desk
	from bayancore_erp.archive.adapter.verify_finding import Finding
	from bayancore_erp.archive.audit_api import verify_report

	def findings(*_: Any) -> Any:
		for company, count in (("", verify.MOST + 1), ("Another Co", 2), (world.COMPANY, verify.MOST + 7)):
			for number in range(count):
				yield Finding("Audit Seal", "", company, "It was changed.", number)

	user = "auditor.of.one@bayan.example"
	if not frappe.db.exists("User", user):
		person = world.make(frappe, "User", email=user, first_name="Auditor", send_welcome_email=0)
		person.add_roles("ZATCA Auditor")
		world.make(frappe, "User Permission", user=user, allow="Company", for_value=world.COMPANY)
		frappe.db.commit()
	monkeypatch.setattr(verify, "findings", findings)
	verify_desk.run("Administrator")
	assert verify_report()["problems"] == 2 * verify.MOST + 10
	frappe.set_user(user)
	said = verify_report()
	assert not said["ok"] and said["problems"] == verify.MOST + 7
	assert said["by_company"] == {world.COMPANY: verify.MOST + 7}
	assert {each["company"] for each in said["findings"]} == {world.COMPANY}
	assert len(said["findings"]) == verify.MOST
	monkeypatch.setattr(
		verify, "findings", lambda *_: iter([Finding("Audit Seal", "", "Another Co", "It was changed.", 1)])
	)
	frappe.set_user("Administrator")
	verify_desk.run("Administrator")
	assert not verify_report()["ok"]
	frappe.set_user(user)
	assert verify_report()["ok"], "what is wrong with another company's is not theirs to see"


def test_an_event_is_one_insert(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.trail import Action, record

	def questions() -> int:
		return int(frappe.db.sql("show session status like 'Questions'")[0][1])

	record(Action.PRINTED, "Sales Invoice", "X", world.COMPANY)
	before = questions()
	for _round in range(50):
		record(
			Action.PRINTED, "Sales Invoice", "X", world.COMPANY, digest="0" * 64, facts={"state": "Cleared"}
		)
	assert questions() - before - 1 == 50
	frappe.db.rollback()


def test_changes_of_masters_name_fields_and_no_values(frappe: Any) -> None:
	customer = frappe.get_doc("Customer", world.VAT_BUYER)
	customer.customer_details = "a secret remark"
	customer.save()
	frappe.db.commit()
	last = events(frappe, "Customer", customer.name)[-1]
	assert (last.action, last.actor) == ("Changed", "Administrator")
	assert "customer_details" in json.loads(last.facts)["fields"] and "secret remark" not in last.facts
	customer.save()
	assert events(frappe, "Customer", customer.name)[-1].name == last.name, "nothing changed, nothing is told"


@pytest.mark.parametrize(
	("doctype", "field", "value"),
	[
		("Global Defaults", "disable_in_words", 1),
		("Selling Settings", "hide_tax_id", 1),
		("Accounts Settings", "round_row_wise_tax", 1),
		("Item", "item_name", "Another name"),
		("Email Account", "smtp_server", "mail.example.com"),
	],
)
def test_what_decides_what_an_invoice_says_is_watched(
	frappe: Any, doctype: str, field: str, value: Any
) -> None:
	from mailbox import set_account

	if doctype == "Email Account":
		set_account(frappe, 1)
	single = frappe.get_meta(doctype).issingle
	doc = frappe.get_doc(doctype, doctype if single else frappe.get_all(doctype, pluck="name")[0])
	doc.set(field, value)
	doc.save()
	last = events(frappe, doctype, doc.name)[-1]
	assert last.action == "Changed" and field in json.loads(last.facts)["fields"]
	untold = {"Item": ("safety_stock", 7), "Email Account": ("email_sync_option", "ALL")}.get(doctype)
	if untold:
		doc.set(*untold)
		doc.save()
		assert events(frappe, doctype, doc.name)[-1].name == last.name, "what decides nothing is not told"


def test_a_key_that_is_used_is_told_of_once_a_process(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import vault

	def used() -> list[Any]:
		return [row for row in events(frappe, "ZATCA Device", frappe.device) if row.action == "Key Used"]

	vault.forget()
	before = len(used())
	serial = str(vault.identity_of(frappe.device).certificate.serial)
	assert len(used()) == before + 1 and json.loads(used()[-1].facts)["certificate"] == serial
	assert used()[-1].company == world.COMPANY
	vault.identity_of(frappe.device)
	assert len(used()) == before + 1, "it was in the process already"
	assert vault.former(frappe.device, serial)
	assert len(used()) == before + 2, "a former key is taken out anew"


def test_roles_given_and_taken_are_named(frappe: Any) -> None:
	user = frappe.get_doc(
		{"doctype": "User", "email": "trail@example.com", "first_name": "Trail", "send_welcome_email": 0}
	).insert()
	user.add_roles("ZATCA Auditor")
	user.remove_roles("ZATCA Auditor")
	frappe.db.commit()
	facts = [json.loads(event.facts or "{}") for event in events(frappe, "User", user.name)]
	assert any("ZATCA Auditor" in fact.get("roles_added", "") for fact in facts)
	assert any("ZATCA Auditor" in fact.get("roles_removed", "") for fact in facts)


def last_facts(frappe: Any, doctype: str, name: str, count: int) -> dict[str, str]:
	"""What the one event says that came after the first `count`."""
	*before, last = events(frappe, doctype, name)
	assert len(before) == count and last.action == "Changed" and len(last.digest) == 64
	return dict(json.loads(last.facts))


def test_a_role_changed_by_its_row_alone_is_told_of_the_user(frappe: Any) -> None:
	from frappe.client import bulk_update

	email = "row.alone@example.com"
	user = world.make(frappe, "User", email=email, first_name="Row", send_welcome_email=0)
	user.add_roles("Accounts User")
	count = len(events(frappe, "User", email))
	row = frappe.get_doc("Has Role", {"parent": email, "role": "Accounts User"})
	asked = {"doctype": "Has Role", "docname": row.name}
	assert bulk_update(json.dumps([{**asked, "role": "ZATCA Manager"}])) == {"failed_docs": []}
	facts = last_facts(frappe, "User", email, count)
	assert (facts["roles_added"], facts["roles_removed"]) == ("ZATCA Manager", "Accounts User")
	bulk_update(json.dumps([asked]))
	assert len(events(frappe, "User", email)) == count + 1, "nothing changed, nothing is told"
	frappe.get_doc({**row.as_dict(), "name": None, "role": "ZATCA Auditor", "creation": None}).insert()
	assert last_facts(frappe, "User", email, count + 1)["roles_added"] == "ZATCA Auditor"
	frappe.delete_doc("Has Role", row.name)
	assert last_facts(frappe, "User", email, count + 2)["roles_removed"] == "ZATCA Manager"
	frappe.get_doc("User", email).add_roles("Accounts Manager")
	assert last_facts(frappe, "User", email, count + 3)["roles_added"] == "Accounts Manager", "told once"


def test_who_gets_the_mail_is_told_when_a_row_is_redirected_or_taken(frappe: Any) -> None:
	from frappe.client import bulk_update

	one, other = (
		world.make(
			frappe,
			"Customer",
			customer_name=name,
			zatca_mail_recipients=[{"email": "right@example.com"}],
		)
		for name in ("Row one", "Row other")
	)
	count = len(events(frappe, "Customer", one.name))
	others = len(events(frappe, "Customer", other.name))
	asked = {"doctype": "Invoice Recipient", "docname": one.zatca_mail_recipients[0].name}
	assert bulk_update(json.dumps([{**asked, "email": "wrong@example.com"}])) == {"failed_docs": []}
	facts = last_facts(frappe, "Customer", one.name, count)
	assert facts["fields"] == "zatca_mail_recipients" and "@" not in json.dumps(facts)
	assert bulk_update(json.dumps([{**asked, "parent": other.name}])) == {"failed_docs": []}
	assert last_facts(frappe, "Customer", one.name, count + 1)["row"].endswith(asked["docname"])
	assert last_facts(frappe, "Customer", other.name, others)["row"].endswith(asked["docname"])


def test_a_held_document_is_changed_and_taken_away_by_nobody(frappe: Any) -> None:
	from frappe.client import bulk_update

	doc, other = cleared(frappe), cleared(frappe)
	held = frappe.get_doc(
		{
			"doctype": "Legal Hold",
			"company": world.COMPANY,
			"scope": "Documents",
			"reason": "An audit",
			"documents": [{"document": doc.zatca_document}],
		}
	).insert()
	manager = "held.manager@example.com"
	world.make(frappe, "User", email=manager, first_name="M", send_welcome_email=0).add_roles("ZATCA Manager")
	row = held.documents[0]
	for user in (manager, "Administrator"):
		frappe.set_user(user)
		told = bulk_update(
			json.dumps([{"doctype": row.doctype, "docname": row.name, "document": other.zatca_document}])
		)
		assert "part of the lawful record" in str(told["failed_docs"])
	for attempt in (
		lambda: frappe.delete_doc(row.doctype, row.name, force=True),
		lambda: frappe.copy_doc(row).insert(),
	):
		with pytest.raises(frappe.ValidationError, match="part of the lawful record"):
			attempt()
	assert frappe.get_all("Held Document", {"parent": held.name}, pluck="document") == [doc.zatca_document]
	frappe.get_doc("Legal Hold", held.name).release("It is over")


def test_sessions_outlive_the_activity_log(frappe: Any) -> None:
	from frappe.core.doctype.activity_log.activity_log import ActivityLog, add_authentication_log

	add_authentication_log("in", "Administrator")
	add_authentication_log("out", "Administrator", operation="Logout")
	add_authentication_log("no", "my-password-1", status="Failed")
	frappe.db.commit()
	ActivityLog.clear_old_logs(days=-1)
	frappe.db.commit()
	told = frappe.get_all(
		"Audit Event",
		filters={"action": ("in", ("Login", "Logout", "Failed Login"))},
		fields=["action", "actor", "subject_name", "facts"],
		order_by="name",
	)[-3:]
	assert [row.action for row in told] == ["Login", "Logout", "Failed Login"]
	assert told[2].actor == "Guest" and "my-password" not in json.dumps(told), (
		"what was typed may be a password"
	)


def ways(frappe: Any, doctype: str, name: str) -> dict[str, Any]:
	"""Every way of Frappe's document layer to change or remove a row."""
	from frappe.client import bulk_update, delete, set_value
	from frappe.desk.form.save import savedocs
	from frappe.desk.reportview import delete_items

	def doc() -> Any:
		return frappe.get_doc(doctype, name)

	def touched() -> Any:
		found = doc()
		field = "actor" if doctype == "Audit Event" else "hash"
		found.set(field, "somebody else")
		return found

	def ignoring() -> None:
		found = touched()
		found.flags.ignore_validate = found.flags.ignore_permissions = True
		found.save()

	def desk() -> None:
		savedocs(touched().as_json(), "Save")

	def in_bulk() -> None:
		answer = bulk_update(json.dumps([{"doctype": doctype, "docname": name, "company": "Other"}]))
		assert answer["failed_docs"]
		raise frappe.ValidationError

	def items() -> None:
		frappe.form_dict.update(items=json.dumps([name]), doctype=doctype)
		delete_items()
		assert frappe.db.exists(doctype, name)
		raise frappe.ValidationError

	def imported() -> None:
		if not frappe.get_meta(doctype).allow_import:
			raise frappe.ValidationError

	return {
		"save": lambda: touched().save(),
		"save, ignoring everything": ignoring,
		"db_set": lambda: doc().db_set("company", "Other"),
		"client.set_value (REST)": lambda: set_value(doctype, name, "company", "Other"),
		"desk": desk,
		"bulk edit": in_bulk,
		"bulk delete": items,
		"delete": lambda: doc().delete(),
		"client.delete (REST)": lambda: delete(doctype, name),
		"delete_doc, force": lambda: frappe.delete_doc(doctype, name, force=True, ignore_permissions=True),
		"rename": lambda: frappe.rename_doc(doctype, name, "other", force=True),
		"import": imported,
		"by hand": lambda: frappe.get_doc({**doc().as_dict(), "name": None}).insert(),
	}


@pytest.mark.parametrize("doctype", ["Audit Event", "Audit Seal"])
def test_nobody_changes_a_row(frappe: Any, doctype: str) -> None:
	from bayancore_erp.archive.adapter.trail_seal import seal_all

	seal_all()
	name = frappe.get_all(doctype, pluck="name", limit=1)[0]
	before = frappe.get_doc(doctype, name).as_dict()
	for how, attempt in ways(frappe, doctype, name).items():
		frappe.set_user("Administrator")
		with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
			attempt()
			pytest.fail(how)
		frappe.db.rollback()
		assert frappe.get_doc(doctype, name).as_dict() == before, how


@pytest.mark.parametrize(
	("doctype", "column"),
	[
		*(
			("Audit Event", column)
			for column in ("creation", "modified", "owner", "modified_by", "docstatus", "idx")
		),
		*(
			("Audit Seal", column)
			for column in ("creation", "modified", "owner", "modified_by", "docstatus", "idx")
		),
	],
)
def test_frappes_own_columns_are_held_to_the_event(frappe: Any, doctype: str, column: str) -> None:
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.archive.adapter.trail_seal import seal_all

	record(Action.PRINTED, "Sales Invoice", "X", world.COMPANY)
	frappe.db.commit()
	seal_all()
	assert trail_found(frappe) == []
	seal, event = frappe.db.sql(
		"select name, event from `tabAudit Seal` where company = %s order by number desc limit 1",
		world.COMPANY,
	)[0]
	name = event if doctype == "Audit Event" else seal
	value = {"creation": "2026-01-01", "modified": "2026-01-01", "docstatus": 1, "idx": 7}.get(
		column, "ADMINISTRATOR"
	)
	frappe.db.sql(f"update `tab{doctype}` set `{column}` = %s where name = %s", (value, name))
	said = trail_found(frappe)
	frappe.db.rollback()
	assert [(each.doctype, each.name) for each in said] == [(doctype, name)]


def test_a_renamed_user_rewrites_nothing(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.verify import verify

	old, new = "before.wedding@example.com", "after.wedding@example.com"
	user = world.make(frappe, "User", email=old, first_name="Noura", send_welcome_email=0)
	user.add_roles("Accounts User", "Accounts Manager", "ZATCA Manager")
	frappe.db.commit()
	frappe.set_user(old)
	doc = cleared(frappe)
	frappe.set_user("Administrator")
	frappe.db.commit()
	rows = {
		"ZATCA Document": doc.zatca_document,
		"Audit Event": events(frappe, "Sales Invoice", doc.name)[0].name,
	}
	before = {doctype: frappe.get_doc(doctype, name).as_dict() for doctype, name in rows.items()}
	assert {row.owner for row in before.values()} == {old}
	frappe.rename_doc("User", old, new, force=True)
	frappe.db.commit()
	assert frappe.db.get_value("Sales Invoice", doc.name, "owner") == new, "Frappe does so everywhere else"
	assert {doctype: frappe.get_doc(doctype, name).as_dict() for doctype, name in rows.items()} == before
	report = verify()
	assert report.ok, report.findings
	assert json.loads(events(frappe, "User", new)[-1].facts) == {"before": old}


def test_a_site_older_than_the_trail_joins_it(frappe: Any) -> None:
	"""As an update leaves it: the rows are there, no event tells of them. And a forged row of later is not let in."""
	from bayancore_erp.archive.adapter import trail_heads, trail_seal
	from bayancore_erp.archive.adapter.verify import verify
	from bayancore_erp.patches.join_the_trail import execute

	for file in trail_seal.head_file().folder.glob("*.json"):
		file.unlink()
	assert not trail_heads.companies()
	doc, other = cleared(frappe), cleared(frappe)
	frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "")
	draft = world.invoice(frappe, world.VAT_BUYER, [world.line("Service", 1, 10, zatca_item_name_ar="")])
	frappe.db.commit()
	from bayancore_erp.zatca.api import submit_for_clearance

	assert submit_for_clearance(draft.doctype, draft.name)["state"] == "Rejected", "by our own check"
	frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "خدمة")
	for doctype in ("Audit Seal", "Audit Event"):
		frappe.db.sql(f"delete from `tab{doctype}`")
	frappe.db.commit()
	for file in trail_seal.head_file().folder.glob("*.json"):
		file.unlink()
	assert any(each.name == doc.zatca_document for each in verify().findings), "without the patch"
	# what the update itself did was told before the patch ran, in the form of an older version
	frappe.db.sql("update `tabAudit Event` set creation = creation + interval 3 second, modified = creation")
	frappe.db.sql(
		"update `tabZATCA Attempt` set owner = 'renamed@example.com' where document = %s",
		other.zatca_document,
	)
	frappe.db.commit()

	execute()
	frappe.db.commit()
	report = verify()
	assert report.ok, report.findings
	assert any("older than the audit trail" in remark for remark in report.remarks)
	told = events(frappe, "ZATCA Document", doc.zatca_document)
	assert [event.action for event in told] == ["Adopted"] and json.loads(told[0].facts)["written"]
	count = frappe.db.count("Audit Event", {"action": "Adopted"})
	execute()
	assert frappe.db.count("Audit Event", {"action": "Adopted"}) == count, "once"

	row = frappe.get_doc("ZATCA Attempt", {"document": doc.zatca_document, "row_kind": "Request"}).as_dict()
	columns = {**frappe.db.sql("select * from `tabZATCA Attempt` where name = %s", row.name, as_dict=True)[0]}
	columns.update(name="forged0001", creation=frappe.utils.now(), request=None)
	names = ", ".join(f"`{column}`" for column in columns)
	frappe.db.sql(
		f"insert into `tabZATCA Attempt` ({names}) values ({', '.join(['%s'] * len(columns))})",
		list(columns.values()),
	)
	execute()
	said = [each.name for each in verify().findings]
	frappe.db.sql("delete from `tabZATCA Attempt` where name = 'forged0001'")
	frappe.db.commit()
	assert "forged0001" in said


def test_companies_with_one_vat_number_have_each_their_anchors(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import trail_heads, trail_seal
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.archive.adapter.verify import verify

	branch = "Bayan Branch"
	world.make(
		frappe, "Company", company_name=branch, abbr="BBR", default_currency="SAR", country="Saudi Arabia"
	)
	frappe.db.set_value("Company", branch, "tax_id", world.SELLER_VAT)
	for company in (world.COMPANY, branch):
		record(Action.PRINTED, "Sales Invoice", "X", company)
	frappe.db.commit()
	trail_seal.seal_all()
	assert trail_heads.anchor(world.COMPANY) and trail_heads.anchor(branch)
	frappe.db.commit()
	noted = trail_heads.Noted()
	for company in (world.COMPANY, branch):
		assert len({said["of"] for _name, said in noted.anchors(company)}) == 1
	report = verify()
	assert report.ok, report.findings


def test_two_sealers_at_once_make_one_chain(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import trail_seal
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.archive.adapter.verify import verify

	for _round in range(20):
		record(Action.PRINTED, "Sales Invoice", "X", world.COMPANY)
	frappe.db.commit()
	rows = trail_seal.unsealed("")
	trail_seal.append(rows)
	frappe.db.commit()
	with pytest.raises(Exception) as refused:
		trail_seal.append(rows)
	assert trail_seal.is_conflict(refused.value)
	frappe.db.rollback()
	assert trail_seal.seal_all() == 0 and verify().ok


def test_restored_to_an_earlier_day_is_seen(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import trail_seal
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.archive.adapter.verify import verify

	record(Action.PRINTED, "Sales Invoice", "X", world.COMPANY)
	frappe.db.commit()
	trail_seal.seal_all()
	last = frappe.db.sql(
		"select name, event from `tabAudit Seal` where company = %s order by number desc limit 1",
		world.COMPANY,
	)[0]
	frappe.db.sql("delete from `tabAudit Seal` where name = %s", last[0])
	frappe.db.sql("delete from `tabAudit Event` where name = %s", last[1])
	frappe.db.commit()
	found = verify(world.COMPANY).findings
	assert any(
		"records at the end were removed" in each.what or "noted outside" in each.what for each in found
	)
	trail_seal.head_file().file(world.COMPANY).unlink()
	assert verify(world.COMPANY).ok, (
		"by the database alone the last ones are not missed: that is what the witness is for"
	)


def test_a_seal_that_is_taken_from_the_end_is_made_anew_and_told(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import trail_seal
	from bayancore_erp.archive.adapter.trail import Action
	from bayancore_erp.archive.adapter.verify import verify

	trail_seal.seal_all()
	last = trail_seal.head_of(world.COMPANY)
	frappe.db.delete("Audit Seal", {"company": world.COMPANY, "number": last.number})
	frappe.db.commit()
	for _round in range(2):
		trail_seal.seal_all(full=True)
		again = frappe.db.get_value("Audit Seal", {"company": world.COMPANY, "number": last.number}, "hash")
		assert again == last.hash, "the same seal, from the same event"
	told = {"action": Action.SEALED_ANEW.value, "company": world.COMPANY}
	assert frappe.db.count("Audit Event", told) == 1
	report = verify(world.COMPANY)
	assert report.ok and any(f"place {last.number} had been noted" in remark for remark in report.remarks)


def test_an_anchor_in_the_archive_holds_what_the_server_forgot(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import trail_heads, trail_seal
	from bayancore_erp.archive.adapter.trail import Action, record
	from bayancore_erp.archive.adapter.verify import verify

	record(Action.PRINTED, "Sales Invoice", "Y", world.COMPANY)
	frappe.db.commit()
	trail_seal.seal_all()
	anchored = trail_seal.head_of(world.COMPANY)
	assert anchored and trail_heads.anchor(world.COMPANY) and trail_heads.anchor(world.COMPANY)
	frappe.db.commit()
	assert verify(world.COMPANY).ok
	trail_seal.head_file().file(world.COMPANY).unlink()
	frappe.db.sql(
		"delete e, s from `tabAudit Seal` s join `tabAudit Event` e on e.name = s.event where s.company = %s and s.number >= %s",
		(world.COMPANY, anchored.number),
	)
	said = [each.what for each in trail_found(frappe)]
	frappe.db.rollback()
	assert any("the anchor trail-" in each and "were removed" in each for each in said), said
	trail_seal.witness(world.COMPANY, trail_seal.head_of(world.COMPANY))


def trail_found(frappe: Any) -> list[Any]:
	from bayancore_erp.archive.adapter import trail_heads, verify_trail
	from bayancore_erp.archive.adapter.verify_finding import Counts

	return list(verify_trail.check(world.COMPANY, Counts(), trail_heads.Noted().of))


def test_a_sink_is_told_of_every_record_once(frappe: Any, tmp_path: Path) -> None:
	from bayancore_erp.archive.adapter import trail_seal, trail_sinks
	from bayancore_erp.archive.core.trail_sink import HeadFile

	trail_seal.seal_all()
	sink = HeadFile(tmp_path)
	assert trail_sinks.export(sink) == frappe.db.count("Audit Seal")
	assert trail_sinks.export(sink) == 0
	head = trail_seal.head_of("")
	assert head and sink.last("") and sink.last("").hash == head.hash
