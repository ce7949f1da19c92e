"""Seller and buyer (BG-4, BG-7) as `cac:Party`.

Takes a Party and the field it stands in; gives its lines. What is missing is absent, for the rules to report.
Element order: UBL 2.1 PartyType and AddressType; XML Implementation Standard section 8.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.invoice import Address, Contact, Party, PartyId
from bayancore_erp.zatca.core.ubl.elements import attribute, block, leaf

VAT_SCHEME = ["<cac:TaxScheme>", "  <cbc:ID>VAT</cbc:ID>", "</cac:TaxScheme>"]


def supplier(seller: Party) -> list[str]:
	"""`cac:AccountingSupplierParty`."""
	return block("cac:AccountingSupplierParty", _party(seller, "seller")) or [
		"<cac:AccountingSupplierParty></cac:AccountingSupplierParty>"
	]


def customer(buyer: Party | None) -> list[str]:
	"""`cac:AccountingCustomerParty`. The schema demands it even where nobody is named, as ZATCA's samples show."""
	named = block("cac:AccountingCustomerParty", _party(buyer, "buyer")) if buyer else []
	return named or ["<cac:AccountingCustomerParty></cac:AccountingCustomerParty>"]


def _party(party: Party, field: str) -> list[str]:
	tax_number = leaf("cbc:CompanyID", party.vat_number, f"{field}.vat_number")
	return block(
		"cac:Party",
		_identification(party.identification, f"{field}.identification"),
		_address(party.address, f"{field}.address"),
		block("cac:PartyTaxScheme", tax_number, VAT_SCHEME) if tax_number else [],
		block("cac:PartyLegalEntity", leaf("cbc:RegistrationName", party.name, f"{field}.name")),
		_contact(party.contact, f"{field}.contact"),
	)


def _identification(given: PartyId | None, field: str) -> list[str]:
	if given is None:
		return []
	scheme = f' schemeID="{attribute(given.scheme, f"{field}.scheme")}"' if given.scheme else ""
	return block("cac:PartyIdentification", leaf("cbc:ID", given.value, f"{field}.value", scheme))


def _address(address: Address | None, field: str) -> list[str]:
	if address is None:
		return []
	return block(
		"cac:PostalAddress",
		leaf("cbc:StreetName", address.street, f"{field}.street"),
		leaf("cbc:AdditionalStreetName", address.additional_street, f"{field}.additional_street"),
		leaf("cbc:BuildingNumber", address.building_number, f"{field}.building_number"),
		leaf("cbc:PlotIdentification", address.additional_number, f"{field}.additional_number"),
		leaf("cbc:CitySubdivisionName", address.district, f"{field}.district"),
		leaf("cbc:CityName", address.city, f"{field}.city"),
		leaf("cbc:PostalZone", address.postal_code, f"{field}.postal_code"),
		leaf("cbc:CountrySubentity", address.province, f"{field}.province"),
		block("cac:Country", leaf("cbc:IdentificationCode", address.country, f"{field}.country")),
	)


def _contact(contact: Contact | None, field: str) -> list[str]:
	if contact is None:
		return []
	return block(
		"cac:Contact",
		leaf("cbc:Name", contact.name, f"{field}.name"),
		leaf("cbc:Telephone", contact.phone, f"{field}.phone"),
		leaf("cbc:ElectronicMail", contact.email, f"{field}.email"),
		leaf("cbc:Note", contact.note, f"{field}.note"),
	)
