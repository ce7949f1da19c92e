"""The one PDF/A-3 of a signed document: drawn once, attached, and afterwards only ever found or reproduced.

Takes a ZATCA Document's name; gives the PDF and the row that holds its digest. Where the attachment is lost it comes back
from the archive, else it is drawn again with the looks of that day; bytes that differ are refused. A marked copy, for a
document ZATCA has not accepted, and a draft's preview are drawn for the moment and never kept.
Source: Detailed Guideline p. 60-63; TAX.md section 3, number 17 (never two different PDFs of one invoice).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter import attachments, brands, keeping
from bayancore_erp.archive.adapter.lawful import Lawful, lawful
from bayancore_erp.archive.adapter.preferences import arabic_first, brand_of, layout_of, preferences
from bayancore_erp.archive.adapter.words import of_error as words_of_error
from bayancore_erp.archive.core.pdf import attach, file_name, render
from bayancore_erp.archive.core.store import ObjectDiffers, ObjectMissing
from bayancore_erp.zatca.adapter import delivery
from bayancore_erp.zatca.adapter.delivery import Watermark
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.preflight import look
from bayancore_erp.zatca.adapter.records import append_row
from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition
from bayancore_erp.zatca.core.errors import InvalidInput, ZatcaError
from bayancore_erp.zatca.core.invoice import Text
from bayancore_erp.zatca.core.pipeline import RIYADH
from bayancore_erp.zatca.core.ubl import build_xml

PAPER = "Archive Paper"


class NoPaper(frappe.ValidationError):
	"""There is no lawful copy to give: not accepted yet, or it can no longer be reproduced."""


@dataclass(frozen=True, slots=True)
class Paper:
	"""The PDF and its row."""

	row: Any
	content: bytes


def paper_of(document: str) -> Paper:
	"""The document's PDF/A-3, made and attached where there is none. Raises NoPaper where none may be given."""
	row = row_of(document)
	if row:
		return Paper(row, content_of(row))
	found = lawful(document)
	if not found.may_be_given:
		raise NoPaper(
			_("{0} is not cleared yet: there is no tax invoice to give.").format(found.row.invoice_name)
		)
	return make(found)


def row_of(document: str) -> Any:
	"""The row of a document's paper, if it was made."""
	return frappe.get_doc(PAPER, document) if frappe.db.exists(PAPER, document) else None


# --- making -----------------------------------------------------------------------------------------------------------
def make(found: Lawful) -> Paper:
	"""Draw, note the digest, attach PDF and XML. Whoever comes second takes what the first one made."""
	document = found.row
	invoice = frappe.get_doc(document.invoice_doctype, document.invoice_name)
	right_to_left = arabic_first(invoice)
	brand, remarks = brand_of(document.company, right_to_left)
	layout = layout_of(invoice, document.kind)
	mark = delivery.TEST if is_test(document) else None
	print_format = None if mark else preferences(document.company).print_format
	pdf = None
	if print_format:
		try:
			pdf = with_print_format(found, invoice, print_format)
		except (ZatcaError, OSError, frappe.ValidationError) as error:
			frappe.clear_last_message()
			remarks.append(
				_("The print format {0} could not be made PDF/A-3; the built-in design was used. {1}").format(
					print_format, why_not(print_format, error)
				)
			)
			print_format = None
	if pdf is None:
		pdf = render(found.xml, brand=brand, layout=layout, watermark=words(mark))
	values = {
		"document": document.name,
		"invoice_doctype": document.invoice_doctype,
		"invoice_name": document.invoice_name,
		"company": document.company,
		"file_name": name_of(document, ".pdf"),
		"sha256": hashlib.sha256(pdf).hexdigest(),
		"size": len(pdf),
		"made_at": now_datetime(),
		"lawful_sha256": hashlib.sha256(found.xml).hexdigest(),
		"cleared": int(found.cleared),
		"layout": layout,
		"right_to_left": int(right_to_left),
		"print_format": print_format or "",
		"brand": brands.remember(brand),
		"watermark_ar": mark.ar if mark else "",
		"watermark_en": mark.en if mark else "",
		"remark": "\n".join(remarks),
	}
	frappe.db.savepoint("archive_paper")
	try:
		row = append_row(PAPER, values)
	except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
		frappe.db.rollback(save_point="archive_paper")
		row = frappe.get_doc(PAPER, document.name)
		return Paper(row, content_of(row))
	earlier = row_of(document.supersedes) if document.supersedes else None
	if earlier:
		names = (earlier.file_name, xml_name(earlier.file_name))
		attachments.set_aside(row.invoice_doctype, row.invoice_name, names)
	attach_both(row, pdf, found.xml)
	announce(
		"drawn",
		document.invoice_doctype,
		document.invoice_name,
		document.company,
		document=document.name,
		sha256=row.sha256,
	)
	return Paper(row, pdf)


def attach_both(row: Any, pdf: bytes, xml: bytes) -> tuple[str, str]:
	"""PDF and XML at the invoice, as private files; gives their names."""
	return (
		attachments.attach(row.invoice_doctype, row.invoice_name, row.file_name, pdf),
		attachments.attach(row.invoice_doctype, row.invoice_name, xml_name(row.file_name), xml),
	)


