"""The archive's part of the doctor's round: does the place work, what protects it, what waits, whom no mail reaches.

Takes the site; gives findings. Contacts each company's store once. Never changes anything, never locks a retention rule.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta

import frappe
from frappe import _
from frappe.utils import now_datetime

from bayancore_erp.archive.adapter import desk
from bayancore_erp.archive.adapter.exceptions import EXCEPTION
from bayancore_erp.archive.adapter.places import OCI
from bayancore_erp.archive.adapter.preferences import SETTINGS, preferences
from bayancore_erp.archive.adapter.tasks import OPEN, TASK, TaskState
from bayancore_erp.zatca.adapter.doctor import Finding, Light
from bayancore_erp.zatca.adapter.training import is_training

LATE = timedelta(hours=4)


def places() -> Iterator[Finding]:
	"""Each company's archive, reachable and protected."""
	for company in frappe.get_all("ZATCA Settings", filters={"enabled": 1}, pluck="name"):
		if is_training(company):
			continue
		health = desk.health(company)
		route = ("Form", SETTINGS, company) if frappe.db.exists(SETTINGS, company) else ("List", SETTINGS)
		if health["ok"]:
			rules = " ".join([*health["rules"], *health["facts"]])
			on_folder = preferences(company).backend != OCI
			yield Finding(
				_("Archive"),
				Light.AMBER if on_folder else Light.GREEN,
				_("{0}: the archive works ({1}).").format(company, health["place"])
				+ (f" {rules}" if rules else ""),
				_(
					"A folder protects nothing against its owner. For the years the law asks, choose object storage."
				)
				if on_folder
				else "",
				route,
				company,
			)
		else:
			yield Finding(
				_("Archive"),
				Light.RED,
				f"{company}: {' '.join(health['problems'])}",
				_(
					"Mend it in Archive Settings. Nothing is lost meanwhile: what waits is archived afterwards."
				),
				route,
				company,
			)


def waiting() -> Iterator[Finding]:
	"""Work that failed or has waited for hours."""
	failed = frappe.db.count(TASK, {"state": TaskState.FAILED.value})
	late = frappe.db.count(TASK, {"state": ("in", OPEN), "creation": ("<", now_datetime() - LATE)})
	if failed or late:
		yield Finding(
			_("Archive"),
			Light.RED if failed else Light.AMBER,
			_("{0} documents' work failed, {1} have waited for more than four hours.").format(failed, late),
			_("Each row says what keeps it. Mend that, then start them again from the list."),
			("List", TASK),
		)
	else:
		yield Finding(_("Archive"), Light.GREEN, _("Every document is drawn, kept and mailed."))


def pages() -> Iterator[Finding]:
	"""A print format of the company's own is drawn by wkhtmltopdf: is it there, and does it know Arabic?"""
	for row in frappe.get_all(
		SETTINGS, filters={"print_format": ("is", "set")}, fields=["company", "print_format"]
	):
		found = wkhtmltopdf()
		if "patched qt" in found:
			continue
		yield Finding(
			_("Documents"),
			Light.AMBER,
			_("{0}: the print format {1} is drawn by wkhtmltopdf ({2}), which puts Arabic words and figures over each other.").format(row.company, row.print_format, found)
			if found
			else _("{0}: the print format {1} needs wkhtmltopdf, which is not installed; the built-in design is used.").format(row.company, row.print_format),
			_("Install wkhtmltopdf “with patched qt”, as Frappe's documentation says, or take the built-in design."),
			("Form", SETTINGS, row.company), row.company,
		)  # fmt: skip


def wkhtmltopdf() -> str:
	"""What it says of itself; empty where there is none."""
	try:
		said = subprocess.run(
			["wkhtmltopdf", "--version"], capture_output=True, text=True, timeout=20, check=False
		)
	except (OSError, subprocess.TimeoutExpired):
		return ""
	return said.stdout.strip()


def mail() -> Iterator[Finding]:
	"""Invoices that reached nobody."""
	count = frappe.db.count(EXCEPTION, {"state": "Open"})
	if count:
		yield Finding(
			_("E-mail"),
			Light.AMBER,
			_("{0} invoices reached nobody.").format(count),
			_("Each one is assigned to somebody; correct the address and send again."),
			("List", EXCEPTION),
		)
