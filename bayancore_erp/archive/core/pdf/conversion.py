"""Any PDF made PDF/A-3b, with an invoice's XML inside: for print formats that another program drew.

Takes a PDF (of wkhtmltopdf, Chromium or any other maker that embeds its fonts) and the XML as signed or cleared.
Gives the same pages with what ISO 19005-3 asks beside them: output intent, XMP identification, associated file, trailer
ID; and without what it forbids: encryption, scripts, actions, image interpolation. Never redraws a page; a PDF whose
pages themselves cannot conform (fonts left outside, print colours) is refused, not passed off as archival.

Source: ISO 19005-3 clauses 6.1.3, 6.2.3, 6.2.8, 6.3, 6.5, 6.6, 6.8; ISO 32000-1 sections 7.11, 12.5.3, 14.10.5.
"""

from __future__ import annotations

import hashlib
import io
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from bayancore_erp.archive.core.pdf.srgb import profile
from bayancore_erp.archive.core.pdf.structure import FORBIDDEN_ACTIONS, check, opened
from bayancore_erp.zatca.core.errors import InvalidInput

PRODUCER = "bayancore_erp"
_PRINT = 4
_HIDING = 1 | 2 | 32 | 256


def attach(
	pdf: bytes,
	xml: bytes,
	*,
	filename: str,
	title: str,
	author: str = "",
	issued: datetime | None = None,
	description: str = "The signed electronic invoice (UBL 2.1) that this document shows",
) -> bytes:
	"""`pdf` as PDF/A-3b with `xml` attached under `filename`; the same input gives the same bytes if `issued` is given.

	`issued` becomes the document's date, now where absent; one without zone is taken as UTC.
	Raises InvalidInput if `pdf` cannot be read, is protected by a password, or has pages that cannot conform.
	"""
	moment = issued or datetime.now(timezone.utc)
	if moment.tzinfo is None:
		moment = moment.replace(tzinfo=timezone.utc)
	with opened(pdf) as document:
		_clean(document)
		_intend(document)
		_embed(document, xml, filename, description, moment)
		_describe(document, title, author, moment)
		out = io.BytesIO()
		document.save(
			out, force_version="1.7", encryption=False, deterministic_id=True, fix_metadata_version=False
		)
	made = out.getvalue()
	if problems := check(made):
		raise InvalidInput(
			f"The PDF cannot be made PDF/A-3: {problems[0].message}",
			code=f"PDF-{problems[0].code}",
			hint="Let the program that drew it embed its fonts and use RGB colours.",
		)
	return made


def _clean(document: pikepdf.Pdf) -> None:
	"""Take out what the standard forbids and no page needs."""
	root = document.Root
	for key in ("/AA", "/OpenAction", "/Perms", "/Collection", "/NeedsRendering", "/Requirements"):
		if key in root:
			del root[key]
	names = root.get(Name.Names)
	if isinstance(names, Dictionary):
		for key in ("/JavaScript", "/AlternatePresentations"):
			if key in names:
				del names[key]
	form = root.get(Name.AcroForm)
	if isinstance(form, Dictionary):
		for key in ("/NeedAppearances", "/XFA"):
			if key in form:
				del form[key]
	for page in document.pages:
		for key in ("/AA", "/PresSteps"):
			if key in page:
				del page[key]
		annotations = page.get(Name.Annots)
		for annotation in annotations if isinstance(annotations, Array) else ():
			_tame(annotation)
	for item in document.objects:
		if isinstance(item, pikepdf.Stream) and Name.Interpolate in item:
			item[Name.Interpolate] = False
		elif isinstance(item, Dictionary):
			_drop_action(item)
			for key in ("/TR", "/TR2", "/HTP") if item.get(Name.Type) == Name.ExtGState else ():
				if key in item:
					del item[key]


