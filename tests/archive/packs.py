"""A small company with two devices, a trail and its pack: stamped, chained and complete, for tests and proofs."""

from __future__ import annotations

import io
import sys
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crypto"))

import documents
import taxpayer_ca

from bayancore_erp.archive.core import trail, verify_pack
from bayancore_erp.archive.core.pack import ChainRow, EvidenceRow, PackDocument, Seal, write_pack
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key
from bayancore_erp.zatca.core.crypto.stamp import stamp

VAT = "399999999900003"
FIRST, LAST = date(2026, 3, 1), date(2026, 4, 30)
MADE = datetime(2026, 5, 2, 9, 0, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Company:
	"""What a pack is made of."""

	documents: tuple[PackDocument, ...]
	chain: tuple[ChainRow, ...]
	trail: tuple[str, ...]
	records: tuple[EvidenceRow, ...]


@cache
def key() -> PrivateKey:
	return generate_key()


def subtotal(taxable: str, tax: str, category: str, percent: str) -> str:
	return (
		f'<cac:TaxSubtotal><cbc:TaxableAmount currencyID="SAR">{taxable}</cbc:TaxableAmount>'
		f'<cbc:TaxAmount currencyID="SAR">{tax}</cbc:TaxAmount><cac:TaxCategory><cbc:ID>{category}</cbc:ID>'
		f"<cbc:Percent>{percent}</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>"
	)


def unsigned(
	number: int, icv: int, pih: str, issued: date, kind: str = "388", advance: bool = False
) -> bytes:
	"""The tests' small invoice with its place in the chain, its taxes, and perhaps an advance that it deducts."""
	xml = documents.invoice().decode()
	one = '<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount></cac:TaxTotal>'
	taxes = subtotal("100.00", "15.00", "S", "15.00") + subtotal("40.00", "0.00", "Z", "0.00")
	line = (
		"<cac:InvoiceLine><cbc:ID>9</cbc:ID><cac:DocumentReference><cbc:DocumentTypeCode>386</cbc:DocumentTypeCode>"
		"</cac:DocumentReference><cac:TaxTotal>" + subtotal("20.00", "3.00", "S", "15") + "</cac:TaxTotal>"
		"</cac:InvoiceLine></Invoice>"
	)
	for old, new in (
		("<cbc:ID>T-1</cbc:ID>", f"<cbc:ID>T-{number}</cbc:ID>"),
		("8e6000cf-1a98-4174-b3e7-b5d5954bc10d", str(uuid.UUID(int=number))),
		("<cbc:IssueDate>2026-03-01<", f"<cbc:IssueDate>{issued}<"),
		("<cbc:UUID>1</cbc:UUID>", f"<cbc:UUID>{icv}</cbc:UUID>"),
		(">AAAA<", f">{pih}<"),
		(">388<", f">{kind}<"),
		(
			one,
			one
			+ f'<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount>{taxes}</cac:TaxTotal>',
		),
		("</Invoice>", line if advance else "</Invoice>"),
	):
		assert old in xml
		xml = xml.replace(old, new)
	return xml.encode()


def company(count: int = 6) -> Company:
	"""`count` documents on each of two devices; the third of each was rejected and keeps its place."""
	certificate = taxpayer_ca.issue(key())
	papers, rows, records = [], [], []
	lines: list[str] = []
	last: trail.Record | None = None
	for device in ("EGS-1", "EGS-2"):
		place = START
		for n in range(count):
			number = len(rows) + 1
			issued = date(2026, 3 + n * 2 // count, 1 + n % 28)
			kind = "381" if n % 4 == 1 else "388"
			plain = unsigned(number, place.icv, place.pih, issued, kind, advance=n % 5 == 4)
			stamped = stamp(plain, key(), certificate, signing_time=taxpayer_ca.SIGNING_TIME)
			accepted = n != 2
			name = str(uuid.UUID(int=number))
			rows.append(ChainRow(device, place.icv, name, stamped.invoice_hash, place.pih, accepted, issued))
			if accepted:
				papers.append(
					PackDocument(
						device, stamped.xml, b"%PDF- " + name.encode(), b'{"r":1}', (b'{"ok":true}',)
					)
				)
			evidence = EvidenceRow(f"ZATCA Document {name}", {"name": name, "icv": str(place.icv)})
			digest = verify_pack.row_digest(evidence.columns)
			for event in (
				trail.Event.now(MADE, "accountant", "Submitted", f"Sales Invoice T-{number}", stamped.xml),
				trail.Event(
					MADE.isoformat(timespec="milliseconds"), "accountant", "Signed", evidence.subject, digest
				),
			):
				last = trail.chain(event, last)
				lines.append(last.as_line())
			records.append(evidence)
			place = place.after(stamped.invoice_hash)
	return Company(tuple(papers), tuple(rows), tuple(lines), tuple(records))


def write(of: Company, out: io.BytesIO | None = None, **changes: object) -> tuple[bytes, Seal]:
	"""The pack's bytes and its seal."""
	out = out or io.BytesIO()
	values: dict[str, object] = {
		"vat_numbers": [VAT],
		"start": FIRST,
		"end": LAST,
		"made": MADE,
		"documents": of.documents,
		"chain": of.chain,
		"trail": of.trail,
		"site": of.trail[:7],
		"records": of.records,
		**changes,
	}
	seal = write_pack(out, **values)  # type: ignore[arg-type]
	return out.getvalue(), seal


Members = list[tuple[str, bytes]]


def members(pack: bytes) -> Members:
	with zipfile.ZipFile(io.BytesIO(pack)) as archive:
		return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


def rezip(of: Members, *, remanifest: bool = False) -> bytes:
	"""A zip of these members; with `remanifest`, a forger's own manifest over them."""
	import hashlib

	if remanifest:
		of = [(n, c) for n, c in of if n != verify_pack.MANIFEST]
		lines = [
			verify_pack.canonical({"name": n, "size": len(c), "sha256": hashlib.sha256(c).hexdigest()})
			for n, c in of
		]
		of = [*of, (verify_pack.MANIFEST, "".join(line + "\n" for line in lines).encode())]
	out = io.BytesIO()
	with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		for name, content in of:
			archive.writestr(zipfile.ZipInfo(name), content)
	return out.getvalue()


def problems(pack: bytes, folder: Path, **options: str) -> list[verify_pack.Problem]:
	path = folder / "pack.zip"
	path.write_bytes(pack)
	return list(verify_pack.verify(str(path), **options))


Change = Callable[[bytes], bytes]
