"""A Saudi company with its customers, items and accounts, as site tests need them; made once for a private bench and kept as a dump.

Takes a private bench; gives a site with the app installed and `frappe` connected to it. Everything is made the way its users
make it, through documents. The names are constants here, so that tests read like stories.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from private_bench import BENCH, PrivateBench

SITE = "saudi.local"
COMPANY = "Bayan Trading Co"
ABBR = "BTC"
SELLER_VAT = "310122393500003"

# Customers: name -> what they are.
VAT_BUYER = "شركة الأفق | Horizon Co"
GOV_BUYER = "أمانة المنطقة | Municipality"
PERSON = "سارة محمد | Sara Mohammed"
FOREIGN_BUYER = "Atlantic Steel Inc"
GROUP_MEMBER = "شركة شقيقة | Sister Co"
WALK_IN = "عميل نقدي | Walk-in"
UNREGISTERED = "مؤسسة النخلة | Palm Establishment"

VAT = f"VAT 15% Output - {ABBR}"
SALES = f"Sales - {ABBR}"
DEBTORS = f"Debtors - {ABBR}"
ROUND_OFF = f"Round Off - {ABBR}"
ADVANCES = f"Advances from Customers (VAT Paid) - {ABBR}"
FREIGHT = f"Freight and Charges Income - {ABBR}"
SERVICE_CHARGE = f"Service Charge Income - {ABBR}"
RETENTION = f"Retention Receivable - {ABBR}"
TIPS = f"Tips Payable to Staff - {ABBR}"
PROMOTION = f"Promotion Expense - {ABBR}"

ITEM = "SERVICE"
"""One item that rows rename as they need."""
EXCLUSIVE = f"KSA VAT 15% - {ABBR}"
INCLUSIVE = f"KSA VAT 15%, Included in Prices - {ABBR}"
POS_PROFILE = "Till 1"
TODAY = "2026-11-10"


@contextmanager
def connected(bench: PrivateBench, site: str = SITE) -> Iterator[Any]:
	"""frappe on a site that holds the world."""
	import frappe

	stored = bench.folder / "world.sql"
	if stored.exists() and os.environ.get("WORLD") == "keep":
		pass  # whoever writes a test runs it again and again on the site as the last run left it
	elif stored.exists():
		bench.restore(site, stored)
	else:
		bench.restore(site, BENCH / "dumps" / "saudi.sql.gz")
		bench.command(site, "install-app", "bayancore_erp")
	if os.environ.get("WORLD") != "keep":
		# An archive that knows of a later day would rightly be missed by the verifier.
		for kept in ("private/zatca-archive", "private/audit-witness", "private/audit-packs", "locks"):
			shutil.rmtree(bench.sites / site / kept, ignore_errors=True)
		(bench.sites / site / "locks").mkdir()
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	forget_keys()
	try:
		frappe.set_user("Administrator")
		if not stored.exists():
			build(frappe)
			frappe.db.commit()
			bench.dump(site, stored)
		yield frappe
	finally:
		frappe.db.rollback()
		frappe.destroy()


def forget_keys() -> None:
	"""What this process knows of the database that was there before."""
	from bayancore_erp.archive.adapter import trail_key
	from bayancore_erp.zatca.adapter import vault

	trail_key.forget()
	vault.forget()


def build(frappe: Any) -> None:
	"""Everything a company has before its first invoice."""
	set_up_company(frappe)
	add_accounts(frappe)
	add_customers(frappe)
	add_items(frappe)
	add_till(frappe)


def make(frappe: Any, doctype: str, **values: Any) -> Any:
	"""Insert one document."""
	return frappe.get_doc({"doctype": doctype, **values}).insert()


def set_up_company(frappe: Any) -> None:
	"""Its identity, address, tax templates, settings and a device."""
	from bayancore_erp.setup.company import add_exemption, setup_company

	company = frappe.get_doc("Company", COMPANY)
	company.update(
		{
			"tax_id": SELLER_VAT,
			"zatca_name_ar": "شركة بيان للتجارة",
			"zatca_registration_scheme": "700",
			"zatca_registration_number": "7003457821",
		}
	)
	company.save()
	# one receivable account in riyals for customers of every currency
	frappe.db.set_single_value(
		"Accounts Settings", "allow_multi_currency_invoices_against_single_party_account", 1
	)
	address = add_address(frappe, "Company", COMPANY, is_your_company_address=1)
	setup_company(COMPANY)
	for code in ("VATEX-SA-32", "VATEX-SA-33", "VATEX-SA-35", "VATEX-SA-29", "VATEX-SA-EDU", "VATEX-SA-OOS"):
		add_exemption(COMPANY, code)
	device = make(frappe, "ZATCA Device", device_name="Main", company=COMPANY, environment="Simulator")
	settings = frappe.get_doc("ZATCA Settings", COMPANY)
	settings.update(
		{
			"enabled": 1,
			"go_live_date": "2026-01-01",
			"address": address,
			"default_device": device.name,
			"settle_differences": "Settle Automatically",
		}
	)
	settings.save()


def in_use(frappe: Any) -> None:
	"""The device as if it were connected, for what never signs. The caller commits."""
	frappe.db.set_value("ZATCA Device", {"company": COMPANY}, "status", "Active")


def add_address(frappe: Any, doctype: str, name: str, **changes: Any) -> str:
	"""A National Address linked to a party."""
	values = {
		"address_title": name.split("|")[-1].strip(),
		"address_type": "Billing",
		"address_line1": "King Fahd Road",
		"zatca_street_ar": "طريق الملك فهد",
		"zatca_building_number": "2929",
		"zatca_additional_number": "7386",
		"zatca_district": "Al Olaya",
		"zatca_district_ar": "العليا",
		"city": "Riyadh",
		"zatca_city_ar": "الرياض",
		"pincode": "12214",
		"country": "Saudi Arabia",
		"is_primary_address": 1,
		"links": [{"link_doctype": doctype, "link_name": name}],
		**changes,
	}
	return str(make(frappe, "Address", **values).name)


def add_accounts(frappe: Any) -> None:
	"""What the worked examples book to beside sales, debtors and VAT."""
	for full, parent, kind in (
		(FREIGHT, "Direct Income", "Income Account"),
		(SERVICE_CHARGE, "Direct Income", "Income Account"),
		(RETENTION, "Current Assets", ""),
		(TIPS, "Current Liabilities", ""),
		(PROMOTION, "Indirect Expenses", "Expense Account"),
	):
		make(
			frappe,
			"Account",
			account_name=full.removesuffix(f" - {ABBR}"),
			company=COMPANY,
			parent_account=f"{parent} - {ABBR}",
			account_type=kind,
		)


def add_customers(frappe: Any) -> None:
	"""One of each kind of buyer."""
	for name, kind, values in (
		(VAT_BUYER, "VAT Registered", {"tax_id": "399999999900003"}),
		(GOV_BUYER, "Government", {"zatca_id_scheme": "700", "zatca_id_number": "7009876541"}),
		(
			UNREGISTERED,
			"Legal Person Not Registered",
			{"zatca_id_scheme": "CRN", "zatca_id_number": "1010294735"},
		),
		(PERSON, "Private Person", {"customer_type": "Individual"}),
		(WALK_IN, "", {"customer_type": "Company"}),
		(
			FOREIGN_BUYER,
			"Foreign",
			{"zatca_id_scheme": "OTH", "zatca_id_number": "US77821", "zatca_name_ar": "أتلانتيك للحديد"},
		),
		(GROUP_MEMBER, "VAT Registered", {"tax_id": "310122393500013", "zatca_vat_group_member": 1}),
	):
		customer = make(
			frappe,
			"Customer",
			customer_name=name,
			customer_group="Commercial",
			territory="All Territories",
			zatca_buyer_kind=kind,
			**{"customer_type": "Company", **values},
		)
		if name in (PERSON, WALK_IN):
			continue
		abroad = (
			{
				"country": "United States",
				"address_line1": "12 Harbor Street",
				"zatca_street_ar": "",
				"city": "Boston",
				"zatca_city_ar": "",
				"zatca_district": "",
				"zatca_district_ar": "",
				"pincode": "02110",
				"zatca_building_number": "",
				"zatca_additional_number": "",
			}
			if name == FOREIGN_BUYER
			else {}
		)
		add_address(frappe, "Customer", customer.name, **abroad)


def add_items(frappe: Any) -> None:
	"""A service whose rows rename it; no stock, so that the ledger holds the sale alone."""
	make(
		frappe,
		"Item",
		item_code=ITEM,
		item_name="Service",
		zatca_name_ar="خدمة",
		item_group="Services",
		stock_uom="Nos",
		is_stock_item=0,
		sales_uom="Nos",
	)
	frappe.db.set_value("UOM", "Nos", "must_be_whole_number", 0)


def add_till(frappe: Any) -> None:
	"""A POS Profile with a customer for everybody and cash."""
	cash = frappe.get_doc("Mode of Payment", "Cash")
	if not any(row.company == COMPANY for row in cash.accounts):
		cash.append("accounts", {"company": COMPANY, "default_account": f"Cash - {ABBR}"})
		cash.save()
	warehouse = frappe.db.get_value("Warehouse", {"company": COMPANY, "is_group": 0})
	make(
		frappe,
		"POS Profile",
		name=POS_PROFILE,
		company=COMPANY,
		customer=WALK_IN,
		currency="SAR",
		warehouse=warehouse,
		write_off_account=f"Write Off - {ABBR}",
		write_off_cost_center=f"Main - {ABBR}",
		selling_price_list="Standard Selling",
		payments=[{"mode_of_payment": "Cash", "default": 1}],
	)


# --- documents --------------------------------------------------------------------------------------------------------
def line(name: str, qty: Any, rate: Any, vat: str = "S", **more: Any) -> dict[str, Any]:
	"""A row of the items table; `vat` is S or an exemption code."""
	values: dict[str, Any] = {
		"item_code": ITEM,
		"item_name": name,
		"description": name,
		"qty": as_number(qty),
		"rate": as_number(rate),
		"uom": "Nos",
		"income_account": SALES,
		**more,
	}
	values.setdefault("zatca_item_name_ar", name.split("|")[0].strip())
	if vat != "S":
		values["item_tax_template"] = item_template(vat)
	return values


def as_number(value: Any) -> float:
	"""What a form sends for a figure."""
	return float(value)


def item_template(code: str) -> str:
	"""The item tax template the Saudi set-up made for an exemption code."""
	import frappe

	return str(frappe.db.get_value("Item Tax Template", {"company": COMPANY, "zatca_exemption_code": code}))


def vat_rows(template: str = EXCLUSIVE) -> list[dict[str, Any]]:
	"""What choosing a sales tax template in the form copies into the taxes table."""
	import frappe

	rows = frappe.get_all(
		"Sales Taxes and Charges",
		filters={"parent": template},
		fields=[
			"charge_type",
			"account_head",
			"description",
			"rate",
			"included_in_print_rate",
			"cost_center",
			"zatca_treatment",
		],
		order_by="idx",
	)
	return [dict(row) for row in rows]


def charge(account: str, amount: Any, words: str, **more: Any) -> dict[str, Any]:
	"""A row of the taxes table with a fixed amount."""
	return {
		"charge_type": "Actual",
		"account_head": account,
		"description": words,
		"tax_amount": as_number(amount),
		"cost_center": f"Main - {ABBR}",
		**more,
	}


def invoice(frappe: Any, customer: str, items: list[dict[str, Any]], **more: Any) -> Any:
	"""A draft Sales Invoice as a user saves it."""
	values: dict[str, Any] = {
		"doctype": "Sales Invoice",
		"company": COMPANY,
		"customer": customer,
		"currency": "SAR",
		"posting_date": TODAY,
		"set_posting_time": 1,
		"due_date": TODAY,
		"items": items,
		"debit_to": DEBTORS,
		"ignore_pricing_rule": 1,
		**more,
	}
	if "taxes" not in values:
		values["taxes_and_charges"] = values.get("taxes_and_charges", EXCLUSIVE)
		values["taxes"] = vat_rows(values["taxes_and_charges"])
	doc = frappe.get_doc(values)
	doc.insert()
	return doc


def dies(frappe: Any, work: Callable[[], Any]) -> None:
	"""Do some work in a forked process, connected by itself, which has to die of SIGKILL in the middle of it."""
	frappe.db.commit()
	frappe.db.close()
	child = os.fork()
	if not child:
		try:
			frappe.connect()
			frappe.set_user("Administrator")
			work()
		finally:
			os._exit(7)  # not reached where the blow fell
	_pid, status = os.waitpid(child, 0)
	frappe.connect()
	frappe.set_user("Administrator")
	assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status


def ledger(frappe: Any, doc: Any) -> dict[str, Any]:
	"""Debit minus credit by account, in riyals, of what a document posted; accounts that come to nothing left out."""
	from decimal import Decimal

	sums: dict[str, Decimal] = {}
	for row in frappe.get_all(
		"GL Entry",
		filters={"voucher_type": doc.doctype, "voucher_no": doc.name, "is_cancelled": 0},
		fields=["account", "debit", "credit"],
	):
		moved = Decimal(repr(round(row.debit, 2))) - Decimal(repr(round(row.credit, 2)))
		sums[row.account] = sums.get(row.account, Decimal("0.00")) + moved
	return {account: moved for account, moved in sums.items() if moved}


CLEARANCE = "bayancore_erp.zatca.overrides.sales_invoice."
SETTLEMENT = {
	"before_validate": "bayancore_erp.zatca.adapter.settle.before_validate",
	"validate": "bayancore_erp.zatca.adapter.settle.on_validate",
}


def forget_settings(frappe: Any) -> None:
	"""After a rollback: what this process remembers of single settings."""
	for doctype in ("System Settings", "Global Defaults", "Accounts Settings"):
		frappe.clear_document_cache(doctype, doctype)
	frappe.db.value_cache.clear()
	frappe.local.system_settings = None


def wire_settlement(frappe: Any) -> None:
	"""Mapping and settlement alone, for this process: a submit posts at once, without clearance and its guards.

	For tests of amounts and of the ledger; what clearance does to a submit has tests of its own.
	"""
	hooks = frappe.get_doc_hooks()
	for doctype in ("Sales Invoice", "POS Invoice"):
		events = hooks.setdefault(doctype, {})
		for event in {*events, *SETTLEMENT}:
			kept = [handler for handler in events.get(event, []) if not handler.startswith(CLEARANCE)]
			if event in SETTLEMENT and SETTLEMENT[event] not in kept:
				kept.append(SETTLEMENT[event])
			events[event] = kept


@contextmanager
def all_handlers(frappe: Any) -> Iterator[None]:
	"""Within `wire_settlement`: the app's handlers as they are shipped, for as long as this lasts."""
	narrowed = frappe.local.doc_events_hooks
	frappe.local.doc_events_hooks = None
	try:
		yield
	finally:
		frappe.local.doc_events_hooks = narrowed
