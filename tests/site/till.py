"""The till's day in the test company: opened, sold at, closed, and what its closing put into the ledger against what was signed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import world
from fatoora import fresh

CASH = f"Cash - {world.ABBR}"


def opened(frappe: Any) -> Any:
	"""A till that has begun its day."""
	doc = frappe.get_doc(
		{
			"doctype": "POS Opening Entry",
			"company": world.COMPANY,
			"pos_profile": world.POS_PROFILE,
			"user": "Administrator",
			"period_start_date": f"{world.TODAY} 00:00:00",
			"posting_date": world.TODAY,
			"balance_details": [{"mode_of_payment": "Cash", "opening_amount": 0}],
		}
	)
	doc.insert()
	doc.submit()
	return doc


def close_if_open(frappe: Any) -> None:
	"""The next test opens its own day."""
	stored = frappe.get_doc("POS Opening Entry", frappe.opening.name)
	if stored.status == "Open":
		stored.db_set("status", "Closed")
	frappe.db.sql("update `tabPOS Invoice` set owner = 'Guest' where ifnull(consolidated_invoice, '') = ''")
	frappe.db.commit()


def sold(frappe: Any, *rows: dict[str, Any], paid: Any, inclusive: bool = True, **more: Any) -> Any:
	"""A sale at the till, paid in cash, as a draft."""
	template = world.INCLUSIVE if inclusive else world.EXCLUSIVE
	doc = frappe.get_doc(
		{
			"doctype": "POS Invoice",
			"company": world.COMPANY,
			"pos_profile": world.POS_PROFILE,
			"is_pos": 1,
			"customer": world.WALK_IN,
			"currency": "SAR",
			"posting_date": world.TODAY,
			"set_posting_time": 1,
			"posting_time": "11:00:00",
			"debit_to": world.DEBTORS,
			"items": list(rows),
			"taxes_and_charges": template,
			"taxes": world.vat_rows(template),
			"payments": [{"mode_of_payment": "Cash", "amount": float(paid), "account": CASH}],
			"ignore_pricing_rule": 1,
			**more,
		}
	)
	doc.insert()
	return doc


def closed(frappe: Any) -> Any:
	"""The day's end, as the cashier submits it."""
	from erpnext.accounts.doctype.pos_closing_entry.pos_closing_entry import make_closing_entry_from_opening

	doc = make_closing_entry_from_opening(frappe.opening)
	doc.period_end_date = f"{world.TODAY} 23:59:59"
	for row in doc.payment_reconciliation:
		row.closing_amount = row.expected_amount
	doc.insert()
	doc.submit()
	frappe.db.commit()
	return fresh(frappe, doc)


def consolidated(frappe: Any, closing: Any) -> list[Any]:
	"""What the closing put into the ledger."""
	rows = frappe.get_all(
		"POS Invoice Merge Log",
		filters={"pos_closing_entry": closing.name, "docstatus": 1},
		fields=["consolidated_invoice", "consolidated_credit_note"],
	)
	names = {name for row in rows for name in row.values() if name}
	return [frappe.get_doc("Sales Invoice", name) for name in sorted(names)]


def signed(frappe: Any, docs: list[Any], field: str) -> Decimal:
	"""The sum of a figure of signed documents, credit notes taken off."""
	found = Decimal("0.00")
	for doc in docs:
		row = frappe.db.get_value("ZATCA Document", doc.zatca_uuid, [field, "type_code"], as_dict=True)
		found += Decimal(row[field]) * (-1 if row.type_code == "381" else 1)
	return found
