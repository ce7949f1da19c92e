"""Reading a printed invoice as its receiver would: the words on the page, the picture of it, the QR in the picture.

By other hands than those that drew it: PDFium for text and pixels, ZXing for the code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pypdfium2
import zxingcpp
from lxml import etree

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
DPI = 150
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_AMOUNTS = (
	"LineExtensionAmount TaxAmount RoundingAmount TaxableAmount TaxExclusiveAmount TaxInclusiveAmount PrepaidAmount"
	" AllowanceTotalAmount ChargeTotalAmount PayableRoundingAmount PayableAmount PriceAmount Amount BaseAmount"
).split()
_FIGURES = ("InvoicedQuantity", "Percent", "MultiplierFactorNumeric", "CalculationRate", "BaseQuantity")


def texts(pdf: bytes) -> list[str]:
	"""The words of each page."""
	document = pypdfium2.PdfDocument(pdf)
	try:
		found = []
		for page in document:
			words = page.get_textpage()
			found.append(words.get_text_range())
			words.close()
			page.close()
		return found
	finally:
		document.close()


def numbers(text: str) -> set[Decimal]:
	"""Every figure on the page, whatever its grouping and however many zeros follow."""
	return {Decimal(found.replace(",", "")).normalize() for found in _NUMBER.findall(text)}


def words(text: str) -> set[str]:
	"""The words and numbers of the text, each as its sorted characters.

	Extractors turn mixed runs about and reverse the letters inside a ligature of a right-to-left run (lam-alef); which letters a word has they keep.
	"""
	plain = unicodedata.normalize("NFKC", text).replace("\u200b", "")
	letters = "".join(c for c in plain if unicodedata.category(c)[0] != "M")
	return {"".join(sorted(word)) for word in re.findall(r"[^\W\d_]+|\d+", letters)}


def picture(pdf: bytes, page: int = 0, dpi: int = DPI) -> Any:
	document = pypdfium2.PdfDocument(pdf)
	try:
		return document[page].render(scale=dpi / 72).to_pil().convert("L")
	finally:
		document.close()


def scan(pdf: bytes) -> tuple[str, float]:
	"""The text of the QR on the first page, scanned at 150 dpi, and its side in millimetres."""
	codes = zxingcpp.read_barcodes(picture(pdf))
	assert len(codes) == 1, f"{len(codes)} codes on the page"
	corners = codes[0].position
	side = abs(corners.top_right.x - corners.top_left.x)
	return codes[0].text, side / DPI * 25.4


def stated(xml: bytes) -> Iterator[tuple[str, Decimal]]:
	"""Every amount and figure of the XML that an A4 page has to show, with its path.

	Not the zeros that say that there is no discount, charge or advance.
	"""
	root = etree.fromstring(xml)
	for element in root.iter():
		if not isinstance(element.tag, str):
			continue
		name = etree.QName(element).localname
		if name not in _AMOUNTS and name not in _FIGURES:
			continue
		line = next(element.iterancestors(f"{CAC}InvoiceLine"), None)
		if line is not None and _nothing(line, element):
			continue
		if name in ("AllowanceTotalAmount", "ChargeTotalAmount", "PrepaidAmount") and not Decimal(
			element.text
		):
			continue
		yield root.getroottree().getelementpath(element), abs(Decimal(element.text)).normalize()


def _nothing(line: etree._Element, element: etree._Element) -> bool:
	"""The zeros of a prepayment's line are no figures of their own (BR-KSA-82)."""
	is_advance = line.findtext(f"{CAC}DocumentReference/{CBC}DocumentTypeCode") == "386"
	return is_advance and next(element.iterancestors(f"{CAC}TaxSubtotal"), None) is None


def qr_text(xml: bytes) -> str:
	for reference in etree.fromstring(xml).iter(f"{CAC}AdditionalDocumentReference"):
		if reference.findtext(f"{CBC}ID") == "QR":
			return (reference.findtext(f"{CAC}Attachment/{CBC}EmbeddedDocumentBinaryObject") or "").strip()
	return ""
