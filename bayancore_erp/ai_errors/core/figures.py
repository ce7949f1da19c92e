"""Which figure of a document is wrong: the one that alone explains every sum that does not come out.

Takes the document's root; gives `Suspect`s, the gravest first. Each amount stands in several equations (a line's net in its own
line, in the sum of lines and in the taxable amount of its category); what stands in one that holds is cleared of suspicion, and
of the rest the one that explains most is blamed. Never raises for what is missing or no number: that is the suspect itself.
Source: BR-CO-10 to BR-CO-17, BR-KSA-EN16931-03, -07, -11, BR-KSA-50, -51, -79, -80 (what the amounts have to be).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any, NamedTuple

from bayancore_erp.zatca.core.money import EXACT
from bayancore_erp.zatca.core.xml import CAC, CBC

NS = {"cac": CAC, "cbc": CBC}
MOST_BROKEN = 300
"""More broken sums than that are no mistake in a figure; the document is another thing altogether."""
_CENT = Decimal("0.01")
_NIL = Decimal(0)
_WHOLE = Decimal(100)


class Figure(NamedTuple):
	"""A place for a figure: the element that holds it, or would."""

	owner: Any
	name: str
	"""Such as cbc:TaxAmount, beneath `owner`; it need not exist."""


@dataclass(frozen=True, slots=True)
class Suspect:
	"""A figure to blame, and the figures of the equations it breaks."""

	figure: Figure
	explains: frozenset[Figure]
	is_label: bool = False
	"""A category or rate rather than an amount."""


class _Equation(NamedTuple):
	figures: tuple[Figure, ...]
	holds: bool
	labels: tuple[Figure, ...] = ()
	"""Category or rate: they decide which amounts belong together, and are never cleared by a sum that comes out."""


def suspects(root: Any) -> tuple[Suspect, ...]:
	"""The figures to blame; none where every sum comes out."""
	elements = list(root.iter())  # kept, so that the same element is the same object throughout
	with localcontext(EXACT):
		equations = _equations(root)
		broken = [each for each in equations if not each.holds]
		if not broken or len(broken) > MOST_BROKEN:
			return ()
		cleared = {figure for each in equations if each.holds for figure in each.figures}
		cleared = {figure for figure in cleared if _value(figure) is not None}
		strays = set(_strays(root))
		found = []
		while broken:
			blamed = _worst(broken, cleared, strays)
			explained = [each for each in broken if blamed in each.figures or blamed in each.labels]
			broken_ones = frozenset(figure for each in explained for figure in each.figures)
			found.append(Suspect(blamed, broken_ones, blamed not in broken_ones))
			broken = [each for each in broken if each not in explained]
		del elements
		return tuple(found)


def _worst(broken: list[_Equation], cleared: set[Figure], strays: set[Figure]) -> Figure:
	"""The figure that is none, else a label no other part shares, else what explains most; a tie goes to the rounder solution."""
	seen: dict[Figure, int] = {}
	for each in broken:
		for figure in (*each.figures, *each.labels):
			seen[figure] = seen.get(figure, 0) + 1
	labels = {figure for each in broken for figure in each.labels}

	def weight(figure: Figure) -> tuple[bool, bool, bool, int, bool, int]:
		absent = figure not in labels and _value(figure) is None
		return (
			absent,
			figure in strays,
			figure not in cleared and figure not in labels,
			seen[figure],
			(_value(figure) or _NIL) < 0,
			-_roughness(figure, broken),
		)

	return max(seen, key=weight)


def _roughness(figure: Figure, broken: Iterable[_Equation]) -> int:
	"""Decimals that the figure would need to set its line or percentage right; few where it is the one mistyped."""
	for each in broken:
		if figure in each.figures and len(each.figures) > 2:
			names = {part.name: part for part in each.figures}
			solved = _solved(figure, names)
			if solved is not None:
				return min(9, max(0, -int(solved.normalize().as_tuple().exponent)))
	return 9


def _solved(figure: Figure, names: dict[str, Figure]) -> Decimal | None:
	value = {name: _value(part) for name, part in names.items()}
	net, price = value.get("cbc:LineExtensionAmount"), value.get("cac:Price/cbc:PriceAmount")
	quantity = value.get("cbc:InvoicedQuantity")
	if len(names) in (3, 4) and net is not None:
		base = value.get("cac:Price/cbc:BaseQuantity") or Decimal(1)
		if figure.name == "cbc:InvoicedQuantity" and price:
			return net * base / price
		if figure.name == "cac:Price/cbc:PriceAmount" and quantity:
			return net * base / quantity
	amount, share, base_amount = (
		value.get(f"cbc:{name}") for name in ("Amount", "MultiplierFactorNumeric", "BaseAmount")
	)
	if amount is not None:
		if figure.name == "cbc:MultiplierFactorNumeric" and base_amount:
			return amount * _WHOLE / base_amount
		if figure.name == "cbc:BaseAmount" and share:
			return amount * _WHOLE / share
	return None


# --- the equations ----------------------------------------------------------------------------------------------------
def _equations(root: Any) -> list[_Equation]:
	lines = root.findall("cac:InvoiceLine", NS)
	ordinary = [line for line in lines if line.find("cac:DocumentReference", NS) is None]
	advances = [line for line in lines if line.find("cac:DocumentReference", NS) is not None]
	found: list[_Equation] = []
	for line in ordinary:
		found += _line(line)
	for advance in advances:
		found += _advance(advance)
	for part in root.iter(f"{{{CAC}}}AllowanceCharge"):
		found += _percentage(part)
	return [*found, *_breakdown(root, ordinary), *_totals(root, ordinary, advances)]


def _line(line: Any) -> Iterator[_Equation]:
	quantity, price = Figure(line, "cbc:InvoicedQuantity"), Figure(line, "cac:Price/cbc:PriceAmount")
	net = Figure(line, "cbc:LineExtensionAmount")
	base = Figure(line, "cac:Price/cbc:BaseQuantity")
	parts = line.findall("cac:AllowanceCharge", NS)
	amounts = [Figure(part, "cbc:Amount") for part in parts]
	per = _value(base) if _element(base) is not None else Decimal(1)
	counted, each, stated, parted = _value(quantity), _value(price), _value(net), _sum_of_parts(parts)
	holds = False
	if counted is not None and each is not None and stated is not None and parted is not None and per:
		holds = abs(_cents(counted * each / per + parted) - stated) <= _CENT
	extra = (base,) if _element(base) is not None else ()
	yield _Equation((quantity, price, net, *extra, *amounts), holds)
	tax, total = Figure(line, "cac:TaxTotal/cbc:TaxAmount"), Figure(line, "cac:TaxTotal/cbc:RoundingAmount")
	rate = Figure(line, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent")
	if _element(tax) is not None:
		yield _sum(total, [net, tax])
		holds = _is_share(_value(tax), _value(net), _value(rate) or _NIL)
		# At a rate of nothing every net gives the same VAT: that clears none.
		charged = bool(_value(rate))
		yield _Equation((net, tax) if charged else (tax,), holds, (rate,) if charged else (rate, net))
	for discount in line.findall("cac:Price/cac:AllowanceCharge", NS):
		less, gross = Figure(discount, "cbc:Amount"), Figure(discount, "cbc:BaseAmount")
		if _element(gross) is not None:
			yield _sum(gross, [price, less])


def _advance(line: Any) -> Iterator[_Equation]:
	for part in line.findall("cac:TaxTotal/cac:TaxSubtotal", NS):
		taxable, tax = Figure(part, "cbc:TaxableAmount"), Figure(part, "cbc:TaxAmount")
		rate = Figure(part, "cac:TaxCategory/cbc:Percent")
		yield _Equation((taxable, tax), _is_share(_value(tax), _value(taxable), _value(rate)), labels=(rate,))


def _percentage(part: Any) -> Iterator[_Equation]:
	share, base, amount = (
		Figure(part, f"cbc:{name}") for name in ("MultiplierFactorNumeric", "BaseAmount", "Amount")
	)
	if _element(share) is not None or (
		_element(base) is not None and part.getparent().tag != f"{{{CAC}}}Price"
	):
		yield _Equation((share, base, amount), _is_share(_value(amount), _value(base), _value(share)))


def _breakdown(root: Any, ordinary: list[Any]) -> Iterator[_Equation]:
	total = _tax_total(root)
	if total is None:
		return
	subtotals = total.findall("cac:TaxSubtotal", NS)
	parts = root.findall("cac:AllowanceCharge", NS)
	for subtotal in subtotals:
		taxable, tax = Figure(subtotal, "cbc:TaxableAmount"), Figure(subtotal, "cbc:TaxAmount")
		own = _labels(subtotal, "cac:TaxCategory")
		members = [
			Figure(line, "cbc:LineExtensionAmount")
			for line in ordinary
			if _kind(line, "cac:Item/cac:ClassifiedTaxCategory") == _kind(subtotal, "cac:TaxCategory")
		]
		charges = [
			part for part in parts if _kind(part, "cac:TaxCategory") == _kind(subtotal, "cac:TaxCategory")
		]
		amounts = [Figure(part, "cbc:Amount") for part in charges]
		labels = [*own]
		for line in ordinary:
			labels += _labels(line, "cac:Item/cac:ClassifiedTaxCategory")
		for part in parts:
			labels += _labels(part, "cac:TaxCategory")
		stated, parted = _value(taxable), _sum_of_parts(charges)
		nets = [value for value in map(_value, members) if value is not None]
		holds = False
		if stated is not None and parted is not None and len(nets) == len(members):
			holds = bool(members or charges) and sum(nets, _NIL) + parted == stated
		yield _Equation((taxable, *members, *amounts), holds, tuple(labels))
		yield _Equation(
			(taxable, tax), _is_share(_value(tax), _value(taxable), _value(own[1])), labels=(own[1],)
		)
	yield _sum(Figure(total, "cbc:TaxAmount"), [Figure(part, "cbc:TaxAmount") for part in subtotals])


def _totals(root: Any, ordinary: list[Any], advances: list[Any]) -> Iterator[_Equation]:
	totals = root.find("cac:LegalMonetaryTotal", NS)
	if totals is None:
		return
	of = {
		name: Figure(totals, f"cbc:{tag}")
		for name, tag in (
			("lines", "LineExtensionAmount"),
			("exclusive", "TaxExclusiveAmount"),
			("inclusive", "TaxInclusiveAmount"),
			("allowances", "AllowanceTotalAmount"),
			("charges", "ChargeTotalAmount"),
			("prepaid", "PrepaidAmount"),
			("rounding", "PayableRoundingAmount"),
			("payable", "PayableAmount"),
		)
	}
	nets = [Figure(line, "cbc:LineExtensionAmount") for line in ordinary]
	yield _sum(of["lines"], nets)
	stated: dict[str, list[Figure]] = {"allowances": [], "charges": []}
	parts = root.findall("cac:AllowanceCharge", NS)
	for name, charge in (("allowances", False), ("charges", True)):
		own = [Figure(part, "cbc:Amount") for part in parts if _is_charge(part) is charge]
		if own or _element(of[name]) is not None:
			stated[name] = [of[name]]
			yield _sum(of[name], own)
	for sums in ([of["lines"]], nets):
		yield _sum(of["exclusive"], sums, less=stated["allowances"], more=stated["charges"], optional=False)
	tax_total = _tax_total(root)
	if tax_total is not None:
		vat = Figure(tax_total, "cbc:TaxAmount")
		yield _sum(of["inclusive"], [of["exclusive"], vat])
		shares = [Figure(part, "cbc:TaxAmount") for part in tax_total.findall("cac:TaxSubtotal", NS)]
		yield _sum(of["inclusive"], [of["exclusive"], *shares])
		plain = [each for each in root.findall("cac:TaxTotal", NS) if each is not tax_total]
		if len(plain) == 1 and (root.findtext("cbc:DocumentCurrencyCode", "", NS) or "").strip() == "SAR":
			yield _sum(Figure(plain[0], "cbc:TaxAmount"), [vat])
	paid = [
		Figure(part, f"cbc:{name}")
		for line in advances
		for part in line.findall("cac:TaxTotal/cac:TaxSubtotal", NS)
		for name in ("TaxableAmount", "TaxAmount")
	]
	if paid or _element(of["prepaid"]) is not None:
		yield _sum(of["prepaid"], paid)
	yield _sum(of["payable"], [of["inclusive"]], less=[of["prepaid"]], more=[of["rounding"]])


def _sum(
	total: Figure,
	parts: Iterable[Figure],
	*,
	less: Iterable[Figure] = (),
	more: Iterable[Figure] = (),
	optional: bool = True,
) -> _Equation:
	"""`total` = parts - less + more; the last two count as nothing where they are not stated, if they may be left out."""
	parts, less, more = tuple(parts), tuple(less), tuple(more)
	others = [figure for figure in (*less, *more) if not optional or _element(figure) is not None]
	figures = (total, *parts, *others)
	values = [_value(figure) for figure in figures]
	if None in values:
		return _Equation(figures, False)
	due = sum((_value(figure) or _NIL for figure in (*parts, *more)), _NIL) - sum(
		(_value(figure) or _NIL for figure in less), _NIL
	)
	return _Equation(figures, due == values[0])


# --- labels -----------------------------------------------------------------------------------------------------------
def _strays(root: Any) -> Iterator[Figure]:
	"""Categories and rates of lines, discounts and charges that the VAT breakdown does not know."""
	total = _tax_total(root)
	if total is None:
		return
	known = {_kind(subtotal, "cac:TaxCategory") for subtotal in total.findall("cac:TaxSubtotal", NS)}
	used = set()
	for owner, path in _taxed(root):
		kind = _kind(owner, path)
		used.add(kind)
		if kind not in known:
			letter, rate = _labels(owner, path)
			yield rate if any(kind[0] == other[0] for other in known) else letter
	for subtotal in total.findall("cac:TaxSubtotal", NS):
		kind = _kind(subtotal, "cac:TaxCategory")
		if kind not in used:
			letter, rate = _labels(subtotal, "cac:TaxCategory")
			yield rate if any(kind[0] == other[0] for other in used) else letter


def _taxed(root: Any) -> Iterator[tuple[Any, str]]:
	for line in root.findall("cac:InvoiceLine", NS):
		if line.find("cac:DocumentReference", NS) is None:
			yield line, "cac:Item/cac:ClassifiedTaxCategory"
	for part in root.findall("cac:AllowanceCharge", NS):
		yield part, "cac:TaxCategory"


def _labels(owner: Any, path: str) -> tuple[Figure, Figure]:
	return Figure(owner, f"{path}/cbc:ID"), Figure(owner, f"{path}/cbc:Percent")


def _kind(owner: Any, path: str) -> tuple[str, Decimal]:
	letter, rate = _labels(owner, path)
	element = _element(letter)
	return ("" if element is None else (element.text or "").strip()), _value(rate) or _NIL


def _tax_total(root: Any) -> Any:
	"""The one with the breakdown; where none has it, the only one there is."""
	totals = root.findall("cac:TaxTotal", NS)
	return next((each for each in totals if each.find("cac:TaxSubtotal", NS) is not None), None)


# --- values -----------------------------------------------------------------------------------------------------------
def _element(figure: Figure) -> Any:
	return figure.owner.find(figure.name, NS)


def _value(figure: Figure) -> Decimal | None:
	element = _element(figure)
	return None if element is None else number(element.text)


def number(text: str | None) -> Decimal | None:
	"""The figure in a text; None for what is none, or beyond every amount."""
	try:
		value = Decimal((text or "").strip())
	except InvalidOperation:
		return None
	return value if value.is_finite() and abs(value.adjusted()) < 30 else None


def _sum_of_parts(parts: Iterable[Any]) -> Decimal | None:
	"""Charges less discounts; None where one of them states no amount."""
	total = _NIL
	for part in parts:
		amount = _value(Figure(part, "cbc:Amount"))
		if amount is None:
			return None
		total += amount if _is_charge(part) else -amount
	return total


def _is_charge(part: Any) -> bool:
	return (part.findtext("cbc:ChargeIndicator", "", NS) or "").strip() in ("true", "1")


def _is_share(amount: Decimal | None, base: Decimal | None, percent: Decimal | None) -> bool:
	if amount is None or base is None or percent is None:
		return False
	return abs(amount - _cents(base * percent / _WHOLE)) <= _CENT


def _cents(value: Decimal) -> Decimal:
	return value.quantize(_CENT, ROUND_HALF_UP)
