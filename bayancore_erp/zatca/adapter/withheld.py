"""An invoice that is refused while somebody submits it, as a till does: said with its fields, and remembered.

Takes a document and everything wrong with it; raises, for the submit must not stand. The transaction that is taken back with it
would take a record along, so a worker writes that: the same figures as of refusals that were queued. Never waits for the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, NoReturn

import frappe
from frappe import _
from frappe.utils import escape_html, get_link_to_form

from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.mapper import Mapping, Place, locate
from bayancore_erp.zatca.adapter.preflight import NO_DEVICE
from bayancore_erp.zatca.adapter.wording import in_words, where

JOB = "bayancore_erp.zatca.jobs.note_withheld"


class NotIssued(frappe.ValidationError):
	"""The document cannot be issued as it stands."""


def refuse(doc: Any, problems: Sequence[Problem], mapping: Mapping | None = None) -> NoReturn:
	"""Raise NotIssued with every problem in the reader's language, each with its field."""
	remember_later(doc, problems)
	frappe.throw(
		[said(problem, doc, mapping) for problem in problems],
		NotIssued,
		title=_("Not a Lawful Invoice Yet"),
		as_list=True,
	)


def said(problem: Problem, doc: Any, mapping: Mapping | None) -> str:
	"""One problem: its field, with a link where it stands in another document that the reader may open, and its sentence."""
	sentence = escape_html(in_words(problem))
	if problem.code == NO_DEVICE:
		place = Place("ZATCA Settings", doc.company, "default_device")
	elif problem.field:
		place = locate(doc, problem.field, mapping)
	else:
		return sentence
	label = escape_html(where(place, doc))
	own = bool(place.table) or (place.doctype, place.name) == (doc.doctype, doc.name)
	if not own and place.name and frappe.has_permission(place.doctype, "read", doc=place.name):
		label = get_link_to_form(place.doctype, place.name, label)
	return f"<b>{label}</b>: {sentence}" if label else sentence


def remember_later(doc: Any, problems: Iterable[Problem]) -> None:
	"""Have a worker note it, outside the transaction that ends here."""
	try:
		frappe.enqueue(
			JOB,
			queue="short",
			doctype=doc.doctype,
			name=doc.name,
			company=doc.company,
			asked_by=frappe.session.user,
			problems=[asdict(problem) for problem in problems],
		)
	except Exception:  # without a queue there is no record; the refusal itself must be said all the same
		frappe.logger("zatca").warning("not remembered: %s was refused", doc.name)


def note(doctype: str, name: str, company: str, asked_by: str, problems: list[dict[str, Any]]) -> bool:
	"""Tell the listeners; gives whether there was anything to tell. What was never saved has left nothing to correct."""
	if not frappe.db.exists(doctype, name):
		return False
	announce("withheld", doctype, name, company, asked_by=asked_by, problems=problems)
	frappe.db.commit()
	return True
