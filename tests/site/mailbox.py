"""A mail server on 127.0.0.1 that keeps what it is given, and a site that sends through it.

Takes frappe connected to a site; gives the messages as they arrived. `refuse` names addresses the server does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from private_bench import free_port

ACCOUNT = "Post"
SENDER = "invoices@bayan.example"


class Mailbox:
	"""What arrived, in order."""

	def __init__(self) -> None:
		self.arrived: list[tuple[list[str], EmailMessage]] = []
		self.refuse: set[str] = set()

	async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
		if address.lower() in self.refuse:
			return "550 5.1.1 no such user"
		envelope.rcpt_tos.append(address)
		return "250 OK"

	async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
		message = message_from_bytes(envelope.content, policy=policy.default)
		self.arrived.append((list(envelope.rcpt_tos), message))  # type: ignore[arg-type]
		return "250 OK"

	def to(self, address: str) -> list[EmailMessage]:
		return [message for people, message in self.arrived if address in people]


@contextmanager
def mail_server(frappe: Any) -> Iterator[Mailbox]:
	"""A running server, set as the site's outgoing account; mail is muted again afterwards."""
	box = Mailbox()
	port = free_port()
	controller = Controller(box, hostname="127.0.0.1", port=port)
	controller.start()
	try:
		set_account(frappe, port)
		frappe.db.commit()
		yield box
	finally:
		controller.stop()


def set_account(frappe: Any, port: int) -> None:
	"""The outgoing account, without a test connection."""
	if not frappe.db.exists("Email Account", ACCOUNT):
		doc = frappe.get_doc(
			{
				"doctype": "Email Account",
				"email_account_name": ACCOUNT,
				"email_id": SENDER,
				"enable_outgoing": 1,
				"default_outgoing": 1,
				"smtp_server": "127.0.0.1",
				"no_smtp_authentication": 1,
			}
		)
		doc.flags.ignore_validate = True
		doc.insert()
	frappe.db.set_value(
		"Email Account", ACCOUNT, {"smtp_port": port, "default_outgoing": 1, "enable_outgoing": 1}
	)
	frappe.clear_document_cache("Email Account", ACCOUNT)


def deliver(frappe: Any) -> None:
	"""What Frappe's scheduler does with the queue; the private bench mutes mail, so it is told to send all the same."""
	muted, flags = frappe.conf.mute_emails, frappe.flags.in_test
	frappe.conf.mute_emails, frappe.flags.in_test = 0, False
	try:
		for name in frappe.get_all(
			"Email Queue", filters={"status": ("in", ("Not Sent", "Partially Sent"))}, pluck="name"
		):
			try:
				frappe.get_doc("Email Queue", name).send()
			except Exception:
				frappe.db.rollback()
	finally:
		frappe.conf.mute_emails, frappe.flags.in_test = muted, flags
	frappe.db.commit()
