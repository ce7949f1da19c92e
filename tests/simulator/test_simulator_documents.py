"""Reporting and clearance: verdicts, duplicates, permissions, stamps, and the record they leave."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lxml import etree
from taxpayer import VAT, Taxpayer

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.simulator import Simulator

STANDARD, SIMPLIFIED = "0100000", "0200000"
SIMULATION = Environment.SIMULATION
DAY = 86400


def codes(answer: Any, kind: str = "errorMessages") -> list[str]:
	return [message["code"] for message in answer.json()["validationResults"][kind]]


@pytest.mark.parametrize("code", ["388", "381", "383", "386"])
def test_simplified_is_reported(onboarded: Taxpayer, code: str) -> None:
	answer = onboarded.send("reporting", onboarded.next(SIMPLIFIED, code))
	assert (answer.status_code, answer.json()["reportingStatus"]) == (200, "REPORTED")
	assert codes(answer, "infoMessages") == ["XSD_ZATCA_VALID"]


@pytest.mark.parametrize("code", ["388", "381", "383", "386"])
def test_standard_is_cleared_with_zatcas_own_stamp(
	simulator: Simulator, onboarded: Taxpayer, code: str
) -> None:
	signed = onboarded.next(STANDARD, code)
	answer = onboarded.send("clearance", signed)
	assert (answer.status_code, answer.json()["clearanceStatus"]) == (200, "CLEARED")
	cleared = base64.b64decode(answer.json()["clearedInvoice"])
	assert cleared != signed
	assert onboarded.request_of(cleared)["invoiceHash"] == onboarded.request_of(signed)["invoiceHash"]
	assert verify(cleared).ok, [check.message for check in verify(cleared).failed]
	certificates = etree.fromstring(cleared).findall(".//{*}X509Certificate")
	assert [base64.b64decode(c.text or "") for c in certificates] == [
		simulator.authority.stamp_certificate_der
	]


def test_unstamped_standard_is_cleared_too(onboarded: Taxpayer) -> None:
	plain = onboarded.document(STANDARD, "388", icv=1, pih=onboarded.pih).encode()
	assert onboarded.send("clearance", plain).status_code == 200


def test_unstamped_simplified_is_rejected(onboarded: Taxpayer) -> None:
	plain = onboarded.document(SIMPLIFIED, "388", icv=1, pih=onboarded.pih).encode()
	answer = onboarded.send("reporting", plain)
	assert answer.status_code == 400
	assert codes(answer) == ["invalid-digital-signature", "QRCODE_INVALID"]


def test_warnings_are_accepted_with_202(onboarded: Taxpayer) -> None:
	answer = onboarded.send("reporting", onboarded.next(building="23"))
	assert (answer.status_code, answer.json()["reportingStatus"]) == (202, "REPORTED")
	assert answer.json()["validationResults"]["status"] == "WARNING"
	assert codes(answer, "warningMessages") == ["BR-KSA-37"]


def test_errors_are_rejected_all_at_once(simulator: Simulator, onboarded: Taxpayer) -> None:
	answer = onboarded.send("clearance", onboarded.next(STANDARD, "381", vat="16.00", reason=""))
	assert answer.status_code == 400
	assert {"BR-KSA-17", "BR-CO-14"} - set(codes(answer)) <= {"BR-CO-14"}
	assert "BR-KSA-17" in codes(answer)
	assert (answer.json()["clearanceStatus"], answer.json()["clearedInvoice"]) == ("NOT_CLEARED", None)
	(row,) = simulator.submissions.listing(endpoint="clearance")
	assert (row["verdict"], row["accepted"], row["icv"], row["status"]) == ("NOT_CLEARED", False, 1, 400)


@pytest.mark.parametrize(
	("body", "code"),
	[
		({"invoiceHash": "A" * 43 + "="}, "invalid-invoice-hash"),
		({"uuid": "8e6000cf-1a98-4174-b3e7-b5d5954bc10d"}, "invalid-invoice-uuid"),
	],
)
def test_request_must_agree_with_the_document(onboarded: Taxpayer, body: dict[str, str], code: str) -> None:
	answer = onboarded.send("reporting", onboarded.next(), **body)
	assert answer.status_code == 400
	assert codes(answer) == [code]


@pytest.mark.parametrize(
	"invoice", [b"", b"no xml", b"<a/>", b"<!DOCTYPE a><a/>", b"<Invoice>", b"\xff\xfe<"], ids=repr
)
def test_what_is_no_invoice_is_rejected(simulator: Simulator, onboarded: Taxpayer, invoice: bytes) -> None:
	body = {"invoiceHash": "x", "uuid": "x", "invoice": base64.b64encode(invoice).decode() or "!"}
	answer = onboarded.send("reporting", onboarded.next(), **body)
	assert answer.status_code == 400
	assert codes(answer) == ["XSD_ZATCA_INVALID"]
	assert codes(answer, "infoMessages") == []


def test_schema_violation_is_said_alone(onboarded: Taxpayer) -> None:
	xml = onboarded.document(SIMPLIFIED, "388", icv=1, pih=onboarded.pih)
	signed = onboarded.stamped(xml.replace("cbc:ProfileID>", "cbc:Unheard>"), onboarded.pcsid)
	answer = onboarded.send("reporting", signed)
	assert set(codes(answer)) == {"XSD_ZATCA_INVALID"}
	assert codes(answer, "infoMessages") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"invoice": 1}', b"\xff"])
def test_bad_bodies_get_an_answer(onboarded: Taxpayer, body: bytes) -> None:
	import requests

	for path in ("invoices/reporting/single", "invoices/clearance/single", "production/csids"):
		answer = requests.post(
			onboarded.url(path),
			data=body,
			headers={"Accept-Version": "V2", "Clearance-Status": "1", "OTP": "1"},
			auth=(onboarded.pcsid["binarySecurityToken"], onboarded.pcsid["secret"]),
			timeout=10,
		)
		assert answer.status_code in (400, 401)
		assert isinstance(answer.json(), dict)


# --- stamps -----------------------------------------------------------------------------------------------------------
def tampered(signed: bytes, old: bytes, new: bytes) -> bytes:
	assert signed.count(old) >= 1
	return signed.replace(old, new)


def test_content_altered_after_stamping_is_rejected(onboarded: Taxpayer) -> None:
	signed = tampered(onboarded.next(), "كتاب".encode(), "قلم".encode())
	answer = onboarded.send("reporting", signed)
	assert answer.status_code == 400
	assert {"invoiceSignedDataDigestValue", "invoiceHash_QRCODE_INVALID"} <= set(codes(answer))


def test_time_of_qr_is_a_warning_as_in_the_field(onboarded: Taxpayer) -> None:
	first = onboarded.next()
	xml = onboarded.document(SIMPLIFIED, "388", icv=onboarded.icv, pih=onboarded.pih)
	signed = onboarded.stamped(xml, onboarded.pcsid)
	qr = "{*}AdditionalDocumentReference/{*}Attachment/{*}EmbeddedDocumentBinaryObject"
	ours, theirs = (etree.fromstring(d).findall(qr)[-1].text or "" for d in (signed, first))
	swapped = tampered(signed, ours.encode(), theirs.encode())
	answer = onboarded.send("reporting", swapped)
	assert "invoiceHash_QRCODE_INVALID" in codes(answer)


def test_signature_of_another_key_is_a_warning_as_in_the_field(onboarded: Taxpayer) -> None:
	value = b"<ds:SignatureValue>"
	signed, other = onboarded.next(), onboarded.next()
	ours, theirs = (d.split(value)[1].split(b"<")[0] for d in (signed, other))
	answer = onboarded.send("reporting", tampered(signed, value + ours, value + theirs))
	assert "invalid-digital-signature" in codes(answer, "warningMessages")
	assert codes(answer) == ["QRCODE_INVALID"], "the QR still carries the true signature"


def test_stamp_with_the_compliance_certificate_is_a_warning(onboarded: Taxpayer) -> None:
	xml = onboarded.document(SIMPLIFIED, "388", icv=1, pih=onboarded.pih)
	answer = onboarded.send("reporting", onboarded.stamped(xml, onboarded.ccsid))
	assert answer.status_code == 202
	assert codes(answer, "warningMessages") == ["invalid-signing-certificate"]


def test_stamp_with_a_foreign_certificate_is_told(make: Any, tmp_path: Any, onboarded: Taxpayer) -> None:
	stranger = make(state_dir=tmp_path / "other")
	other = Taxpayer(stranger.base_url)
	other.onboard(stranger.issue_otp(SIMULATION))
	answer = onboarded.send("reporting", other.next())
	assert codes(answer, "warningMessages") == ["invalid-signing-certificate", "certificate-issuer-name"]


# --- permissions ------------------------------------------------------------------------------------------------------
def test_another_vat_number_is_not_permitted(onboarded: Taxpayer) -> None:
	answer = onboarded.send("reporting", onboarded.next(seller_vat="399999999900003"))
	assert codes(answer) == ["certificate-permissions"]


def test_self_billed_invoice_is_sent_by_the_buyer(onboarded: Taxpayer) -> None:
	parties = {"seller_vat": "399999999800003", "buyer_vat": VAT}
	answer = onboarded.send("clearance", onboarded.next("0100001", **parties))
	assert answer.status_code == 200, answer.text
	answer = onboarded.send("clearance", onboarded.next("0100000", **parties))
	assert codes(answer) == ["certificate-permissions"], "only a self-billed invoice may"


def test_kind_outside_the_map_is_not_permitted(simulator: Simulator) -> None:
	till = Taxpayer(simulator.base_url, invoice_map="0100", clock=simulator.clock)
	till.onboard(simulator.issue_otp(SIMULATION))
	answer = till.send("clearance", till.next(STANDARD))
	assert codes(answer) == ["certificate-permissions"]
	assert till.send("reporting", till.next(SIMPLIFIED)).status_code == 200


def test_each_kind_has_its_endpoint(onboarded: Taxpayer) -> None:
	answer = onboarded.send("reporting", onboarded.next(STANDARD))
	assert (answer.status_code, codes(answer)) == (400, ["invalid-invoice-type"])
	answer = onboarded.send("clearance", onboarded.next(SIMPLIFIED))
	assert (answer.status_code, codes(answer)) == (400, ["invalid-invoice-type"])


# --- clearance off ----------------------------------------------------------------------------------------------------
def test_clearance_off_sends_to_reporting(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.settings.turn("clearance", False, SIMULATION)
	signed = onboarded.next(STANDARD)
	answer = onboarded.send("clearance", signed)
	assert answer.status_code == 303 and "Location" not in answer.headers
	assert not simulator.submissions.listing(endpoint="clearance"), "a 303 leaves no record"
	assert onboarded.send("reporting", signed).status_code == 200
	assert onboarded.send("reporting", signed).status_code == 409
	simulator.settings.turn("clearance", True, SIMULATION)
	assert onboarded.send("clearance", onboarded.next(STANDARD)).status_code == 200


def test_header_clearance_status(onboarded: Taxpayer) -> None:
	signed = onboarded.next(STANDARD)
	assert onboarded.send("clearance", signed, clearance_status="0").status_code == 303
	assert onboarded.send("clearance", signed, clearance_status="").status_code == 400
	assert onboarded.send("clearance", signed, clearance_status="2").status_code == 400
	assert onboarded.send("reporting", onboarded.next(), clearance_status="1").status_code == 200


# --- duplicates -------------------------------------------------------------------------------------------------------
def test_duplicates_within_a_day(simulator: Simulator, onboarded: Taxpayer) -> None:
	standard, simplified = onboarded.next(STANDARD), onboarded.next()
	first = onboarded.send("clearance", standard)
	assert onboarded.send("reporting", simplified).status_code == 200
	simulator.settings.advance_clock(DAY - 5)
	again = onboarded.send("clearance", standard)
	assert again.status_code == 208
	assert again.json()["clearedInvoice"] == first.json()["clearedInvoice"]
	assert onboarded.send("reporting", simplified).status_code == 409
	assert [row["verdict"] for row in simulator.submissions.listing(endpoint="reporting")] == [
		"REPORTED",
		"DUPLICATE",
	]
	(chain,) = simulator.submissions.chains()
	assert chain["in_order"] and chain["documents"] == 2


def test_after_a_day_a_resend_is_taken_again_and_seen(simulator: Simulator, onboarded: Taxpayer) -> None:
	signed = onboarded.next()
	assert onboarded.send("reporting", signed).status_code == 200
	simulator.settings.advance_clock(DAY + 5)
	answer = onboarded.send("reporting", signed)
	assert answer.status_code == 202 and codes(answer, "warningMessages") == ["BR-KSA-98"]
	(chain,) = simulator.submissions.chains()
	assert len(chain["accepted_twice"]) == 1 and not chain["in_order"]


def test_rejected_document_is_judged_again(onboarded: Taxpayer) -> None:
	signed = onboarded.next(seller_vat="399999999900003")
	assert [onboarded.send("reporting", signed).status_code for _ in range(2)] == [400, 400]


def test_simultaneous_resends_are_accepted_once(simulator: Simulator, onboarded: Taxpayer) -> None:
	standard, simplified = onboarded.next(STANDARD), onboarded.next()
	with ThreadPoolExecutor(8) as pool:
		cleared = list(pool.map(lambda _: onboarded.send("clearance", standard), range(8)))
		reported = list(pool.map(lambda _: onboarded.send("reporting", simplified), range(8)))
	assert sorted(answer.status_code for answer in cleared) == [200] + [208] * 7
	assert len({answer.json()["clearedInvoice"] for answer in cleared}) == 1
	assert sorted(answer.status_code for answer in reported) == [200] + [409] * 7
	assert sum(row["accepted"] for row in simulator.submissions.listing()) == 2


def test_many_devices_at_once_keep_their_chains(simulator: Simulator) -> None:
	def work(number: int) -> None:
		device = Taxpayer(simulator.base_url, "developer-portal", unit_serial=f"1-Bayan|2-Core|3-{number}")
		assert device.enrol("123345").status_code == 200
		assert device.graduate().status_code == 200
		for _ in range(5):
			assert device.send("reporting", device.next()).status_code == 200

	with ThreadPoolExecutor(6) as pool:
		list(pool.map(work, range(6)))
	chains = simulator.submissions.chains()
	assert len(chains) == 6
	assert all(chain["in_order"] and chain["last_icv"] == 5 for chain in chains)


# --- the chain report -------------------------------------------------------------------------------------------------
def test_chain_report_sees_gap_fork_and_broken_link(simulator: Simulator, onboarded: Taxpayer) -> None:
	onboarded.send("reporting", onboarded.next())
	second_pih = onboarded.pih
	onboarded.send("reporting", onboarded.next())
	onboarded.icv, onboarded.pih = 1, second_pih
	onboarded.send("reporting", onboarded.next())
	onboarded.icv, onboarded.pih = 4, "AAAA" * 11
	onboarded.send("reporting", onboarded.next())
	onboarded.pih = second_pih
	onboarded.send("reporting", onboarded.next())
	(chain,) = simulator.submissions.chains()
	assert not chain["in_order"]
	assert (chain["gaps"], chain["forks"], chain["last_icv"]) == ([3, 4], [2], 6)
	assert [link["icv"] for link in chain["broken_links"]] == [6]


def test_rejected_document_keeps_its_place_in_the_chain(simulator: Simulator, onboarded: Taxpayer) -> None:
	assert onboarded.send("reporting", onboarded.next(seller_vat="399999999900003")).status_code == 400
	assert onboarded.send("reporting", onboarded.next()).status_code == 200
	(chain,) = simulator.submissions.chains()
	assert chain["in_order"] and chain["documents"] == 2
