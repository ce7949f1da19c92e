"""The QR code of an invoice: tag-length-value bytes in base64, and its picture.

Takes the nine values (five for Phase 1). Gives the text that stands in the XML, and PNG or SVG of it by the library
`qrcode` at error correction L, the smallest that holds a stamped payload well (version 17 instead of 20 for M).
Never cuts a value silently, but one: a seller name of more than 255 bytes, which one length byte cannot hold, ends
at the last whole character that fits.

Source: Security Features Implementation Standard section 4 (tags), BR-CL-KSA-14 (1000 characters), BR-KSA-27;
ISO/IEC 18004 (quiet zone of four modules); PNG specification (ISO/IEC 15948) for the one-bit picture.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import qrcode
from qrcode.constants import ERROR_CORRECT_L
from qrcode.exceptions import DataOverflowError

from bayancore_erp.zatca.core.errors import InvalidInput

MAX_VALUE_BYTES = 255
MAX_TEXT = 1000
QUIET_ZONE = 4

# Tag by tag: the attribute of QrPayload and the words a sentence calls it by.
TAGS = {
	1: ("seller_name", "seller name"),
	2: ("vat_number", "VAT number"),
	3: ("timestamp", "time stamp"),
	4: ("total", "total"),
	5: ("vat_total", "VAT total"),
	6: ("invoice_hash", "invoice hash"),
	7: ("signature", "signature"),
	8: ("public_key", "public key"),
	9: ("certificate_signature", "certificate signature"),
}
_TEXT_TAGS = range(1, 8)
_LAWFUL_TAGS = tuple(tuple(range(1, last + 1)) for last in (5, 8, 9))


@dataclass(frozen=True, slots=True)
class QrFacts:
	"""What the QR repeats from the document, as texts exactly as they stand in the XML."""

	seller_name: str
	vat_number: str
	timestamp: str
	"""`IssueDate` + "T" + `IssueTime`."""
	total: str
	"""`LegalMonetaryTotal/PayableAmount`: what the SDK writes and checks, where the Standard says BT-112."""
	vat_total: str
	"""The first `TaxTotal/TaxAmount` of the document, as the SDK reads it."""
	simplified: bool = False


@dataclass(frozen=True, slots=True)
class QrPayload:
	"""The values of a QR. Empty values from tag 6 on are absent tags: five make a Phase 1 code, eight or nine Phase 2."""

	seller_name: str
	vat_number: str
	timestamp: str
	total: str
	vat_total: str
	invoice_hash: str = ""
	"""Base64 text, 44 characters."""
	signature: str = ""
	"""Base64 text of the DER signature."""
	public_key: bytes = b""
	"""SubjectPublicKeyInfo, raw DER."""
	certificate_signature: bytes = b""
	"""The CA's signature over the certificate, raw DER; on simplified documents."""

	@property
	def tags(self) -> tuple[int, ...]:
		"""The tags this payload fills."""
		return tuple(tag for tag, (name, _) in TAGS.items() if tag <= 5 or getattr(self, name))


def encode(payload: QrPayload) -> str:
	"""The base64 TLV text. Raises InvalidInput if a value is longer than a length byte or the text than 1000."""
	out = bytearray()
	tags = payload.tags
	if tags not in _LAWFUL_TAGS:
		raise InvalidInput(_wrong_tags(list(tags)), code="QR-TAGS")
	for tag in tags:
		name, words = TAGS[tag]
		given: str | bytes = getattr(payload, name)
		try:
			value = given.encode() if isinstance(given, str) else given
		except UnicodeEncodeError:
			raise InvalidInput(
				f"The {words} holds half a character (a lone surrogate).", code="QR-TEXT", field=name
			) from None
		if tag == 1:
			value = cap_utf8(value)
		if len(value) > MAX_VALUE_BYTES:
			raise InvalidInput(
				f"The {words} has {len(value)} bytes; a QR holds at most {MAX_VALUE_BYTES}.",
				code="QR-LENGTH",
				field=name,
			)
		out += bytes((tag, len(value)))
		out += value
	text = base64.b64encode(out).decode()
	if len(text) > MAX_TEXT:
		raise InvalidInput(
			f"The QR would have {len(text)} characters; ZATCA takes at most {MAX_TEXT} (BR-CL-KSA-14).",
			code="QR-SIZE",
		)
	return text


def cap_utf8(value: bytes, limit: int = MAX_VALUE_BYTES) -> bytes:
	"""At most `limit` bytes of UTF-8, ending at a whole character."""
	return value if len(value) <= limit else value[:limit].decode("utf-8", "ignore").encode()


