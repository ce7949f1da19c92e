"""The UBL document, whole and unsigned.

Takes an invoice, its totals and its place in the chain; gives the bytes that are hashed: canonical already, in a fixed
layout, with the namespaces that the stamp needs declared on the root. Never adds stamp, QR or XML declaration.
Sources: UBL 2.1 Invoice; Canonical XML 1.1; ZATCA.md sections 2 and 3.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.chain import ChainPosition
from bayancore_erp.zatca.core.invoice import Invoice
from bayancore_erp.zatca.core.ubl.delivery import delivery, payment_means
from bayancore_erp.zatca.core.ubl.elements import currency_attribute, indented
from bayancore_erp.zatca.core.ubl.lines import LineWriter
from bayancore_erp.zatca.core.ubl.party import customer, supplier
from bayancore_erp.zatca.core.ubl.references import head, references
from bayancore_erp.zatca.core.ubl.tax import allowance_charges, exchange_rate, tax_totals
from bayancore_erp.zatca.core.ubl.totals import monetary_total

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
ROOT = (
	f'<Invoice xmlns="{_UBL}Invoice-2" xmlns:cac="{_UBL}CommonAggregateComponents-2"'
	f' xmlns:cbc="{_UBL}CommonBasicComponents-2" xmlns:ext="{_UBL}CommonExtensionComponents-2">'
)


def build_xml(invoice: Invoice, totals: Totals, chain: ChainPosition) -> bytes:
	"""The unsigned document as canonical UTF-8 bytes.

	`totals` must come from `calculate(invoice)`. An incomplete draft lacks the elements of what is not stated, for the
	rules to report. Raises InvalidInput with the field for text that XML cannot carry.
	"""
	currency = currency_attribute(invoice.currency)
	body = [
		*head(invoice),
		*references(invoice, chain),
		*supplier(invoice.seller),
		*customer(invoice.buyer),
		*delivery(invoice),
		*payment_means(invoice),
		*allowance_charges(totals, currency),
		*exchange_rate(invoice),
		*tax_totals(totals, currency),
		*monetary_total(totals, currency),
	]
	writer = LineWriter(currency)
	lines = [writer.line(figures, index) for index, figures in enumerate(totals.lines)]
	deductions = [writer.prepayment(figures, index) for index, figures in enumerate(totals.prepayments)]
	return "".join([ROOT, "\n", indented(body, 1), *lines, *deductions, "</Invoice>"]).encode()
