"""The heads of trail and chains, noted where SQL does not reach: a file of this server, and daily an object in the archive.

Takes a company; puts one object a day with the last place of its trail, of the site's own, and of each device's chain; gives
back the places that must occur in a trail. What is anchored holds no names: numbers, hashes, counters. The store's own list is
asked, not this site's rows of what was archived. Source: issue 6, point 4; DESIGN.md, promise 12.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter import trail_seal, trail_sinks, words
from bayancore_erp.archive.adapter.heads import months_back
from bayancore_erp.archive.adapter.keeping import Item, keep
from bayancore_erp.archive.adapter.places import is_vat_number, store_of, vat_numbers
from bayancore_erp.archive.core.store import ArchiveStore, ObjectDiffers, ObjectMissing
from bayancore_erp.zatca.core.errors import ZatcaError

WHAT = "Trail Head"
LABEL = "trail-"
DAILY_MONTHS = 2
"""So many months back every day's anchor is compared; before that the last one of each month, which covers those before."""
Place = tuple[int, str, str]
"""Number, hash, and where it is noted."""


# --- anchoring --------------------------------------------------------------------------------------------------------
def anchor_all() -> int:
	"""Anchor every company that has a trail; gives how many. One that fails does not keep the others back. Commits."""
	count = 0
	for company in trail_seal.companies():
		if not company:
			continue
		try:
			count += bool(anchor(company))
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=f"Audit trail: {company} could not be anchored")
			frappe.db.commit()
	return count


def anchor(company: str, today: date | None = None) -> str:
	"""Put the company's heads into its archive; gives the Archive Object, empty where it has no VAT number yet."""
	vat_number = vat_number_of(company)
	own = trail_seal.head_of(company)
	if not vat_number or not own:
		return ""
	site = trail_seal.head_of("")
	content = {
		"of": label(company),
		"at": now_datetime().isoformat(timespec="seconds"),
		"trail": [own.number, own.hash],
		"site": [site.number, site.hash] if site else [],
		"chains": chains(company),
	}
	day = today or getdate()
	return keep(
		company,
		Item(WHAT, json.dumps(content, sort_keys=True, ensure_ascii=False).encode(), "json"),
		vat_number=vat_number,
		uuid=f"{LABEL}{day:%Y%m%d}",
		issued=day,
		metadata={"number": str(own.number)},
	)


def label(company: str) -> str:
	"""What tells the anchors of companies with one VAT number apart: what is anchored holds no names."""
	return hashlib.sha256(company.encode()).hexdigest()[:16]


def chains(company: str) -> list[list[Any]]:
	"""Device, counter and hash of each of the company's devices."""
	rows = frappe.get_all(
		"ZATCA Device", filters={"company": company}, fields=["name", "icv", "pih"], order_by="name"
	)
	return [[row.name, int(row.icv or 0), row.pih or ""] for row in rows]


def vat_number_of(company: str) -> str:
	"""The number the company's objects are kept under now; empty where it has none."""
	number = str(frappe.db.get_value("Company", company, "tax_id") or "")
	return number if is_vat_number(number) else ""


# --- reading back -----------------------------------------------------------------------------------------------------
class Noted:
	"""The places that were noted outside the database; what could not be read is remarked."""

	def __init__(self) -> None:
		self.remarks: list[str] = []
		self._read: dict[str, list[tuple[str, dict[str, Any]]]] = {}

	def of(self, company: str) -> Iterator[Place]:
		"""What must occur in this trail."""
		for where, sink in trail_sinks.sinks():
			try:
				head = sink.last(company)
			except ZatcaError as error:
				self.remarks.append(words.of_error(error))
				continue
			if head:
				yield head.number, head.hash, where
		holders = [company] if company else frappe.get_all("Company", pluck="name")
		for holder in holders:
			for name, said in self.anchors(holder):
				head = said.get("trail" if company else "site") or []
				if len(head) == 2:
					yield int(head[0]), str(head[1]), _("the anchor {0}").format(name)

	def chains(self, company: str) -> Iterator[tuple[str, int, str, str]]:
		"""Device, counter, hash and where it is noted."""
		for name, said in self.anchors(company):
			for device, icv, digest in said.get("chains", []):
				yield str(device), int(icv), str(digest), _("the anchor {0}").format(name)

	def anchors(self, company: str) -> list[tuple[str, dict[str, Any]]]:
		"""The company's anchors that are compared, read once."""
		if company not in self._read:
			self._read[company] = [
				(name, said)
				for name, said in self._anchors(company)
				# Older anchors do not say whose they are: then they are those of whoever has the VAT number.
				if said.get("of", label(company)) == label(company)
			]
		return self._read[company]

	def _anchors(self, company: str) -> Iterator[tuple[str, dict[str, Any]]]:
		numbers = vat_numbers(company)
		if not numbers:
			return
		try:
			store = store_of(company)
			for vat_number, (age, month) in product(numbers, enumerate(months_back(getdate()))):
				names = sorted(store.names(f"{vat_number}/{month}/{LABEL}"))
				for name in names if age < DAILY_MONTHS else last_day(names):
					yield from self._anchor(store, name)
		except (ZatcaError, OSError) as error:
			why = words.of_error(error) if isinstance(error, ZatcaError) else str(error)
			self.remarks.append(
				_("The archive of {0} could not be asked for its anchors: {1}").format(company, why)
			)

	def _anchor(self, store: ArchiveStore, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
		try:
			yield name.split("/")[3], dict(json.loads(store.get(name)))
		except (ObjectDiffers, ObjectMissing, ValueError):
			self.remarks.append(_("The anchor {0} is damaged.").format(name))


def last_day(names: list[str]) -> list[str]:
	"""The anchors of a month's last day: one for each company that has the VAT number."""
	day = names[-1].split("/")[3] if names else ""
	return [name for name in names if name.split("/")[3] == day]


def companies() -> list[str]:
	"""Companies of which a head is noted although their whole trail, or they themselves, may be gone."""
	return trail_seal.head_file().trails()
