"""How a company's papers look, as settings: logo, letterhead, colour, footer, reading direction.

Takes what an administrator chose. Gives a `Brand` that every layout understands. Never carries markup or code: an
image is shown, a text is printed as it stands, a colour is six hexadecimal digits.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass

from lxml import etree

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Text

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 40_000_000
NOTHING = Text()


@dataclass(frozen=True, slots=True)
class Brand:
	"""The looks of a company's documents. The default is a restrained green on white, without logo."""

	logo: bytes = b""
	"""PNG, JPEG or SVG, at most 2 MB; shown at most 52 mm wide and 17 mm high."""
	letterhead: bytes = b""
	"""PNG, JPEG or SVG across the whole width at the head of the first page, at most 34 mm high; instead of the logo."""
	accent: str = "#0B5D57"
	"""Colour of titles, rules and the amount due."""
	contact: Text = NOTHING
	"""Telephone, e-mail, web: a line under the seller's address."""
	footer: Text = NOTHING
	"""At the foot of every page: bank account, registered office, thanks."""
	right_to_left: bool = True
	"""Arabic reading order; False puts the English side first. Both languages are printed either way."""

	def __post_init__(self) -> None:
		if not _COLOUR.match(self.accent):
			raise InvalidInput(
				"The brand colour is not a colour.", field="accent", hint="Write it like #0B5D57."
			)
		for field in ("logo", "letterhead"):
			image: bytes = getattr(self, field)
			if image:
				picture(image, field=field)

	@property
	def on_accent(self) -> str:
		"""White or near-black, whichever reads better on the accent (WCAG 2 relative luminance)."""
		red, green, blue = (_linear(int(self.accent[i : i + 2], 16)) for i in (1, 3, 5))
		# Contrast with white exceeds that with black below a luminance of 0.179; all in millionths.
		luminance = 2126 * red + 7152 * green + 722 * blue
		return "#FFFFFF" if luminance < 1790 * 1_000_000 else "#10201E"


def _linear(channel: int) -> int:
	"""The sRGB transfer in millionths, by its common power-of-two approximation: enough to choose black or white."""
	return channel * channel * 1_000_000 // (255 * 255)


def picture(image: bytes, *, field: str) -> str:
	"""`image` as SVG text: an SVG as it is, a PNG or JPEG inside one of its size in pixels.

	Raises InvalidInput for other formats, images beyond 2 MB, and broken ones.
	"""
	if len(image) > MAX_IMAGE_BYTES:
		raise InvalidInput("The image is larger than 2 MB.", field=field, hint="Save it smaller.")
	if image.startswith(_PNG) and len(image) >= 24:
		width, height = struct.unpack(">II", image[16:24])
		return _wrapped(image, "image/png", width, height, field)
	if image.startswith(_JPEG):
		width, height = _jpeg_size(image, field)
		return _wrapped(image, "image/jpeg", width, height, field)
	return _svg(image, field)


def _wrapped(image: bytes, mime: str, width: int, height: int, field: str) -> str:
	if not 0 < width * height <= MAX_PIXELS:
		raise InvalidInput(
			"The image has too many pixels.", field=field, hint="1200 across are plenty for print."
		)
	data = base64.b64encode(image).decode()
	return (
		f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
		f'<image width="{width}" height="{height}" href="data:{mime};base64,{data}"/></svg>'
	)


def _jpeg_size(image: bytes, field: str) -> tuple[int, int]:
	position = 2
	while position + 10 < len(image) and image[position] == 0xFF:
		marker = image[position + 1]
		if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
			height, width, channels = struct.unpack(">HHB", image[position + 5 : position + 10])
			if channels not in (1, 3):
				raise InvalidInput(
					"The JPEG image has print colours (CMYK).", field=field, hint="Save it as RGB or PNG."
				)
			return width, height
		position += 2 + int(struct.unpack(">H", image[position + 2 : position + 4])[0])
	raise InvalidInput("The JPEG image is broken.", field=field, hint="Save it again, or as PNG.")


def _svg(image: bytes, field: str) -> str:
	parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
	try:
		root = etree.fromstring(image, parser)
	except (etree.XMLSyntaxError, ValueError):
		root = None
	if root is None or etree.QName(root).localname != "svg" or b"<!DOCTYPE" in image:
		raise InvalidInput("The image cannot be read.", field=field, hint="Give a PNG, JPEG or plain SVG.")
	return etree.tostring(root, encoding="unicode")
