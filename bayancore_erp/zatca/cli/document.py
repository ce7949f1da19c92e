"""The verbs that make a document: `schema`, `build`, `sign`."""

from __future__ import annotations

import argparse
import base64
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.cli.findings import as_json, as_text, has_errors
from bayancore_erp.zatca.core.calculator import Totals, calculate
from bayancore_erp.zatca.core.chain import FIRST_PIH, ChainPosition
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.facts import read_facts
from bayancore_erp.zatca.core.crypto.keys import load_key
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.pipeline import RIYADH, review
from bayancore_erp.zatca.core.qr import MAX_VALUE_BYTES
from bayancore_erp.zatca.core.schema import from_json, json_schema
from bayancore_erp.zatca.core.ubl import build_xml
from bayancore_erp.zatca.core.xml import parse


def add_to(verbs: Any) -> None:
	"""Register the verbs."""
	schema = verbs.add_parser("schema", help="print the JSON schema that `build` reads")
	schema.set_defaults(run=run_schema)

	build = verbs.add_parser("build", help="make unsigned XML from an invoice as JSON")
	build.add_argument("invoice", metavar="INVOICE.json", help='the invoice; "-" reads standard input')
	build.add_argument(
		"-o", "--out", default="-", metavar="FILE", help="where the XML goes (default: standard output)"
	)
	build.add_argument("--icv", type=int, default=1, help="invoice counter value (default 1)")
	build.add_argument(
		"--pih", default=FIRST_PIH, help="hash of the previous document (default: the first one's)"
	)
	build.add_argument(
		"--json", action="store_true", help="report totals and findings as JSON; XML only with --out"
	)
	build.set_defaults(run=run_build)

	sign = verbs.add_parser("sign", help="stamp an XML document and give it its QR")
	sign.add_argument("xml", metavar="INVOICE.xml", help='the document; "-" reads standard input')
	sign.add_argument("--key", required=True, metavar="KEY.pem", help="the device's private key")
	sign.add_argument("--password-file", metavar="FILE", help="holds the key's password")
	sign.add_argument(
		"--certificate", required=True, metavar="FILE", help="PEM, base64 DER, or a binarySecurityToken"
	)
	sign.add_argument("-o", "--out", default="-", metavar="FILE", help="where the stamped XML goes")
	sign.add_argument(
		"--json", action="store_true", help="report hash, signature and QR as JSON; XML only with --out"
	)
	sign.set_defaults(run=run_sign)


def run_schema(given: argparse.Namespace) -> int:
	"""Print the published schema."""
	files.print_json(json_schema())
	return 0


def run_build(given: argparse.Namespace) -> int:
	"""Build, and say what ZATCA and the law will object to. 1 where there are errors; the XML is written all the same."""
	invoice = from_json(files.read(given.invoice))
	totals = calculate(invoice)
	xml = build_xml(invoice, totals, ChainPosition(given.icv, _previous_hash(given.pih)))
	findings = review(invoice)
	if not given.json or given.out != "-":
		files.write(given.out, xml)
	if given.json:
		files.print_json({"totals": amounts(totals), "findings": [as_json(finding) for finding in findings]})
	elif findings:
		files.complain("\n".join(as_text(finding) for finding in findings))
	return 1 if has_errors(findings) else 0


def _previous_hash(text: str) -> str:
	"""A hash as typed. A mistyped one would break the chain, which no rule over a single document can see."""
	try:
		is_hash = text == FIRST_PIH or len(base64.b64decode(text, validate=True)) == 32
	except ValueError:
		is_hash = False
	if not is_hash:
		raise InvalidInput(
			f"{text[:60]!r} is not the hash of a document.",
			field="--pih",
			hint="Take what `bayancore-zatca hash` prints for the previous document.",
		)
	return text


def run_sign(given: argparse.Namespace) -> int:
	"""Stamp; nothing is written where key, certificate or document do not fit."""
	password = files.read_password(given.password_file)
	xml = files.read(given.xml)
	_refuse_long_name(read_facts(parse(xml)).seller_name)
	stamped = stamp(
		xml,
		load_key(files.read(given.key), password),
		read_certificate(files.read(given.certificate)),
		signing_time=datetime.now(RIYADH),
		self_check=True,
	)
	if not given.json or given.out != "-":
		files.write(given.out, stamped.xml)
	if given.json:
		files.print_json(
			{"invoice_hash": stamped.invoice_hash, "signature": stamped.signature, "qr": stamped.qr}
		)
	return 0


def _refuse_long_name(name: str) -> None:
	"""The QR would hold only its beginning, and no longer say what the document says (LAW-QR-NAME)."""
	size = len(name.encode("utf-8", "replace"))
	if size > MAX_VALUE_BYTES:
		raise InvalidInput(
			f"The seller's name takes {size} bytes, but the QR code holds {MAX_VALUE_BYTES} (about 127 Arabic letters).",
			field="seller.name",
			hint="Shorten it.",
		)


def read_certificate(data: bytes) -> Certificate:
	"""A certificate in any of the forms in which it comes: PEM, base64 DER, or the gateway's token."""
	if b"-----BEGIN" in data:
		return Certificate.from_pem(data)
	try:
		text = "".join(data.decode("ascii").split())
	except UnicodeDecodeError:
		return Certificate.from_der(data)
	# A token is base64 over base64, which shows in its first letters: "TUlJ" is "MII" once more encoded.
	return Certificate.from_token(text) if text.startswith("TUlJ") else Certificate.from_base64_der(text)


def amounts(totals: Totals) -> dict[str, str]:
	"""The document's totals by their names in the model."""
	values = {item.name: getattr(totals, item.name) for item in fields(totals)}
	return {name: str(value) for name, value in values.items() if isinstance(value, Decimal)}
