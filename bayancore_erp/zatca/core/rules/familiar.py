"""The short way for sections that look like one read before: same tags and attributes in the same order, other values.

Takes the text of a document; gives its nodes without parsing it, or None where anything is new or unusual.
Only ever a shortcut: it learns from documents that sections.py has read and found valid, and whatever it does not
recognise to the letter (another layout, comments, CDATA, a DOCTYPE, quotes or line breaks within texts) goes the long way.
Keeps tags and names of attributes, never what a document says. Source: none; tests/rules/test_familiar.py holds it against
the long way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from lxml import etree

from bayancore_erp.zatca.core.rules.datatypes import SPACES, Check, are_decimals
from bayancore_erp.zatca.core.rules.model import Branch, Leaf, Slot, clark, element
from bayancore_erp.zatca.core.rules.nodes import (
	SHORTEST_LIMIT,
	WATCHED,
	Attributes,
	Document,
	Element,
	Node,
	Pending,
	Source,
	Spec,
)
from bayancore_erp.zatca.core.rules.sections import Misfit, Reading, getter, section_of

TAG, QUOTE = "\0", "\1"
"""Stand where `<` and `"` stood, once the text is cut there. XML allows neither anywhere, so that no value can pass for a
tag or an attribute."""

_ENTITY = re.compile("&(amp|lt|gt|quot|apos);")
# Anything else behind an ampersand may be no XML at all, which only a parser may decide.
_OTHER_AMPERSAND = re.compile("&(?!(?:amp|lt|gt|quot|apos);)")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DECLARATION = re.compile(
	r"""<\?xml version=["']1\.0["'](?: encoding=["'](?i:utf-8)["'])?(?: standalone=["']\w+["'])?\s*\?>\s*"""
)
_NAME = r"[A-Za-z_][\w.:-]*"
_OPENS = re.compile(rf"{TAG}({_NAME})(?: ({_NAME})=)?(/?)").fullmatch
_CONTINUES = re.compile(rf"{QUOTE}(?: ({_NAME})=)?(/?)").fullmatch
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_LAYOUTS = 2048
_LONGEST = 1 << 14
_NOWHERE = -1
"""Where the text of an element stands that is closed at once: at the end of the values, where an empty one is put."""


class Unfamiliar(Exception):
	"""Something that the short way does not know, or that is not as it should be."""


class Pieces(NamedTuple):
	"""A document cut at its brackets and quotes: what stands outside of values, and the value after each of these marks."""

	marks: list[str]
	values: list[str]


class Stretch(NamedTuple):
	"""Where the values of one element and all in it stand among the pieces."""

	texts: dict[int, int]
	"""Position of an element in its section -> its text."""
	attributes: dict[int, list[tuple[str, int]]]
	"""Position of an element -> its attributes."""
	constants: dict[int, str]
	"""Values that belong to the layout: declarations of namespaces."""


class Attribute(NamedTuple):
	"""An attribute of a layout: its value's place, and what it must look like."""

	place: int
	check: Check | None


