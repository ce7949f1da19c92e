"""Proof: whatever is changed, deleted, inserted or moved in what we keep, the verifiers find it and name the place.

Takes an audit trail, two devices' chains, a folder archive and an auditor's pack, all made here; alters one thing at a time,
as somebody with the disk in their hands would. For the pack also as a forger who writes a fresh manifest over it: what the
stamps, chains, trail and totals do not catch by themselves, the seal or the anchored head does. Each must be found, and the
first sentences must name the record, the file or the line concerned, or its neighbour where it is gone or has moved.
Prints what was tried by kind, then the figure; exits 1 if one was missed or misplaced, or fewer than 200 were tried. Where a
bench stands beside it, the rows of a site's database follow (tamper_rows.py), whose figure is then the last line; `--pure` leaves
them out.
"""

# ruff: noqa: E402 (a proof is started as a file, and finds the package and the tests' own modules by itself)
from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "archive")]

import own_bench
import packs

from bayancore_erp.archive.core import trail, verify_pack
from bayancore_erp.archive.core.folder import LocalFolder
from bayancore_erp.archive.core.store import audit, object_name

NEEDED = 200
Try = tuple[str, bool, str]
"""Kind, whether it was found at its place, and what was said."""

chance = random.Random(2026)


def alter_line(line: str) -> str:
	"""The line with another value in one of its fields, in the form that counts."""
	row = json.loads(line)
	# UUID and date of a document that was not accepted stand nowhere else in a pack: they are the seal's to hold.
	free = ("uuid", "issued") if row.get("state") == "not accepted" else ()
	name = chance.choice(sorted(set(row) - set(free)))
	value = row[name]
	if isinstance(value, int):
		row[name] = value + 1
	elif isinstance(value, str):
		row[name] = value[:-1] + ("0" if value[-1:] != "0" else "1")
	else:
		row[name] = [*value, "x"] if isinstance(value, list) else {**value, "x": "1"}
	return verify_pack.canonical(row)


def alter_list(lines: list[str], how: str, place: int) -> list[str]:
	changed = list(lines)
	if how == "change":
		changed[place] = alter_line(lines[place])
	elif how == "delete":
		del changed[place]
	elif how == "insert":
		changed.insert(place, lines[chance.randrange(len(lines))])
	else:
		other = (place + 1) % len(lines)
		changed[place], changed[other] = changed[other], changed[place]
	return changed


HOWS = ("change", "delete", "insert", "reorder")


def near(place: int, found: list[int], length: int, how: str) -> bool:
	"""Whether the first finding is at the record, or at a neighbour that what moved or left is noticed by."""
	ends = {0, place} if how == "reorder" and place == length - 1 else {place}
	return bool(found) and any(abs(found[0] - (end + 1)) <= 1 for end in ends)


def trails(company: packs.Company) -> Iterator[Try]:
	lines = list(company.trail)
	head = json.loads(lines[-1])["hash"]
	for how in HOWS:
		for place in range(len(lines)):
			altered = alter_list(lines, how, place)
			faults = trail.verify(altered, head=head)
			# The end of a trail is held by its head alone.
			fits = near(place, [f.number for f in faults], len(lines), how)
			yield f"trail {how}", fits, f"{place + 1}: {[f.message for f in faults[:2]]}"


def chains(company: packs.Company, pack: bytes) -> Iterator[Try]:
	of = dict(packs.members(pack))
	for about in json.loads(of["pack.json"])["devices"]:
		name = f"chain/{about['device']}.jsonl"
		lines = of[name].decode().splitlines()
		for how in HOWS:
			for place in range(len(lines)):
				row = alter_list(lines, how, place)
				if how == "change":
					# State and date are the pack's matter, tried there; a chain by itself is counter, UUID and hashes.
					entry = json.loads(lines[place])
					field = chance.choice(
						["icv", "hash", "pih"] if place + 1 < len(lines) else ["icv", "pih"]
					)
					entry[field] = entry[field] + 1 if field == "icv" else entry[field][::-1]
					row = [*lines[:place], verify_pack.canonical(entry), *lines[place + 1 :]]
				faults = list(verify_pack.check_chain(name, row, about))
				found = [int(f.place.rpartition(" ")[2]) for f in faults]
				yield f"chain {how}", near(place, found, len(lines), how), f"{place + 1}: {faults[:2]}"


def folders(company: packs.Company) -> Iterator[Try]:
	with tempfile.TemporaryDirectory() as folder:
		store, root = LocalFolder(Path(folder)), Path(folder)
		kept = {}
		for n, document in enumerate(company.documents):
			name = object_name(packs.VAT, date(2026, 3, 1), f"u-{n}", document.xml, "xml")
			store.put(name, document.xml)
			kept[name] = document.xml
		names = sorted(kept)
		for how in HOWS:
			for name in names:
				path, expected, other = (
					root / name,
					{name},
					root / chance.choice([n for n in names if n != name]),
				)
				restore = [path]
				if how == "delete":
					path.unlink()
				elif how == "insert":
					foreign = root / object_name(packs.VAT, date(2026, 3, 1), "u-x", name.encode(), "xml")
					foreign.parent.mkdir(exist_ok=True)
					foreign.write_bytes(name.encode())
					expected, restore = {foreign.relative_to(root).as_posix()}, []
				else:
					content = bytearray(path.read_bytes())
					content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
					os.chmod(path, 0o644)
					path.write_bytes(
						bytes(content) if how == "change" else kept[str(other.relative_to(root))]
					)
				if how == "reorder":
					os.chmod(other, 0o644)
					other.write_bytes(kept[name])
					expected, restore = {name, other.relative_to(root).as_posix()}, [path, other]
				faults = list(audit(store, names))
				said = {fault.name for fault in faults}
				yield f"folder {how}", said == expected, f"{faults}"
				if how == "insert":
					foreign.unlink()
				for changed in restore:
					changed.parent.mkdir(parents=True, exist_ok=True)
					changed.write_bytes(kept[changed.relative_to(root).as_posix()])
		assert not list(audit(store, names))


