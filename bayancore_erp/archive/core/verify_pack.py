"""Verify an auditor's pack: one file, run on the zip alone, by anybody.

Takes a zip that `pack.py` wrote, and, where the company gave them by another way, its seal and the trail's anchored head.
Gives plain sentences, each naming the place of what does not hold. Checks: the zip itself (hostile ones are refused before
they are read), the manifest, each device's chain (counter, previous hash), each invoice's own hash, stamp and QR, the audit
trail (the company's and, beside it, the site's logins and settings), each row of evidence against the trail's record of it, or of
its lawful destruction, the VAT totals. What only the seal holds: PDFs, requests, answers, the UUID and date of documents that were
not accepted, and that a record of destruction later than the pack's period stands in the trail. Needs Python 3.10, lxml and cryptography, and nothing of the company's. Does not look into PDFs
beyond their digest, and does not ask who issued a certificate. Never writes, never unpacks, never uses the network.

usage: python verify_pack.py PACK.zip [--seal HEX] [--head HEX]
exit:  0 all holds · 1 something does not hold · 2 this is no pack, or it cannot be read

Source: ZATCA's XML Implementation Standard (BR-KSA-26) and Security Features Standard 2.3.3 for hash, stamp and chain.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

FORMAT = "bayancore-pack/3"
OLDER = "bayancore-pack/2"
"""With one VAT number, and without a list of what was destroyed after the period."""
FIRST_PIH = base64.b64encode(hashlib.sha256(b"0").hexdigest().encode()).decode()
TRAIL_START = "0" * 64
TRAIL_KEYS = ("number", "at", "actor", "action", "subject", "digest", "facts", "previous", "hash")
STATES = ("accepted", "not accepted", "destroyed")
MAX_DOCUMENT = 64 * 1024 * 1024
MAX_LIST = 8 * 1024 * 1024 * 1024
MAX_LINE = 16 * 1024 * 1024
MAX_MEMBERS = 3_000_000
MAX_RATIO = 1_100
"""Deflate itself cannot do better than about 1,032 to 1; a member that claims more lies."""
FIXED = (
	"README.txt", "verify_pack.py", "pack.json", "documents.jsonl", "trail.jsonl", "site.jsonl", "records.jsonl",
	"totals.json",
)  # fmt: skip
EVIDENCE = frozenset(
	{"Adopted", "Answered", "Archived", "Drawn", "Mailed", "Recorded", "Sent", "Signed", "Skipped"}
)
"""Actions of the trail that tell of a new row of evidence, or of one older than the trail, whose digest they state."""
DESTROYED = "Destroyed"
GONE = "destroyed.jsonl"
NO_PDF = "the document has no PDF: it could not be had when the pack was made."
MANIFEST = "manifest.jsonl"
_NAME = re.compile(
	r"chain/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\.jsonl|"
	r"documents/[0-9]{4}-[0-9]{2}/[A-Za-z0-9-]{1,64}/[a-z0-9-]{1,40}\.[a-z0-9]{1,8}"
)
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
NS = {
	"inv": _UBL + "Invoice-2",
	"cac": _UBL + "CommonAggregateComponents-2",
	"cbc": _UBL + "CommonBasicComponents-2",
	"ext": _UBL + "CommonExtensionComponents-2",
	"ds": "http://www.w3.org/2000/09/xmldsig#",
}


class NotAPack(Exception):
	"""It cannot be read as a pack at all; the text says why."""


@dataclass(frozen=True)
class Problem:
	"""What does not hold, and where: a member of the zip, with a line where it is a list."""

	place: str
	message: str

	def __str__(self) -> str:
		return f"{self.place}: {self.message}"


@dataclass
class Facts:
	"""What an invoice's XML says, and what is wrong with its hash, stamp and QR."""

	uuid: str
	number: str
	icv: str
	pih: str
	issued: str
	type_code: str
	vat_number: str
	hash: str
	faults: list[str] = field(default_factory=list)
	subtotals: list[tuple[str, str, str, Decimal, Decimal]] = field(default_factory=list)
	"""Currency, category, percent, taxable, tax: of the whole document."""
	advances: list[tuple[str, str, str, Decimal, Decimal]] = field(default_factory=list)
	"""The same of advances that the document deducts."""


