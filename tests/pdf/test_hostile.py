"""Text from a stranger is printed, never obeyed: markup, controls, endless words, letters no font has."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papers import BUYER, SELLER, SIMPLIFIED, STANDARD, line, paper
from reading import texts, words

from bayancore_erp.archive.core.pdf import Brand, check, extract_xml, file_name, render
from bayancore_erp.archive.core.pdf.glyphs import is_rtl, safe
from bayancore_erp.archive.core.pdf.reader import two_languages
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Note, Text

MARKUP = [
	'#include "/etc/passwd"',
	'#read("/etc/passwd") #panic() #eval("1")',
	"$ x^2 $ \\ * _bold_ = head `raw` <label> @cite // comment /* */ ~ --",
	"]] #set page(width: 1pt) #while true {}",
	"{{ frappe.db }} {% raw %} <script>alert(1)</script> &lt;b&gt;",
	"\u202e0.5321 evil \u2066isolate\u2069 \u200f\u061c",
	"🧾 invoice 🇸🇦 👨‍👩‍👧 中文公司 हिन्दी Ωμέγα Ждан ﷲ ㎡ ① ğşıİčž",
	"A" * 300,
	"م" * 300,
	"ا\u0651\u064b\u0670" * 80,
	"e" + "\u0301" * 200,
	"https://example.com/" + "a/" * 120,
	"\u0000\u0001\u0008 \u007f\u0085 \ufeff\ufffe \ue000 \U000e0041"[6:],
	"word " * 200,
]


def _hostile(text: str) -> bytes:
	address = replace(BUYER.address, street=text[:300], city=text[:100])  # type: ignore[type-var]
	invoice = replace(
		STANDARD,
		number="N-1",
		seller=replace(SELLER, name=text[:300]),
		buyer=replace(BUYER, name=text[:300], address=address),
		lines=(
			line(text, text, "1", "10"),
			replace(STANDARD.lines[1], note=Text(en=text), name=Text(ar=text)),
		),
		notes=(Note(text),),
		purchase_order=text[:120],
		contract=text[:120],
	)
	return paper(invoice)


@pytest.mark.parametrize("text", MARKUP)
@pytest.mark.parametrize("layout", ["a4", "receipt"])
def test_inert(text: str, layout: str) -> None:
	try:
		xml = _hostile(text)
	except InvalidInput:
		pytest.skip("XML cannot carry it")
	pdf = render(xml, layout=layout)  # type: ignore[arg-type]
	assert check(pdf) == [] and extract_xml(pdf) == xml
	pages = texts(pdf)
	assert len(pages) <= 4
	assert "root:" not in "".join(pages)


def test_markup_is_printed_as_it_stands() -> None:
	page = " ".join(texts(render(_hostile(MARKUP[0]))))
	assert words("include etc passwd") <= words(page) and "#" in page


@settings(max_examples=12, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120))
def test_any_text_can_be_drawn(text: str) -> None:
	try:
		xml = paper(replace(STANDARD, buyer=replace(BUYER, name=text), notes=(Note(text),)))
	except InvalidInput:
		return
	assert render(xml).startswith(b"%PDF")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_safe_text_has_only_drawable_characters(text: str) -> None:
	from bayancore_erp.archive.core.pdf.glyphs import coverage

	allowed = frozenset().union(*coverage()) | {0x200B, 0x200C, 0x200D}
	shown = safe(text)
	assert {ord(char) for char in shown} <= allowed
	assert not any(char in shown for char in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_safe_text_keeps_what_it_can() -> None:
	assert safe("شركة  بيان\nكور") == "شركة بيان كور"
	assert safe("مي\u200cخواهم") == "مي\u200cخواهم"
	assert safe("12 ㎡ ①") == "12 m2 1"
	assert safe("漢") == "\ufffd"
	assert safe("SA0380000000608010167519") == "SA0380000000608010167519"
	assert safe("x" * 60).replace("\u200b", "") == "x" * 60
	assert "\u200b" in safe("x" * 60)
	assert is_rtl("(12) شركة") and not is_rtl("12 Ltd شركة") and not is_rtl("123")


def test_only_two_languages_are_parted() -> None:
	assert two_languages("شركة | Company") == Text("شركة", "Company")
	assert two_languages("Company|شركة") == Text("شركة", "Company")
	assert two_languages("A | B") == Text(en="A | B")
	assert two_languages("شركة | A | B") == Text(ar="شركة | A | B")
	assert two_languages("| شركة") == Text(ar="| شركة")


def test_huge_and_tiny_figures_stay_on_the_page() -> None:
	invoice = replace(
		STANDARD,
		lines=(
			line("ضخم", "Huge", "99999.999", "9999999.99"),
			line("دقيق", "Tiny", "0.000001", "0.000123456789"),
		),
	)
	pdf = render(paper(invoice))
	assert len(texts(pdf)) == 1
	assert "0.000123456789" in texts(pdf)[0]


def _png() -> bytes:
	chunks = (
		(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 6, 0, 0, 0)),
		(b"IDAT", zlib.compress(b"\x00" + b"\xcc\x00\x00\xff" + b"\x00\x00\xcc\x80")),
		(b"IEND", b""),
	)
	return b"\x89PNG\r\n\x1a\n" + b"".join(
		struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
		for kind, body in chunks
	)


PNG = _png()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#c00"/></svg>'


@pytest.mark.parametrize("image", [PNG, SVG], ids=["png", "svg"])
@pytest.mark.parametrize("field", ["logo", "letterhead"])
def test_brand_images(image: bytes, field: str) -> None:
	xml = paper(SIMPLIFIED)
	brand = Brand(**{field: image}, accent="#7A1F3D", footer=Text("شكراً", "Thank you"))  # type: ignore[arg-type]
	for layout in ("a4", "receipt"):
		pdf = render(xml, brand=brand, layout=layout)  # type: ignore[arg-type]
		assert check(pdf) == [] and words("Thank you") <= words(texts(pdf)[0])
		assert pdf != render(xml, layout=layout)  # type: ignore[arg-type]


def test_broken_picture_says_so() -> None:
	with pytest.raises(InvalidInput, match="cannot be drawn"):
		render(paper(STANDARD), brand=Brand(logo=PNG[:-20] + bytes(20)))


@pytest.mark.parametrize(
	("wrong", "field"),
	[
		({"accent": "red"}, "accent"),
		({"accent": "#12345G"}, "accent"),
		({"accent": '#123456"'}, "accent"),
		({"logo": b"GIF89a"}, "logo"),
		({"logo": b"<html/>"}, "logo"),
		({"logo": b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'}, "logo"),
		({"logo": b"x" * 3_000_000}, "logo"),
		({"logo": b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x04" + bytes(20)}, "logo"),
		({"logo": b"\xff\xd8\xff"}, "logo"),
		({"letterhead": b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\x00\x01\x00\x00" * 2}, "letterhead"),
	],
)
def test_wrong_brand_is_refused(wrong: dict[str, object], field: str) -> None:
	with pytest.raises(InvalidInput) as caught:
		Brand(**wrong)  # type: ignore[arg-type]
	assert caught.value.field == field


@pytest.mark.parametrize(
	("accent", "on"), [("#FFFFFF", "#10201E"), ("#FFDD00", "#10201E"), ("#0B5D57", "#FFFFFF")]
)
def test_text_on_the_accent_can_be_read(accent: str, on: str) -> None:
	assert Brand(accent=accent).on_accent == on


def test_file_name_is_zatcas() -> None:
	when = datetime(2021, 5, 26, 13, 24, 0)
	assert (
		file_name("310122393500003", when, "2021-05-26-23555")
		== "310122393500003_20210526T132400_2021-05-26-23555.xml"
	)
	assert (
		file_name("310122393500003", when, "INV/2026 ٥", ".pdf")
		== "310122393500003_20210526T132400_INV-2026--.pdf"
	)
	assert len(file_name("3", when, "x" * 400)) < 200


@pytest.mark.parametrize(
	"xml",
	[
		b"",
		b"<a/>",
		b"not xml",
		paper(STANDARD)[:-400],
		paper(STANDARD).replace(b"<cbc:IssueDate>2026-11-21<", b"<cbc:IssueDate>yesterday<"),
		paper(STANDARD).replace(b">388<", b">999<"),
		paper(STANDARD).replace(b">17747.30<", b">NaN<"),
		paper(STANDARD)
		.replace(b'<?xml version="1.0" encoding="UTF-8"?>', b"")
		.replace(b"<Invoice", b"<!DOCTYPE a><Invoice", 1),
	],
)
def test_what_is_no_invoice_is_refused(xml: bytes) -> None:
	with pytest.raises(InvalidInput):
		render(xml)


def test_unknown_layout_is_refused() -> None:
	with pytest.raises(InvalidInput):
		render(paper(STANDARD), layout="poster")  # type: ignore[arg-type]


FORKED = """
import os, sys
sys.path.insert(0, {tests!r})
from papers import STANDARD, paper
from bayancore_erp.archive.core.pdf import render
xml = paper(STANDARD)
mine = render(xml)
child = os.fork()
if child == 0:
	os._exit(0 if render(xml) == mine else 3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork on this system")
def test_a_forked_child_can_print() -> None:
	tests = Path(__file__).parent
	done = subprocess.run(
		[sys.executable, "-W", "ignore", "-c", FORKED.format(tests=str(tests))],
		cwd=tests.parents[1],
		timeout=60,
		capture_output=True,
		check=False,
	)
	assert done.returncode == 0, done.stderr.decode()
