"""The side door: what a test or an operator asks of the simulator, under /simulator/.

Takes: an HTTP method, a path, a query and a body, from this machine only. Gives: JSON. Never part of the real
Fatoora, whose portal does these things by hand: OTPs, revocation, a day on which clearance is off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import InvalidInput, ZatcaError
from bayancore_erp.zatca.simulator.answers import Answer
from bayancore_erp.zatca.simulator.faults import ENDPOINTS, KINDS, Fault, FaultBox
from bayancore_erp.zatca.simulator.identities import Identities
from bayancore_erp.zatca.simulator.settings import Settings
from bayancore_erp.zatca.simulator.submissions import Submissions

PREFIX = "/simulator"
Body = Mapping[str, Any]


class Admin:
	"""The calls, each a method; the table in `_routes` is the whole interface."""

	def __init__(
		self, identities: Identities, submissions: Submissions, settings: Settings, faults: FaultBox
	) -> None:
		self._identities = identities
		self._submissions = submissions
		self._settings = settings
		self._faults = faults
		self._routes: dict[tuple[str, str], Callable[[Body], Any]] = {
			("GET", "/"): self._index,
			("POST", "/otp"): self._otp,
			("GET", "/devices"): self._devices,
			("POST", "/devices/revoke"): self._revoke,
			("GET", "/submissions"): self._list,
			("GET", "/submissions/document"): self._document,
			("GET", "/chains"): self._chains,
			("GET", "/statistics"): self._statistics,
			("GET", "/settings"): self._show_settings,
			("POST", "/settings"): self._change_settings,
			("POST", "/clock"): self._clock,
			("GET", "/faults"): self._show_faults,
			("POST", "/faults"): self._add_fault,
			("DELETE", "/faults"): self._clear_faults,
		}

	def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
		"""Answer one admin call; what cannot be done is said in one sentence."""
		route = path.removeprefix(PREFIX).rstrip("/") or "/"
		handler = self._routes.get((method, route))
		if handler is None:
			known = sorted(f"{verb} {PREFIX}{place}" for verb, place in self._routes)
			return Answer(404, {"error": "There is no such admin call.", "known": known})
		try:
			given = json.loads(body) if body.strip() else {}
			if not isinstance(given, dict):
				raise InvalidInput("The body is not a JSON object.")
			result = handler({**query, **given})
		except ZatcaError as error:
			return Answer(400, {"error": error.diagnostics()})
		except (ValueError, TypeError) as error:
			return Answer(400, {"error": f"The request cannot be read: {error}"})
		return result if isinstance(result, Answer) else Answer(200, result)

	def _index(self, body: Body) -> Any:
		return {
			"simulator": "bayancore Fatoora simulator, no legal force",
			"environments": [f"/e-invoicing/{place.value}" for place in Environment],
			"calls": sorted(f"{verb} {PREFIX}{place}" for verb, place in self._routes),
			"fault_kinds": KINDS,
			"endpoints": ENDPOINTS,
			"settings": self._settings.body(),
		}

	def _otp(self, body: Body) -> Any:
		environment = _environment(body, Environment.SIMULATION)
		assert environment
		vat_number = body.get("vat_number")
		return self._identities.issue_otp(environment, str(vat_number) if vat_number else None)

	def _devices(self, body: Body) -> Any:
		return {"devices": self._identities.listing()}

	def _revoke(self, body: Body) -> Any:
		if not self._identities.revoke(int(body.get("request_id") or 0)):
			raise InvalidInput("There is no such CSID in force.", field="request_id")
		return {"revoked": int(body["request_id"])}

	def _list(self, body: Body) -> Any:
		narrowed = {name: str(value) for name, value in body.items() if name not in ("after", "limit")}
		rows = self._submissions.listing(
			after=int(body.get("after") or 0), limit=int(body.get("limit") or 1000), **narrowed
		)
		return {"submissions": rows}

	def _document(self, body: Body) -> Any:
		found = self._submissions.documents(int(body.get("id") or 0))
		wanted = found and found[1 if body.get("cleared") else 0]
		if not wanted:
			raise InvalidInput("There is no such document.", field="id")
		return Answer(200, bytes(wanted), content_type="application/xml")

	def _chains(self, body: Body) -> Any:
		return {"chains": self._submissions.chains(per_csid=bool(body.get("per_csid")))}

	def _statistics(self, body: Body) -> Any:
		return self._submissions.statistics()

	def _show_settings(self, body: Body) -> Any:
		return self._settings.body()

	def _change_settings(self, body: Body) -> Any:
		place = _environment(body, None)
		changes = {name: value for name, value in body.items() if name != "environment"}
		wrong = [name for name, value in changes.items() if not isinstance(value, bool)]
		if wrong:
			raise InvalidInput("A switch is turned to true or false.", field=wrong[0])
		for switch, on in changes.items():
			self._settings.turn(switch, on, place)
		return self._settings.body()

	def _clock(self, body: Body) -> Any:
		self._settings.advance_clock(int(body.get("advance_seconds") or 0))
		return {"now": self._settings.clock().isoformat()}

	def _show_faults(self, body: Body) -> Any:
		return {"faults": [fault.body() for fault in self._faults.active]}

	def _add_fault(self, body: Body) -> Any:
		given = dict(body)
		text = given.pop("fault", None)
		if text is not None:
			return self._faults.add(Fault.parse(str(text))).body()
		return self._faults.add(Fault.make(str(given.pop("kind", "")), **given)).body()

	def _clear_faults(self, body: Body) -> Any:
		return {"cleared": self._faults.clear()}


def _environment(body: Body, default: Environment | None) -> Environment | None:
	name = body.get("environment")
	if not name:
		return default
	try:
		return Environment(name)
	except ValueError as error:
		known = ", ".join(place.value for place in Environment)
		raise InvalidInput(f"There is no environment {name!r}.", hint=f"Known: {known}") from error
