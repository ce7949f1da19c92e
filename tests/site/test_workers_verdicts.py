"""Every answer of the gateway and every kind of document, over HTTP, while a real worker does the work and nobody waits.

What becomes of an invoice in a person's own request is test_verdicts'.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import lenient_worker
import pytest
import shipped_documents
import world
from fatoora import Fatoora, fresh
from lenient_worker import REFUSED, SECONDS, WARNED
from private_bench import PrivateBench
from test_workers import draft, ends_as

# Fault, and what a worker is answered: while clearing, while reporting. What was accepted unseen is told by 208 or 409.
FAULTS: dict[str, tuple[list[int], list[int]]] = {
	"": ([200], [200]),
	"500": ([500, 200], [500, 200]),
	"502-html": ([502, 200], [502, 200]),
	"504-html:after": ([504, 208], [504, 409]),
	"429=1": ([429, 200], [429, 200]),
	"400-empty": ([400, 200], [400, 200]),
	"drop": ([0, 208], [0, 409]),
	"cut": ([200, 208], [200, 409]),
	"empty": ([200, 208], [200, 409]),
	f"delay={SECONDS + 2}": ([0, 208], [0, 409]),
}


@pytest.fixture(scope="module")
def worker(bench: PrivateBench, site: Any) -> Iterator[Any]:
	"""`bench worker` for short and default jobs, lenient as its module says."""
	site.db.commit()
	program = str(Path(lenient_worker.__file__))
	with bench.running(program, "--queue", "short,default", "--quiet", log="logs/processes") as running:
		yield running


@pytest.fixture
def frappe(site: Any, worker: Any, fatoora: Fatoora) -> Iterator[Any]:
	yield site
	site.db.rollback()
	fatoora.calm()
	fatoora.call("POST", "settings", clearance=True)


def submitted(frappe: Any, *docs: Any) -> list[Any]:
	for doc in docs:
		doc.submit()
		frappe.db.commit()
	return list(docs)


def both(frappe: Any, **more: Any) -> list[Any]:
	"""One for a business and one for a person, on their way."""
	return submitted(frappe, draft(frappe, **more), draft(frappe, world.PERSON, **more))


def end_as(frappe: Any, doc: Any, state: str) -> Any:
	ends_as(frappe, doc.doctype, [doc.name], state)
	return fresh(frappe, doc)


def answers(frappe: Any, doc: Any) -> list[int]:
	"""The statuses of all answers, oldest first."""
	rows = frappe.get_all(
		"ZATCA Attempt",
		filters={"invoice_name": doc.name, "row_kind": "Answer"},
		pluck="http_status",
		order_by="number",
	)
	return [int(status) for status in rows]


def last_status(frappe: Any, doc: Any) -> int:
	return int(frappe.db.get_value("ZATCA Submission", doc.zatca_submission, "last_http_status"))


def accepted_once(frappe: Any, fatoora: Fatoora, doc: Any) -> None:
	"""By one document, with one set of bytes, booked once."""
	bodies = frappe.get_all(
		"ZATCA Attempt", filters={"invoice_name": doc.name, "row_kind": "Request"}, pluck="body_sha256"
	)
	assert len(set(bodies)) == 1
	assert len([row for row in fatoora.submissions(doc.zatca_uuid) if row["accepted"]]) == 1
	assert frappe.db.count("ZATCA Document", {"invoice_name": doc.name}) == 1
	assert frappe.db.count("GL Entry", {"voucher_no": doc.name, "is_cancelled": 0}) == 3


def waits_as(frappe: Any, doc: Any, state: str, docstatus: int) -> Any:
	"""Until a worker has left it so."""
	import time

	end = time.monotonic() + 120
	while time.monotonic() < end:
		found = fresh(frappe, doc)
		if found.zatca_state == state:
			assert found.docstatus == docstatus
			return found
		time.sleep(0.3)
	raise AssertionError(f"{found.zatca_state} instead of {state}")


# --- answers ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", FAULTS)
def test_a_worker_comes_to_the_verdict(frappe: Any, fatoora: Fatoora, fault: str) -> None:
	kind, _, moment = fault.partition(":")
	for endpoint in ("clearance", "reporting") if fault else ():
		fatoora.fault(":".join(part for part in (kind, endpoint, "1", moment) if part))
	business, person = both(frappe)
	business, person = end_as(frappe, business, "Cleared"), end_as(frappe, person, "Reported")
	clearing, reporting = FAULTS[fault]
	assert answers(frappe, business) == clearing and last_status(frappe, business) == clearing[-1]
	assert answers(frappe, person) == reporting and last_status(frappe, person) == reporting[-1]
	for doc in (business, person):
		accepted_once(frappe, fatoora, doc)


def test_303_goes_to_reporting(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.call("POST", "settings", clearance=False)
	(doc,) = submitted(frappe, draft(frappe))
	doc = end_as(frappe, doc, "Reported")
	assert answers(frappe, doc) == [303, 200]
	accepted_once(frappe, fatoora, doc)


def test_202_is_a_yes_with_warnings(frappe: Any, fatoora: Fatoora) -> None:
	(doc,) = submitted(frappe, draft(frappe, po_no=WARNED))
	doc = end_as(frappe, doc, "Cleared")
	assert answers(frappe, doc) == [202]
	assert frappe.db.get_value("ZATCA Submission", doc.zatca_submission, "warnings")
	accepted_once(frappe, fatoora, doc)


def test_202_for_one_that_comes_late(frappe: Any, fatoora: Fatoora) -> None:
	"""ZATCA's clock is past the 24 hours."""
	fatoora.call("POST", "clock", advance_seconds=25 * 3600)
	try:
		(doc,) = submitted(frappe, draft(frappe, world.PERSON))
		doc = end_as(frappe, doc, "Reported")
	finally:
		fatoora.call("POST", "clock", advance_seconds=-25 * 3600)
	assert answers(frappe, doc) == [202]
	accepted_once(frappe, fatoora, doc)


