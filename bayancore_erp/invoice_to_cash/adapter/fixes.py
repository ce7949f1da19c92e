"""What one click can put right, where the answer is known; every other problem is only shown.

Takes a point and the case around it; gives the fixes to offer. A fix is looked for again when it is clicked, from the documents
as they are then, so that no call can ask for a change nobody would be offered. Saving checks the permission for the document that
is changed. Never guesses: an address is completed only from one that says the same as far as both speak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import frappe
from erpnext.controllers.accounts_controller import get_taxes_and_charges
from frappe import _
from frappe.contacts.doctype.address.address import get_address_display, get_default_address
from frappe.utils import strip_html

from bayancore_erp.invoice_to_cash.adapter.points import Case, Fix, Point, row_of
from bayancore_erp.setup.company import SALES, Template, add_exemption, find_template
from bayancore_erp.setup.install import UNIT_CODES
from bayancore_erp.zatca.adapter.fields import (
	CATEGORY_OF,
	AddressField,
	BuyerKind,
	CustomerField,
	InvoiceItemField,
	ItemField,
	ItemTaxTemplateField,
	TaxTemplateField,
	UomField,
)
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.mapper.taxation import stated
from bayancore_erp.zatca.adapter.party import compact
from bayancore_erp.zatca.adapter.preflight import DIFFERENCE
from bayancore_erp.zatca.adapter.settle import settle_draft
from bayancore_erp.zatca.core.codes import EXEMPTIONS, VatCategory
from bayancore_erp.zatca.core.invoice import has_arabic
from bayancore_erp.zatca.core.rules.seller import is_vat_number

ADDRESS = ("address_line1", "city", "pincode", "state", "country", *(v for k, v in vars(AddressField).items() if k.isupper()))  # fmt: skip
# Where two addresses both state one of these differently, they are two places.
SAME_PLACE = ("pincode", "city", "address_line1", AddressField.BUILDING_NUMBER)
STANDARD_RATED = Template(SALES, "KSA VAT 15%")
# Further names of ERPNext's or of usual lists, and Arabic ones; the rest of the codes stand in UNIT_CODES.
OTHER_UNITS = {
	"each": "EA", "pcs": "PCE", "pc": "PCE", "no": "PCE", "piece": "PCE", "carton": "CT", "pack": "PK", "packet": "PK",
	"bag": "BG", "roll": "RO", "dozen": "DZN", "ton": "TNE", "kilogram": "KGM", "liter": "LTR", "hrs": "HUR", "hours": "HUR",
	"days": "DAY", "months": "MON", "job": "E51", "قطعة": "PCE", "حبة": "PCE", "وحدة": "PCE", "عدد": "PCE", "كرتون": "CT",
	"صندوق": "BX", "علبة": "BX", "كيس": "BG", "كيلو": "KGM", "كجم": "KGM", "كيلوجرام": "KGM", "طن": "TNE", "لتر": "LTR",
	"متر": "MTR", "متر مربع": "MTK", "متر مكعب": "MTQ", "ساعة": "HUR", "يوم": "DAY", "شهر": "MON", "سنة": "ANN", "درزن": "DZN",
}  # fmt: skip


def offer(point: Point, case: Case) -> None:
	"""Add the fixes of one point that this user may apply."""
	for find in FINDERS:
		point.fixes += [fix for fix in find(point, case) if may_write(fix)]


def may_write(fix: Fix) -> bool:
	"""Whether the user may change the document the fix is about."""
	return bool(frappe.has_permission(fix.doctype, "write", doc=fix.name))


def write(doctype: str, name: str, values: dict[str, Any]) -> None:
	"""Change one document as a person does: with permission, validation and history."""
	doc = frappe.get_doc(doctype, name)
	doc.update(values)
	doc.save()


# --- addresses --------------------------------------------------------------------------------------------------------
def complete_address(point: Point, case: Case) -> Iterator[Fix]:
	"""The parts an address lacks, from another address of the same party for the same place."""
	if point.place.doctype != "Address" or ".address" not in point.field:
		return
	own = frappe.db.get_value("Address", point.place.name, list(ADDRESS), as_dict=True)
	if not own or own.get(point.place.fieldname):
		return
	party = (
		("Customer", case.invoice.get("customer"))
		if point.field.startswith("buyer")
		else ("Company", case.doc.get("company"))
	)
	for other in addresses_of(*party, but=point.place.name):
		missing = {field: other[field] for field in ADDRESS if other.get(field) and not own.get(field)}
		if point.place.fieldname in missing and same_place(own, other):
			yield Fix(
				"complete_address",
				_("Copy from {0}").format(other.name),
				"Address",
				point.place.name,
				lambda _choice, values=missing: write("Address", point.place.name, values),
			)
			return


def addresses_of(doctype: str, name: str | None, *, but: str) -> list[Any]:
	"""The other addresses of a party, the primary first."""
	if not name:
		return []
	names = frappe.get_all(
		"Dynamic Link",
		filters={"link_doctype": doctype, "link_name": name, "parenttype": "Address", "parent": ("!=", but)},
		pluck="parent",
	)
	found: list[Any] = frappe.get_all(
		"Address",
		filters={"name": ("in", names), "disabled": 0},
		fields=["name", *ADDRESS],
		order_by="is_primary_address desc, modified desc",
	)
	return found


def same_place(one: Any, other: Any) -> bool:
	"""Whether two addresses agree in all that both state, and state something in common."""
	both = [field for field in SAME_PLACE if one.get(field) and other.get(field)]
	return bool(both) and all(plain(one[field]) == plain(other[field]) for field in both)


def plain(text: Any) -> str:
	"""Without case, blanks and punctuation."""
	return re.sub(r"[\W_]+", "", str(text or "")).casefold()


# --- taxes ------------------------------------------------------------------------------------------------------------
def apply_standard_rate(point: Point, case: Case) -> Iterator[Fix]:
	"""The company's own template of 15 %."""
	if point.code != "ITC-TAX-MISSING" and point.place.fieldname != "taxes_and_charges":
		return
	template = find_template(case.doc.company, STANDARD_RATED) if case.is_draft else None
	if template:
		yield Fix(
			"apply_standard_rate",
			_("Apply {0}").format(template),
			case.doc.doctype,
			case.doc.name,
			lambda _choice: set_template(case.doc.doctype, case.doc.name, template),
		)


