"""Whether a user may see a company's evidence, and whether there is such a company: what the audit room asks first."""

from __future__ import annotations

import frappe
from frappe import _

from bayancore_erp.archive.adapter.trail import EVENT, Action
from bayancore_erp.zatca.adapter.companies import companies_of
from bayancore_erp.zatca.core.errors import InvalidInput

READERS = ("ZATCA Auditor", "ZATCA Manager", "System Manager")


def require_company(company: str) -> None:
	"""Raise PermissionError for a company outside the user's, by User Permissions."""
	allowed = companies()
	if allowed is not None and company not in allowed:
		frappe.throw(_("{0} is not among your companies.").format(company), frappe.PermissionError)


def require_known(company: str) -> None:
	"""Raise InvalidInput for a company, letter by letter, that is neither on this site nor in its trail.

	Of a mistyped one nothing is wrong, and nothing is there: an answer would be a false one, and its event a trail of nobody.
	One that was removed is known by its trail; that somebody has asked about a name before makes it none.
	"""
	if company in frappe.get_all("Company", pluck="name"):
		return
	if not frappe.db.sql(
		f"select name from `tab{EVENT}` where binary company = %s and action not in %s limit 1",
		(company, (Action.VERIFIED.value, Action.PACKED.value)),
	):
		raise InvalidInput(
			_("There is no company “{0}” on this site, and its audit trail knows of none.").format(company),
			field="company",
		)


def companies() -> list[str] | None:
	"""The companies whose signed documents the user may see; None where there is no such limit."""
	return companies_of(frappe.session.user, "ZATCA Document")


def require_reader() -> None:
	"""Raise PermissionError for whoever has none of the roles that read evidence."""
	frappe.only_for(READERS)


def require_all() -> None:
	"""Raise PermissionError for whoever is confined to some companies: what concerns the whole site is not theirs."""
	if companies() is not None:
		frappe.throw(
			_("This concerns all companies of the site, and you see only some."), frappe.PermissionError
		)
