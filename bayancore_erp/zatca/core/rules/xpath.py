"""The few functions of XPath 2.0 that the official sheets lean on, with their exact meaning.

Takes texts and numbers as they stand in the document; gives what the sheet's expression gives.
Never softens anything: where the sheet itself would stop with an error (several values where one is wanted, a
pattern that is none, a division by zero), SheetFailure is raised, for ZATCA's validator rejects such a document too.
Source: XPath and XQuery Functions and Operators; Saxon, which runs the sheets, for what they leave open.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from bayancore_erp.zatca.core.rules.nodes import Node

T = TypeVar("T")

ZERO = Decimal(0)
HALF = Decimal("0.5")
CENT = Decimal("0.01")
HUNDRED = Decimal(100)
_SPACES = re.compile("[ \t\n\r]+")


class SheetFailure(Exception):
	"""The official sheet stops with an error instead of a verdict. `node` is where, `leaf` the text element in it."""

	def __init__(self, node: Node, leaf: str = "") -> None:
		super().__init__(leaf or node.name)
		self.node = node
		self.leaf = leaf


def only(values: Sequence[T], culprits: Sequence[Node], leaf: str = "") -> T | None:
	"""The one value there is, or None. Several are an error of the sheet, at the second of `culprits`."""
	if len(values) > 1:
		raise SheetFailure(culprits[1] if len(culprits) > 1 else culprits[0], leaf)
	return values[0] if values else None


def only_text(nodes: Sequence[Node], leaf: str) -> str | None:
	"""The text of `leaf` in the one node that has it."""
	if not nodes:
		return None
	if len(nodes) == 1 and leaf not in nodes[0].many:
		return nodes[0].leaf.get(leaf)
	holders = [node for node in nodes if leaf in node.leaf]
	return only([text for node in holders for text in node.many.get(leaf, (node.leaf[leaf],))], holders, leaf)


def texts(nodes: Sequence[Node], leaf: str) -> list[str]:
	"""All texts of `leaf` in the nodes."""
	return [node.leaf[leaf] for node in nodes if leaf in node.leaf]


def spaceless(text: str | None) -> str:
	"""normalize-space(): spaces at the ends gone, those within single; of nothing, nothing."""
	if not text or text.isalnum():
		return text or ""
	return " ".join(_SPACES.split(text.strip(" \t\n\r")))


def filled(text: str | None) -> bool:
	"""exists(x) and normalize-space(x) != ''."""
	return bool(text) and bool(text.strip(" \t\n\r"))  # type: ignore[union-attr]


def number(node: Node, leaf: str) -> Decimal | None:
	"""A figure as xs:decimal; the schema has made sure that it is one."""
	text = node.leaf.get(leaf)
	return None if text is None else Decimal(text)


def decimals(text: str | None) -> int:
	"""string-length(substring-after(x, '.')): spaces after the digits count, as they do in the sheet."""
	return 0 if text is None else len(text.partition(".")[2])


def below_zero(figure: Decimal) -> bool:
	"""x < 0 for a figure not yet cast: the sheet's engine takes -0.00 for less than nothing, but not -0."""
	return figure.is_signed() and (bool(figure) or _has_places(figure))


def is_zero(figure: Decimal) -> bool:
	"""x = 0 for a figure not yet cast; -0.00 is not, -0 is."""
	return not figure and not below_zero(figure)


def is_plain_zero(figure: Decimal) -> bool:
	"""x = 0.00 for a figure not yet cast; against this literal -0 is not zero either."""
	return not figure and not figure.is_signed()


def _has_places(figure: Decimal) -> bool:
	exponent = figure.as_tuple().exponent
	return isinstance(exponent, int) and exponent < 0


def above_zero(figure: Decimal) -> bool:
	"""x > 0."""
	return figure > ZERO


def round_half_up(figure: Decimal) -> Decimal:
	"""round(): to a whole number, halves upwards (towards plus infinity, unlike the law's rounding of negatives)."""
	return (figure + HALF).to_integral_value(ROUND_FLOOR)


def round_cents(figure: Decimal) -> Decimal:
	"""round(x * 100) div 100."""
	return round_half_up(figure * HUNDRED).scaleb(-2)


def floor(figure: Decimal) -> Decimal:
	"""floor()."""
	return figure.to_integral_value(ROUND_FLOOR)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
	"""div on xs:decimal as Saxon does it: at least 18 places, half down."""
	places = min(dividend.as_tuple().exponent, divisor.as_tuple().exponent, -18)
	return (dividend / divisor).quantize(Decimal(1).scaleb(int(places)), ROUND_HALF_DOWN)


def shown(figure: Decimal | None) -> str:
	"""format-number(x, '#.00') or '0.00': two places, halves to even, the sign kept; NaN of nothing.

	The sheet formats binary doubles here. Decimal differs from it only where a third decimal stands exactly on a half.
	"""
	return "NaN" if figure is None else str(figure.quantize(CENT, ROUND_HALF_EVEN))


def in_list(code: str | None, codes: frozenset[str]) -> bool:
	"""not(contains(x, ' ')) and contains(' A B C ', concat(' ', x, ' ')) on the normalised code."""
	return spaceless(code) in codes


def is_digits(text: str) -> bool:
	"""not(translate(x, '0123456789', '')): ASCII digits only, or nothing at all."""
	return not text or (text.isascii() and text.isdigit())


def matches(text: str, pattern: str, node: Node) -> bool:
	"""matches(text, pattern) where the pattern comes from the document, as the sheets do with currency codes."""
	if pattern.isalnum():
		return pattern in text
	if re.search(r"^[*+?{]|[*+?}]{2}|[{}](?!\d)|\\[^nrt\\|.?*+(){}\-\[\]^$sSdDwWiIcCpP]|\(\?", pattern):
		raise SheetFailure(node)
	try:
		return re.search(pattern, text) is not None
	except re.error:
		raise SheetFailure(node)


def is_word_start(text: str) -> bool:
	r"""matches(x, '^[\w.-]+'): XPath's \w is everything but punctuation, separators and control characters."""
	return bool(text) and (text[0] in ".-" or unicodedata.category(text[0])[0] not in "PZC")
