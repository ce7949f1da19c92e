"""What the readiness panel of a form asks for: how does it stand, and put this right.

Takes a saved document; gives plain values. The caller has checked permission to read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from bayancore_erp.invoice_to_cash.adapter.fields import JUDGED_DOCTYPES
from bayancore_erp.invoice_to_cash.adapter.light import attempt, is_stored, store
from bayancore_erp.invoice_to_cash.adapter.readiness import OFF, assess, for_desk
from bayancore_erp.zatca.adapter.desk import refresh_copied
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField, State


def judged_doctype(doctype: str) -> str:
	"""The same name. Raises for a doctype no tax invoice follows from."""
	if doctype not in JUDGED_DOCTYPES:
		frappe.throw(_("No tax invoice follows from {0}.").format(_(doctype)))
	return doctype


def readiness(doc: Any) -> dict[str, Any]:
	"""Light, sentence and points; the list's light follows what is seen here."""
	found = assess(doc, with_fixes=True)
	store(doc, found)
	return for_desk(doc, found)


def bring(doc: Any) -> None:
	"""With the document that a form opens with: what its panel shows, so that it needs no request of its own.

	Left out, and asked for by the form, after a save (which judged it once, and is waited for) and where the light of the list
	would change, for opening a form stores nothing. Never keeps a form from opening.
	"""
	if doc.flags.readiness_judged or doc.get_doc_before_save() or not is_open(doc):
		return
	found = attempt(doc, with_fixes=True)
	if found and is_stored(doc, found):
		doc.set_onload("readiness", for_desk(doc, found))


def is_open(doc: Any) -> bool:
	"""Whether the form has the panel: as soon as there is a verdict, the verdict speaks."""
	if doc.doctype in INVOICE_DOCTYPES:
		return int(doc.docstatus) == 0 and not doc.get(InvoiceField.STATE)
	return int(doc.docstatus) < 2


# What a document says of others, and whose record that is.
NAMED = {
	"customer": "Customer",
	"company": "Company",
	"customer_address": "Address",
	"company_address": "Address",
	"return_against": "",
}


def named_in(values: Any) -> Iterator[tuple[str, str]]:
	"""The records whose content a judgement of these values would speak of."""
	for field, doctype in NAMED.items():
		if values.get(field):
			yield doctype or values.get("doctype"), str(values.get(field))
	if values.get("quotation_to") and values.get("party_name"):
		yield str(values.get("quotation_to")), str(values.get("party_name"))


def readiness_unsaved(values: Any) -> dict[str, Any]:
	"""Light and points of what stands in a new form, once there is a party and something to sell; without fixes, for
	these change what is stored. Never raises for what is half typed: nobody asked, so nobody is interrupted.
	"""
	doc = frappe.get_doc({**values, "docstatus": 0, "__islocal": 1})
	party = doc.get("customer") or doc.get("party_name")
	rows = [row for row in doc.get("items") or [] if row.get("item_code") or row.get("item_name")]
	if not (party and rows and doc.get("company")):
		return for_desk(doc, OFF)
	if not all(may_read(doctype, name) for doctype, name in named_in(values)):
		return for_desk(doc, OFF)
	doc.set("items", rows)
	try:
		if hasattr(doc, "calculate_taxes_and_totals"):
			doc.calculate_taxes_and_totals()  # as the save would, whatever the form had time to work out
		return for_desk(doc, assess(doc))
	except Exception:
		frappe.clear_messages()
		return for_desk(doc, OFF)


def may_read(doctype: str, name: str) -> bool:
	"""Whether there is such a record and the user may read it."""
	return bool(frappe.db.exists(doctype, name) and frappe.has_permission(doctype, "read", doc=name))


def fix(doc: Any, wanted: str, choice: str) -> dict[str, Any]:
	"""Apply one fix, then look again. Raises frappe.ValidationError for one that is not offered (any more)."""
	if doc.get(InvoiceField.STATE) == State.REJECTED.value:
		refresh_copied(doc)  # judged as its next submit would be, which is how the fix was found
	for point in assess(doc, with_fixes=True).points:
		for each in point.fixes:
			if each.id == wanted:
				if each.choices and choice not in {value for value, _label in each.choices}:
					frappe.throw(_("Choose one of the list."))
				each.apply(choice)
				return readiness(frappe.get_doc(doc.doctype, doc.name))
	frappe.throw(_("This is no longer needed, or not permitted. Look again."))
