"""Private files attached to an invoice, found by their content.

Takes an invoice's names and bytes; gives File rows and bytes back. A file counts only if its SHA-256 is the wanted one: a
name says nothing. Never overwrites a file.
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


def find(doctype: str, name: str, file_name: str, sha256: str) -> tuple[str, bytes] | None:
	"""The attached file of that name with that content, wherever it lies; None where it is lost or changed."""
	rows = frappe.get_all(
		"File",
		filters={"attached_to_doctype": doctype, "attached_to_name": name, "file_name": file_name},
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
