"""For Frappe's own print formats: what an invoice's XML says, ready to be shown, and its QR.

Takes the document that is printed; gives plain values for Jinja, read from the lawful XML, so that a print format shows what ZATCA
has. A draft is shown as it would be issued, marked and without a QR. Never says a figure that is not in the XML.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bayancore_erp.archive.adapter.lawful import latest_document, lawful
from bayancore_erp.archive.adapter.papers import words
from bayancore_erp.archive.adapter.preferences import arabic_first, brand_of
from bayancore_erp.archive.core.pdf.qr_drawing import qr_svg
from bayancore_erp.archive.core.pdf.reader import read
from bayancore_erp.archive.core.pdf.sheet import compose
from bayancore_erp.zatca.adapter.delivery import watermark_of
from bayancore_erp.zatca.adapter.preflight import look
from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition
from bayancore_erp.zatca.core.pipeline import RIYADH
from bayancore_erp.zatca.core.ubl import build_xml

_NOT_ARABIC = re.compile(
	r"(?P<latin>[A-Za-z0-9٠-٩](?:[A-Za-z0-9٠-٩.,:/%+&_-]*[A-Za-z0-9٠-٩%])?)|[،؛؟.,:;!?()\[\]{}/|«»“”‘’\"'·•*#&@%+=~<>…–—-]+"
)
"""In a run from right to left: a number or a word in Latin letters; punctuation."""


def zatca_sheet(doc: Any) -> dict[str, Any] | None:
	"""Everything a tax invoice shows, in both languages; None where there is nothing to show yet."""
	xml = xml_of(doc)
	if xml is None:
		return None
	mark = watermark_of(doc)
	brand, _remarks = brand_of(doc.company, arabic_first(doc))
	sheet = compose(read(xml), brand, words(mark))
	if mark and mark.hides_qr:
		sheet["qr"] = ""
	sheet["logo"], sheet["letterhead"] = as_image(sheet["logo"]), as_image(sheet["letterhead"])
	sheet["qr"] = as_image(sheet["qr"])
	split_runs(sheet)
	return sheet


def split_runs(value: Any) -> None:
	"""Give every piece of text its parts of one script each: where a text mixes them, wkhtmltopdf measures it too narrow.

	In place; a piece is what has a text `t` and a side `r`. A part's `d` is the direction it needs for itself, empty for none;
	the spaces around it stand apart.
	"""
	if isinstance(value, dict):
		if "t" in value and "r" in value:
			text = str(value["t"])
			value["parts"] = list(parts_of(text)) if value["r"] else [part(text, "")]
			return
		value = list(value.values())
	if isinstance(value, list | tuple):
		for each in value:
			split_runs(each)


def parts_of(text: str) -> Iterator[dict[str, str]]:
	"""Arabic words, and between them what is written from left to right, and punctuation."""
	end = 0
	for found in _NOT_ARABIC.finditer(text):
		if found.start() > end:
			yield part(text[end : found.start()], "")
		yield part(found[0], "ltr" if found["latin"] else "")
		end = found.end()
	if end < len(text):
		yield part(text[end:], "")


def part(text: str, direction: str) -> dict[str, str]:
	"""One part, its outer spaces beside it."""
	inner = text.strip()
	before, _inner, after = text.partition(inner) if inner else (text, "", "")
	return {"t": inner, "d": direction, "before": before, "after": after}


def zatca_qr(doc: Any) -> str:
	"""The QR of an issued invoice as an image's address; empty where it may show none."""
	mark, text = watermark_of(doc), doc.get("zatca_qr")
	return as_image(qr_svg(text)) if text and not (mark and mark.hides_qr) else ""


def xml_of(doc: Any) -> bytes | None:
	"""The lawful bytes, or a draft's as they would be."""
	document = latest_document(doc.doctype, doc.name) if doc.get("name") else None
	if document and doc.docstatus == 1:
		return lawful(document).xml
	found = look(doc, datetime.now(RIYADH).replace(microsecond=0))
	if not found.mapping or not found.totals:
		return None
	return build_xml(found.mapping.invoice, found.totals, ChainPosition(1, FIRST_PIH))


def as_image(svg: str) -> str:
	"""An SVG as an image's address, which no page can take for markup."""
	return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else ""
