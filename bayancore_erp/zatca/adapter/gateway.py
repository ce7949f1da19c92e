"""One call to the gateway for one stored document, with no transaction open while the network is awaited.

Takes a lease and the document's row; gives the reply, its request and answer both on record. The bytes that go out are the
stored ones, never rebuilt. Source: DESIGN.md, promises 1 and 3.
"""

from __future__ import annotations

import hashlib
from typing import Any

import frappe

from bayancore_erp.zatca.adapter import breaker, journal
from bayancore_erp.zatca.adapter.vault import Identity, identity_at_signing, identity_of
from bayancore_erp.zatca.core.client import FatooraClient, Reply, RequestsTransport, SignedDocument
from bayancore_erp.zatca.core.client.transport import READ_TIMEOUT
from bayancore_erp.zatca.core.outcome import Endpoint, Kind

_lines: dict[float, RequestsTransport] = {}


def call(lease: journal.Lease, document: Any, endpoint: Endpoint, *, patience: float | None = None) -> Reply:
	"""Send the stored bytes once and keep the answer. `patience`: seconds to wait where a person does.

	Commits before the call and after it. Raises LeaseLost, and ConfigurationError for an identity that cannot be used.
	"""
	identity = identity_at_signing(document.device, document.certificate_serial)
	reply = once(lease, document, endpoint, identity, patience)
	if reply.outcome.kind is Kind.UNAUTHORISED:
		current = identity_of(document.device)
		if current.credentials != identity.credentials:
			# what is refused is the certificate of before a renewal: the same bytes, brought by its successor
			return once(lease, document, endpoint, current, patience)
	return reply


def once(
	lease: journal.Lease, document: Any, endpoint: Endpoint, identity: Identity, patience: float | None
) -> Reply:
	"""One request and its answer, under one identity."""
	signed = SignedDocument(document.xml, document.invoice_hash, document.uuid, document.invoice_name)
	payload = signed.payload()
	request = journal.add_request(
		lease, document, endpoint.value, hashlib.sha256(payload).hexdigest(), len(payload)
	)
	frappe.db.commit()
	client = FatooraClient(identity.gateway, line(patience), identity.credentials)
	reply = client.clear(signed) if endpoint is Endpoint.CLEARANCE else client.report(signed)
	breaker.record(identity.gateway, reply.outcome)
	journal.add_answer(lease, document, request, reply)
	frappe.db.commit()
	return reply


def line(patience: float | None) -> RequestsTransport:
	"""A transport that waits no longer than `patience` for the answer; kept, for its connections are reused."""
	wait = READ_TIMEOUT if patience is None else max(1.0, round(patience))
	if wait not in _lines:
		_lines[wait] = RequestsTransport(
			connect_timeout=min(10, wait),
			read_timeout=wait,
			total_timeout=max(wait, 180 if patience is None else wait),
		)
	return _lines[wait]
