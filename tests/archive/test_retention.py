"""Six, eleven and fifteen years from the end of the tax period; the longest applies; a hold stops everything."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayancore_erp.archive.core.retention import (
	YEARS,
	LegalHold,
	Subject,
	TaxPeriod,
	days_from_storing,
	kept_through,
	may_delete,
	period_end,
)
from bayancore_erp.zatca.core.errors import InvalidInput

DAYS = st.dates(date(2018, 1, 1), date(2200, 12, 31))
PERIODS = st.sampled_from(TaxPeriod)
SUBJECTS = st.sets(st.sampled_from(Subject))


@pytest.mark.parametrize(
	("day", "period", "subjects", "last"),
	[
		("2026-11-21", "monthly", [], "2032-11-30"),
		("2026-11-21", "quarterly", [], "2032-12-31"),
		("2026-10-01", "quarterly", [], "2032-12-31"),
		("2026-09-30", "quarterly", [], "2032-09-30"),
		("2026-01-01", "quarterly", ["capital_asset"], "2037-03-31"),
		("2026-01-01", "monthly", ["ordinary", "real_estate", "capital_asset"], "2041-01-31"),
		("2026-02-10", "monthly", [], "2032-02-29"),
		("2028-02-29", "monthly", [], "2034-02-28"),
	],
)
def test_terms_by_hand(day: str, period: str, subjects: list[str], last: str) -> None:
	found = kept_through(date.fromisoformat(day), TaxPeriod(period), [Subject(s) for s in subjects])
	assert found == date.fromisoformat(last)


@given(DAYS, PERIODS)
def test_a_period_holds_its_day_and_ends_a_month(day: date, period: TaxPeriod) -> None:
	end = period_end(day, period)
	assert day <= end and (end + timedelta(1)).day == 1
	assert (end - day).days < (31 if period is TaxPeriod.MONTHLY else 92)
	assert period is TaxPeriod.MONTHLY or end.month % 3 == 0


@given(DAYS, PERIODS, SUBJECTS, st.integers(0, 40), st.integers(0, 40))
def test_never_shorter_than_any_term(
	day: date, period: TaxPeriod, subjects: set[Subject], company: int, document: int
) -> None:
	kept = kept_through(day, period, subjects, company_years=company, document_years=document)
	end = period_end(day, period)
	for years in (6, company, document, *(YEARS[s] for s in subjects)):
		assert kept.year >= end.year + years
	assert kept.year - end.year in {6, company, document, *(YEARS[s] for s in subjects)}
	assert kept.month == end.month and (kept + timedelta(1)).day == 1


@given(DAYS, PERIODS, SUBJECTS, st.integers(0, 40))
def test_protected_from_storing_to_the_end_of_the_term(
	day: date, period: TaxPeriod, subjects: set[Subject], wish: int
) -> None:
	kept = kept_through(day, period, subjects, company_years=wish)
	days = days_from_storing(period, subjects, wish)
	assert day + timedelta(days) > kept, "the rule ends after the last day of the term"
	first = date(day.year, 7, 1)
	longest = kept_through(first, period, subjects, company_years=wish)
	assert days - (longest - first).days <= 3, (
		"and not much later for a document of a long period's first day"
	)


def test_six_years_are_too_few_for_a_store() -> None:
	assert days_from_storing(TaxPeriod.QUARTERLY) == 6 * 365 + 2 + 92
	assert days_from_storing(TaxPeriod.MONTHLY, {Subject.REAL_ESTATE}, 12) == 15 * 365 + 4 + 31


@given(DAYS, DAYS, PERIODS, SUBJECTS)
def test_later_documents_are_never_free_earlier(
	one: date, other: date, period: TaxPeriod, kinds: set[Subject]
) -> None:
	first, second = sorted((one, other))
	assert kept_through(first, period, kinds) <= kept_through(second, period, kinds)


@given(DAYS, PERIODS, st.integers(-400, 400))
def test_free_from_the_day_after_and_not_before(day: date, period: TaxPeriod, shift: int) -> None:
	kept = kept_through(day, period)
	assert may_delete(kept + timedelta(shift), kept).allowed == (shift > 0)


def test_a_hold_stops_deletion_until_released() -> None:
	kept, hold = date(2032, 11, 30), LegalHold("VAT audit 2031", date(2031, 1, 1), date(2033, 5, 1))
	assert not may_delete(date(2033, 4, 30), kept, [hold]).allowed
	assert "VAT audit 2031" in may_delete(date(2033, 4, 30), kept, [hold]).reason
	assert may_delete(date(2033, 5, 1), kept, [hold]).allowed
	assert not may_delete(date(2099, 1, 1), kept, [LegalHold("dispute", date(2031, 1, 1))]).allowed
	assert may_delete(date(2099, 1, 1), kept, []).allowed


def test_what_is_no_term_is_refused() -> None:
	with pytest.raises(InvalidInput):
		kept_through(date(2026, 1, 1), TaxPeriod.MONTHLY, company_years=-1)
	with pytest.raises(InvalidInput):
		kept_through(date(2026, 1, 1), TaxPeriod.MONTHLY, document_years=9000)
	with pytest.raises(InvalidInput):
		LegalHold(" ", date(2026, 1, 1))
	with pytest.raises(InvalidInput):
		LegalHold("x", date(2026, 1, 2), date(2026, 1, 1))
