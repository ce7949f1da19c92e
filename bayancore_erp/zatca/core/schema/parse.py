"""JSON text to Python values, without losing a digit or a mistake.

Takes bytes or text; gives plain values in which unquoted fractions, NaN and repeated keys are still visible.
Never converts a number to binary. Source: RFC 8259 sections 4 and 6.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from bayancore_erp.zatca.core.errors import InvalidInput

# ZATCA's gateway takes about 10 MB of base64; no invoice of more than this could be sent.
MOST_BYTES = 16 * 1024 * 1024
MOST_INTEGER_DIGITS = 40


class Unquoted(str):
	"""A number that JSON would hand on as binary: 1.5, 1e3, NaN. Kept as written, for the message."""


class Object(dict[str, object]):
	"""A JSON object that remembers the keys it was given more than once."""

	def __init__(self, pairs: list[tuple[str, object]]) -> None:
		super().__init__(pairs)
		self.repeated: list[str] = []
		if len(self) < len(pairs):
			counted = Counter(key for key, _ in pairs)
			self.repeated = [key for key, times in counted.items() if times > 1]


def parse(source: bytes | str | Mapping[str, object]) -> Mapping[str, object]:
	"""The JSON object in `source`; a mapping is taken as it is. Raises InvalidInput where there is none."""
	if isinstance(source, Mapping):
		return source
	if len(source) > MOST_BYTES:
		raise InvalidInput(f"The JSON is larger than {MOST_BYTES // 2**20} MB; no invoice is.")
	try:
		text = source.decode("utf-8-sig") if isinstance(source, bytes) else source.removeprefix("\ufeff")
		found = json.loads(
			text, object_pairs_hook=Object, parse_float=Unquoted, parse_int=_integer, parse_constant=Unquoted
		)
	except UnicodeDecodeError as error:
		raise InvalidInput(
			f"The JSON is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8."
		) from error
	except json.JSONDecodeError as error:
		raise InvalidInput(
			f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
		) from error
	except RecursionError:
		raise InvalidInput("The JSON is nested far deeper than any invoice.") from None
	if not isinstance(found, Mapping):
		raise InvalidInput("An invoice is a JSON object, in braces.")
	return found


def _integer(text: str) -> int | Unquoted:
	return int(text) if len(text) <= MOST_INTEGER_DIGITS else Unquoted(text)
