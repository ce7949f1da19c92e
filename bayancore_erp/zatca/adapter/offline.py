"""Sales of a till that signs by itself while it is cut off: taken in with the bytes it signed and handed out.

Takes a signed simplified document and the sale it belongs to; verifies the stamp against the till's own certificate, its place
in that device's chain, and that the books say the same; posts the sale, stores the bytes as they are and has them reported.
Never signs, never alters, never takes a document out of turn: the till sends them in the order of its counter, and the same one
twice is the same one. Sources: Detailed Guideline p. 8, 51 (generated offline, reported within 24 hours); DESIGN.md, promise 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from lxml import etree

from bayancore_erp.zatca.adapter import chain
from bayancore_erp.zatca.adapter.clock import in_riyadh
from bayancore_erp.zatca.adapter.content import digest_of
from bayancore_erp.zatca.adapter.events import announce
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, Kind
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.mapper import map_document
from bayancore_erp.zatca.core import xml as parser
from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.chain import ChainPosition
from bayancore_erp.zatca.core.client import SignedDocument
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.verdict import Check
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import InvalidInput, ZatcaError
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.money import amount_text
from bayancore_erp.zatca.core.pipeline import RIYADH, Prepared
from bayancore_erp.zatca.core.xml import CAC, CBC

NAMESPACES = {"cac": CAC, "cbc": CBC}
# What the books and the document must agree on, each by the model's field or the calculator's figure.
AMOUNTS = {
	"tax_exclusive": "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
	"tax_inclusive": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
	"payable": "cac:LegalMonetaryTotal/cbc:PayableAmount",
	"vat_sar": "cac:TaxTotal/cbc:TaxAmount",
}


class NotAccepted(frappe.ValidationError):
	"""What the till sent cannot be taken in."""


@dataclass(frozen=True, slots=True)
class Brought:
	"""A document that a till has signed, read and verified."""

	device: str
	certificate: Certificate
	xml: bytes
	invoice_hash: str
	root: Any

	def text(self, path: str) -> str:
		"""The first text at a path."""
		return (self.root.findtext(path, None, NAMESPACES) or "").strip()

	@property
	def number(self) -> str:
		"""BT-1."""
		return self.text("cbc:ID")

	@property
	def uuid(self) -> str:
		"""KSA-1."""
		return self.text("cbc:UUID")

	@property
	def issued_at(self) -> datetime:
		"""BT-2 with KSA-25. Raises ValueError where they are none."""
		moment = f"{self.text('cbc:IssueDate')}T{self.text('cbc:IssueTime').rstrip('Z')}"
		return datetime.fromisoformat(moment).replace(tzinfo=RIYADH)

	@property
	def position(self) -> ChainPosition:
		"""Where the till put it."""
		return ChainPosition(
			int(self.reference("ICV", "cbc:UUID") or 0),
			self.reference("PIH", "cac:Attachment/cbc:EmbeddedDocumentBinaryObject"),
		)

	@property
	def qr(self) -> str:
		"""As it was printed."""
		return self.reference("QR", "cac:Attachment/cbc:EmbeddedDocumentBinaryObject")

	def reference(self, kind: str, path: str) -> str:
		"""What an AdditionalDocumentReference of that kind holds."""
		for each in self.root.iterfind("cac:AdditionalDocumentReference", NAMESPACES):
			if (each.findtext("cbc:ID", None, NAMESPACES) or "").strip() == kind:
				return (each.findtext(path, None, NAMESPACES) or "").strip()
		return ""


# --- taking one in ----------------------------------------------------------------------------------------------------
def take_in(device: str, xml: bytes, sale: dict[str, Any]) -> Any:
	"""Post the sale a till made offline and store the document it signed; gives the posted invoice.

	Raises NotAccepted with what is wrong. All of it stands or falls with the caller's transaction.
	"""
	known = known_already(device, xml)
	if known:
		return known
	brought = read(device, xml)
	doc = document_of(brought, sale)
	doc.flags.zatca_brought = brought
	doc.insert(set_name=brought.number)
	doc.submit()
	if not frappe.db.exists("ZATCA Document", brought.uuid):
		frappe.throw(
			_(
				"By the books {0} is no simplified invoice to be reported, so the till's document has no place."
			).format(brought.number),
			NotAccepted,
		)
	return doc


def held(doc: Any) -> Brought | None:
	"""What this very document object was brought with; nothing that comes over an API can be one."""
	brought = doc.flags.get("zatca_brought")
	return brought if isinstance(brought, Brought) else None


def known_already(device: str, xml: bytes) -> Any:
	"""The invoice of a document that was taken in before: a till repeats what it got no answer for."""
	uuid = uuid_of(xml)
	row = (
		frappe.db.get_value(
			"ZATCA Document", uuid, ["device", "invoice_doctype", "invoice_name"], as_dict=True
		)
		if uuid
		else None
	)
	if not row:
		return None
	if row.device != device or frappe.get_doc("ZATCA Document", uuid).xml != xml:
		frappe.throw(_("Another document has the UUID {0}.").format(uuid), NotAccepted)
	return frappe.get_doc(row.invoice_doctype, row.invoice_name)


def uuid_of(xml: bytes) -> str:
	"""KSA-1, empty where the bytes are no document."""
	try:
		return (parser.parse(xml).findtext("cbc:UUID", None, NAMESPACES) or "").strip()
	except InvalidInput:
		return ""


def read(device: str, xml: bytes) -> Brought:
	"""Verify what the till signed. Raises NotAccepted."""
	stored = frappe.db.get_value(
		"ZATCA Device", device, ["company", "signs_offline", "status", "production_certificate"], as_dict=True
	)
	if not stored or not stored.signs_offline or stored.status != "Active":
		frappe.throw(_("{0} is no device of a till that signs by itself.").format(device), NotAccepted)
	certificate = Certificate.from_token(stored.production_certificate)
	verdict = verify(xml, certificate=certificate)
	if not verdict.ok:
		frappe.throw(
			[_("The till's document does not verify:"), *(spoken(check) for check in verdict.failed)],
			NotAccepted,
			as_list=True,
		)
	root = parser.parse(xml)
	brought = Brought(device, certificate, xml, verdict.invoice_hash, root)
	code = root.find("cbc:InvoiceTypeCode", NAMESPACES)
	if code is None or not str(code.get("name") or "").startswith("02"):
		frappe.throw(
			_(
				"A standard invoice has to be cleared before it is handed over: a till cannot issue it offline."
			),
			NotAccepted,
		)
	return brought


def spoken(check: Check) -> str:
	"""What does not fit, in the reader's language."""
	arabic = is_arabic()
	return f"{check.title_ar}: {check.message_ar}" if arabic else f"{check.title}: {check.message}"


