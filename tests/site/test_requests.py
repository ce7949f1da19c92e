"""What a request cannot do: name a row of ours, reach another company's through a name, or write what only the app writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import world
from test_trail_requests import ask

OTHER = "Beta Trading"
PERIOD = {"from_date": "2026-11-01", "to_date": "2026-12-31"}


@pytest.fixture(scope="module")
def site(site: Any) -> Iterator[Any]:
	"""The world with a second Saudi company in it."""
	if not site.db.exists("Company", OTHER):
		world.make(
			site, "Company", company_name=OTHER, abbr="BETA", default_currency="SAR", country="Saudi Arabia"
		)
	site.db.commit()
	yield site


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	site.db.rollback()
	yield site
	site.set_user("Administrator")
	site.db.rollback()


def key_of(frappe: Any, user: str, *roles: str) -> dict[str, str]:
	"""The headers of a user who is confined to the world's own company."""
	from frappe.utils.password import set_encrypted_password

	if not frappe.db.exists("User", user):
		world.make(frappe, "User", email=user, first_name=user.split("@")[0], send_welcome_email=0).add_roles(
			*roles
		)
		world.make(frappe, "User Permission", user=user, allow="Company", for_value=world.COMPANY)
	frappe.db.set_value("User", user, "api_key", user)
	set_encrypted_password("User", user, "secret", "api_secret")
	frappe.db.commit()
	frappe.clear_document_cache("User", user)
	return {"Authorization": f"token {user}:secret"}


@pytest.fixture
def auditor(frappe: Any) -> dict[str, str]:
	return key_of(frappe, "auditor.a@example.com", "ZATCA Auditor")


@pytest.fixture
def manager(frappe: Any) -> dict[str, str]:
	return key_of(frappe, "manager.a@example.com", "ZATCA Manager", "Accounts Manager", "System Manager")


def said(answer: Any) -> str:
	return str(answer.get_data(as_text=True))


def test_a_pack_is_reached_by_its_own_name_only(frappe: Any, auditor: dict[str, str]) -> None:
	from bayancore_erp.archive.adapter import packs

	theirs = frappe.get_doc({"doctype": "Audit Pack", "company": OTHER, **PERIOD}).insert()
	frappe.db.set_value("Audit Pack", theirs.name, "state", "Verified")
	frappe.db.commit()
	path = packs.file_of(theirs.name)
	path.parent.mkdir(parents=True, exist_ok=True)
	path.write_bytes(b"evidence of another company")
	call = "/api/method/bayancore_erp.archive.audit_api.download_pack?name="
	assert ask(f"{call}{theirs.name}", auditor).status_code == 403
	for name in (f"./{theirs.name}", "../../public/files/found"):
		answer = ask("/api/v2/document/Audit Pack", auditor, name=name, company=world.COMPANY, **PERIOD)
		assert answer.status_code == 200, said(answer)
		assert json.loads(said(answer))["data"]["name"].startswith("PACK-"), "the caller named it"
		answer = ask(f"{call}{name}", auditor)
		assert answer.status_code == 404 and "evidence" not in said(answer)
	assert path.read_bytes() == b"evidence of another company"


