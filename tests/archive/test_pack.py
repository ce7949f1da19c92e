"""The auditor's pack: whole when written, verified by a stranger, and hostile zips refused before they are read."""

from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import packs

from bayancore_erp.archive.core import trail, verify_pack
from bayancore_erp.archive.core.pack import ChainRow, EvidenceRow, PackDocument
from bayancore_erp.archive.core.verify_pack import FIXED, MANIFEST, NotAPack
from bayancore_erp.zatca.core.errors import InvalidInput


@pytest.fixture(scope="module")
def company() -> packs.Company:
	return packs.company()


@pytest.fixture(scope="module")
def pack(company: packs.Company) -> bytes:
	return packs.write(company)[0]


def test_a_pack_holds_and_says_what_it_holds(company: packs.Company, tmp_path: Path) -> None:
	pack, seal = packs.write(company)
	head = json.loads(company.trail[4])["hash"]
	assert packs.problems(pack, tmp_path, seal=seal.sha256, head=head) == []
	found = dict(packs.members(pack))
	assert set(FIXED) | {MANIFEST, "chain/EGS-1.jsonl", "chain/EGS-2.jsonl"} <= set(found)
	assert seal.documents == len(company.documents) == 10 and seal.members == len(found)
	assert found["verify_pack.py"] == Path(verify_pack.__file__).read_bytes()
	for document in company.documents:
		assert document.xml in found.values() and document.pdf in found.values()
	with zipfile.ZipFile(io.BytesIO(pack)) as archive:
		assert archive.testzip() is None


def test_a_document_without_its_pdf_is_named(company: packs.Company, tmp_path: Path) -> None:
	without = replace(company.documents[3], pdf=b"")
	pack, _seal = packs.write(company, documents=[*company.documents[:3], without, *company.documents[4:]])
	[problem] = packs.problems(pack, tmp_path)
	assert problem.place.endswith("/invoice.xml") and "has no PDF" in problem.message


def test_totals_by_month_and_category_by_hand(pack: bytes) -> None:
	rows = json.loads(dict(packs.members(pack))["totals.json"])
	# March: documents 1 and 2 of each device (the third was rejected); the second is a credit note. April: 4, 5, 6, of
	# which 6 is a credit note and 5 deducts an advance.
	assert rows == [
		{
			"month": month,
			"currency": "SAR",
			"category": category,
			"percent": percent,
			"taxable": taxable,
			"tax": tax,
			"advances_taxable": advance,
			"advances_tax": advance_tax,
		}
		for month, category, percent, taxable, tax, advance, advance_tax in (
			("2026-03", "S", "15", "0.00", "0.00", "0.00", "0.00"),
			("2026-03", "Z", "0", "0.00", "0.00", "0.00", "0.00"),
			("2026-04", "S", "15", "200.00", "30.00", "40.00", "6.00"),
			("2026-04", "Z", "0", "80.00", "0.00", "0.00", "0.00"),
		)
	]


@pytest.mark.parametrize("how", ["change", "delete", "insert", "reorder", "gone"])
def test_rows_of_evidence_are_held_by_the_trail(pack: bytes, how: str, tmp_path: Path) -> None:
	found = packs.members(pack)
	lines = dict(found)["records.jsonl"].decode().splitlines()
	row = json.loads(lines[3])
	if how in ("change", "gone"):
		row["columns"] = {**row["columns"], "icv": "99"} if how == "change" else {}
		lines[3] = verify_pack.canonical(row)
	elif how == "delete":
		del lines[3]
	elif how == "insert":
		lines.insert(3, lines[0])
	else:
		lines[3], lines[4] = lines[4], lines[3]
	text = "".join(f"{line}\n" for line in lines).encode()
	forged = [(name, text if name == "records.jsonl" else content) for name, content in found]
	said = [str(each) for each in packs.problems(packs.rezip(forged, remanifest=True), tmp_path)]
	assert said and said[0].startswith("records.jsonl line 4:")


def test_a_row_destroyed_after_its_term_is_no_problem(company: packs.Company, tmp_path: Path) -> None:
	last = json.loads(company.trail[-1])
	gone = company.records[2]
	digest = verify_pack.row_digest(gone.columns)
	event = trail.Event(last["at"], "officer", "Destroyed", gone.subject, digest)
	after = trail.Record(last["number"], event, "", last["hash"])
	longer = (*company.trail, trail.chain(event, after).as_line())
	records = [replace(row, columns={}) if row == gone else row for row in company.records]
	pack, _seal = packs.write(company, trail=longer, records=records)
	assert packs.problems(pack, tmp_path) == []
	other = trail.chain(replace(event, digest="0" * 64), after).as_line()
	pack, _seal = packs.write(company, trail=(*company.trail, other), records=records)
	assert "was no longer there" in str(packs.problems(pack, tmp_path)[0])


