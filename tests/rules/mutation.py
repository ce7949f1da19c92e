"""Breaks invoices in every small way one can think of, always the same way for the same seed.

Takes documents as bytes; gives mutants as bytes, each with what was done to it where. Used by the proof `mutants` and by a
fixed-seed share of it in the tests. Never judges.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from lxml import etree
from mutation_values import ALIEN, CODES, FACTORS, LENGTHS, STEPS

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
INVOICE, CAC, CBC = (
	f"{{{UBL}Invoice-2}}",
	f"{{{UBL}CommonAggregateComponents-2}}",
	f"{{{UBL}CommonBasicComponents-2}}",
)
NS = {"cac": CAC[1:-1], "cbc": CBC[1:-1]}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@dataclass(frozen=True, slots=True)
class Mutant:
	"""A broken document: where it comes from, what was done to it, its bytes."""

	source: str
	steps: tuple[tuple[str, str], ...]
	"""(operation, path without positions) of each step."""
	data: bytes

	@property
	def title(self) -> str:
		"""One line for reports."""
		return " + ".join(f"{operation} {path}" for operation, path in self.steps)


class Breaker:
	"""Makes mutants of `documents` (name, bytes). `mutant(i)` depends on seed and i alone."""

	def __init__(self, documents: Sequence[tuple[str, bytes]], seed: int) -> None:
		self.seed = seed
		self.documents = [(name, etree.fromstring(data, PARSER)) for name, data in documents]
		self.seen: dict[str, list[str]] = {}
		for _, root in self.documents:
			for element in elements(root):
				if element.text and element.text.strip() and not len(element):
					self._learn(local(element), element.text)
				for key, value in element.attrib.items():
					self._learn(f"@{key}", value)

	def _learn(self, name: str, value: str) -> None:
		values = self.seen.setdefault(name, [])
		if value not in values and len(value) < 300:
			values.append(value)

	def mutant(self, index: int) -> Mutant:
		"""The mutant with this number: one step, or two for every third."""
		chance = random.Random(f"{self.seed}/{index}")
		name, original = chance.choice(self.documents)
		root = copy.deepcopy(original)
		steps: list[tuple[str, str]] = []
		for _ in range(2 if index % 3 == 2 else 1):
			for _attempt in range(20):
				element, attribute = self._target(root, chance)
				operation = chance.choice(OPERATIONS)
				path = _path(element) + (f"/@{attribute}" if attribute else "")
				if operation(self, element, attribute, chance):
					steps.append((operation.__name__.lstrip("_"), path))
					break
		return Mutant(name, tuple(steps), etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

	def _target(self, root: Any, chance: random.Random) -> tuple[Any, str]:
		"""An element or attribute, each kind of place with the same chance, the stamp's inside seldom."""
		places: dict[str, list[tuple[Any, str]]] = {}
		inside = chance.random() < 0.04
		for element in elements(root):
			path = _path(element)
			if path.startswith("ext:UBLExtensions") != inside:
				continue
			places.setdefault(path, []).append((element, ""))
			for key in element.attrib:
				places.setdefault(f"{path}/@{key}", []).append((element, key))
		return chance.choice(places[chance.choice(sorted(places))]) if places else (root, "")

	def vocabulary(self, element: Any, attribute: str) -> list[str]:
		"""What else could stand at such a place."""
		name = local(element)
		parent = local(element.getparent()) if element.getparent() is not None else ""
		keys = [f"{name}/@{attribute}", f"@{attribute}"] if attribute else [f"{parent}/{name}", name]
		own = [value for key in keys for value in CODES.get(key, ())]
		return own + self.seen.get(f"@{attribute}" if attribute else name, [])


def every_step(data: bytes) -> Iterator[tuple[str, bytes]]:
	"""`data` with each kind of element and attribute outside the stamp once dropped and once blanked, one at a time."""
	original = etree.fromstring(data, PARSER)
	met: set[str] = set()
	for place, element in enumerate(original.iter()):
		for attribute in ("", *(str(key) for key in element.attrib)):
			path = _path(element) + (f"/@{attribute}" if attribute else "")
			if path in met or path.startswith(("ext:UBLExtensions", "Invoice")):
				continue
			met.add(path)
			for operation in (_drop, _blank):
				root = copy.deepcopy(original)
				target = next(islice(root.iter(), place, None))
				if operation(Breaker((), 0), target, attribute, random.Random(path)):
					yield f"{operation.__name__.lstrip('_')} {path}", etree.tostring(root, encoding="UTF-8")