def read_invoice(xml: bytes) -> Facts:
	"""The facts of an invoice. Raises ValueError where the bytes are no invoice."""
	if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
		raise ValueError("it declares a document type")
	parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
	try:
		root = etree.fromstring(xml, parser)
	except etree.XMLSyntaxError:
		raise ValueError("it is not well-formed XML")
	if root.tag != f"{{{NS['inv']}}}Invoice":
		raise ValueError("it is not a UBL invoice")

	def text(path: str, start: Any = root) -> str:
		return (start.findtext(path, "", NS) or "").strip()

	references = {text("cbc:ID", r): r for r in root.iterfind("cac:AdditionalDocumentReference", NS)}
	blob = "cac:Attachment/cbc:EmbeddedDocumentBinaryObject"
	facts = Facts(
		uuid=text("cbc:UUID"),
		number=text("cbc:ID"),
		icv=text("cbc:UUID", references["ICV"]) if "ICV" in references else "",
		pih=text(blob, references["PIH"]) if "PIH" in references else "",
		issued=text("cbc:IssueDate"),
		type_code=text("cbc:InvoiceTypeCode"),
		vat_number=text("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"),
		hash="",
	)
	for subtotal in root.iterfind("cac:TaxTotal/cac:TaxSubtotal", NS):
		facts.subtotals.append(_subtotal(subtotal))
	for line in root.iterfind("cac:InvoiceLine", NS):
		codes = [text("cbc:DocumentTypeCode", r) for r in line.iterfind("cac:DocumentReference", NS)]
		if "386" in codes:
			for subtotal in line.iterfind("cac:TaxTotal/cac:TaxSubtotal", NS):
				facts.advances.append(_subtotal(subtotal))
	signature = root.find("ext:UBLExtensions", NS)
	stated = value = certificate = ""
	if signature is not None:
		for reference in signature.iterfind(".//ds:Reference", NS):
			if reference.get("Id") == "invoiceSignedData":
				stated = text("ds:DigestValue", reference)
		value = text(".//ds:SignatureValue", signature)
		certificate = text(".//ds:X509Certificate", signature)
	qr = text(blob, references["QR"]) if "QR" in references else ""
	digest = _invoice_digest(root)
	facts.hash = base64.b64encode(digest).decode()
	facts.faults = _stamp_faults(digest, facts.hash, stated, value, certificate, qr)
	return facts


def _invoice_digest(root: Any) -> bytes:
	"""SHA-256 of the canonical invoice without stamp and QR; the text around what is removed stays. Changes the tree."""
	gone = {f"{{{NS['ext']}}}UBLExtensions", f"{{{NS['cac']}}}Signature"}
	for child in list(root):
		is_qr = child.tag == f"{{{NS['cac']}}}AdditionalDocumentReference" and any(
			i.text == "QR" for i in child.iterchildren(f"{{{NS['cbc']}}}ID")
		)
		if child.tag not in gone and not is_qr:
			continue
		before = child.getprevious()
		if child.tail and before is None:
			root.text = (root.text or "") + child.tail
		elif child.tail:
			before.tail = (before.tail or "") + child.tail
		root.remove(child)
	return hashlib.sha256(etree.tostring(root, method="c14n", exclusive=False, with_comments=False)).digest()


def _stamp_faults(digest: bytes, own: str, stated: str, value: str, certificate: str, qr: str) -> list[str]:
	faults = []
	if not stated or not value or not certificate:
		faults.append("it carries no stamp")
	elif stated != own:
		faults.append("its content was changed after it was stamped: the hash in the stamp is another")
	else:
		try:
			key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
			assert isinstance(key, ec.EllipticCurvePublicKey)
			key.verify(base64.b64decode(value, validate=True), digest, ec.ECDSA(hashes.SHA256()))
		except InvalidSignature:
			faults.append("its stamp's signature does not fit its hash")
		except (ValueError, AssertionError, UnsupportedAlgorithm, TypeError):
			faults.append("its stamp's certificate or signature cannot be read")
	tags = qr_tags(qr)
	if tags is None:
		faults.append("its QR cannot be read")
	elif tags.get(6, b"").decode("ascii", "replace") != own:
		faults.append("its QR states another hash")
	elif value and tags.get(7, b"").decode("ascii", "replace") != value:
		faults.append("its QR states another signature")
	return faults


