"""The model to JSON values: short forms where they say the same, defaults left out.

Takes an Invoice; gives what `from_json` reads back to an equal one.
"""

from __future__ import annotations

import dataclasses
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any

from bayancore_erp.zatca.core.codes import TypeFlags
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Invoice, Text, Vat
from bayancore_erp.zatca.core.schema.shapes import SHORT_FORMS, fields_of


def to_json(invoice: Invoice) -> dict[str, Any]:
	"""The invoice in the published schema, ready for `json.dumps`."""
	return _record(invoice)


def _record(value: Any) -> dict[str, Any]:
	cls: type = type(value)
	written = {}
	for name, field in fields_of(cls).items():
		held = getattr(value, name)
		if field.required or held != field.default:
			written[name] = _value(held)
	return written


def _value(held: Any) -> Any:
	if isinstance(held, tuple):
		return [_value(each) for each in held]
	if isinstance(held, Enum):
		return held.value
	if isinstance(held, Decimal):
		return format(held, "f")
	if isinstance(held, (date, time)):
		return held.isoformat() if isinstance(held, date) else f"{held:%H:%M:%S}"
	if dataclasses.is_dataclass(held):
		short = _short_form(held)
		return _vat(held) if short is None and isinstance(held, Vat) else short or _record(held)
	return held


def _short_form(held: Any) -> str | None:
	"""The one text that reads back to exactly `held`, if there is one."""
	if isinstance(held, Text):
		text = str(held)
	elif isinstance(held, Vat):
		text = held.exemption_code or held.category.value
	elif isinstance(held, TypeFlags):
		text = held.code
	else:
		return None
	try:
		return text if SHORT_FORMS[type(held)](text) == held else None
	except InvalidInput:
		return None


def _vat(held: Vat) -> dict[str, Any]:
	"""A Vat in full: its default rate depends on its category, so that both are always written."""
	return {"category": held.category.value, "rate": format(held.rate, "f"), **_record(held)}
