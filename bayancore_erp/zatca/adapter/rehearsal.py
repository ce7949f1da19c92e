"""Rehearsal: would posting succeed, and would the ledger say what the tax invoice says? Asked before anything is signed.

Takes a draft and what it is to say; gives every problem. Full: a real submit, compared with the totals, in a
transaction of its own that is rolled back whole (a savepoint would leave callbacks armed, FRAPPE.md section 2).
Checks: ERPNext's own validation, what it refuses when it posts and the entries it would make, asked without posting.
Never commits, never sends.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, strip_html

from bayancore_erp.zatca.adapter import ledger
from bayancore_erp.zatca.adapter.content import digest_of
from bayancore_erp.zatca.adapter.journal import Problem
from bayancore_erp.zatca.adapter.mapper import Facts, map_document
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.adapter.signed import keep_details, know_before
from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.errors import ZatcaError

RETRIED = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
# Known by identity: nothing that comes over an API can be this object.
_TOKEN = object()


@dataclass(frozen=True, slots=True)
class Said:
	"""What was judged of a draft and is to be signed: when it is issued, its totals, its digest, by which facts."""

	issued_at: datetime
	totals: Totals
	digest: str
	facts: Facts


def is_rehearsal(doc: Any) -> bool:
	"""Whether this very document object is being rehearsed."""
	return doc.flags.get("zatca_rehearsal") is _TOKEN


def wants_full(settings: Any, lines: int) -> bool:
	"""Whether the company's settings ask for a real submit of a document with this many lines."""
	return settings.get("rehearsal") != "Checks" and lines <= (
		cint(settings.get("full_rehearsal_lines")) or 30
	)


def ask(draft: Any, said: Said) -> list[Problem]:
	"""In the form that the company's settings ask for."""
	full = wants_full(settings_of(draft.company), len(draft.items))
	return rehearse(draft, said) if full else check(draft, said)


def rehearse(draft: Any, said: Said) -> list[Problem]:
	"""Submit for real, compare with what was judged, take everything back.

	Deadlocks pass through, to be tried again.
	"""
	with taken_back(draft):
		doc = stand_in(draft)
		try:
			doc.submit()
			return disagreements(doc, said, ledger.posted(doc))
		except RETRIED:
			raise
		except Exception as error:
			return [refusal_of(error)]


def check(draft: Any, said: Said) -> list[Problem]:
	"""The short form, for documents too large to be posted twice: its validation, period, freezing, credit, and the entries
	it would post.

	Deadlocks pass through, to be tried again.
	"""
	from erpnext.accounts.general_ledger import check_freezing_date, validate_accounting_period

	with taken_back(draft):
		doc = stand_in(draft)
		doc._action, doc.docstatus = "submit", 1
		entry = frappe._dict(
			company=doc.company, posting_date=doc.posting_date, voucher_type=doc.doctype, account=doc.debit_to
		)
		questions = [
			doc.run_before_save_methods,
			lambda: check_freezing_date(doc.posting_date),
			lambda: validate_accounting_period([entry]),
		]
		if not cint(doc.get("is_return")):
			questions.append(doc.check_credit_limit)
		problems = []
		for question in questions:
			try:
				question()
			except RETRIED:
				raise
			except Exception as error:
				problems.append(refusal_of(error))
		return problems or disagreements(doc, said, ledger.planned(doc))


def disagreements(doc: Any, said: Said, entries: Mapping[str, Decimal]) -> list[Problem]:
	"""Where the document, as ERPNext made it, or its entries say something else than was judged."""
	mapping = map_document(doc, issued_at=said.issued_at, facts=said.facts)
	problems = ledger.compare(doc, said.totals, mapping, entries)
	if digest_of(doc, mapping.invoice) != said.digest:
		problems.append(
			Problem(
				"ERP-CHANGED",
				_("ERPNext changes the document while it posts it. Save it once more and look at it."),
			)
		)
	return problems


def stand_in(draft: Any) -> Any:
	"""The draft once more, to be submitted in its place. It is frozen since its submission was claimed, so it is not read again."""
	doc = copy.deepcopy(draft)
	doc.flags.zatca_rehearsal = _TOKEN
	doc.flags.ignore_version = True  # it would be taken back unread
	know_before(doc, draft)
	keep_details(doc)
	return doc


@contextmanager
def taken_back(draft: Any) -> Iterator[None]:
	"""A transaction of its own, of which nothing remains: neither rows nor words nor what the cache has read in it."""
	frappe.db.rollback()
	messages = list(frappe.local.message_log)
	try:
		yield
	finally:
		frappe.db.rollback()
		frappe.local.message_log = messages
		frappe.clear_document_cache(draft.doctype, draft.name)


def refusal_of(error: Exception) -> Problem:
	"""What ERPNext, or the law, has against posting it."""
	if isinstance(error, ZatcaError):
		return Problem(error.code or "ERP-POSTING", error.diagnostics(), field=error.field)
	return Problem("ERP-POSTING", words_of(error))


def words_of(error: Exception) -> str:
	"""What went wrong, for a person: ERPNext's own words without markup."""
	return strip_html(str(error)).strip() or type(error).__name__
