"""Everything that can be known to be wrong before anything is signed, all at once, each with its field.

Takes a document; gives its mapping, totals and problems: the core's rules, the law's own with what the books know, and ERPNext's
totals against the lawful ones. Never writes. Source: DESIGN.md, promises 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frappe import _

from bayancore_erp.zatca.adapter.difference import LABELS, difference
from bayancore_erp.zatca.adapter.journal import Problem, from_findings
from bayancore_erp.zatca.adapter.mapper import known_facts, map_document
from bayancore_erp.zatca.adapter.mapper.mapping import Mapping
from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.invoice import InvalidInvoice
from bayancore_erp.zatca.core.pipeline import review
from bayancore_erp.zatca.core.rules import Severity
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
		return [problem for problem in self.problems if problem.severity == "Error"]


def look(doc: Any, issued_at: datetime, uuid: str | None = None) -> Look:
	"""Map, calculate and judge a document as issued at `issued_at`."""
	try:
		mapping = map_document(doc, issued_at=issued_at, uuid=uuid)
		totals = calculate(mapping.invoice)
	except InvalidInvoice as error:
		return Look(None, None, tuple(from_error(each) for each in error.problems))
	except ZatcaError as error:
		return Look(None, None, (from_error(error),))
	findings = review(mapping.invoice, now=issued_at)
	said = {(finding.code, finding.field) for finding in findings}
	findings += [
		finding
		for finding in check_law(mapping.invoice, totals, known_facts(doc, mapping.facts))
		if (finding.code, finding.field) not in said
	]
	findings.sort(key=lambda finding: finding.severity is not Severity.ERROR)
	differing = difference(doc, totals, taxes=mapping.taxes, facts=mapping.facts)
	problems = from_findings(findings) + [
		Problem(
			"ERP-DIFFERENCE",
			_(
				"{0}: ERPNext has {1}, the lawful amount is {2}. Settle the difference and submit again."
			).format(_(LABELS[each.figure]), each.erpnext, each.lawful),
			field=f"totals.{each.figure}",
		)
		for each in differing
	]
	return Look(mapping, totals, tuple(problems))


def from_error(error: ZatcaError) -> Problem:
	"""An error of the core as a message."""
	text = f"{error.message} {error.hint}".strip()
	return Problem(error.code or type(error).__name__, text, field=error.field)