def qr_tags(text: str) -> dict[int, bytes] | None:
	"""The fields of a ZATCA QR, by their tags; None where the text is none."""
	try:
		data = base64.b64decode(text, validate=True)
	except (binascii.Error, ValueError):
		return None
	tags, at = {}, 0
	while at + 2 <= len(data):
		tags[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
		at += 2 + data[at + 1]
	return tags if data and at == len(data) else None


def _subtotal(element: Any) -> tuple[str, str, str, Decimal, Decimal]:
	amount = element.find("cbc:TaxAmount", NS)
	currency = "" if amount is None else amount.get("currencyID", "")
	category = (element.findtext("cac:TaxCategory/cbc:ID", "", NS) or "").strip()
	percent = _decimal(element.findtext("cac:TaxCategory/cbc:Percent", "0", NS) or "0")
	taxable = _decimal(element.findtext("cbc:TaxableAmount", "0", NS) or "0")
	tax = _decimal(element.findtext("cbc:TaxAmount", "0", NS) or "0")
	return currency, category, f"{percent.normalize():f}", taxable, tax


def _decimal(text: str) -> Decimal:
	try:
		number = Decimal(text.strip())
	except InvalidOperation:
		raise ValueError("an amount in it is no number")
	if not number.is_finite() or abs(number.adjusted()) > 30:
		raise ValueError("an amount in it is no number")
	return number


class Totals:
	"""VAT by month, currency, category and rate; credit notes (381) count against. Exact: Decimal throughout."""

	def __init__(self) -> None:
		self._sums: dict[tuple[str, str, str, str], list[Decimal]] = {}

	def add(self, facts: Facts) -> None:
		"""Count one invoice."""
		sign = -1 if facts.type_code == "381" else 1
		for offset, subtotals in ((0, facts.subtotals), (2, facts.advances)):
			for currency, category, percent, taxable, tax in subtotals:
				key = (facts.issued[:7], currency, category, percent)
				sums = self._sums.setdefault(key, [Decimal(0)] * 4)
				sums[offset] += sign * taxable
				sums[offset + 1] += sign * tax

	def rows(self) -> list[dict[str, str]]:
		"""One row a key, in order; amounts as text with two decimals or more."""
		names = ("taxable", "tax", "advances_taxable", "advances_tax")
		return [
			{
				"month": key[0],
				"currency": key[1],
				"category": key[2],
				"percent": key[3],
				**{name: f"{value + Decimal('0.00'):f}" for name, value in zip(names, sums, strict=True)},
			}
			for key, sums in sorted(self._sums.items())
		]


def canonical(value: Any) -> str:
	"""The one form of JSON that counts in a pack and a trail."""
	return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# --- lists ------------------------------------------------------------------------------------------------------------


def check_chain(place: str, lines: Iterable[str], start: dict[str, Any] | None = None) -> Iterator[Problem]:
	"""What does not hold in a device's chain: `icv`, `pih`, `hash` of every document, accepted or not, in order.

	`start` is what pack.json says of the device (from_icv, to_icv, first_pih); without it the chain starts at 1.
	"""
	start = start or {}
	counter, previous = int(start.get("from_icv") or 1), str(start.get("first_pih") or FIRST_PIH)
	if counter == 1 and previous != FIRST_PIH:
		yield Problem(place, "the chain's first previous hash is not ZATCA's constant.")
	number, seen = 0, set()
	for number, line in enumerate(lines, 1):
		at = f"{place} line {number}"
		row = _row(line, ("icv", "uuid", "hash", "pih", "state", "issued"))
		if row is None or not isinstance(row["icv"], int) or row["state"] not in STATES:
			yield Problem(at, "the line cannot be read.")
			counter += 1
			continue
		if row["icv"] != counter:
			yield Problem(
				at, f"counter {counter} is expected, {row['icv']} stands: removed, inserted or moved."
			)
		elif row["pih"] != previous:
			yield Problem(
				at, f"counter {counter} does not follow the document before it: its previous hash is another."
			)
		if row["uuid"] in seen:
			yield Problem(at, "the same document stands in the chain twice.")
		seen.add(row["uuid"])
		counter, previous = row["icv"] + 1, str(row["hash"])
	if "to_icv" in start and start["to_icv"] != counter - 1:
		yield Problem(
			f"{place} line {number + 1}", f"the chain ends at {counter - 1}, not at {start['to_icv']}."
		)


def check_trail(place: str, lines: Iterable[str], about: dict[str, Any], head: str = "") -> Iterator[Problem]:
	"""What does not hold in an excerpt of the audit trail, which begins at about["first"] behind about["before"]."""
	counter, previous = int(about.get("first") or 1), str(about.get("before") or TRAIL_START)
	if counter == 1 and previous != TRAIL_START:
		yield Problem(place, "the trail's first record follows something that is not there.")
	number, seen_head = 0, not head
	for number, line in enumerate(lines, 1):
		at = f"{place} line {number}"
		row = _row(line, TRAIL_KEYS)
		if row is None or not isinstance(row["number"], int):
			yield Problem(at, "the record cannot be read.")
			counter += 1
			continue
		own = canonical({key: value for key, value in row.items() if key != "hash"})
		if row["hash"] != hashlib.sha256(own.encode()).hexdigest():
			yield Problem(at, f"record {row['number']} was changed: its hash does not fit its content.")
		if row["number"] != counter:
			yield Problem(
				at, f"record {counter} is expected, {row['number']} stands: removed, inserted or moved."
			)
		elif row["previous"] != previous:
			yield Problem(at, f"record {counter} does not follow the one before it.")
		counter, previous = row["number"] + 1, str(row["hash"])
		seen_head = seen_head or row["hash"] == head
	if previous != about.get("head", previous) or counter - 1 != about.get("last", counter - 1):
		yield Problem(
			f"{place} line {number + 1}",
			"records at the end were removed or added: the trail's head is another.",
		)
	if not seen_head:
		yield Problem(f"{place} line {number + 1}", "the anchored head does not occur in the trail.")


def row_digest(columns: dict[str, str]) -> str:
	"""SHA-256 over a row of evidence, as the trail states it when the row is written."""
	digest = hashlib.sha256()
	for column in sorted(columns):
		text = columns[column]
		digest.update(f"{column}\x1f{len(text)}\x1f{text}\x1e".encode())
	return digest.hexdigest()


def check_records(
	place: str, lines: Iterable[str], trail: Iterable[str], destroyed: Iterable[str] = ()
) -> Iterator[Problem]:
	"""Whether the rows of evidence are those the trail tells of, each with its digest, in the trail's order.

	`destroyed` are records of the same trail from behind the excerpt, which tell of rows that went after their term.
	"""
	rows = enumerate(lines, 1)
	number = last = 0
	gone: dict[str, tuple[str, str]] = {}
	for line in trail:
		told = _row(line, TRAIL_KEYS)
		if told is None:
			continue
		subject, last = str(told["subject"]), told["number"] if isinstance(told["number"], int) else last
		if told["action"] == DESTROYED and gone.get(subject, ("", ""))[1] == told["digest"]:
			# Lawfully, after its term: the trail says so itself.
			del gone[subject]
		if told["action"] not in EVIDENCE:
			continue
		number, text = next(rows, (number + 1, ""))
		at = f"{place} line {number}"
		row = _row(text, ("subject", "columns")) if text else None
		if not text:
			yield Problem(at, f"{_shown(subject)} is missing, of which trail record {told['number']} tells.")
			return
		if row is None or any(not isinstance(v, str) for v in row["columns"].values()):
			yield Problem(at, "the line cannot be read.")
		elif row["subject"] != subject:
			yield Problem(
				at,
				f"trail record {told['number']} tells of {_shown(subject)}, here stands {_shown(row['subject'])}.",
			)
			return
		elif not row["columns"]:
			gone[subject] = (at, str(told["digest"]))
		elif row_digest(row["columns"]) != told["digest"]:
			yield Problem(
				at, f"{_shown(subject)} was changed: trail record {told['number']} states another digest."
			)
	yield from _check_destroyed(destroyed, last, gone)
	for subject, (at, _digest) in gone.items():
		yield Problem(at, f"{_shown(subject)} was no longer there when the pack was made.")
	for number, _text in rows:
		yield Problem(f"{place} line {number}", "no record of the trail tells of it.")
		return


def _check_destroyed(lines: Iterable[str], last: int, gone: dict[str, tuple[str, str]]) -> Iterator[Problem]:
	"""Later records of rows that are `gone`, each of which it takes out."""
	for number, line in enumerate(lines, 1):
		at = f"{GONE} line {number}"
		told = _row(line, TRAIL_KEYS)
		if told is None or not isinstance(told["number"], int):
			yield Problem(at, "the record cannot be read.")
			continue
		own = canonical({key: value for key, value in told.items() if key != "hash"})
		if told["hash"] != hashlib.sha256(own.encode()).hexdigest():
			yield Problem(at, f"record {told['number']} was changed: its hash does not fit its content.")
		elif told["action"] != DESTROYED or told["number"] <= last:
			yield Problem(at, f"record {told['number']} is no later record of a destruction.")
		elif gone.get(str(told["subject"]), ("", ""))[1] != told["digest"]:
			yield Problem(at, f"record {told['number']} tells of no row that is missing here.")
		else:
			del gone[str(told["subject"])]
			last = told["number"]


def _row(line: str, keys: tuple[str, ...]) -> dict[str, Any] | None:
	"""The line's object, if it has exactly these keys and is written in the canonical form."""
	try:
		row = json.loads(line)
	except (ValueError, RecursionError):
		return None
	if not isinstance(row, dict) or set(row) != set(keys):
		return None
	kinds: dict[str, Any] = {
		"icv": int,
		"number": (int, str),
		"size": int,
		"files": list,
		"facts": dict,
		"columns": dict,
	}
	if any(isinstance(v, bool) or not isinstance(v, kinds.get(k, str)) for k, v in row.items()):
		return None
	return row if canonical(row) == line.rstrip("\n") else None


# --- the zip ----------------------------------------------------------------------------------------------------------


class Pack:
	"""An opened zip whose members can be read without harm."""

	def __init__(self, path: str) -> None:
		try:
			self.zip = zipfile.ZipFile(path)
		except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
			raise NotAPack(f"This is not a zip that can be read ({type(error).__name__}).")
		self.problems: list[Problem] = []
		self.members: dict[str, zipfile.ZipInfo] = {}
		self._take()

	def _take(self) -> None:
		entries = self.zip.infolist()
		if len(entries) > MAX_MEMBERS:
			raise NotAPack(f"It has {len(entries)} members; no pack has so many.")
		for entry in entries:
			if entry.filename in self.members:
				raise NotAPack(f"“{_shown(entry.filename)}” stands in it twice.")
			if entry.filename not in (*FIXED, GONE, MANIFEST) and not _NAME.fullmatch(entry.filename):
				raise NotAPack(f"“{_shown(entry.filename)}” is no name of a pack's member.")
			if entry.flag_bits & 0x1 or (entry.external_attr >> 16) & 0o170000 not in (0, 0o100000):
				raise NotAPack(f"“{_shown(entry.filename)}” is encrypted or no plain file.")
			most = MAX_DOCUMENT if entry.filename.startswith("documents/") else MAX_LIST
			if entry.file_size > most or entry.file_size > MAX_RATIO * (entry.compress_size + 1):
				raise NotAPack(f"“{_shown(entry.filename)}” is too large, or swells beyond what it can.")
			self.members[entry.filename] = entry
		end = 0
		for entry in sorted(entries, key=lambda e: e.header_offset):
			if entry.header_offset < end:
				raise NotAPack(f"“{_shown(entry.filename)}” overlaps another member.")
			end = entry.header_offset + entry.compress_size
		for name in (*FIXED, MANIFEST):
			if name not in self.members:
				raise NotAPack(f"It has no {name}.")

	def chunks(self, name: str) -> Iterator[bytes]:
		"""The member's bytes. Raises NotAPack where they cannot be unpacked."""
		try:
			with self.zip.open(self.members[name]) as member:
				while chunk := member.read(1 << 20):
					yield chunk
		except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
			raise NotAPack(f"“{name}” cannot be unpacked ({type(error).__name__}).")

	def bytes(self, name: str) -> bytes:
		"""The whole of a member that is a document."""
		if self.members[name].file_size > MAX_DOCUMENT:
			raise NotAPack(f"“{name}” is too large.")
		return b"".join(self.chunks(name))

	def lines(self, name: str) -> Iterator[str]:
		"""The lines of a list, one at a time."""
		rest = b""
		for chunk in self.chunks(name):
			*whole, rest = (rest + chunk).split(b"\n")
			for line in whole:
				yield line.decode("utf-8", "replace")
			if len(rest) > MAX_LINE:
				raise NotAPack(f"A line in “{name}” is too long.")
		if rest:
			yield rest.decode("utf-8", "replace")


def verify(path: str, *, seal: str = "", head: str = "") -> Iterator[Problem]:
	"""Every problem of the pack at `path`. Raises NotAPack where it is none."""
	pack = Pack(path)
	try:
		about = json.loads(pack.bytes("pack.json"))
		devices = {_device(d): d for d in about["devices"]}
		trail, first, last = dict(about["trail"]), str(about["from"]), str(about["to"])
		count, site = int(about["documents"]), dict(about["site"])
		vat = about["vat_numbers"] if about.get("format") == FORMAT else [about["vat_number"]]
		for known in (
			trail.get("first"),
			site.get("first"),
			*(d[key] for d in devices.values() for key in ("from_icv", "to_icv")),
		):
			if known is not None and type(known) is not int:
				raise ValueError
		if not isinstance(vat, list):
			raise ValueError
	except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
		raise NotAPack("Its pack.json cannot be read.")
	if about.get("format") not in (FORMAT, OLDER):
		raise NotAPack("It is of another format than this verifier knows.")
	if about["format"] == FORMAT and GONE not in pack.members:
		raise NotAPack(f"It has no {GONE}.")
	yield from _check_manifest(pack, seal)
	rows: dict[tuple[str, int], tuple[str, str, str, str, str]] = {}
	for name in (n for n in pack.members if n.startswith("chain/")):
		if name[6:-6] not in devices:
			yield Problem(name, "pack.json does not know this device.")
	for device, start in devices.items():
		name = f"chain/{device}.jsonl"
		if name not in pack.members:
			yield Problem(name, "the device's chain is missing.")
			continue
		yield from check_chain(name, pack.lines(name), start)
		for number, line in enumerate(pack.lines(name), 1):
			row = _row(line, ("icv", "uuid", "hash", "pih", "state", "issued"))
			if row is not None and row["state"] == "accepted" and first <= str(row["issued"]) <= last:
				at = f"{name} line {number}"
				said = (str(row["uuid"]), str(row["hash"]), str(row["pih"]), str(row["issued"]), at)
				rows[device, row["icv"]] = said
	totals = Totals()
	yield from _check_documents(pack, rows, totals, (first, last), vat, count)
	yield from _check_totals(pack, totals)
	yield from check_trail("trail.jsonl", pack.lines("trail.jsonl"), trail, head)
	yield from check_trail("site.jsonl", pack.lines("site.jsonl"), site)
	yield from check_records(
		"records.jsonl",
		pack.lines("records.jsonl"),
		pack.lines("trail.jsonl"),
		pack.lines(GONE) if GONE in pack.members else (),
	)


def _device(about: Any) -> str:
	name = about["device"]
	if not _NAME.fullmatch(f"chain/{name}.jsonl"):
		raise ValueError
	return str(name)


def _check_manifest(pack: Pack, seal: str) -> Iterator[Problem]:
	listed: set[str] = set()
	whole = hashlib.sha256()
	for chunk in pack.chunks(MANIFEST):
		whole.update(chunk)
	if seal and whole.hexdigest() != seal.lower():
		yield Problem(MANIFEST, "the seal is another: this is not the pack that was handed over.")
	for number, line in enumerate(pack.lines(MANIFEST), 1):
		row = _row(line, ("name", "size", "sha256"))
		if row is None:
			yield Problem(f"{MANIFEST} line {number}", "the line cannot be read.")
			continue
		name = str(row["name"])
		if name in listed:
			yield Problem(f"{MANIFEST} line {number}", f"{_shown(name)} is listed twice.")
		elif name not in pack.members:
			yield Problem(_shown(name), "the manifest lists it and it is not there.")
		else:
			digest, size = hashlib.sha256(), 0
			for chunk in pack.chunks(name):
				digest.update(chunk)
				size += len(chunk)
			if digest.hexdigest() != row["sha256"] or size != row["size"]:
				yield Problem(name, "it was changed: its digest is not the manifest's.")
		listed.add(name)
	for name in pack.members:
		if name not in listed and name != MANIFEST:
			yield Problem(name, "it is there and the manifest does not list it.")


def _check_documents(
	pack: Pack,
	rows: dict[tuple[str, int], tuple[str, str, str, str, str]],
	totals: Totals,
	period: tuple[str, str],
	vat: list[str],
	count: int,
) -> Iterator[Problem]:
	owned: set[str] = set()
	seen: set[str] = set()
	number = 0
	keys = ("uuid", "device", "number", "icv", "issued", "type", "hash", "files")
	for number, line in enumerate(pack.lines("documents.jsonl"), 1):
		at = f"documents.jsonl line {number}"
		row = _row(line, keys)
		if row is None or not isinstance(row["files"], list) or not row["files"]:
			yield Problem(at, "the line cannot be read.")
			continue
		if row["uuid"] in seen:
			yield Problem(at, f"document {_shown(row['uuid'])} is listed twice.")
		seen.add(row["uuid"])
		files = [str(name) for name in row["files"]]
		for name in files:
			if name not in pack.members:
				yield Problem(at, f"it names {_shown(name)}, which is not there.")
			elif name in owned:
				yield Problem(_shown(name), "two documents claim it.")
			owned.add(name)
		xml = next((name for name in files if name.endswith("/invoice.xml")), "")
		if xml not in pack.members:
			yield Problem(at, "the document has no XML.")
			continue
		if not any(name.endswith("/invoice.pdf") for name in files):
			yield Problem(xml, NO_PDF)
		try:
			facts = read_invoice(pack.bytes(xml))
			totals.add(facts)
		except ValueError as error:
			yield Problem(xml, f"{error}.")
			continue
		yield from (Problem(xml, f"{fault}.") for fault in facts.faults)
		said = (row["uuid"], row["number"], str(row["icv"]), row["issued"], row["type"], row["hash"])
		found = (facts.uuid, facts.number, facts.icv, facts.issued, facts.type_code, facts.hash)
		if said != found:
			yield Problem(xml, f"it is another document than {at} says.")
		if not period[0] <= facts.issued <= period[1]:
			yield Problem(xml, "it lies outside the pack's period.")
		if facts.vat_number not in vat:
			yield Problem(xml, "its seller is another.")
		link = rows.pop((str(row["device"]), row["icv"]), None) if isinstance(row["icv"], int) else None
		if link is None:
			yield Problem(xml, "its device's chain does not hold it as accepted in this period.")
		elif link[:4] != (facts.uuid, facts.hash, facts.pih, facts.issued):
			yield Problem(xml, f"it is not the document that {link[4]} holds at its counter.")
	if number != count:
		yield Problem(
			f"documents.jsonl line {number + 1}", f"it lists {number} documents; pack.json says {count}."
		)
	for uuid, _, _, _, at in rows.values():
		yield Problem(at, f"document {_shown(uuid)} was accepted in this period and is not in the pack.")
	for name in pack.members:
		if name.startswith("documents/") and name not in owned:
			yield Problem(name, "no document claims it.")


def _check_totals(pack: Pack, totals: Totals) -> Iterator[Problem]:
	try:
		stated = json.loads(pack.bytes("totals.json"))
	except (ValueError, RecursionError):
		stated = None
	if not isinstance(stated, list):
		yield Problem("totals.json", "it cannot be read.")
		return
	own = totals.rows()
	for number in range(max(len(own), len(stated))):
		ours, theirs = (rows[number] if number < len(rows) else None for rows in (own, stated))
		if ours != theirs:
			row = ours or theirs
			where = (
				" ".join(str(row.get(k, "")) for k in ("month", "category")) if isinstance(row, dict) else ""
			)
			yield Problem(
				f"totals.json row {number + 1}",
				f"the VAT total is not that of the invoices ({_shown(where)}).",
			)
			return


def _shown(text: object) -> str:
	"""As it may stand on a terminal: no control characters, not endless."""
	return "".join(c if c.isprintable() else "?" for c in str(text))[:120]


def main(arguments: list[str] | None = None) -> int:
	"""Run from the command line; gives the exit code."""
	parser = argparse.ArgumentParser(description="Verify an auditor's pack.")
	parser.add_argument("pack", help="the zip")
	parser.add_argument("--seal", default="", help="the pack's seal, if the company gave it to you")
	parser.add_argument("--head", default="", help="a head of the audit trail, if you keep one")
	options = parser.parse_args(arguments)
	count = 0
	try:
		for count, problem in enumerate(verify(options.pack, seal=options.seal, head=options.head), 1):
			if count <= 100:
				print(f"PROBLEM  {problem}")
		pack = Pack(options.pack)
		seal = hashlib.sha256(b"".join(pack.chunks(MANIFEST))).hexdigest()
	except NotAPack as error:
		print(f"This is no pack that can be verified. {error}")
		return 2
	print(f"Seal of this pack: {seal}")
	if count:
		print(f"{count} problems: this pack does not hold. The first hundred at most are shown above.")
		return 1
	print("All holds: manifest, documents, stamps, chains, audit trail and VAT totals.")
	if not options.seal:
		print("Compare the seal with the one the company gave you when it handed the pack over.")
	return 0


if __name__ == "__main__":
	sys.exit(main())
