"""Onboarding of a device: OTP, key and CSR, compliance CSID, compliance documents, production CSID; and its renewal.

`documents` says which test documents an invoice map needs, `state` holds what is known and can be stored, `machine` takes
one step at a time. Pure: what touches the world is handed in as `Tools`. Source: ZATCA.md sections 4 to 6.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.onboarding.documents import CheckDocument, needed_documents
from bayancore_erp.zatca.core.onboarding.identity import Device, device_of
from bayancore_erp.zatca.core.onboarding.machine import (
	Order,
	Progress,
	Tools,
	abandon,
	enrol_anew,
	run,
	start_over,
	start_renewal,
	step,
)
from bayancore_erp.zatca.core.onboarding.state import (
	Check,
	CheckInFlight,
	Enrolment,
	Identity,
	KeyRecord,
	OnboardingState,
	Pending,
	Problem,
	Role,
	Secrets,
	Step,
	start,
)
from bayancore_erp.zatca.core.onboarding.stored import from_json, to_json

__all__ = [
	"start",
	"run",
	"step",
	"start_renewal",
	"enrol_anew",
	"start_over",
	"abandon",
	"Tools",
	"Order",
	"Progress",
	"Enrolment",
	"OnboardingState",
	"Secrets",
	"Step",
	"Role",
	"Identity",
	"KeyRecord",
	"Check",
	"CheckInFlight",
	"Pending",
	"Problem",
	"CheckDocument",
	"needed_documents",
	"Device",
	"device_of",
	"to_json",
	"from_json",
]
