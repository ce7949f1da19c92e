"""A fixed share of random invoices: arithmetic, canonical bytes, JSON and back, and the official sheets' verdict.

tests/proofs/arithmetic.py does the same over many more.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from invariants import check
from lxml import etree
from random_invoices import random_invoice

from bayancore_erp.zatca.core.calculator import calculate
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.schema import from_json, to_json
from bayancore_erp.zatca.core.ubl import build_xml

SEED = "model"
# What a simplified invoice lacks before it is stamped.
UNSTAMPED = {"BR-KSA-27", "BR-KSA-28", "BR-KSA-29", "BR-KSA-30", "BR-KSA-60"}


def now() -> datetime:
	"""Riyadh's wall clock: the sheets compare with today."""
	return datetime.now(timezone(timedelta(hours=3))).replace(tzinfo=None)


@pytest.mark.parametrize("share", range(4))
def test_amounts_bytes_and_json(share: int) -> None:
	for index in range(share, 400, 4):
		invoice = random_invoice(Random(f"{SEED}-{index}"), now(), most_lines=40)
		totals = calculate(invoice)
		check(invoice, totals)
		xml = build_xml(invoice, totals, START)
		root = etree.fromstring(xml)
		assert etree.tostring(root, method="c14n") == xml
		assert not [
			element.tag
			for element in root.iter()
			if len(element) == 0 and not element.text and not element.tag.endswith("}AccountingCustomerParty")
		]
		assert from_json(to_json(invoice)) == invoice


def test_official_sheets_find_nothing(oracle: Any) -> None:
	found = {}
	for index in range(60):
		invoice = random_invoice(Random(f"{SEED}-{index}"), now(), most_lines=25)
		verdict = oracle._rules(etree.fromstring(xml := build_xml(invoice, calculate(invoice), START)), xml)
		codes = {finding["code"] for finding in verdict} - UNSTAMPED
		if codes:
			found[index] = codes
	assert not found
