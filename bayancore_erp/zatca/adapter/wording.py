"""A problem in the reader's words: its sentence in their language, and what they call its field.

Takes a problem, or a place of a form and the document in front of the reader; gives text. Never judges.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.mapper import Place
from bayancore_erp.zatca.core.invoice import has_arabic
from bayancore_erp.zatca.core.rules import sentences


def in_words(problem: Problem) -> str:
	"""The sentence in the reader's language."""
	if not is_arabic():
		return problem.text or problem.code
	said = problem.text_ar or problem.text
	if not has_arabic(said) and sentences.known(problem.code):
		return sentences.sentence(problem.code, "ar", field=problem.field)
	return said or problem.code


def where(place: Place, doc: Any) -> str:
	"""The field's label; its line or row; its document where that is not the one in front of the reader."""
	doctype = place.doctype
	if place.table:
		doctype = str(frappe.get_meta(doc.doctype).get_options(place.table) or "")
	label = _(frappe.get_meta(doctype).get_label(place.fieldname), context=doctype) if place.fieldname else ""
	if place.table:
		row = (_("Line {0}") if place.table == "items" else _("Row {0}")).format(place.row)
		return f"{row}: {label}" if label else row
	if (place.doctype, place.name) == (doc.doctype, doc.name):
		return label
	other = _(place.doctype) if place.name == doc.get("company") else f"{_(place.doctype)} {place.name}"
	return f"{other}: {label}" if label else other
