"""What the gateway finds in one document, and the stamp it gives to what it clears.

Takes: the bytes that came, what the request said of them, and who sent them. Gives: all findings at once, with the
gateway's own codes. Never changes what was signed: a cleared invoice has the hash that was submitted.
Source: ZATCA.md sections 3 and 5; which mismatch is an error and which a warning follows the recorded answers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bayancore_erp.zatca.core.crypto.canonical import hash_base64
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import load_key
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator import document as documents
from bayancore_erp.zatca.simulator.answers import Findings, Message
from bayancore_erp.zatca.simulator.authority import Authority
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.document import Submitted
from bayancore_erp.zatca.simulator.identities import Identity
from bayancore_erp.zatca.simulator.rulebooks import Rulebook
from bayancore_erp.zatca.simulator.stamp_messages import CERTIFICATE, HASH, QR, SIGNATURE, VERDICTS

WRONG_HASH = Message(
	"invalid-invoice-hash", HASH, "The invoice hash API body does not match the (calculated) Hash of the XML"
)
WRONG_UUID = Message(
	"invalid-invoice-uuid", "INVOICE_UUID_ERRORS", "The UUID of the API body is not the UUID of the invoice"
)
WRONG_VAT = Message(
	"certificate-permissions",
	CERTIFICATE,
	"User only allowed to use the vat number that exists in the authentication certificate",
)
WRONG_MAP = Message(
	"certificate-permissions",
	CERTIFICATE,
	"The authentication certificate does not allow this type of invoice",
)
NO_STAMP = Message(
	"invalid-digital-signature", SIGNATURE, "The simplified invoice carries no digital signature"
)
NO_QR = Message("QRCODE_INVALID", QR, "The simplified invoice carries no QR code")
_NOT_OF_THIS_VAT = (
	"X509Certificate (CCSID / PCSID) used for signing is not valid certificate (CCSID / PCSID) "
	"for this VAT Registration Number."
)
FOREIGN_CERTIFICATE = Message("invalid-signing-certificate", CERTIFICATE, _NOT_OF_THIS_VAT)
FOREIGN_ISSUER = Message("certificate-issuer-name", CERTIFICATE, _NOT_OF_THIS_VAT)


@dataclass(frozen=True, slots=True)
class Judged:
	"""The findings. `document` is None where nothing could be read; `duplicate` is the earlier acceptance, if any."""

	document: Submitted | None
	hash: str
	findings: Findings = field(default_factory=Findings)
	duplicate: dict[str, Any] | None = None


class Judge:
	"""Judges documents and stamps what is cleared."""

	def __init__(self, rules: Rulebook, authority: Authority, clock: Clock) -> None:
		self._rules = rules
		self._authority = authority
		self._clock = clock
		self._stamp_key = load_key(authority.stamp_key_pem)
		self._stamp_certificate = Certificate.from_der(authority.stamp_certificate_der)

	def judge(
		self,
		data: bytes,
		*,
		invoice_hash: str,
		uuid: str,
		identity: Identity,
		signing_tokens: set[str],
		duplicate: Callable[[str], dict[str, Any] | None],
	) -> Judged:
		"""Everything there is to say about `data`.

		`invoice_hash` and `uuid` are the request's; `signing_tokens` the CSIDs it may be signed with; `duplicate`
		finds an earlier acceptance by hash, and what is found needs no second judgement.
		"""
		try:
			document = documents.read(data)
		except InvalidInput as error:
			broken = Message("XSD_ZATCA_INVALID", "XSD validation", error.message)
			return Judged(None, "", Findings(errors=[broken]))
		digest = hash_base64(document.root)
		if digest == invoice_hash:
			earlier = duplicate(digest)
			if earlier is not None:
				return Judged(document, digest, duplicate=earlier)
		findings = self._rules.check(data, self._clock())
		if digest != invoice_hash:
			findings.errors.insert(0, WRONG_HASH)
		if document.uuid != uuid:
			findings.errors.append(WRONG_UUID)
		if identity.vat_number not in document.issuer_vats:
			findings.errors.append(WRONG_VAT)
		elif not identity.may_send(simplified=document.simplified):
			findings.errors.append(WRONG_MAP)
		self._check_stamp(document, signing_tokens, findings)
		return Judged(document, digest, findings)

	def clear(self, document: Submitted) -> bytes:
		"""The cleared copy: the platform's stamp and QR in the place of the taxpayer's."""
		return stamp(
			document.data,
			self._stamp_key,
			self._stamp_certificate,
			signing_time=self._clock(),
			# The simulator's clock may be moved to before its own certificate.
			check_validity=False,
		).xml

	def _check_stamp(self, document: Submitted, signing_tokens: set[str], findings: Findings) -> None:
		"""A simplified document must carry stamp and QR; a standard one may, and then both must be right."""
		if not document.certificate_text:
			if document.simplified:
				findings.errors += [NO_STAMP] if document.qr else [NO_STAMP, NO_QR]
			return
		token = base64.b64encode(document.certificate_text.encode()).decode()
		if token not in signing_tokens:
			findings.warnings.append(FOREIGN_CERTIFICATE)
			if not self._authority.issued(_der(document.certificate_text)):
				findings.warnings.append(FOREIGN_ISSUER)
		for check in verify(document.data).failed:
			verdict = VERDICTS[check.name]
			(findings.errors if verdict.rejects else findings.warnings).append(verdict.message)


def _der(text: str) -> bytes:
	try:
		return base64.b64decode(text, validate=True)
	except (binascii.Error, ValueError):
		return b""
