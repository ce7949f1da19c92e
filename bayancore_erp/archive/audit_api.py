"""What the desk may ask of the audit room. Permission first, then one call of the adapter."""

from __future__ import annotations

from typing import Any

import frappe
from werkzeug.wrappers import Response

from bayancore_erp.archive.adapter import inspector, packs, retention, verify_desk
from bayancore_erp.archive.adapter.reach import require_all, require_company, require_reader


@frappe.whitelist(methods=["POST"])
def verify_site() -> None:
	"""Have a worker verify everything. Permission: auditor or manager of all companies."""
	require_reader()
	require_all()
	verify_desk.start()


@frappe.whitelist(methods=["POST"])
def verify_report() -> dict[str, Any] | None:
	"""What the last round found. Permission: auditor or manager; only of the user's companies."""
	require_reader()
	return verify_desk.last_report()


@frappe.whitelist(methods=["GET"])
def download_pack(name: str) -> Response:
	"""The zip of an auditor's pack. Permission: read on it, and its company."""
	require_reader()
	row = frappe.get_doc("Audit Pack", name)
	row.check_permission("read")
	require_company(row.company)
	return packs.download(row)


@frappe.whitelist(methods=["POST"])
def find_invoice(text: str) -> list[dict[str, Any]]:
	"""Invoices by number, UUID, hash or the text of a scanned QR. Permission: auditor or manager."""
	frappe.only_for(inspector.READERS)
	return inspector.find(text)


@frappe.whitelist(methods=["POST"])
def inspect(document: str) -> dict[str, Any]:
	"""Everything on record about one signed document. Permission: read on it."""
	frappe.only_for(inspector.READERS)
	frappe.get_doc("ZATCA Document", document).check_permission("read")
	return inspector.standing(document)


@frappe.whitelist(methods=["POST"])
def hold(documents: str | list[str], reason: str) -> int:
	"""Put documents under a legal hold. Permission: create on Legal Hold."""
	frappe.has_permission("Legal Hold", "create", throw=True)
	return retention.hold(frappe.parse_json(documents), reason)


@frappe.whitelist(methods=["POST"])
def destroy(documents: str | list[str], reason: str) -> dict[str, Any]:
	"""Destroy documents whose term has ended. Permission: the role for it."""
	frappe.only_for(retention.DESTROYER)
	return retention.destroy(frappe.parse_json(documents), reason)
