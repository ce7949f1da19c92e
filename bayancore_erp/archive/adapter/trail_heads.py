"""The heads of trail and chains, noted where SQL does not reach: a file of this server, and daily an object in the archive.

Takes nothing; gives, for a company, the places that must occur in its trail. What is anchored holds no names: a number, a
hash, devices' counters. Source: issue 6, point 4; DESIGN.md, promise 12.
"""

from __future__ import annotations

from collections.abc import Iterator

import frappe
from frappe import _

from bayancore_erp.archive.adapter import trail_seal

LABEL = "trail-"


def noted(company: str) -> Iterator[tuple[int, str, str]]:
	"""Number, hash and where it is noted."""
	seen = trail_seal.witnessed(company)
	if seen:
		yield (*seen, _("the file of this server"))


def companies() -> list[str]:
	"""Companies of which a head is noted although their whole trail may be gone."""
	return [name for name in ["", *frappe.get_all("Company", pluck="name")] if trail_seal.witnessed(name)]
