"""Verification: the official samples fit, every alteration is named, and no input raises."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import documents
import pytest
import taxpayer_ca
from hypothesis import given, settings
from hypothesis import strategies as st

from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key
from bayancore_erp.zatca.core.crypto.stamp import stamp
from bayancore_erp.zatca.core.crypto.verdict import WORDINGS
from bayancore_erp.zatca.core.crypto.verify import verify

WHEN = taxpayer_ca.SIGNING_TIME


@pytest.fixture(scope="module")
def xml(key: PrivateKey, certificate: Certificate) -> bytes:
	"""A stamped simplified document of our own."""
	return stamp(documents.invoice(), key, certificate, signing_time=WHEN).xml


def test_all_official_samples_verify(samples: list[Path]) -> None:
	assert len(samples) == 19
	for sample in samples:
		verdict = verify(sample.read_bytes())
		assert verdict.ok, (sample.name, [check.message for check in verdict.failed])
		assert {check.name for check in verdict.checks} >= set(WORDINGS) - {
			"certificate_expected",
			"qr_certificate_signature",
		}


def test_a_fitting_document_says_nothing_against_itself(xml: bytes, certificate: Certificate) -> None:
	verdict = verify(xml, certificate=certificate)
	assert verdict.ok and verdict.failed == ()
	assert [check.name for check in verdict.checks] == [name for name in WORDINGS]
	assert all(check.message == check.message_ar == "" for check in verdict.checks)
	assert all(check.title and check.title_ar for check in verdict.checks)


def test_another_devices_certificate_is_named(xml: bytes, key: PrivateKey) -> None:
	verdict = verify(xml, certificate=taxpayer_ca.issue(key))
	assert [check.name for check in verdict.failed] == ["certificate_expected"]


def _value(name: str) -> str:
	return rf"(?<=<{name}>)[^<]+"


def _other(found: re.Match[str]) -> str:
	text = found[0]
	return ("A" if text[0] != "A" else "B") + text[1:]


@pytest.mark.parametrize(
	("pattern", "names"),
	[
		(_value("cbc:ID"), {"layout"}),
		(_value("cbc:UUID"), {"invoice_hash", "qr_hash"}),
		(r'(?<=currencyID=")SAR', {"invoice_hash", "qr_hash"}),
		(_value("cbc:RegistrationName"), {"invoice_hash", "qr_hash", "qr_seller"}),
		(_value("cbc:IssueDate"), {"invoice_hash", "qr_hash", "qr_time"}),
		(_value("ds:SignatureValue"), {"signature", "qr_signature"}),
		(_value("xades:SigningTime"), {"signed_properties", "signing_time"}),
		(_value("ds:X509IssuerName"), {"signed_properties", "issuer"}),
		(_value("ds:X509SerialNumber"), {"signed_properties", "serial"}),
		(r'(?<=ds:CanonicalizationMethod Algorithm=")[^"]+', {"layout"}),
		(r"(?<=<ds:XPath>)[^<]+", {"layout"}),
		(r'(?<=Target=")signature', {"layout"}),
		(r"<cac:Signature>", {"stamp_present", "layout"}),
		(r"\Z", set()),
	],
)
def test_each_alteration_is_named_and_nothing_else(xml: bytes, pattern: str, names: set[str]) -> None:
	change = _other
	if pattern == "<cac:Signature>":
		change = lambda found: "<cac:Signature/>" + found[0]  # noqa: E731
	if pattern == r"\Z":
		change = lambda found: "\n"  # noqa: E731
	altered = re.sub(pattern, change, xml.decode(), count=1)
	assert altered.encode() != xml
	verdict = verify(altered.encode())
	assert {check.name for check in verdict.failed} == names
	assert all(check.message.endswith(".") and check.message_ar.endswith(".") for check in verdict.failed)


def test_a_signature_is_written_in_plain_base64_only(key: PrivateKey, certificate: Certificate) -> None:
	"""The last characters before the padding hold bits that decode to nothing."""
	out = stamp(documents.invoice(), key, certificate, signing_time=WHEN)
	while not out.signature.endswith("="):
		out = stamp(documents.invoice(), key, certificate, signing_time=WHEN)
	value = out.signature.rstrip("=")
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	twin = value[:-1] + alphabet[alphabet.index(value[-1]) + 1] + "=" * (len(out.signature) - len(value))
	assert base64.b64decode(twin) == base64.b64decode(out.signature)
	altered = out.xml.replace(f">{out.signature}<".encode(), f">{twin}<".encode())
	assert "signature" in {check.name for check in verify(altered).failed}


def test_a_forger_with_an_own_key_is_found_by_the_expected_certificate(certificate: Certificate) -> None:
	forger = generate_key()
	forged = stamp(documents.invoice(), forger, taxpayer_ca.issue(forger), signing_time=WHEN).xml
	assert verify(forged).ok
	assert [check.name for check in verify(forged, certificate=certificate).failed] == [
		"certificate_expected"
	]


def test_content_cannot_hide_in_the_parts_that_no_hash_covers(xml: bytes) -> None:
	for mark, smuggled in (
		("</ext:UBLExtension>", "<ext:UBLExtension/>"),
		("</cac:Signature>", "<cbc:Note>free goods</cbc:Note>"),
		("<cbc:ID>QR</cbc:ID>", "<cbc:DocumentDescription>x</cbc:DocumentDescription>"),
		("<ds:SignedInfo>", "stray text"),
		("<ds:SignedInfo>", "<?stray pi?>"),
	):
		before, at, after = xml.decode().partition(mark)
		smuggling = before + (smuggled + at if mark.startswith("</cac") else at + smuggled) + after
		assert "layout" in {check.name for check in verify(smuggling.encode()).failed}, mark


def test_a_second_extension_block_or_qr_is_named(xml: bytes) -> None:
	text = xml.decode()
	block = text[text.index("<ext:UBLExtensions>") : text.index("</ext:UBLExtensions>") + 20]
	line = "<cac:InvoiceLine>"
	for smuggling in (text.replace(line, block + line, 1), text.replace(line, line + block, 1)):
		failed = {check.name: check.message for check in verify(smuggling.encode()).failed}
		assert "2 ext:UBLExtensions" in failed["stamp_present"]


def test_an_unstamped_document_is_told_so() -> None:
	failed = {check.name: check.message for check in verify(documents.invoice()).failed}
	assert set(failed) == {"stamp_present", "qr_readable"}
	assert "0 ds:Signature" in failed["stamp_present"]


def test_a_simplified_document_needs_the_ninth_tag(xml: bytes) -> None:
	text = xml.decode()
	code = re.search(r"(?<=QR</cbc:ID>)<cac:Attachment><[^>]+>([^<]+)", text)
	assert code
	raw = base64.b64decode(code[1])
	length = raw.rindex(b"\x09", 0, len(raw) - 60)
	short = base64.b64encode(raw[:length]).decode()
	failed = [check for check in verify(text.replace(code[1], short).encode()).failed]
	assert [check.name for check in failed] == ["qr_tags"]
	assert "8 tags" in failed[0].message


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_input_raises(xml: bytes, data: st.DataObject) -> None:
	altered = bytearray(xml)
	for _ in range(data.draw(st.integers(1, 5))):
		at = data.draw(st.integers(0, len(altered) - 1))
		altered[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
	verdict = verify(bytes(altered))
	assert verdict.checks
	assert all(check.message for check in verdict.failed)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_value_in_the_stamp_raises(xml: bytes, data: st.DataObject) -> None:
	leaves = [*re.finditer(r"(?<=>)[^<>\s][^<>]*(?=</)", xml.decode())]
	leaf = data.draw(st.sampled_from(leaves))
	value = data.draw(
		st.one_of(
			st.just(""),
			st.text("AB=+/ \n09Z:-T", max_size=200),
			st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()),
		)
	)
	text = xml.decode()
	verdict = verify((text[: leaf.start()] + value + text[leaf.end() :]).encode())
	assert verdict.ok == (value == leaf[0])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
	verdict = verify(data)
	assert not verdict.ok
	assert verdict.failed[0].name == "document"