class Layout:
	"""A section, all but its values: what each value is, what it must look like, which node it belongs to."""

	__slots__ = (
		"attributes_of",
		"checks",
		"codes",
		"constants",
		"currencies",
		"ends",
		"has_attributes",
		"ids",
		"name",
		"nodes",
		"pick",
		"slot",
	)

	def __init__(self, reading: Reading, stretch: Stretch, slot: Slot, count: int) -> None:
		plan = reading.plan
		self.slot = slot
		self.name = plan.specs[0].name
		self.attributes_of = stretch.attributes
		texts = stretch.texts
		leaves = [texts[position] for position in plan.leaf_places]
		visible = {texts[at] for at, shape in enumerate(plan.shapes) if isinstance(shape, Leaf)}
		others = sorted(visible - set(leaves) - {_NOWHERE})
		stated = [(at, name, place) for at, found in stretch.attributes.items() for name, place in found]
		taken = visible | set(stretch.constants) | {place for _, _, place in stated}
		blank = [place for place in range(count) if place not in taken]
		attributes = [place for _, _, place in stated]
		codes = {place for at, name, place in stated if name == "name" and isinstance(plan.shapes[at], Leaf)}
		# All that is wanted of the values is picked in one go, in this order, and then shared out.
		order: list[int] = []
		self.nodes = []
		for spec in plan.specs:
			order += [texts[position] for position in spec.positions]
			repeated = [(path, [texts[position] for position in found]) for path, found in spec.repeated]
			self.nodes.append((spec, spec.names, len(order) - len(spec.positions), len(order), repeated))
		self.ends: list[int] = []
		for places in (
			leaves,
			[texts[position] for position in plan.decimal_places],
			blank,
			others,
			attributes,
		):
			order += places
			self.ends.append(len(order))
		self.pick = getter(order)
		self.checks = [(texts[position], check) for position, check in plan.checks]
		for at, name, place in stated:
			check = plan.shapes[at].attributes.get(name)
			if check is not None:
				self.checks.append((place, _beyond_quote(check)))
		self.constants = list(stretch.constants.items())
		self.has_attributes = bool(stated)
		self.currencies = getter([place for _, name, place in stated if name == "currencyID"])
		self.ids = [place for _, name, place in stated if name == "Id"]
		self.codes = sorted(codes)

	def read(self, values: list[str], document: Document, met: Met, section: Pending) -> Node:
		"""The section's node for these values, others within it."""
		for place, value in self.constants:
			if values[place] != value:
				raise Unfamiliar
		values.append("")
		for place, check in self.checks:
			if not check(values[place]):
				raise Unfamiliar
		picked = self.pick(values)
		nodes: list[Node] = []
		items: Sequence[Attributes] = _NO_ATTRIBUTES
		currencies: set[str] = _NO_CURRENCIES
		if self.has_attributes:
			items = _Values(self.attributes_of, values)
			currencies = set(self.currencies(values))
			met.codes += [values[place] for place in self.codes]
			met.ids += [values[place] for place in self.ids]
		for spec, names, start, end, repeated in self.nodes:
			node = Node(spec, dict(zip(names, picked[start:end])), section, items)  # noqa: B905  (made together)
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
			if repeated:
				node.many = {path: [values[place] for place in places] for path, places in repeated}
		leaves, decimals, blank, others, attributes = self.ends
		document.texts += picked[end:leaves]
		document.numbers += picked[leaves:decimals]
		met.blank += picked[decimals:blank]
		met.others += picked[blank:others]
		met.attributes += picked[others:attributes]
		document.nodes.append((nodes, currencies))
		return nodes[0]


_NO_ATTRIBUTES: Sequence[Attributes] = ()
_NO_CURRENCIES: set[str] = set()


class RootLeaf(NamedTuple):
	"""A text element directly in the document, such as its number."""

	name: str
	slot: Slot
	check: Check | None
	text: int
	attributes: list[tuple[str, int, Check | None]]
	marked: bool


class Met:
	"""What the sections of one document hold beside their nodes, to be looked at once for all."""

	__slots__ = ("attributes", "blank", "codes", "ids", "others")

	def __init__(self) -> None:
		self.codes: list[str] = []
		self.ids: list[str] = []
		self.blank: list[str] = []
		self.others: list[str] = []
		self.attributes: list[str] = []

	def is_sound(self, document: Document, numbers: str) -> bool:
		"""Whether spaces are spaces, figures figures, attributes quoted, and no character is one that XML forbids.

		In attributes a line break would be read as a space; no printable text holds one.
		"""
		quoted = "".join(self.attributes)
		return (
			quoted.count(QUOTE) == len(self.attributes)
			and quoted.replace(QUOTE, "").isprintable()
			and _is_lawful("".join(document.texts))
			and _is_lawful("".join(self.others))
			and not "".join(set(self.blank)).strip(SPACES)
			and are_decimals(numbers) is not None
		)


def _is_lawful(text: str) -> bool:
	return text.isprintable() or not _FORBIDDEN.search(text)


class _Values(Sequence[Attributes]):
	"""The attributes of a section's elements, put together only where somebody asks."""

	__slots__ = ("_places", "_values")

	def __init__(self, places: dict[int, list[tuple[str, int]]], values: list[str]) -> None:
		self._places = places
		self._values = values

	def __getitem__(self, position: Any) -> Any:
		return [(name, self._values[place][1:]) for name, place in self._places.get(position, ())]

	def __len__(self) -> int:
		return len(self._places)


