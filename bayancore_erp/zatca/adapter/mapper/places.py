"""From a field of the core's model to the field of the form a person corrects: one table, both ways of asking.

Takes a document and a path such as `lines[2].vat.exemption_code`; gives doctype, name, fieldname and row. Of several fields
that feed one path (a name in two languages, a category stated by the line or by its tax template) it is the one in use. A
path that no form field produces leads to the nearest one around it, else to the document itself.
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
	ItemTaxTemplateField,
	ModeOfPaymentField,
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
# seller_address, customer, buyer_address, device, mode_of_payment, vat_row (of the taxes table).
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
	"breakdown[#]": ("vat_row", "tax_amount"),
	"breakdown[#].taxable": ("vat_row", "tax_amount"),
	"breakdown[#].vat": ("vat_row", "tax_amount"),
	"breakdown[#].rate": ("vat_row", "rate"),
	"uuid": ("doc", InvoiceField.UUID),
	"icv": ("doc", InvoiceField.ICV),
	"qr": ("doc", InvoiceField.QR),
	"pih": ("device", "pih"),
	"stamp": ("device", "valid_until"),
	"device": ("device", "status"),
	"device.certificate": ("device", "valid_until"),
	"device.environment": ("device", "environment"),
	"device.gateway": ("device", "gateway_url"),
	"device.vat_number": ("device", "vat_number"),
	"flags.export": ("doc", InvoiceField.EXPORT),
	"flags.nominal": ("doc", InvoiceField.NOMINAL),
	"flags.summary": ("doc", InvoiceField.SUMMARY),
	"flags.third_party": ("doc", InvoiceField.THIRD_PARTY),
	"payment.means_code": ("mode_of_payment", ModeOfPaymentField.CODE),
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
	# a row that became no part of the document: what cannot be said has no mapping to look it up in
	"taxes[#]": ("tax_row", "included_in_print_rate"),
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
# One path, two fields: the general one first. Where only one is filled it is that one, else the longer text.
TWINS = {
	("Customer", CustomerField.NAME_AR): "customer_name",
	("Company", CompanyField.NAME_AR): "company_name",
	("Address", "address_line1"): AddressField.STREET_AR,
	("Address", AddressField.DISTRICT): AddressField.DISTRICT_AR,
	("Address", "city"): AddressField.CITY_AR,
}
# How a line is taxed is stated by the line itself or, where it is silent, by a template.
STATED = {
	InvoiceItemField.VAT_CATEGORY: ItemTaxTemplateField.VAT_CATEGORY,
	InvoiceItemField.EXEMPTION_CODE: ItemTaxTemplateField.EXEMPTION_CODE,
	InvoiceItemField.EXEMPTION_REASON: ItemTaxTemplateField.EXEMPTION_REASON,
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
		return _line(doc, rows[index], fieldname, facts) if index < len(rows) else _doc(doc, "items")
	if owner == "part":
		return _part(doc, fieldname, index, mapping)
	if owner == "tax_row":
		rows = doc.get("taxes") or []
		return _row(doc, "taxes", rows[index], fieldname) if index < len(rows) else _doc(doc, "taxes")
	if owner == "vat_row":
		return _vat_row(doc, fieldname, facts)
	if owner == "advance":
		rows = doc.get(SalesInvoiceField.PREPAYMENTS) or []
		if index < len(rows):
			return _row(doc, SalesInvoiceField.PREPAYMENTS, rows[index], fieldname)
		return _doc(doc, SalesInvoiceField.PREPAYMENTS)
	return _record(doc, owner, fieldname, facts)


def _record(doc: Any, owner: str, fieldname: str, facts: Facts) -> Place:
	"""A field of the document itself, or of a record that it names."""
	if owner == "registration" and facts.branch.get(BranchField.REGISTRATION_NUMBER):
		return Place("Branch", facts.branch.name, fieldname)
	if owner in ("company", "registration"):
		return _twin("Company", doc.company, fieldname, facts.company)
	if owner == "customer":
		if doc.get(InvoiceField.BUYER_NAME):
			return _doc(doc, ON_DOCUMENT.get(fieldname, fieldname))
		return _twin("Customer", str(doc.get("customer") or ""), fieldname, facts.customer)
	if owner == "device":
		device = doc.get(InvoiceField.DEVICE) or facts.settings.get("default_device")
		return Place("ZATCA Device", str(device or ""), fieldname)
	if owner == "mode_of_payment":
		return _mode_of_payment(doc, fieldname)
	if owner in ("seller_address", "buyer_address"):
		name = facts.seller_address if owner == "seller_address" else facts.buyer_address
		if name in facts.addresses:
			return _twin("Address", name, fieldname, facts.addresses[name])
		# No address is chosen at all: that is what has to be done, and where.
		return (
			Place("ZATCA Settings", doc.company, "address")
			if owner == "seller_address"
			else _doc(doc, "customer_address")
		)
	return _doc(doc, fieldname)


def _twin(doctype: str, name: str, fieldname: str, record: Any) -> Place:
	"""Of two fields that feed one path, the one in use."""
	other = TWINS.get((doctype, fieldname))
	if other:
		own, its = str(record.get(fieldname) or ""), str(record.get(other) or "")
		if len(its) > len(own):
			return Place(doctype, name, other)
	return Place(doctype, name, fieldname)


def _line(doc: Any, row: Any, fieldname: str, facts: Facts) -> Place:
	"""A field of the items row, or of the record the row takes it from."""
	template, own = row.get("item_tax_template"), row.get(InvoiceItemField.VAT_CATEGORY)
	if fieldname in STATED and not own:
		if template:
			return Place("Item Tax Template", template, STATED[fieldname])
		if doc.get("taxes_and_charges"):
			return Place("Sales Taxes and Charges Template", doc.taxes_and_charges, STATED[fieldname])
	if fieldname == "item_tax_template" and not template and own in (None, "", "Standard Rated"):
		return _vat_row(doc, "rate", facts) if doc.get("taxes") else _row(doc, "items", row, fieldname)
	if fieldname == InvoiceItemField.ITEM_NAME_AR and len(str(row.get("item_name") or "")) > len(
		str(row.get(fieldname) or "")
	):
		return _row(doc, "items", row, "item_name")
	return _row(doc, "items", row, fieldname)


def _vat_row(doc: Any, fieldname: str, facts: Facts) -> Place:
	"""The row of the taxes table that charges the VAT."""
	for row in doc.get("taxes") or []:
		if facts.account_types.get(row.get("account_head")) == "Tax":
			return _row(doc, "taxes", row, fieldname)
	return _doc(doc, "taxes")


def _mode_of_payment(doc: Any, fieldname: str) -> Place:
	paid = [row for row in doc.get("payments") or [] if row.get("mode_of_payment") and row.get("amount")]
	if not paid:
		return Place("ZATCA Settings", doc.company, "default_payment_means")
	largest = max(paid, key=lambda row: abs(row.get("amount")))
	return Place("Mode of Payment", largest.get("mode_of_payment"), fieldname)


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
