"""The structure layer: whether a document is a UBL 2.1 invoice at all, decided as the official XML schemas decide it.

Takes a parsed document; gives it read into light nodes that the rules walk, or every place where it breaks the schema.
Never judges a business rule. One walk does both: what fits the content model is indexed as it is met.
Source: UBL 2.1 content model (model.py), text types (datatypes.py); libxml2's schema validator is the measure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any, cast

from lxml import etree

from bayancore_erp.zatca.core.rules.datatypes import SPACES, Check
from bayancore_erp.zatca.core.rules.model import Branch, Leaf, clark, data, element, local_name, prefixed, typed

Element = Any
"""An lxml element; its stubs are not precise enough to help here."""

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_FREE_ATTRIBUTES = frozenset({XSI + "schemaLocation", XSI + "noNamespaceSchemaLocation"})
_ALL_TEXT = (etree.Comment, etree.ProcessingInstruction)
_STRING = etree.XPath("string()", smart_strings=False)
_COUNT = etree.XPath("count(//*)")
_REMARKS = etree.XPath("boolean(/*//comment() | /*//processing-instruction())")


class Node:
	"""An element with children, as rules see it.

	`leaf`: text of the children that occur once, by local name. `many`: texts of those that may repeat. `attrs`: attributes
	of text children that have any (of the last one where they repeat). `kids`: child nodes in document order.
	"""

	__slots__ = ("attrs", "element", "kids", "leaf", "many", "name", "parent")

	def __init__(self, element: Element, name: str, parent: Node | None) -> None:
		self.element = element
		self.name = name
		self.parent = None if parent is None else parent.name
		self.leaf: dict[str, str] = {}
		self.kids: dict[str, list[Node]] = {}
		self.attrs: dict[str, list[tuple[str, str]]] = {}
		self.many: dict[str, list[str]] = {}

	def all(self, *path: str) -> list[Node]:
		"""All nodes along a path of element names."""
		nodes = [self]
		for name in path:
			nodes = [kid for node in nodes for kid in node.kids.get(name, ())]
		return nodes

	def attribute(self, leaf: str, name: str) -> str | None:
		"""An attribute of a text child, None where either is absent."""
		for key, value in self.attrs.get(leaf, ()):
			if key == name:
				return value
		return None


class Document:
	"""A structurally valid invoice: its root node and indexes over the whole tree."""

	__slots__ = ("amounts", "branches", "codes", "currencies", "holders", "ids", "root", "size", "texts")

	def __init__(self) -> None:
		self.root: Node = cast(Node, None)
		self.branches: defaultdict[str, list[Node]] = defaultdict(list)
		"""Every element with children, by name, in document order."""
		self.holders: defaultdict[str, list[Node]] = defaultdict(list)
		"""For the text elements that rules watch: the nodes that hold one, in document order."""
		self.amounts: list[tuple[Node, str]] = []
		"""Every text element with a currency: the node that holds it, and its name."""
		self.currencies: set[str] = set()
		"""Every currency that an amount states."""
		self.codes: list[str] = []
		"""Every `name` attribute of a code: the rules look for the transaction type anywhere in the document."""
		self.ids: list[str] = []
		"""Every attribute of type ID; no two may be equal."""
		self.texts: list[str] = []
		"""The text of every text element."""
		self.size = 0
		"""How many elements were read."""


_REMEMBERED = 8


class Misfit(Exception):
	"""The document breaks the schema somewhere; `problems` then says where."""


def read(root: Element) -> Document:
	"""Read a document into nodes. Raises Misfit where it is not valid against the schemas."""
	shape = element(root.tag)
	if not isinstance(shape, Branch) or root.tag != clark("inv:Invoice"):
		raise Misfit
	if _REMARKS(root):
		root = _without_remarks(root)
	document = Document()
	document.root = _read(root, shape, None, document)
	if document.size + 1 != _COUNT(root):
		raise Misfit  # an element inside a text element
	if len(document.ids) != len({value.strip(SPACES) for value in document.ids}):
		raise Misfit
	# Text between elements shows as a difference between all the text there is and all that stood in text elements.
	stray = _visible(_STRING(root)) != _visible("".join(document.texts))
	if stray and next(problems(root), None) is not None:
		raise Misfit
	return document


def _without_remarks(root: Element) -> Element:
	"""A copy without comments and processing instructions, the text around them joined, as XPath sees values."""
	copy = deepcopy(root)
	etree.strip_tags(copy, etree.Comment, etree.ProcessingInstruction)
	return copy


def _visible(text: str) -> int:
	return len(text) - text.count(" ") - text.count("\n") - text.count("\t") - text.count("\r")


def _read(source: Element, shape: Branch, parent: Node | None, document: Document) -> Node:
	name = shape.name
	node = Node(source, name, parent)
	document.branches[name].append(node)
	items = source.items()
	if items or shape.required:
		if items not in shape.fine:
			_check_given(items, shape, source)
		document.ids += [value for key, value in items if key == "Id"]
	children = source[:]
	plan = shape.plan(tuple([child.tag for child in children]))
	if plan is None:
		raise Misfit
	document.size += len(children)
	leaves = node.leaf
	kids = node.kids
	texts = document.texts
	for child, (name, leaf, check, branch, special) in zip(children, plan, strict=True):
		if branch is not None:
			kid = _read(child, branch, node, document)
			if name in kids:
				kids[name].append(kid)
			else:
				kids[name] = [kid]
			continue
		text = child.text or ""
		if check is not None and not check(text):
			raise Misfit
		leaves[name] = text
		texts.append(text)
		items = child.items()
		if items or leaf.required:  # type: ignore[union-attr]
			if items not in leaf.fine:  # type: ignore[union-attr]
				_check_given(items, leaf, child)  # type: ignore[arg-type]
			node.attrs[name] = items
			if leaf.mark == "currencyID":  # type: ignore[union-attr]
				document.amounts.append((node, name))
				document.currencies.add(items[0][1] if len(items) == 1 else child.get("currencyID"))
			elif leaf.mark:  # type: ignore[union-attr]
				marked = document.codes if leaf.mark == "name" else document.ids  # type: ignore[union-attr]
				marked += [value for key, value in items if key == leaf.mark]  # type: ignore[union-attr]
		if special:
			if special & 1:
				node.many.setdefault(name, []).append(text)
			if special & 2:
				document.holders[name].append(node)
	return node


def _check_given(items: list[tuple[str, str]], shape: Leaf | Branch, source: Element) -> None:
	allowed = shape.attributes
	for name, value in items:
		check = allowed.get(name, _unknown)
		if check is not None and not check(value) and not _tolerated(name, value, shape, source):
			raise Misfit
	for name in shape.required:
		if source.get(name) is None:
			raise Misfit
	if len(shape.fine) < _REMEMBERED and not any(name.startswith("{") for name, _ in items):
		shape.fine.append(items)


def _unknown(value: str) -> bool:
	return False


def _tolerated(name: str, value: str, shape: Leaf | Branch, source: Element) -> bool:
	"""Attributes that no declaration names and the schemas let pass all the same."""
	if name in _FREE_ATTRIBUTES or ("*" in shape.attributes and name not in shape.attributes):
		return True
	if name == XSI + "type":
		prefix, _, local = value.strip(SPACES).rpartition(":")
		space = source.nsmap.get(prefix or None)
		return f"{{{space}}}{local}" in _type_names(source.tag)
	return False


@lru_cache(maxsize=64)
def _type_names(tag: str) -> frozenset[str]:
	"""The names by which a document may repeat the declared type of an element (xsi:type)."""
	kinds = data()["elements"]
	own = kinds.get(prefixed(tag) if local_name(tag) != "Invoice" else "inv:Invoice")
	return frozenset({clark(own) if own else tag + "Type"})


class Problem:
	"""One place where the document breaks the schema."""

	__slots__ = ("element", "expected", "found", "leaf", "reason")

	def __init__(self, element: Element, reason: str, *, expected: str = "", found: str = "") -> None:
		self.element = element
		self.reason = reason
		self.expected = expected
		self.found = found


def problems(root: Element) -> Iterator[Problem]:
	"""Every place where the document breaks the schemas, in document order; the slow and complete counterpart of `read`."""
	shape = element(root.tag)
	if not isinstance(shape, Branch) or root.tag != clark("inv:Invoice"):
		yield Problem(root, "root", expected="Invoice", found=prefixed(root.tag))
		return
	yield from _branch_problems(root, shape)
	seen: set[str] = set()
	for holder in root.xpath("//*[@Id]"):
		value = holder.get("Id").strip(SPACES)
		if value in seen:
			yield Problem(holder, "attribute", found=f"Id={value}")
		seen.add(value)


def _branch_problems(source: Element, shape: Branch) -> Iterator[Problem]:
	yield from _attribute_problems(source, shape)
	children = [child for child in source if child.tag not in _ALL_TEXT]
	if not shape.mixed:
		stray = "".join(source.xpath("text()")).strip(SPACES)
		if stray:
			yield Problem(source, "text", found=stray[:60])
	found = shape.match(tuple(child.tag for child in children))
	if found is None:
		yield from _order_problems(source, shape, children)
		return
	for child, target in zip(children, found, strict=True):
		yield from _child_problems(child, target)


def _child_problems(child: Element, target: Leaf | Branch | None) -> Iterator[Problem]:
	if target is None:
		target = typed(child.tag, "xs:anyType")
	if isinstance(target, Branch):
		yield from _branch_problems(child, target)
		return
	yield from _attribute_problems(child, target)
	inner = next((grandchild for grandchild in child if grandchild.tag not in _ALL_TEXT), None)
	text = "".join(child.xpath("text()"))
	if inner is not None:
		yield Problem(inner, "element", found=prefixed(inner.tag))
	elif target.check is not None and not target.check(text):
		yield Problem(child, "value", expected=target.text, found=text[:60])


def _order_problems(source: Element, shape: Branch, children: list[Element]) -> Iterator[Problem]:
	"""Names the children that stand wrongly, and checks those that could be told what they are."""
	if shape.slots is None:
		yield Problem(source, "content", found=" ".join(prefixed(child.tag) for child in children)[:120])
		return
	last = -1
	met: set[str] = set()
	for child in children:
		slot = shape.slots.get(child.tag)
		if slot is None:
			yield Problem(child, "element", found=prefixed(child.tag))
			continue
		if slot.position < last:
			yield Problem(child, "order", found=prefixed(child.tag))
		elif slot.single and child.tag in met:
			yield Problem(child, "repeated", found=prefixed(child.tag))
		last = max(last, slot.position)
		met.add(child.tag)
		yield from _child_problems(child, element(child.tag))
	for tag, slot in shape.slots.items():
		if slot.needed and tag not in met:
			yield Problem(source, "missing", expected=prefixed(tag))


def _attribute_problems(source: Element, shape: Leaf | Branch) -> Iterator[Problem]:
	given = dict(source.items())
	for name, value in given.items():
		check: Check | None = shape.attributes.get(name, _unknown)
		if check is not None and not check(value) and not _tolerated(name, value, shape, source):
			yield Problem(source, "attribute", found=f"{local_name(name)}={value[:60]}")
	for name in shape.required:
		if name not in given:
			yield Problem(source, "missing", expected="@" + name)
