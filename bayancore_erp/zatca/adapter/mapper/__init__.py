"""From ERPNext's documents to the core's invoice: what is said, by whom, to whom, whether at all, and by which device.

	to_invoice(doc, issued_at=…)   the lawful statement, or InvalidInvoice with every field that forbids it
	map_document(doc, issued_at=…) the same with the row behind every part
	kind_of(doc)                   standard or simplified
	skip_reason(doc)               why it is not issued at all, or None
	device_for(doc)                which ZATCA Device signs it
	known_facts(doc)               what the books know beyond the document, for the law's rules
	locate(doc, path)              the form field behind a path of the model
	preload(doc)                   what all of these read around the document; hand it on to ask several of them
	keep_facts(doc), drop_facts    the same for the length of one save, without handing on

Takes Sales Invoice and POS Invoice, draft or submitted. Never writes to the document or the database.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bayancore_erp.zatca.adapter.fields import Kind
from bayancore_erp.zatca.adapter.mapper.kind import decide
from bayancore_erp.zatca.adapter.mapper.known import known_facts
from bayancore_erp.zatca.adapter.mapper.mapping import RIYADH, Mapping, map_document
from bayancore_erp.zatca.adapter.mapper.places import Place, locate
from bayancore_erp.zatca.adapter.mapper.preload import Facts, drop_facts, facts_of, keep_facts, preload
from bayancore_erp.zatca.adapter.mapper.scope import Skip, SkipCode, device_of, skip_of
from bayancore_erp.zatca.core.invoice import Invoice

__all__ = [
	"RIYADH",
	"Facts",
	"Mapping",
	"Place",
	"Skip",
	"SkipCode",
	"device_for",
	"drop_facts",
	"keep_facts",
	"kind_of",
	"known_facts",
	"locate",
	"map_document",
	"preload",
	"skip_reason",
	"to_invoice",
]


def to_invoice(doc: Any, *, issued_at: datetime, uuid: str | None = None) -> Invoice:
	"""The document as the core's invoice. Raises InvalidInvoice with every problem and its field in the model."""
	return map_document(doc, issued_at=issued_at, uuid=uuid).invoice


def kind_of(doc: Any, facts: Facts | None = None) -> Kind:
	"""Standard or simplified, by who the buyer is (TAX.md section 3.1); a note follows its original."""
	return decide(doc, facts or facts_of(doc))


def skip_reason(doc: Any, facts: Facts | None = None) -> Skip | None:
	"""Why the document is left alone, for a ZATCA Skip; None where it has to be issued."""
	return skip_of(doc, facts or facts_of(doc))


def device_for(doc: Any, facts: Facts | None = None) -> str | None:
	"""The name of the ZATCA Device that signs it: till, branch, company; None where none can."""
	facts = facts or facts_of(doc)
	return device_of(doc, facts, simplified=decide(doc, facts) is Kind.SIMPLIFIED)
