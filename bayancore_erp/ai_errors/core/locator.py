"""The locator: from a code, its message and the document that was sent, to the field and the row to correct.

Takes what ZATCA said and the document's bytes; gives `Location`s, surest first. The document decides: the native rules run
over it again, then the arithmetic of its lines; only where both are silent do the message's own words and the code table speak.
Never raises, whatever the bytes are, and never believes a message where the document says otherwise.
Source: XML Implementation Standard section 8 (BT and KSA numbers); BR-KSA-EN16931-11, BR-CO-10 (what a line's net is).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from bayancore_erp.ai_errors.core.catalogue import canonical, find
from bayancore_erp.ai_errors.core.figures import number, suspects
from bayancore_erp.ai_errors.core.places import DATA, FormField, form_field
from bayancore_erp.zatca.core.rules import Finding, check
from bayancore_erp.zatca.core.rules.locate import Locator, Place
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
	"""The sums are wrong because this figure is."""
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
	if root is not None:
		found = [part for location in found for part in _refined(root, code, location)]
	if not found or not found[0].field:
		found = _from_message(message, root) or _from_code(code, root)
	return tuple(dict.fromkeys(found))[:MOST_LOCATIONS]


def _refined(root: Any, code: str, location: Location) -> list[Location]:
	"""What the document shows beyond the rule's own place: the figure to blame, the part that is missing, the line it comes from."""
	if not location.at:
		return [location]
	exact = (
		_wrong_currency(root, code)
		or _wrong_scheme(root, code, location)
		or _absent_whole(root, location)
		or _missing_parts(root, code, location)
		or _too_precise(root, code, location)
		or _wrong_figures(root, code, location)
		or _reference(root, code, location)
	)
	return [part for each in (*exact, location) for part in (*_feeding_lines(root, each), each)]


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


# What a figure or a label of the breakdown can break, wherever the rule itself looks.
_FIGURES = re.compile(
	r"BR-CO-1[0-8]|BR-[SZEO]-0[1589]|BR-47|BR-48|BR-CO-04|BR-KSA-EN16931-(?:03|07|08|09|11)|BR-KSA-(?:50|51|52|53|79|80|81|84)"
)


_LABELS = re.compile(r"BR-[SZEO]-01|BR-47|BR-48|BR-CO-18")


def _wrong_figures(root: Any, code: str, location: Location) -> list[Location]:
	"""The figure that alone explains the sums this rule finds broken."""
	if not _FIGURES.fullmatch(code):
		return []
	for suspect in suspects(root):
		where = _place(suspect.figure.owner, suspect.figure.name)
		broken = {_place(figure.owner, figure.name).at for figure in suspect.explains}
		concerns = (suspect.is_label and bool(_LABELS.fullmatch(code))) or any(
			at == location.at or at.startswith(f"{location.at}/") or location.at.startswith(f"{at}/")
			for at in broken
		)
		if where.field and concerns:
			return [Location(where.field, int(where.line or 0), Confidence.ARITHMETIC, where.at)]
	return []


def _wrong_currency(root: Any, code: str) -> list[Location]:
	"""Amounts that agree with each other on another currency than the document: it is the document's that is wrong."""
	if code not in _CURRENCY:
		return []
	stated = (root.findtext("cbc:DocumentCurrencyCode", "", _NS) or "").strip()
	used = {element.get("currencyID") for element in root.iterfind("cac:LegalMonetaryTotal/*", _NS)}
	if used and stated not in used and len(used) == 1:
		where = _place(root, "cbc:DocumentCurrencyCode")
		return [Location(where.field, 0, Confidence.DOCUMENT, where.at)]
	return []


def _wrong_scheme(root: Any, code: str, location: Location) -> list[Location]:
	"""A seller's registration that has its number, under a scheme that sellers do not have (BR-KSA-08)."""
	element = root.find("cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID", _NS)
	if code != "BR-KSA-08" or element is None or not (element.text or "").strip():
		return []
	if (element.get("schemeID") or "").strip() in _SELLER_SCHEMES:
		return []
	where = Locator().place(element, "@schemeID")
	return [Location(where.field, 0, location.confidence, where.at, location.finding)]


_SELLER_SCHEMES = frozenset({"CRN", "MOM", "MLS", "SAG", "OTH", "700"})
_CURRENCY = frozenset(
	"BR-05 BR-53 BR-CO-14 BR-CO-15 BR-CO-17 BR-KSA-CL-02 BR-KSA-88 BR-KSA-89 BR-KSA-97 BR-KSA-EN16931-08 BR-KSA-EN16931-09".split()
)


def _absent_whole(root: Any, location: Location) -> list[Location]:
	"""Where the rule misses a part of something that is missing altogether: the whole of it."""
	here, steps = root, location.at.split("/")[2:]
	for position, step in enumerate(steps):
		name, _, rest = step.partition("[")
		if name.startswith("@"):
			return []
		children = here.findall(name, _NS)
		index = int(rest.rstrip("]")) - 1 if rest else 0
		if index >= len(children):
			if position == len(steps) - 1:
				return []
			where = _place(here, name)
			return [
				Location(where.field, int(where.line or 0), location.confidence, where.at, location.finding)
			]
		here = children[index]
	return []


_ADDRESS = ("StreetName", "BuildingNumber", "CitySubdivisionName", "CityName", "PostalZone")
_PARTIES = {"seller.address": "cac:AccountingSupplierParty", "buyer.address": "cac:AccountingCustomerParty"}
# Codes that miss one of several parts -> where, and which.
_PARTS = {
	"BR-KSA-72": ("", ("cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName", "cac:Delivery/cbc:ActualDeliveryDate", "cac:Delivery/cbc:LatestDeliveryDate")),
	"BR-CO-04": ("", ("cbc:ID",)),
	"BR-KSA-75": ("cac:TaxTotal/cac:TaxSubtotal", ("cbc:TaxableAmount", "cbc:TaxAmount", "cac:TaxCategory/cbc:ID", "cac:TaxCategory/cbc:Percent")),
	"BR-KSA-81": ("", ("cac:AccountingCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID", "cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID")),
}  # fmt: skip


