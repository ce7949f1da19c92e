"""Proof: whatever kills the worker or the network, every document is in the archive once, with its bytes.

Takes 500 documents of 100 bytes to 300 kB, every tenth in parts. A worker process puts them by Oracle's real SDK into a
stand-in that verifies signatures and checksums, and notes each receipt in a file of its own. The stand-in answers with
429, 500, 503, silence, and connections dropped before and after storing; the proof kills the worker (SIGKILL) at moments
that the stand-in chooses: before an object is stored, after it and before the answer, and between parts.
Prints what happened; exits 1 if anything is lost, doubled or changed, or fewer than 30 kills or 80 faults were survived.
"""

# ruff: noqa: E402 (a proof is started as a file, and finds the package and the tests' own modules by itself)
from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "archive")]

from bayancore_erp.archive.core.oci_store import ApiKey, OciObjectStorage, OciSettings
from bayancore_erp.archive.core.store import audit, object_name
from bayancore_erp.zatca.core.errors import TransportError

DOCUMENTS, KILLS, FAULTS, SECONDS = 500, 30, 80, 270
VAT = "399999999900003"


def document(number: int) -> tuple[str, bytes]:
	"""The document of that number, the same in every process."""
	chance = random.Random(number)
	size = chance.randrange(100_000, 300_000) if number % 10 == 0 else chance.randrange(100, 40_000)
	content = chance.randbytes(size)
	uuid = f"00000000-0000-4000-8000-{number:012d}"
	return object_name(VAT, date(2026, 1 + number % 12, 1), uuid, content, "pdf"), content


def storage(endpoint: str, pem: str) -> OciObjectStorage:
	import fake_oci

	key = ApiKey(fake_oci.FakeOci.TENANCY, fake_oci.FakeOci.USER, fake_oci.FakeOci.FINGERPRINT, pem)
	return OciObjectStorage(
		OciSettings(
			"me-riyadh-1",
			fake_oci.NAMESPACE,
			fake_oci.BUCKET,
			api_key=key,
			service_endpoint=endpoint,
			part_size=64 * 1024,
			timeout=(1, 1),
			attempts=3,
			longest_wait=0,
		)
	)


def work(endpoint: str, journal: str) -> None:
	"""The worker: whatever has no receipt is put, again and again, until nothing is left."""
	store = storage(endpoint, sys.stdin.read())
	with sqlite3.connect(journal) as receipts:
		done = {row[0] for row in receipts.execute("select number from receipt")}
	for number in range(DOCUMENTS):
		if number in done:
			continue
		name, content = document(number)
		while True:
			try:
				receipt = store.put(name, content)
				break
			except TransportError:
				continue
		with sqlite3.connect(journal) as receipts:
			receipts.execute("insert into receipt values (?, ?, ?)", (number, name, receipt.stored))


class Trouble:
	"""What the stand-in does wrong, and when the worker dies."""

	def __init__(self) -> None:
		self.chance = random.Random(2026)
		self.faults: Counter[str] = Counter()
		self.kills: Counter[str] = Counter()
		self.worker: subprocess.Popen[bytes] | None = None
		self.until_kill = 5
		self.moment = "before"

	def on_request(self, verb: str, _path: str) -> str | None:
		if self.moment == "before" and verb in ("PUT", "POST"):
			self._count("before storing")
		if self.chance.random() > 0.12:
			return None
		kind = self.chance.choices(
			["429", "500", "503", "drop_before", "drop_after", "hang"], [4, 4, 4, 4, 6, 1]
		)[0]
		self.faults[kind] += 1
		return kind

	def on_stored(self, verb: str, _name: str) -> None:
		if self.moment == "after":
			self._count("between parts" if verb == "PART" else "after storing, before the answer")

	def _count(self, what: str) -> None:
		self.until_kill -= 1
		worker = self.worker
		if self.until_kill <= 0 and worker is not None and worker.poll() is None:
			os.kill(worker.pid, signal.SIGKILL)
			self.kills[what] += 1
			self.until_kill = self.chance.randrange(6, 22)
			self.moment = self.chance.choice(["before", "after", "after"])


def main() -> int:
	import fake_oci

	begun = time.monotonic()
	fake, trouble = fake_oci.FakeOci(hang=1.3), Trouble()
	fake.fault, fake.after = trouble.on_request, trouble.on_stored
	wrong: list[str] = []
	with tempfile.TemporaryDirectory() as folder:
		journal = str(Path(folder) / "receipts.sqlite")
		with sqlite3.connect(journal) as receipts:
			receipts.execute("create table receipt (number integer primary key, name text, stored integer)")
		while time.monotonic() - begun < SECONDS:
			worker = subprocess.Popen(
				[sys.executable, __file__, "--worker", fake.endpoint, journal], stdin=subprocess.PIPE
			)
			trouble.worker = worker
			guard = threading.Timer(max(1, SECONDS - (time.monotonic() - begun)), worker.kill)
			guard.start()
			try:
				worker.communicate(fake.pem.encode())
			except BrokenPipeError:
				worker.wait()
			guard.cancel()
			if worker.returncode == 0:
				break
			if worker.returncode != -signal.SIGKILL:
				wrong.append(f"the worker ended with {worker.returncode}")
				break
		fake.fault, fake.after = (lambda verb, path: None), (lambda verb, name: None)
		with sqlite3.connect(journal) as receipts:
			noted = dict(receipts.execute("select number, name from receipt"))
			again = receipts.execute("select count(*) from receipt where not stored").fetchone()[0]
	expected = {number: document(number)[0] for number in range(DOCUMENTS)}
	wrong += [f"document {n} has no receipt" for n in expected if noted.get(n) != expected[n]]
	store = storage(fake.endpoint, fake.pem)
	wrong += [fault.message for fault in audit(store, sorted(expected.values()))]
	wrong += [f"{name} was created {count} times" for name, count in fake.created.items() if count != 1]
	wrong += [f"document {n} has other bytes" for n in expected if store.get(expected[n]) != document(n)[1]]
	killed, faults = sum(trouble.kills.values()), sum(trouble.faults.values())
	fake.close()
	for title, counted in (("killed", trouble.kills), ("faults", trouble.faults), ("refused", fake.refused)):
		print(f"{title}: " + ", ".join(f"{count} {what}" for what, count in sorted(counted.items(), key=str)))
	print(
		f"found already safe after a lost answer or a kill: {again}; unfinished uploads: {len(fake.uploads)}"
	)
	for line in wrong[:20]:
		print("WRONG", line)
	short = killed < KILLS or faults < FAULTS
	print(
		f"archive: {DOCUMENTS} documents, {killed} SIGKILLs, {faults} faults, {len(fake.objects)} objects, "
		f"{len(wrong)} lost, doubled or changed, {time.monotonic() - begun:.0f} s"
		+ (f" (needed {KILLS} kills, {FAULTS} faults)" if short else "")
	)
	return 1 if wrong or short else 0


if __name__ == "__main__":
	if sys.argv[1:2] == ["--worker"]:
		work(sys.argv[2], sys.argv[3])
		sys.exit(0)
	sys.exit(main())
