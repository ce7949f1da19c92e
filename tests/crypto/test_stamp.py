"""Stamping: what comes out re-hashes, verifies and pleases the independent judge, whatever went in."""

from __future__ import annotations

import base64
import hashlib
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import documents
import pytest
import taxpayer_ca
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.crypto import xades
from bayancore_erp.zatca.core.crypto.canonical import canonical_bytes, hash_base64, invoice_hash
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.facts import read_facts
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key
from bayancore_erp.zatca.core.crypto.stamp import Stamped, stamp
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import CertificateError, InvalidInput, KeyMismatch, SignatureInvalid
from bayancore_erp.zatca.core.xml import parse

WHEN = taxpayer_ca.SIGNING_TIME


def check_stamp(oracle: Any, xml: bytes) -> dict[str, bool]:
	"""The independent judge's own look at the stamp."""
	judge = sys.modules[type(oracle).__module__]
	found: dict[str, bool] = judge.check_stamp(judge.parse(xml))
	return found


def test_every_official_sample_stamped_anew_passes_every_independent_check(
	samples: list[Path], oracle: Any, key: PrivateKey, certificate: Certificate
) -> None:
	for sample in samples:
		original = sample.read_bytes()
		canonical = canonical_bytes(original)
		for stamped in (
			stamp(original, key, certificate, signing_time=WHEN),
			stamp(canonical, key, certificate, signing_time=WHEN),
			stamp(
				canonical,
				key,
				certificate,
				signing_time=WHEN,
				canonical=True,
				facts=read_facts(parse(original)),
			),
		):
			found = check_stamp(oracle, stamped.xml)
			assert len(found) >= 13 and all(found.values()), (sample.name, found)
			assert stamped.invoice_hash == hash_base64(original), sample.name
			assert verify(stamped.xml, certificate=certificate).ok
			simplified = b'name="02' in original
			assert len(qr.decode(stamped.qr).tags) == (9 if simplified else 8)


def test_a_stamped_sample_passes_the_official_rules(
	samples: list[Path], oracle: Any, key: PrivateKey, certificate: Certificate
) -> None:
	for sample in (samples[0], samples[-1]):
		verdict = oracle.judge(stamp(sample.read_bytes(), key, certificate, signing_time=WHEN).xml)
		assert verdict["errors"] == [], sample.name


def test_our_hash_is_the_one_in_every_official_sample(samples: list[Path]) -> None:
	for sample in samples:
		data = sample.read_bytes()
		assert hash_base64(data).encode() in data, sample.name


@pytest.fixture(scope="module")
def stamped(key: PrivateKey, certificate: Certificate) -> Stamped:
	"""One of our own documents, stamped without any parsing."""
	return stamp(
		documents.invoice(),
		key,
		certificate,
		signing_time=WHEN,
		canonical=True,
		facts=documents.facts(),
		self_check=True,
	)


def test_the_hash_is_of_the_unsigned_bytes_themselves(stamped: Stamped) -> None:
	digest = hashlib.sha256(documents.invoice()).digest()
	assert stamped.invoice_hash == base64.b64encode(digest).decode()
	assert invoice_hash(stamped.xml) == digest
	assert canonical_bytes(stamped.xml) == documents.invoice()


def test_hashing_an_element_leaves_it_as_it_was(stamped: Stamped) -> None:
	root = parse(stamped.xml)
	before = etree.tostring(root)
	assert hash_base64(root) == stamped.invoice_hash
	assert etree.tostring(root) == before


def test_both_ways_of_stamping_differ_only_in_the_signature(
	stamped: Stamped, key: PrivateKey, certificate: Certificate
) -> None:
	parsed = stamp(documents.invoice(), key, certificate, signing_time=WHEN)
	neutral = [
		s.xml.replace(s.qr.encode(), b"").replace(s.signature.encode(), b"") for s in (stamped, parsed)
	]
	assert neutral[0] == neutral[1]


def test_stamping_twice_keeps_the_hash_and_one_stamp(
	stamped: Stamped, key: PrivateKey, certificate: Certificate
) -> None:
	for canonical in (False, True):
		again = stamp(stamped.xml, key, certificate, signing_time=WHEN, canonical=canonical, self_check=True)
		assert again.invoice_hash == stamped.invoice_hash
		assert again.xml.count(b"<ds:Signature ") == 1


def test_a_promise_of_canonical_bytes_is_not_believed_where_a_stamp_is_seen(
	stamped: Stamped, key: PrivateKey, certificate: Certificate
) -> None:
	bare = stamped.xml[stamped.xml.index(b"<Invoice") :]
	again = stamp(
		bare, key, certificate, signing_time=WHEN, canonical=True, facts=documents.facts(), self_check=True
	)
	assert again.invoice_hash == stamped.invoice_hash


@pytest.mark.parametrize("left", ["qr_reference", "signature_pointer"])
def test_each_part_of_an_old_stamp_is_seen(key: PrivateKey, certificate: Certificate, left: str) -> None:
	part = {"qr_reference": xades.qr_reference("QQ=="), "signature_pointer": xades.signature_pointer()}[left]
	seller = b"<cac:AccountingSupplierParty>"
	bare = documents.invoice().replace(seller, part.encode() + seller)
	out = stamp(
		bare, key, certificate, signing_time=WHEN, canonical=True, facts=documents.facts(), self_check=True
	)
	assert canonical_bytes(out.xml) == documents.invoice()


