"""Reads one section of a document, such as a line or a party: checks it against the content model and builds its nodes.

Takes a top-level element; gives its nodes, the section's own first. What can be known from the shape alone (which element
is what, what must be a number, what may carry which attribute) is worked out once per shape and kept as a plan, for
sections of one kind nearly all look alike. Raises Misfit where the section is not valid.
Source: model.py; libxml2's schema validator is the measure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from bayancore_erp.zatca.core.rules.datatypes import SPACES, Check, are_decimals, is_decimal
from bayancore_erp.zatca.core.rules.model import (
	Branch,
	Leaf,
	clark,
	data,
	local_name,
	prefixed,
	short_name,
	typed,
)
from bayancore_erp.zatca.core.rules.nodes import (
	INDEXED,
	SHORTEST_LIMIT,
	WATCHED,
	Attributes,
	Document,
	Element,
	Node,
	Spec,
)

Row = tuple[str, int, str | None, str | None, Attributes]
"""An element as it is read off the tree: tag, number of children, text, tail, attributes."""

_MOST_PLANS = 256
_LONGEST_PLANNED = 400
_MOST_ATTRIBUTES = 16
_MOST_BLANKS = 512
_NODELESS = re.compile("ds:|xades|\\?:")

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_FREE_ATTRIBUTES = frozenset({XSI + "schemaLocation", XSI + "noNamespaceSchemaLocation"})

_blanks: set[str | None] = {None, "", "\n"}
"""Spaces between elements that were met before."""


class Misfit(Exception):
	"""The document breaks the schema somewhere; `problems` in structure.py then says where."""


class _Known:
	"""Attributes of a section that were found right, with what rules want of them."""

	__slots__ = ("codes", "currencies", "ids", "items", "long")

	def __init__(self, items: Sequence[Attributes], shapes: Sequence[Leaf | Branch]) -> None:
		self.items = items
		self.currencies: set[str] = set()
		self.codes: list[str] = []
		self.ids: list[str] = []
		self.long = any(len(value) > SHORTEST_LIMIT for given in items for _, value in given)
		for given, shape in zip(items, shapes, strict=True):
			for name, value in given:
				if name == "Id":
					self.ids.append(value)
				elif name == "currencyID":
					self.currencies.add(value)
				elif name == "name" and isinstance(shape, Leaf):
					self.codes.append(value)


class Reading(NamedTuple):
	"""How a section of a document was read: what familiar.py learns from."""

	plan: Plan
	known: _Known
	items: Sequence[Attributes]
	section: Element


class Draft:
	"""What follows from a shape (the tags of a section and how many children each has) and the content model alone."""

	def __init__(
		self, shape: Branch, tags: Sequence[str], sizes: Sequence[int], *, root: bool = False
	) -> None:
		self.tags = tags
		self.sizes = sizes
		self.root = root
		self.shapes: list[Leaf | Branch] = []
		self.specs: list[Spec] = []
		self.checks: list[tuple[int, Check]] = []
		self.blank: list[int] = []
		self.leaves: list[int] = []
		self.free_tails: set[int] = set()
		self.sections: list[Section | None] = []
		if self._branch(shape, 0, "", -1, "", folded=False) != len(tags):
			raise Misfit

	def _branch(self, shape: Branch, at: int, parent: str, above: int, path: str, *, folded: bool) -> int:
		"""Work out the element at `at` and all in it; gives the place after it.

		`parent` is the element around it, `above` the node that holds it, `path` its path there.
		"""
		self.shapes.append(shape)
		if not shape.mixed:
			self.blank.append(at)
		own, prefix = -1, ""
		if folded:
			own, prefix = above, path + "/"
			self._note(self.specs[above], path, at)
		elif not _NODELESS.match(shape.name):
			own = len(self.specs)
			self.specs.append(Spec(shape.name, parent, at, above, path))
		starts, place = [], at + 1
		for _ in range(self.sizes[at]):
			starts.append(place)
			place = place + 1 if self.root else self._after(place)
		found = shape.match(tuple([self.tags[start] for start in starts]))
		if found is None:
			raise Misfit
		for start, target in zip(starts, found, strict=True):
			tag = self.tags[start]
			slot = shape.slots.get(tag) if shape.slots else None
			single = slot is not None and slot.single
			if target is None:
				target = typed(tag, "xs:anyType")
			if shape.mixed:
				self.free_tails.add(start)
			if isinstance(target, Leaf):
				if self.sizes[start]:
					raise Misfit
				self.sections.append(None)
				self._leaf(target, start, own, prefix, shape.name, single)
			elif self.root:
				self.shapes.append(target)
				self.sections.append(section_of(target))
			else:
				fold = own >= 0 and single and target.name not in INDEXED
				self._branch(target, start, shape.name, own, prefix + target.name, folded=fold)
		return place

	def _leaf(self, leaf: Leaf, at: int, own: int, prefix: str, within: str, single: bool) -> None:
		self.shapes.append(leaf)
		if leaf.check is not None:
			self.checks.append((at, leaf.check))
		if own < 0:
			return
		if leaf.text != "base64Binary":
			self.leaves.append(at)
		spec, name = self.specs[own], short_name(self.tags[at])
		path = prefix + name
		self._note(spec, path, at)
		if name in WATCHED:
			spec.watched.append((name, path, within))
		if leaf.mark == "currencyID":
			spec.amounts.append(path)
		if not single:
			positions = next((positions for known, positions in spec.repeated if known == path), None)
			if positions is None:
				spec.repeated.append((path, positions := []))
			positions.append(at)

	def _note(self, spec: Spec, path: str, at: int) -> None:
		spec.names.append(path)
		spec.positions.append(at)
		spec.places[path] = at

	def _after(self, at: int) -> int:
		"""The place after the element at `at` and all within it."""
		waiting = 1
		while waiting:
			waiting += self.sizes[at] - 1
			at += 1
		return at


class Plan:
	"""How to read a section of one shape. Raises Misfit when the shape itself is not valid."""

	__slots__ = (
		"blank",
		"checks",
		"decimal_places",
		"decimals",
		"free_tails",
		"known",
		"leaf_places",
		"leaves",
		"readers",
		"sections",
		"shapes",
		"specs",
	)

	def __init__(self, draft: Draft) -> None:
		self.shapes = draft.shapes
		self.checks = [(position, check) for position, check in draft.checks if check is not is_decimal]
		self.free_tails = draft.free_tails
		self.sections = draft.sections
		self.known: list[_Known] = []
		self.specs = draft.specs
		self.decimal_places = [position for position, check in draft.checks if check is is_decimal]
		self.leaf_places = draft.leaves
		self.decimals = getter(self.decimal_places)
		self.blank = getter(draft.blank)
		self.leaves = getter(draft.leaves)
		self.readers = [(spec, spec.names, getter(spec.positions)) for spec in draft.specs]

	def read(self, section: Element, rows: Sequence[Row], document: Document) -> list[Node]:
		"""Check what the shape does not tell, and build the nodes."""
		_, _, given, tails, items = zip(*rows, strict=True)
		if not _blanks.issuperset(tails):
			self._check_tails(tails)
		texts = [text or "" for text in given]
		for text in self.blank(texts):
			if text not in _blanks:
				_check_blank(text)
		known = self._known(items, section)
		document.currencies |= known.currencies
		document.long_attributes = document.long_attributes or known.long
		if known.codes:
			document.codes += known.codes
		if known.ids:
			document.ids += known.ids
		document.numbers += self.decimals(texts)
		document.texts += self.leaves(texts)
		for position, check in self.checks:
			if not check(texts[position]):
				raise Misfit
		document.readings.append(Reading(self, known, items, section))
		return self._build(section, texts, items, document, known)

	def _build(
		self,
		section: Element,
		texts: list[str],
		items: Sequence[Attributes],
		document: Document,
		known: _Known,
	) -> list[Node]:
		nodes: list[Node] = []
		for spec, names, reader in self.readers:
			node = Node(spec, dict(zip(names, reader(texts))), section, items)  # noqa: B905  (one plan made both)
			nodes.append(node)
			if spec.above >= 0:
				kids, path = nodes[spec.above].kids, spec.path
				if path in kids:
					kids[path].append(node)
				else:
					kids[path] = [node]
			if spec.indexed:
				document.branches.setdefault(spec.name, []).append(node)
			if spec.watched:
				for leaf, path, within in spec.watched:
					document.holders.setdefault(leaf, []).append((node, path, within))
			if spec.repeated:
				node.many = {leaf: [texts[place] for place in places] for leaf, places in spec.repeated}
		document.nodes.append((nodes, known.currencies))
		return nodes

	def _known(self, items: Sequence[Attributes], section: Element) -> _Known:
		for known in self.known:
			if known.items == items:
				return known
		risky = False
		for given, shape in zip(items, self.shapes, strict=True):
			if given or shape.required:
				check_attributes(given, shape, section)
				risky = risky or any(name.startswith("{") for name, _ in given)
		known = _Known(items, self.shapes)
		# xsi:type is judged with the prefixes of its own document, so it may not be remembered.
		if not risky and len(self.known) < _MOST_ATTRIBUTES:
			self.known.append(known)
		return known

	def _check_tails(self, tails: Sequence[str | None]) -> None:
		for position, tail in enumerate(tails):
			if tail not in _blanks and position not in self.free_tails:
				_check_blank(tail or "")


def _check_blank(text: str) -> None:
	if text.strip(SPACES):
		raise Misfit
	if len(_blanks) < _MOST_BLANKS:
		_blanks.add(text)


def getter(positions: list[int]) -> Callable[[Any], Sequence[str]]:
	"""Picks the texts at these places."""
	if not positions:
		return _nothing
	if len(positions) == 1:
		only = positions[0]
		return lambda texts: (texts[only],)
	return itemgetter(*positions)


def _nothing(texts: Any) -> Sequence[str]:
	return ()


class Section:
	"""A top-level element: its content model, and the plans for the shapes met so far."""

	__slots__ = ("name", "plans", "shape")

	def __init__(self, shape: Branch) -> None:
		self.shape = shape
		self.name = shape.name
		self.plans: dict[tuple[Any, Any], Plan] = {}

	def plan(self, tags: tuple[str, ...], sizes: tuple[int, ...]) -> Plan:
		"""The plan for a shape. Bounded, for shapes come from documents."""
		plan = self.plans.get((tags, sizes))
		if plan is None:
			plan = Plan(Draft(self.shape, tags, sizes))
			if len(self.plans) < _MOST_PLANS and len(tags) <= _LONGEST_PLANNED:
				self.plans[tags, sizes] = plan
		return plan

	def read(self, source: Element, document: Document) -> Node:
		"""Read a top-level element and all in it."""
		rows: list[Row] = [(e.tag, len(e), e.text, e.tail, e.items()) for e in source.iter()]
		tags = tuple([row[0] for row in rows])
		sizes = tuple([row[1] for row in rows])
		plan = self.plans.get((tags, sizes)) or self.plan(tags, sizes)
		return plan.read(source, rows, document)[0]


@cache
def section_of(shape: Branch) -> Section:
	"""The section of a content model."""
	return Section(shape)


class RootPlans:
	"""The plans for the document's own children, by their tags."""

	def __init__(self) -> None:
		self.plans: dict[tuple[str, ...], Plan] = {}

	def read(self, root: Element, shape: Branch, document: Document) -> Node:
		"""Read the root's text children, then each of its sections."""
		children = root[:]
		rows: list[Row] = [(root.tag, len(children), root.text, None, root.items())]
		rows += [(child.tag, len(child), child.text, child.tail, child.items()) for child in children]
		tags = tuple([row[0] for row in rows])
		plan = self.plans.get(tags)
		if plan is None:
			plan = Plan(Draft(shape, tags, (len(children),) + (0,) * len(children), root=True))
			if len(self.plans) < _MOST_PLANS and len(tags) <= _LONGEST_PLANNED:
				self.plans[tags] = plan
		top = plan.read(root, rows, document)[0]
		kids = top.kids
		for child, section, row in zip(children, plan.sections, rows[1:], strict=True):
			if section is not None:
				node = section.read(child, document)
				if section.name in kids:
					kids[section.name].append(node)
				else:
					kids[section.name] = [node]
			elif row[1]:
				raise Misfit
		numbers = "\0".join(document.numbers)
		if not are_decimals(numbers):
			raise Misfit
		document.survey(numbers)
		return top


