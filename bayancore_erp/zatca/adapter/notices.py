"""A company's ZATCA managers are told of something by bell and by mail, each in their own language.

Takes the record it is about and its words; gives nothing. A site that cannot mail has its bells all the same.
Who calls decides how often: nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Callable

import frappe
from frappe.utils import get_url_to_form

from bayancore_erp.zatca.adapter.language import of_user, speaking
from bayancore_erp.zatca.adapter.managers import managers_of


def tell_managers(
	company: str, doctype: str, name: str, title: str, words: Callable[[], tuple[str, str]]
) -> None:
	"""Each manager of the company gets one bell and one mail. `words` gives subject and text in the language set by then."""
	for user in managers_of(company):
		notify(user, doctype, name, title, words)


def notify(user: str, doctype: str, name: str, title: str, words: Callable[[], tuple[str, str]]) -> None:
	"""One bell and one mail, in the reader's language."""
	with speaking(of_user(user)):
		subject, text = words()
		frappe.get_doc(
			{
				"doctype": "Notification Log",
				"type": "Alert",
				"for_user": user,
				"subject": subject,
				"email_content": text,
				"document_type": doctype,
				"document_name": name,
			}
		).insert(ignore_permissions=True)
		address = frappe.db.get_value("User", user, "email")
		if address and user != "Administrator":
			mail(address, subject, text, doctype, name, title)


def mail(address: str, subject: str, text: str, doctype: str, name: str, title: str) -> None:
	"""Queue one mail. A site that has no way to send any has its bells all the same, and a line in its log."""
	escape = frappe.utils.escape_html
	link = f'<a href="{get_url_to_form(doctype, name)}">{escape(title)}</a>'
	try:
		frappe.sendmail(
			recipients=[address],
			subject=subject,
			message=f"<p>{escape(text)}</p><p>{link}</p>",
			reference_doctype=doctype,
			reference_name=name,
		)
	except Exception:
		frappe.log_error(title=f"ZATCA: {name}", message=frappe.get_traceback())