def test_a_pack_has_a_file_only_under_a_plain_name_and_when_it_is_ready(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import packs

	for name in (
		"./PACK-2026-00007",
		"../../public/files/x",
		"/etc/x",
		"PACK-2026-00007/x",
		"..",
		".",
		"",
		"x\n",
	):
		with pytest.raises(frappe.ValidationError):
			packs.file_of(name)
	row = frappe.get_doc({"doctype": "Audit Pack", "company": world.COMPANY, **PERIOD}).insert()
	path = packs.file_of(row.name)
	path.parent.mkdir(parents=True, exist_ok=True)
	path.write_bytes(b"of an earlier row")
	with pytest.raises(frappe.ValidationError, match="not ready"):
		packs.download(row)
	row.delete()
	assert not path.exists()
	# A row that was named by hand before can be cleared away; no file goes with it.
	row = frappe.get_doc({"doctype": "Audit Pack", "company": world.COMPANY, **PERIOD})
	row.name = f"./{path.stem}"
	row.db_insert()
	path.write_bytes(b"of somebody else")
	frappe.get_doc("Audit Pack", row.name).delete()
	assert path.exists() and not frappe.db.exists("Audit Pack", row.name)
	path.unlink()


def test_settings_are_of_the_company_they_are_named_after(frappe: Any, manager: dict[str, str]) -> None:
	for doctype in ("Archive Settings", "ZATCA Settings"):
		frappe.db.delete(doctype, {"name": OTHER})
	frappe.db.delete("Archive Settings", {"name": world.COMPANY})
	frappe.db.commit()
	for doctype in ("Archive Settings", "ZATCA Settings"):
		ask(f"/api/v2/document/{doctype}", manager, name=OTHER, company=world.COMPANY, footer_en="Pay to …")
		frappe.db.rollback()
		assert not frappe.db.exists(doctype, OTHER), f"{doctype} of a company that is not the caller's"
		assert frappe.db.get_value(doctype, world.COMPANY, "company") == world.COMPANY
	# One that was named by hand before is not saved again.
	frappe.db.set_value("Archive Settings", world.COMPANY, "name", OTHER)
	frappe.db.commit()
	answer = ask(f"/api/resource/Archive Settings/{OTHER}", manager, method="PUT", footer_en="Pay to …")
	assert answer.status_code == 417 and world.COMPANY in said(answer), said(answer)
	frappe.db.rollback()
	frappe.db.delete("Archive Settings", {"name": ("in", (OTHER, world.COMPANY))})
	frappe.db.commit()
	frappe.clear_cache()


def test_nobody_names_a_row_of_ours(frappe: Any, manager: dict[str, str]) -> None:
	made = {
		"ZATCA Device": {"device_name": "Named", "environment": "Simulator"},
		"Legal Hold": {"scope": "Period", "reason": "Case 7", **PERIOD},
		"Archive Check": PERIOD,
	}
	for doctype, values in made.items():
		answer = ask(f"/api/v2/document/{doctype}", manager, name="Mine", company=world.COMPANY, **values)
		assert answer.status_code == 200, said(answer)
		frappe.db.rollback()
		assert not frappe.db.exists(doctype, "Mine"), doctype
		frappe.db.delete(doctype, {"name": json.loads(said(answer))["data"]["name"]})
		frappe.db.commit()


def test_a_device_is_not_reached_by_giving_it_another_company(frappe: Any, manager: dict[str, str]) -> None:
	theirs = world.make(frappe, "ZATCA Device", device_name="Theirs", company=OTHER, environment="Simulator")
	frappe.db.commit()
	path = f"/api/resource/ZATCA Device/{theirs.name}"
	assert ask(path, manager, method="PUT", device_name="Taken").status_code == 403
	answer = ask(path, manager, method="PUT", device_name="Taken", company=world.COMPANY)
	assert answer.status_code == 417, said(answer)
	frappe.db.rollback()
	assert frappe.db.get_value("ZATCA Device", theirs.name, ["device_name", "company"]) == ("Theirs", OTHER)
	theirs.delete()
	frappe.db.commit()


def test_no_request_declares_a_company_a_training_company(frappe: Any, manager: dict[str, str]) -> None:
	from bayancore_erp.setup import training

	path = f"/api/resource/Company/{world.COMPANY}"
	call = "/api/method/bayancore_erp.zatca.page.zatca_setup.zatca_setup.remove_training"
	answer = ask(path, manager, method="PUT", zatca_training_of=OTHER)
	assert answer.status_code == 200, said(answer)
	frappe.db.rollback()
	assert not frappe.db.get_value("Company", world.COMPANY, "zatca_training_of")
	doc = frappe.get_doc({"doctype": "Company", "company_name": "Gamma", "abbr": "GMA", "default_currency": "SAR", "country": "Egypt", "zatca_training_of": OTHER})  # fmt: skip
	doc.insert()
	assert not frappe.db.get_value("Company", "Gamma", "zatca_training_of")
	frappe.db.rollback()
	# Were it declared one all the same, it is not removed: its name, and then its invoices, say what it is.
	invoice = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 100)])
	frappe.db.set_value("Company", world.COMPANY, "zatca_training_of", OTHER)
	frappe.db.commit()
	try:
		answer = ask(call, manager, company=world.COMPANY)
		assert answer.status_code == 417 and "not a training company" in said(answer), said(answer)
		frappe.db.set_value("Company", world.COMPANY, "abbr", "X-T")
		with pytest.raises(frappe.ValidationError, match=invoice.name):
			training.require_training(world.COMPANY)
		frappe.db.set_value("Company", world.COMPANY, "zatca_training_of", world.COMPANY)
		with pytest.raises(frappe.ValidationError, match="not a training company"):
			training.require_training(world.COMPANY)
	finally:
		frappe.db.rollback()
		frappe.db.set_value("Company", world.COMPANY, "zatca_training_of", "")
		frappe.db.commit()
		frappe.clear_cache()


def test_a_training_companys_numbers_are_told_apart_whatever_the_caller_says(
	frappe: Any, manager: dict[str, str]
) -> None:
	frappe.db.set_value("Company", world.COMPANY, "zatca_training_of", OTHER)
	frappe.clear_document_cache("Company", world.COMPANY)
	doc = frappe.copy_doc(world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 100)]))
	doc.name = "SINV-0000-00001"
	doc.flags.name_set = True  # as frappe/api/v2.py does
	doc.insert()
	assert doc.name.startswith("TRAINING-")
	frappe.db.rollback()
	frappe.clear_document_cache("Company", world.COMPANY)
