"""Document discounts and charges, the exchange rate, and VAT by category (BG-20 to BG-23, BT-110, BT-111).

Takes resolved figures; gives lines. The tax total in SAR without breakdown comes first, as in ZATCA's samples, whose
QR takes its VAT from it.
Sources: XML Implementation Standard sections 8 and 9.6; BR-KSA-EN16931-08, -09; BR-KSA-87 to -90.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.calculator import AllowanceChargeFigures, Breakdown, Totals
from bayancore_erp.zatca.core.invoice import Invoice, Text, Vat
from bayancore_erp.zatca.core.money import plain
from bayancore_erp.zatca.core.ubl.elements import amount, block, leaf
from bayancore_erp.zatca.core.ubl.party import VAT_SCHEME

SAR = ' currencyID="SAR"'
# BR-KSA-90: a longer rate is left out; BT-111 says what follows from it.
MOST_RATE_DIGITS = 14


def allowance_charges(totals: Totals, currency: str) -> list[str]:
	"""`cac:AllowanceCharge` of the document, one per figure."""
	return [line for figure in totals.allowance_charges for line in _allowance_charge(figure, currency)]


def _allowance_charge(figure: AllowanceChargeFigures, currency: str) -> list[str]:
	field = f"allowance_charges[{figure.source}]"
	return block(
		"cac:AllowanceCharge",
		[charge_indicator(figure.is_charge)],
		reason(figure.reason_code, figure.reason, field),
		[] if figure.percentage is None else [multiplier(plain(figure.percentage))],
		[amount("cbc:Amount", figure.amount, currency)],
		[] if figure.base is None else [amount("cbc:BaseAmount", figure.base, currency)],
		tax_category("cac:TaxCategory", figure.vat),
	)


def charge_indicator(is_charge: bool) -> str:
	"""Charge (true) or allowance (false)."""
	return f"<cbc:ChargeIndicator>{'true' if is_charge else 'false'}</cbc:ChargeIndicator>"


def reason(code: str, wording: Text, field: str) -> list[str]:
	"""Why something is taken off or added: code (UNTDID 5189 / 7161) and wording."""
	return [
		*leaf("cbc:AllowanceChargeReasonCode", code, f"{field}.reason_code"),
		*leaf("cbc:AllowanceChargeReason", str(wording), f"{field}.reason"),
	]


def multiplier(percentage: str) -> str:
	"""The percentage of an allowance or charge, as a number without a sign."""
	return f"<cbc:MultiplierFactorNumeric>{percentage}</cbc:MultiplierFactorNumeric>"


def rate_text(vat: Vat) -> str:
	"""A VAT rate with the two decimals of ZATCA's samples; further ones stay for the rules to see."""
	whole, _, decimals = plain(vat.rate).partition(".")
	return f"{whole}.{decimals.ljust(2, '0')}"


def tax_category(tag: str, vat: Vat, exemption: list[str] | None = None) -> list[str]:
	"""A VAT category under `tag`, with its exemption where one is to be named."""
	return block(
		tag,
		[f"<cbc:ID>{vat.category.value}</cbc:ID>", f"<cbc:Percent>{rate_text(vat)}</cbc:Percent>"],
		exemption or [],
		VAT_SCHEME,
	)


def exemption(code: str, wording: str) -> list[str]:
	"""Code (BT-121) and reason (BT-120) why no VAT is charged."""
	return [
		*leaf("cbc:TaxExemptionReasonCode", code, "vat.exemption_code"),
		*leaf("cbc:TaxExemptionReason", wording, "vat.exemption_reason"),
	]


def exchange_rate(invoice: Invoice) -> list[str]:
	"""`cac:TaxExchangeRate` (KSA-36): the rate by which BT-111 follows from BT-110."""
	if invoice.currency == "SAR" or invoice.sar_rate is None:
		return []
	rate = plain(invoice.sar_rate)
	if len(rate) > MOST_RATE_DIGITS:
		return []
	return block(
		"cac:TaxExchangeRate",
		leaf("cbc:SourceCurrencyCode", invoice.currency, "currency"),
		["<cbc:TargetCurrencyCode>SAR</cbc:TargetCurrencyCode>"],
		[f"<cbc:CalculationRate>{rate}</cbc:CalculationRate>"],
	)


def tax_totals(totals: Totals, currency: str) -> list[str]:
	"""Both `cac:TaxTotal`: BT-111 in SAR, then BT-110 with the breakdown."""
	subtotals = [line for each in totals.breakdown for line in _subtotal(each, currency)]
	return [
		*block("cac:TaxTotal", [amount("cbc:TaxAmount", totals.vat_sar, SAR)]),
		*block("cac:TaxTotal", [amount("cbc:TaxAmount", totals.vat, currency)], subtotals),
	]


def _subtotal(breakdown: Breakdown, currency: str) -> list[str]:
	return block(
		"cac:TaxSubtotal",
		[
			amount("cbc:TaxableAmount", breakdown.taxable, currency),
			amount("cbc:TaxAmount", breakdown.tax, currency),
		],
		tax_category(
			"cac:TaxCategory", breakdown.vat, exemption(breakdown.vat.exemption_code, breakdown.reason)
		),
	)
