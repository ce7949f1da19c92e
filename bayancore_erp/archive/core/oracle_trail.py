"""The audit trail in an Oracle Database, in an immutable or blockchain table: rows that its administrator cannot change either.

Takes records of a trail; inserts those that are not there yet, in their order, and gives back the last one. Imports `oracledb`
(thin mode, no Oracle client needed) only when it connects. Never updates, deletes or drops, and never shows the password.
Immutable and blockchain tables exist since 19.11 (COMPATIBLE 19.11.0); rows of ours are kept for `keep_days` after their
insert, LOCKED: that term cannot be made shorter by anybody. Source: Oracle SQL Language Reference, CREATE TABLE:
blockchain_table_clauses and immutable_table_clauses (drop, then row retention, then hashing), Database Reference
(BLOCKCHAIN_TABLE_RETENTION_THRESHOLD) and error help, read in November 2026 for 19c, 21c and 26ai.

Not tried against a server: none was at hand. The tests check statements and binds with a connection of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

from bayancore_erp.archive.core.trail import Record
from bayancore_erp.archive.core.trail_sink import Head
from bayancore_erp.zatca.core.errors import ConfigurationError, TransportError

BATCH = 500
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,29}")
_FEWEST_DAYS = 16
"""Oracle takes no shorter term."""
_EXISTS = "ORA-00955"
_HINTS = {
	"ORA-00439": "This edition of the database has no such tables.",
	"ORA-01031": "Grant CREATE TABLE to the user.",
	"ORA-05728": "Set COMPATIBLE to 19.11.0 or higher.",
	"ORA-05729": "Connect to a pluggable database, not to the root container.",
	"ORA-05747": "keep_days is more than this database takes.",
	"ORA-05807": "Grant TABLE RETENTION to the user: since 23ai it takes that to keep a table for more than 16 idle days.",
}
"""What a person can do about Oracle's refusals of the table; all others are for whoever runs the database."""


class Kind(str, Enum):
	"""How Oracle protects the table. A blockchain table also chains its rows by itself."""

	IMMUTABLE = "immutable"
	BLOCKCHAIN = "blockchain"


@dataclass(frozen=True, slots=True)
class OracleSettings:
	"""Where the table stands and how it is protected. Prints without the password."""

	dsn: str
	user: str
	password: str = field(repr=False)
	table: str = "BAYANCORE_TRAIL"
	kind: Kind = Kind.IMMUTABLE
	keep_days: int = 11 * 366
	wallet_location: str = ""
	wallet_password: str = field(default="", repr=False)

	def __post_init__(self) -> None:
		if not _NAME.fullmatch(self.table):
			raise ConfigurationError(
				"The table's name is not one for Oracle.",
				hint="Use at most 30 capital Latin letters, digits and underscores.",
				field="table",
			)
		if self.keep_days < _FEWEST_DAYS:
			raise ConfigurationError(
				f"Oracle keeps the rows of such a table for at least {_FEWEST_DAYS} days.", field="keep_days"
			)


