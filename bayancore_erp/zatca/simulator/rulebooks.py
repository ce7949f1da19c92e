"""Two ways to ask what the rules say of a document: our own, or ZATCA's sheets themselves.

Takes: the bytes that came and the time of judging. Gives: the gateway's kinds of messages: whether the schema is kept,
warnings, errors. Never mixes the two. Source: native rules, or the XSD and the two rule sheets of the SDK.
"""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.rules import Layer, Severity, check
from bayancore_erp.zatca.core.xml import parse
from bayancore_erp.zatca.simulator.answers import XSD_VALID, Findings, Message

RIYADH = timezone(timedelta(hours=3))
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_XSD, _EN, _KSA = "XSD validation", "EN_16931", "KSA"


class Rulebook(Protocol):
	"""Judges one document."""

	def check(self, document: bytes, now: datetime) -> Findings:
		"""All that the rules say, the schema first and alone if it is broken."""
		...

	def close(self) -> None:
		"""Let go of what was opened."""
		...


class NativeRules:
	"""The app's own rules; the words are its own too."""

	def check(self, document: bytes, now: datetime) -> Findings:
		"""Judge with `core.rules`."""
		local = now.astimezone(RIYADH)
		findings = Findings()
		for found in check(document, today=local.date(), now=local):
			if found.layer is Layer.XSD:
				findings.errors.append(Message("XSD_ZATCA_INVALID", _XSD, found.en))
				continue
			category = _EN if found.layer is Layer.EN else _KSA
			kind = findings.errors if found.severity is Severity.ERROR else findings.warnings
			kind.append(Message(found.code, category, found.en))
		if not any(message.category == _XSD for message in findings.errors):
			findings.infos.append(XSD_VALID)
		return findings

	def close(self) -> None:
		"""Nothing is open."""


class OfficialSheets:
	"""The SDK's schema and sheets, run by Saxon in a thread of its own, because Saxon's isolate belongs to one thread.

	The sheets ask the machine for today's date, so an injected clock has no say here.
	"""

	_SHEETS = ((_EN, "CEN-EN16931-UBL.xsl"), (_KSA, "20210819_ZATCA_E-invoice_Validation_Rules.xsl"))

	def __init__(self, sdk: Path) -> None:
		try:
			schema = next(sdk.rglob("UBL-Invoice-2.1.xsd"))
			files = [(category, next(sdk.rglob(name))) for category, name in self._SHEETS]
		except StopIteration:
			raise ConfigurationError(
				f"{sdk} does not hold the schemas and rule sheets of ZATCA's SDK.",
				hint="Give the SDK's folder, the one with Data/Rules and Data/Schemas.",
			) from None
		self._schema = etree.XMLSchema(etree.parse(str(schema)))
		self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="saxon")
		self._sheets: list[tuple[str, Any]] = []
		self._saxon: Any = None
		try:
			self._thread.submit(self._compile, files).result()
		except ImportError as error:
			self._thread.shutdown()
			raise ConfigurationError(
				"The official sheets need the package saxonche.", hint="pip install saxonche"
			) from error
		except Exception as error:
			self._thread.shutdown()
			raise ConfigurationError(f"The rule sheets in {sdk} cannot be used: {error}") from error

	def check(self, document: bytes, now: datetime) -> Findings:
		"""Judge with the sheets; `now` is not theirs to be told."""
		return self._thread.submit(self._check, document).result()

	def close(self) -> None:
		"""End the thread; Saxon's objects have to die in the thread that made them, or they take the process along."""
		if self._saxon is not None:
			self._thread.submit(self._forget).result()
			self._thread.shutdown()

	def _forget(self) -> None:
		self._sheets.clear()
		self._saxon = None
		gc.collect()

	def _compile(self, files: list[tuple[str, Path]]) -> None:
		from saxonche import PySaxonProcessor

		self._saxon = PySaxonProcessor(license=False)
		compiler = self._saxon.new_xslt30_processor()
		self._sheets = [
			(category, compiler.compile_stylesheet(stylesheet_file=str(file))) for category, file in files
		]

	def _check(self, document: bytes) -> Findings:
		root = parse(document)
		if not self._schema.validate(root):
			log: Any = self._schema.error_log
			return Findings(errors=[Message("XSD_ZATCA_INVALID", _XSD, str(error.message)) for error in log])
		findings = Findings(infos=[XSD_VALID])
		node = self._saxon.parse_xml(xml_text=etree.tostring(root, encoding="unicode"))
		for category, sheet in self._sheets:
			try:
				report = etree.fromstring(sheet.transform_to_string(xdm_node=node).encode())
			except Exception as error:  # the sheets themselves fail on some repeated elements
				findings.errors.append(Message("XSL", category, str(error)[:300]))
				continue
			for failed in report.iter(_SVRL + "failed-assert"):
				said = failed.find(_SVRL + "text")
				text = "" if said is None else " ".join("".join(map(str, said.itertext())).split())
				kind = findings.errors if failed.get("flag") == "error" else findings.warnings
				kind.append(Message(str(failed.get("id")), category, text))
		return findings
