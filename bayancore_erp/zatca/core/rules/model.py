"""The content model of a UBL 2.1 invoice, compiled from `structure.json` where it is needed.

Takes the name of an element; gives which children, attributes and text it may have.
Never ships or reads a schema: the data is derived from them by scripts/derive_structure.py.
Source: UBL 2.1 (OASIS), XML Signature (W3C), XAdES (ETSI).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bayancore_erp.zatca.core.rules.datatypes import Check, check_for


class Leaf:
	"""An element that holds text."""

	__slots__ = ("attributes", "check", "mark", "required", "tag", "text")

	def __init__(self, tag: str, text: str, attributes: str) -> None:
		self.tag = tag
		self.text = text
		self.check = check_for(text)
		self.attributes, self.required = _attributes(attributes)
		self.mark = next((mark for mark in ("currencyID", "name", "Id") if mark in self.attributes), "")
		"""The attribute that rules look for all over a document."""


class Slot(NamedTuple):
	"""One child of a plain sequence: where it stands, whether it may repeat, whether it must be there."""

	position: int
	single: bool
	needed: bool


class Branch:
	"""An element that holds elements. `slots` where its model is a plain sequence, which UBL's own always are."""

	__slots__ = ("attributes", "mixed", "model", "name", "required", "slots", "tag")

	def __init__(self, tag: str, entry: dict[str, Any]) -> None:
		self.tag = tag
		self.name = short_name(tag)
		self.attributes, self.required = _attributes(entry.get("attrs", ""))
		self.mixed = bool(entry.get("mixed"))
		self.model: Group | None = parse_model(entry["model"])
		self.slots = self._flat_slots()

	def _flat_slots(self) -> dict[str, Slot] | None:
		model = self.model
		if self.mixed or model is None or model.joint or model.low != 1 or model.high != 1:
			return None
		slots = {}
		for position, item in enumerate(model.items):
			if not isinstance(item, Single) or item.kind:
				return None
			slots[item.tag] = Slot(position, item.high == 1, item.low == 1)
		return slots

	def match(self, tags: tuple[str, ...]) -> list[Leaf | Branch | None] | None:
		"""The declaration of each child, None for one that no schema knows; None altogether where they do not fit."""
		found: list[Leaf | Branch | None] = []
		if self.model is None:
			return None if tags else found
		return found if self.model.match(tags, 0, found) == len(tags) else None


class Single(NamedTuple):
	"""An element in a content model; `kind` is its type where it is declared in place."""

	tag: str
	kind: str
	low: int
	high: int | None

	def starts(self, tag: str) -> bool:
		return tag == self.tag

	def match(self, tags: tuple[str, ...], at: int, found: list[Leaf | Branch | None]) -> int | None:
		count = 0
		while at < len(tags) and tags[at] == self.tag and (self.high is None or count < self.high):
			found.append(typed(self.tag, self.kind) if self.kind else element(self.tag))
			at, count = at + 1, count + 1
		return at if count >= self.low else None


class Wildcard(NamedTuple):
	"""Any element of some namespaces. Lax: unknown ones pass; strict: they do not."""

	space: str
	lax: bool
	low: int
	high: int | None

	def starts(self, tag: str) -> bool:
		if not isinstance(tag, str):
			return False  # a comment or instruction has a function for a tag; `read` tries again without them
		if self.space == "any":
			return True
		# ##other leaves out the schema's own namespace and elements without one.
		return tag.startswith("{") and not tag.startswith("{" + data()["namespaces"][self.space[4:]] + "}")

	def match(self, tags: tuple[str, ...], at: int, found: list[Leaf | Branch | None]) -> int | None:
		count = 0
		while at < len(tags) and (self.high is None or count < self.high) and self.starts(tags[at]):
			target = element(tags[at])
			if target is None and not self.lax:
				return None
			found.append(target)
			at, count = at + 1, count + 1
		return at if count >= self.low else None


class Group(NamedTuple):
	"""A sequence, or with `joint` "|" a choice. The schemas are unambiguous, so the next name always decides."""

	items: tuple[Any, ...]
	joint: str
	low: int
	high: int | None

	def starts(self, tag: str) -> bool:
		if self.joint:
			return any(item.starts(tag) for item in self.items)
		for item in self.items:
			if item.starts(tag):
				return True
			if not _optional(item):
				return False
		return False

	def match(self, tags: tuple[str, ...], at: int, found: list[Leaf | Branch | None]) -> int | None:
		count = 0
		while self.high is None or count < self.high:
			if count >= self.low and not (at < len(tags) and self.starts(tags[at])):
				break
			reached = self._once(tags, at, found)
			if reached is None:
				return None
			if reached == at and count >= self.low:
				break
			at, count = reached, count + 1
		return at

	def _once(self, tags: tuple[str, ...], at: int, found: list[Leaf | Branch | None]) -> int | None:
		if self.joint:
			for item in self.items:
				if at < len(tags) and item.starts(tags[at]):
					reached: int | None = item.match(tags, at, found)
					return reached
			return at if any(_optional(item) for item in self.items) else None
		for item in self.items:
			reached = item.match(tags, at, found)
			if reached is None:
				return None
			at = reached
		return at


