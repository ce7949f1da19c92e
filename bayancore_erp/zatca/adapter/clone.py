"""Whether this site is the one a production device belongs to, and whether its chain's head is where it was left.

Takes a device; gives the reasons why a restored or copied site may not sign and send with it, until a person confirms.
Where this site stands is remembered in three places that no single backup carries together: the device's row (database), an
identity in site_config.json and a small file of chain heads in the site's private folder; the archive is asked as well.
Only production is guarded. Never lowers a counter. Sources: DESIGN.md, promise 5; PEERS.md (two systems with one CSID).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import frappe
from frappe import _
from frappe.installer import update_site_config
from frappe.utils import cint, now_datetime

from bayancore_erp.zatca.core.errors import ConfigurationError

PRODUCTION: Final = "Production"
HOME: Final = "zatca_home"
"""In site_config.json: made up once, so that a database restored beside another configuration is seen."""
HEADS: Final = "zatca_chain_heads.json"
WITNESSES: Final = "zatca_chain_heads"
"""The hook by which the archive says how far it knows a device's chain: `fn(device) -> highest ICV`, 0 where unknown."""

ASK_EVERY_SECONDS, SILENT_SECONDS = 300, 86400
WAIT_SECONDS = 2.0
"""How long a submission lets an archive that answered the last time think. For one that did not, nobody waits."""
_ASKED: Final = "zatca_archive_asked|{0}"
_SILENT: Final = "zatca_archive_silent|{0}"

_STANDING = ("name", "company", "environment", "status", "bound_to", "icv", "pih", "last_document")


@dataclass(frozen=True, slots=True)
class Standing:
	"""How one production device stands towards this site."""

	device: str
	company: str
	bound_to: str
	here: str
	icv: int
	known_icv: int
	reasons: tuple[str, ...]

	@property
	def ok(self) -> bool:
		"""Whether it may sign and send here."""
		return not self.reasons


# --- where are we -----------------------------------------------------------------------------------------------------
def here() -> str:
	"""This site, in a form people can read and a copy cannot share: its name and a digest of what makes it this one."""
	conf = frappe.conf
	parts = (
		frappe.local.site,
		conf.db_name,
		conf.db_host or "",
		conf.get("host_name") or "",
		hashlib.sha256((conf.get("encryption_key") or "").encode()).hexdigest(),
		conf.get(HOME) or "",
	)
	return f"{frappe.local.site} {hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


def bind(environment: str) -> str:
	"""What `bound_to` of a device of this site holds; production gets the site an identity that no copy has."""
	if environment != PRODUCTION:
		return str(frappe.local.site)
	if not frappe.conf.get(HOME):
		home = frappe.generate_hash(length=32)
		update_site_config(HOME, home)
		frappe.conf[HOME] = home
	return here()


# --- the heads outside the database -------------------------------------------------------------------------------------
def heads_file() -> Path:
	"""Beside the site's private files, which are not in a database dump."""
	return Path(frappe.get_site_path("private", HEADS))


@contextmanager
def locked_heads() -> Iterator[dict[str, Any]]:
	"""The heads, to be changed by one process at a time; written back whole."""
	file = heads_file()
	with open(file.with_suffix(".lock"), "a") as guard:
		fcntl.flock(guard, fcntl.LOCK_EX)
		heads = read_heads()
		before = json.dumps(heads)
		yield heads
		if json.dumps(heads) == before:
			return
		fresh = file.with_suffix(".new")
		with open(fresh, "w", encoding="utf-8") as out:
			json.dump(heads, out, indent=1)
			out.flush()
			os.fsync(out.fileno())
		os.replace(fresh, file)


def read_heads() -> dict[str, Any]:
	"""Device -> its highest place seen here: icv, hash, document."""
	try:
		return dict(json.loads(heads_file().read_text(encoding="utf-8")))
	except FileNotFoundError:
		return {}


def remember(device: str, icv: int, pih: str, document: str) -> None:
	"""Note a production device's new head once the transaction that made it is committed."""
	if frappe.get_cached_value("ZATCA Device", device, "environment") == PRODUCTION:
		frappe.db.after_commit.add(lambda: write_head(device, icv, pih, document))


def write_head(device: str, icv: int, pih: str, document: str) -> None:
	"""Only ever forwards."""
	with locked_heads() as heads:
		known = heads.get(device) or {}
		if icv > cint(known.get("icv")):
			heads[device] = {**known, "icv": icv, "pih": pih, "document": document}


def highest_known(device: str, heads: dict[str, Any]) -> int:
	"""How far the chain had come as far as this server knows, by itself or from the archive."""
	known = heads.get(device) or {}
	return max(cint(known.get("icv")), cint(known.get("archive_icv")))


# --- what the archive knows ---------------------------------------------------------------------------------------------
def ask_archive(device: str) -> None:
	"""Have the archive asked how far it knows a production device's chain, at most every five minutes.

	A server that was set back as a whole has nothing else that knows better. What it says is noted beside the heads and
	counts from then on, reachable or not. Another thread asks: the caller goes on after two seconds, at once where the archive was
	silent the last time. Call it where nothing is locked.
	"""
	if frappe.get_cached_value("ZATCA Device", device, "environment") != PRODUCTION:
		return
	if not frappe.get_hooks(WITNESSES) or frappe.cache.get_value(_ASKED.format(device), expires=True):
		return
	frappe.cache.set_value(_ASKED.format(device), 1, expires_in_sec=ASK_EVERY_SECONDS)
	silent = frappe.cache.get_value(_SILENT.format(device), expires=True)
	asking = threading.Thread(
		target=_ask, args=(frappe.local.site, frappe.local.sites_path, device), daemon=True
	)
	# silent until it has spoken: whoever comes meanwhile does not wait
	frappe.cache.set_value(_SILENT.format(device), 1, expires_in_sec=SILENT_SECONDS)
	asking.start()
	if not silent:
		asking.join(WAIT_SECONDS)


