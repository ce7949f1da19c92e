"""The explainer without a network: dictionary first, off by default, within the budget, never an exception."""

from __future__ import annotations

import json

from bayancore_erp.ai_errors.core.explain import Asked, Explainer, Reply, Result, Source
from bayancore_erp.ai_errors.core.prompt import Question, ask, cache_key, similar
from bayancore_erp.ai_errors.core.redact import Problem, redact
from bayancore_erp.zatca.core.invoice import has_arabic

NEW = Problem("BR-KSA-777", "The buyer postal code (BT-53) must be 5 digits", "KSA", "standard invoice")
ANSWER = json.dumps(
	{
		"field": "buyer.address.postal_code",
		"en": "The postal code needs five digits.",
		"ar": "الرمز البريدي من خمسة أرقام.",
		"steps_en": [],
		"steps_ar": [],
	}
)


class Model:
	model = "test"

	def __init__(self) -> None:
		self.asked: list[Question] = []

	def ask(self, question: Question) -> Reply:
		self.asked.append(question)
		return Reply(ANSWER, 7)


class Nothing:
	def take(self) -> bool:
		return False


class Broken:
	def get(self, key: str) -> str | None:
		raise OSError("cache down")

	def put(self, key: str, text: str) -> None:
		raise OSError("cache down")


def test_a_known_code_is_asked_of_nobody() -> None:
	model = Model()
	got = Explainer(model, enabled=True).explain(Problem("BR-KSA-63", "anything"))
	assert got.source is Source.DICTIONARY and not model.asked
	assert got.field.startswith("buyer.address")


def test_off_by_default() -> None:
	model = Model()
	got = Explainer(model).explain(NEW)
	assert got.source is Source.NOBODY and not model.asked
	assert "BR-KSA-777" in got.sentence.en and has_arabic(got.sentence.ar)


def test_the_locators_field_outranks_the_models() -> None:
	got = Explainer(Model(), enabled=True).explain(
		Problem("BR-KSA-777", NEW.message, fields=("lines[2].unit_price",))
	)
	assert got.source is Source.MODEL and got.field == "lines[2].unit_price"


def test_the_budget_is_kept_and_recorded() -> None:
	model, records = Model(), list[Asked]()
	got = Explainer(model, enabled=True, budget=Nothing(), record=records.append).explain(NEW)
	assert got.source is Source.NOBODY and not model.asked
	assert [record.result for record in records] == [Result.OVER_BUDGET]


def test_a_broken_cache_costs_nobody_the_dictionary() -> None:
	asking = Explainer(Model(), enabled=True, cache=Broken())
	assert asking.explain(NEW) == asking.dictionary(NEW)


def test_the_preview_is_what_is_sent() -> None:
	model = Model()
	asking = Explainer(model, enabled=True)
	preview = asking.preview(NEW, ("Al Noor",))
	asking.explain(NEW, ("Al Noor",))
	assert model.asked == [preview]


def test_one_key_for_one_kind_of_problem() -> None:
	first = redact(Problem("BR-NEW-01", "Amount 12.50 of line 3 exceeds 11.00", fields=("lines[2].net",)))
	second = redact(Problem("BR-NEW-01", "Amount 8,999.01 of line 14 exceeds 7", fields=("lines[13].net",)))
	assert cache_key(first, "m") == cache_key(second, "m")
	assert cache_key(first, "m") != cache_key(first, "n")


def test_the_nearest_entries_are_about_the_same_thing() -> None:
	found = similar(redact(NEW))
	assert found and any("postal" in entry.cause.en.lower() for entry in found), [e.code for e in found]
	assert "postal" in ask(redact(NEW)).input
