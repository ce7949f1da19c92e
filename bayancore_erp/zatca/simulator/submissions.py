"""The record of what was submitted, and what it says about each device's chain.

Takes: judged documents. Gives: the duplicate that a resend is, the list of submissions, and per device every gap,
fork, broken link and repeated acceptance. Never forgets a rejected document: it keeps its counter and its hash.
Source: ZATCA.md sections 4 and 5.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from bayancore_erp.zatca.core.chain import FIRST_PIH
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.document import Submitted
from bayancore_erp.zatca.simulator.identities import Identity
from bayancore_erp.zatca.simulator.store import Row, Store

DUPLICATE_WINDOW = timedelta(hours=24)
CHAINED = ("reporting", "clearance")

_LISTED = (
	"id, at, environment, endpoint, request_id, lineage, vat_number, uuid, number, icv, pih, hash, document_type, "
	"verdict, accepted, status, codes, document_sha256"
)


class Submissions:
	"""Ledger of submissions."""

	def __init__(self, store: Store, clock: Clock) -> None:
		self._store = store
		self._clock = clock

	def duplicate(self, identity: Identity, endpoint: str, invoice_hash: str) -> Row | None:
		"""The accepted submission of the same hash to the same endpoint within 24 hours, if there is one."""
		since = (self._clock() - DUPLICATE_WINDOW).isoformat()
		return self._store.row(
			"SELECT * FROM submission WHERE environment = ? AND vat_number = ? AND endpoint = ? AND hash = ? "
			"AND accepted = 1 AND at > ? ORDER BY id LIMIT 1",
			(identity.environment.value, identity.vat_number, endpoint, invoice_hash, since),
		)

	def record(
		self,
		identity: Identity,
		endpoint: str,
		document: Submitted,
		invoice_hash: str,
		*,
		verdict: str,
		status: int,
		codes: list[str],
		accepted: bool,
		cleared: bytes | None = None,
	) -> Row | None:
		"""Write one submission. Returns the accepted one that was there first, if a twin was quicker: what is written
		then is a DUPLICATE, so that of any number of simultaneous resends exactly one is accepted.
		"""
		with self._store.transaction():
			earlier = self.duplicate(identity, endpoint, invoice_hash) if accepted else None
			if earlier:
				verdict, status, accepted, cleared = "DUPLICATE", 208 if cleared else 409, False, None
			self._store.insert(
				"submission",
				{
					"at": self._clock().isoformat(),
					"environment": identity.environment.value,
					"endpoint": endpoint,
					"request_id": identity.request_id,
					"lineage": identity.lineage,
					"vat_number": identity.vat_number,
					"uuid": document.uuid,
					"number": document.number,
					"icv": document.icv,
					"pih": document.pih,
					"hash": invoice_hash,
					"document_type": f"{document.flags}/{document.type_code}",
					"verdict": verdict,
					"accepted": int(accepted),
					"status": status,
					"codes": json.dumps(codes),
					"document_sha256": hashlib.sha256(document.data).hexdigest(),
					"document": document.data,
					"cleared": cleared,
				},
			)
		return earlier

	def listing(self, *, after: int = 0, limit: int = 1000, **equal: str) -> list[Row]:
		"""Submissions in the order they came; `equal` narrows by environment, endpoint, verdict, uuid, hash, lineage."""
		allowed = ("environment", "endpoint", "verdict", "uuid", "hash", "lineage", "vat_number")
		names = [name for name in allowed if equal.get(name)]
		where = "".join(f" AND {name} = ?" for name in names)
		rows = self._store.rows(
			f"SELECT {_LISTED} FROM submission WHERE id > ?{where} ORDER BY id LIMIT ?",
			[after, *(equal[name] for name in names), limit],
		)
		for row in rows:
			row["codes"] = json.loads(row["codes"])
			row["accepted"] = bool(row["accepted"])
		return rows

	def documents(self, submission_id: int) -> tuple[bytes, bytes | None] | None:
		"""The bytes that came and, if cleared, the bytes that went back."""
		row = self._store.row("SELECT document, cleared FROM submission WHERE id = ?", (submission_id,))
		return (bytes(row["document"]), row["cleared"]) if row else None

	def chains(self, *, per_csid: bool = False) -> list[dict[str, Any]]:
		"""Per device: how far it counted, and everything in its chain that a court would ask about. With `per_csid`
		a renewed certificate starts a chain of its own; officially it is not said which of the two is meant.

		`gaps` counters that no document has; `forks` counters that several documents have; `broken_links` documents
		whose PIH is not the hash of the document before; `accepted_twice` hashes accepted more than once;
		`uuids_reused` UUIDs of several documents.
		"""
		rows = self._store.rows(
			"SELECT lineage, request_id, environment, vat_number, uuid, icv, pih, hash, accepted FROM submission "
			"WHERE endpoint IN (?, ?) ORDER BY id",
			CHAINED,
		)
		devices: dict[int, list[Row]] = defaultdict(list)
		key = "request_id" if per_csid else "lineage"
		for row in rows:
			devices[row[key]].append(row)
		return [{key: number, **_chain(found)} for number, found in sorted(devices.items())]

	def statistics(self) -> dict[str, Any]:
		"""How many of what."""
		verdicts = self._store.rows(
			"SELECT environment, endpoint, verdict, count(*) AS count, count(DISTINCT hash) AS documents "
			"FROM submission GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
		)
		calls = self._store.rows(
			"SELECT environment, endpoint, status, fault, count(*) AS count FROM call GROUP BY 1, 2, 3, 4 "
			"ORDER BY 1, 2, 3, 4"
		)
		chains = self.chains()
		return {
			"submissions": verdicts,
			"calls": calls,
			"devices": len(chains),
			"chains_in_order": all(chain["in_order"] for chain in chains),
		}

	def count_call(self, environment: Environment, endpoint: str, status: int, fault: str) -> None:
		"""Remember that a call was made and how it ended; status 0 for a dropped connection."""
		self._store.insert(
			"call",
			{
				"at": self._clock().isoformat(),
				"environment": environment.value,
				"endpoint": endpoint,
				"status": status,
				"fault": fault,
			},
		)

	def last_call(self) -> datetime | None:
		"""When somebody last called."""
		row = self._store.row("SELECT at FROM call ORDER BY id DESC LIMIT 1")
		return datetime.fromisoformat(row["at"]) if row else None


def _chain(rows: list[Row]) -> dict[str, Any]:
	by_counter: dict[int, list[str]] = defaultdict(list)
	by_uuid: dict[str, set[str]] = defaultdict(set)
	accepted: dict[str, int] = defaultdict(int)
	previous: dict[str, tuple[int | None, str]] = {}
	for row in rows:
		by_uuid[row["uuid"]].add(row["hash"])
		accepted[row["hash"]] += row["accepted"]
		previous[row["hash"]] = (row["icv"], row["pih"])
		if row["icv"] is not None and row["hash"] not in by_counter[row["icv"]]:
			by_counter[row["icv"]].append(row["hash"])
	last = max(by_counter, default=0)
	broken = []
	for digest, (icv, pih) in previous.items():
		before = [FIRST_PIH] if icv == 1 else by_counter.get((icv or 0) - 1)
		# A document whose predecessor never arrived shows as a gap, not as a broken link as well.
		if icv is None or (before and pih not in before):
			broken.append({"icv": icv, "hash": digest, "pih": pih})
	report: dict[str, Any] = {
		"environment": rows[0]["environment"],
		"vat_number": rows[0]["vat_number"],
		"documents": len(previous),
		"last_icv": last,
		"gaps": [counter for counter in range(1, last + 1) if counter not in by_counter],
		"forks": [counter for counter, hashes in sorted(by_counter.items()) if len(hashes) > 1],
		"broken_links": broken,
		"accepted_twice": [digest for digest, count in accepted.items() if count > 1],
		"uuids_reused": [uuid for uuid, hashes in by_uuid.items() if len(hashes) > 1],
	}
	faults = ("gaps", "forks", "broken_links", "accepted_twice", "uuids_reused")
	report["in_order"] = not any(report[name] for name in faults)
	return report
