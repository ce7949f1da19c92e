"""The situations that rules look at: which nodes of a document, in the order in which the document has them.

Takes facts; gives nodes. A situation is a function, and the rules that share it are run over its nodes together.
Source: the contexts of the official sheets, with what shadows what already resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.xpath import spaceless

Nodes = Sequence[Node]

ADDRESS = "Party/PostalAddress"
COUNTRY = f"{ADDRESS}/Country/IdentificationCode"
IDENTIFICATION = "Party/PartyIdentification"
LEGAL_ENTITY = "Party/PartyLegalEntity"
TAX_SCHEME = "Party/PartyTaxScheme"
"""Paths in the element of a party."""


Situation = Callable[[Facts], Nodes]


class Only(NamedTuple):
	"""A situation that is looked at only where a condition holds: the name of a truth in Facts.

	Most documents have no discount, no zero rate, no advance; what is said about these need not be asked of them.
	"""

	condition: str
	situation: Situation


def unusual_lengths(situation: Situation) -> Only:
	"""In a document that has an empty text or a long one: for rules on lengths."""
	return Only("has_unusual_lengths", situation)


def long_fractions(situation: Situation) -> Only:
	"""In a document that has a figure with more than two decimals."""
	return Only("has_long_fractions", situation)


def negatives(situation: Situation) -> Only:
	"""In a document that has a figure with a minus sign."""
	return Only("has_negatives", situation)


def with_allowances(situation: Situation) -> Only:
	"""In a document that has any allowance or charge, on whatever level."""
	return Only("has_allowances", situation)


def beside_standard(situation: Situation) -> Only:
	"""In a document that has any VAT category but S."""
	return Only("has_other_categories", situation)


def with_line_breakdown(situation: Situation) -> Only:
	"""In a document with a VAT breakdown inside lines, which only deductions of advances have."""
	return Only("has_line_breakdown", situation)


def is_charge(allowance: Node) -> bool:
	"""ChargeIndicator = true(), in any of the four ways to write a boolean."""
	text = allowance.leaf["ChargeIndicator"]
	return text == "true" or (text != "false" and spaceless(text) in ("true", "1"))


def of_vat(category: Node) -> bool:
	"""cac:TaxScheme/normalize-space(upper-case(cbc:ID)) = 'VAT'."""
	text = category.leaf.get("TaxScheme/ID")
	return text == "VAT" or spaceless((text or "").upper()) == "VAT"


def code_of(category: Node) -> str:
	"""normalize-space(cbc:ID) of a tax category."""
	code = category.leaf.get("ID")
	return code if code == "S" else spaceless(code)


def document(facts: Facts) -> Nodes:
	"""The invoice as a whole."""
	return (facts.root,)


def standard_document(facts: Facts) -> Nodes:
	"""The invoice, where any transaction type in it is a standard one (01)."""
	return (facts.root,) if facts.standard else ()


def simplified_document(facts: Facts) -> Nodes:
	"""The invoice, where any transaction type in it is a simplified one (02)."""
	return (facts.root,) if facts.simplified else ()


def typed_standard(facts: Facts) -> Nodes:
	"""The invoice, where its own transaction type begins with 01."""
	return (facts.root,) if facts.transaction[:2] == "01" else ()


def typed_simplified(facts: Facts) -> Nodes:
	"""The invoice, where its own transaction type begins with 02."""
	return (facts.root,) if facts.transaction[:2] == "02" else ()


def typed_either(facts: Facts) -> Nodes:
	"""The invoice, where its own transaction type begins with 01 or 02."""
	return (facts.root,) if facts.transaction[:2] in ("01", "02") else ()


def note_document(facts: Facts) -> Nodes:
	"""The invoice, where it is a credit or debit note."""
	return (facts.root,) if facts.type_code in ("381", "383") else ()


def with_type(facts: Facts) -> Nodes:
	"""The invoice, where it has a type code."""
	return (facts.root,) if facts.type_code is not None else ()


def with_currency(facts: Facts) -> Nodes:
	"""The invoice, where it has a currency."""
	return (facts.root,) if "DocumentCurrencyCode" in facts.root.leaf else ()


def with_tax_currency(facts: Facts) -> Nodes:
	"""The invoice, where it has a tax currency."""
	return (facts.root,) if "TaxCurrencyCode" in facts.root.leaf else ()


def with_exchange_rate(facts: Facts) -> Nodes:
	"""The exchange rate, which a document need not have."""
	return facts.root.kids.get("TaxExchangeRate", ())


def totals(facts: Facts) -> Nodes:
	"""The document totals (BG-22)."""
	return (facts.totals,)


def seller(facts: Facts) -> Nodes:
	"""The seller, where it has a party."""
	return (facts.seller,) if "Party" in facts.seller.leaf else ()


def seller_address(facts: Facts) -> Nodes:
	"""The seller, where it has an address."""
	return (facts.seller,) if ADDRESS in facts.seller.leaf else ()


def buyer(facts: Facts) -> Nodes:
	"""The buyer, where it has a party."""
	return (facts.buyer,) if "Party" in facts.buyer.leaf else ()


def buyer_in_the_kingdom(facts: Facts) -> Nodes:
	"""The buyer, where its country is SA."""
	return (facts.buyer,) if facts.buyer.leaf.get(COUNTRY) == "SA" else ()


def both_parties(facts: Facts) -> Nodes:
	"""Seller and buyer, empty ones included."""
	return (facts.seller, facts.buyer)


def buyer_identifications(facts: Facts) -> Nodes:
	"""The buyer's registration numbers."""
	return facts.buyer.kids.get(IDENTIFICATION, ())


