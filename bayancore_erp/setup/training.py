"""A training company: one click makes it beside the real one, with customers, items and drafts to practise on; one removes it.

Takes a Saudi company that never had a production device; gives its training company, which speaks to this site's own
simulator and to nothing else. Removing takes everything the company ever had, by company, and the demo records; its audit trail
stays and says so. Never touches the real company's records. The callers check permission. Source: Guideline p. 34; issue 4, point 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _
from frappe.utils import nowdate

from bayancore_erp.setup.company import make as set_up
from bayancore_erp.zatca.adapter import local_simulator
from bayancore_erp.zatca.adapter.enrolment import onboard_with_simulator
from bayancore_erp.zatca.adapter.fields import (
	INVOICE_DOCTYPES,
	AddressField,
	BuyerKind,
	CompanyField,
	CustomerField,
	InvoiceField,
	ItemField,
)
from bayancore_erp.zatca.adapter.mapper.scope import COUNTRY
from bayancore_erp.zatca.adapter.seller_form import read, write
from bayancore_erp.zatca.adapter.training import NUMBERS, SIMULATOR

PRODUCTION = "Production"
SUFFIX = "Training"
ABBR = "-T"
# Where the real company has not said it yet; numbers of ZATCA's own samples.
SELLER = {
	"name_ar": "شركة تدريب",
	"vat_number": "310122393500003",
	"registration_scheme": "700",
	"registration_number": "7003457821",
	"street": "King Fahd Road",
	"street_ar": "طريق الملك فهد",
	"building_number": "2929",
	"district": "Al Olaya",
	"district_ar": "العليا",
	"city": "Riyadh",
	"city_ar": "الرياض",
	"postal_code": "12214",
}
ADDRESS = {
	"address_type": "Billing",
	"address_line1": "Prince Sultan Street",
	AddressField.STREET_AR: "شارع الأمير سلطان",
	AddressField.BUILDING_NUMBER: "3724",
	AddressField.DISTRICT: "Al Rawdah",
	AddressField.DISTRICT_AR: "الروضة",
	"city": "Jeddah",
	AddressField.CITY_AR: "جدة",
	"pincode": "23434",
	"country": COUNTRY,
	"is_primary_address": 1,
}
BUSINESS = "تدريب: شركة الأفق | Training: Horizon Co"
INCOMPLETE = "تدريب: مؤسسة بلا رقم مبنى | Training: No Building Number"
PERSON = "تدريب: سارة محمد | Training: Sara Mohammed"
CONSULTING, PAPER = "TRAINING-CONSULTING", "TRAINING-PAPER"
ITEMS = {CONSULTING: ("Consulting", "استشارات", 450.0), PAPER: ("Printing paper", "ورق طباعة", 18.5)}
OURS = ("ZATCA", "AI Errors", "Archive", "Invoice to Cash")
TRAIL = ("Audit Event", "Audit Seal")


# --- start ------------------------------------------------------------------------------------------------------------
def start(company: str) -> str:
	"""Make the training company of `company`, ready to submit its first draft. Gives its name. Commits.

	Raises frappe.ValidationError for a company that has, or ever had, a production device, or has a training company already.
	"""
	check(company)
	name = make_company(company)
	set_up(name)
	values = read(company)
	write(name, {field: values.get(field) or SELLER.get(field, "") for field in {**values, **SELLER}})
	frappe.db.commit()
	device = onboard_with_simulator(name, local_simulator.start().url)
	settings = frappe.get_doc("ZATCA Settings", name)
	settings.update(
		{
			"enabled": 1,
			"go_live_date": nowdate(),
			"default_device": device.name,
			"settle_differences": "Settle Automatically",
		}
	)
	settings.save(ignore_permissions=True)
	add_drafts(name)
	frappe.db.commit()
	return name


def check(company: str) -> None:
	"""Raise where training would be confusing or unlawful."""
	row = frappe.db.get_value("Company", company, ["country", CompanyField.TRAINING_OF], as_dict=True)
	if not row or row.country != COUNTRY or row[CompanyField.TRAINING_OF]:
		frappe.throw(_("Choose a company in Saudi Arabia that is not a training company itself."))
	if frappe.db.exists("ZATCA Device", {"company": company, "environment": PRODUCTION}):
		frappe.throw(
			_("{0} has a production device. Practise on a copy of the site instead.").format(company),
			title=_("Training"),
		)
	found = frappe.db.get_value("Company", {CompanyField.TRAINING_OF: company})
	if found:
		frappe.throw(_("{0} has a training company already: {1}.").format(company, found))


def make_company(company: str) -> str:
	"""The company itself, with its chart of accounts."""
	original = frappe.get_doc("Company", company)
	doc = frappe.get_doc(
		{
			"doctype": "Company",
			"company_name": f"{original.company_name} ({SUFFIX})",
			"abbr": f"{original.abbr}{ABBR}",
			"default_currency": original.default_currency,
			"country": COUNTRY,
			"chart_of_accounts": original.chart_of_accounts or "Standard",
			"create_chart_of_accounts_based_on": "Standard Template",
			CompanyField.TRAINING_OF: company,
		}
	)
	doc.flags.made_for_training = True
	doc.insert(ignore_permissions=True)
	return str(doc.name)


def add_drafts(company: str) -> None:
	"""What people practise on: an invoice that is cleared, one that names a missing field, one at the till."""
	for code, (english, arabic, _rate) in ITEMS.items():
		once(
			"Item",
			code,
			item_code=code,
			item_name=english,
			**{ItemField.NAME_AR: arabic},
			item_group=frappe.db.get_value("Item Group", {"is_group": 0}),
			stock_uom="Nos",
			is_stock_item=0,
		)
	for customer, kind, vat_number, address in (
		(BUSINESS, BuyerKind.VAT_REGISTERED.value, "399999999900003", {}),
		(INCOMPLETE, BuyerKind.VAT_REGISTERED.value, "300075588700003", {AddressField.BUILDING_NUMBER: ""}),
		(PERSON, BuyerKind.PRIVATE_PERSON.value, "", None),
	):
		add_customer(customer, kind, vat_number, address)
		add_draft(company, customer)


def add_customer(name: str, kind: str, vat_number: str, address: dict[str, str] | None) -> None:
	"""A demo customer, with its address where it has one."""
	once(
		"Customer",
		name,
		customer_name=name,
		customer_type="Individual" if address is None else "Company",
		customer_group=frappe.db.get_value("Customer Group", {"is_group": 0}),
		territory=frappe.db.get_value("Territory", {"is_group": 0}),
		tax_id=vat_number,
		**{CustomerField.BUYER_KIND: kind},
	)
	if address is not None and not frappe.db.exists("Dynamic Link", {"link_doctype": "Customer", "link_name": name, "parenttype": "Address"}):  # fmt: skip
		title = name.split("|")[-1].strip()
		frappe.get_doc(
			{"doctype": "Address", "address_title": title, **ADDRESS, **address, "links": [{"link_doctype": "Customer", "link_name": name}]}
		).insert(ignore_permissions=True)  # fmt: skip


def add_draft(company: str, customer: str) -> None:
	"""One draft with both items at 15 %."""
	from erpnext.controllers.accounts_controller import get_taxes_and_charges

	template = frappe.db.get_value(
		"Sales Taxes and Charges Template", {"company": company, "is_default": 1, "disabled": 0}
	)
	doc = frappe.new_doc("Sales Invoice")
	doc.update(
		{"company": company, "customer": customer, "due_date": nowdate(), "taxes_and_charges": template}
	)
	for code, (_english, _arabic, rate) in ITEMS.items():
		doc.append("items", {"item_code": code, "qty": 2, "rate": rate})
	doc.set("taxes", get_taxes_and_charges("Sales Taxes and Charges Template", template))
	doc.insert(ignore_permissions=True)


def once(doctype: str, name: str, **values: Any) -> None:
	"""Insert a record that is not there yet."""
	if not frappe.db.exists(doctype, name):
		frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)


# --- remove -----------------------------------------------------------------------------------------------------------
def remove(company: str) -> dict[str, int]:
	"""Take a training company away with everything in it but its audit trail. Gives how many rows of which DocType went. Commits.

	Raises frappe.ValidationError for any company that is not one, or that ever had a device of another environment.
	"""
	require_training(company)
	gone: dict[str, int] = {}
	for doctype in of_company():
		names = frappe.get_all(doctype, filters={"company": company}, pluck="name", limit=0)
		if names:
			tell("zatca_rows_removed", doctype, names, company)
			forget(doctype, names)
			gone[doctype] = len(names)
	remove_addresses("Company", company)
	frappe.delete_doc("Company", company, force=True, ignore_permissions=True)
	tell("zatca_training_removed", company, sum(gone.values()))
	remove_demo_records()
	if not any(map(local_simulator.is_local, frappe.get_all("ZATCA Device", pluck="gateway_url"))):
		local_simulator.stop()
	frappe.db.commit()
	frappe.clear_cache()
	return gone


def require_training(company: str) -> None:
	"""Raise frappe.ValidationError where anything says that the company is a real one.

	Not only the mark is asked: what follows deletes a ledger. The company it was made for may have gone or changed its name.
	"""
	row = frappe.db.get_value("Company", company, ["abbr", CompanyField.TRAINING_OF], as_dict=True)
	original = row and row[CompanyField.TRAINING_OF]
	if not original or original == company or not row.abbr.endswith(ABBR):
		frappe.throw(_("{0} is not a training company.").format(company))
	if frappe.db.exists("ZATCA Device", {"company": company, "environment": ("!=", SIMULATOR)}):
		frappe.throw(_("{0} has devices of other environments than the simulator.").format(company))
	# A till that was offline brings numbers of its own, with documents of the simulator's.
	real = {"company": company, "name": ("not like", NUMBERS), InvoiceField.DOCUMENT: ("is", "not set")}
	for doctype in INVOICE_DOCTYPES:
		if found := frappe.db.exists(doctype, real):
			frappe.throw(
				_("{0} has the invoice {1}, which is none of a training company.").format(company, found)
			)


def tell(hook: str, *facts: Any) -> None:
	"""Tell whoever keeps something of the company elsewhere."""
	for path in frappe.get_hooks(hook):
		frappe.get_attr(path)(*facts)


def of_company() -> Iterator[str]:
	"""Every stored DocType whose rows belong to one company by their field `company`: a link, or plain text in our own.

	Not the audit trail: nothing removes an event, and this one's tells what became of the rest.
	"""
	fields = frappe.get_all(
		"DocField",
		filters={"fieldname": "company", "parenttype": "DocType"},
		fields=["parent", "fieldtype", "options"],
	)
	for field in fields:
		meta = frappe.get_meta(field.parent)
		if meta.issingle or meta.istable or meta.is_virtual or field.parent in TRAIL:
			continue
		if field.options == "Company" or (field.fieldtype == "Data" and meta.module in OURS):
			yield field.parent


def forget(doctype: str, names: list[str]) -> None:
	"""Delete rows with their children and secrets: they were never part of anybody's books."""
	for child in frappe.get_meta(doctype).get_table_fields():
		frappe.db.delete(child.options, {"parenttype": doctype, "parent": ("in", names)})
	if doctype == "ZATCA Device":
		frappe.db.delete("__Auth", {"doctype": doctype, "name": ("in", names)})
		frappe.db.delete("ZATCA Enrolment", {"name": ("in", names)})
	attached = {"attached_to_doctype": doctype, "attached_to_name": ("in", names)}
	for file in frappe.get_all("File", filters=attached, pluck="name"):
		frappe.delete_doc("File", file, force=True, ignore_permissions=True)
	frappe.db.delete(doctype, {"name": ("in", names)})


def remove_demo_records() -> None:
	"""Customers, addresses and items of the training, where nothing else uses them."""
	if frappe.db.exists("Company", {CompanyField.TRAINING_OF: ("is", "set")}):
		return
	for name in (BUSINESS, INCOMPLETE, PERSON):
		remove_addresses("Customer", name)
		drop("Customer", name)
	for code in ITEMS:
		drop("Item", code)


def remove_addresses(doctype: str, name: str) -> None:
	"""The addresses of a party that goes."""
	linked = {"parenttype": "Address", "link_doctype": doctype, "link_name": name}
	for address in frappe.get_all("Dynamic Link", filters=linked, pluck="parent"):
		frappe.delete_doc("Address", address, force=True, ignore_permissions=True)


def drop(doctype: str, name: str) -> None:
	"""Delete a demo record; one that somebody has used elsewhere stays."""
	if not frappe.db.exists(doctype, name):
		return
	try:
		frappe.delete_doc(doctype, name, ignore_permissions=True)
	except frappe.LinkExistsError:
		frappe.clear_last_message()
