"""Everything that can be known to be wrong before anything is signed, all at once, each with its field.

Takes a document; gives its mapping, totals and problems: the core's rules, the law's own with what the books know, and ERPNext's
totals against the lawful ones. Never writes. Source: DESIGN.md, promises 7 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from frappe import _

from bayancore_erp.zatca.adapter import advances, dates
from bayancore_erp.zatca.adapter.difference import LABELS, difference
from bayancore_erp.zatca.adapter.journal import Problem, from_findings
from bayancore_erp.zatca.adapter.mapper import Facts, known_facts, map_document
from bayancore_erp.zatca.adapter.mapper.mapping import Mapping
from bayancore_erp.zatca.adapter.mapper.refusal import Refusals
from bayancore_erp.zatca.adapter.remaining import beyond_a_line
from bayancore_erp.zatca.adapter.settle import NotRounding, refuse_what_is_no_rounding
from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.invoice import InvalidInvoice, Invoice
from bayancore_erp.zatca.core.pipeline import review
from bayancore_erp.zatca.core.rules import Finding, Severity
from bayancore_erp.zatca.core.rules.law import check_law


@dataclass(frozen=True, slots=True)
class Look:
	"""What looking at a draft found; mapping and totals are missing where it cannot be said at all."""

	mapping: Mapping | None
	totals: Totals | None
	problems: tuple[Problem, ...]

	@property
	def errors(self) -> list[Problem]:
		"""What forbids signing."""
		return [problem for problem in self.problems if problem.is_error]


def look(
	doc: Any,
	issued_at: datetime,
	uuid: str | None = None,
	*,
	facts: Facts | None = None,
	booked: bool = True,
) -> Look:
	"""Map, calculate and judge a document as issued at `issued_at`.

	`booked`: compare ERPNext's totals too; not for what is no invoice yet, whose totals are settled when it becomes one.
	"""
	noted = Refusals()
	try:
		mapping = map_document(doc, issued_at=issued_at, uuid=uuid, facts=facts, noted=noted)
		totals = calculate(mapping.invoice)
	except InvalidInvoice as error:
		return Look(None, None, tuple(from_error(each) for each in error.problems))
	except ZatcaError as error:
		return Look(None, None, tuple(from_error(each) for each in (*noted.found, error)))
	findings = review(mapping.invoice, now=issued_at)
	said = {(finding.code, finding.field) for finding in findings}
	findings += [
		finding
		for finding in check_law(mapping.invoice, totals, known_facts(doc, mapping.facts))
		if (finding.code, finding.field) not in said
	]
	findings = [stricter(part) for finding in findings for part in by_part(finding, mapping.invoice)]
	findings.sort(key=lambda finding: finding.severity is not Severity.ERROR)
	problems = [from_error(each) for each in noted.found] + from_findings(findings)
	if booked and not noted.found:
		# what was refused is missing in the lawful totals: comparing would only repeat it
		problems += differences(doc, mapping, totals)
	if booked:
		problems += (*taken_too_far(doc, mapping, totals), *dates.problems(doc, issued_at))
	return Look(mapping, totals, tuple(problems))


DIFFERENCE = "ERP-DIFFERENCE"

# Accepted with a warning, and stopped here all the same: the document would be lacking for ever (WORKFLOW.md, scenarios).
STOPPED = frozenset({"BR-KSA-09", "BR-KSA-10", "BR-KSA-63", "BR-KSA-81"})
PARTS = ("street", "building_number", "district", "city", "postal_code")
INCOMPLETE = {"BR-KSA-09": "seller.address", "BR-KSA-63": "buyer.address"}


def stricter(finding: Finding) -> Finding:
	"""A warning that we do not let pass is an error."""
	return replace(finding, severity=Severity.ERROR) if finding.code in STOPPED else finding


def by_part(finding: Finding, invoice: Invoice) -> Iterator[Finding]:
	"""An incomplete National Address: one finding for each part that is missing, each with its own field and sentence.

	A buyer who is not identified at all lacks a number before anything else.
	"""
	if finding.code == "BR-KSA-81":
		finding = replace(finding, field="buyer.vat_number")
	if INCOMPLETE.get(finding.code) != finding.field:
		yield finding
		return
	party = invoice.seller if finding.field.startswith("seller") else invoice.buyer
	address = party.address if party else None
	missing = [part for part in PARTS if address and not getattr(address, part).strip()]
	for part in missing:
		yield replace(finding, field=f"{finding.field}.{part}")
	if not missing:
		yield finding


def differences(doc: Any, mapping: Mapping, totals: Totals) -> Iterator[Problem]:
	"""Where ERPNext's figures would not be the lawful ones: all of them in one problem, for one click settles them together."""
	found = difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
	if not found:
		return
	try:
		refuse_what_is_no_rounding(doc, found, totals)
	except NotRounding as error:
		yield from_error(error)
		return
	figures = (
		f"{_(LABELS[each.figure])}: {_('{0} instead of {1}').format(each.erpnext, each.lawful)}"
		for each in found
	)
	yield Problem(
		DIFFERENCE,
		_("ERPNext's amounts are some halalas off the lawful ones ({0}). Settle the difference.").format(
			" · ".join(figures)
		),
		field=f"totals.{found[0].figure}",
	)


def taken_too_far(doc: Any, mapping: Mapping, totals: Totals) -> Iterable[Problem]:
	"""What a note or a deduction takes beyond what is left, and an advance it leaves out."""
	yield from (
		Problem("LAW-NOTE-LINE", sentence, field=f"lines[{line_behind(index, mapping, doc)}]")
		for index, sentence in beyond_a_line(doc)
	)
	yield from (
		Problem("LAW-ADVANCE-LEFT", sentence, field=f"prepayments[{index}].taxable")
		for index, sentence in advances.beyond(doc, totals)
	)
	forgotten = advances.forgotten(doc)
	if forgotten:
		yield Problem("LAW-ADVANCE-OPEN", forgotten, severity="Warning", field="prepayments")


def line_behind(index: int, mapping: Mapping, doc: Any) -> int:
	"""The model's line that a row of the items table became; the first one for a row that became a discount."""
	row = doc.get("items")[index]
	return next((place for place, each in enumerate(mapping.line_rows) if each is row), 0)


NO_DEVICE = "NO-DEVICE"


def no_device(doc: Any) -> Problem:
	"""Nothing can sign."""
	return Problem(
		NO_DEVICE,
		_("No device is chosen for {0}. Set one up, or choose it in ZATCA Settings.").format(doc.company),
	)


def from_error(error: ZatcaError) -> Problem:
	"""An error of the core as a message."""
	text = f"{error.message} {error.hint}".strip()
	return Problem(error.code or type(error).__name__, text, field=error.field)
