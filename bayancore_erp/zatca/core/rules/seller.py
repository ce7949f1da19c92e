"""The seller: name, address, VAT number, registration.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-06, BR-08, BR-09, BR-KSA-08, -09, -37, -39, -40, -66, BR-KSA-F-06-C4 … -C11, BR-CUSTOM-VALIDATION-01.
"""

from __future__ import annotations

import re

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import SELLER_SCHEMES_TEXT
from bayancore_erp.zatca.core.rules.situations import buyer_in_the_kingdom, document, seller, seller_address
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.xpath import only, only_text, spaceless, texts

_PARTY = "AccountingSupplierParty/Party"
_ADDRESS = f"{_PARTY}/PostalAddress"

is_vat_number = re.compile("3[0-9]{13}3").fullmatch
is_postal_code = re.compile("[0-9]{5}").fullmatch
_is_building_number = re.compile("[0-9]{4}").fullmatch


@EN.warning("BR-06", document, f"{_PARTY}/PartyLegalEntity")
def no_name(invoice: Node, facts: Facts) -> Verdict:
	return not any(texts(facts.seller.kids.get("PartyLegalEntity", ()), "RegistrationName"))


@EN.warning("BR-KSA-F-06-C10", document, f"{_PARTY}/PartyLegalEntity")
def name_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	name = only_text(facts.seller.kids.get("PartyLegalEntity", ()), "RegistrationName")
	return name is not None and not 1 <= len(name) <= 1000


@EN.warning("BR-08", document, _ADDRESS)
def no_address(invoice: Node, facts: Facts) -> Verdict:
	return "PostalAddress" not in facts.seller.kids


@EN.warning("BR-09", seller_address, "Country/IdentificationCode")
def no_country(address: Node, facts: Facts) -> Verdict:
	return not any(texts(address.kids.get("Country", ()), "IdentificationCode"))


def _length(leaf: str, most: int, least: int = 0) -> Broken:
	def broken(address: Node, facts: Facts) -> Verdict:
		text = address.leaf.get(leaf)
		return text is not None and not least <= len(text) <= most

	return broken


EN.warning("BR-KSA-F-06-C8", seller_address, "CountrySubentity")(_length("CountrySubentity", 127))
KSA.warning("BR-KSA-F-06-C4", seller_address, "StreetName")(_length("StreetName", 1000, 1))
KSA.warning("BR-KSA-F-06-C6", seller_address, "AdditionalStreetName")(_length("AdditionalStreetName", 127))
KSA.warning("BR-KSA-F-06-C7", seller_address, "CityName")(_length("CityName", 127, 1))


@KSA.warning("BR-KSA-F-06-C9", buyer_in_the_kingdom)
def district_of_wrong_length(buyer_address: Node, facts: Facts) -> Verdict:
	district = facts.seller_address.leaf.get("CitySubdivisionName")
	return district is not None and not 1 <= len(district) <= 127


@KSA.warning("BR-KSA-F-06-C11", seller_address)
def long_additional_street_of_the_buyer(address: Node, facts: Facts) -> Verdict:
	return len(facts.buyer_address.leaf.get("AdditionalStreetName", "")) > 127


@KSA.warning("BR-KSA-09", seller_address)
def incomplete_address(address: Node, facts: Facts) -> Verdict:
	parts = ("StreetName", "BuildingNumber", "CityName", "PostalZone", "CitySubdivisionName")
	country = address.kids.get("Country")
	return not (all(part in address.leaf for part in parts) and country and "IdentificationCode" in country[0].leaf)


@KSA.warning("BR-KSA-66", seller_address, "PostalZone")
def wrong_postal_code(address: Node, facts: Facts) -> Verdict:
	return not is_postal_code(address.leaf.get("PostalZone", ""))


@KSA.warning("BR-KSA-37", seller, "PostalAddress/BuildingNumber")
def wrong_building_number(party: Node, facts: Facts) -> Verdict:
	return not _is_building_number(facts.seller_address.leaf.get("BuildingNumber", ""))


@KSA.error("BR-KSA-39", document, f"{_PARTY}/PartyTaxScheme")
def no_vat_number(invoice: Node, facts: Facts) -> Verdict:
	registrations = facts.seller.kids.get("PartyTaxScheme", ())
	schemes = [scheme for node in registrations for scheme in node.kids["TaxScheme"]]
	return not (
		any(texts(registrations, "CompanyID")) and any(spaceless(scheme.leaf.get("ID")) == "VAT" for scheme in schemes)
	)


@KSA.error("BR-KSA-40", seller, "PartyTaxScheme/CompanyID")
def wrong_vat_number(party: Node, facts: Facts) -> Verdict:
	registrations = party.kids.get("PartyTaxScheme", ())
	if not any("CompanyID" in node.leaf for node in registrations):
		return False
	if not any(node.kids["TaxScheme"][0].leaf.get("ID") == "VAT" for node in registrations):
		return False
	return not is_vat_number(only_text(registrations, "CompanyID") or "")


@KSA.warning("BR-KSA-08", document, f"{_PARTY}/PartyIdentification")
def no_registration(invoice: Node, facts: Facts) -> Verdict:
	identifications = [node for node in facts.seller.kids.get("PartyIdentification", ()) if "ID" in node.leaf]
	scheme = only([spaceless(node.attribute("ID", "schemeID")) for node in identifications], identifications, "ID")
	return scheme is None or len(scheme) <= 2 or scheme not in SELLER_SCHEMES_TEXT


@KSA.error("BR-CUSTOM-VALIDATION-01", document, "AccountingCustomerParty/Party/PartyTaxScheme")
def seller_buys_from_itself(invoice: Node, facts: Facts) -> Verdict:
	own = {number for number in texts(facts.seller.kids.get("PartyTaxScheme", ()), "CompanyID") if number}
	return any(number in own for number in texts(facts.buyer.kids.get("PartyTaxScheme", ()), "CompanyID"))
