"""Onboarding on a site: whatever fails or dies, the wizard's one button takes the device on, and it has one identity.

Against a simulator in a process of its own. A killed worker is a forked process that ends itself with SIGKILL.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fatoora
import pytest
import world
from private_bench import PrivateBench

UNIT = "unit_serial"


@pytest.fixture(scope="module")
def frappe(bench: PrivateBench) -> Iterator[Any]:
	with world.connected(bench) as connected:
		yield connected


@pytest.fixture(scope="module")
def gateway() -> Iterator[fatoora.Fatoora]:
	with fatoora.simulator() as running:
		yield running


@pytest.fixture
def device(frappe: Any, gateway: fatoora.Fatoora, request: pytest.FixtureRequest) -> Iterator[Any]:
	"""A new device that issues standard invoices only, for three checks tell as much as six."""
	frappe.db.rollback()
	gateway.calm()
	doc = world.make(
		frappe,
		"ZATCA Device",
		device_name=request.node.name[:60],
		company=world.COMPANY,
		environment="Simulator",
		gateway_url=gateway.url,
		signs_simplified=0,
	)
	frappe.db.commit()
	yield doc
	gateway.calm()


def otp(gateway: fatoora.Fatoora) -> str:
	return str(gateway.call("POST", "otp", environment="simulation")["otp"])


def issued(gateway: fatoora.Fatoora, device: Any, kind: str = "production") -> list[dict[str, Any]]:
	"""What the gateway has issued for this device."""
	rows = gateway.call("GET", "devices")["devices"]
	return [row for row in rows if row[UNIT] == device.serial_number and row["kind"] == kind]


def picture(frappe: Any, name: str) -> dict[str, Any]:
	from bayancore_erp.zatca.adapter.enrolment_view import view

	frappe.db.rollback()
	return view(name)


def state(frappe: Any, name: str) -> Any:
	from bayancore_erp.zatca.adapter.vault import enrolment_state

	frappe.db.rollback()
	return enrolment_state(name)


def press(frappe: Any, gateway: fatoora.Fatoora, name: str) -> None:
	"""What the wizard's button does, and the worker at once: a new password only where the page asks for one."""
	from bayancore_erp.zatca.adapter import enrolment

	password = otp(gateway) if picture(frappe, name)["needs_otp"] else ""
	enrolment.check_before(frappe.get_doc("ZATCA Device", name), password)
	enrolment.carry_on(name, password)


def finish(frappe: Any, gateway: fatoora.Fatoora, name: str, presses: int = 4) -> int:
	"""Press until it is connected; gives how often."""
	for count in range(presses + 1):
		if picture(frappe, name)["phase"] == "done":
			return count
		press(frappe, gateway, name)
	raise AssertionError(picture(frappe, name))


def assert_one_identity(frappe: Any, gateway: fatoora.Fatoora, device: Any, orphans: int = 0) -> None:
	"""One production certificate in use, known to the gateway; every one ever issued is of this unit, over one key."""
	from bayancore_erp.zatca.adapter import vault
	from bayancore_erp.zatca.core.onboarding import Role

	frappe.db.rollback()
	now = frappe.get_doc("ZATCA Device", device.name)
	assert now.status == "Active"
	kept = [each for each in state(frappe, device.name).identities if each.role is Role.PRODUCTION]
	assert len(kept) == 1 and kept[0].is_usable
	rows = issued(gateway, device)
	assert len(rows) == 1 + orphans
	assert now.production_request_id in {str(row["request_id"]) for row in rows}
	vault.forget()
	identity = vault.identity_of(device.name)
	assert identity.certificate.public_key_der == identity.key.public_key_der


def test_a_device_is_connected(frappe: Any, gateway: fatoora.Fatoora, device: Any) -> None:
	from bayancore_erp.zatca.adapter import enrolment, self_test

	assert picture(frappe, device.name)["phase"] == "new"
	enrolment.carry_on(device.name, otp(gateway))
	seen = picture(frappe, device.name)
	assert (seen["phase"], seen["percent"], seen["problem"]) == ("done", 100, None)
	assert {step["state"] for step in seen["steps"]} == {"done"}
	assert [step["note"] for step in seen["steps"]].count("Accepted") == 3
	assert_one_identity(frappe, gateway, device)
	lines = {line.label: line for line in self_test.try_device(device.name)}
	assert lines["Private key"].ok and lines["Certificate"].ok and lines["Stamp and QR code"].ok