def test_400_is_corrected_and_goes_again(
	frappe: Any, fatoora: Fatoora, monkeypatch: pytest.MonkeyPatch
) -> None:
	from bayancore_erp.zatca.api import reissue

	(business,) = submitted(frappe, draft(frappe, po_no=REFUSED))
	business = waits_as(frappe, business, "Rejected", 0)
	assert not frappe.db.count("GL Entry", {"voucher_no": business.name})
	business.po_no = "PO-RIGHT"
	business.save()
	frappe.db.commit()
	submitted(frappe, business)
	with monkeypatch.context() as patch:
		patch.setattr("bayancore_erp.zatca.adapter.signing.prepare", wrong_seller)
		(person,) = submitted(frappe, draft(frappe, world.PERSON))
	person = waits_as(frappe, person, "Rejected", 1)
	reissue(person.doctype, person.name)
	frappe.db.commit()
	for doc, state in ((business, "Cleared"), (person, "Reported")):
		again = end_as(frappe, doc, state)
		assert answers(frappe, doc) == [400, 200]
		first, second = frappe.get_all(
			"ZATCA Document", filters={"invoice_name": doc.name}, pluck="uuid", order_by="icv"
		)
		assert first != second == again.zatca_uuid


def wrong_seller(invoice: Any, *rest: Any, **more: Any) -> Any:
	from dataclasses import replace

	from bayancore_erp.zatca.core import pipeline

	broken = replace(invoice, seller=replace(invoice.seller, vat_number="123"))
	return pipeline.prepare(broken, *rest, **more, refuse=False)


