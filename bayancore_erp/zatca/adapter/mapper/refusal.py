"""What cannot be said lawfully, collected while a document is mapped, each with its field in the model.

Takes problems as they are met; gives one InvalidInvoice with all of them. Never stops at the first.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.invoice import InvalidInvoice


class Refusals:
	"""The problems of one document."""

	def __init__(self) -> None:
		self.found: list[InvalidInput] = []

	def add(self, code: str, field: str, message: str, hint: str = "") -> None:
		"""Note one problem; `field` is a path of the model, which `locate` turns into a form field."""
		self.found.append(InvalidInput(message, code=code, field=field, hint=hint))

	def raise_if_any(self) -> None:
		"""Raise InvalidInvoice where anything was noted."""
		if self.found:
			raise InvalidInvoice(self.found)
