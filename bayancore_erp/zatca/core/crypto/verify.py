"""Verification of a stamped invoice: everything that its stamp and QR say, recomputed from the bytes.

Takes bytes of any origin, and the certificate that should have stamped them where it is known. Gives a `Verification`
whose checks each name what does not fit. Never raises: what cannot be read, is missing or there twice is a finding.
It does not ask who issued the certificate: without `certificate` it tells a document's integrity, not its origin.

Source: Security Features Implementation Standard sections 2.3.3 and 4; the SDK's own checks; ZATCA.md section 3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime, timedelta, timezone

from lxml import etree

from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.crypto import layout, xades
from bayancore_erp.zatca.core.crypto.canonical import (
	TAG_EXTENSIONS,
	TAG_REFERENCE,
	TAG_SIGNATURE,
	canonicalise,
	is_qr_reference,
	strip_stamp,
)
from bayancore_erp.zatca.core.crypto.certificate import Certificate, certificate_digest
from bayancore_erp.zatca.core.crypto.facts import NAMESPACES, find_facts
from bayancore_erp.zatca.core.crypto.keys import verify_signature
from bayancore_erp.zatca.core.crypto.verdict import Check, Verification, quoted
from bayancore_erp.zatca.core.errors import CertificateError, InvalidInput
from bayancore_erp.zatca.core.qr import QrFacts
from bayancore_erp.zatca.core.xml import INVOICE, parse

_NS = NAMESPACES | {"ds": xades.DS, "xades": xades.XADES}
_TAG_DS_SIGNATURE = f"{{{xades.DS}}}Signature"
_SIGNED = "ds:Object/xades:QualifyingProperties/xades:SignedProperties"
_CERT = "xades:SignedSignatureProperties/xades:SigningCertificate/xades:Cert/"
# SigningTime has no zone; no clock on earth is further from UTC.
_ZONE_DOUBT = timedelta(hours=14)


def verify(xml: bytes, *, certificate: Certificate | None = None) -> Verification:
	"""Every check of `xml`; with `certificate`, also that it was that one which stamped it. Never raises."""
	try:
		root = parse(xml)
	except InvalidInput as error:
		return Verification((Check("document", False, error.message),))
	if root.tag != f"{{{INVOICE}}}Invoice":
		return Verification(
			(Check("document", False, f"its root is {quoted(str(root.tag))}, not a UBL Invoice."),)
		)
	checks = [Check("document", True)]
	parts = _Parts(root)
	facts = find_facts(root)
	checks.append(Check("stamp_present", not parts.fault, parts.fault))
	strip_stamp(root)
	digest = hashlib.sha256(canonicalise(root)).digest()
	if parts.signature is not None:
		checks += _stamp_checks(parts, parts.signature, digest, certificate)
	checks += _qr_checks(parts, facts, digest)
	return Verification(tuple(checks), base64.b64encode(digest).decode())


class _Parts:
	"""The elements of the stamp, and in `fault` what is missing, double or out of place among them."""

	def __init__(self, root: etree._Element) -> None:
		extensions = list(root.iter(TAG_EXTENSIONS))
		pointers = list(root.iter(TAG_SIGNATURE))
		codes = [
			reference
			for reference in root.iter(TAG_REFERENCE)
			if is_qr_reference(reference) or (reference.findtext("cbc:ID", "", _NS) or "").strip() == "QR"
		]
		signatures = list(root.iter(_TAG_DS_SIGNATURE))
		counted = (
			("ext:UBLExtensions", extensions),
			("ds:Signature", signatures),
			("cac:Signature", pointers),
			("QR reference", codes),
		)
		faults = [f"{len(found)} {name}" for name, found in counted if len(found) != 1]
		for name, found in (counted[0], counted[2], counted[3]):
			if len(found) == 1 and found[0].getparent() is not root:
				faults.append(f"{name} below the top level")
		if not faults and not is_qr_reference(codes[0]):
			faults.append("a QR reference with white space around its ID")
		self.fault = ", ".join(faults)
		self.extensions = extensions[0] if extensions else None
		self.pointer = pointers[0] if pointers else None
		self.code = codes[0] if codes else None
		self.signature = signatures[0] if signatures else None

	@property
	def differences(self) -> str:
		shapes = (
			(self.extensions, layout.EXTENSIONS),
			(self.code, layout.QR_REFERENCE),
			(self.pointer, layout.POINTER),
		)
		return next(
			(
				at
				for element, shape in shapes
				if element is not None and (at := layout.difference(element, shape))
			),
			"",
		)


def _stamp_checks(
	parts: _Parts, signature: etree._Element, digest: bytes, wanted: Certificate | None
) -> list[Check]:
	def text(path: str) -> str:
		return signature.findtext(path, "", _NS) or ""

	checks = [Check("layout", not (difference := parts.differences), difference)]
	certificate, fault = _certificate(text("ds:KeyInfo/ds:X509Data/ds:X509Certificate"))
	checks.append(Check("certificate", certificate is not None, fault))
	if wanted is not None:
		found = str(certificate.serial) if certificate else ""
		checks.append(
			Check(
				"certificate_expected",
				certificate is not None and certificate.der == wanted.der,
				found,
				str(wanted.serial),
			)
		)
	properties = signature.find(_SIGNED, _NS)
	own_digest = certificate_digest(text("ds:KeyInfo/ds:X509Data/ds:X509Certificate"))
	checks.append(
		_same("certificate_digest", text(f"{_SIGNED}/{_CERT}xades:CertDigest/ds:DigestValue"), own_digest)
	)
	if certificate is not None:
		serial = f"{_SIGNED}/{_CERT}xades:IssuerSerial/ds:X509"
		checks.append(_same("issuer", text(f"{serial}IssuerName"), certificate.issuer_name))
		checks.append(_same("serial", text(f"{serial}SerialNumber"), str(certificate.serial)))
		checks.append(
			_signing_time(text(f"{_SIGNED}/xades:SignedSignatureProperties/xades:SigningTime"), certificate)
		)
	alone = b"" if properties is None else layout.signed_properties_alone(properties)
	properties_digest = base64.b64encode(hashlib.sha256(alone).hexdigest().encode()).decode()
	checks.append(
		_same("signed_properties", _reference(signature, "URI", "#xadesSignedProperties"), properties_digest)
	)

	stated = _reference(signature, "Id", xades.INVOICE_REFERENCE_ID)
	checks.append(_same("invoice_hash", stated, base64.b64encode(digest).decode()))
	if certificate is not None:
		checks.append(_signature(text("ds:SignatureValue"), stated, digest, certificate))
	return checks


def _reference(signature: etree._Element, attribute: str, value: str) -> str:
	"""The digest that SignedInfo states for the reference with this attribute."""
	for reference in signature.iterfind("ds:SignedInfo/ds:Reference", _NS):
		if reference.get(attribute) == value:
			return reference.findtext("ds:DigestValue", "", _NS) or ""
	return ""


def _certificate(text: str) -> tuple[Certificate | None, str]:
	if not text.strip():
		return None, "there is none."
	try:
		return Certificate.from_base64_der(text), ""
	except CertificateError as error:
		return None, error.message


def _signing_time(text: str, certificate: Certificate) -> Check:
	validity = f"{certificate.not_before:%Y-%m-%d} – {certificate.not_after:%Y-%m-%d}"
	try:
		moment = datetime.strptime(text.removesuffix("Z"), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
		within = certificate.not_before - _ZONE_DOUBT <= moment <= certificate.not_after + _ZONE_DOUBT
	except (ValueError, OverflowError):
		within = False
	return Check("signing_time", within, quoted(text), validity)


def _signature(text: str, stated: str, digest: bytes, certificate: Certificate) -> Check:
	"""Against the hash in the stamp: whether that is the document's own is `invoice_hash`'s question."""
	signature, hash32 = _plain_base64(text), _plain_base64(stated)
	genuine = bool(signature) and verify_signature(certificate.public_key_der, hash32 or digest, signature)
	return Check("signature", genuine, quoted(text))


def _qr_checks(parts: _Parts, facts: QrFacts, digest: bytes) -> list[Check]:
	text = ""
	if parts.code is not None:
		text = parts.code.findtext("cac:Attachment/cbc:EmbeddedDocumentBinaryObject", "", _NS) or ""
	if not text.strip():
		return [Check("qr_readable", False, "there is none.")]
	try:
		payload = qr.decode(text)
	except InvalidInput as error:
		return [Check("qr_readable", False, error.message)]
	needed = 9 if facts.simplified else 8
	checks = [
		Check("qr_readable", True),
		Check("qr_tags", len(payload.tags) >= needed, str(len(payload.tags)), str(needed)),
		_same(
			"qr_seller",
			payload.seller_name,
			qr.cap_utf8(facts.seller_name.encode("utf-8", "replace")).decode(),
		),
		_same("qr_vat_number", payload.vat_number, facts.vat_number),
		_same("qr_time", payload.timestamp, facts.timestamp),
		_same("qr_total", payload.total, facts.total),
		_same("qr_vat", payload.vat_total, facts.vat_total),
	]
	if len(payload.tags) < 8:
		return checks
	checks.append(_same("qr_hash", payload.invoice_hash, base64.b64encode(digest).decode()))
	if parts.signature is None:
		return checks
	value = parts.signature.findtext("ds:SignatureValue", "", _NS) or ""
	checks.append(_same("qr_signature", payload.signature, value))
	certificate, _ = _certificate(
		parts.signature.findtext("ds:KeyInfo/ds:X509Data/ds:X509Certificate", "", _NS) or ""
	)
	if certificate is not None:
		checks.append(_same("qr_public_key", payload.public_key, certificate.public_key_der))
		if payload.certificate_signature:
			checks.append(
				_same("qr_certificate_signature", payload.certificate_signature, certificate.signature)
			)
	return checks


def _same(name: str, found: str | bytes, expected: str | bytes) -> Check:
	return Check(name, found == expected and bool(expected), quoted(found), quoted(expected))


def _plain_base64(text: str) -> bytes:
	"""The bytes, or none if the text is not base64 written in the one plain way."""
	try:
		data = base64.b64decode(text, validate=True)
	except (binascii.Error, ValueError):
		return b""
	return data if base64.b64encode(data).decode() == text else b""
