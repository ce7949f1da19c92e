"""From what an invoice says to what stands on the sheet: every text and figure ready, in both languages.

Takes a `Document` and a `Brand`. Gives one plain dictionary, the only thing a template ever sees: texts are data
there, never markup. Figures keep every digit of the XML; thousands are grouped, trailing zeros of quantities dropped.
Two figures are not in the XML: the running sum at the foot of a page, and a SAR rate where the XML names none.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bayancore_erp.archive.core.pdf.brand import Brand, picture
from bayancore_erp.archive.core.pdf.document import (
	Adjustment,
	Advance,
	Document,
	Item,
	Person,
	Place,
	Subtotal,
	Taxed,
)
from bayancore_erp.archive.core.pdf.glyphs import LONG_WORD, is_rtl, safe
from bayancore_erp.archive.core.pdf.qr_drawing import qr_svg
from bayancore_erp.archive.core.pdf.wording import COUNTRIES, FLAGS, IDENTIFIERS, LABELS, TITLES, UNITS
from bayancore_erp.zatca.core.codes import EXEMPTIONS, PAYMENT_MEANS, DocumentType, Name, VatCategory
from bayancore_erp.zatca.core.invoice import Text
from bayancore_erp.zatca.core.money import EXACT, ZERO

Piece = dict[str, Any]
_SAR = "SAR"
# Columns are narrower than lines: words of item names break earlier, as far as a UUID must not break at all.
_NARROW = 17
_UUID = 40
_CATEGORIES = {category.value: category.label for category in VatCategory}


def compose(document: Document, brand: Brand, watermark: Text | None) -> dict[str, Any]:
	"""Everything the templates show. Raises InvalidInput if the QR text fits no QR."""
	title = TITLES[document.type, document.flags.simplified]
	seller_name = document.seller.name
	sheet = {
		"rtl": brand.right_to_left,
		"accent": brand.accent,
		"on_accent": brand.on_accent,
		"logo": picture(brand.logo, field="logo") if brand.logo else "",
		"letterhead": picture(brand.letterhead, field="letterhead") if brand.letterhead else "",
		"footer": _pieces(brand.footer),
		"contact": _pieces(brand.contact),
		"watermark": _pieces(watermark) if watermark else [],
		"labels": {key: _name(name) for key, name in LABELS.items()},
		"title": _name(title),
		"meta_title": safe(f"{title.ar} | {title.en} {document.number}"),
		"meta_author": safe(str(seller_name)),
		"tags": [_name(FLAGS[flag]) for flag in FLAGS if getattr(document.flags, flag)],
		"is_note": document.type.is_note,
		"number": _piece(document.number),
		"facts": _facts(document),
		"qr": qr_svg(document.qr) if document.qr else "",
		"seller": _person(document.seller),
		"buyer": _person(document.buyer) if document.buyer else None,
		"currency": safe(document.currency),
		"references": [
			[_piece(one.number), *([_piece(one.date)] if one.date else [])] for one in document.references
		],
		"reasons": [_pieces(reason) for payment in document.payments for reason in payment.reasons],
		"columns": {
			"discount": any(item.adjustments for item in document.items),
			"vat": any(item.vat is not None for item in document.items),
			"total": any(item.total is not None for item in document.items),
		},
		"items": _items(document.items),
		"totals": _totals(document),
		"payable": _payable(document),
		"breakdown": [_subtotal(one) for one in document.breakdown],
		"advances": [_advance(one) for one in document.advances],
		"notes": [_pieces(note) for note in (*document.notes, *document.terms)],
		"fine": _fine(document),
	}
	if not brand.right_to_left:
		_english_first(sheet)
	return sheet


def _english_first(value: Any) -> None:
	"""Turn every text of two languages about, wherever it stands in the sheet; in place."""
	if isinstance(value, dict):
		if "address" in value:
			value["address"].reverse()
		value = list(value.values())
	if not isinstance(value, list):
		return
	for place, piece in enumerate(value):
		if isinstance(piece, dict) and piece.pop("pair", False):
			value[place : place + 2] = [value[place + 1], piece]
	for each in value:
		_english_first(each)


def money(amount: Decimal) -> str:
	"""`amount` with grouped thousands and at least two decimals, more only where it has more."""
	whole, _, fraction = format(abs(amount), "f").partition(".")
	fraction = fraction.rstrip("0").ljust(2, "0")
	sign = "\N{MINUS SIGN}" if amount < 0 else ""
	return f"{sign}{_grouped(whole)}.{fraction}"


def figure(number: Decimal) -> str:
	"""`number` with grouped thousands and no needless zeros: a quantity or a rate."""
	whole, _, fraction = format(abs(number), "f").partition(".")
	fraction = fraction.rstrip("0")
	sign = "\N{MINUS SIGN}" if number < 0 else ""
	return f"{sign}{_grouped(whole)}" + (f".{fraction}" if fraction else "")


def _grouped(whole: str) -> str:
	return f"{int(whole):,}"


def _less(amount: Decimal) -> str:
	return money(-amount)


def _piece(text: str, longest: int = LONG_WORD) -> Piece:
	"""One run of text with its own base direction."""
	shown = safe(text, longest)
	return {"t": shown, "r": is_rtl(shown)}


def _pieces(text: Text, longest: int = LONG_WORD) -> list[Piece]:
	"""A text in both languages as far as it has them, the Arabic first and marked as one of a pair."""
	pieces = [_piece(part, longest) for part in (text.ar, text.en) if part]
	if len(pieces) == 2:
		pieces[0]["pair"] = True
	return pieces


def _named(name: Name) -> list[Piece]:
	return _pieces(Text(ar=name.ar, en="" if name.en == name.ar else name.en))


def _name(name: Name) -> dict[str, str]:
	return {"ar": name.ar, "en": name.en}


def _fact(label: str, pieces: list[Piece], detail: list[Piece] | None = None) -> dict[str, Any]:
	return {"label": _name(LABELS[label]), "pieces": pieces, "detail": detail or []}


def _facts(document: Document) -> list[dict[str, Any]]:
	facts = [_fact("issued", [_piece(f"{document.issue_date} {document.issue_time}")])]
	if document.supply_date and document.supply_end_date:
		facts.append(
			_fact("supplied_from_to", [_piece(f"{document.supply_date} – {document.supply_end_date}")])
		)
	elif document.supply_date:
		facts.append(_fact("supplied", [_piece(document.supply_date)]))
	facts.append(_fact("currency", [_piece(document.currency)]))
	for payment in document.payments:
		if means := PAYMENT_MEANS.get(payment.means_code):
			if payment.means_code != "1":
				facts.append(_fact("payment", _named(means)))
		elif payment.means_code:
			facts.append(_fact("payment", [_piece(payment.means_code)]))
		if payment.account:
			facts.append(_fact("account", [_piece(payment.account)]))
		if payment.terms:
			facts.append(_fact("payment_terms", _pieces(payment.terms)))
	if document.purchase_order:
		facts.append(_fact("purchase_order", [_piece(document.purchase_order)]))
	if document.contract:
		facts.append(_fact("contract", [_piece(document.contract)]))
	return facts


def _person(person: Person) -> dict[str, Any]:
	rows = []
	if person.vat_number:
		rows.append(_fact("vat_number", [_piece(person.vat_number)]))
	if person.identifier:
		scheme = IDENTIFIERS.get(person.scheme, Name(person.scheme, person.scheme))
		rows.append({"label": _name(scheme), "pieces": [_piece(person.identifier)], "detail": []})
	return {
		"name": _pieces(person.name),
		"rows": rows,
		"address": _address(person.place),
		"contact": [_piece(text) for text in person.contact],
	}


def _address(place: Place) -> list[list[Piece]]:
	"""The address in Arabic and in English, as far as the XML has each; nothing of it is lost in both."""
	country = COUNTRIES.get(place.country, Name(place.country, place.country))
	extra = LABELS["additional_number"]
	number = place.additional_number
	worded = (place.street, place.additional_street, place.district, place.city, place.province)
	lines = []
	if any(part.ar for part in worded):
		lines.append(
			_address_line(
				place.building_number,
				[part.ar or part.en for part in worded],
				place.postal_code,
				f"{extra.ar} {number}" if number else "",
				country.ar,
			)
		)
	if any(part.en for part in worded) or not lines:
		# Arabic has to be on the paper even where the address itself is foreign (Detailed Guideline p. 63).
		home = country.en if lines or country.en == country.ar else f"{country.en} – {country.ar}"
		lines.append(
			_address_line(
				place.building_number,
				[part.en or part.ar for part in worded],
				place.postal_code,
				f"{extra.en} {number}" if number else "",
				home,
			)
		)
	return [line for line in lines if line]


def _address_line(building: str, worded: list[str], postal: str, extra: str, country: str) -> list[Piece]:
	street, more, district, city, province = worded
	parts = (
		" ".join(filter(None, (building, street))),
		more,
		district,
		" ".join(filter(None, (city, postal))),
		province,
		extra,
		country,
	)
	return [_piece(part) for part in parts if part]


def _percent(rate: Decimal | None) -> str:
	return "" if rate is None else f"{figure(rate)}%"


def _items(items: Iterable[Item]) -> list[dict[str, Any]]:
	rows, running = [], ZERO
	for item in items:
		running = EXACT.add(running, item.net)
		rows.append(_item(item, running))
	return rows


def _item(item: Item, running: Decimal) -> dict[str, Any]:
	unit = UNITS.get(item.unit, Name(item.unit, item.unit))
	taken = sum((one.amount if not one.is_charge else -one.amount for one in item.adjustments), ZERO)
	return {
		"id": safe(item.identifier),
		"name": _pieces(item.name, _NARROW),
		"details": _details(item),
		"quantity": figure(item.quantity),
		"unit": _named(unit),
		"price": money(item.net_price),
		"per": ""
		if item.base_quantity is None or item.base_quantity == 1
		else f"/ {figure(item.base_quantity)} {safe(UNITS.get(item.base_unit, unit).en)}".strip(),
		"discount": _less(taken) if item.adjustments else "",
		"net": money(item.net),
		"rate": _percent(item.taxed.rate) or safe(item.taxed.category),
		"category": "" if item.taxed.category == VatCategory.STANDARD.value else safe(item.taxed.category),
		"vat": "" if item.vat is None else money(item.vat),
		"total": "" if item.total is None else money(item.total),
		"running": money(running),
	}


def _details(item: Item) -> list[dict[str, Any]]:
	details = [
		_fact(label, [_piece(code, _NARROW)])
		for label, code in (
			("item_code", item.seller_item_id),
			("buyer_item_code", item.buyer_item_id),
			("standard_item_code", item.standard_item_id),
		)
		if code
	]
	if item.gross_price is not None and item.price_discount:
		details.append(
			_fact("list_price", [_piece(f"{money(item.gross_price)} {_less(item.price_discount)}")])
		)
	# One plain discount stands in its column already.
	plain = len(item.adjustments) == 1 and not _explained(item.adjustments[0])
	if not plain:
		details += [_adjustment(one, "line_discount", "line_charge") for one in item.adjustments]
	if item.note:
		details.append({"label": None, "pieces": _pieces(item.note, _NARROW), "detail": []})
	return details


def _explained(one: Adjustment) -> bool:
	return bool(one.is_charge or one.percentage is not None or one.reason)


def _adjustment(one: Adjustment, discount: str, charge: str) -> dict[str, Any]:
	"""A discount or charge with its share, base and reason, and its amount as a figure of its own."""
	detail: list[Piece] = []
	if one.percentage is not None:
		share = _percent(one.percentage)
		detail.append(_piece(f"{share} × {money(one.base)}" if one.base is not None else share))
	detail += _pieces(one.reason, _NARROW)
	if one.taxed and one.taxed.category:
		detail.append(_piece(f"{one.taxed.category} {_percent(one.taxed.rate)}".strip()))
	return {
		"label": _name(LABELS[charge if one.is_charge else discount]),
		"pieces": [_piece(money(one.amount) if one.is_charge else _less(one.amount))],
		"detail": detail,
	}


def _totals(document: Document) -> list[dict[str, Any]]:
	totals, adjustments = document.totals, document.adjustments
	rows: list[dict[str, Any]] = []

	def add(label: str, amount: Decimal | None, *, less: bool = False, strong: bool = False) -> None:
		if amount is not None:
			shown = _less(amount) if less else money(amount)
			rows.append({**_fact(label, [_piece(shown)]), "strong": strong})

	if adjustments:
		add("sum_lines", totals.lines)
		rows.extend(
			{**_adjustment(one, "document_discount", "document_charge"), "strong": False}
			for one in adjustments
		)
		if sum(not one.is_charge for one in adjustments) > 1:
			add("sum_allowances", totals.allowances, less=True)
		if sum(one.is_charge for one in adjustments) > 1:
			add("sum_charges", totals.charges)
	add("without_vat", totals.without_vat)
	add("vat_total", totals.vat if totals.vat is not None else totals.vat_sar)
	if document.currency != _SAR or (totals.vat_sar is not None and totals.vat_sar != totals.vat):
		rows.extend(_riyals(document))
	add("with_vat", totals.with_vat, strong=True)
	if totals.prepaid:
		add("prepaid", totals.prepaid, less=True)
	if totals.rounding:
		add("rounding", totals.rounding)
	return rows


def _riyals(document: Document) -> list[dict[str, Any]]:
	"""The VAT in riyals, with the rate behind it: the XML's own, else the one the two VAT totals show."""
	totals = document.totals
	if totals.vat_sar is None:
		return []
	detail: list[Piece] = []
	if rate := document.rate:
		detail = [_piece(f"1 {rate.source} = {figure(rate.rate)} {rate.target}")]
		detail += [_piece(rate.date)] if rate.date else []
		detail += _named(LABELS["exchange"])
	elif implied := _implied_rate(totals.vat, totals.vat_sar):
		detail = [_piece(f"1 {document.currency} = {implied} {totals.vat_currency}")]
		detail += _named(LABELS["exchange_implied"])
	return [{**_fact("vat_sar", [_piece(money(totals.vat_sar))], detail), "strong": False}]


