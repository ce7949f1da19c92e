"""The buyer: name, address, VAT number, registration, and what holds for the registration of either party.

Takes facts; gives nothing: the rules register themselves.
Source: rules BR-KSA-10, -14, -25, -42, -44, -49, -63, -67, -71, -81, -85, -99, BR-CL-14, BR-KSA-F-06-C12, -C23 … -C29, -C32,
-C37, -C38, BR-KSA-F-07 … -F-13.
"""

from __future__ import annotations

import re

from bayancore_erp.zatca.core.rules.engine import EN, KSA, Broken, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import (
	BUYER_SCHEMES,
	BUYER_SCHEMES_TEXT,
	COUNTRIES,
	PERSONAL_EXEMPTIONS,
	SELLER_SCHEMES,
)
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.seller import is_postal_code, is_vat_number
from bayancore_erp.zatca.core.rules.situations import (
	ADDRESS,
	COUNTRY,
	IDENTIFICATION,
	LEGAL_ENTITY,
	TAX_SCHEME,
	Nodes,
	both_parties,
	buyer,
	buyer_identifications,
	buyer_in_the_kingdom,
	document,
	typed_either,
	typed_simplified,
	unusual_lengths,
)
from bayancore_erp.zatca.core.rules.xpath import (
	filled,
	in_list,
	is_digits,
	only,
	only_text,
	spaceless,
	texts,
)

_BUYER = "AccountingCustomerParty"
_NAME = f"{_BUYER}/{LEGAL_ENTITY}"
_STREET = f"{ADDRESS}/StreetName"
_CITY = f"{ADDRESS}/CityName"
_DISTRICT = f"{ADDRESS}/CitySubdivisionName"
_PROVINCE = f"{ADDRESS}/CountrySubentity"
_PARTS = (_STREET, f"{ADDRESS}/BuildingNumber", f"{ADDRESS}/PostalZone", _CITY, _DISTRICT)
_is_phone = re.compile(r"(?:0|\+)[0-9]{4,15}").fullmatch
_ALL_DIGITS = re.compile(r"\d+").fullmatch
_DUMMY = re.compile(
	"01234567|12345678|23456789|76543210|87654321|98765432|" + "|".join(digit * 8 for digit in "0123456789")
).search


_CONTACT = "Party/Contact"


def _contact(facts: Facts) -> Nodes:
	return (facts.buyer,) if _CONTACT in facts.buyer.leaf else ()


def _name(facts: Facts) -> str | None:
	return only_text(facts.buyer.kids.get(LEGAL_ENTITY, ()), "RegistrationName")


@EN.warning("BR-CL-14", document)
def unknown_country(invoice: Node, facts: Facts) -> Verdict:
	"""Of either party, or wherever else a country stands."""
	return [
		Where(node, path)
		for node, path, within in facts.document.holders.get("IdentificationCode", ())
		if within == "Country" and not in_list(node.leaf[path], COUNTRIES)
	]


# --- name -----------------------------------------------------------------------------------------------------------


@KSA.warning("BR-KSA-42", buyer, LEGAL_ENTITY)
def no_name(party: Node, facts: Facts) -> Verdict:
	return facts.standard and not any(texts(party.kids.get(LEGAL_ENTITY, ()), "RegistrationName"))


@KSA.warning("BR-KSA-F-06-C12", typed_either, _NAME)
def name_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	if not facts.standard:
		return False
	name = _name(facts)
	return name is not None and not 1 <= len(name) <= 1000


@KSA.warning("BR-KSA-F-06-C32", typed_either, _NAME)
def long_name(invoice: Node, facts: Facts) -> Verdict:
	return _own_simplified(facts) and len(_name(facts) or "") > 1000


@KSA.warning("BR-KSA-25", typed_simplified, _NAME)
def citizen_without_a_name(invoice: Node, facts: Facts) -> Verdict:
	codes = texts(
		[node for node in facts.document.branches.get("TaxCategory", ()) if node.parent == "TaxSubtotal"],
		"TaxExemptionReasonCode",
	)
	if not codes or not all(code in PERSONAL_EXEMPTIONS for code in codes):
		return False
	return not any(texts(facts.buyer.kids.get(LEGAL_ENTITY, ()), "RegistrationName"))


@KSA.warning("BR-KSA-71", typed_simplified, _NAME)
def summary_without_a_name(invoice: Node, facts: Facts) -> Verdict:
	return facts.summary and not filled(
		only_text(_descendants(facts.buyer, "PartyLegalEntity"), "RegistrationName")
	)


