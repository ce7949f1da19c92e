"""The body of an answer, read tolerantly into facts.

Takes whatever bytes came; gives an `Answer`; never raises and never guesses: what is not there stays empty, and a key
that is said twice with different values is remembered as a contradiction.
The gateway's answers differ from its own description (`erroMessages` and `errors`, numbers where texts belong, a
wrapper named `value`, flat or nested lists): ZATCA.md section 5, api-samples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from bayancore_erp.zatca.core.outcome.vocabulary import Message

MAX_READ = 32 * 1024 * 1024
"""Bytes; a larger body is not looked into."""
MAX_MESSAGES = 500
MAX_TEXT = 4000
"""Characters kept of one message field: rule texts of ZATCA stay well below 1,000."""

_WRAPPERS = ("value", "body", "data", "result", "response")
_LISTS = {
	"infomessages": "INFO",
	"warningmessages": "WARNING",
	"errormessages": "ERROR",
	"erromessages": "ERROR",
	"errors": "ERROR",
	"erros": "ERROR",
}
_GRAVITY = ("INFO", "WARNING", "ERROR")


class Form(str, Enum):
	"""What the body is made of."""

	EMPTY = "empty"
	OBJECT = "a JSON object"
	OTHER_JSON = "JSON, but not an object"
	HTML = "an HTML page"
	BROKEN_JSON = "cut-off or broken JSON"
	TEXT = "plain text"
	TOO_LARGE = "too large to be read"


@dataclass(frozen=True, slots=True)
class Answer:
	"""The facts of a body. Texts are empty where the body does not say, or says something that is no text."""

	form: Form
	reporting_status: str = ""
	clearance_status: str = ""
	validation_status: str = ""
	cleared_invoice: str = ""
	disposition: str = ""
	request_id: str = ""
	token: str = ""
	secret: str = ""
	messages: tuple[Message, ...] = ()
	omitted: int = 0
	is_of_server: bool = False
	"""Whether it is a web server's own page of its failure, which nobody who judged the document wrote."""
	contradicted: frozenset[str] = frozenset()
	"""Keys (lower case) that were given twice with different values."""
	text: str = ""
	"""The beginning of a body that is not JSON."""

	def __repr__(self) -> str:
		return f"Answer({self.form.value}, {len(self.messages)} messages)"


