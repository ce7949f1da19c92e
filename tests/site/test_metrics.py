"""The five figures of the road from order to cleared, counted from rows whose story is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import world
from private_bench import PrivateBench

MORNING = datetime(2026, 11, 2, 9, 0, 0)


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		yield frappe


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()


def story(
	frappe: Any, *tries: tuple[str, bool], at: datetime = MORNING, seconds: float = 1.5, order: int = 0
) -> str:
	"""An invoice with its submissions, each a state and whether it was signed; `order`: minutes from its order to the click."""
	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 100)])
	previous = ""
	for number, (state, signed) in enumerate(tries):
		asked = at + timedelta(hours=number)
		row = frappe.get_doc(
			{
				"doctype": "ZATCA Submission", "invoice_doctype": doc.doctype, "invoice_name": doc.name, "company": doc.company,
				"state": state, "kind": "Standard", "document": f"DOC-{doc.name}-{number}" if signed else "",
				"requested_at": asked, "previous": previous,
			}
		)  # fmt: skip
		row.flags.by_the_writer = True
		previous = row.insert().name
		if state in ("Cleared", "Reported"):
			frappe.db.set_value(doc.doctype, doc.name, "zatca_cleared_at", asked + timedelta(seconds=seconds))
	began = at - timedelta(minutes=order)
	frappe.db.set_value(doc.doctype, doc.name, "creation", at if order else began, update_modified=False)
	if order:
		name = f"SO-{doc.name}"
		frappe.db.sql("insert into `tabSales Order` (name, creation) values (%s, %s)", (name, began))
		frappe.db.set_value("Sales Invoice Item", doc.items[0].name, "sales_order", name)
	return str(doc.name)


def count(frappe: Any, **more: Any) -> Any:
	from bayancore_erp.invoice_to_cash.adapter.metrics import figures

	return figures([world.COMPANY], more.get("first", date(2026, 11, 1)), more.get("last", date(2026, 11, 7)))


def test_nothing_happened(frappe: Any) -> None:
	found = count(frappe)
	assert (found.submitted, found.first_time_rate, found.seconds_to_clearance) == (0, None, None)


def test_the_five_figures(frappe: Any) -> None:
	story(frappe, ("Cleared", True), seconds=1.2, order=8)
	story(frappe, ("Cleared", True), seconds=1.8, order=4)
	story(frappe, ("Rejected", True), ("Cleared", True), order=30)
	story(frappe, ("Rejected", False), ("Cleared", True))
	story(frappe, ("Clearing", True))  # no verdict yet
	story(frappe, ("Skipped", False))  # nothing for ZATCA
	story(frappe, ("Cleared", True), at=datetime(2026, 12, 1, 8, 0))  # another month
	found = count(frappe)
	assert (found.submitted, found.clean, found.first_time_rate) == (4, 2, 50.0)
	assert (found.sent, found.rejected, found.stopped, found.rejection_rate) == (5, 1, 1, 20.0)
	assert (sorted(found.seconds), found.seconds_to_clearance) == ([1.2, 1.8], 1.2)
	# 8 min + 1.2 s, 4 min + 1.8 s, 90 min + 1.5 s, 60 min + 1.5 s
	assert [round(value, 3) for value in sorted(found.minutes)] == [4.03, 8.02, 60.025, 90.025]


def test_an_invoice_counts_where_it_was_first_submitted(frappe: Any) -> None:
	story(frappe, ("Rejected", True), ("Cleared", True), at=datetime(2026, 11, 7, 23, 30))
	assert (count(frappe).submitted, count(frappe).sent) == (1, 2)
	later = count(frappe, first=date(2026, 11, 8), last=date(2026, 11, 9))
	assert later.submitted == 0


def test_an_error_of_a_deleted_draft_is_nobodys(frappe: Any) -> None:
	for state, name in (
		("Open", story(frappe, ("Rejected", False))),
		("Open", "GONE"),
		("Resolved", "GONE TOO"),
	):
		frappe.get_doc(
			{
				"doctype": "AI Error Resolution", "company": world.COMPANY, "invoice_doctype": "Sales Invoice", "invoice_name": name,
				"code": "X", "state": state, "raised_at": MORNING,
			}
		).insert(ignore_links=True)  # fmt: skip
	found = count(frappe)
	assert (found.errors, found.resolved) == (2, 1)


def test_the_report(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.report.zatca_invoice_to_cash.zatca_invoice_to_cash import execute

	story(frappe, ("Cleared", True), order=3)
	story(frappe, ("Cleared", True), at=MORNING + timedelta(days=7), order=3)
	columns, rows, _message, chart, summary = execute(
		{"company": world.COMPANY, "from_date": "2026-11-01", "to_date": "2026-11-30", "period": "Week"}
	)
	assert [str(row["period"]) for row in rows] == ["2026-11-01", "2026-11-08"]
	assert {column["fieldname"] for column in columns} == set(rows[0])
	assert len(chart["data"]["labels"]) == 2
	assert [each["indicator"] for each in summary] == ["Green"] * len(summary) and len(summary) >= 4
	for period, number in (("Day", 2), ("Month", 1)):
		answer = execute({"from_date": "2026-11-01", "to_date": "2026-11-30", "period": period})
		assert len(answer[1]) == number


def test_the_report_is_there_and_opens(frappe: Any) -> None:
	from frappe.desk.query_report import run

	story(frappe, ("Cleared", True))
	answer = run("ZATCA Invoice to Cash", {"from_date": "2026-11-01", "to_date": "2026-11-30"})
	assert answer["result"]


def test_the_cards(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash import cards

	story(frappe, ("Cleared", True), at=frappe.utils.now_datetime() - timedelta(days=1))
	assert cards.first_time_clearance_rate()["value"] == 100
	assert cards.rejection_rate()["value"] == 0
	ours = {"module": "Invoice to Cash", "type": "Custom", "method": ("like", "%invoice_to_cash.cards.%")}
	methods = frappe.get_all("Number Card", filters=ours, pluck="method")
	assert len(methods) == 5
	for name in methods:
		assert frappe.get_attr(name)()["route"] == ["query-report", "ZATCA Invoice to Cash"]


def test_only_ones_own_companies(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash import cards
	from bayancore_erp.invoice_to_cash.adapter.seen import companies_seen

	user = f"manager-{frappe.generate_hash(length=6)}@example.com"
	world.make(
		frappe, "User", email=user, first_name="M", send_welcome_email=0, roles=[{"role": "ZATCA Manager"}]
	)
	world.make(frappe, "User Permission", user=user, allow="Company", for_value=world.COMPANY)
	frappe.set_user(user)
	assert companies_seen(None) == [world.COMPANY]
	with pytest.raises(frappe.PermissionError):
		companies_seen("Another Co")
	assert cards.cycle_minutes()["fieldtype"] == "Float"
	frappe.set_user("Guest")
	with pytest.raises(frappe.PermissionError):
		cards.cycle_minutes()
