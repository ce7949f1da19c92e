"""A Fatoora simulator in a process of its own, and a device of the test company onboarded with it.

Takes a private bench and frappe connected to its world; gives the simulator's admin calls, and short forms for what tests ask.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

START = "import sys; from bayancore_erp.zatca.cli import main; sys.exit(main(sys.argv[1:]))"


class Fatoora:
	"""The simulator's side door."""

	def __init__(self, url: str) -> None:
		self.url = url

	def call(self, method: str, path: str, **body: Any) -> Any:
		answer = requests.request(method, f"{self.url}/simulator/{path}", json=body or None, timeout=10)
		answer.raise_for_status()
		return answer.json()

	def fault(self, text: str) -> None:
		self.call("POST", "faults", fault=text)

	def calm(self) -> None:
		self.call("DELETE", "faults")

	def submissions(self, uuid: str | None = None) -> list[dict[str, Any]]:
		rows = self.call("GET", "submissions")["submissions"]
		return [row for row in rows if uuid is None or row["uuid"] == uuid]


@contextmanager
def simulator() -> Iterator[Fatoora]:
	"""A running simulator on a free port."""
	with tempfile.TemporaryDirectory(prefix="fatoora-") as state:
		process = subprocess.Popen(
			[sys.executable, "-c", START, "simulator", "--port", "0", "--state", state],
			stdout=subprocess.PIPE,
			text=True,
			bufsize=1,
		)
		try:
			assert process.stdout
			line = process.stdout.readline()
			yield Fatoora(line.split("http://")[1].split("/e-invoicing")[0].join(("http://", "")))
		finally:
			process.terminate()
			process.wait(timeout=15)


def onboard(frappe: Any, fatoora: Fatoora) -> str:
	"""The world's default device, onboarded."""
	import world

	from bayancore_erp.zatca.adapter.enrolment import onboard_with_simulator

	# A busy test machine must not make a worker's affair of what a test wants to see inline.
	frappe.db.set_value("ZATCA Settings", world.COMPANY, "web_wait_seconds", 60)
	frappe.clear_document_cache("ZATCA Settings", world.COMPANY)
	device = frappe.db.get_value("ZATCA Settings", world.COMPANY, "default_device")
	if (
		os.environ.get("WORLD") == "keep"
	):  # the last run's device, with the certificate of a simulator that is gone
		frappe.db.set_value("ZATCA Device", device, {"status": "New", "on_hold": 0})
		frappe.db.delete("ZATCA Enrolment", {"name": device})
	return str(onboard_with_simulator(world.COMPANY, fatoora.url, device=device).name)


def expire_leases(frappe: Any) -> None:
	"""As if the time of a dead holder's lease had passed."""
	frappe.db.rollback()
	frappe.db.sql("update `tabZATCA Submission` set lease_until = null, next_try_at = null")
	frappe.db.commit()


def fresh(frappe: Any, doc: Any) -> Any:
	"""The document as the database has it now."""
	frappe.db.rollback()
	return frappe.get_doc(doc.doctype, doc.name)


def finish(doc: Any) -> None:
	"""What is left of a document's way for a worker."""
	from bayancore_erp.zatca import jobs
	from bayancore_erp.zatca.adapter import journal

	submission = journal.live(doc.doctype, doc.name)
	if submission:
		jobs.advance(submission)
