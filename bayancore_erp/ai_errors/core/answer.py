"""The answer's strict form: what a model may say, and nothing else.

Takes the text of an answer; gives an `Answer`. Its field is one of the paths that exist, or "unknown"; its wording is plain text
in both languages. Raises `AnswerRefused` for whatever differs. Never trusts a word of it: no links, markup or code pass.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bayancore_erp.ai_errors.core.places import paths
from bayancore_erp.zatca.core.invoice import has_arabic

UNKNOWN = "unknown"

# A Literal of names known only at run time is an enum of them; on the wire both are {"enum": [...]}.
AllowedField = Enum("AllowedField", {path: path for path in (*paths(), UNKNOWN)}, type=str)  # type: ignore[misc]

_FORBIDDEN = re.compile(
	r"[<>{}`\\\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]|https?:|www\.|\w@\w|javascript:|\]\(",
	re.IGNORECASE,
)
_LATIN = re.compile(r"[A-Za-z]")

Sentence = Annotated[str, Field(min_length=10, max_length=400)]
Step = Annotated[str, Field(min_length=3, max_length=200)]


class AnswerRefused(Exception):
	"""An answer that is not in the form asked for, or that holds what no explanation needs."""


class Answer(BaseModel):
	"""An explanation of one problem."""

	model_config = ConfigDict(extra="forbid", frozen=True)

	field: AllowedField
	en: Sentence
	ar: Sentence
	steps_en: list[Step] = Field(max_length=5)
	steps_ar: list[Step] = Field(max_length=5)

	@field_validator("en", "steps_en")
	@classmethod
	def _english(cls, value: str | list[str]) -> str | list[str]:
		for text in _each(value):
			if not _LATIN.search(text):
				raise ValueError("not English")
		return _plain(value)

	@field_validator("ar", "steps_ar")
	@classmethod
	def _arabic(cls, value: str | list[str]) -> str | list[str]:
		for text in _each(value):
			if not has_arabic(text):
				raise ValueError("not Arabic")
		return _plain(value)

	@property
	def path(self) -> str:
		"""The model path; empty where the model was not sure."""
		return "" if self.field.value == UNKNOWN else str(self.field.value)


def read(text: str) -> Answer:
	"""The answer in a JSON text. Raises AnswerRefused for anything that is not exactly one."""
	try:
		return Answer.model_validate_json(text)
	except ValidationError as error:
		# The error itself quotes what came; the record keeps only which parts were wrong.
		wrong = sorted({".".join(map(str, problem["loc"][:1])) or "form" for problem in error.errors()})
		known = {*Answer.model_fields, "form"}
		raise AnswerRefused(
			", ".join(name if name in known else "more than asked" for name in wrong)
		) from None


def _each(value: str | list[str]) -> list[str]:
	return [value] if isinstance(value, str) else value


def _plain(value: str | list[str]) -> str | list[str]:
	for text in _each(value):
		if _FORBIDDEN.search(text):
			raise ValueError("not plain text")
	return value
