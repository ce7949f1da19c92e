"""Digests of records: of an insert-only row as it was written, of a document as it was saved, and what changed in it.

Takes a document in memory or a row from the database; gives the same SHA-256 for both. Empty columns do not count, so that a
column added by an update of the app changes nothing. Never gives a value away: only names of fields and digests leave.
"""

from __future__ import annotations

import hashlib
from typing import Any

from frappe.model import no_value_fields, table_fields
from frappe.utils import cint, get_datetime, getdate

from bayancore_erp.archive.core import verify_pack

# When a row was last touched and by whom is told by the event itself; the order of insertion is nothing's content.
_OUTSIDE = frozenset(
	{
		"modified", "modified_by", "creation", "owner", "idx", "lft", "rgt", "old_parent", "parent", "parentfield",
		"parenttype", "doctype", "_user_tags", "_comments", "_assign", "_liked_by", "_seen",
	}
)  # fmt: skip
_STANDARD = {"creation": "Datetime", "modified": "Datetime", "docstatus": "Int"}
_SECRET = frozenset({"Password"})
_FROM_REQUEST = ("new_password", "api_secret", "reset_password_key", "last_known_versions")


def row_digest(row: Any, meta: Any) -> str:
	"""Of every column of an insert-only row, its name and times included; `row` from memory or from the database."""
	return digest_of(columns(row, meta))


def columns(row: Any, meta: Any) -> dict[str, str]:
	"""Every column of a row that is not empty, as text."""
	found = {column: normal(row.get(column), type_of(meta, column)) for column in columns_of(meta)}
	return {column: text for column, text in found.items() if text}


def columns_of(meta: Any) -> list[str]:
	"""What a row's digest covers, as the database has it."""
	return sorted({*meta.get_valid_columns()} - {"doctype", "idx"})


def type_of(meta: Any, column: str) -> str:
	"""A column's field type."""
	field = meta.get_field(column)
	return str(field.fieldtype) if field else _STANDARD.get(column, "")


def normal(value: Any, fieldtype: str) -> str:
	"""A value as text, the same from memory and from the database; empty for what is empty."""
	if value is None or value == "":
		return ""
	if fieldtype in ("Int", "Check"):
		number = cint(value)
		return str(number) if number else ""
	if value.__class__ is float or fieldtype in ("Currency", "Float", "Percent"):
		amount = float(value)
		return f"{amount:.9f}" if amount else ""
	if fieldtype == "Datetime":
		return get_datetime(value).isoformat(timespec="microseconds")
	if fieldtype == "Date":
		return getdate(value).isoformat()
	return str(value)


def content(doc: Any) -> dict[str, str]:
	"""Field -> its content as text (a table: a digest of its rows). Without secrets and without what is empty."""
	found: dict[str, str] = {}
	for df in doc.meta.fields:
		if df.fieldname in _OUTSIDE or df.fieldtype in _SECRET or df.fieldname in _FROM_REQUEST:
			continue
		value = doc.get(df.fieldname)
		if not value:
			continue
		if df.fieldtype in table_fields:
			found[df.fieldname] = table_digest(value)
		elif df.fieldtype not in no_value_fields:
			found[df.fieldname] = normal(value, df.fieldtype)
	if doc.docstatus:
		found["docstatus"] = str(int(doc.docstatus))
	return {field: text for field, text in found.items() if text}


def table_digest(rows: list[Any]) -> str:
	"""Of a table's rows in their order."""
	types = {df.fieldname: df.fieldtype for df in rows[0].meta.fields if df.fieldname not in _OUTSIDE}
	parts: list[str] = []
	for row in rows:
		for field, value in row.__dict__.items():
			if value and field in types:
				parts += (field, value if value.__class__ is str else normal(value, types[field]))
		parts.append("\x1d")
	return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def digest_of(found: dict[str, str]) -> str:
	"""One digest over fields or columns as text."""
	return verify_pack.row_digest(found)


def changed_fields(before: dict[str, str], after: dict[str, str]) -> list[str]:
	"""The names of the fields that differ."""
	return sorted(field for field in {*before, *after} if before.get(field) != after.get(field))
