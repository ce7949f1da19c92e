"""Dates and times: real days, not in the future, a simplified document reported within the day.

Takes today and now from the facts, both in Riyadh. Never asks the clock itself.
Source: rules BR-KSA-04, -15, -35, -36, -70, -72, -98, BR-KSA-F-01.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from bayancore_erp.zatca.core.rules.engine import KSA, Verdict, Where
from bayancore_erp.zatca.core.rules.facts import RIYADH, Facts
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	buyer_in_the_kingdom,
	document,
	typed_simplified,
	typed_standard,
)
from bayancore_erp.zatca.core.rules.xpath import SheetFailure, filled, only_text

_CLOCK = re.compile("([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z?").fullmatch
_MOMENT = re.compile(
	r"(-?[0-9]{4,})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
).fullmatch
_DAY = timedelta(days=1)


def _is_plain_day(text: str) -> bool:
	"""Ten characters and of the years 1800 to 2099; that the day exists, the schema has seen to."""
	return len(text) == 10 and text[:2] in ("18", "19", "20")


@KSA.error("BR-KSA-04", document)
def issued_in_the_future(invoice: Node, facts: Facts) -> Verdict:
	"""Any issue date in the document: its own, an original's, an advance's."""
	today = facts.today.isoformat()
	return [
		Where(node, path)
		for node, path, _ in facts.document.holders.get("IssueDate", ())
		if _is_plain_day(node.leaf[path]) and node.leaf[path] > today
	]


_DATES = (
	("IssueDate", ""),
	("DueDate", ""),
	("TaxPointDate", ""),
	("ActualDeliveryDate", "Delivery"),
	("LatestDeliveryDate", "Delivery"),
)
"""The dates that the sheet wants plainly written, and the element that must be around them."""


@KSA.error("BR-KSA-F-01", document)
def not_a_modern_day(invoice: Node, facts: Facts) -> Verdict:
	return [
		Where(node, path, "YYYY-MM-DD")
		for leaf, around in _DATES
		for node, path, within in facts.document.holders.get(leaf, ())
		if within == around or not around
		if len(node.leaf[path]) != 10 or node.leaf[path][0] not in "23456789"
	]


@KSA.error("BR-KSA-70", document, "IssueTime")
def time_is_not_on_the_second(invoice: Node, facts: Facts) -> Verdict:
	time = invoice.leaf.get("IssueTime")
	return (time is None or not _CLOCK(time)) and "HH:MM:SS"


@KSA.warning("BR-KSA-98", typed_simplified, "IssueDate")
def reported_late(invoice: Node, facts: Facts) -> Verdict:
	time = invoice.leaf.get("IssueTime")
	return time is not None and _older_than_a_day(invoice, invoice.leaf["IssueDate"], time, facts.now)


def _older_than_a_day(invoice: Node, day: str, time: str, now: datetime) -> bool:
	match = _MOMENT(f"{day}T{time}")
	if match is None:
		raise SheetFailure(invoice, "IssueTime")
	year, month, date, hour, minute, second = (int(part) for part in match.groups()[:6])
	if not 1 < year < 9999:
		return year < 9999
	zone = RIYADH
	if match[7]:
		hours, minutes = (int(part) for part in match[7][1:].split(":")) if match[7] != "Z" else (0, 0)
		zone = timezone((-1 if match[7][0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
	# Midnight may be written 24:00:00 of the day before, which only adding hours gets right.
	moment = datetime(year, month, date, tzinfo=zone) + timedelta(hours=hour, minutes=minute, seconds=second)
	return now - moment > _DAY


@KSA.warning("BR-KSA-15", typed_standard, "Delivery/ActualDeliveryDate")
def no_supply_date(invoice: Node, facts: Facts) -> Verdict:
	if facts.type_code != "388":
		return False
	deliveries = facts.document.branches.get("Delivery", [])
	return not filled(only_text(deliveries, "ActualDeliveryDate"))


def _periods(facts: Facts) -> Nodes:
	return [node for node in facts.document.branches.get("Delivery", ()) if "LatestDeliveryDate" in node.leaf]


@KSA.warning("BR-KSA-35", _periods, "ActualDeliveryDate")
def supply_ends_without_beginning(delivery: Node, facts: Facts) -> Verdict:
	return not filled(delivery.leaf.get("ActualDeliveryDate"))


@KSA.warning("BR-KSA-36", _periods, "LatestDeliveryDate")
def supply_ends_before_it_begins(delivery: Node, facts: Facts) -> Verdict:
	begins, ends = delivery.leaf.get("ActualDeliveryDate"), delivery.leaf["LatestDeliveryDate"]
	return begins is not None and _is_plain_day(begins) and _is_plain_day(ends) and ends < begins and begins


@KSA.error("BR-KSA-72", buyer_in_the_kingdom)
def summary_without_its_period(address: Node, facts: Facts) -> Verdict:
	holders = facts.document.holders
	return facts.summary and not (holders.get("ActualDeliveryDate") and holders.get("LatestDeliveryDate"))
