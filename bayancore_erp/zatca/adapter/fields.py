"""The names of the app's custom fields and of the values they take: the one place where they are spelled in Python.

Takes nothing; gives constants. `fixtures/custom_field.json` is the truth about the fields themselves and
tests/site/test_setup.py holds the two together. Never reads a document.
Select values are words people read; the wire codes they stand for are in the tables at the end.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from bayancore_erp.zatca.core.codes import VatCategory


class CompanyField:
	"""Company: who the seller is. Its VAT number is ERPNext's `tax_id`."""

	NAME_AR: Final = "zatca_name_ar"
	REGISTRATION_SCHEME: Final = "zatca_registration_scheme"
	REGISTRATION_NUMBER: Final = "zatca_registration_number"
	VAT_GROUP: Final = "zatca_vat_group"
	TRAINING_OF: Final = "zatca_training_of"


class BranchField:
	"""Branch: an own address, registration or device where it has one."""

	COMPANY: Final = "zatca_company"
	NAME_AR: Final = "zatca_name_ar"
	ADDRESS: Final = "zatca_address"
	REGISTRATION_SCHEME: Final = "zatca_registration_scheme"
	REGISTRATION_NUMBER: Final = "zatca_registration_number"
	DEVICE: Final = "zatca_device"


class AddressField:
	"""Address, beside ERPNext's line 1 (street), line 2 (additional street), city, state, pincode and country."""

	BUILDING_NUMBER: Final = "zatca_building_number"
	ADDITIONAL_NUMBER: Final = "zatca_additional_number"
	DISTRICT: Final = "zatca_district"
	SHORT_ADDRESS: Final = "zatca_short_address"
	STREET_AR: Final = "zatca_street_ar"
	DISTRICT_AR: Final = "zatca_district_ar"
	CITY_AR: Final = "zatca_city_ar"


class CustomerField:
	"""Customer: who the buyer is. Its VAT number is ERPNext's `tax_id`."""

	NAME_AR: Final = "zatca_name_ar"
	BUYER_KIND: Final = "zatca_buyer_kind"
	VAT_GROUP_MEMBER: Final = "zatca_vat_group_member"
	ID_SCHEME: Final = "zatca_id_scheme"
	ID_NUMBER: Final = "zatca_id_number"


class ItemField:
	"""Item."""

	NAME_AR: Final = "zatca_name_ar"


class ItemTaxTemplateField:
	"""Item Tax Template: how lines with it are taxed."""

	VAT_CATEGORY: Final = "zatca_vat_category"
	EXEMPTION_CODE: Final = "zatca_exemption_code"
	EXEMPTION_REASON: Final = "zatca_exemption_reason"


class TaxTemplateField:
	"""Sales Taxes and Charges Template: how lines without an item tax template are taxed."""

	VAT_CATEGORY: Final = "zatca_vat_category"
	EXEMPTION_CODE: Final = "zatca_exemption_code"
	EXEMPTION_REASON: Final = "zatca_exemption_reason"


class TaxRowField:
	"""A row of the taxes table, of an invoice or of a template."""

	TREATMENT: Final = "zatca_treatment"
	VAT_CATEGORY: Final = "zatca_vat_category"
	EXEMPTION_CODE: Final = "zatca_exemption_code"
	DESCRIPTION_AR: Final = "zatca_description_ar"


class UomField:
	"""UOM."""

	CODE: Final = "zatca_code"
	NAME_AR: Final = "zatca_name_ar"


class ModeOfPaymentField:
	"""Mode of Payment."""

	CODE: Final = "zatca_code"


class PosProfileField:
	"""POS Profile."""

	DEVICE: Final = "zatca_device"
	BRANCH: Final = "zatca_branch"


class PaymentEntryField:
	"""Payment Entry: money received before the supply."""

	RECEIPT_KIND: Final = "zatca_receipt_kind"
	PREPAYMENT_INVOICE: Final = "zatca_prepayment_invoice"


