"""Every company's whole life as packs, and the proof that they hold each lawful row: what allows the app to leave a site.

Takes a folder; gives a pack a company. Counts the rows back out of the written packs and compares them with the site's: only
then the export is remembered as verified. Source: DESIGN.md, the contract on uninstalling.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import frappe
from frappe.utils import getdate

from bayancore_erp.archive.adapter import packs
from bayancore_erp.archive.adapter.pack_source import Period
from bayancore_erp.archive.core import verify_pack
from bayancore_erp.setup import exports

FIRST_DAY = date(2021, 1, 1)
"""Before anybody issued through ZATCA."""


def export(folder: Path, tell: Callable[[str], None]) -> bool:
	"""Write and verify every pack; gives whether they hold everything. Commits."""
	folder.mkdir(parents=True, exist_ok=True)
	made = []
	for company in companies():
		name = f"{re.sub(r'[^A-Za-z0-9]+', '-', company).strip('-') or 'company'}-{digest(company)}.zip"
		pack = packs.make(Period(company, FIRST_DAY, getdate()), folder / name)
		for problem in pack.problems[:100]:
			tell(f"PROBLEM  {company}: {problem}")
		tell(f"{company}: {pack.seal.documents} documents, {pack.size:,} bytes, seal {pack.seal.sha256}")
		made.append(pack)
	# A PDF that is lost is lost with the app or without it; what may not be lost is in the rows.
	if any(not each.endswith(verify_pack.NO_PDF) for pack in made for each in pack.problems):
		tell("The packs have problems: the export is not remembered as verified.")
		return False
	count, total = packed_digest([pack.path for pack in made])
	if (count, total) != exports.records_digest():
		tell("The packs do not hold every lawful row of this site: the export is not remembered as verified.")
		return False
	exports.confirm_export(count, total, str(folder))
	frappe.db.commit()
	tell(f"Verified: the packs hold all {count} lawful rows of this site.")
	return True


def companies() -> list[str]:
	"""Companies of which any lawful row tells."""
	found = {
		str(row[0] or "")
		for doctype, _column in exports.RECORDS
		for row in frappe.db.sql(f"select distinct company from `tab{doctype}`")
	}
	return sorted(found - {""})


def digest(company: str) -> str:
	"""Tells apart companies whose names differ in letters a file name cannot have."""
	return hashlib.sha256(company.encode()).hexdigest()[:6]


def packed_digest(paths: list[Path]) -> tuple[int, str]:
	"""What `exports.records_digest` would say of a site that held just the rows of these packs."""
	columns = dict(exports.RECORDS)
	found: dict[str, dict[str, str]] = {doctype: {} for doctype in columns}
	for path in paths:
		for subject, row in rows_of(path):
			for doctype, column in columns.items():
				if subject.startswith(f"{doctype} "):
					found[doctype][row["name"]] = row.get(column, "")
	whole, count = hashlib.sha256(), 0
	for doctype, _column in exports.RECORDS:
		for name in sorted(found[doctype], key=str.casefold):
			whole.update(f"{doctype}\t{name}\t{found[doctype][name]}\n".encode())
			count += 1
	return count, whole.hexdigest()


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
	"""Every row of evidence in a pack."""
	for line in verify_pack.Pack(str(path)).lines("records.jsonl"):
		row = json.loads(line)
		if row["columns"]:
			yield row["subject"], row["columns"]
