"""The language model's desk: settings, kept answers, budget and the record of every question, around the pure explainer.

Takes messages whose code no dictionary knows; gives their explanations, each asked for once and kept. Off by default. Runs in
background jobs only: nobody waits for it, and the dictionary's answer stays whatever happens. No value of an invoice leaves:
ai_errors/core/redact.py decides what does, and every question is kept word for word. Source: DESIGN.md, promises 9 and 10.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import frappe
from frappe.utils import cint, get_first_day, now_datetime, nowdate
from frappe.utils.password import get_decrypted_password

from bayancore_erp.ai_errors.core.answer import read
from bayancore_erp.ai_errors.core.catalogue import find
from bayancore_erp.ai_errors.core.explain import Asked, Explainer, Result
from bayancore_erp.ai_errors.core.locator import locate
from bayancore_erp.ai_errors.core.prompt import VERSION, Question, cache_key
from bayancore_erp.ai_errors.core.redact import NO_CODE, Problem, fingerprint, redact, strings_of
from bayancore_erp.zatca.adapter.records import append_row

SETTINGS, EXPLANATION, EVENT = "AI Error Settings", "AI Error Explanation", "AI Error Event"
TIMEOUT = 8
AT_MOST_AWAITED = timedelta(minutes=5)
"""How long after its verdict an explanation may still be expected: the job comes right behind it, or not at all."""
LEAST_RANK = -5
"""Readers' votes below which an explanation is no longer shown: one "No" is not yet a judgement, two without a "Yes" are."""
# Questions that left this site, whatever came back.
ASKED = tuple(each.value for each in Result if each not in (Result.CACHED, Result.OVER_BUDGET))


def settings() -> Any:
	"""The one settings record."""
	return frappe.get_cached_doc(SETTINGS)


def is_on() -> bool:
	"""Whether anybody may be asked."""
	return bool(cint(settings().enabled))


class Kept:
	"""Answers kept in AI Error Explanation, named by the kind of problem, the question's version and the model."""

	def __init__(self, problem: Problem, strings: frozenset[str]) -> None:
		self._redacted = redact(problem, strings)

	def get(self, key: str) -> str | None:
		"""The answer of this key as the model gave it."""
		row = frappe.db.get_value(EXPLANATION, key, ["field", *WORDS], as_dict=True)
		return as_answer(row) if row else None

	def put(self, key: str, text: str) -> None:
		"""Keep an answer that passed its check."""
		answer = read(text)
		doc = frappe.get_doc(
			{
				"doctype": EXPLANATION,
				"code": self._redacted.code,
				"field": answer.path,
				"sentence_en": answer.en,
				"sentence_ar": answer.ar,
				"steps_en": "\n".join(answer.steps_en),
				"steps_ar": "\n".join(answer.steps_ar),
				"problem": json.dumps(self._redacted.as_json(), ensure_ascii=False, indent=1),
				"model": settings().model,
				"prompt_version": VERSION,
			}
		)
		doc.flags.ignore_permissions = True
		doc.insert(set_name=key)


WORDS = ("sentence_en", "sentence_ar", "steps_en", "steps_ar")


def as_answer(row: Any) -> str:
	"""A kept explanation in the form in which answers are read."""
	return json.dumps(
		{
			"field": row.field or "unknown",
			"en": row.sentence_en,
			"ar": row.sentence_ar,
			"steps_en": (row.steps_en or "").splitlines(),
			"steps_ar": (row.steps_ar or "").splitlines(),
		},
		ensure_ascii=False,
	)


class Month:
	"""What may still be asked this month, counted from the record of questions."""

	def take(self) -> bool:
		"""Whether one more question is within the limits."""
		used = spent_this_month()
		most = settings()
		return used["questions"] < cint(most.monthly_questions) and used["tokens"] < cint(most.monthly_tokens)


def spent_this_month() -> dict[str, int]:
	"""Questions that left this month, and the tokens they cost, or can have cost where nobody said."""
	rows = frappe.get_all(
		EVENT,
		filters={"asked_at": (">=", get_first_day(nowdate())), "result": ("in", ASKED)},
		fields=["count(name) as questions", "sum(tokens) as tokens"],
	)
	return {"questions": cint(rows[0].questions), "tokens": cint(rows[0].tokens)}


def record(code: str) -> Any:
	"""The writer of the record of questions about `code`."""

	def note(asked: Asked) -> None:
		append_row(
			EVENT,
			{
				"code": code[:140],
				"result": asked.result.value,
				"detail": asked.detail[:140],
				"asked_at": now_datetime(),
				"model": asked.model,
				"host": host_of(settings().base_url),
				"tokens": asked.tokens,
				"milliseconds": asked.milliseconds,
				"question": asked.question,
				"question_sha256": asked.question_sha256,
				"prompt_version": asked.prompt_version,
				"explanation": asked.key,
			},
		)

	return note


def host_of(base_url: str | None) -> str:
	"""Who is asked, without path or credentials."""
	return urlsplit(base_url).netloc.rpartition("@")[2] if base_url else "api.openai.com"


