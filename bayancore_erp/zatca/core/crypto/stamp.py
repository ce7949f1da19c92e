"""Stamping: from the bytes of an unsigned invoice to the bytes that are stored, sent and archived.

Takes the unsigned document, a signer and its certificate. Gives the stamped document with its hash, signature and QR.
The canonical bytes are made once and hashed; signature block, QR and `cac:Signature` are then spliced into those very
bytes, so that whoever takes them out again hashes what was signed. Nothing is parsed where the caller gives canonical
bytes and the facts for the QR. Never stamps with a key that is not the certificate's, or with a certificate out of
its time unless told to.

Source: Security Features Implementation Standard sections 2.3.3 and 4; XML Implementation Standard, BR-KSA-26 to -30, -60.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from lxml import etree

from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.crypto import xades
from bayancore_erp.zatca.core.crypto.canonical import TAG_REFERENCE, canonicalise, strip_stamp
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.facts import NAMESPACES, read_facts
from bayancore_erp.zatca.core.crypto.keys import Signer
from bayancore_erp.zatca.core.errors import InvalidInput, KeyMismatch, SignatureInvalid
from bayancore_erp.zatca.core.qr import QrFacts, QrPayload
from bayancore_erp.zatca.core.xml import INVOICE, parse

RIYADH = timezone(timedelta(hours=3), "Asia/Riyadh")
"""Saudi Arabia keeps UTC+3 all the year."""

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_SPLICE = "bayancore-splice"
_SPLICE_BYTES = f"<?{_SPLICE}?>".encode()
_SELLER_BYTES = b"<cac:AccountingSupplierParty>"
_REFERENCE_END = b"</cac:AdditionalDocumentReference>"


@dataclass(frozen=True, slots=True)
class Stamped:
	"""A stamped document. `xml` are the bytes to store and send, and no others."""

	xml: bytes
	invoice_hash: str
	"""Base64: the `invoiceHash` of the API and the next document's PIH."""
	signature: str
	"""Base64 of the DER signature."""
	qr: str


def stamp(
	unsigned_xml: bytes,
	signer: Signer,
	certificate: Certificate,
	*,
	signing_time: datetime,
	canonical: bool = False,
	facts: QrFacts | None = None,
	check_validity: bool = True,
	self_check: bool = False,
) -> Stamped:
	"""Stamp `unsigned_xml`; a stamp already in it is replaced.

	`signing_time` becomes Riyadh time; without a zone it is taken as such. `canonical` promises that the bytes are
	in canonical form (prefixes cac, cbc, ext on the root, no declaration) and free of a stamp; together with `facts`
	nothing is then parsed. `check_validity=False` lets a certificate out of its time through. `self_check` parses
	what came out and verifies all of it (about three times the work).

	Raises KeyMismatch, CertificateError, InvalidInput, and SignatureInvalid if the self-check finds a fault.
	"""
	if signer.public_key_der != certificate.public_key_der:
		raise KeyMismatch(
			"The private key does not belong to the certificate.",
			code="KEY-MISMATCH",
			hint="Use the key that the certificate request was made with, or onboard the device again.",
		)
	moment = (
		signing_time.replace(tzinfo=RIYADH)
		if signing_time.tzinfo is None
		else signing_time.astimezone(RIYADH)
	)
	if check_validity:
		certificate.require_valid(moment)

	parts = _canonical_parts(unsigned_xml) if canonical else None
	if parts is None or facts is None:
		root = parse(unsigned_xml)
		facts = facts or read_facts(root)
		parts = parts or _parsed_parts(root)

	digest = hashlib.sha256()
	for part in parts:
		digest.update(part)
	raw_hash = digest.digest()
	signature = base64.b64encode(signer.sign_hash(raw_hash)).decode()
	invoice_hash = base64.b64encode(raw_hash).decode()
	code = qr.encode(
		QrPayload(
			seller_name=facts.seller_name,
			vat_number=facts.vat_number,
			timestamp=facts.timestamp,
			total=facts.total,
			vat_total=facts.vat_total,
			invoice_hash=invoice_hash,
			signature=signature,
			public_key=certificate.public_key_der,
			certificate_signature=certificate.signature if facts.simplified else b"",
		)
	)
	block = xades.frame(certificate).extensions(invoice_hash, signature, moment.strftime("%Y-%m-%dT%H:%M:%S"))
	missing = _missing_declarations(parts[0])
	stamped = Stamped(
		xml=b"".join(
			(
				DECLARATION,
				parts[0],
				f"<ext:UBLExtensions{missing}>{block}</ext:UBLExtensions>".encode(),
				parts[1],
				xades.qr_reference(code, missing).encode(),
				xades.signature_pointer(missing).encode(),
				parts[2],
			)
		),
		invoice_hash=invoice_hash,
		signature=signature,
		qr=code,
	)
	if self_check:
		_check(stamped, certificate)
	return stamped


