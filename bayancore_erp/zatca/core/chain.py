"""The place of a document in its device's chain: counter (ICV, KSA-16) and previous hash (PIH, KSA-13).

A value, not storage: who allocates it under which lock is the adapter's affair. Source: ZATCA.md section 4.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from bayancore_erp.zatca.core.errors import InvalidInput

# The Security Standard's constant: base64 of the *hexadecimal* SHA-256 of the character "0".
FIRST_PIH = base64.b64encode(hashlib.sha256(b"0").hexdigest().encode()).decode()


@dataclass(frozen=True, slots=True)
class ChainPosition:
	"""`icv` counts from 1 without gap; `pih` is the base64 hash of the document with the counter before it."""

	icv: int
	pih: str

	def __post_init__(self) -> None:
		if self.icv < 1:
			raise InvalidInput("The invoice counter starts at 1.", field="icv")

	def after(self, invoice_hash: str) -> ChainPosition:
		"""The next position, once the document at this one has `invoice_hash` (base64)."""
		return ChainPosition(self.icv + 1, invoice_hash)


START = ChainPosition(1, FIRST_PIH)
