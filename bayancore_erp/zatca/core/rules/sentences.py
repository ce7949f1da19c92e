"""What a finding says to an accountant: one plain sentence per code, in English and Arabic.

Takes a code, the field in the model and the values of the case; gives the sentence from `sentences.json`.
Never shows an official message text: the wording is ours and the same for the desk, the command line and the mail.
Source: the data file beside this module; every id of the official sheets, the schema, the gateway and the law.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter

LANGUAGES = ("en", "ar")
PLACEHOLDERS = frozenset({"line", "expected", "found"})

_LINE = {"en": "Line {line}: {sentence}", "ar": "البند {line}: {sentence}"}
_UNKNOWN = {
	"en": "ZATCA objected with code {code}. Show it to your administrator.",
	"ar": "اعترضت الهيئة بالرمز {code}. اعرضه على مسؤول النظام.",
}


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Mapping[str, object]]:
	"""All sentences by code. Each entry has `en` and `ar`; `en_values` and `ar_values` where figures can be named;
	`fields` where the same code means different things for different fields."""
	text = (Path(__file__).with_name("sentences.json")).read_text(encoding="utf-8")
	data: dict[str, dict[str, object]] = json.loads(text)
	return data


def known(code: str) -> bool:
	"""Whether the code has a sentence of its own."""
	return code in catalogue()


def sentence(
	code: str, language: str = "en", *, values: Iterable[tuple[str, str]] = (), field: str = ""
) -> str:
	"""The sentence for `code` in `language` ("en" or "ar").

	`values` may hold line, expected and found; `field` is the model's path, such as "buyer.address.street". The wording
	with figures is taken only where all its figures are given. A code that nobody knows still gets a whole sentence.
	"""
	given = {name: value for name, value in values if value}
	entry = catalogue().get(code)
	if entry is None:
		return _UNKNOWN[language].format(code=code)
	wording = _for_field(entry, field)
	text = str(wording.get(f"{language}_values", ""))
	if not text or not placeholders(text) <= given.keys():
		text = str(wording[language])
	if "line" in given and "line" not in placeholders(text):
		text = _LINE[language].format(line="{line}", sentence=text)
	return text.format_map(given)


def placeholders(text: str) -> set[str]:
	"""The names between braces in a sentence."""
	return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _for_field(entry: Mapping[str, object], field: str) -> Mapping[str, object]:
	"""The variant for the field: the whole path first, then its parts from the last one, else the general entry."""
	variants = entry.get("fields")
	if isinstance(variants, dict) and field:
		path = re.sub(r"\[\d+\]", "", field)
		for key in (path, *reversed(path.split("."))):
			if key in variants:
				return {**entry, "en_values": "", "ar_values": "", **variants[key]}
	return entry
