"""A company's Archive Settings, read for use: brand, layout, language. A company without any has the defaults.

Takes a company; gives plain values of the core. An image that cannot be used is left out with a remark: no logo keeps a
lawful document from its buyer. Never writes.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.archive.core.pdf import Brand, Layout
from bayancore_erp.archive.core.pdf.brand import picture
from bayancore_erp.zatca.adapter.fields import Kind
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Text

SETTINGS = "Archive Settings"
RECEIPT = "80 mm Receipt"
ENGLISH_FIRST = "English First"
BY_CUSTOMER = "The Customer's Language"


def preferences(company: str) -> Any:
	"""The company's settings, or the defaults as a document that was never saved."""
	if frappe.db.exists(SETTINGS, company):
		return frappe.get_cached_doc(SETTINGS, company)
	return frappe.get_doc({"doctype": SETTINGS, "company": company, **_defaults()})


def _defaults() -> dict[str, Any]:
	return {
		field.fieldname: int(field.default) if field.fieldtype == "Check" else field.default
		for field in frappe.get_meta(SETTINGS).fields
		if field.default
	}


def brand_of(company: str, right_to_left: bool) -> tuple[Brand, list[str]]:
	"""How the company's papers look now, and a remark for each image that could not be used."""
	settings = preferences(company)
	remarks: list[str] = []
	logo = settings.logo or frappe.get_cached_value("Company", company, "company_logo")
	letter_head = settings.letter_head and frappe.db.get_value("Letter Head", settings.letter_head, "image")
	brand = Brand(
		logo=image_bytes(logo, _("Logo"), remarks),
		letterhead=image_bytes(letter_head, _("Letter Head"), remarks),
		accent=settings.accent or Brand.accent,
		contact=Text(ar=settings.contact_ar or "", en=settings.contact_en or ""),
		footer=Text(ar=settings.footer_ar or "", en=settings.footer_en or ""),
		right_to_left=right_to_left,
	)
	return brand, remarks


def image_bytes(url: str | None, label: str, remarks: list[str]) -> bytes:
	"""The image behind a file's address, as far as a document may carry it."""
	if not url:
		return b""
	try:
		file = frappe.get_doc("File", {"file_url": url})
		with open(file.get_full_path(), "rb") as source:
			content = source.read()
		picture(content, field=label)
	except (frappe.DoesNotExistError, OSError):
		frappe.clear_last_message()
		remarks.append(_("{0}: the file {1} is not on this site.").format(label, url))
	except InvalidInput as error:
		remarks.append(f"{label}: {error.diagnostics()}")
	else:
		return content
	return b""


def layout_of(invoice: Any, kind: str) -> Layout:
	"""A4, or the strip where the company wants it for simplified invoices or at its tills."""
	if kind != Kind.SIMPLIFIED.value:
		return "a4"
	settings = preferences(invoice.company)
	at_till = invoice.doctype == "POS Invoice" or invoice.get("is_pos")
	wanted = settings.till_layout if at_till else settings.simplified_layout
	return "receipt" if wanted == RECEIPT else "a4"


def arabic_first(invoice: Any) -> bool:
	"""Which side of the paper comes first."""
	order = preferences(invoice.company).reading_order
	if order == BY_CUSTOMER:
		return language_of(invoice) == "ar"
	return order != ENGLISH_FIRST


def language_of(invoice: Any) -> str:
	"""The language to write to the customer in: ar or en."""
	chosen = (frappe.db.get_value("Customer", invoice.customer, "language") or invoice.get("language") or "")[
		:2
	]
	if chosen in ("ar", "en"):
		return str(chosen)
	order = preferences(invoice.company).reading_order
	return "en" if order == ENGLISH_FIRST else "ar"
