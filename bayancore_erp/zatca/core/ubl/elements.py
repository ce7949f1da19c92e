"""UBL elements as canonical text: escaped, never empty, indented as they nest.

Takes values and the model's field they come from; gives lines of XML that Canonical XML leaves as they are.
Never writes what XML cannot carry: a control character is InvalidInput with its field.
Sources: Canonical XML 1.1 sections 2.3 (text and attribute nodes) and 1.1; XML 1.0 section 2.2 (characters).
"""

from __future__ import annotations

import re
from decimal import Decimal

from bayancore_erp.zatca.core.errors import InvalidInput

# One search decides for nearly every value that nothing is to be done.
_SPECIAL = re.compile('[&<>\r"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
INDENT = "  "


def text(value: str, field: str) -> str:
	"""`value` as the text of an element. Raises InvalidInput for a character that XML has no way to say."""
	if not _SPECIAL.search(value):
		return value
	_refuse_illegal(value, field)
	return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def attribute(value: str, field: str) -> str:
	"""`value` as the value of an attribute, without its quotes. Raises InvalidInput as `text` does."""
	if not _SPECIAL.search(value):
		return value
	_refuse_illegal(value, field)
	value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
	return value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _refuse_illegal(value: str, field: str) -> None:
	found = _ILLEGAL.search(value)
	if found:
		raise InvalidInput(
			f"The text holds a control character (U+{ord(found.group()):04X}) that no XML document can carry.",
			field=field,
			hint="Type the text anew; such characters come from copying.",
		)


def leaf(tag: str, value: str, field: str, attributes: str = "") -> list[str]:
	"""`<tag>value</tag>`, or nothing where the value is blank. `attributes` begin with a space."""
	value = value.strip()
	return [f"<{tag}{attributes}>{text(value, field)}</{tag}>"] if value else []


def amount(tag: str, value: Decimal, currency: str) -> str:
	"""An amount of two decimals; `currency` is the attribute as `currency_attribute` wrote it."""
	return f"<{tag}{currency}>{value}</{tag}>"


def currency_attribute(currency: str) -> str:
	"""The attribute that every amount carries."""
	return f' currencyID="{attribute(currency, "currency")}"'


def block(tag: str, *children: list[str]) -> list[str]:
	"""`tag` around its children, or nothing where it has none."""
	inner = [INDENT + line for child in children for line in child]
	return [f"<{tag}>", *inner, f"</{tag}>"] if inner else []


def indented(lines: list[str], depth: int) -> str:
	"""`lines` as text, each `depth` levels in and ended."""
	margin = INDENT * depth
	return "".join(f"{margin}{line}\n" for line in lines)
