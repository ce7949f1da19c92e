"""Who sells and who buys, as the invoice names them.

Takes a document with its preloaded facts; gives `Party` values and the kind of buyer. Never decides what the document is.
What the document itself states about the buyer (a business at the till) goes before the customer's record.
Sources: XML Implementation Standard section 8 (BG-4, BG-7); TAX.md sections 2 (buyer) and 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import frappe

from bayancore_erp.zatca.adapter.fields import (
	AddressField,
	BranchField,
	BuyerKind,
	CompanyField,
	CustomerField,
	InvoiceField,
)
from bayancore_erp.zatca.core.invoice import Address, Party, PartyId, Text, has_arabic
from bayancore_erp.zatca.core.rules.seller import is_vat_number

if TYPE_CHECKING:
	# the mapper reads parties through this module: a real import would be a circle
	from bayancore_erp.zatca.adapter.mapper.preload import Facts

# One byte of the QR code holds the length of the seller's name.
NAME_BYTES = 255
HOME = "SA"


def seller_of(facts: Facts) -> Party:
	"""The company, with its branch's address and registration where the branch has its own."""
	company, branch = facts.company, facts.branch
	scheme, number = (
		company.get(CompanyField.REGISTRATION_SCHEME),
		company.get(CompanyField.REGISTRATION_NUMBER),
	)
	if branch.get(BranchField.REGISTRATION_NUMBER):
		scheme, number = (
			branch.get(BranchField.REGISTRATION_SCHEME),
			branch.get(BranchField.REGISTRATION_NUMBER),
		)
	name = bilingual(company.get(CompanyField.NAME_AR), company.get("company_name"))
	if len(name.encode()) > NAME_BYTES:
		name = (company.get(CompanyField.NAME_AR) or company.get("company_name") or "").strip()
	return Party(
		name=name,
		vat_number=compact(company.get("tax_id")),
		identification=PartyId(scheme or "700", compact(number)) if number else None,
		address=address_of(facts.addresses.get(facts.seller_address)),
	)


def buyer_of(doc: Any, facts: Facts, *, export: bool) -> Party:
	"""The buyer in full, as a standard invoice needs it. An export carries no VAT number of the buyer (TAX.md section 2)."""
	customer = facts.customer
	own = doc.get(InvoiceField.BUYER_NAME)
	name = (
		str(Text.of(own))
		if own
		else bilingual(customer.get(CustomerField.NAME_AR), customer_name(doc, facts))
	)
	return Party(
		name=name,
		vat_number="" if export else vat_number_of(doc, facts),
		identification=identification_of(doc, facts),
		address=address_of(facts.addresses.get(facts.buyer_address)),
	)


def customer_name(doc: Any, facts: Facts) -> str:
	"""The name in the customer's record, as the document snapshot has it."""
	return str(doc.get("customer_name") or facts.customer.get("customer_name") or "")


def vat_number_of(doc: Any, facts: Facts) -> str:
	"""The buyer's VAT number in the Kingdom, as written; empty where there is none, or only that of a foreign buyer's own country."""
	return "" if foreign_number_of(doc, facts) else tax_number_of(doc, facts)


def foreign_number_of(doc: Any, facts: Facts) -> str:
	"""The tax number of a foreign buyer's own country, which is no VAT number on a Saudi invoice (BR-KSA-44)."""
	number = tax_number_of(doc, facts)
	if not number or is_vat_number(number):
		return ""
	return number if buyer_kind(doc, facts) is BuyerKind.FOREIGN else ""


def tax_number_of(doc: Any, facts: Facts) -> str:
	"""The buyer's tax number of whatever country: the document's own, its snapshot, the customer's."""
	stated = doc.get(InvoiceField.BUYER_VAT_NUMBER)
	if stated or doc.get(InvoiceField.BUYER_NAME):
		return compact(stated)
	return compact(doc.get("tax_id") or facts.customer.get("tax_id"))