def set_template(doctype: str, name: str, template: str) -> None:
	"""Choose a sales tax template, as in the form: with its rows."""
	doc = frappe.get_doc(doctype, name)
	doc.taxes_and_charges = template
	doc.set("taxes", get_taxes_and_charges("Sales Taxes and Charges Template", template))
	doc.save()


EXEMPTION_CODES = frozenset({"LAW-EXEMPTION-MISSING", "LAW-EXEMPTION-MISFIT", "ERP-VAT-UNKNOWN"})


def choose_exemption(point: Point, case: Case) -> Iterator[Fix]:
	"""Why a row carries no VAT, chosen from the law's list."""
	if point.code not in EXEMPTION_CODES or not case.mapping:
		return
	row = row_of(case.mapping.line_rows, point.field)
	if not row.idx:
		return
	category = CATEGORY_OF.get(stated(row, case.facts)[0])
	if category is VatCategory.STANDARD:
		category = None
	yield Fix(
		"choose_exemption",
		_("Choose the Reason"),
		case.doc.doctype,
		case.doc.name,
		lambda choice: set_exemption(case.doc.doctype, case.doc.name, row.name, choice),
		reasons(category),
		row.idx,
	)


def reasons(category: VatCategory | None) -> tuple[tuple[str, str], ...]:
	"""The exemption codes of a category, or all of them, with their wording."""
	arabic = is_arabic()
	return tuple(
		(code, why.reason.ar if arabic else why.reason.en)
		for code, why in EXEMPTIONS.items()
		if category in (None, why.category)
	)


def set_exemption(doctype: str, name: str, row_name: str, code: str) -> None:
	"""On a draft by the template made for the code, which also takes the rate to nothing; afterwards on the row itself."""
	if code not in EXEMPTIONS:
		frappe.throw(_("{0} is not an exemption code.").format(code))
	doc = frappe.get_doc(doctype, name)
	row = next(each for each in doc.items if each.name == row_name)
	if doc.docstatus == 0:
		row.item_tax_template = template_for(doc.company, code)
		code, category = "", ""
	else:
		category = next(label for label, letter in CATEGORY_OF.items() if letter is EXEMPTIONS[code].category)
	row.update(
		{
			InvoiceItemField.VAT_CATEGORY: category,
			InvoiceItemField.EXEMPTION_CODE: code,
			InvoiceItemField.EXEMPTION_REASON: "",
		}
	)
	doc.save()


