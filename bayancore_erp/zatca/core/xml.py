"""The one door through which XML from outside enters the core.

Takes bytes of any origin. Gives the root element of a parsed UTF-8 document, comments dropped (canonical form
drops them too, and a comment must not split a value that was signed as one).
Never resolves an entity, reads a DTD, touches the network or grows without limit; never raises anything but InvalidInput.

Source: XML Implementation Standard section 4 (UTF-8, no DTD); OWASP XML External Entity Prevention; lxml FAQ.
"""

from __future__ import annotations

import re

from lxml import etree

from bayancore_erp.zatca.core.errors import InvalidInput

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
EXT = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"

# The gateway answers 413 from about 10 MB; a base64 body of that size holds a document well below this.
MAX_BYTES = 10 * 1024 * 1024
# libxml2's own limit, kept by huge_tree=False; the deepest lawful path, inside the stamp, has 16 levels.
MAX_DEPTH = 256

_DECLARED_ENCODING = re.compile(rb"""\A<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_BOM = b"\xef\xbb\xbf"


def _parser() -> etree.XMLParser:
	return etree.XMLParser(
		# Without this a declaration of UTF-7 would smuggle a DTD past the look at the prolog.
		encoding="utf-8",
		resolve_entities=False,
		load_dtd=False,
		dtd_validation=False,
		attribute_defaults=False,
		no_network=True,
		huge_tree=False,
		remove_comments=True,
		remove_pis=False,
		strip_cdata=True,
	)


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
	"""The root element of the document in `data`.

	Raises InvalidInput, saying what and where, for anything that is not one well-formed UTF-8 document without
	DTD, within `max_bytes` and MAX_DEPTH levels.
	"""
	if not data.strip():
		raise InvalidInput("The document is empty.", code="XML-EMPTY", hint="Give the XML of one invoice.")
	if len(data) > max_bytes:
		raise InvalidInput(
			f"The document has {len(data):,} bytes; more than {max_bytes:,} are not read.",
			code="XML-SIZE",
			hint="The gateway refuses documents of this size as well: split the invoice or shorten its lines.",
		)
	_refuse_encoding(data)
	_refuse_dtd(data)
	try:
		return etree.fromstring(data, _parser())
	except etree.XMLSyntaxError as error:
		raise _explained(error, data) from None
	except ValueError as error:
		raise InvalidInput(f"The document cannot be read as XML: {error}.", code="XML-SYNTAX") from None


def _refuse_encoding(data: bytes) -> None:
	if b"\x00" in data[:4096] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
		raise InvalidInput(
			"The document is not UTF-8 text.",
			code="XML-ENCODING",
			hint="Save it as UTF-8, the only encoding ZATCA takes.",
		)
	declared = _DECLARED_ENCODING.match(data.removeprefix(_BOM))
	if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
		raise InvalidInput(
			f"The document declares the encoding {declared[1].decode()}; ZATCA takes UTF-8 only.",
			code="XML-ENCODING",
			hint="Save it as UTF-8 and declare so.",
		)


def _refuse_dtd(data: bytes) -> None:
	"""A walk over the prolog, in linear time: a regular expression for it can be made to run for ever."""
	position = len(_BOM) if data.startswith(_BOM) else 0
	while position < len(data):
		if data[position] in b" \t\r\n":
			position += 1
		elif data.startswith(b"<?", position):
			position = _after(data, b"?>", position)
		elif data.startswith(b"<!--", position):
			position = _after(data, b"-->", position)
		elif data.startswith(b"<!DOCTYPE", position):
			raise InvalidInput(
				"The document has a DTD (<!DOCTYPE …>), which can hide entities.",
				code="XML-DTD",
				hint="An invoice needs none: remove it.",
			)
		else:
			return


def _after(data: bytes, mark: bytes, position: int) -> int:
	found = data.find(mark, position)
	return len(data) if found < 0 else found + len(mark)


def _explained(error: etree.XMLSyntaxError, data: bytes) -> InvalidInput:
	"""libxml2's finding as a sentence that says where to look."""
	what = str(error.msg or "unknown error").splitlines()[0].partition(", line ")[0]
	line, column = error.position or (0, 0)
	where = f"line {line}, column {column}"
	if "depth" in what.lower():
		return InvalidInput(
			f"The document is nested more than {MAX_DEPTH} levels deep; no invoice is.", code="XML-DEPTH"
		)
	if "Start tag expected" in what or "Document is empty" in what:
		return InvalidInput(
			f"This is not XML ({where}).", code="XML-SYNTAX", hint="Give the XML of one invoice."
		)
	if "invalid Char" in what or "xmlParseCharRef" in what or "invalid character" in what.lower():
		return InvalidInput(
			f"The document holds a character that XML forbids ({where}).",
			code="XML-CHARACTER",
			hint="Control characters often come with pasted text: remove them.",
		)
	if "Entity" in what:
		return InvalidInput(
			f"The document uses an entity that it may not use ({where}).",
			code="XML-ENTITY",
			hint="Only &amp; &lt; &gt; &quot; &apos; and character numbers are allowed.",
		)
	if "not proper UTF-8" in what or "encoding" in what.lower():
		return InvalidInput(
			f"The document is not UTF-8 text ({where}).",
			code="XML-ENCODING",
			hint="Save it as UTF-8, the only encoding ZATCA takes.",
		)
	# A whole document ends with a tag, a comment or an instruction, and so with ">".
	if "Premature end" in what or "EndTag" in what or not data.rstrip().endswith(b">"):
		return InvalidInput(
			f"The document ends or breaks off inside an element ({where}).",
			code="XML-TRUNCATED",
			hint="It may have been cut while it was copied or sent: take the whole file.",
		)
	return InvalidInput(f"The document is not well-formed XML ({where}): {what}.", code="XML-SYNTAX")
