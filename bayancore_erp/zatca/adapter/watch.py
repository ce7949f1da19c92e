"""Finds what goes round Frappe's documents: raw writes to a posted invoice, rows that are gone, a ledger that differs.

Takes the digests of posted invoices and the site's tables; gives every place where they no longer agree. Runs daily and for
`doctor`; a finding is told to the managers. Repairs nothing. Sources: FRAPPE.md section 4 (what passes every guard) and 8.9.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _
from frappe.utils import flt

from bayancore_erp.zatca.adapter import books, managers
from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, State
from bayancore_erp.zatca.adapter.journal import SUBMISSION

BATCH = 500
CENT = 0.005


@dataclass(frozen=True, slots=True)
class Finding:
	"""One invoice and what is wrong with it."""

	doctype: str
	name: str
	what: str


def verify(names: Sequence[str] | None = None) -> list[Finding]:
	"""Look at every posted invoice with a signed document, or only at `names`."""
	found: list[Finding] = []
	for doctype in INVOICE_DOCTYPES:
		for batch in batches(doctype, names):
			found += look(doctype, batch)
	return found if names is not None else [*gone(), *found]


def batches(doctype: str, names: Sequence[str] | None) -> Iterator[dict[str, Any]]:
	"""Name -> the submission that posted it (its digest and state), some hundred at a time."""
	last = ""
	while True:
		filters: dict[str, Any] = {
			"invoice_doctype": doctype,
			"posted_digest": ("is", "set"),
			"invoice_name": (">", last),
		}
		if names is not None:
			filters["invoice_name"] = ("in", list(names))
		rows = frappe.get_all(
			SUBMISSION,
			filters=filters,
			fields=["invoice_name", "posted_digest", "state", "kind", "released_at", "creation"],
			order_by="invoice_name, creation",
			limit=0 if names is not None else BATCH,
		)
		if rows:
			# a re-issued invoice has several; the last one speaks
			yield {row.invoice_name: row for row in rows}
		if names is not None or len(rows) < BATCH:
			return
		last = rows[-1].invoice_name


def look(doctype: str, posted: dict[str, Any]) -> list[Finding]:
	"""Digest, docstatus and ledger of some invoices."""
	names = list(posted)
	heads = {
		row.name: row
		for row in frappe.get_all(
			doctype, filters={"name": ("in", names)}, fields=["name", "docstatus", *books.HEAD]
		)
	}
	items = children(f"{doctype} Item", names, books.ITEM)
	taxes = children("Sales Taxes and Charges", names, books.TAX)
	found = []
	booked = []
	for name, row in posted.items():
		head = heads.get(name)
		if head is None:
			continue  # told by `gone`
		taken_back = row.state == State.REJECTED.value and row.released_at and head.docstatus == 2
		if head.docstatus != 1 and not taken_back:
			found.append(
				Finding(doctype, name, _("It was issued, but it is no longer a submitted document."))
			)
		if books.digest_of_rows(head, items[name], taxes[name]) != row.posted_digest:
			found.append(Finding(doctype, name, _("It no longer says what it said when it was posted.")))
		if head.docstatus == 1:
			booked.append(name)
	if doctype == "Sales Invoice":
		found += [Finding(doctype, name, what) for name, what in ledger(booked)]
	return found


def children(doctype: str, names: list[str], fields: Iterable[str]) -> dict[str, list[Any]]:
	"""The rows of a child table by parent."""
	by_parent: dict[str, list[Any]] = defaultdict(list)
	for row in frappe.get_all(
		doctype, filters={"parent": ("in", names)}, fields=["parent", *fields], order_by="parent, idx"
	):
		by_parent[row.parent].append(row)
	return by_parent


def gone() -> list[Finding]:
	"""Signed documents whose invoice is not in its table any more."""
	found = []
	for doctype in INVOICE_DOCTYPES:
		rows = frappe.db.sql(
			f"""select distinct d.invoice_name from `tabZATCA Document` d
			left join `tab{doctype}` i on i.name = d.invoice_name
			where d.invoice_doctype = %s and i.name is null""",
			doctype,
		)
		found += [
			Finding(doctype, row[0], _("It was signed for ZATCA, but its record is gone.")) for row in rows
		]
	return found


def ledger(names: list[str]) -> Iterator[tuple[str, str]]:
	"""Where the ledger no longer carries the invoice: not at all, unbalanced, or with another VAT or receivable."""
	if not names:
		return
	sums = {row.name: row for row in frappe.db.sql(_LEDGER, {"names": names}, as_dict=True)}
	for name in names:
		row = sums[name]
		if not row.entries:
			if flt(row.expected):
				yield name, _("It has no ledger entries.")
			continue
		if abs(flt(row.balance)) > CENT:
			yield name, _("Its ledger entries do not balance: {0}.").format(flt(row.balance, 2))
		if abs(flt(row.vat) - flt(row.expected_vat)) > CENT:
			yield (
				name,
				_("VAT: the ledger shows {0}, the document {1}.").format(
					flt(row.vat, 2), flt(row.expected_vat, 2)
				),
			)
		if row.plain and abs(flt(row.receivable) - flt(row.expected)) > CENT:
			yield (
				name,
				_("Receivable: the ledger shows {0}, the document {1}.").format(
					flt(row.receivable, 2), flt(row.expected, 2)
				),
			)


# `plain`: nothing but the sale moves its receivable; a till's payments, write-offs and points do so lawfully.
_LEDGER = """
	select i.name,
		(i.is_pos = 0 and ifnull(i.write_off_amount, 0) = 0 and ifnull(i.redeem_loyalty_points, 0) = 0) as plain,
		if(ifnull(i.rounding_adjustment, 0) != 0 and ifnull(i.base_rounded_total, 0) != 0,
			i.base_rounded_total, i.base_grand_total) as expected,
		count(g.name) as entries,
		sum(g.debit - g.credit) as balance,
		sum(if(g.account = i.debit_to, g.debit - g.credit, 0)) as receivable,
		-sum(if(a.account_type = 'Tax', g.debit - g.credit, 0)) as vat,
		(select ifnull(sum(t.base_tax_amount_after_discount_amount), 0) from `tabSales Taxes and Charges` t
			join `tabAccount` ta on ta.name = t.account_head and ta.account_type = 'Tax'
			where t.parenttype = 'Sales Invoice' and t.parent = i.name) as expected_vat
	from `tabSales Invoice` i
	left join `tabGL Entry` g on g.voucher_type = 'Sales Invoice' and g.voucher_no = i.name and g.is_cancelled = 0
	left join `tabAccount` a on a.name = g.account
	where i.name in %(names)s
	group by i.name
"""


def daily() -> list[Finding]:
	"""Verify everything and tell the managers what was found."""
	found = verify()
	for one in found:
		frappe.log_error(
			title=_("ZATCA: {0} was changed past every guard").format(one.name),
			message=one.what,
			reference_doctype=one.doctype,
			reference_name=one.name,
		)
	for company, mine in by_company(found).items():
		first = mine[0]

		def say(count: int = len(mine), name: str = first.name) -> str:
			return str(
				_(
					"{0} issued invoices no longer agree with what was posted; the first is {1}. The Error Log says what is wrong with each."
				).format(count, name)
			)

		managers.alert(first.doctype, first.name, company, say)
	return found


def by_company(found: Iterable[Finding]) -> dict[str, list[Finding]]:
	"""The findings of each company, which the lawful record names even where the invoice is gone."""
	mine: dict[str, list[Finding]] = defaultdict(list)
	for one in found:
		key = {"invoice_doctype": one.doctype, "invoice_name": one.name}
		mine[str(frappe.db.get_value("ZATCA Document", key, "company"))].append(one)
	return mine
