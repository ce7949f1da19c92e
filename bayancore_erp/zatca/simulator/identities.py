"""The taxpayers' devices as the simulator knows them: OTPs, CSIDs, compliance steps.

Takes: a store, an authority and a clock. Gives: one-hour OTPs used once, CSIDs exclusive to one environment, and the
list of checks that a device still owes. Never gives a secret twice. Source: ZATCA.md sections 5 and 6.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.simulator.authority import Authority, Csid
from bayancore_erp.zatca.simulator.clock import Clock
from bayancore_erp.zatca.simulator.signing_request import SigningRequest
from bayancore_erp.zatca.simulator.store import Row, Store

OTP_LIFE = timedelta(hours=1)
# The sandbox knows three fixed passwords; they may be used again and again.
SANDBOX_OTPS = {
	"123345": "",
	"111111": "The provided OTP is invalid",
	"222222": "The provided OTP has expired",
}
COMPLIANCE, PRODUCTION = "compliance", "production"

_STANDARD = ("standard-compliant", "standard-credit-note-compliant", "standard-debit-note-compliant")
_SIMPLIFIED = ("simplified-compliant", "simplified-credit-note-compliant", "simplified-debit-note-compliant")


@dataclass(frozen=True, slots=True)
class Identity:
	"""Who is calling. `lineage` stays the same over renewals: it is the device, and its chain."""

	request_id: int
	environment: Environment
	kind: str
	lineage: int
	token: str
	serial: str
	vat_number: str
	unit_serial: str
	invoice_map: str
	not_after: datetime
	revoked: bool

	def may_send(self, *, simplified: bool) -> bool:
		"""Whether the invoice type map of the certificate covers the kind of document."""
		return self.invoice_map[1 if simplified else 0] == "1"

	@property
	def steps(self) -> tuple[str, ...]:
		"""The compliance checks that the invoice type map asks for: 1100 makes six."""
		standard = _STANDARD if self.may_send(simplified=False) else ()
		simplified = _SIMPLIFIED if self.may_send(simplified=True) else ()
		return standard + simplified


class Identities:
	"""Registry of devices."""

	def __init__(self, store: Store, authority: Authority, clock: Clock) -> None:
		self._store = store
		self._authority = authority
		self._clock = clock

	def issue_otp(self, environment: Environment, vat_number: str | None = None) -> Row:
		"""A new one-time password, as the Fatoora portal shows it; bound to a VAT number if one is given."""
		now = self._clock()
		with self._store.transaction():
			while True:
				code = f"{secrets.randbelow(1_000_000):06d}"
				known = self._store.row(
					"SELECT 1 FROM otp WHERE environment = ? AND code = ?", (environment.value, code)
				)
				if not known and code not in SANDBOX_OTPS:
					break
			self._store.insert(
				"otp",
				{
					"environment": environment.value,
					"code": code,
					"vat_number": vat_number,
					"issued_at": now.isoformat(),
					"expires_at": (now + OTP_LIFE).isoformat(),
				},
			)
		return {"environment": environment.value, "otp": code, "expires_at": (now + OTP_LIFE).isoformat()}

	def enrol(
		self,
		request: SigningRequest,
		environment: Environment,
		otp: str,
		*,
		compliance: bool = True,
		predecessor: Identity | None = None,
	) -> tuple[int, Csid]:
		"""Spend an OTP on a CSID: a device's first, or with `predecessor` the one that follows it in its lineage.

		Raises InvalidInput for an OTP that is unknown, spent, expired or another taxpayer's; it is not spent then.
		"""
		with self._store.transaction():
			self._spend(otp, environment, request.vat_number)
			return self._certify(request, environment, compliance=compliance, predecessor=predecessor)

	def promote(self, identity: Identity, request: SigningRequest) -> tuple[int, Csid]:
		"""The production CSID that follows a compliance CSID, for the same key."""
		with self._store.transaction():
			return self._certify(request, identity.environment, compliance=False, predecessor=identity)

	def authenticate(self, environment: Environment, token: str, secret: str, kind: str) -> Identity | None:
		"""The device behind Basic credentials, or None: wrong, revoked, expired, or of another kind."""
		row = self._store.row(
			"SELECT * FROM identity WHERE token = ? AND environment = ? AND kind = ?",
			(token, environment.value, kind),
		)
		given = hashlib.sha256(secret.encode()).hexdigest()
		if row is None or not hmac.compare_digest(row["secret_sha256"], given):
			return None
		identity = _identity(row)
		return None if identity.revoked or identity.not_after <= self._clock() else identity

	def csr(self, identity: Identity) -> bytes:
		"""The signing request (PEM) that an identity was issued for."""
		row = self._store.row("SELECT csr FROM identity WHERE request_id = ?", (identity.request_id,))
		assert row is not None
		return bytes(row["csr"])

	def pass_step(self, identity: Identity, step: str) -> None:
		"""Remember a passed compliance check."""
		self._store.change(
			"INSERT OR IGNORE INTO compliance_step VALUES (?, ?, ?)",
			(identity.request_id, step, self._clock().isoformat()),
		)

	def missing_steps(self, identity: Identity) -> list[str]:
		"""The compliance checks still owed, in the order the gateway names them."""
		rows = self._store.rows(
			"SELECT step FROM compliance_step WHERE request_id = ?", (identity.request_id,)
		)
		passed = {row["step"] for row in rows}
		return [step for step in identity.steps if step not in passed]

	def revoke(self, request_id: int) -> bool:
		"""Revoke a CSID, as the taxpayer does in the portal. False if there is none."""
		return bool(
			self._store.change(
				"UPDATE identity SET revoked_at = ? WHERE request_id = ? AND revoked_at IS NULL",
				(self._clock().isoformat(), request_id),
			)
		)

	def signing_tokens(self, identity: Identity) -> set[str]:
		"""The tokens a document may be signed with: the taxpayer's CSIDs of the same kind that are in force."""
		rows = self._store.rows(
			"SELECT token FROM identity WHERE environment = ? AND vat_number = ? AND kind = ? "
			"AND revoked_at IS NULL AND not_after > ?",
			(identity.environment.value, identity.vat_number, identity.kind, self._clock().isoformat()),
		)
		return {row["token"] for row in rows}

	def listing(self) -> list[Row]:
		"""All CSIDs, without tokens and secrets."""
		rows = self._store.rows(
			"SELECT request_id, environment, kind, lineage, parent, serial, vat_number, unit_serial, common_name, "
			"invoice_map, issued_at, not_after, revoked_at FROM identity ORDER BY place"
		)
		for row in rows:
			passed = self._store.rows(
				"SELECT step FROM compliance_step WHERE request_id = ? ORDER BY step", (row["request_id"],)
			)
			row["steps_passed"] = [step["step"] for step in passed]
		return rows

	def _certify(
		self,
		request: SigningRequest,
		environment: Environment,
		*,
		compliance: bool,
		predecessor: Identity | None,
	) -> tuple[int, Csid]:
		csid = self._authority.issue(request, environment, compliance=compliance)
		request_id = self._new_request_id()
		self._store.insert(
			"identity",
			{
				"request_id": request_id,
				"environment": environment.value,
				"kind": COMPLIANCE if compliance else PRODUCTION,
				"lineage": predecessor.lineage if predecessor else request_id,
				"parent": predecessor.request_id if predecessor else None,
				"token": csid.token,
				"secret_sha256": hashlib.sha256(csid.secret.encode()).hexdigest(),
				"serial": csid.serial,
				"vat_number": request.vat_number,
				"unit_serial": request.unit_serial,
				"common_name": request.common_name,
				"invoice_map": request.invoice_map,
				"csr": request.pem,
				"issued_at": self._clock().isoformat(),
				"not_after": csid.not_after.isoformat(),
			},
		)
		return request_id, csid

	def _new_request_id(self) -> int:
		while True:
			number = 1_000_000_000_000 + secrets.randbelow(9_000_000_000_000)
			if not self._store.row("SELECT 1 FROM identity WHERE request_id = ?", (number,)):
				return number

	def _spend(self, otp: str, environment: Environment, vat_number: str) -> None:
		if environment is Environment.SANDBOX and otp in SANDBOX_OTPS:
			if SANDBOX_OTPS[otp]:
				raise InvalidInput(SANDBOX_OTPS[otp], code="Invalid-OTP")
			return
		row = self._store.row(
			"SELECT * FROM otp WHERE environment = ? AND code = ?", (environment.value, otp)
		)
		if row is None or row["used_at"] or row["vat_number"] not in (None, vat_number):
			raise InvalidInput("The provided OTP is invalid", code="Invalid-OTP")
		if datetime.fromisoformat(row["expires_at"]) <= self._clock():
			raise InvalidInput("The provided OTP has expired", code="Invalid-OTP")
		self._store.change(
			"UPDATE otp SET used_at = ? WHERE environment = ? AND code = ?",
			(self._clock().isoformat(), environment.value, otp),
		)


def _identity(row: Row) -> Identity:
	return Identity(
		request_id=row["request_id"],
		environment=Environment(row["environment"]),
		kind=row["kind"],
		lineage=row["lineage"],
		token=row["token"],
		serial=row["serial"],
		vat_number=row["vat_number"],
		unit_serial=row["unit_serial"],
		invoice_map=row["invoice_map"],
		not_after=datetime.fromisoformat(row["not_after"]),
		revoked=row["revoked_at"] is not None,
	)
