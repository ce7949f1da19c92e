"""What the readiness panel of a form asks for: how does it stand, and put this right.

Takes a saved document; gives plain values. The caller has checked permission to read it.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.invoice_to_cash.adapter.fields import JUDGED_DOCTYPES
from bayancore_erp.invoice_to_cash.adapter.light import store
from bayancore_erp.invoice_to_cash.adapter.readiness import assess, for_desk
from bayancore_erp.zatca.adapter.desk import refresh_copied
from bayancore_erp.zatca.adapter.fields import InvoiceField, State


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
