"""The explainer: the dictionary first, always; a language model for the tail, if somebody has switched it on.

Takes a problem and its document's strings; gives an `Explanation`, never nothing and never an exception. A known code is
answered here and asked of nobody. An unknown one is asked once for its kind, within the budget, with nothing of the document
in the question, and every question leaves a record. Whatever goes wrong, the dictionary's answer stands.
Never on the path of submitting: callers run it in a background job.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bayancore_erp.ai_errors.core.answer import Answer, AnswerRefused, read
from bayancore_erp.ai_errors.core.catalogue import CONSEQUENCES, Gravity, fallback, find
from bayancore_erp.ai_errors.core.prompt import MOST_TOKENS, VERSION, Question, ask, cache_key
from bayancore_erp.ai_errors.core.redact import Problem, Redacted, fingerprint, redact
from bayancore_erp.zatca.core.codes import Name


class Source(str, Enum):
	"""Who explains."""

	DICTIONARY = "dictionary"
	MODEL = "model"
	NOBODY = "nobody"
	"""The code is in no dictionary: the general entry, beside ZATCA's own words."""


class Result(str, Enum):
	"""What became of a question."""

	ANSWERED = "answered"
	CACHED = "cached"
	OVER_BUDGET = "over budget"
	TIMED_OUT = "timed out"
	UNREACHABLE = "unreachable"
	REFUSED = "refused"
	"""The model declined."""
	FAULT = "fault"
	"""The service answered with an error."""
	BAD_ANSWER = "bad answer"
	"""What came back is not in the form asked for."""


class ProviderFailure(Exception):
	"""Why a provider has no answer. Carries no text of the other side.

	`tokens`: what that cost; None where it may have cost something and nobody said how much, as an answer that came too late does.
	"""

	def __init__(self, result: Result, detail: str = "", tokens: int | None = 0) -> None:
		super().__init__(f"{result.value} {detail}".strip())
		self.result = result
		self.detail = detail
		self.tokens = tokens


@dataclass(frozen=True, slots=True)
class Reply:
	"""What a provider got: the answer's JSON text, and what it cost; None where the service does not say."""

	text: str
	tokens: int | None = None


class Provider(Protocol):
	"""Somebody who can be asked. Raises ProviderFailure, nothing else."""

	@property
	def model(self) -> str:
		"""The model's name, part of the cache's key."""

	def ask(self, question: Question) -> Reply:
		"""The answer to one question."""


class Cache(Protocol):
	"""Answers by key; only answers that were accepted are kept."""

	def get(self, key: str) -> str | None:
		"""The answer's JSON text, if there is one."""

	def put(self, key: str, text: str) -> None:
		"""Keep it."""


class Budget(Protocol):
	"""How much may be asked, counted from the record of questions."""

	def take(self) -> bool:
		"""Whether one more question may be asked."""


@dataclass(frozen=True, slots=True)
class Asked:
	"""The record of one question, for the audit: what left, word for word, and what became of it."""

	key: str
	model: str
	prompt_version: str
	question: str
	"""The input as it was sent."""
	question_sha256: str
	result: Result
	detail: str
	tokens: int
	"""What it cost; the most it can have cost, where nobody said."""
	milliseconds: int


@dataclass(frozen=True, slots=True)
class Explanation:
	"""What the accountant reads."""

	code: str
	source: Source
	gravity: Gravity
	sentence: Name
	"""What is wrong and what to do."""
	consequence: Name
	steps: tuple[Name, ...] = ()
	field: str = ""
	"""Model path, with positions where the locator gave them; empty for the whole document."""


