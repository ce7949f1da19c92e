"""The short way for documents that look like one read before: same tags and attributes in the same order, other texts.

Takes the text of a document; gives its nodes without parsing it again, or None where anything is new or unusual.
Only ever a shortcut: it learns from documents that sections.py has read and found valid, and whatever it does not
recognise to the letter (another layout, comments, CDATA, a DOCTYPE, line breaks within texts) goes the long way.
A document is cut at its lines, so that the number of lines does not matter.
Source: none; tests/rules/test_familiar.py holds it against the long way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from bayancore_erp.zatca.core.rules.datatypes import SPACES, Check, are_decimals
from bayancore_erp.zatca.core.rules.model import Leaf, clark
from bayancore_erp.zatca.core.rules.nodes import Attributes, Document, Element, Node, Pending, Source, Spec
from bayancore_erp.zatca.core.rules.sections import Reading, getter

_OPEN = "\0"
"""Stands before every tag once the brackets are gone, so that no text can pass for one: XML allows it nowhere."""
_LINE = f"{_OPEN}cac:InvoiceLine"
_LINE_END = f"{_OPEN}/cac:InvoiceLine"
_LINE_NAME = "InvoiceLine"
_LINE_TAG = clark("cac:InvoiceLine")
_ENTITY = re.compile("&(amp|lt|gt|quot|apos);")
# Anything else behind an ampersand may be no XML at all, which only a parser may decide.
_OTHER_AMPERSAND = re.compile("&(?!(?:amp|lt|gt|quot|apos);)")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DECLARATION = re.compile(
	r"""<\?xml version=["']1\.0["'](?: encoding=["'](?i:utf-8)["'])?(?: standalone=["']\w+["'])?\s*\?>\s*"""
)
_MOST_LAYOUTS = 256
_LONGEST = 1 << 16


class _Reader(NamedTuple):
	"""How to build one node: from which texts, with which attributes, within which other node."""

	spec: Spec
	names: list[str]
	pick: Callable[[Any], Sequence[str]]
	items: Sequence[Attributes]
	above: int
	path: str
	repeated: list[tuple[str, list[int]]]
	number: int
	"""Which of the stretch's sections it stands in."""


class Layout:
	"""A stretch of a document, all but its texts: what each text is, what it must look like, which node it belongs to."""

	__slots__ = (
		"blank",
		"checks",
		"children",
		"codes",
		"currencies",
		"decimals",
		"leaves",
		"long_attributes",
		"others",
		"readers",
		"sections",
	)

	def __init__(self, readings: Sequence[Reading], places: _Places, *, head: bool) -> None:
		self.readers: list[_Reader] = []
		self.checks: list[tuple[int, Check]] = []
		self.currencies: set[str] = set()
		self.codes: list[str] = []
		self.long_attributes = False
		decimals: list[int] = []
		leaves: list[int] = []
		visible: set[int] = set()
		for number, reading in enumerate(readings):
			plan, first = reading.plan, len(self.readers)

			def gap(position: int, reading: Reading = reading) -> int:
				return places.gap(reading, position)

			for spec in plan.specs:
				inner = spec.above >= 0
				self.readers.append(
					_Reader(
						spec,
						spec.names,
						getter([gap(position) for position in spec.positions]),
						reading.items,
						first + spec.above if inner else (0 if head and number else -1),
						spec.path if inner else spec.name,
						[(leaf, [gap(position) for position in found]) for leaf, found in spec.repeated],
						number,
					)
				)
			self.checks += [(gap(position), check) for position, check in plan.checks]
			decimals += [gap(position) for position in plan.decimal_places]
			leaves += [gap(position) for position in plan.leaf_places]
			visible |= {
				gap(at)
				for at, shape in enumerate(plan.shapes)
				if isinstance(shape, Leaf) and places.has(reading, at)
			}
			self.currencies |= reading.known.currencies
			self.codes += reading.known.codes
			self.long_attributes = self.long_attributes or reading.known.long
		self.sections: list[int] = []
		"""The places of the sections among the root's children, the root's own first; and how many there are before the lines."""
		self.children = 0
		if head:
			children = [child for child in readings[0].section if child.tag != _LINE_TAG]
			self.children = len(children)
			self.sections = [-1, *(children.index(reading.section) for reading in readings[1:])]
		self.decimals = getter(decimals)
		self.leaves = getter(leaves)
		self.others = getter(sorted(visible - set(leaves)))
		self.blank = getter([index for index in range(places.count(readings)) if index not in visible])

	def read(
		self, gaps: list[str], document: Document, blank: list[str], sections: Sequence[Pending]
	) -> Node | None:
		"""The nodes for these texts, the first of them; None where a text is not what it should be."""
		blank += self.blank(gaps)
		gaps.append("")  # the text of elements that are closed at once
		for place, check in self.checks:
			if not check(gaps[place]):
				return None
		document.numbers += self.decimals(gaps)
		document.texts += self.leaves(gaps)
		document.currencies |= self.currencies
		if self.codes:
			document.codes += self.codes
		if self.long_attributes:
			document.long_attributes = True
		nodes: list[Node] = []
		for spec, names, pick, items, above, path, repeated, number in self.readers:
			texts = dict(zip(names, pick(gaps)))  # noqa: B905  (made together)
			node = Node(spec, texts, sections[number], items)
			nodes.append(node)
			if above >= 0:
				kids = nodes[above].kids
				if path in kids:
					kids[path].append(node)
				else:
					kids[path] = [node]
			if spec.indexed:
				document.branches.setdefault(spec.name, []).append(node)
			if spec.watched:
				for leaf, place_in_node, within in spec.watched:
					document.holders.setdefault(leaf, []).append((node, place_in_node, within))
			if repeated:
				node.many = {leaf: [gaps[at] for at in found] for leaf, found in repeated}
		document.nodes.append(nodes)
		return nodes[0]


