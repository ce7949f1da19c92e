"""ZATCA Attempt: what was sent to the gateway, and in a second row what it answered, raw."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import frappe

from bayancore_erp.zatca.doctype.insert_only import ENCODING, InsertOnly, unpack

PLAIN = "text"


class ZATCAAttempt(InsertOnly):
	"""Add one by `append_row("ZATCA Attempt", {..., **pack_body(raw)})`, with headers that hold no secret."""

	@property
	def raw(self) -> bytes:
		"""The bytes on the wire. Raises ImmutableRecord where the row was tampered with."""
		if self.body_encoding == PLAIN:
			return (self.body or "").encode()
		return unpack(self.body, self.body_encoding, self.body_sha256)


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


def on_doctype_update() -> None:
	"""The way from an invoice to its attempts."""
	frappe.db.add_index("ZATCA Attempt", ["invoice_name", "invoice_doctype"], "of_the_invoice")