def destroyed_later(company: packs.Company, **changes: str) -> tuple[list[EvidenceRow], str]:
	"""The pack's rows without one of them, and the trail's record of its end, years behind the pack's excerpt."""
	gone = company.records[2]
	digest = verify_pack.row_digest(gone.columns)
	event = trail.Event("2033-01-02T10:00:00.000+03:00", "officer", "Destroyed", gone.subject, digest)
	after = trail.Record(9000, event, "", "c" * 64)
	records = [replace(row, columns={}) if row == gone else row for row in company.records]
	return records, trail.chain(replace(event, **changes), after).as_line()


def test_a_row_destroyed_long_after_the_period_is_no_problem(company: packs.Company, tmp_path: Path) -> None:
	records, line = destroyed_later(company)
	pack, _seal = packs.write(company, records=records, destroyed=[line])
	assert packs.problems(pack, tmp_path) == []
	pack, _seal = packs.write(company, records=records)
	assert "was no longer there" in str(packs.problems(pack, tmp_path)[0])


@pytest.mark.parametrize(
	("changes", "said"),
	[
		({"digest": "0" * 64}, "no row that is missing"),
		({"subject": "ZATCA Document other"}, "no row that is missing"),
		({"action": "Changed"}, "no later record"),
	],
)
def test_another_record_does_not_stand_for_a_destruction(
	company: packs.Company, changes: dict[str, str], said: str, tmp_path: Path
) -> None:
	records, line = destroyed_later(company, **changes)
	pack, _seal = packs.write(company, records=records, destroyed=[line])
	first, second = (str(each) for each in packs.problems(pack, tmp_path))
	assert said in first and "was no longer there" in second


def test_a_forged_record_of_a_destruction_is_found(company: packs.Company, tmp_path: Path) -> None:
	records, line = destroyed_later(company)
	early = trail.chain(next(iter(trail.read([line]))).event, None).as_line()
	for forged, said in (
		(line.replace("officer", "nobody!"), "was changed"),
		("{}", "cannot be read"),
		(early, "no later record"),
	):
		pack, _seal = packs.write(company, records=records, destroyed=[line])
		of = [
			(name, f"{forged}\n".encode() if name == verify_pack.GONE else content)
			for name, content in packs.members(pack)
		]
		first, second = (str(each) for each in packs.problems(packs.rezip(of, remanifest=True), tmp_path))
		assert said in first and "was no longer there" in second


def older(pack: bytes, **about: object) -> bytes:
	"""The pack as it was written before it had a list of what was destroyed and could state several VAT numbers."""
	of = [(name, content) for name, content in packs.members(pack) if name != verify_pack.GONE]
	says = json.loads(dict(of)["pack.json"])
	[number] = says["vat_numbers"] if "format" in about else says.pop("vat_numbers")
	says |= {"format": "bayancore-pack/2", "vat_number": number, **about}
	text = verify_pack.canonical(says).encode()
	return packs.rezip([(n, text if n == "pack.json" else c) for n, c in of], remanifest=True)


def test_a_pack_of_the_older_format_verifies(pack: bytes, tmp_path: Path) -> None:
	assert packs.problems(older(pack), tmp_path) == []
	with pytest.raises(NotAPack, match=verify_pack.GONE):
		packs.problems(older(pack, format=verify_pack.FORMAT), tmp_path)


@pytest.mark.parametrize("of", ["a period", "an older pack"])
def test_the_seller_is_one_that_the_pack_states(company: packs.Company, of: str, tmp_path: Path) -> None:
	other = "310000000000003"
	pack, _seal = packs.write(company, vat_numbers=[other])
	said = packs.problems(older(pack) if of == "an older pack" else pack, tmp_path)
	assert {each.message for each in said} == {"its seller is another."}
	if of == "a period":
		pack, _seal = packs.write(company, vat_numbers=[other, packs.VAT])
		assert packs.problems(pack, tmp_path) == [], "its number changed in the period"
		assert f"{other}, {packs.VAT}".encode() in dict(packs.members(pack))["README.txt"]


