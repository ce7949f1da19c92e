"""ERPNext's own ways round an issued invoice: each refused, or found and told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import Fatoora, finish, fresh, onboard
from private_bench import PrivateBench


@pytest.fixture(scope="module")
def site(bench: PrivateBench, fatoora: Fatoora) -> Iterator[Any]:
	with world.connected(bench) as frappe:
		frappe.device = onboard(frappe, fatoora)
		frappe.issued, frappe.sold = cleared(frappe), sold_at_the_till(frappe)
		yield frappe


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	site.set_user("Administrator")
	yield site
	site.set_user("Administrator")
	site.db.rollback()


def cleared(frappe: Any, **more: Any) -> Any:
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	doc = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)], **more)
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	assert jobs.advance(journal.live(doc.doctype, doc.name)) == "Cleared"
	return fresh(frappe, doc)


def sold_at_the_till(frappe: Any) -> Any:
	"""A POS Invoice, issued and reported."""
	import till

	till.opened(frappe)
	doc = till.sold(frappe, world.line("خدمة | Service", 2, 100), paid=200)
	doc.submit()
	frappe.db.commit()
	finish(doc)
	doc = fresh(frappe, doc)
	assert doc.zatca_state == "Reported"
	return doc


# --- refused ----------------------------------------------------------------------------------------------------------
def cancel(frappe: Any, doc: Any) -> None:
	doc.cancel()


def cancel_unvalidated(frappe: Any, doc: Any) -> None:
	doc.flags.ignore_validate = True
	doc.cancel()


def cancel_by_api(frappe: Any, doc: Any) -> None:
	from frappe.client import cancel as by_client

	by_client(doc.doctype, doc.name)


def delete(frappe: Any, doc: Any) -> None:
	frappe.delete_doc(doc.doctype, doc.name, force=True)


def forced_delete(frappe: Any, doc: Any) -> None:
	frappe.delete_doc(doc.doctype, doc.name, force=True, ignore_on_trash=True)


def rename(frappe: Any, doc: Any) -> None:
	frappe.rename_doc(doc.doctype, doc.name, "SINV-OTHER", force=True)


def rename_in_bulk(frappe: Any, doc: Any) -> None:
	from frappe.model.rename_doc import bulk_rename

	told = bulk_rename(doc.doctype, [[doc.name, "SINV-OTHER"]])
	assert frappe.db.exists(doc.doctype, doc.name), told
	frappe.throw(str(told))


def posting_time(frappe: Any, doc: Any) -> None:
	doc.set_posting_time = 1
	doc.posting_date = "2026-10-01"
	doc.save()


def posting_time_unvalidated(frappe: Any, doc: Any) -> None:
	doc.posting_date = "2026-10-01"
	doc.flags.ignore_validate_update_after_submit = True
	doc.save()


def amounts_unvalidated(frappe: Any, doc: Any) -> None:
	doc.items[0].rate = 1
	doc.flags.ignore_validate_update_after_submit = True
	doc.save()


def opening(frappe: Any, doc: Any) -> None:
	doc.is_opening = "Yes"
	doc.save()


def purchase_order(frappe: Any, doc: Any) -> None:
	doc.po_no = "PO-77"
	doc.save()


def set_value_by_api(frappe: Any, doc: Any) -> None:
	from frappe.client import set_value

	set_value(doc.doctype, doc.name, "po_no", "PO-77")


def bulk_update(frappe: Any, doc: Any) -> None:
	from frappe.client import bulk_update as by_client

	told = by_client(frappe.as_json([{"doctype": doc.doctype, "docname": doc.name, "po_no": "PO-77"}]))
	assert frappe.db.get_value(doc.doctype, doc.name, "po_no") != "PO-77", "what is refused is not kept"
	frappe.throw(str(told["failed_docs"])) if told["failed_docs"] else None


def line_saved(frappe: Any, doc: Any) -> None:
	from frappe.client import save as by_client

	by_client(doc.items[0].as_dict())


def line_moved(frappe: Any, doc: Any) -> None:
	from frappe.client import bulk_update as by_client

	row = doc.items[0]
	told = by_client(frappe.as_json([{"doctype": row.doctype, "docname": row.name, "parent": "elsewhere"}]))
	assert frappe.db.get_value(row.doctype, row.name, "parent") == doc.name, "what is refused is not kept"
	frappe.throw(str(told["failed_docs"])) if told["failed_docs"] else None


def line_added(frappe: Any, doc: Any) -> None:
	frappe.copy_doc(doc.items[0]).insert()


def line_deleted(frappe: Any, doc: Any) -> None:
	frappe.delete_doc(doc.items[0].doctype, doc.items[0].name, force=True)


def import_over_it(frappe: Any, doc: Any) -> None:
	"""Data Import, "Update Existing Records"."""
	import csv
	import tempfile

	from frappe.core.doctype.data_import.importer import Importer

	kind = "Update Existing Records"
	job = world.make(frappe, "Data Import", reference_doctype=doc.doctype, import_type=kind)
	frappe.db.commit()
	with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
		csv.writer(file).writerows([["ID", "Customer's Purchase Order"], [doc.name, "PO-77"]])
		file.flush()
		Importer(doc.doctype, data_import=job, file_path=file.name, import_type=kind).import_data()
	(log,) = frappe.get_all("Data Import Log", {"data_import": job.name}, ["success", "messages"])
	if not log.success:
		frappe.throw(str(log.messages))


def cancel_as_a_sum(frappe: Any, doc: Any) -> None:
	"""A REST PUT with docstatus 2 and the word that it only adds up others."""
	doc.is_consolidated = 1
	doc.cancel()


def cancel_as_another(frappe: Any, doc: Any) -> None:
	"""The same, naming a submission that was released and then rejected."""
	other = frappe.sold if doc.name == frappe.issued.name else frappe.issued
	frappe.db.set_value(
		"ZATCA Submission",
		other.zatca_submission,
		{"state": "Rejected", "kind": "Standard", "released_at": frappe.utils.now()},
	)
	doc.zatca_submission = other.zatca_submission
	doc.cancel()


def amend(frappe: Any, doc: Any) -> None:
	copy = frappe.copy_doc(doc)
	copy.amended_from = doc.name
	copy.insert()


def transaction_deletion(frappe: Any, doc: Any) -> None:
	world.make(frappe, "Transaction Deletion Record", company=doc.company)


def series_back(frappe: Any, doc: Any) -> None:
	settings = frappe.get_doc("Document Naming Settings")
	settings.prefix, settings.current_value = doc.naming_series, 0
	settings.update_series_start()


def our_custom_field(frappe: Any, doc: Any) -> None:
	frappe.delete_doc("Custom Field", f"{doc.doctype}-zatca_state")


WAYS = (
	cancel, cancel_unvalidated, cancel_by_api, cancel_as_a_sum, cancel_as_another, delete, forced_delete, rename, rename_in_bulk, posting_time, posting_time_unvalidated,
	amounts_unvalidated, opening, purchase_order, set_value_by_api, bulk_update, line_saved, line_moved, line_added,
	line_deleted, import_over_it, amend,
	transaction_deletion, series_back, our_custom_field,
)  # fmt: skip


@pytest.mark.parametrize("which", ["issued", "sold"])
@pytest.mark.parametrize("way", WAYS)
def test_refused(frappe: Any, way: Any, which: str) -> None:
	doc = fresh(frappe, getattr(frappe, which))
	before = doc.as_dict()
	with pytest.raises(frappe.ValidationError):
		way(frappe, doc)
	frappe.db.rollback()
	after = fresh(frappe, doc).as_dict()
	ignored = ("modified", "_seen")
	assert {k: v for k, v in after.items() if k not in ignored} == {
		k: v for k, v in before.items() if k not in ignored
	}


def test_nobody_but_a_closing_sums_up(frappe: Any) -> None:
	"""Booked at once and skipped, if it were believed: without a row of a sale, with one that no closing sums up here."""
	for named in ({}, {"pos_invoice": frappe.sold.name, "pos_invoice_item": frappe.sold.items[0].name}):
		doc = world.invoice(
			frappe,
			world.VAT_BUYER,
			[{**world.line("خدمة | Service", 2, 100), **named}],
			is_consolidated=1,
		)
		doc.is_consolidated = 1
		doc.submit()
		assert (doc.docstatus, doc.zatca_state, doc.is_consolidated) == (0, "Queued", 0)


def test_rows_of_a_draft_on_its_way_stand_and_those_of_another_do_not(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter.guard import BeingCleared

	draft = world.invoice(frappe, world.VAT_BUYER, [world.line("خدمة | Service", 2, 100)])

	def prepayment() -> Any:
		return frappe.get_doc(
			{
				"doctype": "ZATCA Prepayment",
				"parent": draft.name,
				"parenttype": draft.doctype,
				"parentfield": "zatca_prepayments",
			}
		).insert(ignore_mandatory=True, ignore_links=True)

	prepayment()
	frappe.get_doc(draft.items[0].doctype, draft.items[0].name).save()
	frappe.db.set_value(draft.doctype, draft.name, "zatca_state", "Clearing")
	for attempt in (
		prepayment,
		lambda: frappe.get_doc(draft.items[0].doctype, draft.items[0].name).save(),
		lambda: frappe.delete_doc(draft.items[0].doctype, draft.items[0].name),
	):
		with pytest.raises(BeingCleared):
			attempt()


def test_the_counter_may_go_forwards(frappe: Any) -> None:
	settings = frappe.get_doc("Document Naming Settings")
	settings.prefix, settings.current_value = frappe.issued.naming_series, 5000
	settings.update_series_start()


def test_a_field_the_invoice_does_not_carry_stays_editable(frappe: Any) -> None:
	doc = fresh(frappe, frappe.issued)
	doc.items[0].cost_center = frappe.db.get_value("Cost Center", {"company": world.COMPANY, "is_group": 0})
	doc.letter_head = ""
	doc.save()


def test_reposting_may_move_income_but_no_total(frappe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
	from bayancore_erp.zatca.overrides.back_doors import TotalsWouldChange

	doc = fresh(frappe, frappe.issued)
	allow = frappe.get_doc("Repost Accounting Ledger Settings")
	if not any(row.document_type == "Sales Invoice" for row in allow.allowed_types):
		allow.append("allowed_types", {"document_type": "Sales Invoice", "allowed": 1})
		allow.save()

	def repost() -> None:
		world.make(
			frappe,
			"Repost Accounting Ledger",
			company=doc.company,
			vouchers=[{"voucher_type": doc.doctype, "voucher_no": doc.name}],
		).submit()

	repost()
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import SalesInvoice

	real = SalesInvoice.get_gl_entries

	def shifted(self: Any, *args: Any, **kwargs: Any) -> Any:
		entries = real(self, *args, **kwargs)
		for entry in entries:
			moved = {world.VAT: -1, world.SALES: 1}.get(entry.account, 0)
			entry.credit += moved
			entry.credit_in_account_currency += moved
		return entries

	monkeypatch.setattr(SalesInvoice, "get_gl_entries", shifted)
	with pytest.raises(TotalsWouldChange):
		repost()


def test_signing_in_and_out_is_kept_as_long_as_the_invoices(frappe: Any) -> None:
	from frappe.core.doctype.log_settings.log_settings import LogSettings

	settings = frappe.get_doc("Log Settings")
	settings.register_doctype("Activity Log", 30)
	settings.save()
	assert isinstance(settings, LogSettings)
	kept = {row.ref_doctype: row.days for row in frappe.get_doc("Log Settings").logs_to_clear}
	assert kept["Activity Log"] >= 6 * 365 and kept["Error Log"] < 365


# --- found ------------------------------------------------------------------------------------------------------------
def raw_amount(frappe: Any, doc: Any) -> None:
	frappe.db.set_value(doc.doctype, doc.name, "grand_total", 1, update_modified=False)


def raw_line(frappe: Any, doc: Any) -> None:
	frappe.db.sql(f"update `tab{doc.doctype} Item` set item_name = 'Other' where parent = %s", doc.name)


def raw_line_gone(frappe: Any, doc: Any) -> None:
	frappe.db.delete(f"{doc.doctype} Item", {"parent": doc.name})


def raw_date(frappe: Any, doc: Any) -> None:
	doc.db_set("posting_date", "2026-10-01")


def raw_cancel(frappe: Any, doc: Any) -> None:
	frappe.db.set_value(doc.doctype, doc.name, "docstatus", 2)


def raw_delete(frappe: Any, doc: Any) -> None:
	frappe.db.delete(doc.doctype, {"name": doc.name})


def raw_ledger_vat(frappe: Any, doc: Any) -> None:
	frappe.db.sql(
		"update `tabGL Entry` set credit = credit - 1 where voucher_no = %s and account = %s",
		(doc.name, world.VAT),
	)
	frappe.db.sql(
		"update `tabGL Entry` set credit = credit + 1 where voucher_no = %s and account = %s",
		(doc.name, world.SALES),
	)


def raw_ledger_receivable(frappe: Any, doc: Any) -> None:
	frappe.db.sql(
		"update `tabGL Entry` set debit = debit - 1 where voucher_no = %s and account = %s",
		(doc.name, world.DEBTORS),
	)
	frappe.db.sql(
		"update `tabGL Entry` set credit = credit - 1 where voucher_no = %s and account = %s",
		(doc.name, world.SALES),
	)


def raw_ledger_gone(frappe: Any, doc: Any) -> None:
	frappe.db.delete("GL Entry", {"voucher_no": doc.name})


RAW = (raw_amount, raw_line, raw_line_gone, raw_date, raw_cancel, raw_delete)
RAW_LEDGER = (raw_ledger_vat, raw_ledger_receivable, raw_ledger_gone)


@pytest.mark.parametrize(
	("way", "which"),
	[*((way, "issued") for way in (*RAW, *RAW_LEDGER)), *((way, "sold") for way in RAW)],
)
def test_found(frappe: Any, way: Any, which: str) -> None:
	from bayancore_erp.zatca.adapter import watch

	doc = fresh(frappe, getattr(frappe, which))
	assert [one for one in watch.verify() if one.name == doc.name] == []
	way(frappe, doc)
	found = watch.verify()
	assert {one.name for one in found} == {doc.name}, found
	assert all(one.what for one in found)


def test_the_doctor_names_the_invoice_and_what_is_wrong(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import doctor_records
	from bayancore_erp.zatca.adapter.doctor import Light

	(well,) = doctor_records.books()
	assert well.light is Light.GREEN
	raw_ledger_vat(frappe, frappe.issued)
	(finding,) = doctor_records.books()
	assert finding.light is Light.RED and finding.route == ("Form", "Sales Invoice", frappe.issued.name)
	assert frappe.issued.name in finding.sentence and "VAT" in finding.sentence and finding.todo


def test_the_managers_are_told(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import watch

	assert watch.daily() == []
	raw_amount(frappe, frappe.issued)
	logged = frappe.db.count("Error Log")
	assert watch.daily()
	assert frappe.db.count("Error Log") > logged


def test_renaming_a_customer_or_item_is_no_change(frappe: Any) -> None:
	from bayancore_erp.zatca.adapter import watch

	frappe.rename_doc("Customer", world.VAT_BUYER, "Renamed Customer", force=True)
	frappe.rename_doc("Item", world.ITEM, "RENAMED-ITEM", force=True)
	frappe.rename_doc("Account", world.SALES, f"Sales Renamed - {world.ABBR}", force=True)
	assert watch.verify([frappe.issued.name]) == []
