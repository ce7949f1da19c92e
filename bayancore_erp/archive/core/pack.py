"""The auditor's pack: a period's documents with their proofs, written as one zip while they are read.

Takes documents, chain rows and trail lines as iterators; gives a zip that `verify_pack.py` (which lies in it) checks without
us, and its seal, the digest of the manifest, to be handed over by another way. Never holds more than one document: lists and
the zip's directory wait in temporary files, so that 100,000 documents need no more memory than ten.

	README.txt  verify_pack.py  pack.json  documents.jsonl  trail.jsonl  site.jsonl  records.jsonl  destroyed.jsonl  totals.json
	manifest.jsonl
	documents/<year-month>/<UUID>/invoice.xml invoice.pdf request.json answer-1.json …
	chain/<device>.jsonl

Source: issue E, item 5; DESIGN.md, promise 12.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from bayancore_erp.archive.core import trail as audit_trail
from bayancore_erp.archive.core import verify_pack
from bayancore_erp.zatca.core.errors import InvalidInput

_DEVICE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_UUID = re.compile(r"[A-Za-z0-9-]{1,64}")
_README = """Auditor's pack of VAT number {vat}, {start} to {end}.

Verify it:   python verify_pack.py THIS.zip --seal SEAL
It needs Python 3.10 or later with lxml and cryptography, and nothing else: no network, nothing of the company's.
SEAL is the number the company gave you with the pack; without it the pack is checked for agreement with itself.
The verifier can be taken from this zip, or, if you trust it less, from the source of bayancore_erp.
"""


@dataclass(frozen=True, slots=True)
class PackDocument:
	"""One accepted document: the lawful XML (cleared, or as reported), and what goes with it."""

	device: str
	xml: bytes
	pdf: bytes = b""
	request: bytes = b""
	answers: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainRow:
	"""A document's place in its device's chain; rejected ones keep it, and so do those destroyed after their term."""

	device: str
	icv: int
	uuid: str
	hash: str
	pih: str
	accepted: bool
	issued: date
	destroyed: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceRow:
	"""A row of evidence as the database has it: columns as text, without the empty ones; none where it is gone."""

	subject: str
	columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Seal:
	"""What was written. `sha256` is the manifest's digest; give it to the auditor by another way than the pack."""

	sha256: str
	documents: int
	members: int


def write_pack(
	out: IO[bytes],
	*,
	vat_numbers: Sequence[str],
	start: date,
	end: date,
	made: datetime,
	documents: Iterable[PackDocument],
	chain: Iterable[ChainRow],
	trail: Iterable[str],
	site: Iterable[str] = (),
	records: Iterable[EvidenceRow] = (),
	destroyed: Iterable[str] = (),
) -> Seal:
	"""Write the pack of `start` to `end` (both included) to `out`, which need not be seekable.

	`vat_numbers` are the seller's of that time: several where it changed. `chain` comes device by device, each in the counter's
	order, from the first to the last document of the period without a gap. `trail` is a run of the company's trail, `site` one of
	the site's own (logins, settings, roles), and `records` the rows of evidence that `trail` tells of, in its order; they are read
	after it. `destroyed` are lines from behind that run: the trail's records of rows among them that were destroyed since, in its
	order. Raises InvalidInput for a document that is no invoice or has come before, and for chain rows or trail lines out of order;
	then what was written is no pack and must be thrown away.
	"""
	if end < start:
		raise InvalidInput("The period ends before it begins.", field="end")
	with _Writer(out) as writer:
		totals = verify_pack.Totals()
		readme = _README.format(vat=", ".join(vat_numbers), start=start, end=end)
		writer.add("README.txt", readme.encode())
		writer.add("verify_pack.py", Path(verify_pack.__file__).read_bytes())
		count = _write_documents(writer, documents, totals)
		devices = list(_write_chains(writer, chain))
		about = {
			"format": verify_pack.FORMAT,
			"vat_numbers": list(vat_numbers),
			"from": start.isoformat(),
			"to": end.isoformat(),
			"made": made.isoformat(timespec="seconds"),
			"documents": count,
			"devices": devices,
			"trail": _write_trail(writer, "trail.jsonl", trail),
			"site": _write_trail(writer, "site.jsonl", site),
		}
		_write_records(writer, records)
		_write_trail(writer, verify_pack.GONE, destroyed)
		writer.add("totals.json", verify_pack.canonical(totals.rows()).encode())
		writer.add("pack.json", verify_pack.canonical(about).encode())
		return Seal(writer.finish(), count, writer.members)


def _write_documents(writer: _Writer, documents: Iterable[PackDocument], totals: verify_pack.Totals) -> int:
	seen: set[str] = set()
	with tempfile.TemporaryFile() as index:
		for document in documents:
			try:
				facts = verify_pack.read_invoice(document.xml)
				totals.add(facts)
			except ValueError as error:
				raise InvalidInput(f"A document cannot go into the pack: {error}.", field="xml")
			if not _UUID.fullmatch(facts.uuid) or facts.uuid in seen or not facts.icv.isdigit():
				raise InvalidInput(
					"A document has no UUID or counter, or stands in the pack already.", field="uuid"
				)
			seen.add(facts.uuid)
			folder = f"documents/{date.fromisoformat(facts.issued):%Y-%m}/{facts.uuid}"
			parts = [
				("invoice.xml", document.xml),
				("invoice.pdf", document.pdf),
				("request.json", document.request),
			]
			parts += [(f"answer-{n}.json", answer) for n, answer in enumerate(document.answers, 1)]
			files = [f"{folder}/{name}" for name, content in parts if content]
			for name, content in parts:
				if content:
					writer.add(f"{folder}/{name}", content)
			row = {
				"uuid": facts.uuid,
				"device": document.device,
				"number": facts.number,
				"icv": int(facts.icv),
				"issued": facts.issued,
				"type": facts.type_code,
				"hash": facts.hash,
				"files": files,
			}
			_write_line(index, row)
		writer.copy("documents.jsonl", index)
	return len(seen)


