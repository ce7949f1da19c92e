"""From a field of the core's model to the field of the form a person corrects: one table, both ways of asking.

Takes a document and a path such as `lines[2].vat.exemption_code`; gives doctype, name, fieldname and row. A path that no form
field produces leads to the nearest one around it, else to the document itself.
Source: core/invoice.py and core/rules/locate.py (the model's paths).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from bayancore_erp.zatca.adapter.fields import (
	AddressField,
	BranchField,
	CompanyField,
	CustomerField,
	InvoiceField,
	InvoiceItemField,
	SalesInvoiceField,
	TaxRowField,
)
from bayancore_erp.zatca.adapter.mapper.mapping import Mapping
from bayancore_erp.zatca.adapter.mapper.preload import Facts, preload


class Place(NamedTuple):
	"""A field of a form; `row` counts from 1 and is 0 outside tables. `table` names the field that holds the row."""

	doctype: str
	name: str
	fieldname: str
	row: int = 0
	table: str = ""


# Path of the model -> who owns the field, and its name. Owners: doc, line, part (discount or charge), advance, company,
# seller_address, customer, buyer_address, settings.
TABLE: dict[str, tuple[str, str]] = {
	"": ("doc", ""),
	"number": ("doc", "naming_series"),
	"issue_date": ("doc", "posting_date"),
	"issue_time": ("doc", "posting_time"),
	"type_code": ("doc", "is_return"),
	"flags": ("doc", InvoiceField.KIND_CHOICE),
	"flags.self_billed": ("doc", InvoiceField.SELF_BILLED),
	"currency": ("doc", "currency"),
	"sar_rate": ("doc", InvoiceField.SAR_RATE),
	"vat_sar": ("doc", InvoiceField.SAR_RATE),
	"supply_date": ("doc", InvoiceField.SUPPLY_DATE),
	"supply_end_date": ("doc", InvoiceField.SUPPLY_END_DATE),
	"reason": ("doc", InvoiceField.REASON_CODE),
	"billing_references": ("doc", "return_against"),
	"payable_rounded_to": ("doc", "rounded_total"),
	"purchase_order": ("doc", "po_no"),
	"contract": ("doc", InvoiceField.CONTRACT_NUMBER),
	"notes": ("doc", "remarks"),
	"payment": ("doc", "payments"),
	"totals": ("doc", "grand_total"),
	"totals.vat": ("doc", "total_taxes_and_charges"),
	"totals.vat_sar": ("doc", "base_total_taxes_and_charges"),
	"totals.line_net": ("doc", "total"),
	"totals.tax_exclusive": ("doc", "net_total"),
	"totals.allowances": ("doc", "discount_amount"),
	"totals.charges": ("doc", "taxes"),
	"totals.prepaid": ("doc", SalesInvoiceField.PREPAYMENTS),
	"totals.rounding": ("doc", "rounding_adjustment"),
	"totals.payable": ("doc", "rounded_total"),
	"breakdown": ("doc", "taxes"),
	"lines": ("doc", "items"),
	"lines[#]": ("line", ""),
	"lines[#].name": ("line", InvoiceItemField.ITEM_NAME_AR),
	"lines[#].quantity": ("line", "qty"),
	"lines[#].unit": ("line", "uom"),
	"lines[#].unit_price": ("line", "rate"),
	"lines[#].price_discount": ("line", "discount_amount"),
	"lines[#].price_base_quantity": ("line", "qty"),
	"lines[#].allowances": ("line", "discount_amount"),
	"lines[#].net": ("line", "amount"),
	"lines[#].tax": ("line", "amount"),
	"lines[#].total": ("line", "amount"),
	"lines[#].vat": ("line", "item_tax_template"),
	"lines[#].vat.category": ("line", InvoiceItemField.VAT_CATEGORY),
	"lines[#].vat.rate": ("line", "item_tax_template"),
	"lines[#].vat.exemption_code": ("line", InvoiceItemField.EXEMPTION_CODE),
	"lines[#].vat.exemption_reason": ("line", InvoiceItemField.EXEMPTION_REASON),
	"lines[#].seller_item_id": ("line", "item_code"),
	"lines[#].buyer_item_id": ("line", "customer_item_code"),
	"lines[#].standard_item_id": ("line", "barcode"),
	"allowance_charges": ("doc", "discount_amount"),
	"allowance_charges[#]": ("part", "tax_amount"),
	"allowance_charges[#].amount": ("part", "tax_amount"),
	"allowance_charges[#].percentage": ("part", "rate"),
	"allowance_charges[#].reason": ("part", TaxRowField.DESCRIPTION_AR),
	"allowance_charges[#].vat": ("part", TaxRowField.VAT_CATEGORY),
	"allowance_charges[#].vat.exemption_code": ("part", TaxRowField.EXEMPTION_CODE),
	"prepayments": ("doc", SalesInvoiceField.PREPAYMENTS),
	"prepayments[#]": ("advance", "prepayment_invoice"),
	"prepayments[#].invoice_number": ("advance", "prepayment_invoice"),
	"prepayments[#].uuid": ("advance", "uuid"),
	"prepayments[#].issue_date": ("advance", "issue_date"),
	"prepayments[#].issue_time": ("advance", "issue_time"),
	"prepayments[#].taxable": ("advance", "taxable"),
	"prepayments[#].tax": ("advance", "tax"),
	"prepayments[#].vat": ("advance", "vat_category"),
	"prepayments[#].vat.rate": ("advance", "vat_rate"),
	"prepayments[#].vat.exemption_code": ("advance", "exemption_code"),
	"seller": ("company", ""),
	"seller.name": ("company", CompanyField.NAME_AR),
	"seller.vat_number": ("company", "tax_id"),
	"seller.identification": ("registration", CompanyField.REGISTRATION_NUMBER),
	"seller.identification.value": ("registration", CompanyField.REGISTRATION_NUMBER),
	"seller.identification.scheme": ("registration", CompanyField.REGISTRATION_SCHEME),
	"seller.address": ("seller_address", "address_line1"),
	"buyer": ("doc", "customer"),
	"buyer.name": ("customer", CustomerField.NAME_AR),
	"buyer.vat_number": ("customer", "tax_id"),
	"buyer.identification": ("customer", CustomerField.ID_NUMBER),
	"buyer.identification.value": ("customer", CustomerField.ID_NUMBER),
	"buyer.identification.scheme": ("customer", CustomerField.ID_SCHEME),
	"buyer.address": ("buyer_address", "address_line1"),
	**{
		f"{party}.address.{field}": (f"{party}_address", fieldname)
		for party in ("seller", "buyer")
		for field, fieldname in {
			"street": "address_line1",
			"additional_street": "address_line2",
			"building_number": AddressField.BUILDING_NUMBER,
			"additional_number": AddressField.ADDITIONAL_NUMBER,
			"district": AddressField.DISTRICT,
			"city": "city",
			"province": "state",
			"postal_code": "pincode",
			"country": "country",
		}.items()
	},
}

# Where the document itself says who the buyer is, the field to correct stands on it, not on the customer.
ON_DOCUMENT = {
	CustomerField.NAME_AR: InvoiceField.BUYER_NAME,
	"tax_id": InvoiceField.BUYER_VAT_NUMBER,
	CustomerField.ID_NUMBER: InvoiceField.BUYER_ID_NUMBER,
	CustomerField.ID_SCHEME: InvoiceField.BUYER_ID_SCHEME,
}
_INDEX = re.compile(r"\[(\d+)\]")


def locate(doc: Any, field_path: str, mapping: Mapping | None = None) -> Place:
	"""The form field behind a path of the model. `mapping` saves reading the document's surroundings again."""
	facts = mapping.facts if mapping else preload(doc)
	found = _INDEX.search(field_path)
	index = int(found[1]) if found else 0
	path = _INDEX.sub("[#]", field_path, count=1) if found else field_path
	owner, fieldname = _nearest(path)
	return _place(doc, owner, fieldname, index, facts, mapping)