def _missing_parts(root: Any, code: str, location: Location) -> list[Location]:
	"""Of what a rule asks for as a whole (a National Address, an advance): the parts that are not there or empty."""
	found: list[Location] = []
	party = _PARTIES.get(location.field)
	if party is not None and location.confidence is Confidence.DOCUMENT:
		addresses = root.findall(f"{party}/cac:Party/cac:PostalAddress", _NS)
		for address in addresses:
			wanted = [f"cbc:{name}" for name in _ADDRESS]
			if not _said(address, "cac:Country/cbc:IdentificationCode"):
				wanted.insert(0, "cac:Country/cbc:IdentificationCode")
			elif code == "BR-KSA-10":
				wanted = ["cbc:StreetName", "cbc:CityName"]
			found += _parts_of(address, wanted, location)
	elif code in _PARTS:
		under, names = _PARTS[code]
		owner = _at(root, location.at) if code in ("BR-CO-04", "BR-KSA-75") else root
		if owner is not None:
			place = owner.find(under, _NS) if under else owner
			found += _parts_of(owner if place is None else place, names, location)
	elif code in ("BR-53", "BR-KSA-EN16931-09"):
		totals = root.findall("cac:TaxTotal", _NS)
		if totals and all(total.find("cac:TaxSubtotal", _NS) is not None for total in totals):
			found.append(Location("totals.vat_sar", 0, location.confidence, location.at, location.finding))
	return found


def _parts_of(owner: Any, names: Iterable[str], location: Location) -> list[Location]:
	found = []
	for name in names:
		if not _said(owner, name):
			where = _place(owner, name)
			found.append(
				Location(where.field, int(where.line or 0), location.confidence, where.at, location.finding)
			)
	return found


def _place(owner: Any, name: str) -> Place:
	"""The place of `name` beneath `owner`, whether it is there or not."""
	element = owner.find(name, _NS)
	return Locator().place(owner, _PREFIX.sub("", name)) if element is None else Locator().place(element)


_PREFIX = re.compile(r"\b(?:cac|cbc):")


def _said(owner: Any, name: str) -> bool:
	return bool((owner.findtext(name, "", _NS) or "").strip())


def _at(root: Any, at: str) -> Any:
	here = root
	for step in at.split("/")[2:]:
		name, _, rest = step.partition("[")
		children = here.findall(name, _NS)
		index = int(rest.rstrip("]")) - 1 if rest else 0
		if index >= len(children):
			return None
		here = children[index]
	return here


def _too_precise(root: Any, code: str, location: Location) -> list[Location]:
	"""Of neighbours that may have two decimals, the one that has more."""
	if "-DEC-" not in code:
		return []
	element = _at(root, location.at)
	if element is None or len((element.text or "").partition(".")[2]) > 2:
		return []
	for other in element.getparent():
		if isinstance(other.tag, str) and len((other.text or "").strip().partition(".")[2]) > 2:
			where = Locator().place(other)
			return [
				Location(where.field, int(where.line or 0), location.confidence, where.at, location.finding)
			]
	return []


def _reference(root: Any, code: str, location: Location) -> list[Location]:
	"""A reference without its name is told by what it holds: the counter, the previous hash or the QR code."""
	entry = find(code)
	if location.field or "AdditionalDocumentReference" not in location.at or (entry and entry.fields):
		return []
	element = _at(root, location.at)
	if element is None:
		return []
	held = (element.findtext("cac:Attachment/cbc:EmbeddedDocumentBinaryObject", "", _NS) or "").strip()
	field = "qr" if len(held) > 100 else "pih" if held else "icv"
	return [Location(field, 0, location.confidence, location.at, location.finding)]


_REASONS = ("exemption_code", "exemption_reason", "rate", "category")


def _feeding_lines(root: Any, location: Location) -> list[Location]:
	"""A reason, rate or category in the VAT breakdown is nobody's to enter: it comes from the lines of that category."""
	owner, _, part = location.field.partition("].")
	if not owner.startswith("breakdown[") or part not in _REASONS:
		return []
	subtotals = root.xpath("cac:TaxTotal/cac:TaxSubtotal", namespaces=_NS)
	index = int(owner.removeprefix("breakdown["))
	if index >= len(subtotals):
		return []
	wanted = _category(subtotals[index], "cac:TaxCategory")
	lines = [
		line
		for line in root.findall("cac:InvoiceLine", _NS)
		if line.find("cac:DocumentReference", _NS) is None
	]
	fed = [line for line in lines if _category(line, _TAXED)[0] == wanted[0]]
	if not fed or (part == "rate" and all(_category(line, _TAXED) != wanted for line in fed)):
		known = [_category(each, "cac:TaxCategory") for each in subtotals]
		fed = [line for line in lines if _category(line, _TAXED) not in known] or fed
	found = []
	for line in fed:
		where = _place(line, _TAXED)
		found.append(
			Location(
				f"{where.field}.{part}", int(where.line or 0), location.confidence, where.at, location.finding
			)
		)
	return found


_TAXED = "cac:Item/cac:ClassifiedTaxCategory"


def _category(owner: Any, path: str) -> tuple[str, Decimal | None]:
	return (owner.findtext(f"{path}/cbc:ID", "", _NS) or "").strip(), number(
		owner.findtext(f"{path}/cbc:Percent", None, _NS)
	)


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
