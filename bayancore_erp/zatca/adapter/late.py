"""Invoices written by hand while the system was down, entered afterwards: issued when they were handed over.

Takes a draft with its number and time on paper; gives the moment of issue. Never invents one: an outage at that time has to
be on record. Sources: TAX.md section 3.2; Detailed Guideline p. 47-52 (ZATCA warns with BR-KSA-98 and accepts).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from bayancore_erp.zatca.adapter import outage
from bayancore_erp.zatca.adapter.clock import moment_of
from bayancore_erp.zatca.adapter.fields import SalesInvoiceField
from bayancore_erp.zatca.core.pipeline import RIYADH


class NoOutage(frappe.ValidationError):
	"""An invoice claims to have been written by hand at a time when nothing was down."""


def issue_moment(doc: Any) -> datetime:
	"""Now, or when an invoice written by hand was handed over."""
	paper = doc.get(SalesInvoiceField.PAPER_ISSUED_AT)
	moment = moment_of(get_datetime(paper)) if paper else datetime.now(RIYADH)
	return moment.replace(microsecond=0)


def check(doc: Any) -> None:
	"""Number and time belong together, and the time is past. Asked whenever a draft is saved."""
	number, paper = doc.get(SalesInvoiceField.PAPER_NUMBER), doc.get(SalesInvoiceField.PAPER_ISSUED_AT)
	if bool(number) != bool(paper):
		frappe.throw(
			_("An invoice written by hand needs both its number on paper and when it was handed over.")
		)
	if paper and get_datetime(paper) > now_datetime():
		frappe.throw(_("An invoice written by hand was handed over in the past."))


def require_outage(doc: Any) -> None:
	"""Raise NoOutage where no outage is on record at that time. Asked at submission."""
	paper = doc.get(SalesInvoiceField.PAPER_ISSUED_AT)
	if paper and not outage.covering(doc.company, get_datetime(paper)):
		frappe.throw(
			_(
				"No outage is on record at {0}. A ZATCA Manager records it in ZATCA Settings; then submit the invoice again."
			).format(get_datetime(paper).strftime("%Y-%m-%d %H:%M")),
			NoOutage,
		)
