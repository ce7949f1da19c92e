"""Proof: whatever is altered in a stamped document, `verify` finds it and names the thing that was altered.

Takes the 19 official samples, the same documents stamped anew with a key and certificate of the proof's own, and small
documents of ours. Alters one thing at a time: every value, attribute and element that is signed; every value of the
stamp; bytes all along certificate, signature and QR; tags and lengths of the QR; whole stamps exchanged. Each
alteration must fail a check that its kind names, with a sentence in both languages.
Prints what was tried by kind, then the figure; exits 1 if one alteration was missed or fewer than 2,000 were tried.

usage: tamper_xml.py [--every N]      N: take every Nth byte of certificate, signature and QR (default 5)
"""

# ruff: noqa: E402 (a proof is started as a file, and finds the package and the tests' own modules by itself)
from __future__ import annotations

import argparse
import base64
import copy
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "crypto")]

import documents
import taxpayer_ca
from conftest import shared_folder
from lxml import etree

from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.crypto.canonical import is_excluded, is_qr_reference
from bayancore_erp.zatca.core.crypto.keys import generate_key
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.crypto.verify import verify

NEEDED = 2_000
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
QR_CHECKS = {
	1: "qr_seller",
	2: "qr_vat_number",
	3: "qr_time",
	4: "qr_total",
	5: "qr_vat",
	6: "qr_hash",
	7: "qr_signature",
	8: "qr_public_key",
	9: "qr_certificate_signature",
}

Alteration = tuple[str, set[str], bytes]
"""Kind, the checks of which one must fail, and the altered document."""


def parsed(xml: bytes) -> etree._Element:
	return etree.fromstring(xml)


def written(root: etree._Element) -> bytes:
	return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def otherwise(text: str, at: int) -> str:
	"""The text with another character at this place, of the same kind so that it stays readable."""
	letter = text[at]
	other = "1" if letter == "0" else "0" if letter.isdigit() else "B" if letter == "A" else "A"
	return text[:at] + other + text[at + 1 :]


