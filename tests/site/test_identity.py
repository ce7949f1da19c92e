"""A device's secrets: what is kept and where it must never show; and a company to practise on."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from fatoora import Fatoora
from private_bench import PrivateBench


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	site.conf.pop("bayancore_wrapping_key", None)


def secrets_of(frappe: Any) -> dict[str, str]:
	"""Everything of the device that must never show, in the forms it could show in."""
	from bayancore_erp.zatca.adapter import sealing, vault

	vault.forget()
	found = {}
	for device, name in sealing.everything():
		value = str(sealing.unseal(device, name))
		if "PRIVATE KEY" in value:
			key = vault.identity_of(device).key
			number = key.for_requests.private_numbers().private_value.to_bytes(32, "big")
			body = "".join(value.splitlines()[1:-1])
			found[f"{name}, PEM"] = value.splitlines()[1]
			found[f"{name}, base64"] = body[:60]
			found[f"{name}, hexadecimal"] = number.hex()
			found[f"{name}, number in base64"] = base64.b64encode(number).decode()[:42]
		else:
			found[name] = value
	return found


def kept_text(frappe: Any, name: str) -> str:
	from frappe.utils.password import get_decrypted_password

	return str(get_decrypted_password("ZATCA Device", frappe.device, name))


def test_a_wrapping_key_comes_is_changed_and_goes(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import sealing, vault
	from bayancore_erp.zatca.core.crypto.wrapping import is_wrapped, new_key
	from bayancore_erp.zatca.core.errors import ConfigurationError

	before = vault.identity_of(frappe.device).credentials.secret
	old, new = new_key(), new_key()
	frappe.conf.bayancore_wrapping_key = old
	assert sealing.state().stale > 0
	assert sealing.rewrap() == sealing.state().secrets
	frappe.db.commit()
	assert is_wrapped(kept_text(frappe, "private_key")) and not sealing.state().stale

	frappe.conf.bayancore_wrapping_key = f"{new},{old}"
	assert sealing.state().stale == sealing.state().secrets
	assert sealing.rewrap() > 0
	frappe.db.commit()
	frappe.conf.bayancore_wrapping_key = new
	vault.forget()
	assert vault.identity_of(frappe.device).credentials.secret == before

	# without the key: a sentence, nothing lost, nothing rewritten
	frappe.conf.bayancore_wrapping_key = old
	vault.forget()
	with pytest.raises(ConfigurationError, match="not known to this site"):
		vault.identity_of(frappe.device)
	with pytest.raises(ConfigurationError):
		sealing.rewrap()
	del frappe.conf["bayancore_wrapping_key"]
	assert "does not have" in sealing.state().problem

	# a wrapped secret moved to another name is not opened
	frappe.conf.bayancore_wrapping_key = new
	frappe.db.sql(
		"update `__Auth` a, `__Auth` b set a.password = b.password where a.doctype = 'ZATCA Device' and a.name = %(d)s "
		"and a.fieldname = 'production_secret' and b.doctype = a.doctype and b.name = a.name and b.fieldname = 'private_key'",
		{"d": frappe.device},
	)
	with pytest.raises(ConfigurationError, match="not what was put there"):
		sealing.unseal(frappe.device, "production_secret")
	frappe.db.rollback()

	# back to the site's own key alone, for the tests that follow
	opened = {each: sealing.unseal(*each) for each in sealing.everything()}
	del frappe.conf["bayancore_wrapping_key"]
	for (device, name), secret in opened.items():
		sealing.seal(device, name, str(secret))
	frappe.db.commit()
	vault.forget()
	assert vault.identity_of(frappe.device).credentials.secret == before and not sealing.state().problem


def onboard_another(frappe: Any, fatoora: Fatoora) -> str:
	"""A second device, with a one-time password this test knows; gives the password."""
	from bayancore_erp.zatca.adapter.enrolment import enrol

	otp = str(fatoora.call("POST", "otp", environment="simulation")["otp"])
	device = world.make(
		frappe, "ZATCA Device", device_name="Second", company=world.COMPANY, environment="Simulator", gateway_url=fatoora.url
	)  # fmt: skip
	frappe.db.commit()
	enrol(device.name, otp)
	return otp


def test_no_secret_shows_anywhere(frappe: Any, bench: PrivateBench, fatoora: Fatoora) -> None:
	otp = onboard_another(frappe, fatoora)
	secrets = secrets_of(frappe)
	assert len(secrets) >= 12
	frappe.db.rollback()  # a dump waits for open transactions
	dump = subprocess.run(
		["mariadb-dump", "--no-defaults", "--single-transaction", "-uroot", "-proot", f"--socket={bench.socket}", bench.database(world.SITE)],
		capture_output=True, check=True,
	).stdout.decode("utf-8", "replace")  # fmt: skip
	logs = "".join(
		file.read_text(errors="replace")
		for folder in (bench.folder / "logs", bench.sites / world.SITE / "logs")
		for file in folder.glob("*.log*")
	)
	answers = "".join(answers_for(frappe, user) for user in users_of_every_role(frappe))
	places = {"the database's dump": dump, "the logs": logs, "the API's answers": answers}
	assert all(len(text) > 500 for text in places.values()), {k: len(v) for k, v in places.items()}
	shown = [
		(name, where) for name, value in secrets.items() for where, text in places.items() if value in text
	]
	assert not shown, shown
	# six digits alone: not the end of a time or of a longer number
	assert not [where for where, text in places.items() if re.search(rf"(?<![\d.]){otp}(?!\d)", text)]


def users_of_every_role(frappe: Any) -> list[str]:
	"""Administrator, and one user for each role that sees devices."""
	users = ["Administrator"]
	for role in ("System Manager", "ZATCA Manager", "Accounts Manager", "Accounts User", "ZATCA Auditor"):
		email = f"{role.lower().replace(' ', '.')}@secrets.local"
		if not frappe.db.exists("User", email):
			user = frappe.get_doc(
				{"doctype": "User", "email": email, "first_name": role, "send_welcome_email": 0, "user_type": "System User"}
			).insert()  # fmt: skip
			user.add_roles(role)
		users.append(email)
	frappe.db.commit()
	return users


def answers_for(frappe: Any, user: str) -> str:
	"""What the desk and the REST API tell this user about devices, settings and submissions."""
	from frappe import client
	from frappe.desk.form.load import getdoc
	from frappe.desk.reportview import get as list_view

	frappe.set_user(user)
	said = []

	def ask(call: Any) -> None:
		frappe.local.response = frappe._dict(docs=[])
		try:
			said.append(json.dumps([call(), frappe.local.response], default=str))
		except frappe.PermissionError:
			said.append("refused")

	for doctype in ("ZATCA Device", "ZATCA Enrolment", "ZATCA Settings", "ZATCA Submission", "ZATCA Attempt"):
		names = frappe.get_all(doctype, pluck="name", limit=20)
		for name in names:
			ask(lambda d=doctype, n=name: client.get(d, n))
			ask(lambda d=doctype, n=name: getdoc(d, n))
		ask(lambda d=doctype: client.get_list(d, fields=["*"], limit_page_length=20))
		frappe.local.form_dict = frappe._dict(
			doctype=doctype, fields=json.dumps(["*"]), view="Report", page_length=20
		)
		ask(lambda: list_view())
	for secret in ("private_key", "compliance_secret", "production_secret"):
		ask(lambda s=secret: client.get_password("ZATCA Device", frappe.device, s))
		ask(lambda s=secret: client.get_value("ZATCA Device", s, {"name": frappe.device}))
	frappe.set_user("Administrator")
	return "".join(said)


def test_a_training_company_comes_and_goes(frappe: Any) -> None:
	from bayancore_erp.archive import jobs as archive_jobs
	from bayancore_erp.archive.adapter import places, trail_heads, trail_seal
	from bayancore_erp.archive.adapter import verify as verifying
	from bayancore_erp.archive.adapter.verify import verify
	from bayancore_erp.archive.adapter.verify_finding import Counts
	from bayancore_erp.setup import training
	from bayancore_erp.zatca import api
	from bayancore_erp.zatca.adapter import delivery, local_simulator
	from bayancore_erp.zatca.overrides import printing

	def rows() -> dict[str, int]:
		counted = ("Customer", "Item", "Address", "Account", "Sales Invoice", "GL Entry", "ZATCA Document", "ZATCA Device", "__Auth")  # fmt: skip
		return {name: frappe.db.sql(f"select count(*) from `{name if name == '__Auth' else 'tab' + name}`")[0][0] for name in counted}  # fmt: skip

	def archived() -> set[str]:
		return {str(path) for path in Path(frappe.get_site_path("private", "zatca-archive")).rglob("*")}

	before, real = rows(), archived()
	name = training.start(world.COMPANY)
	try:
		with pytest.raises(frappe.ValidationError, match="already"):
			training.start(world.COMPANY)
		with pytest.raises(frappe.ValidationError, match="not a training company itself"):
			training.start(name)
		drafts = {
			row.customer: row.name
			for row in frappe.get_all("Sales Invoice", filters={"company": name}, fields=["name", "customer"])
		}
		assert len(drafts) == 3 and all(each.startswith("TRAINING-") for each in drafts.values())

		settings = frappe.get_doc("ZATCA Settings", name)
		settings.web_wait_seconds = 60  # a busy machine is no failure
		settings.save()
		cleared = api.submit_for_clearance("Sales Invoice", drafts[training.BUSINESS])
		assert cleared["state"] == "Cleared", cleared
		refused = api.submit_for_clearance("Sales Invoice", drafts[training.INCOMPLETE])
		assert refused["state"] == "Rejected"
		assert any("building number" in each["text"] for each in refused["messages"]), refused
		till = frappe.get_doc("Sales Invoice", drafts[training.PERSON])
		till.submit()
		frappe.db.commit()
		assert till.reload().zatca_state in ("To Report", "Reported")

		paper = frappe.get_doc("Sales Invoice", drafts[training.BUSINESS])
		archive_jobs.follow(paper.zatca_document, "posted")
		frappe.db.rollback()
		assert places.place_of(name) == frappe.db.get_value(
			"Archive Object", {"document": paper.zatca_document}, "place"
		)
		own = Path(frappe.get_site_path(places.training_folder(name)))
		assert own.is_dir() and archived() == real, (
			"what is practised does not lie among what is kept for years"
		)
		trail_seal.seal_all()
		assert trail_heads.anchor(name) and trail_heads.anchor(world.COMPANY)
		frappe.db.commit()
		assert "TEST" in delivery.watermark_of(paper).codes
		frappe.conf.zatca_mail_test_papers = 1
		assert delivery.may_leave(paper).code == "TEST-PAPER", "not even where test papers may be mailed"
		assert printing.allow(paper).codes == ("TEST",), "its people look at it, marked"
		frappe.flags.ignore_print_permissions = True  # as an attachment is drawn
		with pytest.raises(delivery.MayNotLeave):
			printing.allow(paper)
		frappe.flags.ignore_print_permissions = False

		with pytest.raises(frappe.ValidationError, match="training company"):
			world.make(frappe, "ZATCA Device", device_name="Real", company=name, environment="Production")
		with pytest.raises(frappe.ValidationError, match="not a training company"):
			training.remove(world.COMPANY)
	finally:
		frappe.conf.pop("zatca_mail_test_papers", None)
		frappe.db.rollback()
		gone = training.remove(name)
	assert gone["Sales Invoice"] == 3 and gone["ZATCA Document"] == 2 and gone["ZATCA Device"] == 1
	assert rows() == before
	assert not frappe.db.exists("Company", name) and not local_simulator.running()
	assert not own.exists() and not frappe.db.exists("File", {"attached_to_name": paper.name})
	# its trail stays, and says what became of the rest
	report = verify()
	assert report.ok, report.findings
	[remark] = [each for each in report.remarks if name in each]
	assert "removed by Administrator" in remark and f"{sum(gone.values())} records" in remark
	assert verify(world.COMPANY).ok and not any(name in each for each in verify(world.COMPANY).remarks)
	told = frappe.get_all(
		"Audit Event", filters={"company": name, "action": "Destroyed"}, pluck="subject_doctype"
	)
	assert told.count("ZATCA Document") == 2 and "ZATCA Submission" in told
	# taken away in SQL, the trail of a company that is no longer there is missed
	frappe.db.sql("delete from `tabAudit Seal` where company = %s", name)
	frappe.db.sql("delete from `tabAudit Event` where company = %s", name)
	said = [each for each in verifying.findings(Counts(), trail_heads.Noted()) if each.company == name]
	frappe.db.rollback()
	assert any("were removed" in each.what for each in said)
	assert training.start(world.COMPANY) == name
	training.remove(name)
	report = verify()
	assert report.ok, report.findings
	assert rows() == before


def test_no_training_beside_a_production_device(frappe: Any) -> None:
	from bayancore_erp.setup import training

	frappe.db.set_value("ZATCA Device", frappe.device, "environment", "Production")
	with pytest.raises(frappe.ValidationError, match="production device"):
		training.start(world.COMPANY)