def _drop(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	if attribute:
		del element.attrib[attribute]
	elif element.getparent() is None:
		return False
	else:
		element.getparent().remove(element)
	return True


def _blank(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	return _set(element, attribute, chance.choice(("", "", " ", "\n\t")))


def _duplicate(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	if attribute or element.getparent() is None:
		return False
	twin = copy.deepcopy(element)
	place = element.getparent()
	if chance.random() < 0.8:
		place.insert(place.index(element) + 1, twin)
	else:
		place.append(twin)
	return True


def _retype(breaker: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	if not attribute and chance.random() < 0.05 and element.getparent() is not None:
		element.tag = f"{CBC}{chance.choice(sorted(n for n in breaker.seen if not n.startswith('@')))}"
		return True
	return _set(element, attribute, chance.choice(ALIEN))


def _recode(breaker: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	values = [v for v in breaker.vocabulary(element, attribute) if v != _get(element, attribute)]
	return bool(values) and _set(element, attribute, chance.choice(values))


def _reformat(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	text = _get(element, attribute)
	if not text:
		return False
	changed = chance.choice(_FORMATS)(text)
	return changed != text and _set(element, attribute, changed)


def _renumber(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	try:
		number = Decimal(_get(element, attribute).strip())
	except InvalidOperation:
		return False
	if not number.is_finite():
		return False
	if chance.random() < 0.6:
		changed = number + Decimal(chance.choice(STEPS))
	else:
		changed = number * Decimal(chance.choice(FACTORS))
	return _set(element, attribute, format(changed, "f"))


def _lengthen(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	text = _get(element, attribute)
	if not text or (len(element) and not attribute):
		return False
	length = chance.choice(LENGTHS)
	return _set(element, attribute, ((text.strip() or "x") * length)[:length])


def _swap(_: Breaker, element: Any, attribute: str, chance: random.Random) -> bool:
	other = element.getnext()
	if attribute or other is None or not isinstance(other.tag, str) or chance.random() < 0.5:
		return False
	element.getparent().insert(element.getparent().index(element), other)
	return True


Operation = Callable[[Breaker, Any, str, random.Random], bool]
OPERATIONS: tuple[Operation, ...] = (
	_drop, _drop, _blank, _duplicate, _retype, _recode, _recode, _recode, _reformat, _reformat, _renumber, _renumber, _lengthen,
	_lengthen, _swap,
)  # fmt: skip

_FORMATS: tuple[Callable[[str], str], ...] = (
	lambda t: f" {t}",
	lambda t: f"{t} ",
	lambda t: f"\n\t{t}\n",
	lambda t: t.upper(),
	lambda t: t.lower(),
	lambda t: t + "0",
	lambda t: t + "00",
	lambda t: t if "." in t else t + ".0",
	lambda t: t if "." in t else t + ".000",
	lambda t: t.rstrip("0").rstrip("."),
	lambda t: "+" + t,
	lambda t: "-" + t,
	lambda t: "0" + t,
	lambda t: "-0.00" if re.fullmatch(r"[\d.]+", t) else t,
	lambda t: t + "%",
	lambda t: t.replace("-", "/"),
	lambda t: t.replace(".", ","),
	lambda t: "-".join(reversed(t.split("-"))),
	lambda t: t + "Z",
	lambda t: t + "+03:00",
	lambda t: t[:-1],
	lambda t: t[1:],
	lambda t: t + t[-1],
	lambda t: t.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
	lambda t: t + "\u200f",
	lambda t: "\u00a0" + t,
)


def elements(root: Any) -> Iterator[Any]:
	return (element for element in root.iter() if isinstance(element.tag, str))


def local(element: Any) -> str:
	return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _path(element: Any) -> str:
	names: list[str] = []
	while element is not None and element.getparent() is not None:
		prefix = element.prefix
		names.append(f"{prefix}:{local(element)}" if prefix else local(element))
		element = element.getparent()
	return "/".join(reversed(names)) or "Invoice"


def _get(element: Any, attribute: str) -> str:
	return str(element.get(attribute) if attribute else element.text or "")


def _set(element: Any, attribute: str, value: str) -> bool:
	if attribute:
		element.set(attribute, value)
	elif len(element):
		return False
	else:
		element.text = value
	return True
