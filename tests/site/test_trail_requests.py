"""What the trail hears over HTTP: prints, downloads, exports, mails, logins, each by a real request to the site."""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import world
from fatoora import fresh


@pytest.fixture(scope="module")
def invoice(site: Any) -> Any:
	"""A cleared invoice whose papers are attached."""
	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal
	from bayancore_erp.zatca.api import submit_for_clearance

	doc = world.invoice(site, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	site.db.commit()
	submit_for_clearance(doc.doctype, doc.name)
	if live := journal.live(doc.doctype, doc.name):
		jobs.advance(live)
	stored = fresh(site, doc)
	assert stored.zatca_state == "Cleared"
	papers.paper_of(stored.zatca_document)
	site.db.commit()
	return stored


@pytest.fixture(scope="module")
def key(site: Any) -> str:
	"""Administrator's API key, as a header says it."""
	from frappe.utils.password import set_encrypted_password

	site.db.set_value("User", "Administrator", "api_key", "trailkey")
	set_encrypted_password("User", "Administrator", "trailsecret", "api_secret")
	site.db.commit()
	site.clear_document_cache("User", "Administrator")
	return "token trailkey:trailsecret"


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.db.rollback()
	yield site
	site.db.rollback()


def ask(path: str, headers: dict[str, str] | None = None, method: str = "", **values: Any) -> Any:
	"""One request through Frappe's own WSGI application, in a context of its own; POST where values are given."""

	def send() -> Any:
		from frappe.app import application
		from werkzeug.test import Client

		client = Client(application, use_cookies=False)
		told = {"Host": world.SITE, **(headers or {})}
		answer = client.open(
			path, method=method or ("POST" if values else "GET"), data=values or None, headers=told
		)
		answer.get_data()
		return answer

	folder = os.getcwd()
	try:
		return contextvars.Context().run(send)
	finally:
		os.chdir(folder)


def latest(frappe: Any, action: str) -> Any:
	"""The last event of that kind, seen by a fresh snapshot."""
	frappe.db.rollback()
	rows = frappe.get_all(
		"Audit Event",
		filters={"action": action},
		fields=["name", "actor", "subject_doctype", "subject_name", "company", "facts", "digest"],
		order_by="name desc",
		limit=1,
	)
	return rows[0] if rows else frappe._dict(name="")


def heard(frappe: Any, action: str, path: str, key: str = "", cookie: str = "", **values: Any) -> Any:
	"""The one event that a request brings."""
	before = latest(frappe, action).name
	count = frappe.db.count("Audit Event", {"action": action})
	headers = {"Authorization": key} if key else {"Cookie": cookie} if cookie else {}
	answer = ask(path, headers, **values)
	told = latest(frappe, action)
	assert answer.status_code in (200, 401), answer.get_data(as_text=True)[:800]
	assert told.name != before, f"nothing is told of {path}"
	assert frappe.db.count("Audit Event", {"action": action}) == count + 1
	return told


def test_a_print_in_the_browser(frappe: Any, invoice: Any, key: str) -> None:
	told = heard(
		frappe,
		"Printed",
		f"/printview?doctype=Sales Invoice&name={invoice.name}&format=ZATCA Tax Invoice",
		key,
	)
	assert (told.subject_doctype, told.subject_name, told.company) == (
		"Sales Invoice",
		invoice.name,
		world.COMPANY,
	)
	assert told.actor == "Administrator" and json.loads(told.facts)["state"] == "Cleared"


def test_a_private_file_by_its_address_and_by_its_call(frappe: Any, invoice: Any, key: str) -> None:
	urls = frappe.get_all("File", filters={"attached_to_name": invoice.name}, pluck="file_url")
	assert len(urls) == 2
	for path in (urls[0], f"/api/method/download_file?file_url={urls[1]}"):
		told = heard(frappe, "Downloaded", path, key)
		assert (told.subject_name, json.loads(told.facts)["what"]) == (invoice.name, "file")
	before = frappe.db.count("Audit Event", {"action": "Downloaded"})
	assert ask(urls[0]).status_code == 403
	frappe.db.rollback()
	assert frappe.db.count("Audit Event", {"action": "Downloaded"}) == before, "a refused one is no download"


def test_a_file_that_was_mailed_from_its_form_is_still_the_invoices(
	frappe: Any, invoice: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	from frappe.core.doctype.communication.email import make

	[file, *_] = frappe.get_all(
		"File", filters={"attached_to_name": invoice.name}, fields=["name", "file_url"]
	)
	mail = make(
		invoice.doctype, invoice.name, "Your invoice", "Your invoice", attachments=json.dumps([file.name])
	)
	frappe.db.commit()
	newer = frappe.get_all("File", filters={"file_url": file.file_url}, pluck="attached_to_doctype")
	assert sorted(newer) == ["Communication", "Sales Invoice"], mail
	told = heard(frappe, "Downloaded", file.file_url, key)
	assert (told.subject_doctype, told.subject_name) == ("Sales Invoice", invoice.name)


def test_the_lawful_copy_from_the_form(frappe: Any, invoice: Any, key: str) -> None:
	call = "/api/method/bayancore_erp.archive.api.download"
	told = heard(frappe, "Downloaded", f"{call}?doctype=Sales Invoice&name={invoice.name}&what=xml", key)
	assert (told.subject_name, json.loads(told.facts)["what"]) == (invoice.name, "xml")


def test_lists_and_reports_exported(frappe: Any, invoice: Any, key: str) -> None:
	told = heard(
		frappe,
		"Exported",
		"/api/method/frappe.desk.reportview.export_query",
		key,
		doctype="Sales Invoice",
		file_format_type="CSV",
		title="Sales Invoice",
		fields=json.dumps(["`tabSales Invoice`.`name`"]),
		filters="[]",
		view="Report",
	)
	assert (told.subject_doctype, told.actor) == ("Sales Invoice", "Administrator")
	told = heard(
		frappe,
		"Exported",
		"/api/method/frappe.desk.query_report.export_query",
		key,
		report_name="Documents Due",
		file_format_type="CSV",
		filters=json.dumps({"as_of": "2040-01-01"}),
		visible_idx="[0]",
	)
	assert (told.subject_doctype, told.subject_name) == ("Report", "Documents Due")
	told = heard(
		frappe,
		"Exported",
		"/api/method/frappe.core.doctype.data_import.data_import.download_template",
		key,
		doctype="Sales Invoice",
		export_fields=json.dumps({"Sales Invoice": ["name", "customer"]}),
		export_records="all",
		file_type="CSV",
	)
	assert told.subject_doctype == "Sales Invoice"
	before = frappe.db.count("Audit Event", {"action": "Exported"})
	answer = ask(
		"/api/method/frappe.desk.reportview.export_query",
		{"Authorization": key},
		doctype="UOM",
		file_format_type="CSV",
		title="UOM",
		fields=json.dumps(["`tabUOM`.`name`"]),
		filters="[]",
		view="Report",
	)
	assert answer.status_code == 200
	frappe.db.rollback()
	assert frappe.db.count("Audit Event", {"action": "Exported"}) == before, (
		"what is none of ours is not told"
	)


def test_a_mail_from_the_form(frappe: Any, invoice: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
	frappe.db.set_single_value("System Settings", "disable_standard_email_footer", 1)
	if not frappe.db.exists("Email Account", {"default_outgoing": 1, "enable_outgoing": 1}):
		from mailbox import set_account

		set_account(frappe, 1)
	frappe.db.commit()
	told = heard(
		frappe,
		"Mail Queued",
		"/api/method/frappe.core.doctype.communication.email.make",
		key,
		doctype="Sales Invoice",
		name=invoice.name,
		recipients="someone@example.com",
		subject="About your invoice",
		content="A remark that stays out of the trail",
		send_email=1,
	)
	assert (told.subject_name, told.company) == (invoice.name, world.COMPANY)
	assert json.loads(told.facts)["recipients"] == "1" and len(told.digest) == 64
	assert "remark" not in told.facts and "someone" not in told.facts


def test_sign_in_out_and_in_vain(frappe: Any) -> None:
	from frappe.utils.password import update_password

	user = "signs.in@example.com"
	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name="Signs", send_welcome_email=0)
	update_password(user, "a-Good-1-password")
	frappe.db.commit()
	told = heard(frappe, "Login", "/api/method/login", usr=user, pwd="a-Good-1-password")
	assert (told.actor, told.subject_name, told.company) == (user, user, "")
	told = heard(frappe, "Failed Login", "/api/method/login", usr=user, pwd="wrong-One-2")
	assert told.actor == user and "wrong" not in json.dumps(told)
	told = heard(frappe, "Failed Login", "/api/method/login", usr="nobody@example.com", pwd="secret-3")
	assert (told.actor, told.subject_name) == ("Guest", "")
	assert "nobody" not in json.dumps(told) and "secret" not in json.dumps(told)
	answer = ask("/api/method/login", usr=user, pwd="a-Good-1-password")
	[sid] = [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("sid=")]
	told = heard(frappe, "Logout", "/api/method/logout", cookie=sid.split(";")[0])
	assert told.subject_name == user


def test_another_persons_place_is_taken_by_name(frappe: Any, key: str) -> None:
	user = "taken.over@example.com"
	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name="Taken", send_welcome_email=0)
	frappe.db.commit()
	told = heard(
		frappe, "Impersonated", "/api/method/frappe.core.doctype.user.user.impersonate", key, user=user, reason="To help"
	)  # fmt: skip
	assert (told.actor, told.subject_doctype, told.subject_name) == ("Administrator", "User", user)


def test_who_may_do_what_is_told_though_frappe_writes_it_raw(frappe: Any, key: str) -> None:
	manager = "/api/method/frappe.core.page.permission_manager.permission_manager."
	rule = {"doctype": "Customer", "role": "Accounts User", "permlevel": 0}

	def facts(call: str, **values: Any) -> dict[str, str]:
		told = heard(frappe, "Changed", manager + call, key, **values)
		assert (told.actor, told.subject_doctype, told.subject_name) == (
			"Administrator",
			"DocType",
			"Customer",
		)
		return {k: v for k, v in json.loads(told.facts).items() if k not in ("if_owner", "role", "permlevel")}

	asked = {**rule, "ptype": "delete", "value": 1, "if_owner": 0}
	assert facts("update", **asked) == {"fields": "permissions", "right": "delete", "value": "1"}
	assert frappe.db.get_value("Custom DocPerm", {"parent": "Customer", "role": rule["role"]}, "delete") == 1
	assert facts("remove", **rule, if_owner=0) == {"fields": "permissions", "removed": "all rights"}
	assert facts("reset", doctype="Customer")["removed"].startswith("all rules")
	assert not frappe.db.exists("Custom DocPerm", {"parent": "Customer"})


def test_user_permissions_taken_away_raw_are_told(frappe: Any, key: str) -> None:
	user = "confined@example.com"
	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name="Confined", send_welcome_email=0)
	calls = "/api/method/frappe.core.doctype.user_permission.user_permission."
	asked = {"user": user, "doctype": "Company", "docname": world.COMPANY}
	rows: list[str] = []

	def confine(**more: Any) -> str:
		data = json.dumps({**asked, "applicable_doctypes": [], **more})
		assert ask(f"{calls}add_user_permissions", {"Authorization": key}, data=data).status_code == 200
		frappe.db.rollback()
		return str(frappe.db.get_value("User Permission", {"user": user}))

	frappe.db.commit()
	rows.append(confine(apply_to_all_doctypes=1))
	rows.append(confine(applicable_doctypes=["Sales Invoice"]))
	told = heard(frappe, "Deleted", f"{calls}clear_user_permissions", key, user=user, for_doctype="Company")
	assert (told.subject_doctype, told.subject_name) == ("User Permission", rows[1])
	assert json.loads(told.facts) == {"user": user} and len(told.digest) == 64
	assert frappe.db.exists("Audit Event", {"action": "Deleted", "subject_name": rows[0]})


