"""The documents a new device shows ZATCA before it gets its production CSID: one of each kind its invoice map allows.

Takes the order of the onboarding (which kind, at which place in the chain, with which key and certificate) and the
seller; gives the signed document. Small invented sales, never booked and never given to anyone.
Source: ZATCA.md section 5 (Missing-ComplianceSteps).
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from bayancore_erp.zatca.core.client import SignedDocument
from bayancore_erp.zatca.core.codes import NOTE_REASONS, TypeFlags
from bayancore_erp.zatca.core.invoice import Address, Invoice, Line, Party, PartyId, Text
from bayancore_erp.zatca.core.onboarding import Order
from bayancore_erp.zatca.core.pipeline import RIYADH, prepare

# A buyer that passes every rule; its VAT number is the one of ZATCA's own samples.
_BUYER = Party(
	name="مشتر تجريبي | Test buyer",
	vat_number="399999999800003",
	identification=PartyId("CRN", "4030204050"),
	address=Address(
		"شارع التجربة | Test Street", "", "1111", "", "المروج | Al Murooj", "الرياض | Riyadh", "", "12222"
	),
)
_OTHER_VAT_NUMBER = "300000000000003"


def make_document(order: Order, seller: Party) -> SignedDocument:
	"""The compliance document that `order` asks for, stamped. Raises NotLawful where the seller's details are incomplete."""
	kind = order.document
	moment = order.made_at.astimezone(RIYADH)
	buyer = _BUYER
	if seller.vat_number == buyer.vat_number:
		buyer = Party(buyer.name, _OTHER_VAT_NUMBER, buyer.identification, buyer.address)
	reason = NOTE_REASONS["return"]
	invoice = Invoice(
		number=f"CHECK-{order.position.icv:04d}",
		uuid=str(uuid.uuid4()),
		issue_date=moment.date(),
		issue_time=moment.time().replace(microsecond=0),
		seller=seller,
		buyer=None if kind.is_simplified else buyer,
		type_code=kind.type,
		flags=TypeFlags(simplified=kind.is_simplified),
		supply_date=None if kind.is_simplified else moment.date(),
		lines=(Line(Text("بند تجريبي", "Test item"), Decimal(1), Decimal("100.00")),),
		reason=Text(reason.ar, reason.en) if kind.type.is_note else Text(),
		billing_references=("CHECK-0000",) if kind.type.is_note else (),
	)
	return prepare(invoice, order.position, order.key, order.certificate, now=order.made_at).document
