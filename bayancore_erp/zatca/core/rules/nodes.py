"""A document as the rules walk it: light nodes with their text, and indexes over the whole tree.

Takes what the reader (sections.py) finds; gives names, texts, attributes and children without touching lxml again.
Never changes: rules only look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

Element = Any
"""An lxml element; its stubs are not precise enough to help here."""
Attributes = list[tuple[str, str]]


class Spec:
	"""What is known about a node before its document is: name, place in its section, and its text children."""

	__slots__ = ("amounts", "index", "indexed", "name", "names", "parent", "places", "positions", "repeated", "watched")

	def __init__(self, name: str, parent: str, index: int, indexed: bool) -> None:
		self.name = name
		self.parent = parent
		self.index = index
		self.indexed = indexed
		self.names: list[str] = []
		self.positions: list[int] = []
		self.places: dict[str, int] = {}
		self.repeated: list[tuple[str, list[int]]] = []
		self.watched: list[str] = []
		self.amounts: list[str] = []


class Node:
	"""An element with children, as rules see it.

	`leaf`: text of its text children by local name, the last one's where they repeat. `many`: all texts of those that may
	repeat. `kids`: child nodes by name, in document order. `parent`: the name of the node around it.
	"""

	__slots__ = ("items", "kids", "leaf", "many", "name", "parent", "section", "spec")

	def __init__(self, spec: Spec, leaf: dict[str, str], section: Element, items: Sequence[Attributes]) -> None:
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
		"""The element of the document, which only a finding needs."""
		return next(islice(self.section.iter(), self.spec.index, None))

	def all(self, *path: str) -> list[Node]:
		"""All nodes along a path of element names."""
		nodes = [self]
		for name in path:
			nodes = [kid for node in nodes for kid in node.kids.get(name, ())]
		return nodes

	def attribute(self, leaf: str, name: str) -> str | None:
		"""An attribute of a text child, None where either is absent."""
		place = self.spec.places.get(leaf)
		if place is not None:
			for key, value in self.items[place]:
				if key == name:
					return value
		return None


_NONE: dict[str, list[str]] = {}
ABSENT = Node(Spec("", "", 0, False), {}, None, ())
"""Stands for a node that is not there: no text, no children."""


class Document:
	"""A structurally valid invoice: its root node and indexes over the whole tree."""

	__slots__ = ("branches", "codes", "currencies", "holders", "ids", "nodes", "root")

	def __init__(self) -> None:
		self.root = cast(Node, None)
		self.nodes: list[list[Node]] = []
		self.branches: dict[str, list[Node]] = {}
		"""The elements in INDEXED, by name, in document order."""
		self.holders: dict[str, list[Node]] = {}
		"""For the text elements in WATCHED: the nodes that hold one, in document order."""
		self.currencies: set[str] = set()
		"""Every currency that an amount states."""
		self.codes: list[str] = []
		"""Every `name` attribute of a code: the rules look for the transaction type anywhere in the document."""
		self.ids: list[str] = []
		"""Every attribute of type ID; no two may be equal."""

	def amounts(self) -> Iterator[tuple[Node, str, str]]:
		"""Every text element with a currency: the node that holds it, its name, the currency."""
		for nodes in self.nodes:
			for node in nodes:
				for name in node.spec.amounts:
					yield node, name, node.attribute(name, "currencyID") or ""


WATCHED = frozenset(
	{"ActualDeliveryDate", "DocumentCurrencyCode", "DueDate", "InvoiceTypeCode", "IssueDate", "LatestDeliveryDate"}
	| {"TaxCurrencyCode", "TaxPointDate"}
)
"""Text elements that rules look for all over a document."""

INDEXED = frozenset(
	{"AdditionalDocumentReference", "AdditionalItemProperty", "AllowanceCharge", "BillingReference", "Country", "Delivery"}
	| {"ClassifiedTaxCategory", "InvoiceLine", "PaymentMeans", "Signature", "TaxCategory"}
)
"""Elements that rules look for all over a document."""
