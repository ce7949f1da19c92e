"""A PDF that another program drew becomes PDF/A-3b around the XML, or is refused."""

from __future__ import annotations

import io
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pikepdf
import pytest
import typst
from papers import STANDARD, paper
from pikepdf import Array, Dictionary, Name, String
from reading import texts, words

from bayancore_erp.archive.core.pdf import attach, check, extract_xml
from bayancore_erp.archive.core.pdf.glyphs import FONT_FOLDER
from bayancore_erp.archive.core.pdf.srgb import profile
from bayancore_erp.zatca.core.errors import InvalidInput

WHEN = datetime(2026, 11, 21, 14, 5, tzinfo=timezone.utc)
HTML = """<html dir="rtl"><meta charset="utf-8"><style>body{font-family:"Noto Sans Arabic",sans-serif}</style>
<body><h1>فاتورة ضريبية</h1><p>Tax Invoice 1,234.50</p><a href="https://example.com">link</a></body></html>"""


@pytest.fixture(scope="module")
def plain() -> bytes:
	"""A PDF with embedded fonts and nothing of PDF/A, with some of what PDF/A forbids added."""
	fonts = typst.Fonts(
		include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
	)
	drawn = typst.Compiler(font_paths=fonts).compile(
		input=b'#set text(font: "IBM Plex Sans Arabic")\nTax Invoice 1,234.50', format="pdf"
	)
	assert isinstance(drawn, bytes)
	with pikepdf.open(io.BytesIO(drawn)) as document:
		page = document.pages[0]
		image = document.make_stream(
			b"\x80", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8,
			ColorSpace=Name.DeviceGray, Interpolate=True,
		)  # fmt: skip
		page.Resources["/XObject"] = Dictionary(Smooth=image)
		link = Dictionary(
			Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), F=2,
			A=Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")),
		)  # fmt: skip
		page.Annots = Array([document.make_indirect(link)])
		page.AA = Dictionary()
		document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("1"))
		document.attachments["old.txt"] = b"old"
		out = io.BytesIO()
		document.save(out)
	return out.getvalue()


def _attached(pdf: bytes, **more: object) -> bytes:
	settings = {
		"filename": "a.xml",
		"title": "فاتورة ضريبية 1",
		"author": "بيان & Co <x>",
		"issued": WHEN,
		**more,
	}
	return attach(pdf, paper(STANDARD), **settings)  # type: ignore[arg-type]


def test_becomes_sound(plain: bytes) -> None:
	found = {problem.code for problem in check(plain)}
	assert found >= {"OUTPUT-INTENT", "INTERPOLATE", "SCRIPT", "ANNOTATION"}
	# Which of the two depends on how pikepdf attached the text file.
	assert found & {"AF", "AF-XML"}
	made = _attached(plain)
	assert check(made) == []
	assert extract_xml(made) == paper(STANDARD)
	assert words("Tax Invoice") <= words(texts(made)[0])


def test_says_who_and_when(plain: bytes) -> None:
	with pikepdf.open(io.BytesIO(_attached(plain))) as document:
		assert str(document.docinfo.Title) == "فاتورة ضريبية 1"
		assert str(document.docinfo.CreationDate) == "D:20261121140500+00'00'"
		with document.open_metadata() as metadata:
			assert metadata["dc:title"] == "فاتورة ضريبية 1"
			assert metadata["dc:creator"] == ["بيان & Co <x>"]
			assert metadata["pdfaid:part"] == "3" and metadata["pdfaid:conformance"] == "B"
			assert metadata["xmp:CreateDate"] == "2026-11-21T14:05:00+00:00"
		spec = document.Root.AF[0]
		assert (spec.AFRelationship, str(spec.UF)) == (Name.Alternative, "a.xml")
		assert list(document.attachments) == ["a.xml"]


def test_same_input_gives_same_bytes(plain: bytes) -> None:
	assert _attached(plain) == _attached(plain)


def test_attaching_again_replaces(plain: bytes) -> None:
	again = attach(_attached(plain), b"<Invoice/>", filename="b.xml", title="x", issued=WHEN)
	assert check(again) == []
	assert extract_xml(again) == b"<Invoice/>"


def test_time_without_zone_and_control_characters(plain: bytes) -> None:
	made = _attached(
		plain, issued=datetime(2026, 1, 2, 3, 4, 5), title="a\x00b\x0b\ufffe]]>", filename="فاتورة.xml"
	)
	assert check(made) == []


def test_protected_pdf_is_refused(plain: bytes) -> None:
	with pikepdf.open(io.BytesIO(plain)) as document:
		closed, open_to_all = io.BytesIO(), io.BytesIO()
		document.save(closed, encryption=pikepdf.Encryption(owner="o", user="u"))
		document.save(open_to_all, encryption=pikepdf.Encryption(owner="o", user=""))
	with pytest.raises(InvalidInput, match="password"):
		_attached(closed.getvalue())
	assert check(_attached(open_to_all.getvalue())) == []


def test_pages_that_cannot_conform_are_refused(plain: bytes) -> None:
	with pikepdf.open(io.BytesIO(plain)) as document:
		font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
		document.pages[0].Resources.Font["/Bare"] = document.make_indirect(font)
		out = io.BytesIO()
		document.save(out)
	with pytest.raises(InvalidInput, match="Helvetica is not embedded"):
		_attached(out.getvalue())
	with pytest.raises(InvalidInput):
		_attached(b"no pdf")


def test_colour_profile_is_srgb() -> None:
	icc = profile()
	assert len(icc) == int.from_bytes(icc[:4], "big") and icc[12:20] == b"mntrRGB " and icc[36:40] == b"acsp"
	cms = pytest.importorskip("PIL.ImageCms")
	image = pytest.importorskip("PIL.Image")
	strip = image.new("RGB", (256, 1))
	strip.putdata([(n, 255 - n, n * 7 % 256) for n in range(256)])
	same = cms.profileToProfile(strip, cms.ImageCmsProfile(io.BytesIO(icc)), cms.createProfile("sRGB"))
	worst = max(abs(a - b) for a, b in zip(strip.tobytes(), same.tobytes(), strict=True))
	assert worst <= 1


@pytest.mark.parametrize("tool", ["wkhtmltopdf", "chromium"])
def test_print_format_of_frappe(tool: str, tmp_path: Path) -> None:
	program = shutil.which(tool)
	if program is None:
		pytest.skip(f"{tool} is not on this machine")
	page, out = tmp_path / "page.html", tmp_path / "page.pdf"
	page.write_text(HTML, encoding="utf-8")
	command = (
		[program, "--quiet", str(page), str(out)]
		if tool == "wkhtmltopdf"
		else [
			program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
			"--no-pdf-header-footer", f"--print-to-pdf={out}", page.as_uri(),
		]
	)  # fmt: skip
	try:
		subprocess.run(command, capture_output=True, timeout=60, check=False)
	except subprocess.TimeoutExpired:
		pytest.skip(f"{tool} does not answer on this machine")
	if not out.is_file():
		pytest.skip(f"{tool} cannot draw on this machine")
	made = _attached(out.read_bytes())
	assert check(made) == [] and extract_xml(made) == paper(STANDARD)
