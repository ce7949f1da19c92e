"""The published JSON Schema of an invoice, generated from the model.

Takes nothing; gives a schema of dialect 2020-12 that accepts what `from_json` accepts in form.
Source: https://json-schema.org/draft/2020-12.
"""

from __future__ import annotations

import dataclasses
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any

from bayancore_erp.zatca.core.codes import EXEMPTIONS, TypeFlags, VatCategory
from bayancore_erp.zatca.core.invoice import Invoice, Text, Vat
from bayancore_erp.zatca.core.schema.reading import AMOUNT, CLOCK, DAY
from bayancore_erp.zatca.core.schema.shapes import SHORT_FORMS, Field, Kind, fields_of, summary_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:bayancore:zatca:invoice:1"

_SHORT_SCHEMAS: dict[type, dict[str, Any]] = {
	Text: {"type": "string", "description": 'One language, or "Arabic | English".'},
	Vat: {
		"enum": [*(category.value for category in VatCategory), *EXEMPTIONS],
		"description": "A category letter, or an exemption code, which implies its category.",
	},
	TypeFlags: {
		"type": "string",
		"pattern": "^0[12][01]{5,7}$",
		"description": "The wire form NNPNESB, optionally with C and G.",
	},
}


def json_schema() -> dict[str, Any]:
	"""The schema of what `from_json` reads and `to_json` writes."""
	definitions: dict[str, Any] = {}
	_define(Invoice, definitions)
	root = definitions.pop(Invoice.__name__)
	return {
		"$schema": DIALECT,
		"$id": IDENTIFIER,
		"title": "ZATCA invoice",
		**root,
		"$defs": dict(sorted(definitions.items())),
	}


def _define(cls: type, definitions: dict[str, Any]) -> None:
	shape = fields_of(cls)
	definitions[cls.__name__] = {}
	definitions[cls.__name__] = {
		"type": "object",
		"description": summary_of(cls),
		"properties": {name: _property(field, definitions) for name, field in shape.items()},
		"required": [name for name, field in shape.items() if field.required],
		"additionalProperties": False,
	}


def _property(field: Field, definitions: dict[str, Any]) -> dict[str, Any]:
	schema = _single(field.kind, definitions)
	if field.kind.many:
		schema = {"type": "array", "items": schema}
	if field.kind.optional:
		schema = {"anyOf": [schema, {"type": "null"}]}
	schema = {"description": field.description, **schema}
	if isinstance(field.default, (bool, str)) and field.default != "":
		schema["default"] = field.default.value if isinstance(field.default, Enum) else field.default
	return schema


def _single(kind: Kind, definitions: dict[str, Any]) -> dict[str, Any]:
	cls = kind.of
	if dataclasses.is_dataclass(cls):
		if cls.__name__ not in definitions:
			_define(cls, definitions)
		reference = {"$ref": f"#/$defs/{cls.__name__}"}
		return {"anyOf": [_SHORT_SCHEMAS[cls], reference]} if cls in SHORT_FORMS else reference
	if cls is Decimal:
		return {"anyOf": [{"type": "string", "pattern": f"^{AMOUNT.pattern}$"}, {"type": "integer"}]}
	if cls is bool:
		return {"type": "boolean"}
	if cls is date:
		return {"type": "string", "format": "date", "pattern": f"^{DAY.pattern}$"}
	if cls is time:
		return {"type": "string", "pattern": f"^{CLOCK.pattern}$"}
	if issubclass(cls, Enum):
		return {"enum": [member.value for member in cls]}
	return {"type": "string"}
