"""JSON values to the model, every problem at once with its path.

Takes parsed JSON; gives an Invoice, or InvalidInvoice listing each thing that cannot be read. Checks form only: what is
unlawful or incomplete is for the calculator and the rules.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any

from bayancore_erp.zatca.core.codes import EXEMPTIONS
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import InvalidInvoice, Invoice, Vat
from bayancore_erp.zatca.core.money import to_decimal
from bayancore_erp.zatca.core.schema.parse import Object, Unquoted, parse
from bayancore_erp.zatca.core.schema.shapes import SHORT_FORMS, Field, Kind, fields_of

AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Beyond these a report helps nobody; the first ones are corrected first.
MOST_PROBLEMS = 100


def from_json(source: bytes | str | Mapping[str, object]) -> Invoice:
	"""Read an invoice in the published schema, from JSON text or from its parsed mapping.

	Amounts are text ("1234.50") or integers. Raises InvalidInvoice with every problem and its path; InvalidInput where
	`source` is no JSON object at all.
	"""
	reader = _Reader()
	invoice = reader.record(Invoice, parse(source), "")
	if reader.problems:
		raise InvalidInvoice(reader.problems)
	assert isinstance(invoice, Invoice)
	return invoice


class _Reader:
	def __init__(self) -> None:
		self.problems: list[InvalidInput] = []

	def refuse(self, path: str, message: str, hint: str = "") -> None:
		"""Note one problem; the value is then left out."""
		if len(self.problems) < MOST_PROBLEMS:
			self.problems.append(InvalidInput(message, field=path, hint=hint))

	def record(self, cls: type, given: Mapping[str, object], path: str) -> Any:
		"""A dataclass from a JSON object; None where something in it was refused."""
		before = len(self.problems)
		shape = fields_of(cls)
		prefix = f"{path}." if path else ""
		if isinstance(given, Object):
			for key in given.repeated:
				self.refuse(
					f"{prefix}{key[:60]}", f"The key {key[:60]!r} is given twice.", "Keep one of them."
				)
		for key in given:
			if key not in shape:
				self._unknown(str(key), shape, prefix)
		values: dict[str, Any] = {}
		for name, field in shape.items():
			if name in given:
				values[name] = self.value(field, given[name], f"{prefix}{name}")
			elif field.required:
				self.refuse(f"{prefix}{name}", f"{name!r} is missing.", field.description)
		if len(self.problems) > before:
			return None
		if cls is Vat and "category" not in values and values.get("exemption_code") in EXEMPTIONS:
			values["category"] = EXEMPTIONS[values["exemption_code"]].category
		try:
			return cls(**values)
		except InvalidInput as problem:
			self.refuse(path, problem.message, problem.hint)
			return None

	def _unknown(self, key: str, shape: Mapping[str, Field], prefix: str) -> None:
		if len(self.problems) >= MOST_PROBLEMS:
			return
		near = difflib.get_close_matches(key[:60], shape, n=1)
		hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(shape)}."
		self.refuse(f"{prefix}{key[:60]}", f"{key[:60]!r} is not a key of the schema.", hint)

	def value(self, field: Field, given: object, path: str) -> Any:
		"""What a field holds: one value, several, or none."""
		kind = field.kind
		if given is None:
			if not kind.optional:
				self.refuse(path, "null is no value here.", "Leave the key out instead.")
			return None
		if not kind.many:
			return self.single(kind, given, path)
		if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
			self.refuse(path, "A list in square brackets is expected here.")
			return None
		return tuple(self.single(kind, each, f"{path}[{index}]") for index, each in enumerate(given))

	def single(self, kind: Kind, given: object, path: str) -> Any:
		"""One value of the kind."""
		cls = kind.of
		try:
			if cls in SHORT_FORMS and isinstance(given, str) and not isinstance(given, Unquoted):
				return SHORT_FORMS[cls](given)
			if dataclasses.is_dataclass(cls):
				if isinstance(given, Mapping):
					return self.record(cls, given, path)
				raise InvalidInput("An object in braces is expected here.")
			return _scalar(cls, given)
		except InvalidInput as problem:
			self.refuse(path, problem.message, problem.hint)
			return None


def _scalar(cls: type, given: object) -> Any:
	if cls is Decimal:
		return _amount(given)
	if cls is bool:
		if isinstance(given, bool):
			return given
		raise InvalidInput("true or false is expected here.")
	if not isinstance(given, str) or isinstance(given, Unquoted):
		raise InvalidInput("Text in quotes is expected here.")
	if issubclass(cls, Enum):
		known = [member.value for member in cls]
		if given not in known:
			raise InvalidInput(f"{given[:40]!r} is not one of {', '.join(known)}.")
		return cls(given)
	if cls is date:
		return _moment(date.fromisoformat, DAY, given, "Write a date like 2026-10-05.")
	if cls is time:
		return _moment(time.fromisoformat, CLOCK, given, "Write a time of day in Riyadh like 14:05:00.")
	return given


def _moment(read: Any, pattern: re.Pattern[str], given: str, hint: str) -> Any:
	if pattern.fullmatch(given):
		try:
			return read(given)
		except ValueError:
			pass
	raise InvalidInput(f"{given[:40]!r} is not a moment in time.", hint=hint)


def _amount(given: object) -> Decimal:
	if isinstance(given, int) and not isinstance(given, bool):
		return to_decimal(given, field="")
	if isinstance(given, str) and not isinstance(given, Unquoted) and AMOUNT.fullmatch(given):
		return to_decimal(given, field="")
	shown = f"{given!s:.40}"
	raise InvalidInput(
		f"{shown!r} cannot be read as an amount.",
		hint='Write amounts as text with a point, like "1234.50", so that no digit is lost.',
	)