class InvoiceField:
	"""What Sales Invoice and POS Invoice both carry."""

	# what people enter while it is a draft
	REASON_CODE: Final = "zatca_reason_code"
	KIND_CHOICE: Final = "zatca_kind_choice"
	BRANCH: Final = "zatca_branch"
	SUPPLY_DATE: Final = "zatca_supply_date"
	SUPPLY_END_DATE: Final = "zatca_supply_end_date"
	VAT_DATE: Final = "zatca_vat_date"
	CONTRACT_NUMBER: Final = "zatca_contract_number"
	SAR_RATE: Final = "zatca_sar_rate"
	EXPORT: Final = "zatca_export"
	NOMINAL: Final = "zatca_nominal"
	SUMMARY: Final = "zatca_summary"
	CONTINUOUS: Final = "zatca_continuous"
	THIRD_PARTY: Final = "zatca_third_party"
	SELF_BILLED: Final = "zatca_self_billed"
	BUYER_NAME: Final = "zatca_buyer_name"
	BUYER_KIND: Final = "zatca_buyer_kind"
	BUYER_VAT_NUMBER: Final = "zatca_buyer_vat_number"
	BUYER_ID_SCHEME: Final = "zatca_buyer_id_scheme"
	BUYER_ID_NUMBER: Final = "zatca_buyer_id_number"
	REASON: Final = "zatca_reason"
	EVENT_DATE: Final = "zatca_event_date"
	ORIGINAL_NUMBERS: Final = "zatca_original_numbers"
	ORIGINAL_DATE: Final = "zatca_original_date"
	ORIGINAL_KIND: Final = "zatca_original_kind"
	# what the system writes, and nobody else
	STATE: Final = "zatca_state"
	KIND: Final = "zatca_kind"
	ISSUED_AT: Final = "zatca_issued_at"
	CLEARED_AT: Final = "zatca_cleared_at"
	DEADLINE: Final = "zatca_deadline"
	DIFFERENCE: Final = "zatca_difference"
	DEVICE: Final = "zatca_device"
	UUID: Final = "zatca_uuid"
	ICV: Final = "zatca_icv"
	ENVIRONMENT: Final = "zatca_environment"
	HASH: Final = "zatca_hash"
	DOCUMENT: Final = "zatca_document"
	SUBMISSION: Final = "zatca_submission"
	QR: Final = "zatca_qr"


class SalesInvoiceField(InvoiceField):
	"""Sales Invoice only: advances and what happened during an outage."""

	IS_PREPAYMENT: Final = "zatca_is_prepayment"
	PAYMENT_ENTRY: Final = "zatca_payment_entry"
	PREPAYMENTS: Final = "zatca_prepayments"
	PAPER_NUMBER: Final = "zatca_paper_number"
	PAPER_ISSUED_AT: Final = "zatca_paper_issued_at"
	RELEASED_AT: Final = "zatca_released_at"
	RELEASED_BY: Final = "zatca_released_by"


class InvoiceItemField:
	"""A line of a Sales Invoice or POS Invoice."""

	ITEM_NAME_AR: Final = "zatca_item_name_ar"
	VAT_CATEGORY: Final = "zatca_vat_category"
	EXEMPTION_CODE: Final = "zatca_exemption_code"
	EXEMPTION_REASON: Final = "zatca_exemption_reason"


SYSTEM_FIELDS: Final = (
	InvoiceField.STATE,
	InvoiceField.KIND,
	InvoiceField.ISSUED_AT,
	InvoiceField.CLEARED_AT,
	InvoiceField.DEADLINE,
	InvoiceField.DIFFERENCE,
	InvoiceField.DEVICE,
	InvoiceField.UUID,
	InvoiceField.ICV,
	InvoiceField.ENVIRONMENT,
	InvoiceField.HASH,
	InvoiceField.DOCUMENT,
	InvoiceField.SUBMISSION,
	InvoiceField.QR,
	SalesInvoiceField.RELEASED_AT,
	SalesInvoiceField.RELEASED_BY,
)
"""Of an invoice: read only in the desk, which does not stop an API caller. Guards put back what the database says."""


