"""What the simulator remembers: identities, OTPs, compliance steps, submissions, settings and calls.

Takes: a folder. Gives: one SQLite file in WAL mode, readable by its owner only, that survives a restart and a kill.
Never keeps a CSID's secret in clear: only its SHA-256, as a password store would.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS otp (
	environment TEXT NOT NULL, code TEXT NOT NULL, vat_number TEXT, issued_at TEXT NOT NULL, expires_at TEXT NOT NULL,
	used_at TEXT, PRIMARY KEY (environment, code)
);
CREATE TABLE IF NOT EXISTS identity (
	place INTEGER PRIMARY KEY AUTOINCREMENT,
	request_id INTEGER NOT NULL UNIQUE,
	environment TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('compliance', 'production')),
	lineage INTEGER NOT NULL,
	parent INTEGER,
	token TEXT NOT NULL UNIQUE,
	secret_sha256 TEXT NOT NULL,
	serial TEXT NOT NULL UNIQUE,
	vat_number TEXT NOT NULL,
	unit_serial TEXT NOT NULL,
	common_name TEXT NOT NULL,
	invoice_map TEXT NOT NULL,
	csr BLOB NOT NULL,
	issued_at TEXT NOT NULL,
	not_after TEXT NOT NULL,
	revoked_at TEXT
);
CREATE TABLE IF NOT EXISTS compliance_step (
	request_id INTEGER NOT NULL REFERENCES identity (request_id), step TEXT NOT NULL, passed_at TEXT NOT NULL,
	PRIMARY KEY (request_id, step)
);
CREATE TABLE IF NOT EXISTS submission (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at TEXT NOT NULL,
	environment TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	request_id INTEGER NOT NULL REFERENCES identity (request_id),
	lineage INTEGER NOT NULL,
	vat_number TEXT NOT NULL,
	uuid TEXT NOT NULL,
	number TEXT NOT NULL,
	icv INTEGER,
	pih TEXT NOT NULL,
	hash TEXT NOT NULL,
	document_type TEXT NOT NULL,
	verdict TEXT NOT NULL,
	accepted INTEGER NOT NULL,
	status INTEGER NOT NULL,
	codes TEXT NOT NULL,
	document_sha256 TEXT NOT NULL,
	document BLOB NOT NULL,
	cleared BLOB
);
CREATE INDEX IF NOT EXISTS submission_hash ON submission (environment, vat_number, endpoint, hash, accepted);
CREATE INDEX IF NOT EXISTS submission_chain ON submission (lineage, icv);
CREATE TABLE IF NOT EXISTS call (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at TEXT NOT NULL, environment TEXT NOT NULL, endpoint TEXT NOT NULL, status INTEGER NOT NULL, fault TEXT NOT NULL
);
"""

Row = dict[str, Any]


class Store:
	"""One connection behind one lock. Every statement takes microseconds; the slow work is done outside."""

	def __init__(self, folder: Path) -> None:
		folder.mkdir(parents=True, exist_ok=True)
		self.path = folder / "fatoora.sqlite3"
		os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
		self._lock = threading.RLock()
		self._connection = sqlite3.connect(
			self.path, check_same_thread=False, isolation_level=None, timeout=30
		)
		self._connection.row_factory = sqlite3.Row
		self._connection.execute("PRAGMA journal_mode = WAL")
		self._connection.execute("PRAGMA synchronous = NORMAL")
		self._connection.execute("PRAGMA foreign_keys = ON")
		self._connection.executescript(SCHEMA)

	@contextmanager
	def transaction(self) -> Iterator[None]:
		"""All or nothing, and nobody writes between: what is read inside is still true when it is written."""
		with self._lock:
			self._connection.execute("BEGIN IMMEDIATE")
			try:
				yield
			except BaseException:
				self._connection.execute("ROLLBACK")
				raise
			self._connection.execute("COMMIT")

	def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
		"""All rows of a query."""
		with self._lock:
			return [dict(row) for row in self._connection.execute(sql, values)]

	def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
		"""The first row of a query, or None."""
		found = self.rows(sql, values)
		return found[0] if found else None

	def change(self, sql: str, values: Sequence[Any] = ()) -> int:
		"""Run a statement that changes rows; returns how many."""
		with self._lock:
			return self._connection.execute(sql, values).rowcount

	def insert(self, table: str, values: Row) -> int:
		"""Insert one row; returns its id. `table` and the keys come from this package, never from a request."""
		names = ", ".join(values)
		marks = ", ".join("?" * len(values))
		with self._lock:
			cursor = self._connection.execute(
				f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values())
			)
			return int(cursor.lastrowid or 0)

	def setting(self, name: str, default: str) -> str:
		"""A setting that an admin call has changed, or the default."""
		found = self.row("SELECT value FROM setting WHERE name = ?", (name,))
		return str(found["value"]) if found else default

	def change_setting(self, name: str, value: str) -> None:
		"""Keep a setting over restarts."""
		self.change(
			"INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			(name, value),
		)

	def close(self) -> None:
		"""Close the file; the write-ahead log is folded into it."""
		with self._lock:
			self._connection.close()
