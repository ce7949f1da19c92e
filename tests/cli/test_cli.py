"""The command line: every verb does its job, and bad input gets one clear paragraph and exit status 2."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from bayancore_erp.zatca.cli import main
from bayancore_erp.zatca.cli.bench import sample_invoice, throwaway_identity, whole
from bayancore_erp.zatca.cli.demo_documents import scenes
from bayancore_erp.zatca.core.pipeline import RIYADH
from bayancore_erp.zatca.core.schema import to_json

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """csr.common.name=BAYAN-EGS-1
csr.serial.number=1-Bayancore|2-ERPNext|3-8d487816-70b8-4ade-a618-9d620b73814a
csr.organization.identifier=399999999900003
csr.organization.unit.name=Riyadh Branch
csr.organization.name=Bayan Trading
csr.country.name=SA
csr.invoice.type=1100
csr.location.address=RRRD2929
csr.industry.business.category=Trading
"""


@pytest.fixture
def invoice_file(tmp_path: Path) -> Path:
	"""A valid standard invoice as JSON."""
	path = tmp_path / "invoice.json"
	path.write_text(json.dumps(to_json(next(scenes(datetime.now(RIYADH))).invoice)), encoding="utf-8")
	return path


@pytest.fixture
def stamped_file(tmp_path: Path) -> Path:
	"""A stamped document."""
	path = tmp_path / "stamped.xml"
	path.write_bytes(whole(sample_invoice(2), throwaway_identity()).xml)
	return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
	"""Exit status, standard output, standard error."""
	status = main([str(a) for a in arguments])
	captured = capsys.readouterr()
	return status, captured.out, captured.err


def test_schema_is_published(capsys: pytest.CaptureFixture[str]) -> None:
	status, out, _ = run(capsys, "schema")
	assert status == 0
	assert "seller" in json.loads(out)["properties"]


def test_build_then_validate(capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path) -> None:
	xml = tmp_path / "built.xml"
	status, out, err = run(capsys, "build", invoice_file, "-o", xml, "--json")
	assert (status, err) == (0, "")
	assert json.loads(out)["totals"]["tax_exclusive"] == "9265.00"
	assert b"<cbc:ID>SINV-2026-00101</cbc:ID>" in xml.read_bytes()
	assert run(capsys, "validate", "--strict", invoice_file)[0] == 0


def test_build_names_what_is_missing(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path
) -> None:
	data = json.loads(invoice_file.read_text())
	del data["buyer"]["address"]["building_number"]
	invoice_file.write_text(json.dumps(data))
	status, _, err = run(capsys, "build", invoice_file, "-o", tmp_path / "x.xml")
	assert status == 0, "a warning does not stop the building"
	assert "building number" in err and "buyer.address" in err
	assert run(capsys, "validate", "--strict", invoice_file)[0] == 1


def test_csr_sign_verify_hash_qr(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path
) -> None:
	config, key, csr = tmp_path / "device.properties", tmp_path / "key.pem", tmp_path / "request.pem"
	config.write_text(CONFIG)
	assert run(capsys, "csr", config, "--environment", "simulation", "--key", key, "-o", csr)[0] == 0
	assert stat.S_IMODE(key.stat().st_mode) == 0o600
	before = key.read_bytes()
	assert run(capsys, "csr", config, "--environment", "simulation", "--key", key, "-o", csr)[0] == 0
	assert key.read_bytes() == before, "an existing key is used, never replaced"

	identity = throwaway_identity()
	own_key, certificate = tmp_path / "own.pem", tmp_path / "certificate.txt"
	own_key.write_bytes(identity.key.to_pem())
	certificate.write_text(identity.certificate.text)
	unsigned, signed = tmp_path / "unsigned.xml", tmp_path / "signed.xml"
	run(capsys, "build", invoice_file, "-o", unsigned)
	status, out, err = run(
		capsys, "sign", unsigned, "--key", own_key, "--certificate", certificate, "-o", signed, "--json"
	)
	assert status == 0, err
	stamp = json.loads(out)
	assert run(capsys, "verify", signed)[0] == 0
	assert run(capsys, "hash", signed)[1].strip() == stamp["invoice_hash"]
	assert run(capsys, "hash", unsigned)[1].strip() == stamp["invoice_hash"]
	assert json.loads(run(capsys, "qr", signed, "--json")[1])["qr"] == stamp["qr"]
	assert "399999999900003" in run(capsys, "qr", stamp["qr"], "--png", tmp_path / "q.png")[1]
	assert (tmp_path / "q.png").read_bytes().startswith(b"\x89PNG")

	status, _, err = run(
		capsys, "sign", unsigned, "--key", key, "--certificate", certificate, "-o", tmp_path / "no.xml"
	)
	assert status == 2 and "does not belong" in err
	assert not (tmp_path / "no.xml").exists()


def test_verify_finds_a_changed_amount(capsys: pytest.CaptureFixture[str], stamped_file: Path) -> None:
	assert run(capsys, "verify", stamped_file)[0] == 0
	stamped_file.write_bytes(stamped_file.read_bytes().replace(b">11.01<", b">11.02<", 1))
	status, out, _ = run(capsys, "verify", stamped_file)
	assert status == 1 and "hash" in out.lower()


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
	status, out, _ = run(capsys, "explain", "BR-KSA-17", "--json")
	assert status == 0
	assert json.loads(out)["BR-KSA-17"]["ar"]
	assert run(capsys, "explain", "NO-SUCH-CODE")[0] == 1


def test_a_terminal_without_arabic_is_spoken_to_all_the_same(tmp_path: Path) -> None:
	odd = tmp_path / "odd.json"
	odd.write_text('{"\\ud800": 1}')
	for arguments, status in ((("explain", "BR-KSA-63"), 0), (("build", odd, "--json"), 2)):
		command = [sys.executable, "-m", "bayancore_erp.zatca.cli", *map(str, arguments)]
		environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
		ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True)
		assert ended.returncode == status and b"Traceback" not in ended.stderr, ended.stderr
		assert ended.stdout.decode("utf-8")


def test_bench_prints_ratios(capsys: pytest.CaptureFixture[str]) -> None:
	status, out, _ = run(capsys, "bench", "--lines", "1", "--seconds", "0", "--json")
	assert status == 0
	assert "whole / floor" in json.loads(out)["1"]["ratios"]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Invoice>&c;</Invoice>"""
