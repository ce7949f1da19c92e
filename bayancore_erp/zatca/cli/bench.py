"""The verb `bench`: what each stage costs on this machine, against the least that any implementation must do.

The floor is parse + C14N + SHA-256 + ECDSA over the same bytes. Where PyPI `fatoority` is installed, its signing of the same
document is timed too. Everything is interleaved in one run, so that ratios hold on a noisy machine; absolutes do not travel.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from lxml import etree

from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.cli.demo_documents import BUYER, SELLER
from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key
from bayancore_erp.zatca.core.crypto.stamp import Stamped, stamp
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Invoice, Line, Text
from bayancore_erp.zatca.core.pipeline import RIYADH, qr_facts
from bayancore_erp.zatca.core.rules import check
from bayancore_erp.zatca.core.ubl import build_xml

SIZES = (1, 10, 100, 1000)


def add_to(verbs: Any) -> None:
	"""Register the verb."""
	bench = verbs.add_parser("bench", help="milliseconds a stage, and ratios to the floor")
	bench.add_argument(
		"--lines", default=",".join(map(str, SIZES)), help="sizes of the invoice (default 1,10,100,1000)"
	)
	bench.add_argument("--seconds", type=int, default=3, help="time to spend on each size (default 3)")
	bench.add_argument("--json", action="store_true")
	bench.set_defaults(run=run_bench)


@dataclass(frozen=True, slots=True)
class Timing:
	"""Milliseconds of one stage over all rounds."""

	median: Decimal
	p95: Decimal
	rounds: int


@dataclass(frozen=True, slots=True)
class Identity:
	"""A key with a certificate of its own making, for measuring only."""

	key: PrivateKey
	certificate: Certificate


def throwaway_identity() -> Identity:
	"""A fresh self-signed identity, valid for a day."""
	key = generate_key()
	now = datetime.now(RIYADH)
	name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bayancore-bench")])
	built = (
		x509.CertificateBuilder()
		.subject_name(name)
		.issuer_name(name)
		.public_key(key.for_requests.public_key())
		.serial_number(x509.random_serial_number())
		.not_valid_before(now - timedelta(hours=1))
		.not_valid_after(now + timedelta(days=1))
		.sign(key.for_requests, hashes.SHA256())
	)
	return Identity(key, Certificate.from_der(built.public_bytes(serialization.Encoding.DER)))


def sample_invoice(lines: int) -> Invoice:
	"""A standard invoice of `lines` ordinary lines."""
	now = datetime.now(RIYADH).replace(microsecond=0)
	return Invoice(
		number="BENCH-1",
		uuid=str(uuid.uuid4()),
		issue_date=now.date(),
		issue_time=now.time(),
		seller=SELLER,
		buyer=BUYER,
		supply_date=now.date(),
		lines=tuple(
			Line(
				Text(f"صنف رقم {n}", f"Item no. {n}"),
				Decimal(1 + n % 9),
				Decimal(f"{10 + n % 90}.{n % 100:02d}"),
			)
			for n in range(1, lines + 1)
		),
	)


def whole(invoice: Invoice, identity: Identity) -> Stamped:
	"""Model to XML, hash, stamp and QR payload: what is measured against the floor."""
	totals = calculate(invoice)
	return stamp(
		build_xml(invoice, totals, START),
		identity.key,
		identity.certificate,
		signing_time=datetime.now(RIYADH),
		canonical=True,
		facts=qr_facts(invoice, totals),
	)


def floor(xml: bytes, key: PrivateKey) -> bytes:
	"""The least: parse, canonicalise, digest, sign."""
	canonical = etree.tostring(etree.fromstring(xml), method="c14n")
	return key.sign_hash(hashlib.sha256(canonical).digest())


def fatoority_signer(identity: Identity) -> Callable[[str], object] | None:
	"""The other implementation's signing, where it is installed."""
	try:
		import fatoora
	except ImportError:
		return None
	pem = x509.load_der_x509_certificate(identity.certificate.der).public_bytes(serialization.Encoding.PEM)
	sign: Callable[[str], object] = fatoora.Signer.from_pem(
		pem.decode(), identity.key.to_pem().decode()
	).sign_xml
	return sign


def measure(lines: int, seconds: int) -> dict[str, Timing]:
	"""All stages for one size, interleaved round by round."""
	identity, invoice = throwaway_identity(), sample_invoice(lines)
	totals = calculate(invoice)
	unsigned = build_xml(invoice, totals, START)
	stamped = whole(invoice, identity).xml
	stages: dict[str, Callable[[], object]] = {
		"calculate": lambda: calculate(invoice),
		"build": lambda: build_xml(invoice, totals, START),
		"stamp": lambda: stamp(
			unsigned,
			identity.key,
			identity.certificate,
			signing_time=datetime.now(RIYADH),
			canonical=True,
			facts=qr_facts(invoice, totals),
		),
		"whole": lambda: whole(invoice, identity),
		"floor": lambda: floor(unsigned, identity.key),
		"rules": lambda: check(stamped),
	}
	other = fatoority_signer(identity)
	if other:
		text = unsigned.decode()
		stages["fatoority sign"] = lambda: other(text)
	spent: dict[str, list[int]] = {name: [] for name in stages}
	end = time.monotonic() + seconds
	while time.monotonic() < end or len(spent["floor"]) < 5:
		for name, stage in stages.items():
			began = time.perf_counter_ns()
			stage()
			spent[name].append(time.perf_counter_ns() - began)
	return {name: _timing(values) for name, values in spent.items()}


def _timing(nanoseconds: list[int]) -> Timing:
	ordered = sorted(nanoseconds)
	pick = [ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]]
	median, p95 = (Decimal(value).scaleb(-6).quantize(Decimal("0.001")) for value in pick)
	return Timing(median, p95, len(ordered))


def ratios(timings: dict[str, Timing]) -> dict[str, Decimal]:
	"""Ours against the floor, and against the other implementation's signing alone."""
	whole_time = timings["whole"].median
	found = {"whole / floor": (whole_time / timings["floor"].median).quantize(Decimal("0.01"))}
	if "fatoority sign" in timings:
		found["whole / fatoority sign"] = (whole_time / timings["fatoority sign"].median).quantize(
			Decimal("0.01")
		)
	return found


def run_bench(given: argparse.Namespace) -> int:
	"""Measure and print."""
	report: dict[str, Any] = {}
	for lines in _sizes(given.lines):
		timings = measure(lines, given.seconds)
		report[str(lines)] = {
			"ms": {
				name: {"median": str(t.median), "p95": str(t.p95), "rounds": t.rounds}
				for name, t in timings.items()
			},
			"ratios": {name: str(value) for name, value in ratios(timings).items()},
		}
		if not given.json:
			print(f"{lines} lines ({timings['floor'].rounds} rounds)")
			for name, timing in timings.items():
				print(f"  {name:16} {timing.median:>10} ms   p95 {timing.p95:>10} ms")
			for name, value in ratios(timings).items():
				print(f"  {name:26} {value}")
	if given.json:
		files.print_json(report)
	return 0


def _sizes(text: str) -> list[int]:
	sizes = [part.strip() for part in text.split(",")]
	if not all(re.fullmatch("[1-9][0-9]{0,4}", size) for size in sizes):
		raise InvalidInput(
			f"{text[:40]!r} is not a list of invoice sizes.", field="--lines", hint="Write it like 1,10,100."
		)
	return [int(size) for size in sizes]
