"""The life of one document, from what a person states to ZATCA's verdict, as four pure steps.

	review(invoice)                     every problem of a draft at once; nothing is signed
	prepare(invoice, position, …)       -> Prepared: calculated, built, stamped, checked; the bytes to store before sending
	send(prepared, client)              -> Delivery: one attempt, through to reporting where clearance is switched off
	deliver(prepared, client, …)        the same, repeated with identical bytes until the verdict is known

Takes invoices, chain positions, signers and clients; gives values. Never stores, never allocates a counter, never changes
bytes that may have been sent (DESIGN.md, promises 1, 5 and 6). Source: ZATCA.md sections 3-5.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition
from bayancore_erp.zatca.core.client import FatooraClient, Reply, RetryPolicy, SignedDocument, decide
from bayancore_erp.zatca.core.client.retry import DOCUMENTS
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import Signer
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.money import amount_text
from bayancore_erp.zatca.core.outcome import Kind, NextAction, Outcome
from bayancore_erp.zatca.core.qr import QrFacts
from bayancore_erp.zatca.core.rules import Finding, Layer, Severity, check
from bayancore_erp.zatca.core.rules.law import check_law
from bayancore_erp.zatca.core.ubl import build_xml

RIYADH = timezone(timedelta(hours=3), "Asia/Riyadh")

# What a draft cannot have yet: its stamp and QR. Rules about these are asked again once it is signed.
SIGNED_LATER = frozenset({"BR-KSA-27", "BR-KSA-28", "BR-KSA-29", "BR-KSA-30", "BR-KSA-60"})
_DRAFT_POSITION = ChainPosition(1, FIRST_PIH)


class NotLawful(InvalidInput):
	"""A document that must not be signed; `findings` say why, all of them, each with its field."""

	def __init__(self, findings: list[Finding]) -> None:
		first = findings[0]
		more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
		super().__init__(f"{first.en}{more}", code=first.code, field=first.field)
		self.findings = findings


@dataclass(frozen=True, slots=True)
class Prepared:
	"""A stamped document: what is stored before it can leave, and resent byte for byte."""

	document: SignedDocument
	position: ChainPosition
	simplified: bool
	qr: str
	totals: Totals = field(repr=False)
	warnings: tuple[Finding, ...] = ()

	@property
	def next_position(self) -> ChainPosition:
		"""Where the device's next document stands, whatever becomes of this one (a rejected one keeps its place)."""
		return self.position.after(self.document.invoice_hash)


@dataclass(frozen=True, slots=True)
class Delivery:
	"""The calls of one attempt in order; the last one's outcome is the verdict so far."""

	replies: tuple[Reply, ...]

	@property
	def outcome(self) -> Outcome:
		"""What is known now."""
		return self.replies[-1].outcome


def review(invoice: Invoice, *, now: datetime | None = None) -> list[Finding]:
	"""Every problem of a draft, ZATCA's rules and the law's own, errors first.

	Raises InvalidInput only for what cannot be said at all, such as a negative quantity.
	"""
	totals, moment = calculate(invoice), _riyadh(now)

	def judge(draft: Invoice) -> list[Finding]:
		found = check(build_xml(draft, totals, _DRAFT_POSITION), now=moment)
		return [finding for finding in found if finding.code not in SIGNED_LATER]

	findings = judge(invoice)
	if any(finding.layer is Layer.XSD for finding in findings):
		# Like ZATCA's validator ours stops at the schema; a draft's reader wants what comes after it as well.
		findings += judge(_with_required_texts(invoice))
	return _errors_first(findings + check_law(invoice, totals))


def prepare(
	invoice: Invoice,
	position: ChainPosition,
	signer: Signer,
	certificate: Certificate,
	*,
	now: datetime | None = None,
	refuse: bool = True,
) -> Prepared:
	"""Calculate, build, stamp and check one document at its place in the chain.

	With `refuse` (always, save to show what the gateway would say) raises NotLawful where any rule finds an error.
	Raises InvalidInput for what cannot be said, KeyMismatch and CertificateError for an identity that cannot sign.
	"""
	moment = _riyadh(now)
	totals = calculate(invoice)
	unsigned = build_xml(invoice, totals, position)
	stamped = stamp(
		unsigned, signer, certificate, signing_time=moment, canonical=True, facts=qr_facts(invoice, totals)
	)
	findings = _errors_first(check(stamped.xml, now=moment) + check_law(invoice, totals))
	errors = [finding for finding in findings if finding.severity is Severity.ERROR]
	if errors and refuse:
		raise NotLawful(errors)
	return Prepared(
		document=SignedDocument(stamped.xml, stamped.invoice_hash, invoice.uuid, invoice.number),
		position=position,
		simplified=invoice.is_simplified,
		qr=stamped.qr,
		totals=totals,
		warnings=tuple(finding for finding in findings if finding.severity is Severity.WARNING),
	)


def send(prepared: Prepared, client: FatooraClient) -> Delivery:
	"""One attempt: report a simplified document, clear a standard one; where clearance is off report the same bytes."""
	first = client.report(prepared.document) if prepared.simplified else client.clear(prepared.document)
	if first.outcome.action is not NextAction.SEND_TO_REPORTING:
		return Delivery((first,))
	return Delivery((first, client.report(prepared.document)))


def deliver(
	prepared: Prepared,
	client: FatooraClient,
	*,
	policy: RetryPolicy = DOCUMENTS,
	rng: random.Random | None = None,
	sleep: Callable[[float], None] = time.sleep,
	observe: Callable[[int, Delivery], None] | None = None,
) -> Delivery:
	"""Send, and send the same bytes again as the retry policy says, until the verdict is known or the policy stops.

	`observe` gets each attempt with its number, counted from 1. For callers without a queue of their own; the desk has one.
	"""
	chance = rng or random.Random()
	attempt = unexplained = 0
	while True:
		attempt += 1
		delivery = send(prepared, client)
		unexplained = unexplained + 1 if delivery.outcome.kind is Kind.UNEXPLAINED_REFUSAL else 0
		if observe:
			observe(attempt, delivery)
		now = datetime.now(timezone.utc)
		wait = decide(delivery.outcome, attempt, now, chance, policy, unexplained=unexplained).wait
		if wait is None:
			return delivery
		sleep(wait)


def qr_facts(invoice: Invoice, totals: Totals) -> QrFacts:
	"""What the QR repeats, taken from the model as the XML states it, so that a document just built is not parsed again."""
	return QrFacts(
		seller_name=invoice.seller.name.strip(),
		vat_number=invoice.seller.vat_number.strip(),
		timestamp=f"{invoice.issue_date:%Y-%m-%d}T{invoice.issue_time:%H:%M:%S}",
		total=amount_text(totals.payable),
		vat_total=amount_text(totals.vat_sar),
		simplified=invoice.is_simplified,
	)


def _with_required_texts(invoice: Invoice) -> Invoice:
	"""The draft with a dash in each of the texts without which the schema lets nothing else be judged."""
	return replace(
		invoice,
		number=invoice.number or "-",
		prepayments=tuple(replace(p, invoice_number=p.invoice_number or "-") for p in invoice.prepayments),
		payment=invoice.payment and replace(invoice.payment, means_code=invoice.payment.means_code or "1"),
	)


def _riyadh(now: datetime | None) -> datetime:
	return (now or datetime.now(timezone.utc)).astimezone(RIYADH)


def _errors_first(findings: list[Finding]) -> list[Finding]:
	return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)
