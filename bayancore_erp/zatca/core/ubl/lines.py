"""Invoice lines (BG-25) and the lines that deduct advances (KSA-26 … KSA-34).

Takes resolved line figures; gives text at its place in the document. Written as whole templates, unlike the rest: a
document has one head and up to thousands of lines.
Sources: XML Implementation Standard section 8; BR-KSA-52, -53, -73, -75, -82; BR-22 (quantity "0.00", never "0").
"""

from __future__ import annotations

from bayancore_erp.zatca.core.calculator import LineAllowanceFigures, LineFigures, PrepaymentFigures
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import Line, Vat
from bayancore_erp.zatca.core.money import plain
from bayancore_erp.zatca.core.ubl.elements import amount, attribute, block, indented, leaf, text
from bayancore_erp.zatca.core.ubl.tax import charge_indicator, exemption, multiplier, reason, tax_category

LINE_DEPTH = 2
PREPAYMENT_UNIT = "PCE"


class LineWriter:
	"""Writes the lines of one document, whose currency and few VAT categories recur in each."""

	def __init__(self, currency: str) -> None:
		self.currency = currency
		self._categories: dict[int, str] = {}

	def line(self, figures: LineFigures, index: int) -> str:
		"""One `cac:InvoiceLine`. Raises InvalidInput with the field in `lines[index]`."""
		try:
			return self._line(figures)
		except InvalidInput as problem:
			raise InvalidInput(
				problem.message, hint=problem.hint, field=f"lines[{index}].{problem.field}"
			) from problem

	def _line(self, figures: LineFigures) -> str:
		line, money = figures.line, self.currency
		note = indented(leaf("cbc:Note", str(line.note), "note"), LINE_DEPTH) if line.note else ""
		name = indented(leaf("cbc:Name", str(line.name), "name"), LINE_DEPTH + 1)
		return f"""\
  <cac:InvoiceLine>
    <cbc:ID>{text(figures.number, "identifier")}</cbc:ID>
{note}\
    <cbc:InvoicedQuantity{_unit(line.unit)}>{plain(line.quantity)}</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount{money}>{figures.net}</cbc:LineExtensionAmount>
{self._allowances(figures) if figures.allowances else ""}\
    <cac:TaxTotal>
      <cbc:TaxAmount{money}>{figures.vat}</cbc:TaxAmount>
      <cbc:RoundingAmount{money}>{figures.with_vat}</cbc:RoundingAmount>
    </cac:TaxTotal>
    <cac:Item>
{name}\
{_item_ids(line)}\
{self._category(line.vat)}\
    </cac:Item>
    <cac:Price>
      <cbc:PriceAmount{money}>{plain(figures.unit_price)}</cbc:PriceAmount>
{self._price_details(figures)}\
    </cac:Price>
  </cac:InvoiceLine>
"""

	def _category(self, vat: Vat) -> str:
		found = self._categories.get(id(vat))
		if found is None:
			found = indented(tax_category("cac:ClassifiedTaxCategory", vat), LINE_DEPTH + 1)
			self._categories[id(vat)] = found
		return found

	def _allowances(self, figures: LineFigures) -> str:
		blocks = [self._allowance(each, index) for index, each in enumerate(figures.allowances)]
		return "".join(indented(lines, LINE_DEPTH) for lines in blocks)

	def _allowance(self, figures: LineAllowanceFigures, index: int) -> list[str]:
		return block(
			"cac:AllowanceCharge",
			[charge_indicator(figures.is_charge)],
			reason(figures.reason_code, figures.reason, f"allowances[{index}]"),
			[] if figures.percentage is None else [multiplier(plain(figures.percentage))],
			[amount("cbc:Amount", figures.amount, self.currency)],
			[] if figures.base is None else [amount("cbc:BaseAmount", figures.base, self.currency)],
		)

	def _price_details(self, figures: LineFigures) -> str:
		"""Base quantity (BT-149), and the discount between list price (BT-148) and net price (BT-147)."""
		line, lines = figures.line, []
		if line.price_base_quantity is not None:
			base = plain(line.price_base_quantity)
			lines.append(f"<cbc:BaseQuantity{_unit(line.unit)}>{base}</cbc:BaseQuantity>")
		if figures.gross_price is not None and figures.price_discount is not None:
			lines += block(
				"cac:AllowanceCharge",
				[
					charge_indicator(False),
					f"<cbc:Amount{self.currency}>{plain(figures.price_discount)}</cbc:Amount>",
					f"<cbc:BaseAmount{self.currency}>{plain(figures.gross_price)}</cbc:BaseAmount>",
				],
			)
		return indented(lines, LINE_DEPTH + 1) if lines else ""

	def prepayment(self, figures: PrepaymentFigures, index: int) -> str:
		"""The line that deducts one advance in one VAT category: all its own amounts are zero (BR-KSA-82)."""
		given, money, field = figures.prepayment, self.currency, f"prepayments[{index}]"
		day = f"<cbc:IssueDate>{given.issue_date:%Y-%m-%d}</cbc:IssueDate>"
		clock = (
			[]
			if given.issue_time is None
			else [f"<cbc:IssueTime>{given.issue_time:%H:%M:%S}</cbc:IssueTime>"]
		)
		named = exemption(given.vat.exemption_code, str(given.vat.reason))
		return indented(
			block(
				"cac:InvoiceLine",
				[
					f"<cbc:ID>{figures.number}</cbc:ID>",
					f'<cbc:InvoicedQuantity unitCode="{PREPAYMENT_UNIT}">0.00</cbc:InvoicedQuantity>',
					f"<cbc:LineExtensionAmount{money}>0.00</cbc:LineExtensionAmount>",
				],
				block(
					"cac:DocumentReference",
					leaf("cbc:ID", given.invoice_number, f"{field}.invoice_number"),
					leaf("cbc:UUID", given.uuid, f"{field}.uuid"),
					[day],
					clock,
					["<cbc:DocumentTypeCode>386</cbc:DocumentTypeCode>"],
				),
				block(
					"cac:TaxTotal",
					[
						f"<cbc:TaxAmount{money}>0.00</cbc:TaxAmount>",
						f"<cbc:RoundingAmount{money}>0.00</cbc:RoundingAmount>",
					],
					block(
						"cac:TaxSubtotal",
						[
							amount("cbc:TaxableAmount", figures.taxable, money),
							amount("cbc:TaxAmount", figures.tax, money),
						],
						tax_category("cac:TaxCategory", given.vat, named),
					),
				),
				block(
					"cac:Item",
					leaf("cbc:Name", str(given.name), f"{field}.name"),
					tax_category("cac:ClassifiedTaxCategory", given.vat),
				),
				block("cac:Price", [f"<cbc:PriceAmount{money}>0.00</cbc:PriceAmount>"]),
			),
			1,
		)


def _unit(unit: str) -> str:
	unit = unit.strip()
	return f' unitCode="{attribute(unit, "unit")}"' if unit else ""


def _item_ids(line: Line) -> str:
	if not (line.buyer_item_id or line.seller_item_id or line.standard_item_id):
		return ""
	given = (
		("cac:BuyersItemIdentification", line.buyer_item_id, "buyer_item_id"),
		("cac:SellersItemIdentification", line.seller_item_id, "seller_item_id"),
		("cac:StandardItemIdentification", line.standard_item_id, "standard_item_id"),
	)
	return "".join(
		indented(block(tag, leaf("cbc:ID", value, field)), LINE_DEPTH + 1) for tag, value, field in given
	)
