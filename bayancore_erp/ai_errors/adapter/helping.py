"""What the invoice's form shows of a verdict: each problem once, in the reader's language, with the field to correct.

Takes an invoice; gives plain values. Messages that are about the same field are one problem: the first sentence leads, ZATCA's
own words stay beside it. Readiness judges the draft again as it is now: what it no longer finds is corrected, what it finds
besides is listed too, and what one click puts right stands with the problem. Says also what was tried before.
Never raises for what is missing, never shows a raw answer. The caller has checked permission.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import frappe
from frappe import _

from bayancore_erp.ai_errors.adapter import explaining, learning
from bayancore_erp.ai_errors.adapter.locating import Scene, Spot
from bayancore_erp.ai_errors.core import catalogue
from bayancore_erp.ai_errors.core.locator import Confidence
from bayancore_erp.invoice_to_cash.adapter.following import here, row_doctype
from bayancore_erp.invoice_to_cash.adapter.points import ERROR, Point, buttons, whom_to_ask
from bayancore_erp.invoice_to_cash.adapter.readiness import ARABIC, Readiness, assess
from bayancore_erp.zatca.adapter import journal
from bayancore_erp.zatca.adapter.desk import refresh_copied
from bayancore_erp.zatca.adapter.fields import InvoiceField, State
from bayancore_erp.zatca.adapter.language import is_arabic
from bayancore_erp.zatca.adapter.mapper import Place

MOST_PLACES = 4
MOST_HISTORY = 10


def help_for(doctype: str, name: str) -> dict[str, Any]:
	"""Problems and history of the invoice's latest submission."""
	doc = frappe.get_doc(doctype, name)
	answer: dict[str, Any] = {
		"problems": [],
		"warnings": [],
		"history": [],
		"asking": False,
		"all_fixed": False,
	}
	submission = doc.get(InvoiceField.SUBMISSION)
	if not submission or not frappe.db.exists(journal.SUBMISSION, submission):
		return answer
	row = frappe.get_doc(journal.SUBMISSION, submission)
	answer["history"] = history(row)
	if not row.messages:
		return answer
	scene = Scene.of_submission(row)
	today = as_it_is(doc) if doc.docstatus == 0 and row.state == State.REJECTED.value else None
	rows = [_message(doc, row, message, scene, today) for message in row.messages if not is_echo(message)]
	rows += [_found_now(doc, point) for point in (today.points if today else ()) if is_news(point, rows, doc)]
	for each in rows:
		del each["claims"]
	answer["problems"] = together([each for each in rows if each["severity"] == "Error"])
	answer["warnings"] = together([each for each in rows if each["severity"] != "Error"])
	answer["asking"] = any(each["asking"] for each in rows)
	answer["all_fixed"] = bool(answer["problems"]) and all(each["fixed"] for each in answer["problems"])
	return answer


def is_echo(message: Any) -> bool:
	"""ZATCA only says that it had the invoice already, after an answer that was lost or late: nothing to read, nothing to do."""
	return message.severity != "Error" and (message.category or "").casefold() == "duplicate-invoice"


def as_it_is(doc: Any) -> Readiness:
	"""What stands in the way of the draft as it is now, with what it copies from customer and addresses up to date."""
	refresh_copied(doc)
	return assess(doc, with_fixes=True)


def _message(doc: Any, row: Any, message: Any, scene: Scene, today: Readiness | None) -> dict[str, Any]:
	from_zatca = message.source == "ZATCA"
	words = (message.at or "") if from_zatca else ""
	spots = scene.spots(message.code, words, "" if from_zatca else message.field or "")
	explained, asking = explanation(doc, row, message, scene) if from_zatca else (None, False)
	if explained and explained.field and spots[0].confidence is Confidence.NONE:
		# Neither document nor message tells the field: the model's, which is one that exists, is better than none.
		named = scene.spots(message.code, "", explained.field)
		spots = tuple(spot._replace(confidence=Confidence.CODE) for spot in named)
	# Our rules found it in what was submitted, and do not find it any more: that much is certain.
	checked = not from_zatca or spots[0].confidence in (Confidence.DOCUMENT, Confidence.ARITHMETIC)
	first = spots[0]
	claims = Claims.of(message.code, spots, doc)
	open_ = today is None or any(claims.holds(point) for point in today.judged if point.severity == ERROR)
	fixed = checked and not open_
	points = [] if fixed or not today else [point for point in today.points if claims.covers(point, doc)]
	entry = catalogue.find(message.code, first.field) or catalogue.fallback(message.code)
	return {
		"code": message.code,
		"severity": message.severity,
		"source": message.source,
		"sentence": sentence(message, first, explained),
		"steps": lines(explained, "steps") if explained else [],
		"consequence": in_language(entry.consequence),
		"original": words,
		"places": [
			shown(spot.place, doc) for spot in spots[:MOST_PLACES] if spot.confidence is not Confidence.NONE
		],
		# several parts of one address want the same click
		"fixes": list({fix.id: buttons(fix) for point in points for fix in point.fixes}.values()),
		"fixed": fixed,
		"new": False,
		"explanation": explained.name if explained else "",
		"approved": bool(explained and explained.promoted),
		"asking": asking,
		"claims": claims,
	}


