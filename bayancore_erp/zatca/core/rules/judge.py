"""`check`: one document in, all findings out.

Takes bytes or a parsed element; gives a list of findings, empty where nothing is wrong. Raises nothing for bad documents:
what cannot be read is a finding too. Source: the order of ZATCA's validator (schema, EN 16931, KSA).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, localcontext
from functools import partial
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
from bayancore_erp.zatca.core.rules.nodes import Document, Source
from bayancore_erp.zatca.core.rules.sections import Misfit
from bayancore_erp.zatca.core.rules.structure import problems, read

_SPARE_DIGITS = 60
"""Beside the digits of a product, for sums and for divisions to 18 places and more."""

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
	known = None if text is None else _familiar.read(text, Source(partial(_parsed, document)))
	if known is not None:
		return _apply(known, day, moment)
	return _judge(document, text, day, moment)


def _apply(document: Document, day: date, moment: datetime) -> list[Finding]:
	"""Both sheets over a valid document."""
	longest = max(map(len, document.numbers))
	with localcontext(Context(prec=max(EXACT.prec, 2 * longest + _SPARE_DIGITS), rounding=ROUND_HALF_UP)):
		facts = Facts(document, day, moment)
		locator = Locator()
		return EN.judge(facts, locator) + KSA.judge(facts, locator)


def _parsed(document: bytes | Any) -> Any:
	if isinstance(document, bytes | bytearray | memoryview):
		return etree.fromstring(bytes(document), _parser())
	return document


def _judge(document: bytes | Any, text: str | None, day: date, moment: datetime) -> list[Finding]:
	"""The long way, for whatever was not met before, and for what no invoice is."""
	try:
		root = _parsed(document)
	except (etree.XMLSyntaxError, ValueError) as error:
		return [_unreadable(str(error)[:200])]
	if root.getroottree().docinfo.internalDTD is not None:
		return [_unreadable("DOCTYPE")]
	try:
		found = read(root)
	except Misfit:
		return _structure_findings(root)
	if text is not None:
		_familiar.learn(text, found)
	return _apply(found, day, moment)


def _unreadable(why: str) -> Finding:
	return Finding("XML", Severity.ERROR, Layer.XSD, "/", "", (("found", why),))


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