def template_for(company: str, code: str) -> str:
	"""The company's Item Tax Template for an exemption code; made where it is missing, by who may."""
	found = frappe.db.get_value(
		"Item Tax Template", {"company": company, ItemTaxTemplateField.EXEMPTION_CODE: code, "disabled": 0}
	)
	return str(found) if found else add_exemption(company, code)


def mark_standard_rated(point: Point, case: Case) -> Iterator[Fix]:
	"""A template of 15 % that does not say so; for any other rate nobody but its owner knows."""
	if point.code != "ITC-TAX-TREATMENT":
		return
	table, rate = (
		("Item Tax Template Detail", "tax_rate")
		if point.place.doctype == "Item Tax Template"
		else ("Sales Taxes and Charges", "rate")
	)
	rates = set(frappe.get_all(table, filters={"parent": point.place.name}, pluck=rate)) - {0}
	if rates == {15}:
		yield Fix(
			"mark_standard_rated",
			_("Mark as {0}").format(_("Standard Rated")),
			point.place.doctype,
			point.place.name,
			lambda _choice: write(
				point.place.doctype, point.place.name, {TaxTemplateField.VAT_CATEGORY: "Standard Rated"}
			),
		)


# --- names and units --------------------------------------------------------------------------------------------------
def fill_arabic_name(point: Point, case: Case) -> Iterator[Fix]:
	"""The Arabic name, where the record says it somewhere else already."""
	if point.code == "LAW-ARABIC-ITEM" and point.place.table == "items":
		row = next((row for row in case.doc.get("items") if row.idx == point.place.row), None)
		if row is None or not row.get("item_code"):
			return
		item = frappe.db.get_value(
			"Item", row.item_code, ["name", "item_name", "description", ItemField.NAME_AR], as_dict=True
		)
		found = first_arabic(
			[item.get(ItemField.NAME_AR), item.item_name, item.name, strip_html(item.description or ""), *translations(item.item_name)]
		)  # fmt: skip
		doctype, name, field = "Item", item.name, ItemField.NAME_AR
	elif point.code in ("LAW-ARABIC-BUYER", "LAW-ARABIC-FOREIGN-BUYER") and point.place.doctype == "Customer":
		customer = frappe.db.get_value("Customer", point.place.name, ["customer_name", "customer_details"], as_dict=True)  # fmt: skip
		titles = frappe.get_all(
			"Dynamic Link",
			filters={"link_doctype": "Customer", "link_name": point.place.name, "parenttype": "Address"},
			pluck="parent",
		)
		found = first_arabic(
			[customer.customer_name, point.place.name, customer.customer_details, *translations(customer.customer_name), *titles]
		)  # fmt: skip
		doctype, name, field = "Customer", point.place.name, CustomerField.NAME_AR
	else:
		return
	if found:
		yield Fix(
			"fill_arabic_name",
			# isolated, or the quotation marks of a left-to-right button end up inside out
			_("Use “{0}”").format(f"\u2068{found}\u2069"),
			doctype,
			name,
			lambda _choice: write(doctype, name, {field: found}),
		)


def translations(text: str | None) -> list[str]:
	"""What Frappe's own translations say for it."""
	if not text:
		return []
	return list(
		frappe.get_all(
			"Translation", filters={"source_text": text, "language": "ar"}, pluck="translated_text"
		)
	)


def first_arabic(texts: Iterable[str | None]) -> str:
	"""The Arabic part of the first text that has one."""
	return next((part for text in texts if (part := arabic_part(text))), "")


def arabic_part(text: str | None) -> str:
	""" "شركة الأفق" of "شركة الأفق | Horizon Co", of "Horizon Co (شركة الأفق)", of "شركة الأفق - Horizon"; empty where there is none."""
	for part in re.split(r"[|/()\[\]\n]|\s[-–—]\s", text or ""):
		if has_arabic(part) and not re.search(r"[A-Za-z]", part):
			return " ".join(part.split())[:140]
	run = re.search(r"[؀-ۿ][؀-ۿ\s\d.،&-]*[؀-ۿ]", text or "")
	return " ".join(run[0].split())[:140] if run else ""


