"""The situations that rules look at: which nodes of a document, in the order in which the document has them.

Takes facts; gives nodes. A situation is a function, and the rules that share it are run over its nodes together.
Source: the contexts of the official sheets, with what shadows what already resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.xpath import spaceless

Nodes = Sequence[Node]


@lru_cache(maxsize=None)
def holders_of(leaf: str, within: str = "") -> Callable[[Facts], Nodes]:
	"""The nodes anywhere in the document that hold a watched text element, or only those called `within`."""

	def holders(facts: Facts) -> Nodes:
		found: Nodes = facts.document.holders.get(leaf, ())
		return [node for node in found if node.name == within] if within and found else found

	return holders


def is_charge(allowance: Node) -> bool:
	"""ChargeIndicator = true(), in any of the four ways to write a boolean."""
	text = allowance.leaf["ChargeIndicator"]
	return text == "true" or (text != "false" and spaceless(text) in ("true", "1"))


def of_vat(category: Node) -> bool:
	"""cac:TaxScheme/normalize-space(upper-case(cbc:ID)) = 'VAT'."""
	text = category.kids["TaxScheme"][0].leaf.get("ID")
	return text == "VAT" or spaceless((text or "").upper()) == "VAT"


def code_of(category: Node) -> str:
	"""normalize-space(cbc:ID) of a tax category."""
	return spaceless(category.leaf.get("ID"))


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
	"""The seller's party."""
	return facts.root.all("AccountingSupplierParty", "Party")


def seller_address(facts: Facts) -> Nodes:
	"""The seller's address."""
	return facts.root.all("AccountingSupplierParty", "Party", "PostalAddress")


def buyer(facts: Facts) -> Nodes:
	"""The buyer's party."""
	return facts.root.all("AccountingCustomerParty", "Party")


def buyer_in_the_kingdom(facts: Facts) -> Nodes:
	"""The buyer's address, where its country is SA."""
	country = facts.buyer_address.kids.get("Country", ())
	return (facts.buyer_address,) if country and country[0].leaf.get("IdentificationCode") == "SA" else ()


def both_parties(facts: Facts) -> Nodes:
	"""Seller and buyer, empty ones included."""
	return (facts.root.kids["AccountingSupplierParty"][0], facts.root.kids["AccountingCustomerParty"][0])


def buyer_identifications(facts: Facts) -> Nodes:
	"""The buyer's registration numbers."""
	return [node for node in facts.buyer.kids.get("PartyIdentification", ()) if "ID" in node.leaf]


def lines(facts: Facts) -> Nodes:
	"""The invoice lines (BG-25), prepayment lines among them."""
	return facts.lines


def line_taxes(facts: Facts) -> Nodes:
	"""The tax total of each line."""
	return [tax for line in facts.lines for tax in line.kids.get("TaxTotal", ())]


def document_discounts(facts: Facts) -> Nodes:
	"""Document level allowances (BG-20)."""
	return [node for node in facts.allowances if not is_charge(node)]


def document_charges(facts: Facts) -> Nodes:
	"""Document level charges (BG-21)."""
	return [node for node in facts.allowances if is_charge(node)]


def line_allowances(facts: Facts) -> Nodes:
	"""Allowances and charges of the lines (BG-27, BG-28)."""
	return [node for line in facts.lines for node in line.kids.get("AllowanceCharge", ())]


def line_discounts(facts: Facts) -> Nodes:
	"""Line allowances (BG-27)."""
	return [node for node in line_allowances(facts) if not is_charge(node)]


def line_charges(facts: Facts) -> Nodes:
	"""Line charges (BG-28)."""
	return [node for node in line_allowances(facts) if is_charge(node)]


def price_allowances(facts: Facts) -> Nodes:
	"""Discounts within a line's price (BT-147)."""
	return [
		node for line in facts.lines for price in line.kids.get("Price", ()) for node in price.kids.get("AllowanceCharge", ())
	]


def tax_totals(facts: Facts) -> Nodes:
	"""The tax totals of the document, with and without breakdown."""
	return facts.tax_totals


def breakdown(facts: Facts) -> Nodes:
	"""The VAT breakdown (BG-23)."""
	return facts.subtotals


def line_categories(facts: Facts) -> Nodes:
	"""The VAT category of each line's item (BT-151)."""
	return [
		node for line in facts.lines for item in line.kids["Item"] for node in item.kids.get("ClassifiedTaxCategory", ())
	]


def line_breakdown(facts: Facts) -> Nodes:
	"""VAT breakdowns within lines, which only prepayment lines have."""
	return [
		node for line in facts.lines for tax in line.kids.get("TaxTotal", ()) for node in tax.kids.get("TaxSubtotal", ())
	]


def billing_references(facts: Facts) -> Nodes:
	"""References to the originals (BG-3)."""
	return facts.document.branches.get("BillingReference", ())


def payment_means(facts: Facts) -> Nodes:
	"""How it is paid (BG-16)."""
	return facts.document.branches.get("PaymentMeans", ())


def references(facts: Facts) -> Nodes:
	"""Additional documents: ICV, PIH, QR and any attachment."""
	return facts.document.branches.get("AdditionalDocumentReference", ())
