"""`bench --site SITE zatca …`: what an operator does without the desk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import frappe
from frappe.commands import get_site, pass_context

from bayancore_erp.archive import commands as audit


@contextmanager
def on_site(context: Any) -> Iterator[None]:
	"""frappe connected to the site the command names."""
	frappe.init(site=get_site(context))
	frappe.connect()
	try:
		yield
	finally:
		frappe.destroy()


def require(doctype: str, names: Sequence[str]) -> None:
	"""End with status 2 where one is not there: of nothing, everything holds."""
	missing = [name for name in names if not frappe.db.exists(doctype, name)]
	if missing:
		click.echo(f"No such {doctype}: {', '.join(missing)}", err=True)
		sys.exit(2)


@click.group()
def zatca() -> None:
	"""ZATCA e-invoicing: devices and their chains."""


@zatca.command()
@click.option(
	"--simulator", is_flag=True, required=True, help="Onboard a device of the local Fatoora simulator."
)
@click.option("--url", help="Where a simulator listens; else the site starts one of its own.")
@click.option("--company", help="The company; may be left out where only one is in Saudi Arabia.")
@click.option("--device", help="An existing simulator device, rather than a new one.")
@pass_context
def onboard(context: Any, simulator: bool, url: str | None, company: str | None, device: str | None) -> None:
	"""Give a company a device that signs, without the wizard."""
	from bayancore_erp.zatca.adapter import local_simulator
	from bayancore_erp.zatca.adapter.enrolment import onboard_with_simulator
	from bayancore_erp.zatca.core.errors import ZatcaError

	with on_site(context):
		frappe.set_user("Administrator")
		saudi = frappe.get_all("Company", filters={"country": "Saudi Arabia"}, pluck="name")
		if not saudi:
			click.echo(
				"There is no company in Saudi Arabia on this site yet: finish ERPNext's first-run wizard.",
				err=True,
			)
			sys.exit(2)
		if not company and len(saudi) != 1:
			click.echo(f"Say which company with --company: {', '.join(saudi)}", err=True)
			sys.exit(2)
		try:
			doc = onboard_with_simulator(
				company or saudi[0], url or local_simulator.start().url, device=device
			)
		except (ZatcaError, OSError, frappe.ValidationError) as error:
			click.echo(f"Not onboarded: {error}", err=True)
			sys.exit(2)
		click.echo(f"{doc.name} is active for {doc.company}, certificate {doc.certificate_serial}")


@zatca.command("verify-chain")
@click.option("--device", "devices", multiple=True, help="Only this device; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_context
def verify_chain(context: Any, devices: tuple[str, ...], as_json: bool) -> None:
	"""Recompute every device's chain; exit status 1 where one is broken."""
	from bayancore_erp.zatca.adapter import chain

	with on_site(context):
		require("ZATCA Device", devices)
		lives = [chain.verify(name) for name in devices or frappe.get_all("ZATCA Device", pluck="name")]
		if as_json:
			click.echo(
				json.dumps(
					[
						{
							"device": life.device,
							"documents": life.documents,
							"breaks": [
								{"icv": each.icv, "document": each.document, "what": each.what}
								for each in life.breaks
							],
						}
						for life in lives
					],
					ensure_ascii=False,
				)
			)
		else:
			for life in lives:
				click.echo(f"{life.device}: {life.documents} documents, {'whole' if life.ok else 'BROKEN'}")
				for each in life.breaks:
					click.echo(f"  {each.icv} {each.document}: {each.what}")
		if not all(life.ok for life in lives):
			sys.exit(1)


@zatca.command()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_context
def doctor(context: Any, as_json: bool) -> None:
	"""Examine everything invoices depend on; exit status 0 in order, 1 something is not."""
	from bayancore_erp.zatca.adapter import doctor as examination

	with on_site(context):
		frappe.set_user("Administrator")
		findings = examination.examine()
		if as_json:
			click.echo(json.dumps(examination.as_values(findings), ensure_ascii=False, indent=1))
		else:
			colours = {"green": "green", "amber": "yellow", "red": "red"}
			for finding in findings:
				light = finding.light.value
				click.echo(
					f"{click.style(light.ljust(5), fg=colours[light])}  {finding.area}: {finding.sentence}"
				)
				if finding.todo:
					click.echo(f"       {finding.todo}")
		if examination.worst(findings) is not examination.Light.GREEN:
			sys.exit(1)


