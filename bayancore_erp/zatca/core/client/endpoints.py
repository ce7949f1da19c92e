"""The six calls of the gateway as a table, and where the gateway is.

Takes the environment and, for the simulator, another root address; gives method, URL and headers of a call.
Never allows an unencrypted address, save on this very machine. Source: ZATCA.md section 5.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.outcome import Endpoint

OFFICIAL_ROOT = "https://gw-fatoora.zatca.gov.sa"
SERVICE_PATH = "/e-invoicing"

COMMON_HEADERS = {
	"Accept": "application/json",
	"Accept-Encoding": "identity",
	# The wording of a duplicate or clearance-off answer is told apart in English only.
	"Accept-Language": "en",
	"Accept-Version": "V2",
	"Content-Type": "application/json",
	"User-Agent": "bayancore-erp",
}


class Call(NamedTuple):
	"""How one endpoint is called. `clearance_status` is the header of that name, empty where it is not sent."""

	method: str
	path: str
	needs_credentials: bool
	needs_otp: bool = False
	clearance_status: str = ""


CALLS: dict[Endpoint, Call] = {
	Endpoint.COMPLIANCE_CSID: Call("POST", "/compliance", False, needs_otp=True),
	Endpoint.COMPLIANCE_CHECK: Call("POST", "/compliance/invoices", True),
	Endpoint.PRODUCTION_CSID: Call("POST", "/production/csids", True),
	Endpoint.RENEWAL: Call("PATCH", "/production/csids", True, needs_otp=True),
	Endpoint.REPORTING: Call("POST", "/invoices/reporting/single", True, clearance_status="0"),
	Endpoint.CLEARANCE: Call("POST", "/invoices/clearance/single", True, clearance_status="1"),
}


@dataclass(frozen=True, slots=True)
class Gateway:
	"""One of the three gateways. `root` replaces `https://gw-fatoora.zatca.gov.sa`, for the simulator.

	Raises ConfigurationError where the root is no plain https address (or http one of this machine).
	"""

	environment: Environment
	root: str = OFFICIAL_ROOT

	def __post_init__(self) -> None:
		_check_root(self.root)

	@property
	def base_url(self) -> str:
		"""The address all paths are appended to, without a slash at its end."""
		ending = f"{SERVICE_PATH}/{self.environment.value}"
		root = self.root.strip().rstrip("/")
		for known in (ending, SERVICE_PATH):
			root = root.removesuffix(known)
		return root + ending

	def url(self, endpoint: Endpoint) -> str:
		"""The full address of a call."""
		return self.base_url + CALLS[endpoint].path


def is_loopback(host: str) -> bool:
	"""Whether the host is this very machine."""
	if host.lower() == "localhost":
		return True
	try:
		return ipaddress.ip_address(host).is_loopback
	except ValueError:
		return False


def _check_root(root: str) -> None:
	def refuse(why: str) -> ConfigurationError:
		return ConfigurationError(
			f"The gateway address {why}.",
			code="GATEWAY-ADDRESS",
			field="root",
			hint=f"Leave it empty for ZATCA's own, {OFFICIAL_ROOT}.",
		)

	try:
		parts = urlsplit(root.strip())
		host, _port = parts.hostname or "", parts.port
	except ValueError:
		raise refuse("cannot be read")
	if parts.scheme not in ("https", "http") or not host:
		raise refuse("has to start with https:// and name a host")
	# Neither is ever part of ZATCA's address, and a password in it would end up in logs.
	if parts.username or parts.password or parts.query or parts.fragment:
		raise refuse("may not carry a user, a password, a query or a fragment")
	if parts.scheme == "http" and not is_loopback(host):
		raise refuse("has to be encrypted (https://): only a simulator on this machine may be called without")
