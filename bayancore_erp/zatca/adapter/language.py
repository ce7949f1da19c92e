"""In whose language something is said: a worker has no reader, so what it writes down is said in both.

Takes a question whose answer is made of translated sentences; gives it in English and Arabic. Frappe sets no language in a
background job (FRAPPE.md section 2): there `_()` speaks the site's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import frappe

from bayancore_erp.zatca.adapter.journal import Problem


def is_arabic(language: str | None = None) -> bool:
	"""Whether a language, by default the reader's, is Arabic."""
	return str(language or frappe.local.lang or "").startswith("ar")


@contextmanager
def speaking(language: str) -> Iterator[None]:
	"""Translate into this language meanwhile."""
	before = frappe.local.lang
	frappe.local.lang = language
	try:
		yield
	finally:
		frappe.local.lang = before


def of_user(user: str) -> str:
	"""The language a person reads; the site's where none is chosen."""
	return str(
		frappe.db.get_value("User", user, "language")
		or frappe.db.get_single_value("System Settings", "language")
		or "en"
	)


def in_both(found: Iterable[Problem], ask: Callable[[], Iterable[Problem]]) -> list[Problem]:
	"""The problems that `ask` has found in the language spoken now, each in English and Arabic; asked again for the other one.

	It must change nothing.
	"""
	said = {str(frappe.local.lang): list(found)}
	for language in ("en", "ar"):
		if language not in said:
			with speaking(language):
				said[language] = list(ask())
	if [problem.code for problem in said["en"]] != [problem.code for problem in said["ar"]]:
		return said["en"]  # somebody changed what was asked about in between
	return [
		replace(one, text_ar=one.text_ar or (other.text if other.text != one.text else ""))
		for one, other in zip(said["en"], said["ar"], strict=True)
	]
