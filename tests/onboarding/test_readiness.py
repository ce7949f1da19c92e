"""What a company lacks before it can be onboarded, each with its field and one sentence in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bayancore_erp.zatca.core.onboarding.readiness import Seller, is_group_number, look, missing

GOOD = Seller(
	name="Bayan Trading Co",
	name_ar="شركة بيان للتجارة",
	vat_number="310122393500003",
	registration_number="7003457821",
	street="طريق الملك فهد",
	building_number="2929",
	district="العليا",
	city="الرياض",
	postal_code="12214",
)


def test_a_complete_company_lacks_nothing() -> None:
	assert not missing(look(GOOD))
	assert all(item.ok for item in look(GOOD))


@pytest.mark.parametrize(
	("changes", "field", "words"),
	[
		({"name_ar": ""}, "name_ar", "in Arabic"),
		({"name_ar": "Bayan"}, "name_ar", "in Arabic"),
		({"name_ar": "ب" * 200}, "name_ar", "too long"),
		({"vat_number": ""}, "vat_number", "Enter"),
		({"vat_number": "31012239350000"}, "vat_number", "this one has 14"),
		({"vat_number": "310122393500004"}, "vat_number", "starts and ends with 3"),
		({"vat_number": "٣١٠١٢٢٣٩٣٥٠٠٠٠٣"}, "vat_number", "15 digits"),
		({"vat_number": "310122393510003"}, "group_tin", "VAT group"),
		({"vat_number": "310122393510003", "group_tin": "31012239"}, "group_tin", "VAT group"),
		({"registration_number": ""}, "registration_number", "unified"),
		({"registration_number": "1010294735"}, "registration_number", "the first a 7"),
		({"registration_scheme": "CRN", "registration_number": "12"}, "registration_number", "10 digits"),
		(
			{"registration_scheme": "OTH", "registration_number": "a b"},
			"registration_number",
			"letters and digits",
		),
		({"building_number": "29"}, "building_number", "4 digits"),
		({"postal_code": "1221"}, "postal_code", "5 digits"),
		({"street": " "}, "street", "missing"),
		({"district": ""}, "district", "missing"),
		({"city": ""}, "city", "missing"),
	],
)
def test_what_is_wrong_is_named_with_its_field(changes: dict[str, str], field: str, words: str) -> None:
	found = missing(look(replace(GOOD, **changes)))
	assert [item.field for item in found] == [field]
	assert words in found[0].sentence.en
	assert any("\u0600" <= letter <= "\u06ff" for letter in found[0].sentence.ar)


@pytest.mark.parametrize(
	"changes",
	[
		{"vat_number": "310122393510003", "group_tin": "3101223935"},
		{"registration_scheme": "CRN", "registration_number": "1010294735"},
		{"additional_number": "7386", "short_address": "RRRD2929"},
	],
)
def test_other_lawful_companies(changes: dict[str, str]) -> None:
	assert all(item.ok for item in look(replace(GOOD, **changes)))


@pytest.mark.parametrize("changes", [{"additional_number": "73"}, {"short_address": "RRRD292"}])
def test_what_may_be_left_out_may_not_be_wrong_unseen(changes: dict[str, str]) -> None:
	items = look(replace(GOOD, **changes))
	assert not missing(items)
	assert [item.field for item in items if not item.ok] == list(changes)


def test_the_eleventh_digit_tells_a_group() -> None:
	assert is_group_number("310122393510003")
	assert not is_group_number("310122393500003") and not is_group_number("1")
