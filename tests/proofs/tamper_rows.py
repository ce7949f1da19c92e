#!/usr/bin/env python3
"""Proof `tamper-rows`: whatever is changed, deleted, inserted or moved in the database by SQL, verify finds it and names the row.

On a private bench: invoices are issued through the simulator, archived and skipped as usual. Then one row at a time of every kind
of record is altered by SQL, as somebody at the database's prompt would: every column of evidence changed, rows deleted, copied,
written by hand, exchanged. What waits is sealed first, as the scheduler would have done by then; the verifier must name the row
concerned (of two that were exchanged: one of them). After each try the alteration is rolled back. Prints what was tried by kind
and how; the last line is the figure; exit 1 where one was missed, or fewer than 200 were tried. Part of proof `tamper`.

	python tests/proofs/tamper_rows.py [--seed 1]

Not tried, because they are no evidence: leases, times and words for people in a submission; its events tell when it ended. Nor the
moment a seal was written, changed in both its columns at once: nothing rests on it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import own_bench

NEEDED = 200
STANDARD = ("name", "creation", "modified", "owner", "modified_by", "docstatus")
OWN = ("creation", "modified", "owner", "modified_by", "docstatus", "idx")
EVENT, SEAL = "Audit Event", "Audit Seal"
TRAIL = {
	EVENT: (
		"at", "action", "actor", "company", "subject_doctype", "subject_name", "digest", "facts", "mac", *OWN,
	),
	SEAL: ("company", "number", "event", "hash", "mac", *OWN),
}  # fmt: skip
SUBMISSION = (
	"invoice_doctype", "invoice_name", "company", "requested_by", "requested_at", "previous", "state", "document", "device",
	"kind", "content_digest", "attempts", "last_http_status", "live_key",
)  # fmt: skip
INVOICE = (
	"zatca_state",
	"zatca_uuid",
	"zatca_hash",
	"zatca_icv",
	"zatca_document",
	"zatca_device",
	"zatca_submission",
)
DEVICE = ("icv", "pih", "last_document")
UNIQUE = ("number", "event", "icv", "request", "object_name", "live_key")


class Prompt:
	"""Alters one thing, asks the verifier, takes it back."""

	def __init__(self, frappe: Any, chance: random.Random) -> None:
		self.frappe, self.chance = frappe, chance
		self.tried: Counter[str] = Counter()
		self.missed: list[str] = []
		self.barred = 0

	def attempt(self, kind: str, how: str, alter: Callable[[], Any], *names: str, column: str = "") -> None:
		"""One alteration; one of `names` must be named in a finding."""
		frappe = self.frappe
		frappe.db.rollback()
		try:
			alter()
		except Exception as error:
			frappe.db.rollback()
			if not frappe.db.is_duplicate_entry(error) and not frappe.db.is_unique_key_violation(error):
				raise
			# An index does not let this one in at all: nothing to be found.
			self.barred += 1
			return
		try:
			said = self.findings()
		finally:
			frappe.db.rollback()
		self.tried[f"{kind}: {how}"] += 1
		if not sum(self.tried.values()) % 50:
			print(f"  … {sum(self.tried.values())} tried, {len(self.missed)} missed", flush=True)
		if not any(each.name in names for each in said):
			self.missed.append(
				f"{kind}, {how} {column}, {names}: {[(e.doctype, e.name, e.what) for e in said[:3]]}"
			)

	def findings(self) -> list[Any]:
		"""What verify says of the database as it stands, with what waits sealed."""
		from bayancore_erp.archive.adapter import trail_heads, trail_seal, verify
		from bayancore_erp.archive.adapter.verify_finding import Counts, Finding

		waiting = trail_seal.unsealed("")
		if waiting:
			trail_seal.append(waiting)
		self.frappe.local.document_cache = {}
		remarks = [Finding(SEAL, "", "", remark) for remark in verify.sealed_anew("")]
		return [*verify.findings(Counts(), trail_heads.Noted()), *remarks]

	def sql(self, text: str, values: Any = ()) -> Any:
		return self.frappe.db.sql(text, values, as_dict=text.startswith("select"))

	# --- what can be done to a table --------------------------------------------------------------------------------
	def rows(self, doctype: str, most: int) -> list[Any]:
		found = self.sql(f"select * from `tab{doctype}` order by name")
		return self.chance.sample(found, min(most, len(found)))

	def change(self, doctype: str, columns: tuple[str, ...], each: int = 1) -> None:
		"""Every column, in rows by chance."""
		meta = self.frappe.get_meta(doctype)
		for column in columns:
			for row in self.rows(doctype, each):
				value = other(row[column], meta.get_field(column), column)
				names = {row.name, row.get("event") or row.name, value if column == "name" else row.name}
				self.attempt(
					doctype, "change",
					lambda r=row, c=column, v=value: self.sql(f"update `tab{doctype}` set `{c}` = %s where name = %s", (v, r.name)),
					*map(str, names),
					column=column,
				)  # fmt: skip

	def delete(self, doctype: str, each: int) -> None:
		for row in self.rows(doctype, each):
			names = [row.name, row.get("event") or row.name]
			if doctype == SEAL:
				# A gap is noticed at the seal that comes next.
				after = self.sql(
					f"select name from `tab{SEAL}` where company = %s and number > %s order by number limit 1",
					(row.company, row.number),
				)
				names += [each.name for each in after] or [""]
			self.attempt(
				doctype,
				"delete",
				lambda r=row: self.sql(f"delete from `tab{doctype}` where name = %s", r.name),
				*names,
			)

	def insert(self, doctype: str, each: int, unique: dict[str, Callable[[Any], Any]]) -> None:
		"""A copy under another name, with what must be unique made so."""
		for row in self.rows(doctype, each):
			copy = {**row, "name": f"{row.name[:-2]}zz"}
			copy.update({column: made(copy) for column, made in unique.items()})
			columns = ", ".join(f"`{c}`" for c in copy)
			values = ", ".join(["%s"] * len(copy))
			self.attempt(
				doctype, "insert",
				lambda c=columns, v=values, of=copy: self.sql(f"insert into `tab{doctype}` ({c}) values ({v})", list(of.values())),
				copy["name"], str(copy.get("event")),
			)  # fmt: skip

	def reorder(self, doctype: str, columns: tuple[str, ...], each: int) -> None:
		"""Two rows exchange what tells their order or their content."""
		for _round in range(each):
			pair = self.rows(doctype, 2)
			if len(pair) < 2 or all(pair[0][c] == pair[1][c] for c in columns):
				continue

			def exchange(one: Any = pair[0], two: Any = pair[1]) -> None:
				sets = ", ".join(f"`{c}` = %s" for c in columns)
				# Past the unique indexes: first out of the way.
				aside = [c for c in columns if c in UNIQUE]
				for column in aside:
					value = -999 if isinstance(one[column], int) else "aside"
					self.sql(f"update `tab{doctype}` set `{column}` = %s where name = %s", (value, one.name))
				for name, row in ((two.name, one), (one.name, two)):
					self.sql(
						f"update `tab{doctype}` set {sets} where name = %s",
						[*(row[c] for c in columns), name],
					)

			names = [name for row in pair for name in (row.name, row.get("event") or row.name)]
			self.attempt(doctype, "reorder", exchange, *names)


def other(value: Any, field: Any, column: str) -> Any:
	"""Another value of the same kind."""
	import datetime

	if isinstance(value, datetime.datetime):
		return value + datetime.timedelta(seconds=1)
	if isinstance(value, datetime.date):
		return value + datetime.timedelta(days=1)
	if isinstance(value, int | float) and not isinstance(value, bool):
		return value + 100_000
	if column == "facts":
		return '{"invoice":"another"}'
	if field is not None and field.fieldtype in ("Int", "Check"):
		return 1
	if field is not None and field.fieldtype == "Datetime":
		return "2026-01-01 00:00:00"
	if field is not None and field.fieldtype == "Date":
		return "2026-01-01"
	if column in ("state", "zatca_state"):
		return "Rejected" if value != "Rejected" else "Cleared"
	text = str(value or "")
	return text[:-1] + ("0" if text[-1:] != "0" else "1") if text else "x"


def everything(prompt: Prompt) -> None:
	"""Every kind of record, in every way."""
	from bayancore_erp.archive.adapter.trail_rows import columns_of
	from bayancore_erp.archive.adapter.verify_rows import evidence

	for doctype, columns in TRAIL.items():
		prompt.change(doctype, columns, 2)
		prompt.delete(doctype, 6)
	prompt.insert(EVENT, 6, {})
	prompt.insert(
		SEAL,
		6,
		{"event": lambda row: f"{row['event'][:-2]}zz", "number": lambda row: row["number"] + 100_000},
	)
	prompt.reorder(EVENT, ("at", "action", "subject_name", "digest", "facts", "mac"), 6)
	prompt.reorder(EVENT, ("at",), 6)
	prompt.reorder(SEAL, ("number",), 6)
	prompt.reorder(SEAL, ("event",), 6)
	for doctype in evidence():
		columns = tuple(columns_of(prompt.frappe.get_meta(doctype)))
		prompt.change(doctype, columns)
		prompt.delete(doctype, 4)
		prompt.insert(doctype, 3, unique_of(doctype))
		content = tuple(c for c in columns if c not in STANDARD and c not in ("uuid", "document", "request"))
		prompt.reorder(doctype, content, 3)
		prompt.reorder(doctype, ("creation",), 2)
	prompt.change("ZATCA Submission", SUBMISSION, 2)
	prompt.delete("ZATCA Submission", 4)
	prompt.insert("ZATCA Submission", 4, {"live_key": lambda row: "x" if row["live_key"] else None})
	prompt.reorder("ZATCA Submission", ("document", "content_digest", "invoice_name"), 3)
	prompt.change("ZATCA Device", DEVICE)
	device_deleted(prompt)
	invoices(prompt)


def unique_of(doctype: str) -> dict[str, Callable[[Any], Any]]:
	"""What a copy of a row must have of its own, for the indexes to take it."""
	return {
		"ZATCA Document": {"uuid": lambda row: row["name"], "icv": lambda row: row["icv"] + 1000},
		"ZATCA Attempt": {"request": lambda row: f"{row['request'][:-1]}~" if row["request"] else None},
		"Archive Object": {"object_name": lambda row: f"{row['object_name']}x"},
		"Archive Paper": {"document": lambda row: row["name"]},
		"Destroyed Document": {"document": lambda row: row["name"]},
	}.get(doctype, {})


def device_deleted(prompt: Prompt) -> None:
	"""A device that signed is taken away."""
	for row in prompt.rows("ZATCA Device", 1):
		prompt.attempt(
			"ZATCA Device",
			"delete",
			lambda r=row: prompt.sql("delete from `tabZATCA Device` where name = %s", r.name),
			row.name,
		)


def invoices(prompt: Prompt) -> None:
	"""What an invoice shows of itself."""
	issued = prompt.sql(
		"select * from `tabSales Invoice` where coalesce(zatca_document, '') != '' order by name"
	)
	for column in INVOICE:
		for row in prompt.chance.sample(issued, 2):
			value = other(row[column], None, column)
			prompt.attempt(
				"Sales Invoice", "change",
				lambda r=row, c=column, v=value: prompt.sql(f"update `tabSales Invoice` set `{c}` = %s where name = %s", (v, r.name)),
				row.name,
			)  # fmt: skip


def scene(frappe: Any) -> None:
	"""A small company's week: cleared, reported, rejected by us, skipped; archived; one document destroyed."""
	import world

	from bayancore_erp.archive.adapter import outbox, trail_seal, work
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal
	from bayancore_erp.zatca.api import submit_for_clearance

	for number in range(12):
		buyer = (world.VAT_BUYER, world.PERSON, world.VAT_BUYER, world.GROUP_MEMBER)[number % 4]
		name, more = "خدمة | Service", {}
		if number == 10:
			# nothing in Arabic: our own check says no
			name, more = "Service", {"zatca_item_name_ar": ""}
			frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "")
		doc = world.invoice(frappe, buyer, [world.line(name, 1 + number, 100, **more)])
		frappe.db.commit()
		submit_for_clearance(doc.doctype, doc.name)
		frappe.db.set_value("Item", world.ITEM, "zatca_name_ar", "خدمة")
		frappe.db.commit()
		live = journal.live(doc.doctype, doc.name)
		if live:
			jobs.advance(live)
	for name in frappe.get_all("ZATCA Document", pluck="name"):
		outbox.follow(name, "posted")
		frappe.db.commit()
		work.work_on(name)
	trail_seal.seal_all(full=True)