def read_tlv(data: bytes) -> list[tuple[int, bytes]]:
	"""Tags and values in their order. Raises InvalidInput where the bytes end inside a field."""
	found, position = [], 0
	while position < len(data):
		if position + 2 > len(data):
			raise InvalidInput(f"The QR ends inside the head of a field, at byte {position}.", code="QR-TLV")
		tag, length = data[position], data[position + 1]
		value = data[position + 2 : position + 2 + length]
		if len(value) != length:
			raise InvalidInput(
				f"The QR ends inside tag {tag}: {length} bytes are announced, {len(value)} are there.",
				code="QR-TLV",
			)
		found.append((tag, value))
		position += 2 + length
	return found


def decode(text: str) -> QrPayload:
	"""Read a base64 TLV text of Phase 1 or 2.

	Raises InvalidInput, naming the tag, for anything but the tags 1 to 5, or 1 to 8, or 1 to 9, once each and in order.
	"""
	if len(text) > MAX_TEXT:
		raise InvalidInput(
			f"The QR has {len(text)} characters; ZATCA takes at most {MAX_TEXT}.", code="QR-SIZE"
		)
	try:
		data = base64.b64decode(text, validate=True)
	except (binascii.Error, ValueError):
		raise InvalidInput("The QR is not base64 text.", code="QR-BASE64") from None
	if base64.b64encode(data).decode() != text:
		raise InvalidInput(
			"The QR is not written in plain base64: its last characters do not fit.", code="QR-BASE64"
		)
	fields = read_tlv(data)
	tags = [tag for tag, _ in fields]
	if tuple(tags) not in _LAWFUL_TAGS:
		raise InvalidInput(_wrong_tags(tags), code="QR-TAGS")
	values: dict[str, str | bytes] = {}
	for tag, raw in fields:
		name, words = TAGS[tag]
		try:
			values[name] = raw.decode() if tag in _TEXT_TAGS else raw
		except UnicodeDecodeError:
			raise InvalidInput(
				f"Tag {tag} of the QR ({words}) is not UTF-8 text.", code="QR-TEXT", field=name
			) from None
	return QrPayload(**values)  # type: ignore[arg-type]


def _wrong_tags(tags: list[int]) -> str:
	if unknown := [tag for tag in tags if tag not in TAGS]:
		return f"The QR has tag {unknown[0]}, which does not exist."
	if double := [tag for tag in tags if tags.count(tag) > 1]:
		return f"The QR has tag {double[0]} ({TAGS[double[0]][1]}) more than once."
	wanted = range(1, 6 if max(tags, default=0) <= 5 else 9)
	if missing := [tag for tag in wanted if tag not in tags]:
		return f"The QR lacks tag {missing[0]} ({TAGS[missing[0]][1]})."
	return "The tags of the QR are out of order."


def modules(text: str) -> list[list[bool]]:
	"""The dark and light modules, with the quiet zone around them. Raises InvalidInput if `text` is too long."""
	code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=QUIET_ZONE)
	code.add_data(text, optimize=0)
	try:
		code.make(fit=True)
	except (DataOverflowError, ValueError):
		raise InvalidInput(f"{len(text)} characters do not fit into a QR.", code="QR-SIZE") from None
	matrix: list[list[bool]] = code.get_matrix()
	return matrix


def image_png(text: str, *, scale: int = 4) -> bytes:
	"""A one-bit PNG, `scale` pixels a module. Raises InvalidInput as `modules`."""
	return _png(modules(text), scale)


def image_svg(text: str, *, module_mm: Decimal = Decimal("0.4")) -> bytes:
	"""An SVG of one path, `module_mm` millimetres a module. Raises InvalidInput as `modules`."""
	matrix = modules(text)
	side = len(matrix)
	path = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(matrix) for x, width in _runs(row))
	size = f"{side * module_mm}mm"
	return (
		f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {side} {side}"'
		f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path d="{path}"/></svg>'
	).encode()


def _runs(row: Sequence[bool]) -> list[tuple[int, int]]:
	"""Start and length of each unbroken stretch of dark modules."""
	found, start = [], -1
	for x, dark in enumerate([*row, False]):
		if dark and start < 0:
			start = x
		elif not dark and start >= 0:
			found.append((start, x - start))
			start = -1
	return found


def _png(matrix: Sequence[Sequence[bool]], scale: int) -> bytes:
	side = len(matrix) * scale
	lines = bytearray()
	for row in matrix:
		bits = "".join(("0" if dark else "1") * scale for dark in row)
		packed = int(bits.ljust(-(-side // 8) * 8, "0"), 2).to_bytes(-(-side // 8), "big")
		lines += (b"\x00" + packed) * scale
	header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
	chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(lines), 9)), (b"IEND", b""))
	return b"\x89PNG\r\n\x1a\n" + b"".join(
		struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
		for kind, body in chunks
	)