def test_401_and_406_hold_and_go_on(frappe: Any, fatoora: Fatoora) -> None:
	"""The device's credentials, or the app's version, are refused: nothing is lost, the same bytes go out once a person has seen to it."""
	from bayancore_erp.zatca.adapter import guard
	from bayancore_erp.zatca.api import release_device

	fatoora.fault("406:clearance:1")
	(outdated,) = submitted(frappe, draft(frappe))
	waits_as(frappe, outdated, "On Hold", 0)
	guard.wake(world.COMPANY)
	frappe.db.commit()
	assert answers(frappe, end_as(frappe, outdated, "Cleared")) == [406, 200]
	# both are signed before the first answer holds their device
	for endpoint in ("clearance", "reporting"):
		fatoora.fault(f"401:{endpoint}:1")
	person, business = submitted(frappe, draft(frappe, world.PERSON), draft(frappe))
	waits_as(frappe, person, "On Hold", 1)
	waits_as(frappe, business, "On Hold", 0)
	assert frappe.db.get_value("ZATCA Device", frappe.device, "on_hold")
	fatoora.calm()
	assert release_device(frappe.device) == 2
	frappe.db.commit()
	for doc, state in ((person, "Reported"), (business, "Cleared")):
		end_as(frappe, doc, state)
	assert answers(frappe, person) == [401, 200]


def test_413_is_a_draft_again(frappe: Any, fatoora: Fatoora) -> None:
	fatoora.fault("413:clearance:1")
	(doc,) = submitted(frappe, draft(frappe))
	doc = waits_as(frappe, doc, "Rejected", 0)
	doc.items[0].rate = 19
	doc.save()
	frappe.db.commit()
	submitted(frappe, doc)
	assert answers(frappe, end_as(frappe, doc, "Cleared")) == [413, 200]


# --- kinds of document ------------------------------------------------------------------------------------------------
def mixed_vat(frappe: Any) -> Any:
	return world.invoice(
		frappe,
		world.VAT_BUYER,
		[
			world.line("صيانة | Maintenance", 2, "99.95"),
			world.line("إيجار سكني | Residential rent", 1, 5000, "VATEX-SA-29"),
			world.line("دواء | Medicine", 3, "12.50", "VATEX-SA-35"),
			world.line("رسوم حكومية | Government fee", 1, 300, "VATEX-SA-OOS"),
		],
	)


def with_margin(frappe: Any) -> Any:
	row = world.line("قطعة | Part", 3, 80)
	row.update(price_list_rate=80, margin_type="Percentage", margin_rate_or_amount=12.5, rate=0)
	return world.invoice(frappe, world.VAT_BUYER, [row])


def government(frappe: Any) -> Any:
	return world.invoice(
		frappe, world.GOV_BUYER, [world.line("صيانة | Maintenance", 1, 900)], zatca_contract_number="C-2026-7"
	)


def drawn(kind: Any) -> Any:
	return lambda frappe: next(kind(frappe, Random(7)))


# How it is made, how it ends, and what its XML says.
KINDS: dict[str, tuple[Any, str, str]] = {
	"export": (drawn(shipped_documents.export), "Cleared", 'name="0100100"'),
	"nominal supply": (drawn(shipped_documents.gift), "Reported", 'name="0201000"'),
	"tip": (drawn(shipped_documents.tipped), "Reported", 'name="0200000"'),
	"retention": (drawn(shipped_documents.retained), "Cleared", 'name="0100000"'),
	"government": (government, "Cleared", ">C-2026-7<"),
	"margin": (with_margin, "Cleared", ">270.00<"),
	"mixed VAT": (mixed_vat, "Cleared", ">VATEX-SA-OOS<"),
}


def test_every_kind_of_document(frappe: Any, fatoora: Fatoora) -> None:
	made = {kind: submitted(frappe, make(frappe))[0] for kind, (make, _state, _said) in KINDS.items()}
	for kind, (_make, state, said) in KINDS.items():
		doc = end_as(frappe, made[kind], state)
		xml = frappe.get_doc("ZATCA Document", doc.zatca_document).xml.decode()
		assert said in xml, kind
		assert answers(frappe, doc) == [200], kind
		(sent,) = fatoora.submissions(doc.zatca_uuid)
		assert sent["accepted"], kind
