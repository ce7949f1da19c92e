"""The structural checker finds each thing that is taken away or put in: so that its silence means something."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
import pytest
from papers import STANDARD, paper
from pikepdf import Array, Dictionary, Name, String

from bayancore_erp.archive.core.pdf import check, extract_xml, render
from bayancore_erp.zatca.core.errors import InvalidInput

Harm = Callable[[pikepdf.Pdf], None]


@pytest.fixture(scope="module")
def sound() -> bytes:
	return render(paper(STANDARD))


def _saved(document: pikepdf.Pdf, **how: object) -> bytes:
	out = io.BytesIO()
	document.save(out, fix_metadata_version=False, **how)  # type: ignore[arg-type]
	return out.getvalue()


def _harmed(pdf: bytes, harm: Harm) -> bytes:
	with pikepdf.open(io.BytesIO(pdf)) as document:
		harm(document)
		return _saved(document, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def _codes(pdf: bytes) -> set[str]:
	return {problem.code for problem in check(pdf)}


def _spec(document: pikepdf.Pdf) -> pikepdf.Object:
	return document.Root.AF[0]


def _font_descriptors(document: pikepdf.Pdf) -> list[pikepdf.Object]:
	return [
		one.FontDescriptor
		for one in document.objects
		if isinstance(one, Dictionary) and Name.FontDescriptor in one
	]


def _no_font_program(document: pikepdf.Pdf) -> None:
	for key in ("/FontFile", "/FontFile2", "/FontFile3"):
		descriptor = _font_descriptors(document)[0]
		if key in descriptor:
			del descriptor[key]


def _icc_class(document: pikepdf.Pdf) -> None:
	stream = document.Root.OutputIntents[0].DestOutputProfile
	icc = stream.read_bytes()
	stream.write(icc[:12] + b"spac" + icc[16:])


def _xmp(old: bytes, new: bytes) -> Harm:
	def harm(document: pikepdf.Pdf) -> None:
		metadata = document.Root.Metadata.read_bytes()
		assert old in metadata
		document.Root.Metadata.write(metadata.replace(old, new))

	return harm


def _image(**entries: object) -> Harm:
	def harm(document: pikepdf.Pdf) -> None:
		settings = {
			"Type": Name.XObject,
			"Subtype": Name.Image,
			"Width": 1,
			"Height": 1,
			"BitsPerComponent": 8,
		}
		stream = document.make_stream(b"\x00\x00\x00\x00", **{**settings, **entries})  # type: ignore[arg-type]
		document.Root.Harm = stream

	return harm


def _link(**entries: object) -> Harm:
	def harm(document: pikepdf.Pdf) -> None:
		link = {"Type": Name.Annot, "Subtype": Name.Link, "Rect": Array([0, 0, 9, 9]), "F": 4}
		document.pages[0].Annots = Array([document.make_indirect(Dictionary(**{**link, **entries}))])

	return harm


HARMS: dict[str, tuple[str, Harm]] = {
	"no associated files": ("AF", lambda d: d.Root.__delitem__("/AF")),
	"no relationship": ("AF-RELATIONSHIP", lambda d: _spec(d).__delitem__("/AFRelationship")),
	"unknown relationship": (
		"AF-RELATIONSHIP",
		lambda d: _spec(d).__setitem__("/AFRelationship", Name("/Friend")),
	),
	"no subtype": ("AF-SUBTYPE", lambda d: _spec(d).EF.F.__delitem__("/Subtype")),
	"not XML": ("AF-XML", lambda d: _spec(d).EF.F.__setitem__("/Subtype", Name("/image/png"))),
	"no content": ("AF-STREAM", lambda d: _spec(d).__delitem__("/EF")),
	"no unicode name": ("AF-NAME", lambda d: _spec(d).__delitem__("/UF")),
	"no plain name": ("AF-NAME", lambda d: _spec(d).__delitem__("/F")),
	"not listed": ("AF-UNLISTED", lambda d: d.Root.__delitem__("/Names")),
	"no output intent": ("OUTPUT-INTENT", lambda d: d.Root.__delitem__("/OutputIntents")),
	"no profile": ("OUTPUT-PROFILE", lambda d: d.Root.OutputIntents[0].__delitem__("/DestOutputProfile")),
	"profile of class spac": ("OUTPUT-CLASS", _icc_class),
	"profile is text": ("OUTPUT-PROFILE", lambda d: d.Root.OutputIntents[0].DestOutputProfile.write(b"sRGB")),
	"wrong number of colours": (
		"OUTPUT-COMPONENTS",
		lambda d: d.Root.OutputIntents[0].DestOutputProfile.__setitem__("/N", 4),
	),
	"no metadata": ("XMP", lambda d: d.Root.__delitem__("/Metadata")),
	"metadata broken": ("XMP", _xmp(b"</rdf:RDF>", b"</rdf:RD>")),
	"part 2": ("XMP-PART", _xmp(b"<pdfaid:part>3<", b"<pdfaid:part>2<")),
	"no conformance": ("XMP-CONFORMANCE", _xmp(b"<pdfaid:conformance>B<", b"<pdfaid:conformance><")),
	"font left out": ("FONT", _no_font_program),
	"smoothed image": ("INTERPOLATE", _image(Interpolate=True, ColorSpace=Name.DeviceGray)),
	"print colours": ("COLOUR", _image(ColorSpace=Name.DeviceCMYK)),
	"script by name": (
		"SCRIPT",
		lambda d: d.Root.Names.__setitem__("/JavaScript", Dictionary(Names=Array([]))),
	),
	"action on opening a page": ("SCRIPT", lambda d: d.pages[0].__setitem__("/AA", Dictionary())),
	"script behind a link": ("ACTION", _link(A=Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")))),
	"program behind a link": ("ACTION", _link(A=Dictionary(S=Name.Launch, F=String("a.exe")))),
	"script inside an object": (
		"ACTION",
		lambda d: d.Root.__setitem__("/OpenAction", Dictionary(S=Name.JavaScript, JS=String("1"))),
	),
	"font inside its page": (
		"FONT",
		lambda d: d.Root.__setitem__(
			"/Harm",
			d.make_indirect(
				Dictionary(
					Font=Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier))
				)
			),
		),
	),
	"link not printed": ("ANNOTATION", _link(F=0)),
	"link hidden": ("ANNOTATION", _link(F=6)),
}


def test_sound(sound: bytes) -> None:
	assert check(sound) == []
	# Rewriting it does no harm of its own, so that what follows is due to the harm alone.
	assert check(_harmed(sound, lambda document: None)) == []


@pytest.mark.parametrize("name", HARMS)
def test_each_harm_is_found(name: str, sound: bytes) -> None:
	code, harm = HARMS[name]
	found = check(_harmed(sound, harm))
	assert code in {problem.code for problem in found}
	assert all(problem.message.endswith(".") and problem.clause for problem in found)


def test_encryption(sound: bytes) -> None:
	with pikepdf.open(io.BytesIO(sound)) as document:
		open_to_all = _saved(document, encryption=pikepdf.Encryption(owner="secret", user=""))
		protected = _saved(document, encryption=pikepdf.Encryption(owner="secret", user="word"))
	assert "ENCRYPTED" in _codes(open_to_all)
	assert _codes(protected) == {"ENCRYPTED"}


def test_old_compression(sound: bytes) -> None:
	assert "LZW" in _codes(sound.replace(b"/FlateDecode", b"/LZWDecode  ", 1))


def test_trailer_id_and_header(sound: bytes) -> None:
	assert "TRAILER-ID" in _codes(re.sub(rb"/ID\[", b"/IX[", sound))
	assert "HEADER" in _codes(b"%PDF-1.7\n%abcd" + sound[14:])


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"hello", b"<xml/>", b"%PDF-1.7\n" + b"\x00" * 4000])
def test_what_is_no_pdf(junk: bytes) -> None:
	assert _codes(junk)
	with pytest.raises(InvalidInput):
		extract_xml(junk)


def test_cut_and_scrambled_files_never_raise(sound: bytes) -> None:
	for cut in range(0, len(sound), len(sound) // 23):
		check(sound[:cut])
		check(sound[:cut] + b"\xff" * 40 + sound[cut + 40 :])


def test_two_xml_files_are_one_too_many(sound: bytes) -> None:
	def harm(document: pikepdf.Pdf) -> None:
		other = document.make_indirect(Dictionary(_spec(document)))
		document.Root.AF.append(other)
		document.Root.Names.EmbeddedFiles.Names.extend(Array([String("zz"), other]))

	doubled = _harmed(sound, harm)
	assert "AF-XML" in _codes(doubled)
	with pytest.raises(InvalidInput, match="2 XML files"):
		extract_xml(doubled)


def test_no_xml_to_extract(sound: bytes) -> None:
	with pytest.raises(InvalidInput, match="no XML"):
		extract_xml(_harmed(sound, HARMS["no associated files"][1]))
