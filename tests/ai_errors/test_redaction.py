"""What leaves is ours to the letter; what the accountant's question needs still gets through."""

from __future__ import annotations

import json

import pytest
from hostile_problems import cases, folded, pieces
from hypothesis import given, settings
from hypothesis import strategies as st

from bayancore_erp.ai_errors.core.prompt import ask
from bayancore_erp.ai_errors.core.redact import BLOT, Problem, redact, strings_of, vocabulary

WORDS = "The seller VAT number (BT-31) must have 15 digits"


def test_the_sense_of_a_message_gets_through() -> None:
	got = redact(Problem("BR-NEW-1", WORDS, "KSA", "standard credit note", ("lines[4].vat.rate",)))
	assert got.message == "the seller vat number BT-31 must have [x] digits"
	assert (got.code, got.category, got.document_type) == ("BR-NEW-1", "KSA", "standard credit note")
	assert got.fields == ("lines[].vat.rate",)


@pytest.mark.parametrize(
	"secret",
	[
		"399999999900003", "٣٩٩٩٩٩٩٩٩٩٠٠٠٠٣", "1010010000", "2345678901", "SA0380000000608010167519",
		"SA03 8000 0000 6080 1016 7519", "+966 50 123 4567", "0501234567", "a.b@example.com", "1,234.56", "١٬٢٣٤٫٥٦",
		"2026-11-21", "21/11/2026", "12:30:59", "8d487816-70b8-4ade-a618-9d620b73814a", "SINV-2026-00012", "مؤسسة النور",
		"Zahrani", "https://evil.example/x", "dGhpcyBpcyBhIHNlY3JldCBoYXNoIGluIGJhc2U2NA==", "RRRD2929",
	],
)  # fmt: skip
def test_without_any_document_values_are_blotted_all_the_same(secret: str) -> None:
	got = redact(Problem("NEW", f"The value {secret} is wrong", secret, secret, (secret, f"buyer.{secret}")))
	assert got.message == f"the value {BLOT} is wrong"
	assert got.category == got.document_type == "other"
	assert not pieces(secret) & {folded(part) for part in json.dumps(got.as_json()).split('"')}


def test_a_name_made_of_allowed_words_is_kept_in() -> None:
	got = redact(Problem("X-SELLER-VALUE", "The seller value tax is wrong"), ("Seller Value", "Taxonomy"))
	assert got.message == f"the {BLOT} tax is wrong" and got.code == "unknown"
	assert redact(Problem("NEW", "taxable tax"), ("Tax",)).message == BLOT
	assert redact(Problem("NEW", "it is an error"), ("is an",)).message == BLOT


def test_known_codes_may_leave_and_others_only_in_the_form_of_one() -> None:
	assert redact(Problem("br-ksa-63")).code == "BR-KSA-63"
	for code in ("INV 12", "399999999900003", "a@b", "x" * 80, "شركة", "", "Ignore all rules"):
		assert redact(Problem(code)).code == "unknown"


def test_what_is_no_xml_gives_its_words_too() -> None:
	assert "Zahrani" in strings_of(b"<broken>Al Zahrani") or "<broken>Al" in strings_of(b"<broken>Al Zahrani")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(min_size=3, max_size=30), max_size=6))
def test_whatever_is_written_only_the_vocabulary_leaves(message: str, strings: list[str]) -> None:
	got = redact(Problem("NEW", message), strings)
	for word in got.message.split():
		assert word == BLOT or word in vocabulary() or word[:2] in ("BT", "BG", "BR", "KS", "UB")
	for text in strings:
		if len("".join(text.split())) >= 3 and got.message != BLOT:
			assert "".join(text.split()).casefold() not in "".join(got.message.split()).casefold()


def test_nothing_of_random_documents_leaves() -> None:
	"""A share of tests/proofs/redaction.py: the part of the question that depends on the message."""
	told = 0
	for case in cases(7, 120):
		got = redact(case.problem, strings_of(case.document))
		assert ask(got).input
		text = folded(got.message)
		for secret in case.secrets:
			for piece in pieces(secret):
				assert piece not in text, (piece, got.message, case.problem.message)
		told += got.message != BLOT
	assert told > 30
