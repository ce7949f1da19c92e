"""Would the tax invoice be accepted? Asked of a customer, a quotation, an order, a delivery or a draft, before it hurts.

Takes a document; gives a `Readiness`: the traffic light and every problem at once, each with its sentence, the field to open and the
clicks that put it right. The rules are the invoice's own (zatca/adapter/preflight.py); here they meet documents that are
no invoice yet. Never writes, never asks the network. Sources: WORKFLOW.md, steps 1-5; DESIGN.md, promise 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate

from bayancore_erp.invoice_to_cash.adapter.fields import ORDER_DOCTYPES, Light
from bayancore_erp.invoice_to_cash.adapter.fixes import offer
from bayancore_erp.invoice_to_cash.adapter.following import from_customer, from_order, here, now
from bayancore_erp.invoice_to_cash.adapter.gifts import counted
from bayancore_erp.invoice_to_cash.adapter.points import (
	ERROR,
	INFORMATION,
	ORDER,
	WARNING,
	Case,
	Point,
	answer,
	row_of,
)
from bayancore_erp.invoice_to_cash.adapter.prices import check_prices
from bayancore_erp.invoice_to_cash.adapter.tax_templates import UNKNOWN, check_templates
from bayancore_erp.zatca.adapter.fields import (
	INVOICE_DOCTYPES,
	BuyerKind,
	CompanyField,
	CustomerField,
	InvoiceField,
	InvoiceItemField,
	Kind,
	UomField,
)
from bayancore_erp.zatca.adapter.mapper import Facts, Place, SkipCode, device_for, kind_of, locate, preload
from bayancore_erp.zatca.adapter.mapper.preload import facts_of
from bayancore_erp.zatca.adapter.mapper.scope import skip_of
from bayancore_erp.zatca.adapter.party import compact
from bayancore_erp.zatca.adapter.preflight import Look, look, no_device
from bayancore_erp.zatca.adapter.wording import in_words

# Said of the buyer in the record; where the draft's own copy is old, the copy is what is wrong.
COPIED = {"tax_id": ("buyer.vat_number", InvoiceField.BUYER_VAT_NUMBER), "customer_name": ("buyer.name", InvoiceField.BUYER_NAME)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readiness:
	"""What is known of one document. `note` says why the light is off, or that all is well."""

	light: Light
	points: tuple[Point, ...] = ()
	note: str = ""
	judged: tuple[Point, ...] = ()
	"""What the invoice's rules say by themselves: every code, several of one field included."""

	@property
	def problems(self) -> int:
		"""How many have to be fixed or checked."""
		return sum(point.severity != INFORMATION for point in self.points)


OFF = Readiness(Light.OFF)


def assess(doc: Any, *, with_fixes: bool = False) -> Readiness:
	"""Judge a document as it is in memory. `with_fixes`: look for what one click could put right, too."""
	case = case_of(doc)
	if case is None:
		return OFF
	skip = skip_of(case.invoice, case.facts)
	if skip:
		return OFF if skip.code is SkipCode.NOT_ENABLED else Readiness(Light.OFF, note=skip.reason)
	found = look(
		case.invoice,
		getattr(case.invoice, "moment", None) or now(),
		facts=case.facts,
		booked=doc.doctype in INVOICE_DOCTYPES,
	)
	case = replace(case, mapping=found.mapping)
	judged, unknown = judge(case, found)
	points = in_order(once(points_of(case, judged, unknown)))
	if with_fixes:
		for point in points:
			offer(point, case)
	return Readiness(light_of(points), tuple(points), "" if points else all_well(doc), tuple(judged))


def case_of(doc: Any) -> Case | None:
	"""The case, or None where there is nothing to judge: issued, ended, a return that follows its own original."""
	if doc.doctype == "Customer":
		company = company_for(doc)
		if not company:
			return None
		account = frappe.get_cached_value("ZATCA Settings", company, "output_vat_account")
		invoice: Any = from_customer(doc, company, str(account))
	elif doc.doctype in ORDER_DOCTYPES:
		if is_over(doc) or not doc.get("items"):
			return None
		invoice = from_order(doc)
	elif doc.doctype in INVOICE_DOCTYPES and int(doc.docstatus) == 0:
		invoice = doc
	else:
		return None
	if frappe.get_cached_value("Company", invoice.company, "country") != "Saudi Arabia":
		return None
	return Case(doc, invoice, facts_of(doc) if invoice is doc else preload(invoice))


def is_over(doc: Any) -> bool:
	"""Whether no invoice follows from it any more, or one that follows its own original."""
	ended = doc.get("status") in ("Ordered", "Lost", "Expired", "Closed", "Completed")
	return (
		int(doc.docstatus) == 2
		or bool(cint(doc.get("is_return")))
		or ended
		or flt(doc.get("per_billed")) >= 100
	)