def signed_content(xml: bytes) -> Iterator[Alteration]:
	"""Every value, attribute and element that the invoice hash covers."""
	expected = {"invoice_hash"}
	root = parsed(xml)
	signed = [top for top in root if not is_excluded(top)]
	for element in [e for top in signed for e in top.iter()]:
		text = element.text
		if text and text.strip():
			for kind, altered in (
				("signed value", otherwise(text, len(text) // 2)),
				("signed value blanked", None),
				("space in a signed value", text + " "),
			):
				element.text = altered
				yield kind, expected, written(root)
			element.text = text
		elif not len(element):
			element.text = "x"
			yield "value where none was signed", expected, written(root)
			element.text = text
		for name, value in element.attrib.items():
			element.set(name, otherwise(value, len(value) - 1))
			yield "signed attribute", expected, written(root)
			element.set(name, value)
		element.set("added", "x")
		yield "attribute added", expected, written(root)
		del element.attrib["added"]
	for index, top in enumerate(root):
		if is_excluded(top):
			continue
		for kind in ("element removed", "element doubled", "element moved"):
			other = parsed(xml)
			victim = other[index]
			if kind == "element removed":
				other.remove(victim)
			elif kind == "element doubled":
				victim.addnext(copy.deepcopy(victim))
			else:
				other.append(victim)
				if index == len(other) - 1:
					continue
			yield kind, expected, written(other)
	root.text = (root.text or "") + "\n"
	yield "white space between signed elements", expected, written(root)


def stamp_values(xml: bytes) -> Iterator[Alteration]:
	"""Every value and attribute of signature block and pointer, and each of their elements taken out."""
	variable = {
		DS + "SignatureValue": {"signature"},
		DS + "X509Certificate": {"certificate_digest"},
		DS + "X509IssuerName": {"issuer"},
		DS + "X509SerialNumber": {"serial"},
		XADES + "SigningTime": {"signed_properties"},
	}
	root = parsed(xml)
	tops = [top for top in root if is_excluded(top) and not is_qr_reference(top)]
	for element in [e for top in tops for e in top.iter()]:
		expected = {"layout"}
		if element.tag == DS + "DigestValue":
			parent = element.getparent()
			assert parent is not None
			if parent.tag == XADES + "CertDigest":
				expected = {"certificate_digest"}
			else:
				expected = {"signed_properties" if parent.get("Id") is None else "invoice_hash"}
		expected = variable.get(element.tag, expected)
		text = element.text
		if text and text.strip():
			places = (
				range(len(text)) if len(text) < 24 else (0, len(text) // 3, len(text) // 2, len(text) - 4)
			)
			for at in places:
				element.text = otherwise(text, at)
				yield f"value of the stamp ({etree.QName(element).localname})", expected, written(root)
			for altered in ("", text + " ", text[:-1]):
				element.text = altered
				yield f"value of the stamp ({etree.QName(element).localname})", expected, written(root)
			element.text = text
		for name, value in element.attrib.items():
			element.set(name, value + "x")
			yield "attribute of the stamp", {"layout"}, written(root)
			element.set(name, value)
		element.set("added", "x")
		yield "attribute added to the stamp", {"layout"}, written(root)
		del element.attrib["added"]
	count = sum(1 for top in tops for _ in top.iter())
	for number in range(count):
		other = parsed(xml)
		victims = [e for top in other if is_excluded(top) and not is_qr_reference(top) for e in top.iter()]
		parent = victims[number].getparent()
		assert parent is not None
		parent.remove(victims[number])
		yield "element of the stamp removed", {"layout", "stamp_present"}, written(other)


def leaf_bytes(
	xml: bytes, tag: str, kind: str, expected: set[str], every: int, first: int
) -> Iterator[Alteration]:
	"""Bits flipped all along the bytes behind a base64 value."""
	root = parsed(xml)
	leaf = next(root.iter(tag))
	raw = base64.b64decode(leaf.text or "")
	for at in range(first % every, len(raw), every):
		altered = bytearray(raw)
		altered[at] ^= 1 << (at % 8)
		leaf.text = base64.b64encode(altered).decode()
		yield kind, expected, written(root)


def code_leaf(root: etree._Element) -> etree._Element:
	reference = next(top for top in root if is_qr_reference(top))
	return next(e for e in reference.iter() if str(e.tag).endswith("EmbeddedDocumentBinaryObject"))


def qr_bytes(xml: bytes, every: int, first: int) -> Iterator[Alteration]:
	"""Every field of the QR: its bytes, its tag, its length, its presence and its place."""
	root = parsed(xml)
	leaf = code_leaf(root)
	text = leaf.text or ""
	fields = qr.read_tlv(base64.b64decode(text))
	unreadable = {"qr_readable", "qr_tags"}

	def with_code(raw: bytes) -> bytes:
		leaf.text = base64.b64encode(raw).decode()
		return written(root)

	def joined(items: list[tuple[int, bytes]]) -> bytes:
		return b"".join(bytes((tag, len(value))) + value for tag, value in items)

	for index, (tag, value) in enumerate(fields):
		before, after = joined(fields[:index]), joined(fields[index + 1 :])
		named = unreadable | {QR_CHECKS[tag]}
		for at in range(first % every if len(value) > 8 else 0, len(value), every if len(value) > 8 else 1):
			altered = bytearray(value)
			altered[at] ^= 1 << (at % 7)
			yield (
				f"QR value (tag {tag})",
				named,
				with_code(before + bytes((tag, len(value))) + altered + after),
			)
		for other in (0, tag + 1, tag + 9, 255):
			yield "QR tag number", unreadable, with_code(before + bytes((other, len(value))) + value + after)
		for length in (0, len(value) - 1, len(value) + 1, 255):
			raw = before + bytes((tag, length)) + value + after
			yield "QR length", unreadable | set(QR_CHECKS.values()), with_code(raw)
		shorter = fields[:index] + fields[index + 1 :]
		# A standard document may carry eight tags or nine: there the ninth adds no more than the certificate says.
		if tag != 9 or b'name="02' in xml:
			yield "QR field removed", unreadable, with_code(joined(shorter))
		yield "QR field blanked", named, with_code(before + bytes((tag, 0)) + after)
		yield "QR field doubled", unreadable, with_code(before + joined([(tag, value)] * 2) + after)
	yield "QR fields reversed", unreadable, with_code(joined(fields[::-1]))
	for altered_text in (
		"",
		text[:-4],
		text + "\n",
		text[:40] + " " + text[40:],
		otherwise(text, 1),
		text[:-1] + "-",
	):
		leaf.text = altered_text
		yield "QR text", unreadable | set(QR_CHECKS.values()), written(root)
	leaf.text = text
	reference = next(top for top in root if is_qr_reference(top))
	reference.addnext(copy.deepcopy(reference))
	yield "second QR", {"stamp_present"}, written(root)
	root.remove(reference)
	root.remove(next(top for top in root if is_qr_reference(top)))
	yield "QR removed", {"qr_readable"}, written(root)


def exchanged(xml: bytes, other: bytes) -> Iterator[Alteration]:
	"""Stamp and QR of another document put on this one."""
	for index, expected in ((0, {"invoice_hash"}), (1, {"qr_hash"})):
		mine, theirs = parsed(xml), parsed(other)
		pick = [lambda root: root[0], lambda root: next(top for top in root if is_qr_reference(top))][index]
		mine.replace(pick(mine), pick(theirs))
		yield "stamp of another document" if index == 0 else "QR of another document", expected, written(mine)


def alterations(xml: bytes, other: bytes, every: int, first: int) -> Iterator[Alteration]:
	yield from signed_content(xml)
	yield from stamp_values(xml)
	yield from leaf_bytes(
		xml, DS + "X509Certificate", "certificate byte", {"certificate_digest"}, every, first
	)
	yield from leaf_bytes(xml, DS + "SignatureValue", "signature byte", {"signature"}, every, first)
	yield from qr_bytes(xml, every, first)
	yield from exchanged(xml, other)


def subjects() -> Iterator[tuple[str, bytes]]:
	"""Names and bytes of the stamped documents."""
	key = generate_key()
	certificate = taxpayer_ca.issue(key)
	for kind in ("0100000", "0200000"):
		for seller in (documents.SELLER, "شركة " * 60):
			out = stamp(
				documents.invoice(kind=kind, seller=seller.strip()),
				key,
				certificate,
				signing_time=taxpayer_ca.SIGNING_TIME,
				canonical=True,
				facts=documents.facts(kind=kind, seller=seller.strip()),
			)
			yield f"own {kind}, seller name of {len(seller.strip().encode())} bytes", out.xml
	shared = shared_folder()
	if shared is None:
		print("The official samples are not on this machine: own documents only.")
		return
	for sample in sorted((shared / "zatca" / "sdk" / "Data" / "Samples").rglob("*.xml")):
		data = sample.read_bytes()
		yield sample.name, data
		yield (
			f"{sample.name}, stamped anew",
			stamp(data, key, certificate, signing_time=taxpayer_ca.SIGNING_TIME).xml,
		)


def main() -> int:
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	options.add_argument("--every", type=int, default=5)
	every = max(1, options.parse_args().every)
	stamped = list(
		subjects()
	)  # samples alternate with themselves stamped anew: two places back is another document
	tried: Counter[str] = Counter()
	missed: list[str] = []
	for number, (name, xml) in enumerate(stamped):
		if not verify(xml).ok or not verify(written(parsed(xml))).ok:
			print(f"{name}: does not verify as it is: {[check.message for check in verify(xml).failed]}")
			return 1
		for kind, expected, altered in alterations(xml, stamped[number - 2][1], every, number):
			tried[kind] += 1
			failed = {check.name: check for check in verify(altered).failed}
			named = [failed[check] for check in expected if check in failed]
			if not named or not all(check.message and check.message_ar for check in named):
				missed.append(
					f"{name}: {kind}: found {sorted(failed) or 'nothing'}, expected one of {sorted(expected)}"
				)
	for kind, count in sorted(tried.items()):
		print(f"{count:7}  {kind}")
	for line in missed[:20]:
		print("MISSED", line)
	total = sum(tried.values())
	print(f"{len(stamped)} documents, alterations found and named: {total - len(missed)} of {total}")
	return 1 if missed or total < NEEDED else 0


if __name__ == "__main__":
	sys.exit(main())
