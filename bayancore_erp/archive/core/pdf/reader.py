"""From the XML of an invoice to the values that are printed: the print is made from the document itself.

Takes the bytes of a UBL invoice, stamped or not. Gives a `Document` with every field of the data dictionary that a
person is shown. Never computes an amount, never changes a digit, never raises anything but InvalidInput.

Source: XML Implementation Standard section 8 (places of the fields), data dictionary columns H-J and V-W.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from lxml import etree

from bayancore_erp.archive.core.pdf.document import (
	Adjustment,
	Advance,
	Document,
	Item,
	Payment,
	Person,
	Place,
	Rate,
	Reference,
	Subtotal,
	Taxed,
	Totals,
)
from bayancore_erp.zatca.core.codes import DocumentType, TypeFlags
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Text, has_arabic
from bayancore_erp.zatca.core.money import to_decimal
from bayancore_erp.zatca.core.xml import CAC, CBC, INVOICE, parse

RIYADH = timezone(timedelta(hours=3))
_NS = {"cac": CAC, "cbc": CBC}
_NO_PLACE = Place(Text(), Text(), "", "", Text(), Text(), "", Text(), "")


def read(xml: bytes) -> Document:
	"""The document in `xml`. Raises InvalidInput where it is no UBL invoice, or lacks number, date, type or total."""
	root = parse(xml)
	if root.tag != f"{{{INVOICE}}}Invoice":
		raise InvalidInput("The document is not a UBL invoice.", hint="Give the XML as signed or cleared.")
	date, time = _text(root, "cbc:IssueDate"), _text(root, "cbc:IssueTime")
	lines = root.findall("cac:InvoiceLine", _NS)
	return Document(
		number=_required(root, "cbc:ID"),
		uuid=_text(root, "cbc:UUID"),
		issue_date=date,
		issue_time=time,
		issued=_moment(date, time),
		type=_type(root),
		flags=TypeFlags.parse((_find(root, "cbc:InvoiceTypeCode")).get("name", "")),
		currency=_required(root, "cbc:DocumentCurrencyCode"),
		counter=_text(root, "cac:AdditionalDocumentReference[cbc:ID='ICV']/cbc:UUID"),
		notes=_texts(root, "cbc:Note"),
		purchase_order=_text(root, "cac:OrderReference/cbc:ID"),
		contract=_text(root, "cac:ContractDocumentReference/cbc:ID"),
		references=tuple(
			Reference(_text(one, "cbc:ID"), _text(one, "cbc:IssueDate"))
			for one in root.findall("cac:BillingReference/cac:InvoiceDocumentReference", _NS)
		),
		seller=_person(root.find("cac:AccountingSupplierParty/cac:Party", _NS)) or _person_unknown(),
		buyer=_person(root.find("cac:AccountingCustomerParty/cac:Party", _NS)),
		supply_date=_text(root, "cac:Delivery/cbc:ActualDeliveryDate"),
		supply_end_date=_text(root, "cac:Delivery/cbc:LatestDeliveryDate"),
		payments=tuple(_payment(one) for one in root.findall("cac:PaymentMeans", _NS)),
		terms=_texts(root, "cac:PaymentTerms/cbc:Note"),
		adjustments=_adjustments(root),
		totals=_totals(root),
		breakdown=tuple(_subtotal(one) for one in root.findall("cac:TaxTotal/cac:TaxSubtotal", _NS)),
		rate=_rate(root.find("cac:TaxExchangeRate", _NS)),
		items=tuple(_item(line) for line in lines if not _is_advance(line)),
		advances=tuple(advance for line in lines if _is_advance(line) for advance in _advances(line)),
		qr=_text(
			root,
			"cac:AdditionalDocumentReference[cbc:ID='QR']/cac:Attachment/cbc:EmbeddedDocumentBinaryObject",
		),
	)


def two_languages(value: str) -> Text:
	"""`value` as Arabic and English where a single bar parts an Arabic from a non-Arabic half; else as it stands."""
	left, bar, right = (part.strip() for part in value.partition("|"))
	if bar and left and right and "|" not in right and has_arabic(left) != has_arabic(right):
		return Text(ar=left, en=right) if has_arabic(left) else Text(ar=right, en=left)
	return Text(ar=value) if has_arabic(value) else Text(en=value)


def _content(node: etree._Element) -> str:
	return "".join(str(part) for part in node.itertext()).strip()


def _text(node: etree._Element, path: str) -> str:
	found = node.find(path, _NS)
	return "" if found is None else _content(found)


def _texts(node: etree._Element, path: str) -> tuple[Text, ...]:
	found = (_content(one) for one in node.findall(path, _NS))
	return tuple(two_languages(text) for text in found if text)


def _wording(node: etree._Element, path: str) -> Text:
	return two_languages(_text(node, path))


def _find(node: etree._Element, path: str) -> etree._Element:
	found = node.find(path, _NS)
	if found is None:
		raise InvalidInput(f"The invoice has no {path.rpartition(':')[2]}.", field=path)
	return found


def _required(node: etree._Element, path: str) -> str:
	_find(node, path)
	if not (text := _text(node, path)):
		raise InvalidInput(f"The invoice's {path.rpartition(':')[2]} is empty.", field=path)
	return text


def _number(node: etree._Element, path: str) -> Decimal | None:
	text = _text(node, path)
	return to_decimal(text, field=path) if text else None


def _amount(node: etree._Element, path: str) -> Decimal:
	return to_decimal(_required(node, path), field=path)


def _moment(date: str, time: str) -> datetime:
	try:
		return datetime.strptime(f"{date}T{time.removesuffix('Z')}", "%Y-%m-%dT%H:%M:%S").replace(
			tzinfo=RIYADH
		)
	except ValueError:
		raise InvalidInput(
			"The invoice's issue date and time cannot be read.",
			field="cbc:IssueDate",
			hint="They look like 2026-11-21 and 14:05:00.",
		) from None


def _type(root: etree._Element) -> DocumentType:
	code = _required(root, "cbc:InvoiceTypeCode")
	try:
		return DocumentType(code)
	except ValueError:
		raise InvalidInput(
			f"{code[:12]!r} is no document type.", field="cbc:InvoiceTypeCode", hint="388, 381, 383 or 386."
		) from None


def _person(party: etree._Element | None) -> Person | None:
	if party is None or not len(party):
		return None
	identifier = party.find("cac:PartyIdentification/cbc:ID", _NS)
	person = Person(
		name=_wording(party, "cac:PartyLegalEntity/cbc:RegistrationName"),
		vat_number=_text(party, "cac:PartyTaxScheme/cbc:CompanyID"),
		scheme="" if identifier is None else identifier.get("schemeID", ""),
		identifier=_text(party, "cac:PartyIdentification/cbc:ID"),
		place=_place(party.find("cac:PostalAddress", _NS)),
		contact=tuple(
			text
			for name in ("Name", "Telephone", "ElectronicMail", "Note")
			if (text := _text(party, f"cac:Contact/cbc:{name}"))
		),
	)
	return None if person == _person_unknown() else person


def _person_unknown() -> Person:
	return Person(Text(), "", "", "", _NO_PLACE)


def _place(node: etree._Element | None) -> Place:
	if node is None:
		return _NO_PLACE
	return Place(
		street=_wording(node, "cbc:StreetName"),
		additional_street=_wording(node, "cbc:AdditionalStreetName"),
		building_number=_text(node, "cbc:BuildingNumber"),
		additional_number=_text(node, "cbc:PlotIdentification"),
		district=_wording(node, "cbc:CitySubdivisionName"),
		city=_wording(node, "cbc:CityName"),
		postal_code=_text(node, "cbc:PostalZone"),
		province=_wording(node, "cbc:CountrySubentity"),
		country=_text(node, "cac:Country/cbc:IdentificationCode"),
	)


def _payment(node: etree._Element) -> Payment:
	return Payment(
		means_code=_text(node, "cbc:PaymentMeansCode"),
		reasons=_texts(node, "cbc:InstructionNote"),
		terms=_wording(node, "cac:PayeeFinancialAccount/cbc:PaymentNote"),
		account=_text(node, "cac:PayeeFinancialAccount/cbc:ID"),
	)


def _taxed(node: etree._Element | None) -> Taxed:
	if node is None:
		return Taxed("", None)
	return Taxed(
		category=_text(node, "cbc:ID"),
		rate=_number(node, "cbc:Percent"),
		reason_code=_text(node, "cbc:TaxExemptionReasonCode"),
		reason=_wording(node, "cbc:TaxExemptionReason"),
	)


def _adjustments(node: etree._Element) -> tuple[Adjustment, ...]:
	return tuple(
		Adjustment(
			is_charge=_text(one, "cbc:ChargeIndicator") in ("true", "1"),
			amount=_amount(one, "cbc:Amount"),
			percentage=_number(one, "cbc:MultiplierFactorNumeric"),
			base=_number(one, "cbc:BaseAmount"),
			reason=_wording(one, "cbc:AllowanceChargeReason"),
			taxed=None if (tax := one.find("cac:TaxCategory", _NS)) is None else _taxed(tax),
		)
		for one in node.findall("cac:AllowanceCharge", _NS)
	)


def _totals(root: etree._Element) -> Totals:
	vat = vat_sar = None
	vat_currency = ""
	for total in root.findall("cac:TaxTotal", _NS):
		# BT-110 comes with the breakdown, BT-111 alone and in SAR (BR-KSA-EN16931-08, -09).
		if total.find("cac:TaxSubtotal", _NS) is not None:
			vat = _amount(total, "cbc:TaxAmount")
		else:
			vat_sar = _amount(total, "cbc:TaxAmount")
			vat_currency = _find(total, "cbc:TaxAmount").get("currencyID", "")
	money = _find(root, "cac:LegalMonetaryTotal")
	return Totals(
		lines=_number(money, "cbc:LineExtensionAmount"),
		allowances=_number(money, "cbc:AllowanceTotalAmount"),
		charges=_number(money, "cbc:ChargeTotalAmount"),
		without_vat=_number(money, "cbc:TaxExclusiveAmount"),
		vat=vat,
		vat_sar=vat_sar,
		vat_currency=vat_currency,
		with_vat=_number(money, "cbc:TaxInclusiveAmount"),
		prepaid=_number(money, "cbc:PrepaidAmount"),
		rounding=_number(money, "cbc:PayableRoundingAmount"),
		payable=_number(money, "cbc:PayableAmount"),
	)


def _subtotal(node: etree._Element) -> Subtotal:
	return Subtotal(
		taxable=_amount(node, "cbc:TaxableAmount"),
		vat=_amount(node, "cbc:TaxAmount"),
		taxed=_taxed(node.find("cac:TaxCategory", _NS)),
	)


def _rate(node: etree._Element | None) -> Rate | None:
	if node is None or (rate := _number(node, "cbc:CalculationRate")) is None:
		return None
	return Rate(
		source=_text(node, "cbc:SourceCurrencyCode"),
		target=_text(node, "cbc:TargetCurrencyCode"),
		rate=rate,
		date=_text(node, "cbc:Date"),
	)


def _is_advance(line: etree._Element) -> bool:
	return _text(line, "cac:DocumentReference/cbc:DocumentTypeCode") == DocumentType.PREPAYMENT.value


def _advances(line: etree._Element) -> list[Advance]:
	document = _find(line, "cac:DocumentReference")
	return [
		Advance(
			name=_wording(line, "cac:Item/cbc:Name"),
			number=_text(document, "cbc:ID"),
			uuid=_text(document, "cbc:UUID"),
			date=_text(document, "cbc:IssueDate"),
			time=_text(document, "cbc:IssueTime"),
			taxable=_amount(one, "cbc:TaxableAmount"),
			vat=_amount(one, "cbc:TaxAmount"),
			taxed=_taxed(one.find("cac:TaxCategory", _NS)),
		)
		for one in line.findall("cac:TaxTotal/cac:TaxSubtotal", _NS)
	]


def _item(line: etree._Element) -> Item:
	quantity = _find(line, "cbc:InvoicedQuantity")
	base = line.find("cac:Price/cbc:BaseQuantity", _NS)
	return Item(
		identifier=_text(line, "cbc:ID"),
		name=_wording(line, "cac:Item/cbc:Name"),
		note=_wording(line, "cbc:Note"),
		seller_item_id=_text(line, "cac:Item/cac:SellersItemIdentification/cbc:ID"),
		buyer_item_id=_text(line, "cac:Item/cac:BuyersItemIdentification/cbc:ID"),
		standard_item_id=_text(line, "cac:Item/cac:StandardItemIdentification/cbc:ID"),
		quantity=_amount(line, "cbc:InvoicedQuantity"),
		unit=quantity.get("unitCode", ""),
		net_price=_amount(line, "cac:Price/cbc:PriceAmount"),
		gross_price=_number(line, "cac:Price/cac:AllowanceCharge/cbc:BaseAmount"),
		price_discount=_number(line, "cac:Price/cac:AllowanceCharge/cbc:Amount"),
		base_quantity=_number(line, "cac:Price/cbc:BaseQuantity"),
		base_unit="" if base is None else base.get("unitCode", ""),
		adjustments=_adjustments(line),
		net=_amount(line, "cbc:LineExtensionAmount"),
		taxed=_taxed(line.find("cac:Item/cac:ClassifiedTaxCategory", _NS)),
		vat=_number(line, "cac:TaxTotal/cbc:TaxAmount"),
		total=_number(line, "cac:TaxTotal/cbc:RoundingAmount"),
	)