def document_of(brought: Brought, sale: dict[str, Any]) -> Any:
	"""The sale as a new invoice, dated as it was issued."""
	if sale.get("doctype") not in INVOICE_DOCTYPES:
		frappe.throw(_("{0} carries no tax invoice.").format(sale.get("doctype")), NotAccepted)
	if frappe.db.exists(sale["doctype"], brought.number):
		frappe.throw(_("The number {0} is taken.").format(brought.number), NotAccepted)
	company = frappe.db.get_value("ZATCA Device", brought.device, "company")
	if sale.get("company") != company:
		frappe.throw(_("{0} belongs to {1}.").format(brought.device, company), NotAccepted)
	moment = brought.issued_at
	return frappe.get_doc(
		{
			**sale,
			"name": None,
			"docstatus": 0,
			"set_posting_time": 1,
			"posting_date": str(moment.date()),
			"posting_time": moment.strftime("%H:%M:%S"),
		}
	)


# --- storing it -------------------------------------------------------------------------------------------------------
def store(doc: Any, brought: Brought) -> Any:
	"""At the till's next place in its chain, byte for byte; gives the row. For the last step of the submit."""
	try:
		mapping = map_document(doc, issued_at=brought.issued_at, uuid=brought.uuid)
		totals = calculate(mapping.invoice)
	except ZatcaError as error:
		frappe.throw(error.diagnostics(), NotAccepted)
	differing = differences(brought, doc, mapping.invoice, totals)
	if differing:
		frappe.throw([_("The books and the till's document differ:"), *differing], NotAccepted, as_list=True)
	expected, stated = chain.lock(brought.device, offline=True), brought.position
	if stated != expected:
		frappe.throw(
			_(
				"{0} is number {1} of its device; number {2} comes next, and follows the hash {3}. Send the till's documents in their order."
			).format(brought.number, stated.icv, expected.icv, expected.pih),
			NotAccepted,
			title=_("Out of Turn"),
		)
	prepared = Prepared(
		document=SignedDocument(brought.xml, brought.invoice_hash, brought.uuid, brought.number),
		position=stated,
		simplified=True,
		qr=brought.qr,
		totals=totals,
	)
	row = chain.append(
		brought.device,
		prepared,
		invoice_doctype=doc.doctype,
		invoice_name=doc.name,
		company=doc.company,
		environment=frappe.get_cached_value("ZATCA Device", brought.device, "environment"),
		vat_number=mapping.invoice.seller.vat_number,
		kind=Kind.SIMPLIFIED.value,
		type_code=mapping.invoice.type_code.value,
		type_flags=mapping.invoice.flags.code,
		issued_at=in_riyadh(brought.issued_at),
		currency=mapping.invoice.currency,
		total_with_vat=amount_text(totals.tax_inclusive),
		vat_total=amount_text(totals.vat_sar),
		certificate_serial=str(brought.certificate.serial),
		content_digest=digest_of(doc, mapping.invoice),
	)
	announce("signed", doc.doctype, doc.name, doc.company, document=row.name)
	return row


def differences(brought: Brought, doc: Any, invoice: Invoice, totals: Totals) -> list[str]:
	"""On what the books and the document disagree, in words."""
	code = brought.root.find("cbc:InvoiceTypeCode", NAMESPACES)
	pairs = [
		(_("number"), brought.number, str(doc.name)),
		(
			_("kind of document"),
			f"{code.text} {code.get('name')}",
			f"{invoice.type_code.value} {invoice.flags.code}",
		),
		(_("currency"), brought.text("cbc:DocumentCurrencyCode"), invoice.currency),
		(
			_("VAT number"),
			brought.text("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"),
			invoice.seller.vat_number,
		),
		(
			_("number of lines"),
			str(len(brought.root.findall("cac:InvoiceLine", NAMESPACES))),
			str(len(totals.lines)),
		),
	]
	found = [f"{what}: {theirs} / {ours}" for what, theirs, ours in pairs if theirs != ours]
	for figure, path in AMOUNTS.items():
		theirs = amounts_at(brought.root, path)
		if getattr(totals, figure) not in theirs:
			found.append(
				f"{path.rpartition(':')[2]}: {', '.join(map(str, theirs))} / {getattr(totals, figure)}"
			)
	return found


def amounts_at(root: etree._Element, path: str) -> list[Decimal]:
	"""Every amount at a path; VAT may stand twice, once with its breakdown."""
	return [Decimal((each.text or "0").strip()) for each in root.iterfind(path, NAMESPACES)]
