"""The catalogue: what each code of ZATCA, of its gateway and of the law means, and what an accountant does about it.

Takes a code; gives an `Entry`: cause, what to do and what becomes of the document, in English and Arabic, its severity as
ZATCA executes it, and the fields it can be about with their place in ERPNext. The wording of cause and remedy is
`rules.sentences`; nothing is said twice. Never raises for an unknown code: `find` gives None, `fallback` a whole entry.
Source: data/codes.json (severity: SDK R3.4.6 rule sheets; fields: what the native rules find when each is broken).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from bayancore_erp.ai_errors.core.places import DATA, FormField, form_field
from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.rules.law import LAWS
from bayancore_erp.zatca.core.rules.sentences import catalogue as sentences
from bayancore_erp.zatca.core.rules.sentences import sentence


class Gravity(str, Enum):
	"""What a code does to a document."""

	ERROR = "error"
	"""Rejected."""
	WARNING = "warning"
	"""Accepted with a remark."""
	ACCEPTED = "accepted"
	"""ZATCA says that it has the document already."""
	REQUEST = "request"
	"""A request about the device, not about a document, failed."""
	SERVICE = "service"
	"""ZATCA's own fault."""
	UNLAWFUL = "unlawful"
	"""Stopped here, before anything is sent."""
	ADVICE = "advice"
	"""Shown here; nothing is stopped."""
	INFORMATION = "information"
	"""Nothing is wrong."""
	UNKNOWN = "unknown"


CONSEQUENCES: Mapping[Gravity, Name] = {
	Gravity.ERROR: Name(
		"ZATCA rejects the document. Nothing is booked; correct the draft and submit it again.",
		"ترفض الهيئة المستند. لم يُرحَّل شيء إلى الدفاتر؛ صحّح المسودة ثم أعد تقديمها.",
	),
	Gravity.WARNING: Name(
		"ZATCA accepts the document with this remark. Never send it again; correct the data before the next invoice.",
		"تقبل الهيئة المستند مع هذه الملاحظة. لا تُعد إرساله أبداً؛ صحّح البيانات قبل الفاتورة التالية.",
	),
	Gravity.ACCEPTED: Name(
		"ZATCA has this document already. It counts as accepted; never send it as a new one.",
		"هذا المستند لدى الهيئة من قبل، ويُعد مقبولاً؛ لا ترسله أبداً كمستند جديد.",
	),
	Gravity.REQUEST: Name(
		"The request for the device was refused. No invoice is affected.",
		"رُفض الطلب الخاص بالجهاز. لم تتأثر أي فاتورة.",
	),
	Gravity.SERVICE: Name(
		"The same document is sent again by itself; do not change it.",
		"يُعاد إرسال المستند نفسه تلقائياً؛ لا تُعدّله.",
	),
	Gravity.UNLAWFUL: Name(
		"The document is held back before it is sent, because the law does not allow it as it is.",
		"يُوقف المستند قبل إرساله لأن الأنظمة لا تسمح به بصورته الحالية.",
	),
	Gravity.ADVICE: Name(
		"The document can be sent; check first whether this is meant.",
		"يمكن إرسال المستند؛ تحقق أولاً من أن هذا هو المقصود.",
	),
	Gravity.INFORMATION: Name("Nothing is wrong.", "لا توجد مشكلة."),
	Gravity.UNKNOWN: Name(
		"This message is new. ZATCA's own words are shown with it; your administrator is told.",
		"هذه الرسالة جديدة. يظهر معها نص الهيئة كما ورد، ويُبلَّغ مسؤول النظام.",
	),
}


@dataclass(frozen=True, slots=True)
class Entry:
	"""All that is known about one code."""

	code: str
	gravity: Gravity
	cause: Name
	"""What is wrong."""
	remedy: Name
	"""What to do."""
	fields: tuple[str, ...]
	"""Model paths that it can be about, likeliest first, positions left out; empty where the whole document is meant."""

	@property
	def consequence(self) -> Name:
		"""What becomes of the document, and whether it may be sent again."""
		return CONSEQUENCES[self.gravity]

	@property
	def places(self) -> tuple[FormField, ...]:
		"""The fields of the forms, likeliest first; the invoice itself where no field is meant."""
		return tuple(form_field(path) for path in self.fields or ("",))


def codes() -> tuple[str, ...]:
	"""Every code that has an entry."""
	return tuple(sentences())


def find(code: str, field: str = "") -> Entry | None:
	"""The entry of a code, worded for `field` (a model path) where the same code means several; None if unknown."""
	code = canonical(code)
	if code not in sentences():
		return None
	return _entry(code, field)


def fallback(code: str) -> Entry:
	"""What is said of a code that nobody knows: still a whole entry, in both languages."""
	return _entry(code, "")


def canonical(code: str) -> str:
	"""The code as the catalogue spells it: case, blanks and brackets of the gateway's answers left aside."""
	stripped = code.strip().strip("[]").strip()
	return _spellings().get(stripped.casefold(), stripped)


@lru_cache(maxsize=1024)
def _entry(code: str, field: str) -> Entry:
	facts = _facts().get(code, {})
	english, arabic = (_halves(sentence(code, language, field=field)) for language in ("en", "ar"))
	return Entry(
		code,
		_laws().get(code) or Gravity(facts.get("gravity", "unknown")),
		Name(english[0], arabic[0]),
		Name(english[1], arabic[1]),
		tuple(facts.get("fields", ())),
	)


def _halves(text: str) -> tuple[str, str]:
	"""Every sentence of the data says what is wrong first, then what to do."""
	cause, *remedy = re.split(r"(?<=[.؟!])\s+(?=[^\d\s])", text, maxsplit=1)
	return cause, remedy[0] if remedy else ""


@lru_cache(maxsize=1)
def _facts() -> Mapping[str, Any]:
	data: dict[str, Any] = json.loads((DATA / "codes.json").read_text(encoding="utf-8"))
	return data


@lru_cache(maxsize=1)
def _laws() -> Mapping[str, Gravity]:
	return {law.code: Gravity.UNLAWFUL if law.severity.value == "error" else Gravity.ADVICE for law in LAWS}


@lru_cache(maxsize=1)
def _spellings() -> Mapping[str, str]:
	return {code.casefold(): code for code in sentences()}
