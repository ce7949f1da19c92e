"""Two clocks: Riyadh's, by which invoices are issued and the lawful record is kept, and the site's, by which Frappe keeps the rest.

Takes a moment with its zone, or a site's time as a Datetime field holds it; gives the other. They agree where the site stands on
Asia/Riyadh, which the doctor advises. Source: ZATCA.md (issue date and time are the Kingdom's).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from frappe.utils import get_system_timezone

from bayancore_erp.zatca.core.pipeline import RIYADH


def in_riyadh(moment: datetime) -> datetime:
	"""Riyadh's time without zone, as the lawful record holds it."""
	return moment.astimezone(RIYADH).replace(tzinfo=None)


def on_site(moment: datetime) -> datetime:
	"""The site's time without zone, to be compared with `now_datetime` and counted down in the desk."""
	return moment.astimezone(ZoneInfo(get_system_timezone())).replace(tzinfo=None)


def moment_of(site_time: datetime) -> datetime:
	"""What a person entered in the desk, as a moment on Riyadh's clock."""
	return site_time.replace(tzinfo=ZoneInfo(get_system_timezone())).astimezone(RIYADH)
