"""A company's tax identity as one form: who the seller is, where it is registered, what is still missing.

Takes a company; gives its values with their checks, and writes them back to Company, Address and ZATCA Settings, nothing
else of them. Never decides that a company goes live. The callers check permission.
"""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.zatca.adapter.enrolment_view import words
from bayancore_erp.zatca.adapter.fields import AddressField, CompanyField
from bayancore_erp.zatca.adapter.mapper.preload import own_address, settings_of
from bayancore_erp.zatca.adapter.party import compact
from bayancore_erp.zatca.core.onboarding.readiness import Item, Seller, is_group_number, look, missing

# Field of the form -> where it is kept.
COMPANY = {
	"name_ar": CompanyField.NAME_AR,
	"vat_number": "tax_id",
	"registration_scheme": CompanyField.REGISTRATION_SCHEME,
	"registration_number": CompanyField.REGISTRATION_NUMBER,
}
ADDRESS = {
	"street": "address_line1",
	"building_number": AddressField.BUILDING_NUMBER,
	"additional_number": AddressField.ADDITIONAL_NUMBER,
	"district": AddressField.DISTRICT,
	"city": "city",
	"postal_code": "pincode",
	"short_address": AddressField.SHORT_ADDRESS,
	"street_ar": AddressField.STREET_AR,
	"district_ar": AddressField.DISTRICT_AR,
	"city_ar": AddressField.CITY_AR,
}
SETTINGS = {
	"group_tin": "group_tin",
	"business_category": "business_category",
	"notified_date": "notified_date",
}
NUMBERS = (
	"vat_number", "registration_number", "group_tin", "building_number", "additional_number", "postal_code", "short_address",
)  # fmt: skip
FIELDS = (*COMPANY, *ADDRESS, *SETTINGS)


def read(company: str) -> dict[str, str]:
	"""The form's values as they are stored."""
	doc, settings = frappe.get_cached_doc("Company", company), settings_of(company)
	address = address_doc(company)
	found = {field: doc.get(place) for field, place in COMPANY.items()}
	found.update({field: address.get(place) for field, place in ADDRESS.items()})
	found.update({field: settings.get(place) for field, place in SETTINGS.items()})
	found["registration_scheme"] = found["registration_scheme"] or "700"
	return {field: str(value or "") for field, value in found.items()}


def address_doc(company: str) -> Any:
	"""The address on the company's invoices; an empty record where there is none."""
	name = settings_of(company).get("address") or own_address(company)
	return frappe.get_doc("Address", name) if name else frappe._dict()


def tidy(values: dict[str, Any]) -> dict[str, str]:
	"""What was typed, without stray spaces; numbers without the dashes people write."""
	found = {field: str(values.get(field) or "").strip() for field in FIELDS}
	return {field: compact(value) if field in NUMBERS else value for field, value in found.items()}


def check(company: str, values: dict[str, Any]) -> list[Item]:
	"""Every thing about the seller, judged as typed."""
	typed = tidy(values)
	name = frappe.get_cached_value("Company", company, "company_name") if company else ""
	known = {field: typed[field] for field in Seller.__dataclass_fields__ if field in typed}
	# a company that writes its address in Arabic only has it all the same
	for field in ("street", "district", "city"):
		known[field] = known[field] or typed[f"{field}_ar"]
	return look(Seller(name=str(name or ""), **known))


def shown(items: list[Item]) -> list[dict[str, Any]]:
	"""The checks for the page."""
	return [
		{
			"field": item.field,
			"label": words(item.label),
			"ok": item.ok,
			"required": item.required,
			"sentence": words(item.sentence),
		}
		for item in items
	]


def gaps(company: str) -> list[Item]:
	"""What is stored and not as ZATCA wants it."""
	return missing(check(company, read(company)))


def write(company: str, values: dict[str, Any]) -> None:
	"""Store the form. What is wrong is stored too: the list says so until it is corrected."""
	typed = tidy(values)
	doc = frappe.get_doc("Company", company)
	doc.update({place: typed[field] for field, place in COMPANY.items()})
	doc.set(CompanyField.VAT_GROUP, int(is_group_number(typed["vat_number"])))
	doc.save(ignore_permissions=True)
	settings = settings_doc(company)
	# no date is none, not an empty text
	settings.update({place: typed[field] or None for field, place in SETTINGS.items()})
	settings.address = write_address(company, typed) or settings.address
	settings.save(ignore_permissions=True)


def settings_doc(company: str) -> Any:
	"""The company's settings, new ones not enabled."""
	if frappe.db.exists("ZATCA Settings", company):
		return frappe.get_doc("ZATCA Settings", company)
	doc = frappe.new_doc("ZATCA Settings")
	doc.company = company
	return doc.insert(ignore_permissions=True)


def write_address(company: str, typed: dict[str, str]) -> str:
	"""Change the company's address, or make it. Gives its name; empty while there is too little for one."""
	found = address_doc(company)
	values = {place: typed[field] for field, place in ADDRESS.items()}
	for field in ("street", "city"):
		values[ADDRESS[field]] = typed[field] or typed[f"{field}_ar"]
	if not found.get("name"):
		if not (values["address_line1"] and values["city"]):
			return ""
		found = frappe.get_doc(
			{
				"doctype": "Address",
				"address_title": frappe.get_cached_value("Company", company, "company_name"),
				"address_type": "Office",
				"country": "Saudi Arabia",
				"is_your_company_address": 1,
				"links": [{"link_doctype": "Company", "link_name": company}],
			}
		)
	elif not (values["address_line1"] and values["city"]):
		# ERPNext keeps no address without the two; what was there stays
		values = {place: value for place, value in values.items() if value}
	found.update(values)
	found.save(ignore_permissions=True)
	return str(found.name)