def _ask(site: str, sites_path: str, device: str) -> None:
	try:
		frappe.init(site=site, sites_path=sites_path)
		frappe.connect()
		note_archive(device, known_elsewhere(device))
		frappe.cache.delete_value(_SILENT.format(device))
	except Exception as error:
		# an archive out of reach is the doctor's affair, not the invoice's
		frappe.logger("zatca").info(f"{device}: the archive was not asked ({type(error).__name__})")
	finally:
		frappe.destroy()


def note_archive(device: str, icv: int) -> None:
	"""Remember where the archive is further on than this database; a copy of the past does not forget it again."""
	if icv <= cint(frappe.db.get_value("ZATCA Device", device, "icv")):
		return
	with locked_heads() as heads:
		known = heads.setdefault(device, {})
		known["archive_icv"] = max(icv, cint(known.get("archive_icv")))


def watch() -> None:
	"""Have the archive asked about every production device in use: what signs without sending is held as well."""
	for name in frappe.get_all(
		"ZATCA Device", filters={"environment": PRODUCTION, "status": "Active"}, pluck="name"
	):
		ask_archive(name)


# --- the question -----------------------------------------------------------------------------------------------------
def refusal(device: str, row: Any = None) -> str | None:
	"""Why this site may not use the device now, as a sentence; None where it may. Asks nothing that needs the network."""
	row = row or frappe.db.get_value("ZATCA Device", device, _STANDING, as_dict=True)
	if row.environment != PRODUCTION:
		return None
	reasons = reasons_of(row, highest_known(row.name, read_heads()))
	return " ".join(reasons) if reasons else None


def reasons_of(row: Any, known: int) -> list[str]:
	"""Every reason, in sentences."""
	found = []
	if (row.bound_to or "") != here():
		found.append(
			_(
				"This site was restored, copied or moved: device {0} belongs to {1}. A ZATCA Manager confirms on the device that this site took over and the other no longer sends."
			).format(row.name, (row.bound_to or _("no site")).split(" ")[0])
		)
	if known > cint(row.icv) and known > committed_icv(row.name):
		found.append(
			_(
				"Device {0} has signed up to counter {1}, but this database knows only {2}: it was restored from an older backup. Restore the newest one, or let a ZATCA Manager confirm on the device that the chain goes on from {1}."
			).format(row.name, known, cint(row.icv))
		)
	return found


def committed_icv(device: str) -> int:
	"""The counter as others have left it since this transaction began: heads in a file are of now, what was read may be older."""
	return cint(frappe.db.get_value("ZATCA Device", device, "icv", for_update=True))


def state() -> list[Standing]:
	"""Every production device of this site, the archive asked too. For `doctor`: an archive out of reach raises what it raises."""
	found = []
	heads = read_heads()
	for row in frappe.get_all(
		"ZATCA Device", filters={"environment": PRODUCTION, "status": "Active"}, fields=list(_STANDING)
	):
		known = max(highest_known(row.name, heads), known_elsewhere(row.name))
		found.append(
			Standing(
				row.name,
				row.company,
				row.bound_to or "",
				here(),
				cint(row.icv),
				known,
				tuple(reasons_of(row, known)),
			)
		)
	return found


def known_elsewhere(device: str) -> int:
	"""The highest ICV that whoever keeps copies outside this site knows of."""
	return max((cint(frappe.get_attr(path)(device)) for path in frappe.get_hooks(WITNESSES)), default=0)


# --- the answer -------------------------------------------------------------------------------------------------------
def confirm(device: str, icv: int | None = None, pih: str | None = None) -> None:
	"""A person says that this site is the one now. A head that is known to be further on is taken over, never an earlier one.

	`icv` and `pih`: the head, where only the archive or ZATCA's portal knows it; both or neither.
	"""
	doc = frappe.get_doc("ZATCA Device", device, for_update=True)
	if doc.environment != PRODUCTION:
		frappe.throw(_("Only a production device belongs to one site."))
	known = read_heads().get(device) or {}
	noted = cint(known.get("archive_icv"))
	if icv:
		known = {"icv": icv, "pih": pih, "document": ""}
		if not pih:
			raise ConfigurationError(_("The hash of the last document belongs to the counter."))
	outside = max(known_elsewhere(device), noted)
	head = max(cint(known.get("icv")), cint(doc.icv))
	if outside > head:
		raise ConfigurationError(
			_(
				"The archive holds document {0} of device {1}, this site knows {2}. Give the counter and the hash of the last document from the archive."
			).format(outside, device, head)
		)
	if cint(known.get("icv")) > cint(doc.icv):
		take_head(doc, known)
	doc.write_standing(
		bound_to=bind(doc.environment), confirmed_by=frappe.session.user, confirmed_at=now_datetime()
	)
	doc.add_comment("Comment", _("Confirmed that this site took over, at counter {0}.").format(head))


def take_head(doc: Any, known: dict[str, Any]) -> None:
	"""Go on from a place further along the chain than this database knows."""
	frappe.db.set_value(
		"ZATCA Device",
		doc.name,
		{"icv": cint(known["icv"]), "pih": known["pih"], "last_document": known.get("document") or ""},
		update_modified=False,
	)
	doc.reload()
