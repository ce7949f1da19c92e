"""Rows that are written once: the base of documents, attempts and skips, the one way to add one, and its exact bytes.
Beside them the rows of a record's tables, which change with the record or not at all.

Takes the values of a row; gives the stored row. Never changes or deletes one: every path of Frappe's document layer
that would ends in ImmutableRecord. What goes round that layer (raw SQL, frappe.db.set_value, the query builder) cannot
be stopped here and is found by the verifier, which recomputes the digests. Source: Guideline on prohibited
functionality (alteration and deletion of documents and logs).
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

ENCODING = "zlib+base64"
PLAIN = "text"


class ImmutableRecord(frappe.ValidationError):
	"""Someone tried to change, delete, rename or hand-make a row that is evidence."""


class PartOfRecord(Document):
	"""What says that it is part of the record where it refuses something."""

	def refuse(self, why: str) -> None:
		"""Raise ImmutableRecord with a sentence that names the row."""
		frappe.throw(
			_("{0} {1} {2}: it is part of the lawful record.").format(_(self.doctype), self.name or "", why),
			ImmutableRecord,
			title=_("Lawful Record"),
		)


class RowOfRecord(PartOfRecord):
	"""A row of a record's table. Frappe saves a row without asking its document; the document's rules hold for it all the same."""

	def before_validate(self) -> None:
		# Of a row that is saved with its document Frappe calls no method.
		self.refuse(_("cannot be changed"))

	def on_trash(self) -> None:
		self.refuse(_("cannot be deleted"))


class InsertOnly(PartOfRecord):
	"""A row that is added by `append_row` and stays as it is."""

	def before_insert(self) -> None:
		if not self.flags.by_the_writer:
			self.refuse(_("is written by the system only"))

	def validate(self) -> None:
		if not self.is_new():
			self.refuse(_("cannot be changed"))

	def db_update(self, *args: Any, **kwargs: Any) -> None:
		self.refuse(_("cannot be changed"))

	def db_set(self, *args: Any, **kwargs: Any) -> None:
		self.refuse(_("cannot be changed"))

	def on_trash(self) -> None:
		self.refuse(_("cannot be deleted"))

	def before_rename(self, *args: Any, **kwargs: Any) -> None:
		self.refuse(_("cannot be renamed"))


def append_row(doctype: str, values: dict[str, Any]) -> Any:
	"""Insert one row of an insert-only DocType, whatever the session's user may do: the caller has checked.

	Raises frappe.UniqueValidationError or frappe.DuplicateEntryError where a unique index refuses it.
	"""
	row = frappe.get_doc({"doctype": doctype, **values})
	if not isinstance(row, InsertOnly):
		raise TypeError(f"{doctype} is not insert-only")
	row.flags.by_the_writer = True
	row.flags.ignore_permissions = True
	row.flags.ignore_links = True
	# Whoever validates every document of the site has no say in what is evidence.
	row.flags.ignore_validate = True
	return row.insert()


def pack(content: bytes) -> dict[str, Any]:
	"""The fields that hold `content` exactly, in a text column no sanitizer or collation can touch."""
	return {
		"content": base64.b64encode(zlib.compress(content, 6)).decode(),
		"content_encoding": ENCODING,
		"content_sha256": hashlib.sha256(content).hexdigest(),
		"content_size": len(content),
	}


def unpack(content: str, encoding: str, sha256: str) -> bytes:
	"""The bytes that `pack` was given. Raises ImmutableRecord where they are no longer those."""
	if encoding != ENCODING:
		raise ImmutableRecord(f"unknown encoding {encoding!r}")
	try:
		found = zlib.decompress(base64.b64decode(content, validate=True))
	except (ValueError, zlib.error) as error:
		raise ImmutableRecord(_("The stored bytes cannot be read: {0}").format(error)) from error
	if hashlib.sha256(found).hexdigest() != sha256:
		raise ImmutableRecord(_("The stored bytes are not those that were stored."))
	return found


def pack_body(raw: bytes) -> dict[str, Any]:
	"""The fields that hold a request or an answer: as text where short and readable, else compressed."""
	try:
		text = raw.decode()
	except UnicodeDecodeError:
		text = ""
	readable = len(raw) <= 4096 and text.encode() == raw and text.strip() == text and text.isprintable()
	return {
		"body": text if readable else base64.b64encode(zlib.compress(raw, 6)).decode(),
		"body_encoding": PLAIN if readable else ENCODING,
		"body_sha256": hashlib.sha256(raw).hexdigest(),
		"body_size": len(raw),
	}


def unpack_body(body: str, encoding: str, sha256: str) -> bytes:
	"""The bytes that `pack_body` was given. Raises ImmutableRecord where they are no longer those."""
	if encoding != PLAIN:
		return unpack(body, encoding, sha256)
	raw = (body or "").encode()
	if hashlib.sha256(raw).hexdigest() != sha256:
		raise ImmutableRecord(_("The stored bytes are not those that were stored."))
	return raw


def live_key(doctype: str, name: str) -> str:
	"""What `live_key` of a submission holds while an attempt on this invoice lives: its unique index is the claim."""
	return f"{doctype}:{name}"