def attempts(frappe: Any, seed: int) -> Iterator[str]:
	"""Every try; gives what was missed."""
	prompt = Prompt(frappe, random.Random(seed))
	before = prompt.findings()
	frappe.db.rollback()
	if before:
		raise SystemExit(
			f"the untouched site does not hold: {[(e.doctype, e.name, e.what) for e in before[:5]]}"
		)
	everything(prompt)
	kinds: dict[str, list[str]] = {}
	for text, count in sorted(prompt.tried.items()):
		kind, _colon, how = text.partition(": ")
		kinds.setdefault(kind, []).append(f"{how} {count}")
	for kind, hows in kinds.items():
		print(f"  {kind}: {', '.join(hows)}")
	print(f"  {prompt.barred} more were refused by an index of the table itself")
	yield str(sum(prompt.tried.values()))
	yield from prompt.missed


def main() -> int:
	"""Outside: build the bench. Inside: issue, tamper, verify."""
	if own_bench.INSIDE not in sys.argv:
		return own_bench.outside(__file__, sys.argv[1:])
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument(own_bench.INSIDE, action="store_true")
	parser.add_argument("--seed", type=int, default=1)
	options = parser.parse_args()
	import world
	from fatoora import onboard, simulator

	with simulator() as fatoora, world.connected(own_bench.inside()) as frappe:
		frappe.flags.mute_messages = True
		onboard(frappe, fatoora)
		frappe.db.commit()
		scene(frappe)
		count, *missed = attempts(frappe, options.seed)
	for line in missed[:30]:
		print("MISSED", line)
	print(
		f"tamper-rows: {int(count) - len(missed)} of {count} alterations by SQL found and placed (at least {NEEDED} needed)"
	)
	return 1 if missed or int(count) < NEEDED else 0


if __name__ == "__main__":
	sys.exit(main())
