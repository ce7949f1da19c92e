"""Everything the mapper reads beside the document itself, in one query per kind of record.

Takes a Sales Invoice or POS Invoice; gives its company, buyer, addresses, tax templates, accounts, units and originals.
Never writes, and never asks per line: the number of queries does not depend on the number of lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import frappe

from bayancore_erp.zatca.adapter.fields import (
	AddressField,
	BranchField,
	CustomerField,
	InvoiceField,
	ItemField,
	ItemTaxTemplateField,
	ModeOfPaymentField,
	PosProfileField,
	SalesInvoiceField,
	TaxTemplateField,
	UomField,
)

NOTHING: Any = frappe._dict()

ADDRESS_FIELDS = (
	"name",
	"address_line1",
	"address_line2",
	"city",
	"state",
	"pincode",
	"country",
	*(value for name, value in vars(AddressField).items() if name.isupper()),
)
ORIGINAL_FIELDS = (
	"name",
	"company",
	"customer",
	"docstatus",
	"posting_date",
	"posting_time",
	"currency",
	"conversion_rate",
	"grand_total",
	"is_return",
	"return_against",
	"taxes_and_charges",
	InvoiceField.KIND,
	InvoiceField.STATE,
	InvoiceField.KIND_CHOICE,
	InvoiceField.BUYER_KIND,
	InvoiceField.SUPPLY_DATE,
	InvoiceField.SUPPLY_END_DATE,
	InvoiceField.SAR_RATE,
	InvoiceField.ISSUED_AT,
	InvoiceField.UUID,
)


@dataclass(slots=True)
class Facts:
	"""What is known around one document."""

	company: Any
	settings: Any
	customer: Any
	branch: Any = field(default_factory=frappe._dict)
	pos_profile: Any = field(default_factory=frappe._dict)
	addresses: dict[str, Any] = field(default_factory=dict)
	seller_address: str = ""
	buyer_address: str = ""
	item_templates: dict[str, Any] = field(default_factory=dict)
	tax_template: Any = field(default_factory=frappe._dict)
	account_types: dict[str, str] = field(default_factory=dict)
	units: dict[str, Any] = field(default_factory=dict)
	item_names: dict[str, str] = field(default_factory=dict)
	modes: dict[str, str] = field(default_factory=dict)
	originals: dict[str, Any] = field(default_factory=dict)
	prepayment_invoices: dict[str, Any] = field(default_factory=dict)

	@property
	def in_riyals(self) -> bool:
		"""Whether the books are kept in SAR."""
		return bool(self.company.get("default_currency") == "SAR")


def around(doc: Any) -> Facts:
	"""Who sells and who buys: what deciding on kind, skip and device needs."""
	company = frappe.get_cached_doc("Company", doc.company)
	facts = Facts(company, settings_of(doc.company), customer_of(doc.get("customer")))
	if doc.get("pos_profile"):
		facts.pos_profile = one(
			"POS Profile",
			doc.pos_profile,
			"customer",
			"company_address",
			PosProfileField.DEVICE,
			PosProfileField.BRANCH,
		)
	branch = branch_of(doc, facts.pos_profile)
	if branch:
		facts.branch = one(
			"Branch",
			branch,
			"name",
			BranchField.COMPANY,
			BranchField.NAME_AR,
			BranchField.ADDRESS,
			BranchField.REGISTRATION_SCHEME,
			BranchField.REGISTRATION_NUMBER,
			BranchField.DEVICE,
		)
		if facts.branch.get(BranchField.COMPANY) not in (None, "", doc.company):
			facts.branch = NOTHING
	facts.originals = originals_of(doc)
	return facts


def preload(doc: Any) -> Facts:
	"""`around`, and everything the lines, taxes and payments refer to."""
	facts = around(doc)
	load_addresses(doc, facts)
	items = doc.get("items") or []
	facts.item_templates = many(
		"Item Tax Template",
		(row.get("item_tax_template") for row in items),
		ItemTaxTemplateField.VAT_CATEGORY,
		ItemTaxTemplateField.EXEMPTION_CODE,
		ItemTaxTemplateField.EXEMPTION_REASON,
	)
	if doc.get("taxes_and_charges"):
		facts.tax_template = cached(
			"Sales Taxes and Charges Template",
			doc.taxes_and_charges,
			TaxTemplateField.VAT_CATEGORY,
			TaxTemplateField.EXEMPTION_CODE,
			TaxTemplateField.EXEMPTION_REASON,
		)
	heads = {row.get("account_head") for row in doc.get("taxes") or []} - {None, ""}
	facts.account_types = {
		name: frappe.get_cached_value("Account", name, "account_type") or "" for name in sorted(heads)
	}
	units = sorted({row.get("uom") for row in items} - {None, ""})
	facts.units = {name: cached("UOM", name, UomField.CODE, UomField.NAME_AR) for name in units}
	nameless = {row.get("item_code") for row in items if not row.get("zatca_item_name_ar")}
	facts.item_names = {
		name: row.get(ItemField.NAME_AR) or ""
		for name, row in many("Item", nameless, ItemField.NAME_AR).items()
	}
	paid = {row.get("mode_of_payment") for row in doc.get("payments") or []}
	for name, row in many("Mode of Payment", paid, "type", ModeOfPaymentField.CODE).items():
		facts.modes[name] = row.get(ModeOfPaymentField.CODE) or BY_TYPE.get(row.type or "", "")
	advances = {row.get("prepayment_invoice") for row in doc.get(SalesInvoiceField.PREPAYMENTS) or []}
	facts.prepayment_invoices = many(
		"Sales Invoice", advances, *ORIGINAL_FIELDS, SalesInvoiceField.IS_PREPAYMENT
	)
	return facts


# --- once for one save ------------------------------------------------------------------------------------------------
def keep_facts(doc: Any) -> None:
	"""From here to `drop_facts` the document is asked about again and again: read what is around it once."""
	doc.flags.zatca_facts = {}


def drop_facts(doc: Any) -> None:
	"""The save is over: other records may change."""
	doc.flags.pop("zatca_facts", None)


def facts_of(doc: Any) -> Facts:
	"""`preload`, or what it gave before in this save while the document still refers to the same records."""
	kept = (getattr(doc, "flags", None) or {}).get("zatca_facts")
	if kept is None:
		return preload(doc)
	asked = refers_to(doc)
	if kept.get("asked") != asked:
		kept.update(asked=asked, facts=preload(doc))
	return kept["facts"]  # type: ignore[no-any-return]


def refers_to(doc: Any) -> tuple[Any, ...]:
	"""Everything `preload` asks a document for."""
	one = tuple(doc.get(name) for name in REFERENCES)
	rows = tuple(
		tuple(row.get(name) for name in names)
		for table, names in ROWS.items()
		for row in doc.get(table) or []
	)
	return one, rows


REFERENCES = (
	"company",
	"customer",
	"pos_profile",
	InvoiceField.BRANCH,
	"branch",
	"is_return",
	"is_debit_note",
	"return_against",
	"customer_address",
	"company_address",
	"taxes_and_charges",
)
ROWS = {
	"items": ("item_code", "item_tax_template", "uom", "zatca_item_name_ar", "delivery_note"),
	"taxes": ("account_head",),
	"payments": ("mode_of_payment",),
	SalesInvoiceField.PREPAYMENTS: ("prepayment_invoice",),
}


# What a mode of payment usually is, where nobody chose its code (UNTDID 4461).
BY_TYPE = {"Cash": "10", "Bank": "42", "General": "1", "Phone": "48"}


def settings_of(company: str) -> Any:
	"""The company's ZATCA Settings, or an empty record."""
	try:
		return frappe.get_cached_doc("ZATCA Settings", company)
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		return NOTHING