def test_a_stranger_runs_the_verifier_from_the_zip(pack: bytes, tmp_path: Path) -> None:
	path, script = tmp_path / "p.zip", tmp_path / "elsewhere" / "verify_pack.py"
	script.parent.mkdir()
	path.write_bytes(pack)
	script.write_bytes(dict(packs.members(pack))["verify_pack.py"])

	def run(*arguments: str) -> subprocess.CompletedProcess[str]:
		command = [sys.executable, "-I", str(script), *arguments]
		return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=script.parent)

	good = run(str(path))
	assert good.returncode == 0 and "All holds" in good.stdout and good.stderr == ""
	bad = run(str(path), "--seal", "0" * 64)
	assert bad.returncode == 1 and "not the pack that was handed over" in bad.stdout
	path.write_bytes(pack[:200])
	assert run(str(path)).returncode == 2
	assert run(str(tmp_path / "missing.zip")).returncode == 2


def test_changed_content_under_a_forged_manifest_is_found_by_the_stamp(pack: bytes, tmp_path: Path) -> None:
	of = packs.members(pack)
	name, xml = next((n, c) for n, c in of if n.endswith("invoice.xml"))
	forged = [(n, c.replace(b">100.00<", b">900.00<") if n == name else c) for n, c in of]
	found = packs.problems(packs.rezip(forged, remanifest=True), tmp_path)
	assert any(p.place == name and "changed after it was stamped" in p.message for p in found)
	assert any(p.place.startswith("totals.json") for p in found)
	cut = [(n, xml.replace(b"<ext:UBLExtensions>", b"<ext:X>") if n == name else c) for n, c in of]
	assert any(p.place == name for p in packs.problems(packs.rezip(cut, remanifest=True), tmp_path))


def test_removed_document_under_a_forged_index_is_found_by_the_chain(pack: bytes, tmp_path: Path) -> None:
	of = packs.members(pack)
	lines = dict(of)["documents.jsonl"].splitlines(keepends=True)
	gone = json.loads(lines[3])
	forged = []
	for name, content in of:
		if name == "documents.jsonl":
			content = b"".join(lines[:3] + lines[4:])
		if name == "pack.json":
			content = content.replace(b'"documents":10', b'"documents":9')
		if name not in gone["files"]:
			forged.append((name, content))
	found = packs.problems(packs.rezip(forged, remanifest=True), tmp_path)
	assert any(gone["uuid"] in p.message and p.place.startswith("chain/EGS-1.jsonl line") for p in found)


def added(name: str, content: bytes = b"x", **attributes: int) -> bytes:
	out = io.BytesIO()
	with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		for fixed in (*FIXED, MANIFEST):
			archive.writestr(fixed, b"{}")
		entry = zipfile.ZipInfo(name)
		for key, value in attributes.items():
			setattr(entry, key, value)
		archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
	return out.getvalue()


@pytest.mark.parametrize(
	"name",
	[
		"../evil",
		"/etc/passwd",
		"documents/../../x.xml",
		"documents\\x",
		"C:/x",
		"documents/2026-03/a/../../b.xml",
		"x" * 300,
		"documents/2026-03/a/b.xml\n",
		"setup.py",
		"chain/..jsonl/x",
	],
)
def test_names_that_could_leave_the_folder_are_refused(name: str, tmp_path: Path) -> None:
	with pytest.raises(NotAPack, match="no name"):
		packs.problems(added(name), tmp_path)


def test_bombs_links_twins_and_overlaps_are_refused(tmp_path: Path, pack: bytes) -> None:
	inside = "documents/2026-03/a/invoice.xml"
	with pytest.raises(NotAPack, match="too large"):
		packs.problems(added(inside, b"\0" * (65 << 20)), tmp_path)
	with pytest.raises(NotAPack, match="no plain file"):
		packs.problems(added(inside, b"/etc/passwd", external_attr=0o120777 << 16), tmp_path)
	with pytest.warns(UserWarning), pytest.raises(NotAPack, match="twice"):
		packs.problems(added("pack.json"), tmp_path)
	with pytest.raises(NotAPack, match="has no"):
		packs.problems(packs.rezip([(n, c) for n, c in packs.members(pack) if n != "trail.jsonl"]), tmp_path)
	lying = bytearray(added(inside, b"a" * 50))
	at = lying.rindex(b"PK\x01\x02")
	lying[at + 42 : at + 46] = (0).to_bytes(4, "little")
	with pytest.raises(NotAPack, match="overlaps"):
		packs.problems(bytes(lying), tmp_path)
	swelling = bytearray(added(inside, b"a" * 5000))
	at = swelling.rindex(b"PK\x01\x02")
	swelling[at + 24 : at + 28] = (60 << 20).to_bytes(4, "little")
	with pytest.raises(NotAPack, match="swells"):
		packs.problems(bytes(swelling), tmp_path)


