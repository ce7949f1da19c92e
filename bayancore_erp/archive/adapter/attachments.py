"""Private files attached to an invoice, found by their content.

Takes an invoice's names and bytes; gives File rows and bytes back. A file counts only if its SHA-256 is the wanted one: a
name says nothing. Never overwrites a file; one whose place another has taken says so in its name.
"""

from __future__ import annotations

import hashlib

import frappe


def attach(doctype: str, name: str, file_name: str, content: bytes) -> str:
	"""Attach `content` once, privately, under exactly this name; gives the File's name."""
	found = find(doctype, name, file_name, hashlib.sha256(content).hexdigest())
	if found:
		return found[0]
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": file_name,
			"attached_to_doctype": doctype,
			"attached_to_name": name,
			"is_private": 1,
			"content": content,
		}
	)
	file.flags.ignore_permissions = True
	file.insert()
	if file.file_name != file_name:
		# Frappe puts a digest behind a name that is taken on the disk; people and mails see the lawful one.
		file.db_set("file_name", file_name, update_modified=False)
	return str(file.name)


def replaced(file_name: str) -> str:
	"""What a file is called once another has taken its place: both have the name ZATCA's rule gives them."""
	stem, _dot, suffix = file_name.rpartition(".")
	return f"{stem}-replaced.{suffix}"


def set_aside(doctype: str, name: str, file_names: tuple[str, ...]) -> None:
	"""Let the attached files of these names say that they no longer stand."""
	for file_name in file_names:
		for row in frappe.get_all(
			"File",
			filters={"attached_to_doctype": doctype, "attached_to_name": name, "file_name": file_name},
			pluck="name",
		):
			frappe.db.set_value("File", row, "file_name", replaced(file_name), update_modified=False)


def find(doctype: str, name: str, file_name: str, sha256: str) -> tuple[str, bytes] | None:
	"""The attached file of that name with that content, wherever it lies; None where it is lost or changed."""
	rows = frappe.get_all(
		"File",
		filters={
			"attached_to_doctype": doctype,
			"attached_to_name": name,
			"file_name": ("in", (file_name, replaced(file_name))),
		},
		pluck="name",
	)
	for row in rows:
		try:
			with open(frappe.get_doc("File", row).get_full_path(), "rb") as source:
				content = source.read()
		except OSError:
			continue
		if hashlib.sha256(content).hexdigest() == sha256:
			return row, content
	return None