class Explainer:
	"""Explains problems. Without a provider, or switched off, it is the dictionary alone."""

	def __init__(
		self,
		provider: Provider | None = None,
		*,
		enabled: bool = False,
		cache: Cache | None = None,
		budget: Budget | None = None,
		record: Callable[[Asked], None] | None = None,
	) -> None:
		self._provider = provider if enabled else None
		self._cache: Cache = cache or _Memory()
		self._budget = budget
		self._record = record

	def dictionary(self, problem: Problem) -> Explanation:
		"""The dictionary's answer, at once and offline."""
		field = problem.fields[0] if problem.fields else ""
		entry = find(problem.code, field)
		source = Source.DICTIONARY if entry else Source.NOBODY
		entry = entry or fallback(problem.code)
		return Explanation(
			entry.code,
			source,
			entry.gravity,
			Name(
				f"{entry.cause.en} {entry.remedy.en}".strip(), f"{entry.cause.ar} {entry.remedy.ar}".strip()
			),
			entry.consequence,
			field=field or (entry.fields[0] if entry.fields else ""),
		)

	def preview(self, problem: Problem, strings: Iterable[str] = ()) -> Question:
		"""What would be sent about this problem, word for word; nothing is sent."""
		return ask(redact(problem, strings))

	def explain(self, problem: Problem, strings: Iterable[str] = ()) -> Explanation:
		"""The best explanation there is. `strings` are the document's own (`redact.strings_of`). Never raises."""
		known = self.dictionary(problem)
		if known.source is Source.DICTIONARY or self._provider is None:
			return known
		try:
			key = cache_key(fingerprint(problem), self._provider.model)
			answer = self._ask(self._provider, redact(problem, strings), key)
		except (
			Exception
		):  # cache, budget and audit are others' code: their fault must cost nobody the dictionary
			return known
		return known if answer is None else _explained(known, answer, problem)

	def _ask(self, provider: Provider, problem: Redacted, key: str) -> Answer | None:
		question = ask(problem)
		kept = self._cache.get(key)
		if kept is not None:
			try:
				answer = read(kept)
			except AnswerRefused:
				pass  # kept by an earlier version whose fields are gone: ask anew
			else:
				self._note(key, provider, question, Result.CACHED)
				return answer
		if self._budget is not None and not self._budget.take():
			self._note(key, provider, question, Result.OVER_BUDGET)
			return None
		return self._ask_anew(provider, question, key)

	def _ask_anew(self, provider: Provider, question: Question, key: str) -> Answer | None:
		began = time.monotonic()
		answer, detail = None, ""
		tokens: int | None = None
		reply: Reply | None = None
		try:
			reply = provider.ask(question)
			tokens = reply.tokens
			answer = read(reply.text)
			result = Result.ANSWERED
		except ProviderFailure as failure:
			result, detail, tokens = failure.result, failure.detail, failure.tokens
		except AnswerRefused as refused:
			result, detail = Result.BAD_ANSWER, str(refused)
		except Exception as error:
			result, detail = Result.FAULT, type(error).__name__
		cost = most_tokens(question) if tokens is None else tokens
		self._note(key, provider, question, result, detail, cost, began)
		if answer is not None and reply is not None:
			self._cache.put(key, reply.text)
		return answer

	def _note(
		self,
		key: str,
		provider: Provider,
		question: Question,
		result: Result,
		detail: str = "",
		tokens: int = 0,
		began: float | None = None,
	) -> None:
		if self._record is None:
			return
		took = 0 if began is None else round((time.monotonic() - began) * 1000)
		digest = hashlib.sha256(question.input.encode("utf-8")).hexdigest()
		self._record(
			Asked(key, provider.model, VERSION, question.input, digest, result, detail, tokens, took)
		)


def most_tokens(question: Question) -> int:
	"""The most that a question can cost: no token is shorter than a byte of what is sent, and the answer has its limit."""
	sent = question.instructions + question.input + json.dumps(Answer.model_json_schema())
	return len(sent.encode("utf-8")) + MOST_TOKENS


def _explained(known: Explanation, answer: Answer, problem: Problem) -> Explanation:
	# What the document itself shows is surer than what a model thinks; its field counts only where we have none.
	field = problem.fields[0] if problem.fields and problem.fields[0] else answer.path
	steps = tuple(Name(en, ar) for en, ar in zip(answer.steps_en, answer.steps_ar, strict=False))
	return Explanation(
		known.code,
		Source.MODEL,
		known.gravity,
		Name(answer.en, answer.ar),
		CONSEQUENCES[Gravity.UNKNOWN],
		steps,
		field,
	)


class _Memory:
	"""A cache that lives as long as its explainer."""

	def __init__(self) -> None:
		self._kept: dict[str, str] = {}

	def get(self, key: str) -> str | None:
		return self._kept.get(key)

	def put(self, key: str, text: str) -> None:
		self._kept[key] = text
