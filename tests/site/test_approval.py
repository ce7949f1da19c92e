"""Approval before submission and before correction: the example Workflow, with somebody who asks and somebody who approves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import Fatoora, expire_leases, fresh, onboard
from private_bench import PrivateBench

ASKS, APPROVES = "asks.approval@example.com", "approves.approval@example.com"


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	from bayancore_erp.setup.approval import make_example

	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		for user, roles in ((ASKS, ["Accounts User"]), (APPROVES, ["Accounts User", "Accounts Manager"])):
			if not frappe.db.exists("User", user):
				granted = [{"role": role} for role in roles]
				world.make(
					frappe, "User", email=user, first_name=user[:4], send_welcome_email=0, roles=granted
				)
		name = make_example()
		assert not frappe.db.get_value("Workflow", name, "is_active")
		assert make_example(active=True) == name
		frappe.db.commit()
		yield frappe
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.set_value("Workflow", name, "is_active", 0)
		frappe.clear_cache(doctype="Sales Invoice")
		frappe.db.commit()


@pytest.fixture
def frappe(site: Any, fatoora: Fatoora) -> Iterator[Any]:
	yield site
	site.set_user("Administrator")
	site.db.rollback()
	fatoora.calm()


def act(frappe: Any, user: str, doc: Any, action: str) -> Any:
	from frappe.model.workflow import apply_workflow

	frappe.set_user(user)
	try:
		apply_workflow(fresh(frappe, doc), action)
		frappe.db.commit()
	finally:
		frappe.set_user("Administrator")
	return fresh(frappe, doc)


def asked(frappe: Any) -> Any:
	frappe.set_user(ASKS)
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])
	frappe.db.commit()
	assert doc.workflow_state == "Invoice Draft"
	doc = act(frappe, ASKS, doc, "Ask for Approval")
	assert (doc.docstatus, doc.workflow_state, doc.zatca_state or "") == (0, "Pending Approval", "")
	return doc


def advance(frappe: Any, doc: Any) -> str:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	expire_leases(frappe)
	return str(jobs.advance(journal.live(doc.doctype, doc.name)))


def test_who_asked_cannot_approve(frappe: Any) -> None:
	doc = asked(frappe)
	with pytest.raises(frappe.ValidationError):
		act(frappe, ASKS, doc, "Approve")


def test_approved_when_posted_and_not_before(frappe: Any) -> None:
	doc = asked(frappe)
	queued = act(frappe, APPROVES, doc, "Approve")
	assert (queued.docstatus, queued.workflow_state, queued.zatca_state) == (0, "Pending Approval", "Queued")
	assert not frappe.db.count("GL Entry", {"voucher_no": doc.name})
	assert advance(frappe, doc) == "Cleared"
	posted = fresh(frappe, doc)
	assert (posted.docstatus, posted.workflow_state) == (1, "Approved and Posted")
	assert frappe.db.get_value("ZATCA Submission", posted.zatca_submission, "requested_by") == APPROVES
	assert posted.modified_by == APPROVES


def test_rejected_corrected_approved_again(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from dataclasses import replace

	from bayancore_erp.zatca.adapter import signing
	from bayancore_erp.zatca.core import pipeline

	def unrefused(invoice: Any, *rest: Any, **kwargs: Any) -> Any:
		broken = replace(invoice, buyer=replace(invoice.buyer, vat_number="123"))
		return pipeline.prepare(broken, *rest, **kwargs, refuse=False)

	doc = asked(frappe)
	act(frappe, APPROVES, doc, "Approve")
	with monkeypatch.context() as patch:
		patch.setattr(signing, "prepare", unrefused)
		assert advance(frappe, doc) == "Rejected"
	rejected = fresh(frappe, doc)
	assert (rejected.docstatus, rejected.workflow_state) == (0, "Pending Approval")
	back = act(frappe, APPROVES, doc, "Send Back")
	frappe.set_user(ASKS)
	back.items[0].qty = 3
	back.save()
	frappe.db.commit()
	act(frappe, ASKS, doc, "Ask for Approval")
	act(frappe, APPROVES, doc, "Approve")
	assert advance(frappe, doc) == "Cleared"
	assert fresh(frappe, doc).workflow_state == "Approved and Posted"