@zatca.command()
@click.argument("invoices", nargs=-1)
@click.option("--company", help="Only drafts of this company; else of every one that issues through ZATCA.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@pass_context
def rehearse(context: Any, invoices: tuple[str, ...], company: str | None, as_json: bool) -> None:
	"""Say what would become of drafts if they were submitted now; exit status 1 where one would be refused.

	Of all drafts, or of INVOICES. Nothing is signed, sent or written.
	"""
	from bayancore_erp.zatca.adapter import dry_run

	with on_site(context):
		frappe.set_user("Administrator")
		require("Company", [company] if company else [])
		chosen = list(dry_run.drafts(invoices, company))
		missing = set(invoices) - {name for _doctype, name in chosen}
		if missing:
			click.echo(f"No such draft: {', '.join(sorted(missing))}", err=True)
			sys.exit(2)
		seen = [dry_run.rehearse(doctype, name) for doctype, name in chosen]
		if as_json:
			rows = [{**asdict(each), "ok": each.ok} for each in seen]
			click.echo(json.dumps(rows, ensure_ascii=False))
		else:
			for each in seen:
				click.echo(f"{each.name}: {'would be issued' if each.ok else 'would be REFUSED'}")
				for one in each.problems:
					click.echo(f"  {one.severity.lower()} {one.code}: {one.text}")
		if not all(each.ok for each in seen):
			sys.exit(1)


@zatca.command("demo-data")
@click.option("--company", required=True, help="The company beside which the training company is made.")
@pass_context
def demo_data(context: Any, company: str) -> None:
	"""Make a company's training company: customers, items and drafts, and a device of the site's own simulator."""
	from bayancore_erp.setup import training
	from bayancore_erp.zatca.core.errors import ZatcaError

	with on_site(context):
		frappe.set_user("Administrator")
		try:
			name = training.start(company)
		except (ZatcaError, OSError, frappe.ValidationError) as error:
			click.echo(f"Nothing was made: {error}", err=True)
			sys.exit(2)
		frappe.db.commit()
		click.echo(f"{name} is ready: look at its drafts and submit the first one")


@zatca.command("new-wrapping-key")
def new_wrapping_key() -> None:
	"""Print a new wrapping key; where to put it says docs/secrets.md."""
	from bayancore_erp.zatca.core.crypto.wrapping import new_key

	click.echo(new_key())


@zatca.command()
@pass_context
def rewrap(context: Any) -> None:
	"""Bring every device secret under the newest wrapping key (under none, where the site has none)."""
	from bayancore_erp.zatca.adapter import sealing
	from bayancore_erp.zatca.core.errors import ZatcaError

	with on_site(context):
		try:
			changed = sealing.rewrap()
		except ZatcaError as error:
			click.echo(f"Nothing was changed: {error.diagnostics()}", err=True)
			sys.exit(2)
		frappe.db.commit()
		click.echo(f"{changed} secrets were wrapped anew")


zatca.add_command(audit.verify)
zatca.add_command(audit.export_audit)


@zatca.command("approval-example")
@click.option("--doctype", default="Sales Invoice", show_default=True, help="Sales Invoice or POS Invoice.")
@click.option("--activate", is_flag=True, help="Make it the doctype's active Workflow.")
@pass_context
def approval_example(context: Any, doctype: str, activate: bool) -> None:
	"""Make the example Workflow in which a second person approves an invoice before it goes to ZATCA."""
	from bayancore_erp.setup.approval import make_example

	with on_site(context):
		frappe.set_user("Administrator")
		name = make_example(doctype, active=activate)
		frappe.db.commit()
		click.echo(f"{name}{' is active' if activate else ': look at it, then set it active'}")


commands = [zatca]