def identification_of(doc: Any, facts: Facts) -> PartyId | None:
	"""The buyer's registration number with its scheme; a foreign buyer without one is known by his own country's tax number."""
	if doc.get(InvoiceField.BUYER_ID_NUMBER):
		return PartyId(
			doc.get(InvoiceField.BUYER_ID_SCHEME) or "700", compact(doc.get(InvoiceField.BUYER_ID_NUMBER))
		)
	if facts.customer.get(CustomerField.ID_NUMBER) and not doc.get(InvoiceField.BUYER_NAME):
		return PartyId(
			facts.customer.get(CustomerField.ID_SCHEME) or "700",
			compact(facts.customer.get(CustomerField.ID_NUMBER)),
		)
	foreign = foreign_number_of(doc, facts)
	return PartyId("OTH", foreign) if foreign else None


def buyer_kind(doc: Any, facts: Facts) -> BuyerKind:
	"""Who the buyer is. Where nobody said so: from tax number, country, customer type, and the till's own customer."""
	chosen = doc.get(InvoiceField.BUYER_KIND)
	if not chosen and not doc.get(InvoiceField.BUYER_NAME):
		chosen = facts.customer.get(CustomerField.BUYER_KIND)
	if chosen:
		return BuyerKind(chosen)
	number = tax_number_of(doc, facts)
	if is_vat_number(number):
		return BuyerKind.VAT_REGISTERED
	if number:
		return BuyerKind.FOREIGN if is_abroad(facts) else BuyerKind.VAT_REGISTERED
	if is_walk_in(doc, facts) or facts.customer.get("customer_type") == "Individual":
		return BuyerKind.PRIVATE_PERSON
	return BuyerKind.FOREIGN if is_abroad(facts) else BuyerKind.LEGAL_PERSON


def is_abroad(facts: Facts) -> bool:
	"""Whether the buyer's address is outside the Kingdom."""
	address = facts.addresses.get(facts.buyer_address)
	return bool(address) and country_code(address.country) not in ("", HOME)


def is_walk_in(doc: Any, facts: Facts) -> bool:
	"""Whether this is the till's customer for everybody, about whom the document says nothing of its own."""
	stands_for_all = facts.pos_profile.get("customer") and facts.pos_profile.customer == doc.get("customer")
	return bool(stands_for_all and not doc.get(InvoiceField.BUYER_NAME))


def address_of(row: Any) -> Address | None:
	"""A National Address; bilingual where ERPNext's own fields and ours differ in language."""
	if not row:
		return None
	return Address(
		street=bilingual(row.get(AddressField.STREET_AR), row.get("address_line1")),
		additional_street=(row.get("address_line2") or "").strip(),
		building_number=compact(row.get(AddressField.BUILDING_NUMBER)),
		additional_number=compact(row.get(AddressField.ADDITIONAL_NUMBER)),
		district=bilingual(row.get(AddressField.DISTRICT_AR), row.get(AddressField.DISTRICT)),
		city=bilingual(row.get(AddressField.CITY_AR), row.get("city")),
		province=(row.get("state") or "").strip(),
		postal_code=compact(row.get("pincode")),
		country=country_code(row.get("country")) or HOME,
	)


def country_code(country: str | None) -> str:
	"""ISO 3166-1 alpha-2 of ERPNext's country name; empty where there is none."""
	return str(frappe.get_cached_value("Country", country, "code") or "").upper() if country else ""


def bilingual(arabic: str | None, other: str | None) -> str:
	""" "Arabic | English" of two fields; a field that holds both already, or the same language, is not doubled."""
	arabic, other = (arabic or "").strip(), (other or "").strip()
	if not arabic or not other or arabic == other or "|" in other:
		return arabic if arabic and "|" not in other else other or arabic
	return arabic if has_arabic(other) else str(Text(ar=arabic, en=other))


def compact(value: Any) -> str:
	"""A number as it is registered, without the spaces and dashes people write."""
	return "".join(str(value or "").split()).replace("-", "")