def _found_now(doc: Any, point: Point) -> dict[str, Any]:
	"""What readiness finds in the draft and no message has said."""
	entry = catalogue.find(point.code, point.field) or catalogue.fallback(point.code)
	return {
		"code": point.code,
		"severity": point.severity,
		"source": "Our Check",
		"sentence": point.text,
		"steps": [],
		"consequence": in_language(entry.consequence),
		"original": "",
		"places": [shown(point.place, doc)],
		"fixes": [buttons(fix) for fix in point.fixes],
		"fixed": False,
		"new": True,
		"explanation": "",
		"approved": False,
		"asking": False,
		"claims": None,
	}


def is_news(point: Point, rows: list[dict[str, Any]], doc: Any) -> bool:
	"""Whether it stops the invoice, or one click puts it right, and no open problem stands for it."""
	if point.severity != ERROR and not point.fixes:
		return False
	return not any(each["claims"].covers(point, doc) for each in rows if each["claims"] and not each["fixed"])


# A row of which nothing says how it is taxed, and the one thing to say about all of them.
UNTAXED, NO_VAT = "ERP-VAT-UNKNOWN", "ITC-TAX-MISSING"


class Claims(NamedTuple):
	"""What a message is about, to know it again in the draft as it is now: there rows may have moved."""

	code: str
	places: frozenset[Place]
	fields: frozenset[str]
	"""Model paths without a row."""

	@classmethod
	def of(cls, code: str, spots: tuple[Spot, ...], doc: Any) -> Claims:
		"""Of a message, in terms of the open document."""
		return cls(
			code,
			frozenset(plain(spot.place, doc) for spot in spots),
			frozenset(spot.field for spot in spots if spot.field and "[" not in spot.field),
		)

	def holds(self, point: Point) -> bool:
		"""Whether the rule still says the same of the same field."""
		if point.code != self.code:
			return False
		part = any(point.field.startswith(f"{field}.") or point.field == field for field in self.fields)
		return part or folded(point.place) in self.places

	def covers(self, point: Point, doc: Any) -> bool:
		"""Whether what readiness says is this problem, in other words or of another rule."""
		if self.code == UNTAXED and point.code == NO_VAT:
			return True
		return self.holds(point) or bool(point.place.fieldname and plain(point.place, doc) in self.places)


def plain(place: Place, doc: Any) -> Place:
	"""A place as readiness names it: rows by the document they stand in."""
	return folded(here(doc, place))


def folded(place: Place) -> Place:
	"""A name and its Arabic are one thing to correct."""
	return place._replace(fieldname=ARABIC.get(place.fieldname, place.fieldname))


def sentence(message: Any, spot: Spot, explained: Any) -> str:
	"""What is wrong and what to do: with the figures where the rule found them, else as stored, else as explained."""
	if explained:
		return " ".join(lines(explained, "sentence"))
	if message.source != "ZATCA":
		return message.text_ar if is_arabic() and message.text_ar else message.text or ""
	if spot.finding:
		return spot.finding.ar if is_arabic() else spot.finding.en
	entry = catalogue.find(message.code, spot.field)
	if entry:
		said = in_language(entry.cause), in_language(entry.remedy)
		text = " ".join(part for part in said if part)
		return _("Line {0}: {1}").format(spot.line, text) if spot.line else text
	# Of an unknown code ZATCA's own words say more than we can; they are English, and stand by themselves in an Arabic line.
	if message.at and is_arabic():
		return _("ZATCA objects, in its own words: {0}").format(f"\u2068{message.at}\u2069")
	return message.at or in_language(catalogue.fallback(message.code).cause)


def explanation(doc: Any, row: Any, message: Any, scene: Scene) -> tuple[Any, bool]:
	"""The kept explanation of an unknown message, and whether one is still awaited."""
	if catalogue.find(message.code):
		return None, False
	document = frappe.get_doc("ZATCA Document", row.document) if row.document else None
	problem = explaining.problem_of(row, message, document)
	strings = explaining.strings_around(doc, scene.xml)
	found = explaining.best(problem, strings)
	return found, not found and explaining.is_awaited(problem, row.finished_at or row.creation)