BAD_XML = {
	"not xml": b"hello",
	"empty": b"",
	"truncated": b"<Invoice><cbc:ID>",
	"binary": bytes(range(256)) * 4,
	"entities": BOMB,
	"deep": b"<a>" * 100_000 + b"</a>" * 100_000,
	"external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
	"control characters": b"<Invoice>\x01</Invoice>",
	"not utf-8": b"<Invoice>\xff\xfe</Invoice>",
}


@pytest.mark.parametrize("verb", ["hash", "verify", "validate", "qr"])
@pytest.mark.parametrize("case", BAD_XML)
def test_bad_xml_is_told_plainly(
	capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str, case: str
) -> None:
	path = tmp_path / "bad.xml"
	path.write_bytes(BAD_XML[case])
	status, out, err = run(capsys, verb, path)
	assert status in (1, 2)
	said = out + err
	assert said.strip() and "Traceback" not in said and "root:" not in said


BAD_JSON = {
	"not json": "{",
	"list": "[]",
	"number": "1",
	"float amount": '{"lines": [{"name": {"ar": "س"}, "quantity": 1.5, "unit_price": "1"}]}',
	"nan": '{"lines": [{"quantity": NaN}]}',
	"deep": "[" * 100_000,
	"deep objects": '{"a":' * 50_000,
	"unknown key": '{"numbr": "1"}',
	"duplicate key": '{"number": "1", "number": "2"}',
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json_is_told_plainly(capsys: pytest.CaptureFixture[str], tmp_path: Path, case: str) -> None:
	path = tmp_path / "bad.json"
	path.write_text(BAD_JSON[case])
	status, _, err = run(capsys, "build", path, "-o", tmp_path / "out.xml")
	assert status == 2
	assert "Traceback" not in err and err.strip()
	assert not (tmp_path / "out.xml").exists()


@pytest.mark.parametrize("quantity", ["-1", "NaN", "-0.00", "1e400", "Infinity", "one", ""])
def test_bad_quantities_are_told_plainly(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path, quantity: str
) -> None:
	data = json.loads(invoice_file.read_text())
	data["lines"][1]["quantity"] = quantity
	invoice_file.write_text(json.dumps(data))
	status, _, err = run(capsys, "build", invoice_file, "-o", tmp_path / "out.xml")
	assert status == 2
	assert "lines[1].quantity" in err


def test_missing_file_and_full_disk(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path
) -> None:
	status, _, err = run(capsys, "hash", tmp_path / "none.xml")
	assert status == 2 and "none.xml" in err
	if os.path.exists("/dev/full"):
		program = [sys.executable, "-m", "bayancore_erp.zatca.cli", "build", str(invoice_file)]
		with open("/dev/full", "wb") as full:
			answer = subprocess.run(
				program, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False
			)
		assert answer.returncode == 2
		assert "No space left" in answer.stderr and "Traceback" not in answer.stderr


def test_failed_write_leaves_the_old_file(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
	target = tmp_path / "kept.xml"
	target.write_text("old")

	def full(_: int) -> None:
		raise OSError(28, "No space left on device")

	monkeypatch.setattr(os, "fsync", full)
	status, _, err = run(capsys, "build", invoice_file, "-o", target)
	assert status == 2 and "No space left" in err
	assert target.read_text() == "old"
	assert sorted(p.name for p in tmp_path.iterdir()) == ["invoice.json", "kept.xml"]


def test_standard_input(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
	class Standard:
		buffer = io.BytesIO(invoice_file.read_bytes())

	monkeypatch.setattr(sys, "stdin", Standard)
	assert main(["validate", "-"]) == 0


@pytest.mark.parametrize(
	"verb",
	[
		"",
		"demo",
		"build",
		"sign",
		"hash",
		"qr",
		"verify",
		"validate",
		"csr",
		"explain",
		"simulator",
		"bench",
		"schema",
	],
)
def test_every_verb_has_help(capsys: pytest.CaptureFixture[str], verb: str) -> None:
	with pytest.raises(SystemExit) as stop:
		main([*([verb] if verb else []), "--help"])
	assert stop.value.code == 0
	assert "usage: bayancore-zatca" in capsys.readouterr().out


def test_wrong_usage_is_two(capsys: pytest.CaptureFixture[str]) -> None:
	with pytest.raises(SystemExit) as stop:
		main(["no-such-verb"])
	assert stop.value.code == 2


BOM = b"\xef\xbb\xbf"


def test_a_byte_order_mark_hides_nothing(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, stamped_file: Path
) -> None:
	"""Windows editors write one; `validate` took such JSON for XML, and `qr` such XML for a QR."""
	invoice_file.write_bytes(BOM + invoice_file.read_bytes())
	assert run(capsys, "validate", "--strict", invoice_file)[0] == 0
	stamped_file.write_bytes(BOM + stamped_file.read_bytes())
	assert "399999999900003" in run(capsys, "qr", stamped_file)[1]


def test_validate_says_why_a_document_cannot_be_read(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, stamped_file: Path
) -> None:
	good = stamped_file.read_bytes()
	stamped_file.write_bytes(good[: len(good) // 2])
	status, out, err = run(capsys, "validate", stamped_file, invoice_file)
	assert status == 2
	assert "breaks off inside an element" in err
	assert f"ok   {invoice_file}" in out, "one unreadable document does not hide the others' reports"
	stamped_file.write_bytes(good.decode().encode("utf-16"))
	status, out, _ = run(capsys, "validate", "--json", stamped_file)
	assert status == 2
	assert json.loads(out)[str(stamped_file)][0]["code"] == "XML-ENCODING"


def test_a_failure_is_json_where_json_was_asked_for(
	capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
	(tmp_path / "bad.json").write_text('{"numbr": "1"}')
	status, out, _ = run(capsys, "build", tmp_path / "bad.json", "--json")
	assert status == 2
	assert {"numbr", "seller"} <= {problem["field"] for problem in json.loads(out)["error"]["problems"]}
	assert (
		"none.xml" in json.loads(run(capsys, "hash", tmp_path / "none.xml", "--json")[1])["error"]["message"]
	)


def test_a_report_is_given_only_for_what_was_written(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path
) -> None:
	status, out, err = run(capsys, "build", invoice_file, "--json", "-o", tmp_path / "no folder" / "x.xml")
	assert status == 2
	assert "totals" not in json.loads(out)
	assert f"{tmp_path / 'no folder' / 'x.xml'}:" in err, "by the name the person gave"


def test_a_pipe_is_written_into_and_a_link_kept(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path
) -> None:
	"""As root, `-o /dev/null` once put a file in the place of the device."""
	pipe, link, target = tmp_path / "pipe", tmp_path / "link.xml", tmp_path / "target.xml"
	os.mkfifo(pipe)
	reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
	assert run(capsys, "build", invoice_file, "-o", pipe)[0] == 0
	assert os.read(reading, 8) == b"<Invoice"
	os.close(reading)
	assert stat.S_ISFIFO(pipe.stat().st_mode)
	link.symlink_to(target)
	assert run(capsys, "build", invoice_file, "-o", link)[0] == 0
	assert link.is_symlink() and target.read_bytes().startswith(b"<Invoice")


def test_full_disk_behind_a_buffered_report(invoice_file: Path) -> None:
	"""What print() still holds is flushed before the exit status is chosen."""
	if not os.path.exists("/dev/full"):
		pytest.skip("this system has no /dev/full")
	program = [sys.executable, "-m", "bayancore_erp.zatca.cli", "validate", str(invoice_file)]
	with open("/dev/full", "wb") as full:
		answer = subprocess.run(
			program, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False
		)
	assert answer.returncode == 2
	assert "No space left" in answer.stderr and "Exception ignored" not in answer.stderr


def test_a_password_file_that_is_no_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
	config, password = tmp_path / "device.properties", tmp_path / "password"
	config.write_text(CONFIG)
	password.write_bytes(b"\xa6\xff")
	key = tmp_path / "key.pem"
	status, _, err = run(
		capsys, "csr", config, "--environment", "sandbox", "--key", key, "--password-file", password
	)
	assert status == 2 and "not UTF-8 text" in err
	assert not key.exists()


def test_codes_are_known_in_small_letters(capsys: pytest.CaptureFixture[str]) -> None:
	assert run(capsys, "explain", "br-ksa-17")[0] == 0


@pytest.mark.parametrize("sizes", ["abc", "0", "1,x", "", "-1", "99999999"])
def test_bench_refuses_sizes_it_cannot_read(capsys: pytest.CaptureFixture[str], sizes: str) -> None:
	status, _, err = run(capsys, "bench", f"--lines={sizes}", "--seconds", "0")
	assert status == 2 and "--lines" in err


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_out_of_range_is_refused(capsys: pytest.CaptureFixture[str], port: str) -> None:
	with pytest.raises(SystemExit) as stop:
		main(["simulator", f"--port={port}"])
	assert stop.value.code == 2
	assert "65535" in capsys.readouterr().err


@pytest.mark.parametrize("pih", ["zzz", "", "aGFzaA==", "مرحبا"])
def test_a_previous_hash_that_is_none_is_refused(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path, pih: str
) -> None:
	status, _, err = run(capsys, "build", invoice_file, f"--pih={pih}", "-o", tmp_path / "x.xml")
	assert status == 2 and "--pih" in err
	assert not (tmp_path / "x.xml").exists()


@pytest.mark.parametrize(("letters", "status"), [(127, 0), (150, 2)])
def test_sign_refuses_a_name_that_the_qr_cannot_hold(
	capsys: pytest.CaptureFixture[str], invoice_file: Path, tmp_path: Path, letters: int, status: int
) -> None:
	data = json.loads(invoice_file.read_text())
	data["seller"]["name"] = "م" * letters
	invoice_file.write_text(json.dumps(data))
	identity, unsigned = throwaway_identity(), tmp_path / "unsigned.xml"
	key, certificate = tmp_path / "own.pem", tmp_path / "certificate.txt"
	key.write_bytes(identity.key.to_pem())
	certificate.write_text(identity.certificate.text)
	run(capsys, "build", invoice_file, "-o", unsigned)
	signed = tmp_path / "signed.xml"
	answer = run(capsys, "sign", unsigned, "--key", key, "--certificate", certificate, "-o", signed)
	assert answer[0] == status
	assert signed.exists() == (status == 0)
	assert status == 0 or "300 bytes" in answer[2]
