"""From what was said of an invoice to the record, field and row a person corrects.

Takes an invoice and the submission that failed; gives `Spot`s, the surest first. Looks at the document as it was submitted (its
stored bytes and the snapshot beside them), so that the address and the rows named are those that were used; a row that has
been removed since leads to its table. Never raises for what cannot be read any more: the message alone speaks then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import frappe

from bayancore_erp.ai_errors.core import locator
from bayancore_erp.ai_errors.core.locator import Confidence, Location
from bayancore_erp.zatca.adapter.fields import BuyerKind
from bayancore_erp.zatca.adapter.mapper import Facts, Mapping, Place, locate, map_document, preload
from bayancore_erp.zatca.adapter.party import buyer_kind
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.pipeline import RIYADH
from bayancore_erp.zatca.core.rules import Finding


class Spot(NamedTuple):
	"""A place in ERPNext, and how it was found."""

	place: Place
	field: str
	"""Model path."""
	line: int
	"""The invoice line, counted from 1; 0 outside lines."""
	confidence: Confidence
	finding: Finding | None


class Scene:
	"""One invoice as it was submitted, read once for all its messages."""

	def __init__(self, doc: Any, xml: bytes | None = None, issued_at: datetime | None = None) -> None:
		"""`doc` as submitted; `xml` the bytes that were sent, if any were."""
		self.doc = doc
		self.xml = xml
		self.issued_at = issued_at or datetime.now(RIYADH)
		self.facts: Facts = preload(doc)
		self.mapping: Mapping | None = None
		try:
			self.mapping = map_document(doc, issued_at=self.issued_at, facts=self.facts)
		except (ZatcaError, ValueError, KeyError):
			pass  # what is refused cannot be mapped; its rows are then taken as they stand

	@classmethod
	def of_submission(cls, submission: Any) -> Scene:
		"""What a submission was about: its signed document with the snapshot, else the draft as it stands."""
		doctype, name = submission.invoice_doctype, submission.invoice_name
		now = frappe.get_doc(doctype, name)
		if not submission.document:
			return cls(now)
		signed = frappe.get_doc("ZATCA Document", submission.document)
		before = frappe.parse_json(signed.snapshot) if signed.snapshot else None
		doc = frappe.get_doc(before) if before else now
		return cls(doc, signed.xml, signed.issued_at.replace(tzinfo=RIYADH))

	def spots(self, code: str, message: str = "", field: str = "") -> tuple[Spot, ...]:
		"""Where the problem is. `field`: the model path, where our own check has named it already."""
		if field:
			found: tuple[Location, ...] = (Location(field, 0, Confidence.DOCUMENT),)
		else:
			found = locator.locate(code, message, self.xml, now=self.issued_at.replace(tzinfo=None))
		spots = [self._spot(location) for location in self._in_order(found)]
		return tuple({spot.place: spot for spot in reversed(spots)}.values())[::-1]

	def _in_order(self, found: tuple[Location, ...]) -> list[Location]:
		"""Of VAT number and other identification, the one this kind of buyer has comes first."""
		fields = {location.field for location in found}
		if (
			not {"buyer.identification", "buyer.vat_number"} & fields
			or "buyer.identification.value" in fields
		):
			return list(found)
		first = "buyer.identification"
		if buyer_kind(self.doc, self.facts) is BuyerKind.VAT_REGISTERED:
			first = "buyer.vat_number"
		return sorted(found, key=lambda location: location.field != first)

	def _spot(self, location: Location) -> Spot:
		place = locate(self.doc, location.field, self.mapping)
		return Spot(self._today(place), location.field, location.line, location.confidence, location.finding)

	def _today(self, place: Place) -> Place:
		"""The row where it stands now; its table where it is gone."""
		if not place.table:
			return place
		row = frappe.db.get_value(place.doctype, place.name, ["idx", "parent"], as_dict=True)
		if row and row.parent == self.doc.name:
			return place._replace(row=int(row.idx))
		if not row and self.doc.get("name") and frappe.db.exists(self.doc.doctype, self.doc.name):
			return Place(self.doc.doctype, self.doc.name, place.table)
		return place
