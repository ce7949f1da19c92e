"""What the archive is given, and the row that says it is safe.

Takes content with what it is about; gives the Archive Object once the store has confirmed it. Storing twice is harmless:
names are made from the content, and a row for a place stands once. Never deletes (clearing.py does). Commits nothing: the
caller does.
Source: DESIGN.md, promise 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter.lawful import Lawful, answers_of, request_of
from bayancore_erp.archive.adapter.places import place_of, store_of
from bayancore_erp.archive.core.store import ObjectMissing, object_name
from bayancore_erp.zatca.adapter.records import append_row, unpack_body

OBJECT = "Archive Object"


@dataclass(frozen=True, slots=True)
class Item:
	"""One thing to keep."""

	what: str
	content: bytes
	suffix: str
	file_name: str = ""


def keep(
	company: str,
	item: Item,
	*,
	vat_number: str,
	uuid: str,
	issued: date,
	document: str = "",
	invoice_doctype: str = "",
	invoice_name: str = "",
	metadata: dict[str, str] | None = None,
) -> str:
	"""Put one item into the company's archive; gives the name of its Archive Object.

	`uuid` may be any name of letters, digits and dashes under which it is found. Raises what the store raises.
	"""
	name = object_name(vat_number, issued, uuid, item.content, item.suffix)
	place = place_of(company)
	known = frappe.db.get_value(OBJECT, {"object_name": name, "place": place})
	if known:
		return str(known)
	receipt = store_of(company, place).put(name, item.content, metadata)
	frappe.db.savepoint("archive_object")
	try:
		row = append_row(
			OBJECT,
			{
				"what": item.what,
				"document": document,
				"invoice_doctype": invoice_doctype,
				"invoice_name": invoice_name,
				"company": company,
				"place": place,
				"object_name": name,
				"stored_at": now_datetime(),
				"issued_on": issued,
				"sha256": receipt.sha256,
				"size": receipt.size,
				"file_name": item.file_name,
				"etag": receipt.etag,
				"version": receipt.version,
				"request_id": receipt.request_id,
			},
		)
	except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
		frappe.db.rollback(save_point="archive_object")
		return str(frappe.db.get_value(OBJECT, {"object_name": name, "place": place}))
	return str(row.name)


def items_of(found: Lawful, pdf: bytes, pdf_name: str) -> Iterator[Item]:
	"""Everything kept of one document: its lawful XML, its PDF if it has one, the request and every answer."""
	document = found.row
	stem = pdf_name.removesuffix(".pdf")
	yield Item("Invoice XML", found.xml, "xml", f"{stem}.xml")
	if pdf:
		yield Item("PDF", pdf, "pdf", pdf_name)
	answers = answers_of(document.name)
	if answers:
		yield Item("Request", request_of(document), "json", f"{stem}-request.json")
	for answer in answers:
		if answer.body:
			raw = unpack_body(answer.body, answer.body_encoding, answer.body_sha256)
			suffix = "json" if raw.lstrip()[:1] in (b"{", b"[") else "bin"
			yield Item("Answer", raw, suffix, f"{stem}-answer-{answer.number}.{suffix}")


def keep_document(found: Lawful, pdf: bytes, pdf_name: str) -> list[str]:
	"""All of a document into the archive; gives the Archive Objects."""
	document = found.row
	about = {"uuid": document.uuid, "icv": str(document.icv), "kind": document.kind.lower()}
	return [
		keep(
			document.company,
			item,
			vat_number=document.vat_number,
			uuid=document.uuid,
			issued=getdate(document.issued_at),
			document=document.name,
			invoice_doctype=document.invoice_doctype,
			invoice_name=document.invoice_name,
			metadata={**about, "what": item.what},
		)
		for item in items_of(found, pdf, pdf_name)
	]


def fetch(sha256: str, document: str) -> bytes:
	"""A document's archived content of that digest, from any place that has it. Raises ObjectMissing, or what the store raises."""
	rows = frappe.get_all(
		OBJECT,
		filters={"document": document, "sha256": sha256},
		fields=["object_name", "place", "company"],
		order_by="creation desc",
	)
	failure: Exception = ObjectMissing(f"The archive holds nothing with digest {sha256[:12]}.", field="name")
	for row in rows:
		try:
			return store_of(row.company, row.place).get(row.object_name)
		except Exception as error:
			failure = error
	raise failure


def content_of(row: Any) -> bytes:
	"""The bytes of an Archive Object, verified against its name."""
	return store_of(row.company, row.place).get(row.object_name)
