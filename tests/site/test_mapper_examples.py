"""Every worked example, made in ERPNext as its users would: the expected XML totals, and after submission the ledger lines.

Once with Commercial Rounding, which the app installs, and once with Frappe's default, Banker's Rounding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import world
from private_bench import PrivateBench
from world import charge, invoice, line, vat_rows

EXAMPLES_FILE = Path(__file__).resolve().parents[3] / "shared" / "examples.json"
EXAMPLES = json.loads(EXAMPLES_FILE.read_text()) if EXAMPLES_FILE.is_file() else []
ISSUED = datetime(2026, 11, 10, 14, 30)
NIL = Decimal("0.00")
ACCOUNTS = {
	"Debtors": world.DEBTORS,
	"Sales": world.SALES,
	"VAT 15% Output": world.VAT,
	"Round Off": world.ROUND_OFF,
	"Advances from customers (liability)": world.ADVANCES,
	"Freight and charges income": world.FREIGHT,
	"Service charge income": world.SERVICE_CHARGE,
	"Retention receivable": world.RETENTION,
	"Tips payable to staff": world.TIPS,
	"Promotion expense": world.PROMOTION,
	"Cash": f"Cash - {world.ABBR}",
}
BUYERS = {"vat": world.VAT_BUYER, "us": world.FOREIGN_BUYER, "gov": world.GOV_BUYER, None: world.WALK_IN}


@pytest.fixture(scope="module")
def site(bench: PrivateBench) -> Iterator[Any]:
	"""frappe on a site with a Saudi company."""
	with world.connected(bench) as frappe:
		world.wire_settlement(frappe)
		yield frappe


@pytest.fixture(params=["Commercial Rounding", "Banker's Rounding"])
def frappe(site: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
	"""The same with one of Frappe's roundings; everything taken back afterwards."""
	site.db.set_single_value("System Settings", "rounding_method", request.param)
	world.forget_settings(site)
	yield site
	site.db.rollback()
	world.forget_settings(site)


@pytest.mark.skipif(not EXAMPLES, reason="../shared/examples.json is not on this machine")
@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_example(frappe: Any, example: dict[str, Any]) -> None:
	from bayancore_erp.zatca.adapter import mapper
	from bayancore_erp.zatca.adapter.settle import difference
	from bayancore_erp.zatca.core.calculator import calculate
	from bayancore_erp.zatca.core.chain import START
	from bayancore_erp.zatca.core.pipeline import SIGNED_LATER
	from bayancore_erp.zatca.core.rules import Severity, check
	from bayancore_erp.zatca.core.ubl import build_xml

	doc = make(frappe, example)
	mapping = mapper.map_document(doc, issued_at=ISSUED)
	totals = calculate(mapping.invoice)
	assert totals_of(totals) == example["expected"]["totals"]
	assert lines_of(totals) == [
		tuple(
			one[key]
			for key in ("qty", "net_BT131", "vat_KSA11", "with_vat_KSA12", "allowance_BT136", "category")
		)
		for one in example["expected"]["lines"]
	]
	assert [(p.is_charge, str(p.amount), p.vat.category.value) for p in totals.allowance_charges] == [
		(one["charge"], one["amount"], one["category"])
		for one in example["expected"]["document_allowances_charges"]
	]
	assert mapping.invoice.flags.code == example["inputs"]["flags"]
	assert mapping.invoice.type_code.value == example["inputs"]["type"]
	assert mapping.invoice.contract == example["inputs"].get("contract", "")
	assert not difference(doc, totals)
	found = check(build_xml(mapping.invoice, totals, START), today=ISSUED.date(), now=ISSUED.astimezone())
	assert [one for one in found if one.code not in SIGNED_LATER] == []

	doc.submit()
	again = mapper.map_document(doc, issued_at=ISSUED)
	assert calculate(again.invoice) == totals, "submission changes nothing that the invoice says"
	assert world.ledger(frappe, doc) == booked_as(example)
	assert mapper.kind_of(doc).value == (
		"Simplified" if example["inputs"]["flags"].startswith("02") else "Standard"
	)
	assert Severity.ERROR not in {one.severity for one in found if one.code not in SIGNED_LATER}


