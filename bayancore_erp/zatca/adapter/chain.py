"""One chain per device: counter and previous hash are given out under the device's row lock, and the whole life is verifiable.

Takes a device; gives the next position while its row is locked, takes the signed document in, and recomputes a device's life.
The document's row, its exact bytes and the new head are written in the caller's transaction: all of it or nothing. A unique
index on (device, ICV) stands behind the lock. Source: DESIGN.md, promises 1 and 5; ZATCA.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter import clone
from bayancore_erp.zatca.adapter.records import ImmutableRecord, append_row, pack, unpack
from bayancore_erp.zatca.core.chain import FIRST_PIH, START, ChainPosition
from bayancore_erp.zatca.core.crypto.canonical import hash_base64
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.pipeline import Prepared

BATCH = 500


class DeviceNotReady(ConfigurationError):
	"""The device cannot sign now: it is on hold, or not in use. The invoice waits."""


@dataclass(frozen=True, slots=True)
class Break:
	"""One place where a device's chain is not whole."""

	icv: int
	document: str
	what: str
	of_head: bool = False
	"""Not the document is wrong, but what the device says of its last one."""


@dataclass(frozen=True, slots=True)
class Life:
	"""What verifying a device found."""

	device: str
	documents: int
	breaks: tuple[Break, ...]
	end: ChainPosition = START
	"""The place after the last document: from here a later verification may go on."""

	@property
	def ok(self) -> bool:
		"""Whether nothing is wrong."""
		return not self.breaks


def lock(device: str, *, offline: bool = False) -> ChainPosition:
	"""Lock the device's row until the transaction ends and give the next position. Raises DeviceNotReady.

	A chain has one signer: the device of a till that signs by itself (`offline`) gets no place from us, and no other one does.

	Call it as the first read of a transaction on the standard path; on a till's path it is the last lock taken.
	"""
	rows = frappe.db.sql(
		"""select name, icv, pih, status, on_hold, hold_reason, signs_offline, environment, bound_to
		from `tabZATCA Device` where name = %s for update""",
		device,
		as_dict=True,
	)
	if not rows or rows[0].status != "Active":
		raise DeviceNotReady(_("Device {0} is not in use.").format(device), code="DEVICE-STATUS")
	if bool(rows[0].signs_offline) != offline:
		raise DeviceNotReady(
			_(
				"Device {0} belongs to a till that signs by itself. Choose another device for what is signed here."
			).format(device),
			code="DEVICE-OFFLINE",
		)
	if rows[0].on_hold and not offline:
		raise DeviceNotReady(
			_("Device {0} is on hold: {1}").format(device, _(rows[0].hold_reason or "")),
			code="DEVICE-ON-HOLD",
		)
	elsewhere = clone.refusal(device, rows[0])
	if elsewhere:
		raise DeviceNotReady(elsewhere, code="DEVICE-ELSEWHERE")
	return ChainPosition(int(rows[0].icv or 0) + 1, rows[0].pih or FIRST_PIH)


def append(device: str, prepared: Prepared, **facts: Any) -> Any:
	"""Store a signed document at the position `lock` gave and move the head. Gives its row."""
	document, position = prepared.document, prepared.position
	row = append_row(
		"ZATCA Document",
		{
			"uuid": document.uuid,
			"device": device,
			"icv": position.icv,
			"pih": position.pih,
			"invoice_hash": document.invoice_hash,
			"qr": prepared.qr,
			**facts,
			**pack(document.xml),
		},
	)
	# Not by set_value: it would drop the device from the cache, and with it what the next signature needs.
	frappe.db.sql(
		"update `tabZATCA Device` set icv = %s, pih = %s, last_document = %s, last_signed_at = %s where name = %s",
		(position.icv, document.invoice_hash, document.uuid, facts.get("issued_at"), device),
	)
	clone.remember(device, position.icv, document.invoice_hash, document.uuid)
	return row