def name_of(document: Any, suffix: str) -> str:
	"""The file name by ZATCA's rule."""
	return file_name(document.vat_number, document.issued_at, document.invoice_name, suffix)


def xml_name(pdf_name: str) -> str:
	"""The XML's name beside the PDF's."""
	return pdf_name.removesuffix(".pdf") + ".xml"


def with_print_format(found: Lawful, invoice: Any, print_format: str) -> bytes:
	"""The pages of any print format, made PDF/A-3 around the XML. Raises InvalidInput where they cannot conform."""
	document = found.row
	pages = frappe.get_print(
		invoice.doctype,
		invoice.name,
		print_format=print_format,
		as_pdf=True,
		letterhead=invoice.get("letter_head"),
	)
	return attach(
		pages,
		found.xml,
		filename=name_of(document, ".xml"),
		title=f"{invoice.name}",
		author=document.company,
		issued=document.issued_at.replace(tzinfo=RIYADH),
	)


def why_not(print_format: str, error: Exception) -> str:
	"""What kept a print format from being used, as a sentence; another program's own words go to the Error Log."""
	if isinstance(error, ZatcaError):
		return words_of_error(error)
	frappe.log_error(title=f"Print format {print_format}", message=str(error))
	return str(_("The program that draws pages failed; the Error Log has its words."))


# --- finding again ----------------------------------------------------------------------------------------------------
def content_of(row: Any) -> bytes:
	"""The PDF that was made: from the attachment, the archive, or drawn again. Raises NoPaper where none gives those bytes."""
	found = attachments.find(row.invoice_doctype, row.invoice_name, row.file_name, row.sha256)
	if found:
		return found[1]
	try:
		return keeping.fetch(row.sha256, row.document)
	except (ObjectMissing, ObjectDiffers):
		pass
	except ZatcaError:
		# The archive does not answer: what can be drawn again is not withheld for that.
		if row.print_format:
			raise
	if not row.print_format:
		pdf = drawn_again(row)
		if hashlib.sha256(pdf).hexdigest() == row.sha256:
			return pdf
	raise NoPaper(
		_(
			"The document {0} of {1} is lost, and another one must not be made. Restore it from a backup."
		).format(row.file_name, row.invoice_name)
	)


def drawn_again(row: Any) -> bytes:
	"""The same page from the same bytes with the same looks."""
	mark = Text(ar=row.watermark_ar or "", en=row.watermark_en or "")
	return render(
		lawful(row.document).xml,
		brand=brands.recall(row.brand),
		layout="receipt" if row.layout == "receipt" else "a4",
		watermark=mark if row.watermark_ar or row.watermark_en else None,
	)


def restore(document: str) -> list[str]:
	"""Attach again what is missing at the invoice; gives the names of the files that were brought back."""
	row = row_of(document)
	if not row:
		make(lawful(document))
		row = row_of(document)
		return [row.file_name, xml_name(row.file_name)]
	xml = lawful(document).xml
	lost = [
		name
		for name, sha256 in ((row.file_name, row.sha256), (xml_name(row.file_name), row.lawful_sha256))
		if not attachments.find(row.invoice_doctype, row.invoice_name, name, sha256)
	]
	if lost:
		attach_both(row, content_of(row), xml)
	return lost


# --- for the moment ---------------------------------------------------------------------------------------------------
def marked_copy(document: str) -> bytes:
	"""A standard document ZATCA has not accepted, marked so, without QR and without the XML: what an outage lets out."""
	found = lawful(document)
	invoice = frappe.get_doc(found.row.invoice_doctype, found.row.invoice_name)
	marks = [delivery.NOT_YET_CLEARED, *([delivery.TEST] if is_test(found.row) else [])]
	brand, _remarks = brand_of(found.row.company, arabic_first(invoice))
	return render(
		found.xml, brand=brand, watermark=words(delivery.joined(marks)), embed=False, scannable=False
	)


def preview(doc: Any) -> bytes:
	"""A draft as it would be printed, marked as one. Raises InvalidInput with what keeps it from being said at all."""
	found = look(doc, datetime.now(RIYADH).replace(microsecond=0))
	if not found.mapping or not found.totals:
		raise InvalidInput(found.problems[0].text if found.problems else _("The draft cannot be read."))
	invoice = found.mapping.invoice
	xml = build_xml(invoice, found.totals, ChainPosition(1, FIRST_PIH))
	brand, _remarks = brand_of(doc.company, arabic_first(doc))
	kind = "Simplified" if invoice.is_simplified else "Standard"
	return render(
		xml,
		brand=brand,
		layout=layout_of(doc, kind),
		watermark=words(delivery.DRAFT),
		embed=False,
		scannable=False,
	)


def is_test(document: Any) -> bool:
	"""Whether a signed document went to a simulator or to ZATCA's simulation."""
	return str(document.environment) != delivery.PRODUCTION


def words(mark: Watermark | None) -> Text | None:
	"""A mark as the layouts take it."""
	return Text(ar=mark.ar, en=mark.en) if mark else None
