"""The switches of the simulator that an admin may turn, kept over restarts.

Takes: a store. Gives: whether clearance is on, whether compliance is enforced, whether a renewal needs new checks, and
how far the clock is ahead. Each may differ per environment; the defaults are what the field has seen.
Source: ZATCA.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator.clock import Clock, ShiftedClock, utc_now
from bayancore_erp.zatca.simulator.store import Store

SWITCHES = ("clearance", "enforce_compliance", "renewal_needs_checks", "dummy_production_csid")
_CLOCK = "clock_offset_seconds"


class Settings:
	"""Switchboard."""

	def __init__(self, store: Store, base: Clock | None = None) -> None:
		self._store = store
		ahead = timedelta(seconds=int(store.setting(_CLOCK, "0")))
		self.clock = ShiftedClock(base or utc_now, ahead)

	def clearance(self, environment: Environment) -> bool:
		"""Whether ZATCA clears. While it does not, standard invoices are reported."""
		return self._is_on("clearance", environment, True)

	def compliance_enforced(self, environment: Environment) -> bool:
		"""Whether a production CSID needs all compliance checks; the sandbox gives it away."""
		return self._is_on("enforce_compliance", environment, environment is not Environment.SANDBOX)

	def renewal_needs_checks(self, environment: Environment) -> bool:
		"""Whether a renewal is answered with 428 and a compliance CSID instead of the new production CSID."""
		return self._is_on("renewal_needs_checks", environment, environment is not Environment.SANDBOX)

	def hands_out_dummy(self, environment: Environment) -> bool:
		"""Whether production CSIDs are the sandbox's dummy, with which nobody can sign. Off, so that work can be done."""
		return environment is Environment.SANDBOX and self._is_on("dummy_production_csid", environment, False)

	def turn(self, switch: str, on: bool, environment: Environment | None = None) -> None:
		"""Turn a switch, in one environment or in all. Raises InvalidInput for an unknown one."""
		if switch not in SWITCHES:
			raise InvalidInput(f"There is no switch {switch!r}.", hint="Known: " + ", ".join(SWITCHES))
		for place in [environment] if environment else list(Environment):
			self._store.change_setting(f"{switch}.{place.value}", "1" if on else "0")

	def advance_clock(self, seconds: int) -> timedelta:
		"""Let time pass without waiting for it."""
		offset = self.clock.advance(timedelta(seconds=seconds))
		self._store.change_setting(_CLOCK, str(int(offset.total_seconds())))
		return offset

	def body(self) -> Mapping[str, object]:
		"""All switches and the time, as the admin call shows them."""
		shown: dict[str, object] = {
			place.value: {
				"clearance": self.clearance(place),
				"enforce_compliance": self.compliance_enforced(place),
				"renewal_needs_checks": self.renewal_needs_checks(place),
				"dummy_production_csid": self.hands_out_dummy(place),
			}
			for place in Environment
		}
		return shown | {"now": self.clock().isoformat()}

	def _is_on(self, switch: str, environment: Environment, default: bool) -> bool:
		return self._store.setting(f"{switch}.{environment.value}", "1" if default else "0") == "1"
