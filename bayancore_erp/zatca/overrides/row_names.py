"""What a row of ours is called is its DocType's to say, nobody's who makes one. Wiring for every document, no query.

Settings are looked up by their company's name, a pack's name is part of a path. Frappe's second API (`frappe/api/v2.py`)
and an import would take any name from the caller; what our own code gives as `insert(set_name=…)` stays.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr

from bayancore_erp.setup.fixture_import import OURS

FIELD = "field:"


def before_insert(doc: Any, method: str | None = None) -> None:
	"""Forget the name a caller brought, before Frappe gives one."""
	if doc.meta.module in OURS:
		doc.flags.name_set = False
		doc.name = None


def validate(doc: Any, method: str | None = None) -> None:
	"""Raise frappe.ValidationError for a row that is not named after the field it is named by."""
	autoname = doc.meta.autoname or ""
	if doc.meta.module not in OURS or not autoname.startswith(FIELD):
		return
	field = autoname.removeprefix(FIELD)
	value = cstr(doc.get(field)).strip()
	if doc.name != value:
		frappe.throw(
			_("{0} {1} is named after {2}, which is {3}. Delete it and make a new one.").format(
				_(doc.doctype), doc.name, _(doc.meta.get_label(field)), value
			)
		)