def check_attributes(given: Attributes, shape: Leaf | Branch, section: Element) -> None:
	"""Raises Misfit for an attribute that may not be there, is wrongly written, or is missing."""
	for name, value in given:
		if not attribute_fits(name, value, shape, section):
			raise Misfit
	if shape.required:
		names = {name for name, _ in given}
		if not names.issuperset(shape.required):
			raise Misfit


def attribute_fits(name: str, value: str, shape: Leaf | Branch, section: Element) -> bool:
	"""Whether an element of that shape may carry the attribute; `section` knows the prefixes of the document."""
	if name in shape.attributes:
		check = shape.attributes[name]
		return check is None or bool(check(value))
	if name in _FREE_ATTRIBUTES or "*" in shape.attributes:
		return True
	if name == XSI + "type":
		prefix, _, local = value.strip(SPACES).rpartition(":")
		space = section.nsmap.get(prefix or None)
		return f"{{{space}}}{local}" in _type_names(shape.tag)
	return False


@lru_cache(maxsize=64)
def _type_names(tag: str) -> frozenset[str]:
	"""The names by which a document may repeat the declared type of an element (xsi:type)."""
	kinds = data()["elements"]
	own = kinds.get(prefixed(tag) if local_name(tag) != "Invoice" else "inv:Invoice")
	return frozenset({clark(own) if own else tag + "Type"})