def test_no_row_is_changed_over_http_or_by_an_import(
	frappe: Any, invoice: Any, key: str, tmp_path: Path
) -> None:
	from frappe.core.doctype.data_import.data_import import import_file

	from bayancore_erp.archive.adapter import trail_evidence, trail_seal

	trail_seal.seal_all()
	frappe.db.commit()
	tried = 0
	for doctype in (*trail_evidence.evidence(), "Audit Event", "Audit Seal"):
		rows = frappe.db.sql(f"select * from `tab{doctype}` limit 1", as_dict=True)
		if not rows:
			continue
		tried += 1
		[row] = rows
		path = f"/api/resource/{quote(doctype)}/{quote(row.name)}"
		for method in ("PUT", "DELETE"):
			answer = ask(path, {"Authorization": key}, method=method, company="Other", owner="Other")
			assert answer.status_code in (403, 417), (doctype, method, answer.get_data(as_text=True)[:300])
		sheet = tmp_path / f"{frappe.scrub(doctype)}.csv"
		sheet.write_text(f"ID,Company\n{row.name},Other\n")
		with contextlib.suppress(frappe.ValidationError, frappe.PermissionError):
			import_file(doctype, str(sheet), "Update")
		frappe.db.rollback()
		frappe.db.commit()
		assert frappe.db.sql(f"select * from `tab{doctype}` where name = %s", row.name, as_dict=True) == [row]
	assert tried >= 6


def test_everything_told_so_verifies(frappe: Any) -> None:
	from bayancore_erp.archive.adapter.verify import verify

	report = verify()
	assert report.ok, report.findings
