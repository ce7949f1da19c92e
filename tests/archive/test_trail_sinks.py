"""Sinks of the audit trail: the file beside the site, and an Oracle table behind a connection of the test's own.

No Oracle server was at hand: what is checked here are the statements, their binds, the transactions and the failures.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from bayancore_erp.archive.core import oracle_trail
from bayancore_erp.archive.core.oracle_trail import Kind, OracleSettings, OracleTrail
from bayancore_erp.archive.core.trail import Event, Record, chain
from bayancore_erp.archive.core.trail_sink import Head, HeadFile
from bayancore_erp.zatca.core.errors import ConfigurationError, TransportError

SECRET = "not-to-be-seen"


def records(count: int) -> list[Record]:
	found: list[Record] = []
	for number in range(count):
		event = Event.now(
			datetime(2026, 11, 27, tzinfo=timezone.utc), "a", "Signed", f"ZATCA Document {number}"
		)
		found.append(chain(event, found[-1] if found else None))
	return found


class FakeOracle:
	"""A connection that takes the statements OracleTrail may use, binds by name, and refuses all others."""

	def __init__(self) -> None:
		self.tables: dict[str, str] = {}
		self.rows: list[dict[str, Any]] = []
		self.pending: list[dict[str, Any]] = []
		self.statements: list[str] = []
		self.fail = ""
		self._answer: Any = None

	def cursor(self) -> FakeOracle:
		return self

	def close(self) -> None:
		pass

	def execute(self, statement: str, binds: dict[str, Any] | None = None) -> None:
		self._note(statement, binds or {})
		if found := re.match(r"CREATE (IMMUTABLE|BLOCKCHAIN) TABLE ([A-Z_0-9]+) \(", statement):
			if found[2] in self.tables:
				raise RuntimeError("ORA-00955: name is already used by an existing object")
			self.tables[found[2]] = statement
		elif statement.startswith("SELECT PLACE, HASH FROM "):
			mine = [row for row in self.rows if row["trail"] == (binds or {})["trail"]]
			best = max(mine, key=lambda row: row["place"], default=None)
			self._answer = (best["place"], best["hash"]) if best else None
		else:
			raise AssertionError(statement)

	def executemany(self, statement: str, rows: list[dict[str, Any]]) -> None:
		assert statement.startswith("INSERT INTO ")
		for row in rows:
			self._note(statement, row)
			if any((r["trail"], r["place"]) == (row["trail"], row["place"]) for r in self.rows):
				raise RuntimeError(f"ORA-00001: unique constraint violated ({SECRET})")
			self.pending.append(row)

	def _note(self, statement: str, binds: dict[str, Any]) -> None:
		if self.fail:
			raise RuntimeError(self.fail)
		assert set(re.findall(r":([a-z]+)", statement)) == set(binds), "every bind is given, by its name"
		assert not re.search(r"UPDATE|DELETE FROM|DROP TABLE|TRUNCATE", statement)
		self.statements.append(statement)

	def fetchone(self) -> Any:
		return self._answer

	def commit(self) -> None:
		self.rows += self.pending
		self.pending = []

	def rollback(self) -> None:
		self.pending = []


def sink(fake: FakeOracle, **more: Any) -> OracleTrail:
	return OracleTrail(OracleSettings("db/service", "trail", SECRET, **more), lambda: fake)


def test_records_go_in_once_and_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(oracle_trail, "BATCH", 4)
	fake, made = FakeOracle(), records(10)
	trail = sink(fake)
	assert trail.prepare() and not trail.prepare(), "a table that is there is left alone"
	assert trail.last("") is None
	assert trail.take("", made[:7]) == 7 and trail.last("") == Head(7, made[6].hash)
	assert trail.take("", made[7:]) == 3 and trail.take("Co", made[:2]) == 2
	assert [row["line"] for row in fake.rows if row["trail"] == "-"] == [record.as_line() for record in made]
	assert trail.last("Co") == Head(2, made[1].hash)


def test_a_batch_that_was_there_is_refused_as_a_whole() -> None:
	fake, made = FakeOracle(), records(3)
	trail = sink(fake)
	trail.take("", made[:1])
	with pytest.raises(TransportError) as refused:
		trail.take("", made)
	assert refused.value.code == "ORA-00001" and SECRET not in str(refused.value.diagnostics())
	assert len(fake.rows) == 1 and not fake.pending


@pytest.mark.parametrize("kind", list(Kind))
def test_the_table_protects_its_rows(kind: Kind) -> None:
	statement = sink(FakeOracle(), kind=kind, keep_days=4018).creation()
	assert statement.startswith(f"CREATE {kind.value.upper()} TABLE BAYANCORE_TRAIL (")
	assert "NO DROP UNTIL 4018 DAYS IDLE NO DELETE UNTIL 4018 DAYS AFTER INSERT LOCKED" in statement
	assert statement.endswith('HASHING USING "SHA2_512" VERSION "v1"') is (kind is Kind.BLOCKCHAIN)


@pytest.mark.parametrize("wrong", [{"table": "a; drop"}, {"table": ""}, {"keep_days": 15}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
	with pytest.raises(ConfigurationError):
		sink(FakeOracle(), **wrong)


def test_a_lost_connection_is_made_anew_and_says_nothing_secret() -> None:
	fakes = [FakeOracle(), FakeOracle()]
	fakes[0].fail = f"DPY-4011: the database closed the connection {SECRET}"
	trail = OracleTrail(OracleSettings("d", "u", SECRET), lambda: fakes[0])

	def gone() -> None:
		raise RuntimeError("closed")

	fakes[0].rollback = gone  # type: ignore[method-assign]
	with pytest.raises(TransportError) as failed:
		trail.last("")
	assert failed.value.retryable and SECRET not in f"{failed.value} {failed.value.hint} {trail.settings}"
	trail._connect = lambda: fakes[1]
	assert trail.last("") is None


def test_the_file_knows_the_last_place(tmp_path: Path) -> None:
	made, file = records(3), HeadFile(tmp_path / "heads")
	assert file.last("Co") is None
	assert file.take("Co", made) == 3 and file.take("Co", []) == 0
	assert file.last("Co") == Head(3, made[2].hash) and file.last("") is None
	file.file("Co").write_text("torn")
	assert file.last("Co") is None


def test_oracles_own_refusal_of_the_table_comes_with_what_to_do() -> None:
	oracle = FakeOracle()
	oracle.fail = (
		f"ORA-05807: Blockchain or immutable table cannot have idle retention greater than 16 days ({SECRET})"
	)
	sink = OracleTrail(OracleSettings("db", "u", SECRET, kind=Kind.BLOCKCHAIN), lambda: oracle)
	with pytest.raises(TransportError) as refused:
		sink.prepare()
	assert "TABLE RETENTION" in refused.value.diagnostics() and SECRET not in refused.value.diagnostics()