def make(frappe: Any, example: dict[str, Any]) -> Any:
	"""The example as a user enters it. The till's customer pays cash where the example says so."""
	inputs = example["inputs"]
	more: dict[str, Any] = {}
	rows = [row_of(one) for one in inputs["lines"]]
	template = world.INCLUSIVE if inputs.get("prices_include_vat") else world.EXCLUSIVE
	taxes = vat_rows(template)
	if inputs.get("currency", "SAR") != "SAR":
		more.update(currency=inputs["currency"], conversion_rate=float(inputs["sar_rate"]))
	for part in inputs.get("document_charges", ()):
		freight = part["code"] == "FC"
		words, _, arabic = part["reason"].partition(" | ")
		row = charge(
			world.FREIGHT if freight else world.SERVICE_CHARGE,
			part.get("amount", 0),
			words,
			zatca_description_ar=arabic,
		)
		if "pct" in part:
			row.update(charge_type="On Net Total", rate=float(part["pct"]), tax_amount=0)
		for tax in taxes:
			tax.update(charge_type="On Previous Row Total", row_id=1)
		taxes = [row, *taxes]
	if "document_discount" in inputs:
		more.update(
			apply_discount_on="Net Total",
			additional_discount_percentage=float(inputs["document_discount"]["pct"]),
		)
	if "supply" in inputs:
		more.update(zatca_supply_date=inputs["supply"][0], zatca_supply_end_date=inputs["supply"][1])
	if inputs["type"] in ("381", "383"):
		more.update(
			zatca_original_numbers="\n".join(inputs["billing_reference"]),
			zatca_original_kind="Standard",
			zatca_reason_code="Return" if inputs["type"] == "381" else "Change of Value",
		)
	if inputs["type"] == "381":
		more["is_return"] = 1
		for row in rows:
			row["qty"] = -row["qty"]
	if inputs["type"] == "383":
		more["is_debit_note"] = 1
	if inputs["type"] == "386":
		more["zatca_is_prepayment"] = 1
		for row in rows:
			row["income_account"] = world.ADVANCES
	if "prepayments" in inputs:
		more["zatca_prepayments"] = [
			{
				"invoice_number": one["invoice"],
				"issue_date": one["date"],
				"issue_time": "10:00:00",
				"taxable": float(one["base"]),
				"vat_category": "Standard Rated" if one["vat"] == "S" else "Zero Rated",
				"vat_rate": 15 if one["vat"] == "S" else 0,
				"exemption_code": None if one["vat"] == "S" else one["vat"],
			}
			for one in inputs["prepayments"]
		]
	if "contract" in inputs:
		more["zatca_contract_number"] = inputs["contract"]
	if inputs["flags"][3] == "1":
		value = Decimal(inputs["lines"][0]["price"])
		more["zatca_nominal"] = 1
		taxes += [
			charge(world.SALES, -value, "Value of the gift", zatca_treatment="Nominal Supply"),
			charge(world.PROMOTION, -(value * 15 / 100), "VAT on the gift", zatca_treatment="Nominal Supply"),
		]
	if "tip" in inputs.get("outside_xml", {}):
		taxes.append(charge(world.TIPS, inputs["outside_xml"]["tip"], "Tip", zatca_treatment="Tip"))
	if "retention" in example["why"] and example["id"] == "E27":
		taxes.append(charge(world.RETENTION, "-10000", "10 % retention", zatca_treatment="Retention"))
	if "payable_rounded_to" in inputs:
		frappe.db.set_single_value("Global Defaults", "disable_rounded_total", 0)
		more["disable_rounded_total"] = 0
	till = any(row["account"] == "Cash" for row in example["expected"]["ledger"])
	if till:
		due = sum(Decimal(row["debit"]) for row in example["expected"]["ledger"] if row["account"] == "Cash")
		more.update(
			is_pos=1,
			pos_profile=world.POS_PROFILE,
			payments=[{"mode_of_payment": "Cash", "amount": float(due), "account": ACCOUNTS["Cash"]}],
		)
	if inputs["buyer"] is None and not till:
		more["zatca_buyer_kind"] = "Private Person"
	return invoice(frappe, BUYERS[inputs["buyer"]], rows, taxes=taxes, **more)


def booked_as(example: dict[str, Any]) -> dict[str, Decimal]:
	"""The ledger lines the example expects, debit less credit by account."""
	expected: dict[str, Decimal] = {}
	for row in example["expected"]["ledger"]:
		account = ACCOUNTS[row["account"]]
		expected[account] = expected.get(account, NIL) + Decimal(row["debit"]) - Decimal(row["credit"])
	return expected


def row_of(one: dict[str, Any]) -> dict[str, Any]:
	"""An items row; a discount as the price list's."""
	row = line(one["name"], one["qty"], one["price"], one["vat"])
	if "discount_pct" in one:
		row.update(
			price_list_rate=float(one["price"]), discount_percentage=float(one["discount_pct"]), rate=0
		)
	return row


def totals_of(totals: Any) -> dict[str, str]:
	"""BT-106 to BT-115."""
	named = (
		("BT-106", "line_net"),
		("BT-107", "allowances"),
		("BT-108", "charges"),
		("BT-109", "tax_exclusive"),
		("BT-110", "vat"),
		("BT-111", "vat_sar"),
		("BT-112", "tax_inclusive"),
		("BT-113", "prepaid"),
		("BT-114", "rounding"),
		("BT-115", "payable"),
	)
	return {code: str(getattr(totals, field)) for code, field in named}


def lines_of(totals: Any) -> list[tuple[str, ...]]:
	"""What the example states of each line."""
	from bayancore_erp.zatca.core.money import plain

	return [
		(
			plain(each.line.quantity),
			str(each.net),
			str(each.vat),
			str(each.with_vat),
			str(each.allowance),
			each.line.vat.category.value,
		)
		for each in totals.lines
	]
