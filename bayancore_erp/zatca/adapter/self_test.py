"""A device tries itself, without ZATCA: its key opens, a document is stamped and verified, its certificate is in time.

Takes an active device; gives one line for each thing, with what to do where it is not well. Books nothing, sends nothing,
takes no place in the chain. Source: issue 4, point 1.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any, NamedTuple

import frappe
from frappe import _

from bayancore_erp.zatca.adapter.enrolment import seller_of
from bayancore_erp.zatca.adapter.enrolment_view import invoice_map, no_worker
from bayancore_erp.zatca.adapter.vault import Identity, read
from bayancore_erp.zatca.core.chain import START
from bayancore_erp.zatca.core.compliance import make_document
from bayancore_erp.zatca.core.crypto.verify import verify
from bayancore_erp.zatca.core.errors import ZatcaError
from bayancore_erp.zatca.core.onboarding import Order, needed_documents
from bayancore_erp.zatca.core.pipeline import RIYADH


class Line(NamedTuple):
	"""One thing that was tried."""

	label: str
	ok: bool
	sentence: str


def try_device(name: str) -> list[Line]:
	"""Everything about one device. The key is decrypted anew, not taken from memory."""
	device = frappe.get_doc("ZATCA Device", name)
	try:
		identity = read(device)
	except ZatcaError as error:
		return [Line(_("Private key"), False, f"{error.message} {error.hint}".strip())]
	lines = [Line(_("Private key"), True, _("It opens and fits the certificate."))]
	lines.append(validity(identity))
	lines.append(stamps(device, identity))
	lines.append(workers())
	return lines


def validity(identity: Identity) -> Line:
	"""Whether the certificate is in time."""
	certificate, now = identity.certificate, datetime.now(timezone.utc)
	days = (certificate.not_after.astimezone(RIYADH).date() - now.astimezone(RIYADH).date()).days
	if certificate.not_before <= now <= certificate.not_after:
		return Line(_("Certificate"), True, _("Valid for {0} days.").format(days))
	return Line(_("Certificate"), False, _("It has expired. Renew it."))


def stamps(device: Any, identity: Identity) -> Line:
	"""Whether a document of each kind is stamped so that it verifies, and how long that takes."""
	label = _("Stamp and QR code")
	began = time.perf_counter()
	documents = needed_documents(invoice_map(device))
	try:
		seller = seller_of(device)
		for kind in documents:
			order = Order(kind, START, identity.key, identity.certificate, datetime.now(timezone.utc))
			verdict = verify(make_document(order, seller).xml)
			if not verdict.ok:
				return Line(label, False, _("A document that was stamped for trial does not verify."))
	except ZatcaError as error:
		return Line(label, False, f"{error.message} {error.hint}".strip())
	taken = (time.perf_counter() - began) * 1000 / len(documents)
	return Line(
		label,
		True,
		_("{0} documents stamped and verified, {1} ms each.").format(len(documents), round(taken)),
	)


def workers() -> Line:
	"""Whether somebody reports simplified invoices and posts cleared ones."""
	label = _("Background workers")
	if no_worker():
		return Line(label, False, _("None is running. Start them with bench, or ask your administrator."))
	return Line(label, True, _("Running."))
