"""The places outside this database that are told of the trail: the file of this server, and an Oracle table where one is set up.

Takes nothing; gives the sinks, and exports what the Oracle table has not seen yet. It is set up in site_config.json, where the
database's own password stands too:

	"zatca_oracle_trail": {"dsn": "…", "user": "…", "password": "…", "kind": "blockchain", "keep_days": 4026}
"""

from __future__ import annotations

from collections.abc import Iterator

import frappe
from frappe import _

from bayancore_erp.archive.adapter import trail_seal
from bayancore_erp.archive.adapter.pack_source import records_of_trail
from bayancore_erp.archive.core.oracle_trail import Kind, OracleSettings, OracleTrail
from bayancore_erp.archive.core.trail_sink import TrailSink
from bayancore_erp.zatca.core.errors import ConfigurationError

CONFIG = "zatca_oracle_trail"


def sinks() -> Iterator[tuple[str, TrailSink]]:
	"""Each sink with the words for it."""
	yield _("the file of this server"), trail_seal.head_file()
	oracle = oracle_sink()
	if oracle:
		yield _("the Oracle table {0}").format(oracle.settings.table), oracle


def oracle_sink() -> OracleTrail | None:
	"""The Oracle table, if one is set up. Raises ConfigurationError for settings that cannot work."""
	said = frappe.conf.get(CONFIG)
	if not said:
		return None
	try:
		return OracleTrail(OracleSettings(**{**said, "kind": Kind(said.get("kind", Kind.IMMUTABLE.value))}))
	except (TypeError, ValueError):
		raise ConfigurationError(
			_("The settings of the Oracle table in site_config.json cannot be read."), field=CONFIG
		)


def export(sink: TrailSink | None = None) -> int:
	"""Tell the Oracle table of every sealed record it has not seen; gives how many. Raises what the sink raises."""
	oracle = sink or oracle_sink()
	if not oracle:
		return 0
	if isinstance(oracle, OracleTrail):
		oracle.prepare()
	count = 0
	for company in trail_seal.companies():
		last, head = oracle.last(company), trail_seal.head_of(company)
		if head and (not last or last.number < head.number):
			count += oracle.take(
				company, records_of_trail(company, ((last.number if last else 0) + 1, head.number))
			)
	return count
