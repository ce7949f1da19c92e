"""What a training company may and may not: its numbers cannot be mistaken, its papers never leave, and it never goes to ZATCA.

Takes a document or a company; gives the answer. A training company is one with `zatca_training_of` set, which only
`setup/training.py` does. Source: Guideline p. 34 (training and test environments), TAX.md section 2.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.fields import CompanyField

SERIES = "TRAINING-.YYYY.-.#####"
NUMBERS = "TRAINING-%"
SIMULATOR = "Simulator"


def is_training(company: str | None) -> bool:
	"""Whether nothing this company issues is a tax invoice."""
	return bool(company and frappe.get_cached_value("Company", company, CompanyField.TRAINING_OF))


def number_apart(doc: Any) -> None:
	"""Before an invoice gets its number: a training company's are told apart at a glance, whatever was chosen."""
	if is_training(doc.get("company")):
		doc.naming_series = SERIES
		doc.flags.name_set = False
		doc.name = None


def refuse_other_environments(device: Any) -> None:
	"""Raise frappe.ValidationError for a training company's device that is not a simulator's."""
	if device.environment != SIMULATOR and is_training(device.company):
		frappe.throw(
			_("{0} is a training company: its devices talk to the simulator only.").format(device.company),
			title=_("Training"),
		)
