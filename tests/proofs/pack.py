#!/usr/bin/env python3
"""Proof `pack`: an auditor's pack of many documents needs no more memory than one of few, and a stranger verifies it.

On a private bench: signed documents with a request, an answer and a PDF in the archive each are stored through the system's own
writers (without ERPNext's invoices and without HTTP, which cost minutes and change nothing here; the PDFs are one drawn PDF with
the document's number behind its end), sealed, and written as a pack in a process of its own, of which the peak memory is
taken; the same for a tenth of them. The pack is then verified by the verifier that lies in it, alone; it misses no PDF. Last line is the figure; exit 1 where the pack does not hold or memory grows with the documents. Needs a bench.

	python tests/proofs/pack.py [--documents 3000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import own_bench

DOCUMENTS = 3000
GROWTH = 24
"""Megabytes: the most that ten times as many documents may need beyond the few."""
FIRST = datetime(2026, 1, 1, 9)
ANSWER = json.dumps({"validationResults": {"status": "PASS"}, "reportingStatus": "REPORTED"}).encode()


def store(frappe: Any, numbers: range, invoice: Any, device: str) -> None:
	"""Documents with a request and an answer, as the system writes them."""
	import world

	from bayancore_erp.archive.core.pdf import render
	from bayancore_erp.zatca.adapter.records import append_row, pack_body
	from bayancore_erp.zatca.adapter.signing import sign
	from bayancore_erp.zatca.core.pipeline import RIYADH

	pdf = b""
	for number in numbers:
		# Ten a day, so that a tenth of the documents is a tenth of the days.
		issued = (FIRST + timedelta(days=number // 10)).replace(tzinfo=RIYADH)
		doc = frappe._dict(
			doctype="Sales Invoice", name=f"PROOF-{number:06d}", company=world.COMPANY, customer="X"
		)
		said = replace(invoice, uuid=str(uuid.uuid4()), number=doc.name, issue_date=issued.date())
		document = sign(doc, said, device, issued)
		about = {
			"document": document.name, "invoice_doctype": doc.doctype, "invoice_name": doc.name, "company": doc.company,
			"device": device, "environment": document.environment, "endpoint": "reporting", "number": 1,
		}  # fmt: skip
		request = append_row(
			"ZATCA Attempt", {**about, "row_kind": "Request", "body_sha256": "0" * 64, "body_size": 1}
		)
		append_row(
			"ZATCA Attempt",
			{
				**about,
				"row_kind": "Answer",
				"request": request.name,
				"http_status": 200,
				"outcome": "reported",
				**pack_body(ANSWER),
			},
		)
		pdf = pdf or render(document.xml)
		keep_paper(document, pdf + b"%% " + doc.name.encode() + b"\n")
		if not number % 50:
			frappe.db.commit()
	frappe.db.commit()


def keep_paper(document: Any, pdf: bytes) -> None:
	"""A paper that lies in the archive and nowhere else."""
	from frappe.utils import getdate, now_datetime

	from bayancore_erp.archive.adapter import keeping, papers
	from bayancore_erp.zatca.adapter.records import append_row

	about = {
		"document": document.name,
		"invoice_doctype": document.invoice_doctype,
		"invoice_name": document.invoice_name,
	}
	name = papers.name_of(document, ".pdf")
	keeping.keep(
		document.company, keeping.Item("PDF", pdf, "pdf", name),
		vat_number=document.vat_number, uuid=document.uuid, issued=getdate(document.issued_at), **about,
	)  # fmt: skip
	append_row(
		"Archive Paper",
		{
			**about,
			"company": document.company,
			"file_name": name,
			"sha256": hashlib.sha256(pdf).hexdigest(),
			"size": len(pdf),
			"made_at": now_datetime(),
			"lawful_sha256": hashlib.sha256(document.xml).hexdigest(),
			"layout": "a4",
		},
	)


def write(frappe: Any, days: int, path: str) -> dict[str, Any]:
	"""One pack, with what it cost."""
	import world

	from bayancore_erp.archive.adapter.pack_source import Period
	from bayancore_erp.archive.adapter.packs import make

	began = time.monotonic()
	made = make(Period(world.COMPANY, FIRST.date(), date.fromordinal(FIRST.toordinal() + days)), Path(path))
	return {
		"documents": made.seal.documents, "seal": made.seal.sha256, "size": made.size, "problems": made.problems,
		"seconds": time.monotonic() - began, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
	}  # fmt: skip


def prepare(bench: Any, count: int) -> None:
	"""The world, a device and the documents."""
	import world
	from fatoora import onboard, simulator

	from bayancore_erp.archive.adapter.trail_seal import seal_all
	from bayancore_erp.zatca.adapter.mapper import map_document

	with simulator() as fatoora, world.connected(bench) as frappe:
		device = onboard(frappe, fatoora)
		draft = world.invoice(frappe, world.PERSON, [world.line("خدمة | Service", 2, 100)])
		invoice = map_document(draft, issued_at=FIRST.replace(tzinfo=None).astimezone()).invoice
		frappe.db.commit()
		store(frappe, range(count), invoice, device)
		seal_all(full=True)


def main() -> int:
	"""Outside: build the bench. Inside: store, write, verify."""
	if own_bench.INSIDE not in sys.argv:
		return own_bench.outside(__file__, sys.argv[1:])
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument(own_bench.INSIDE, action="store_true")
	parser.add_argument("--documents", type=int, default=DOCUMENTS)
	options = parser.parse_args()
	bench = own_bench.inside()
	own_bench.apart(lambda: prepare(bench, options.documents))
	with tempfile.TemporaryDirectory() as folder:
		path = Path(folder) / "pack.zip"
		few = own_bench.call(lambda frappe: write(frappe, options.documents // 100, str(path)))
		many = own_bench.call(lambda frappe: write(frappe, options.documents, str(path)))
		with zipfile.ZipFile(path) as pack:
			(Path(folder) / "verify_pack.py").write_bytes(pack.read("verify_pack.py"))
		verifier = subprocess.run(
			[sys.executable, "-I", f"{folder}/verify_pack.py", str(path), "--seal", many["seal"]],
			capture_output=True, text=True, check=False,
		)  # fmt: skip
	print(f"  few: {few}\n  many: {many}\n  {verifier.stdout.strip()}")
	holds = not many["problems"] and verifier.returncode == 0 and many["documents"] >= options.documents
	growth = many["peak"] - few["peak"]
	print(
		f"pack: {many['documents']} documents, {many['size'] / 1e6:.1f} MB in {many['seconds']:.0f} s with its verification;"
		f" peak memory {many['peak']:.0f} MB, {few['peak']:.0f} MB for {few['documents']}; the verifier in it says {verifier.returncode}"
	)
	return 0 if holds and growth <= GROWTH else 1


if __name__ == "__main__":
	sys.exit(main())
