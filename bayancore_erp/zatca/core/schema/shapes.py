"""What the model's dataclasses say about themselves: fields, types, defaults, descriptions.

Takes a dataclass; gives its shape. The model is the one definition: reader, writer and published schema follow from it,
descriptions included, which are the docstrings under its fields.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bayancore_erp.zatca.core.codes import TypeFlags
from bayancore_erp.zatca.core.invoice import Text, Vat

# Kinds that may also be written as one text, and how it is read.
SHORT_FORMS: dict[type, Callable[[str], Any]] = {Text: Text.of, Vat: Vat.of, TypeFlags: TypeFlags.parse}

MISSING = dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class Kind:
	"""A field's type, taken apart: `of`, perhaps repeated, perhaps absent."""

	of: type
	many: bool = False
	optional: bool = False


@dataclass(frozen=True, slots=True)
class Field:
	"""One field of a dataclass."""

	name: str
	kind: Kind
	description: str
	default: Any

	@property
	def required(self) -> bool:
		"""Whether it must be stated."""
		return self.default is MISSING


@cache
def fields_of(cls: type) -> dict[str, Field]:
	"""The fields of a dataclass by name, in order."""
	hints = typing.get_type_hints(cls)
	descriptions = _descriptions(cls)
	shape = {}
	for one in dataclasses.fields(cls):
		default = one.default
		if one.default_factory is not MISSING:
			default = one.default_factory()
		shape[one.name] = Field(one.name, _kind(hints[one.name]), descriptions.get(one.name, ""), default)
	return shape


def summary_of(cls: type) -> str:
	"""A class's docstring as one paragraph."""
	return " ".join((inspect.getdoc(cls) or "").split())


def _kind(hint: Any) -> Kind:
	origin, arguments = typing.get_origin(hint), typing.get_args(hint)
	if origin in (types.UnionType, typing.Union):
		(inner,) = (argument for argument in arguments if argument is not type(None))
		return dataclasses.replace(_kind(inner), optional=True)
	if origin is tuple:
		return Kind(arguments[0], many=True)
	return Kind(hint)


def _descriptions(cls: type) -> dict[str, str]:
	"""The docstring under each field, which Python keeps in the source only."""
	tree = ast.parse(inspect.getsource(sys.modules[cls.__module__]))
	body = next(
		node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__
	)
	found = {}
	for field, below in itertools.pairwise(body):
		if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
			if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
				found[field.target.id] = " ".join(str(below.value.value).split())
	return found
