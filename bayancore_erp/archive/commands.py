"""`bench --site SITE zatca verify` and `export-audit`: the audit room without the desk."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from frappe.commands import pass_context


@click.command("verify")
@click.option("--company", default="", help="Only what concerns this company, and the site's own trail.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_context
def verify(context: Any, company: str, as_json: bool) -> None:
	"""Recompute trail, evidence, states and chains; exit status 1 where something does not hold, 2 for an unknown company."""
	from bayancore_erp.archive.adapter.verify import MOST
	from bayancore_erp.archive.adapter.verify import verify as run
	from bayancore_erp.commands import on_site
	from bayancore_erp.zatca.core.errors import InvalidInput

	with on_site(context):
		try:
			report = run(company)
		except InvalidInput as error:
			click.echo(f"Not verified: {error}", err=True)
			sys.exit(2)
	if as_json:
		click.echo(json.dumps(report.as_dict(), ensure_ascii=False, default=str))
	else:
		for kind, count in sorted(report.looked_at.items()):
			click.echo(f"{count:9,} {kind}")
		for remark in report.remarks:
			click.echo(f"NOTE     {remark}")
		for each in report.findings:
			place = f" at {each.number}" if each.number is not None else ""
			click.echo(f"PROBLEM  {each.doctype} {each.name}{place}: {each.what}")
		click.echo(
			"All holds."
			if report.ok
			else f"{report.problems} problems; of each company the first {MOST} at most are shown."
		)
	sys.exit(0 if report.ok else 1)


@click.command("export-audit")
@click.option("--company", default="", help="Whose documents; without --everything it has to be said.")
@click.option("--from", "start", default="", help="First day, YYYY-MM-DD.")
@click.option("--to", "end", default="", help="Last day, YYYY-MM-DD.")
@click.option(
	"--out", required=True, type=click.Path(path_type=Path), help="The zip, or with --everything a folder."
)
@click.option(
	"--everything",
	is_flag=True,
	help="Every company's whole life; a verified one allows to uninstall the app.",
)
@pass_context
def export_audit(context: Any, company: str, start: str, end: str, out: Path, everything: bool) -> None:
	"""Write the auditor's pack of a period and verify it; prints its seal. Exit status 1 where it does not hold."""
	from bayancore_erp.archive.adapter import pack_everything, packs
	from bayancore_erp.archive.adapter.pack_source import Period
	from bayancore_erp.archive.adapter.reach import require_known
	from bayancore_erp.commands import on_site
	from bayancore_erp.zatca.core.errors import ZatcaError

	if not company and not everything:
		raise click.UsageError("Say whose documents with --company, or --everything.")
	out = out.resolve()
	with on_site(context):
		try:
			if everything:
				sys.exit(0 if pack_everything.export(out, click.echo) else 1)
			require_known(company)
			made = packs.make(Period(company, date.fromisoformat(start), date.fromisoformat(end)), out)
		except (ZatcaError, ValueError, OSError) as error:
			click.echo(f"Not exported: {error}", err=True)
			sys.exit(2)
	for problem in made.problems[:100]:
		click.echo(f"PROBLEM  {problem}")
	click.echo(f"{made.seal.documents} documents, {made.size:,} bytes: {made.path}")
	click.echo(f"Seal: {made.seal.sha256}")
	click.echo("Verified: everything holds." if not made.problems else f"{len(made.problems)} problems.")
	sys.exit(1 if made.problems else 0)
