"""A document as the rules walk it: light nodes with their text, and indexes over the whole tree.

Takes what the reader (sections.py) finds; gives names, texts, attributes and children without touching lxml again.
Never changes: rules only look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

Element = Any
"""An lxml element; its stubs are not precise enough to help here."""
Attributes = list[tuple[str, str]]


SHORTEST_LIMIT = 127
_LONG_FRACTION = re.compile(r"\.[^\0]{3}").search

WATCHED = frozenset(
	{"ActualDeliveryDate", "DueDate", "IdentificationCode", "IssueDate", "LatestDeliveryDate", "TaxPointDate"}
)
"""Text elements that rules look for all over a document."""

INDEXED = frozenset(
	{
		"AdditionalDocumentReference",
		"AdditionalItemProperty",
		"AllowanceCharge",
		"BillingReference",
		"Delivery",
	}
	| {"ClassifiedTaxCategory", "InvoiceLine", "PaymentMeans", "Signature", "TaxCategory"}
)
"""Elements that rules look for all over a document."""


class Spec:
	"""What is known about a node before its document is: name, place in its section, and its texts.

	`above` and `path`: the node that holds it, by its number in the section (-1 for none), and its path there.
	"""

	__slots__ = (
		"above",
		"amounts",
		"index",
		"indexed",
		"name",
		"names",
		"parent",
		"path",
		"places",
		"positions",
		"repeated",
		"watched",
	)

	def __init__(self, name: str, parent: str, index: int, above: int, path: str) -> None:
		self.name = name
		self.parent = parent
		self.index = index
		self.above = above
		self.path = path
		self.indexed = name in INDEXED
		self.names: list[str] = []
		self.positions: list[int] = []
		self.places: dict[str, int] = {}
		self.repeated: list[tuple[str, list[int]]] = []
		self.watched: list[tuple[str, str, str]] = []
		self.amounts: list[str] = []


class Node:
	"""An element with children, as rules see it, with those of its children that can occur only once folded into it.

	`leaf`: texts by their path from here, such as `ID` or `Party/PostalAddress/CityName`, the last one's where they repeat;
	a folded element is there by its own path too. `many`: all texts of those that may repeat. `kids`: child nodes by path,
	in document order. `parent`: the name of the element around it.
	"""

	__slots__ = ("items", "kids", "leaf", "many", "name", "parent", "section", "spec")

	def __init__(
		self, spec: Spec, leaf: dict[str, str], section: Element, items: Sequence[Attributes]
	) -> None:
		self.name = spec.name
		self.parent = spec.parent
		self.leaf = leaf
		self.kids: dict[str, list[Node]] = {}
		self.many = _NONE
		self.spec = spec
		self.section = section
		self.items = items

	@property
	def element(self) -> Element:
		"""The element of the document, which hardly anything but a finding needs."""
		section = self.section() if isinstance(self.section, Pending) else self.section
		return next(islice(section.iter(), self.spec.index, None))

	def all(self, *path: str) -> list[Node]:
		"""All nodes along a path of element names."""
		nodes = [self]
		for name in path:
			nodes = [kid for node in nodes for kid in node.kids.get(name, ())]
		return nodes

	def attribute(self, leaf: str, name: str) -> str | None:
		"""An attribute of a text child, None where either is absent."""
		place = self.spec.places.get(leaf)
		if place is None:
			return None
		try:
			items = self.items[place]
		except IndexError:
			# A layout met before remembers attributes only as far as the last element that has some.
			return None
		return next((value for key, value in items if key == name), None)


class Pending(NamedTuple):
	"""A section that has not been parsed: the document that can be, and its place among the root's children."""

	source: Source
	place: int

	def __call__(self) -> Element:
		root = self.source.root()
		return root if self.place < 0 else root[self.place]


class Source:
	"""A document that is parsed when somebody asks for its elements."""

	__slots__ = ("_parse", "_root")

	def __init__(self, parse: Callable[[], Element]) -> None:
		self._parse = parse
		self._root: Element = None

	def root(self) -> Element:
		"""The root element."""
		if self._root is None:
			self._root = self._parse()
		return self._root


_NONE: dict[str, list[str]] = {}
ABSENT = Node(Spec("", "", 0, -1, ""), {}, None, ())
"""Stands for a node that is not there: no text, no children."""


class Document:
	"""A structurally valid invoice: its root node and indexes over the whole tree."""

	__slots__ = (
		"branches",
		"codes",
		"currencies",
		"holders",
		"ids",
		"long_attributes",
		"long_fractions",
		"negatives",
		"nodes",
		"numbers",
		"readings",
		"root",
		"texts",
		"unusual_lengths",
	)

	def __init__(self) -> None:
		self.root = cast(Node, None)
		self.nodes: list[tuple[list[Node], set[str]]] = []
		"""The nodes of each section, and the currencies that its amounts state (as they were met, a quote may precede)."""
		self.branches: dict[str, list[Node]] = {}
		"""The elements in INDEXED, by name, in document order."""
		self.holders: dict[str, list[tuple[Node, str, str]]] = {}
		"""For the text elements in WATCHED: the node that holds one, its path there, the name of the element around it."""
		self.currencies: set[str] = set()
		"""Every currency that an amount states."""
		self.codes: list[str] = []
		"""Every `name` attribute of a code: the rules look for the transaction type anywhere in the document."""
		self.ids: list[str] = []
		"""Every attribute of type ID; no two may be equal."""
		self.readings: list[Any] = []
		"""How each section was read, the root first."""
		self.numbers: list[str] = []
		"""Every decimal."""
		self.texts: list[str] = []
		"""The text of every text element but binary ones and those in signatures."""
		self.negatives = False
		"""Whether any decimal has a minus sign."""
		self.long_fractions = False
		"""Whether any decimal has more than two places."""
		self.long_attributes = False
		"""Whether any attribute is longer than the shortest limit that the rules set."""
		self.unusual_lengths = False
		"""Whether any text is empty, or longer than the shortest limit that the rules set."""

	def amounts(self, but: str = "") -> Iterator[tuple[Node, str, str]]:
		"""Every text element with a currency other than `but`: the node that holds it, its name, the currency."""
		for nodes, currencies in self.nodes:
			if any(code.lstrip("\1") != but for code in currencies):
				for node in nodes:
					for name in node.spec.amounts:
						stated = node.attribute(name, "currencyID") or ""
						if stated != but:
							yield node, name, stated

	def survey(self, numbers: str) -> None:
		"""Take stock once all is read, so that rules on what hardly ever occurs need not look everywhere."""
		self.negatives = "-" in numbers
		self.long_fractions = _LONG_FRACTION(numbers) is not None
		self.unusual_lengths = "" in self.texts or max(map(len, self.texts)) > SHORTEST_LIMIT
