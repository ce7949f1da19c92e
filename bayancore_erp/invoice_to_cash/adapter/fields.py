"""The custom fields of this module (`module` Invoice to Cash in the fixtures): the one place where Python spells them.

Takes nothing; gives constants. What a document carries for the invoice that follows has the same names as on the invoice,
so that both ERPNext's mapper and `carry` find them.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField, InvoiceItemField


class Light(str, Enum):
	"""`zatca_readiness`: the traffic light of a document; "" where ZATCA has nothing to do with it."""

	OFF = ""
	GREEN = "Ready"
	AMBER = "To Check"
	RED = "Not Ready"


READINESS: Final = "zatca_readiness"
PROBLEMS: Final = "zatca_problems"

ORDER_DOCTYPES: Final = ("Quotation", "Sales Order", "Delivery Note")
JUDGED_DOCTYPES: Final = ("Customer", *ORDER_DOCTYPES, *INVOICE_DOCTYPES)
"""Those that have a light, on the form and in lists."""

CARRIED: Final = (
	InvoiceField.KIND_CHOICE,
	InvoiceField.BRANCH,
	InvoiceField.CONTRACT_NUMBER,
	InvoiceField.SUPPLY_DATE,
	InvoiceField.SUPPLY_END_DATE,
	InvoiceField.CONTINUOUS,
	InvoiceField.NOMINAL,
	InvoiceField.EXPORT,
	InvoiceField.THIRD_PARTY,
	InvoiceField.BUYER_NAME,
	InvoiceField.BUYER_KIND,
	InvoiceField.BUYER_VAT_NUMBER,
	InvoiceField.BUYER_ID_SCHEME,
	InvoiceField.BUYER_ID_NUMBER,
)
"""Of the document: from Quotation through order and delivery to the invoice."""

CARRIED_ROW: Final = (
	InvoiceItemField.ITEM_NAME_AR,
	InvoiceItemField.VAT_CATEGORY,
	InvoiceItemField.EXEMPTION_CODE,
	InvoiceItemField.EXEMPTION_REASON,
)
"""Of its rows; ERPNext's mapper takes them along by name."""