def test_a_broken_promise_is_found_by_the_self_check(key: PrivateKey, certificate: Certificate) -> None:
	single_quoted = documents.invoice().replace(b'currencyID="SAR"', b"currencyID='SAR'")
	with pytest.raises(SignatureInvalid, match="does not verify"):
		stamp(
			single_quoted,
			key,
			certificate,
			signing_time=WHEN,
			canonical=True,
			facts=documents.facts(),
			self_check=True,
		)


@pytest.mark.parametrize(
	"change",
	[
		lambda xml: xml.replace(b"cac:", b"a:").replace(b"xmlns:cac", b"xmlns:a"),
		lambda xml: xml.replace(b"cbc:", b"x1:").replace(b"xmlns:cbc", b"xmlns:x1"),
		lambda xml: xml.replace(b"><", b">\r\n\t<"),
		lambda xml: b"\xef\xbb\xbf<?xml version='1.0'?><!-- a -->\n" + xml + b"<!-- z -->\n",
		lambda xml: xml.replace(b"<Invoice ", b'<Invoice xmlns:unused="urn:x" '),
		lambda xml: xml.replace(b"</Invoice>", b"<?keep this?></Invoice>"),
		lambda xml: xml.replace(b' xmlns:ext="', b' xmlns:other="'),
		lambda xml: xml.replace(b"T-1", b"<![CDATA[T&1<>]]>"),
		lambda xml: xml.replace(b"T-1", b"T-<!-- split -->1"),
		lambda xml: xml.replace(b"T-1", b"a&#13;b&#9;c"),
		lambda xml: xml.replace(
			b"<cac:AccountingSupplierParty>",
			b"<cac:ProjectReference><cbc:ID>P</cbc:ID></cac:ProjectReference><cac:AccountingSupplierParty>",
		),
	],
)
def test_any_way_of_writing_the_same_xml_is_stamped(
	key: PrivateKey, certificate: Certificate, oracle: Any, change
) -> None:  # type: ignore[no-untyped-def]
	xml = change(documents.invoice())
	assert xml != documents.invoice()
	out = stamp(xml, key, certificate, signing_time=WHEN, self_check=True)
	assert all(check_stamp(oracle, out.xml).values())
	assert out.invoice_hash == hash_base64(xml)


@settings(max_examples=40, deadline=None)
@given(
	st.text(
		st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
		max_size=300,
	)
)
def test_any_seller_name_is_stamped(key: PrivateKey, certificate: Certificate, name: str) -> None:
	seller = (name + " س").strip()
	facts = documents.facts(seller=seller)
	out = stamp(
		documents.invoice(seller=seller),
		key,
		certificate,
		signing_time=WHEN,
		canonical=True,
		facts=facts,
		self_check=True,
	)
	assert qr.decode(out.qr).seller_name == qr.cap_utf8(seller.encode()).decode()


def test_a_key_of_another_certificate_is_refused(certificate: Certificate) -> None:
	with pytest.raises(KeyMismatch) as told:
		stamp(documents.invoice(), generate_key(), certificate, signing_time=WHEN)
	assert told.value.hint


def test_a_certificate_out_of_its_time_is_refused_unless_told(key: PrivateKey) -> None:
	old = taxpayer_ca.issue(key, not_before=WHEN - timedelta(days=400), days=365)
	early = taxpayer_ca.issue(key, not_before=WHEN + timedelta(days=1))
	for certificate, words in ((old, "expired"), (early, "valid only from")):
		with pytest.raises(CertificateError, match=words):
			stamp(documents.invoice(), key, certificate, signing_time=WHEN)
		out = stamp(documents.invoice(), key, certificate, signing_time=WHEN, check_validity=False)
		assert [check.name for check in verify(out.xml).failed] == ["signing_time"]


@pytest.mark.parametrize(
	("moment", "written"),
	[
		(datetime(2026, 3, 1, 21, 30, 15, tzinfo=timezone.utc), "2026-03-02T00:30:15"),
		(datetime(2026, 3, 1, 12, 30, 15, 999999), "2026-03-01T12:30:15"),
	],
)
def test_the_signing_time_is_riyadhs(
	key: PrivateKey, certificate: Certificate, moment: datetime, written: str
) -> None:
	xml = stamp(documents.invoice(), key, certificate, signing_time=moment).xml
	assert f"<xades:SigningTime>{written}</xades:SigningTime>".encode() in xml


@pytest.mark.parametrize(
	("xml", "words"),
	[
		(b"<Invoice/>", "not a UBL 2.1 Invoice|has no RegistrationName"),
		(documents.invoice().replace(b"IssueTime", b"IssueTame"), "has no IssueTime"),
		(documents.invoice().replace(b"PayableAmount", b"PayAmount"), "has no PayableAmount"),
		(documents.invoice().replace(b"Invoice-2", b"CreditNote-2"), "not a UBL 2.1 Invoice"),
		(documents.invoice().replace(b"</Invoice>", b"<?bayancore-splice?></Invoice>"), "reserved"),
		(b"<?pi outside?>" + documents.invoice(), "outside the invoice"),
		(documents.invoice()[:-5], "breaks off"),
	],
)
def test_what_cannot_be_stamped_is_refused_in_words(
	key: PrivateKey, certificate: Certificate, xml: bytes, words: str
) -> None:
	with pytest.raises(InvalidInput, match=words):
		stamp(xml, key, certificate, signing_time=WHEN)