class _Reader:
	"""Builds lower-case dictionaries and notes the keys that contradict themselves."""

	def __init__(self) -> None:
		self.contradicted: set[str] = set()

	def fold(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
		found: dict[str, object] = {}
		for key, value in pairs:
			name = key.lower()
			if name not in found:
				found[name] = value
				continue
			before = found[name]
			if isinstance(before, list) and isinstance(value, list):
				found[name] = before + value
			elif before is None:
				found[name] = value
			elif value is not None and before != value:
				self.contradicted.add(name)
		return found

	def load(self, text: str) -> object:
		# Numbers stay the text they are: a request id has more digits than matter to arithmetic, and none is computed with.
		return json.loads(
			text, object_pairs_hook=self.fold, parse_int=str, parse_float=str, parse_constant=str
		)


def read_answer(body: bytes) -> Answer:
	"""The facts in `body`. Never raises."""
	if len(body) > MAX_READ:
		return Answer(Form.TOO_LARGE)
	text = _decode(body).strip("\ufeff\x00 \t\r\n")
	if not text:
		return Answer(Form.EMPTY)
	reader = _Reader()
	try:
		data = reader.load(text)
		if isinstance(data, str) and data.lstrip()[:1] in ("{", "["):
			data = reader.load(data)
	except (ValueError, RecursionError):
		return Answer(_form_of_broken(text), text=text[:MAX_TEXT])
	if isinstance(data, list) and len(data) == 1:
		data = data[0]
	if not isinstance(data, dict):
		return Answer(Form.OTHER_JSON, text=text[:MAX_TEXT])
	return _facts(data, frozenset(reader.contradicted))


def _decode(body: bytes) -> str:
	if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
		return body.decode("utf-16", errors="replace")
	return body.decode("utf-8", errors="replace")


def _form_of_broken(text: str) -> Form:
	if text[0] in "{[":
		return Form.BROKEN_JSON
	head = text[:1000].lower()
	return (
		Form.HTML
		if text[0] == "<" or "<html" in head or "<body" in head or "(html page)" in head
		else Form.TEXT
	)


def _facts(data: dict[str, object], contradicted: frozenset[str]) -> Answer:
	for _ in range(3):
		inner = [value for key in _WRAPPERS if isinstance(value := data.get(key), dict)]
		if len(inner) != 1:
			break
		# What stands outside the wrapper counts only where the inside is silent.
		data = {**{key: value for key, value in data.items() if key not in _WRAPPERS}, **inner[0]}
	results = data.get("validationresults")
	nested = results if isinstance(results, dict) else {}
	collected: list[Message] = []
	omitted = 0
	for message in _messages(data, nested):
		if len(collected) < MAX_MESSAGES:
			collected.append(message)
		else:
			omitted += 1
	return Answer(
		Form.OBJECT,
		reporting_status=_word(data.get("reportingstatus") or nested.get("reportingstatus")),
		clearance_status=_word(data.get("clearancestatus") or nested.get("clearancestatus")),
		validation_status=_word(nested.get("status") or data.get("status")),
		cleared_invoice=_text(data.get("clearedinvoice"), MAX_READ),
		disposition=_word(data.get("dispositionmessage")),
		request_id=_text(data.get("requestid")),
		token=_text(data.get("binarysecuritytoken"), MAX_READ),
		secret=_text(data.get("secret"), MAX_READ),
		messages=tuple(collected),
		omitted=omitted,
		is_of_server=_is_of_server(data),
		contradicted=contradicted,
	)


def _is_of_server(data: dict[str, object]) -> bool:
	"""The gateway's category HTTP-Errors, or Spring's form, with nothing of a verdict beside it (any-500, any-401)."""
	if any(data.get(key) for key in ("validationresults", "reportingstatus", "clearancestatus", *_LISTS)):
		return False
	springs = "error" in data and "timestamp" in data and _text(data.get("status")).isdigit()
	return springs or _text(data.get("category")).lower() == "http-errors"


def _messages(data: dict[str, object], nested: dict[str, object]) -> Iterator[Message]:
	for place in (nested, data):
		for key, kind in _LISTS.items():
			given = place.get(key)
			for item in given if isinstance(given, list) else [given]:
				message = _message(item, kind)
				if message is not None:
					yield message
	# The flat form {"code", "message"} (and Spring's {"error", "message", "status"}) is one error of its own,
	# save where a verdict stands beside it: then it is a remark on the verdict.
	verdict = any(
		_text(data.get(key)) for key in ("reportingstatus", "clearancestatus", "binarysecuritytoken")
	)
	message = _message(
		{**data, "code": data.get("code") or data.get("error")}, "INFO" if verdict else "ERROR"
	)
	if message is not None:
		yield message


def _message(item: object, kind: str) -> Message | None:
	if isinstance(item, str) and item.strip():
		return Message(kind, "", "", item.strip()[:MAX_TEXT], "")
	if not isinstance(item, dict):
		return None
	said = _word(item.get("type"))
	# Where list and type disagree the graver one holds: an error must not pass for a remark.
	kind = said if said in _GRAVITY and _GRAVITY.index(said) > _GRAVITY.index(kind) else kind
	text = _text(item.get("message")) or _text(item.get("text")) or _text(item.get("description"))
	code = _text(item.get("code"))
	category = _text(item.get("category"))
	if not (text or code or category):
		return None
	return Message(kind, code, category, text, _text(item.get("status")))


def _text(value: object, limit: int = MAX_TEXT) -> str:
	return value.strip()[:limit] if isinstance(value, str) else ""


def _word(value: object) -> str:
	return _text(value, 64).upper().replace(" ", "_").replace("-", "_")
