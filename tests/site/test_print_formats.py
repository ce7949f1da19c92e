"""What a company's looks and the till's print formats show: logo and letter head in the PDF/A-3, both languages, amounts and QR."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import world
from fatoora import fresh
from private_bench import ROOT
from test_archive import MAKERS, cleared, printed
from till import close_if_open, opened, sold

pytestmark = pytest.mark.usefixtures("path")
HEAD = "Across the Page"
MAGENTA, CYAN = (255, 0, 255), (0, 255, 255)


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.syspath_prepend(str(ROOT / "tests" / "pdf"))


@pytest.fixture
def frappe(site: Any) -> Iterator[Any]:
	yield site
	site.db.rollback()


@pytest.fixture
def till(frappe: Any) -> Iterator[Any]:
	"""A simplified sale at a till that is open."""
	frappe.opening = opened(frappe)
	frappe.db.commit()
	doc = sold(
		frappe, world.line("قهوة | Coffee", 2, "10.00"), world.line("شاي | Tea", 1, "7.99"), paid=27.99
	)
	doc.submit()
	frappe.db.commit()
	yield fresh(frappe, doc)
	close_if_open(frappe)


def image(frappe: Any, name: str, size: tuple[int, int], colour: tuple[int, int, int]) -> str:
	"""A picture of one colour as a file of the site; gives its address."""
	from PIL import Image

	out = io.BytesIO()
	Image.new("RGB", size, colour).save(out, "PNG")
	file = frappe.get_doc(
		{"doctype": "File", "file_name": name, "is_private": 0, "content": out.getvalue()}
	).insert()
	return str(file.file_url)


def extent(pdf: bytes, colour: tuple[int, int, int]) -> tuple[float, float]:
	"""Width and height in millimetres of what the first page shows in about that colour."""
	import pypdfium2
	from PIL import Image, ImageChops

	document = pypdfium2.PdfDocument(pdf)
	page = document[0].render(scale=100 / 72).to_pil().convert("RGB")
	document.close()
	red, green, blue = ImageChops.difference(page, Image.new("RGB", page.size, colour)).split()
	worst = ImageChops.lighter(ImageChops.lighter(red, green), blue)
	left, top, right, bottom = worst.point(lambda value: 255 * (value < 12)).getbbox() or (0, 0, 0, 0)
	return (right - left) / 100 * 25.4, (bottom - top) / 100 * 25.4


def test_the_companys_looks_reach_the_pdf(frappe: Any) -> None:
	from bayancore_erp.archive.adapter import papers
	from bayancore_erp.archive.core.pdf import check

	logo, head = image(frappe, "logo.png", (600, 200), MAGENTA), image(frappe, "head.png", (1800, 200), CYAN)
	settings = frappe.get_doc(
		{
			"doctype": "Archive Settings",
			"company": world.COMPANY,
			"logo": logo,
			"accent": "#7A1FA2",
			"contact_en": "Call 920000000",
			"footer_ar": "شكراً لتعاملكم معنا",
		}
	).insert()
	frappe.db.commit()
	docs = [cleared(frappe), cleared(frappe)]
	try:
		with_logo = papers.paper_of(docs[0].zatca_document)
		# The site's first letter head becomes its default, which new settings would take by themselves.
		world.make(frappe, "Letter Head", letter_head_name=HEAD, source="Image", image=head)
		settings.letter_head = HEAD
		settings.save()
		with_head = papers.paper_of(docs[1].zatca_document)
	finally:
		frappe.db.rollback()
		frappe.get_doc("Archive Settings", world.COMPANY).delete()
		frappe.db.commit()
	for paper in (with_logo, with_head):
		assert check(paper.content) == [] and not paper.row.remark
	width, height = extent(with_logo.content, MAGENTA)
	assert 48 <= width <= 52.5 and 16 <= height <= 17.5, (width, height)
	assert extent(with_logo.content, CYAN) == (0, 0)
	width, height = extent(with_head.content, CYAN)
	assert 170 <= width <= 210.5 and 15 <= height <= 34, (width, height)
	assert extent(with_head.content, MAGENTA) == (0, 0), "the letter head stands for the logo"
	from reading import texts, words

	page = words(" ".join(texts(with_logo.content)))
	assert words("Call 920000000 شكراً لتعاملكم معنا") <= page


@pytest.mark.parametrize("print_format", ["ZATCA POS Receipt", "ZATCA POS Tax Invoice"])
def test_the_tills_print_formats(
	frappe: Any, till: Any, print_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	from reading import scan, texts, words

	from bayancore_erp.archive.adapter import printing

	def page() -> tuple[str, str]:
		html = frappe.get_print("POS Invoice", till.name, print_format=print_format)
		return html, re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)

	with monkeypatch.context() as patch:
		patch.setattr(printing, "arabic_first", lambda _doc: False)
		_html, shown = page()
		for one, two in (("Simplified Tax Invoice", "فاتورة ضريبية مبسطة"), ("Amount due", "المبلغ المستحق")):
			assert shown.index(one) < shown.index(two), "English first"
	html, shown = page()
	for one, two in (("فاتورة ضريبية مبسطة", "Simplified Tax Invoice"), ("المبلغ المستحق", "Amount due")):
		assert shown.index(one) < shown.index(two), "Arabic first"
	for said in (
		"فاتورة ضريبية مبسطة",
		"Simplified Tax Invoice",
		"قهوة",
		"Coffee",
		"شاي",
		"Tea",
		world.SELLER_VAT,
	):
		assert said in shown, said
	for figure in ("27.99", "3.65", "24.34", "20.00", "7.99"):
		assert figure in shown, figure
	assert till.name in shown and printing.zatca_qr(till) in html
	if shutil.which(MAKERS["chromium"]):
		pdf = printed(html)
		assert scan(pdf)[0] == till.zatca_qr
		assert words(f"فاتورة ضريبية مبسطة Simplified Tax Invoice {till.name} 27.99") <= words(
			" ".join(texts(pdf))
		)