def lines(facts: Facts) -> Nodes:
	"""The invoice lines (BG-25), prepayment lines among them."""
	return facts.lines


def document_discounts(facts: Facts) -> Nodes:
	"""Document level allowances (BG-20)."""
	return [node for node in facts.allowances if not is_charge(node)]


def document_charges(facts: Facts) -> Nodes:
	"""Document level charges (BG-21)."""
	return [node for node in facts.allowances if is_charge(node)]


def line_allowances(facts: Facts) -> Nodes:
	"""Allowances and charges of the lines (BG-27, BG-28)."""
	return facts.line_allowances


def line_discounts(facts: Facts) -> Nodes:
	"""Line allowances (BG-27)."""
	return [node for node in facts.line_allowances if not is_charge(node)]


def line_charges(facts: Facts) -> Nodes:
	"""Line charges (BG-28)."""
	return [node for node in facts.line_allowances if is_charge(node)]


def price_allowances(facts: Facts) -> Nodes:
	"""Discounts within a line's price (BT-147)."""
	return [node for line in facts.lines for node in line.kids.get("Price/AllowanceCharge", ())]


def tax_totals(facts: Facts) -> Nodes:
	"""The tax totals of the document, with and without breakdown."""
	return facts.tax_totals


def breakdown(facts: Facts) -> Nodes:
	"""The VAT breakdown (BG-23)."""
	return facts.subtotals


def line_categories(facts: Facts) -> Nodes:
	"""The VAT category of each line's item (BT-151)."""
	return facts.line_categories


def line_breakdown(facts: Facts) -> Nodes:
	"""VAT breakdowns within lines, which only prepayment lines have."""
	return facts.line_breakdown


def billing_references(facts: Facts) -> Nodes:
	"""References to the originals (BG-3)."""
	return facts.document.branches.get("BillingReference", ())


def payment_means(facts: Facts) -> Nodes:
	"""How it is paid (BG-16)."""
	return facts.document.branches.get("PaymentMeans", ())


def references(facts: Facts) -> Nodes:
	"""Additional documents: ICV, PIH, QR and any attachment."""
	return facts.document.branches.get("AdditionalDocumentReference", ())