def customer_of(name: str | None) -> Any:
	"""The customer with what decides about the invoice."""
	if not name:
		return NOTHING
	return one(
		"Customer",
		name,
		"name",
		"customer_name",
		"customer_type",
		"tax_id",
		"customer_primary_address",
		"is_internal_customer",
		"represents_company",
		*(value for key, value in vars(CustomerField).items() if key.isupper()),
	)


def branch_of(doc: Any, pos_profile: Any) -> str:
	"""The branch: chosen on the document, an accounting dimension of that name, or the till's."""
	return doc.get(InvoiceField.BRANCH) or doc.get("branch") or pos_profile.get(PosProfileField.BRANCH) or ""


def originals_of(doc: Any) -> dict[str, Any]:
	"""The invoices of this system that a note corrects, by name: also those found through the delivery notes."""
	if not (doc.get("is_return") or doc.get("is_debit_note")):
		return {}
	against = doc.get("return_against")
	if not against and doc.doctype == "Sales Invoice":
		return many(doc.doctype, billed_before(doc), *ORIGINAL_FIELDS)
	return many(doc.doctype, [against], *ORIGINAL_FIELDS)


def billed_before(doc: Any) -> list[str]:
	"""Invoices of the deliveries that are returned: a note made from a Delivery Note names no original itself."""
	notes = {row.get("delivery_note") for row in doc.get("items") or []} - {None, ""}
	if not notes:
		return []
	delivered = frappe.get_all(
		"Delivery Note", filters={"name": ("in", notes), "is_return": 1}, pluck="return_against"
	)
	if not delivered:
		return []
	return frappe.get_all(
		"Sales Invoice Item",
		filters={"delivery_note": ("in", delivered), "docstatus": 1, "qty": (">", 0)},
		pluck="parent",
		distinct=True,
	)


