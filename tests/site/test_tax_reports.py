"""Four dates and the reports that live on them: nothing unsent, every gap explained, VAT by tax point, what is still owed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import world
from fatoora import finish, fresh

UNSENT = "Submitted Invoices Without ZATCA Document"
GAPS = "Invoice Number Gaps"
ADVANCES = "Open Advances"
TOTALS = "ZATCA and VAT Totals"
OWED = "Supplied Not Invoiced"
CASH = f"Cash - {world.ABBR}"


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.set_user("Administrator")
	site.db.rollback()


def run(frappe: Any, report: str, **filters: Any) -> list[dict[str, Any]]:
	"""The rows a person sees, with her permissions; total rows left out."""
	from frappe.desk.query_report import run as run_report

	found = run_report(report, {"company": world.COMPANY, **filters}, ignore_prepared_report=True)
	return [row for row in found["result"] if isinstance(row, dict)]


def sale(frappe: Any, *rows: dict[str, Any], customer: str = world.VAT_BUYER, **more: Any) -> Any:
	doc = world.invoice(frappe, customer, list(rows) or [world.line("خدمة | Service", 1, 100)], **more)
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	finish(doc)
	stored = fresh(frappe, doc)
	assert stored.docstatus == 1
	return stored


def as_user(frappe: Any, *roles: str, company: str = "") -> str:
	"""Somebody with these roles, perhaps confined to a company."""
	email = f"reader-{frappe.generate_hash(length=6)}@example.com"
	frappe.get_doc(
		{
			"doctype": "User",
			"email": email,
			"first_name": "Reader",
			"send_welcome_email": 0,
			"roles": [{"role": role} for role in roles],
		}
	).insert(ignore_permissions=True)
	if company:
		frappe.get_doc(
			{"doctype": "User Permission", "user": email, "allow": "Company", "for_value": company}
		).insert(ignore_permissions=True)
	frappe.set_user(email)
	return email


SPAN = {"from_date": "2026-01-01", "to_date": "2026-12-31"}


def test_no_posted_invoice_without_document_or_reason(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.invoice_to_cash import jobs
	from bayancore_erp.zatca.adapter import managers
	from bayancore_erp.zatca.adapter.doctor import examine

	def doctor() -> str:
		(found,) = (one for one in examine() if one.area == "Invoices Without ZATCA Document")
		return found.light.value

	lost = sale(frappe)
	skipped = sale(frappe, customer=world.GROUP_MEMBER)
	assert run(frappe, UNSENT, **SPAN) == []
	reasons = {row["invoice_name"]: row["reason_code"] for row in run(frappe, UNSENT, **SPAN, skipped=1)}
	assert reasons[skipped.name] == "Inside VAT Group"
	assert doctor() == "green" and jobs.tell_of_unsent() == 0
	frappe.db.sql("delete from `tabZATCA Document` where invoice_name = %s", lost.name)
	frappe.db.sql("delete from `tabZATCA Skip` where invoice_name = %s", skipped.name)
	assert {row["invoice_name"] for row in run(frappe, UNSENT, **SPAN)} == {lost.name, skipped.name}
	assert doctor() == "red"
	told: list[tuple[str, str]] = []
	monkeypatch.setattr(managers, "alert", lambda _kind, name, company, say: told.append((company, say())))
	assert jobs.tell_of_unsent() == 2
	((company, words),) = told
	assert company == world.COMPANY and words.startswith("2 submitted invoices")
	as_user(frappe, "Accounts User")
	assert {row["invoice_name"] for row in run(frappe, UNSENT, **SPAN)} == {lost.name, skipped.name}


def test_every_gap_in_the_numbers_is_explained(frappe: Any) -> None:
	gone, removed = (
		world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 1)]) for _ in "ab"
	)
	signed = sale(frappe)
	assert not {gone.name, removed.name} & {row["invoice_name"] for row in run(frappe, GAPS)}
	frappe.delete_doc("Sales Invoice", gone.name)
	frappe.db.sql("delete from `tabSales Invoice` where name in %s", [[removed.name, signed.name]])
	found = {row["invoice_name"]: row["explanation"] for row in run(frappe, GAPS)}
	assert found[gone.name] == "Deleted Draft"
	assert found[removed.name] == "Not Explained"
	assert found[signed.name] == "Signed, Then Lost", "the last number of the series is a gap too"


def test_nobody_counts_up_to_a_number_that_lies_far_ahead(frappe: Any) -> None:
	from bayancore_erp.invoice_to_cash.adapter.gaps import MOST, of_series

	class Looked(dict[int, str]):
		times = 0

		def __contains__(self, number: object) -> bool:
			self.times += 1
			return super().__contains__(number)

	numbers = Looked({1: "FAR-1", 20_000: "FAR-20000"})
	assert len(list(of_series("Sales Invoice", "FAR-", numbers))) == MOST
	assert numbers.times <= MOST + len(numbers)


def test_vat_by_tax_point_equals_the_books(frappe: Any) -> None:
	from bayancore_erp.zatca.api import make_note

	def months() -> dict[str, dict[str, Any]]:
		return {str(row["period"])[:7]: row for row in run(frappe, TOTALS, **SPAN)}

	before = months()

	def moved(month: str, figure: str) -> float:
		return round(months()[month][figure] - before.get(month, {}).get(figure, 0), 2)

	october = sale(frappe, world.line("خدمة | Service", 1, 1000), zatca_supply_date="2026-10-20")
	assert str(october.zatca_vat_date) == "2026-10-20" and str(october.posting_date) == world.TODAY
	assert october.zatca_issued_at.date() == datetime.now().date()
	assert moved("2026-10", "declared") == 150 and moved("2026-10", "booked") == 150
	assert "2026-11" not in months() or moved("2026-11", "declared") == 0
	note = frappe.get_doc(
		make_note("Sales Invoice", october.name, "Credit Note", "Return", event_date="2026-11-02")["note"]
	)
	note.items[0].rate = 400
	note.insert()
	frappe.db.commit()
	note.submit()
	frappe.db.commit()
	finish(note)
	assert str(fresh(frappe, note).zatca_vat_date) == "2026-11-02"
	assert moved("2026-11", "declared") == -60 and moved("2026-10", "declared") == 150
	frappe.get_doc(
		{
			"doctype": "Journal Entry",
			"company": world.COMPANY,
			"posting_date": "2026-11-05",
			"accounts": [
				{"account": CASH, "debit_in_account_currency": 7, "cost_center": f"Main - {world.ABBR}"},
				{
					"account": world.VAT,
					"credit_in_account_currency": 7,
					"cost_center": f"Main - {world.ABBR}",
				},
			],
		}
	).insert().submit()
	assert moved("2026-11", "other") == 7
	assert all(row["difference"] == 0 for row in months().values())
	found = run(frappe, TOTALS, **SPAN, differing=1)
	assert [row["booked"] for row in found if row["doctype"] == "Journal Entry"] == [7]
	frappe.db.sql(
		"update `tabGL Entry` set credit = credit + 1 where voucher_no = %s and account = %s",
		(october.name, world.VAT),
	)
	assert moved("2026-10", "difference") == 1
	assert {row["name"]: row["difference"] for row in run(frappe, TOTALS, **SPAN, differing=1)}[
		october.name
	] == 1


def test_an_advance_is_declared_once(frappe: Any) -> None:
	def declared() -> float:
		return sum(row["declared"] for row in run(frappe, TOTALS, **SPAN))

	before = declared()
	advance = sale(frappe, world.line("دفعة مقدمة | Advance", 1, 1000), zatca_is_prepayment=1)
	assert round(declared() - before, 2) == 150
	rows = {row["name"]: row for row in run(frappe, ADVANCES)}
	assert (rows[advance.name]["left"], rows[advance.name]["left_vat"]) == (1150, 150)
	sale(
		frappe,
		world.line("خدمة | Service", 1, 3000),
		zatca_prepayments=[
			{
				"prepayment_invoice": advance.name,
				"vat_category": "Standard Rated",
				"vat_rate": 15,
				"taxable": 1000,
				"tax": 150,
			}
		],
	)
	assert round(declared() - before, 2) == 450
	assert advance.name not in {row["name"] for row in run(frappe, ADVANCES)}
	used = {row["name"]: row for row in run(frappe, ADVANCES, used=1)}
	assert (used[advance.name]["deducted"], used[advance.name]["left"]) == (1150, 0)
	assert all(row["difference"] == 0 for row in run(frappe, TOTALS, **SPAN))


def test_an_advance_in_dollars_is_declared_in_riyals(frappe: Any) -> None:
	def sums() -> dict[str, float]:
		rows = run(frappe, TOTALS, **SPAN)
		return {figure: sum(row[figure] for row in rows) for figure in ("advances", "declared", "difference")}

	before = sums()
	dollars = {"currency": "USD", "conversion_rate": 3.75}
	advance = sale(frappe, world.line("دفعة مقدمة | Advance", 1, 500), zatca_is_prepayment=1, **dollars)
	part = {
		"prepayment_invoice": advance.name,
		"vat_category": "Standard Rated",
		"vat_rate": 15,
		"taxable": 500,
		"tax": 75,
	}
	sale(frappe, world.line("خدمة | Service", 1, 1000), zatca_prepayments=[part], **dollars)
	after = sums()
	assert {figure: round(after[figure] - before[figure], 2) for figure in after} == {
		"advances": 281.25,
		"declared": 562.5,
		"difference": 0,
	}


def test_an_advance_received_in_dollars_is_open_in_dollars(frappe: Any) -> None:
	receivable = world.make(
		frappe, "Account", account_name="Debtors USD", company=world.COMPANY, account_type="Receivable",
		account_currency="USD", parent_account=frappe.db.get_value("Account", world.DEBTORS, "parent_account"),
	)  # fmt: skip
	buyer = world.make(
		frappe, "Customer", customer_name="Dollar Buyer", customer_group="Commercial", territory="All Territories",
		default_currency="USD", accounts=[{"company": world.COMPANY, "account": receivable.name}],
	)  # fmt: skip
	payment = world.make(
		frappe, "Payment Entry", payment_type="Receive", company=world.COMPANY, posting_date=world.TODAY,
		party_type="Customer", party=buyer.name, paid_from=receivable.name, paid_to=CASH, paid_amount=1150,
		received_amount=4312.5, source_exchange_rate=3.75, target_exchange_rate=1, reference_no="1",
		reference_date=world.TODAY, zatca_receipt_kind="Advance",
	)  # fmt: skip
	payment.submit()
	(row,) = (row for row in run(frappe, ADVANCES) if row["name"] == payment.name)
	assert (row["left"], row["currency"]) == (1150, "USD")
	(row,) = (row for row in run(frappe, OWED) if row["name"] == payment.name)
	assert row["amount"] == 4312.5


def delivered(frappe: Any, quantity: float) -> Any:
	doc = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": world.COMPANY,
			"customer": world.VAT_BUYER,
			"currency": "SAR",
			"posting_date": "2026-09-20",
			"set_posting_time": 1,
			"items": [{**world.line("صيانة | Maintenance", quantity, 100), "income_account": None}],
			"taxes": world.vat_rows(),
			"ignore_pricing_rule": 1,
		}
	)
	doc.insert()
	doc.submit()
	return doc


def test_what_came_back_is_owed_no_invoice(frappe: Any) -> None:
	from erpnext.controllers.sales_and_purchase_return import make_return_doc
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_invoice

	def comes_back(delivery: Any, quantity: float) -> None:
		back = make_return_doc("Delivery Note", delivery.name)
		back.items[0].qty = -quantity
		back.insert()
		back.submit()

	def owed(delivery: Any) -> float:
		return sum(row["amount"] for row in run(frappe, OWED) if row["name"] == delivery.name)

	delivery = delivered(frappe, 10)
	assert owed(delivery) == 1150
	comes_back(delivery, 4)
	assert owed(delivery) == 690
	bill = make_sales_invoice(delivery.name)
	bill.update({"debit_to": world.DEBTORS, "posting_date": world.TODAY, "set_posting_time": 1})
	bill.items[0].update({"qty": 2, "zatca_item_name_ar": "صيانة"})
	bill.insert()
	frappe.db.commit()
	bill.submit()
	frappe.db.commit()
	finish(bill)
	assert fresh(frappe, bill).docstatus == 1
	assert owed(delivery) == 460
	comes_back(delivery, 4)
	assert not [row for row in run(frappe, OWED) if row["name"] == delivery.name]
	never_billed = delivered(frappe, 10)
	comes_back(never_billed, 10)
	assert not [row for row in run(frappe, OWED) if row["name"] == never_billed.name]


def test_what_is_owed_an_invoice(frappe: Any) -> None:
	delivery = delivered(frappe, 2)
	payment = frappe.get_doc(
		{
			"doctype": "Payment Entry",
			"payment_type": "Receive",
			"company": world.COMPANY,
			"posting_date": world.TODAY,
			"party_type": "Customer",
			"party": world.VAT_BUYER,
			"paid_from": world.DEBTORS,
			"paid_to": CASH,
			"paid_amount": 230,
			"received_amount": 230,
			"source_exchange_rate": 1,
			"target_exchange_rate": 1,
			"reference_no": "1",
			"reference_date": world.TODAY,
			"zatca_receipt_kind": "Advance",
		}
	)
	payment.insert()
	payment.submit()
	unclear = frappe.copy_doc(payment)
	unclear.zatca_receipt_kind = ""
	unclear.insert()
	unclear.submit()
	draft = world.invoice(
		frappe, world.VAT_BUYER, [world.line("خدمة | Service", 1, 1)], zatca_supply_date="2026-11-09"
	)
	found = {row["name"]: row for row in run(frappe, OWED)}
	assert found[delivery.name]["last_day"] == date(2026, 10, 15) and found[delivery.name]["days_left"] < 0
	assert found[draft.name]["last_day"] == date(2026, 12, 15)
	assert (found[payment.name]["amount"], found[payment.name]["what"]) == (230, "Paid in Advance")
	assert unclear.name not in found
	open_ones = {row["name"]: row["status"] for row in run(frappe, ADVANCES)}
	assert open_ones[payment.name] == "Prepayment Invoice Missing"
	assert open_ones[unclear.name] == "Choose What It Is"


@pytest.mark.parametrize("report", [UNSENT, GAPS, ADVANCES, TOTALS, OWED])
def test_who_reads_the_reports(frappe: Any, report: str) -> None:
	for role in ("Accounts User", "ZATCA Manager", "ZATCA Auditor"):
		as_user(frappe, role)
		run(frappe, report, **SPAN)
		frappe.set_user("Administrator")
	as_user(frappe, "Stock User")
	with pytest.raises(frappe.PermissionError):
		run(frappe, report, **SPAN)
	frappe.set_user("Administrator")
	other = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": f"Elsewhere {frappe.generate_hash(length=4)}",
			"default_currency": "SAR",
			"country": "Saudi Arabia",
			"abbr": frappe.generate_hash(length=4).upper(),
			"create_chart_of_accounts_based_on": "Existing Company",
			"existing_company": world.COMPANY,
		}
	).insert()
	as_user(frappe, "Accounts User", company=other.name)
	with pytest.raises(frappe.PermissionError):
		run(frappe, report, **SPAN)


def test_a_posting_date_far_from_the_issue_is_told(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.preflight import look
	from bayancore_erp.zatca.core.pipeline import RIYADH

	def told(doc: Any) -> dict[str, tuple[str, str]]:
		found = look(doc, datetime(2026, 11, 27, 12, 0, tzinfo=RIYADH)).problems
		return {each.code: (each.severity, each.text) for each in found}

	rows = [world.line("خدمة | Service", 1, 100)]
	fine = world.invoice(frappe, world.VAT_BUYER, rows, posting_date="2026-11-24", due_date="2026-11-24")
	assert "ERP-POSTING-DATE" not in told(fine)
	old = world.invoice(frappe, world.VAT_BUYER, rows, posting_date="2026-11-23", due_date="2026-11-23")
	severity, text = told(old)["ERP-POSTING-DATE"]
	assert severity == "Warning" and "4 days before" in text
	ahead = world.invoice(frappe, world.VAT_BUYER, rows, posting_date="2026-11-28", due_date="2026-11-28")
	assert "after the day of issue" in told(ahead)["ERP-POSTING-DATE"][1]
	late = world.invoice(frappe, world.VAT_BUYER, rows, zatca_supply_date="2026-09-30")
	assert told(late)["LAW-ISSUE-DEADLINE"][0] == "Warning"
	settings = frappe.get_doc("ZATCA Settings", world.COMPANY)
	settings.backdated_days = 30
	settings.save()
	assert "ERP-POSTING-DATE" not in told(old)