def _nearest(path: str) -> tuple[str, str]:
	while path and path not in TABLE:
		shorter = re.sub(r"(\.[^.\[]+|\[[^\]]*\])$", "", path)
		path = "" if shorter == path else shorter
	return TABLE[path]


def _place(doc: Any, owner: str, fieldname: str, index: int, facts: Facts, mapping: Mapping | None) -> Place:
	if owner == "line":
		rows = mapping.line_rows if mapping else _priced(doc)
		return _row(doc, "items", rows[index], fieldname) if index < len(rows) else _doc(doc, "items")
	if owner == "part":
		return _part(doc, fieldname, index, mapping)
	if owner == "advance":
		rows = doc.get(SalesInvoiceField.PREPAYMENTS) or []
		if index < len(rows):
			return _row(doc, SalesInvoiceField.PREPAYMENTS, rows[index], fieldname)
		return _doc(doc, SalesInvoiceField.PREPAYMENTS)
	if owner == "registration" and facts.branch.get(BranchField.REGISTRATION_NUMBER):
		return Place("Branch", facts.branch.name, fieldname)
	if owner in ("company", "registration"):
		return Place("Company", doc.company, fieldname)
	if owner == "customer":
		if doc.get(InvoiceField.BUYER_NAME):
			return _doc(doc, ON_DOCUMENT.get(fieldname, fieldname))
		return Place("Customer", str(doc.get("customer") or ""), fieldname)
	if owner == "seller_address":
		if facts.seller_address:
			return Place("Address", facts.seller_address, fieldname)
		return Place("ZATCA Settings", doc.company, "address")
	if owner == "buyer_address":
		if facts.buyer_address:
			return Place("Address", facts.buyer_address, fieldname)
		return _doc(doc, "customer_address")
	return _doc(doc, fieldname)


def _part(doc: Any, fieldname: str, index: int, mapping: Mapping | None) -> Place:
	"""A discount or charge: the additional discount, a row of the taxes table, or an item with a negative price."""
	if mapping is None or index >= len(mapping.part_rows) or mapping.part_rows[index] is None:
		return _doc(doc, "discount_amount")
	row = mapping.part_rows[index]
	if row.get("parentfield") == "items":
		return _row(doc, "items", row, "rate")
	return _row(doc, "taxes", row, fieldname)


def _priced(doc: Any) -> list[Any]:
	"""The rows that become lines, where the document was not mapped: negative prices are discounts."""
	return [row for row in doc.get("items") or [] if (row.get("rate") or 0) >= 0]


def _row(doc: Any, table: str, row: Any, fieldname: str) -> Place:
	return Place(
		row.get("doctype") or "", str(row.get("name") or ""), fieldname, int(row.get("idx") or 0), table
	)


def _doc(doc: Any, fieldname: str) -> Place:
	return Place(doc.doctype, str(doc.get("name") or ""), fieldname)