def load_addresses(doc: Any, facts: Facts) -> None:
	"""Seller's and buyer's address in one query."""
	facts.buyer_address = doc.get("customer_address") or facts.customer.get("customer_primary_address") or ""
	facts.seller_address = (
		facts.branch.get(BranchField.ADDRESS)
		or facts.settings.get("address")
		or doc.get("company_address")
		or facts.pos_profile.get("company_address")
		or own_address(doc.company)
	)
	facts.addresses = many("Address", [facts.buyer_address, facts.seller_address], *ADDRESS_FIELDS)


def own_address(company: str) -> str:
	"""An address linked to the company, where nothing names one."""
	linked = frappe.get_all(
		"Dynamic Link",
		filters={"link_doctype": "Company", "link_name": company, "parenttype": "Address"},
		pluck="parent",
		order_by="creation",
		limit=1,
	)
	return linked[0] if linked else ""


def one(doctype: str, name: str, *fields: str) -> Any:
	"""Fields of one record, empty where it does not exist."""
	return frappe.db.get_value(doctype, name, list(fields), as_dict=True) or NOTHING


def cached(doctype: str, name: str, *fields: str) -> Any:
	"""The same of one of the few records that all invoices share and that hardly ever change."""
	return frappe.get_cached_value(doctype, name, list(fields), as_dict=True) or NOTHING


def many(doctype: str, names: Iterable[str | None], *fields: str) -> dict[str, Any]:
	"""Fields of several records by name, in one query; none for none."""
	wanted = sorted({name for name in names if name})
	if not wanted:
		return {}
	rows = frappe.get_all(
		doctype,
		filters={"name": ("in", wanted)},
		fields=["name", *(field for field in fields if field != "name" and exists(doctype, field))],
		limit_page_length=0,
	)
	return {row.name: row for row in rows}


def exists(doctype: str, fieldname: str) -> bool:
	"""Whether the doctype has the field: POS Invoice lacks some of what Sales Invoice has."""
	meta = frappe.get_meta(doctype)
	return meta.has_field(fieldname) or fieldname in ("docstatus", "owner", "creation")
