"""From OTP and CSR to the production CSID: every rule of the way, over HTTP."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from taxpayer import SIX, Taxpayer, make_csr

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr
from bayancore_erp.zatca.core.crypto.keys import generate_key
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator import Simulator, signing_request

SIMULATION, SANDBOX = Environment.SIMULATION, Environment.SANDBOX
Sample = Callable[[str], Any]
Shape = Callable[[Any], Any]


def error_of(answer: Any) -> dict[str, str]:
	assert answer.status_code == 400, answer.text
	body = answer.json()
	return dict(body["errors"][0] if "errors" in body else body)


# --- OTP --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
	("otp", "code"), [("", "Missing-OTP"), ("111111", "Invalid-OTP"), ("222222", "Invalid-OTP")]
)
def test_sandbox_knows_three_otps(simulator: Simulator, otp: str, code: str) -> None:
	taxpayer = Taxpayer(simulator.base_url, "developer-portal")
	assert error_of(taxpayer.enrol(otp))["code"] == code
	assert taxpayer.enrol("123345").status_code == 200
	assert taxpayer.enrol("123345").status_code == 200, "the sandbox's OTP may be used again"


def test_otp_is_spent_by_one_certificate(simulator: Simulator) -> None:
	otp = simulator.issue_otp(SIMULATION)
	taxpayer = Taxpayer(simulator.base_url)
	assert taxpayer.enrol(otp).status_code == 200
	assert error_of(taxpayer.enrol(otp))["code"] == "Invalid-OTP"
	assert error_of(taxpayer.enrol("123345"))["code"] == "Invalid-OTP", "the sandbox's OTP is no OTP here"


def test_otp_lives_one_hour(simulator: Simulator) -> None:
	early, late = simulator.issue_otp(SIMULATION), simulator.issue_otp(SIMULATION)
	taxpayer = Taxpayer(simulator.base_url, clock=simulator.clock)
	simulator.settings.advance_clock(3590)
	assert taxpayer.enrol(early).status_code == 200
	simulator.settings.advance_clock(10)
	assert "expired" in error_of(taxpayer.enrol(late))["message"]


def test_otp_belongs_to_environment_and_taxpayer(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url)
	for otp in (
		simulator.issue_otp(Environment.PRODUCTION),
		simulator.issue_otp(SIMULATION, "399999999900003"),
	):
		assert error_of(taxpayer.enrol(otp))["code"] == "Invalid-OTP"
	assert taxpayer.enrol(simulator.issue_otp(SIMULATION, taxpayer.vat_number)).status_code == 200


def test_refused_csr_does_not_spend_the_otp(simulator: Simulator) -> None:
	otp = simulator.issue_otp(SIMULATION)
	taxpayer = Taxpayer(simulator.base_url)
	answer = taxpayer.call("POST", "compliance", {"csr": "AAAA"}, headers={"OTP": otp})
	assert error_of(answer)["code"] == "Invalid-CSR"
	assert taxpayer.enrol(otp).status_code == 200


# --- CSR --------------------------------------------------------------------------------------------------------------
WRONG_CSRS: list[tuple[dict[str, Any], str]] = [
	({"template": "ZATCA-Code-Signing"}, "template"),
	({"vat_number": "31012239350000"}, "15 digits"),
	({"vat_number": "210122393500003"}, "15 digits"),
	({"vat_number": "310122393510003"}, "TIN"),
	({"unit_serial": "Bayan|Core|1"}, "serial"),
	({"invoice_map": "0011"}, "map"),
	({"invoice_map": "11"}, "map"),
	({"subject": {NameOID.COUNTRY_NAME: "AE"}}, "country"),
	({"subject": {NameOID.ORGANIZATIONAL_UNIT_NAME: " "}}, "branch"),
	({"subject": {NameOID.ORGANIZATION_NAME: "ش" * 65}}, "longer"),
	({"leave_out": (NameOID.ORGANIZATION_NAME,)}, "taxpayer"),
	({"leave_out": (NameOID.BUSINESS_CATEGORY,)}, "business category"),
	({"leave_out": (x509.ObjectIdentifier("2.5.4.26"),)}, "address"),
]


@pytest.mark.parametrize(("change", "word"), WRONG_CSRS, ids=[word for _, word in WRONG_CSRS])
def test_wrong_csr_is_refused(simulator: Simulator, change: dict[str, Any], word: str) -> None:
	taxpayer = Taxpayer(simulator.base_url)
	otp = simulator.issue_otp(SIMULATION)
	answer = taxpayer.call("POST", "compliance", {"csr": taxpayer.csr(**change)}, headers={"OTP": otp})
	assert error_of(answer)["code"] == "Invalid-CSR"
	assert word in error_of(answer)["message"]


def test_address_and_business_category_are_free_text(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url)
	request = CsrRequest(
		common_name="EGS-1",
		serial_number="1-Bayan|2-Core|3-1",
		organization_identifier=taxpayer.vat_number,
		organization_unit="فرع الرياض",
		organization_name="ش" * 64,
		location="طريق الملك فهد، " * 10 + "الرياض",
		industry="تجارة التجزئة والجملة " * 8 + "وغيرها",
	)
	pem = build_csr(request, generate_key(), SIMULATION)
	body = {"csr": base64.b64encode(pem).decode()}
	answer = taxpayer.call("POST", "compliance", body, headers={"OTP": simulator.issue_otp(SIMULATION)})
	assert answer.status_code == 200, answer.text


def test_csr_on_another_curve_or_altered_is_refused(simulator: Simulator) -> None:
	otp = simulator.issue_otp(SIMULATION)
	taxpayer = Taxpayer(simulator.base_url)
	other_curve = make_csr(ec.generate_private_key(ec.SECP256R1()))
	der = bytearray(x509.load_pem_x509_csr(make_csr(taxpayer.key)).public_bytes(Encoding.DER))
	der[der.index(b"Riyadh")] ^= 0x20
	altered = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
	for csr, word in ((other_curve, "secp256k1"), (altered, "signed")):
		body = {"csr": base64.b64encode(csr).decode()}
		answer = taxpayer.call("POST", "compliance", body, headers={"OTP": otp})
		assert word in error_of(answer)["message"]


def test_a_damaged_csr_is_always_refused_in_words() -> None:
	der = x509.load_pem_x509_csr(make_csr(ec.generate_private_key(ec.SECP256K1()))).public_bytes(Encoding.DER)
	chance = random.Random(6)
	for _ in range(400):
		damaged = bytearray(der)
		place = chance.randrange(len(damaged))
		damaged[place] ^= chance.randrange(1, 256)
		armoured = b"-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n"
		text = base64.b64encode(armoured % base64.encodebytes(bytes(damaged))).decode()
		with pytest.raises(InvalidInput):
			signing_request.read(text, SIMULATION)


def test_certificate_copies_the_csr(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url, invoice_map="0100")
	assert taxpayer.enrol(simulator.issue_otp(SIMULATION)).status_code == 200
	certificate = Certificate.from_token(taxpayer.ccsid["binarySecurityToken"])
	assert certificate.issuer_name == "CN=eInvoicing"
	assert (certificate.vat_number, certificate.permissions) == (taxpayer.vat_number, "0100")
	assert certificate.egs_serial == taxpayer.unit_serial
	assert (certificate.organization, certificate.common_name) == ("شركة البيان", "TST-1")
	assert certificate.template_name == "PREZATCA-Code-Signing"
	assert 1824 <= (certificate.not_after - certificate.not_before).days <= 1826
	for flags, code in SIX[3:]:
		assert taxpayer.check(flags, code).status_code == 200
	assert taxpayer.graduate().status_code == 200
	production = Certificate.from_token(taxpayer.pcsid["binarySecurityToken"])
	assert production.issuer_name == "CN=PEZEINVOICESCA4-CA, DC=extgazt, DC=gov, DC=local"
	assert production.public_key_der == certificate.public_key_der
	assert simulator.authority.issued(production.der) and production.serial != certificate.serial


# --- compliance steps -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("invoice_map", "wanted"), [("1100", SIX), ("1000", SIX[:3]), ("0100", SIX[3:])])
def test_every_step_of_the_map_is_owed(
	simulator: Simulator, invoice_map: str, wanted: list[tuple[str, str]]
) -> None:
	taxpayer = Taxpayer(simulator.base_url, invoice_map=invoice_map)
	taxpayer.enrol(simulator.issue_otp(SIMULATION))
	owed = len(wanted)
	for flags, code in wanted:
		refused = error_of(taxpayer.graduate())
		assert refused["code"] == "Missing-ComplianceSteps"
		assert refused["message"].count("-compliant") == owed
		assert taxpayer.check(flags, code).status_code == 200
		owed -= 1
	assert taxpayer.graduate().status_code == 200


def test_failed_check_is_no_step(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url)
	taxpayer.enrol(simulator.issue_otp(SIMULATION))
	xml = taxpayer.document("0200000", "381", icv=1, pih=taxpayer.pih, reason="")
	body = taxpayer.request_of(taxpayer.stamped(xml, taxpayer.ccsid))
	answer = taxpayer.call("POST", "compliance/invoices", body, csid=taxpayer.ccsid)
	assert answer.status_code == 400
	assert [m["code"] for m in answer.json()["validationResults"]["errorMessages"]] == ["BR-KSA-17"]
	assert answer.json()["reportingStatus"] == "NOT_REPORTED"
	assert "simplified-credit-note-compliant" in error_of(taxpayer.graduate())["message"]


def test_check_outside_the_map_is_refused(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url, invoice_map="0100")
	taxpayer.enrol(simulator.issue_otp(SIMULATION))
	answer = taxpayer.check("0100000", "388")
	assert [m["code"] for m in answer.json()["validationResults"]["errorMessages"]] == [
		"certificate-permissions"
	]


def test_sandbox_gives_the_production_csid_away(simulator: Simulator) -> None:
	taxpayer = Taxpayer(simulator.base_url, "developer-portal")
	taxpayer.enrol("123345")
	assert taxpayer.graduate().status_code == 200


def test_sandbox_can_hand_out_its_dummy(simulator: Simulator) -> None:
	simulator.settings.turn("dummy_production_csid", True)
	taxpayer = Taxpayer(simulator.base_url, "developer-portal", vat_number="399999999900003")
	taxpayer.onboard("123345")
	dummy = Certificate.from_token(taxpayer.pcsid["binarySecurityToken"])
	own = Certificate.from_token(taxpayer.ccsid["binarySecurityToken"])
	assert dummy.organization == "Maximum Speed Tech Supply LTD"
	assert dummy.public_key_der != own.public_key_der
	xml = taxpayer.document("0200000", "388", icv=1, pih=taxpayer.pih)
	answer = taxpayer.send("reporting", taxpayer.stamped(xml, taxpayer.ccsid))
	assert answer.status_code == 202
	(warning,) = answer.json()["validationResults"]["warningMessages"]
	assert warning["code"] == "invalid-signing-certificate"
	elsewhere = Taxpayer(simulator.base_url)
	elsewhere.onboard(simulator.issue_otp(SIMULATION))
	assert Certificate.from_token(elsewhere.pcsid["binarySecurityToken"]).vat_number == elsewhere.vat_number


def test_request_id_must_be_the_callers(simulator: Simulator) -> None:
	first, second = (Taxpayer(simulator.base_url, "developer-portal") for _ in range(2))
	first.enrol("123345")
	second.enrol("123345")
	body = {"compliance_request_id": str(first.ccsid["requestID"])}
	answer = second.call("POST", "production/csids", body, csid=second.ccsid)
	assert error_of(answer)["code"] == "Invalid-ComplianceRequestId"
	answer = second.call("POST", "production/csids", {}, csid=second.ccsid)
	assert error_of(answer)["code"] == "Missing-ComplianceRequestId"


# --- renewal ----------------------------------------------------------------------------------------------------------
def renew(taxpayer: Taxpayer, otp: str) -> Any:
	return taxpayer.call(
		"PATCH", "production/csids", {"csr": taxpayer.csr()}, csid=taxpayer.pcsid, headers={"OTP": otp}
	)


def test_renewal_by_the_428_path(simulator: Simulator, onboarded: Taxpayer) -> None:
	assert onboarded.send("reporting", onboarded.next()).status_code == 200
	old = onboarded.pcsid
	onboarded.key = ec.generate_private_key(ec.SECP256K1())
	answer = renew(onboarded, simulator.issue_otp(SIMULATION))
	assert answer.status_code == 428
	onboarded.ccsid = answer.json()
	assert onboarded.ccsid["dispositionMessage"] == "NOT_COMPLIANT"
	assert error_of(onboarded.graduate())["code"] == "Missing-ComplianceSteps"
	for flags, code in SIX:
		assert onboarded.check(flags, code).status_code == 200
	assert onboarded.graduate().status_code == 200
	assert onboarded.pcsid["binarySecurityToken"] != old["binarySecurityToken"]
	assert onboarded.send("reporting", onboarded.next()).status_code == 200
	(chain,) = simulator.submissions.chains()
	assert chain["in_order"] and chain["last_icv"] == 2, "a renewed device goes on with its chain"


def test_renewal_at_once(simulator: Simulator, onboarded: Taxpayer) -> None:
	simulator.settings.turn("renewal_needs_checks", False, SIMULATION)
	assert error_of(renew(onboarded, ""))["code"] == "Missing-OTP"
	answer = renew(onboarded, simulator.issue_otp(SIMULATION))
	assert answer.status_code == 200
	onboarded.pcsid = answer.json()
	assert onboarded.send("reporting", onboarded.next()).status_code == 200


def test_renewal_of_another_taxpayer_is_refused(simulator: Simulator, onboarded: Taxpayer) -> None:
	onboarded.vat_number = "399999999900003"
	assert error_of(renew(onboarded, simulator.issue_otp(SIMULATION)))["code"] == "Invalid-CSR"


# --- credentials ------------------------------------------------------------------------------------------------------
def test_only_exact_credentials_pass(simulator: Simulator, onboarded: Taxpayer, sample: Sample) -> None:
	signed = onboarded.next()
	good = dict(onboarded.pcsid)
	token, secret = good["binarySecurityToken"], good["secret"]
	wrong = [
		{"binarySecurityToken": token, "secret": secret[:-1]},
		{"binarySecurityToken": base64.b64decode(token).decode(), "secret": secret},
		{"binarySecurityToken": base64.b64encode(token.encode()).decode(), "secret": secret},
		onboarded.ccsid,
		None,
	]
	for credentials in wrong:
		answer = onboarded.call(
			"POST",
			"invoices/reporting/single",
			onboarded.request_of(signed),
			csid=credentials,
			headers={"Clearance-Status": "0"},
		)
		assert answer.status_code == 401
		assert {k: type(v) for k, v in answer.json().items()} == {
			k: type(v) for k, v in sample("any-401").items()
		}
	onboarded.environment = "core"
	assert onboarded.send("reporting", signed).status_code == 401, "a CSID belongs to one environment"
	assert not simulator.submissions.listing(endpoint="reporting"), "nothing of it is recorded"


def test_revoked_and_expired_csids_are_unauthorised(simulator: Simulator, onboarded: Taxpayer) -> None:
	signed = onboarded.next()
	simulator.settings.advance_clock(1830 * 86400)
	assert onboarded.send("reporting", signed).status_code == 401
	simulator.settings.advance_clock(-1830 * 86400)
	assert onboarded.send("reporting", signed).status_code == 200
	assert simulator.identities.revoke(onboarded.pcsid["requestID"])
	assert not simulator.identities.revoke(onboarded.pcsid["requestID"])
	assert onboarded.send("reporting", onboarded.next()).status_code == 401
