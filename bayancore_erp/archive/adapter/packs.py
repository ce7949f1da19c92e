"""Auditor's packs: made for a company and a period, written through to a file, verified as a stranger would, kept privately.

Takes an Audit Pack, or a company and a period on the command line; gives the zip, its seal and what its verifier says. A file
that was not finished is removed. The zip is no File document: Frappe would read it into memory whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter import pack_source, trail_seal
from bayancore_erp.archive.adapter.pack_source import Period
from bayancore_erp.archive.adapter.trail import Action, record
from bayancore_erp.archive.core import verify_pack
from bayancore_erp.archive.core.pack import PackDocument, Seal, write_pack
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.pipeline import RIYADH

PACK = "Audit Pack"
FOLDER = "audit-packs"
LISTED = 100
READY = ("Verified", "Has Problems")
# What a name may consist of where it becomes that of a file.
PLAIN = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Made:
	"""A written pack and what its verifier found."""

	path: Path
	seal: Seal
	size: int
	problems: tuple[str, ...]


def make(period: Period, path: Path, progress: Callable[[int, int], None] | None = None) -> Made:
	"""Write the pack to `path` and verify it. Raises InvalidInput where the records do not allow one. Commits."""
	if period.end < period.start:
		raise InvalidInput(_("The period ends before it begins."), field="to_date")
	trail_seal.seal_all()
	path.parent.mkdir(parents=True, exist_ok=True)
	unfinished = path.with_name(f".{path.name}.part")
	own, site = pack_source.run_of(period.company, period), pack_source.run_of("", period)
	try:
		with unfinished.open("wb") as out:
			seal = write_pack(
				out,
				vat_numbers=pack_source.vat_numbers_of(period),
				start=period.start,
				end=period.end,
				made=datetime.now(RIYADH),
				documents=told(pack_source.documents(period), pack_source.count_of(period), progress),
				chain=pack_source.chain(period),
				trail=pack_source.lines(period.company, own),
				site=pack_source.lines("", site),
				records=pack_source.records(period.company, own),
				destroyed=pack_source.destroyed(period.company, own),
			)
			out.flush()
			os.fsync(out.fileno())
		problems = tuple(str(each) for each in verify_pack.verify(str(unfinished), seal=seal.sha256))
		os.replace(unfinished, path)
	finally:
		unfinished.unlink(missing_ok=True)
	record(
		Action.PACKED,
		PACK,
		path.stem,
		period.company,
		digest=seal.sha256,
		facts={
			"from": period.start,
			"to": period.end,
			"documents": seal.documents,
			"problems": len(problems),
		},
	)
	frappe.db.commit()
	return Made(path, seal, path.stat().st_size, problems)


def told(
	documents: Iterator[PackDocument], count: int, progress: Callable[[int, int], None] | None
) -> Iterator[PackDocument]:
	"""The documents, with word of how many have passed."""
	for number, document in enumerate(documents, 1):
		yield document
		if progress and (number % 50 == 0 or number == count):
			progress(number, count)


def run(name: str) -> None:
	"""Make the pack a person asked for and keep what came of it. Commits."""
	row = frappe.get_doc(PACK, name)
	put(name, state="Running", progress=0, last_error="")

	def progress(done: int, count: int) -> None:
		percent = int(done * 100 / max(count, 1))
		frappe.publish_realtime("audit_pack", {"name": name, "progress": percent}, doctype=PACK, docname=name)

	period = Period(row.company, getdate(row.from_date), getdate(row.to_date))
	try:
		made = make(period, file_of(name), progress)
	except Exception as error:
		frappe.db.rollback()
		frappe.log_error(title=f"Audit pack {name}", message=frappe.get_traceback())
		said = error.diagnostics() if hasattr(error, "diagnostics") else str(error) or type(error).__name__
		put(name, state="Failed", last_error=said[:1000], finished_at=now_datetime())
		return
	put(
		name,
		state="Has Problems" if made.problems else "Verified",
		progress=100,
		seal=made.seal.sha256,
		documents=made.seal.documents,
		size=made.size,
		problems=len(made.problems),
		findings="\n".join(made.problems[:LISTED]),
		finished_at=now_datetime(),
	)


def put(name: str, **values: Any) -> None:
	"""Write how far it is; an open form looks again."""
	frappe.db.set_value(PACK, name, values)
	frappe.db.commit()
	frappe.publish_realtime(
		"audit_pack", {"name": name, **{"state": values.get("state")}}, doctype=PACK, docname=name
	)


def file_of(name: str) -> Path:
	"""Where the zip of a pack lies, outside what the web server gives away. Raises frappe.ValidationError for a name with a path in it."""
	if not PLAIN.fullmatch(name):
		frappe.throw(_("{0} is no name of an auditor's pack.").format(name))
	return Path(frappe.get_site_path("private", FOLDER, f"{name}.zip"))


def remove_file(name: str) -> None:
	"""Its row goes, and the zip with it. No file ever belonged to a name with a path in it."""
	if PLAIN.fullmatch(name):
		file_of(name).unlink(missing_ok=True)


def download(row: Any) -> Any:
	"""The zip as a response that is read from the disk bit by bit, noted in the trail."""
	from frappe.utils.response import send_private_file

	if row.state not in READY:
		frappe.throw(_("This pack is not ready."))
	if not file_of(row.name).is_file():
		frappe.throw(_("The file of this pack is no longer there. Make a new one."), frappe.DoesNotExistError)
	record(Action.DOWNLOADED, PACK, row.name, row.company, facts={"what": "pack"})
	frappe.db.commit()
	return send_private_file(f"/{FOLDER}/{row.name}.zip")
