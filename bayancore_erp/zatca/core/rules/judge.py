"""`check`: one document in, all findings out.

Takes bytes or a parsed element; gives a list of findings, empty where nothing is wrong. Raises nothing for bad documents:
what cannot be read is a finding too. Source: the order of ZATCA's validator (schema, EN 16931, KSA).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import localcontext
from typing import Any

from lxml import etree

from bayancore_erp.zatca.core.money import EXACT
from bayancore_erp.zatca.core.rules import (  # noqa: F401  (their rules register themselves)
	allowances,
	amounts,
	buyer,
	dates,
	identity,
	lines,
	notes,
	prepayment,
	seller,
	stamp,
	tax,
	totals,
)
from bayancore_erp.zatca.core.rules.engine import EN, KSA
from bayancore_erp.zatca.core.rules.facts import RIYADH, Facts
from bayancore_erp.zatca.core.rules.familiar import Familiar
from bayancore_erp.zatca.core.rules.finding import Finding, Layer, Severity
from bayancore_erp.zatca.core.rules.locate import Locator
from bayancore_erp.zatca.core.rules.sections import Misfit
from bayancore_erp.zatca.core.rules.structure import problems, read

MOST_STRUCTURE_FINDINGS = 100
"""A document of another kind would otherwise yield one finding an element."""


def check(document: bytes | Any, *, today: date | None = None, now: datetime | None = None) -> list[Finding]:
	"""Every rule of the official schema and sheets that the document breaks; empty where it keeps all.

	`document` is the XML as bytes or as an lxml element. `now` (aware, or naive in Riyadh) and `today` are what the
	rules on dates compare with, by default the present in Riyadh. Source: SDK R3.4.6, see rules/.
	"""
	moment = now or datetime.now(RIYADH)
	if moment.tzinfo is None:
		moment = moment.replace(tzinfo=RIYADH)
	day = today or moment.astimezone(RIYADH).date()
	text = _text(document)
	with localcontext(EXACT):
		if text is not None and _is_known_and_kept(text, day, moment):
			return []
		return _judge(document, text, day, moment)


def _is_known_and_kept(text: str, day: date, moment: datetime) -> bool:
	known = _familiar.read(text)
	if known is None:
		return False
	facts = Facts(known, day, moment)
	return EN.is_kept(facts) and KSA.is_kept(facts)


def _judge(document: bytes | Any, text: str | None, day: date, moment: datetime) -> list[Finding]:
	"""The long way, which alone says what is wrong and where."""
	if isinstance(document, bytes | bytearray | memoryview):
		try:
			root = etree.fromstring(bytes(document), _parser())
		except (etree.XMLSyntaxError, ValueError) as error:
			return [Finding("XML", Severity.ERROR, Layer.XSD, "/", "", (("found", str(error)[:200]),))]
	else:
		root = document
	if root.getroottree().docinfo.internalDTD is not None:
		return [Finding("XML", Severity.ERROR, Layer.XSD, "/", "", (("found", "DOCTYPE"),))]
	try:
		found = read(root)
	except Misfit:
		return _structure_findings(root)
	if text is not None:
		_familiar.learn(text, found)
	facts = Facts(found, day, moment)
	locator = Locator()
	return EN.judge(facts, locator) + KSA.judge(facts, locator)


def _text(document: bytes | Any) -> str | None:
	"""The document's letters, None where they are not plainly UTF-8."""
	if isinstance(document, bytes | bytearray | memoryview):
		try:
			return bytes(document).decode("utf-8")
		except UnicodeDecodeError:
			return None
	if document.getparent() is not None:
		return None
	text: str = etree.tostring(document, encoding="unicode", with_tail=False)
	return text


_familiar = Familiar()


def _parser() -> etree.XMLParser:
	return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _structure_findings(root: Any) -> list[Finding]:
	found = []
	locator = Locator()
	for problem in problems(root):
		beneath = problem.expected.split(":")[-1] if problem.reason == "missing" else ""
		where = locator.place(problem.element, beneath)
		values = (("line", where.line), ("expected", problem.expected), ("found", problem.found))
		told = tuple((name, value) for name, value in values if value)
		found.append(Finding("XSD", Severity.ERROR, Layer.XSD, where.at, where.field, told))
		if len(found) == MOST_STRUCTURE_FINDINGS:
			break
	return found
