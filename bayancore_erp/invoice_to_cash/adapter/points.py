"""One thing to fix before a tax invoice, as the desk shows it: a sentence, a place to go to, and what one click can do.

Takes plain values; gives them as the desk's JSON. Never judges and never writes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.mapper import Facts, Mapping, Place
from bayancore_erp.zatca.adapter.wording import where

ERROR, WARNING, INFORMATION = "Error", "Warning", "Information"
ORDER = {ERROR: 0, WARNING: 1, INFORMATION: 2}


@dataclass(frozen=True, slots=True)
class Fix:
	"""What one click does. `apply` gets the reader's choice where there are `choices`, else an empty text."""

	key: str
	label: str
	doctype: str
	name: str
	"""The document that is changed: whoever clicks needs write permission for it."""
	apply: Callable[[str], None]
	choices: tuple[tuple[str, str], ...] = ()
	"""Value and what it means, to choose from."""
	row: int = 0

	@property
	def id(self) -> str:
		"""What tells it from the other fixes of the same document."""
		return f"{self.key}:{self.doctype}:{self.name}:{self.row}"


@dataclass(slots=True)
class Point:
	"""One problem. `field` is the path in the core's model, for whoever looks for a fix."""

	code: str
	text: str
	severity: str
	place: Place
	field: str = ""
	fixes: list[Fix] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Case:
	"""A document under judgement: the one that is open, the invoice it is or would become, and what is known around it."""

	doc: Any
	invoice: Any
	facts: Facts
	mapping: Mapping | None = None

	@property
	def is_draft(self) -> bool:
		"""Whether every field can still be changed."""
		return int(self.doc.get("docstatus") or 0) == 0


def row_of(rows: Any, field: str) -> Any:
	"""The row behind a path such as lines[2].vat, of the rows in that order."""
	found = re.match(r"lines\[(\d+)\]", field)
	index = int(found[1]) if found else -1
	return rows[index] if 0 <= index < len(rows) else frappe._dict(idx=0)


def answer(point: Point, doc: Any) -> dict[str, Any]:
	"""For the desk; `where` names the field, and the document where it is another one; `ask` who may change it, where
	the reader may not."""
	return {
		"code": point.code,
		"severity": point.severity,
		"text": point.text,
		"place": point.place._asdict(),
		"where": where(point.place, doc),
		"ask": whom_to_ask(point.place, doc),
		"fixes": [buttons(fix) for fix in point.fixes],
	}


def buttons(fix: Fix) -> dict[str, Any]:
	"""A fix for the desk."""
	return {
		"id": fix.id,
		"label": fix.label,
		"choices": [{"value": value, "label": label} for value, label in fix.choices],
	}


def whom_to_ask(place: Place, doc: Any) -> str:
	"""Who changes this field, where the reader may not; empty where they may."""
	own = bool(place.table) or (place.doctype, place.name) == (doc.doctype, doc.name)
	doctype, name = (doc.doctype, doc.name) if own else (place.doctype, place.name)
	stored = name if frappe.db.exists(doctype, name) else None
	if frappe.has_permission(doctype, "write", doc=doc if own and stored else stored):
		return ""
	roles = who_may_write(doctype)
	if not roles:
		return _("You may not change this; nobody but an administrator may.")
	return _("You may not change this. Ask someone with the role {0}.").format(
		f" {_('or')} ".join(f"\u2068{_(role)}\u2069" for role in roles)
	)


MOST_ROLES = 3
# They run the system: nobody is sent to them for a customer's address, unless nobody else may.
GENERAL = frozenset({"Administrator", "All", "Desk User", "System Manager"})


def who_may_write(doctype: str) -> list[str]:
	"""The roles that may change documents of a doctype, those named in its own permissions first."""
	rows = [row for row in frappe.get_meta(doctype).permissions if row.write and not row.permlevel]
	roles = list(dict.fromkeys(row.role for row in rows))
	named = [role for role in roles if role not in GENERAL]
	return (named or [role for role in roles if role == "System Manager"])[:MOST_ROLES]
