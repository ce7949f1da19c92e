"""Certificate requests: equal in content to the SDK's, and every fault told at once."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from cryptography import x509

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr, problems, read_properties
from bayancore_erp.zatca.core.crypto.keys import PrivateKey
from bayancore_erp.zatca.core.errors import InvalidInput

GOOD = CsrRequest(
	common_name="TST-886431145-399999999900003",
	serial_number="1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f",
	organization_identifier="399999999900003",
	organization_unit="فرع الرياض",
	organization_name="شركة توريد التكنولوجيا",
	location="RRRD2929",
	industry="Supply activities",
)


def test_requests_equal_the_independent_makers(sdk: Path, key: PrivateKey) -> None:
	fatoora = pytest.importorskip("fatoora")
	examples = sorted((sdk / "Input").glob("csr-config-example-*.properties"))
	assert len(examples) == 4
	pairs = {
		Environment.SANDBOX: fatoora.Environment.NON_PRODUCTION,
		Environment.SIMULATION: fatoora.Environment.SIMULATION,
		Environment.PRODUCTION: fatoora.Environment.PRODUCTION,
	}
	for example in examples:
		request = read_properties(example.read_text(encoding="utf-8"))
		for environment, theirs in pairs.items():
			properties = fatoora.CsrProperties.parse_csr_config_file(str(example))
			pem = key.to_pem().decode()
			made = x509.load_der_x509_csr(properties.build(fatoora.SigningKey.from_pem(pem), theirs).to_der())
			ours = x509.load_pem_x509_csr(build_csr(request, key, environment))
			# All that is signed, byte for byte: version, subject, public key, extensions and their encodings.
			assert ours.tbs_certrequest_bytes == made.tbs_certrequest_bytes, (example.name, environment)
			assert ours.is_signature_valid


@pytest.mark.parametrize(
	("environment", "der"),
	[
		(Environment.SANDBOX, b"\x0c\x15TSTZATCA-Code-Signing"),
		(Environment.SIMULATION, b"\x0c\x15PREZATCA-Code-Signing"),
		(Environment.PRODUCTION, b"\x0c\x12ZATCA-Code-Signing"),
	],
)
def test_each_gateway_has_its_template(key: PrivateKey, environment: Environment, der: bytes) -> None:
	csr = x509.load_pem_x509_csr(build_csr(GOOD, key, environment))
	template = csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2"))
	assert template.value.public_bytes() == der
	assert [a.rfc4514_attribute_name for a in csr.subject] == ["C", "OU", "O", "CN"]


@pytest.mark.parametrize(
	("change", "wrong"),
	[
		({}, []),
		({"organization_identifier": "399999999910003", "organization_unit": "3999999999"}, []),
		({"organization_identifier": "399999999910003"}, ["organization_unit"]),
		({"organization_identifier": "39999999990000"}, ["organization_identifier"]),
		({"organization_identifier": "199999999900003"}, ["organization_identifier"]),
		({"organization_identifier": "399999999900001"}, ["organization_identifier"]),
		({"organization_identifier": "٣٩٩٩٩٩٩٩٩٩٠٠٠٠٣"}, ["organization_identifier"]),
		({"serial_number": "1-TST|2-TST"}, ["serial_number"]),
		({"serial_number": "1-|2-a|3-b"}, ["serial_number"]),
		({"invoice_type": "0000"}, ["invoice_type"]),
		({"invoice_type": "1111"}, ["invoice_type"]),
		({"invoice_type": "11"}, ["invoice_type"]),
		({"country": "AE"}, ["country"]),
		({"common_name": "x, O=Other"}, ["common_name"]),
		({"organization_name": "a\nb"}, ["organization_name"]),
		({"organization_name": "ش" * 65}, ["organization_name"]),
		({"common_name": "ش" * 32}, []),
		({"common_name": "جهاز الفرع الرئيسي بالرياض المنطقة الوسطى"}, ["common_name"]),
		({"common_name": "x" * 65}, ["common_name"]),
		({"location": "ش" * 250, "industry": "ش" * 250}, []),
		({"location": "ش" * 251}, ["location"]),
		({"location": " Riyadh"}, ["location"]),
		({"industry": ""}, ["industry"]),
		({item.name: "" for item in fields(CsrRequest)}, [item.name for item in fields(CsrRequest)]),
	],
)
def test_all_faults_are_told_at_once(key: PrivateKey, change: dict[str, str], wrong: list[str]) -> None:
	request = replace(GOOD, **change)
	found = problems(request)
	assert [problem.field for problem in found] == wrong
	assert all(problem.en.endswith(".") and problem.ar.endswith(".") for problem in found)
	if wrong:
		with pytest.raises(InvalidInput) as told:
			build_csr(request, key, Environment.SANDBOX)
		assert all(problem.en in told.value.message for problem in found)
	else:
		assert build_csr(request, key, Environment.SANDBOX).startswith(b"-----BEGIN CERTIFICATE REQUEST-----")


def _properties(**changed: str) -> str:
	keys = {
		"csr.common.name": "N",
		"csr.serial.number": "1-a|2-b|3-c",
		"csr.organization.identifier": "399999999900003",
		"csr.organization.unit.name": "U",
		"csr.organization.name": "O",
		"csr.country.name": "SA",
		"csr.invoice.type": "1100",
		"csr.location.address": "L",
		"csr.industry.business.category": "I",
	}
	return "\n".join(f"{key}={value}" for key, value in (keys | changed).items())


def test_java_properties_are_read_with_their_quirks() -> None:
	text = "\ufeff# note\n! note\n\n" + _properties().replace("=N", " : \\u0634\\\n   x").replace(
		"=O", " = a\\=b"
	)
	request = read_properties(text)
	assert request.common_name == "شx"
	assert request.organization_name == "a=b"
	assert request.serial_number == "1-a|2-b|3-c"


def test_the_template_of_the_sdk_is_read_and_found_empty(sdk: Path) -> None:
	request = read_properties((sdk / "Input" / "csr-config-template.properties").read_text(encoding="utf-8"))
	assert len(problems(request)) == 9


@pytest.mark.parametrize(
	("text", "words"),
	[
		(_properties(**{"csr.wrong": "x"}), "unknown keys: csr.wrong"),
		("csr.common.name=x", "lacks: csr.serial.number"),
		("", "lacks"),
		("[section]\nthis is json", "unknown"),
	],
)
def test_other_files_are_refused_in_words(text: str, words: str) -> None:
	with pytest.raises(InvalidInput, match=words):
		read_properties(text)
