"""What the gateway says when a stamp or QR does not fit, and how hard it says it.

Takes: the name of a failed check of `core.crypto.verify`. Gives: a message and whether it rejects. Never softer than
the recorded answers: where these show a warning it is one here, and everything they do not show rejects.
Source: recorded answers (ZATCA.md section 5); codes without a recorded text carry our own sentence.
"""

from __future__ import annotations

from typing import NamedTuple

from bayancore_erp.zatca.simulator.answers import Message

HASH, QR = "INVOICE_HASHING_ERRORS", "QRCODE_VALIDATION"
SIGNATURE, CERTIFICATE = "SIGNATURE_ERRORS", "CERTIFICATE_ERRORS"


class Verdict(NamedTuple):
	"""A message, and whether it makes the document rejected."""

	message: Message
	rejects: bool = True


def _qr(code: str, sentence: str, rejects: bool = True) -> Verdict:
	return Verdict(Message(code, QR, sentence), rejects)


def _certificate(code: str, sentence: str) -> Verdict:
	return Verdict(Message(code, CERTIFICATE, sentence))


_PROPERTIES = "Invalid signed properties hashing, SignedProperties with id='xadesSignedProperties'"

VERDICTS = {
	"stamp_present": Verdict(
		Message("invalid-digital-signature", SIGNATURE, "The document must carry one signature in its place")
	),
	"layout": Verdict(
		Message("invalid-digital-signature", SIGNATURE, "The signature is not laid out as prescribed"), False
	),
	"certificate": _certificate("invalid-certificate", "The certificate in the signature cannot be read"),
	"certificate_digest": _certificate(
		"certificate-hashing", "The certificate does not have the digest stated in the signed properties"
	),
	"issuer": _certificate(
		"certificate-issuer-name", "The issuer in the signed properties is not that of the certificate"
	),
	"serial": _certificate(
		"certificate-issuer-name", "The serial number in the signed properties is not that of the certificate"
	),
	"signing_time": _certificate(
		"invalid-certificate", "The certificate was not valid at the signing time stated"
	),
	"signed_properties": _certificate("signed-properties-hashing", _PROPERTIES),
	"invoice_hash": Verdict(
		Message(
			"invoiceSignedDataDigestValue",
			SIGNATURE,
			"The digest of the signed data is not the hash of the invoice",
		)
	),
	"signature": Verdict(Message("invalid-digital-signature", SIGNATURE, "Invalid digital signature"), False),
	"qr_readable": _qr(
		"QRCODE_INVALID", "Invalid QR code format, Please follow the ZATCA QR code specifications"
	),
	"qr_tags": _qr("QRCODE_INVALID", "The QR code does not have all the tags a document of this kind needs"),
	"qr_seller": _qr("QRCODE_INVALID", "The seller name of the QR code is not that of the invoice"),
	"qr_vat_number": _qr("QRCODE_INVALID", "The VAT number of the QR code is not that of the invoice"),
	"qr_time": _qr(
		"invoiceTimeStamp_QRCODE_INVALID",
		"Time on QR Code does not match with Invoice Issue Time (KSA-25). If ZATCA's SDK was used to generate "
		"QR Code, kindly use the latest version of SDK",
		False,
	),
	"qr_total": _qr("invoiceTotal_QRCODE_INVALID", "The total of the QR code is not that of the invoice"),
	"qr_vat": _qr("QRCODE_INVALID", "The VAT total of the QR code is not that of the invoice"),
	"qr_hash": _qr(
		"invoiceHash_QRCODE_INVALID", "Invoice xml hash does not match with qr code invoice xml hash"
	),
	"qr_signature": _qr("QRCODE_INVALID", "The signature of the QR code is not that of the invoice"),
	"qr_public_key": _qr(
		"publicKey_QRCODE_INVALID", "ECDSA Public Key does not match with qr code ECDSA public key"
	),
	"qr_certificate_signature": _qr(
		"CERTIFICATE_SIGNATURE_QRCODE_INVALID",
		"certificate signature does not match with qr certificate signature value ",
	),
}