class OracleTrail:
	"""A trail sink in a table. `connect` is replaced in tests."""

	def __init__(self, settings: OracleSettings, connect: Callable[[], Any] | None = None) -> None:
		self.settings = settings
		self._connect = connect or self._oracledb
		self._connection: Any = None

	def prepare(self) -> bool:
		"""Create the table where there is none; gives whether it was. Never touches one that is there."""
		try:
			with self._cursor() as cursor:
				cursor.execute(self.creation())
		except TransportError as error:
			if error.code == _EXISTS:
				return False
			raise
		return True

	def creation(self) -> str:
		"""The statement that makes the table."""
		settings = self.settings
		hashing = ' HASHING USING "SHA2_512" VERSION "v1"' if settings.kind is Kind.BLOCKCHAIN else ""
		return (
			f"CREATE {settings.kind.value.upper()} TABLE {settings.table} ("
			"TRAIL VARCHAR2(140 CHAR) DEFAULT '-' NOT NULL, PLACE NUMBER(12) NOT NULL, HASH VARCHAR2(64 CHAR) NOT NULL, "
			f"PREVIOUS VARCHAR2(64 CHAR) NOT NULL, LINE CLOB NOT NULL, CONSTRAINT {settings.table[:27]}_PK "
			"PRIMARY KEY (TRAIL, PLACE)) "
			f"NO DROP UNTIL {settings.keep_days} DAYS IDLE NO DELETE UNTIL {settings.keep_days} DAYS AFTER INSERT LOCKED{hashing}"
		)

	def last(self, trail: str) -> Head | None:
		"""The last record of the trail in the table."""
		with self._cursor() as cursor:
			cursor.execute(
				f"SELECT PLACE, HASH FROM {self.settings.table} WHERE TRAIL = :trail ORDER BY PLACE DESC FETCH FIRST 1 ROWS ONLY",
				{"trail": named(trail)},
			)
			row = cursor.fetchone()
		return Head(int(row[0]), str(row[1])) if row else None

	def take(self, trail: str, records: Iterable[Record]) -> int:
		"""Insert records, a batch a transaction; gives how many. A batch another process inserted first raises TransportError."""
		count = 0
		for batch in batches(records):
			rows = [
				{
					"trail": named(trail),
					"place": record.number,
					"hash": record.hash,
					"previous": record.previous,
					"line": record.as_line(),
				}
				for record in batch
			]
			with self._cursor() as cursor:
				cursor.executemany(
					f"INSERT INTO {self.settings.table} (TRAIL, PLACE, HASH, PREVIOUS, LINE) "
					"VALUES (:trail, :place, :hash, :previous, :line)",
					rows,
				)
			count += len(rows)
		return count

	def _cursor(self) -> _Cursor:
		return _Cursor(self)

	def connection(self) -> Any:
		"""The open connection, made where there is none."""
		if self._connection is None:
			self._connection = self._connect()
		return self._connection

	def drop_connection(self) -> None:
		"""After a failure: the next call connects anew."""
		self._connection = None

	def _oracledb(self) -> Any:
		try:
			import oracledb
		except ImportError:
			raise ConfigurationError(
				"The package oracledb is not installed.", hint="Install bayancore_erp[oracle] on the bench."
			)
		settings = self.settings
		wallet = (
			{
				"config_dir": settings.wallet_location,
				"wallet_location": settings.wallet_location,
				"wallet_password": settings.wallet_password or None,
			}
			if settings.wallet_location
			else {}
		)
		return oracledb.connect(
			user=settings.user, password=settings.password, dsn=settings.dsn, tcp_connect_timeout=10, **wallet
		)


class _Cursor:
	"""A cursor whose work is committed as a whole; failures are told in our own words, without the statement's values."""

	def __init__(self, sink: OracleTrail) -> None:
		self._sink = sink

	def __enter__(self) -> Any:
		try:
			self._cursor = self._sink.connection().cursor()
		except ConfigurationError:
			raise
		except Exception as error:
			self._sink.drop_connection()
			raise TransportError(
				"The Oracle Database of the audit trail cannot be reached.",
				may_have_arrived=False,
				code=_code(error),
			) from error
		return self._cursor

	def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
		connection = self._sink.connection()
		if error is None:
			try:
				connection.commit()
				self._cursor.close()
				return
			except Exception as late:
				error = late
		try:
			connection.rollback()
		except Exception:
			self._sink.drop_connection()
		if isinstance(error, Exception):
			code = _code(error)
			raise TransportError(
				"The Oracle Database of the audit trail refused a statement.",
				may_have_arrived=True,
				code=code,
				hint=_HINTS.get(code, ""),
			) from error


def _code(error: BaseException) -> str:
	"""Oracle's own number, such as ORA-00001, where it says one; nothing else of its text."""
	found = re.search(r"(?:ORA|DPY|TNS)-[0-9]{4,5}", str(error))
	return found[0] if found else type(error).__name__


def named(trail: str) -> str:
	"""Oracle takes an empty text for none: the site's own trail is called `-`."""
	return trail or "-"


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
	"""So many at a time."""
	source = iter(records)
	while batch := list(islice(source, BATCH)):
		yield batch
