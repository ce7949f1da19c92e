"""Fills the app's fields of existing customers, addresses and items from what is written there already, with a preview.

Takes the site's master data; gives proposals, each with its reason, and writes those an administrator agrees to.
Never overwrites a field that has a value, never takes a number that could be another one: a person fills those in.
Source: the National Address's order (building number, street, …, postal code, additional number).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import frappe
from frappe import _

from bayancore_erp.invoice_to_cash.adapter.light import light_up_later
from bayancore_erp.zatca.adapter.fields import AddressField, BuyerKind, CustomerField, ItemField
from bayancore_erp.zatca.core.invoice import has_arabic

SHOWN = 200
VAT_NUMBER = re.compile(r"3\d{13}3")
# "7421 King Fahd Road", "7421 شارع الملك فهد": as the National Address is written. At the end it may be the additional number.
BEFORE_STREET = re.compile(
	r"""(?P<number>[0-9]{4})[\s,،-]+
	(?: (?:شارع|طريق)\s+\w | (?!(?:street|st|road|rd|avenue|ave)\b) [^,،;/|()]+? \b(?:street|st|road|rd|avenue|ave)\b )""",
	re.IGNORECASE | re.VERBOSE,
)
# "King Fahd Road, Building No. 7421", "مبنى رقم 7421"
CALLED_BUILDING = re.compile(
	r"(?:\b(?:building|bldg)|مبنى)\W*(?:(?:no|number|رقم)\W*)?(?P<number>[0-9]{4})(?![\w/-])", re.IGNORECASE
)
OTHER_NUMBERS = re.compile(
	r"\b(?:box|unit|office|flat|apartment|apt|suite|floor|room|shop)\b|ص\W{0,2}ب\b|صندوق|وحدة|مكتب|شقة|الدور|طابق|غرفة|محل",
	re.IGNORECASE,
)


class Proposal(NamedTuple):
	"""One field of one document that could be filled."""

	doctype: str
	name: str
	field: str
	value: str
	because: str


def proposals() -> Iterator[Proposal]:
	"""Everything that could be filled."""
	yield from customers()
	yield from addresses()
	for item in frappe.get_all(
		"Item", filters={ItemField.NAME_AR: ("is", "not set")}, fields=["name", "item_name"], order_by="name"
	):
		if has_arabic(item.item_name or ""):
			yield Proposal("Item", item.name, ItemField.NAME_AR, item.item_name, _("The name is Arabic."))


def customers() -> Iterator[Proposal]:
	"""Arabic names, and who the buyer is."""
	abroad = countries_of_customers()
	fields = [
		"name",
		"customer_name",
		"customer_type",
		"tax_id",
		CustomerField.NAME_AR,
		CustomerField.BUYER_KIND,
	]
	for row in frappe.get_all("Customer", fields=fields, order_by="name"):
		if not row[CustomerField.NAME_AR] and has_arabic(row.customer_name or ""):
			yield Proposal(
				"Customer", row.name, CustomerField.NAME_AR, row.customer_name, _("The name is Arabic.")
			)
		if not row[CustomerField.BUYER_KIND]:
			kind, why = buyer_kind(row.customer_type, row.tax_id or "", abroad.get(row.name, set()))
			if kind:
				yield Proposal("Customer", row.name, CustomerField.BUYER_KIND, kind.value, why)


def buyer_kind(customer_type: str, tax_id: str, countries: set[str]) -> tuple[BuyerKind | None, str]:
	"""Who the buyer is, where the customer's record says it clearly; None where a person has to say."""
	if VAT_NUMBER.fullmatch(tax_id.strip()):
		return BuyerKind.VAT_REGISTERED, _("It has a Saudi VAT number.")
	if countries and "Saudi Arabia" not in countries:
		return BuyerKind.FOREIGN, _("All its addresses are abroad.")
	if customer_type == "Individual" and not tax_id.strip():
		return BuyerKind.PRIVATE_PERSON, _("It is an individual without a tax number.")
	return None, ""