class Familiar:
	"""The layouts met so far."""

	def __init__(self) -> None:
		self.roots: dict[str, str] = {}
		"""What opens a document -> what closes it."""
		self.leaves: dict[str, RootLeaf] = {}
		self.layouts: dict[str, Layout] = {}
		self.closings: dict[str, str] = {}
		"""The mark that opens a section -> the one that closes it."""
		root = element(clark("inv:Invoice"))
		assert isinstance(root, Branch) and root.slots is not None
		self.slots = root.slots
		self.needed = sum(1 for slot in root.slots.values() if slot.needed)

	def read(self, text: str, source: Source) -> Document | None:
		"""The document, if all of it is familiar. `source` is where its elements will come from if they are needed."""
		pieces = _cut(text)
		if pieces is None:
			return None
		try:
			return self._read(pieces, source)
		except (Unfamiliar, ValueError, IndexError):
			return None

	def _read(self, pieces: Pieces, source: Source) -> Document:
		marks, values = pieces
		at, key = _opening(pieces)
		if self.roots.get(key) != marks[-1] or values[-1].strip(SPACES):
			raise Unfamiliar
		document, met = Document(), Met()
		met.blank.append(values[at - 1])
		spec = Spec("Invoice", "", 0, -1, "")
		items: list[Attributes] = []
		root = Node(spec, {}, Pending(source, -1), items)
		kids, leaves, end = root.kids, root.leaf, len(marks) - 1
		known_leaves, known_layouts, closings = self.leaves, self.layouts, self.closings
		last, needed, number = -1, self.needed, 0
		while at < end:
			mark = marks[at]
			close = at
			if not mark.endswith("/"):
				close = marks.index(closings[mark] if mark in closings else _closing(mark), at)
			key = "\n".join(marks[at:close]) or mark
			layout = known_layouts.get(key)
			if layout is not None:
				slot, name = layout.slot, layout.name
				node = layout.read(values[at:close], document, met, Pending(source, number))
				if name in kids:
					kids[name].append(node)
				else:
					kids[name] = [node]
			elif key not in known_leaves:
				node, slot = self._long_way(pieces, at, close, document, Pending(source, number))
				kids.setdefault(node.name, []).append(node)
			else:
				leaf = known_leaves[key]
				slot, name = leaf.slot, leaf.name
				text = values[at + leaf.text]
				if leaf.check is not None and not leaf.check(text):
					raise Unfamiliar
				if leaf.marked:
					_note(leaf, values, at, root, items, document, met)
				leaves[name] = text
				document.texts.append(text)
				if not slot.single:
					_repeat(root, name, text)
			if slot.position != last:
				if slot.position < last:
					raise Unfamiliar
				last = slot.position
				needed -= slot.needed
			elif slot.single:
				raise Unfamiliar
			met.blank.append(values[close])
			at, number = close + 1, number + 1
		numbers = "\0".join(document.numbers)
		document.ids += [value[1:] for value in met.ids]
		if needed or not met.is_sound(document, numbers) or len(document.ids) != len(set(document.ids)):
			raise Unfamiliar
		for _, currencies in document.nodes:
			document.currencies |= currencies
		document.currencies = {code.lstrip(QUOTE) for code in document.currencies}
		document.codes += [code[1:] for code in met.codes]
		if max(map(len, met.attributes), default=0) > SHORTEST_LIMIT:
			document.long_attributes = True
		document.nodes.append(([root], _NO_CURRENCIES))
		document.root = root
		document.survey(numbers)
		return document

	def _long_way(
		self, pieces: Pieces, at: int, close: int, document: Document, section: Pending
	) -> tuple[Node, Slot]:
		"""A section of a new layout, parsed by itself within the document's root, and learned."""
		opening, _ = _opening(pieces)
		marks, values = pieces
		text = _joined(Pieces(marks[:opening], [*values[: opening - 1], ""]))
		text += _joined(Pieces(marks[at : close + 1], [*values[at:close], ""]))
		try:
			child = etree.fromstring(f"{text}<{marks[-1][1:]}>", _PARSER)[0]
			shape, slot = element(child.tag), self.slots.get(child.tag)
			if not isinstance(shape, Branch) or slot is None:
				raise Unfamiliar
			node = section_of(shape).read(child, document)
		except (etree.XMLSyntaxError, Misfit) as error:
			raise Unfamiliar from error
		if len(self.layouts) < _MOST_LAYOUTS:
			self._learn_section(child, document.readings[-1], slot, pieces, at, close)
		for each in document.nodes[-1][0]:
			each.section = section
		return node, slot

	def _learn_section(
		self, child: Element, reading: Reading | None, slot: Slot, pieces: Pieces, at: int, close: int
	) -> None:
		marks, values = pieces
		key = "\n".join(marks[at:close]) or marks[at]
		if len(key) > _LONGEST or key in self.layouts or key in self.leaves:
			return
		try:
			stretch = _Learner(Pieces(marks[at : close + 1], values[at : close + 1])).stretch(child)
			if reading is not None:
				self.layouts[key] = Layout(reading, stretch, slot, close - at)
			else:
				self.leaves[key] = _root_leaf(child, stretch, slot)
			self.closings[marks[at]] = _closing(marks[at])
		except Unfamiliar:
			return  # this section will go the long way again, the others need not

	def learn(self, text: str, document: Document) -> None:
		"""Remember the layouts of a document that was read the long way and found valid."""
		pieces = _cut(text)
		if pieces is None or not document.readings or len(self.layouts) >= _MOST_LAYOUTS:
			return
		try:
			self._learn(pieces, document)
		except (Unfamiliar, ValueError, IndexError):
			return

	def _learn(self, pieces: Pieces, document: Document) -> None:
		marks = pieces.marks
		own, *sections = document.readings
		readings = {reading.section: reading for reading in sections}
		root = own.section
		at, key = _opening(pieces)
		if marks[-1] != _closing(marks[0]) or len(key) > _LONGEST or root.items():
			raise Unfamiliar
		self.roots[key] = marks[-1]
		for child in root:
			close = _end(marks, at)
			self._learn_section(child, readings.get(child), self.slots[child.tag], pieces, at, close)
			at = close + 1
		if at != len(marks) - 1:
			raise Unfamiliar