def _descendants(node: Node, name: str) -> list[Node]:
	found = []
	for kids in node.kids.values():
		for kid in kids:
			if kid.name == name:
				found.append(kid)
			found += _descendants(kid, name)
	return found


def _own_simplified(facts: Facts) -> bool:
	return re.search(r"02\d{5}", facts.transaction) is not None


# --- address --------------------------------------------------------------------------------------------------------


@KSA.warning("BR-KSA-10", typed_either, f"{_BUYER}/{ADDRESS}")
def incomplete_address(invoice: Node, facts: Facts) -> Verdict:
	if not facts.standard:
		return False
	leaf = facts.buyer.leaf
	return not (leaf.get(COUNTRY) and leaf.get(_STREET) and leaf.get(_CITY))


@KSA.warning("BR-KSA-63", buyer_in_the_kingdom, ADDRESS)
def incomplete_address_in_the_kingdom(party: Node, facts: Facts) -> Verdict:
	return facts.standard and not all(filled(party.leaf.get(part)) for part in _PARTS)


@KSA.warning("BR-KSA-67", buyer_in_the_kingdom, f"{ADDRESS}/PostalZone")
def wrong_postal_code(party: Node, facts: Facts) -> Verdict:
	return facts.standard and not is_postal_code(party.leaf.get(f"{ADDRESS}/PostalZone", ""))


def _length(leaf: str, most: int, least: int = 0, *, standard: bool = False, needed: bool = False) -> Broken:
	"""Text of the buyer's address outside its bounds; `standard`: only where a standard document is told."""

	def broken(node: Node, facts: Facts) -> Verdict:
		if standard and not facts.standard:
			return False
		text = facts.buyer.leaf.get(leaf)
		return needed if text is None else not least <= len(text) <= most

	return broken


_ENDLESS = 1 << 62
_NEEDED = {"standard": True, "needed": True}
EN.warning("BR-KSA-F-06-C27", unusual_lengths(document), f"{_BUYER}/{_PROVINCE}")(_length(_PROVINCE, 127))
KSA.warning("BR-KSA-F-06-C23", typed_either, f"{_BUYER}/{_STREET}")(_length(_STREET, 1000, 1, **_NEEDED))
KSA.warning("BR-KSA-F-06-C25", typed_either, f"{_BUYER}/{_CITY}")(_length(_CITY, _ENDLESS, 1, **_NEEDED))
KSA.warning("BR-KSA-F-06-C26", unusual_lengths(typed_either), f"{_BUYER}/{_CITY}")(_length(_CITY, 127))
KSA.warning("BR-KSA-F-06-C28", buyer_in_the_kingdom, _DISTRICT)(_length(_DISTRICT, _ENDLESS, 1, **_NEEDED))
KSA.warning("BR-KSA-F-06-C29", unusual_lengths(buyer_in_the_kingdom), _DISTRICT)(
	_length(_DISTRICT, 127, standard=True)
)


@KSA.warning("BR-KSA-F-06-C24", unusual_lengths(typed_either), f"{_BUYER}/{_STREET}")
def long_street(invoice: Node, facts: Facts) -> Verdict:
	return _own_simplified(facts) and len(facts.buyer.leaf.get(_STREET, "")) > 1000


# --- VAT number and registration --------------------------------------------------------------------------------------


def _registrations(facts: Facts) -> Nodes:
	"""One node where the buyer states a VAT number: the sheet then asks about all of them together."""
	return [node for node in facts.buyer.kids.get(TAX_SCHEME, ()) if "CompanyID" in node.leaf][:1]


@KSA.warning("BR-KSA-99", _registrations, "CompanyID")
def empty_vat_number(registration: Node, facts: Facts) -> Verdict:
	return facts.standard and not filled(_vat_number(facts))


@KSA.error("BR-KSA-44", _registrations, "CompanyID")
def wrong_vat_number(registration: Node, facts: Facts) -> Verdict:
	number = _vat_number(facts)
	return bool(number) and not is_vat_number(number or "")


def _vat_number(facts: Facts) -> str | None:
	return only_text(facts.buyer.kids.get(TAX_SCHEME, ()), "CompanyID")


@KSA.warning("BR-KSA-81", buyer)
def neither_vat_number_nor_registration(party: Node, facts: Facts) -> Verdict:
	if not facts.standard or any("CompanyID" in node.leaf for node in party.kids.get(TAX_SCHEME, ())):
		return False
	return not filled(only_text(party.kids.get(IDENTIFICATION, ()), "ID"))


def _personal_exemptions(facts: Facts) -> Nodes:
	return [
		node
		for node in facts.document.branches.get("TaxCategory", ())
		if node.parent == "TaxSubtotal"
		and node.leaf.get("TaxExemptionReasonCode") in ("VATEX-SA-EDU", "VATEX-SA-HEA")
	]


