"""What the core says in English, in the reader's language: sentence by sentence, so that what was stored can be said anew.

Takes an error of the core, or its text as it was kept; gives the text in the language of whoever reads it now. The trace for
the support (status, code, request) comes last; the name of a field of the settings is left out, for the form marks it.
"""

from __future__ import annotations

import re

import frappe

from bayancore_erp.zatca.core.errors import ZatcaError

_FIELD = re.compile(r" \(field [^)]*\)")
_TRACE = re.compile(r" \(status [^)]*\)")
_BETWEEN = re.compile(r"(?<=[.?]) (?=[A-Z])")
_VALUE = re.compile(r"(?<=[(“])[^)”]+(?=[)”])")


def of_error(error: ZatcaError) -> str:
	"""An error of the core."""
	return said(error.diagnostics())


def said(text: str) -> str:
	"""A text of the core, or of whoever kept one; what is not known stays as it is."""
	trace = _TRACE.search(text)
	bare = _TRACE.sub("", _FIELD.sub("", text))
	return " ".join(sentence(each) for each in _BETWEEN.split(bare)) + (trace[0] if trace else "")


def sentence(text: str) -> str:
	"""One sentence; a value in brackets or quotation marks keeps its place."""
	found = frappe._(text)
	value = _VALUE.search(text)
	if found != text or not value:
		return str(found)
	template = text[: value.start()] + "{0}" + text[value.end() :]
	return str(frappe._(template)).format(value[0])
