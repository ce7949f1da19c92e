"""How far each device's chain had come, as the archive knows it: what a restored or cloned site cannot know by itself.

Takes signed documents as they are archived; puts a small object with the highest ICV beside them, at most every quarter
of an hour a device, and the last one when the day's work is done. Gives the highest ICV of each device, read from the
archive and not from this site's own tables. Source: PEERS.md (clone guard); DESIGN.md, promise 5.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any

import frappe
from frappe.utils import getdate, now_datetime

from bayancore_erp.archive.adapter.keeping import OBJECT, Item, keep
from bayancore_erp.archive.adapter.places import store_of, vat_numbers

EVERY = timedelta(minutes=15)
WHAT = "Chain Head"
MONTHS_BACK = 24
_SEEN = "zatca_archive_head:{0}"


def mark(document: Any, *, force: bool = False) -> None:
	"""Note a document's place in its chain where the last note is old enough."""
	last = frappe.cache.get_value(_SEEN.format(document.device), expires=True) or {}
	if last and document.icv <= last["icv"]:
		return
	if last and not force and now_datetime() - last["at"] < EVERY:
		return
	content = json.dumps(
		{
			"device": document.device,
			"icv": document.icv,
			"hash": document.invoice_hash,
			"uuid": document.uuid,
			"environment": document.environment,
		},
		sort_keys=True,
		ensure_ascii=False,
	).encode()
	keep(
		document.company,
		Item(WHAT, content, "json"),
		vat_number=document.vat_number,
		uuid=f"{label(document.device)}{int(document.icv):012d}",
		issued=getdate(document.issued_at),
		document=document.name,
		metadata={"icv": str(document.icv)},
	)
	frappe.cache.set_value(
		_SEEN.format(document.device), {"icv": int(document.icv), "at": now_datetime()}, expires_in_sec=86400
	)


def label(device: str) -> str:
	"""What a device's marks begin with: object names hold no names."""
	return f"head-{hashlib.sha256(device.encode()).hexdigest()[:16]}-"


def mark_latest() -> int:
	"""For every device whose last archived document is further than its last mark: mark it. Gives how many."""
	count = 0
	for row in frappe.db.sql(
		"""select d.device, max(d.icv) as icv from `tabZATCA Document` d
		where exists (select 1 from `tabArchive Object` o where o.document = d.name and o.what = 'Invoice XML')
			and d.creation > %s group by d.device""",
		now_datetime() - timedelta(days=2),
		as_dict=True,
	):
		document = frappe.get_doc("ZATCA Document", {"device": row.device, "icv": row.icv})
		if not frappe.db.exists(OBJECT, {"what": WHAT, "document": document.name}):
			mark(document, force=True)
			frappe.db.commit()
			count += 1
	return count


def heads(
	company: str, devices: list[str] | None = None, today: date | None = None
) -> dict[str, dict[str, Any]]:
	"""Device -> its highest known place (icv, hash, uuid), as the archive itself says. Raises what the store raises."""
	names = devices or frappe.get_all("ZATCA Device", filters={"company": company}, pluck="name")
	store, numbers, found = store_of(company), vat_numbers(company), {}
	for device in names:
		for month in months_back(today or getdate()):
			marks = [name for number in numbers for name in store.names(f"{number}/{month}/{label(device)}")]
			if marks:
				found[device] = json.loads(store.get(max(marks, key=place_in_chain)))
				break
	return found


def place_in_chain(mark: str) -> str:
	"""What a mark's name says behind the seller's number and the month: its device's, and how far that had come."""
	return mark.split("/", 3)[3]


def highest_icv(device: str) -> int:
	"""The highest ICV the archive knows of a device; 0 where it knows none. For whoever asks by the hook `chain_heads`."""
	company = str(frappe.db.get_value("ZATCA Device", device, "company") or "")
	known = heads(company, [device]).get(device)
	return int(known["icv"]) if known else 0


def months_back(day: date) -> list[str]:
	"""`2026/11`, `2026/10`, …: the newest first."""
	found, year, month = [], day.year, day.month
	for _round in range(MONTHS_BACK):
		found.append(f"{year}/{month:02d}")
		year, month = (year, month - 1) if month > 1 else (year - 1, 12)
	return found
