"""What the invoice's form shows of a verdict: each problem once, in the reader's language, with the field to correct.

Takes an invoice; gives plain values. Messages that are about the same field are one problem: the first sentence leads, ZATCA's
own words stay beside it. Says also what no longer holds (our own rules, run again over the draft as it is now, no longer find it)
and what was tried before. Never raises for what is missing, never shows a raw answer. The caller has checked permission.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import frappe
from frappe import _

from bayancore_erp.ai_errors.adapter import explaining, learning
from bayancore_erp.ai_errors.adapter.listeners import problem_of
from bayancore_erp.ai_errors.adapter.locating import Scene, Spot
from bayancore_erp.ai_errors.core import catalogue
from bayancore_erp.ai_errors.core.locator import Confidence
from bayancore_erp.ai_errors.core.redact import Problem
from bayancore_erp.zatca.adapter import journal
from bayancore_erp.zatca.adapter.desk import refresh_copied
from bayancore_erp.zatca.adapter.fields import InvoiceField, State
from bayancore_erp.zatca.adapter.mapper import Place
from bayancore_erp.zatca.adapter.preflight import look
from bayancore_erp.zatca.core.pipeline import RIYADH

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
	still = still_wrong(doc) if doc.docstatus == 0 and row.state == State.REJECTED.value else None
	rows = [_message(doc, row, message, scene, still) for message in row.messages if not is_echo(message)]
	answer["problems"] = together([each for each in rows if each["severity"] == "Error"])
	answer["warnings"] = together([each for each in rows if each["severity"] != "Error"])
	answer["asking"] = any(each["asking"] for each in rows)
	answer["all_fixed"] = bool(answer["problems"]) and all(each["fixed"] for each in answer["problems"])
	return answer


def is_echo(message: Any) -> bool:
	"""ZATCA only says that it had the invoice already, after an answer that was lost or late: nothing to read, nothing to do."""
	return message.severity != "Error" and (message.category or "").casefold() == "duplicate-invoice"


def still_wrong(doc: Any) -> set[str]:
	"""The codes our own rules find in the draft as it is now, with what it copies from customer and addresses up to date."""
	refresh_copied(doc)
	return {problem.code for problem in look(doc, datetime.now(RIYADH).replace(microsecond=0)).errors}


def _message(doc: Any, row: Any, message: Any, scene: Scene, still: set[str] | None) -> dict[str, Any]:
	from_zatca = message.source == "ZATCA"
	words = (message.at or "") if from_zatca else ""
	spots = scene.spots(message.code, words, "" if from_zatca else message.field or "")
	first = spots[0]
	explained, asking = explanation(doc, row, message, scene) if from_zatca else (None, False)
	entry = catalogue.find(message.code, first.field) or catalogue.fallback(message.code)
	# Our rules found it in what was submitted, and do not find it any more: that much is certain.
	checked = not from_zatca or first.confidence in (Confidence.DOCUMENT, Confidence.ARITHMETIC)
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
		"fixed": bool(still is not None and checked and message.code not in still),
		"explanation": explained.name if explained else "",
		"approved": bool(explained and explained.promoted),
		"asking": asking,
	}


def sentence(message: Any, spot: Spot, explained: Any) -> str:
	"""What is wrong and what to do: with the figures where the rule found them, else as stored, else as explained."""
	if explained:
		return " ".join(lines(explained, "sentence"))
	if message.source != "ZATCA":
		return message.text_ar if arabic() and message.text_ar else message.text or ""
	if spot.finding:
		return spot.finding.ar if arabic() else spot.finding.en
	entry = catalogue.find(message.code, spot.field)
	if entry:
		said = in_language(entry.cause), in_language(entry.remedy)
		text = " ".join(part for part in said if part)
		return _("Line {0}: {1}").format(spot.line, text) if spot.line else text
	# Of an unknown code ZATCA's own words say more than we can.
	return message.at or in_language(catalogue.fallback(message.code).cause)


def explanation(doc: Any, row: Any, message: Any, scene: Scene) -> tuple[Any, bool]:
	"""The kept explanation of an unknown message, and whether one is still awaited."""
	if catalogue.find(message.code):
		return None, False
	document = frappe.get_doc("ZATCA Document", row.document) if row.document else None
	problem: Problem = problem_of(row, message, document)
	strings = explaining.strings_around(doc, scene.xml)
	found = explaining.best(problem, strings)
	if found or not explaining.is_on():
		return found, False
	asked = frappe.db.exists(
		explaining.EVENT,
		{
			"explanation": explaining.key_of(problem, strings),
			"asked_at": (">=", row.finished_at or row.creation),
		},
	)
	return None, not asked


def together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
	"""Messages about the same field as one problem: what leads is what stands first, the rest is kept with it."""
	found: dict[Any, dict[str, Any]] = {}
	for row in rows:
		place = row["places"][0] if row["places"] else None
		key = (place["doctype"], place["name"], place["fieldname"], place["row"]) if place else row["code"]
		if key in found:
			found[key]["also"].append(row)
			found[key]["fixed"] = found[key]["fixed"] and row["fixed"]
		else:
			found[key] = {**row, "also": []}
	return list(found.values())


def shown(place: Place, doc: Any) -> dict[str, Any]:
	"""A place with what people call it."""
	here = (place.name == doc.name and place.doctype == doc.doctype) or bool(place.table)
	label = label_of(place)
	where = _("this invoice") if here else f"{_(place.doctype)} {place.name}"
	if place.table:
		table = _(frappe.get_meta(doc.doctype).get_label(place.table), context=doc.doctype)
		if not place.row:
			label = table
		elif place.table == "items":
			label = _("Line {0}: {1}").format(place.row, label)
		else:
			label = _("{0}, row {1}: {2}").format(table, place.row, label)
	return {**place._asdict(), "label": label, "where": where, "here": here}


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
					(each.text_ar if arabic() and each.text_ar else each.text) or each.code for each in said
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
	word = "Helped" if helped else "Did Not Help"
	if not row or row.helpful == word:
		return
	frappe.db.set_value(learning.RESOLUTION, row.name, "helpful", word)
	if row.explanation:
		learning.count(row.explanation, "helped" if helped else "not_helped")


def lines(explained: Any, what: str) -> list[str]:
	"""A part of an explanation, in the reader's language, or in both where the settings say so."""
	both = explaining.settings().languages == "Both Languages"
	wanted = ("en", "ar") if both else ("ar",) if arabic() else ("en",)
	return [
		line for lang in wanted for line in (explained[f"{what}_{lang}"] or "").splitlines() if line.strip()
	]


def in_language(name: Any) -> str:
	"""English or Arabic, as the reader reads."""
	return str(name.ar if arabic() else name.en)


def arabic() -> bool:
	"""Whether the reader reads Arabic."""
	return str(frappe.local.lang or "").startswith("ar")
