"""Talking to Fatoora: `FatooraClient` over a one-method `Transport`, and the pure decisions about trying again.

`endpoints` knows addresses and headers, `transport` moves bytes, `exchange` keeps what an audit may see, `client` has the
verbs, `retry` and `breaker` decide without clock or sleep of their own. Source: ZATCA.md section 5.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.client.breaker import Breaker
from bayancore_erp.zatca.core.client.client import FatooraClient, Reply, SignedDocument
from bayancore_erp.zatca.core.client.credentials import Credentials
from bayancore_erp.zatca.core.client.endpoints import CALLS, Call, Gateway
from bayancore_erp.zatca.core.client.exchange import Exchange
from bayancore_erp.zatca.core.client.retry import Decision, RetryPolicy, decide
from bayancore_erp.zatca.core.client.transport import Request, RequestsTransport, Response, Transport

__all__ = [
	"FatooraClient",
	"Reply",
	"SignedDocument",
	"Credentials",
	"Gateway",
	"Call",
	"CALLS",
	"Exchange",
	"Transport",
	"RequestsTransport",
	"Request",
	"Response",
	"Decision",
	"RetryPolicy",
	"decide",
	"Breaker",
]
