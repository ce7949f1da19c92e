"""Every code has its sentence, in both languages, and the sentences hold what they promise."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bayancore_erp.zatca.core.invoice import has_arabic
from bayancore_erp.zatca.core.rules.sentences import (
	LANGUAGES,
	PLACEHOLDERS,
	catalogue,
	known,
	placeholders,
	sentence,
)

# What an Arabic sentence may leave in Latin letters: acronyms people know by these letters, and codes.
LATIN_ALLOWED = {
	"QR", "UUID", "XML", "CSID", "CSR", "ICV", "PIH", "OTP", "PDF", "TIN", "SAR", "USD", "EUR", "SA", "AE", "FC",
}  # fmt: skip
GATEWAY = {
	"XSD_ZATCA_VALID", "XSD_ZATCA_INVALID", "invalid-invoice-hash", "invoiceHash_QRCODE_INVALID",
	"publicKey_QRCODE_INVALID", "CERTIFICATE_SIGNATURE_QRCODE_INVALID", "invoiceTimeStamp_QRCODE_INVALID",
	"QRCODE_INVALID", "signed-properties-hashing", "invalid-digital-signature", "invalid-signing-certificate",
	"certificate-issuer-name", "certificate-permissions", "Duplicate-Invoice", "Missing-OTP", "Invalid-OTP",
	"Missing-ComplianceSteps", "XSD", "XSL",
}  # fmt: skip


def wordings(language: str) -> Iterator[tuple[str, str]]:
	"""Every sentence of a language, the variants included, with its code."""
	for code, entry in catalogue().items():
		fields = entry.get("fields", {})
		assert isinstance(fields, dict)
		for variant in (entry, *fields.values()):
			for key in (language, f"{language}_values"):
				if text := variant.get(key):
					yield code, text


def test_every_rule_id_of_the_official_sheets_has_a_sentence(shared: Path) -> None:
	with (shared / "zatca" / "rules.csv").open(encoding="utf-8") as file:
		ids = {row["rule_id"] for row in csv.DictReader(file)}
	assert len(ids) == 245
	assert not ids - catalogue().keys()


def test_every_code_the_gateway_was_seen_to_send_has_a_sentence(shared: Path) -> None:
	def codes(value: object) -> Iterator[str]:
		if isinstance(value, dict):
			if isinstance(value.get("code"), str):
				yield value["code"]
			for part in value.values():
				yield from codes(part)
		elif isinstance(value, list):
			for part in value:
				yield from codes(part)

	seen = set(GATEWAY)
	for path in (shared / "zatca" / "api-samples").glob("*.json"):
		seen |= set(codes(json.loads(path.read_text(encoding="utf-8"))))
	assert not seen - catalogue().keys()


def test_every_code_of_the_bundled_gateway_has_a_sentence() -> None:
	simulator = Path(__file__).resolve().parents[2] / "bayancore_erp" / "zatca" / "simulator"
	source = "".join(file.read_text(encoding="utf-8") for file in simulator.glob("*.py"))
	sent = set(re.findall(r'(?:Message|csid_error)\(\s*"([^"]+)"', source))
	sent |= set(re.findall(r'code(?:=| or )"([^"]+)"', source))
	assert len(sent) > 10
	assert not sent - catalogue().keys()


def test_every_entry_has_both_languages_and_its_figures_in_both() -> None:
	for code, entry in catalogue().items():
		fields = entry.get("fields", {})
		assert isinstance(fields, dict)
		assert entry.keys() <= {"en", "ar", "en_values", "ar_values", "fields"}, code
		for variant in (entry, *fields.values()):
			assert variant["en"] and variant["ar"], code
			assert not placeholders(variant["en"]) and not placeholders(variant["ar"]), code
			pair = [placeholders(variant.get(f"{language}_values", "")) for language in LANGUAGES]
			assert pair[0] == pair[1] <= PLACEHOLDERS, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_problems_share_a_sentence(language: str) -> None:
	counted = Counter(text for _, text in wordings(language))
	assert not [text for text, times in counted.items() if times > 1]


def test_arabic_is_arabic() -> None:
	for code, text in wordings("ar"):
		assert has_arabic(text), code
		latin = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", text)))
		assert latin <= LATIN_ALLOWED, (code, latin)
		assert "," not in re.sub(r"\d,\d", "", text), f"{code}: a Latin comma in an Arabic sentence"


def test_english_is_english_and_names_no_field_numbers() -> None:
	for code, text in wordings("en"):
		assert not has_arabic(text), code
		assert not re.search(r"\b(BT|BG|KSA|BR)-\d", text), code
		assert text[0].isupper() or text[0] == "“", code
		assert text.endswith("."), code


def test_no_sentence_speaks_of_severity() -> None:
	for code, text in wordings("en"):
		assert not re.search(r"\b(warning|error|rejected)\b", text, re.IGNORECASE), code
	for code, text in wordings("ar"):
		assert not re.search(r"تحذير|رفض", text), code


def test_figures_are_named_only_where_all_are_given() -> None:
	bare = sentence("BR-CO-15", "en")
	assert sentence("BR-CO-15", "en", values=[("found", "231.00")]) == bare
	full = sentence("BR-CO-15", "en", values=[("found", "231.00"), ("expected", "231.01")])
	assert "231.00" in full and "231.01" in full


def test_a_line_is_named_even_where_the_sentence_has_no_place_for_it() -> None:
	assert sentence("BR-25", "en", values=[("line", "3")]).startswith("Line 3: The item name")
	assert sentence("BR-25", "ar", values=[("line", "3")]).startswith("البند 3: ")
	text = sentence("BR-KSA-51", "en", values=[("line", "3"), ("found", "1"), ("expected", "2")])
	assert text.count("3") == 1


def test_the_field_chooses_the_wording() -> None:
	text = sentence("BR-KSA-63", field="buyer.address.building_number")
	assert text == "Buyer's building number is missing. Add it in Customer master under Address."
	assert sentence("BR-KSA-F-09", field="seller.identification").startswith("Your company's unified number")
	assert sentence("BR-KSA-63", field="buyer.address") == catalogue()["BR-KSA-63"]["en"]


def test_values_are_shown_as_they_are_even_with_braces() -> None:
	assert "{line}{0}" in sentence("BR-CL-04", values=[("found", "{line}{0}")])


def test_an_unknown_code_still_gets_a_sentence() -> None:
	assert not known("BR-NEW-1")
	assert "BR-NEW-1" in sentence("BR-NEW-1", "en")
	assert "BR-NEW-1" in sentence("BR-NEW-1", "ar") and has_arabic(sentence("BR-NEW-1", "ar"))


def test_no_official_message_is_copied(shared: Path) -> None:
	ours = {re.sub(r"\W+", " ", text).lower() for _, text in wordings("en")}
	with (shared / "zatca" / "rules.csv").open(encoding="utf-8") as file:
		for row in csv.DictReader(file):
			message = re.sub(r"^\[[^\]]*\]\W*", "", row["message"])
			assert re.sub(r"\W+", " ", message).lower() not in ours