class Familiar:
	"""The layouts met so far: heads of documents, with what closes them, and lines."""

	def __init__(self) -> None:
		self.heads: dict[str, Layout] = {}
		self.lines: dict[str, Layout] = {}

	def read(self, text: str, source: Source) -> Document | None:
		"""The document, if all of it is familiar. `source` is where its elements will come from if they are needed."""
		stretches = _stretches(text)
		if stretches is None:
			return None
		(key, gaps), *lines = stretches
		layout = self.heads.get(key)
		if layout is None:
			return None
		document = Document()
		blank: list[str] = []
		root = layout.read(gaps, document, blank, [Pending(source, place) for place in layout.sections])
		if root is None:
			return None
		nodes: list[Node] = []
		known = self.lines
		for place, (key, gaps) in enumerate(lines, start=layout.children):
			line = known.get(key)
			node = line.read(gaps, document, blank, (Pending(source, place),)) if line is not None else None
			if node is None:
				return None
			nodes.append(node)
		root.kids[_LINE_NAME] = nodes
		numbers = "\0".join(document.numbers)
		# Characters that XML forbids are not printable; neither are a few lawful ones, which then go the long way.
		visible = "".join(document.texts) + "".join(layout.others(stretches[0][1]))
		if "".join(blank).strip(SPACES) or not visible.isprintable() or not are_decimals(numbers):
			return None
		document.root = root
		document.survey(numbers)
		return document

	def learn(self, text: str, document: Document) -> None:
		"""Remember the layouts of a document that was read the long way and found valid."""
		stretches = _stretches(text)
		if stretches is None or not document.readings:
			return
		(head_key, head), *lines = stretches
		root, *sections = document.readings
		own = [reading for reading in sections if reading.plan.specs[0].name == _LINE_NAME]
		others = [reading for reading in sections if reading.plan.specs[0].name != _LINE_NAME]
		if len(lines) != len(own):
			return
		places = _Places(root, [*others, *own])
		if (
			head_key not in self.heads
			and _has_room(self.heads, head_key)
			and places.fit(head_key, head, [root, *others])
		):
			self.heads[head_key] = Layout([root, *others], places, head=True)
		for (key, gaps), reading in zip(lines, own, strict=True):
			if key not in self.lines and _has_room(self.lines, key) and places.fit(key, gaps, [reading]):
				self.lines[key] = Layout([reading], places, head=False)


def _has_room(known: dict[str, Layout], key: str) -> bool:
	return len(known) < _MOST_LAYOUTS and len(key) <= _LONGEST


