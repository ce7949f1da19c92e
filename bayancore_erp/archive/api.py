"""What the desk may ask of the archive. Permission first, then one call of the adapter."""

from __future__ import annotations

from typing import Any

import frappe

from bayancore_erp.archive.adapter import desk, exceptions, papers
from bayancore_erp.zatca.adapter.desk import invoice_doctype


@frappe.whitelist(methods=["POST"])
def standing(doctype: str, name: str) -> dict[str, Any]:
	"""An invoice's papers, their place in the archive, its mails. Permission: read."""
	frappe.get_doc(invoice_doctype(doctype), name).check_permission("read")
	return desk.standing(doctype, name)


@frappe.whitelist(methods=["GET"])
def download(doctype: str, name: str, what: str = "pdf") -> None:
	"""The lawful PDF or XML of an invoice, or a draft's preview. Permission: print."""
	doc = frappe.get_doc(invoice_doctype(doctype), name)
	doc.check_permission("print")
	desk.answer_with(desk.download(doc, what))


@frappe.whitelist(methods=["GET"])
def download_object(name: str) -> None:
	"""One object out of the archive, verified. Permission: read on its row, and on its invoice."""
	row = frappe.get_doc("Archive Object", name)
	row.check_permission("read")
	if row.invoice_doctype and frappe.db.exists(row.invoice_doctype, row.invoice_name):
		frappe.get_doc(row.invoice_doctype, row.invoice_name).check_permission("read")
	desk.answer_with(desk.download_object(row))


@frappe.whitelist(methods=["POST"])
def restore(doctype: str, name: str) -> list[str]:
	"""Attach again what was lost at an invoice; gives the files. Permission: read."""
	doc = frappe.get_doc(invoice_doctype(doctype), name)
	doc.check_permission("read")
	return papers.restore(desk.document_of(doc))


@frappe.whitelist(methods=["POST"])
def send_again(doctype: str, name: str, recipients: str = "") -> str:
	"""Mail the very same files again. Permission: email."""
	doc = frappe.get_doc(invoice_doctype(doctype), name)
	doc.check_permission("email")
	return desk.send_again(doc, recipients)


@frappe.whitelist(methods=["POST"])
def retry(names: str | list[str]) -> int:
	"""Start work of the queue again. Permission: read on each row, and ZATCA or accounts manager."""
	frappe.only_for(("ZATCA Manager", "Accounts Manager", "System Manager"))
	chosen = frappe.parse_json(names)
	for name in chosen:
		frappe.get_doc("Archive Task", name).check_permission("read")
	return desk.retry(chosen)


@frappe.whitelist(methods=["POST"])
def check_store(company: str) -> dict[str, Any]:
	"""Whether the company's archive works, and what protects it. Permission: write on settings, read on the company."""
	frappe.has_permission("Archive Settings", "write", throw=True)
	frappe.has_permission("Company", "read", company, throw=True)
	return desk.health(company)


@frappe.whitelist(methods=["GET"])
def sample(company: str, layout: str = "a4") -> None:
	"""The company's latest document with its present brand, marked as a sample. Permission: read on both."""
	frappe.has_permission("Archive Settings", "read", throw=True)
	frappe.has_permission("Company", "read", company, throw=True)
	desk.answer_with(desk.sample(company, layout))


@frappe.whitelist(methods=["POST"])
def solve(name: str) -> None:
	"""A mail exception was settled by other means. Permission: email on its invoice."""
	row = frappe.get_doc("Mail Exception", name)
	row.check_permission("read")
	frappe.get_doc(row.invoice_doctype, row.invoice_name).check_permission("email")
	exceptions.close(name)