def pack_members(pack: bytes, seal: str, folder: Path) -> Iterator[Try]:
	"""Every member: bytes changed, removed, and another one's put in its place; nothing else is touched."""
	of = packs.members(pack)
	for number, (name, content) in enumerate(of):
		flipped = bytearray(content)
		flipped[chance.randrange(len(flipped))] ^= 1
		other_name, other = of[(number + 1) % len(of)]
		twin = name.replace("/", "/", 1).rpartition(".")[0] + "x." + name.rpartition(".")[2]
		tries = {
			"change": [(n, bytes(flipped) if n == name else c) for n, c in of],
			"delete": [(n, c) for n, c in of if n != name],
			"reorder": [(n, other if n == name else content if n == other_name else c) for n, c in of],
		}
		if name.startswith(("documents/", "chain/")):
			tries["insert"] = [*of, (twin, content)]
		for how, altered in tries.items():
			wanted = {name, twin} if how == "insert" else {name, other_name} if how == "reorder" else {name}
			said = judged(packs.rezip(altered), folder, seal=seal)
			yield (
				f"pack {how}",
				any(w in sentence for w in wanted for sentence in said),
				f"{name}: {said[:3]}",
			)


def pack_lists(pack: bytes, seal: str, folder: Path) -> Iterator[Try]:
	"""Every line of every list under a forger's fresh manifest: found without the seal, by what the lists say together."""
	of = packs.members(pack)
	lists = (
		"documents.jsonl",
		"trail.jsonl",
		"site.jsonl",
		"records.jsonl",
		"chain/EGS-1.jsonl",
		"chain/EGS-2.jsonl",
	)
	for name in lists:
		lines = dict(of)[name].decode().splitlines()
		for how in HOWS:
			for place in range(len(lines)):
				if name == "documents.jsonl" and how == "reorder":
					# The index has no order of its own; only the seal can tell.
					continue
				altered = alter_list(lines, how, place)
				text = "".join(line + "\n" for line in altered).encode()
				forged = packs.rezip([(n, text if n == name else c) for n, c in of], remanifest=True)
				said = judged(forged, folder)
				wanted = [f"{name} line {place + shift}:" for shift in (0, 1, 2)]
				# A document that stands twice is named by its UUID, at whichever of its lines comes second.
				concerned = [lines[place], *altered[place : place + 1]]
				rows = [json.loads(line) for line in concerned]
				wanted += [str(row["uuid"]) for row in rows if "uuid" in row]
				if how == "reorder" and place == len(lines) - 1:
					wanted.append(f"{name} line 1:")
				yield (
					f"forged list {how}",
					any(w in sentence for w in wanted for sentence in said),
					f"{name} {place + 1}: {said[:3]}",
				)


def pack_documents(pack: bytes, seal: str, folder: Path) -> Iterator[Try]:
	"""Every XML changed under a fresh manifest, found by hash or stamp; everything else by the seal."""
	of = packs.members(pack)
	for name, _ in of:
		if name.endswith("invoice.xml"):
			for old, new in (
				(b">100.00<", b">101.00<"),
				(b"<cbc:ID>T-", b"<cbc:ID>U-"),
				(b"Test Trading", b"Text"),
			):
				altered = packs.rezip(
					[(n, c.replace(old, new) if n == name else c) for n, c in of], remanifest=True
				)
				said = judged(altered, folder)
				yield "forged xml change", any(s.startswith(name + ":") for s in said), f"{name}: {said[:3]}"
		elif name.endswith((".pdf", ".json")):
			altered = packs.rezip([(n, c + b" " if n == name else c) for n, c in of], remanifest=True)
			said = judged(altered, folder, seal=seal)
			yield "forged other change", bool(said) and "seal" in said[0], f"{name}: {said[:3]}"


def judged(pack: bytes, folder: Path, **options: str) -> list[str]:
	try:
		return [str(problem) for problem in packs.problems(pack, folder, **options)]
	except verify_pack.NotAPack as error:
		return [f"no pack: {error}"]


def main() -> int:
	company = packs.company()
	pack, seal = packs.write(company)
	tried: Counter[str] = Counter()
	missed: list[str] = []
	with tempfile.TemporaryDirectory() as folder:
		place = Path(folder)
		if wrong := judged(pack, place, seal=seal.sha256) + judged(packs.rezip(packs.members(pack)), place):
			print("The untouched pack does not hold:", wrong[:3])
			return 1
		for tries in (
			trails(company),
			chains(company, pack),
			folders(company),
			pack_members(pack, seal.sha256, place),
			pack_lists(pack, seal.sha256, place),
			pack_documents(pack, seal.sha256, place),
		):
			for kind, found, said in tries:
				tried[kind] += 1
				if not found:
					missed.append(f"{kind}: {said}")
	for kind, count in sorted(tried.items()):
		print(f"{count:5} {kind}")
	for line in missed[:25]:
		print("MISSED", line)
	total = sum(tried.values())
	print(f"tamper: {total - len(missed)} of {total} tamperings found and placed (at least {NEEDED} needed)")
	status = 1 if missed or total < NEEDED else 0
	if "--pure" in sys.argv or not (own_bench.BENCH / "env" / "bin" / "python").is_file():
		print("  (rows of a database were not tried: no bench, or --pure)")
		return status
	return max(status, own_bench.outside(str(Path(__file__).with_name("tamper_rows.py")), []))


if __name__ == "__main__":
	sys.exit(main())