def _write_chains(writer: _Writer, chain: Iterable[ChainRow]) -> Iterator[dict[str, Any]]:
	"""What pack.json says of each device, while its rows are written."""
	rows = iter(chain)
	row = next(rows, None)
	done: set[str] = set()
	while row is not None:
		first = last = row
		if not _DEVICE.fullmatch(row.device) or row.device in done:
			raise InvalidInput("Chain rows come device by device, under a plain name.", field="device")
		done.add(row.device)
		with tempfile.TemporaryFile() as lines:
			while row is not None and row.device == first.device:
				if row is not first and row.icv != last.icv + 1:
					raise InvalidInput(
						f"The chain of {row.device} has no document {last.icv + 1}.",
						hint="Verify the chain first: a pack is not made from a broken one.",
						field="icv",
					)
				_write_line(
					lines,
					{
						"icv": row.icv,
						"uuid": row.uuid,
						"hash": row.hash,
						"pih": row.pih,
						"state": verify_pack.STATES[2 if row.destroyed else 0 if row.accepted else 1],
						"issued": row.issued.isoformat(),
					},
				)
				last, row = row, next(rows, None)
			writer.copy(f"chain/{first.device}.jsonl", lines)
		yield {"device": first.device, "from_icv": first.icv, "to_icv": last.icv, "first_pih": first.pih}


def _write_records(writer: _Writer, records: Iterable[EvidenceRow]) -> None:
	with tempfile.TemporaryFile() as lines:
		for row in records:
			_write_line(lines, {"subject": row.subject, "columns": row.columns})
		writer.copy("records.jsonl", lines)


def _write_trail(writer: _Writer, name: str, trail: Iterable[str]) -> dict[str, Any]:
	about: dict[str, Any] = {}
	with tempfile.TemporaryFile() as lines:
		try:
			for record in audit_trail.read(trail):
				about.setdefault("first", record.number)
				about.setdefault("before", record.previous)
				about.update(last=record.number, head=record.hash)
				lines.write(record.as_line().encode() + b"\n")
		except ValueError:
			raise InvalidInput("The audit trail holds a line that is no record.", field="trail")
		writer.copy(name, lines)
	return about


def _write_line(file: IO[bytes], row: dict[str, Any]) -> None:
	file.write(verify_pack.canonical(row).encode() + b"\n")


class _Directory:
	"""The zip's directory in a temporary file, where the library would keep it in memory."""

	def __init__(self) -> None:
		self._file = tempfile.TemporaryFile()
		self._count = 0

	def append(self, entry: zipfile.ZipInfo) -> None:
		pickle.dump(entry, self._file)
		self._count += 1

	def __len__(self) -> int:
		return self._count

	def __iter__(self) -> Iterator[zipfile.ZipInfo]:
		self._file.seek(0)
		for _ in range(self._count):
			yield pickle.load(self._file)  # our own entries of a moment ago

	def close(self) -> None:
		self._file.close()


class _NoNames(dict[str, zipfile.ZipInfo]):
	"""Names are unique by construction; remembering them all is what has to be avoided."""

	def __setitem__(self, name: str, entry: zipfile.ZipInfo) -> None:
		return


class _Writer:
	"""A zip that is written through, with its manifest."""

	def __init__(self, out: IO[bytes]) -> None:
		self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
		self._directory = _Directory()
		self._zip.filelist = self._directory  # type: ignore[assignment]
		self._zip.NameToInfo = _NoNames()
		self._manifest = tempfile.TemporaryFile()
		self.members = 0

	def __enter__(self) -> _Writer:
		return self

	def __exit__(self, kind: object, *_: object) -> None:
		if kind is None:
			self._zip.close()
		self._manifest.close()
		self._directory.close()

	def add(self, name: str, content: bytes) -> None:
		"""A member from memory. A PDF is compressed already."""
		entry = zipfile.ZipInfo(name)
		entry.compress_type = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
		self._zip.writestr(entry, content)
		self._note(name, len(content), hashlib.sha256(content).hexdigest())

	def copy(self, name: str, source: IO[bytes]) -> None:
		"""A member from the beginning of a temporary file."""
		source.seek(0)
		entry = zipfile.ZipInfo(name)
		entry.compress_type = zipfile.ZIP_DEFLATED
		digest, size = hashlib.sha256(), 0
		with self._zip.open(entry, "w", force_zip64=True) as member:
			while chunk := source.read(1 << 20):
				member.write(chunk)
				digest.update(chunk)
				size += len(chunk)
		self._note(name, size, digest.hexdigest())

	def finish(self) -> str:
		"""Write the manifest; gives its digest."""
		self._manifest.seek(0)
		digest = hashlib.sha256()
		while chunk := self._manifest.read(1 << 20):
			digest.update(chunk)
		self.copy(verify_pack.MANIFEST, self._manifest)
		return digest.hexdigest()

	def _note(self, name: str, size: int, sha256: str) -> None:
		self.members += 1
		if name != verify_pack.MANIFEST:
			_write_line(self._manifest, {"name": name, "size": size, "sha256": sha256})