def _root_leaf(child: Element, stretch: Stretch, slot: Slot) -> RootLeaf:
	shape = element(child.tag)
	attributes = stretch.attributes.get(0, [])
	if not isinstance(shape, Leaf) or stretch.constants or stretch.texts[0] < 0:
		raise Unfamiliar
	if any(name not in shape.attributes for name, _ in attributes):
		raise Unfamiliar
	name = child.tag.rpartition("}")[2]
	checked = [(attribute, place, shape.attributes[attribute]) for attribute, place in attributes]
	return RootLeaf(name, slot, shape.check, stretch.texts[0], checked, bool(checked) or name in WATCHED)


def _note(
	leaf: RootLeaf,
	values: list[str],
	at: int,
	root: Node,
	items: list[Attributes],
	document: Document,
	met: Met,
) -> None:
	"""What rules want of a text element in the document beside its text."""
	if leaf.attributes:
		found = [(name, values[at + place]) for name, place, _ in leaf.attributes]
		for (_, value), (_, _, check) in zip(found, leaf.attributes, strict=True):
			if check is not None and not check(value[1:]):
				raise Unfamiliar
		met.attributes += [value for _, value in found]
		met.codes += [value for name, value in found if name == "name"]
		root.spec.places[leaf.name] = len(items)
		items.append([(name, value[1:]) for name, value in found])
	if leaf.name in WATCHED:
		document.holders.setdefault(leaf.name, []).append((root, leaf.name, "Invoice"))


def _repeat(root: Node, name: str, text: str) -> None:
	root.many = {**root.many, name: [*root.many.get(name, ()), text]}


def _beyond_quote(check: Check) -> Callable[[str], object]:
	return lambda value: check(value[1:])


