"""The user and password of a device at the gateway: binarySecurityToken and secret.

Takes both as ZATCA gave them; gives the Basic header; never shows the secret, in no repr and no error.
Source: ZATCA.md section 5 (the user is the token verbatim, not decoded).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from bayancore_erp.zatca.core.errors import ConfigurationError
from bayancore_erp.zatca.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
	"""What authorises a call. Raises ConfigurationError where one of the two is missing or cannot stand in a header."""

	token: str = field(repr=False)
	secret: str = field(repr=False)

	def __post_init__(self) -> None:
		for name, value in (("token", self.token), ("secret", self.secret)):
			if not value or not value.isascii() or not value.isprintable():
				raise ConfigurationError(
					f"The device's {name} is missing or damaged.",
					code="CREDENTIALS",
					field=name,
					hint="Onboard the device again or restore its stored credentials.",
				)
		if ":" in self.token:
			raise ConfigurationError(
				"The device's token contains a colon, so it is not ZATCA's.", field="token"
			)

	@property
	def authorization(self) -> Secret:
		"""The value of the Authorization header. A secret."""
		return Secret("Basic " + base64.b64encode(f"{self.token}:{self.secret}".encode()).decode())

	def __str__(self) -> str:
		return "Credentials(…)"
