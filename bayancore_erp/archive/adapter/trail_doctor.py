"""The trail's part of the doctor's round: is it sealed, can its key be read, is it anchored.

Takes the site; gives findings. Whether the trail holds is not asked here: verifying takes longer than a round.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter import trail_key, trail_seal
from bayancore_erp.archive.adapter.trail_heads import WHAT, vat_number_of
from bayancore_erp.zatca.adapter.doctor import Finding, Light

LATE = timedelta(minutes=15)
ANCHOR_DAYS = 3


def trail() -> Iterator[Finding]:
	"""Sealed every minute, with a key that is there."""
	route = ("List", "Audit Event")
	if not trail_key.key_of_site():
		yield Finding(
			_("Audit Trail"),
			Light.RED,
			_("The key of the audit trail cannot be read: new events carry no code."),
			_("Restore the site's encryption key from the backup."),
			route,
		)
	waiting = trail_seal.unsealed(trail_seal.watermark())
	late = [row for row in waiting if row.at and now_datetime() - row.at > LATE]
	if late:
		yield Finding(
			_("Audit Trail"),
			Light.RED,
			_("Events have waited for their seal since {0}.").format(frappe.format(late[0].at, "Datetime")),
			_("Is the scheduler running? It seals new events every minute."),
			route,
		)
	else:
		yield Finding(_("Audit Trail"), Light.GREEN, _("New events are sealed."), "", route)


def anchors() -> Iterator[Finding]:
	"""Each company's heads are in its archive."""
	for company in trail_seal.companies():
		if not company or not vat_number_of(company):
			continue
		last = frappe.db.get_value("Archive Object", {"company": company, "what": WHAT}, "max(issued_on)")
		begun = frappe.db.get_value("Audit Event", {"company": company}, "min(at)")
		since = last or begun
		if since and (getdate() - getdate(since)).days > ANCHOR_DAYS:
			yield Finding(
				_("Audit Trail"),
				Light.AMBER,
				_("{0}: the heads of its chains were not put into the archive for {1} days.").format(
					company, (getdate() - getdate(since)).days
				),
				_("It is done once a day by the scheduler. See the Error Log for what keeps it."),
				("List", "Audit Seal"),
				company,
			)
