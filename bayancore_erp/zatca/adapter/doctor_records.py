"""What the doctor asks about the record itself: does the device live here, do the books still agree, is an outage on.

Takes the site; gives findings for `examine`. Never changes anything. Source: DESIGN.md, promises 5, 7 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator

import frappe
from frappe import _

from bayancore_erp.zatca.adapter import clone, outage, watch
from bayancore_erp.zatca.adapter.doctor import Finding, Light

SHOWN = 5


def homes() -> Iterator[Finding]:
	"""Every production device: does it belong to this site, and is its chain as far as the archive knows it?"""
	for standing in clone.state():
		area, route = _("Home of {0}").format(standing.device), ("Form", "ZATCA Device", standing.device)
		if standing.ok:
			said = _("The device belongs to this site.")
			yield Finding(area, Light.GREEN, said, "", route, standing.company)
		for reason in standing.reasons:
			todo = _("Press This Site Took Over on the device.")
			yield Finding(area, Light.RED, reason, todo, route, standing.company)


def books() -> Iterator[Finding]:
	"""Issued invoices as they were posted, in their tables and in the ledger."""
	area = _("Issued Invoices")
	found = watch.verify()
	if not found:
		yield Finding(
			area, Light.GREEN, _("Every issued invoice and its ledger entries are as they were posted.")
		)
	for company, mine in watch.by_company(found).items():
		for one in mine[:SHOWN]:
			yield Finding(
				area,
				Light.RED,
				f"{one.name}: {one.what}",
				_(
					"Somebody wrote past every guard. Compare it with the archived copy and keep the evidence."
				),
				("Form", one.doctype, one.name),
				company,
			)


def outages() -> Iterator[Finding]:
	"""Companies in outage mode."""
	for company in frappe.get_all("ZATCA Settings", filters={"outage_active": 1}, pluck="name"):
		yield Finding(
			_("Outage of {0}").format(company),
			Light.AMBER,
			_("Outage mode is on; what is released now is cleared later."),
			_("It ends by itself when ZATCA answers, or in ZATCA Settings."),
			("Form", outage.OUTAGE, outage.current(company) or ""),
			company,
		)
