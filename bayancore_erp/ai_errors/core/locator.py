"""The locator: from a code, its message and the document that was sent, to the field and the row to correct.

Takes what ZATCA said and the document's bytes; gives `Location`s, surest first. The document decides: the native rules run
over it again, then the arithmetic of its lines; only where both are silent do the message's own words and the code table speak.
Never raises, whatever the bytes are, and never believes a message where the document says otherwise.
Source: XML Implementation Standard section 8 (BT and KSA numbers); BR-KSA-EN16931-11, BR-CO-10 (what a line's net is).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from enum import Enum
from functools import lru_cache
from typing import Any

from bayancore_erp.ai_errors.core.catalogue import canonical, find
from bayancore_erp.ai_errors.core.places import DATA, FormField, form_field
from bayancore_erp.zatca.core.money import EXACT
from bayancore_erp.zatca.core.rules import Finding, check
from bayancore_erp.zatca.core.rules.locate import Locator
from bayancore_erp.zatca.core.xml import CAC, CBC, parse

_NS = {"cac": CAC, "cbc": CBC}
_CENT = Decimal("0.01")
MOST_LOCATIONS = 50
"""A document of another kind would otherwise be underlined from top to bottom."""


class Confidence(str, Enum):
	"""How the place was found, surest first."""

	DOCUMENT = "document"
	"""The rule was run again and breaks exactly there."""
	ARITHMETIC = "arithmetic"
	"""The sum is wrong because this line is."""
	MESSAGE = "message"
	"""The message names the field."""
	CODE = "code"
	"""What this code is mostly about; the document does not tell more."""
	NONE = "none"
	"""Only the document as a whole."""


@dataclass(frozen=True, slots=True)
class Location:
	"""One place to correct."""

	field: str
	"""Model path with positions, such as lines[2].unit_price; empty for the whole document."""
	line: int
	"""The invoice line counted from 1 as the document has them; 0 outside lines."""
	confidence: Confidence
	at: str = ""
	"""XPath in the document, where known."""
	finding: Finding | None = None
	"""What the native rule found there: its sentences name the figures."""

	@property
	def form(self) -> FormField:
		"""Doctype, fieldname and row in ERPNext."""
		return form_field(self.field)


def locate(
	code: str,
	message: str = "",
	document: bytes | None = None,
	*,
	findings: Iterable[Finding] = (),
	now: datetime | None = None,
) -> tuple[Location, ...]:
	"""Where the problem is; at least one location, the surest first.

	`findings` are those already known of the model (the law's rules have no XML); `now` is the moment to judge dates by, best
	that of the first transmission. Source: see the module.
	"""
	code = canonical(code)
	root = _root(document)
	known = [*findings, *_judged(document if root is not None else None, now)]
	found = [_of_finding(finding) for finding in known if finding.code == code]
	if root is not None and _is_about_sums(found, code):
		found = [*_wrong_lines(root, known), *found]
	if root is not None:
		found = [
			part
			for location in found
			for part in (*_missing_parts(root, location), *_feeding_lines(root, location), location)
		]
	if not found:
		found = _from_message(message, root) or _from_code(code, root)
	return tuple(dict.fromkeys(found))[:MOST_LOCATIONS]


def _root(document: bytes | None) -> Any:
	if not document:
		return None
	try:
		return parse(document)
	except Exception:  # a rejected document may be anything; the message still deserves its answer
		return None


def _judged(document: bytes | None, now: datetime | None) -> list[Finding]:
	if document is None:
		return []
	try:
		return check(document, now=now)
	except Exception:  # the same
		return []


def _of_finding(finding: Finding) -> Location:
	line = dict(finding.values).get("line", "")
	return Location(
		finding.field, int(line) if line.isdigit() else 0, Confidence.DOCUMENT, finding.at, finding
	)


# Sums over lines: where one of these is broken, a line may be to blame rather than the total.
_SUMS = frozenset(
	"BR-CO-10 BR-CO-13 BR-CO-14 BR-CO-15 BR-CO-16 BR-CO-17 BR-S-08 BR-Z-08 BR-E-08 BR-O-08 BR-S-09"
	" BR-KSA-EN16931-08 BR-KSA-EN16931-09 BR-KSA-EN16931-11 BR-KSA-50 BR-KSA-51".split()
)


def _is_about_sums(found: Sequence[Location], code: str) -> bool:
	return code in _SUMS and not any(location.line for location in found)


def _wrong_lines(root: Any, known: Iterable[Finding]) -> list[Location]:
	"""Lines whose own amounts do not follow from quantity, price and discounts."""
	blamed = {finding.at.split("/cac:Price")[0] for finding in known if "InvoiceLine" in finding.at}
	wrong = []
	with localcontext(EXACT):
		for line in root.findall("cac:InvoiceLine", _NS):
			element = line.find("cbc:LineExtensionAmount", _NS)
			if element is None or line.find("cac:DocumentReference", _NS) is not None:
				continue
			where = Locator().place(element)
			expected, stated = _net(line), _number(element.text)
			if expected is not None and stated is not None and abs(expected - stated) > _CENT:
				wrong.append(Location(where.field, int(where.line or 0), Confidence.ARITHMETIC, where.at))
			elif where.at.rpartition("/")[0] in blamed and _is_about_amount(known, where.at):
				wrong.append(Location(where.field, int(where.line or 0), Confidence.ARITHMETIC, where.at))
	return wrong


_ADDRESS = ("StreetName", "BuildingNumber", "CitySubdivisionName", "CityName", "PostalZone")
_PARTIES = {"seller.address": "cac:AccountingSupplierParty", "buyer.address": "cac:AccountingCustomerParty"}


def _missing_parts(root: Any, location: Location) -> list[Location]:
	"""An incomplete National Address (BR-KSA-09, BR-KSA-63): the parts of it that are not there or empty."""
	party = _PARTIES.get(location.field)
	if party is None or location.confidence is not Confidence.DOCUMENT:
		return []
	found = []
	for address in root.findall(f"{party}/cac:Party/cac:PostalAddress", _NS):
		for name in _ADDRESS:
			if not (address.findtext(f"cbc:{name}", "", _NS) or "").strip():
				where = Locator().place(address, name)
				found.append(Location(where.field, 0, location.confidence, where.at, location.finding))
	return found


_REASONS = ("exemption_code", "exemption_reason", "rate", "category")


def _feeding_lines(root: Any, location: Location) -> list[Location]:
	"""A reason or rate in the VAT breakdown is nobody's to enter: it comes from the lines of that category."""
	owner, _, part = location.field.partition("].")
	if not owner.startswith("breakdown[") or part not in _REASONS:
		return []
	category = root.xpath("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", namespaces=_NS)
	index = int(owner.removeprefix("breakdown["))
	if index >= len(category):
		return []
	wanted = (category[index].findtext("cbc:ID", "", _NS) or "").strip()
	found = []
	for line in root.findall("cac:InvoiceLine/cac:Item/cac:ClassifiedTaxCategory", _NS):
		where = Locator().place(line)
		if (line.findtext("cbc:ID", "", _NS) or "").strip() == wanted and where.field.startswith("lines["):
			field = f"{where.field}.{part}"
			found.append(
				Location(field, int(where.line or 0), location.confidence, where.at, location.finding)
			)
	return found


def _is_about_amount(known: Iterable[Finding], at: str) -> bool:
	line = at.rpartition("/")[0]
	return any(finding.at.startswith(line + "/") and finding.code in _SUMS for finding in known)


def _net(line: Any) -> Decimal | None:
	"""quantity x price / base quantity, less discounts, plus charges, to the halala."""
	quantity = _number(line.findtext("cbc:InvoicedQuantity", None, _NS))
	price = _number(line.findtext("cac:Price/cbc:PriceAmount", None, _NS))
	base = _number(line.findtext("cac:Price/cbc:BaseQuantity", "1", _NS))
	if quantity is None or price is None or not base:
		return None
	net = quantity * price / base
	for part in line.findall("cac:AllowanceCharge", _NS):
		amount = _number(part.findtext("cbc:Amount", None, _NS))
		if amount is None:
			return None
		is_charge = (part.findtext("cbc:ChargeIndicator", "", _NS) or "").strip() in ("true", "1")
		net += amount if is_charge else -amount
	return net.quantize(_CENT, ROUND_HALF_UP)


def _number(text: str | None) -> Decimal | None:
	try:
		value = Decimal((text or "").strip())
	except InvalidOperation:
		return None
	return value if value.is_finite() and abs(value.adjusted()) < 30 else None


_TERM = re.compile(r"\b(?:BT|BG|KSA)-\d{1,3}\b")
_LINE = re.compile(r"\bline\s*(?:no\.?|number|#)?\s*(\d{1,4})\b|InvoiceLine\[(\d{1,4})\]", re.IGNORECASE)
_QUOTED = re.compile(r"[\"'«\[(]([^\"'»\])]{3,80})[\"'»\])]")


def _from_message(message: str, root: Any) -> list[Location]:
	"""The business terms that the message names, narrowed by a line number or a value that the document has only once."""
	named = [path for term in _TERM.findall(message) for path in _terms().get(term, ())]
	quoted = _holding(root, _QUOTED.findall(message))
	if quoted:
		return quoted
	line = _LINE.search(message)
	number = int(line[1] or line[2]) if line else 0
	if number and root is not None and number > len(root.findall("cac:InvoiceLine", _NS)):
		number = 0
	if not named and number:
		named = ["lines[]"]
	return [_numbered(path, number, root, Confidence.MESSAGE) for path in dict.fromkeys(named)]


def _holding(root: Any, values: Iterable[str]) -> list[Location]:
	if root is None:
		return []
	found = []
	for value in values:
		holders = [element for element in root.iter() if (element.text or "").strip() == value.strip()]
		if len(holders) == 1:
			where = Locator().place(holders[0])
			if where.field:
				found.append(Location(where.field, int(where.line or 0), Confidence.MESSAGE, where.at))
	return found


def _from_code(code: str, root: Any) -> list[Location]:
	entry = find(code)
	if entry is None or not entry.fields:
		return [Location("", 0, Confidence.NONE)]
	return [_numbered(entry.fields[0], 0, root, Confidence.CODE)]


def _numbered(path: str, line: int, root: Any, confidence: Confidence) -> Location:
	"""The path with its row where that is certain: the line that was named, or the only one there is."""
	if "[]" not in path:
		return Location(path, 0, confidence)
	if not path.startswith("lines[]"):
		return Location(path.replace("[]", ""), 0, confidence)
	lines = [] if root is None else root.findall("cac:InvoiceLine", _NS)
	if len(lines) == 1:
		line = 1
	if not line:
		return Location("lines", 0, confidence) if path == "lines[]" else Location(path, 0, confidence)
	return Location(path.replace("[]", f"[{line - 1}]", 1), line, confidence)


@lru_cache(maxsize=1)
def _terms() -> dict[str, list[str]]:
	"""BT-50 -> buyer.address.street, from the data dictionary."""
	terms: dict[str, list[str]] = json.loads((DATA / "terms.json").read_text(encoding="utf-8"))
	return terms
