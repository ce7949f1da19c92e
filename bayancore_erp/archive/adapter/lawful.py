"""The lawful bytes of a signed document, from what is stored: ZATCA's cleared copy, or our own where it was reported.

Takes a ZATCA Document's name; gives its XML and whether ZATCA has it. The cleared copy is read out of the accepted answer,
as it came; what we sent stands in for it only where ZATCA reports instead of clearing. Never builds anything anew.
Source: Detailed Guideline p. 60-63; DESIGN.md, promise 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import frappe

from bayancore_erp.zatca.adapter.fields import Kind
from bayancore_erp.zatca.adapter.records import unpack_body
from bayancore_erp.zatca.core.client import SignedDocument
from bayancore_erp.zatca.core.outcome import Endpoint, parse
from bayancore_erp.zatca.core.outcome import Kind as Verdict

ACCEPTED = (Verdict.CLEARED.value, Verdict.REPORTED.value)


@dataclass(frozen=True, slots=True)
class Lawful:
	"""A signed document and its lawful form."""

	row: Any
	"""The ZATCA Document."""
	xml: bytes
	accepted: bool
	"""ZATCA has cleared it or has its report."""
	cleared: bool
	"""`xml` is ZATCA's own copy."""
	rejected: bool = False
	"""ZATCA said no, and nothing else since."""

	@property
	def may_be_given(self) -> bool:
		"""A simplified one is the buyer's once it is signed; a standard one once ZATCA has accepted it."""
		return self.accepted or (self.row.kind == Kind.SIMPLIFIED.value and not self.rejected)


def lawful(document: str) -> Lawful:
	"""The lawful form of a ZATCA Document. Raises ImmutableRecord where stored bytes are no longer those."""
	row = frappe.get_doc("ZATCA Document", document)
	answers = answers_of(document, (*ACCEPTED, Verdict.REJECTED.value))
	accepted = any(answer.outcome in ACCEPTED for answer in answers)
	for answer in answers:
		if answer.outcome != Verdict.CLEARED.value:
			continue
		raw = unpack_body(answer.body, answer.body_encoding, answer.body_sha256)
		outcome = parse(
			Endpoint(answer.endpoint),
			int(answer.http_status),
			{},
			raw,
			uuid=row.uuid,
			irn=row.invoice_name,
		)
		if outcome.cleared_xml:
			return Lawful(row, outcome.cleared_xml, True, True)
	return Lawful(row, row.xml, accepted, False, bool(answers) and not accepted)


def answers_of(document: str, outcomes: tuple[str, ...] = ()) -> list[Any]:
	"""The answers on record for a document, oldest first; only those with one of `outcomes` where given."""
	filters: dict[str, Any] = {"document": document, "row_kind": "Answer"}
	if outcomes:
		filters["outcome"] = ("in", outcomes)
	return frappe.get_all(
		"ZATCA Attempt",
		filters=filters,
		fields=[
			"name",
			"number",
			"endpoint",
			"http_status",
			"outcome",
			"body",
			"body_encoding",
			"body_sha256",
		],
		order_by="creation, number",
	)


def request_of(row: Any) -> bytes:
	"""The request as it left: the stored bytes in the gateway's wrapping, the same at every attempt."""
	return SignedDocument(row.xml, row.invoice_hash, row.uuid, row.invoice_name).payload()


def latest_document(doctype: str, name: str) -> str | None:
	"""The document an invoice stands for now: its latest."""
	return frappe.db.get_value(doctype, name, "zatca_document") or None
