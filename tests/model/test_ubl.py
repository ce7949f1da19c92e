"""The unsigned document: canonical whatever is written in it, complete where stated, silent where not."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from official_samples import NS, text
from random_invoices import random_invoice

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START, ChainPosition
from bayancore_erp.zatca.core.codes import DocumentType, TypeFlags
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import (
	Address,
	AllowanceCharge,
	Contact,
	Invoice,
	Line,
	LineAllowance,
	Note,
	Party,
	PartyId,
	Payment,
	Prepayment,
	Text,
	Vat,
)
from bayancore_erp.zatca.core.ubl import build_xml

DRAFT = Invoice(
	"", "", date(2026, 10, 5), time(9, 5, 7, 999), Party(), (Line(Text(), Decimal(1), Decimal(1)),)
)
sayable = st.text(
	st.characters(
		exclude_categories=["Cs", "Cc"], include_characters="\t\n\r", exclude_characters="\ufffe\uffff"
	)
)


def build(invoice: Invoice, chain: ChainPosition = START) -> bytes:
	"""The document of an invoice."""
	return build_xml(invoice, calculate(invoice), chain)


def tree(invoice: Invoice) -> etree._Element:
	"""The document, parsed, and held to be canonical."""
	xml = build(invoice)
	root = etree.fromstring(xml)
	assert etree.tostring(root, method="c14n") == xml
	return root


def everywhere(value: str) -> Invoice:
	"""`value` in every text that a user types."""
	address = Address(value, value, value, value, value, value, value, value, value)
	party = Party(value, value, PartyId(value, value), address, Contact(value, value, value, value))
	wording = Text(ar=value)
	allowance = LineAllowance(Decimal(1), reason=wording, reason_code=value)
	line = Line(
		wording,
		Decimal(1),
		Decimal(10),
		unit=value,
		allowances=(allowance,),
		note=wording,
		seller_item_id=value,
		buyer_item_id=value,
		standard_item_id=value,
		identifier=value,
	)
	advance = Prepayment(value, date(2026, 1, 1), Decimal(1), uuid=value, name=wording)
	return dataclasses.replace(
		DRAFT,
		number=value,
		uuid=value,
		seller=party,
		buyer=party,
		lines=(line,),
		vat_sar=Decimal(1),
		currency=value,
		allowance_charges=(AllowanceCharge(Decimal(1), reason=wording, reason_code=value),),
		prepayments=(advance,),
		payment=Payment(value, wording, value),
		reason=wording,
		billing_references=(value,),
		purchase_order=value,
		contract=value,
		notes=(Note(value, value),),
	)


@settings(max_examples=150, deadline=None)
@given(sayable.filter(lambda value: value != "SAR"))
def test_canonical_and_exact_whatever_is_written(value: str) -> None:
	invoice = everywhere(value)
	root = tree(invoice)
	# A lone CR is told apart in canonical text; only the white space around a value is not kept.
	assert root.findtext("cac:OrderReference/cbc:ID", "", NS) == value.strip()
	assert root.findtext("cac:InvoiceLine/cac:Item/cbc:Name", "", NS) == value.strip()
	unit = root.find("cac:InvoiceLine/cbc:InvoicedQuantity", NS)
	assert unit is not None and unit.get("unitCode", "") == value.strip()


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe"])
def test_what_xml_cannot_carry_is_refused_with_its_field(character: str) -> None:
	with pytest.raises(InvalidInput) as raised:
		build(dataclasses.replace(DRAFT, seller=Party(name=f"a{character}b")))
	assert raised.value.field == "seller.name" and "U+" in raised.value.message
	bad = dataclasses.replace(DRAFT.lines[0], name=Text(f"a{character}b"))
	with pytest.raises(InvalidInput) as raised:
		build(dataclasses.replace(DRAFT, lines=(DRAFT.lines[0], bad)))
	assert raised.value.field == "lines[1].name"


def texts_of(invoice: Any, path: str = "") -> list[str]:
	"""The fields of a model in which text is typed."""
	found = []
	if isinstance(invoice, str):
		return [path]
	if isinstance(invoice, Text):
		return [path]
	if isinstance(invoice, tuple):
		return [each for index, one in enumerate(invoice) for each in texts_of(one, f"{path}[{index}]")]
	if dataclasses.is_dataclass(invoice) and not isinstance(invoice, (Vat, TypeFlags)):
		for field in dataclasses.fields(invoice):
			where = f"{path}.{field.name}" if path else field.name
			found += texts_of(getattr(invoice, field.name), where)
	return [each for each in found if each != "type_code"]


def test_every_text_is_guarded() -> None:
	"""A bad character in any one field is refused under exactly that field."""
	model = everywhere("x")
	for path in texts_of(model):
		with pytest.raises(InvalidInput) as raised:
			build(_replaced(model, path, "a\x07b"))
		assert raised.value.field == path


def _replaced(model: Any, path: str, value: str) -> Any:
	"""`model` with the text at `path` replaced."""
	head, _, rest = path.partition(".")
	name, bracket, index = head.partition("[")
	held = getattr(model, name)
	if bracket:
		position = int(index[:-1])
		items = list(held)
		if rest:
			items[position] = _replaced(items[position], rest, value)
		else:
			items[position] = value
		return dataclasses.replace(model, **{name: tuple(items)})
	new = _replaced(held, rest, value) if rest else Text(ar=value) if isinstance(held, Text) else value
	return dataclasses.replace(model, **{name: new})


def test_a_draft_says_only_what_is_known() -> None:
	root = tree(DRAFT)
	assert not [
		element.tag
		for element in root.iter()
		if len(element) == 0 and not element.text and "Accounting" not in element.tag
	]
	assert text(root, "cbc:ID") == "" and root.find("cac:Delivery", NS) is None
	assert text(root, "cbc:IssueTime") == "09:05:07"
	assert [etree.QName(child).localname for child in root][:3] == ["ProfileID", "IssueDate", "IssueTime"]


def test_a_document_that_states_all_is_schema_valid(oracle: Any) -> None:
	model = dataclasses.replace(everywhere("abc"), currency="USD", sar_rate=Decimal("3.75"))
	root = tree(
		dataclasses.replace(
			model,
			lines=(
				dataclasses.replace(
					model.lines[0], price_discount=Decimal(1), price_base_quantity=Decimal(2)
				),
			),
		)
	)
	assert oracle.xsd.validate(root), oracle.xsd.error_log
	assert text(root, "cac:TaxExchangeRate/cbc:CalculationRate") == "3.75"
	assert text(root, "cac:InvoiceLine/cac:Price/cac:AllowanceCharge/cbc:BaseAmount") == "10"


def test_a_reason_has_its_payment_means_even_unpaid() -> None:
	note = dataclasses.replace(DRAFT, type_code=DocumentType.CREDIT_NOTE, reason=Text("سبب"), payment=None)
	assert text(tree(note), "cac:PaymentMeans/cbc:InstructionNote") == "سبب"
	assert text(tree(note), "cac:PaymentMeans/cbc:PaymentMeansCode") == "1"
	assert tree(dataclasses.replace(DRAFT, payment=None)).find("cac:PaymentMeans", NS) is None


def test_type_code_grows_only_where_needed() -> None:
	for flags, code in (
		(TypeFlags(simplified=True), "0200000"),
		(TypeFlags(export=True, continuous=True), "01001001"),
		(TypeFlags(government=True), "010000001"),
	):
		element = tree(dataclasses.replace(DRAFT, flags=flags)).find("cbc:InvoiceTypeCode", NS)
		assert element is not None and element.get("name") == code


def test_chain_position_and_sar_total_first() -> None:
	root = etree.fromstring(
		build(
			dataclasses.replace(DRAFT, currency="USD", vat_sar=Decimal("0.56")), ChainPosition(77, "aGFzaA==")
		)
	)
	counter, previous = root.findall("cac:AdditionalDocumentReference", NS)
	assert text(counter, "cbc:UUID") == "77"
	assert text(previous, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject") == "aGFzaA=="
	first, second = root.findall("cac:TaxTotal/cbc:TaxAmount", NS)
	assert (first.text, first.get("currencyID"), second.text, second.get("currencyID")) == (
		"0.56",
		"SAR",
		"0.15",
		"USD",
	)


def test_same_invoice_same_bytes() -> None:
	invoice = random_invoice(Random("bytes"), datetime(2026, 10, 5, 12))
	assert build(invoice) == build(dataclasses.replace(invoice))