@KSA.error("BR-KSA-49", _personal_exemptions, "TaxExemptionReasonCode")
def citizen_without_national_id(category: Node, facts: Facts) -> Verdict:
	identifications = buyer_identifications(facts)
	return not any(node.attribute("ID", "schemeID") == "NAT" for node in identifications) and "NAT"


@KSA.error("BR-KSA-14", buyer_identifications, "ID/@schemeID")
def unknown_scheme(identification: Node, facts: Facts) -> Verdict:
	scheme = _scheme(identification)
	return len(scheme) <= 2 or scheme not in BUYER_SCHEMES_TEXT


def _scheme(identification: Node) -> str:
	return spaceless(identification.attribute("ID", "schemeID"))


def _ten_digits(scheme: str, first: str) -> Broken:
	def broken(identification: Node, facts: Facts) -> Verdict:
		return _scheme(identification) == scheme and not _is_ten_digits(identification.leaf["ID"], first)

	return broken


def _is_ten_digits(text: str, first: str) -> bool:
	plain = spaceless(text)
	return len(plain) == 10 and is_digits(text) and plain.startswith(first)


KSA.warning("BR-KSA-F-07", buyer_identifications, "ID")(_ten_digits("TIN", "3"))
KSA.warning("BR-KSA-F-10", buyer_identifications, "ID")(_ten_digits("NAT", "1"))
KSA.warning("BR-KSA-F-11", buyer_identifications, "ID")(_ten_digits("IQA", "2"))

_NUMBER = f"{IDENTIFICATION}/ID"


def _only_scheme(identifications: Nodes) -> str:
	"""string(…/@schemeID) of the one identification that has a scheme."""
	if len(identifications) == 1:
		return identifications[0].attribute("ID", "schemeID") or ""
	schemes = [(node, node.attribute("ID", "schemeID")) for node in identifications]
	given = [(node, scheme) for node, scheme in schemes if scheme is not None]
	return only([scheme for _, scheme in given], [node for node, _ in given], "ID/@schemeID") or ""


def _one_of_scheme(scheme: str, first: str) -> Broken:
	def broken(side: Node, facts: Facts) -> Verdict:
		identifications = side.kids.get(IDENTIFICATION, ())
		if not identifications or spaceless(_only_scheme(identifications)) != scheme:
			return False
		return not _is_ten_digits(only_text(identifications, "ID") or "", first)

	return broken


KSA.warning("BR-KSA-F-08", both_parties, _NUMBER)(_one_of_scheme("CRN", ""))
KSA.warning("BR-KSA-F-09", both_parties, _NUMBER)(_one_of_scheme("700", "7"))


def _allowed(side: Node) -> frozenset[str]:
	return SELLER_SCHEMES if side.name == "AccountingSupplierParty" else BUYER_SCHEMES


@KSA.warning("BR-KSA-F-12", both_parties, f"{_NUMBER}/@schemeID")
def scheme_with_spaces(side: Node, facts: Facts) -> Verdict:
	raw = _only_scheme(side.kids.get(IDENTIFICATION, ()))
	plain = spaceless(raw)
	return raw != plain and plain.upper() in _allowed(side) and plain


@KSA.warning("BR-KSA-F-13", both_parties, _NUMBER)
def dummy_registration(side: Node, facts: Facts) -> Verdict:
	allowed = _allowed(side)
	return [
		Where(node, "ID")
		for node in side.kids.get(IDENTIFICATION, ())
		if _DUMMY(node.leaf["ID"])
		and _ALL_DIGITS(spaceless(node.leaf["ID"]))
		and _scheme(node).upper() in allowed
	]


# --- contact ----------------------------------------------------------------------------------------------------------


@KSA.warning("BR-KSA-85", _contact, f"{_CONTACT}/Telephone")
def wrong_telephone(contact: Node, facts: Facts) -> Verdict:
	number = contact.leaf.get(f"{_CONTACT}/Telephone")
	return bool(number) and not _is_phone(number or "")


@KSA.warning("BR-KSA-F-06-C37", _contact, f"{_CONTACT}/Name")
def long_contact_name(contact: Node, facts: Facts) -> Verdict:
	return len(contact.leaf.get(f"{_CONTACT}/Name", "")) > 1000


@KSA.warning("BR-KSA-F-06-C38", _contact, f"{_CONTACT}/Note")
def long_contact_note(contact: Node, facts: Facts) -> Verdict:
	return len(only_text((contact,), f"{_CONTACT}/Note") or "") > 1000
