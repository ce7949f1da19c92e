"""The structure layer: whether a document is a UBL 2.1 invoice at all, decided as the official XML schemas decide it.

Takes a parsed document; gives it read into light nodes that the rules walk, or every place where it breaks the schema.
Never judges a business rule. `read` is the fast way for the usual case, `problems` the complete way for the other.
Source: UBL 2.1 content model (model.py), text types (datatypes.py); libxml2's schema validator is the measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from bayancore_erp.zatca.core.rules.datatypes import SPACES
from bayancore_erp.zatca.core.rules.model import Branch, Leaf, clark, element, local_name, prefixed, typed
from bayancore_erp.zatca.core.rules.nodes import Document, Element
from bayancore_erp.zatca.core.rules.sections import Misfit, RootPlans, attribute_fits

_REMARKS = etree.XPath("boolean(/*//comment() | /*//processing-instruction())")
_NOT_ELEMENTS = (etree.Comment, etree.ProcessingInstruction)
_plans = RootPlans()


def read(root: Element) -> Document:
	"""Read a document into nodes. Raises Misfit where it is not valid against the schemas."""
	try:
		return _read(root)
	except Misfit:
		if not _REMARKS(root):
			raise
	# Comments and processing instructions do not count: without them texts join as XPath joins them.
	copy = deepcopy(root)
	etree.strip_tags(copy, etree.Comment, etree.ProcessingInstruction)
	return _read(copy)


def _read(root: Element) -> Document:
	shape = element(root.tag)
	if not isinstance(shape, Branch) or root.tag != clark("inv:Invoice"):
		raise Misfit
	document = Document()
	document.root = _plans.read(root, shape, document)
	if len(document.ids) != len({value.strip(SPACES) for value in document.ids}):
		raise Misfit
	return document


class Problem:
	"""One place where the document breaks the schema."""

	__slots__ = ("element", "expected", "found", "reason")

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
	children = [child for child in source if child.tag not in _NOT_ELEMENTS]
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
	inner = next((grandchild for grandchild in child if grandchild.tag not in _NOT_ELEMENTS), None)
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
		if not attribute_fits(name, value, shape, source):
			yield Problem(source, "attribute", found=f"{local_name(name)}={value[:60]}")
	for name in shape.required:
		if name not in given:
			yield Problem(source, "missing", expected="@" + name)
