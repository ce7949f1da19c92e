"""Whether a document is for ZATCA at all, and if not, why: a skip always leaves a reason.

Takes a document; gives a `Skip`, or None for one that has to be issued. Never decides silently.
Sources: TAX.md sections 2 and 3.10; FRAPPE.md section 8.6; Detailed Guideline p. 6, 62.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.utils import cint, getdate

from bayancore_erp.zatca.adapter.fields import CATEGORY_OF, CustomerField
from bayancore_erp.zatca.adapter.mapper.preload import Facts
from bayancore_erp.zatca.adapter.mapper.taxation import stated
from bayancore_erp.zatca.adapter.party import vat_number_of
from bayancore_erp.zatca.core.codes import VatCategory

COUNTRY = "Saudi Arabia"
# What a device may stand for, the narrowest first.
PLACES = ("pos_profile", "branch", "cost_center")
# From a trial to the real thing.
RANK = {"Simulator": 0, "Sandbox": 1, "Simulation": 2, "Production": 3}
# The first ten digits of a VAT number are the taxpayer's, or its group's.
TAXPAYER_DIGITS = 10


class SkipCode(str, Enum):
	"""`reason_code` of a ZATCA Skip."""

	OPENING = "Opening Entry"
	CONSOLIDATED = "Consolidated"
	INTERNAL_TRANSFER = "Internal Transfer"
	VAT_GROUP = "Inside VAT Group"
	NOT_ENABLED = "Not Enabled"
	BEFORE_GO_LIVE = "Before Go-Live"
	OUT_OF_SCOPE = "Out of Scope Only"


class Skip(NamedTuple):
	"""Why a document is left alone."""

	code: SkipCode
	reason: str


def skip_of(doc: Any, facts: Facts) -> Skip | None:
	"""The first reason that applies, from the cheapest to know to the dearest."""
	if facts.company.get("country") != COUNTRY:
		return Skip(SkipCode.NOT_ENABLED, _("{0} is not in Saudi Arabia.").format(doc.company))
	if not cint(facts.settings.get("enabled")):
		return Skip(SkipCode.NOT_ENABLED, _("ZATCA is not enabled for {0}.").format(doc.company))
	if doc.get("is_opening") == "Yes":
		return Skip(SkipCode.OPENING, _("An opening entry was invoiced before."))
	if cint(doc.get("is_consolidated")):
		return Skip(SkipCode.CONSOLIDATED, _("It only adds up POS invoices that were issued one by one."))
	start = facts.settings.get("go_live_date")
	if start and doc.get("posting_date") and getdate(doc.posting_date) < getdate(start):
		return Skip(
			SkipCode.BEFORE_GO_LIVE, _("Its posting date is before the go-live date {0}.").format(str(start))
		)
	return internal(doc, facts) or out_of_scope(doc, facts)


def internal(doc: Any, facts: Facts) -> Skip | None:
	"""Nothing is supplied between branches of one taxpayer or inside a VAT group (TAX.md section 3.10)."""
	customer = facts.customer
	if cint(customer.get("is_internal_customer")) and customer.get("represents_company") == doc.company:
		return Skip(SkipCode.INTERNAL_TRANSFER, _("A transfer inside one company is no sale."))
	if cint(customer.get(CustomerField.VAT_GROUP_MEMBER)):
		return Skip(
			SkipCode.VAT_GROUP, _("{0} is in the same VAT group.").format(customer.get("customer_name"))
		)
	seller, buyer = str(facts.company.get("tax_id") or "").strip(), vat_number_of(doc, facts)
	if len(seller) == 15 and buyer[:TAXPAYER_DIGITS] == seller[:TAXPAYER_DIGITS]:
		return Skip(
			SkipCode.VAT_GROUP,
			_("{0} is the same taxpayer as the seller.").format(customer.get("customer_name")),
		)
	return None


def out_of_scope(doc: Any, facts: Facts) -> Skip | None:
	"""What is not subject to VAT throughout needs no tax invoice (Guideline p. 62)."""
	rows = doc.get("items") or []
	categories = {CATEGORY_OF.get(stated(row, facts)[0]) for row in rows}
	if categories == {VatCategory.OUT_OF_SCOPE}:
		return Skip(SkipCode.OUT_OF_SCOPE, _("Nothing on it is subject to VAT."))
	return None


def device_of(doc: Any, facts: Facts, *, simplified: bool) -> str | None:
	"""The ZATCA Device that signs: of the till, of the branch, of the cost centre, of the company; None where there is none.

	A device chosen anywhere wins even on hold, so that an invoice waits for it rather than wander to another chain. Among
	the others only those of the furthest environment count: once a company is in production, a trial device signs nothing.
	"""
	for chosen in (
		facts.pos_profile.get("zatca_device"),
		facts.branch.get("zatca_device"),
	):
		if chosen:
			return str(chosen)
	kind = "signs_simplified" if simplified else "signs_standard"
	active = frappe.get_all(
		"ZATCA Device",
		filters={
			"company": doc.company,
			"status": "Active",
			"signs_offline": 0,
			kind: 1,
		},
		fields=["name", "environment", *PLACES],
		order_by="creation",
	)
	furthest = max((RANK[row.environment] for row in active), default=0)
	active = [row for row in active if RANK[row.environment] == furthest]
	here = {
		"pos_profile": doc.get("pos_profile"),
		"branch": facts.branch.get("name"),
		"cost_center": doc.get("cost_center"),
	}
	for place in PLACES:
		own = [row.name for row in active if here[place] and row.get(place) == here[place]]
		if own:
			return str(own[0])
	default = facts.settings.get("default_device")
	# one that is not in use waits like any other; one whose certificate is for the other kind would only be rejected
	if default and (
		any(row.name == default for row in active) or frappe.db.get_value("ZATCA Device", default, kind)
	):
		return str(default)
	free = [row.name for row in active if not any(row.get(place) for place in PLACES)]
	return str(free[0]) if len(free) == 1 else None