def verify(device: str, start: ChainPosition | None = None) -> Life:
	"""Recompute a device's whole life: bytes, hashes, linkage, counter, head. Locates every break.

	`start`: the place after what was verified before; only what follows is recomputed.
	"""
	breaks: list[Break] = []
	expected = start or ChainPosition(1, FIRST_PIH)
	count, last = 0, ""
	bridges = destroyed_places(device)
	while True:
		rows = frappe.get_all(
			"ZATCA Document",
			filters={"device": device, "icv": (">=", expected.icv if count or start else -1)},
			fields=[
				"name", "icv", "pih", "invoice_hash", "content", "content_encoding", "content_sha256"
			],
			order_by="icv",
			limit=BATCH,
		)  # fmt: skip
		for row in rows:
			expected, _last = across(expected, bridges, int(row.icv))
			count += 1
			breaks += judge(row, expected)
			expected, last = ChainPosition(max(int(row.icv), 1) + 1, row.invoice_hash), row.name
		if len(rows) < BATCH:
			break
	expected, gone = across(expected, bridges)
	last = gone or last
	head = frappe.db.get_value("ZATCA Device", device, ["icv", "pih", "last_document"], as_dict=True)
	stated = (int(head.icv or 0), head.pih or FIRST_PIH, head.last_document or "")
	if start and not last:
		last = stated[2]  # nothing new since: its hash says which document it is
	if stated != (expected.icv - 1, expected.pih, last):
		breaks.append(
			Break(
				stated[0],
				stated[2],
				_("The device's head is not its last document (counter {0}).").format(expected.icv - 1),
				of_head=True,
			)
		)
	return Life(device, count, tuple(breaks), expected)


def outline(device: str) -> str:
	"""What is wrong with a device's chain at a glance, without its bytes: count, counter, head. Empty: nothing.

	A document that was destroyed after its term keeps its place.
	"""
	row = frappe.db.sql(
		"select count(*), coalesce(max(icv), 0), coalesce(min(icv), 1) from `tabZATCA Document` where device = %s", device
	)[0]  # fmt: skip
	gone = destroyed_places(device)
	count, highest, lowest = int(row[0]) + len(gone), max((int(row[1]), *gone)), min((int(row[2]), *gone))
	head = frappe.db.get_value("ZATCA Device", device, ["icv", "pih"], as_dict=True)
	last = frappe.db.get_value("ZATCA Document", {"device": device, "icv": highest}, "invoice_hash")
	if not last and highest in gone:
		last = gone[highest][1]
	if count != highest or lowest != 1:
		return _("{0} documents stand where the counter says {1}.").format(count, highest)
	if int(head.icv or 0) != highest or (head.pih or FIRST_PIH) != (last or FIRST_PIH):
		return _("The device's head is not its last document (counter {0}).").format(highest)
	return ""


def destroyed_places(device: str) -> dict[int, tuple[str, str, str]]:
	"""Counter -> previous hash, hash and UUID of documents destroyed after their term: asked of whoever keeps that record."""
	found: dict[int, tuple[str, str, str]] = {}
	for path in frappe.get_hooks("zatca_destroyed_places"):
		found.update(frappe.get_attr(path)(device))
	return found


def across(
	expected: ChainPosition, bridges: dict[int, tuple[str, str, str]], upto: int | None = None
) -> tuple[ChainPosition, str]:
	"""The next place after documents that were lawfully destroyed and fit the chain, and the last of them."""
	last = ""
	while (upto is None or expected.icv < upto) and bridges.get(expected.icv, ("",))[0] == expected.pih:
		_pih, digest, last = bridges[expected.icv]
		expected = ChainPosition(expected.icv + 1, digest)
	return expected, last


def judge(row: Any, expected: ChainPosition) -> list[Break]:
	"""What is wrong with one document at the place where `expected` should stand."""
	found = []

	def broken(what: str) -> None:
		found.append(Break(int(row.icv), row.name, what))

	if int(row.icv) != expected.icv:
		broken(_("Counter {0} follows where {1} should.").format(row.icv, expected.icv))
	if row.pih != expected.pih:
		broken(_("Its previous hash is not that of the document before it."))
	try:
		xml = unpack(row.content, row.content_encoding, row.content_sha256)
	except ImmutableRecord as error:
		broken(str(error))
		return found
	try:
		recomputed = hash_base64(xml)
	except Exception as error:
		broken(_("The stored document cannot be read: {0}").format(error))
		return found
	if recomputed != row.invoice_hash:
		broken(_("Its stored hash is not that of its bytes."))
	if f">{row.pih}<".encode() not in xml or f">{row.icv}<".encode() not in xml:
		broken(_("Counter or previous hash inside the document differ from its row."))
	return found
