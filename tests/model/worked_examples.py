"""The worked documents of examples.json as the published JSON, and their expectations in its words."""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.core.calculator import Totals
from bayancore_erp.zatca.core.money import plain

SELLER = {
	"name": "شركة التجربة المحدودة | Example LTD",
	"vat_number": "399999999900003",
	"identification": {"scheme": "CRN", "value": "1010010000"},
	"address": {
		"street": "الامير سلطان",
		"building_number": "2322",
		"district": "المربع",
		"city": "الرياض",
		"postal_code": "23333",
	},
}
HOME = {
	"street": "صلاح الدين",
	"building_number": "1111",
	"district": "المروج",
	"city": "الرياض",
	"postal_code": "12222",
}
BUYERS: dict[str | None, dict[str, Any] | None] = {
	None: None,
	"vat": {"name": "شركة المشتري", "vat_number": "399999999800003", "address": HOME},
	"us": {
		"name": "مصنع فلوريدا | Florida Steel",
		"identification": {"scheme": "OTH", "value": "US4711"},
		"address": {"street": "Main St", "city": "Houston", "country": "US"},
	},
	"gov": {
		"name": "وزارة المالية",
		"identification": {"scheme": "700", "value": "7009847352"},
		"address": HOME,
	},
}


def to_schema(example: dict[str, Any]) -> dict[str, Any]:
	"""The inputs of an example in the published schema."""
	given = example["inputs"]
	starts, ends = given.get("supply") or ("2026-10-05", None)
	allowance_charges = [
		{
			"is_charge": True,
			"vat": each["vat"],
			"reason": each["reason"],
			"reason_code": each["code"],
			**_amount(each),
		}
		for each in given.get("document_charges", [])
	]
	discount = given.get("document_discount")
	if discount:
		reason = {"reason": "خصم | Discount", "reason_code": "95"}
		allowance_charges.append({"on_net": discount["on"] == "net", **reason, **_amount(discount)})
	return {
		"number": f"EX-{example['id']}",
		"uuid": "8d487816-70b8-4ade-a618-9d620b73814a",
		"issue_date": "2026-10-05",
		"issue_time": "14:05:00",
		"type_code": given["type"],
		"flags": given["flags"],
		"seller": SELLER,
		"buyer": BUYERS[given["buyer"]],
		"lines": [_line(each) for each in given["lines"]],
		"currency": given.get("currency", "SAR"),
		"sar_rate": given.get("sar_rate"),
		"prices_include_vat": given.get("prices_include_vat", False),
		"allowance_charges": allowance_charges,
		"prepayments": [
			{
				"invoice_number": each["invoice"],
				"issue_date": each["date"],
				"issue_time": "09:00:00",
				"taxable": each["base"],
				"vat": each["vat"],
			}
			for each in given.get("prepayments", [])
		],
		"payable_rounded_to": given.get("payable_rounded_to"),
		"billing_references": given.get("billing_reference", []),
		"reason": given.get("reason", ""),
		"contract": given.get("contract", ""),
		"payment": {"means_code": given.get("means", "10")},
		"supply_date": starts,
		"supply_end_date": ends,
	}


def _amount(each: dict[str, Any]) -> dict[str, Any]:
	return {"percentage": each["pct"]} if "pct" in each else {"amount": each["amount"]}


def _line(each: dict[str, Any]) -> dict[str, Any]:
	stated: dict[str, Any] = {
		"name": each["name"],
		"quantity": each["qty"],
		"unit_price": each["price"],
		"vat": each["vat"],
	}
	if "discount_pct" in each:
		stated["allowances"] = [{"percentage": each["discount_pct"], "reason": "خصم | Discount"}]
	return stated


def in_their_words(totals: Totals) -> dict[str, Any]:
	"""Our totals under the keys of examples.json."""
	return {
		"lines": [
			{
				"n": number,
				"qty": plain(figures.line.quantity),
				"net_unit_price_BT146": plain(figures.unit_price),
				"allowance_BT136": str(figures.allowance),
				"net_BT131": str(figures.net),
				"vat_KSA11": str(figures.vat),
				"with_vat_KSA12": str(figures.with_vat),
				"category": figures.line.vat.category.value,
			}
			for number, figures in enumerate(totals.lines, start=1)
		],
		"document_allowances_charges": [
			{
				"charge": figure.is_charge,
				"amount": str(figure.amount),
				"category": figure.vat.category.value,
				"rate": plain(figure.vat.rate),
			}
			for figure in totals.allowance_charges
		],
		"prepayment_lines": [
			{
				"invoice": figure.prepayment.invoice_number,
				"category": figure.prepayment.vat.category.value,
				"taxable_KSA31": str(figure.taxable),
				"tax_KSA32": str(figure.tax),
			}
			for figure in totals.prepayments
		],
		"categories": [
			{
				"category": each.vat.category.value,
				"rate": plain(each.vat.rate),
				"code": each.vat.exemption_code or None,
				"taxable_BT116": str(each.taxable),
				"tax_BT117": str(each.tax),
			}
			for each in totals.breakdown
		],
		"totals": {
			"BT-106": str(totals.line_net),
			"BT-107": str(totals.allowances),
			"BT-108": str(totals.charges),
			"BT-109": str(totals.tax_exclusive),
			"BT-110": str(totals.vat),
			"BT-111": str(totals.vat_sar),
			"BT-112": str(totals.tax_inclusive),
			"BT-113": str(totals.prepaid),
			"BT-114": str(totals.rounding),
			"BT-115": str(totals.payable),
		},
	}