def company_for(customer: Any) -> str:
	"""The company in whose eyes a customer is judged, the same for every reader, for the light is stored: of those that issue
	through ZATCA the first that does so already, and that is not the customer itself.
	"""
	issuing = frappe.get_all(
		"ZATCA Settings", filters={"enabled": 1}, fields=["name", "go_live_date"], order_by="creation, name"
	)
	today = now().date()

	def last(company: Any) -> tuple[bool, bool]:
		starts = company.go_live_date
		return company.name == customer.get("represents_company"), bool(starts and getdate(starts) > today)

	return str(min(issuing, key=last).name) if issuing else ""


def points_of(case: Case, judged: list[Point], unknown: set[int]) -> Iterator[Point]:
	"""Everything that can be said, in the order in which it is best read."""
	if case.doc.doctype == "Customer":
		yield from (point for point in judged if point.field.startswith("buyer"))
		yield from buyer_kind(case)
		return
	templates = list(check_templates(case, unknown))
	if {"ITC-TAX-MISSING", "ITC-TAX-TREATMENT"} & {point.code for point in templates}:
		judged = [point for point in judged if point.code != UNKNOWN]
	if is_stranger(case.doc):
		yield not_a_customer(case.doc)
		judged = [point for point in judged if not point.field.startswith("buyer")]
	else:
		old = list(old_copies(case))
		yield from with_severity(old, judged)
		fields = {point.field for point in old}
		judged = [point for point in judged if point.field not in fields]
		yield from buyer_kind(case)
	yield from templates
	if case.doc.doctype == "Quotation":
		yield from check_prices(case)
	yield from counted(judged, case)
	yield from units(case)
	if case.doc.doctype in INVOICE_DOCTYPES:
		yield from device(case)


def judge(case: Case, found: Look) -> tuple[list[Point], set[int]]:
	"""What the invoice's rules say, in places of the open document; and the rows of unknown taxation."""
	points, unknown = [], set()
	for problem in found.problems:
		place = here(case.doc, place_of(case, problem.field))
		if problem.code.startswith("LAW-ARABIC"):
			place = place._replace(fieldname=ARABIC.get(place.fieldname, place.fieldname))
		if problem.code == UNKNOWN:
			unknown.add(row_of(case.invoice.get("items"), problem.field).idx)
		points.append(Point(problem.code, in_words(problem), problem.severity, place, problem.field))
	return points, unknown


# Where a name has no Arabic, the field for it is what is empty, not the one that holds the name.
ARABIC = {
	"item_name": InvoiceItemField.ITEM_NAME_AR,
	"customer_name": CustomerField.NAME_AR,
	"company_name": CompanyField.NAME_AR,
}


def place_of(case: Case, field: str) -> Place:
	"""The invoice's field; read from what is known already."""
	if case.mapping:
		return locate(case.invoice, field, case.mapping)
	return locate(case.invoice, field, FactsOnly(case.facts, case.invoice))


class FactsOnly:
	"""What `locate` needs of a mapping, of a document that cannot be mapped at all."""

	def __init__(self, facts: Facts, invoice: Any) -> None:
		self.facts = facts
		self.line_rows = tuple(row for row in invoice.get("items") or [] if (row.get("rate") or 0) >= 0)
		self.part_rows: tuple[Any, ...] = ()


def once(points: Iterable[Point]) -> list[Point]:
	"""One point a field: a missing street breaks three rules, and is one thing to do. The gravest speaks."""
	kept: dict[tuple[Any, ...], Point] = {}
	for point in points:
		key = tuple(point.place) if point.place.fieldname else (point.place, point.code, point.text)
		if key not in kept or ORDER[point.severity] < ORDER[kept[key].severity]:
			kept[key] = point
	return list(kept.values())


def in_order(points: list[Point]) -> list[Point]:
	"""What has to be fixed first, then what should be looked at."""
	return sorted(points, key=lambda point: ORDER[point.severity])


def light_of(points: list[Point]) -> Light:
	"""The gravest decides."""
	severities = {point.severity for point in points}
	if ERROR in severities:
		return Light.RED
	return Light.AMBER if WARNING in severities else Light.GREEN


def all_well(doc: Any) -> str:
	"""What a green light says."""
	if doc.doctype == "Customer":
		return _("Everything a tax invoice needs of this customer is here.")
	if doc.doctype in INVOICE_DOCTYPES:
		return _("Nothing stands in the way of this invoice at ZATCA.")
	return _("The tax invoice made from this would be accepted as it stands.")