class State(str, Enum):
	"""`zatca_state` of an invoice and `state` of its submission; "" before anything happened."""

	NONE = ""
	QUEUED = "Queued"
	CLEARING = "Clearing"
	CLEARED_NOT_POSTED = "Cleared, Not Posted"
	CLEARANCE_PENDING = "Clearance Pending"
	"""Released uncleared during an outage, and booked."""
	CLEARED = "Cleared"
	TO_REPORT = "To Report"
	"""A simplified one, signed and booked, on its way within 24 hours."""
	REPORTED = "Reported"
	REJECTED = "Rejected"
	ON_HOLD = "On Hold"
	"""Its device is on hold; nothing is wrong with the invoice."""
	SKIPPED = "Skipped"

	@property
	def is_final(self) -> bool:
		"""Nothing more will happen by itself."""
		return self in (State.CLEARED, State.REPORTED, State.REJECTED, State.SKIPPED)

	@property
	def is_approved(self) -> bool:
		"""ZATCA has accepted it: it may never be changed, cancelled or deleted again."""
		return self in (State.CLEARED, State.CLEARED_NOT_POSTED, State.REPORTED)


class Kind(str, Enum):
	"""`zatca_kind`: which of the two kinds of tax invoice it is."""

	STANDARD = "Standard"
	SIMPLIFIED = "Simplified"


class BuyerKind(str, Enum):
	"""Who the buyer is; this, not whether a VAT number is filled, decides the kind of invoice."""

	VAT_REGISTERED = "VAT Registered"
	LEGAL_PERSON = "Legal Person Not Registered"
	GOVERNMENT = "Government"
	PRIVATE_PERSON = "Private Person"
	FOREIGN = "Foreign"


class Treatment(str, Enum):
	"""What a row of the taxes table is on the tax invoice; "" is worked out from its account."""

	AUTOMATIC = ""
	VAT = "VAT"
	CHARGE = "Charge"
	ALLOWANCE = "Allowance"
	PREPAYMENT = "Prepayment"
	"""Takes an advance off the receivable: from the liability, and its VAT from the VAT account."""
	RETENTION = "Retention"
	TIP = "Tip"
	DEPOSIT = "Deposit"
	WITHHOLDING = "Withholding"
	NOMINAL_SUPPLY = "Nominal Supply"
	"""Takes the value of a nominal supply off the receivable again."""
	ROUNDING = "Rounding"
	OUTSIDE = "Outside"
	"""Anything else that is in the ledger and not on the tax invoice."""


CATEGORY_OF: Final[dict[str, VatCategory]] = {
	"Standard Rated": VatCategory.STANDARD,
	"Zero Rated": VatCategory.ZERO,
	"Exempt": VatCategory.EXEMPT,
	"Out of Scope": VatCategory.OUT_OF_SCOPE,
}
"""`zatca_vat_category` to the wire's letter."""

CATEGORY_NAME: Final[dict[VatCategory, str]] = {category: name for name, category in CATEGORY_OF.items()}


class ReceiptKind(str, Enum):
	"""`zatca_receipt_kind` of a Payment Entry: what the money is."""

	AUTOMATIC = ""
	"""An advance where it was received on a sales order."""
	PAYMENT = "Payment"
	ADVANCE = "Advance"
	DEPOSIT = "Security Deposit"
	RETENTION = "Retention Release"


NOTE_REASON_OF: Final[dict[str, str]] = {
	"Cancellation": "cancellation",
	"Change of Supply": "nature",
	"Change of Value": "value",
	"Return": "return",
	"Change of Details": "buyer_or_seller_details",
}
"""`zatca_reason_code` to the key of core.codes.NOTE_REASONS."""

LEDGER_DOCTYPES: Final = ("ZATCA Document", "ZATCA Attempt", "ZATCA Skip")
"""Insert-only: no role and no code path of Frappe's document layer changes or deletes a row."""

INVOICE_DOCTYPES: Final = ("Sales Invoice", "POS Invoice")