def _optional(item: Any) -> bool:
	if item.low == 0:
		return True
	if isinstance(item, Group):
		return (any if item.joint else all)(_optional(part) for part in item.items)
	return False


@cache
def data() -> dict[str, Any]:
	"""The derived facts as they are stored."""
	text = Path(__file__).with_name("structure.json").read_text(encoding="utf-8")
	stored: dict[str, Any] = json.loads(text)
	return stored


@cache
def _leaf_kinds() -> dict[str, tuple[str, str]]:
	kinds = {}
	for kind, names in data()["leaves"].items():
		text, _, attributes = kind.partition(" ")
		for name in names.split():
			kinds[clark(name)] = (text, attributes)
	return kinds


@cache
def _branch_kinds() -> dict[str, str]:
	return {clark(name): kind for name, kind in data()["elements"].items()}


@cache
def element(tag: str) -> Leaf | Branch | None:
	"""The globally declared element `{namespace}name`, or None."""
	leaf = _leaf_kinds().get(tag)
	if leaf is not None:
		return Leaf(tag, *leaf)
	kind = _branch_kinds().get(tag)
	return None if kind is None else typed(tag, kind)


@cache
def typed(tag: str, kind: str) -> Leaf | Branch:
	"""An element of the named type, such as `cac:PartyType` or `xs:decimal`."""
	if kind == "xs:anyType":
		return Branch(tag, {"model": "any(any,lax)*", "attrs": "*:any", "mixed": True})
	if kind.startswith("xs:"):
		return Leaf(tag, kind[3:], "")
	entry = data()["types"][kind]
	if "text" in entry:
		return Leaf(tag, entry["text"], entry.get("attrs", ""))
	return Branch(tag, entry)


def clark(name: str) -> str:
	"""`cbc:ID` as `{namespace}ID`."""
	prefix, _, local = name.partition(":")
	return f"{{{data()['namespaces'][prefix]}}}{local}"


def local_name(tag: str) -> str:
	"""The name without its namespace."""
	return tag.rpartition("}")[2]


def short_name(tag: str) -> str:
	"""How rules call it: the bare name for UBL's components, `ds:Signature` and the like for all others."""
	space, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
	prefix = _prefixes().get(space, "?")
	return local if prefix in ("cac", "cbc", "inv") else f"{prefix}:{local}"


def prefixed(tag: str) -> str:
	"""`{namespace}ID` as people write it: `cbc:ID`, or `Invoice` for the root's own namespace."""
	space, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
	prefix = _prefixes().get(space, "")
	return local if prefix in ("", "inv") else f"{prefix}:{local}"


@cache
def _prefixes() -> dict[str, str]:
	return {uri: prefix for prefix, uri in data()["namespaces"].items()}


def _attributes(text: str) -> tuple[dict[str, Check | None], tuple[str, ...]]:
	checks = {}
	required = []
	for part in text.split():
		name, _, kind = part.rpartition(":")
		if kind.startswith("!"):
			required.append(name)
		checks[name] = check_for(kind.lstrip("!"))
	return checks, tuple(required)


_TOKEN = re.compile(r"any\((?P<space>[\w-]+),(?P<rule>\w+)\)|(?P<name>[\w:]+)(?:=(?P<kind>[\w:]+))?|[()|?*+]")
_TIMES: dict[str, tuple[int, int | None]] = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}


def parse_model(text: str) -> Group | None:
	"""A content model as it is written in the data; None where the element has no children."""
	if not text:
		return None
	group = _Parser(text).group()
	only = group.items[0] if len(group.items) == 1 else None
	return only if isinstance(only, Group) else group


class _Parser:
	"""Reads one content model."""

	def __init__(self, text: str) -> None:
		self._tokens = list(_TOKEN.finditer(text))
		self._at = 0

	def group(self) -> Group:
		"""Everything up to the closing parenthesis, or to the end."""
		items: list[Any] = []
		joint = ""
		while self._at < len(self._tokens):
			token = self._tokens[self._at]
			self._at += 1
			if token[0] == ")":
				break
			if token[0] == "|":
				joint = "|"
			elif token[0] == "(":
				items.append(self.group())
			elif token["space"]:
				items.append(Wildcard(token["space"], token["rule"] == "lax", *self._times()))
			else:
				items.append(Single(clark(token["name"]), token["kind"] or "", *self._times()))
		return Group(tuple(items), joint, *self._times())

	def _times(self) -> tuple[int, int | None]:
		if self._at < len(self._tokens) and self._tokens[self._at][0] in "?*+":
			self._at += 1
			return _TIMES[self._tokens[self._at - 1][0]]
		return _TIMES[""]