class _Places:
	"""Which text of a stretch belongs to which element of the document that is learned from."""

	def __init__(self, root: Reading, sections: Sequence[Reading]) -> None:
		self._found: dict[tuple[int, int], int] = {}
		self._counts: dict[int, int] = {}
		self._readings: dict[Element, Reading] = {reading.section: reading for reading in sections}
		self._root = root

	def fit(self, key: str, gaps: list[str], readings: Sequence[Reading]) -> bool:
		"""Whether the texts cut out of the stretch are those of the parsed document, one by one."""
		first, tags = readings[0], iter(key.split("\n"))
		stated = list(self._head(tags) if first is self._root else self._section(first.section, tags))
		if [text for _, _, text in stated] != gaps:
			return False
		self._counts[id(first)] = len(gaps)
		for index, (reading, position, text) in enumerate(stated):
			if position >= 0:
				self._found[id(reading), position] = index
			elif text.strip(SPACES):
				return False
		return True

	def gap(self, reading: Reading, position: int) -> int:
		"""The number of the text at a position of a reading."""
		return self._found.get((id(reading), position), -1)

	def has(self, reading: Reading, position: int) -> bool:
		"""Whether the position is one of the reading's own: a root's sections have readings of their own."""
		return (id(reading), position) in self._found

	def count(self, readings: Sequence[Reading]) -> int:
		"""How many texts the stretch of these readings has."""
		return self._counts[id(readings[0])]

	def _head(self, tags: Iterator[str]) -> Iterator[tuple[Reading, int, str]]:
		root = self._root.section
		next(tags)
		yield self._root, 0, root.text or ""
		for position, child in enumerate(root, start=1):
			if child.tag == _LINE_TAG:
				return
			if child in self._readings:
				yield from self._section(child, tags)
			else:
				yield from self._within(self._root, child, iter((position,)), tags)
			yield self._root, -1, child.tail or ""

	def _section(self, section: Element, tags: Iterator[str]) -> Iterator[tuple[Reading, int, str]]:
		reading = self._readings[section]
		return self._within(reading, section, iter(range(len(reading.items))), tags)

	def _within(
		self, reading: Reading, element: Element, numbers: Iterator[int], tags: Iterator[str]
	) -> Iterator[tuple[Reading, int, str]]:
		"""After every tag comes a text; an element closed at once has one tag only, and no text of its own."""
		position = next(numbers)
		if next(tags).endswith("/"):
			return
		yield reading, position, element.text or ""
		for child in element:
			yield from self._within(reading, child, numbers, tags)
			yield reading, -1, child.tail or ""
		next(tags, "")


def _stretches(text: str) -> list[tuple[str, list[str]]] | None:
	"""The head and each line, as all their tags and the texts between them; None for whatever could make equal letters
	mean something else. A text that holds a `>` makes tags and texts change places, and then nothing fits any more."""
	if ("!" in text and "<!" in text) or "\r" in text or _OPEN in text or ("]" in text and "]]>" in text):
		return None
	if "&" in text and _OTHER_AMPERSAND.search(text):
		return None
	if text.startswith("<?"):
		declaration = _DECLARATION.match(text)
		if declaration is None:
			return None
		text = text[declaration.end() :]
	if "?" in text and "<?" in text:
		return None
	pieces = text.replace("<", f">{_OPEN}").split(">")
	tags, gaps = pieces[1::2], pieces[2::2]
	if pieces[0] or len(tags) != len(gaps) or gaps.pop().strip(SPACES):
		return None
	closing = tags.pop()
	try:
		at = tags.index(_LINE)
	except ValueError:
		return None
	if "&" in text:
		gaps = [_ENTITY.sub(_character, gap) if "&" in gap else gap for gap in gaps]
	# What closes the root belongs to its head; the spaces after a line belong to no stretch.
	blank = gaps[:0]
	out = [("\n".join([*tags[:at], closing]), gaps[:at])]
	while at < len(tags):
		if tags[at] != _LINE:
			return None
		try:
			end = tags.index(_LINE_END, at)
		except ValueError:
			return None
		out.append(("\n".join(tags[at:end]), gaps[at:end]))
		blank.append(gaps[end])
		at = end + 1
	return None if "".join(blank).strip(SPACES) else out


def _character(match: re.Match[str]) -> str:
	return _ENTITIES[match[1]]