def _tame(annotation: Any) -> None:
	if not isinstance(annotation, Dictionary):
		return
	if annotation.get(Name.Subtype) != Name.Popup:
		annotation[Name.F] = (int(annotation.get(Name.F, 0)) | _PRINT) & ~_HIDING
	if Name.AA in annotation:
		del annotation[Name.AA]
	_drop_action(annotation)


def _drop_action(item: Any) -> None:
	"""Links of pages and bookmarks keep their targets, not their scripts."""
	for key in ("/A", "/Next"):
		action = item.get(key)
		if isinstance(action, Dictionary) and str(action.get(Name.S)) in FORBIDDEN_ACTIONS:
			del item[key]


def _intend(document: pikepdf.Pdf) -> None:
	icc = document.make_stream(profile(), N=3)
	document.Root.OutputIntents = Array(
		[
			Dictionary(
				Type=Name.OutputIntent,
				S=Name.GTS_PDFA1,
				OutputConditionIdentifier=String("sRGB"),
				Info=String("sRGB IEC 61966-2-1"),
				DestOutputProfile=icc,
			)
		]
	)


def _embed(document: pikepdf.Pdf, xml: bytes, filename: str, description: str, moment: datetime) -> None:
	"""The XML as the document's one associated file; what was attached before goes, as its content is unknown."""
	stream = document.make_stream(
		xml,
		Type=Name.EmbeddedFile,
		Subtype=Name("/text/xml"),
		Params=Dictionary(
			Size=len(xml),
			ModDate=String(_pdf_date(moment)),
			CheckSum=String(hashlib.md5(xml, usedforsecurity=False).digest()),
		),
	)
	spec = document.make_indirect(
		Dictionary(
			Type=Name.Filespec,
			F=String(filename),
			UF=String(filename),
			Desc=String(description),
			AFRelationship=Name.Alternative,
			EF=Dictionary(F=stream, UF=stream),
		)
	)
	root = document.Root
	if not isinstance(root.get(Name.Names), Dictionary):
		root.Names = Dictionary()
	root.Names.EmbeddedFiles = Dictionary(Names=Array([String(filename), spec]))
	root.AF = Array([spec])


def _describe(document: pikepdf.Pdf, title: str, author: str, moment: datetime) -> None:
	"""XMP and document information, saying the same."""
	info = {"/Title": title, "/Author": author, "/Creator": PRODUCER, "/Producer": PRODUCER}
	date = _pdf_date(moment)
	document.trailer.Info = document.make_indirect(
		Dictionary(
			{key: String(value) for key, value in info.items() if value}
			| {"/CreationDate": String(date), "/ModDate": String(date)}
		)
	)
	metadata = document.make_stream(_xmp(title, author, moment), Type=Name.Metadata, Subtype=Name.XML)
	document.Root.Metadata = metadata


def _xmp(title: str, author: str, moment: datetime) -> bytes:
	stamp = escape(moment.isoformat(timespec="seconds"))
	creator = (
		f"<dc:creator><rdf:Seq><rdf:li>{_said(author)}</rdf:li></rdf:Seq></dc:creator>" if author else ""
	)
	return (
		'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
		'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
		'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
		' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"'
		' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
		"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
		"<dc:format>application/pdf</dc:format>"
		f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{_said(title)}</rdf:li></rdf:Alt></dc:title>{creator}'
		f"<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><xmp:CreateDate>{stamp}</xmp:CreateDate>"
		f"<xmp:ModifyDate>{stamp}</xmp:ModifyDate><pdf:Producer>{PRODUCER}</pdf:Producer>"
		'</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
	).encode()


def _said(text: str) -> str:
	"""`text` for XML: what XML cannot hold is left out, what it reserves is escaped."""
	return escape(
		"".join(c for c in text if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
	)


def _pdf_date(moment: datetime) -> str:
	zone = moment.strftime("%z") or "+0000"
	return f"D:{moment:%Y%m%d%H%M%S}{zone[:3]}'{zone[3:5]}'"
