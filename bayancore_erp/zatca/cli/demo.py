"""The verb `demo`: the main job end to end against a simulator of its own, in under a minute.

A device is onboarded, a week of documents is prepared, cleared or reported, through an outage and a lost answer; one is
rejected, explained, corrected and cleared. What it leaves in the folder: the XML, the legal copy, the QR and a PDF/A-3 of
each document, a local archive, an audit trail, and `report.html` to look at. Everything in it is checked again at the end,
by verification and not by memory; exit status 1 where anything does not hold.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bayancore_erp.archive.core import trail
from bayancore_erp.archive.core.folder import LocalFolder, object_name
from bayancore_erp.archive.core.pdf import check as check_pdf
from bayancore_erp.archive.core.pdf import extract_xml, file_name, render
from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.cli.demo_documents import SELLER, Scene, corrected, scenes
from bayancore_erp.zatca.cli.demo_report import write_report
from bayancore_erp.zatca.cli.demo_story import Explained, Story
from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.chain import START, ChainPosition
from bayancore_erp.zatca.core.client import (
	Credentials,
	FatooraClient,
	Gateway,
	RequestsTransport,
	RetryPolicy,
)
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.csr import CsrRequest, build_csr
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.onboarding import Device, Enrolment, Progress, Tools, device_of, run, start
from bayancore_erp.zatca.core.outcome import Kind, Message, NextAction
from bayancore_erp.zatca.core.pipeline import RIYADH, Delivery, NotLawful, deliver, prepare
from bayancore_erp.zatca.core.rules.sentences import sentence
from bayancore_erp.zatca.core.xml import parse
from bayancore_erp.zatca.simulator.server import Simulator

ENVIRONMENT = Environment.SIMULATION
# A demo does not wait as long as a worker would.
PATIENCE = RetryPolicy(base=0.2, longest=1, longest_asked=2, max_attempts=8)


def add_to(verbs: Any) -> None:
	"""Register the verb."""
	demo = verbs.add_parser("demo", help="the main job end to end, against a simulator of its own")
	demo.add_argument(
		"--out", default="demo-output", metavar="DIR", help="where everything goes (default: demo-output)"
	)
	demo.add_argument("--json", action="store_true", help="print the result as JSON instead of progress")
	demo.set_defaults(run=run_demo)


class Demo:
	"""One run: the device, its chain, the folder and the trail."""

	def __init__(self, folder: Path, simulator: Simulator, say: Callable[[str], None]) -> None:
		self.folder, self.simulator, self.say = folder, simulator, say
		self.archive = LocalFolder(folder / "archive")
		self.trail_file = folder / "audit-trail.jsonl"
		self.last: trail.Record | None = None
		self.position: ChainPosition = START
		self.stories: list[Story] = []
		self.chain: list[tuple[int, str, str]] = []
		"""(ICV, PIH, hash) of everything signed, as it was signed."""
		self.client = FatooraClient(Gateway(ENVIRONMENT, simulator.root_url), RequestsTransport())

	# --- the audit trail ------------------------------------------------------------------------------------------
	def note(self, action: str, subject: str, content: bytes = b"", **facts: str) -> None:
		"""Add an event to the trail."""
		event = trail.Event.now(datetime.now(RIYADH), "demo", action, subject, content, **facts)
		self.last = trail.chain(event, self.last)
		with self.trail_file.open("a", encoding="utf-8") as file:
			file.write(self.last.as_line() + "\n")

	# --- onboarding -----------------------------------------------------------------------------------------------
	def onboard(self) -> Device:
		"""From an OTP to a production CSID. Raises ConfigurationError, with its sentence, where it stops."""
		request = CsrRequest(
			common_name="BAYAN-EGS-1",
			serial_number=f"1-Bayancore|2-ERPNext|3-{uuid.uuid4()}",
			organization_identifier=SELLER.vat_number,
			organization_unit="Riyadh Main Branch",
			organization_name="Bayan Trading Company Ltd",
			location="RRRD2322",
			industry="Trading",
		)

		def progress(now: Progress) -> None:
			self.say(f"  {now.done}/{now.total}  {now.sentence.en}")
			self.note("onboarding", request.common_name, step=now.sentence.en)

		enrolment: Enrolment = run(
			start(ENVIRONMENT, request.invoice_type),
			Tools(
				client=self.client,
				make_csr=lambda key: build_csr(request, key, ENVIRONMENT),
				make_document=lambda order: make_document(order, SELLER),
				save=lambda _: None,
				progress=progress,
			),
			otp=self.simulator.issue_otp(ENVIRONMENT),
		)
		if enrolment.state.problem:
			raise ConfigurationError(enrolment.state.problem.sentence.en)
		device = device_of(enrolment)
		self.note("onboarded", request.common_name, certificate=str(device.certificate.serial))
		return device

	# --- documents ------------------------------------------------------------------------------------------------
	def play(self, scene: Scene, device: Device) -> None:
		"""One scene, with its correction where it is rejected."""
		if scene.trouble == "outage":
			self.simulator.faults.add("503:reporting:3")
		elif scene.trouble == "dropped":
			self.simulator.faults.add("drop:clearance:1")
		story = self.issue(scene, scene.invoice, device, refuse=scene.trouble != "rejected")
		if story.attempts[-1].outcome.action is NextAction.CORRECT_AND_RENUMBER:
			story.explained = [explain(message) for message in story.attempts[-1].outcome.errors]
			for item in story.explained:
				self.say(f"        ZATCA's code: {item.code}")
				self.say(f"        That means: {item.en}")
				self.say(f"                    {item.ar}")
			again = Scene("The same credit note, corrected", corrected(scene.invoice, datetime.now(RIYADH)))
			self.issue(again, again.invoice, device).is_correction = True

	def issue(self, scene: Scene, invoice: Invoice, device: Device, *, refuse: bool = True) -> Story:
		"""Prepare, store, send, store the legal copy."""
		began = time.monotonic()
		prepared = prepare(invoice, self.position, device.key, device.certificate, refuse=refuse)
		# Stored before it can leave; from here on the place in the chain is taken, whatever ZATCA says.
		name = f"{prepared.position.icv:03d}-{invoice.number}"
		signed = self.folder / "signed" / f"{name}.xml"
		files.write(str(signed), prepared.document.xml)
		self.chain.append((prepared.position.icv, prepared.position.pih, prepared.document.invoice_hash))
		self.position = prepared.next_position
		self.note(
			"signed", invoice.number, prepared.document.xml, icv=str(prepared.position.icv), uuid=invoice.uuid
		)

		attempts: list[Delivery] = []

		def observe(number: int, delivery: Delivery) -> None:
			attempts.append(delivery)
			for reply in delivery.replies:
				self.note(
					"answered",
					invoice.number,
					attempt=str(number),
					status=str(reply.outcome.status),
					verdict=reply.outcome.kind.value,
				)
			if delivery.outcome.action is NextAction.RESEND_SAME_BYTES:
				self.say(f"        attempt {number}: {delivery.outcome.kind.value}; the same bytes go again")

		client = self.client.with_credentials(
			Credentials(device.credentials.token, device.credentials.secret)
		)
		deliver(prepared, client, policy=PATIENCE, rng=random.Random(1), observe=observe)
		story = Story(scene, prepared, attempts, int((time.monotonic() - began) * 1000))
		story.paths["signed"] = signed.relative_to(self.folder).as_posix()
		self.stories.append(story)
		outcome = attempts[-1].outcome
		if outcome.document_counts_as_sent:
			story.legal_xml = outcome.cleared_xml or prepared.document.xml
			self.keep(story, invoice)
		duplicate = " (known already: counted once)" if outcome.is_duplicate else ""
		self.say(
			f"  {prepared.position.icv:3}  {outcome.kind.value:9} {invoice.number:16} {story.milliseconds:5} ms  {scene.title}{duplicate}"
		)
		return story

	def keep(self, story: Story, invoice: Invoice) -> None:
		"""The legal copy, its QR and PDF/A-3: into the folder and the archive."""
		issued = datetime.combine(invoice.issue_date, invoice.issue_time)
		pdf = render(story.legal_xml)
		code = qr_of(story.legal_xml)
		for kind, suffix, data in (
			("legal", ".xml", story.legal_xml),
			("pdf", ".pdf", pdf),
			("qr", ".png", qr.image_png(code)),
		):
			path = self.folder / kind / file_name(SELLER.vat_number, issued, invoice.number, suffix)
			files.write(str(path), data)
			story.paths[kind] = path.relative_to(self.folder).as_posix()
		for suffix, data in (("xml", story.legal_xml), ("pdf", pdf)):
			name = object_name(SELLER.vat_number, invoice.issue_date, invoice.uuid, data, suffix)
			self.archive.put(name, data)
			self.note("archived", invoice.number, data, name=name)

	# --- the last word --------------------------------------------------------------------------------------------
	def audit(self) -> list[str]:
		"""What does not hold, found by looking at what lies in the folder; empty if all does."""
		wrong: list[str] = []
		for story in self.stories:
			number = story.scene.invoice.number
			if not verify((self.folder / story.paths["signed"]).read_bytes()).ok:
				wrong.append(f"{number}: the signed document's stamp does not verify")
			if story.scene.trouble == "rejected":
				if story.outcome is not Kind.REJECTED or not story.explained:
					wrong.append(f"{number}: should have been rejected and explained")
				continue
			wrong += [f"{number}: {finding.code}: {finding.en}" for finding in story.prepared.warnings]
			if "legal" not in story.paths:
				wrong.append(f"{number}: {story.outcome.value}, not accepted")
				continue
			legal = (self.folder / story.paths["legal"]).read_bytes()
			pdf = (self.folder / story.paths["pdf"]).read_bytes()
			failed = verify(legal).failed
			wrong += [f"{number}: {item.message}" for item in failed]
			wrong += [f"{number}: PDF: {problem}" for problem in check_pdf(pdf)]
			if extract_xml(pdf) != legal:
				wrong.append(f"{number}: the PDF holds other bytes than the legal copy")
		wrong += [f"archive: {name} is damaged" for name in self.archive.damaged()]
		wrong += [
			f"trail: {fault.message}" for fault in trail.verify(self.trail_file.read_text().splitlines())
		]
		position = START
		for icv, pih, invoice_hash in self.chain:
			if (icv, pih) != (position.icv, position.pih):
				wrong.append(f"chain: {icv} does not follow its predecessor")
			position = position.after(invoice_hash)
		accepted = [s.prepared.document.uuid for s in self.stories if s.legal_xml]
		if len(accepted) != len(set(accepted)):
			wrong.append("a document was accepted twice")
		return wrong


def qr_of(xml: bytes) -> str:
	"""The QR text in a stamped document."""
	text = parse(xml).findtext(
		"{*}AdditionalDocumentReference[{*}ID='QR']/{*}Attachment/{*}EmbeddedDocumentBinaryObject"
	)
	return (text or "").strip()


def explain(message: Message) -> Explained:
	"""One of the gateway's messages in plain words."""
	return Explained(message.code, sentence(message.code), sentence(message.code, "ar"))


