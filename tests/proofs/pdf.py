#!/usr/bin/env python3
"""Proof `pdf`: every print is a sound PDF/A-3b that says what its XML says (issue E item 1).

Over random invoices of the whole model, our own papers, the golden documents and the official samples, on A4 (simplified ones as
receipts too), and over the very files that the demo leaves, stamped and cleared:
the structural checker finds nothing, the embedded bytes equal the XML, the QR scanned from 150 dpi equals the XML's and is at
least 38 mm wide, every amount of the XML is on the A4 paper, the same XML gives the same bytes, and a page costs at most
150 ms of processor time, warm. Where VERAPDF names a veraPDF program, it judges every file as well. Last line is the figure; exit 1 if short.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pdf"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pypdfium2
from conftest import shared_folder
from papers import PAPERS, paper
from random_invoices import random_invoice
from reading import numbers, qr_text, scan, stated, texts

from bayancore_erp.archive.core.pdf import check, extract_xml, render
from bayancore_erp.zatca.cli import main as main_of_cli
from bayancore_erp.zatca.core.schema import from_json

MOST_MS_A_PAGE = 150
LEAST_QR_MM = 38
NOW = datetime(2026, 11, 21, 14, 5)


def documents(count: int, seed: int) -> dict[str, bytes]:
	"""Name -> XML of everything that is to be printed."""
	found = {name: paper(invoice) for name, invoice in PAPERS.items()}
	random = Random(seed)
	for number in range(count):
		found[f"random-{seed}-{number}"] = paper(random_invoice(random, NOW))
	for golden in sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json")):
		found[f"golden-{golden.stem}"] = paper(from_json(golden.read_bytes()))
	shared = shared_folder()
	if shared is not None:
		for sample in sorted((shared / "zatca" / "sdk" / "Data" / "Samples").rglob("*.xml")):
			found[sample.stem] = sample.read_bytes()
	return found


def demo(folder: Path) -> dict[str, tuple[bytes, bytes]]:
	"""Name -> cleared XML and PDF of each document of the demo."""
	with contextlib.redirect_stdout(io.StringIO()):
		if main_of_cli(["demo", "--out", str(folder), "--json"]):
			raise SystemExit("the demo has problems of its own")
	return {
		each.stem: (each.read_bytes(), (folder / "pdf" / f"{each.stem}.pdf").read_bytes())
		for each in sorted((folder / "legal").glob("*.xml"))
	}


def layout_of(pdf: bytes) -> str:
	"""By the width of its page."""
	document = pypdfium2.PdfDocument(pdf)
	try:
		return "receipt" if document[0].get_width() < 300 else "a4"
	finally:
		document.close()


def faults(xml: bytes, pdf: bytes, layout: str) -> list[str]:
	"""What is wrong with this print."""
	wrong = [problem.message for problem in check(pdf)]
	if extract_xml(pdf) != xml:
		wrong.append("the embedded XML differs")
	try:
		text, side = scan(pdf)
	except AssertionError as error:
		wrong.append(str(error))
	else:
		if text != qr_text(xml):
			wrong.append("the QR reads differently")
		if side < LEAST_QR_MM:
			wrong.append(f"the QR is {side:.1f} mm wide")
	if layout == "a4":
		page = numbers(" ".join(texts(pdf)))
		wrong += [f"{path} = {value} is not on the paper" for path, value in stated(xml) if value not in page]
	return wrong


def vera(folder: Path) -> list[str]:
	"""The files that veraPDF does not pass as PDF/A-3b; says so where there is no veraPDF."""
	program = os.environ.get("VERAPDF")
	if not program:
		print("veraPDF: not on this machine (set VERAPDF); the structural checker judged alone")
		return []
	command = [program, "--flavour", "3b", "--format", "text", str(folder)]
	done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
	verdicts = [line for line in done.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
	files = len(list(folder.glob("*.pdf")))
	print(f"veraPDF: {sum(line.startswith('PASS') for line in verdicts)} of {files} pass")
	failed = [line for line in verdicts if not line.startswith("PASS")]
	return failed if len(verdicts) == files else [*failed, f"{files - len(verdicts)} files without a verdict"]


def main() -> int:
	"""Print all, judge all, say the figure."""
	options = argparse.ArgumentParser(description=__doc__)
	options.add_argument("--count", type=int, default=300, help="random invoices")
	options.add_argument("--seed", type=int, default=1)
	given = options.parse_args()
	every = documents(given.count, given.seed)
	short: list[str] = []
	spent: list[float] = []
	prints = pages = 0
	with tempfile.TemporaryDirectory() as name:
		folder = Path(name)
		for title, xml in every.items():
			for layout in ("a4", "receipt") if b'name="02' in xml else ("a4",):
				began = time.process_time()
				pdf = render(xml, layout=layout)  # type: ignore[arg-type]
				took = (time.process_time() - began) * 1000
				sheets = len(texts(pdf))
				prints, pages = prints + 1, pages + sheets
				if prints > 5:
					spent.append(took / sheets)
				short += [f"{title} ({layout}): {fault}" for fault in faults(xml, pdf, layout)]
				if render(xml, layout=layout) != pdf:  # type: ignore[arg-type]
					short.append(f"{title} ({layout}): a second print differs")
				(folder / f"{prints}.pdf").write_bytes(pdf)
		shown = demo(folder / "demo")
		for title, (xml, pdf) in shown.items():
			short += [f"demo {title}: {fault}" for fault in faults(xml, pdf, layout_of(pdf))]
			(folder / f"demo-{title}.pdf").write_bytes(pdf)
		short += vera(folder)
	middle, slow = median(spent), quantiles(spent, n=20)[-1]
	if middle > MOST_MS_A_PAGE:
		short.append(f"a page takes {middle:.0f} ms, more than {MOST_MS_A_PAGE}")
	for fault in short[:40]:
		print("SHORT:", fault)
	print(
		f"pdf: {prints} prints of {len(every)} documents, {pages} pages, and {len(shown)} of the demo, {len(short)} faults;"
		f" {middle:.1f} ms of processor a page, warm (p95 {slow:.1f}), QR included"
	)
	return 1 if short else 0


if __name__ == "__main__":
	sys.exit(main())