def set_unit_code(point: Point, case: Case) -> Iterator[Fix]:
	"""The UN/ECE code of a unit, where its name tells."""
	if point.code != "ITC-UNIT-CODE":
		return
	code = unit_code(point.place.name)
	unit = point.place.name
	if code:
		yield Fix(
			"set_unit_code",
			_("Set {0}").format(code),
			"UOM",
			unit,
			lambda _choice: write("UOM", unit, {UomField.CODE: code}),
		)
	else:
		yield Fix(
			"set_unit_code",
			_("Choose the Code"),
			"UOM",
			unit,
			lambda choice: write("UOM", unit, {UomField.CODE: choice}),
			tuple(usual_units()),
		)


def usual_units() -> Iterator[tuple[str, str]]:
	"""Codes to choose from, named as the printed invoice names them, in the reader's language."""
	from bayancore_erp.archive.core.pdf.wording import UNITS  # brings the PDF libraries along

	arabic = is_arabic()
	for code in {**dict.fromkeys(UNIT_CODES.values()), **UNITS}:
		yield code, f"{UNITS[code].ar if arabic else UNITS[code].en} ({code})"


def unit_code(unit: str) -> str:
	"""The code of a unit by its name, empty where it is not known."""
	usual = {name.casefold(): code for name, code in UNIT_CODES.items()}
	name = unit.strip().casefold()
	return usual.get(name) or OTHER_UNITS.get(name) or usual.get(name.removesuffix("s"), "")


# --- the buyer --------------------------------------------------------------------------------------------------------
def set_buyer_kind(point: Point, case: Case) -> Iterator[Fix]:
	"""Who has a Saudi VAT number is registered for VAT; another may be that of a foreign buyer's own country."""
	if point.code == "ITC-BUYER-KIND" and is_vat_number(compact(case.facts.customer.get("tax_id"))):
		name = point.place.name
		kind = BuyerKind.VAT_REGISTERED.value
		yield Fix(
			"set_buyer_kind",
			_("Set {0}").format(_(kind)),
			"Customer",
			name,
			lambda _choice: write("Customer", name, {CustomerField.BUYER_KIND: kind}),
		)


def refresh_copies(point: Point, case: Case) -> Iterator[Fix]:
	"""What a draft copied from the customer when it was made, copied again."""
	if point.code == "ITC-STALE" and case.is_draft:
		yield Fix(
			"refresh_copies",
			_("Take Over from Customer"),
			case.doc.doctype,
			case.doc.name,
			lambda _choice: copy_again(case.doc.doctype, case.doc.name),
		)


def copy_again(doctype: str, name: str) -> None:
	"""Name, VAT number and address of a draft as the customer has them now; an address that was chosen stays chosen."""
	doc = frappe.get_doc(doctype, name)
	customer = frappe.get_doc("Customer", doc.get("party_name") if doctype == "Quotation" else doc.customer)
	values = {"customer_name": customer.customer_name, "tax_id": customer.tax_id}
	address = doc.get("customer_address")
	if not (address and frappe.db.exists("Address", address)):
		address = customer.get("customer_primary_address") or get_default_address("Customer", customer.name)
	values.update(customer_address=address, address_display=get_address_display(address) if address else "")
	doc.update({field: value for field, value in values.items() if doc.meta.has_field(field)})
	doc.save()


# --- amounts ----------------------------------------------------------------------------------------------------------
def settle_difference(point: Point, case: Case) -> Iterator[Fix]:
	"""ERPNext's totals made the lawful ones, and saved."""
	if point.code == DIFFERENCE and case.is_draft:
		yield Fix(
			"settle_difference",
			_("Settle the Difference"),
			case.doc.doctype,
			case.doc.name,
			lambda _choice: settle_draft(case.doc.doctype, case.doc.name),
		)


FINDERS: tuple[Callable[[Point, Case], Iterator[Fix]], ...] = (
	settle_difference,
	refresh_copies,
	complete_address,
	apply_standard_rate,
	choose_exemption,
	mark_standard_rated,
	fill_arabic_name,
	set_unit_code,
	set_buyer_kind,
)