def _canonical_parts(document: bytes) -> tuple[bytes, bytes, bytes] | None:
	"""Canonical bytes cut where the three elements go; None where they are not as promised, so that they be parsed."""
	start = document.find(b">") + 1
	seller = document.find(_SELLER_BYTES, start)
	reference = document.rfind(_REFERENCE_END, start, seller)
	if not document.startswith(b"<Invoice ") or seller < 0 or reference < 0:
		return None
	head = document[start:seller]
	if b"<ext:UBLExtensions" in head or b"<cac:Signature>" in head or b"<cbc:ID>QR</cbc:ID>" in head:
		return None
	cut = reference + len(_REFERENCE_END)
	return document[:start], document[start:cut], document[cut:]


def _parsed_parts(root: etree._Element) -> tuple[bytes, bytes, bytes]:
	"""The same cuts of any invoice, whatever its prefixes: marks go into the tree and come out of its canonical form."""
	if root.tag != f"{{{INVOICE}}}Invoice":
		raise InvalidInput(
			"The document is not a UBL 2.1 Invoice, so it cannot be stamped.",
			code="STAMP-ROOT",
			hint=f"Its root must be Invoice in {INVOICE}; credit and debit notes are Invoices too.",
		)
	strip_stamp(root)
	seller = root.find("cac:AccountingSupplierParty", NAMESPACES)
	references = root.findall(TAG_REFERENCE)
	if seller is None:
		raise InvalidInput(
			"The document has no seller (AccountingSupplierParty).", code="STAMP-VALUE", field="seller"
		)
	for outside in [*root.itersiblings(preceding=True), *root.itersiblings()]:
		# Canonical form would carry them, yet what is sent starts with the root.
		raise InvalidInput(
			f"There is a processing instruction outside the invoice: {outside}.",
			code="STAMP-ROOT",
			hint="Remove it.",
		)
	_mark_before(root, 0)
	# In UBL the references come before ProjectReference and the seller.
	_mark_before(root, root.index(references[-1] if references else seller) + bool(references))
	parts = canonicalise(root).split(_SPLICE_BYTES)
	if len(parts) != 3:
		raise InvalidInput(
			f"The document holds the reserved processing instruction {_SPLICE}.", code="STAMP-ROOT"
		)
	return parts[0], parts[1], parts[2]


def _mark_before(root: etree._Element, index: int) -> None:
	mark = etree.ProcessingInstruction(_SPLICE)
	if index:
		before = root[index - 1]
		mark.tail, before.tail = before.tail, None
	else:
		mark.tail, root.text = root.text, None
	root.insert(index, mark)


def _missing_declarations(start_tag: bytes) -> str:
	"""Declarations that the spliced elements must bring because the root lacks them."""
	root = start_tag.decode()
	return "".join(
		f' xmlns:{p}="{uri}"' for p, uri in NAMESPACES.items() if f' xmlns:{p}="{uri}"' not in root
	)


def _check(stamped: Stamped, certificate: Certificate) -> None:
	from bayancore_erp.zatca.core.crypto.verify import verify

	verdict = verify(stamped.xml, certificate=certificate)
	if not verdict.ok:
		raise SignatureInvalid(
			"The stamp was made but does not verify: " + " ".join(check.message for check in verdict.failed),
			code="STAMP-SELF-CHECK",
			hint="Nothing was sent. If the document was given as canonical, its form is not; report this.",
		)
