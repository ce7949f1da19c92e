"""The tree of errors that the pure core raises.

	ZatcaError
	├── InvalidInput          what was given cannot be read or said lawfully
	├── CryptoError           keys, certificates and stamps
	│   ├── CertificateError
	│   ├── KeyMismatch
	│   └── SignatureInvalid
	├── TransportError        the network; `retryable`, `may_have_arrived`
	└── ConfigurationError    settings that a person must correct

Each error says what happened, which field and what to do, in words a user can read. None carries a secret.
"""

from __future__ import annotations


class ZatcaError(Exception):
	"""Base of all errors of the core. `message` is a whole sentence; `hint` says what to do about it."""

	retryable = False

	def __init__(self, message: str, *, code: str = "", hint: str = "", field: str = "") -> None:
		super().__init__(message)
		self.message = message
		self.code = code
		self.hint = hint
		self.field = field

	def diagnostics(self) -> str:
		"""What happened, where and what to do, as one short paragraph."""
		where = f" (field {self.field})" if self.field else ""
		todo = f" {self.hint}" if self.hint else ""
		return f"{self.message}{where}{todo}"


class InvalidInput(ZatcaError):
	"""Input that cannot be read, or that says something no lawful document can say."""


class CryptoError(ZatcaError):
	"""A key, certificate or stamp that cannot be used."""


class CertificateError(CryptoError):
	"""A certificate that cannot be read, is not yet valid, or has expired."""


class KeyMismatch(CryptoError):
	"""A private key that does not belong to the certificate it is used with."""


class SignatureInvalid(CryptoError):
	"""A stamp that does not fit the document that carries it."""


class TransportError(ZatcaError):
	"""The network failed. `may_have_arrived` tells whether the other side can have got the request."""

	def __init__(self, message: str, *, may_have_arrived: bool, code: str = "", hint: str = "") -> None:
		super().__init__(message, code=code, hint=hint)
		self.may_have_arrived = may_have_arrived
		self.retryable = True


class ConfigurationError(ZatcaError):
	"""A setting that a person must correct before work can go on."""
