"""AI Error Settings: whether, whom and how often a language model may be asked about messages the dictionary does not know."""

from __future__ import annotations

from urllib.parse import urlsplit

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

# A job of the workers holds the question; longer than this it would hold up others.
MOST_SECONDS = 60
HERE = ("localhost", "127.0.0.1", "::1")


class AIErrorSettings(Document):
	"""Off by default."""

	def validate(self) -> None:
		self.base_url = (self.base_url or "").strip().rstrip("/")
		if self.base_url:
			self.check_address()
		if not 1 <= cint(self.timeout_seconds) <= MOST_SECONDS:
			frappe.throw(_("The timeout is between 1 and {0} seconds.").format(MOST_SECONDS))

	def check_address(self) -> None:
		"""A key may travel encrypted only, or not at all."""
		parts = urlsplit(self.base_url)
		if parts.username or parts.password:
			frappe.throw(_("The address must not hold a user name or password."))
		if parts.scheme == "https" and parts.hostname:
			return
		if not (parts.scheme == "http" and parts.hostname in HERE):
			frappe.throw(_("The address must begin with https://, unless the service runs on this machine."))
