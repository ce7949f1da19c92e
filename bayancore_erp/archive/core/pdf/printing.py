"""An invoice's XML made into its printed form: a bilingual PDF/A-3b with that very XML inside.

Takes the cleared or stamped XML, the company's brand and a layout. Gives a PDF whose every figure was read from the
XML it carries, so that print and XML cannot differ. Never looks anything up elsewhere.

Source: Detailed Guideline p. 60-63 (PDF/A-3 with embedded XML, Arabic), data dictionary columns V-W (visible fields),
Security Features Implementation Standards rows 10-12, ISO 19005-3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bayancore_erp.archive.core.pdf.brand import Brand
from bayancore_erp.archive.core.pdf.naming import file_name
from bayancore_erp.archive.core.pdf.reader import read
from bayancore_erp.archive.core.pdf.sheet import compose
from bayancore_erp.archive.core.pdf.typeset import typeset
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Text

Layout = Literal["a4", "receipt"]
_LAYOUTS = ("a4", "receipt")
_PLAIN = Brand()


def render(
	xml: bytes,
	*,
	brand: Brand = _PLAIN,
	layout: Layout = "a4",
	watermark: Text | None = None,
	embed: bool = True,
	scannable: bool = True,
) -> bytes:
	"""The PDF/A-3b of the invoice in `xml`; the same input gives the same bytes.

	`layout` "receipt" is an 80 mm strip. `watermark` (such as "not yet cleared") lies across every page. Without
	`embed` the XML stays outside, for a preview. Without `scannable` there is no QR: a copy that ZATCA has not seen shows none.
	Raises InvalidInput if `xml` is no readable invoice or cannot be drawn.
	"""
	if layout not in _LAYOUTS:
		raise InvalidInput(f"{layout!r} is no layout.", field="layout", hint="Take a4 or receipt.")
	document = read(xml)
	if not scannable:
		document = replace(document, qr="")
	attachment = None
	if embed:
		name = file_name(document.seller.vat_number, document.issued, document.number)
		# `read` has refused anything but UTF-8; the text goes back to the very same bytes.
		attachment = (name, xml.decode())
	return typeset(layout, compose(document, brand, watermark), document.issued, attachment)
