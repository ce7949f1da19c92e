"""`bench worker` that lets two kinds of mistake out, which our own rules stop, so that ZATCA's answer to them reaches a worker.

Run as a program with the worker's options. An invoice whose purchase order is REFUSED leaves with a wrong VAT number of its
buyer, one whose is WARNED without the buyer's building number. An answer is awaited for some seconds, not for more than a minute.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from typing import Any

REFUSED, WARNED = "PO-REFUSED", "PO-WARNED"
SECONDS = 6


def spoilt(invoice: Any) -> Any:
	"""The invoice as its purchase order asks for it; None where it asks for nothing."""
	buyer = invoice.buyer
	if invoice.purchase_order == REFUSED:
		return replace(invoice, buyer=replace(buyer, vat_number="123"))
	if invoice.purchase_order == WARNED:
		return replace(invoice, buyer=replace(buyer, address=replace(buyer.address, building_number="")))
	return None


def prepare(invoice: Any, *rest: Any, **more: Any) -> Any:
	"""The pipeline's own, without its refusal for the spoilt."""
	from bayancore_erp.zatca.core import pipeline

	bad = spoilt(invoice)
	return (
		pipeline.prepare(bad, *rest, **more, refuse=False)
		if bad
		else pipeline.prepare(invoice, *rest, **more)
	)


def main() -> None:
	"""Patch, then be the worker: its work-horses are forks of this process."""
	from frappe.utils.bench_helper import main as bench

	from bayancore_erp.zatca.adapter import gateway, signing

	for heavy in ("erpnext.accounts.doctype.sales_invoice.sales_invoice", "bayancore_erp.zatca.jobs"):
		import_module(heavy)  # a work-horse has it from its parent, rather than read it anew for each job
	signing.prepare = prepare
	gateway.READ_TIMEOUT = SECONDS
	sys.argv[0:1] = ["bench_helper", "frappe", "worker"]
	bench()


if __name__ == "__main__":
	main()