@pytest.mark.parametrize("cut", [10, 1000, 5000, -30, -400])
def test_a_torn_zip_is_no_pack(pack: bytes, cut: int, tmp_path: Path) -> None:
	with pytest.raises(NotAPack):
		packs.problems(pack[:cut], tmp_path)


def test_entities_and_strange_amounts_are_no_invoice() -> None:
	with pytest.raises(ValueError, match="document type"):
		verify_pack.read_invoice(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
	with pytest.raises(ValueError, match="number"):
		verify_pack.read_invoice(packs.unsigned(1, 1, "A", packs.FIRST).replace(b">100.00<", b">1e99999<"))
	with pytest.raises(ValueError, match="not well-formed"):
		verify_pack.read_invoice(b"<a")


@pytest.mark.parametrize(
	"member", ["pack.json", "documents.jsonl", "chain/EGS-1.jsonl", "trail.jsonl", "totals.json"]
)
def test_no_value_of_a_strange_kind_breaks_the_verifier(pack: bytes, member: str, tmp_path: Path) -> None:
	of = packs.members(pack)
	first, *rest = dict(of)[member].decode().splitlines()
	data = json.loads(first)
	tried = 0
	for key in data if isinstance(data, dict) else range(2):
		for strange in (None, True, "\x1b[31m", [[]]):
			old, data[key] = data[key], strange
			text = "".join(line + "\n" for line in [verify_pack.canonical(data), *rest]).encode()
			data[key] = old
			altered = packs.rezip([(n, text if n == member else c) for n, c in of], remanifest=True)
			try:
				said = [str(p) for p in packs.problems(altered, tmp_path, seal="0" * 64)]
			except NotAPack:
				continue
			assert said and not any("\x1b" in sentence for sentence in said)
			tried += 1
	assert tried or member == "pack.json"


def test_what_is_no_pack_is_not_written(company: packs.Company) -> None:
	with pytest.raises(InvalidInput, match="already"):
		packs.write(company, documents=[company.documents[0]] * 2)
	with pytest.raises(InvalidInput, match="no document 2"):
		packs.write(company, chain=[company.chain[0], company.chain[2]])
	with pytest.raises(InvalidInput, match="device by device"):
		packs.write(company, chain=[company.chain[0], company.chain[6], company.chain[1]])
	with pytest.raises(InvalidInput, match="plain name"):
		packs.write(company, chain=[replace(company.chain[0], device="../x")])
	with pytest.raises(InvalidInput, match="not a UBL invoice"):
		packs.write(company, documents=[PackDocument("EGS-1", b"<a/>")])
	with pytest.raises(InvalidInput, match="no record"):
		packs.write(company, trail=["{}"])


def test_many_documents_need_no_more_memory_than_few(company: packs.Company) -> None:
	"""Unseekable output, iterators only: neither documents nor zip entries may pile up while they pass."""
	alive: list[int] = []

	class Sink(io.RawIOBase):
		def writable(self) -> bool:
			return True

		def write(self, data: object) -> int:
			return len(data)  # type: ignore[arg-type]

	def documents() -> Iterator[PackDocument]:
		xml = packs.unsigned(1, 1, "A", packs.FIRST)
		for n in range(300):
			yield PackDocument("EGS-1", xml.replace(b"00000000-0000-0000", b"%08d-0000-0000" % n), b"%PDF")
			if n % 100 == 99:
				gc.collect()
				kinds = (zipfile.ZipInfo, PackDocument, ChainRow, verify_pack.Facts)
				alive.append(sum(type(thing) in kinds for thing in gc.get_objects()))

	def chain() -> Iterator[ChainRow]:
		for n in range(300):
			yield ChainRow("EGS-1", n + 1, str(n), "h", "p", True, packs.FIRST)

	packs.write(company, documents=documents(), chain=chain(), out=_Bytes(Sink()))
	assert alive[0] == alive[-1] and len(alive) == 3


class _Bytes(io.BytesIO):
	"""Looks like a buffer to the tests' writer, and passes everything on to a sink that cannot seek."""

	def __init__(self, sink: io.RawIOBase) -> None:
		super().__init__()
		self._sink = sink

	def write(self, data: object) -> int:
		return self._sink.write(data)  # type: ignore[arg-type, return-value]

	def tell(self) -> int:
		raise OSError("a pipe has no place")

	def seekable(self) -> bool:
		return False
