"""The seller: name, address, VAT number, registration.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-06, BR-08, BR-09, BR-KSA-08, -09, -37, -39, -40, -66, BR-KSA-F-06-C4 … -C11, BR-CUSTOM-VALIDATION-01.
"""

from __future__ import annotations

import re

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import SELLER_SCHEMES_TEXT
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	ADDRESS,
	COUNTRY,
	IDENTIFICATION,
	LEGAL_ENTITY,
	TAX_SCHEME,
	Nodes,
	buyer_in_the_kingdom,
	document,
	seller,
	seller_address,
	unusual_lengths,
)
from bayancore_erp.zatca.core.rules.xpath import only, only_text, spaceless, texts

_SELLER = "AccountingSupplierParty"

is_vat_number = re.compile("3[0-9]{13}3").fullmatch
is_postal_code = re.compile("[0-9]{5}").fullmatch
_is_building_number = re.compile("[0-9]{4}").fullmatch


@EN.warning("BR-06", document, f"{_SELLER}/{LEGAL_ENTITY}")
def no_name(invoice: Node, facts: Facts) -> Verdict:
	return not any(texts(facts.seller.kids.get(LEGAL_ENTITY, ()), "RegistrationName"))


@EN.warning("BR-KSA-F-06-C10", document, f"{_SELLER}/{LEGAL_ENTITY}")
def name_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	name = only_text(facts.seller.kids.get(LEGAL_ENTITY, ()), "RegistrationName")
	return name is not None and not 1 <= len(name) <= 1000


@EN.warning("BR-08", document, f"{_SELLER}/{ADDRESS}")
def no_address(invoice: Node, facts: Facts) -> Verdict:
	return ADDRESS not in facts.seller.leaf


@EN.warning("BR-09", seller_address, COUNTRY)
def no_country(party: Node, facts: Facts) -> Verdict:
	return not party.leaf.get(COUNTRY)


def _length(leaf: str, most: int, least: int = 0) -> Broken:
	def broken(party: Node, facts: Facts) -> Verdict:
		text = party.leaf.get(leaf)
		return text is not None and not least <= len(text) <= most

	return broken


for _sheet, _code, _leaf, _most, _least in (
	(EN, "BR-KSA-F-06-C8", "CountrySubentity", 127, 0),
	(KSA, "BR-KSA-F-06-C4", "StreetName", 1000, 1),
	(KSA, "BR-KSA-F-06-C6", "AdditionalStreetName", 127, 0),
	(KSA, "BR-KSA-F-06-C7", "CityName", 127, 1),
):
	_path = f"{ADDRESS}/{_leaf}"
	_sheet.warning(_code, unusual_lengths(seller_address), _path)(_length(_path, _most, _least))


def _buyer_in_the_kingdom_and_seller(facts: Facts) -> Nodes:
	return (facts.seller,) if buyer_in_the_kingdom(facts) else ()


KSA.warning(
	"BR-KSA-F-06-C9", unusual_lengths(_buyer_in_the_kingdom_and_seller), f"{ADDRESS}/CitySubdivisionName"
)(_length(f"{ADDRESS}/CitySubdivisionName", 127, 1))


def _buyer_beside_an_address(facts: Facts) -> Nodes:
	return (facts.buyer,) if seller_address(facts) else ()


KSA.warning("BR-KSA-F-06-C11", unusual_lengths(_buyer_beside_an_address), f"{ADDRESS}/AdditionalStreetName")(
	_length(f"{ADDRESS}/AdditionalStreetName", 127)
)


_PARTS = frozenset(
	f"{ADDRESS}/{part}"
	for part in ("StreetName", "BuildingNumber", "CityName", "PostalZone", "CitySubdivisionName")
) | {COUNTRY}


@KSA.warning("BR-KSA-09", seller_address, ADDRESS)
def incomplete_address(party: Node, facts: Facts) -> Verdict:
	return not _PARTS <= party.leaf.keys()


@KSA.warning("BR-KSA-66", seller_address, f"{ADDRESS}/PostalZone")
def wrong_postal_code(party: Node, facts: Facts) -> Verdict:
	return not is_postal_code(party.leaf.get(f"{ADDRESS}/PostalZone", ""))


@KSA.warning("BR-KSA-37", seller, f"{ADDRESS}/BuildingNumber")
def wrong_building_number(party: Node, facts: Facts) -> Verdict:
	return not _is_building_number(party.leaf.get(f"{ADDRESS}/BuildingNumber", ""))


@KSA.error("BR-KSA-39", document, f"{_SELLER}/{TAX_SCHEME}")
def no_vat_number(invoice: Node, facts: Facts) -> Verdict:
	registrations = facts.seller.kids.get(TAX_SCHEME, ())
	schemes = [spaceless(node.leaf.get("TaxScheme/ID")) for node in registrations]
	return not (any(texts(registrations, "CompanyID")) and "VAT" in schemes)


@KSA.error("BR-KSA-40", seller, f"{TAX_SCHEME}/CompanyID")
def wrong_vat_number(party: Node, facts: Facts) -> Verdict:
	registrations = party.kids.get(TAX_SCHEME, ())
	if not any("CompanyID" in node.leaf for node in registrations):
		return False
	if not any(node.leaf.get("TaxScheme/ID") == "VAT" for node in registrations):
		return False
	return not is_vat_number(only_text(registrations, "CompanyID") or "")


@KSA.warning("BR-KSA-08", document, f"{_SELLER}/{IDENTIFICATION}")
def no_registration(invoice: Node, facts: Facts) -> Verdict:
	identifications = facts.seller.kids.get(IDENTIFICATION, ())
	scheme = only(
		[spaceless(node.attribute("ID", "schemeID")) for node in identifications], identifications, "ID"
	)
	return scheme is None or len(scheme) <= 2 or scheme not in SELLER_SCHEMES_TEXT


@KSA.error("BR-CUSTOM-VALIDATION-01", document, f"AccountingCustomerParty/{TAX_SCHEME}")
def seller_buys_from_itself(invoice: Node, facts: Facts) -> Verdict:
	own = {number for number in texts(facts.seller.kids.get(TAX_SCHEME, ()), "CompanyID") if number}
	return any(number in own for number in texts(facts.buyer.kids.get(TAX_SCHEME, ()), "CompanyID"))