def aloud(text: str) -> None:
	"""Progress as it happens."""
	print(text, flush=True)


def silent(text: str) -> None:
	"""No progress: standard output is the report's."""


def run_demo(given: argparse.Namespace) -> int:
	"""Play everything into a fresh folder; the folder of an earlier demo is replaced, any other is refused."""
	folder = Path(given.out)
	if folder.exists() and any(folder.iterdir()) and not (folder / "report.html").is_file():
		raise ConfigurationError(
			f"{folder} exists and is not the folder of an earlier demo.", hint="Choose another with --out."
		)
	say = silent if given.json else aloud
	began = time.monotonic()
	shutil.rmtree(folder, ignore_errors=True)
	for part in ("signed", "legal", "qr", "pdf", "archive"):
		(folder / part).mkdir(parents=True)
	with tempfile.TemporaryDirectory(prefix="fatoora-") as state, Simulator(state) as simulator:
		demo = Demo(folder, simulator, say)
		say(f"A local Fatoora answers at {simulator.base_url}\n\nOnboarding the device")
		try:
			device = demo.onboard()
			say("\nDocuments")
			# A minute back, so that the last of a second-by-second series is not in the future.
			for scene in scenes(datetime.now(RIYADH) - timedelta(minutes=1)):
				demo.play(scene, device)
		except NotLawful as error:
			files.complain("\n".join(f"  {finding.code}: {finding.en}" for finding in error.findings))
			return 1
	wrong = demo.audit()
	seconds = time.monotonic() - began
	report = write_report(folder, demo.stories, demo.last.number if demo.last else 0, wrong, seconds)
	accepted = [story for story in demo.stories if story.legal_xml]
	result = {
		"documents": len(demo.stories),
		"accepted": len(accepted),
		"rejected": len(demo.stories) - len(accepted),
		"seconds": round(seconds, 1),
		"problems": wrong,
		"report": str(report),
	}
	if given.json:
		files.print_json(result)
	else:
		say(
			f"\n{result['documents']} documents: {result['accepted']} accepted, {result['rejected']} rejected and corrected, in {result['seconds']} s"
		)
		say(
			f"Chain 1 to {demo.chain[-1][0]} without gap; trail, archive, stamps, QRs and PDF/A-3s verified: {len(wrong)} problems"
		)
		for problem in wrong:
			say(f"  {problem}")
		say(f"Look at {report}")
	return 1 if wrong else 0
