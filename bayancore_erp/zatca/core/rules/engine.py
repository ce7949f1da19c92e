"""How rules are declared, and how all of them are run over one document.

Takes facts; gives findings, layer by layer. A rule is a function that says whether one node breaks it; what it is called,
how bad it is and which element it is about stand in its decorator, once.
Never stops at the first finding. Where the official sheet would fail, its whole layer is the finding `XSL`, as it is for ZATCA.
Source: the sheets' own structure (patterns, contexts, assertions), see docs/decisions and tests/rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.finding import Finding, Layer, Severity
from bayancore_erp.zatca.core.rules.locate import Locator
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import Only as Only
from bayancore_erp.zatca.core.rules.situations import Situation as Situation
from bayancore_erp.zatca.core.rules.xpath import SheetFailure


class Where(NamedTuple):
	"""A place that a rule names itself, where it is not the node it was given."""

	node: Node
	about: str
	expected: str = ""


Verdict = bool | str | list[Where] | None
"""Falsy: kept. True: broken. A text: broken, and this was expected. A list: broken there."""
Broken = Callable[[Node, Facts], Verdict]


class Rule(NamedTuple):
	"""One rule over one situation."""

	code: str
	severity: Severity
	about: str
	broken: Broken


class Sheet:
	"""A layer of rules, grouped by the situation they look at so that each situation is found once."""

	def __init__(self, layer: Layer) -> None:
		self.layer = layer
		self.groups: dict[str, dict[Situation, list[Rule]]] = {"": {}}
		"""Condition -> situation -> rules. Under the empty condition stands what is always looked at."""

	def error(self, code: str, on: Situation | Only, about: str = "") -> Callable[[Broken], Broken]:
		"""Declare a rule that rejects. `about` is the element it is about, as a path from the node."""
		return self._declare(code, Severity.ERROR, on, about)

	def warning(self, code: str, on: Situation | Only, about: str = "") -> Callable[[Broken], Broken]:
		"""Declare a rule that warns."""
		return self._declare(code, Severity.WARNING, on, about)

	def _declare(
		self, code: str, severity: Severity, on: Situation | Only, about: str
	) -> Callable[[Broken], Broken]:
		condition, situation = on if isinstance(on, Only) else ("", on)

		def declare(broken: Broken) -> Broken:
			group = self.groups.setdefault(condition, {})
			group.setdefault(situation, []).append(Rule(code, severity, about, broken))
			return broken

		return declare

	def rules(self) -> Iterable[Rule]:
		"""All rules declared."""
		return (rule for group in self.groups.values() for rules in group.values() for rule in rules)

	def judge(self, facts: Facts, locator: Locator) -> list[Finding]:
		"""All findings of this layer."""
		found: list[Finding] = []
		try:
			for condition, group in self.groups.items():
				if condition and not getattr(facts, condition):
					continue
				for situation, rules in group.items():
					for node in situation(facts):
						for rule in rules:
							verdict = rule.broken(node, facts)
							if verdict:
								found += self._findings(rule, node, verdict, locator)
		except SheetFailure as failure:
			where = locator.place(failure.node.element, failure.leaf)
			values = (("line", where.line),) if where.line else ()
			return [Finding("XSL", Severity.ERROR, self.layer, where.at, where.field, values)]
		return found

	def _findings(
		self, rule: Rule, node: Node, verdict: bool | str | list[Where], locator: Locator
	) -> Iterable[Finding]:
		if not isinstance(verdict, list):
			verdict = [Where(node, rule.about, verdict if isinstance(verdict, str) else "")]
		return [self._finding(rule, place, locator) for place in verdict]

	def _finding(self, rule: Rule, told: Where, locator: Locator) -> Finding:
		node, about, expected = told
		where = locator.place(node.element, about)
		values = [("line", where.line), ("expected", expected), ("found", _text(node, about))]
		given = tuple((name, value) for name, value in values if value)
		return Finding(rule.code, rule.severity, self.layer, where.at, where.field, given)


def _text(node: Node, about: str) -> str:
	"""What stands in the element that a rule is about, shortened; nothing where it is absent or no text."""
	path, _, attribute = about.partition("/@")
	for holder, leaf in _holders(node, path):
		text = holder.attribute(leaf, attribute) if attribute else holder.leaf.get(leaf)
		if text is not None:
			return " ".join(text.split())[:_SHOWN]
	return ""


def _holders(node: Node, path: str) -> Iterable[tuple[Node, str]]:
	"""The nodes that may hold the text at a path, which may lead through several of them."""
	yield node, path
	for name, kids in node.kids.items():
		if path.startswith(name + "/"):
			for kid in kids:
				yield from _holders(kid, path[len(name) + 1 :])


_SHOWN = 80

EN = Sheet(Layer.EN)
KSA = Sheet(Layer.KSA)
