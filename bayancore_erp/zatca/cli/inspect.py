"""The verbs that look at a document: `hash`, `qr`, `verify`, `validate`, `explain`."""

from __future__ import annotations

import argparse
import base64
import binascii
import os
import re
from dataclasses import asdict
from typing import Any

from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.cli.findings import as_json, as_text, has_errors
from bayancore_erp.zatca.core import qr as qrcodes
from bayancore_erp.zatca.core.crypto.canonical import hash_base64
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import InvalidInput, ZatcaError
from bayancore_erp.zatca.core.pipeline import review
from bayancore_erp.zatca.core.rules import Finding, Severity, check
from bayancore_erp.zatca.core.rules.sentences import catalogue, known, sentence
from bayancore_erp.zatca.core.schema import from_json
from bayancore_erp.zatca.core.xml import parse

_BOM = b"\xef\xbb\xbf"
_QR_PATH = "{*}AdditionalDocumentReference[{*}ID='QR']//{*}EmbeddedDocumentBinaryObject"


def add_to(verbs: Any) -> None:
	"""Register the verbs."""
	hashing = verbs.add_parser("hash", help="the invoice hash of XML documents (base64 SHA-256)")
	hashing.add_argument("xml", nargs="+", metavar="INVOICE.xml")
	hashing.add_argument("--json", action="store_true")
	hashing.set_defaults(run=run_hash)

	qr = verbs.add_parser("qr", help="read a QR, from a stamped document or from its base64 text, or draw it")
	qr.add_argument("source", metavar="INVOICE.xml|BASE64")
	qr.add_argument("--png", metavar="FILE", help="draw it as PNG")
	qr.add_argument("--svg", metavar="FILE", help="draw it as SVG")
	qr.add_argument("--json", action="store_true")
	qr.set_defaults(run=run_qr)

	verifying = verbs.add_parser(
		"verify", help="recompute the stamp of documents: hash, signature, certificate, QR"
	)
	verifying.add_argument("xml", nargs="+", metavar="INVOICE.xml")
	verifying.add_argument("--json", action="store_true")
	verifying.set_defaults(run=run_verify)

	validate = verbs.add_parser(
		"validate", help="ZATCA's rules over XML, or over an invoice as JSON with the law's own"
	)
	validate.add_argument("documents", nargs="+", metavar="FILE", help="XML, or JSON as `build` reads it")
	validate.add_argument("--language", choices=("en", "ar"), default="en")
	validate.add_argument("--strict", action="store_true", help="warnings count as problems too")
	validate.add_argument("--json", action="store_true")
	validate.set_defaults(run=run_validate)

	explain = verbs.add_parser(
		"explain", help="what a ZATCA code means and what to do, in English and Arabic"
	)
	explain.add_argument(
		"codes", nargs="*", metavar="CODE", help="such as BR-KSA-63; none lists every known code"
	)
	explain.add_argument("--json", action="store_true")
	explain.set_defaults(run=run_explain)


def run_hash(given: argparse.Namespace) -> int:
	"""One hash a document."""
	hashes = {path: hash_base64(files.read(path)) for path in given.xml}
	if given.json:
		files.print_json(hashes)
	else:
		for path, value in hashes.items():
			print(value if len(hashes) == 1 else f"{value}  {path}")
	return 0


def run_qr(given: argparse.Namespace) -> int:
	"""Tags by name; drawn where asked."""
	text = _qr_text(given.source)
	payload = asdict(qrcodes.decode(text))
	tags = {
		name: base64.b64encode(v).decode() if isinstance(v, bytes) else v for name, v in payload.items() if v
	}
	if given.png:
		files.write(given.png, qrcodes.image_png(text))
	if given.svg:
		files.write(given.svg, qrcodes.image_svg(text))
	if given.json:
		files.print_json({"qr": text, **tags})
	else:
		for name, value in tags.items():
			print(f"{name.replace('_', ' '):22} {value}")
	return 0


def _qr_text(source: str) -> str:
	if not os.path.exists(source) and source != "-" and re.fullmatch(r"[A-Za-z0-9+/=\s]{40,}", source):
		return "".join(source.split())
	data = files.read(source)
	if data.removeprefix(_BOM).lstrip().startswith(b"<"):
		found = parse(data).find(_QR_PATH)
		if found is None or not (found.text or "").strip():
			raise InvalidInput(f"{source} carries no QR.", hint="Stamp it first: bayancore-zatca sign.")
		return (found.text or "").strip()
	try:
		return data.decode("ascii").strip()
	except (UnicodeDecodeError, binascii.Error) as error:
		raise InvalidInput(f"{source} is neither a stamped document nor a QR text.") from error


def run_verify(given: argparse.Namespace) -> int:
	"""Every check of every document; 1 where any fails."""
	reports = {path: verify(files.read(path)) for path in given.xml}
	if given.json:
		files.print_json(
			{
				path: {
					"ok": report.ok,
					"invoice_hash": report.invoice_hash,
					"checks": [
						{"name": c.name, "ok": c.ok, "en": c.message, "ar": c.message_ar}
						for c in report.checks
					],
				}
				for path, report in reports.items()
			}
		)
	else:
		for path, report in reports.items():
			print(f"{'ok  ' if report.ok else 'FAIL'} {path}  ({len(report.checks)} checks)")
			for failed in report.failed:
				print(f"  {failed.message}")
	return 0 if all(report.ok for report in reports.values()) else 1


def run_validate(given: argparse.Namespace) -> int:
	"""Every problem of every document at once; 1 where ZATCA would reject one, 2 where one cannot be read at all."""
	reports: dict[str, list[Finding]] = {}
	unreadable: dict[str, ZatcaError] = {}
	for path in given.documents:
		try:
			reports[path] = _findings(files.read(path))
		except ZatcaError as error:
			unreadable[path] = error
	if given.json:
		files.print_json(
			{path: [as_json(finding) for finding in found] for path, found in reports.items()}
			| {path: [_unreadable_as_json(error)] for path, error in unreadable.items()}
		)
	else:
		for path, found in reports.items():
			errors = sum(finding.severity is Severity.ERROR for finding in found)
			print(f"{'FAIL' if errors else 'ok  '} {path}  {errors} errors, {len(found) - errors} warnings")
			for finding in found:
				print(as_text(finding, given.language))
	for path, reason in unreadable.items():
		files.complain(f"{path} cannot be checked: {reason.diagnostics()}")
	if unreadable:
		return 2
	bad = any(found if given.strict else has_errors(found) for found in reports.values())
	return 1 if bad else 0


def _findings(data: bytes) -> list[Finding]:
	if data.removeprefix(_BOM).lstrip()[:1] in (b"{", b"["):
		return review(from_json(data))
	# The rules know an unreadable document only as such; the parser says what is wrong with it, and where.
	parse(data)
	return check(data)


def _unreadable_as_json(error: ZatcaError) -> dict[str, Any]:
	return {**files.error_as_json(error), "severity": Severity.ERROR.value, "en": error.diagnostics()}


def run_explain(given: argparse.Namespace) -> int:
	"""The dictionary; 1 where a code is not in it."""
	codes = [code if known(code) else code.upper() for code in given.codes] or sorted(catalogue())
	if given.json:
		files.print_json(
			{code: {"known": known(code), "en": sentence(code), "ar": sentence(code, "ar")} for code in codes}
		)
	else:
		for code in codes:
			print(f"{code}\n  {sentence(code)}\n  {sentence(code, 'ar')}")
	return 0 if all(known(code) for code in codes) else 1
