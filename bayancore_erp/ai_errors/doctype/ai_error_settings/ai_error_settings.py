"""AI Error Settings: whether, whom and how often a language model may be asked about messages the dictionary does not know."""

from __future__ import annotations

import importlib.util
from urllib.parse import urlsplit

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.sealing import KeepsSecrets

# A job of the workers holds the question; longer than this it would hold up others.
MOST_SECONDS = 60
HERE = ("localhost", "127.0.0.1", "::1")


class AIErrorSettings(KeepsSecrets):
	"""Off by default."""

	def validate(self) -> None:
		self.base_url = (self.base_url or "").strip().rstrip("/")
		if self.base_url:
			self.check_address()
		if not 1 <= cint(self.timeout_seconds) <= MOST_SECONDS:
			frappe.throw(_("The timeout is between 1 and {0} seconds.").format(MOST_SECONDS))
		if cint(self.enabled):
			self.check_means()

	def check_means(self) -> None:
		"""Said when it is switched on, not by every question that fails in a worker."""
		if importlib.util.find_spec("openai") is None:
			frappe.throw(
				_(
					"The Python package {0} is not installed on this server, so nobody can be asked. Your administrator installs it with: {1}"
				).format("openai", "./env/bin/pip install -e 'apps/bayancore_erp[ai]'")
			)
		here = urlsplit(self.base_url or "").hostname in HERE
		if not (here or self.api_key):  # a stored one stands here as asterisks
			frappe.throw(_("Enter the API key of the service: without a key it answers nobody."))

	def check_address(self) -> None:
		"""A key may travel encrypted only, or not at all."""
		parts = urlsplit(self.base_url)
		if parts.username or parts.password:
			frappe.throw(_("The address must not hold a user name or password."))
		if parts.scheme == "https" and parts.hostname:
			return
		if not (parts.scheme == "http" and parts.hostname in HERE):
			frappe.throw(_("The address must begin with https://, unless the service runs on this machine."))