# --- what only shows before there is an invoice -----------------------------------------------------------------------
def is_stranger(doc: Any) -> bool:
	"""A quotation to a lead or prospect: nobody in the books yet."""
	return doc.doctype == "Quotation" and doc.get("quotation_to") != "Customer"


def not_a_customer(doc: Any) -> Point:
	"""Who it is has to be known before the order."""
	return Point(
		"ITC-NO-CUSTOMER",
		_(
			"{0} is no customer yet. VAT number, other ID and National Address are asked for once the customer is made."
		).format(doc.get("customer_name") or doc.get("party_name")),
		INFORMATION,
		Place(doc.doctype, doc.name, "party_name"),
	)


def old_copies(case: Case) -> Iterator[Point]:
	"""What the draft copied from the customer and the customer no longer says."""
	doc, customer = case.doc, case.facts.customer
	if not case.is_draft or not customer:
		return
	for field, (path, own) in COPIED.items():
		if not doc.meta.has_field(field) or doc.get(own) or doc.get(InvoiceField.BUYER_NAME):
			continue
		here_, there = str(doc.get(field) or ""), str(customer.get(field) or "")
		# where the draft says nothing, the record speaks for it
		if here_ and (compact(here_) != compact(there) if field == "tax_id" else here_ != there):
			yield Point(
				"ITC-STALE",
				_("{0} is “{1}” here and “{2}” in the customer's record.").format(
					_(doc.meta.get_label(field)), here_, there
				),
				WARNING,
				Place(doc.doctype, doc.name, field),
				path,
			)


def with_severity(old: list[Point], judged: list[Point]) -> Iterator[Point]:
	"""An old copy that the rules object to stops the invoice; else it is only to be looked at."""
	for point in old:
		if any(other.field == point.field and other.severity == ERROR for other in judged):
			point.severity = ERROR
		yield point


def buyer_kind(case: Case) -> Iterator[Point]:
	"""A VAT number, and a kind of buyer that has none."""
	customer = case.facts.customer
	kind = customer.get(CustomerField.BUYER_KIND)
	without = (BuyerKind.PRIVATE_PERSON.value, BuyerKind.LEGAL_PERSON.value)
	if customer.get("tax_id") and kind in without and not case.invoice.get(InvoiceField.BUYER_KIND):
		yield Point(
			"ITC-BUYER-KIND",
			_("The customer has a VAT number but is marked “{0}”. Check which is right.").format(_(kind)),
			WARNING,
			Place("Customer", customer.name, CustomerField.BUYER_KIND),
			"buyer.kind",
		)


def units(case: Case) -> Iterator[Point]:
	"""Units without a code: another unit's would stand on the invoice."""
	used = case.facts.settings.get("default_unit_code") or "PCE"
	for name, unit in case.facts.units.items():
		if not unit.get(UomField.CODE):
			yield Point(
				"ITC-UNIT-CODE",
				_("The unit {0} has no UN/ECE code, so the invoice would say {1}.").format(_(name), used),
				WARNING,
				Place("UOM", name, UomField.CODE),
			)


def device(case: Case) -> Iterator[Point]:
	"""Nothing to sign with, or a device that is not in use or on hold."""
	doc, name = case.doc, device_for(case.doc, case.facts)
	if not name:
		yield Point(
			"NO-DEVICE", no_device(doc).text, ERROR, Place("ZATCA Settings", doc.company, "default_device")
		)
		return
	signer = frappe.db.get_value("ZATCA Device", name, ["status", "on_hold"], as_dict=True)
	if not signer or signer.status != "Active":
		yield Point(
			"DEVICE-STATUS",
			_(
				"The device {0} is not in use, so the invoice would wait. Connect it, or choose another for the branch or till."
			).format(name),
			ERROR,
			Place("ZATCA Device", name, "status"),
		)
	elif signer.on_hold and kind_of(doc, case.facts) is Kind.STANDARD:
		yield Point(
			"DEVICE-ON-HOLD",
			_("The device {0} is on hold: the invoice would wait until it is released.").format(name),
			WARNING,
			Place("ZATCA Device", name, "on_hold"),
		)


# --- for the desk -----------------------------------------------------------------------------------------------------
def for_desk(doc: Any, found: Readiness) -> dict[str, Any]:
	"""Plain values for the form."""
	return {
		"doctype": doc.doctype,
		"name": doc.name,
		"light": found.light.value,
		"note": found.note,
		"errors": sum(point.severity == ERROR for point in found.points),
		"warnings": sum(point.severity == WARNING for point in found.points),
		"points": [answer(point, doc) for point in found.points],
	}
