"""Companies past the date in ZATCA's letter that do not issue with production devices only: what they issue is not lawful.

Takes the date in ZATCA Settings, whether or not issuing is switched on: who forgot to is who needs to be told. Gives the
companies and a sentence, and tells their managers on the first day and each week after. Changes nothing else.
Source: issue 4, point 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import frappe
from frappe import _
from frappe.utils import add_days, format_date, getdate

from bayancore_erp.zatca.adapter import managers
from bayancore_erp.zatca.adapter.training import is_training

PRODUCTION = "Production"
AGAIN_AFTER_DAYS = 7


@dataclass(frozen=True, slots=True)
class Late:
	"""A company past its date; `others` are its devices outside production, none where it has no device at all."""

	company: str
	date: date
	others: tuple[str, ...]

	@property
	def sentence(self) -> str:
		"""What is wrong, in the reader's language."""
		return _("Its notified date, {0}, has passed, and not every device is in production: {1}.").format(
			format_date(self.date),
			", ".join(f"\u2068{each}\u2069" for each in self.others) or _("none is set up"),
		)

	@property
	def todo(self) -> str:
		"""What to do about it."""
		return _("Onboard a production device and retire the others.")


def late(company: str | None = None) -> list[Late]:
	"""Every company that is late, or whether this one is."""
	# said twice, for Frappe takes an empty date for one long past
	due = [["notified_date", "is", "set"], ["notified_date", "<=", getdate()]]
	if company:
		due.append(["company", "=", company])
	found = []
	for row in frappe.get_all("ZATCA Settings", filters=due, fields=["company", "notified_date"]):
		if is_training(row.company):
			continue
		used = frappe.get_all(
			"ZATCA Device",
			filters={"company": row.company, "status": ("!=", "Retired")},
			fields=["name", "device_name", "environment", "status"],
		)
		ready = any(device.environment == PRODUCTION and device.status == "Active" for device in used)
		# beside one that works, another on its way to production is no reason to worry
		others = tuple(
			f"{device.device_name} ({device.name})"
			for device in used
			if device.environment != PRODUCTION or not ready
		)
		if not used or others:
			found.append(Late(row.company, getdate(row.notified_date), others))
	return found


def warning(company: str | None) -> str:
	"""The sentence and what to do, for a form or a page; empty where the company is not late."""
	found = late(company) if company else []
	return f"{found[0].sentence} {found[0].todo}" if found else ""


def tell() -> int:
	"""Tell the managers of each late company, at most once a week. Commits after each; gives how many companies."""
	told = 0
	for each in late():
		before = frappe.db.get_value("ZATCA Settings", each.company, "notified_told_on")
		if before and add_days(getdate(before), AGAIN_AFTER_DAYS) > getdate():
			continue
		# written first: to be told once is better than twice
		frappe.db.set_value(
			"ZATCA Settings", each.company, "notified_told_on", getdate(), update_modified=False
		)

		def words(each: Late = each) -> tuple[str, str]:
			return (
				_("{0} is past the date ZATCA set, without production").format(each.company),
				f"{each.sentence} {each.todo}",
			)

		managers.tell("ZATCA Settings", each.company, each.company, each.company, words)
		frappe.db.commit()
		told += 1
	return told