def provider() -> Any:
	"""Whom the settings name."""
	from bayancore_erp.ai_errors.providers.openai import OpenAIProvider

	said = settings()
	return OpenAIProvider(
		get_decrypted_password(said.doctype, said.name, "api_key", raise_exception=False) or "none",
		model=said.model or "gpt-4o",
		base_url=said.base_url or None,
		timeout=cint(said.timeout_seconds) or TIMEOUT,
		chat=said.api_style == "Chat Completions",
	)


def ask(problem: Problem, strings: frozenset[str]) -> None:
	"""Ask about one problem unless it is known, kept or withdrawn."""
	if is_on() and not frappe.db.get_value(EXPLANATION, key_of(problem), "withdrawn"):
		code = redact(problem, strings).code
		Explainer(
			provider(), enabled=True, cache=Kept(problem, strings), budget=Month(), record=record(code)
		).explain(problem, strings)


def is_awaited(problem: Problem, since: datetime) -> bool:
	"""Whether a worker is about to ask about this problem, which ZATCA told `since`: only what nobody has explained yet is asked about."""
	key = key_of(problem)
	return bool(
		is_on()
		and now_datetime() < since + AT_MOST_AWAITED
		and not frappe.db.exists(EXPLANATION, key)
		and not frappe.db.exists(EVENT, {"explanation": key, "asked_at": (">=", since)})
	)


def key_of(problem: Problem) -> str:
	"""The name of the explanation of this kind of problem, the same for every document."""
	return cache_key(fingerprint(problem), settings().model or "gpt-4o")


def best(problem: Problem, strings: frozenset[str]) -> Any:
	"""The explanation to show: one a reviewer approved for this code, else the one asked for this kind of problem; None.

	One that most of its readers say did not help is kept, but not shown: ZATCA's own words say more.
	"""
	code = redact(problem, strings).code
	approved = code != NO_CODE and frappe.get_all(
		EXPLANATION,
		filters={
			"code": code,
			"promoted": 1,
			"withdrawn": 0,
			"rank": (">=", LEAST_RANK),
		},
		fields=["name", "field", "promoted", *WORDS],
		order_by="`rank` desc",
		limit=1,
	)
	if approved:
		return approved[0]
	kept = frappe.db.get_value(
		EXPLANATION,
		key_of(problem),
		["name", "field", "promoted", "withdrawn", "rank", *WORDS],
		as_dict=True,
	)
	shown = kept and not kept.withdrawn and kept.rank >= LEAST_RANK
	return kept if shown and is_on() else None


def strings_around(doc: Any, xml: bytes | None) -> frozenset[str]:
	"""Every text of the bytes that were sent, and how the invoice names its parties: what may never be read in a question."""
	named = (doc.get(field) for field in _NAMES)
	return strings_of(xml) | {str(text) for text in named if text and len(str(text)) >= 3}


_NAMES = (
	"name",
	"customer",
	"customer_name",
	"tax_id",
	"contact_display",
	"contact_mobile",
	"contact_email",
	"contact_person",
	"customer_address",
	"po_no",
)


def problem_of(submission: Any, message: Any, document: Any) -> Problem:
	"""What ZATCA said, as the explainer takes it; where it is, as far as the document tells."""
	xml = document.xml if document else None
	fields = tuple(spot.field for spot in locate(message.code, message.at or "", xml) if spot.field)
	return Problem(
		message.code,
		message.at or "",
		message.category or "",
		document_type(document, submission),
		fields[:3],
	)


TYPES = {"388": "invoice", "381": "credit note", "383": "debit note", "386": "prepayment invoice"}


def document_type(document: Any, submission: Any) -> str:
	"""Such as "standard credit note"."""
	kind = str(submission.kind or "Standard").lower()
	return f"{kind} {TYPES.get(str(document.type_code) if document else '388', 'invoice')}"


def preview_of(submission: Any) -> list[tuple[Any, Question]]:
	"""What would be sent about each message of ZATCA's answer to an invoice, word for word. Nothing is sent."""
	document = frappe.get_doc("ZATCA Document", submission.document) if submission.document else None
	invoice = frappe.get_doc(submission.invoice_doctype, submission.invoice_name)
	strings = strings_around(invoice, document.xml if document else None)
	return [
		(message, Explainer().preview(problem_of(submission, message, document), strings))
		for message in submission.messages
		if message.source == "ZATCA"
	]


MOST_LOOKED_AT = 50


def latest_rejected() -> str:
	"""Of those the reader may see, the latest submission whose rejection the dictionary does not wholly explain, else the latest
	one; "" for none.
	"""
	names = frappe.get_list(
		"ZATCA Submission",
		filters={"state": "Rejected"},
		order_by="creation desc",
		limit=MOST_LOOKED_AT,
		pluck="name",
	)
	said = frappe.get_all(
		"ZATCA Message",
		filters={"parent": ("in", names or [""]), "source": "ZATCA"},
		fields=["parent", "code"],
	)
	unknown = {row.parent for row in said if find(row.code) is None}
	known = {row.parent for row in said}
	return next((name for group in (unknown, known) for name in names if name in group), "")


def preview(code: str, message: str) -> Question:
	"""What would be sent about such a message, word for word. Nothing is sent."""
	return Explainer().preview(Problem(code, message))