def together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""Messages about the same field as one problem: the first that is still open leads, the rest is kept with it."""
	found: dict[Any, dict[str, Any]] = {}
	for row in rows:
		place = row["places"][0] if row["places"] else None
		key = (place["doctype"], place["name"], place["fieldname"], place["row"]) if place else row["code"]
		lead, other = found.get(key), row
		if lead is None:
			found[key] = {**row, "also": []}
			continue
		if lead["fixed"] and not row["fixed"]:
			lead, other = {**row, "also": lead.pop("also")}, lead
			found[key] = lead
		lead["also"].append(other)
		there = {fix["id"] for fix in lead["fixes"]}
		lead["fixes"] = [*lead["fixes"], *(fix for fix in other["fixes"] if fix["id"] not in there)]
	return list(found.values())


def shown(place: Place, doc: Any) -> dict[str, Any]:
	"""A place with what people call it, and whom to ask where the reader may not change it."""
	at_home = (place.name == doc.name and place.doctype == doc.doctype) or bool(place.table)
	row = place._replace(doctype=row_doctype(doc, place.table)) if place.table else place
	label = label_of(row)
	where = _("this invoice") if at_home else f"{_(place.doctype)} {place.name}"
	if place.table:
		table = _(frappe.get_meta(doc.doctype).get_label(place.table), context=doc.doctype)
		if not place.row:
			label = table
		elif place.table == "items":
			label = _("Line {0}: {1}").format(place.row, label)
		else:
			label = _("{0}, row {1}: {2}").format(table, place.row, label)
	return {
		**place._asdict(),
		"label": label,
		"where": where,
		"here": at_home,
		"ask": whom_to_ask(place, doc),
	}


def label_of(place: Place) -> str:
	"""The field's label as its form shows it."""
	if not place.fieldname:
		return _(place.doctype)
	meta = frappe.get_meta(place.doctype)
	return (
		_(meta.get_label(place.fieldname), context=place.doctype)
		if meta.has_field(place.fieldname)
		else _(place.doctype)
	)


def history(row: Any) -> list[dict[str, Any]]:
	"""The submissions before this one, the latest first."""
	found: list[dict[str, Any]] = []
	name = row.previous
	while name and len(found) < MOST_HISTORY:
		earlier = frappe.db.get_value(
			journal.SUBMISSION,
			name,
			["name", "state", "finished_at", "requested_by", "previous"],
			as_dict=True,
		)
		if not earlier:
			break
		said = frappe.get_all(
			"ZATCA Message",
			filters={"parent": name, "severity": "Error"},
			fields=["code", "text", "text_ar"],
			order_by="idx",
		)
		found.append(
			{
				"state": earlier.state,
				"state_label": _(earlier.state),
				"at": str(earlier.finished_at or ""),
				"by": frappe.utils.get_fullname(earlier.requested_by) if earlier.requested_by else "",
				"messages": [
					(each.text_ar if is_arabic() and each.text_ar else each.text) or each.code
					for each in said
				],
			}
		)
		name = earlier.previous
	return found


def vote(doctype: str, name: str, code: str, helped: bool) -> None:
	"""What the reader says of the help for one problem of an invoice; once, and it may be changed."""
	row = frappe.db.get_value(
		learning.RESOLUTION,
		{"invoice_doctype": doctype, "invoice_name": name, "code": code[:140]},
		["name", "explanation", "helpful"],
		as_dict=True,
		order_by="creation desc",
	)
	word = learning.HELP if helped else learning.NO_HELP
	if not row or row.helpful == word:
		return
	frappe.db.set_value(learning.RESOLUTION, row.name, "helpful", word)
	if not row.explanation:
		return
	if row.helpful:
		learning.count(row.explanation, COUNTED[row.helpful], by=-1)
	learning.count(row.explanation, COUNTED[word])


COUNTED = {learning.HELP: "helped", learning.NO_HELP: "not_helped"}


def lines(explained: Any, what: str) -> list[str]:
	"""A part of an explanation, in the reader's language, or in both where the settings say so."""
	both = explaining.settings().languages == "Both Languages"
	wanted = ("en", "ar") if both else ("ar",) if is_arabic() else ("en",)
	return [
		line for lang in wanted for line in (explained[f"{what}_{lang}"] or "").splitlines() if line.strip()
	]


def in_language(name: Any) -> str:
	"""English or Arabic, as the reader reads."""
	return str(name.ar if is_arabic() else name.en)
