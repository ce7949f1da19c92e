"""Whether a PDF has the build of a PDF/A-3b with its invoice inside: a structural look, in milliseconds, always at hand.

Takes a PDF of any maker. Gives every problem found, each with the clause it breaks. Knows nothing of how `render` and
`attach` build theirs. It reads the objects, not the drawing instructions: veraPDF remains the full judge where it can
be had (`VERAPDF` in tests/proofs/pdf.py).

Source: ISO 19005-3 (clauses named with each problem), ISO 32000-1; veraPDF's rule texts for the order of things.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pikepdf
from lxml import etree
from pikepdf import Array, Dictionary, Name, Stream

from bayancore_erp.zatca.core.errors import InvalidInput

FORBIDDEN_ACTIONS = frozenset(
	f"/{name}"
	for name in (
		"Launch Sound Movie ResetForm ImportData JavaScript Hide SetOCGState Rendition Trans GoTo3DView".split()
	)
)
XML_TYPES = frozenset({"/text/xml", "/application/xml"})
RELATIONSHIPS = frozenset({"/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"})
_ICC_CLASSES = frozenset({b"prtr", b"mntr", b"scnr", b"spac"})
_OUTPUT_CLASSES = frozenset({b"prtr", b"mntr"})
_COMPONENTS = {b"RGB ": 3, b"CMYK": 4, b"GRAY": 1}
_PDFAID = "http://www.aiim.org/pdfa/ns/id/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_FONT_PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
_SIMPLE_FONTS = frozenset({"/Type1", "/MMType1", "/TrueType", "/CIDFontType0", "/CIDFontType2"})
_ACTION_KEYS = ("/A", "/OpenAction", "/Next")
_HEADER = re.compile(rb"%PDF-1\.[0-7][\r\n]+%[\x80-\xff]{4}")


@dataclass(frozen=True, slots=True)
class Problem:
	"""One breach: a short code, a whole sentence, the clause of ISO 19005-3."""

	code: str
	message: str
	clause: str


@contextmanager
def opened(pdf: bytes) -> Iterator[pikepdf.Pdf]:
	"""`pdf` for reading. Raises InvalidInput if it is no PDF or asks for a password."""
	try:
		document = pikepdf.open(io.BytesIO(pdf))
	except pikepdf.PasswordError:
		raise InvalidInput("The PDF is protected by a password.", code="PDF-ENCRYPTED") from None
	except (pikepdf.PdfError, ValueError, OSError) as error:
		raise InvalidInput("The file cannot be read as a PDF.", code="PDF-UNREADABLE") from error
	with document:
		yield document


def check(pdf: bytes) -> list[Problem]:
	"""Every structural reason why `pdf` is no PDF/A-3b with an XML invoice inside; empty if there is none."""
	try:
		with opened(pdf) as document:
			return list(_problems(pdf, document))
	except InvalidInput as error:
		return [Problem(error.code.removeprefix("PDF-"), error.message, "6.1.3")]
	except (pikepdf.PdfError, AttributeError, KeyError, TypeError, ValueError) as error:
		return [Problem("BROKEN", f"The PDF's objects are not what they say they are ({error}).", "6.1")]


def extract_xml(pdf: bytes) -> bytes:
	"""The bytes of the XML that `pdf` carries as an associated file.

	Raises InvalidInput if it carries none or more than one, or cannot be read.
	"""
	with opened(pdf) as document:
		found: list[bytes] = [
			_file(spec).read_bytes()
			for spec in _associated(document)
			if isinstance(_file(spec), Stream) and str(_file(spec).get(Name.Subtype)) in XML_TYPES
		]
	if len(found) != 1:
		count = "no XML" if not found else f"{len(found)} XML files"
		raise InvalidInput(f"The PDF carries {count}; one is expected.", code="PDF-XML")
	return found[0]


def _problems(pdf: bytes, document: pikepdf.Pdf) -> Iterator[Problem]:
	if not _HEADER.match(pdf[:64]):
		yield Problem(
			"HEADER", "The file does not begin as PDF 1.0 to 1.7 with four high bytes after it.", "6.1.2"
		)
	if document.is_encrypted:
		yield Problem("ENCRYPTED", "The PDF is encrypted.", "6.1.3")
	if Name.ID not in document.trailer:
		yield Problem("TRAILER-ID", "The trailer has no ID.", "6.1.3")
	yield from _output_intent(document)
	yield from _metadata(document)
	yield from _associated_files(document)
	yield from _actions(document)
	yield from _objects(document)


def _output_intent(document: pikepdf.Pdf) -> Iterator[Problem]:
	listed = document.Root.get(Name.OutputIntents)
	intents = (
		[one for one in listed if one.get(Name.S) == Name.GTS_PDFA1] if isinstance(listed, Array) else []
	)
	if not intents:
		yield Problem("OUTPUT-INTENT", "No output intent says what the colours mean.", "6.2.3")
	for intent in intents:
		stream = intent.get(Name.DestOutputProfile)
		if not isinstance(stream, Stream):
			yield Problem("OUTPUT-PROFILE", "The output intent has no colour profile.", "6.2.3")
			continue
		icc = stream.read_bytes()
		if len(icc) < 128 or icc[36:40] != b"acsp":
			yield Problem("OUTPUT-PROFILE", "The output intent's colour profile is no ICC profile.", "6.2.3")
		elif icc[12:16] not in _OUTPUT_CLASSES:
			kind = icc[12:16].decode("ascii", "replace")
			yield Problem(
				"OUTPUT-CLASS", f"The output profile is of class {kind!r}, not a screen or printer.", "6.2.3"
			)
		elif _COMPONENTS.get(icc[16:20]) != int(stream.get(Name.N, 0)):
			yield Problem(
				"OUTPUT-COMPONENTS", "The output profile's number of colours is stated wrongly.", "6.2.3"
			)


def _metadata(document: pikepdf.Pdf) -> Iterator[Problem]:
	stream = document.Root.get(Name.Metadata)
	if not isinstance(stream, Stream):
		yield Problem("XMP", "The document has no XMP metadata.", "6.6.2.1")
		return
	parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
	try:
		root = etree.fromstring(stream.read_bytes(), parser)
	except etree.XMLSyntaxError:
		yield Problem("XMP", "The XMP metadata is not well-formed.", "6.6.2.1")
		return
	if (part := _identified(root, "part")) != "3":
		yield Problem("XMP-PART", f"The metadata claims PDF/A part {part or 'none'}, not 3.", "6.6.4")
	if (level := _identified(root, "conformance")) not in ("A", "B", "U"):
		yield Problem(
			"XMP-CONFORMANCE", f"The metadata claims conformance {level or 'none'}, not B.", "6.6.4"
		)


def _identified(root: etree._Element, name: str) -> str:
	"""The PDF/A identification, written as an element or as an attribute."""
	tag = f"{{{_PDFAID}}}{name}"
	found = root.find(f".//{tag}")
	if found is not None:
		return (found.text or "").strip()
	return next((one.get(tag, "") for one in root.iter(f"{{{_RDF}}}Description") if one.get(tag)), "")


def _associated(document: pikepdf.Pdf) -> list[Any]:
	files = document.Root.get(Name.AF)
	return [one for one in files if isinstance(one, Dictionary)] if isinstance(files, Array) else []


def _file(spec: Any) -> Any:
	embedded = spec.get(Name.EF)
	return embedded.get(Name.F) if isinstance(embedded, Dictionary) else None


def _associated_files(document: pikepdf.Pdf) -> Iterator[Problem]:
	specs = _associated(document)
	if not specs:
		yield Problem("AF", "No file is associated with the document: the XML is missing.", "6.8")
	named = {spec.objgen for spec in _name_tree(document.Root)}
	xml = 0
	for spec in specs:
		if str(spec.get(Name.AFRelationship)) not in RELATIONSHIPS:
			yield Problem(
				"AF-RELATIONSHIP", "The attached file does not say how it relates to the document.", "6.8"
			)
		if not (str(spec.get(Name.F, "")) and str(spec.get(Name.UF, ""))):
			yield Problem("AF-NAME", "The attached file lacks one of its two names (F, UF).", "6.8")
		if spec.objgen not in named:
			yield Problem("AF-UNLISTED", "The attached file is not in the list of attachments.", "6.8")
		stream = _file(spec)
		if not isinstance(stream, Stream):
			yield Problem("AF-STREAM", "The attached file has no content.", "6.8")
		elif Name.Subtype not in stream:
			yield Problem("AF-SUBTYPE", "The attached file does not say its type.", "6.8")
		else:
			xml += str(stream.Subtype) in XML_TYPES
	if specs and xml != 1:
		yield Problem("AF-XML", f"{xml} of the attached files are XML; exactly one is expected.", "6.8")


def _name_tree(root: Any) -> Iterator[Any]:
	names = root.get(Name.Names)
	waiting = [names.get(Name.EmbeddedFiles)] if isinstance(names, Dictionary) else []
	# The bound stops a tree that contains itself.
	for _ in range(1000):
		if not waiting:
			return
		node = waiting.pop()
		if isinstance(node, Dictionary):
			waiting += list(node.get(Name.Kids, Array()))
			yield from (
				one for one in list(node.get(Name.Names, Array()))[1::2] if isinstance(one, Dictionary)
			)


def _actions(document: pikepdf.Pdf) -> Iterator[Problem]:
	names = document.Root.get(Name.Names)
	scripted = isinstance(names, Dictionary) and Name.JavaScript in names
	if scripted or Name.AA in document.Root or any(Name.AA in page for page in document.pages):
		yield Problem("SCRIPT", "The document holds scripts or automatic actions.", "6.5")
	for page in document.pages:
		annotations = page.get(Name.Annots)
		for one in annotations if isinstance(annotations, Array) else ():
			flags = int(one.get(Name.F, 0))
			if one.get(Name.Subtype) != Name.Popup and (not flags & 4 or flags & (1 | 2 | 32 | 256)):
				yield Problem("ANNOTATION", "A link or note is not set to be printed.", "6.3.2")


def _objects(document: pikepdf.Pdf) -> Iterator[Problem]:
	for item in _dictionaries(document):
		kind = item.get(Name.Type)
		if kind == Name.Font and str(item.get(Name.Subtype)) in _SIMPLE_FONTS:
			descriptor = item.get(Name.FontDescriptor)
			if not isinstance(descriptor, Dictionary) or not any(key in descriptor for key in _FONT_PROGRAMS):
				yield Problem("FONT", f"The font {item.get(Name.BaseFont, '?')} is not embedded.", "6.2.11.4")
		elif str(item.get(Name.S)) in FORBIDDEN_ACTIONS and kind in (None, Name.Action):
			yield Problem("ACTION", f"The document holds a forbidden action ({item.S}).", "6.5.1")
		if isinstance(item, Stream):
			yield from _stream(item)


def _dictionaries(document: pikepdf.Pdf) -> Iterator[Any]:
	"""Every object with entries, and the actions and fonts that stand inside one instead of on their own."""
	for item in document.objects:
		if not isinstance(item, (Dictionary, Stream)):
			continue
		yield item
		inner = [item.get(key) for key in _ACTION_KEYS]
		fonts = item.get(Name.Font)
		inner += [fonts[key] for key in fonts.keys()] if isinstance(fonts, Dictionary) else []
		yield from (one for one in inner if isinstance(one, Dictionary) and not one.is_indirect)


def _stream(item: Stream) -> Iterator[Problem]:
	if item.get(Name.Interpolate, False):
		yield Problem("INTERPOLATE", "An image asks to be smoothed (Interpolate).", "6.2.8")
	filters = item.get(Name.Filter)
	listed = list(filters) if isinstance(filters, Array) else [filters]
	if Name.LZWDecode in listed:
		yield Problem("LZW", "A stream is compressed by LZW.", "6.1.7.2")
	if Name.Crypt in listed:
		yield Problem("CRYPT", "A stream is encrypted on its own.", "6.1.7.2")
	if item.get(Name.Subtype) == Name.Image and item.get(Name.ColorSpace) == Name.DeviceCMYK:
		yield Problem(
			"COLOUR",
			"An image has print colours (CMYK) that the RGB output intent does not cover.",
			"6.2.4.3",
		)
	if item.get(Name.Alternates) is not None or item.get(Name.OPI) is not None:
		yield Problem("ALTERNATES", "An image has alternates outside the page.", "6.2.8")
	icc = item.get(Name.N) is not None and Name.Range in item and item.read_bytes()[36:40] == b"acsp"
	if icc and item.read_bytes()[12:16] not in _ICC_CLASSES:
		yield Problem("ICC", "A colour profile is of a class that PDF/A does not allow.", "6.2.4.2")