class _Learner:
	"""Walks a parsed section and its pieces side by side, and so learns which value is whose."""

	def __init__(self, pieces: Pieces) -> None:
		self._pieces = pieces
		self._at = 0
		self._stretch: Stretch = Stretch({}, {}, {})

	def stretch(self, section: Element) -> Stretch:
		"""Raises Unfamiliar wherever the two do not go together."""
		self._element(section, iter(range(len(self._pieces.marks))))
		return self._stretch

	def _element(self, element: Element, positions: Iterator[int]) -> None:
		position = next(positions)
		closed = self._attributes(element, position)
		if closed:
			if element.text or len(element):
				raise Unfamiliar
			self._stretch.texts[position] = _NOWHERE
			return
		self._stretch.texts[position] = self._value(element.text)
		for child in element:
			name = self._pieces.marks[self._at].partition(" ")[0].rstrip("/")
			closed_at_once = self._closes_at_once()
			self._element(child, positions)
			if not closed_at_once and self._pieces.marks[self._at] != f"{TAG}/{name[1:]}":
				raise Unfamiliar
			self._blank(child.tail, closed_at_once)

	def _closes_at_once(self) -> bool:
		at = self._at
		while self._pieces.marks[at].endswith("="):
			at += 1
		return self._pieces.marks[at].endswith("/")

	def _attributes(self, element: Element, position: int) -> bool:
		"""Go through the opening tag; whether it is the closing one too."""
		marks, values = self._pieces
		match = _OPENS(marks[self._at])
		if match is None:
			raise Unfamiliar
		name, closed = match[2], match[3]
		found: list[tuple[str, int]] = []
		while name:
			if name == "xmlns" or name.startswith("xmlns:"):
				self._stretch.constants[self._at] = values[self._at]
			elif ":" in name:
				raise Unfamiliar
			else:
				found.append((name, self._at))
			self._at += 1
			match = _CONTINUES(marks[self._at])
			if match is None:
				raise Unfamiliar
			name, closed = match[1], match[2]
		if [(name, values[at]) for name, at in found] != [(n, QUOTE + value) for n, value in element.items()]:
			raise Unfamiliar
		if found:
			self._stretch.attributes[position] = found
		return bool(closed)

	def _value(self, text: str | None) -> int:
		if self._pieces.values[self._at] != (text or ""):
			raise Unfamiliar
		self._at += 1
		return self._at - 1

	def _blank(self, text: str | None, closed_at_once: bool) -> None:
		if (text or "").strip(SPACES):
			raise Unfamiliar
		self._value(text)


def _cut(text: str) -> Pieces | None:
	"""The text in pieces; None for whatever could make equal letters mean something else."""
	if ("!" in text and "<!" in text) or "\r" in text or ("]" in text and "]]>" in text):
		return None
	if TAG in text or QUOTE in text or ("&" in text and _OTHER_AMPERSAND.search(text)):
		return None
	if text.startswith("<?"):
		declaration = _DECLARATION.match(text)
		if declaration is None:
			return None
		text = text[declaration.end() :]
	if "?" in text and "<?" in text:
		return None
	pieces = text.replace("<", f">{TAG}").replace('"', f">{QUOTE}").split(">")
	marks, values = pieces[1::2], pieces[2::2]
	if pieces[0] or len(marks) != len(values) or len(marks) < 2:
		return None
	if "&" in text:
		values = [_ENTITY.sub(_character, value) if "&" in value else value for value in values]
	return Pieces(marks, values)


def _opening(pieces: Pieces) -> tuple[int, str]:
	"""The place after the root's opening tag, and all of that tag: its declarations of namespaces belong to the layout."""
	at = 0
	while pieces.marks[at].endswith("="):
		at += 1
	return at + 1, "\n".join([*pieces.marks[: at + 1], *pieces.values[:at]])


def _end(marks: list[str], at: int) -> int:
	"""The place of the mark that closes the section which begins here; the same where it is closed at once."""
	mark = marks[at]
	return at if mark.endswith("/") else marks.index(_closing(mark), at)


def _closing(mark: str) -> str:
	"""The mark that closes what this one opens."""
	return f"{TAG}/{mark[1:].partition(' ')[0]}"


def _joined(pieces: Pieces) -> str:
	"""XML that says the same as before it was cut."""
	flat = [piece for mark, value in zip(*pieces, strict=True) for piece in (mark, _escaped(value))]
	return "".join(_BEFORE.get(piece[:1], ">") + piece.lstrip(f"{TAG}{QUOTE}") for piece in flat)


_BEFORE = {TAG: "<", QUOTE: '"'}


def _escaped(value: str) -> str:
	if value.isalnum():
		return value
	return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _character(match: re.Match[str]) -> str:
	return _ENTITIES[match[1]]