def _implied_rate(vat: Decimal | None, vat_sar: Decimal | None) -> str:
	"""`vat_sar` / `vat` to as many decimals as the rounding of the two leaves certain; empty below two."""
	if not vat or not vat_sar or vat < 0 or vat_sar < 0:
		return ""
	decimals = min((vat * 100).adjusted(), 6)
	if decimals < 2:
		return ""
	rate = EXACT.divide(vat_sar, vat).quantize(Decimal(1).scaleb(-decimals), context=EXACT)
	return money(rate)


def _payable(document: Document) -> dict[str, Any]:
	label = "credited" if document.type is DocumentType.CREDIT_NOTE else "payable"
	amount = document.totals.payable
	return _fact(label, [_piece(money(amount))] if amount is not None else [])


def _taxed(taxed: Taxed) -> dict[str, Any]:
	category = _CATEGORIES.get(taxed.category, Name(taxed.category, taxed.category))
	reason = taxed.reason
	if taxed.reason_code in EXEMPTIONS:
		# The code's own wording supplies the language that the XML leaves out.
		known = EXEMPTIONS[taxed.reason_code].reason
		reason = Text(ar=reason.ar or known.ar, en=reason.en or known.en)
	return {
		"category": _named(category),
		"code": safe(taxed.category),
		"rate": _percent(taxed.rate),
		"reason": _pieces(reason, _NARROW),
		"reason_code": safe(taxed.reason_code),
	}


def _subtotal(one: Subtotal) -> dict[str, Any]:
	return {**_taxed(one.taxed), "taxable": money(one.taxable), "vat": money(one.vat)}


def _advance(one: Advance) -> dict[str, Any]:
	return {
		**_taxed(one.taxed),
		"name": _pieces(one.name, _NARROW),
		"number": _piece(one.number, _NARROW),
		"date": _piece(" ".join(filter(None, (one.date, one.time)))),
		"taxable": money(one.taxable),
		"vat": money(one.vat),
	}


def _fine(document: Document) -> list[dict[str, Any]]:
	fine = []
	if document.uuid:
		fine.append(_fact("uuid", [_piece(document.uuid, _UUID)]))
	if document.counter:
		fine.append(_fact("counter", [_piece(document.counter)]))
	return fine
