"""How long a document must be kept, and whether it may go.

Takes the VAT date of a document (the day that decides its tax period), the length of the company's tax period, what the
document is about, and holds; gives dates and decisions with their reason. Never deletes anything, never shortens: where
several terms fit, the longest applies.

Source: VAT Implementing Regulations art. 66(1) and 52 (TAX.md section 2): six years from the END of the tax period, eleven
for capital assets, fifteen for real estate. Periods are calendar months or quarters (art. 58).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum

from bayancore_erp.zatca.core.errors import InvalidInput


class TaxPeriod(str, Enum):
	"""How often the company files."""

	MONTHLY = "monthly"
	QUARTERLY = "quarterly"


class Subject(str, Enum):
	"""What a document is about, as far as the law keeps it for different terms."""

	ORDINARY = "ordinary"
	CAPITAL_ASSET = "capital_asset"
	REAL_ESTATE = "real_estate"


YEARS = {Subject.ORDINARY: 6, Subject.CAPITAL_ASSET: 11, Subject.REAL_ESTATE: 15}
"""Years from the end of the tax period."""
LONGEST_PERIOD = {TaxPeriod.MONTHLY: 31, TaxPeriod.QUARTERLY: 92}
"""Days."""


@dataclass(frozen=True, slots=True)
class LegalHold:
	"""A reason to keep a document whatever its age: a dispute, an audit. It ends only by being released."""

	reason: str
	since: date
	released: date | None = None

	def __post_init__(self) -> None:
		if not self.reason.strip():
			raise InvalidInput("A legal hold needs its reason.", field="reason")
		if self.released is not None and self.released < self.since:
			raise InvalidInput("A legal hold cannot end before it begins.", field="released")

	def in_force(self, today: date) -> bool:
		"""Whether it forbids deletion on that day; the day of its release is free."""
		return self.since <= today and (self.released is None or today < self.released)


@dataclass(frozen=True, slots=True)
class Decision:
	"""Whether a document may be deleted today, and why not."""

	allowed: bool
	reason: str
	kept_through: date


def period_end(vat_date: date, period: TaxPeriod) -> date:
	"""The last day of the tax period that holds `vat_date`."""
	month = vat_date.month if period is TaxPeriod.MONTHLY else (vat_date.month + 2) // 3 * 3
	return _month_end(vat_date.year, month)


def kept_through(
	vat_date: date,
	period: TaxPeriod,
	subjects: Iterable[Subject] = (),
	*,
	company_years: int = 0,
	document_years: int = 0,
) -> date:
	"""The last day on which the document must still be kept.

	`company_years` and `document_years` are what the company asks for beyond the law; a shorter wish than the law's has no
	effect. Raises InvalidInput for a negative term or one that ends after the calendar does.
	"""
	if company_years < 0 or document_years < 0:
		raise InvalidInput("A retention term cannot be negative.", field="years")
	end = period_end(vat_date, period)
	year = end.year + _longest(subjects, company_years, document_years)
	if year > 9998:
		raise InvalidInput("The retention term ends after the calendar does.", field="years")
	# Both are month ends, so that a 28 February never cuts a leap year's last day off the term.
	return _month_end(year, end.month)


def days_from_storing(period: TaxPeriod, subjects: Iterable[Subject] = (), *wishes: int) -> int:
	"""How long a store must protect such documents, for it counts from the day an object is put there.

	The law counts from the end of the tax period: a document of its first day is kept for the whole period more, and for every
	leap day. `wishes` are years asked for beyond the law.
	"""
	years = _longest(subjects, *wishes)
	return years * 365 + years // 4 + 1 + LONGEST_PERIOD[period]


def may_delete(today: date, kept: date, holds: Iterable[LegalHold] = ()) -> Decision:
	"""Whether a document that must be kept through `kept` may be deleted on `today`."""
	for hold in holds:
		if hold.in_force(today):
			return Decision(False, f"A legal hold is in force since {hold.since}: {hold.reason}.", kept)
	if today <= kept:
		return Decision(False, f"The law or the company's rule keeps it through {kept}.", kept)
	return Decision(True, f"Its term ended on {kept} and no hold is in force.", kept)


def _longest(subjects: Iterable[Subject], *wishes: int) -> int:
	"""Years: the longest of the law's terms and what is asked for beyond it."""
	return max([YEARS[Subject.ORDINARY], *(YEARS[subject] for subject in subjects), *wishes])


def _month_end(year: int, month: int) -> date:
	return date(year, month, calendar.monthrange(year, month)[1])
