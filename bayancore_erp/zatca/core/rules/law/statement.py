"""What the document states: exemptions and their reasons, currency, discounts beside category O, name and number.

Sources: XML Implementation Standard sections 11.2.4 and 13.2.6 (BR-O-13), 14; VAT Implementing Regulations art. 61;
Security Features Standard (QR: one length byte per value); BR-KSA-83, BR-KSA-CL-04 (warnings only).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from bayancore_erp.zatca.core.codes import EXEMPTIONS, VatCategory
from bayancore_erp.zatca.core.money import round2
from bayancore_erp.zatca.core.rules.law.case import Breach, Case, breach

QR_NAME_BYTES = 255
HALALA, ONE = Decimal("0.01"), Decimal(1)
_NUMBER_MARKS = frozenset("-/_.#:\\() ")


def exemption_missing(case: Case) -> Iterator[Breach]:
	"""Zero rated, exempt and out of scope each say why, by code. Section 11.2.4; BR-KSA-23/24/69 warn only."""
	for place, vat in case.vats():
		if vat.category is not VatCategory.STANDARD and not vat.exemption_code:
			yield breach(f"{place}.exemption_code")


def exemption_misfit(case: Case) -> Iterator[Breach]:
	"""The exemption code is the Kingdom's own and belongs to the category. Section 11.2.4; BR-KSA-CL-04 warns only."""
	for place, vat in case.vats():
		code = vat.exemption_code
		if code and (code not in EXEMPTIONS or EXEMPTIONS[code].category is not vat.category):
			yield breach(f"{place}.exemption_code", found=code)


def discount_beside_out_of_scope(case: Case) -> Iterator[Breach]:
	"""Beside category O no document discount of another category stands: it belongs on the lines. 13.2.6, BR-O-13."""
	if case.totals is None or not case.has(VatCategory.OUT_OF_SCOPE):
		return
	for part in case.totals.allowance_charges:
		if not part.is_charge and part.vat.category is not VatCategory.OUT_OF_SCOPE:
			yield breach(f"allowance_charges[{part.source}].vat")
			return


def currency_without_rate(case: Case) -> Iterator[Breach]:
	"""VAT is stated in riyals at SAMA's rate of the tax-due date. VAT Implementing Regulations art. 61."""
	invoice = case.invoice
	if invoice.currency != "SAR" and invoice.sar_rate is None and invoice.vat_sar is None:
		yield breach("sar_rate", found=invoice.currency)


def vat_in_riyals(case: Case) -> Iterator[Breach]:
	"""VAT stated in riyals is the VAT at the stated rate, but for what books round line by line. Art. 61; BR-KSA-97.

	Without a rate, VAT is not nothing in riyals; of a currency so weak that it is, the rate says so.
	"""
	invoice, totals = case.invoice, case.totals
	if totals is None or invoice.currency == "SAR" or invoice.vat_sar is None:
		return
	rate = invoice.sar_rate
	if rate is None:
		if totals.vat and not totals.vat_sar:
			yield breach("vat_sar")
		return
	expected = round2(totals.vat * rate)
	rounded = len(totals.lines) + len(totals.breakdown)
	if abs(totals.vat_sar - expected) > HALALA * rounded * max(rate, ONE):
		yield breach("vat_sar", expected=str(expected), found=str(totals.vat_sar))


def seller_name_in_qr(case: Case) -> Iterator[Breach]:
	"""The QR code gives a value one byte for its length: at most 255 bytes of UTF-8. Security Features Standard."""
	size = len(case.invoice.seller.name.encode("utf-8", "surrogatepass"))
	if size > QR_NAME_BYTES:
		yield breach("seller.name", found=str(size))


def number_characters(case: Case) -> Iterator[Breach]:
	"""The number is readable, can be typed in again and makes a file name: letters, digits and common marks. Section 14."""
	number = case.invoice.number
	odd = [
		c for c in number if not (unicodedata.category(c) in ("Lu", "Ll", "Lo", "Nd") or c in _NUMBER_MARKS)
	]
	if number and (odd or number != " ".join(number.split())):
		yield breach("number")
