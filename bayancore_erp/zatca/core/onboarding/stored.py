"""The enrolment's state to JSON and back.

Takes an `OnboardingState`; gives text that `from_json` turns into an equal one. Holds no secret, for the state holds none.
Never guesses: text that is not exactly such a state is refused.
"""

from __future__ import annotations

import base64
import json
import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from bayancore_erp.zatca.core.codes import Name
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.onboarding.state import OnboardingState

VERSION = 1


def to_json(state: OnboardingState) -> str:
	"""The state as JSON text, without any secret."""
	return json.dumps({"version": VERSION, "state": _plain(state)}, ensure_ascii=False, indent=1)


def from_json(text: str) -> OnboardingState:
	"""The state that `to_json` wrote. Raises InvalidInput for anything else."""
	try:
		data = json.loads(text)
		if data["version"] != VERSION:
			raise ValueError(f"version {data['version']!r}")
		state = _value(OnboardingState, data["state"])
	except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidInput) as error:
		raise InvalidInput(
			"The stored enrolment of this device cannot be read.",
			code="ENROLMENT",
			hint="Restore it from the backup, or onboard the device anew.",
		) from error
	assert isinstance(state, OnboardingState)
	return state


def _plain(value: Any) -> Any:
	if is_dataclass(value) and not isinstance(value, type):
		return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
	if isinstance(value, Enum):
		return value.value
	if isinstance(value, datetime):
		return value.isoformat()
	if isinstance(value, bytes):
		return base64.b64encode(value).decode()
	if isinstance(value, tuple):
		return [_plain(item) for item in value]
	return value


@cache
def _hints(kind: type) -> dict[str, Any]:
	return get_type_hints(kind)


def _value(kind: Any, data: Any) -> Any:
	origin, inner = get_origin(kind), get_args(kind)
	if origin in (Union, types.UnionType):
		return None if data is None else _value(inner[0], data)
	if origin is tuple:
		if not isinstance(data, list):
			raise TypeError("a list is missing")
		return tuple(_value(inner[0], item) for item in data)
	if kind is Name:
		en, ar = data
		return Name(_value(str, en), _value(str, ar))
	if is_dataclass(kind):
		assert isinstance(kind, type)
		if set(data) != {field.name for field in fields(kind)}:
			raise KeyError(f"the fields of {kind.__name__}")
		return kind(**{name: _value(_hints(kind)[name], item) for name, item in data.items()})
	if kind is bytes:
		return base64.b64decode(data, validate=True)
	if kind is datetime:
		return datetime.fromisoformat(data)
	if issubclass(kind, Enum):
		return kind(data)
	if type(data) is not kind:
		raise TypeError(f"not a {kind.__name__}")
	return data