def countries_of_customers() -> dict[str, set[str]]:
	"""The countries of each customer's addresses."""
	links = frappe.get_all(
		"Dynamic Link",
		filters={"link_doctype": "Customer", "parenttype": "Address"},
		fields=["link_name", "parent"],
	)
	country = dict(frappe.get_all("Address", fields=["name", "country"], as_list=True))
	found: dict[str, set[str]] = {}
	for link in links:
		if country.get(link.parent):
			found.setdefault(link.link_name, set()).add(country[link.parent])
	return found


def addresses() -> Iterator[Proposal]:
	"""Building numbers that are written in the street's line, districts in the county, and what is Arabic already."""
	fields = ["name", "address_line1", "city", "county"]
	own = [
		AddressField.BUILDING_NUMBER,
		AddressField.DISTRICT,
		AddressField.STREET_AR,
		AddressField.CITY_AR,
		AddressField.DISTRICT_AR,
	]
	for row in frappe.get_all(
		"Address", filters={"country": "Saudi Arabia"}, fields=fields + own, order_by="name"
	):
		street, city, county = ((row[field] or "").strip() for field in ("address_line1", "city", "county"))
		wanted = (
			(
				AddressField.BUILDING_NUMBER,
				building_number(street),
				_("It stands in the street's line."),
			),
			(AddressField.DISTRICT, county, _("It stands in the county.")),
			(AddressField.STREET_AR, street if has_arabic(street) else "", _("The street is Arabic.")),
			(AddressField.CITY_AR, city if has_arabic(city) else "", _("The city is Arabic.")),
			(AddressField.DISTRICT_AR, county if has_arabic(county) else "", _("It stands in the county.")),
		)
		for field, value, why in wanted:
			if value and not row[field]:
				yield Proposal("Address", row.name, field, value, why)


def building_number(street: str) -> str:
	"""The building number in a street's line that can be read in one way only; empty where a person has to say."""
	if len(re.findall(r"\d+", street)) != 1 or OTHER_NUMBERS.search(street):
		return ""
	found = BEFORE_STREET.match(street) or CALLED_BUILDING.search(street)
	return found["number"] if found else ""


@frappe.whitelist()
def preview_data() -> dict[str, Any]:
	"""How many fields of each kind could be filled, what people call them, and the first of them in words.

	`without_building`: the addresses in the Kingdom whose building number a person has to find. It reads past the rights on
	customers, addresses and items, so it is for whoever may fill them.
	"""
	frappe.only_for("System Manager")
	found = list(proposals())
	counts = Counter(f"{one.doctype}.{one.field}" for one in found)
	empty = {"country": "Saudi Arabia", AddressField.BUILDING_NUMBER: ("is", "not set")}
	return {
		"counts": dict(counts),
		"without_building": frappe.db.count("Address", empty)
		- counts[f"Address.{AddressField.BUILDING_NUMBER}"],
		"labels": {kind: label_of(*kind.split(".")) for kind in counts},
		"rows": [in_words(one) for one in found[:SHOWN]],
	}


def label_of(doctype: str, field: str) -> str:
	"""As it stands on the form."""
	return _(frappe.get_meta(doctype).get_label(field), context=doctype)


def in_words(one: Proposal) -> dict[str, str]:
	"""For reading: the field by its label, a choice in the reader's language."""
	chosen = frappe.get_meta(one.doctype).get_field(one.field).fieldtype == "Select"
	return {
		**one._asdict(),
		"label": label_of(one.doctype, one.field),
		"value": _(one.value) if chosen else one.value,
	}


@frappe.whitelist(methods=["POST"])
def fill_data(fields: list[str] | None = None) -> int:
	"""Write the proposals, all or those of the given "DocType.field". Gives how many fields were filled."""
	frappe.only_for("System Manager")
	filled = 0
	for one in list(proposals()):
		if fields is None or f"{one.doctype}.{one.field}" in fields:
			frappe.db.set_value(one.doctype, one.name, one.field, one.value)
			filled += 1
	if filled:
		for company in frappe.get_all("ZATCA Settings", filters={"enabled": 1}, pluck="name"):
			light_up_later("Company", company)
	return filled
